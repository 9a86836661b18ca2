package kernel

import (
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
)

// pass presents one sample to a rule without states whose weights change by a
// rank plan. In small networks, what stands between the arithmetic takes as
// long as the arithmetic, so that all that can be is found out beforehand.
type pass struct {
	inputs        []bound // that units read
	units         []unit
	kind          rankKind
	g, f, h, k, v operand
	silent        bool // rows may be left alone
	bounded       []operand
	// Of rank1 and rank1Decay, where f or v is a product with a single value
	// that nothing else reads: the values, and the products' memory.
	scaled        bool
	by, of        *view
	scratch, more []float32
}

// operand is a signal, or what a unit has computed.
type operand struct {
	signal *input // nil for a unit
	which  rulespace.Signal
	width  int // columns of a signal of pre or post scope; none of a unit
	at     *view
}

// data returns the values of an operand.
func (o *operand) data(i *Instance, f *Frame) []float32 {
	if m := f.Values[o.which]; m != nil && m.Cols == o.width {
		return m.Data
	}
	return o.other(i, f)
}

// other is data for what is not the common case.
func (o *operand) other(i *Instance, f *Frame) []float32 {
	if o.signal == nil {
		return o.at.data
	}
	v := f.view(*o.signal, i.in, i.out)
	return v.data
}

// onePass returns the pass of an instance, nil if it needs present.
func (i *Instance) onePass() *pass {
	p := i.p
	if len(p.rule.States) > 0 || len(p.online.steps) > 1 || p.online.steps[0].rank.kind == noRank {
		return nil
	}
	a := &p.online.steps[0]
	s := &i.online[forWeights]
	r := &pass{kind: a.rank.kind, silent: len(a.silent) > 0, by: &i.one, of: &i.one}
	f, v := i.itself(a.rank.f), i.itself(a.rank.v)
	fused := map[int]bool{} // units that the update makes up for
	read := map[int]bool{}  // what units and scales are made of
	if p.db == none && i.out > 1 && (r.kind == rank1Decay || r.kind == rank1 && r.silent && len(a.bounded) == 1 && i.itself(a.bounded[0]) == f) {
		for _, x := range []struct {
			id      *int
			scale   **view
			scratch *[]float32
		}{{&f, &r.by, &r.scratch}, {&v, &r.of, &r.more}} {
			if *x.id == none {
				continue
			}
			*x.scratch = vec.New(1, i.out).Data
			if i.readers(s, a, *x.id) > 1 {
				continue
			}
			for _, u := range s.units {
				if u.id != *x.id || !u.scaled {
					continue
				}
				args := p.nodes[u.id].args()
				value, scale := args[0], args[1]
				if u.swapped {
					value, scale = scale, value
				}
				scale = i.itself(scale)
				r.scaled, fused[u.id], read[scale] = true, true, true
				*x.id, *x.scale = i.itself(value), &i.views[scale]
				break
			}
		}
	}
	for _, u := range s.units {
		if fused[u.id] {
			continue
		}
		if u.kind == mean {
			if p.db != none { // which may read it
				r.units = append(r.units, u)
			}
			continue // of one sample: the value itself
		}
		for k, id := range p.nodes[u.id].args() {
			if u.swapped {
				k = 1 - k
			}
			id = i.itself(id)
			u.arg[k], read[id] = &i.views[id], true
		}
		r.units = append(r.units, u)
	}
	at := func(id int) operand {
		if id = i.itself(id); id == none {
			return operand{at: &i.none, width: none}
		}
		for k := range s.inputs {
			if s.inputs[k].node == id {
				o := operand{signal: &s.inputs[k].input, which: s.inputs[k].signal, width: i.in}
				if o.signal.scope == rulespace.Post {
					o.width = i.out
				}
				return o
			}
		}
		return operand{at: &i.views[id], width: none}
	}
	r.g, r.f, r.h, r.k, r.v = at(a.rank.g), at(f), at(a.rank.g2), at(a.rank.f2), at(v)
	if !r.scaled {
		for _, id := range a.bounded {
			r.bounded = append(r.bounded, at(id))
		}
	}
	for _, x := range s.inputs {
		if read[x.node] || p.db != none {
			r.inputs = append(r.inputs, x)
		}
	}
	return r
}

