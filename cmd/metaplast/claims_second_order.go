package main

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/metaplast/metaplast/internal/fmath"
	"github.com/metaplast/metaplast/rulespace/key"
)

var targetsAreGaussNewton = claim{
	number:  34,
	text:    "Target propagation approximates Gauss–Newton steps, predictive coding quasi-Newton steps, where backprop follows the gradient.",
	source:  "A. Ororbia, arXiv:2403.18929 (2024), section on target propagation; A. Meulemans et al., NeurIPS 33 (2020)",
	setting: "tanh network of 3 layers of 6 units with Gaussian weights and a linear output, in float64; targets by exact inverses, predictive coding relaxed with the output held at the target; Gauss–Newton computed exactly",
	run:     secondOrder,
}

func secondOrder(l *lab) (finding, error) {
	var f finding
	m := l.perSeed(8, func(k key.Key) []float64 {
		s := k.Stream()
		n := newDeepToy(s)
		var x, y []*mat.VecDense
		for range 8 {
			in := normalVec(s, toyUnits, 1)
			x = append(x, in)
			h := n.forward(in)
			e := normalVec(s, toyUnits, 0.1)
			e.AddVec(e, h[len(h)-1])
			y = append(y, e)
		}
		h := n.forward(x[0])
		tp, gn, bp := n.activitySteps(h, y[0])
		out := []float64{cosine(tp, gn), cosine(tp, bp)}
		out = append(out, out[0]-out[1])
		for _, batch := range []int{1, len(x)} {
			newton := n.gaussNewton(x[:batch], y[:batch])
			cos := func(credit func(h []*mat.VecDense, y *mat.VecDense) (c, pre []*mat.VecDense)) float64 {
				return cosine(n.weightStep(x[:batch], y[:batch], credit), newton)
			}
			bp, tp, pc := cos(n.backprop), cos(n.targets), cos(n.relaxed)
			out = append(out, bp, tp, tp-bp, pc, pc-bp)
		}
		return out
	})
	line := func(i int, what string) { f.add(measured{what: what, value: m[i]}) }
	line(0, "first hidden layer moves: cos(target − activity, Gauss–Newton)")
	line(1, "the same with minus the gradient")
	line(2, "difference")
	for b, text := range []string{"one sample", "8 samples"} {
		at := 3 + 5*b
		line(at, "weights, "+text+": cos(backprop, Gauss–Newton)")
		line(at+1, "weights, "+text+": cos(target propagation, Gauss–Newton)")
		line(at+2, "target propagation − backprop, "+text)
		line(at+3, "weights, "+text+": cos(predictive coding, Gauss–Newton)")
		line(at+4, "predictive coding − backprop, "+text)
	}
	tp, pc := above(m[2], 0) && above(m[0], 0.9), above(m[7], 0) && above(m[12], 0)
	weights := "Its steps of the weights are nearer to Gauss–Newton than those of backprop."
	switch {
	case !above(m[5], 0) && !above(m[10], 0):
		weights = "Its steps of the weights are not nearer to Gauss–Newton than those of backprop."
	case !above(m[10], 0):
		weights = "Its steps of the weights are nearer than those of backprop for one sample, not for a batch of them."
	case !above(m[5], 0):
		weights = "Its steps of the weights are nearer than those of backprop for a batch, not for one sample."
	}
	switch {
	case tp && pc:
		return f.decide(holds, "With exact inverses, target propagation moves activities by the Gauss–Newton step. %s Predictive coding turns the gradient towards Gauss–Newton for one sample and for a batch.", weights), nil
	case tp:
		return f.decide(fails, "Activities move by the Gauss–Newton step under target propagation, but the steps of predictive coding are not nearer to it than those of backprop in every case. %s", weights), nil
	case pc:
		return f.decide(fails, "Predictive coding turns the gradient towards Gauss–Newton, target propagation does not move activities by the Gauss–Newton step."), nil
	}
	return f.decide(fails, "Neither is nearer to Gauss–Newton than the gradient is."), nil
}

const toyUnits = 6

// deepToy is a network of square tanh layers and a linear output.
type deepToy struct{ w []*mat.Dense }

func newDeepToy(s *key.Stream) *deepToy {
	n := &deepToy{}
	for range 3 {
		w := mat.NewDense(toyUnits, toyUnits, nil)
		for i := range toyUnits {
			for j := range toyUnits {
				w.Set(i, j, s.Normal()/math.Sqrt(toyUnits))
			}
		}
		n.w = append(n.w, w)
	}
	return n
}

