package outer

import (
	"math"
	"testing"
)

func TestInterval(t *testing.T) {
	// Student (1908), additional hours of sleep gained with the second drug:
	// mean 2.33, 95 % interval 0.90 to 3.76 (R: t.test(sleep$extra[11:20])).
	sleep := []float64{1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4}
	got := NewInterval(sleep)
	if math.Abs(got.Mean-2.33) > 1e-12 || got.N != 10 {
		t.Errorf("mean %v of %d values, want 2.33 of 10", got.Mean, got.N)
	}
	for _, c := range [][2]float64{{got.Low, 0.8976775}, {got.High, 3.7623225}} {
		if math.Abs(c[0]-c[1]) > 5e-6 { // rounding to six digits
			t.Errorf("bound %v, want %v", c[0], c[1])
		}
	}
	if one := NewInterval([]float64{0.3}); one != (Interval{0.3, 0.3, 0.3, 1}) {
		t.Errorf("interval of one value is %v", one)
	}
	if none := NewInterval(nil); none != (Interval{}) {
		t.Errorf("interval of nothing is %v", none)
	}
	if same := NewInterval([]float64{0.1, 0.1, 0.1}); same.Low > same.Mean || same.High < same.Mean {
		t.Errorf("interval %v does not hold its mean", same)
	}
}

func TestRound(t *testing.T) {
	for _, c := range []struct {
		v    float64
		want float64
	}{{0.0031622776, 0.003162}, {123456, 123500}, {-2.99999, -3}, {0, 0}, {math.Inf(1), math.Inf(1)}} {
		if got := round(c.v, 4); got != c.want {
			t.Errorf("round(%v) = %v, want %v", c.v, got, c.want)
		}
	}
}
