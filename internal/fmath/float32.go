package fmath

import "math"

// Exp32 returns e^x in float32 with at most 1 ULP error on normal results.
//
// n = rint(x·log2 e), a two-term Cody–Waite reduction and the degree-5
// polynomial of Cephes expf (S. Moshier, 1992), scaled in two steps so that
// subnormal results and the overflow threshold are covered.
func Exp32(x float32) float32 {
	if !(x < 88.72284) {
		if x != x {
			return x
		}
		return float32(math.Inf(1))
	}
	if x < -103.97283 {
		return 0
	}
	t := float32(x*1.44269504088896341) + 12582912 // adding 1.5·2^23 rounds to nearest even
	f := t - 12582912
	n := int32(math.Float32bits(t)) - 0x4B400000
	r := x - float32(f*0.693359375)
	r = r - float32(f*-2.12194440e-4)
	p := float32(1.9875691500e-4)
	p = float32(p*r) + 1.3981999507e-3
	p = float32(p*r) + 8.3334519073e-3
	p = float32(p*r) + 4.1665795894e-2
	p = float32(p*r) + 1.6666665459e-1
	p = float32(p*r) + 5.0000001201e-1
	p = float32(p*float32(r*r)) + r
	p = p + 1
	h := n >> 1
	return float32(p*math.Float32frombits(uint32(h+127)<<23)) * math.Float32frombits(uint32(n-h+127)<<23)
}

// Log32 returns the natural logarithm in float32 with at most 1 ULP error:
// NaN for negative x, -Inf for 0. Polynomial of Cephes logf.
func Log32(x float32) float32 {
	switch {
	case x < 0 || x != x:
		return float32(math.NaN())
	case x == 0:
		return float32(math.Inf(-1))
	case x > math.MaxFloat32:
		return x
	}
	var e int32
	if x < 0x1p-126 {
		x *= 0x1p23
		e = -23
	}
	u := math.Float32bits(x)
	e += int32(u>>23) - 126
	m := math.Float32frombits(u&0x7fffff | 0x3f000000)
	if m < 0.707106781186547524 {
		e--
		m = m + m - 1
	} else {
		m = m - 1
	}
	z := float32(m * m)
	y := float32(7.0376836292e-2)
	y = float32(y*m) + -1.1514610310e-1
	y = float32(y*m) + 1.1676998740e-1
	y = float32(y*m) + -1.2420140846e-1
	y = float32(y*m) + 1.4249322787e-1
	y = float32(y*m) + -1.6668057665e-1
	y = float32(y*m) + 2.0000714765e-1
	y = float32(y*m) + -2.4999993993e-1
	y = float32(y*m) + 3.3333331174e-1
	y = float32(float32(y*m) * z)
	fe := float32(e)
	y = y + float32(fe*-2.12194440e-4)
	y = y - float32(0.5*z)
	return float32(m+y) + float32(fe*0.693359375)
}

// Tanh32 returns the hyperbolic tangent in float32 with at most 1.4 ULP
// error: an odd polynomial (Cephes tanhf) below 0.625, 1-2/(e^2x+1) above.
func Tanh32(x float32) float32 {
	ax := math.Float32frombits(math.Float32bits(x) &^ (1 << 31))
	if ax < 0.625 {
		z := float32(x * x)
		p := float32(-5.70498872745e-3)
		p = float32(p*z) + 2.06390887954e-2
		p = float32(p*z) + -5.37397155531e-2
		p = float32(p*z) + 1.33314422036e-1
		p = float32(p*z) + -3.33332819422e-1
		return float32(float32(p*z)*x) + x
	}
	y := float32(1)
	if !(ax > 9.02) {
		y = 1 - 2/(Exp32(ax+ax)+1)
	}
	if x < 0 {
		return -y
	}
	return y
}

// Sigmoid32 returns 1/(1+e^-x) in float32.
func Sigmoid32(x float32) float32 {
	if x < 0 {
		e := Exp32(x)
		return e / (1 + e)
	}
	return 1 / (1 + Exp32(-x))
}

// Log1pExp32 returns ln(1+e^x), the softplus function, without overflow.
func Log1pExp32(x float32) float32 {
	e := Exp32(-math.Float32frombits(math.Float32bits(x) &^ (1 << 31)))
	u := 1 + e
	// ln(1+e) with the rounding error of 1+e restored (Kahan).
	l := e
	if u != 1 {
		l = float32(Log32(u)*e) / (u - 1)
	}
	if x > 0 {
		return x + l
	}
	if x != x {
		return x
	}
	return l
}

// Sqrt32 returns the correctly rounded square root.
func Sqrt32(x float32) float32 { return float32(math.Sqrt(float64(x))) }

// Abs32 clears the sign bit.
func Abs32(x float32) float32 {
	return math.Float32frombits(math.Float32bits(x) &^ (1 << 31))
}
