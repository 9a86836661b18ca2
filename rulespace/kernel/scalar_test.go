package kernel

import (
	"math"
	"testing"

	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// scalar carries out the plans of a program one number at a time: nothing is
// hoisted, fused, packed or cut into strips, and every node is recomputed at
// every synapse. A program has to agree with it in every bit.
type scalar struct {
	i     *Instance
	f     *Frame
	w, fb *vec.Matrix
	b     []float32
	old   []*vec.Matrix // states before the presentation
	rows  []*vec.Matrix // the biases' rows of them
	fresh []*vec.Matrix // states of synapse scope after their updates
}

func cloned(m *vec.Matrix) *vec.Matrix {
	if m == nil {
		return nil
	}
	c := vec.New(m.Rows, m.Cols)
	c.CopyFrom(m)
	return c
}

func clonedAll(list []*vec.Matrix) []*vec.Matrix {
	var r []*vec.Matrix
	for _, m := range list {
		r = append(r, cloned(m))
	}
	return r
}

// value is the value of a node for sample b at synapse i, j.
func (s *scalar) value(id, b, i, j int) float32 {
	p := s.i.p
	n := p.nodes[id]
	at := func(m *vec.Matrix) float32 {
		switch n.scope {
		case rulespace.Pre:
			return m.Row(0)[i]
		case rulespace.Post:
			return m.Row(0)[j]
		case rulespace.Global:
			return m.Row(0)[0]
		}
		return m.Row(i)[j]
	}
	switch n.kind {
	case constant:
		return math.Float32frombits(n.bits)
	case param:
		return s.i.params[n.at]
	case signal:
		m := s.f.Values[n.at]
		if !n.varies {
			b = 0
		}
		switch n.scope {
		case rulespace.Pre:
			return m.Row(b)[i]
		case rulespace.Post:
			return m.Row(b)[j]
		case rulespace.Global:
			return m.Row(0)[b]
		}
		return m.Row(i)[j]
	case state:
		if n.at >= len(s.old) {
			return at(s.fresh[n.at-len(s.old)])
		}
		return at(s.old[n.at])
	case biasState:
		return at(s.rows[n.at])
	case weight:
		return s.w.Row(i)[j]
	case feedback:
		return s.fb.Row(i)[j]
	case bias:
		return s.b[j]
	case invBatch:
		return 1 / float32(s.f.Batch)
	case copied, spread:
		return s.value(n.arg[0], b, i, j)
	case mean:
		sum := s.value(n.arg[0], 0, i, j)
		if s.f.Batch == 1 {
			return sum
		}
		for b := 1; b < s.f.Batch; b++ {
			sum += s.value(n.arg[0], b, i, j)
		}
		return float32(sum * (1 / float32(s.f.Batch)))
	case total:
		sum := float32(0)
		for b := range s.f.Batch {
			sum += s.value(n.arg[0], b, i, j)
		}
		return sum
	case chain:
		sum := float32(0)
		all := false
		for _, x := range p.chains[n.at] {
			all = all || !s.finite(x.f)
		}
		for b := range s.f.Batch {
			for _, x := range p.chains[n.at] {
				if g := s.value(x.g, b, i, j); g != 0 || all {
					sum += float32(g * s.value(x.f, b, i, j))
				}
			}
		}
		return sum
	}
	var v [3]float32
	for k, a := range n.args() {
		v[k] = s.value(a, b, i, j)
	}
	return n.op.Info().Value32(v[0], v[1], v[2])
}

func (s *scalar) finite(id int) bool {
	for b := range s.f.Batch {
		for j := range s.i.out {
			if v := s.value(id, b, 0, j); v-v != 0 {
				return false
			}
		}
	}
	return true
}

func (s *scalar) silent(a *assignment, i int) bool {
	if len(a.silent) == 0 {
		return false
	}
	for _, id := range a.bounded {
		if !s.finite(id) {
			return false
		}
	}
	for _, id := range a.silent {
		for b := range s.f.Batch {
			if s.value(id, b, i, 0) != 0 {
				return false
			}
		}
	}
	return true
}

// after is what a presentation leaves behind.
type after struct {
	w, fb          *vec.Matrix
	b              []float32
	states, biases []*vec.Matrix
}

// present returns what Apply has to leave behind, from the state of the
// instance before it.
func (s *scalar) present() after {
	i := s.i
	p := i.p
	s.old, s.rows = clonedAll(i.states), clonedAll(i.biases)
	s.fresh = clonedAll(i.states)
	r := after{w: cloned(s.w), fb: cloned(s.fb), states: s.fresh, biases: clonedAll(i.biases)}
	change := func(a *assignment, d *vec.Matrix, add bool) {
		for x := range i.in {
			if s.silent(a, x) {
				continue
			}
			for y := range i.out {
				v := s.value(a.root, 0, x, y)
				if add {
					v = d.Row(x)[y] + v
				}
				d.Row(x)[y] = v
			}
		}
	}
	steps := p.schedule(s.f.Batch).steps
	for k := range steps {
		switch a := &steps[k]; {
		case a.state != none:
			change(a, s.fresh[a.state], false)
		case a.dfb && s.fb != nil:
			change(a, r.fb, true)
		case !a.dfb:
			change(a, r.w, true)
		}
	}
	for k := range i.states {
		if id := p.fresh[k]; id != none {
			for x := range i.states[k].Cols {
				r.states[k].Row(0)[x] = s.value(id, 0, x, x)
			}
		}
		if id := p.biased[k]; id != none && s.b != nil {
			for x := range i.biases[k].Cols {
				r.biases[k].Row(0)[x] = s.value(id, 0, 0, x)
			}
		}
	}
	if s.b != nil {
		r.b = append([]float32(nil), s.b...)
		if p.db != none {
			for j := range r.b {
				r.b[j] += s.value(p.db, 0, 0, j)
			}
		}
	}
	return r
}

// sameBits compares two matrices, taking all NaN as one: their payload is not
// specified.
func sameBits(t *testing.T, what string, got, want *vec.Matrix) {
	t.Helper()
	for i := range want.Rows {
		for j, v := range want.Row(i) {
			sameFloat(t, what, i, j, got.Row(i)[j], v)
		}
		for j := want.Cols; j < want.Stride; j++ {
			if got.Data[i*got.Stride+j] != 0 {
				t.Fatalf("%s: padding of row %d is not zero", what, i)
			}
		}
	}
}

func sameFloat(t *testing.T, what string, i, j int, got, want float32) {
	t.Helper()
	if math.Float32bits(got) != math.Float32bits(want) && !(got != got && want != want) {
		t.Fatalf("%s[%d][%d] = %v, want %v", what, i, j, got, want)
	}
}

// shapes and batches that meet every remainder of strips, unrolled loops and
// pairs.
var (
	testShapes  = [][2]int{{1, 1}, {3, 2}, {5, 17}, {2, 64}, {7, 9}, {3, 130}, {2, 270}}
	testBatches = []int{1, 2, 5, 16}
	// and several blocks of rows, and of columns
	blockShapes = append([][2]int{{70, 1}, {40, 3}, {36, 20}, {2, 1050}, {1030, 2}, {20, 64}}, testShapes...)
)

func TestProgramsAgreeWithScalarMachine(t *testing.T) {
	s := key.Root(11).Stream()
	outer := 0
	for n := range 160 {
		r := randomRule(s)
		p, err := Compile(r)
		if err != nil {
			t.Fatal(err)
		}
		shape := blockShapes[n%len(blockShapes)]
		in, out := shape[0], shape[1]
		i := p.Bind(in, out, 16)
		w, fb, b := randomMatrix(s, in, out), randomMatrix(s, in, out), randomMatrix(s, 1, out).Row(0)
		for range 2 {
			batch := pick(s, testBatches...)
			if p.Plan(batch) == "outer" {
				outer++
			}
			f := randomFrame(s, in, out, batch)
			if s.IntN(8) == 0 { // a value that is not finite must spoil what it should
				m := f.Values[s.IntN(rulespace.NumSignals)]
				m.Row(s.IntN(m.Rows))[s.IntN(m.Cols)] = float32(pick(s, math.NaN(), math.Inf(1)))
			}
			for _, v := range r.Params {
				i.SetParam(v.Name, s.Normal())
			}
			x := &scalar{i: i, f: f, w: w, fb: fb, b: b}
			want := x.present()
			i.Apply(f, w, b, fb)
			sameBits(t, "w", w, want.w)
			sameBits(t, "fb", fb, want.fb)
			for j, v := range want.b {
				sameFloat(t, "b", 0, j, b[j], v)
			}
			for k := range want.states {
				sameBits(t, "state", i.states[k], want.states[k])
				sameBits(t, "biases' state", i.biases[k], want.biases[k])
			}
		}
	}
	t.Logf("%d presentations by the outer plan", outer)
}
