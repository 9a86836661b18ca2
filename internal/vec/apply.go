package vec

// Kernel names an elementwise function of this package for Apply.
type Kernel uint8

// The kernels are named after their functions.
const (
	AddVVKernel Kernel = iota
	AddVSKernel
	SubVVKernel
	SubVSKernel
	SubSVKernel
	MulVVKernel
	MulVSKernel
	DivVVKernel
	DivVSKernel
	DivSVKernel
	MinVVKernel
	MinVSKernel
	MinSVKernel
	MaxVVKernel
	MaxVSKernel
	MaxSVKernel
	MulAddVVVKernel
	MulAddVSVKernel
	SubMulVVVKernel
	SubMulVVSKernel
	ReluKernel
	NegKernel
	AbsKernel
	SquareKernel
	CubeKernel
	SqrtKernel
	ExpKernel
	LogKernel
	TanhKernel
	SigmoidKernel
	SoftplusKernel
)

// Rows is an operand of Apply: row i starts at Data[i*Stride], or is that
// element if the operand is a scalar. A stride of 0 repeats one row.
type Rows struct {
	Data   []float32
	Stride int
}

func (r *Rows) row(i, n int) []float32 { return r.Data[i*r.Stride:][:n] }

func (r *Rows) at(i int) float32 { return r.Data[i*r.Stride] }

// Call is an Apply that is made again and again with the same operands.
type Call struct {
	kernel     Kernel
	m, n       int
	d, a, b, c Rows
}

// Prepare checks the operands of an Apply.
func Prepare(k Kernel, m, n int, d, a, b, c Rows) Call {
	call := Call{k, m, n, d, a, b, c}
	if m > 0 && n > 0 {
		checkApply(k, m, n, &d, &a, &b, &c)
	}
	return call
}

// Run carries out the call.
func (x *Call) Run() {
	if active == portable || x.m > max(1, chunk/max(1, x.n)) || x.m <= 0 || x.n <= 0 {
		Apply(x.kernel, x.m, x.n, x.d, x.a, x.b, x.c)
		return
	}
	applyNative(x.kernel, x.m, x.n, first(x.d.Data), 4*x.d.Stride, first(x.a.Data), 4*x.a.Stride, first(x.b.Data), 4*x.b.Stride, first(x.c.Data), 4*x.c.Stride)
}

// checkApply panics where an operand is too short.
func checkApply(k Kernel, m, n int, d, a, b, c *Rows) {
	width := [3]int{1, 1, 1}
	kinds := kernelKinds[k]
	for i, kind := range kinds {
		if kind == 'V' {
			width[i] = n
		}
	}
	_ = d.Data[(m-1)*d.Stride+n-1]
	_ = a.Data[(m-1)*a.Stride+width[0]-1]
	if len(kinds) > 1 {
		_ = b.Data[(m-1)*b.Stride+width[1]-1]
	}
	if len(kinds) > 2 {
		_ = c.Data[(m-1)*c.Stride+width[2]-1]
	}
}

