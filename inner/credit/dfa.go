package credit

import (
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

var dfaEntry = Entry{
	Name: "dfa", Title: "direct feedback alignment",
	Doc:      "err is the output credit through random weights from the output to each layer, which a rule's dfb may change: its pre and err_pre are of the layer, post, pot and err of the output",
	Provides: local | credit, Output: target, Supervised: true, Passes: 2,
	Locality: []string{ForwardLocking, ErrorBroadcast, BackwardPhase},
	Feedback: true, OwnFeedback: directFeedback,
	Options: []option.Option{
		feedbackScale,
		option.Switch("sign", "no", "hidden layers get the sign of the output credit (sDFA)"),
	},
	Convolves: true,
	Reference: "A. Nøkland, NeurIPS 29 (2016)",
	make:      newDFA,
}

// directFeedback are the signals of the feedback weights of dfa.
var directFeedback = rulespace.Signals(
	rulespace.SigPre, rulespace.SigErrPre, rulespace.SigPost, rulespace.SigPot, rulespace.SigErr)

// direct broadcasts the output credit to every layer through random weights
// (direct feedback alignment).
//
//	c_L = −∂loss/∂z_L
//	c_l = f'(h_l) ⊙ (B_l c_L)     B_l of n_l × n_L, glorot
//
// B_l belongs to the rule of the connection that learns from c_l, the one
// below layer l. Its dfb sees layer l on the presynaptic and the output on the
// postsynaptic side, so that the dfb of Kolen and Pollack, η·err·pre − λ·w,
// makes B_l learn what a connection straight from layer l to the output would.
//
// Behind a convolution n_l counts the units that pooling left; from there
// credit goes through pooling to the filters (see fold).
//
// A. Nøkland, NeurIPS 29 (2016); learned: M. Webster, J. Choi, C. W. Ahn,
// "Learning the connections in direct feedback alignment" (2021).
type direct struct {
	*base
	credit   []*vec.Matrix // by layer; nil where not needed
	feedback []*vec.Matrix // by layer
	learning []*Feedback   // by layer
	sent     *vec.Matrix   // sign of the output credit; nil where it is sent itself
	sig      Signals       // of the feedback weights
}

func newDFA(b *base, k key.Key) Circuit {
	c := newDirect(b, k)
	if last := len(c.conns); b.options.On("sign") && c.credit[last] != nil {
		c.sent = c.units(c.net.Act[last].Cols)
	}
	return c
}

func newDirect(b *base, k key.Key) *direct {
	last := len(b.conns)
	c := &direct{base: b, credit: make([]*vec.Matrix, last+1), feedback: make([]*vec.Matrix, last)}
	if c.lowest() <= last {
		c.credit[last] = c.units(c.net.Act[last].Cols)
	}
	k = k.Child("feedback", 0)
	for l := range last {
		if !c.needsCredit(l) {
			continue
		}
		c.credit[l] = c.units(c.net.Act[l].Cols)
		c.feedback[l] = c.synapses(c.net.Act[l].Cols, c.net.Act[last].Cols)
		network.Initialise(c.feedback[l], "glorot", c.options.Float("feedback_scale"), k.Child("layer", uint64(l)))
	}
	c.bindCredit(c.credit)
	c.learning = c.own(c.feedback)
	return c
}

// own makes direct feedback weights, by layer, something that rules change.
func (b *base) own(feedback []*vec.Matrix) []*Feedback {
	all := make([]*Feedback, len(feedback))
	for l, f := range feedback {
		if f != nil {
			all[l] = &Feedback{Index: l, Conn: b.net.Conns[max(l-1, 0)], W: f}
		}
	}
	return all
}

// needsCredit reports whether the connections around layer l read its credit.
func (b *base) needsCredit(l int) bool {
	return l < len(b.conns) && b.conns[l].needs.Has(rulespace.SigErrPre) || l > 0 && b.conns[l-1].needs.Has(rulespace.SigErr)
}

func (c *direct) Learn(net *network.Network, b *tasks.Batch, p Plasticity) {
	c.assign(net, b)
	c.presentCredit(c.credit, p)
	last := len(c.conns)
	c.sig.Batch = b.N
	v := &c.sig.Values
	v[rulespace.SigPost], v[rulespace.SigPot], v[rulespace.SigErr] = net.Act[last], net.Pot[last], c.credit[last]
	for l, f := range c.learning {
		if f != nil {
			v[rulespace.SigPre], v[rulespace.SigErrPre] = net.Act[l], c.credit[l]
			p.PresentFeedback(f, &c.sig)
		}
	}
}

// assign runs the network on the batch and computes all credit.
func (c *direct) assign(net *network.Network, b *tasks.Batch) {
	c.forward(net, b)
	last := len(c.conns)
	if c.credit[last] != nil {
		net.OutputCredit(c.credit[last], &c.target)
	}
	send := c.credit[last]
	if c.sent != nil {
		send = c.sent
		for i := range send.Rows {
			signs(send.Row(i), c.credit[last].Row(i))
		}
	}
	for l, f := range c.feedback {
		if f != nil {
			c.mulTB(c.credit[l], send, f)
			c.damp(l, c.credit[l])
		}
	}
}

// signs sets dst to -1, 0 or 1; dst may be src.
func signs(dst, src []float32) {
	for i, x := range src {
		switch {
		case x > 0:
			dst[i] = 1
		case x < 0:
			dst[i] = -1
		default:
			dst[i] = x // zero, or not a number
		}
	}
}
