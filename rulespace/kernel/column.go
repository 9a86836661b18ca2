package kernel

import (
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
)

// fewColumns is the number of columns up to which columns are better vectors
// than rows.
const fewColumns = 4

// columns is what matrices of very few columns need to be worked on column by
// column.
type columns struct {
	scratch [5][]float32 // operands made to measure, a result, and what was gathered last
	last    int          // the matrix that was gathered last
}

// column carries out instructions for sample b on n rows from r of column j.
func (i *Instance) column(list []instr, b, r, n, j int) {
	for k := range list {
		c := &list[k]
		var x [3][]float32
		var scalar uint8
		taken := false // what was gathered last is an operand
		for m, id := range c.arg[:c.operand] {
			v := &i.views[id]
			switch {
			case id >= len(i.p.nodes):
				x[m] = v.data
			case v.row == 0:
				x[m] = v.from(b, 0, j)
				scalar |= 1 << m
			case v.row == 1 && v.column == 0:
				x[m] = v.from(b, r, 0)
			case id == i.columns.last:
				x[m], taken = i.columns.scratch[4], true
			default:
				x[m] = i.columns.scratch[m][:n]
				if !taken {
					x[m], taken, i.columns.last = i.columns.scratch[4][:n], true, id
				}
				gather(x[m], v.from(b, r, j), v.row)
			}
		}
		op := c.op
		switch op {
		case opCopy, opFill:
			op = opCopy
			if scalar != 0 {
				op = opFill
			}
		case opMulAdd, opSubMul:
			// These take a vector as their third operand, and one of the others.
			for m := 2; m >= 1 && (scalar>>2 == 1 || scalar == 3); m-- {
				if scalar>>m&1 == 1 {
					vec.Fill(i.columns.scratch[m][:n], x[m][0])
					x[m] = i.columns.scratch[m]
					scalar &^= 1 << m
				}
			}
		}
		v := &i.views[c.d]
		d := v.data
		if c.d < len(i.p.nodes) {
			d = i.columns.scratch[3]
		}
		if n > littleVector || !little(op, scalar, d[:n], x[0], x[1], x[2]) {
			step(op, scalar, d[:n], x[0], x[1], x[2])
		}
		if c.d < len(i.p.nodes) {
			i.columns.last = none
			scatter(v.from(b, r, j), d[:n], v.row)
		}
	}
}

// gather copies a column into a vector.
func gather(d, x []float32, stride int) {
	for k, at := 0, 0; k < len(d); k, at = k+1, at+stride {
		d[k] = x[at]
	}
}

// scatter copies a vector into a column.
func scatter(d, x []float32, stride int) {
	for k, at := 0, 0; k < len(x); k, at = k+1, at+stride {
		d[at] = x[k]
	}
}

// littleVector is the length up to which a plain loop takes less time than a
// call.
const littleVector = 12

// little is step for short vectors and the commonest operations. It returns
// false for others.
func little(op opcode, scalar uint8, d, a, b, c []float32) bool {
	n := len(d)
	if scalar == sv && (op == opcode(rulespace.Mul) || op == opcode(rulespace.Add) || op == opMulAdd) {
		a, b, scalar = b, a, vs
	}
	switch {
	case op == opcode(rulespace.Mul) && scalar == vv:
		a, b = a[:n], b[:n]
		for k := range d {
			d[k] = float32(a[k] * b[k])
		}
	case op == opcode(rulespace.Mul) && scalar == vs:
		a, s := a[:n], b[0]
		for k := range d {
			d[k] = float32(a[k] * s)
		}
	case op == opcode(rulespace.Add) && scalar == vv:
		a, b = a[:n], b[:n]
		for k := range d {
			d[k] = a[k] + b[k]
		}
	case op == opcode(rulespace.Add) && scalar == vs:
		a, s := a[:n], b[0]
		for k := range d {
			d[k] = a[k] + s
		}
	case op == opcode(rulespace.Sub) && scalar == vv:
		a, b = a[:n], b[:n]
		for k := range d {
			d[k] = a[k] - b[k]
		}
	case op == opcode(rulespace.Sub) && scalar == vs:
		a, s := a[:n], b[0]
		for k := range d {
			d[k] = a[k] - s
		}
	case op == opcode(rulespace.Sub) && scalar == sv:
		s, b := a[0], b[:n]
		for k := range d {
			d[k] = s - b[k]
		}
	case op == opMulAdd && scalar == vv:
		a, b, c = a[:n], b[:n], c[:n]
		for k := range d {
			d[k] = float32(a[k]*b[k]) + c[k]
		}
	case op == opMulAdd && scalar == vs:
		a, s, c := a[:n], b[0], c[:n]
		for k := range d {
			d[k] = float32(a[k]*s) + c[k]
		}
	case op == opcode(rulespace.Square):
		a = a[:n]
		for k := range d {
			d[k] = float32(a[k] * a[k])
		}
	case op == opcode(rulespace.Neg):
		a = a[:n]
		for k := range d {
			d[k] = -a[k]
		}
	default:
		return false
	}
	return true
}
