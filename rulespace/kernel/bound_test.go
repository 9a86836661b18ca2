package kernel

import (
	"math"
	"testing"

	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// bounded is the value of an expression in float64, the magnitude it would
// have if no terms cancelled, and a bound on the error of float32 arithmetic.
//
// Magnitude is the value with |a|+|b| for a±b. Any way to multiply out, merge
// or reorder the sums and products of an expression yields terms of which the
// absolute values add up to that at most, so that the sum and n roundings of
// each term cost at most n·u·magnitude whatever the plan (Higham 2002, ch. 3
// and 4). Functions that are not sums or products are never rearranged: their
// error follows from that of the argument.
type bounded struct{ value, magnitude, err float64 }

const unitRoundoff = 0x1p-24

// bounds evaluates expressions at one synapse of the interpreter.
type bounds struct {
	*naiveEnv
	stateErr [][][]float64 // in the layout of NaiveState
}

// eval bounds an expression. Beyond float32's range nothing is known, and
// below it there are steps of 2^-149.
func (a *bounds) eval(e *rulespace.Expr) bounded {
	x := a.node(e)
	x.err += 0x1p-149
	if !(x.magnitude < 1e30) {
		x.err = math.Inf(1)
	}
	return x
}

func (a *bounds) node(e *rulespace.Expr) bounded {
	const u = unitRoundoff
	switch e.Kind() {
	case rulespace.KindConst:
		v := e.Value()
		return bounded{v, math.Abs(v), u * math.Abs(v)}
	case rulespace.KindSignal:
		v := a.SignalValue(e.Signal())
		return bounded{v, math.Abs(v), 0}
	case rulespace.KindName:
		v := a.NamedValue(e.Name())
		d := u * math.Abs(v) // the rounding of a parameter
		for k, s := range a.rule.States {
			if s.Name == e.Name() {
				i, j := a.i, a.j
				switch s.Scope {
				case rulespace.Pre:
					j = 0
				case rulespace.Post:
					i = 0
				}
				d = a.stateErr[k][i][j]
			}
		}
		return bounded{v, math.Abs(v) + d, d}
	}
	var x [3]bounded
	for k := range e.NumArgs() {
		x[k] = a.eval(e.Arg(k))
	}
	op := e.Op()
	p, q := x[0], x[1]
	value := op.Info().Value(p.value, q.value, x[2].value)
	product := func(p, q bounded) bounded {
		m := p.magnitude * q.magnitude
		return bounded{p.value * q.value, m, p.magnitude*q.err + q.magnitude*p.err + p.err*q.err + u*m}
	}
	// monotone bounds a function by its values at the ends of an interval;
	// ulps is the error of our float32 version.
	monotone := func(ulps float64) bounded {
		f := func(x float64) float64 { return op.Info().Value(x, 0, 0) }
		d := math.Max(math.Abs(f(p.value+p.err)-value), math.Abs(f(p.value-p.err)-value))
		d += 2 * ulps * u * (math.Abs(value) + d)
		return bounded{value, math.Abs(value) + d, d}
	}
	unknown := bounded{value, math.Inf(1), math.Inf(1)}
	switch op {
	case rulespace.Add, rulespace.Sub:
		m := p.magnitude + q.magnitude
		return bounded{value, m, p.err + q.err + u*m}
	case rulespace.Mul:
		return product(p, q)
	case rulespace.Square:
		return product(p, p)
	case rulespace.Cube:
		return product(product(p, p), p)
	case rulespace.Neg:
		return bounded{value, p.magnitude, p.err}
	case rulespace.Div, rulespace.PDiv:
		if op == rulespace.PDiv && math.Abs(math.Abs(q.value)-rulespace.PDivEps) <= q.err+u*rulespace.PDivEps {
			return unknown // on either side of the protection
		}
		if op == rulespace.PDiv && math.Abs(q.value) < rulespace.PDivEps {
			return bounded{}
		}
		low := math.Abs(q.value) - q.err
		if low <= 0 {
			return unknown
		}
		m := p.magnitude / low
		return bounded{value, m, (p.err+math.Abs(value)*q.err)/low + 2*u*m}
	case rulespace.Min, rulespace.Max, rulespace.Clip:
		d := math.Max(p.err, math.Max(q.err, x[2].err))
		return bounded{value, math.Max(p.magnitude, math.Max(q.magnitude, x[2].magnitude)), d}
	case rulespace.Abs, rulespace.Relu:
		return bounded{value, p.magnitude, p.err}
	case rulespace.Sign, rulespace.Step:
		if p.err >= math.Abs(p.value) && (e.Arg(0).Kind() == rulespace.KindApply || p.err > 0x1p-148) {
			return unknown
		}
		return bounded{value, math.Abs(value), 0}
	case rulespace.Sqrt:
		return monotone(1)
	case rulespace.Exp, rulespace.Log:
		return monotone(1.01)
	case rulespace.Tanh:
		return monotone(1.5)
	case rulespace.Sigmoid:
		return monotone(3)
	}
	panic("no error bound for " + op.String())
}

// mean is the mean of e over the samples with the bound of a plan: terms is
// the number of products that it adds per sample.
func (a *bounds) mean(e *rulespace.Expr, terms int) bounded {
	samples := 1
	for _, s := range e.Signals().List() {
		if varies(s) {
			samples = a.frame.Batch
		}
	}
	var sum bounded
	for a.sample = range samples {
		x := a.eval(e)
		sum.value += x.value / float64(samples)
		sum.magnitude += x.magnitude / float64(samples)
		sum.err += x.err / float64(samples)
	}
	sum.err += float64(samples*terms+2*e.Size()+8) * unitRoundoff * sum.magnitude
	sum.err += 1e-36 * (1 + sum.magnitude) // products that underflow
	return sum
}

// checker compares what a program leaves behind with the interpreter.
type checker struct {
	t                 *testing.T
	rule              string
	compared, skipped int
	worst             float64 // error as a fraction of the bound
}

func (c *checker) near(what string, got float32, old float64, x bounded) {
	c.t.Helper()
	// Where the error is unbounded or float32 overflows, anything may happen.
	if !(x.err < 1e30) || !(x.magnitude < 1e30) || !(math.Abs(old) < 1e30) {
		c.skipped++
		return
	}
	c.compared++
	what += " of " + c.rule
	want := old + x.value
	limit := x.err + unitRoundoff*(math.Abs(old)+x.magnitude)
	ratio := math.Abs(float64(got)-want) / limit
	if c.worst = math.Max(c.worst, ratio); !(ratio <= 1) {
		c.t.Fatalf("%s = %v, want %v ± %g", what, got, want, limit)
	}
}

// compare presents f to both and checks every result.
func (c *checker) compare(r *rulespace.Rule, i *Instance, f *Frame, w, fb *vec.Matrix, b []float32) {
	c.t.Helper()
	c.rule = i.p.Describe()
	terms := 1
	for _, x := range i.p.chains {
		terms = max(terms, len(x))
	}
	naive := NewNaiveState(r, i.in, i.out)
	a := &bounds{naiveEnv: &naiveEnv{rule: r, frame: f, state: naive}}
	for k := range naive.Values {
		var e [][]float64
		for x, row := range naive.Values[k] {
			e = append(e, make([]float64, len(row)))
			for y := range row {
				row[y] = stateAt(i, k, x, y)
			}
		}
		a.stateErr = append(a.stateErr, e)
	}
	oldW, oldFB, oldB := wide(w), wide(fb), append([]float32(nil), b...)
	w64, fb64, b64 := wide(w), wide(fb), make([]float64, len(b))
	for j, v := range b {
		b64[j] = float64(v)
	}
	place := func(x, y int) {
		if x == i.in {
			a.place(x, y, float64(oldB[y]), true)
		} else {
			a.place(x, y, oldW[x][y], false)
		}
	}

	// The states in turn, as Interpret does, with the bounds of each.
	before := NewNaiveState(r, i.in, i.out)
	for k := range naive.Values {
		for x, row := range naive.Values[k] {
			copy(before.Values[k][x], row)
		}
	}
	Interpret(r, f, before, w64, b64, fb64)
	i.Apply(f, w, b, fb)
	for k, s := range r.States {
		fresh := NewNaiveState(r, i.in, i.out).Values[k]
		errs := make([][]float64, len(fresh))
		for x, row := range fresh {
			errs[x] = make([]float64, len(row))
			for y := range row {
				place(x, y)
				v := a.mean(s.Update, terms)
				row[y], errs[x][y] = v.value, v.err
				if x == i.in && i.p.biased[k] == none && s.Scope != rulespace.Post {
					continue // db does not read it: not kept
				}
				c.near("state "+s.Name, float32(stateAt(i, k, x, y)), 0, v)
				if want := before.Values[k][x][y]; want != v.value && math.Abs(want-v.value) > 1e-9*v.magnitude {
					c.t.Fatalf("Interpret sets state %s to %v, its update is %v", s.Name, want, v.value)
				}
			}
		}
		naive.Values[k], a.stateErr[k] = fresh, errs
	}
	for x := range i.in {
		for y := range i.out {
			place(x, y)
			v := a.mean(r.DW, terms)
			c.near("w", w.Row(x)[y], oldW[x][y], v)
			if want := w64[x][y]; math.Abs(want-oldW[x][y]-v.value) > 1e-9*(v.magnitude+math.Abs(want)) {
				c.t.Fatalf("Interpret changes w to %v, not by %v", want, v.value)
			}
			if r.DFB != nil {
				a.place(x, y, oldFB[x][y], false)
				c.near("fb", fb.Row(x)[y], oldFB[x][y], a.mean(r.DFB, terms))
			}
		}
	}
	if r.DB != nil {
		for y := range i.out {
			place(i.in, y)
			c.near("b", b[y], float64(oldB[y]), a.mean(r.DB, terms))
		}
	}
}

// stateAt is a state of the instance in the layout of NaiveState.
func stateAt(i *Instance, k, x, y int) float64 {
	m := i.states[k]
	switch s := i.p.rule.States[k].Scope; {
	case x == i.in:
		return float64(i.biases[k].Row(0)[y])
	case s == rulespace.Pre:
		return float64(m.Row(0)[x])
	case s == rulespace.Post:
		return float64(m.Row(0)[y])
	}
	return float64(m.Row(x)[y])
}

func wide(m *vec.Matrix) [][]float64 {
	r := make([][]float64, m.Rows)
	for i := range r {
		for _, v := range m.Row(i) {
			r[i] = append(r[i], float64(v))
		}
	}
	return r
}

func TestProgramsAgreeWithInterpreter(t *testing.T) {
	s := key.Root(12).Stream()
	c := &checker{t: t}
	plans := map[string]int{}
	for n := range 300 {
		r := randomRule(s)
		p, err := Compile(r)
		if err != nil {
			t.Fatal(err)
		}
		shape := testShapes[n%len(testShapes)]
		in, out := shape[0], shape[1]
		i := p.Bind(in, out, 16)
		for range 3 {
			w, fb, b := randomMatrix(s, in, out), randomMatrix(s, in, out), randomMatrix(s, 1, out).Row(0)
			batch := pick(s, testBatches...)
			plans[p.Plan(batch)]++
			c.compare(r, i, randomFrame(s, in, out, batch), w, fb, b)
		}
	}
	t.Logf("%d values compared, %d unbounded; errors up to %.2f of the bound; plans %v", c.compared, c.skipped, c.worst, plans)
	if c.skipped*4 > c.compared || plans["outer"] == 0 || plans["accumulator"] == 0 {
		t.Error("too little was compared")
	}
}
