package cmaes

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metaplast/metaplast/internal/problem"
	"github.com/metaplast/metaplast/rulespace/key"
)

func newOptimizer(t *testing.T, opts Options, seed uint64) *Optimizer {
	t.Helper()
	o, err := New(opts, key.Root(seed))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// step tells one generation its costs.
func step(t *testing.T, o *Optimizer, f func([]float64) float64) [][]float64 {
	t.Helper()
	points := o.Ask()
	costs := make([]float64, len(points))
	for i, x := range points {
		costs[i] = f(x)
	}
	if err := o.Tell(costs); err != nil {
		t.Fatal(err)
	}
	return points
}

// One generation in one dimension by the tutorial's equations, where all
// matrices are numbers.
func TestUpdateByHand(t *testing.T) {
	o := newOptimizer(t, Options{Start: []float64{2}, Sigma: 0.5}, 4)
	points := step(t, o, func(x []float64) float64 { return -x[0] })
	p := NewParameters(1, 4)
	var y []float64
	for _, x := range points {
		y = append(y, (x[0]-2)/0.5)
	}
	slices.Sort(y)
	slices.Reverse(y) // the largest is the best
	var yw, sum, rank float64
	for i, w := range p.Weights {
		sum += w
		if i < 2 {
			yw += w * y[i]
			rank += w * y[i] * y[i]
		} else {
			rank += w / (y[i] * y[i]) * y[i] * y[i]
		}
	}
	pathSigma := math.Sqrt(p.CSigma*(2-p.CSigma)*p.MuEff) * yw
	h := 0.0
	if math.Abs(pathSigma)/math.Sqrt(1-math.Pow(1-p.CSigma, 2)) < (1.4+2.0/2)*p.ChiN {
		h = 1
	}
	pathCov := h * math.Sqrt(p.CC*(2-p.CC)*p.MuEff) * yw
	cov := 1 + p.C1*(1-h)*p.CC*(2-p.CC) - p.C1 - p.CMu*sum + p.C1*pathCov*pathCov + p.CMu*rank
	sigma := 0.5 * math.Exp(p.CSigma/p.DSigma*(math.Abs(pathSigma)/p.ChiN-1))
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"m", o.Mean()[0], 2 + 0.5*yw}, {"p_σ", o.pathSigma[0], pathSigma}, {"p_c", o.pathCov[0], pathCov},
		{"C", o.cov[0][0], cov}, {"σ", o.Sigma(), sigma}, {"axis", o.Axes()[0].Width, sigma * math.Sqrt(cov)},
	} {
		if math.Abs(c.got-c.want) > 1e-12 { // rounding
			t.Errorf("%s is %v, want %v", c.name, c.got, c.want)
		}
	}
	if h == 0 {
		t.Error("choose a seed whose path is short")
	}
}

// Only the order of costs matters, and a shift of the start shifts all points.
func TestInvariance(t *testing.T) {
	plain := newOptimizer(t, Options{Start: fill(4, 1), Sigma: 0.5}, 1)
	steep := newOptimizer(t, Options{Start: fill(4, 1), Sigma: 0.5}, 1)
	for g := range 50 {
		a := step(t, plain, problem.Rosenbrock)
		b := step(t, steep, func(x []float64) float64 { return math.Expm1(math.Sqrt(problem.Rosenbrock(x))) })
		if diff := cmp.Diff(a, b); diff != "" {
			t.Fatalf("generation %d depends on more than the order:\n%s", g, diff)
		}
	}
}

// Coordinates are nothing special: a rotated ellipsoid takes as many
// evaluations as one along the axes, on average of five runs within a tenth.
func TestRotation(t *testing.T) {
	const n = 10
	rng := key.Root(7).Stream()
	a, rotation := square(n), square(n)
	for i := range a {
		for j := range i + 1 {
			a[i][j] = rng.Normal()
			a[j][i] = a[i][j]
		}
	}
	eigen(a, rotation, make([]float64, n))
	turn := func(x []float64) []float64 {
		y := make([]float64, n)
		for i := range y {
			for j := range x {
				y[i] += rotation[i][j] * x[j]
			}
		}
		return y
	}
	var plain, rotated int
	for seed := range uint64(5) {
		e, _ := minimise(t, Options{Start: fill(n, 3), Sigma: 0.5}, key.Root(seed), problem.Ellipsoid, 1e-9, 20000)
		plain += e
		e, _ = minimise(t, Options{Start: fill(n, 3), Sigma: 0.5}, key.Root(seed),
			func(x []float64) float64 { return problem.Ellipsoid(turn(x)) }, 1e-9, 20000)
		rotated += e
	}
	if ratio := float64(rotated) / float64(plain); math.Abs(ratio-1) > 0.1 {
		t.Errorf("%d evaluations, rotated %d", plain/5, rotated/5)
	}
}

