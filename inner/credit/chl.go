package credit

import (
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

var phase = rulespace.Signals(rulespace.SigPhase)

var chlEntry = Entry{
	Name: "chl", Title: "contrastive Hebbian learning",
	Doc:      "the network settles twice, with the output clamped to the target (phase 1) and free (phase −1); mod is γ^(l−L), which makes up for the weak feedback into layer l",
	Provides: local | phase | rulespace.Signals(rulespace.SigMod), Output: target, Supervised: true, Passes: 7, Phases: 2,
	Locality: []string{WeightTransport, GlobalScalar, SecondPass},
	Options: []option.Option{
		option.Float("gain", "0.1", 1e-6, 1, "γ, factor on what comes from above; the rule follows the gradient in the limit of 0"),
		option.Int("steps", "6", 1, 1<<20, "sweeps over the layers in each phase"),
		stepSize,
	},
	Reference: "X. Xie, H. S. Seung, Neural Comput. 15:441 (2003)",
	make:      newCHL,
}

// chl is contrastive Hebbian learning in a layered network with weak feedback
// through the transposed weights.
//
//	h_l = f(W_l h_{l−1} + γ W_{l+1}ᵀ h_{l+1} + b_l)
//	free, phase −1      h_L = f(W_L h_{L−1} + b_L)
//	clamped, phase 1    h_L = t
//	ΔW_l = η·γ^(l−L)·(h_l h_{l−1}ᵀ|clamped − h_l h_{l−1}ᵀ|free)
//
//	h_l  activities of layer l    [rate]
//	γ    feedback gain            [1]
//	mod  γ^(l−L)                  [1]
//
// With γ → 0 this is backpropagation of t − h_L, the gradient of the
// cross-entropy of a sigmoid or softmax output, with an error of order γ. With
// γ = 1 it is the contrastive learning of symmetric networks (J. Movellan,
// 1991). Departure from the paper: a fixed number of sweeps from the forward
// pass instead of settling to an equilibrium, the clamped phase going on from
// the free one.
//
// X. Xie, H. S. Seung, Neural Comput. 15:441 (2003).
type chl struct {
	settled
	free, clamped *state
	phase         *vec.Matrix
	mod           []*vec.Matrix // by connection
}

func newCHL(b *base, _ key.Key) Circuit {
	gain := b.options.Float("gain")
	s := newSettling(b, gain)
	c := &chl{settled: settled{settling: &s, steps: b.options.Int("steps", 0)}, phase: b.phase(rulespace.SigPhase)}
	c.free, c.clamped = s.newState(b.buffers), s.newState(b.buffers)
	c.mod = s.layerWeights()
	return c
}

func (c *chl) Learn(net *network.Network, b *tasks.Batch, p Plasticity) {
	c.forward(net, b)
	c.weigh(c.mod)
	c.adopt(c.free)
	c.settle(c.free, c.steps)
	c.startFrom(c.clamped, c.free)
	c.clamped.clamped = true
	c.clamped.act[len(c.conns)].CopyFrom(&c.target)
	c.settle(c.clamped, c.steps)
	c.contrast(p, c.phase, c.clamped, 1, c.free, -1)
}

// adopt takes over the forward pass that the network has just made.
func (s *settling) adopt(st *state) {
	st.act[0] = s.net.Act[0]
	for l := range s.net.Conns {
		st.act[l+1].CopyFrom(s.net.Act[l+1])
	}
	st.first.CopyFrom(s.net.Pot[1])
}

// contrast presents one state, then another, each in its phase.
func (b *base) contrast(p Plasticity, phase *vec.Matrix, first *state, sign float32, second *state, other float32) {
	b.show(first.act, first.pot)
	fill(phase, sign)
	b.present(p)
	b.show(second.act, second.pot)
	fill(phase, other)
	b.present(p)
}
