//go:build openblas && cgo

package openblas

import (
	"slices"
	"testing"
)

// Small whole numbers, so that every result is exact: transposition, leading
// dimensions and accumulation are what the comments say.
func TestSmallProducts(t *testing.T) {
	Threads(1)
	a := []float32{1, 2, 3, 0, 4, 5, 6, 0} // 2×3, rows of 4
	b := []float32{1, 0, 2, 1, 0, 3}       // 3×2
	c := []float32{10, 20, 30, 40}
	Gemm(false, false, 2, 2, 3, a, 4, b, 2, 1, c, 2)
	if want := []float32{15, 31, 44, 63}; !slices.Equal(c, want) {
		t.Errorf("a·b + c is %v, want %v", c, want)
	}
	d := make([]float32, 9)
	Gemm(true, false, 3, 3, 2, a, 4, a, 4, 0, d, 3)
	if want := []float32{17, 22, 27, 22, 29, 36, 27, 36, 45}; !slices.Equal(d, want) {
		t.Errorf("aᵀ·a is %v, want %v", d, want)
	}
	y := make([]float32, 3)
	Gemv(true, 2, 3, a, 4, []float32{1, -1}, y)
	if want := []float32{-3, -3, -3}; !slices.Equal(y, want) {
		t.Errorf("aᵀ·x is %v, want %v", y, want)
	}
	Ger(2, 3, []float32{1, 2}, []float32{1, 0, -1}, a, 4)
	if want := []float32{2, 2, 2, 0, 6, 5, 4, 0}; !slices.Equal(a, want) {
		t.Errorf("a + x·yᵀ is %v, want %v", a, want)
	}
}
