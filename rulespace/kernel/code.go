package kernel

import (
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
)

// strip is the number of columns that a program works on at a time: its
// registers stay in the first-level cache. It changes no bit.
const strip = 256

// block is the number of synapses that an instruction works on at a time:
// several rows where these are short, which saves time between instructions.
const block = 1024

// opcode is an operation of a program: a primitive or one of the following.
type opcode uint8

const (
	opFill   opcode = opcode(rulespace.NumOps) + iota // d = a value
	opCopy                                            // d = a
	opMulAdd                                          // d = a·b + c, rounding twice
	opSubMul                                          // d = c - a·b, rounding twice
	opChain                                           // d = a chain
)

// instr computes d[j] = op(a[j], b[j], c[j]) over a strip. Operands are
// places in the table of views; those whose bit is set in scalar have one
// value for the whole strip.
type instr struct {
	op      opcode
	scalar  uint8
	d       int
	arg     [3]int
	operand int // how many
	// The kernel for blocks of rows, if there is one, and which operands it
	// takes, in its order.
	direct bool
	kernel vec.Kernel
	order  [3]int8
}

// view says where the values of a node lie: that of sample b, row i and
// column j at data[b*sample + i*row + j*column]. Registers have a row for each
// row of a block, block apart, whichever rows those are.
type view struct {
	data                []float32
	sample, row, column int
	block               int
}

func (v *view) from(b, i, j int) []float32 {
	return v.data[b*v.sample+i*v.row+j*v.column:]
}

// rows is a view from row i of a block on.
func (v *view) rows(b, i, j int) vec.Rows {
	return vec.Rows{Data: v.from(b, i, j), Stride: v.row + v.block}
}

// Which operands are scalar.
const (
	vv = 0
	sv = 1
	vs = 2
)

// The kernels of primitives by which operands are scalar. The operand that is
// scalar comes second in those of commutative operations.
var (
	kernels = map[rulespace.Op]vec.Kernel{
		rulespace.Add: vec.AddVVKernel, rulespace.Sub: vec.SubVVKernel, rulespace.Mul: vec.MulVVKernel,
		rulespace.Div: vec.DivVVKernel, rulespace.Min: vec.MinVVKernel, rulespace.Max: vec.MaxVVKernel,
		rulespace.Neg: vec.NegKernel, rulespace.Square: vec.SquareKernel, rulespace.Cube: vec.CubeKernel,
		rulespace.Abs: vec.AbsKernel, rulespace.Relu: vec.ReluKernel, rulespace.Sqrt: vec.SqrtKernel,
		rulespace.Exp: vec.ExpKernel, rulespace.Log: vec.LogKernel, rulespace.Tanh: vec.TanhKernel,
		rulespace.Sigmoid: vec.SigmoidKernel,
	}
	kernelsVS = map[rulespace.Op]vec.Kernel{
		rulespace.Add: vec.AddVSKernel, rulespace.Sub: vec.SubVSKernel, rulespace.Mul: vec.MulVSKernel,
		rulespace.Div: vec.DivVSKernel, rulespace.Min: vec.MinVSKernel, rulespace.Max: vec.MaxVSKernel,
	}
	kernelsSV = map[rulespace.Op]vec.Kernel{
		rulespace.Sub: vec.SubSVKernel, rulespace.Div: vec.DivSVKernel,
		rulespace.Min: vec.MinSVKernel, rulespace.Max: vec.MaxSVKernel,
	}
)

// choose finds the kernel of an instruction.
func (in *instr) choose() {
	in.direct, in.order = true, [3]int8{0, 1, 2}
	switch {
	case in.op == opMulAdd && in.scalar == vv:
		in.kernel = vec.MulAddVVVKernel
	case in.op == opMulAdd && in.scalar == vs:
		in.kernel = vec.MulAddVSVKernel
	case in.op == opMulAdd && in.scalar == sv:
		in.kernel, in.order = vec.MulAddVSVKernel, [3]int8{1, 0, 2}
	case in.op == opSubMul && in.scalar == vv:
		in.kernel, in.order = vec.SubMulVVVKernel, [3]int8{2, 0, 1}
	case in.op == opSubMul && in.scalar == vs:
		in.kernel, in.order = vec.SubMulVVSKernel, [3]int8{2, 0, 1}
	case in.op == opSubMul && in.scalar == sv:
		in.kernel, in.order = vec.SubMulVVSKernel, [3]int8{2, 1, 0}
	case in.op >= opcode(rulespace.NumOps):
		in.direct = false
	default:
		op := rulespace.Op(in.op)
		switch in.scalar {
		case vv:
			in.kernel, in.direct = kernels[op]
		case vs:
			in.kernel, in.direct = kernelsVS[op]
		case sv:
			if op == rulespace.Add || op == rulespace.Mul {
				in.kernel, in.order = kernelsVS[op], [3]int8{1, 0, 2}
				return
			}
			in.kernel, in.direct = kernelsSV[op]
		default:
			in.direct = false
		}
	}
}

