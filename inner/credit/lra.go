package credit

import (
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// Options of local representation alignment.
var (
	lraBeta       = option.Float("displacement", "0.1", 1e-9, 1e9, "how far errors displace potentials")
	lraDerivative = option.Switch("derivative", "no", "multiply err by the derivative of the activation once more, as one published form does")
	lraRescale    = option.Switch("rescale", "no", "divide the err of each hidden layer by displacement, so that it is of the size of that above; else it shrinks by that factor per layer")
)

var lraEntry = Entry{
	Name: "lra", Title: "local representation alignment, error-driven",
	Doc:      "err leads to what a layer would do if its potentials were displaced by the errors above, through random weights that a rule's dfb may change",
	Provides: local | credit, Output: target, Feedback: true, Supervised: true, Passes: 2,
	Locality:  []string{ForwardLocking, BackwardLocking, BackwardPhase},
	Options:   []option.Option{lraBeta, lraDerivative, lraRescale, feedbackScale},
	Reference: "A. Ororbia, A. Mali, AAAI 33 (2019)",
	make:      newLRA,
}

var recLRAEntry = Entry{
	Name: "rec-lra", Title: "recursive local representation alignment",
	Doc: "as lra, with errors mixed with their signs, every second layer hearing of the output directly; " +
		"a reconstruction without forward skips and projections of updates",
	Provides: local | credit, Output: target, Feedback: true, OwnFeedback: rulespace.Signals(rulespace.SigPre, rulespace.SigErr), Supervised: true, Passes: 2,
	Locality: []string{ForwardLocking, ErrorBroadcast, BackwardPhase},
	Options: []option.Option{lraBeta, lraDerivative, lraRescale, feedbackScale,
		option.Float("mix", "0.24", 0, 1, "share of the error itself against its sign, on the way down one layer"),
		option.Float("skip_mix", "0.19", 0, 1, "the same on the way straight down from the output"),
	},
	Reference: "A. Ororbia et al., AAAI 37 (2023)",
	make:      newRecLRA,
}

// alignment is local representation alignment: each layer is taught what it
// would do if the errors above displaced its potentials.
//
//	e_L = −c_L                        c_L = −∂loss/∂z_L
//	d_l = E_l e_{l+1}                 E_l of n_l × n_{l+1}, normal with variance 1
//	y_l = f(z_l − β·d_l)
//	e_l = h_l − y_l,  err = −e_l      (with rescale e_l/β)
//
//	z_l, h_l  potentials and activities    [rate]
//	β         option displacement          [1]
//	e_l       errors                       [err]
//
// Only f itself is evaluated, so that it need not have a derivative. With
// E_l = W_{l+1}ᵀ and β → 0 err has the direction of backprop's and shrinks by
// β from layer to layer. The feedback weights change as the weights do,
// dE_l = γ·lr·h_l c_{l+1}ᵀ: they follow Wᵀ, not its negative.
//
// A. Ororbia and A. Mali, AAAI 33 (2019).
//
// The recursive kind sends α·e + (1 − α)·sign e in place of e, and to every
// second layer below the output straight from there: d_l = E_{L→l} e_L. A.
// Ororbia et al., AAAI 37 (2023), reconstructed from a port by others;
// forward skips and the projection of updates are not here.
type alignment struct {
	*base
	beta       float32
	derivative bool
	rescale    bool
	err        []*vec.Matrix // by layer; nil below the lowest that is needed
	feedback   []*vec.Matrix // by layer that it leads to

	recursive bool
	mix, skip float32
	mixed     []*vec.Matrix // scratch, by layer that it comes from
	shown     []Feedback    // by layer
	frames    []Signals
}

func newAlignment(b *base) *alignment {
	o := b.options
	last := len(b.conns)
	c := &alignment{base: b, beta: float32(o.Float("displacement")), derivative: o.On("derivative"), rescale: o.On("rescale"),
		err: make([]*vec.Matrix, last+1), feedback: make([]*vec.Matrix, last)}
	for l := b.lowest(); l <= last; l++ {
		c.err[l] = c.units(b.net.Act[l].Cols)
	}
	b.bindCredit(c.err)
	return c
}

func newLRA(b *base, k key.Key) Circuit {
	c := newAlignment(b)
	c.initialise(k)
	for l, f := range c.feedback {
		c.conns[l].sig.Feedback = f
	}
	return c
}

func newRecLRA(b *base, k key.Key) Circuit {
	c := newAlignment(b)
	last := len(c.conns)
	c.recursive, c.mix, c.skip = true, float32(b.options.Float("mix")), float32(b.options.Float("skip_mix"))
	c.initialise(k)
	c.mixed, c.shown, c.frames = make([]*vec.Matrix, last+1), make([]Feedback, last), make([]Signals, last)
	for l, f := range c.feedback {
		if f == nil {
			continue
		}
		from := c.from(l)
		if c.mixed[from] == nil {
			c.mixed[from] = c.units(f.Cols)
		}
		c.shown[l] = Feedback{Index: l, Conn: b.net.Conns[l], W: f}
		v := &c.frames[l].Values
		v[rulespace.SigPre], v[rulespace.SigErr] = b.net.Act[l], c.err[from]
	}
	return c
}

// from is the layer that layer l hears errors from.
func (c *alignment) from(l int) int {
	last := len(c.conns)
	if c.recursive && l > 0 && (last-l)%2 == 0 {
		return last
	}
	return l + 1
}

func (c *alignment) initialise(k key.Key) {
	k = k.Child("feedback", 0)
	for l := range c.feedback {
		if c.err[l] == nil {
			continue
		}
		f := c.synapses(c.net.Act[l].Cols, c.net.Act[c.from(l)].Cols)
		network.Initialise(f, "normal", c.options.Float("feedback_scale"), k.Child("layer", uint64(l)))
		c.feedback[l] = f
	}
}

func (c *alignment) Learn(net *network.Network, b *tasks.Batch, p Plasticity) {
	c.forward(net, b)
	last := len(c.conns)
	if c.err[last] != nil {
		net.OutputCredit(c.err[last], &c.target)
	}
	for l := last - 1; l >= 0 && c.err[l] != nil; l-- {
		c.align(l)
	}
	c.present(p)
	for l := range c.shown {
		if c.shown[l].W != nil {
			c.frames[l].Batch = b.N
			p.PresentFeedback(&c.shown[l], &c.frames[l])
		}
	}
}

// align computes the err of layer l.
func (c *alignment) align(l int) {
	err, from := c.err[l], c.from(l)
	above := c.err[from]
	if c.recursive {
		share := c.mix
		if from > l+1 {
			share = c.skip
		}
		mixSigns(c.mixed[from], above, share)
		above = c.mixed[from]
	}
	c.mulTB(err, above, c.feedback[l])
	if l == 0 { // inputs have no potentials: as if hidden, for small β
		c.net.Damp(0, err, c.net.Act[0])
		if !c.rescale {
			vec.MulVS(whole(err), whole(err), c.beta)
		}
		return
	}
	vec.MulVS(whole(err), whole(err), c.beta)
	vec.AddVV(whole(err), whole(err), whole(c.net.Pot[l]))
	c.net.Activate(l, err, err)
	sub(err, err, c.net.Act[l])
	if c.rescale {
		vec.MulVS(whole(err), whole(err), 1/c.beta)
	}
	if c.derivative {
		c.net.Damp(l, err, c.net.Act[l])
	}
}

// mixSigns sets dst to share·x + (1 − share)·sign x.
func mixSigns(dst, x *vec.Matrix, share float32) {
	for i := range dst.Rows {
		d := dst.Row(i)
		for j, v := range x.Row(i)[:len(d)] {
			sign := float32(0)
			switch {
			case v > 0:
				sign = 1
			case v < 0:
				sign = -1
			}
			d[j] = float32(share*v) + float32((1-share)*sign)
		}
	}
}
