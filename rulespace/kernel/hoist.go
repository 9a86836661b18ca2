package kernel

import (
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
)

// section is a section of a schedule bound to an instance: the signals to
// look up and the values of one unit or none to compute, in order.
type section struct {
	inputs []bound
	units  []unit
}

// bound is a signal and where the program reads it.
type bound struct {
	input
	at *view
}

// unit computes one value for every unit of a scope, or one value.
type unit struct {
	id      int // node
	kind    kind
	op      opcode
	scalar  uint8 // see instr
	scaled  bool  // the first argument times the second, a single value
	swapped bool  // the arguments are those of the node in reverse
	varies  bool
	width   int
	args    int                  // how many
	direct  func(d, a []float32) // the function of one vector, where it is that
	d       *view
	arg     [3]*view
	home    view
}

func (i *Instance) section(inputs []input, ids []int, batch bool) section {
	var s section
	for _, x := range inputs {
		s.inputs = append(s.inputs, bound{x, &i.views[x.node]})
	}
	for _, id := range ids {
		n := &i.p.nodes[id]
		u := unit{id: id, kind: n.kind, op: opcode(n.op), varies: n.varies && batch, width: 1, args: len(n.args()), d: &i.views[id], home: i.home[id]}
		switch n.scope {
		case rulespace.Pre:
			u.width = i.in
		case rulespace.Post:
			u.width = i.out
		}
		for k := range u.arg {
			u.arg[k] = &i.none
		}
		for k, arg := range n.args() {
			u.arg[k] = &i.views[arg]
			if i.p.nodes[arg].scope == rulespace.Global && n.scope != rulespace.Global {
				u.scalar |= 1 << k
			}
		}
		if n.kind == apply && n.op == rulespace.Mul && (u.scalar == vs || u.scalar == sv) {
			if u.scalar == sv { // the product is the same
				u.arg[0], u.arg[1], u.scalar = u.arg[1], u.arg[0], vs
				u.swapped = true
			}
			u.scaled = true
		}
		if n.kind == apply && u.args == 1 && u.width > 1 && u.scalar == 0 {
			u.direct = unary(n.op)
		}
		s.units = append(s.units, u)
	}
	return s
}

// unary returns the function of a vector for a primitive, nil if there is none
// or it is seldom used.
func unary(op rulespace.Op) func(d, a []float32) {
	switch op {
	case rulespace.Neg:
		return vec.Neg
	case rulespace.Square:
		return vec.Square
	case rulespace.Cube:
		return vec.Cube
	case rulespace.Abs:
		return vec.Abs
	case rulespace.Relu:
		return vec.Relu
	case rulespace.Tanh:
		return vec.Tanh
	}
	return nil
}

// hoist carries out a section.
func (i *Instance) hoist(s *section, f *Frame) {
	if f.Batch == 1 {
		i.look(s.inputs, f)
		for k := range s.units {
			s.units[k].one()
		}
		return
	}
	for k := range s.inputs {
		x := &s.inputs[k]
		*x.at = f.view(x.input, i.in, i.out)
	}
	for k := range s.units {
		s.units[k].compute(f.Batch, i.invert[0])
	}
}

// compute finds the values for every sample.
func (u *unit) compute(batch int, invert float32) {
	v, a := u.d, u.arg[0]
	switch u.kind {
	case copied:
		copy(v.data[:u.width], a.data)
	case spread:
		vec.Fill(v.data[:u.width], a.data[0])
	case mean:
		*v = u.home
		d := v.data[:u.width]
		copy(d, a.data)
		for b := 1; b < batch; b++ {
			vec.AddVV(d, d, a.data[b*a.sample:])
		}
		vec.MulVS(d, d, invert)
	default:
		samples, width := 1, u.width
		if u.varies {
			samples = batch
			if u.together() {
				samples, width = 1, (batch-1)*v.sample+width
			}
		}
		b, c := u.arg[1], u.arg[2]
		for s := range samples {
			step(u.op, u.scalar, v.data[s*v.sample:][:width], a.data[s*a.sample:], b.data[s*b.sample:], c.data[s*c.sample:])
		}
	}
}

// together reports whether the values of all samples can be computed at once,
// with whatever lies between the rows.
func (u *unit) together() bool {
	for k, a := range u.arg[:u.args] {
		if u.scalar>>k&1 == 1 && a.sample != 0 || u.scalar>>k&1 == 0 && a.sample != u.d.sample {
			return false
		}
	}
	return true
}

// single carries out a primitive on single values.
func single(op opcode, a, b, c float32) float32 {
	switch rulespace.Op(op) {
	case rulespace.Add:
		return a + b
	case rulespace.Sub:
		return a - b
	case rulespace.Mul:
		return float32(a * b)
	case rulespace.Neg:
		return -a
	case rulespace.Square:
		return float32(a * a)
	}
	return rulespace.Op(op).Info().Value32(a, b, c)
}