// Apply carries out an elementwise function for m rows of n columns, as if it
// was called row by row. Operands are in the order of the function; those
// that it does not have are ignored.
func Apply(k Kernel, m, n int, d, a, b, c Rows) {
	if m <= 0 || n <= 0 {
		return
	}
	if active != portable {
		checkApply(k, m, n, &d, &a, &b, &c)
		step := max(1, chunk/n)
		if m <= step {
			applyNative(k, m, n, first(d.Data), 4*d.Stride, first(a.Data), 4*a.Stride, first(b.Data), 4*b.Stride, first(c.Data), 4*c.Stride)
			return
		}
		for i := 0; i < m; i += step {
			at := func(r *Rows) *float32 {
				if i*r.Stride >= len(r.Data) {
					return nil
				}
				return &r.Data[i*r.Stride]
			}
			applyNative(k, min(step, m-i), n, at(&d), 4*d.Stride, at(&a), 4*a.Stride, at(&b), 4*b.Stride, at(&c), 4*c.Stride)
		}
		return
	}
	for i := range m {
		r := d.row(i, n)
		switch k {
		case AddVVKernel:
			addVV(r, a.row(i, n), b.row(i, n))
		case AddVSKernel:
			addVS(r, a.row(i, n), b.at(i))
		case SubVVKernel:
			subVV(r, a.row(i, n), b.row(i, n))
		case SubVSKernel:
			subVS(r, a.row(i, n), b.at(i))
		case SubSVKernel:
			subSV(r, a.at(i), b.row(i, n))
		case MulVVKernel:
			mulVV(r, a.row(i, n), b.row(i, n))
		case MulVSKernel:
			mulVS(r, a.row(i, n), b.at(i))
		case DivVVKernel:
			divVV(r, a.row(i, n), b.row(i, n))
		case DivVSKernel:
			divVS(r, a.row(i, n), b.at(i))
		case DivSVKernel:
			divSV(r, a.at(i), b.row(i, n))
		case MinVVKernel:
			minVV(r, a.row(i, n), b.row(i, n))
		case MinVSKernel:
			minVS(r, a.row(i, n), b.at(i))
		case MinSVKernel:
			minSV(r, a.at(i), b.row(i, n))
		case MaxVVKernel:
			maxVV(r, a.row(i, n), b.row(i, n))
		case MaxVSKernel:
			maxVS(r, a.row(i, n), b.at(i))
		case MaxSVKernel:
			maxSV(r, a.at(i), b.row(i, n))
		case MulAddVVVKernel:
			mulAddVVV(r, a.row(i, n), b.row(i, n), c.row(i, n))
		case MulAddVSVKernel:
			mulAddVSV(r, a.row(i, n), b.at(i), c.row(i, n))
		case SubMulVVVKernel:
			subMulVVV(r, a.row(i, n), b.row(i, n), c.row(i, n))
		case SubMulVVSKernel:
			subMulVVS(r, a.row(i, n), b.row(i, n), c.at(i))
		case ReluKernel:
			relu(r, a.row(i, n))
		case NegKernel:
			neg(r, a.row(i, n))
		case AbsKernel:
			abs(r, a.row(i, n))
		case SquareKernel:
			square(r, a.row(i, n))
		case CubeKernel:
			cube(r, a.row(i, n))
		case SqrtKernel:
			sqrt(r, a.row(i, n))
		case ExpKernel:
			exp(r, a.row(i, n))
		case LogKernel:
			log(r, a.row(i, n))
		case TanhKernel:
			tanh(r, a.row(i, n))
		case SigmoidKernel:
			sigmoid(r, a.row(i, n))
		case SoftplusKernel:
			softplus(r, a.row(i, n))
		}
	}
}

// kernelKinds tells the operands of a kernel: V a vector, S a scalar.
var kernelKinds = [...]string{
	AddVVKernel:     "VV",
	AddVSKernel:     "VS",
	SubVVKernel:     "VV",
	SubVSKernel:     "VS",
	SubSVKernel:     "SV",
	MulVVKernel:     "VV",
	MulVSKernel:     "VS",
	DivVVKernel:     "VV",
	DivVSKernel:     "VS",
	DivSVKernel:     "SV",
	MinVVKernel:     "VV",
	MinVSKernel:     "VS",
	MinSVKernel:     "SV",
	MaxVVKernel:     "VV",
	MaxVSKernel:     "VS",
	MaxSVKernel:     "SV",
	MulAddVVVKernel: "VVV",
	MulAddVSVKernel: "VSV",
	SubMulVVVKernel: "VVV",
	SubMulVVSKernel: "VVS",
	ReluKernel:      "V",
	NegKernel:       "V",
	AbsKernel:       "V",
	SquareKernel:    "V",
	CubeKernel:      "V",
	SqrtKernel:      "V",
	ExpKernel:       "V",
	LogKernel:       "V",
	TanhKernel:      "V",
	SigmoidKernel:   "V",
	SoftplusKernel:  "V",
}