func normalVec(s *key.Stream, n int, sd float64) *mat.VecDense {
	v := mat.NewVecDense(n, nil)
	for i := range n {
		v.SetVec(i, sd*s.Normal())
	}
	return v
}

// forward returns the activities, the input first.
func (n *deepToy) forward(x *mat.VecDense) []*mat.VecDense {
	h := []*mat.VecDense{x}
	for l := range n.w {
		h = append(h, n.layer(l, h[l]))
	}
	return h
}

func (n *deepToy) layer(l int, h *mat.VecDense) *mat.VecDense {
	a := mat.NewVecDense(toyUnits, nil)
	a.MulVec(n.w[l], h)
	if l < len(n.w)-1 {
		for i := range toyUnits {
			a.SetVec(i, fmath.Tanh(a.AtVec(i)))
		}
	}
	return a
}

// slopes are the derivatives of layer l, from 1, at its activities.
func (n *deepToy) slopes(l int, h *mat.VecDense) *mat.VecDense {
	d := mat.NewVecDense(toyUnits, nil)
	for i := range toyUnits {
		d.SetVec(i, 1)
		if l < len(n.w) {
			d.SetVec(i, 1-float64(h.AtVec(i)*h.AtVec(i)))
		}
	}
	return d
}

// jacobians are those of the output by the potentials of each layer, from 1.
func (n *deepToy) jacobians(h []*mat.VecDense) []*mat.Dense {
	last := len(n.w)
	out := make([]*mat.Dense, last+1)
	j := mat.NewDense(toyUnits, toyUnits, nil)
	for i := range toyUnits {
		j.Set(i, i, 1)
	}
	for l := last; l >= 1; l-- {
		byPot := mat.NewDense(toyUnits, toyUnits, nil)
		d := n.slopes(l, h[l])
		byPot.Apply(func(_, c int, v float64) float64 { return v * d.AtVec(c) }, j)
		out[l] = byPot
		next := mat.NewDense(toyUnits, toyUnits, nil)
		next.Mul(byPot, n.w[l-1])
		j = next
	}
	return out
}

// activitySteps are the moves of the first hidden layer by target
// propagation, Gauss–Newton and the gradient.
func (n *deepToy) activitySteps(h []*mat.VecDense, y *mat.VecDense) (tp, gn, bp []float64) {
	target := n.inverseTargets(h, y)
	t := mat.NewVecDense(toyUnits, nil)
	t.SubVec(target[1], h[1])
	e := mat.NewVecDense(toyUnits, nil)
	e.SubVec(y, h[len(n.w)])
	j := mat.NewDense(toyUnits, toyUnits, nil) // of the output by the activities
	j.Mul(n.jacobians(h)[2], n.w[1])
	g := mat.NewVecDense(toyUnits, nil)
	g.MulVec(j.T(), e)
	var newton mat.VecDense
	if err := newton.SolveVec(j, e); err != nil {
		newton.Reset()
		newton.CloneFromVec(g)
	}
	return t.RawVector().Data, newton.RawVector().Data, g.RawVector().Data
}

// inverseTargets are the targets of each layer, a small step of the output
// sent down through exact inverses.
func (n *deepToy) inverseTargets(h []*mat.VecDense, y *mat.VecDense) []*mat.VecDense {
	const step = 1e-3
	last := len(n.w)
	out := make([]*mat.VecDense, last+1)
	t := mat.NewVecDense(toyUnits, nil)
	t.SubVec(y, h[last])
	t.AddScaledVec(h[last], step, t)
	out[last] = t
	for l := last; l > 1; l-- {
		pot := mat.VecDenseCopyOf(out[l])
		if l < last {
			for i := range toyUnits {
				v := max(-1+1e-15, min(1-1e-15, pot.AtVec(i)))
				pot.SetVec(i, 0.5*fmath.Log((1+v)/(1-v)))
			}
		}
		below := mat.NewVecDense(toyUnits, nil)
		if err := below.SolveVec(n.w[l-1], pot); err != nil {
			below.CopyVec(h[l-1])
		}
		out[l-1] = below
	}
	return out
}

