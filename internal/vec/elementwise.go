package vec

import "math"

// The elementwise kernels set d[j] for every j < len(d). Their names end in
// the kinds of their operands: V a vector of at least that length, S a
// scalar. d may be one of the operands, but must not overlap one otherwise.
// Each element is rounded after every operation and depends on nothing but
// the operands at its place.

// AddVV sets d = a + b.
func AddVV(d, a, b []float32) {
	if active != portable {
		addVVNative(d, a[:len(d)], b[:len(d)])
		return
	}
	addVV(d, a, b)
}

// AddVS sets d = a + s.
func AddVS(d, a []float32, s float32) {
	if active != portable {
		addVSNative(d, a[:len(d)], s)
		return
	}
	addVS(d, a, s)
}

// SubVV sets d = a - b.
func SubVV(d, a, b []float32) {
	if active != portable {
		subVVNative(d, a[:len(d)], b[:len(d)])
		return
	}
	subVV(d, a, b)
}

// SubVS sets d = a - s.
func SubVS(d, a []float32, s float32) {
	if active != portable {
		subVSNative(d, a[:len(d)], s)
		return
	}
	subVS(d, a, s)
}

// SubSV sets d = s - a.
func SubSV(d []float32, s float32, a []float32) {
	if active != portable {
		subSVNative(d, s, a[:len(d)])
		return
	}
	subSV(d, s, a)
}

// MulVV sets d = a·b.
func MulVV(d, a, b []float32) {
	if active != portable {
		mulVVNative(d, a[:len(d)], b[:len(d)])
		return
	}
	mulVV(d, a, b)
}

// MulVS sets d = a·s.
func MulVS(d, a []float32, s float32) {
	if active != portable {
		mulVSNative(d, a[:len(d)], s)
		return
	}
	mulVS(d, a, s)
}

// MulAddVVV sets d = a·b + c, rounding twice.
func MulAddVVV(d, a, b, c []float32) {
	if active != portable {
		mulAddVVVNative(d, a[:len(d)], b[:len(d)], c[:len(d)])
		return
	}
	mulAddVVV(d, a, b, c)
}

// MulAddVSV sets d = a·s + c, rounding twice.
func MulAddVSV(d, a []float32, s float32, c []float32) {
	if active != portable {
		mulAddVSVNative(d, a[:len(d)], s, c[:len(d)])
		return
	}
	mulAddVSV(d, a, s, c)
}

// SubMulVVV sets d = c - a·b, rounding twice.
func SubMulVVV(d, c, a, b []float32) {
	if active != portable {
		subMulVVVNative(d, c[:len(d)], a[:len(d)], b[:len(d)])
		return
	}
	subMulVVV(d, c, a, b)
}

// SubMulVVS sets d = c - a·s, rounding twice.
func SubMulVVS(d, c, a []float32, s float32) {
	if active != portable {
		subMulVVSNative(d, c[:len(d)], a[:len(d)], s)
		return
	}
	subMulVVS(d, c, a, s)
}

// DivVV sets d = a/b.
func DivVV(d, a, b []float32) {
	if active != portable {
		divVVNative(d, a[:len(d)], b[:len(d)])
		return
	}
	divVV(d, a, b)
}

// DivVS sets d = a/s.
func DivVS(d, a []float32, s float32) {
	if active != portable {
		divVSNative(d, a[:len(d)], s)
		return
	}
	divVS(d, a, s)
}

// DivSV sets d = s/a.
func DivSV(d []float32, s float32, a []float32) {
	if active != portable {
		divSVNative(d, s, a[:len(d)])
		return
	}
	divSV(d, s, a)
}

// MinVV sets d = a where a < b, else b.
func MinVV(d, a, b []float32) {
	if active != portable {
		minVVNative(d, a[:len(d)], b[:len(d)])
		return
	}
	minVV(d, a, b)
}

