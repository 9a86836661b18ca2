package credit

import (
	"math"

	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

var pepitaEntry = Entry{
	Name: "pepita", Title: "two forward passes, the second with the error added to the input",
	Doc:      "pre and post are activities of a second pass whose input the output error has modulated, pre_prev and post_prev those of the first; err is at the output only",
	Provides: local | rulespace.Signals(rulespace.SigPrePrev, rulespace.SigPostPrev),
	Output:   target | rulespace.Signals(rulespace.SigErr), Supervised: true, Passes: 2,
	Locality: []string{ForwardLocking, SecondPass},
	Options: []option.Option{
		option.Float("feedback_scale", "0.05", 1e-9, 1e9, "factor on the random weights from the output error to the input; above 0.2 learning breaks down"),
		option.Choice("error", "first", []string{"first", "second"}, "pass whose error the output learns from"),
	},
	Reference: "G. Dellaferrera, G. Kreiman, Proc. Mach. Learn. Res. 162:4937 (2022)",
	make:      newPepita,
}

// pepita runs the network twice, the second time on an input to which the
// output error of the first has been added.
//
//	e      = ∂loss/∂z_L           of the first pass, y − y* for cross-entropy
//	x_mod  = x + F e              F of n_0 × n_L, uniform in ±scale·√(6/n_0)
//	h_mod  = the activities for x_mod
//
//	pre, post, pot        second pass
//	pre_prev, post_prev   first pass
//	err                   −e, at the output
//
// The rule of hidden connections is Δw = η·(h_mod − h)·h_mod_below, that of
// the output η·err·h_mod_below. For small F the difference of the passes in
// the first layer is f'(h) ⊙ (W_1 F e): feedback through F and the weights.
// The output's rule also learns from the part of its input that comes from F,
// which turns the product of all weights against Fᵀ.
//
// Paper: no biases, relu, softmax. The paper's text has the error of the first
// pass at the output, its authors' program that of the second: option error.
//
// G. Dellaferrera, G. Kreiman, PMLR 162:4937 (2022).
type pepita struct {
	*base
	first    []*vec.Matrix // activities of the first pass, by layer; nil where nobody reads them
	err      *vec.Matrix   // what the output learns from; nil where it does not read it
	credit   *vec.Matrix   // −e of the first pass
	modulate *vec.Matrix   // F, n_0 × n_L
	input    *vec.Matrix   // x_mod
	second   bool          // the output learns from the second pass
}

func newPepita(b *base, k key.Key) Circuit {
	last := len(b.conns)
	in, out := b.net.Act[0].Cols, b.net.Act[last].Cols
	c := &pepita{base: b, first: make([]*vec.Matrix, last+1), second: b.options.Text("error") == "second"}
	c.credit, c.input, c.modulate = c.units(out), c.units(in), c.synapses(in, out)
	limit := b.options.Float("feedback_scale") * math.Sqrt(6/float64(in))
	s := k.Child("feedback", 0).Stream()
	for j := range in {
		for i := range c.modulate.Row(j) {
			c.modulate.Row(j)[i] = float32(s.Uniform(-limit, limit))
		}
	}
	for l := range c.first {
		if l < last && b.conns[l].needs.Has(rulespace.SigPrePrev) || l > 0 && b.conns[l-1].needs.Has(rulespace.SigPostPrev) {
			c.first[l] = c.units(b.net.Act[l].Cols)
		}
	}
	for l := range b.conns {
		v := &b.conns[l].sig.Values
		v[rulespace.SigPrePrev], v[rulespace.SigPostPrev] = c.first[l], c.first[l+1]
	}
	if b.conns[last-1].needs.Has(rulespace.SigErr) {
		c.err = c.credit
		if c.second {
			c.err = c.units(out)
		}
		b.conns[last-1].sig.Values[rulespace.SigErr] = c.err
	}
	return c
}

func (c *pepita) Learn(net *network.Network, b *tasks.Batch, p Plasticity) {
	c.forward(net, b)
	net.OutputCredit(c.credit, &c.target)
	for l, h := range c.first {
		if h != nil {
			h.CopyFrom(net.Act[l])
		}
	}
	c.mulTB(c.input, c.credit, c.modulate)
	x := net.Act[0]
	for i := range c.input.Rows {
		vec.SubVV(c.input.Row(i), x.Row(i), c.input.Row(i))
	}
	for _, conn := range net.Conns {
		c.count(b.N, conn.In, conn.Out)
	}
	net.Forward(c.input)
	if c.second && c.err != nil {
		net.OutputCredit(c.err, &c.target)
	}
	c.present(p)
}