// After convergence on an ellipsoid the axes are those of the level sets:
// widths go with one over the root of the eigenvalues of the Hessian.
func TestAxes(t *testing.T) {
	o := newOptimizer(t, Options{Start: fill(5, 1), Sigma: 0.5}, 1)
	for range 300 {
		step(t, o, problem.Ellipsoid)
	}
	axes := o.Axes()
	if ratio := axes[0].Width / axes[4].Width; ratio < 500 || ratio > 2000 { // 1000 by theory, up to adaptation noise
		t.Errorf("the widest axis is %v of the narrowest, want about 1000", ratio)
	}
	for i, a := range axes {
		if math.Abs(a.Direction[i]) < 0.95 || i > 0 && a.Width > axes[i-1].Width {
			t.Errorf("axis %d is %+v", i, a)
		}
	}
}

// Where no direction is better than another, the distribution does not grow
// beyond a third of the range of a bounded variable.
func TestDeviationsAreLimited(t *testing.T) {
	bounds := []Coordinate{{Low: -1, High: 1}, {Low: 0, High: 1000}}
	o := newOptimizer(t, Options{Start: []float64{0, 500}, Sigma: 0.5, Coordinates: bounds, Noise: Noise{On: true}}, 1)
	rng := key.Root(1).Stream()
	for range 200 {
		step(t, o, func([]float64) float64 { return rng.Normal() })
		for i, c := range bounds {
			if got := o.sigma * math.Sqrt(o.cov[i][i]); got > (c.High-c.Low)/3*(1+1e-12) {
				t.Fatalf("coordinate %d deviates by %v", i, got)
			}
		}
	}
}

func TestStop(t *testing.T) {
	slope := func(x []float64) float64 { return x[0] }
	flat := func([]float64) float64 { return 1 }
	rng := key.Root(9).Stream()
	noise := func([]float64) float64 { return rng.Normal() }
	nan := func([]float64) float64 { return math.NaN() }
	ridge := func(x []float64) float64 { return math.Abs(x[0])*1e8 + x[1]*1e-8 }
	none := Stop{TolX: 1e-300, TolFun: 1e-300, TolFunHist: 1e-300, TolXUp: 1e300, ConditionCov: 1e300}
	with := func(change func(*Stop)) Stop { s := none; change(&s); return s }
	for _, c := range []struct {
		want  string
		f     func([]float64) float64
		stop  Stop
		start float64
	}{
		{StopTolX, problem.Sphere, with(func(s *Stop) { s.TolX = 1e-6 }), 1},
		{StopTolFun, problem.Sphere, with(func(s *Stop) { s.TolFun = 1e-6 }), 1},
		{StopTolFunHist, problem.Sphere, with(func(s *Stop) { s.TolFunHist = 1e-6 }), 1},
		{StopTolFunHist, flat, none, 1},
		{StopTolFunHist, nan, none, 1},
		{StopTolXUp, slope, with(func(s *Stop) { s.TolXUp = 1e4 }), 1},
		{StopCondition, ridge, with(func(s *Stop) { s.ConditionCov = 1e14 }), 1},
		{StopNoEffectCoord, func(x []float64) float64 { return math.Abs(x[0]-1) + math.Abs(x[1]) }, none, 1},
		{StopNoEffectAxis, func(x []float64) float64 { return math.Abs(x[0]-1) + math.Abs(x[1]-1) }, none, 1},
		{StopStagnation, noise, none, 1},
	} {
		o := newOptimizer(t, Options{Start: fill(2, c.start), Sigma: 0.5, Stop: c.stop}, 2)
		for range 5000 {
			if o.Stopped() != "" {
				break
			}
			step(t, o, c.f)
		}
		if o.Stopped() != c.want {
			t.Errorf("stopped for %q after %d generations, want %s", o.Stopped(), o.Generations(), c.want)
		}
	}
}

func TestProtocol(t *testing.T) {
	for _, o := range []Options{
		{Sigma: 1}, {Start: []float64{1}}, {Start: []float64{1}, Sigma: math.NaN()}, {Start: []float64{1}, Sigma: math.Inf(1)},
		{Start: []float64{1}, Sigma: 1, Lambda: 3}, {Start: []float64{math.NaN()}, Sigma: 1},
		{Start: []float64{1}, Sigma: 1, Coordinates: make([]Coordinate, 2)},
	} {
		if _, err := New(o, key.Root(1)); err == nil {
			t.Errorf("no error for %+v", o)
		}
	}
	o := newOptimizer(t, Options{Start: []float64{1}, Sigma: 1}, 1)
	if err := o.Tell(make([]float64, 4)); err == nil {
		t.Error("told before it was asked")
	}
	o.Ask()
	if err := o.Tell(make([]float64, 3)); err == nil {
		t.Error("told too little")
	}
	// What is no number is the worst.
	if err := o.Tell([]float64{math.NaN(), math.Inf(1), 1, math.Inf(-1)}); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]int{3, 2, 1, 0}, order(4, func(a, b int) int {
		c := []float64{math.NaN(), math.Inf(1), 1, math.Inf(-1)}
		return compareCosts(c[a], c[b])
	})); diff != "" {
		t.Error(diff)
	}
}
