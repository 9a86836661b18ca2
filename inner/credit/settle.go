package credit

import (
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
)

// Options of circuits that settle.
var (
	settleSteps = option.Int("steps", "10", 1, 1<<20, "sweeps over the layers until the network counts as settled")
	stepSize    = option.Float("step_size", "1", 1e-6, 1, "part of the way that an activity goes in a sweep")
)

// settling relaxes a network whose layers also hear from the layer above.
// One sweep updates the layers in turn from the first to the output, each from
// the newest activities of its neighbours:
//
//	u_l = W_l h_{l−1} + b_l + γ·B_l h_{l+1}
//	h_l ← h_l + ε·(f(u_l) − h_l)
//
// Where B_l is the transpose of W_{l+1} and γ = 1, a whole step (ε = 1) of a
// layer minimises the energy Σ_l ∫f⁻¹(h_l) − h_l·(W_l h_{l−1} + b_l) over that
// layer, so that sweeps never raise it.
type settling struct {
	*base
	gain, step float32
	mix        bool          // the output is nudged in its activities, else in its potentials
	ceiling    float32       // of hidden activities; 0 is none
	down       []*vec.Matrix // by connection, what carries activity down through it; nil for its weights
}

func newSettling(b *base, gain float64) settling {
	return settling{base: b, gain: float32(gain), step: float32(b.options.Float("step_size")), down: make([]*vec.Matrix, len(b.conns))}
}

// state is what settles: a batch of networks.
type state struct {
	act, pot []*vec.Matrix // by layer; act[0] is the input, pot[0] nil
	first    *vec.Matrix   // what the input drives the first layer with, which stays
	spare    []*vec.Matrix // by layer
	clamped  bool          // the output is held
	target   *vec.Matrix   // what the output is nudged to
	nudge    float32       // how strongly; 0 leaves it free
}

// newState makes a state in the buffers, which are those of the batch or of a
// prediction.
func (s *settling) newState(buffers *network.Buffers) *state {
	st := &state{act: []*vec.Matrix{nil}, pot: []*vec.Matrix{nil}, spare: []*vec.Matrix{nil}}
	for l, c := range s.net.Conns {
		st.act = append(st.act, buffers.Matrix(c.Out))
		st.pot = append(st.pot, buffers.Matrix(c.Out))
		st.spare = append(st.spare, buffers.Matrix(c.Out))
		if l == 0 {
			st.first = buffers.Matrix(c.Out)
		}
		if buffers == s.buffers {
			s.cost.UnitBytes += 3 * 4 * c.Out
		}
	}
	return st
}

// start takes in inputs and runs forward once.
func (s *settling) start(st *state, x *vec.Matrix) {
	st.act[0] = x
	for l := range s.net.Conns {
		s.forwardThrough(l, st.pot[l+1], st.act[l])
		s.net.Activate(l+1, st.act[l+1], st.pot[l+1])
	}
	st.first.CopyFrom(st.pot[1])
}

// startFrom goes on from where another state is.
func (s *settling) startFrom(st, from *state) {
	st.act[0] = from.act[0]
	for l := range s.net.Conns {
		st.act[l+1].CopyFrom(from.act[l+1])
		st.pot[l+1].CopyFrom(from.pot[l+1])
	}
	st.first.CopyFrom(from.first)
}

// settle sweeps so many times.
func (s *settling) settle(st *state, steps int) {
	last := len(s.net.Conns)
	for range steps {
		for l := 1; l <= last; l++ {
			s.drive(st, l)
			if l < last || !st.clamped {
				s.approach(st, l)
			}
		}
	}
}

// drive computes the potentials of a layer.
func (s *settling) drive(st *state, l int) {
	last := len(s.net.Conns)
	pot := st.pot[l]
	if l == 1 {
		pot.CopyFrom(st.first)
	} else {
		s.forwardThrough(l-1, pot, st.act[l-1])
	}
	switch {
	case l < last:
		s.downThrough(l, st.spare[l], st.act[l+1])
		addScaled(pot, s.gain, st.spare[l])
	case st.nudge != 0 && !s.mix:
		for i := range pot.Rows {
			z, t, y := pot.Row(i), st.target.Row(i), st.act[l].Row(i)
			for k := range z {
				z[k] += float32(st.nudge * (t[k] - y[k]))
			}
		}
	}
}

// layerWeights makes the signal mod of each connection, which weigh sets.
func (s *settling) layerWeights() (mod []*vec.Matrix) {
	for l := range s.conns {
		m := s.buffers.Global()
		s.conns[l].sig.Values[rulespace.SigMod] = m
		mod = append(mod, m)
	}
	return mod
}

// weigh sets mod to γ^(l−L): it makes up for the weak feedback into layer l.
func (s *settling) weigh(mod []*vec.Matrix) {
	w := float32(1)
	for l := len(mod) - 1; l >= 0; l-- {
		fill(mod[l], w)
		w /= s.gain
	}
}

// downThrough sends src, one value per unit behind connection l, down.
func (s *settling) downThrough(l int, dst, src *vec.Matrix) {
	if f := s.down[l]; f != nil {
		s.mulTB(dst, src, f)
	} else {
		s.backThrough(l, dst, src)
	}
}

// approach moves a layer's activities towards what its potentials, and a
// nudge of the output, ask for.
func (s *settling) approach(st *state, layer int) {
	act, dst := st.act[layer], st.act[layer]
	if s.step != 1 {
		dst = st.spare[layer]
	}
	s.value(layer, dst, st.pot[layer])
	if s.mix && st.nudge != 0 && layer == len(s.conns) {
		for i := range dst.Rows {
			y, t := dst.Row(i), st.target.Row(i)
			for k := range y {
				y[k] += float32(st.nudge * (t[k] - y[k]))
			}
		}
	}
	if s.step != 1 {
		n := act.Rows * act.Stride
		a, d := act.Data[:n], dst.Data[:n]
		vec.SubVV(d, d, a)
		vec.Axpy(a, s.step, d)
	}
}

// value computes what potentials ask for.
func (s *settling) value(layer int, dst, pot *vec.Matrix) {
	s.net.Activate(layer, dst, pot)
	if s.ceiling > 0 && layer < len(s.conns) {
		n := dst.Rows * dst.Stride
		vec.MinVS(dst.Data[:n], dst.Data[:n], s.ceiling)
	}
}

// addScaled adds factor·src to dst, of the same shape.
func addScaled(dst *vec.Matrix, factor float32, src *vec.Matrix) {
	n := dst.Rows * dst.Stride
	vec.Axpy(dst.Data[:n], factor, src.Data[:n])
}

// settled predicts the outputs of a network that settles freely.
type settled struct {
	*settling
	steps int
	prediction
	free *state
}

// Outputs implements Predictor.
func (s *settled) Outputs(x *vec.Matrix) *vec.Matrix {
	cost := s.cost // that of learning
	out := s.outputs(x, s.net.Conns[len(s.conns)-1].Out, s)
	s.cost = cost
	return out
}

func (s *settled) predict(x *vec.Matrix) *vec.Matrix {
	if s.free == nil {
		s.buffers = network.NewBuffers(predictRows)
		s.free = s.newState(s.buffers)
		s.buffers.Resize(x.Rows)
	}
	s.start(s.free, x)
	s.settle(s.free, s.steps)
	return s.free.act[len(s.conns)]
}
