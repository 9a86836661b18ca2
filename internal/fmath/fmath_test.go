package fmath

import (
	"math"
	"testing"
)

// ulp32 is the error of got in units in the last place of the exact value.
func ulp32(got float32, want float64) float64 {
	r := math.Abs(float64(float32(want)))
	u := float64(math.Nextafter32(float32(r), float32(math.Inf(1)))) - r
	return math.Abs(float64(got)-want) / u
}

func TestFloat32Accuracy(t *testing.T) {
	cases := []struct {
		name   string
		f      func(float32) float32
		ref    func(float64) float64
		lo, hi float32
		maxULP float64 // measured 0.96, 0.82, 1.17, 2.4, 2.2 with a step of 61; margin for the rest
	}{
		{"exp", Exp32, math.Exp, -87, 88, 1.01},
		{"log", Log32, math.Log, 1e-38, 3e38, 1.01},
		{"tanh", Tanh32, math.Tanh, -20, 20, 1.25},
		{"sigmoid", Sigmoid32, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }, -80, 80, 3},
		{"softplus", Log1pExp32, func(x float64) float64 { return math.Max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }, -80, 80, 3},
	}
	for _, c := range cases {
		worst, at := 0.0, float32(0)
		check := func(x float32) {
			if e := ulp32(c.f(x), c.ref(float64(x))); e > worst || e != e {
				worst, at = e, x
			}
		}
		const step = 1009
		if c.lo < 0 {
			for u := uint32(1 << 20); u < math.Float32bits(-c.lo); u += step {
				check(-math.Float32frombits(u))
			}
		}
		start := uint32(1 << 20)
		if c.lo > 0 {
			start = math.Float32bits(c.lo)
		}
		for u := start; u < math.Float32bits(c.hi); u += step {
			check(math.Float32frombits(u))
		}
		if !(worst <= c.maxULP) {
			t.Errorf("%s: %.3f ULP at %g, want at most %g", c.name, worst, at, c.maxULP)
		}
	}
}

// Tanh32 is made of pieces: they have to meet without a step back, and below
// 2^-13 the nearest number is the argument.
func TestTanh32Shape(t *testing.T) {
	last := float32(0)
	for u := uint32(0); u < math.Float32bits(10); u += 151 {
		x := math.Float32frombits(u)
		y := Tanh32(x)
		if y < last || y > 1 {
			t.Fatalf("Tanh32(%g) = %g after %g", x, y, last)
		}
		if x < 0x1p-13 && y != x {
			t.Fatalf("Tanh32(%g) = %g", x, y)
		}
		if -Tanh32(-x) != y {
			t.Fatalf("Tanh32(±%g) differ", x)
		}
		last = y
	}
	if y := Tanh32(float32(math.Copysign(0, -1))); y != 0 || !math.Signbit(float64(y)) {
		t.Errorf("Tanh32(-0) = %v", y)
	}
}

func TestFloat64Accuracy(t *testing.T) {
	cases := []struct {
		name   string
		f, ref func(float64) float64
		lo, hi float64
	}{
		{"exp", Exp, math.Exp, -700, 700},
		{"log", Log, math.Log, 1e-300, 1e300},
		{"tanh", Tanh, math.Tanh, -25, 25},
		{"tanh near 0", Tanh, math.Tanh, -0.2, 0.2},
		{"sigmoid", Sigmoid, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }, -40, 40},
		{"softplus", Log1pExp, func(x float64) float64 { return math.Max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }, -40, 40},
	}
	for _, c := range cases {
		for i := 0; i <= 200000; i++ {
			x := c.lo + (c.hi-c.lo)*float64(i)/200000
			if c.lo > 0 {
				x = math.Exp(math.Log(c.lo) + (math.Log(c.hi)-math.Log(c.lo))*float64(i)/200000)
			}
			want := c.ref(x)
			if got := c.f(x); math.Abs(got-want) > 1e-15*math.Abs(want)+1e-320 {
				t.Fatalf("%s(%v) = %v, want %v", c.name, x, got, want)
			}
		}
	}
}

func TestSpecialValues(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	same := func(name string, got, want float64) {
		t.Helper()
		if got != want && !(got != got && want != want) {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}
	for _, x := range []float64{inf, -inf, nan, 0, math.Copysign(0, -1), 1000, -1000} {
		same("Exp", Exp(x), math.Exp(x))
		same("Log", Log(x), math.Log(x))
		same("Tanh", Tanh(x), math.Tanh(x))
		f := float32(x)
		same("Exp32", float64(Exp32(f)), float64(float32(math.Exp(x))))
		same("Tanh32", float64(Tanh32(f)), float64(float32(math.Tanh(x))))
	}
	same("Log32(-1)", float64(Log32(-1)), nan)
	same("Log32(0)", float64(Log32(0)), -inf)
	same("Log32(Inf)", float64(Log32(float32(inf))), inf)
	same("Log1pExp32(Inf)", float64(Log1pExp32(float32(inf))), inf)
	same("Log1pExp32(NaN)", float64(Log1pExp32(float32(nan))), nan)
	same("Sigmoid32(-Inf)", float64(Sigmoid32(float32(-inf))), 0)
}

func TestSinCos(t *testing.T) {
	for i := -4000; i <= 4000; i++ {
		x := float64(i) * 0.0137
		s, c := SinCos(x)
		if math.Abs(s-math.Sin(x)) > 1e-15 || math.Abs(c-math.Cos(x)) > 1e-15 {
			t.Errorf("SinCos(%v) = %v, %v, want %v, %v", x, s, c, math.Sin(x), math.Cos(x))
		}
	}
	if s, c := SinCos(math.Inf(1)); s == s || c == c {
		t.Error("sine of infinity is a number")
	}
}