// itself finds a value in a presentation of one sample, whose mean it is.
func (i *Instance) itself(id int) int {
	for id != none && i.p.nodes[id].kind == mean {
		id = i.p.nodes[id].arg[0]
	}
	return id
}

// readers counts the units and operands of an update that read a value.
func (i *Instance) readers(s *section, a *assignment, id int) int {
	n := 0
	for _, u := range s.units {
		if u.kind == mean {
			continue
		}
		for _, arg := range i.p.nodes[u.id].args() {
			if i.itself(arg) == id {
				n++
			}
		}
	}
	for _, arg := range a.rank.nodes() {
		if i.itself(arg) == id {
			n++
		}
	}
	return n
}

// apply is Instance.Apply.
func (p *pass) apply(i *Instance, f *Frame, w *vec.Matrix, b []float32) {
	if p.scaled && i.fits(w) {
		if len(p.inputs) > 0 {
			i.look(p.inputs, f)
		}
		for k := range p.units {
			p.units[k].one()
		}
		if p.kind == rank1 {
			vec.Rank1Scaled(w, p.g.data(i, f), p.f.data(i, f), p.by.data[0], p.scratch)
			return
		}
		vec.Rank1DecayScaled(w, p.g.data(i, f), p.f.data(i, f), p.by.data[0], p.v.data(i, f), p.of.data[0], p.scratch, p.more)
		return
	}
	if i.p.db == none {
		b = nil
	}
	if !i.fits(w) || b != nil && len(b) != i.out {
		panic("kernel: weights, biases or feedback weights do not have the shape of the connection")
	}
	i.invert[0] = 1
	i.look(p.inputs, f)
	for k := range p.units {
		p.units[k].one()
	}
	if b != nil {
		i.bind(bias, view{data: b, column: 1})
		i.hoist(&i.online[forBiases], f)
	}
	all := !p.silent
	for k := range p.bounded {
		all = all || !vec.Finite(p.bounded[k].data(i, f)[:i.out])
	}
	x, y, h, k, v := p.g.data(i, f), p.f.data(i, f), p.h.data(i, f), p.k.data(i, f), p.v.data(i, f)
	if i.out == 1 {
		rankColumn(p.kind, w, x, y, h, k, v, all)
	} else {
		rankRows(p.kind, w, x, y, h, k, v, all)
	}
	if b != nil {
		i.change(b)
	}
}

// look points the inputs to the signals of a frame of one sample.
func (i *Instance) look(inputs []bound, f *Frame) {
	for k := range inputs {
		x := &inputs[k]
		if m := f.Values[x.signal]; m != nil && m.Rows > 0 {
			// The common case of view.
			switch {
			case x.scope == rulespace.Pre && m.Cols == i.in:
				x.at.data, x.at.sample, x.at.row, x.at.column = m.Data, 0, 1, 0
				continue
			case x.scope == rulespace.Post && m.Cols == i.out:
				x.at.data, x.at.sample, x.at.row, x.at.column = m.Data, 0, 0, 1
				continue
			}
		}
		*x.at = f.view(x.input, i.in, i.out)
	}
}

// one computes a unit of one sample.
func (u *unit) one() {
	switch {
	case u.direct != nil:
		u.direct(u.d.data[:u.width], u.arg[0].data)
	case u.scaled:
		vec.MulVS(u.d.data[:u.width], u.arg[0].data, u.arg[1].data[0])
	case u.kind == mean:
		*u.d = *u.arg[0] // the value itself
	case u.kind != apply:
		u.compute(1, 1)
	case u.width == 1:
		u.d.data[0] = single(u.op, u.arg[0].data[0], u.arg[1].data[0], u.arg[2].data[0])
	default:
		step(u.op, u.scalar, u.d.data[:u.width], u.arg[0].data, u.arg[1].data, u.arg[2].data)
	}
}
