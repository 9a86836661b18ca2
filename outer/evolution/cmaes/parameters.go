package cmaes

import (
	"math"

	"github.com/metaplast/metaplast/internal/fmath"
)

// Parameters are the strategy parameters of a run with λ points per generation
// in n dimensions, all by the default formulas of the tutorial (table 1 and
// equations 49 to 58). The learning rate of the mean is 1.
type Parameters struct {
	Lambda int // λ
	Mu     int // μ, the number of points with a positive weight that can be above zero

	// Weights are w_i, best point first. The first Mu add up to 1, the others
	// are not positive.
	Weights []float64

	MuEff         float64 // μ_eff = (Σw_i)²/Σw_i² over the first Mu
	MuEffNegative float64 // μ_eff⁻, the same over the others

	CSigma float64 // c_σ, of the path of the step size
	DSigma float64 // d_σ, damping of the step size
	CC     float64 // c_c, of the path of the covariance
	C1     float64 // c_1, of the rank-one update
	CMu    float64 // c_μ, of the rank-μ update

	ChiN float64 // E‖N(0, I)‖ ≈ √n·(1 - 1/4n + 1/21n²)
}

// DefaultLambda is 4 + ⌊3·ln n⌋.
func DefaultLambda(n int) int { return 4 + int(3*fmath.Log(float64(n))) }

// NewParameters returns the parameters for λ ≥ 4 points in n ≥ 1 dimensions.
func NewParameters(n, lambda int) Parameters {
	dim := float64(n)
	p := Parameters{Lambda: lambda, Mu: lambda / 2, Weights: make([]float64, lambda)}

	// w'_i = ln((λ+1)/2) - ln i
	var sum, squares, negSum, negSquares float64
	for i := range p.Weights {
		w := fmath.Log(float64(lambda+1)/2) - fmath.Log(float64(i+1))
		p.Weights[i] = w
		if i < p.Mu {
			sum += w
			squares += float64(w * w)
		} else {
			negSum += w
			negSquares += float64(w * w)
		}
	}
	p.MuEff = float64(sum*sum) / squares
	p.MuEffNegative = float64(negSum*negSum) / negSquares

	p.CSigma = (p.MuEff + 2) / (dim + p.MuEff + 5)
	p.DSigma = 1 + float64(2*max(0, math.Sqrt((p.MuEff-1)/(dim+1))-1)) + p.CSigma
	p.CC = (4 + p.MuEff/dim) / (dim + 4 + float64(2*p.MuEff)/dim)
	p.C1 = 2 / (float64((dim+1.3)*(dim+1.3)) + p.MuEff)
	p.CMu = min(1-p.C1, 2*(0.25+p.MuEff+1/p.MuEff-2)/(float64((dim+2)*(dim+2))+p.MuEff))

	// Negative weights add up to the smallest of three bounds: the first
	// balances the decay, the second the information, the third keeps the
	// covariance positive definite.
	negative := min(1+p.C1/p.CMu, 1+float64(2*p.MuEffNegative)/(p.MuEffNegative+2), (1-p.C1-p.CMu)/float64(dim*p.CMu))
	for i, w := range p.Weights {
		if i < p.Mu {
			p.Weights[i] = w / sum
		} else {
			p.Weights[i] = float64(negative*w) / -negSum
		}
	}
	p.ChiN = float64(math.Sqrt(dim) * (1 - 1/float64(4*dim) + 1/float64(21*dim*dim)))
	return p
}