func (n *deepToy) backprop(h []*mat.VecDense, y *mat.VecDense) (c, pre []*mat.VecDense) {
	e := mat.NewVecDense(toyUnits, nil)
	e.SubVec(y, h[len(n.w)])
	j := n.jacobians(h)
	for l := 1; l <= len(n.w); l++ {
		v := mat.NewVecDense(toyUnits, nil)
		v.MulVec(j[l].T(), e)
		c = append(c, v)
	}
	return c, h
}

func (n *deepToy) targets(h []*mat.VecDense, y *mat.VecDense) (c, pre []*mat.VecDense) {
	t := n.inverseTargets(h, y)
	for l := 1; l <= len(n.w); l++ {
		v := mat.NewVecDense(toyUnits, nil)
		v.SubVec(t[l], h[l])
		v.MulElemVec(v, n.slopes(l, h[l]))
		c = append(c, v)
	}
	return c, h
}

// relaxed is predictive coding of potentials u, with f(u) passed on:
// E = ½Σ|u_l − W_l f(u_{l−1})|², the last u held at the target.
func (n *deepToy) relaxed(h []*mat.VecDense, y *mat.VecDense) (c, pre []*mat.VecDense) {
	const rate, steps = 0.05, 2000
	last := len(n.w)
	act := make([]*mat.VecDense, last+1)
	u := make([]*mat.VecDense, last+1)
	errs := make([]*mat.VecDense, last+1)
	for l := range h {
		act[l] = mat.VecDenseCopyOf(h[l])
		u[l] = mat.NewVecDense(toyUnits, nil)
		errs[l] = mat.NewVecDense(toyUnits, nil)
		if l > 0 {
			u[l].MulVec(n.w[l-1], h[l-1])
		}
	}
	u[last].CopyVec(y)
	down := mat.NewVecDense(toyUnits, nil)
	for step := 0; ; step++ {
		for l := 1; l <= last; l++ {
			errs[l].MulVec(n.w[l-1], act[l-1])
			errs[l].SubVec(u[l], errs[l])
		}
		if step == steps {
			break
		}
		for l := 1; l < last; l++ {
			down.MulVec(n.w[l].T(), errs[l+1])
			down.MulElemVec(down, n.slopes(l, act[l]))
			down.SubVec(down, errs[l])
			u[l].AddScaledVec(u[l], rate, down)
			for i := range toyUnits {
				act[l].SetVec(i, fmath.Tanh(u[l].AtVec(i)))
			}
		}
	}
	return errs[1:], act
}

// weightStep is Σ c_l·pre_{l−1}ᵀ over samples, for all weights in a row.
func (n *deepToy) weightStep(x, y []*mat.VecDense, credit func(h []*mat.VecDense, y *mat.VecDense) (c, pre []*mat.VecDense)) []float64 {
	out := make([]float64, len(n.w)*toyUnits*toyUnits)
	for s := range x {
		c, pre := credit(n.forward(x[s]), y[s])
		for l := range n.w {
			for i := range toyUnits {
				for j := range toyUnits {
					out[(l*toyUnits+i)*toyUnits+j] += float64(c[l].AtVec(i) * pre[l].AtVec(j))
				}
			}
		}
	}
	return out
}

// gaussNewton is the shortest step that makes the linearised network hit all
// targets, or comes nearest: J⁺e.
func (n *deepToy) gaussNewton(x, y []*mat.VecDense) []float64 {
	weights := len(n.w) * toyUnits * toyUnits
	jac := mat.NewDense(len(x)*toyUnits, weights, nil)
	e := mat.NewVecDense(len(x)*toyUnits, nil)
	for s := range x {
		h := n.forward(x[s])
		j := n.jacobians(h)
		for o := range toyUnits {
			row := s*toyUnits + o
			e.SetVec(row, y[s].AtVec(o)-h[len(n.w)].AtVec(o))
			for l := range n.w {
				for i := range toyUnits {
					for k := range toyUnits {
						jac.Set(row, (l*toyUnits+i)*toyUnits+k, j[l+1].At(o, i)*h[l].AtVec(k))
					}
				}
			}
		}
	}
	var svd mat.SVD
	step := mat.NewVecDense(weights, nil)
	if svd.Factorize(jac, mat.SVDThin) {
		svd.SolveVecTo(step, e, svd.Rank(1e-9))
	}
	return step.RawVector().Data
}
