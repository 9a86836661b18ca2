package kernel

import (
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
)

// strip is the number of columns that a program works on at a time: its
// registers stay in the first-level cache. It changes no bit.
const strip = 256

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
}

// view says where the values of a node lie: that of sample b, row i and
// column j at data[b*sample + i*row + j*column].
type view struct {
	data                []float32
	sample, row, column int
}

func (v *view) from(b, i, j int) []float32 {
	return v.data[b*v.sample+i*v.row+j*v.column:]
}

// Which operands are scalar.
const (
	vv = 0
	sv = 1
	vs = 2
)

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

// run carries out code on columns j to j+n of row i for sample b.
func (in *Instance) run(code []instr, b, i, j, n int) {
	for k := range code {
		c := &code[k]
		d := in.views[c.d].from(b, i, j)[:n]
		if c.op == opChain {
			in.chains[c.arg[0]].row(d, i, j)
			continue
		}
		var x [3][]float32
		for m := range c.operand {
			x[m] = in.views[c.arg[m]].from(b, i, j)
		}
		step(c.op, c.scalar, d, x[0], x[1], x[2])
	}
}

// products is a chain bound to the values of a presentation: row k of f times
// element k of a column of g, for n values of k.
type products struct {
	n      int
	g, f   []float32
	gs, fs int
	all    bool // an f is not finite: leave nothing out
}

func (p *products) row(d []float32, i, j int) {
	clear(d)
	vec.AddRows(d, p.n, p.g[i:], p.gs, p.f[j:], p.fs, p.all)
}
