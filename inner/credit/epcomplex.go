package credit

import (
	"math"

	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/fmath"
	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// holomorphicPoints is the default number of nudges. The entry's Phases follow
// from it.
const holomorphicPoints = 4

var epHolomorphicEntry = Entry{
	Name: "ep-holomorphic", Title: "holomorphic equilibrium propagation",
	Doc:      "the network settles with nudges on a circle in the complex plane; the real part of each is presented in phase 1, the imaginary part in phase −1",
	Provides: local | phase, Output: target, Supervised: true, Passes: 16, Phases: 2*holomorphicPoints - 2,
	Locality:  []string{WeightTransport, GlobalScalar, SecondPass},
	Options:   append([]option.Option{option.Choice("points", "4", []string{"2", "4", "6", "8", "10", "12", "14", "16"}, "N, nudges on the circle")}, nudging...),
	Reference: "A. Laborieux, F. Zenke, NeurIPS 35 (2022)",
	fits:      fitsHolomorphic,
	make:      newEPHolomorphic,
}

// fitsHolomorphic: the output is nudged along the gradient of the squared
// error, and activations have a complex argument.
func fitsHolomorphic(net network.Config, _ int, _ option.Values) error {
	net, err := net.Resolve()
	if err != nil {
		return err
	}
	if net.Loss != network.Squared {
		return configErrorf("holomorphic equilibrium propagation nudges the output along the gradient of the squared error: use loss %s, not %s", network.Squared, net.Loss)
	}
	hidden := net.Hidden.Name
	if len(net.Sizes) == 2 {
		hidden = "linear"
	}
	for _, name := range []string{hidden, net.Output.Name} {
		if holomorphic(name) == nil {
			return configErrorf("%s cannot be continued into the complex plane: use linear, tanh or sigmoid", name)
		}
	}
	return nil
}

// epHolomorphic is equilibrium propagation with N nudges on a circle in the
// complex plane, whose mean is a Fourier coefficient: the exact derivative up
// to an error of order |β|^N.
//
//	β_k   = r·e^{iθ_k},  θ_k = 2πk/N
//	ΔW_l  = η/(N·r)·Σ_k Re(e^{−iθ_k} h_l h_{l−1}ᵀ|β_k)
//
//	h_l   activities of layer l, complex    [rate]
//	r     strength of the nudge, option beta [1]
//
// With g = e^{−iθ} h_l the real part is Re g·Re h_{l−1} − Im g·Im h_{l−1}: the
// two products are presented in phase 1 and phase −1, only the first where
// the nudge is real. So the rule lr·phase·post·pre takes the step η = lr·N·r;
// pot is turned as post is. The potentials of the imaginary parts cancel in
// db, since nudges come in conjugate pairs, of which one is computed. Two
// points are the centred nudge of ep.
//
// A. Laborieux, F. Zenke, NeurIPS 35 (2022).
type epHolomorphic struct {
	settled
	free        *state
	nudges      []complexState // k = 0 … N/2
	shown       []*vec.Matrix  // turned activities, by layer; 0 stays nil
	shownPot    []*vec.Matrix
	zero        *vec.Matrix // imaginary part of the input
	phase       *vec.Matrix
	points      int
	nudgedSteps int
	beta        float64
}

// complexState is a state with an imaginary part.
type complexState struct {
	re, im   *state
	cos, sin float32 // of the nudge's angle
}

func newEPHolomorphic(b *base, _ key.Key) Circuit {
	s := newSettling(b, 1)
	o := b.options
	c := &epHolomorphic{settled: settled{settling: &s, steps: o.Int("steps", 0)}, free: s.newState(b.buffers),
		phase: b.phase(rulespace.SigPhase), points: o.Int("points", 0), nudgedSteps: o.Int("nudged_steps", 0), beta: o.Float("beta"),
		zero: b.units(b.net.Conns[0].In), shown: []*vec.Matrix{nil}, shownPot: []*vec.Matrix{nil}}
	for k := range c.points/2 + 1 {
		sin, cos := fmath.SinCos(2 * math.Pi * float64(k) / float64(c.points))
		if 2*k == c.points {
			sin, cos = 0, -1
		}
		c.nudges = append(c.nudges, complexState{s.newState(b.buffers), s.newState(b.buffers), float32(cos), float32(sin)})
	}
	for _, conn := range b.net.Conns {
		c.shown = append(c.shown, b.units(conn.Out))
		c.shownPot = append(c.shownPot, b.units(conn.Out))
	}
	return c
}

func (c *epHolomorphic) Learn(net *network.Network, b *tasks.Batch, p Plasticity) {
	c.forward(net, b)
	c.adopt(c.free)
	c.settle(c.free, c.steps)
	for k := range c.nudges {
		c.settleComplex(&c.nudges[k])
	}
	for k := range c.points {
		n, conjugate := &c.nudges[min(k, c.points-k)], float32(1)
		if 2*k > c.points {
			conjugate = -1
		}
		c.turn(n, n.cos, n.sin)
		c.showPart(p, n.re, 1, 1)
		if n.sin != 0 {
			c.turn(n, -n.sin, n.cos)
			c.showPart(p, n.im, -1, conjugate)
		}
	}
}

// turn sets what is shown to re·a + im·b.
func (c *epHolomorphic) turn(n *complexState, a, b float32) {
	for l := 1; l < len(c.shown); l++ {
		scaled(c.shown[l], a, n.re.act[l])
		addScaled(c.shown[l], b, n.im.act[l])
		scaled(c.shownPot[l], a, n.re.pot[l])
		addScaled(c.shownPot[l], b, n.im.pot[l])
	}
}

func scaled(dst *vec.Matrix, factor float32, src *vec.Matrix) {
	n := dst.Rows * dst.Stride
	vec.MulVS(dst.Data[:n], src.Data[:n], factor)
}

// showPart presents the turned activities behind the connections and one part
// of the activities before them, both with a sign.
func (c *epHolomorphic) showPart(p Plasticity, before *state, phase, sign float32) {
	if sign < 0 {
		for l := 1; l < len(c.shown); l++ {
			scaled(c.shown[l], sign, c.shown[l])
			scaled(c.shownPot[l], sign, c.shownPot[l])
			scaled(before.act[l], sign, before.act[l])
		}
	}
	c.show(c.shown, c.shownPot)
	for l := range c.conns {
		c.conns[l].sig.Values[rulespace.SigPre] = before.act[l]
		c.conns[l].act = c.free.act[l+1]
	}
	fill(c.phase, phase)
	c.present(p)
}

// settleComplex settles under a complex nudge from where the free state is.
// The parts meet in the activations and in the nudge only.
func (c *epHolomorphic) settleComplex(n *complexState) {
	c.startFrom(n.re, c.free)
	c.zero.Zero()
	n.im.act[0] = c.zero
	for l := 1; l < len(n.im.act); l++ {
		n.im.act[l].Zero()
		n.im.pot[l].Zero()
	}
	last := len(c.conns)
	if n.sin == 0 {
		n.re.nudge, n.re.target = float32(c.beta*float64(n.cos)), &c.target
		c.settle(n.re, c.nudgedSteps)
		return
	}
	re, im := float32(c.beta*float64(n.cos)), float32(c.beta*float64(n.sin))
	for range c.nudgedSteps {
		for l := 1; l <= last; l++ {
			c.drive(n.re, l)
			c.driveImaginary(n.im, l)
			if l == last {
				pushComplex(n, last, &c.target, re, im)
			}
			c.approachComplex(n, l)
		}
	}
}

// driveImaginary is drive without what is real: input and biases.
func (c *epHolomorphic) driveImaginary(st *state, l int) {
	pot := st.pot[l]
	if l == 1 {
		pot.Zero()
	} else {
		conn := c.net.Conns[l-1]
		c.count(pot.Rows, conn.In, conn.Out)
		conn.Array.Forward(pot, st.act[l-1])
	}
	if l < len(c.conns) {
		c.downThrough(l, st.spare[l], st.act[l+1])
		addScaled(pot, c.gain, st.spare[l])
	}
}

// pushComplex adds (re + i·im)·(t − h) to the potentials of the output.
func pushComplex(n *complexState, last int, target *vec.Matrix, re, im float32) {
	for q := range target.Rows {
		t := target.Row(q)
		zr, zi := n.re.pot[last].Row(q), n.im.pot[last].Row(q)
		hr, hi := n.re.act[last].Row(q), n.im.act[last].Row(q)
		for k := range t {
			d := t[k] - hr[k]
			zr[k] += float32(re*d) + float32(im*hi[k])
			zi[k] += float32(im*d) - float32(re*hi[k])
		}
	}
}

func (c *epHolomorphic) approachComplex(n *complexState, l int) {
	a := c.net.Config.Hidden
	if l == len(c.conns) {
		a = c.net.Config.Output
	}
	f := holomorphic(a.Name)
	for q := range n.re.pot[l].Rows {
		zr, zi := n.re.pot[l].Row(q), n.im.pot[l].Row(q)
		hr, hi := n.re.act[l].Row(q), n.im.act[l].Row(q)
		for i := range zr {
			x, y := f(float64(zr[i]), float64(zi[i]))
			if c.step == 1 {
				hr[i], hi[i] = float32(x), float32(y)
				continue
			}
			hr[i] += float32(c.step * (float32(x) - hr[i]))
			hi[i] += float32(c.step * (float32(y) - hi[i]))
		}
	}
}

// holomorphic is an activation in the complex plane, nil where there is none.
func holomorphic(name string) func(re, im float64) (float64, float64) {
	switch name {
	case "linear":
		return func(re, im float64) (float64, float64) { return re, im }
	case "tanh":
		return complexTanh
	case "sigmoid":
		return func(re, im float64) (float64, float64) {
			x, y := complexTanh(re/2, im/2)
			return (1 + x) / 2, y / 2
		}
	}
	return nil
}

// complexTanh is (a + i·s·c·(1 − a²))/(c² + a²·s²) with a = tanh x, s = sin y,
// c = cos y.
func complexTanh(x, y float64) (float64, float64) {
	a := fmath.Tanh(x)
	if y == 0 {
		return a, 0
	}
	s, c := fmath.SinCos(y)
	aa, ss := float64(a*a), float64(s*s)
	d := float64(c*c) + float64(aa*ss)
	return a / d, float64(s*c) * (1 - aa) / d
}
