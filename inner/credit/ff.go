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

var ffEntry = Entry{
	Name: "ff", Title: "forward-forward",
	Doc: "two passes on an input with a label written into it: the right one (phase 1) and a wrong one (phase −1); mod is how far the goodness of the layer is from the right side. " +
		"The output connection reads layers that were shown no label",
	Provides: local | phase | rulespace.Signals(rulespace.SigMod), Output: target | rulespace.Signals(rulespace.SigErr),
	Supervised: true, Passes: 3, Phases: 2, Stochastic: true,
	Locality: []string{GlobalScalar, SecondPass},
	Options: []option.Option{
		option.Float("theta", "2", 1e-6, 1e6, "θ, goodness that parts right from wrong labels"),
		labelScale,
		option.Choice("predict", "goodness", []string{"goodness", "readout"},
			"how to classify: by the label with the largest goodness of all layers but the first (of the only one), or by the output"),
	},
	Reference: "G. Hinton, arXiv:2212.13345 (2022)",
	fits:      fitsFF,
	make:      newFF,
}

// labelScale is an option of circuits that write labels into the input.
var labelScale = option.Float("label_scale", "1", 1e-6, 1e6, "value of a label unit in parts of the largest of the other inputs")

func fitsFF(net network.Config, _ int, _ option.Values) error {
	in, out := net.Sizes[0], net.Sizes[len(net.Sizes)-1]
	switch {
	case len(net.Sizes) < 3:
		return configErrorf("forward-forward learns in hidden layers: the network needs one")
	case out < 2 || in <= out:
		return configErrorf("forward-forward writes the label of %d classes into the first inputs: it needs at least two classes and more inputs than classes, not %d", out, in)
	}
	return nil
}

// ff is the forward-forward algorithm. Hidden layers see the activities of the
// layer below at length 1, so that its goodness does not pass on.
//
//	h_l = f(W_l ĥ_{l−1} + b_l),  ĥ = h/(|h| + 10⁻⁴),  g_l = mean of h_l²
//	loss of a layer: softplus(p·(θ − g_l)),  p = 1 with the right label, −1 with a wrong one
//	ΔW_l = η·p·m_l·h_l ĥ_{l−1}ᵀ·2/n_l,  m_l = σ(p·(θ − g_l))
//
//	h_l  activities of layer l, of n_l units that are 0 where they do not rise (relu)  [rate]
//	m_l  presented as mod, p as phase                                                 [1]
//
// This is the gradient of the loss of the layer alone, with 2/n_l left to lr.
// With m = 1 (the rule contrastive-hebb) it is the Hebbian form, one positive
// and one negative pass.
//
// The label is written over the first inputs, one for each class. A wrong one
// is drawn for each sample. The output connection is not part of this: it
// presents, in both phases, a pass with all labels at 1/classes, err of the
// loss of the network, and a mod of 1. Departures from the paper: goodness is
// the mean, as in its later text, and the read-out sees the last hidden layer.
//
// G. Hinton, arXiv:2212.13345 (2022).
type ff struct {
	*base
	right, wrong, neutral ffPass
	mod                   []*vec.Matrix // by connection
	credit                *vec.Matrix   // of the output
	phase                 *vec.Matrix
	stream                *key.Stream
	theta, scale          float32
	sweep                 bool // predict by goodness
	prediction
	test ffTest
}

// ffPass is a forward pass with inputs of length 1.
type ffPass struct {
	act, pot []*vec.Matrix // by layer, from 1; act[0] is the input with its label
	in       []*vec.Matrix // by connection
}

func newFF(b *base, k key.Key) Circuit {
	o := b.options
	c := &ff{base: b, phase: b.phase(rulespace.SigPhase), stream: k.Child("noise", 0).Stream(),
		theta: float32(o.Float("theta")), scale: float32(o.Float("label_scale")), sweep: o.Text("predict") == "goodness"}
	last := len(b.conns)
	c.right = c.newPass(b.units, b.net.Act, b.net.Pot)
	c.wrong = c.newPass(b.units, nil, nil)
	c.neutral = c.newPass(b.units, nil, nil)
	c.credit = b.units(b.net.Act[last].Cols)
	for l := range b.conns {
		m := b.buffers.Global()
		c.mod = append(c.mod, m)
		b.conns[l].sig.Values[rulespace.SigMod] = m
	}
	b.conns[last-1].sig.Values[rulespace.SigErr] = c.credit
	return c
}

// newPass makes the matrices of a pass, those of act and pot where given.
func (c *ff) newPass(matrix func(cols int) *vec.Matrix, act, pot []*vec.Matrix) ffPass {
	p := ffPass{act: []*vec.Matrix{matrix(c.net.Conns[0].In)}, pot: []*vec.Matrix{nil}}
	for l, conn := range c.net.Conns {
		p.in = append(p.in, matrix(conn.In))
		if act != nil {
			p.act, p.pot = append(p.act, act[l+1]), append(p.pot, pot[l+1])
			continue
		}
		p.act, p.pot = append(p.act, matrix(conn.Out)), append(p.pot, matrix(conn.Out))
	}
	return p
}

