package credit

import (
	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace/key"
)

var tpsgdEntry = Entry{
	Name: "tpsgd", Title: "target projection: every layer has a target of its own",
	Doc:      "err of hidden units lowers the distance to a random projection of the target, that of the output the loss",
	Provides: local | credit, Output: target, Supervised: true, Passes: 1,
	Locality: []string{TargetBroadcast},
	Options: []option.Option{
		option.Choice("distance", "l2", []string{"l2", "l1"}, "of a layer from its target: ½Σ(t−h)² or Σ|t−h|"),
		option.Float("target_range", "1.5", 1e-9, 1e9, "projection weights are uniform in ± this; tanh 1.5 is 0.9"),
	},
	Reference: "M. Lomnitz, Z. Daniels, D. Zhang, M. Piacentino, arXiv:2208.08503 (2022)",
	make:      newTPSGD,
}

// newTPSGD makes target projection stochastic gradient descent: each layer
// descends a loss of its own, the distance of its activity from a fixed random
// target for the class at hand.
//
//	c_l = f'(h_l) ⊙ (t_l − h_l)         l2
//	c_l = f'(h_l) ⊙ sign(t_l − h_l)     l1
//	t_l = f(P_l y*)     P_l of n_l × n_L, uniform; y* the target
//
// Learning ends where layers reach their targets; drtp has no such end.
//
// Reconstruction: how the paper keeps targets within the range of the
// activation is not known to us; here they pass through the activation.
//
// M. Lomnitz, Z. Daniels, D. Zhang, M. Piacentino, arXiv:2208.08503 (2022).
func newTPSGD(b *base, k key.Key) Circuit {
	c := newProjection(b)
	c.assign = (*projection).pull
	if b.options.Text("distance") == "l1" {
		c.assign = (*projection).pullEvenly
	}
	limit := b.options.Float("target_range")
	k = k.Child("feedback", 0)
	for l, f := range c.feedback {
		if f == nil {
			continue
		}
		s := k.Child("layer", uint64(l)).Stream()
		for j := range f.Rows {
			for i := range f.Row(j) {
				f.Row(j)[i] = float32(s.Uniform(-limit, limit))
			}
		}
	}
	return c
}

// pull makes the projected target a target for the activity, and credit of
// what is missing.
func (c *projection) pull(l int) {
	m, h := c.credit[l], c.net.Act[l]
	c.net.Activate(l, m, m)
	for i := range m.Rows {
		vec.SubVV(m.Row(i), m.Row(i), h.Row(i))
	}
}

// pullEvenly is pull by the same amount whatever is missing.
func (c *projection) pullEvenly(l int) {
	c.pull(l)
	m := c.credit[l]
	for i := range m.Rows {
		signs(m.Row(i), m.Row(i))
	}
}
