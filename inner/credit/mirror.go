package credit

import (
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

var mirrorEntry = Entry{
	Name: "mirror", Title: "feedback weights that mirror the weights",
	Doc:      "err is sent back layer by layer through weights that learn from noise: in dfb, pre is noise in the lower layer and post what the upper layer makes of it alone",
	Provides: local | credit, Output: target, Supervised: true, Passes: 3,
	Locality:   []string{ForwardLocking, BackwardLocking, BackwardPhase, NoisePhase},
	Stochastic: true,
	Feedback:   true, OwnFeedback: rulespace.Signals(rulespace.SigPre, rulespace.SigPost),
	Options: []option.Option{
		option.Float("sigma", "0.1", 1e-9, 1e9, "standard deviation of the noise"),
		feedbackScale,
	},
	Reference: "M. Akrout et al., NeurIPS 32 (2019)",
	make:      newMirror,
}

// mirror is feedback alignment whose feedback weights learn to be the weights
// in a second mode, in which each layer in turn is nothing but noise (weight
// mirror).
//
//	n_l     = σ·ξ,  ξ ~ N(0, 1)           presented to dfb as pre
//	m_{l+1} = f(W_l n_l + b) − f(b)       presented to dfb as post
//
// E[n_l m_{l+1}] = σ²·W_l·f', so that ΔB = η·(n m) − λ·B settles at W_l·f'·ησ²/λ.
// At the output m is the response of the potential: the derivative of the
// output is part of the credit already. The response to silence is taken off
// instead of the batch mean of the paper, which single samples do not have.
// Both modes see the weights from before the batch.
//
// M. Akrout, C. Wilson, P. Humphreys, T. Lillicrap, D. Tweed, NeurIPS 32 (2019).
type mirror struct {
	*backprop
	learning []*learnedFeedback // by connection; nil where there is no feedback
	stream   *key.Stream
	sigma    float32
}

// learnedFeedback is a matrix of feedback weights with what it learns from.
type learnedFeedback struct {
	Feedback
	sig       Signals
	pre, post *vec.Matrix
	rest      *vec.Matrix // response to silence; mirror's
}

func newMirror(b *base, k key.Key) Circuit {
	c := &mirror{backprop: newFA(b, k).(*backprop), stream: k.Child("noise", 0).Stream(), sigma: float32(b.options.Float("sigma"))}
	c.learning = c.learnFeedback()
	for _, f := range c.learning {
		if f != nil {
			f.rest = c.units(f.Conn.Out)
		}
	}
	return c
}

// learnFeedback makes the feedback weights along connections learn from frames
// of their own instead of those of the connections.
func (c *backprop) learnFeedback() []*learnedFeedback {
	all := make([]*learnedFeedback, len(c.conns))
	for l, conn := range c.net.Conns {
		if c.feedback[l] == nil {
			continue
		}
		c.conns[l].sig.Feedback = nil
		f := &learnedFeedback{Feedback: Feedback{Index: l, Conn: conn, W: c.feedback[l]},
			pre: c.units(conn.In), post: c.units(conn.Out)}
		f.sig.Values[rulespace.SigPre], f.sig.Values[rulespace.SigPost] = f.pre, f.post
		all[l] = f
	}
	return all
}

func (c *mirror) Learn(net *network.Network, b *tasks.Batch, p Plasticity) {
	c.assign(net, b)
	for l, f := range c.learning {
		if f != nil {
			c.reflect(l, f)
		}
	}
	c.present(p)
	for _, f := range c.learning {
		if f != nil {
			f.sig.Batch = b.N
			p.PresentFeedback(&f.Feedback, &f.sig)
		}
	}
}

// reflect sends noise through connection l and notes the response.
func (c *mirror) reflect(l int, f *learnedFeedback) {
	for i := range f.pre.Rows {
		row := f.pre.Row(i)
		for j := range row {
			row[j] = c.sigma * float32(c.stream.Normal())
		}
	}
	c.forwardThrough(l, f.post, f.pre)
	f.rest.Zero()
	c.net.AddBias(l, f.rest)
	if !f.Conn.Output {
		c.net.Activate(l+1, f.post, f.post)
		c.net.Activate(l+1, f.rest, f.rest)
	}
	subtract(f.post, f.rest)
}

// subtract takes m off dst.
func subtract(dst, m *vec.Matrix) {
	for i := range dst.Rows {
		vec.SubVV(dst.Row(i), dst.Row(i), m.Row(i))
	}
}