// step carries out one instruction on vectors; scalar operands are the first
// elements of theirs.
func step(op opcode, scalar uint8, d, a, b, c []float32) {
	switch op {
	case opFill:
		vec.Fill(d, a[0])
		return
	case opCopy:
		copy(d, a[:len(d)])
		return
	case opMulAdd:
		switch scalar {
		case vv:
			vec.MulAddVVV(d, a, b, c)
		case vs:
			vec.MulAddVSV(d, a, b[0], c)
		case sv:
			vec.MulAddVSV(d, b, a[0], c)
		}
		return
	case opSubMul:
		switch scalar {
		case vv:
			vec.SubMulVVV(d, c, a, b)
		case vs:
			vec.SubMulVVS(d, c, a, b[0])
		case sv:
			vec.SubMulVVS(d, c, b, a[0])
		}
		return
	}
	if scalar != 0 || op == opcode(rulespace.Clip) {
		mixed(rulespace.Op(op), scalar, d, a, b, c)
		return
	}
	switch rulespace.Op(op) {
	case rulespace.Add:
		vec.AddVV(d, a, b)
	case rulespace.Sub:
		vec.SubVV(d, a, b)
	case rulespace.Mul:
		vec.MulVV(d, a, b)
	case rulespace.Div:
		vec.DivVV(d, a, b)
	case rulespace.Min:
		vec.MinVV(d, a, b)
	case rulespace.Max:
		vec.MaxVV(d, a, b)
	case rulespace.Neg:
		vec.Neg(d, a)
	case rulespace.Square:
		vec.Square(d, a)
	case rulespace.Cube:
		vec.Cube(d, a)
	case rulespace.Abs:
		vec.Abs(d, a)
	case rulespace.Relu:
		vec.Relu(d, a)
	case rulespace.Sqrt:
		vec.Sqrt(d, a)
	case rulespace.Exp:
		vec.Exp(d, a)
	case rulespace.Log:
		vec.Log(d, a)
	case rulespace.Tanh:
		vec.Tanh(d, a)
	case rulespace.Sigmoid:
		vec.Sigmoid(d, a)
	default:
		mixed(rulespace.Op(op), scalar, d, a, b, c)
	}
}

// mixed is step for primitives with scalar operands and for those without a
// vector kernel of their own.
func mixed(op rulespace.Op, scalar uint8, d, a, b, c []float32) {
	switch scalar {
	case vs:
		switch op {
		case rulespace.Add:
			vec.AddVS(d, a, b[0])
			return
		case rulespace.Sub:
			vec.SubVS(d, a, b[0])
			return
		case rulespace.Mul:
			vec.MulVS(d, a, b[0])
			return
		case rulespace.Div:
			vec.DivVS(d, a, b[0])
			return
		case rulespace.Min:
			vec.MinVS(d, a, b[0])
			return
		case rulespace.Max:
			vec.MaxVS(d, a, b[0])
			return
		}
	case sv:
		switch op {
		case rulespace.Add:
			vec.AddVS(d, b, a[0])
			return
		case rulespace.Sub:
			vec.SubSV(d, a[0], b)
			return
		case rulespace.Mul:
			vec.MulVS(d, b, a[0])
			return
		case rulespace.Div:
			vec.DivSV(d, a[0], b)
			return
		case rulespace.Min:
			vec.MinSV(d, a[0], b)
			return
		case rulespace.Max:
			vec.MaxSV(d, a[0], b)
			return
		}
	}
	info := op.Info()
	at := func(x []float32, k, j int) float32 {
		switch {
		case k >= info.Arity:
			return 0
		case scalar>>k&1 == 1:
			return x[0]
		}
		return x[j]
	}
	for j := range d {
		d[j] = info.Value32(at(a, 0, j), at(b, 1, j), at(c, 2, j))
	}
}

// run carries out code on columns j to j+n of m rows from i on for sample b.
func (in *Instance) run(code []instr, b, i, m, j, n int) {
	for k := range code {
		c := &code[k]
		if c.direct {
			var x [3]vec.Rows
			for o := range c.operand {
				x[o] = in.views[c.arg[c.order[o]]].rows(b, i, j)
			}
			vec.Apply(c.kernel, m, n, in.views[c.d].rows(b, i, j), x[0], x[1], x[2])
			continue
		}
		if c.op == opChain {
			p := &in.chains[c.arg[0]]
			vec.Products(in.views[c.d].rows(b, i, j), m, n, p.n, p.g[i:], p.gs, p.f[j:], p.fs, p.all)
			continue
		}
		for r := range m {
			in.step(c, b, i, r, j, n)
		}
	}
}

// step carries out an instruction on row i+r, the row r of a block.
func (in *Instance) step(c *instr, b, i, r, j, n int) {
	at := func(v *view) []float32 { return v.from(b, i+r, j)[r*v.block:] }
	d := at(&in.views[c.d])[:n]
	var x [3][]float32
	for m := range c.operand {
		x[m] = at(&in.views[c.arg[m]])
	}
	step(c.op, c.scalar, d, x[0], x[1], x[2])
}

// products is a chain bound to the values of a presentation: row k of f times
// element k of a column of g, for n values of k.
type products struct {
	n      int
	g, f   []float32
	gs, fs int
	all    bool // an f is not finite: leave nothing out
}
