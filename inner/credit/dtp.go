package credit

import (
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// Options of the circuits that send targets down.
func targetStep(def string) option.Option {
	return option.Float("step", def, 1e-9, 1e9, "how far the topmost target lies down the gradient; err is per step")
}

var (
	targetTop = option.Choice("top", "output", []string{"output", "hidden"},
		"layer whose target goes down the gradient: the output's potentials, or the last hidden layer by the transposed output weights")
	reconstructions = option.Int("feedback_steps", "5", 0, 1e6, "presentations of each inverse map per update, each with fresh noise")
	inverseNoise    = option.Float("inverse_noise", "0.1", 1e-9, 1e9, "standard deviation of the noise that inverse maps learn from")
)

var tpEntry = Entry{
	Name: "tp", Title: "target propagation",
	Doc:      "err leads to targets that come down through inverse maps of the layers, which a rule's dfb trains to reconstruct",
	Provides: local | credit, Output: target, Feedback: true, OwnFeedback: reconstruction, Supervised: true, Passes: 12, Stochastic: true,
	Locality:  []string{ForwardLocking, BackwardLocking, BackwardPhase},
	Options:   []option.Option{targetStep("1"), targetTop, reconstructions, inverseNoise, feedbackScale},
	Reference: "Y. Bengio, arXiv:1407.7906 (2014)",
	make:      func(b *base, k key.Key) Circuit { return newTargets(b, k, false, autoencode) },
}

var dtpEntry = Entry{
	Name: "dtp", Title: "difference target propagation",
	Doc:      "as tp, with targets that what the inverse maps get wrong is taken from",
	Provides: local | credit, Output: target, Feedback: true, OwnFeedback: reconstruction, Supervised: true, Passes: 13, Stochastic: true,
	Locality:  []string{ForwardLocking, BackwardLocking, BackwardPhase},
	Options:   []option.Option{targetStep("0.1"), targetTop, reconstructions, inverseNoise, feedbackScale},
	Reference: "D.-H. Lee, S. Zhang, A. Fischer, Y. Bengio, ECML PKDD (2015)",
	make:      func(b *base, k key.Key) Circuit { return newTargets(b, k, true, autoencode) },
}

var fwDTPEntry = Entry{
	Name: "fw-dtp", Title: "fixed-weight difference target propagation",
	Doc:      "as dtp, with inverse maps that stay as random as they are at the start",
	Provides: local | credit, Output: target, Supervised: true, Passes: 3,
	Locality:  []string{ForwardLocking, BackwardLocking, BackwardPhase},
	Options:   []option.Option{targetStep("0.04"), targetTop, feedbackScale},
	Reference: "T. Shibuya, N. Inoue, R. Kawakami, I. Sato, AAAI 37 (2023)",
	make:      func(b *base, k key.Key) Circuit { return newTargets(b, k, true, fixed) },
}

var drlEntry = Entry{
	Name: "drl", Title: "difference target propagation with a difference reconstruction loss",
	Doc:      "as dtp, with inverse maps that learn to undo all layers above at once, from what noise in their layer does to the output",
	Provides: local | credit, Output: target, Feedback: true, OwnFeedback: response, Supervised: true, Passes: 13, Stochastic: true,
	Locality:  []string{ForwardLocking, BackwardLocking, BackwardPhase},
	Options:   []option.Option{targetStep("0.1"), targetTop, reconstructions, inverseNoise, feedbackScale},
	Reference: "A. Meulemans et al., NeurIPS 33 (2020)",
	make:      func(b *base, k key.Key) Circuit { return newTargets(b, k, true, undoAll) },
}

var ldrlEntry = Entry{
	Name: "l-drl", Title: "difference target propagation with a local difference reconstruction loss",
	Doc:      "as dtp, with inverse maps that learn to be transposes, from noise in the layers below and above them",
	Provides: local | credit, Output: target, Feedback: true, OwnFeedback: response, Supervised: true, Passes: 18, Stochastic: true,
	Locality:  []string{ForwardLocking, BackwardLocking, BackwardPhase},
	Options:   []option.Option{targetStep("0.1"), targetTop, reconstructions, inverseNoise, feedbackScale},
	Reference: "M. Ernoult et al., ICML (2022)",
	make:      func(b *base, k key.Key) Circuit { return newTargets(b, k, true, transpose) },
}

var (
	// reconstruction is what inverse maps that reconstruct their layer see.
	reconstruction = rulespace.Signals(rulespace.SigPre, rulespace.SigPost, rulespace.SigRecon, rulespace.SigErrPre)
	// response is what those see that learn from responses to noise.
	response = rulespace.Signals(rulespace.SigPost, rulespace.SigErrPre)
)

// lesson is what the inverse maps learn; see targets.
type lesson int

const (
	fixed lesson = iota
	autoencode
	undoAll
	transpose
)

// targets sends targets rather than errors down, through inverse maps g_l of
// the layers with weights V_l of their own.
//
//	g_l(y) = f(V_l y)                                V_l of n_l × n_{l+1}, glorot
//	t_L = z_L + β·c_L                                c_L = −∂loss/∂z_L
//	tp        t_l = g_l(t_{l+1})
//	others    t_l = g_l(t_{l+1}) + h_l − g_l(h_{l+1})
//	err       c_l = f'(h_l) ⊙ (t_l − h_l)/β,  pre = h_{l−1}
//
//	z_L, h_l  potentials of the output, activities of layer l; h_L stands for z_L    [rate]
//	t_l       targets                                                              [rate]
//	β         option step                                                          [1]
//
// With top = hidden it starts one layer lower, t_{L−1} = h_{L−1} + β·W_Lᵀc_L.
// The inverse maps see frames of their own, several times per update, each
// with fresh noise ξ, η ~ N(0, 1); their rule is dV = lr·err_pre·post.
//
//	tp, dtp   pre  = h_l + σξ        post = h_{l+1}(pre)
//	          recon = g_l(post)      err_pre = f'(recon) ⊙ (pre − recon)
//	drl       post = (t'_{l+1} − h_{l+1})/σ      err_pre = f'(g_l) ⊙ (ξ − (t'_l − h_l)/σ)
//	          where t' are the targets that come down from z_L(h_l + σξ)
//	l-drl     post = (h_{l+1}(h_l + σξ) − h_{l+1})/σ     err_pre = f'(g_l) ⊙ ξ,      and then
//	          post = η     err_pre = −f'(g_l) ⊙ (g_l(h_{l+1} + ση) − g_l(h_{l+1}))/σ
//
// The first makes g_l the inverse of the layer above; drl makes the maps from
// the output down to each layer pseudo-inverses of those up from it, damped
// by decay in the rule; l-drl makes the Jacobian of g_l the transpose of that
// of the layer. The last two take the derivatives of g_l at h_{l+1}, which is
// exact for small σ.
//
// TP: Y. Bengio, arXiv:1407.7906 (2014). DTP: D.-H. Lee et al., ECML PKDD
// (2015). Fixed V_l: T. Shibuya et al., AAAI 37 (2023), with batch
// normalisation, which is not here. DRL: A. Meulemans et al., NeurIPS 33
// (2020). L-DRL: M. Ernoult et al., ICML (2022).
type targets struct {
	*base
	difference bool
	lesson     lesson
	hidden     bool // the last hidden layer has the topmost target
	step       float32
	lessons    int
	sigma      float32
	noise      *key.Stream
	bottom     int // lowest layer with a target

	act     []*vec.Matrix // h_l, with the potentials of the output
	err     []*vec.Matrix // c_l
	target  []*vec.Matrix // t_l
	recon   []*vec.Matrix // g_l(h_{l+1})
	inverse []Feedback    // V_l
	frames  []Signals     // of inverse maps

	noisy, back []*vec.Matrix // scratch, by layer
}

func newTargets(b *base, k key.Key, difference bool, learned lesson) Circuit {
	last := len(b.conns)
	layers := func() []*vec.Matrix { return make([]*vec.Matrix, last+1) }
	c := &targets{base: b, difference: difference, lesson: learned, bottom: b.lowest(),
		hidden: b.options.Text("top") == "hidden" && last > 1, step: float32(b.options.Float("step")),
		act: layers(), err: layers(), target: layers(), recon: layers(), noisy: layers(), back: layers(),
		inverse: make([]Feedback, last), frames: make([]Signals, last)}
	if learned != fixed {
		c.lessons, c.sigma = b.options.Int("feedback_steps", 0), float32(b.options.Float("inverse_noise"))
		c.noise = k.Child("noise", 0).Stream()
	}
	copy(c.act, b.net.Act)
	c.act[last] = b.net.Pot[last]
	k = k.Child("feedback", 0)
	for l := c.bottom; l <= last; l++ {
		cols := b.net.Act[l].Cols
		c.err[l], c.target[l] = c.units(cols), c.units(cols)
		c.noisy[l] = c.units(cols)
		if l == last {
			break
		}
		c.recon[l], c.back[l] = c.units(cols), c.units(cols)
		conn := b.net.Conns[l]
		c.inverse[l] = Feedback{Index: l, Conn: conn, W: c.synapses(conn.In, conn.Out)}
		network.Initialise(c.inverse[l].W, "glorot", b.options.Float("feedback_scale"), k.Child("connection", uint64(l)))
	}
	for l := c.bottom; l < last; l++ {
		v := &c.frames[l].Values
		v[rulespace.SigErrPre], v[rulespace.SigPost] = c.back[l], c.noisy[l+1]
		if c.lesson == autoencode {
			v[rulespace.SigPre], v[rulespace.SigRecon] = c.noisy[l], c.recon[l]
		}
	}
	b.bindCredit(c.err)
	return c
}

func (c *targets) Learn(net *network.Network, b *tasks.Batch, p Plasticity) {
	c.forward(net, b)
	for range c.lessons {
		for l := len(c.conns) - 1; l >= c.bottom; l-- {
			c.frames[l].Batch = b.N
			c.teach(l, p)
		}
	}
	c.aim()
	c.present(p)
}

// invert sets dst to g_l(src).
func (c *targets) invert(l int, dst, src *vec.Matrix) {
	c.mulTB(dst, src, c.inverse[l].W)
	c.net.Activate(l, dst, dst)
}

// climb sets dst to h_{l+1} for activities src of layer l.
func (c *targets) climb(l int, dst, src *vec.Matrix) {
	c.forwardThrough(l, dst, src)
	if l+1 < len(c.conns) {
		c.net.Activate(l+1, dst, dst)
	}
}

// aim computes targets and credit.
func (c *targets) aim() {
	last := len(c.conns)
	if c.bottom > last {
		return
	}
	c.net.OutputCredit(c.err[last], &c.base.target)
	down(c.target[last], c.act[last], c.err[last], c.step)
	for l := last - 1; l >= c.bottom; l-- {
		t := c.target[l]
		if c.hidden && l == last-1 {
			c.backThrough(l, c.err[l], c.err[last])
			down(t, c.act[l], c.err[l], c.step)
			c.net.Damp(l, c.err[l], c.act[l])
			continue
		}
		c.invert(l, t, c.target[l+1])
		if c.difference {
			c.invert(l, c.recon[l], c.act[l+1])
			add(t, t, c.act[l])
			sub(t, t, c.recon[l])
		}
		sub(c.err[l], t, c.act[l])
		vec.MulVS(whole(c.err[l]), whole(c.err[l]), 1/c.step)
		c.net.Damp(l, c.err[l], c.act[l])
	}
}

// teach presents inverse map l once.
func (c *targets) teach(l int, p Plasticity) {
	switch c.lesson {
	case autoencode:
		q, r := c.noisy[l], c.recon[l]
		c.disturb(q, c.act[l])
		c.climb(l, c.noisy[l+1], q)
		c.invert(l, r, c.noisy[l+1])
		sub(c.back[l], q, r)
		c.net.Damp(l, c.back[l], r)
		p.PresentFeedback(&c.inverse[l], &c.frames[l])
	case undoAll:
		c.undo(l, p)
	case transpose:
		c.mirror(l, p)
	}
}

// undo is the lesson of drl.
func (c *targets) undo(l int, p Plasticity) {
	last := len(c.conns)
	c.disturb(c.noisy[l], c.act[l])
	for k := l; k < last; k++ {
		c.climb(k, c.noisy[k+1], c.noisy[k])
	}
	for k := last - 1; k >= l; k-- { // noisy[k+1] becomes t'_{k+1}
		t := c.back[k]
		c.invert(k, t, c.noisy[k+1])
		c.invert(k, c.recon[k], c.act[k+1])
		sub(t, t, c.recon[k])
		if k > l {
			add(c.noisy[k], t, c.act[k])
		}
	}
	// back[l] is t'_l − h_l, noisy[l] still h_l + σξ.
	sub(c.noisy[l], c.noisy[l], c.act[l])
	sub(c.back[l], c.noisy[l], c.back[l])
	sub(c.noisy[l+1], c.noisy[l+1], c.act[l+1])
	c.finish(l, p)
}

// mirror is the lesson of l-drl, which takes two presentations.
func (c *targets) mirror(l int, p Plasticity) {
	c.invert(l, c.recon[l], c.act[l+1])
	c.disturb(c.noisy[l], c.act[l])
	c.climb(l, c.noisy[l+1], c.noisy[l])
	sub(c.noisy[l+1], c.noisy[l+1], c.act[l+1])
	sub(c.back[l], c.noisy[l], c.act[l])
	c.finish(l, p)

	c.disturb(c.noisy[l+1], c.act[l+1])
	c.invert(l, c.back[l], c.noisy[l+1])
	sub(c.back[l], c.recon[l], c.back[l])
	sub(c.noisy[l+1], c.noisy[l+1], c.act[l+1])
	c.finish(l, p)
}

// finish presents inverse map l after bringing what it sees to the scale of
// the noise and to the potentials of its units.
func (c *targets) finish(l int, p Plasticity) {
	vec.MulVS(whole(c.noisy[l+1]), whole(c.noisy[l+1]), 1/c.sigma)
	vec.MulVS(whole(c.back[l]), whole(c.back[l]), 1/c.sigma)
	c.net.Damp(l, c.back[l], c.recon[l])
	p.PresentFeedback(&c.inverse[l], &c.frames[l])
}

// disturb sets dst to src with noise.
func (c *targets) disturb(dst, src *vec.Matrix) {
	for i := range dst.Rows {
		d := dst.Row(i)
		for j, x := range src.Row(i)[:len(d)] {
			d[j] = x + float32(c.sigma*float32(c.noise.Normal()))
		}
	}
}

// down sets dst to x + step·err.
func down(dst, x, err *vec.Matrix, step float32) {
	for i := range dst.Rows {
		vec.MulVS(dst.Row(i), err.Row(i), step)
		vec.AddVV(dst.Row(i), dst.Row(i), x.Row(i))
	}
}

// Sums by rows, for matrices that need not have the same stride.

func add(dst, a, b *vec.Matrix) {
	for i := range dst.Rows {
		vec.AddVV(dst.Row(i), a.Row(i), b.Row(i))
	}
}

func sub(dst, a, b *vec.Matrix) {
	for i := range dst.Rows {
		vec.SubVV(dst.Row(i), a.Row(i), b.Row(i))
	}
}
