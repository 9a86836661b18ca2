//go:build openblas && cgo

package vec

import (
	"fmt"
	"math"
	"testing"

	"github.com/metaplast/metaplast/internal/vec/openblas"
	"github.com/metaplast/metaplast/rulespace/key"
)

// shapes are batch, inputs and outputs: those of training and odd ones.
var shapes = [][3]int{{1, 1, 1}, {1, 784, 128}, {16, 784, 128}, {64, 784, 128}, {1, 40, 64}, {4, 40, 64},
	{64, 40, 64}, {16, 128, 10}, {3, 17, 5}, {7, 33, 41}, {13, 100, 130}}

func TestProductsAgainstOpenBLAS(t *testing.T) { each(t, productsAgainstOpenBLAS) }

// Each of the two sums is within γ_n·Σ|a·b| of the exact one (Higham 2002,
// 3.1), in whatever order it adds and whether it fuses or not: they differ by
// no more than twice that. n counts the products and the old value, u = 2^-24.
func productsAgainstOpenBLAS(t *testing.T) {
	s := key.Root(21).Stream()
	for _, d := range shapes {
		b, k, n := d[0], d[1], d[2]
		x, w, e := random(s, b, k), random(s, k, n), random(s, b, n)
		compare := func(name string, got, want *Matrix, terms int, operands func(i, j, q int) (float32, float32)) {
			t.Helper()
			for i := range got.Rows {
				for j, v := range got.Row(i) {
					_, abs := naive(terms, func(q int) (float32, float32) { return operands(i, j, q) })
					if diff := math.Abs(float64(v) - float64(want.Row(i)[j])); !(diff <= 2*float64(terms+1)*0x1p-24*abs) {
						t.Fatalf("%s %v: element %d, %d is %v, with OpenBLAS %v", name, d, i, j, v, want.Row(i)[j])
					}
				}
			}
		}
		forward := func(i, j, q int) (float32, float32) { return x.Row(i)[q], w.Row(q)[j] }
		backward := func(i, j, q int) (float32, float32) { return e.Row(i)[q], w.Row(j)[q] }

		y, yb := New(b, n), New(b, n)
		Mul(y, x, w)
		openblas.Gemm(false, false, b, n, k, x.Data, x.Stride, w.Data, w.Stride, 0, yb.Data, yb.Stride)
		compare("Mul", y, yb, k, forward)

		back, backb := New(b, k), New(b, k)
		MulTB(back, e, w)
		openblas.Gemm(false, true, b, k, n, e.Data, e.Stride, w.Data, w.Stride, 0, backb.Data, backb.Stride)
		compare("MulTB", back, backb, n, backward)

		if b == 1 {
			openblas.Gemv(true, k, n, w.Data, w.Stride, x.Data, yb.Data)
			compare("Mul and gemv", y, yb, k, forward)
			openblas.Gemv(false, k, n, w.Data, w.Stride, e.Data, backb.Data)
			compare("MulTB and gemv", back, backb, n, backward)
		}

		old := random(s, k, n)
		g, gb := New(k, n), New(k, n)
		g.CopyFrom(old)
		gb.CopyFrom(old)
		MulTA(g, x, e)
		openblas.Gemm(true, false, k, n, b, x.Data, x.Stride, e.Data, e.Stride, 1, gb.Data, gb.Stride)
		gradient := func(i, j, q int) (float32, float32) {
			if q == b {
				return old.Row(i)[j], 1
			}
			return x.Row(q)[i], e.Row(q)[j]
		}
		compare("MulTA", g, gb, b+1, gradient)

		g.CopyFrom(old)
		gb.CopyFrom(old)
		Rank1(g, x.Row(0), e.Row(0), false)
		openblas.Ger(k, n, x.Data, e.Data, gb.Data, gb.Stride)
		compare("Rank1", g, gb, 2, func(i, j, q int) (float32, float32) {
			if q == 1 {
				return old.Row(i)[j], 1
			}
			return x.Row(0)[i], e.Row(0)[j]
		})
	}
}

// BenchmarkOpenBLAS sets our products beside those of the library, one thread
// each.
func BenchmarkOpenBLAS(b *testing.B) {
	openblas.Threads(1)
	s := key.Root(22).Stream()
	for _, d := range [][3]int{{1, 784, 128}, {16, 784, 128}, {64, 784, 128}, {1, 40, 64}, {4, 40, 64}, {64, 40, 64}} {
		batch, k, n := d[0], d[1], d[2]
		dense := func(rows, cols int) *Matrix {
			m := New(rows, cols)
			for i := range rows {
				for j := range m.Row(i) {
					m.Row(i)[j] = float32(s.Uniform(-1e-3, 1e-3))
				}
			}
			return m
		}
		x, w, e := dense(batch, k), dense(k, n), dense(batch, n)
		y, back, g := New(batch, n), New(batch, k), New(k, n)
		race := func(name string, ours, theirs func()) {
			for _, r := range []struct {
				who string
				run func()
			}{{CPU(), ours}, {"openblas", theirs}} {
				b.Run(fmt.Sprintf("%s/%d×%d/batch=%d/%s", name, k, n, batch, r.who), func(b *testing.B) {
					for b.Loop() {
						r.run()
					}
					b.ReportMetric(float64(2*batch*k*n)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
				})
			}
		}
		if batch == 1 {
			race("forward", func() { Mul(y, x, w) },
				func() { openblas.Gemv(true, k, n, w.Data, w.Stride, x.Data, y.Data) })
			race("backward", func() { MulTB(back, e, w) },
				func() { openblas.Gemv(false, k, n, w.Data, w.Stride, e.Data, back.Data) })
			race("update", func() { Rank1(g, x.Row(0), e.Row(0), false) },
				func() { openblas.Ger(k, n, x.Data, e.Data, g.Data, g.Stride) })
			continue
		}
		race("forward", func() { Mul(y, x, w) },
			func() {
				openblas.Gemm(false, false, batch, n, k, x.Data, x.Stride, w.Data, w.Stride, 0, y.Data, y.Stride)
			})
		race("backward", func() { MulTB(back, e, w) },
			func() {
				openblas.Gemm(false, true, batch, k, n, e.Data, e.Stride, w.Data, w.Stride, 0, back.Data, back.Stride)
			})
		race("gradient", func() { MulTA(g, x, e) },
			func() {
				openblas.Gemm(true, false, k, n, batch, x.Data, x.Stride, e.Data, e.Stride, 1, g.Data, g.Stride)
			})
	}
}
