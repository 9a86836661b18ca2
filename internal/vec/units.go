package vec

import "math"

// narrowRow is how many columns Softmax takes in registers.
const narrowRow = 16

// Softmax sets d to e^{gain·(a-top)} divided by its Sum, where top is the
// greatest element of a that is not NaN, or -Inf. d may be a.
func Softmax(d, a []float32, gain float32) {
	a = a[:len(d)]
	if small && active != portable && len(d) > 0 && len(d) <= narrowRow {
		softmaxNative(1, len(d), d, 0, a, 0, gain)
		return
	}
	top := float32(math.Inf(-1))
	for _, z := range a {
		if z > top {
			top = z
		}
	}
	SubVS(d, a, top)
	if gain != 1 {
		MulVS(d, d, gain)
	}
	Exp(d, d)
	DivVS(d, d, Sum(d))
}

// SoftmaxRows is Softmax for every row of a.
func SoftmaxRows(d, a *Matrix, gain float32) {
	if d.Rows != a.Rows || d.Cols != a.Cols {
		panic("vec: SoftmaxRows: shapes differ")
	}
	if small && active != portable && d.Rows > 0 && d.Cols > 0 && d.Cols <= narrowRow {
		softmaxNative(d.Rows, d.Cols, d.Data, d.Stride, a.Data, a.Stride, gain)
		return
	}
	for i := range a.Rows {
		Softmax(d.Row(i), a.Row(i), gain)
	}
}

// TanhSlope sets d = a·(1 - b²): errors times the slope of the hyperbolic
// tangent where its value is b. d may be a.
func TanhSlope(d, a, b []float32) {
	a, b = a[:len(d)], b[:len(d)]
	if small && active != portable {
		tanhSlopeNative(d, a, b)
		return
	}
	for j := range d {
		d[j] = float32(a[j] * (1 - float32(b[j]*b[j])))
	}
}
