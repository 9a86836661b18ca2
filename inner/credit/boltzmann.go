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

var boltzmannEntry = Entry{
	Name: "boltzmann", Title: "Boltzmann machine with label units",
	Doc:      "stochastic units given input and target (phase 1), and after some Gibbs sampling without the target (phase −1)",
	Provides: local | phase, Output: target, Feedback: true, OwnFeedback: visibleBias, Supervised: true, Passes: 4, Phases: 2, Stochastic: true,
	Locality: []string{WeightTransport, GlobalScalar, SecondPass},
	Options: append([]option.Option{
		option.Choice("model", "conditional", []string{"conditional", "joint"},
			"what is sampled in phase −1: the output given the input, or both of them"),
	}, gibbs...),
	Reference: "D. Ackley, G. Hinton, T. Sejnowski, Cogn. Sci. 9:147 (1985); H. Larochelle, Y. Bengio, ICML (2008)",
	fits:      fitsBoltzmann,
	make:      func(b *base, k key.Key) Circuit { return newBoltzmann(b, k, true) },
}

var rbmEntry = Entry{
	Name: "rbm", Title: "restricted Boltzmann machine",
	Doc:      "stochastic units above the input given the input (phase 1), and after some Gibbs sampling of input and units (phase −1); the output is a layer like the others",
	Provides: local | phase, Output: target, Feedback: true, OwnFeedback: visibleBias, Passes: 6, Phases: 2, Stochastic: true,
	Locality:  []string{WeightTransport, GlobalScalar, SecondPass},
	Options:   gibbs,
	Reference: "G. Hinton, Neural Comput. 14:1771 (2002)",
	fits:      fitsRBM,
	make:      func(b *base, k key.Key) Circuit { return &newBoltzmann(b, k, false).machine },
}

// visibleBias are the signals of the biases of the input units.
var visibleBias = rulespace.Signals(rulespace.SigPre, rulespace.SigPost, rulespace.SigPhase)

var gibbs = []option.Option{
	option.Int("steps", "1", 1, 1<<20, "k of CD-k: rounds of Gibbs sampling from the data to phase −1"),
	option.Int("data_steps", "5", 1, 1<<20, "rounds of Gibbs sampling of the hidden layers in phase 1, where there are several"),
	option.Choice("visible", "binary", []string{"binary", "mean", "gaussian"},
		"sampled inputs: 0 or 1, their probability, or a Gaussian of variance 1 around the potential"),
}

func fitsBoltzmann(net network.Config, _ int, _ option.Values) error {
	net, err := net.Resolve()
	if err != nil {
		return err
	}
	if len(net.Sizes) > 2 && net.Hidden.Name != "sigmoid" {
		return configErrorf("units of a Boltzmann machine are 1 with the probability of a sigmoid: use it for hidden layers, not %v", net.Hidden)
	}
	switch net.Output.Name {
	case "sigmoid", "softmax", "linear":
		return nil
	}
	return configErrorf("outputs of a Boltzmann machine are sigmoid (binary), softmax (one of several) or linear (Gaussian), not %v", net.Output)
}

func fitsRBM(net network.Config, batch int, o option.Values) error {
	if err := fitsBoltzmann(net, batch, o); err != nil {
		return err
	}
	net, err := net.Resolve()
	if err == nil && net.Output.Name != "sigmoid" {
		err = configErrorf("the output of a restricted Boltzmann machine is a layer of hidden units: use sigmoid, not %v", net.Output)
	}
	return err
}

// machine is a layered Boltzmann machine trained by contrastive divergence.
//
//	E(h) = −Σ_l h_l·(W_l h_{l−1} + b_l) − b_0·h_0
//	P(h_li = 1 | others) = σ(u_li),  u_l = W_l h_{l−1} + b_l + W_{l+1}ᵀ h_{l+1}
//	ΔW_l = η·(⟨h_l h_{l−1}ᵀ⟩ given the data − ⟨h_l h_{l−1}ᵀ⟩ of the model)
//
//	h_l  states of layer l        [rate]
//	u_l  potentials               [rate]
//
// The average given the data is presented in phase 1, that of the model in
// phase −1, after k rounds of Gibbs sampling from the data. Layers of odd and of
// even number are sampled in turn. As every connection joins an odd layer to
// an even one, odd layers present their probabilities given the samples of the
// even ones: the same average with less noise.
//
// A softmax output is one unit of several states, a linear one is Gaussian
// with variance 1. The biases b_0 of the inputs are feedback weights from a
// unit that is always 1; without dfb they stay 0.
//
// D. Ackley, G. Hinton, T. Sejnowski, Cogn. Sci. 9:147 (1985); contrastive
// divergence: G. Hinton, Neural Comput. 14:1771 (2002).
type machine struct {
	*base
	data, model     *state
	phase           *vec.Matrix
	bias            Feedback // of the inputs, a column
	biasSig         Signals
	one             *vec.Matrix
	visible         [2]*vec.Matrix // sampled inputs and what they come from
	stream          *key.Stream
	steps, dataWait int
	labels          bool // the output is given in phase 1
	joint           bool // the input is sampled in phase −1
	kind            string
}

