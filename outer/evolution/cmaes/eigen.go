package cmaes

import "math"

// eigen decomposes the symmetric a = B·diag(d)·Bᵀ by cyclic Jacobi rotations,
// which are accurate for small eigenvalues too and do the same on every
// machine. It destroys a. Column j of b belongs to d[j]; the order is that of
// the diagonal.
//
// J. Demmel and K. Veselić, SIAM J. Matrix Anal. Appl. 13:1204 (1992).
func eigen(a, b [][]float64, d []float64) {
	n := len(a)
	for i := range b {
		for j := range b[i] {
			b[i][j] = 0
		}
		b[i][i] = 1
	}
	for range maxSweeps {
		rotated := false
		for p := range n {
			for q := p + 1; q < n; q++ {
				off := a[p][q]
				if math.Abs(off) <= 0x1p-53*math.Sqrt(math.Abs(a[p][p]))*math.Sqrt(math.Abs(a[q][q])) {
					continue
				}
				rotated = true
				rotate(a, b, p, q)
			}
		}
		if !rotated {
			break
		}
	}
	for i := range d {
		d[i] = a[i][i]
	}
}

// maxSweeps is several times what convergence, which is quadratic, takes.
const maxSweeps = 50

// rotate makes a[p][q] zero.
func rotate(a, b [][]float64, p, q int) {
	theta := (a[q][q] - a[p][p]) / (2 * a[p][q])
	t := 1 / (math.Abs(theta) + math.Sqrt(1+float64(theta*theta)))
	if math.Abs(theta) > 1e150 {
		t = 0.5 / math.Abs(theta)
	}
	if theta < 0 {
		t = -t
	}
	c := 1 / math.Sqrt(1+float64(t*t))
	s := t * c
	h := float64(t * a[p][q])
	a[p][p] -= h
	a[q][q] += h
	a[p][q], a[q][p] = 0, 0
	for k := range a {
		if k != p && k != q {
			x, y := a[k][p], a[k][q]
			a[k][p] = float64(c*x) - float64(s*y)
			a[k][q] = float64(s*x) + float64(c*y)
			a[p][k], a[q][k] = a[k][p], a[k][q]
		}
		x, y := b[k][p], b[k][q]
		b[k][p] = float64(c*x) - float64(s*y)
		b[k][q] = float64(s*x) + float64(c*y)
	}
}
