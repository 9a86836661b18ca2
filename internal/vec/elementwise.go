package vec

import (
	"math"

	"github.com/metaplast/metaplast/internal/fmath"
)

// The elementwise kernels set d[j] for every j < len(d). Their names end in
// the kinds of their operands: V a vector of at least that length, S a
// scalar. d may be one of the operands, but must not overlap one otherwise.
// Each element is rounded after every operation and depends on nothing but
// the operands at its place.

// AddVV sets d = a + b.
func AddVV(d, a, b []float32) {
	n := len(d)
	a, b = a[:n], b[:n]
	j := 0
	for ; j <= n-4; j += 4 {
		r, p, q := (*[4]float32)(d[j:]), (*[4]float32)(a[j:]), (*[4]float32)(b[j:])
		r[0] = p[0] + q[0]
		r[1] = p[1] + q[1]
		r[2] = p[2] + q[2]
		r[3] = p[3] + q[3]
	}
	for ; j < n; j++ {
		d[j] = a[j] + b[j]
	}
}

// AddVS sets d = a + s.
func AddVS(d, a []float32, s float32) {
	a = a[:len(d)]
	for j := range d {
		d[j] = a[j] + s
	}
}

// SubVV sets d = a - b.
func SubVV(d, a, b []float32) {
	n := len(d)
	a, b = a[:n], b[:n]
	j := 0
	for ; j <= n-4; j += 4 {
		r, p, q := (*[4]float32)(d[j:]), (*[4]float32)(a[j:]), (*[4]float32)(b[j:])
		r[0] = p[0] - q[0]
		r[1] = p[1] - q[1]
		r[2] = p[2] - q[2]
		r[3] = p[3] - q[3]
	}
	for ; j < n; j++ {
		d[j] = a[j] - b[j]
	}
}

// SubVS sets d = a - s.
func SubVS(d, a []float32, s float32) {
	a = a[:len(d)]
	for j := range d {
		d[j] = a[j] - s
	}
}

// SubSV sets d = s - a.
func SubSV(d []float32, s float32, a []float32) {
	a = a[:len(d)]
	for j := range d {
		d[j] = s - a[j]
	}
}

// MulVV sets d = a·b.
func MulVV(d, a, b []float32) {
	n := len(d)
	a, b = a[:n], b[:n]
	j := 0
	for ; j <= n-4; j += 4 {
		r, p, q := (*[4]float32)(d[j:]), (*[4]float32)(a[j:]), (*[4]float32)(b[j:])
		r[0] = p[0] * q[0]
		r[1] = p[1] * q[1]
		r[2] = p[2] * q[2]
		r[3] = p[3] * q[3]
	}
	for ; j < n; j++ {
		d[j] = a[j] * b[j]
	}
}

// MulVS sets d = a·s.
func MulVS(d, a []float32, s float32) {
	n := len(d)
	a = a[:n]
	j := 0
	for ; j <= n-4; j += 4 {
		r, p := (*[4]float32)(d[j:]), (*[4]float32)(a[j:])
		r[0] = p[0] * s
		r[1] = p[1] * s
		r[2] = p[2] * s
		r[3] = p[3] * s
	}
	for ; j < n; j++ {
		d[j] = a[j] * s
	}
}

// MulAddVVV sets d = a·b + c, rounding twice.
func MulAddVVV(d, a, b, c []float32) {
	a, b, c = a[:len(d)], b[:len(d)], c[:len(d)]
	for j := range d {
		d[j] = float32(a[j]*b[j]) + c[j]
	}
}

// MulAddVSV sets d = a·s + c, rounding twice.
func MulAddVSV(d, a []float32, s float32, c []float32) {
	n := len(d)
	a, c = a[:n], c[:n]
	j := 0
	for ; j <= n-4; j += 4 {
		r, p, q := (*[4]float32)(d[j:]), (*[4]float32)(a[j:]), (*[4]float32)(c[j:])
		r[0] = float32(p[0]*s) + q[0]
		r[1] = float32(p[1]*s) + q[1]
		r[2] = float32(p[2]*s) + q[2]
		r[3] = float32(p[3]*s) + q[3]
	}
	for ; j < n; j++ {
		d[j] = float32(a[j]*s) + c[j]
	}
}

// SubMulVVV sets d = c - a·b, rounding twice.
func SubMulVVV(d, c, a, b []float32) {
	a, b, c = a[:len(d)], b[:len(d)], c[:len(d)]
	for j := range d {
		d[j] = c[j] - float32(a[j]*b[j])
	}
}

// SubMulVVS sets d = c - a·s, rounding twice.
func SubMulVVS(d, c, a []float32, s float32) {
	a, c = a[:len(d)], c[:len(d)]
	for j := range d {
		d[j] = c[j] - float32(a[j]*s)
	}
}

// DivVV sets d = a/b.
func DivVV(d, a, b []float32) {
	a, b = a[:len(d)], b[:len(d)]
	for j := range d {
		d[j] = a[j] / b[j]
	}
}

