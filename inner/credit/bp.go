package credit

import (
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

var bpEntry = Entry{
	Name: "bp", Title: "backpropagation",
	Doc:      "err is minus the exact gradient of the loss, sent back through the transposed weights",
	Provides: local | credit | totals, Output: target, Supervised: true, Passes: 2,
	Locality:  []string{WeightTransport, ForwardLocking, BackwardLocking, BackwardPhase},
	Convolves: true,
	Reference: "D. Rumelhart, G. Hinton, R. Williams, Nature 323:533 (1986)",
	make:      newBP,
}

// backprop sends credit back through the layers: through the transposed
// weights themselves (bp) or through feedback weights of its own (fa).
//
//	c_L = −∂loss/∂z_L
//	c_l = f'(h_l) ⊙ (W_l c_{l+1})     W_l stored [pre][post], the weights or B_l
//
//	z_l, h_l  potentials and activities of layer l    [rate]
//	c_l       credit of layer l                       [err]
//
// A connection from layer l presents c_{l+1} as err and c_l as err_pre. The
// credit c_0 of the inputs is computed as if they were hidden units. See fold
// for convolutions.
type backprop struct {
	*base
	credit   []*vec.Matrix // by layer; nil below the lowest that is needed
	feedback []*vec.Matrix // by connection; all nil for bp
}

func newBP(b *base, _ key.Key) Circuit {
	c := &backprop{base: b, feedback: make([]*vec.Matrix, len(b.conns))}
	c.allocate()
	return c
}

func (c *backprop) allocate() {
	c.credit = make([]*vec.Matrix, len(c.conns)+1)
	for l := len(c.conns); l >= c.lowest(); l-- {
		c.credit[l] = c.units(c.net.Act[l].Cols)
	}
	c.bindCredit(c.credit)
	c.foldBack(c.credit)
}

// lowest is the lowest layer whose credit is needed, one past the output when
// none is.
func (b *base) lowest() int {
	for l := range b.conns {
		switch n := b.conns[l].needs; {
		case n.Has(rulespace.SigErrPre):
			return l
		case n.Has(rulespace.SigErr):
			return l + 1
		}
	}
	return len(b.conns) + 1
}

func (c *backprop) Learn(net *network.Network, b *tasks.Batch, p Plasticity) {
	c.assign(net, b)
	c.presentCredit(c.credit, p)
}

// assign runs the network on the batch and computes all credit.
func (c *backprop) assign(net *network.Network, b *tasks.Batch) {
	c.forward(net, b)
	c.sendDown(nil)
}

// sendDown computes all credit. The derivatives are taken at the activities of
// the network or, where act is not nil, at those, by layer.
func (c *backprop) sendDown(act []*vec.Matrix) {
	last := len(c.conns)
	if c.credit[last] != nil {
		c.net.OutputCredit(c.credit[last], &c.target)
	}
	for l := last - 1; l >= 0 && c.credit[l] != nil; l-- {
		c.sendBack(l, c.credit[l], c.credit[l+1], c.feedback[l])
		if act == nil {
			c.damp(l, c.credit[l])
		} else {
			c.net.Damp(l, c.credit[l], act[l])
		}
	}
}
