package gradient

import "math"

// adam is the optimiser of D. P. Kingma and J. Ba, ICLR (2015), climbing.
// Departure from the paper: β₂ is 0.99, since an ascent takes tens of moves,
// and the point is kept inside the space.
//
//	m ← β₁m + (1-β₁)g    v ← β₂v + (1-β₂)g²    u ← u + rate·m̂/(√v̂ + ε)
type adam struct {
	rate   float64
	m, v   []float64
	b1, b2 float64 // β₁ᵗ and β₂ᵗ
}

const (
	beta1   = 0.9
	beta2   = 0.99
	epsilon = 1e-12 // slopes of a score that hardly changes still lead somewhere
)

func newAdam(dims int, rate float64) adam {
	return adam{rate: rate, m: make([]float64, dims), v: make([]float64, dims), b1: 1, b2: 1}
}

// step moves u along the slope g, then each coordinate by prox, which is told
// how far a slope of 1 would have moved it: a proximal step in Adam's metric.
func (a *adam) step(u, g []float64, prox func(i int, v, length float64) float64) {
	a.b1 *= beta1
	a.b2 *= beta2
	for i := range u {
		a.m[i] = float64(beta1*a.m[i]) + float64((1-beta1)*g[i])
		a.v[i] = float64(beta2*a.v[i]) + float64((1-beta2)*float64(g[i]*g[i]))
		mean, scale := a.m[i]/(1-a.b1), math.Sqrt(a.v[i]/(1-a.b2))
		v := u[i] + float64(a.rate*mean)/(scale+epsilon)
		u[i] = max(-1, min(1, prox(i, v, a.rate/(scale+epsilon))))
	}
}
