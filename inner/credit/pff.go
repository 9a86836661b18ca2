package credit

import (
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/fmath"
	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// pffSteps is the default number of steps. The entry's Phases follow from it.
const pffSteps = 4

var pffEntry = Entry{
	Name: "pff", Title: "predictive forward-forward",
	Doc: "a recurrent network is shown the input below and a label above, the right one (phase 1) and a wrong one (phase −1), and learns at every step: " +
		"err is the slope of the goodness loss of each layer; feedback weights carry labels down, inhibit neighbours and predict the layer below (reconstructed in part)",
	Provides: local | credit | phase | rulespace.Signals(rulespace.SigPostPrev), Output: target, Feedback: true,
	OwnFeedback: rulespace.Signals(rulespace.SigPre, rulespace.SigErrPre, rulespace.SigPost, rulespace.SigPostPrev, rulespace.SigPhase),
	Supervised:  true, Passes: 4 * pffSteps, Phases: 2 * pffSteps, Stochastic: true,
	Locality: []string{GlobalScalar, SecondPass},
	Options: []option.Option{
		option.Choice("steps", "4", []string{"2", "4", "6", "8", "10", "12", "16", "20"}, "K, steps for each batch"),
		option.Float("theta", "10", 1e-6, 1e6, "θ, goodness that parts right from wrong labels"),
		option.Float("label_scale", "1", 1e-6, 1e6, "activity of the label unit"),
		option.Float("damping", "0.3", 0, 0.99, "α, part of an activity that stays from step to step"),
		option.Float("sigma", "0.01", 0, 1e6, "standard deviation of the noise in potentials"),
		option.Float("generative_sigma", "0.025", 0, 1e6, "standard deviation of the noise in what predictions are made from"),
		option.Int("group", "10", 1, 1<<20, "units that inhibit each other"),
		feedbackScale,
		option.Choice("predict", "goodness", []string{"goodness", "readout"},
			"how to classify: by the label with the largest goodness in the middle steps, or by the output of a forward pass"),
	},
	Reference: "A. Ororbia, A. Mali, arXiv:2301.01452 (2023)",
	fits: func(net network.Config, _ int, _ option.Values) error {
		if len(net.Sizes) < 3 || net.Sizes[len(net.Sizes)-1] < 2 {
			return configErrorf("predictive forward-forward needs a hidden layer and at least two classes")
		}
		return nil
	},
	make: newPFF,
}

// pff is the predictive forward-forward algorithm: a recurrent representation
// circuit between input and label, and a generative circuit that predicts
// each of its layers from the one above.
//
//	z_l ← (1 − α)·f(W_l ẑ_{l−1} + V_l ẑ_{l+1} − [L_l]₊ z_l + b_l + ε) + α·z_l,  ẑ = z/|z|
//	g_l = |z_l|²,  c_l = p·σ(p·(θ − g_l))·z_l,  p = 1 with the right label, −1 with a wrong one
//	e_l = z_l − f(G_l·ẑ'_{l+1}),  z' with noise
//	ΔW_l = η·c_l ẑ_{l−1}ᵀ,  ΔV_l = η·c_l ẑ_{l+1}ᵀ,  ΔL_l = −η·c_l z_lᵀ,  ΔG_l = η·e_l ẑ'_{l+1}ᵀ
//
//	z_l  activities of hidden layer l, those before the step on the right   [rate]
//	c_l  presented as err, and as err_pre before the next connection        [err]
//	e_l  error of the generative circuit                                    [rate]
//
// Below the first layer is the input, above the last the label times its
// scale. All four matrices learn at every step, from the two states in turn:
// dw = lr·err·pre, dfb = lr·err_pre·post_prev. In the frames of V the receiving
// units are on the presynaptic side, as they are in those of L, where err_pre
// is −c, and of G, where it is e. The output connection reads ẑ of the last
// hidden layer and has the credit of the loss in phase 1, none in phase −1.
//
// Reconstructed in part, from the paper's abstract and its authors' program.
// Departures: right labels have high goodness, as in forward-forward; there is
// no self-excitation; the generative circuit starts at the last hidden layer
// instead of at latent units above it; fewer steps and a weaker label, which
// suit layers of some hundred units better than the 12 and 5 for 2000 units.
//
// A. Ororbia, A. Mali, arXiv:2301.01452 (2023).
type pff struct {
	*base
	lateral, generative []Feedback // by layer from 1; by layer from 0
	down                []*vec.Matrix
	sig                 Signals // of lateral and generative weights
	right, wrong        pffState
	phase               *vec.Matrix
	stream              *key.Stream
	steps, group        int
	theta, scale, alpha float32
	sigma, genSigma     float32
	sweep               bool
	prediction
	test   *pffState
	start  []*vec.Matrix // forward pass of a block, by layer
	scores *vec.Matrix
}

// pffState is the recurrent network under one label.
type pffState struct {
	act, unit, pot []*vec.Matrix // by layer; unit is act at length 1, before the step, that of the last layer the label
	before         []*vec.Matrix // act before the step, by hidden layer
	err            []*vec.Matrix // by layer; of the output it is the read-out's
	inhibition     []*vec.Matrix // −err, by hidden layer
	noisy          []*vec.Matrix // what predictions are made from, by layer
	miss           []*vec.Matrix // errors of prediction, by layer
	spare          []*vec.Matrix // by layer
	first          *vec.Matrix   // what the input drives the first layer with
	read           *vec.Matrix   // the output
	readPot        *vec.Matrix
}

func newPFF(b *base, k key.Key) Circuit {
	o := b.options
	c := &pff{base: b, phase: b.phase(rulespace.SigPhase), stream: k.Child("noise", 0).Stream(),
		steps: o.Int("steps", 0), group: o.Int("group", 0), theta: float32(o.Float("theta")), scale: float32(o.Float("label_scale")),
		alpha: float32(o.Float("damping")), sigma: float32(o.Float("sigma")), genSigma: float32(o.Float("generative_sigma")),
		sweep: o.Text("predict") == "goodness", down: []*vec.Matrix{nil}}
	k = k.Child("feedback", 0)
	scale := o.Float("feedback_scale")
	for l, conn := range b.net.Conns {
		if l > 0 {
			f := b.synapses(conn.In, conn.Out)
			network.Initialise(f, "glorot", scale, k.Child("connection", uint64(l)))
			c.down = append(c.down, f)
			b.conns[l].sig.Feedback = f
		}
		if conn.Output {
			continue
		}
		lateral := Feedback{Index: 2 * l, Conn: conn, W: b.synapses(conn.Out, conn.Out)}
		s := k.Child("lateral", uint64(l)).Stream()
		for i := range lateral.W.Rows {
			for j := range lateral.W.Row(i) {
				lateral.W.Row(i)[j] = float32(scale * s.Uniform(0, 0.05))
			}
		}
		generative := Feedback{Index: 2*l + 1, Conn: conn, W: b.synapses(conn.In, conn.Out)}
		network.Initialise(generative.W, "glorot", scale, k.Child("generative", uint64(l)))
		c.lateral, c.generative = append(c.lateral, lateral), append(c.generative, generative)
	}
	c.right, c.wrong = c.newState(b.units), c.newState(b.units)
	c.sig.Values[rulespace.SigPhase] = c.phase
	return c
}

func (c *pff) newState(matrix func(cols int) *vec.Matrix) pffState {
	var s pffState
	for l, act := range c.net.Act {
		n := act.Cols
		for _, m := range []*[]*vec.Matrix{&s.act, &s.unit, &s.pot, &s.before, &s.err, &s.inhibition, &s.noisy, &s.miss, &s.spare} {
			*m = append(*m, matrix(n))
		}
		if l == 1 {
			s.first = matrix(n)
		}
	}
	n := c.net.Act[len(c.conns)].Cols
	s.read, s.readPot = matrix(n), matrix(n)
	return s
}

func (c *pff) Learn(net *network.Network, b *tasks.Batch, p Plasticity) {
	x := c.begin(net, b)
	net.Load(x)
	last := len(c.conns)
	c.enter(&c.right, x)
	c.enter(&c.wrong, x)
	for q := range x.Rows {
		right := largest(c.target.Row(q))
		wrong := c.stream.IntN(c.target.Cols - 1)
		if wrong >= right {
			wrong++
		}
		c.label(&c.right, q, right)
		c.label(&c.wrong, q, wrong)
	}
	for range c.steps {
		c.drive(&c.right)
		c.wrong.first.CopyFrom(c.right.first)
		c.advance(&c.right, true)
		c.advance(&c.wrong, true)
		c.blame(&c.right, 1)
		c.blame(&c.wrong, -1)
		net.OutputCreditOf(c.right.err[last], c.right.read, &c.target)
		c.wrong.err[last].Zero()
		c.showState(&c.right, 1, p)
		c.showState(&c.wrong, -1, p)
	}
	for l := 1; l < last; l++ {
		net.Act[l].CopyFrom(c.right.act[l])
		net.Pot[l].CopyFrom(c.right.pot[l])
	}
	net.Act[last].CopyFrom(c.right.read)
	net.Pot[last].CopyFrom(c.right.readPot)
}

// enter takes in inputs and runs forward once.
func (c *pff) enter(s *pffState, x *vec.Matrix) {
	s.act[0].CopyFrom(x)
	unitLength(s.unit[0], x)
	for l := range len(c.conns) - 1 {
		c.forwardThrough(l, s.pot[l+1], s.unit[l])
		c.net.Activate(l+1, s.act[l+1], s.pot[l+1])
		unitLength(s.unit[l+1], s.act[l+1])
	}
}

// label writes a label above the last hidden layer.
func (c *pff) label(s *pffState, q, label int) {
	row := s.unit[len(c.conns)].Row(q)
	clear(row)
	row[label] = c.scale
}

func (c *pff) drive(s *pffState) { c.forwardThrough(0, s.first, s.unit[0]) }

// advance makes one step of all layers at once. Learning has noise.
func (c *pff) advance(s *pffState, learning bool) {
	last := len(c.conns)
	for l := 1; l < last; l++ {
		s.before[l].CopyFrom(s.act[l])
		unitLength(s.unit[l], s.act[l])
	}
	for l := 1; l < last; l++ {
		pot, act, spare := s.pot[l], s.act[l], s.spare[l]
		if l == 1 {
			pot.CopyFrom(s.first)
		} else {
			c.forwardThrough(l-1, pot, s.unit[l-1])
		}
		c.mulTB(spare, s.unit[l+1], c.down[l])
		addScaled(pot, 1, spare)
		c.inhibit(l, pot, s.before[l])
		if learning {
			c.disturb(pot, c.sigma)
		}
		c.net.Activate(l, spare, pot)
		n := act.Rows * act.Stride
		vec.MulVS(act.Data[:n], act.Data[:n], c.alpha)
		addScaled(act, 1-c.alpha, spare)
	}
	if !learning {
		return
	}
	c.forwardThrough(last-1, s.readPot, s.unit[last-1])
	c.net.Activate(last, s.read, s.readPot)
	for l := last - 1; l > 0; l-- {
		s.spare[l].CopyFrom(s.act[l])
		c.disturb(s.spare[l], c.genSigma)
		c.net.Activate(l, s.spare[l], s.spare[l])
		unitLength(s.noisy[l], s.spare[l])
		miss := s.miss[l-1]
		c.mulTB(miss, s.noisy[l], c.generative[l-1].W)
		if l > 1 {
			c.net.Activate(l-1, miss, miss)
		}
		difference(miss, s.act[l-1], miss)
	}
}

// disturb adds noise.
func (c *pff) disturb(m *vec.Matrix, sigma float32) {
	if sigma == 0 {
		return
	}
	for q := range m.Rows {
		x := m.Row(q)
		for i := range x {
			x[i] += float32(sigma * float32(c.stream.Normal()))
		}
	}
}

// inhibit takes away what the other units of each group inhibit.
func (c *pff) inhibit(l int, pot, before *vec.Matrix) {
	w := c.lateral[l-1].W
	c.count(pot.Rows, w.Rows, min(c.group, w.Cols))
	for from := 0; from < w.Rows; from += c.group {
		to := min(from+c.group, w.Rows)
		for q := range pot.Rows {
			u, z := pot.Row(q)[from:to], before.Row(q)[from:to]
			for i := range u {
				sum := float32(0)
				for j, v := range w.Row(from + i)[from:to] {
					if j != i && v > 0 {
						sum += float32(v * z[j])
					}
				}
				u[i] -= sum
			}
		}
	}
}

// blame computes the credit of the hidden layers.
func (c *pff) blame(s *pffState, sign float32) {
	for l := 1; l < len(c.conns); l++ {
		for q := range s.act[l].Rows {
			z := s.act[l].Row(q)
			gate := sign * fmath.Sigmoid32(sign*(c.theta-vec.Dot(z, z)))
			vec.MulVS(s.err[l].Row(q), z, gate)
			vec.MulVS(s.inhibition[l].Row(q), z, -gate)
		}
	}
}

// showState presents a state to all weights.
func (c *pff) showState(s *pffState, sign float32, p Plasticity) {
	last := len(c.conns)
	fill(c.phase, sign)
	c.sig.Batch = s.read.Rows
	v := &c.sig.Values
	for l := range c.lateral {
		v[rulespace.SigPre], v[rulespace.SigErrPre] = s.act[l+1], s.inhibition[l+1]
		v[rulespace.SigPost], v[rulespace.SigPostPrev] = s.before[l+1], s.before[l+1]
		p.PresentFeedback(&c.lateral[l], &c.sig)
		v[rulespace.SigPre], v[rulespace.SigErrPre] = s.act[l], s.miss[l]
		v[rulespace.SigPost], v[rulespace.SigPostPrev] = s.noisy[l+1], s.noisy[l+1]
		p.PresentFeedback(&c.generative[l], &c.sig)
	}
	for l := range c.conns {
		to := &c.conns[l]
		v := &to.sig.Values
		v[rulespace.SigPre], v[rulespace.SigErrPre] = s.unit[l], s.err[l]
		v[rulespace.SigErr], v[rulespace.SigPostPrev] = s.err[l+1], s.unit[l+1]
		post, pot := s.act[l+1], s.pot[l+1]
		if l == last-1 {
			post, pot = s.read, s.readPot
		}
		to.act, v[rulespace.SigPot] = post, pot
		if l < last-1 || !c.options.On("clamp") {
			v[rulespace.SigPost] = post
		}
	}
	c.present(p)
}

// Outputs implements Predictor.
func (c *pff) Outputs(x *vec.Matrix) *vec.Matrix {
	cost := c.cost // that of learning
	out := c.outputs(x, c.net.Conns[len(c.conns)-1].Out, c)
	c.cost = cost
	return out
}

func (c *pff) predict(x *vec.Matrix) *vec.Matrix {
	last := len(c.conns)
	if c.test == nil {
		c.prediction.buffers = network.NewBuffers(predictRows)
		matrix := c.prediction.buffers.Matrix
		s := c.newState(matrix)
		c.test, c.scores = &s, matrix(c.net.Conns[last-1].Out)
		for _, act := range c.net.Act {
			c.start = append(c.start, matrix(act.Cols))
		}
		c.prediction.buffers.Resize(x.Rows)
	}
	s := c.test
	c.enter(s, x)
	if !c.sweep {
		c.forwardThrough(last-1, s.readPot, s.unit[last-1])
		c.net.Activate(last, s.read, s.readPot)
		return s.read
	}
	c.drive(s)
	for l := 1; l < last; l++ {
		c.start[l].CopyFrom(s.act[l])
	}
	c.scores.Zero()
	middle := c.steps / 2
	for label := range c.scores.Cols {
		for l := 1; l < last; l++ {
			s.act[l].CopyFrom(c.start[l])
		}
		for q := range x.Rows {
			c.label(s, q, label)
		}
		for k := range middle + 1 {
			c.advance(s, false)
			if k < middle-1 {
				continue
			}
			for q := range x.Rows {
				for l := 1; l < last; l++ {
					z := s.act[l].Row(q)
					c.scores.Row(q)[label] += vec.Dot(z, z)
				}
			}
		}
	}
	for q := range x.Rows {
		network.Softmax(c.scores.Row(q), c.scores.Row(q), 1)
	}
	return c.scores
}