// boltzmann adds to a machine the prediction of its labels.
type boltzmann struct {
	machine
	mean  settled
	score prediction
	drive *vec.Matrix // what the input drives the hidden layer with
	probs *vec.Matrix
}

func newBoltzmann(b *base, k key.Key, labels bool) *boltzmann {
	o := b.options
	m := machine{base: b, phase: b.phase(rulespace.SigPhase), stream: k.Child("noise", 0).Stream(),
		steps: o.Int("steps", 0), dataWait: o.Int("data_steps", 0), labels: labels, kind: o.Text("visible")}
	m.joint = !labels || o.Text("model") == "joint"
	first := b.net.Conns[0]
	s := settling{base: b, gain: 1, step: 1, down: make([]*vec.Matrix, len(b.conns))}
	m.data, m.model = s.newState(b.buffers), s.newState(b.buffers)
	m.visible = [2]*vec.Matrix{b.units(first.In), b.units(first.In)}
	m.bias = Feedback{Conn: first, W: b.synapses(first.In, 1)}
	m.one = b.buffers.Matrix(1)
	m.biasSig.Values[rulespace.SigPost], m.biasSig.Values[rulespace.SigPhase] = m.one, m.phase
	return &boltzmann{machine: m, mean: settled{settling: &s, steps: meanFieldSweeps}}
}

// meanFieldSweeps is how long outputs settle where there is no closed form.
const meanFieldSweeps = 10

func (c *machine) Learn(net *network.Network, b *tasks.Batch, p Plasticity) {
	c.forward(net, b)
	last := len(c.conns)
	// Given the data.
	c.data.act[0] = net.Act[0]
	for l := 1; l <= last; l++ {
		c.data.act[l].CopyFrom(net.Act[l])
		c.data.pot[l].CopyFrom(net.Pot[l])
	}
	c.data.clamped = c.labels
	if c.labels {
		c.data.act[last].CopyFrom(&c.target)
	}
	if c.several() {
		for range c.dataWait {
			c.update(c.data, 1, true)
			c.update(c.data, 0, true)
		}
	}
	c.update(c.data, 1, false)

	// Of the model.
	c.model.act[0] = net.Act[0]
	if c.joint {
		c.visible[0].CopyFrom(net.Act[0])
		c.model.act[0] = c.visible[0]
	}
	for l := 1; l <= last; l++ {
		c.model.act[l].CopyFrom(c.data.act[l])
		if l%2 == 1 && !(l == last && c.labels) {
			c.draw(l, c.model.act[l])
		}
	}
	for range c.steps - 1 {
		c.update(c.model, 0, true)
		c.update(c.model, 1, true)
	}
	c.update(c.model, 0, true)
	c.update(c.model, 1, false)

	c.contrastBias(p)
	c.contrast(p, c.phase, c.data, 1, c.model, -1)
}

// several reports whether more than one layer is hidden: given the data, one
// alone is independent of everything sampled.
func (c *machine) several() bool {
	hidden := len(c.conns)
	if c.labels {
		hidden--
	}
	return hidden > 1
}

// update computes the layers of one parity from their neighbours: samples, or
// probabilities. What is held stays.
func (c *machine) update(st *state, parity int, sample bool) {
	last := len(c.conns)
	for l := parity; l <= last; l += 2 {
		switch {
		case l == 0:
			if st == c.model && c.joint {
				c.reconstruct(st)
			}
		default:
			c.potentials(st, l)
			if l == last && st.clamped {
				continue
			}
			c.net.Activate(l, st.act[l], st.pot[l])
			if sample {
				c.draw(l, st.act[l])
			}
		}
	}
}

