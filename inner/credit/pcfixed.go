package credit

import (
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

var pcFixedEntry = Entry{
	Name: "pc-fixed", Title: "predictive coding with fixed predictions",
	Doc:      "predictions and derivatives stay those of the forward pass while errors settle, to the credit of backprop",
	Provides: local | credit, Output: target, Supervised: true, Passes: 3,
	Locality: []string{WeightTransport, ForwardLocking, Settling},
	Options: []option.Option{
		option.Int("steps", "0", 0, 1e6, "steps of settling; 0 takes one for each layer, which at rate 1 is enough"),
		option.Float("rate", "1", 1e-9, 2, "step of settling"),
	},
	Reference: "B. Millidge, A. Tschantz, C. L. Buckley, Neural Comput. 34:1329 (2022)",
	make:      newFixed,
}

var pcZILEntry = Entry{
	Name: "pc-zil", Title: "predictive coding with zero-divergence inference",
	Doc:      "potentials take full steps from the forward pass and each connection learns just when the error reaches it",
	Provides: local | credit, Output: target, Supervised: true, Passes: 3, Settles: true,
	Locality:  []string{WeightTransport, ForwardLocking, BackwardLocking},
	Reference: "Y. Song, T. Lukasiewicz, Z. Xu, R. Bogacz, NeurIPS 33 (2020)",
	make:      newZIL,
}

// fixedPrediction is predictive coding with predictions, and derivatives,
// held where the forward pass left them.
//
//	ε_L = −∂loss/∂μ_L
//	ε_l ← ε_l + γ(f'(a_l) ⊙ W_{l+1}ᵀε_{l+1} − ε_l)      T times, from 0
//
// Its fixed point is the credit of backprop, reached in one step per layer at
// γ = 1.
//
// B. Millidge, A. Tschantz, C. L. Buckley, Neural Comput. 34:1329 (2022); R.
// Rosenbaum, PLoS ONE 17:e0266102 (2022).
type fixedPrediction struct {
	*base
	err, back []*vec.Matrix // by layer; nil below the lowest that is needed
	steps     int
	rate      float32
}

func newFixed(b *base, _ key.Key) Circuit {
	last := len(b.conns)
	c := &fixedPrediction{base: b, steps: b.options.Int("steps", 32), rate: float32(b.options.Float("rate")),
		err: make([]*vec.Matrix, last+1), back: make([]*vec.Matrix, last+1)}
	if c.steps == 0 {
		c.steps = last
	}
	for l := last; l >= b.lowest(); l-- {
		cols := b.net.Act[l].Cols
		c.err[l] = c.units(cols)
		if l < last {
			c.back[l] = c.units(cols)
		}
	}
	b.bindCredit(c.err)
	return c
}

func (c *fixedPrediction) Learn(net *network.Network, b *tasks.Batch, p Plasticity) {
	c.forward(net, b)
	last := len(c.conns)
	for l, e := range c.err {
		switch {
		case e == nil:
		case l == last:
			net.OutputCredit(e, &c.target)
		default:
			e.Zero()
		}
	}
	for t := range c.steps {
		for l := max(0, last-1-t); l < last; l++ { // the error above is still that of the step before
			e, back := c.err[l], c.back[l]
			if e == nil {
				continue
			}
			c.backThrough(l, back, c.err[l+1])
			net.Damp(l, back, net.Act[l])
			if c.rate == 1 {
				e.CopyFrom(back)
				continue
			}
			vec.SubVV(whole(back), whole(back), whole(e))
			vec.MulVS(whole(back), whole(back), c.rate)
			vec.AddVV(whole(e), whole(e), whole(back))
		}
	}
	c.present(p)
}

// zeroDivergence is predictive coding with steps γ = 1 in which connection
// W_l learns at step L − l after the forward pass, when the error has just
// reached layer l and the layers below are still where that pass left them:
//
//	ε_l = u_l − μ_l = f'(u_l) ⊙ W_{l+1}ᵀε_{l+1}
//
// which is the credit of backprop. Connections are presented from the output
// to the input, each after the layer below has moved by the weights from
// before.
//
// Y. Song, T. Lukasiewicz, Z. Xu, R. Bogacz, NeurIPS 33 (2020).
type zeroDivergence struct{ *predictive }

func newZIL(b *base, _ key.Key) Circuit { return &zeroDivergence{newPredictive(b)} }

func (c *zeroDivergence) Learn(net *network.Network, b *tasks.Batch, p Plasticity) {
	c.forward(net, b)
	c.start()
	c.shown++
	for l := len(c.conns); l >= 1; l-- {
		if l == 1 {
			c.downToInput()
			c.presentOne(0, p)
			break
		}
		below, moved := l-1, c.back[l-1]
		c.sendBack(below, moved, c.err[l])
		net.Damp(below, moved, c.act[below])
		vec.AddVV(whole(moved), whole(moved), whole(c.pot[below]))
		vec.SubVV(whole(c.err[below]), whole(moved), whole(c.pred[below]))
		c.presentOne(below, p)
		c.pot[below].CopyFrom(moved)
		net.Activate(below, c.act[below], c.pot[below])
	}
}
