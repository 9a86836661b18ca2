package cmaes

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/metaplast/metaplast/internal/fmath"
	"github.com/metaplast/metaplast/rulespace/key"
)

// Options of a run. The zero value of every field but Start and Sigma means its
// default.
type Options struct {
	Start []float64 // the first mean
	// Sigma is the first step size, of a logarithmic coordinate in natural
	// logarithms. The optimum should lie within about three of it.
	Sigma float64
	// Lambda is the number of points per generation; DefaultLambda by default,
	// at least 4.
	Lambda int
	// Coordinates say what values the variables can have; none means any.
	Coordinates []Coordinate
	// Noise turns uncertainty handling on.
	Noise Noise
	Stop  Stop
}

// Optimizer is one run. It is asked for the points of a generation and told
// their costs, in turn.
type Optimizer struct {
	Parameters
	opts Options
	rng  *key.Stream
	n    int

	mean           []float64 // m
	sigma          float64   // σ
	cov            [][]float64
	basis          [][]float64 // B, of the last decomposition
	scale          []float64   // D, square roots of eigenvalues
	pathSigma      []float64   // p_σ
	pathCov        []float64   // p_c
	generation     int         // of those told
	evaluations    int
	decomposed     int // evaluations at the last decomposition
	points, normal [][]float64
	reevaluated    int // points of the generation that are asked for twice
	asked          bool

	noise   noise
	history history
	stop    string
}

// New begins a run.
func New(opts Options, k key.Key) (*Optimizer, error) {
	n := len(opts.Start)
	if n == 0 {
		return nil, errors.New("cmaes: the start has no coordinates")
	}
	if opts.Lambda == 0 {
		opts.Lambda = DefaultLambda(n)
	}
	if opts.Coordinates == nil {
		opts.Coordinates = make([]Coordinate, n)
	}
	switch {
	case !(opts.Sigma > 0) || math.IsInf(opts.Sigma, 0):
		return nil, fmt.Errorf("cmaes: sigma is %v; it has to be above 0", opts.Sigma)
	case opts.Lambda < 4:
		return nil, fmt.Errorf("cmaes: lambda is %d; it has to be at least 4", opts.Lambda)
	case len(opts.Coordinates) != n:
		return nil, fmt.Errorf("cmaes: %d coordinates for a start of %d", len(opts.Coordinates), n)
	}
	o := &Optimizer{
		Parameters: NewParameters(n, opts.Lambda), opts: opts, rng: k.Stream(), n: n,
		mean: make([]float64, n), sigma: opts.Sigma, cov: square(n), basis: square(n), scale: make([]float64, n),
		pathSigma: make([]float64, n), pathCov: make([]float64, n),
		points: make([][]float64, opts.Lambda), normal: make([][]float64, opts.Lambda),
	}
	for i, c := range opts.Coordinates {
		if err := c.check(); err != nil {
			return nil, fmt.Errorf("cmaes: coordinate %d: %w", i+1, err)
		}
		o.mean[i] = c.variable(opts.Start[i])
		if d := o.mean[i]; d-d != 0 {
			return nil, fmt.Errorf("cmaes: coordinate %d cannot start at %v", i+1, opts.Start[i])
		}
		o.cov[i][i], o.basis[i][i], o.scale[i] = 1, 1, 1
	}
	for i := range o.points {
		o.points[i], o.normal[i] = make([]float64, n), make([]float64, n)
	}
	o.opts.Stop = opts.Stop.withDefaults()
	o.noise.init(opts.Noise)
	return o, nil
}

func square(n int) [][]float64 {
	m := make([][]float64, n)
	for i := range m {
		m[i] = make([]float64, n)
	}
	return m
}

// Ask returns the λ points of the next generation, and after them, where
// uncertainty is handled, the first few once more, displaced by a little.
func (o *Optimizer) Ask() [][]float64 {
	for i := range o.points {
		o.sample(o.points[i], o.normal[i], o.mean, 1)
	}
	o.reevaluated = o.noise.count(o.Lambda, o.rng)
	out := make([][]float64, 0, o.Lambda+o.reevaluated)
	for _, x := range o.points {
		out = append(out, o.values(x))
	}
	again, z := make([]float64, o.n), make([]float64, o.n)
	for _, x := range o.points[:o.reevaluated] {
		o.sample(again, z, x, o.noise.Displacement)
		out = append(out, o.values(again))
	}
	o.asked = true
	return out
}

