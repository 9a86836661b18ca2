package cmaes

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/metaplast/metaplast/rulespace/key"
)

// The second difference matrix has eigenvalues 2 - 2cos(kπ/(n+1)).
func TestEigenKnown(t *testing.T) {
	for _, n := range []int{1, 2, 5, 30} {
		a := square(n)
		want := make([]float64, n)
		for i := range a {
			a[i][i] = 2
			if i > 0 {
				a[i][i-1], a[i-1][i] = -1, -1
			}
			want[i] = 2 - 2*math.Cos(float64(i+1)*math.Pi/float64(n+1))
		}
		d := make([]float64, n)
		eigen(a, square(n), d)
		slices.Sort(d)
		for i := range d {
			if math.Abs(d[i]-want[i]) > 1e-13 { // a few ulp of the norm, 4
				t.Errorf("n = %d: eigenvalue %d is %v, want %v", n, i, d[i], want[i])
			}
		}
	}
}

// Random positive definite matrices, up to condition 1e12: B is orthogonal,
// B·D·Bᵀ is the matrix, and eigenvalues are those of LAPACK.
func TestEigenRandom(t *testing.T) {
	rng := key.Root(1).Stream()
	for _, n := range []int{2, 3, 10, 25} {
		a, b, d := square(n), square(n), make([]float64, n)
		half := square(n)
		for i := range half {
			for j := range half {
				half[i][j] = rng.Normal() * math.Pow(10, -6*float64(j)/float64(n-1))
			}
		}
		dense := mat.NewSymDense(n, nil)
		for i := range a {
			for j := range a {
				for k := range half {
					a[i][j] += half[i][k] * half[j][k]
				}
			}
		}
		for i := range a {
			for j := range i + 1 {
				a[i][j] = a[j][i]
				dense.SetSym(i, j, a[i][j])
			}
		}
		eigen(a, b, d)
		for i := range n {
			for j := range n {
				var product, entry float64
				for k := range n {
					product += b[k][i] * b[k][j]
					entry += b[i][k] * d[k] * b[j][k]
				}
				if i == j {
					product--
				}
				if math.Abs(product) > 1e-14*float64(n) || math.Abs(entry-dense.At(i, j)) > 1e-14*float64(n)*slices.Max(d) {
					t.Fatalf("n = %d: at %d, %d BᵀB is off by %g and BDBᵀ by %g", n, i, j, product, entry-dense.At(i, j))
				}
			}
		}
		var lapack mat.EigenSym
		if !lapack.Factorize(dense, false) {
			t.Fatal("LAPACK failed")
		}
		slices.Sort(d)
		for i, want := range lapack.Values(nil) {
			if math.Abs(d[i]-want) > 1e-14*float64(n)*d[n-1] {
				t.Errorf("n = %d: eigenvalue %d is %v, by LAPACK %v", n, i, d[i], want)
			}
		}
	}
}
