package vec

import (
	"math"
	"math/big"
	"testing"

	"github.com/metaplast/metaplast/rulespace/key"
)

// fmaExact rounds the exact a·b + c once.
func fmaExact(a, b, c float32) float32 {
	exact := new(big.Float).SetPrec(700)
	exact.Mul(big.NewFloat(float64(a)), big.NewFloat(float64(b)).SetPrec(700))
	exact.Add(exact, new(big.Float).SetPrec(700).SetFloat64(float64(c)))
	f, _ := exact.Float32()
	return f
}

func TestFMA(t *testing.T) {
	s := key.Root(1).Stream()
	bits := func(exponent, spread int) float32 {
		e := exponent + s.IntN(2*spread+1) - spread
		m := uint32(s.IntN(1 << 23))
		if s.IntN(2) == 0 { // few bits, so that sums end half way
			m &= 0x7f0000 | 1<<s.IntN(16)
		}
		return math.Float32frombits(uint32(max(0, min(254, e+127)))<<23 | m | uint32(s.IntN(2))<<31)
	}
	halfway := 0
	for i := range 200000 {
		a, b := bits(s.IntN(160)-80, 20), bits(s.IntN(160)-80, 20)
		c := bits(math.Ilogb(float64(a)*float64(b)+1e-300), 40)
		if i%2 == 0 { // almost half of the last place of c
			m, e := float32(s.IntN(5)-2)*0x1p-23, s.IntN(250)-125
			a, b, c = 1+m, float32(math.Ldexp(float64(1-m), e-24)), bits(e, 0)
		}
		got, want := fma(a, b, c), fmaExact(a, b, c)
		if !same(got, want) && got != 0 {
			t.Fatalf("fma(%b, %b, %b) is %b, want %b", a, b, c, got, want)
		}
		if got != float32(float64(a)*float64(b)+float64(c)) {
			halfway++
		}
	}
	if halfway == 0 {
		t.Error("no case in which rounding twice differs")
	}
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	zero := float32(0)
	for _, c := range [][4]float32{
		{inf, 1, 1, inf}, {inf, 1, -inf, nan}, {inf, 0, 1, nan}, {nan, 1, 1, nan}, {1, 1, inf, inf},
		{3e38, 3e38, -inf, -inf}, {3e38, 2, -3e38, 3e38}, {3e38, 3e38, 1, inf}, {-1, zero, zero, zero}, {1, zero, -zero, zero},
		{1e-40, -1e-40, 0, float32(math.Copysign(0, -1))}, {1e-40, 1e-40, -1, -1},
		{1 + 0x1p-23, 1 + 0x1p-23, -1 - 0x1p-22, 0x1p-46},
		{0x1p-100, 0x1p-50, 0x1p-149, 0x1p-148}, {0x1p-100, 0x1.fffffep-51, 0x1p-149, 0x1p-149}, {0x1.8p-100, 0x1p-50, 0x1p-149, 0x1p-148},
		{1 + 0x1p-12, 1 - 0x1p-12, 0x1p24, 0x1p24}, {1 + 0x1p-12, 1 + 0x1p-12, 0x1p24, 0x1p24 + 2},
	} {
		if got := fma(c[0], c[1], c[2]); !same(got, c[3]) {
			t.Errorf("fma(%v, %v, %v) is %v, want %v", c[0], c[1], c[2], got, c[3])
		}
	}
}

// Fused products have the chains of the strict ones: against exact numbers.
func TestFastProducts(t *testing.T) {
	hasten(t, true)
	each(t, fastProducts)
}

func fastProducts(t *testing.T) {
	hasten(t, true)
	x := source{key.Root(2).Stream(), false}
	for _, size := range [][3]int{{1, 1, 1}, {1, 20, 33}, {2, 17, 40}, {7, 31, 21}, {13, 3, 70}} {
		b, k, n := size[0], size[1], size[2]
		a, w, e := x.sparse(b, k, 6), x.matrix(k, n), x.matrix(b, n)
		y, g, back := New(b, n), x.matrix(k, n), New(b, k)
		before := append([]float32(nil), g.Data...)
		Mul(y, a, w)
		MulTA(g, a, e)
		MulTB(back, e, w)
		for i := range b {
			for j := range n {
				sum := float32(0)
				for m := range k {
					sum = fmaExact(a.Row(i)[m], w.Row(m)[j], sum)
				}
				if got := y.Row(i)[j]; got != sum {
					t.Fatalf("Mul %v: element %d, %d is %v, want %v", size, i, j, got, sum)
				}
			}
		}
		for m := range k {
			for j := range n {
				sum := float32(0)
				for i := range b {
					sum = fmaExact(a.Row(i)[m], e.Row(i)[j], sum)
				}
				if got, want := g.Row(m)[j], before[m*g.Stride+j]+sum; got != want {
					t.Fatalf("MulTA %v: element %d, %d is %v, want %v", size, m, j, got, want)
				}
			}
		}
		for i := range b {
			for m := range k {
				var lanes [16]float32
				for j := range n {
					lanes[j%16] = fmaExact(e.Row(i)[j], w.Row(m)[j], lanes[j%16])
				}
				for _, half := range []int{8, 4, 2, 1} {
					for l := range half {
						lanes[l] += lanes[l+half]
					}
				}
				if got := back.Row(i)[m]; got != lanes[0] {
					t.Fatalf("MulTB %v: element %d, %d is %v, want %v", size, i, m, got, lanes[0])
				}
				if got := Dot(e.Row(i), w.Row(m)); got != lanes[0] {
					t.Fatalf("Dot of %v: %v, want %v", size, got, lanes[0])
				}
			}
		}
	}
}

// A product too small for a float32 rounds to -0; skipping a zero after it
// must not show.
func TestFastZeros(t *testing.T) {
	hasten(t, true)
	each(t, func(t *testing.T) {
		for _, rows := range []int{1, 4} {
			a, w, y := New(rows, 3), New(3, 20), New(rows, 20)
			for i := range rows {
				copy(a.Row(i), []float32{1e-40, 0, 0})
			}
			Fill(w.Row(0), -1e-40)
			Fill(w.Row(1), 1)
			Mul(y, a, w)
			for _, v := range y.Row(0) {
				if math.Float32bits(v) != 0 {
					t.Fatalf("%d rows: %v, want +0", rows, v)
				}
			}
		}
	})
}

// Products that are longer than one call.
func TestLongChains(t *testing.T) {
	for _, fused := range []bool{false, true} {
		hasten(t, fused)
		x := source{key.Root(3).Stream(), false}
		const k = 2*longest + 77
		a, w, tall, e := x.matrix(7, k), x.matrix(k, 21), x.matrix(k, 7), x.matrix(k, 21)
		var want, wantTA *Matrix
		for _, p := range native() {
			use(t, p)
			y, g := New(7, 21), New(7, 21)
			Mul(y, a, w)
			MulTA(g, tall, e)
			if p == portable {
				want, wantTA = y, g
				continue
			}
			check(t, "long Mul on "+pathNames[p], y.Data, want.Data)
			check(t, "long MulTA on "+pathNames[p], g.Data, wantTA.Data)
		}
	}
}
