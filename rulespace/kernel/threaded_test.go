package kernel

import (
	"fmt"
	"math"
	"testing"

	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/internal/vec/program"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// stripped is an instance that does not use the machine.
func stripped(p *Program, in, out, batch int) *Instance {
	i := p.Bind(in, out, batch)
	for k := range i.threads {
		t := &i.threads[k]
		t.do, t.store = nil, nil
		clear(t.steps)
		clear(t.storeSteps)
	}
	return i
}

// together applies a rule to the same values by the machine and by strips.
type together struct {
	t        *testing.T
	threads  *Instance
	strips   *Instance
	w, fb, b *vec.Matrix
	v, gb, c *vec.Matrix
}

func newTogether(t *testing.T, s *key.Stream, p *Program, in, out, batch int) *together {
	x := &together{t: t, threads: p.Bind(in, out, batch), strips: stripped(p, in, out, batch),
		w: randomMatrix(s, in, out), fb: randomMatrix(s, in, out), b: randomMatrix(s, 1, out)}
	x.v, x.gb, x.c = cloned(x.w), cloned(x.fb), cloned(x.b)
	return x
}

func (x *together) apply(f *Frame) {
	x.threads.Apply(f, x.w, x.b.Row(0), x.fb)
	x.strips.Apply(f, x.v, x.c.Row(0), x.gb)
	x.compare()
}

func (x *together) delta(f *Frame) {
	d, e := vec.New(x.w.Rows, x.w.Cols), vec.New(x.w.Rows, x.w.Cols)
	x.threads.DeltaAll(f, x.w, d, x.b.Row(0), x.fb)
	x.strips.DeltaAll(f, x.v, e, x.c.Row(0), x.gb)
	sameBits(x.t, "dw", d, e)
	x.compare()
}

func (x *together) compare() {
	x.t.Helper()
	sameBits(x.t, "w", x.w, x.v)
	sameBits(x.t, "fb", x.fb, x.gb)
	sameBits(x.t, "b", x.b, x.c)
	for k := range x.threads.states {
		sameBits(x.t, "state", x.threads.states[k], x.strips.states[k])
	}
}

// special makes some values of a frame ones that rounding and selection have
// to treat with care.
func special(s *key.Stream, m *vec.Matrix) {
	for range 1 + m.Rows*m.Cols/4 {
		m.Row(s.IntN(m.Rows))[s.IntN(m.Cols)] = pick(s, float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)),
			float32(math.Copysign(0, -1)), 0, 1e-6, -9e-7, 1e-40, -3e38, 1, -1, 0.625, 90, -104)
	}
}

func TestThreadsAgreeWithStrips(t *testing.T) {
	if !program.Available() {
		t.Skip("no machine")
	}
	s := key.Root(31).Stream()
	last := ""
	defer func() {
		if t.Failed() {
			t.Log(last)
		}
	}()
	for n := range 260 {
		r := randomRule(s)
		p, err := Compile(r)
		if err != nil {
			t.Fatal(err)
		}
		in, out := 1+s.IntN(40), 1+n%130
		last = fmt.Sprintf("%d×%d\n%s", in, out, p.Describe())
		x := newTogether(t, s, p, in, out, 5)
		for range 3 {
			f := randomFrame(s, in, out, pick(s, 1, 1, 2, 5))
			if s.IntN(3) == 0 {
				for k := range f.Values {
					special(s, f.Values[k])
				}
			}
			if s.IntN(4) == 0 {
				x.delta(f)
			} else {
				x.apply(f)
			}
		}
	}
}

// Every primitive on all pairs of special values, as every kind of operand.
func TestThreadsOfPrimitives(t *testing.T) {
	if !program.Available() {
		t.Skip("no machine")
	}
	s := key.Root(32).Stream()
	operands := []string{"w", "pre", "post", "reward", "(w*elig)", "(pre + post)", "2"}
	for k := range rulespace.NumOps {
		op := rulespace.Op(k)
		info := op.Info()
		for _, a := range operands {
			for _, b := range operands {
				if info.Arity == 1 && b != operands[0] {
					continue
				}
				args := []*rulespace.Expr{parse(t, a).DW, parse(t, b).DW, parse(t, pick(s, operands...)).DW}
				r := &rulespace.Rule{Name: "r", DW: rulespace.Apply(op, args[:info.Arity]...)}
				for _, out := range []int{16, 23, 32, 48, 64, 100}[s.IntN(3):][:3] {
					x := newTogether(t, s, compile(t, r), 19, out, 2)
					f := randomFrame(s, 19, out, 1+s.IntN(2))
					for k := range f.Values {
						special(s, f.Values[k])
					}
					special(s, x.w)
					x.v.CopyFrom(x.w)
					t.Run("", func(t *testing.T) {
						x.t = t
						defer func() {
							if t.Failed() {
								t.Log(fmt.Sprint(r.DW, " ", out))
							}
						}()
						x.delta(f)
						x.apply(f)
					})
				}
			}
		}
	}
}

// Matrices that the machine is given in parts: by rows, and a row by columns.
func TestThreadsOfLargeMatrices(t *testing.T) {
	if !program.Available() {
		t.Skip("no machine")
	}
	s := key.Root(33).Stream()
	p := compile(t, parse(t, bigRule))
	for _, shape := range [][2]int{{784, 128}, {2500, 10}, {3, 40000}, {1, 30010}} {
		for _, batch := range []int{1, 3} {
			x := newTogether(t, s, p, shape[0], shape[1], batch)
			x.apply(randomFrame(s, shape[0], shape[1], batch))
		}
	}
}

// Signals whose rows lie closer than the machine needs them are for the
// strips.
func TestThreadsNeedPadding(t *testing.T) {
	s := key.Root(34).Stream()
	const in, out = 7, 20
	x := newTogether(t, s, compile(t, parse(t, bigRule)), in, out, 1)
	f := randomFrame(s, in, out, 1)
	for _, k := range []rulespace.Signal{rulespace.SigPost, rulespace.SigElig} {
		m := f.Values[k]
		tight := &vec.Matrix{Rows: m.Rows, Cols: out, Stride: out, Data: make([]float32, m.Rows*out)}
		for r := range m.Rows {
			copy(tight.Row(r), m.Row(r))
		}
		f.Values[k] = tight
	}
	x.apply(f)
}