// sample draws x ~ N(center, (width·σ)²·C).
func (o *Optimizer) sample(x, z, center []float64, width float64) {
	for j := range z {
		z[j] = o.rng.Normal()
	}
	for i := range x {
		y := 0.0
		for j, b := range o.basis[i] {
			y += float64(b * float64(o.scale[j]*z[j]))
		}
		x[i] = center[i] + float64(float64(width*o.sigma)*y)
	}
}

func (o *Optimizer) values(x []float64) []float64 {
	v := make([]float64, len(x))
	for i, c := range o.opts.Coordinates {
		v[i] = c.value(x[i])
	}
	return v
}

// Tell takes the costs of the points of the last Ask. What is no number is the
// worst.
func (o *Optimizer) Tell(costs []float64) error {
	return o.TellOrder(order(len(costs), func(a, b int) int { return compareCosts(costs[a], costs[b]) }), costs)
}

// compareCosts sorts NaN last.
func compareCosts(a, b float64) int {
	if math.IsNaN(a) || math.IsNaN(b) {
		return cmp.Compare(b, a) // NaN is the lowest to cmp
	}
	return cmp.Compare(a, b)
}

// order sorts the numbers below n, those that compare equal by themselves.
func order(n int, compare func(a, b int) int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	slices.SortStableFunc(out, compare)
	return out
}

// TellOrder takes the order of the points of the last Ask, best first, for
// points that compare by more than a cost. Costs then serve the criteria for
// stopping only.
func (o *Optimizer) TellOrder(order []int, costs []float64) error {
	if !o.asked {
		return errors.New("cmaes: told costs without having been asked for points")
	}
	if len(order) != o.Lambda+o.reevaluated || len(costs) != len(order) {
		return fmt.Errorf("cmaes: told %d costs for %d points", len(costs), o.Lambda+o.reevaluated)
	}
	o.asked = false
	o.evaluations += len(order)
	o.generation++
	o.noise.measure(order, o.Lambda, o.reevaluated)
	o.update(o.noise.selection(order, o.Lambda, o.reevaluated))
	if o.noise.treat() {
		o.sigma *= o.noise.growth(o.n)
	}
	o.limitDeviations()
	o.decompose()
	o.history.add(costs[:o.Lambda])
	if o.stop == "" {
		o.stop = o.criterion()
	}
	return nil
}

// update moves mean, step size and covariance. order are the points, best
// first.
func (o *Optimizer) update(order []int) {
	// y_i = (x_i - m)/σ; y_w = Σ_{i≤μ} w_i·y_i
	yw := make([]float64, o.n)
	for i, k := range order {
		for j, x := range o.points[k] {
			y := (x - o.mean[j]) / o.sigma
			o.points[k][j] = y
			if i < o.Mu {
				yw[j] += float64(o.Weights[i] * y)
			}
		}
	}
	for j := range yw {
		o.mean[j] += float64(o.sigma * yw[j])
	}

	// p_σ ← (1-c_σ)·p_σ + √(c_σ(2-c_σ)μ_eff)·C^{-1/2}·y_w
	white := o.whiten(yw)
	step := math.Sqrt(float64(o.CSigma*(2-o.CSigma)) * o.MuEff)
	var length float64
	for j := range white {
		o.pathSigma[j] = float64((1-o.CSigma)*o.pathSigma[j]) + float64(step*white[j])
		length += float64(o.pathSigma[j] * o.pathSigma[j])
	}
	length = math.Sqrt(length)

	// h_σ keeps the path of the covariance from growing while the step size
	// still does.
	decay := 1 - fmath.Exp(float64(2*(o.generation))*fmath.Log(1-o.CSigma))
	h := 0.0
	if length/math.Sqrt(decay) < float64((1.4+2/float64(o.n+1))*o.ChiN) {
		h = 1
	}
	step = h * math.Sqrt(float64(o.CC*(2-o.CC))*o.MuEff)
	for j := range yw {
		o.pathCov[j] = float64((1-o.CC)*o.pathCov[j]) + float64(step*yw[j])
	}

	// C ← (1 + c_1·δ(h_σ) - c_1 - c_μ·Σw_i)·C + c_1·p_c·p_cᵀ + c_μ·Σ w°_i·y_i·y_iᵀ
	var sum float64
	weights := make([]float64, o.Lambda)
	for i, w := range o.Weights {
		sum += w
		weights[i] = w
		if w < 0 {
			weights[i] = float64(w*float64(o.n)) / squared(o.normal[order[i]])
		}
	}
	missing := float64((1 - h) * float64(o.CC*(2-o.CC)))
	keep := 1 + float64(o.C1*missing) - o.C1 - float64(o.CMu*sum)
	for a := range o.cov {
		for b := range a + 1 {
			rank := 0.0
			for i, k := range order {
				rank += float64(weights[i] * float64(o.points[k][a]*o.points[k][b]))
			}
			v := float64(keep*o.cov[a][b]) + float64(o.C1*float64(o.pathCov[a]*o.pathCov[b])) + float64(o.CMu*rank)
			o.cov[a][b], o.cov[b][a] = v, v
		}
	}

	// σ ← σ·exp(c_σ/d_σ·(‖p_σ‖/E‖N(0, I)‖ - 1)), at most e-fold
	o.sigma *= fmath.Exp(min(1, float64(o.CSigma/o.DSigma*(length/o.ChiN-1))))
}

