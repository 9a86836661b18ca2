package cmaes

import (
	"cmp"
	"math"
	"slices"

	"github.com/metaplast/metaplast/rulespace/key"
)

// Noise configures uncertainty handling: a few points of each generation are
// asked for twice, and where that changes ranks by more than chance, first
// costs should be measured with more evaluations, then the step size grows.
//
// N. Hansen, A. S. P. Niederberger, L. Guzzella and P. Koumoutsakos, IEEE
// Trans. Evol. Comput. 13:180 (2009), UH-CMA-ES.
type Noise struct {
	On bool
	// Displacement of a point that is asked for again, in step sizes; 1e-7 by
	// default.
	Displacement float64
	// MaxEvaluations is how many evaluations of one point the caller is
	// willing to take the mean of; 1 by default.
	MaxEvaluations float64
}

// The parameters of the paper.
const (
	noiseTheta  = 0.2 // θ, the tolerated rank change as a part of what is possible
	noiseAlphaT = 1.5 // α_t, by which the number of evaluations changes
)

type noise struct {
	Noise
	evaluations float64 // t_eval
	level       float64 // s, above 0 where ranks change by too much
}

func (u *noise) init(n Noise) {
	if n.Displacement == 0 {
		n.Displacement = 1e-7
	}
	n.MaxEvaluations = max(1, n.MaxEvaluations)
	*u = noise{Noise: n, evaluations: 1}
}

// Repeats is how many evaluations of each point the caller should take the
// mean of, at most Noise.MaxEvaluations.
func (o *Optimizer) Repeats() int { return int(o.noise.evaluations) }

// count draws how many points are asked for again: max(λ/10, 2) on average.
func (u *noise) count(lambda int, rng *key.Stream) int {
	if !u.On {
		return 0
	}
	want := max(float64(lambda)/10, 2)
	n := int(want)
	if rng.Float64() < want-float64(n) {
		n++
	}
	return n
}

// ranks are 0 for the best.
func ranks(order []int) []float64 {
	out := make([]float64, len(order))
	for r, k := range order {
		out[k] = float64(r)
	}
	return out
}

// measure computes the noise level s from the order of λ points and n points
// told again:
//
//	s = 1/n·Σ (2|Δ_i| - Δ^lim(rank_i^new - 1{new > old}) - Δ^lim(rank_i^old - 1{old > new}))
//
// where ranks are those among both evaluations of all points, the first
// standing in where there is no second.
func (u *noise) measure(order []int, lambda, n int) {
	if n == 0 {
		return
	}
	// Ranks among 2λ: points without a second evaluation count twice.
	first, second := make([]float64, lambda), make([]float64, lambda)
	rank := 1.0
	for _, k := range order {
		switch {
		case k >= lambda:
			second[k-lambda] = rank
		case k < n:
			first[k] = rank
		default:
			rank++
		}
		rank++
	}
	u.level = 0
	for i := range n {
		a, b := first[i], second[i]
		change := math.Abs(b-a) - 1
		if b > a {
			b--
		} else {
			a--
		}
		u.level += float64(2*change) - limit(b, lambda) - limit(a, lambda)
	}
	u.level /= float64(n)
}

// limit is Δ^lim(R): θ/2 of the way through the rank changes that are possible
// from rank R, |1-R|, |2-R| … |2λ-1-R|.
func limit(r float64, lambda int) float64 {
	changes := make([]float64, 2*lambda-1)
	for i := range changes {
		changes[i] = math.Abs(float64(i+1) - r)
	}
	slices.Sort(changes)
	at := float64(noiseTheta / 2 * float64(len(changes)-1))
	lo := int(at)
	return changes[lo] + float64((at-float64(lo))*(changes[lo+1]-changes[lo]))
}

// selection orders the λ points by the sum of both ranks of those told twice.
func (u *noise) selection(order []int, lambda, n int) []int {
	if n == 0 {
		return order
	}
	r := ranks(order)
	for i := range n {
		r[i] = (r[i] + r[lambda+i]) / 2
	}
	out := make([]int, 0, lambda)
	for _, k := range order {
		if k < lambda {
			out = append(out, k)
		}
	}
	slices.SortStableFunc(out, func(a, b int) int { return cmp.Compare(r[a], r[b]) })
	return out
}

// treat changes the number of evaluations, and reports that the step size has
// to grow.
func (u *noise) treat() bool {
	switch {
	case !u.On || u.level == 0:
	case u.level < 0:
		u.evaluations = max(1, u.evaluations/noiseAlphaT)
	case u.evaluations < u.MaxEvaluations:
		u.evaluations = min(u.MaxEvaluations, float64(noiseAlphaT*u.evaluations))
	default:
		return true
	}
	return false
}

// growth is α_σ.
func (*noise) growth(n int) float64 { return 1 + 2/float64(n+10) }
