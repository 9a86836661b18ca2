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

// Tanh32 returns the hyperbolic tangent in float32 with at most 1.3 ULP
// error, odd, and x itself where that is the nearest number: polynomials of
// degree 7 about the middle of eight intervals of |x|.
//
// The intervals are half octaves of |x| + 0.75, so that bits of the sum number
// them: vectors take the coefficients of all lanes from one register each.
func Tanh32(x float32) float32 {
	sign := math.Float32bits(x) & (1 << 31)
	a := math.Float32frombits(math.Float32bits(x) &^ (1 << 31))
	if a > 9.02 {
		a = 9.02
	}
	c := &tanhTable[math.Float32bits(a+0.75)>>22&7]
	t := a - c[0]
	p := float32(c[8]*t) + c[7]
	p = float32(p*t) + c[6]
	p = float32(p*t) + c[5]
	p = float32(p*t) + c[4]
	p = float32(p*t) + c[3]
	p = float32(p*t) + c[2]
	p = float32(p*t) + c[1]
	return math.Float32frombits(math.Float32bits(p) | sign)
}

// tanhTable holds, for each interval, the middle m and the coefficients of
// tanh(m+t) in ascending order. They are minimax fits in units in the last
// place; the middles are those at which tanh m is nearly a float32, and have
// few enough digits for |x| - m to be exact. The first interval is the row of
// 0.75, the sixth.
var tanhTable = [8][9]float32{
	{1.7500572, 0.94138205, 0.11379986, -0.107126705, 0.06291463, -0.02357742, 0.003717485, 0.0023889674, -0.0020445979},           // 1.25 to 2.25
	{2.7356567, 0.9916238, 0.016682204, -0.016542468, 0.010843077, -0.0052382005, 0.0019518817, -0.0005559447, 0.000100511206},     // 2.25 to 3.25
	{4.2604294, 0.99960154, 0.00079672, -0.00079691305, 0.0005309852, -0.00026198768, 0.00010421091, -3.982342e-05, 1.1371693e-05}, // 3.25 to 5.25
	{6.2461967, 0.9999925, 1.5019859e-05, -1.50298e-05, 1.001938e-05, -4.9489677e-06, 1.9819731e-06, -7.646838e-07, 2.1640845e-07}, // 5.25 to 7.25
	{8.115034, 0.9999998, 3.576273e-07, -3.5773172e-07, 2.3842892e-07, -1.1839846e-07, 4.757809e-08, -1.7668258e-08, 4.8484e-09},   // 7.25 to 9.02
	{0, 0, 1, -3.516535e-08, -0.33333054, -7.0726055e-05, 0.13412978, -0.004284048, -0.044394575},                                  // 0 to 0.25
	{0.5010071, 0.4629088, 0.78571546, -0.36371437, -0.09354228, 0.16450898, -0.027358243, -0.049286544, 0.026021376},              // 0.25 to 0.75
	{1.0067062, 0.76439625, 0.41569838, -0.3177585, 0.104327396, 0.026197523, -0.045579918, 0.018269286, 0.0027820328},             // 0.75 to 1.25
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
