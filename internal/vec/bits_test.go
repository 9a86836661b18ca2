package vec

import (
	"math"
	"testing"

	"github.com/metaplast/metaplast/internal/fmath"
	"github.com/metaplast/metaplast/rulespace/key"
)

// lengths that leave every remainder of unrolled loops.
var lengths = []int{0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 130}

// special values meet each other at every place of a vector.
var special = []float32{0, float32(math.Copysign(0, -1)), 1, -1, 0.5, -3, 1e-40, -1e-40, 3e38, -3e38,
	float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())}

func numbers(s *key.Stream, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(s.Normal())
		if s.IntN(3) == 0 {
			v[i] = special[s.IntN(len(special))]
		}
	}
	return v
}

// same compares bits, taking all NaN as one.
func same(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

func check(t *testing.T, name string, got, want []float32) {
	t.Helper()
	for j := range want {
		if !same(got[j], want[j]) {
			t.Fatalf("%s of %d: element %d is %v, want %v", name, len(want), j, got[j], want[j])
		}
	}
}

func TestElementwise(t *testing.T) { each(t, elementwise) }

func elementwise(t *testing.T) {
	s := key.Root(3).Stream()
	for _, n := range lengths {
		for range 20 {
			a, b, c, x := numbers(s, n+3), numbers(s, n), numbers(s, n), numbers(s, 1)[0]
			run := func(name string, kernel func(d []float32), want func(j int) float32) {
				t.Helper()
				w := make([]float32, n)
				for j := range w {
					w[j] = want(j)
				}
				d := make([]float32, n)
				kernel(d)
				check(t, name, d, w)
			}
			run("AddVV", func(d []float32) { AddVV(d, a, b) }, func(j int) float32 { return a[j] + b[j] })
			run("AddVS", func(d []float32) { AddVS(d, a, x) }, func(j int) float32 { return a[j] + x })
			run("SubVV", func(d []float32) { SubVV(d, a, b) }, func(j int) float32 { return a[j] - b[j] })
			run("SubVS", func(d []float32) { SubVS(d, a, x) }, func(j int) float32 { return a[j] - x })
			run("SubSV", func(d []float32) { SubSV(d, x, a) }, func(j int) float32 { return x - a[j] })
			run("MulVV", func(d []float32) { MulVV(d, a, b) }, func(j int) float32 { return a[j] * b[j] })
			run("MulVS", func(d []float32) { MulVS(d, a, x) }, func(j int) float32 { return a[j] * x })
			run("DivVV", func(d []float32) { DivVV(d, a, b) }, func(j int) float32 { return a[j] / b[j] })
			run("DivVS", func(d []float32) { DivVS(d, a, x) }, func(j int) float32 { return a[j] / x })
			run("DivSV", func(d []float32) { DivSV(d, x, a) }, func(j int) float32 { return x / a[j] })
			run("MulAddVVV", func(d []float32) { MulAddVVV(d, a, b, c) }, func(j int) float32 { return float32(a[j]*b[j]) + c[j] })
			run("MulAddVSV", func(d []float32) { MulAddVSV(d, a, x, c) }, func(j int) float32 { return float32(a[j]*x) + c[j] })
			run("SubMulVVV", func(d []float32) { SubMulVVV(d, c, a, b) }, func(j int) float32 { return c[j] - float32(a[j]*b[j]) })
			run("SubMulVVS", func(d []float32) { SubMulVVS(d, c, a, x) }, func(j int) float32 { return c[j] - float32(a[j]*x) })
			less := func(a, b float32) float32 {
				if a < b {
					return a
				}
				return b
			}
			more := func(a, b float32) float32 {
				if a > b {
					return a
				}
				return b
			}
			run("MinVV", func(d []float32) { MinVV(d, a, b) }, func(j int) float32 { return less(a[j], b[j]) })
			run("MinVS", func(d []float32) { MinVS(d, a, x) }, func(j int) float32 { return less(a[j], x) })
			run("MinSV", func(d []float32) { MinSV(d, x, a) }, func(j int) float32 { return less(x, a[j]) })
			run("MaxVV", func(d []float32) { MaxVV(d, a, b) }, func(j int) float32 { return more(a[j], b[j]) })
			run("MaxVS", func(d []float32) { MaxVS(d, a, x) }, func(j int) float32 { return more(a[j], x) })
			run("MaxSV", func(d []float32) { MaxSV(d, x, a) }, func(j int) float32 { return more(x, a[j]) })
			run("Relu", func(d []float32) { Relu(d, a) }, func(j int) float32 {
				if a[j] < 0 {
					return 0
				}
				return a[j]
			})
			run("Neg", func(d []float32) { Neg(d, a) }, func(j int) float32 { return -a[j] })
			run("Abs", func(d []float32) { Abs(d, a) }, func(j int) float32 { return float32(math.Abs(float64(a[j]))) })
			run("Square", func(d []float32) { Square(d, a) }, func(j int) float32 { return a[j] * a[j] })
			run("Cube", func(d []float32) { Cube(d, a) }, func(j int) float32 { return float32(a[j]*a[j]) * a[j] })
			run("Sqrt", func(d []float32) { Sqrt(d, a) }, func(j int) float32 { return float32(math.Sqrt(float64(a[j]))) })
			run("Exp", func(d []float32) { Exp(d, a) }, func(j int) float32 { return fmath.Exp32(a[j]) })
			run("Log", func(d []float32) { Log(d, a) }, func(j int) float32 { return fmath.Log32(a[j]) })
			run("Tanh", func(d []float32) { Tanh(d, a) }, func(j int) float32 { return fmath.Tanh32(a[j]) })
			run("Sigmoid", func(d []float32) { Sigmoid(d, a) }, func(j int) float32 { return fmath.Sigmoid32(a[j]) })
			run("TanhSlope", func(d []float32) { TanhSlope(d, a, b) }, func(j int) float32 {
				return float32(a[j] * (1 - float32(b[j]*b[j])))
			})
			run("Fill", func(d []float32) { Fill(d, x) }, func(int) float32 { return x })
			run("Axpy", func(d []float32) { copy(d, b); Axpy(d, x, a) }, func(j int) float32 { return b[j] + float32(x*a[j]) })
			run("in place", func(d []float32) { copy(d, c); MulAddVVV(d, d, b, d) }, func(j int) float32 { return float32(c[j]*b[j]) + c[j] })

			finite := true
			for _, v := range b {
				finite = finite && v-v == 0
			}
			if Finite(b) != finite {
				t.Fatalf("Finite(%v) is %v", b, !finite)
			}
		}
	}
}

// lanes is the definition of Dot, word for word.
func lanes(x, y []float32) float32 {
	var a [16]float32
	for i := range x {
		a[i%16] += float32(x[i] * y[i])
	}
	for n := 8; n >= 1; n /= 2 {
		for l := range n {
			a[l] += a[l+n]
		}
	}
	return a[0]
}

func TestProductsToTheBit(t *testing.T) { each(t, productsToTheBit) }

func productsToTheBit(t *testing.T) {
	s := key.Root(4).Stream()
	for _, n := range lengths[1:] {
		for _, rows := range []int{1, 2, 3, 6} {
			x, w := random(s, 5, n), random(s, rows, n)
			y := New(5, rows)
			MulTB(y, x, w)
			for i := range 5 {
				for m := range rows {
					want := lanes(x.Row(i), w.Row(m))
					if got := y.Row(i)[m]; !same(got, want) || !same(Dot(x.Row(i), w.Row(m)), want) {
						t.Fatalf("dot product of %d is %v in MulTB, %v in Dot, want %v", n, got, Dot(x.Row(i), w.Row(m)), want)
					}
				}
			}
			ones := New(1, n)
			Fill(ones.Row(0), 1)
			if got, want := Sum(x.Row(0)), lanes(x.Row(0), ones.Row(0)); !same(got, want) {
				t.Fatalf("sum of %d is %v, want %v", n, got, want)
			}

			// Mul and MulTA against chains written out, with silent inputs that
			// meet infinities.
			a, b := random(s, rows, 9), random(s, 9, n)
			b.Row(4)[0] = float32(math.Inf(1))
			for i := range rows {
				a.Row(i)[4] = 0
			}
			d := New(rows, n)
			Mul(d, a, b)
			g := random(s, 9, n)
			h := random(s, 9, rows)
			gt, old := New(rows, n), New(rows, n)
			gt.CopyFrom(d)
			old.CopyFrom(d)
			MulTA(gt, h, g)
			for i := range rows {
				for j := range n {
					sum, grad, silent := float32(0), float32(0), true
					for k := range 9 {
						if a.Row(i)[k] != 0 {
							sum += float32(a.Row(i)[k] * b.Row(k)[j])
						}
						if h.Row(k)[i] != 0 {
							grad += float32(h.Row(k)[i] * g.Row(k)[j])
							silent = false
						}
					}
					if grad += old.Row(i)[j]; silent {
						grad = old.Row(i)[j]
					}
					if !same(d.Row(i)[j], sum) || !same(gt.Row(i)[j], grad) {
						t.Fatalf("Mul %v want %v, MulTA %v want %v", d.Row(i)[j], sum, gt.Row(i)[j], grad)
					}
				}
			}
		}
	}
}

func TestAddRowsLeavesNothingOut(t *testing.T) { each(t, addRowsLeavesNothingOut) }

func addRowsLeavesNothingOut(t *testing.T) {
	d := []float32{1, 1}
	x := []float32{float32(math.Inf(1)), 2, 3, 4}
	AddRows(d, 2, []float32{0, 1}, 1, x, 2, false)
	check(t, "AddRows", d, []float32{4, 5})
	AddRows(d, 2, []float32{0, 1}, 1, x, 2, true)
	check(t, "AddRows of all", d, []float32{float32(math.NaN()), 9})
}

func TestRankUpdates(t *testing.T) { each(t, rankUpdates) }

func rankUpdates(t *testing.T) {
	s := key.Root(5).Stream()
	for _, shape := range [][2]int{{1, 1}, {3, 7}, {5, 8}, {4, 33}} {
		rows, cols := shape[0], shape[1]
		column := func() []float32 {
			return append([]float32{0}, random(s, 1, rows).Row(0)...)[:rows] // the first row is silent
		}
		row := func() []float32 { return random(s, 1, cols).Row(0) }
		g, h, u, f, k, v := column(), column(), column(), row(), row(), row()
		old := random(s, rows, cols)
		run := func(name string, kernel func(w *Matrix), change func(w float32, i, j int) float32) {
			t.Helper()
			w := New(rows, cols)
			w.CopyFrom(old)
			kernel(w)
			for i := range rows {
				want := make([]float32, cols)
				for j := range want {
					want[j] = old.Row(i)[j] + change(old.Row(i)[j], i, j)
				}
				check(t, name, w.Row(i), want)
			}
		}
		for _, all := range []bool{false, true} {
			run("Rank1", func(w *Matrix) { Rank1(w, g, f, all) }, func(_ float32, i, j int) float32 { return g[i] * f[j] })
			run("Rank1Column", func(w *Matrix) { Rank1Column(w, g, f, u, all) },
				func(_ float32, i, j int) float32 { return float32(g[i]*f[j]) + u[i] })
			run("Rank2", func(w *Matrix) { Rank2(w, g, f, h, k, all) },
				func(_ float32, i, j int) float32 { return float32(g[i]*f[j]) + float32(h[i]*k[j]) })
			run("Rank1Gated", func(w *Matrix) { Rank1Gated(w, g, f, u, all) },
				func(w float32, i, j int) float32 { return float32(g[i]*f[j]) + float32(w*u[i]) })
		}
		run("Rank1Decay", func(w *Matrix) { Rank1Decay(w, g, f, v) },
			func(w float32, i, j int) float32 { return float32(g[i]*f[j]) + float32(w*v[j]) })
		run("Rank2Decay", func(w *Matrix) { Rank2Decay(w, g, f, h, k, v) }, func(w float32, i, j int) float32 {
			return float32(float32(g[i]*f[j])+float32(h[i]*k[j])) + float32(w*v[j])
		})
		f[0] = float32(math.NaN())
		for _, all := range []bool{false, true} {
			w := New(rows, cols)
			Rank1(w, g, f, all)
			if (w.Row(0)[0] != 0) != all {
				t.Errorf("a NaN meets a silent row: %v with all %v", w.Row(0)[0], all)
			}
		}
	}
}

func BenchmarkMulTA784x128Batch16(b *testing.B) { bench(b, runMulTA784x128Batch16) }

func runMulTA784x128Batch16(b *testing.B) {
	s := key.Root(1).Stream()
	x, e, g := random(s, 16, 784), random(s, 16, 128), New(784, 128)
	b.ReportAllocs()
	for b.Loop() {
		MulTA(g, x, e)
	}
	b.ReportMetric(2*16*784*128*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}

func BenchmarkMul784x128Batch16(b *testing.B) { bench(b, runMul784x128Batch16) }

func runMul784x128Batch16(b *testing.B) {
	s := key.Root(1).Stream()
	x, w, y := random(s, 16, 784), random(s, 784, 128), New(16, 128)
	b.ReportAllocs()
	for b.Loop() {
		Mul(y, x, w)
	}
	b.ReportMetric(2*16*784*128*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}

func BenchmarkRank1_784x128(b *testing.B) { bench(b, runRank1_784x128) }

func runRank1_784x128(b *testing.B) {
	s := key.Root(1).Stream()
	g, f, w := random(s, 1, 784), random(s, 1, 128), New(784, 128)
	b.ReportAllocs()
	for b.Loop() {
		Rank1(w, g.Row(0), f.Row(0), true)
	}
	b.ReportMetric(784*128*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gsynapse/s")
}

func BenchmarkTanh(b *testing.B) { bench(b, runTanh) }

func runTanh(b *testing.B) {
	s := key.Root(1).Stream()
	x, d := random(s, 1, 256).Row(0), make([]float32, 256)
	b.ReportAllocs()
	for b.Loop() {
		Tanh(d, x)
	}
	b.ReportMetric(256*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gel/s")
}

// AddProducts is Products and MulAddVSV, to the bit.
func TestAddProducts(t *testing.T) {
	each(t, func(t *testing.T) {
		for n := 1; n < 40; n++ {
			x := source{key.Root(uint64(n)).Stream(), false}
			m, kn, scale := 1+n%14, 1+n*9%33, x.row(1)
			d, g, f := x.matrix(m, n), x.sparse(kn, m, n%9), x.matrix(kn, n)
			product, want := New(m, n), New(m, n)
			want.CopyFrom(d)
			Products(Rows{product.Data, product.Stride}, m, n, kn, g.Data, g.Stride, f.Data, f.Stride, false)
			for i := range m {
				MulAddVSV(want.Row(i), product.Row(i), scale[0], want.Row(i))
			}
			AddProducts(Rows{d.Data, d.Stride}, m, n, kn, g.Data, g.Stride, f.Data, f.Stride, false, scale, make([]float32, n))
			check(t, "AddProducts", d.Data, want.Data)
		}
	})
}
