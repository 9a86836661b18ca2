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

var palEntry = Entry{
	Name: "pal", Title: "feedback weights that learn from the noise of the network",
	Doc:      "err is sent back layer by layer through weights that learn while the network works: in dfb, pre is the noise of the lower layer and post the fast part of the activity of the upper one, once for each time step; reconstructed at the level of rates",
	Provides: local | credit, Output: target, Supervised: true, Passes: 4,
	Stochastic: true,
	Feedback:   true, OwnFeedback: rulespace.Signals(rulespace.SigPre, rulespace.SigPost),
	Options: []option.Option{
		option.Float("sigma", "0.1", 1e-9, 1e9, "standard deviation of white noise; coloured noise has σ/√(2 − 1/noise_tau)"),
		option.Int("steps", "2", 1, 10000, "time steps for which a sample is shown"),
		option.Float("noise_tau", "1", 1, 1e9, "time constant of the noise, in time steps; 1 is white"),
		option.Float("highpass_tau", "10", 1, 1e9, "time constant of the high-pass filter, in time steps"),
		feedbackScale,
	},
	Reference: "K. Max et al., Nat. Mach. Intell. (2024), arXiv:2212.10249",
	make:      newPAL,
}

// pal is feedback alignment whose feedback weights learn all the time from
// noise that rides on the activities (phaseless alignment learning).
//
//	ξ_l ← ξ_l + (σ√τ_ξ·w − ξ_l)/τ_ξ,  w ~ N(0, 1)     presented to dfb as pre
//	z_l = W_{l−1} r_{l−1} + b + ξ_l,  r_l = f(z_l)
//	r̂_l ← r̂_l + Δr_l − r̂_l/τ_HP                       presented to dfb as post
//
//	ξ_l  noise of layer l, an Ornstein-Uhlenbeck process; none at the output
//	r̂_l  high-pass filtered rate; at the output, filtered potential
//	τ    time constants, in time steps
//
// dfb is presented once for each of the time steps for which a sample is
// shown, with the mean over the batch. The correlation of ξ_l and r̂_{l+1} is
// the noise's variance times W_l f'_l f'_{l+1}, up to a factor, so that ΔB =
// η·(ξ r̂) − λ·B points along the weights, weighted by derivatives.
//
// Reconstruction. Prospective coding is taken at its limit, in which rates
// follow their input without delay, and errors do not act on potentials.
// Weights see rates and errors without noise: that is what low-pass filters
// with time constants far above those of the noise leave of them. Each sample
// is taken up where the high-pass filters have forgotten its onset.
//
// K. Max, L. Kriener, G. Pineda García, T. Nowotny, I. Jaras, W. Senn,
// M. A. Petrovici, Nat. Mach. Intell. (2024).
type pal struct {
	*backprop
	from        int                // lowest layer that has noise; those above have it too
	learning    []*learnedFeedback // by connection from there on
	act         []*vec.Matrix      // with noise, by layer from there on
	before      []*vec.Matrix      // what the filter of a layer got a time step ago
	stream      *key.Stream
	steps       int
	drive, leak float32 // of the noise: σ/√τ_ξ and 1/τ_ξ
	forget      float32 // 1/τ_HP
}

func newPAL(b *base, k key.Key) Circuit {
	o, last := b.options, len(b.conns)
	c := &pal{backprop: newFA(b, k).(*backprop), stream: k.Child("noise", 0).Stream(), steps: o.Int("steps", 1), from: b.lowest()}
	tau := o.Float("noise_tau")
	c.drive, c.leak, c.forget = float32(o.Float("sigma")/math.Sqrt(tau)), float32(1/tau), float32(1/o.Float("highpass_tau"))
	c.learning = c.learnFeedback()
	c.act, c.before = make([]*vec.Matrix, last+1), make([]*vec.Matrix, last+1)
	for l := c.from; l <= last; l++ {
		c.act[l], c.before[l] = c.units(c.net.Act[l].Cols), c.units(c.net.Act[l].Cols)
	}
	return c
}

func (c *pal) Learn(net *network.Network, b *tasks.Batch, p Plasticity) {
	c.assign(net, b)
	if c.from < len(c.conns) {
		c.settle(b.N)
		for range c.steps {
			c.tick()
			for _, f := range c.learning[c.from:] {
				p.PresentFeedback(&f.Feedback, &f.sig)
			}
		}
	}
	c.present(p)
}

// settle empties the filters: they have forgotten the onset of the sample.
func (c *pal) settle(rows int) {
	last := len(c.conns)
	for l := c.from + 1; l <= last; l++ {
		f := c.learning[l-1]
		f.sig.Batch = rows
		f.post.Zero()
		rest := c.net.Act[l]
		if l == last {
			rest = c.net.Pot[l]
		}
		c.before[l].CopyFrom(rest)
	}
}

// tick runs the network for a time step.
func (c *pal) tick() {
	last := len(c.conns)
	for l := c.from; l <= last; l++ {
		h := c.act[l]
		switch {
		case l > c.from:
			c.forwardThrough(l-1, h, c.act[l-1])
		case l > 0:
			h.CopyFrom(c.net.Pot[l])
		default:
			h.CopyFrom(c.net.Act[0])
		}
		if l < last {
			c.disturb(c.learning[l].pre, h)
			if l > 0 {
				c.net.Activate(l, h, h)
			}
		}
		if l > c.from {
			filter(c.learning[l-1].post, h, c.before[l], c.forget)
		}
	}
}

// disturb moves the noise on and adds it to h.
func (c *pal) disturb(noise, h *vec.Matrix) {
	for i := range h.Rows {
		xi, row := noise.Row(i), h.Row(i)
		for j := range xi {
			xi[j] += float32(c.drive*float32(c.stream.Normal())) - float32(c.leak*xi[j])
			row[j] += xi[j]
		}
	}
}

// filter takes x into the high-pass filtered signal, and keeps it in before.
func filter(high, x, before *vec.Matrix, forget float32) {
	for i := range x.Rows {
		h, now, old := high.Row(i), x.Row(i), before.Row(i)
		for j, v := range now {
			h[j] += v - old[j] - float32(forget*h[j])
			old[j] = v
		}
	}
}
