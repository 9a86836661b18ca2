package credit

import (
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

var epEntry = Entry{
	Name: "ep", Title: "equilibrium propagation",
	Doc:      "the network settles with its output nudged to the target (phase 1), and freely or nudged away from it (phase −1); mod is γ^(l−L), the inverse of the weight of layer l in the energy",
	Provides: local | phase | rulespace.Signals(rulespace.SigMod), Output: target, Supervised: true, Passes: 11, Phases: 2,
	Locality: []string{WeightTransport, GlobalScalar, SecondPass},
	Options: append([]option.Option{
		option.Choice("nudge", "centred", []string{"one-sided", "random-sign", "centred"},
			"what is compared: β with a free phase, ±β (drawn for each batch) with a free phase, or β with −β"),
		ceiling,
		option.Float("gain", "1", 1e-6, 1, "γ, factor on what comes from above; below 1 layers excite each other less, and the rule has to read mod"),
	}, nudging...),
	Reference: "B. Scellier, Y. Bengio, Front. Comput. Neurosci. 11:24 (2017)",
	make:      newEP,
}

// nudging are the options of equilibrium propagation in all its forms.
var nudging = []option.Option{
	option.Float("beta", "0.2", 1e-6, 1e3, "β, strength of the nudge"),
	settleSteps,
	option.Int("nudged_steps", "5", 1, 1<<20, "sweeps of a nudged phase, which goes on from the free one"),
	stepSize,
}

// ceiling keeps layers that excite each other within bounds.
var ceiling = option.Float("ceiling", "1", 1e-6, 1e9, "largest activity of a hidden unit; relu with a ceiling of 1 is the clipping of the first paper")

// newNudged settles a network whose output is nudged down its loss.
func newNudged(b *base, gain float64) settling {
	s := newSettling(b, gain)
	s.ceiling = float32(b.options.Float("ceiling"))
	s.mix = b.net.Config.Loss == network.CrossEntropy
	return s
}

// ep is equilibrium propagation in the prototypical form: layers feel the
// layer below and, through the transposed weights, the layer above.
//
//	Φ(h) = Σ_l γ^(l−L)·h_l·(W_l h_{l−1} + b_l) − β·C(h_L, t)
//	h_l  = f(γ^(L−l)·∂Φ/∂h_l) = f(W_l h_{l−1} + b_l + γ W_{l+1}ᵀ h_{l+1})
//
//	squared error    C = ½|h_L − t|²     h_L = f(W_L h_{L−1} + b_L + β(t − h_L))
//	cross-entropy    C = D(t, h_L)       h_L = (1 − β)·f(W_L h_{L−1} + b_L) + β·t
//
//	one-sided    ΔW_l = η/β·γ^(l−L)·(h_l h_{l−1}ᵀ|β − h_l h_{l−1}ᵀ|0)        error of order β
//	random sign  the same with ±β, drawn for each batch                     its mean is that of centred
//	centred      ΔW_l = η/2β·γ^(l−L)·(h_l h_{l−1}ᵀ|β − h_l h_{l−1}ᵀ|−β)      error of order β²
//
//	h_l  activities of layer l    [rate]
//	β    strength of the nudge    [1]
//	γ    option gain              [1]
//	mod  γ^(l−L)                  [1]
//	D    divergence of a softmax or sigmoid output, the cross-entropy up to a constant
//
// For β → 0 this is gradient descent of the loss at the free equilibrium,
// which is what the network predicts. The rule lr·mod·phase·post·pre leaves 1/β
// or 1/2β to lr: it takes the step η = lr·β, centred η = 2·lr·β; where γ is 1,
// mod is too.
//
// Between layers of equal size fresh weights have a largest singular value of
// 2, so that at γ = 1 units of slope 1 drive each other until many sit at
// their bounds, where they pass nothing on. Between rectified units, γ < 1 is
// the same as weights √γ as large.
//
// The nudge under cross-entropy belongs to an energy too: with ∇G = f⁻¹ the
// output maximises h_L·u_L − (1 − β)·G((h_L − βt)/(1 − β)), whose slope by β at
// 0 is −D(t, h_L) up to a constant. Departures from the first paper: γ, any
// activation that rises, up to the ceiling, and layers that settle in turn.
//
// B. Scellier, Y. Bengio, Front. Comput. Neurosci. 11:24 (2017); centred:
// A. Laborieux et al., Front. Neurosci. 15:633674 (2021); γ: X. Xie,
// H. S. Seung, Neural Comput. 15:441 (2003).
type ep struct {
	settled
	free, up, down *state // down only where centred
	phase          *vec.Matrix
	mod            []*vec.Matrix // by connection
	nudgedSteps    int
	beta           float32
	stream         *key.Stream // of signs; nil where they are not random
}

func newEP(b *base, k key.Key) Circuit {
	o := b.options
	s := newNudged(b, o.Float("gain"))
	c := &ep{settled: settled{settling: &s, steps: o.Int("steps", 0)}, phase: b.phase(rulespace.SigPhase),
		nudgedSteps: o.Int("nudged_steps", 0), beta: float32(o.Float("beta"))}
	c.mod = s.layerWeights()
	c.free, c.up = s.newState(b.buffers), s.newState(b.buffers)
	switch o.Text("nudge") {
	case "centred":
		c.down = s.newState(b.buffers)
	case "random-sign":
		c.stream = k.Child("noise", 0).Stream()
	}
	return c
}

func (c *ep) Learn(net *network.Network, b *tasks.Batch, p Plasticity) {
	c.forward(net, b)
	c.weigh(c.mod)
	c.adopt(c.free)
	c.settle(c.free, c.steps)
	if c.down != nil {
		c.nudged(c.up, c.free, &c.target, c.beta, c.nudgedSteps)
		c.nudged(c.down, c.free, &c.target, -c.beta, c.nudgedSteps)
		c.contrast(p, c.phase, c.up, 1, c.down, -1)
		return
	}
	sign := float32(1)
	if c.stream != nil && c.stream.IntN(2) == 1 {
		sign = -1
	}
	c.nudged(c.up, c.free, &c.target, sign*c.beta, c.nudgedSteps)
	c.contrast(p, c.phase, c.up, sign, c.free, -sign)
}

// nudged settles st from where free is, with the output nudged.
func (s *settling) nudged(st, free *state, target *vec.Matrix, beta float32, steps int) {
	s.startFrom(st, free)
	st.nudge, st.target = beta, target
	s.settle(st, steps)
}

var epVectorFieldEntry = Entry{
	Name: "ep-vector-field", Title: "equilibrium propagation in a vector field",
	Doc:      "activity comes down through feedback weights of its own, which a rule's dfb may change; pre_prev and post_prev are the activities of the free phase, or of that nudged away from the target",
	Provides: local | previous, Output: target, Feedback: true, Supervised: true, Passes: 11,
	Locality: []string{GlobalScalar, SecondPass},
	Options: append([]option.Option{
		option.Choice("nudge", "centred", []string{"one-sided", "centred"}, "what β is compared with: a free phase or −β"),
		feedbackScale, ceiling,
	}, nudging...),
	Reference: "B. Scellier et al., arXiv:1808.04873 (2018)",
	make:      newEPVectorField,
}

var previous = rulespace.Signals(rulespace.SigPrePrev, rulespace.SigPostPrev)

// epVectorField is equilibrium propagation without symmetric weights: what
// comes down does so through B_l, so that there is no energy.
//
//	h_l  = f(W_l h_{l−1} + b_l + B_l h_{l+1})      the output nudged as in ep
//	ΔW_l = η/β·(h_l|β − h_l|0) h_{l−1}ᵀ
//	ΔB_l = η/β·(h_l|β − h_l|0) h_{l+1}ᵀ
//
//	h_l  activities of layer l    [rate]
//	B_l  feedback into layer l    [1]
//	β    strength of the nudge    [1]
//
// The nudged activities are presented as pre and post, those of the free phase
// (or of −β, with 1/2β) as pre_prev and post_prev. The better the feedback
// weights agree with the weights, the closer this is to the gradient. The
// feedback weights are drawn as fresh glorot weights are.
//
// B. Scellier et al., arXiv:1808.04873 (2018).
type epVectorField struct {
	settled
	free, up, down *state
	nudgedSteps    int
	beta           float32
}

func newEPVectorField(b *base, k key.Key) Circuit {
	s := newNudged(b, 1)
	o := b.options
	s.drawFeedback(k)
	c := &epVectorField{settled: settled{settling: &s, steps: o.Int("steps", 0)},
		nudgedSteps: o.Int("nudged_steps", 0), beta: float32(o.Float("beta"))}
	c.free, c.up = s.newState(b.buffers), s.newState(b.buffers)
	c.down = c.free
	if o.Text("nudge") == "centred" {
		c.down = s.newState(b.buffers)
	}
	for l := range b.conns {
		v := &b.conns[l].sig.Values
		v[rulespace.SigPostPrev] = c.down.act[l+1]
	}
	return c
}

// drawFeedback gives all connections between layers that settle feedback
// weights of their own.
func (s *settling) drawFeedback(k key.Key) {
	k = k.Child("feedback", 0)
	for l := 1; l < len(s.conns); l++ {
		c := s.net.Conns[l]
		f := s.synapses(c.In, c.Out)
		network.Initialise(f, "glorot", s.options.Float("feedback_scale"), k.Child("connection", uint64(l)))
		s.down[l], s.conns[l].sig.Feedback = f, f
	}
}

func (c *epVectorField) Learn(net *network.Network, b *tasks.Batch, p Plasticity) {
	c.forward(net, b)
	c.adopt(c.free)
	c.settle(c.free, c.steps)
	c.nudged(c.up, c.free, &c.target, c.beta, c.nudgedSteps)
	if c.down != c.free {
		c.nudged(c.down, c.free, &c.target, -c.beta, c.nudgedSteps)
	}
	for l := range c.conns {
		c.conns[l].sig.Values[rulespace.SigPrePrev] = c.down.act[l]
	}
	c.show(c.up.act, c.up.pot)
	c.present(p)
}
