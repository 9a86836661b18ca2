package credit

import (
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

var rbpEntry = Entry{
	Name: "rbp", Title: "recurrent backpropagation",
	Doc:      "the network settles with recurrent weights from each layer to the one below, which a rule's dfb may change; err is minus the gradient of the loss at the equilibrium, which settles too",
	Provides: local | credit, Output: target, Feedback: true, Supervised: true, Passes: 12,
	Locality: []string{WeightTransport, ForwardLocking, BackwardPhase},
	Options: []option.Option{
		settleSteps,
		option.Int("adjoint_steps", "10", 1, 1<<20, "sweeps over the layers until the credit counts as settled"),
		stepSize, feedbackScale,
	},
	Reference: "L. B. Almeida, IEEE Int. Conf. Neural Networks 2:609 (1987); F. J. Pineda, Phys. Rev. Lett. 59:2229 (1987)",
	make:      newRBP,
}

// rbp is recurrent backpropagation: gradient descent of the loss at a fixed
// point of a recurrent network. Recurrent are weights B_l of their own from
// each layer to the one below.
//
//	h_l = f(u_l),  u_l = W_l h_{l−1} + b_l + B_l h_{l+1}
//	c_l = f'(u_l) ⊙ (W_{l+1}ᵀ c_{l+1} + B_{l−1}ᵀ c_{l−1})    at the output with −∂loss/∂u_L
//	ΔW_l = η·c_l h_{l−1}ᵀ,  ΔB_l = η·c_l h_{l+1}ᵀ
//
//	h_l, u_l  activities and potentials of layer l    [rate]
//	c_l       credit                                  [err]
//
// c_l is presented as err behind a connection and as err_pre before the next,
// so that the recurrent weights along it learn by dfb = lr·err_pre·post. Both
// settle by sweeps over the layers, activities upward and credit downward. The
// recurrent weights are drawn as fresh glorot weights are.
//
// L. B. Almeida, IEEE Int. Conf. Neural Networks 2:609 (1987);
// F. J. Pineda, Phys. Rev. Lett. 59:2229 (1987).
type rbp struct {
	settled
	free         *state
	credit       []*vec.Matrix // by layer
	lateral      []*vec.Matrix // by layer, scratch
	output       *vec.Matrix   // what the loss adds to the credit of the output
	adjointSteps int
}

func newRBP(b *base, k key.Key) Circuit {
	s := newSettling(b, 1)
	s.drawFeedback(k)
	c := &rbp{settled: settled{settling: &s, steps: b.options.Int("steps", 0)}, free: s.newState(b.buffers),
		adjointSteps: b.options.Int("adjoint_steps", 0)}
	for _, act := range b.net.Act {
		c.credit = append(c.credit, b.units(act.Cols))
		c.lateral = append(c.lateral, b.units(act.Cols))
	}
	c.output = b.units(b.net.Act[len(b.conns)].Cols)
	b.bindCredit(c.credit)
	return c
}

func (c *rbp) Learn(net *network.Network, b *tasks.Batch, p Plasticity) {
	c.forward(net, b)
	c.adopt(c.free)
	c.settle(c.free, c.steps)
	c.adjoint()
	c.show(c.free.act, c.free.pot)
	c.present(p)
}

// adjoint settles the credit at the equilibrium.
func (c *rbp) adjoint() {
	last := len(c.conns)
	act := c.free.act
	c.net.OutputCreditOf(c.output, act[last], &c.target)
	for l := 1; l <= last; l++ {
		c.credit[l].Zero()
	}
	for range c.adjointSteps {
		for l := last; l >= 1; l-- {
			e := c.credit[l]
			if l < last {
				c.backThrough(l, e, c.credit[l+1])
			} else {
				e.Zero()
			}
			if l > 1 {
				c.mul(c.lateral[l], c.credit[l-1], c.down[l-1])
				addScaled(e, 1, c.lateral[l])
			}
			c.dampJacobian(l, e, act[l])
			if l == last {
				addScaled(e, 1, c.output)
			}
		}
	}
	if c.conns[0].needs.Has(rulespace.SigErrPre) {
		c.backThrough(0, c.credit[0], c.credit[1])
		c.net.Damp(0, c.credit[0], act[0])
	}
}

// dampJacobian multiplies what reaches a layer from others by the Jacobian of
// its activation, which is not diagonal for softmax.
func (c *rbp) dampJacobian(l int, e, act *vec.Matrix) {
	if l < len(c.conns) || c.net.Config.Output.Name != "softmax" {
		c.net.Damp(l, e, act)
		return
	}
	for q := range e.Rows {
		v, y := e.Row(q), act.Row(q)
		vec.SubVS(v, v, vec.Dot(y, v))
		vec.MulVV(v, v, y)
	}
}