func (c *ff) Learn(net *network.Network, b *tasks.Batch, p Plasticity) {
	x := c.begin(net, b)
	net.Load(x)
	classes := c.target.Cols
	for q := range x.Rows {
		row := x.Row(q)
		value := c.labelValue(row, classes)
		right := largest(c.target.Row(q))
		wrong := c.stream.IntN(classes - 1)
		if wrong >= right {
			wrong++
		}
		for _, s := range []struct {
			to    *vec.Matrix
			label int
		}{{c.right.act[0], right}, {c.wrong.act[0], wrong}} {
			to := s.to.Row(q)
			copy(to, row)
			clear(to[:classes])
			to[s.label] = value
		}
		to := c.neutral.act[0].Row(q)
		copy(to, row)
		vec.Fill(to[:classes], value/float32(classes))
	}
	last := len(c.conns)
	c.run(&c.wrong, last-1)
	c.run(&c.neutral, last)
	c.run(&c.right, last-1)
	net.Pot[last].CopyFrom(c.neutral.pot[last])
	net.Act[last].CopyFrom(c.neutral.act[last])
	net.OutputCreditOf(c.credit, c.neutral.act[last], &c.target)

	c.showPass(&c.right, 1)
	c.present(p)
	c.showPass(&c.wrong, -1)
	c.present(p)
}

// labelValue is what stands for a label among these inputs.
func (c *ff) labelValue(x []float32, classes int) float32 {
	top := float32(0)
	for _, v := range x[classes:] {
		top = max(top, fmath.Abs32(v))
	}
	return c.scale * top
}

// largest is the index of the first of the largest elements.
func largest(x []float32) int {
	best := 0
	for i, v := range x {
		if v > x[best] {
			best = i
		}
	}
	return best
}

// run computes the first layers of a pass from its input.
func (c *ff) run(s *ffPass, layers int) {
	for l := range layers {
		unitLength(s.in[l], s.act[l])
		c.forwardThrough(l, s.pot[l+1], s.in[l])
		c.net.Activate(l+1, s.act[l+1], s.pot[l+1])
	}
}

// unitLength sets each row of dst to that of src, divided by its length.
func unitLength(dst, src *vec.Matrix) {
	for q := range src.Rows {
		row := src.Row(q)
		vec.DivVS(dst.Row(q), row, fmath.Sqrt32(vec.Dot(row, row))+1e-4)
	}
}

// showPass makes the hidden connections present a pass and the output
// connection the neutral one.
func (c *ff) showPass(s *ffPass, sign float32) {
	last := len(c.conns)
	for l := range c.conns {
		pass, gate := s, true
		if l == last-1 {
			pass, gate = &c.neutral, false
		}
		v := &c.conns[l].sig.Values
		v[rulespace.SigPre], v[rulespace.SigPot], c.conns[l].act = pass.in[l], pass.pot[l+1], pass.act[l+1]
		if gate || !c.options.On("clamp") {
			v[rulespace.SigPost] = pass.act[l+1]
		}
		for q := range c.mod[l].Row(0) {
			c.mod[l].Data[q] = 1
			if gate {
				c.mod[l].Data[q] = fmath.Sigmoid32(sign * (c.theta - goodness(pass.act[l+1].Row(q))))
			}
		}
	}
	fill(c.phase, sign)
}

// goodness is the mean square.
func goodness(h []float32) float32 { return vec.Dot(h, h) / float32(len(h)) }

// ffTest holds what a block of predictions needs.
type ffTest struct {
	ffPass
	first *vec.Matrix // what the unlabelled input drives the first layer with
	sums  *vec.Matrix // goodness of each label
}

// Outputs implements Predictor.
func (c *ff) Outputs(x *vec.Matrix) *vec.Matrix {
	cost := c.cost // that of learning
	out := c.outputs(x, c.net.Conns[len(c.conns)-1].Out, c)
	c.cost = cost
	return out
}

func (c *ff) predict(x *vec.Matrix) *vec.Matrix {
	t := &c.test
	if t.sums == nil {
		c.prediction.buffers = network.NewBuffers(predictRows)
		matrix := c.prediction.buffers.Matrix
		t.ffPass = c.newPass(matrix, nil, nil)
		t.first, t.sums = matrix(c.net.Conns[0].Out), matrix(c.net.Conns[len(c.conns)-1].Out)
		c.prediction.buffers.Resize(x.Rows)
	}
	last, classes := len(c.conns), t.sums.Cols
	input := t.act[0]
	input.CopyFrom(x)
	if !c.sweep {
		for q := range x.Rows {
			row := input.Row(q)
			vec.Fill(row[:classes], c.labelValue(row, classes)/float32(classes))
		}
		c.run(&t.ffPass, last)
		return t.act[last]
	}
	for q := range x.Rows {
		clear(input.Row(q)[:classes])
	}
	first := c.net.Conns[0]
	first.Array.Forward(t.first, input)
	for label := range classes {
		for q := range x.Rows {
			row, pot := input.Row(q), t.pot[1].Row(q)
			value := c.labelValue(row, classes)
			length := fmath.Sqrt32(vec.Dot(row, row)+float32(value*value)) + 1e-4
			copy(pot, t.first.Row(q))
			vec.Axpy(pot, value, first.W.Row(label))
			vec.DivVS(pot, pot, length)
		}
		c.net.AddBias(0, t.pot[1])
		c.net.Activate(1, t.act[1], t.pot[1])
		for l := 1; l < last-1; l++ {
			unitLength(t.in[l], t.act[l])
			c.forwardThrough(l, t.pot[l+1], t.in[l])
			c.net.Activate(l+1, t.act[l+1], t.pot[l+1])
		}
		for q := range x.Rows {
			sum := float32(0)
			for l := min(2, last-1); l < last; l++ {
				sum += goodness(t.act[l].Row(q))
			}
			t.sums.Row(q)[label] = sum
		}
	}
	for q := range x.Rows {
		network.Softmax(t.sums.Row(q), t.sums.Row(q), 1)
	}
	return t.sums
}