func (c *machine) potentials(st *state, l int) {
	pot := st.pot[l]
	if l == 1 && st.act[0] == c.net.Act[0] {
		pot.CopyFrom(c.net.Pot[1])
	} else {
		c.forwardThrough(l-1, pot, st.act[l-1])
	}
	if l < len(c.conns) {
		c.backThrough(l, st.spare[l], st.act[l+1])
		addScaled(pot, 1, st.spare[l])
	}
}

// reconstruct samples the inputs.
func (c *machine) reconstruct(st *state) {
	pot, act := c.visible[1], st.act[0]
	c.backThrough(0, pot, st.act[1])
	for q := range pot.Rows {
		z := pot.Row(q)
		for j := range z {
			z[j] += c.bias.W.Data[j*c.bias.W.Stride]
		}
		switch x := act.Row(q); c.kind {
		case "gaussian":
			for j := range x {
				x[j] = z[j] + float32(c.stream.Normal())
			}
		default:
			vec.Sigmoid(x, z)
			if c.kind == "binary" {
				flip(c.stream, x)
			}
		}
	}
}

// flip makes each element 1 with the probability that it holds, else 0.
func flip(s *key.Stream, x []float32) {
	for j, p := range x {
		x[j] = 0
		if float32(s.Float64()) < p {
			x[j] = 1
		}
	}
}

// draw makes samples of the means of a layer.
func (c *machine) draw(l int, act *vec.Matrix) {
	kind := "sigmoid"
	if l == len(c.conns) {
		kind = c.net.Config.Output.Name
	}
	for q := range act.Rows {
		switch x := act.Row(q); kind {
		case "sigmoid":
			flip(c.stream, x)
		case "linear":
			for i := range x {
				x[i] += float32(c.stream.Normal())
			}
		case "softmax":
			chosen, left := len(x)-1, float32(c.stream.Float64())
			for i, p := range x {
				if left -= p; left < 0 {
					chosen = i
					break
				}
			}
			clear(x)
			x[chosen] = 1
		}
	}
}

// contrastBias presents the inputs of both phases to their biases.
func (c *machine) contrastBias(p Plasticity) {
	if !c.joint {
		return // they are the same
	}
	c.one.Zero()
	for q := range c.one.Rows {
		c.one.Row(q)[0] = 1
	}
	c.biasSig.Batch = c.one.Rows
	for _, s := range []struct {
		st    *state
		phase float32
	}{{c.data, 1}, {c.model, -1}} {
		c.biasSig.Values[rulespace.SigPre] = s.st.act[0]
		fill(c.phase, s.phase)
		p.PresentFeedback(&c.bias, &c.biasSig)
	}
}

// Outputs implements Predictor: the probabilities of the labels given the
// input, exactly where one hidden layer lies between,
//
//	P(y | x) ∝ exp(b_y + Σ_j softplus(u_j(x) + w_jy)),
//
// else those of the mean field.
func (c *boltzmann) Outputs(x *vec.Matrix) *vec.Matrix {
	if len(c.conns) != 2 || c.net.Config.Output.Name != "softmax" {
		return c.mean.Outputs(x)
	}
	cost := c.cost // that of learning
	out := c.score.outputs(x, c.net.Conns[1].Out, c)
	c.cost = cost
	return out
}

func (c *boltzmann) predict(x *vec.Matrix) *vec.Matrix {
	top := c.net.Conns[1]
	if c.drive == nil {
		c.score.buffers = network.NewBuffers(predictRows)
		c.drive, c.probs = c.score.buffers.Matrix(top.In), c.score.buffers.Matrix(top.Out)
		c.score.buffers.Resize(x.Rows)
	}
	c.forwardThrough(0, c.drive, x)
	for q := range x.Rows {
		u, p := c.drive.Row(q), c.probs.Row(q)
		for y := range p {
			sum := 0.0
			for j := range u {
				sum += float64(fmath.Log1pExp32(u[j] + top.W.Data[j*top.W.Stride+y]))
			}
			p[y] = float32(sum)
			if top.Bias != nil {
				p[y] += top.Bias[y]
			}
		}
		network.Softmax(p, p, 1)
	}
	return c.probs
}
