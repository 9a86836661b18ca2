package credit

import (
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

var drtpEntry = Entry{
	Name: "drtp", Title: "direct random target projection",
	Doc:      "err of hidden units is the target through fixed random weights, that of the output the true one",
	Provides: local | credit, Output: target, Supervised: true, Passes: 1,
	Locality:  []string{TargetBroadcast},
	Options:   []option.Option{feedbackScale},
	Reference: "C. Frenkel, M. Lefebvre, D. Bol, Front. Neurosci. 15:629892 (2021)",
	make:      newDRTP,
}

// projection gives each layer credit as soon as it is active, from random
// projections of the target, without an error from above (direct random
// target projection).
//
//	c_L = −∂loss/∂z_L
//	c_l = −f'(h_l) ⊙ (B_l y*)     B_l of n_l × n_L, glorot, y* the target
//
// In a one-hot code the sign of the error of an output is known before the
// output is: the target stands in for it. Activity is pushed along one
// direction per class for as long as learning goes on, so that weights grow
// without bound: rates are small, and a rule may add decay.
//
// C. Frenkel, M. Lefebvre, D. Bol, Front. Neurosci. 15:629892 (2021).
type projection struct {
	*base
	credit   []*vec.Matrix // by layer; nil where not needed
	feedback []*vec.Matrix // by hidden layer
	assign   func(c *projection, l int)
}

func newDRTP(b *base, k key.Key) Circuit {
	c := newProjection(b)
	c.assign = (*projection).push
	k = k.Child("feedback", 0)
	for l, f := range c.feedback {
		if f != nil {
			network.Initialise(f, "glorot", b.options.Float("feedback_scale"), k.Child("layer", uint64(l)))
		}
	}
	return c
}

// newProjection allocates credit and zero projections.
func newProjection(b *base) *projection {
	last := len(b.conns)
	c := &projection{base: b, credit: make([]*vec.Matrix, last+1), feedback: make([]*vec.Matrix, last)}
	for l := range c.credit {
		if !b.needsCredit(l) {
			continue
		}
		c.credit[l] = c.units(c.net.Act[l].Cols)
		if l < last {
			c.feedback[l] = c.synapses(c.net.Act[l].Cols, c.net.Act[last].Cols)
		}
	}
	c.bindCredit(c.credit)
	return c
}

func (c *projection) Learn(net *network.Network, b *tasks.Batch, p Plasticity) {
	c.forward(net, b)
	last := len(c.conns)
	for l, f := range c.feedback {
		if f != nil {
			c.mulTB(c.credit[l], &c.target, f)
			c.assign(c, l)
			net.Damp(l, c.credit[l], net.Act[l])
		}
	}
	if c.credit[last] != nil {
		net.OutputCredit(c.credit[last], &c.target)
	}
	c.present(p)
}

// push makes credit of the projected target.
func (c *projection) push(l int) {
	m := c.credit[l]
	for i := range m.Rows {
		vec.Neg(m.Row(i), m.Row(i))
	}
}
