package tasks

import (
	"math"

	"github.com/metaplast/metaplast/rulespace/key"
)

// orthonormal returns n random orthonormal vectors of d ≥ n dimensions, their
// directions uniform: Gaussian vectors made orthogonal by Gram and Schmidt,
// twice, which leaves errors of the order of rounding.
func orthonormal(s *key.Stream, n, d int) [][]float64 {
	q := make([][]float64, n)
	for i := range q {
		v := make([]float64, d)
		for j := range v {
			v[j] = s.Normal()
		}
		for range 2 {
			for _, u := range q[:i] {
				c := dot(u, v)
				for j := range v {
					v[j] -= float64(c * u[j])
				}
			}
		}
		norm := math.Sqrt(dot(v, v))
		for j := range v {
			v[j] /= norm
		}
		q[i] = v
	}
	return q
}

func dot(x, y []float64) float64 {
	var s float64
	for i, v := range x {
		s += float64(v * y[i])
	}
	return s
}

// mix sets x = Σ_k z_k·axes_k, using acc as scratch.
func mix(x []float32, z []float64, axes [][]float64, acc []float64) {
	clear(acc)
	for k, f := range z {
		a := axes[k][:len(acc)]
		for j := range acc {
			acc[j] += float64(f * a[j])
		}
	}
	for j := range x {
		x[j] = float32(acc[j])
	}
}
