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
	Doc:      "err is the output credit through fixed random weights from the output to each layer",
	Provides: local | credit, Output: target, Supervised: true, Passes: 2,
	Locality:  []string{ForwardLocking, ErrorBroadcast, BackwardPhase},
	Options:   []option.Option{feedbackScale},
	Convolves: true,
	Reference: "A. Nøkland, NeurIPS 29 (2016)",
	make:      newDFA,
}

// direct broadcasts the output credit to every layer through fixed random
// weights (direct feedback alignment).
//
//	c_L = −∂loss/∂z_L
//	c_l = f'(h_l) ⊙ (B_l c_L)     B_l of n_l × n_L, glorot
//
// Behind a convolution n_l counts the units that pooling left; from there
// credit goes through pooling to the filters (see fold).
//
// A. Nøkland, NeurIPS 29 (2016).
type direct struct {
	*base
	credit   []*vec.Matrix // by layer; nil where not needed
	feedback []*vec.Matrix // by layer
}

func newDFA(b *base, k key.Key) Circuit {
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
	return c
}

// needsCredit reports whether the connections around layer l read its credit.
func (c *direct) needsCredit(l int) bool {
	return c.conns[l].needs.Has(rulespace.SigErrPre) || l > 0 && c.conns[l-1].needs.Has(rulespace.SigErr)
}

func (c *direct) Learn(net *network.Network, b *tasks.Batch, p Plasticity) {
	c.forward(net, b)
	last := len(c.conns)
	if c.credit[last] != nil {
		net.OutputCredit(c.credit[last], &c.target)
	}
	for l, f := range c.feedback {
		if f != nil {
			c.mulTB(c.credit[l], c.credit[last], f)
			c.damp(l, c.credit[l])
		}
	}
	c.presentCredit(c.credit, p)
}
