// Package es is an evolution strategy on a vector of numbers: the outer loop of
// learners whose slow parameters are no rule. It asks for the fitness of each
// member of a generation and uses nothing else.
//
// May import rulespace/key.
package es

import (
	"math"

	"github.com/metaplast/metaplast/rulespace/key"
)

// Strategy is an evolution strategy with antithetic pairs.
//
//	ψ ← ψ + η/(n·σ)·Σ_k F_k·ε_k,  ε_k = −ε_{k+n/2} Gaussian
//
// F_k are the ranks of the fitness, spread evenly over −1/2 to 1/2, so that
// lives that diverge weigh no more than other bad ones.
//
// T. Salimans et al., arXiv:1703.03864 (2017).
type Strategy struct {
	Population int     // even
	Sigma      float64 // standard deviation of the mutations
	Rate       float64 // η
}

// Evolve moves weights by so many generations. fitness is asked for each
// member of a generation; what it draws should come from the generation alone,
// so that members are compared on the same lives.
func (e Strategy) Evolve(weights []float64, generations int, k key.Key, fitness func(weights []float64, generation int) float64) {
	n := e.Population / 2
	noise := make([][]float64, n)
	for i := range noise {
		noise[i] = make([]float64, len(weights))
	}
	trial := make([]float64, len(weights))
	scores := make([]float64, 2*n)
	for g := range generations {
		s := k.Child("generation", uint64(g)).Stream()
		for i := range noise {
			for j := range noise[i] {
				noise[i][j] = s.Normal()
			}
			for side, sign := range []float64{1, -1} {
				for j, w := range weights {
					trial[j] = w + float64(sign*e.Sigma*noise[i][j])
				}
				scores[2*i+side] = fitness(trial, g)
			}
		}
		f := ranks(scores)
		for j := range weights {
			sum := 0.0
			for i := range noise {
				sum += float64((f[2*i] - f[2*i+1]) * noise[i][j])
			}
			weights[j] += float64(e.Rate / (float64(2*n) * e.Sigma) * sum)
		}
	}
}

// ranks are spread over −1/2 to 1/2; equals share the mean of theirs, and what
// is no number is the lowest.
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
		out[i] = (float64(below)+float64(same-1)/2)/float64(len(scores)-1) - 0.5
	}
	return out
}
