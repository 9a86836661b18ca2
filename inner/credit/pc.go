package credit

import (
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/fmath"
	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

var pcStrictEntry = Entry{
	Name: "pc-strict", Title: "predictive coding",
	Doc:      "err is what is left of the prediction errors after activities have settled between input and target; pre, post and pot are settled too",
	Provides: local | credit, Output: target, Supervised: true, Passes: 41, Settles: true,
	Locality: []string{WeightTransport, Settling},
	Options: []option.Option{pcSteps("20"), pcRate("0.1"), pcNudge,
		option.Float("tolerance", "0", 0, 1e9, "settling ends before its last step once no potential moves by more; 0 never ends it"),
		option.Switch("slope", "yes", "errors from above are damped by the derivative of the activation; no takes 1 in its place, for units that have none"),
	},
	Convolves: true,
	Reference: "J. C. R. Whittington, R. Bogacz, Neural Comput. 29:1229 (2017)",
	make:      newStrict,
}

var pcIncrementalEntry = Entry{
	Name: "pc-incremental", Title: "incremental predictive coding",
	Doc:      "as pc-strict, with synapses that change at every step of settling",
	Provides: local | credit, Output: target, Supervised: true, Passes: 41, Settles: true, Phases: incrementalSteps,
	Locality:  []string{WeightTransport},
	Options:   []option.Option{pcRate("0.1")},
	Convolves: true,
	Reference: "T. Salvatori et al., ICLR (2024)",
	make:      newIncremental,
}

// incrementalSteps is how often incremental predictive coding presents a
// sample: part of what the circuit is, since rules see every one.
const incrementalSteps = 20

// Options of circuits that settle as predictive coding does.
func pcSteps(def string) option.Option {
	return option.Int("steps", def, 1, 1e6, "steps of settling; below the top a layer hears of the target only after as many as there are layers between")
}

func pcRate(def string) option.Option {
	return option.Float("rate", def, 1e-9, 2, "step of settling; it has to stay below about 2/(1 + |W|²)")
}

var pcNudge = option.Float("nudge", "0", 0, 1e9, "0 holds the output at the target; λ > 0 leaves it free and pulls it there with force λ, err is then per λ")

// predictive is predictive coding: each layer's potentials predict those of
// the layer above, and before synapses change the potentials settle to where
// the squared prediction errors are small, the target held at the output.
//
//	μ_l = W_l f(u_{l−1}) + b_l              u_0 such that f(u_0) = x
//	ε_l = u_l − μ_l                         E = ½Σ_l |ε_l|²
//	u_l ← u_l + γ(f'(u_l) ⊙ W_{l+1}ᵀε_{l+1} − ε_l)      T times, from u = forward pass
//	err = ε_l, pre = f(u_{l−1}), pot = u_l
//
//	u_l, μ_l  potentials and their predictions    [rate]
//	ε_l       prediction errors                   [err]
//	γ, T      options rate and steps              [1]
//
// All layers move at once, with the errors from before; see settledMap for
// convolutions. At the output the squared error gives way to the loss of the
// network, of which it is the special case: ε_L = −∂loss/∂μ_L. With λ = nudge
// > 0 the output is free,
//
//	u_L ← u_L − γ(ε_L + λ·∂loss/∂u_L),   err = ε_l/λ,
//
// and err goes to that of backprop as λ → 0. A hard target never does: at
// equilibrium ε_L is (I + ΣJJᵀ)⁻¹(t − y) however small t − y is.
//
// J. C. R. Whittington, R. Bogacz, Neural Comput. 29:1229 (2017). Run to
// equilibrium before synapses change it is prospective configuration: Y. Song
// et al., Nat. Neurosci. 27:348 (2024). With a change at every step it is
// incremental: T. Salvatori et al., ICLR (2024).
type predictive struct {
	*base
	pot, act, pred []*vec.Matrix // u, f(u) and μ, by layer
	post           []*vec.Matrix // f(u) of filters before pooling; act but behind convolutions
	maps           []*settledMap // by layer; nil but behind convolutions
	credit         []*vec.Matrix // of the units of a layer; err but behind convolutions
	err, pull      []*vec.Matrix // −∂E/∂μ and ∂E/∂u, by layer; one matrix for squared errors
	back           []*vec.Matrix // scratch of hidden layers
	feedback       []*vec.Matrix // by connection; nil where the weights themselves carry errors back
	energy         energy        // of hidden layers, and of a free output
	top            int           // last layer that moves
	steps          int
	rate           float32
	nudge          float32
	tolerance      float32
	floor          float32 // least error that a cell can tell; 0 is none
	incremental    bool
	flat           bool       // derivatives of hidden units are taken for 1
	variances      *variances // of a held output; nil where they are all 1
}

// energy is what a layer's prediction error costs; see compare.
type energy interface {
	// compare sets err to minus the derivative of the energy in the prediction
	// and pull to that in the potentials themselves.
	compare(c *predictive, l int)
}

func newPredictive(b *base) *predictive {
	last := len(b.conns)
	c := &predictive{base: b, energy: gaussian{}, top: last - 1, feedback: make([]*vec.Matrix, last),
		pot: make([]*vec.Matrix, last+1), act: make([]*vec.Matrix, last+1), pred: make([]*vec.Matrix, last+1),
		post: make([]*vec.Matrix, last+1), maps: make([]*settledMap, last+1),
		err: make([]*vec.Matrix, last+1), pull: make([]*vec.Matrix, last+1), back: make([]*vec.Matrix, last+1)}
	c.act[0] = b.net.Act[0]
	for l := 1; l <= last; l++ {
		conn := b.net.Conns[l-1]
		units := func() *vec.Matrix { return c.rows(conn, conn.Out) }
		c.pot[l], c.post[l], c.err[l] = units(), units(), units()
		c.act[l], c.pull[l] = c.post[l], c.err[l]
		c.pred[l], c.back[l] = units(), units()
	}
	if b.lowest() == 0 {
		c.err[0] = c.units(b.net.Act[0].Cols)
	}
	c.credit = c.err
	c.addMaps()
	b.show(c.act, c.pot)
	b.bindCredit(c.credit)
	c.showMaps()
	return c
}

func newStrict(b *base, _ key.Key) Circuit {
	c := newPredictive(b)
	c.settle()
	c.tolerance = float32(b.options.Float("tolerance"))
	c.flat = !b.options.On("slope")
	return c
}

// settle reads the options of circuits that settle before synapses change.
func (c *predictive) settle() {
	c.rate, c.steps, c.nudge = float32(c.options.Float("rate")), c.options.Int("steps", 32), float32(c.options.Float("nudge"))
	if c.nudge > 0 {
		c.top = len(c.conns)
	}
}

func newIncremental(b *base, _ key.Key) Circuit {
	c := newPredictive(b)
	c.rate, c.steps, c.incremental = float32(b.options.Float("rate")), incrementalSteps, true
	return c
}

func (c *predictive) Learn(net *network.Network, b *tasks.Batch, p Plasticity) {
	c.forward(net, b)
	c.start()
	for t := range c.steps {
		from := max(1, c.top-t) // nothing below has heard of the target
		if c.incremental {
			from = 1
		}
		furthest := c.move(from)
		c.predict(from)
		if c.incremental {
			c.downToInput()
			c.presentSettled(p)
		} else if c.tolerance > 0 && furthest <= c.tolerance {
			break
		}
	}
	if c.incremental {
		return
	}
	c.downToInput()
	if c.variances != nil {
		c.variances.learn(c.err[len(c.conns)])
	}
	if c.nudge > 0 {
		for _, e := range c.err {
			if e != nil {
				vec.MulVS(whole(e), whole(e), 1/c.nudge)
			}
		}
	}
	c.presentSettled(p)
}

// start puts every layer where the forward pass puts it, so that all errors
// but that of a held output are zero.
func (c *predictive) start() {
	last := len(c.conns)
	for l := 1; l <= last; l++ {
		c.pot[l].CopyFrom(c.net.Pot[l])
		c.pred[l].CopyFrom(c.net.Pot[l])
		c.post[l].CopyFrom(c.net.Conns[l-1].Post)
		c.pool(l)
		c.err[l].Zero()
		c.pull[l].Zero()
	}
	if c.top < last {
		c.hold()
	}
}

// hold computes the errors of an output held at its target.
func (c *predictive) hold() {
	last := len(c.conns)
	c.net.OutputCreditOf(c.err[last], c.act[last], &c.target)
	if c.variances != nil {
		c.variances.weigh(c.err[last])
	}
}

// move takes one step from layer from upwards and returns the furthest that a
// potential went where somebody wants to know.
func (c *predictive) move(from int) float32 {
	furthest := float32(0)
	for l := from; l <= c.top; l++ {
		step := c.back[l]
		if l == len(c.conns) {
			c.net.OutputCreditOf(step, c.act[l], &c.target)
			vec.MulVS(whole(step), whole(step), c.nudge)
		} else {
			c.arrive(l, step)
			if !c.flat {
				c.net.Damp(l, step, c.post[l])
			}
		}
		vec.SubVV(whole(step), whole(step), whole(c.pull[l]))
		vec.MulVS(whole(step), whole(step), c.rate)
		vec.AddVV(whole(c.pot[l]), whole(c.pot[l]), whole(step))
		c.net.Activate(l, c.post[l], c.pot[l])
		c.pool(l)
		if c.tolerance > 0 {
			for _, d := range whole(step) {
				furthest = max(furthest, fmath.Abs32(d))
			}
		}
	}
	return furthest
}

// sendBack sets dst to the errors of the layer above connection l, sent back.
func (c *predictive) sendBack(l int, dst, err *vec.Matrix) {
	to := dst
	m := c.maps[l+1]
	if m != nil {
		to = m.patches
	}
	if f := c.feedback[l]; f != nil {
		c.mulTB(to, err, f)
	} else {
		c.backThrough(l, to, err)
	}
	if m != nil {
		m.geometry.Scatter(dst, to)
	}
}

// predict computes predictions and errors where layer from and those above it
// have moved.
func (c *predictive) predict(from int) {
	last := len(c.conns)
	for l := from; l <= last; l++ {
		if l > from || c.incremental {
			c.forwardThrough(l-1, c.pred[l], c.before(l-1))
		}
		if l <= c.top {
			c.energy.compare(c, l)
		} else {
			c.pot[l].CopyFrom(c.pred[l])
			c.net.Activate(l, c.act[l], c.pot[l])
			c.hold()
		}
		if c.floor < 0 {
			vec.MaxVS(whole(c.err[l]), whole(c.err[l]), c.floor)
		}
	}
}

// downToInput computes the credit of the inputs where it is read, as if they
// were hidden units.
func (c *predictive) downToInput() {
	if c.err[0] != nil {
		c.sendBack(0, c.err[0], c.err[1])
		c.net.Damp(0, c.err[0], c.act[0])
	}
}

// whole is all of a matrix, with the zeros between its rows.
func whole(m *vec.Matrix) []float32 { return m.Data[:m.Rows*m.Stride] }

// gaussian is the squared error ½|u − μ|².
type gaussian struct{}

func (gaussian) compare(c *predictive, l int) {
	vec.SubVV(whole(c.err[l]), whole(c.pot[l]), whole(c.pred[l]))
}
