package vec

import (
	"math"

	"github.com/metaplast/metaplast/internal/fmath"
)

// The portable elementwise kernels, which define the bits of all others.

func addVV(d, a, b []float32) {
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

func addVS(d, a []float32, s float32) {
	a = a[:len(d)]
	for j := range d {
		d[j] = a[j] + s
	}
}

func subVV(d, a, b []float32) {
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

func subVS(d, a []float32, s float32) {
	a = a[:len(d)]
	for j := range d {
		d[j] = a[j] - s
	}
}

func subSV(d []float32, s float32, a []float32) {
	a = a[:len(d)]
	for j := range d {
		d[j] = s - a[j]
	}
}

func mulVV(d, a, b []float32) {
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

func mulVS(d, a []float32, s float32) {
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

func mulAddVVV(d, a, b, c []float32) {
	a, b, c = a[:len(d)], b[:len(d)], c[:len(d)]
	for j := range d {
		d[j] = float32(a[j]*b[j]) + c[j]
	}
}

func mulAddVSV(d, a []float32, s float32, c []float32) {
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

func subMulVVV(d, c, a, b []float32) {
	a, b, c = a[:len(d)], b[:len(d)], c[:len(d)]
	for j := range d {
		d[j] = c[j] - float32(a[j]*b[j])
	}
}

func subMulVVS(d, c, a []float32, s float32) {
	a, c = a[:len(d)], c[:len(d)]
	for j := range d {
		d[j] = c[j] - float32(a[j]*s)
	}
}

func divVV(d, a, b []float32) {
	a, b = a[:len(d)], b[:len(d)]
	for j := range d {
		d[j] = a[j] / b[j]
	}
}

func divVS(d, a []float32, s float32) {
	a = a[:len(d)]
	for j := range d {
		d[j] = a[j] / s
	}
}

func divSV(d []float32, s float32, a []float32) {
	a = a[:len(d)]
	for j := range d {
		d[j] = s / a[j]
	}
}

// The selections below choose between bit patterns, which compiles to
// conditional moves: branches on noisy values would be mispredicted.

func minVV(d, a, b []float32) {
	a, b = a[:len(d)], b[:len(d)]
	for j := range d {
		r := math.Float32bits(b[j])
		if x := math.Float32bits(a[j]); a[j] < b[j] {
			r = x
		}
		d[j] = math.Float32frombits(r)
	}
}

func minVS(d, a []float32, s float32) {
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

func minSV(d []float32, s float32, a []float32) {
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

func maxVV(d, a, b []float32) {
	a, b = a[:len(d)], b[:len(d)]
	for j := range d {
		r := math.Float32bits(b[j])
		if x := math.Float32bits(a[j]); a[j] > b[j] {
			r = x
		}
		d[j] = math.Float32frombits(r)
	}
}

func maxVS(d, a []float32, s float32) {
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

func maxSV(d []float32, s float32, a []float32) {
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

func relu(d, a []float32) {
	a = a[:len(d)]
	for j := range d {
		r := math.Float32bits(a[j])
		if a[j] < 0 {
			r = 0
		}
		d[j] = math.Float32frombits(r)
	}
}

func neg(d, a []float32) {
	a = a[:len(d)]
	for j := range d {
		d[j] = -a[j]
	}
}

func abs(d, a []float32) {
	a = a[:len(d)]
	for j := range d {
		d[j] = fmath.Abs32(a[j])
	}
}

func square(d, a []float32) {
	a = a[:len(d)]
	for j := range d {
		d[j] = a[j] * a[j]
	}
}

func cube(d, a []float32) {
	a = a[:len(d)]
	for j := range d {
		x := a[j]
		d[j] = float32(x*x) * x
	}
}

func sqrt(d, a []float32) {
	a = a[:len(d)]
	for j := range d {
		d[j] = fmath.Sqrt32(a[j])
	}
}

func exp(d, a []float32) {
	a = a[:len(d)]
	for j := range d {
		d[j] = fmath.Exp32(a[j])
	}
}

func log(d, a []float32) {
	a = a[:len(d)]
	for j := range d {
		d[j] = fmath.Log32(a[j])
	}
}

func tanh(d, a []float32) {
	a = a[:len(d)]
	for j := range d {
		d[j] = fmath.Tanh32(a[j])
	}
}

func sigmoid(d, a []float32) {
	a = a[:len(d)]
	for j := range d {
		d[j] = fmath.Sigmoid32(a[j])
	}
}

func softplus(d, a []float32) {
	a = a[:len(d)]
	for j := range d {
		d[j] = fmath.Log1pExp32(a[j])
	}
}