// MinVS sets d = a where a < s, else s.
func MinVS(d, a []float32, s float32) {
	if active != portable {
		minVSNative(d, a[:len(d)], s)
		return
	}
	minVS(d, a, s)
}

// MinSV sets d = s where s < a, else a.
func MinSV(d []float32, s float32, a []float32) {
	if active != portable {
		minSVNative(d, s, a[:len(d)])
		return
	}
	minSV(d, s, a)
}

// MaxVV sets d = a where a > b, else b.
func MaxVV(d, a, b []float32) {
	if active != portable {
		maxVVNative(d, a[:len(d)], b[:len(d)])
		return
	}
	maxVV(d, a, b)
}

// MaxVS sets d = a where a > s, else s.
func MaxVS(d, a []float32, s float32) {
	if active != portable {
		maxVSNative(d, a[:len(d)], s)
		return
	}
	maxVS(d, a, s)
}

// MaxSV sets d = s where s > a, else a.
func MaxSV(d []float32, s float32, a []float32) {
	if active != portable {
		maxSVNative(d, s, a[:len(d)])
		return
	}
	maxSV(d, s, a)
}

// Relu sets d = 0 where a < 0, else a.
func Relu(d, a []float32) {
	if active != portable {
		reluNative(d, a[:len(d)])
		return
	}
	relu(d, a)
}

// Neg sets d = -a.
func Neg(d, a []float32) {
	if active != portable {
		negNative(d, a[:len(d)])
		return
	}
	neg(d, a)
}

// Abs sets d = |a|.
func Abs(d, a []float32) {
	if active != portable {
		absNative(d, a[:len(d)])
		return
	}
	abs(d, a)
}

// Square sets d = a·a.
func Square(d, a []float32) {
	if active != portable {
		squareNative(d, a[:len(d)])
		return
	}
	square(d, a)
}

// Cube sets d = (a·a)·a.
func Cube(d, a []float32) {
	if active != portable {
		cubeNative(d, a[:len(d)])
		return
	}
	cube(d, a)
}

// Sqrt sets d = √a.
func Sqrt(d, a []float32) {
	if active != portable {
		sqrtNative(d, a[:len(d)])
		return
	}
	sqrt(d, a)
}

// Exp sets d = e^a.
func Exp(d, a []float32) {
	if active != portable {
		expNative(d, a[:len(d)])
		return
	}
	exp(d, a)
}

// Log sets d to the natural logarithm of a.
func Log(d, a []float32) {
	if active != portable {
		logNative(d, a[:len(d)])
		return
	}
	log(d, a)
}

// Tanh sets d = tanh a.
func Tanh(d, a []float32) {
	if active != portable {
		tanhNative(d, a[:len(d)])
		return
	}
	tanh(d, a)
}

// Softplus sets d = ln(1+e^a).
func Softplus(d, a []float32) {
	if active != portable {
		softplusNative(d, a[:len(d)])
		return
	}
	softplus(d, a)
}

// Sigmoid sets d = 1/(1+e^-a).
func Sigmoid(d, a []float32) {
	if active != portable {
		sigmoidNative(d, a[:len(d)])
		return
	}
	sigmoid(d, a)
}

// Fill sets d = s.
func Fill(d []float32, s float32) {
	for j := range d {
		d[j] = s
	}
}

// Finite reports whether x holds neither an infinity nor a NaN.
func Finite(x []float32) bool { return Limited(x, 0x7f7fffff) }

// Limited reports whether all magnitudes in x, taken as bits, are at most
// limit, the bits of a number that is not negative. NaN is beyond all limits.
func Limited(x []float32, limit uint32) bool {
	if active != portable {
		return limitedNative(x, limit)
	}
	var a, b uint32
	for len(x) >= 2 {
		a = max(a, math.Float32bits(x[0])&^(1<<31))
		b = max(b, math.Float32bits(x[1])&^(1<<31))
		x = x[2:]
	}
	for _, v := range x {
		a = max(a, math.Float32bits(v)&^(1<<31))
	}
	return max(a, b) <= limit
}
