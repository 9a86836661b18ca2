package fmath

import "math"

// The float64 functions replace those of package math wherever a value can
// reach a result: math.Exp, Log and Tanh differ in the last bit between
// architectures. Each product is rounded explicitly so that no compiler may
// fuse it with an addition.

const (
	ln2Hi = 6.93147180369123816490e-01
	ln2Lo = 1.90821492927058770002e-10
)

// Exp returns e^x (fdlibm's e_exp: reduction by ln 2 and a rational
// approximation), error below 1 ULP.
func Exp(x float64) float64 {
	switch {
	case x != x || x > math.MaxFloat64:
		return x
	case x < -745.2:
		return 0
	case x > 709.782712893383973096:
		return math.Inf(1)
	}
	var k float64
	switch {
	case x < 0:
		k = math.Trunc(float64(x*math.Log2E) - 0.5)
	case x > 0:
		k = math.Trunc(float64(x*math.Log2E) + 0.5)
	}
	hi := x - float64(k*ln2Hi)
	lo := float64(k * ln2Lo)
	r := hi - lo
	t := float64(r * r)
	c := float64(t * 4.13813679705723846039e-08)
	c = float64(t * (c - 1.65339022054652515390e-06))
	c = float64(t * (c + 6.61375632143793436117e-05))
	c = float64(t * (c - 2.77777777770155933842e-03))
	c = float64(t * (c + 1.66666666666666019037e-01))
	c = r - c
	y := 1 - ((lo - float64(r*c)/(2-c)) - hi)
	return math.Ldexp(y, int(k))
}

// Log returns the natural logarithm (fdlibm's e_log), error below 1 ULP.
func Log(x float64) float64 {
	switch {
	case x != x || x > math.MaxFloat64:
		return x
	case x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	}
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m *= 2
		e--
	}
	f := m - 1
	k := float64(e)
	s := f / (2 + f)
	s2 := float64(s * s)
	s4 := float64(s2 * s2)
	t1 := float64(s4 * 1.479819860511658591e-01)
	t1 = float64(s4 * (t1 + 1.818357216161805012e-01))
	t1 = float64(s4 * (t1 + 2.857142874366239149e-01))
	t1 = float64(s2 * (t1 + 6.666666666666735130e-01))
	t2 := float64(s4 * 1.531383769920937332e-01)
	t2 = float64(s4 * (t2 + 2.222219843214978396e-01))
	t2 = float64(s4 * (t2 + 3.999999999940941908e-01))
	r := t1 + t2
	hfsq := float64(float64(0.5*f) * f)
	return float64(k*ln2Hi) - ((hfsq - (float64(s*(hfsq+r)) + float64(k*ln2Lo))) - f)
}

// Tanh returns the hyperbolic tangent, error below 3 ULP.
func Tanh(x float64) float64 {
	ax := math.Abs(x)
	switch {
	case x != x:
		return x
	case ax > 22:
		return math.Copysign(1, x)
	case ax < 0.6:
		// Continued fraction of Lambert, cut at depth 13: exact to 1e-17 here.
		z := float64(x * x)
		d := 25.0
		for n := 23.0; n >= 1; n -= 2 {
			d = n + z/d
		}
		return x / d
	}
	return math.Copysign(1-2/(Exp(2*ax)+1), x)
}

// Sigmoid returns 1/(1+e^-x).
func Sigmoid(x float64) float64 {
	if x < 0 {
		e := Exp(x)
		return e / (1 + e)
	}
	return 1 / (1 + Exp(-x))
}

// Log1pExp returns ln(1+e^x), the softplus function, without overflow.
func Log1pExp(x float64) float64 {
	if x != x {
		return x
	}
	e := Exp(-math.Abs(x))
	u := 1 + e
	l := e
	if u != 1 {
		l = float64(Log(u)*e) / (u - 1)
	}
	return math.Max(x, 0) + l
}