// whiten returns C^{-1/2}·y = B·D⁻¹·Bᵀ·y.
func (o *Optimizer) whiten(y []float64) []float64 {
	out := make([]float64, o.n)
	for j := range o.n {
		t := 0.0
		for i := range o.n {
			t += float64(o.basis[i][j] * y[i])
		}
		t /= o.scale[j]
		for i := range o.n {
			out[i] += float64(o.basis[i][j] * t)
		}
	}
	return out
}

func squared(z []float64) float64 {
	s := 0.0
	for _, v := range z {
		s += float64(v * v)
	}
	return max(s, math.SmallestNonzeroFloat32)
}

// limitDeviations keeps the standard deviation of whole numbers from falling so
// low that they never change, and that of bounded variables from growing beyond
// a third of their range, where points are all over it and mirrored.
func (o *Optimizer) limitDeviations() {
	for i, c := range o.opts.Coordinates {
		deviation := float64(o.sigma * math.Sqrt(o.cov[i][i]))
		limited := deviation
		if c.Integer {
			limited = max(limited, minIntegerDeviation)
		}
		if c.bounded() {
			lo, hi := c.inner()
			limited = min(limited, (hi-lo)/3)
		}
		if limited == deviation {
			continue
		}
		f := limited / deviation
		for j := range o.cov {
			o.cov[i][j] *= f
			o.cov[j][i] *= f
		}
		o.decomposed = math.MinInt / 2 // do it before the next generation
	}
}

// decompose brings B and D up to date, as often as the covariance has changed
// by much: about every n/10 generations.
func (o *Optimizer) decompose() {
	if float64(o.evaluations-o.decomposed) <= float64(o.Lambda)/float64((o.C1+o.CMu)*float64(10*o.n)) {
		return
	}
	o.decomposed = o.evaluations
	c := square(o.n)
	for i := range c {
		copy(c[i], o.cov[i])
	}
	d := make([]float64, o.n)
	eigen(c, o.basis, d)
	for i, v := range d {
		if !(v > 0) || math.IsInf(v, 0) {
			o.stop = StopCondition
			return
		}
		o.scale[i] = math.Sqrt(v)
	}
}

// Mean is the centre of the next generation, in values of the coordinates.
func (o *Optimizer) Mean() []float64 { return o.values(o.mean) }

// Sigma is the step size.
func (o *Optimizer) Sigma() float64 { return o.sigma }

// Evaluations is the number of points told.
func (o *Optimizer) Evaluations() int { return o.evaluations }

// Generations is the number of generations told.
func (o *Optimizer) Generations() int { return o.generation }

// Stopped says which criterion to end the run has been met, "" for none. A
// run that has stopped can go on.
func (o *Optimizer) Stopped() string { return o.stop }

// Axis is a principal axis of the distribution of points: variables can move
// along a wide one together and hardly change the cost, where the run has
// converged.
type Axis struct {
	Width     float64   // standard deviation
	Direction []float64 // of length 1, in the variables of the search
}

// Axes returns the principal axes, widest first.
func (o *Optimizer) Axes() []Axis {
	out := make([]Axis, o.n)
	for j := range out {
		out[j] = Axis{Width: float64(o.sigma * o.scale[j]), Direction: make([]float64, o.n)}
		for i := range o.n {
			out[j].Direction[i] = o.basis[i][j]
		}
	}
	slices.SortStableFunc(out, func(a, b Axis) int { return cmp.Compare(b.Width, a.Width) })
	return out
}
