package identify

import "math"

// leastSquares returns the c that minimises |Σ c_j·x[j] − y|² by Householder
// reflections. It works on the columns themselves, whose condition number is
// the root of that of their inner products; columns are overwritten.
func leastSquares(x [][]float64, y []float64) []float64 {
	k := len(x)
	diagonal := make([]float64, k)
	for j := range k {
		v := x[j][j:]
		s := 0.0
		for _, e := range v {
			s += float64(e * e)
		}
		norm := math.Sqrt(s)
		if v[0] > 0 {
			norm = -norm
		}
		diagonal[j] = norm
		v[0] -= norm
		// The reflection 1 − v·vᵀ/h.
		h := -norm * v[0]
		if h == 0 {
			continue
		}
		reflect := func(u []float64) {
			d := 0.0
			for i, e := range v {
				d += float64(e * u[i])
			}
			d /= h
			for i, e := range v {
				u[i] -= float64(d * e)
			}
		}
		for m := j + 1; m < k; m++ {
			reflect(x[m][j:])
		}
		reflect(y[j:])
	}
	c := make([]float64, k)
	for j := k - 1; j >= 0; j-- {
		s := y[j]
		for m := j + 1; m < k; m++ {
			s -= float64(x[m][j] * c[m])
		}
		c[j] = s / diagonal[j]
	}
	return c
}
