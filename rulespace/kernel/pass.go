package kernel

import (
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
)

// pass presents one sample to a rule without states whose weights change by a
// rank plan. In small networks, what stands between the arithmetic takes as
// long as the arithmetic, so that all that can be is found out beforehand.
type pass struct {
	inputs        []bound
	units         []unit
	kind          rankKind
	g, f, h, k, v *view
	silent        bool // rows may be left alone
	bounded       []*view
}

// onePass returns the pass of an instance, nil if it needs present.
func (i *Instance) onePass() *pass {
	p := i.p
	if len(p.rule.States) > 0 || len(p.online.steps) > 1 || p.online.steps[0].rank.kind == noRank {
		return nil
	}
	a := &p.online.steps[0]
	s := &i.online[forWeights]
	r := &pass{inputs: s.inputs, kind: a.rank.kind, silent: len(a.silent) > 0}
	if p.db != none {
		r.units = s.units // those of the biases may read any
	} else {
		for _, u := range s.units {
			if u.kind == mean {
				continue // of one sample: the value itself
			}
			for k, id := range p.nodes[u.id].args() {
				if u.swapped {
					k = 1 - k
				}
				u.arg[k] = i.itself(id)
			}
			r.units = append(r.units, u)
		}
	}
	at := func(id int) *view {
		switch {
		case id == none:
			return &i.none
		case p.db != none:
			return &i.views[id]
		}
		return i.itself(id)
	}
	r.g, r.f, r.h, r.k, r.v = at(a.rank.g), at(a.rank.f), at(a.rank.g2), at(a.rank.f2), at(a.rank.v)
	for _, id := range a.bounded {
		r.bounded = append(r.bounded, at(id))
	}
	return r
}

// itself finds a value in a presentation of one sample, whose mean it is.
func (i *Instance) itself(id int) *view {
	for i.p.nodes[id].kind == mean {
		id = i.p.nodes[id].arg[0]
	}
	return &i.views[id]
}

// apply is Instance.Apply.
func (p *pass) apply(i *Instance, f *Frame, w *vec.Matrix, b []float32) {
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
	for _, v := range p.bounded {
		all = all || !vec.Finite(v.data[:i.out])
	}
	switch {
	case i.out == 1:
		rankColumn(p.kind, w, p.g.data, p.f.data, p.h.data, p.k.data, p.v.data, all)
	case p.kind == rank1:
		vec.Rank1(w, p.g.data, p.f.data, all)
	case p.kind == rank1Decay:
		vec.Rank1Decay(w, p.g.data, p.f.data, p.v.data)
	default:
		rankRows(p.kind, w, p.g.data, p.f.data, p.h.data, p.k.data, p.v.data, all)
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
