package credit

import (
	"slices"

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
	Convolves: true,
	Reference: "B. Millidge, A. Tschantz, C. L. Buckley, Neural Comput. 34:1329 (2022)",
	make:      newFixed,
}

var pcZILEntry = Entry{
	Name: "pc-zil", Title: "predictive coding with zero-divergence inference",
	Doc:      "potentials take full steps from the forward pass and each connection learns just when the error reaches it",
	Provides: local | credit, Output: target, Supervised: true, Passes: 3, Settles: true,
	Locality:  []string{WeightTransport, ForwardLocking, BackwardLocking},
	Convolves: true,
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
	credit    []*vec.Matrix // of the units of a layer; err but behind convolutions
	steps     int
	rate      float32
}

func newFixed(b *base, _ key.Key) Circuit {
	last := len(b.conns)
	c := &fixedPrediction{base: b, steps: b.options.Int("steps", 32), rate: float32(b.options.Float("rate")),
		credit: make([]*vec.Matrix, last+1), back: make([]*vec.Matrix, last+1)}
	if c.steps == 0 {
		c.steps = last
	}
	for l := last; l >= b.lowest(); l-- {
		c.credit[l] = c.units(b.net.Act[l].Cols)
	}
	b.bindCredit(c.credit)
	b.foldBack(c.credit)
	c.err = slices.Clone(c.credit)
	for l, e := range c.err {
		if l > 0 && e != nil && b.conns[l-1].fold != nil {
			c.err[l] = b.conns[l-1].fold.err
		}
		switch {
		case e == nil || l == last:
		case l == 0:
			c.back[l] = c.units(e.Cols)
		default:
			c.back[l] = c.rows(b.conns[l-1].conn, c.err[l].Cols)
		}
	}
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
			c.arrive(l, back)
			if c.rate == 1 {
				e.CopyFrom(back)
				continue
			}
			vec.SubVV(whole(back), whole(back), whole(e))
			vec.MulVS(whole(back), whole(back), c.rate)
			vec.AddVV(whole(e), whole(e), whole(back))
		}
	}
	for l, e := range c.err {
		if e != c.credit[l] {
			net.Conns[l-1].Collect(c.credit[l], e)
		}
	}
	c.presentCredit(c.credit, p)
}

// arrive sets back to what the error above gives layer l.
func (c *fixedPrediction) arrive(l int, back *vec.Matrix) {
	if c.err[l] == c.credit[l] {
		c.sendBack(l, back, c.err[l+1], nil)
		c.net.Damp(l, back, c.net.Act[l])
		return
	}
	conn := c.net.Conns[l-1]
	c.sendBack(l, c.credit[l], c.err[l+1], nil)
	conn.Unpool(back, c.credit[l])
	c.net.Damp(l, back, conn.Post)
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
			c.showMap(1)
			c.showCredit(0, c.credit[0])
			c.presentOne(0, p)
			break
		}
		below, moved := l-1, c.back[l-1]
		c.arrive(below, moved)
		net.Damp(below, moved, c.post[below])
		vec.AddVV(whole(moved), whole(moved), whole(c.pot[below]))
		vec.SubVV(whole(c.err[below]), whole(moved), whole(c.pred[below]))
		c.showMap(l)
		c.showMap(below)
		c.showCredit(below, c.credit[below])
		c.presentOne(below, p)
		c.pot[below].CopyFrom(moved)
		net.Activate(below, c.post[below], c.pot[below])
		c.pool(below)
	}
}
