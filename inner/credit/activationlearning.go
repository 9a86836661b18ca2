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

var activationEntry = Entry{
	Name: "activation", Title: "activation learning",
	Doc: "the target is part of the input, by weights of its own that a rule's dfb changes, and the prediction is the target that makes the last hidden layer most active; " +
		"the transfer between layers is our reconstruction",
	Provides: local, Output: target, Feedback: true, OwnFeedback: rulespace.Signals(rulespace.SigPre, rulespace.SigPost, rulespace.SigRecon),
	Supervised: true, Passes: 1, Settles: true,
	Options: []option.Option{
		option.Float("label", "0.5", 1e-6, 1e6, "Euclidean length of a target of length 1 in the input, next to the rest of length 1"),
	},
	Reference: "H. Zhou, arXiv:2209.13400 (2022)",
	fits: func(net network.Config, _ int, _ option.Values) error {
		if len(net.Sizes) > 2 && net.Hidden.Name != "linear" {
			return configErrorf("circuit activation has a transfer of its own between layers: it needs linear hidden units, not %s", net.Hidden.Name)
		}
		return nil
	},
	make: newActivation,
}

// activation is activation learning: layers learn the features of their input
// without supervision, and how active the last hidden layer is, or the output
// of a network that has none, tells how typical an input is.
//
//	a_0 = (x/|x|, λ·t)/√(1 + λ²|t|²)                    the target t is part of the input
//	y_l = W_l a_{l−1}                                   W_1 with the weights V of the target
//	a_l = (|y_l| − ⟨|y_l|⟩)/‖|y_l| − ⟨|y_l|⟩‖
//	prediction: class c in proportion to |y_H|² with t the one-hot code of c
//
//	y_l, a_l  activities, and what the next layer reads of them    [rate]
//	λ         option label                                         [1]
//
// pre is a_{l−1} and post y_l; V is presented as feedback weights with the
// target's part of a_0 as pre and of the reconstruction Σ_k y_k·v_k as recon.
// The connection from the last hidden layer to the output is presented like
// any other and has no part in the prediction.
//
// H. Zhou, arXiv:2209.13400 (2022). The transfer is recovered from work that
// builds on it; feedback between layers, which a later version has, is not
// here.
type activation struct {
	*base
	label      float32
	top        int // layer whose activity counts
	weights    Feedback
	frame      Signals
	given      *vec.Matrix // λ·t/√(1 + λ²|t|²)
	below      []*vec.Matrix
	eval       prediction
	x, first   *vec.Matrix // in prediction: a_0, W_1 a_0
	pot, reads []*vec.Matrix
	out        *vec.Matrix
}

func newActivation(b *base, k key.Key) Circuit {
	last := len(b.conns)
	c := &activation{base: b, label: float32(b.options.Float("label")), top: max(1, last-1)}
	conn := b.net.Conns[0]
	out := b.net.Conns[last-1].Out
	c.weights = Feedback{Conn: conn, W: c.synapses(out, conn.Out)}
	network.Initialise(c.weights.W, b.net.Config.Init, b.net.Config.InitScale, k.Child("feedback", 0))
	c.given = b.units(out)
	v := &c.frame.Values
	v[rulespace.SigPre], v[rulespace.SigPost], v[rulespace.SigRecon] = c.given, b.net.Act[1], b.units(out)
	for l := range c.conns {
		p := &c.conns[l]
		c.below = append(c.below, b.units(p.conn.In))
		p.sig.Values[rulespace.SigPre] = c.below[l]
	}
	return c
}

// scale is what both parts of the input are multiplied by, for a target of
// that squared length.
func (c *activation) scale(square float32) float32 {
	return 1 / fmath.Sqrt32(1+float32(float32(c.label*c.label)*square))
}

func (c *activation) Learn(net *network.Network, b *tasks.Batch, p Plasticity) {
	net.Load(c.begin(net, b))
	unit(c.below[0], net.Act[0], 1)
	for i := range b.N {
		x, t := c.below[0].Row(i), c.target.Row(i)
		scale := c.scale(vec.Dot(t, t))
		vec.MulVS(x, x, scale)
		vec.MulVS(c.given.Row(i), t, c.label*scale)
	}
	for l := range c.conns {
		if l > 0 {
			distinguish(c.below[l], net.Act[l])
		}
		pot := net.Pot[l+1]
		c.forwardThrough(l, pot, c.below[l])
		if l == 0 {
			c.count(b.N, c.weights.W.Rows, c.weights.W.Cols)
			for i := range b.N {
				addTarget(pot.Row(i), c.given.Row(i), c.weights.W)
			}
		}
		net.Activate(l+1, net.Act[l+1], pot)
	}
	c.frame.Batch = b.N
	c.mulTB(c.frame.Values[rulespace.SigRecon], net.Act[1], c.weights.W)
	p.PresentFeedback(&c.weights, &c.frame)
	c.present(p)
}

// addTarget adds what a target does to potentials.
func addTarget(pot, target []float32, w *vec.Matrix) {
	for k, t := range target {
		if t != 0 {
			vec.Axpy(pot, t, w.Row(k))
		}
	}
}

// unit scales every row to a length; rows of zeros stay.
func unit(dst, src *vec.Matrix, length float32) {
	for i := range src.Rows {
		x := src.Row(i)
		norm := fmath.Sqrt32(vec.Dot(x, x))
		if norm > 0 {
			norm = length / norm
		}
		vec.MulVS(dst.Row(i), x, norm)
	}
}

// distinguish sets dst to what a layer reads of the activities below it.
func distinguish(dst, act *vec.Matrix) {
	for i := range act.Rows {
		d := dst.Row(i)
		vec.Abs(d, act.Row(i))
		vec.SubVS(d, d, vec.Sum(d)/float32(len(d)))
	}
	unit(dst, dst, 1)
}

// Outputs implements Predictor.
func (c *activation) Outputs(x *vec.Matrix) *vec.Matrix {
	classes := c.weights.W.Rows
	if c.eval.buffers == nil {
		c.eval.buffers = network.NewBuffers(predictRows)
		matrix := c.eval.buffers.Matrix
		c.x, c.first, c.out = matrix(x.Cols), matrix(c.net.Conns[0].Out), matrix(classes)
		for _, conn := range c.net.Conns[:c.top] {
			c.reads, c.pot = append(c.reads, matrix(conn.In)), append(c.pot, matrix(conn.Out))
		}
	}
	return c.eval.outputs(x, classes, c)
}

func (c *activation) predict(x *vec.Matrix) *vec.Matrix {
	unit(c.x, x, c.scale(1))
	c.net.Conns[0].Array.Forward(c.first, c.x)
	c.net.AddBias(0, c.first)
	for k := range c.weights.W.Rows {
		c.pot[0].CopyFrom(c.first)
		for i := range x.Rows {
			vec.Axpy(c.pot[0].Row(i), c.label*c.scale(1), c.weights.W.Row(k))
		}
		for l := 1; l < c.top; l++ {
			distinguish(c.reads[l], c.pot[l-1])
			c.net.Conns[l].Array.Forward(c.pot[l], c.reads[l])
			c.net.AddBias(l, c.pot[l])
		}
		for i := range x.Rows {
			y := c.pot[c.top-1].Row(i)
			c.out.Row(i)[k] = vec.Dot(y, y)
		}
	}
	for i := range x.Rows {
		e := c.out.Row(i)
		if sum := vec.Sum(e); sum > 0 {
			vec.MulVS(e, e, 1/sum)
		}
	}
	return c.out
}