// DivVS sets d = a/s.
func DivVS(d, a []float32, s float32) {
	a = a[:len(d)]
	for j := range d {
		d[j] = a[j] / s
	}
}

// DivSV sets d = s/a.
func DivSV(d []float32, s float32, a []float32) {
	a = a[:len(d)]
	for j := range d {
		d[j] = s / a[j]
	}
}

// The selections below choose between bit patterns, which compiles to
// conditional moves: branches on noisy values would be mispredicted.

// MinVV sets d = a where a < b, else b.
func MinVV(d, a, b []float32) {
	a, b = a[:len(d)], b[:len(d)]
	for j := range d {
		r := math.Float32bits(b[j])
		if x := math.Float32bits(a[j]); a[j] < b[j] {
			r = x
		}
		d[j] = math.Float32frombits(r)
	}
}

// MinVS sets d = a where a < s, else s.
func MinVS(d, a []float32, s float32) {
	a = a[:len(d)]
	t := math.Float32bits(s)
	for j := range d {
		r := t
		if x := math.Float32bits(a[j]); a[j] < s {
			r = x
		}
		d[j] = math.Float32frombits(r)
	}
}

// MinSV sets d = s where s < a, else a.
func MinSV(d []float32, s float32, a []float32) {
	a = a[:len(d)]
	t := math.Float32bits(s)
	for j := range d {
		r := math.Float32bits(a[j])
		if s < a[j] {
			r = t
		}
		d[j] = math.Float32frombits(r)
	}
}

// MaxVV sets d = a where a > b, else b.
func MaxVV(d, a, b []float32) {
	a, b = a[:len(d)], b[:len(d)]
	for j := range d {
		r := math.Float32bits(b[j])
		if x := math.Float32bits(a[j]); a[j] > b[j] {
			r = x
		}
		d[j] = math.Float32frombits(r)
	}
}

// MaxVS sets d = a where a > s, else s.
func MaxVS(d, a []float32, s float32) {
	a = a[:len(d)]
	t := math.Float32bits(s)
	for j := range d {
		r := t
		if x := math.Float32bits(a[j]); a[j] > s {
			r = x
		}
		d[j] = math.Float32frombits(r)
	}
}

// MaxSV sets d = s where s > a, else a.
func MaxSV(d []float32, s float32, a []float32) {
	a = a[:len(d)]
	t := math.Float32bits(s)
	for j := range d {
		r := math.Float32bits(a[j])
		if s > a[j] {
			r = t
		}
		d[j] = math.Float32frombits(r)
	}
}

// Relu sets d = 0 where a < 0, else a.
func Relu(d, a []float32) {
	a = a[:len(d)]
	for j := range d {
		r := math.Float32bits(a[j])
		if a[j] < 0 {
			r = 0
		}
		d[j] = math.Float32frombits(r)
	}
}

// Neg sets d = -a.
func Neg(d, a []float32) {
	a = a[:len(d)]
	for j := range d {
		d[j] = -a[j]
	}
}

// Abs sets d = |a|.
func Abs(d, a []float32) {
	a = a[:len(d)]
	for j := range d {
		d[j] = fmath.Abs32(a[j])
	}
}

// Square sets d = a·a.
func Square(d, a []float32) {
	a = a[:len(d)]
	for j := range d {
		d[j] = a[j] * a[j]
	}
}

// Cube sets d = (a·a)·a.
func Cube(d, a []float32) {
	a = a[:len(d)]
	for j := range d {
		x := a[j]
		d[j] = float32(x*x) * x
	}
}

// Sqrt sets d = √a.
func Sqrt(d, a []float32) {
	a = a[:len(d)]
	for j := range d {
		d[j] = fmath.Sqrt32(a[j])
	}
}

// Exp sets d = e^a.
func Exp(d, a []float32) {
	a = a[:len(d)]
	for j := range d {
		d[j] = fmath.Exp32(a[j])
	}
}

// Log sets d to the natural logarithm of a.
func Log(d, a []float32) {
	a = a[:len(d)]
	for j := range d {
		d[j] = fmath.Log32(a[j])
	}
}

// Tanh sets d = tanh a.
func Tanh(d, a []float32) {
	a = a[:len(d)]
	for j := range d {
		d[j] = fmath.Tanh32(a[j])
	}
}

// Sigmoid sets d = 1/(1+e^-a).
func Sigmoid(d, a []float32) {
	a = a[:len(d)]
	for j := range d {
		d[j] = fmath.Sigmoid32(a[j])
	}
}

// Fill sets d = s.
func Fill(d []float32, s float32) {
	for j := range d {
		d[j] = s
	}
}

// Finite reports whether x holds neither an infinity nor a NaN.
func Finite(x []float32) bool {
	if active != portable {
		return finiteNative(x)
	}
	var worst uint32
	for _, v := range x {
		worst = max(worst, math.Float32bits(v)&^(1<<31))
	}
	return worst < 0x7f800000
}
