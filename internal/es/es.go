// Package es is the evolution strategy that OpenAI used for reinforcement
// learning, on vectors of numbers: antithetic pairs around a mean, which follows
// the gradient estimated from the ranks of the points. It searches coefficients
// of rules, and is the outer loop of learners whose slow parameters are no rule.
//
// T. Salimans et al., arXiv:1703.03864 (2017).
//
// May import internal/fmath and rulespace/key.
package es

import (
	"errors"
	"fmt"
	"math"

	"github.com/metaplast/metaplast/internal/fmath"
	"github.com/metaplast/metaplast/rulespace/key"
)

// Options of an ascent. The zero value of every field but Start and Sigma means
// its default.
type Options struct {
	Start []float64 // the first mean
	Sigma float64   // σ, the standard deviation of the points
	// Population is the number of points per generation, even and at least 4;
	// 4 + ⌊3·ln n⌋, and one more where that is odd, by default.
	Population int
	// Rate is η, in units of σ; 2 by default.
	Rate float64
	// Momentum is β; 0.7 by default, negative for none.
	Momentum float64
	// Patience is the number of generations without a better point after which
	// σ, and with it the steps of the mean, is halved; 7 by default.
	Patience int
	// Low and High bound the mean; none by default.
	Low, High float64
}

func (o Options) withDefaults() (Options, error) {
	n := len(o.Start)
	if n == 0 {
		return o, errors.New("es: the start has no coordinates")
	}
	if o.Population == 0 {
		o.Population = 4 + int(3*fmath.Log(float64(n)))
		o.Population += o.Population % 2
	}
	if o.Rate == 0 {
		o.Rate = 2
	}
	if o.Momentum == 0 {
		o.Momentum = 0.7
	}
	o.Momentum = max(0, o.Momentum)
	if o.Patience == 0 {
		o.Patience = 7
	}
	switch {
	case !(o.Sigma > 0) || math.IsInf(o.Sigma, 0):
		return o, fmt.Errorf("es: sigma is %v; it has to be above 0", o.Sigma)
	case o.Population < 4 || o.Population > 10000 || o.Population%2 != 0:
		return o, fmt.Errorf("es: population is %d; it has to be even and between 4 and 10000", o.Population)
	case !(o.Rate > 0 && o.Rate <= 100):
		return o, fmt.Errorf("es: rate is %g; it has to be above 0 and at most 100", o.Rate)
	case !(o.Momentum < 1):
		return o, fmt.Errorf("es: momentum is %g; it has to be below 1", o.Momentum)
	case o.Patience < 0:
		return o, fmt.Errorf("es: patience is %d; it has to be positive", o.Patience)
	}
	return o, nil
}

// Optimizer is one ascent. It is asked for points and told their ranks.
//
//	g = 1/λ·Σ_k F_k·ε_k    ε_{2i+1} = -ε_{2i} ~ N(0, I)
//	v ← β·v + g            θ ← θ + η·σ·v
//
// F_k are the ranks, spread over -1/2 to 1/2. Departures from the paper: the
// mean moves by momentum instead of Adam, and σ shrinks when points stop
// getting better.
type Optimizer struct {
	opts Options
	rng  *key.Stream

	mean, velocity []float64   // θ, v
	noise          [][]float64 // ε
	asked          bool
	stall, halved  int
}

// New begins an ascent.
func New(opts Options, k key.Key) (*Optimizer, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	n := len(opts.Start)
	o := &Optimizer{
		opts: opts, rng: k.Stream(), mean: append([]float64(nil), opts.Start...), velocity: make([]float64, n),
		noise: make([][]float64, opts.Population),
	}
	for i := range o.noise {
		o.noise[i] = make([]float64, n)
	}
	return o, nil
}

// Ask returns the points of the next generation, in pairs.
func (o *Optimizer) Ask() [][]float64 {
	points := make([][]float64, len(o.noise))
	for k, e := range o.noise {
		x := make([]float64, len(e))
		for j := range e {
			if k%2 == 0 {
				e[j] = o.rng.Normal()
			} else {
				e[j] = -o.noise[k-1][j]
			}
			x[j] = o.mean[j] + float64(o.opts.Sigma*e[j])
		}
		points[k] = x
	}
	o.asked = true
	return points
}

// Tell takes the ranks of the points of the last Ask, 0 for the worst, equal
// points sharing the mean of theirs, and whether one is better than all before.
func (o *Optimizer) Tell(ranks []float64, better bool) error {
	if !o.asked || len(ranks) != len(o.noise) {
		return fmt.Errorf("es: told %d ranks for %d points", len(ranks), len(o.noise))
	}
	o.asked = false
	for j := range o.mean {
		g := 0.0
		for k, r := range ranks {
			g += float64((r/float64(len(ranks)-1) - 0.5) * o.noise[k][j])
		}
		o.velocity[j] = float64(o.opts.Momentum*o.velocity[j]) + g/float64(len(ranks))
		o.mean[j] += float64(float64(o.opts.Rate*o.opts.Sigma) * o.velocity[j])
		if o.opts.Low < o.opts.High {
			o.mean[j] = min(max(o.mean[j], o.opts.Low), o.opts.High)
		}
	}
	o.stall++
	if better {
		o.stall = 0
	}
	if o.stall == o.opts.Patience {
		o.stall = 0
		o.halved++
		o.opts.Sigma /= 2
	}
	return nil
}

// Mean is the centre of the next generation.
func (o *Optimizer) Mean() []float64 { return append([]float64(nil), o.mean...) }

// Sigma is the standard deviation of the next generation.
func (o *Optimizer) Sigma() float64 { return o.opts.Sigma }

// Halved is how often Sigma has been halved.
func (o *Optimizer) Halved() int { return o.halved }

// Evolve moves the start by so many generations and returns the last mean.
// fitness is asked for each point of a generation; what it draws should come
// from the generation alone, so that points are compared on the same lives. σ
// stays as it is.
func Evolve(opts Options, generations int, k key.Key, fitness func(x []float64, generation int) float64) ([]float64, error) {
	o, err := New(opts, k)
	if err != nil {
		return nil, err
	}
	scores := make([]float64, o.opts.Population)
	for g := range generations {
		for i, x := range o.Ask() {
			scores[i] = fitness(x, g)
		}
		if err := o.Tell(ranks(scores), true); err != nil {
			return nil, err
		}
	}
	return o.Mean(), nil
}

// ranks are 0 for the worst, which what is no number is; equals share the mean
// of theirs.
func ranks(scores []float64) []float64 {
	out := make([]float64, len(scores))
	for i, a := range scores {
		below, same := 0, 0
		for _, b := range scores {
			switch {
			case b < a || math.IsNaN(b) && !math.IsNaN(a):
				below++
			case b == a || math.IsNaN(a) && math.IsNaN(b):
				same++
			}
		}
		out[i] = float64(below) + float64(float64(same-1)/2)
	}
	return out
}
