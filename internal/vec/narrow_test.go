package vec

import (
	"math"
	"testing"

	"github.com/metaplast/metaplast/rulespace/key"
)

func TestMulColumn(t *testing.T) {
	a, b := New(3, 5), New(5, 1)
	for i := range a.Rows {
		for j := range a.Row(i) {
			a.Row(i)[j] = float32(i) + 1/float32(j+2)
		}
	}
	a.Row(1)[2], a.Row(1)[3] = 0, float32(math.Copysign(0, -1))
	for j := range b.Rows {
		b.Row(j)[0] = 0.1 * float32(j-3)
	}
	b.Row(2)[0] = float32(math.Inf(1)) // left out with the silent input
	got, want := New(3, 1), New(3, 1)
	Mul(got, a, b)
	for i := range a.Rows {
		addRows(want.Row(i), a.Cols, a.Row(i), 1, b.Data, b.Stride, false)
		if math.Float32bits(got.Row(i)[0]) != math.Float32bits(want.Row(i)[0]) {
			t.Errorf("row %d: %v, want %v", i, got.Row(i)[0], want.Row(i)[0])
		}
	}
}

func TestLimited(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	negative := math.Float32frombits(math.Float32bits(nan) | 1<<31)
	const limit = 1.5
	above := math.Nextafter32(limit, 2)
	for n := range 20 {
		x := make([]float32, n)
		if !Limited(x, 0) {
			t.Fatalf("%d zeros are not limited by 0", n)
		}
		for i := range x {
			for _, v := range []float32{0, limit, -limit, 1e-40, above, -above, inf, -inf, nan, negative} {
				clear(x)
				x[i] = v
				want := v >= -limit && v <= limit
				if Limited(x, math.Float32bits(limit)) != want {
					t.Errorf("%v at %d of %d: limited %v", v, i, n, !want)
				}
			}
		}
	}
}

// Softmax against its definition in float64, in place, for rows narrow and
// wide; relative error of a few roundings.
func TestSoftmax(t *testing.T) {
	each(t, func(t *testing.T) {
		for n := 1; n < 40; n++ {
			for _, gain := range []float32{1, 0.5} {
				x := source{key.Root(uint64(n)).Stream(), false}.row(n)
				want, sum := make([]float64, n), 0.0
				for j, z := range x {
					want[j] = math.Exp(float64(gain) * float64(z))
					sum += want[j]
				}
				Softmax(x, x, gain)
				for j, y := range x {
					if want[j] /= sum; math.Abs(float64(y)-want[j]) > 2e-6*want[j] {
						t.Fatalf("%d of %d, gain %v: %v, want %v", j, n, gain, y, want[j])
					}
				}
			}
		}
	})
}
