package main

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/metaplast/metaplast/internal/fmath"
	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/rulespace/key"
)

var positivePredictiveCoding = claim{
	number:  11,
	text:    "Predictive coding with positive rates and one-way synapses reaches the accuracy of unconstrained predictive coding and of backprop on MNIST.",
	source:  "N. Alonso, E. Neftci, ICONS (2021)",
	setting: "MNIST 14×14, 5,000 samples, 196-64-10 relu, 10 epochs; equal means within one point; the equations of the constrained network are reconstructed",
	seeds:   15,
	run: func(l *lab) (finding, error) {
		const network, epochs = "in-64-out", 10
		relu := func(a *arm) { a.hidden = "relu" }
		e, err := l.train(l.task("mnist", 5000),
			tunedArm("bp", network, epochs).with("bp, tuned", relu),
			tunedArm("pc-strict", network, epochs), tunedArm("pc-positive", network, epochs), tunedArm("readout", network, epochs).with("readout", relu))
		if err != nil {
			return finding{}, err
		}
		var f finding
		f.compare("", e[3], e[0], e[1], e[2])
		toPC, toBP := e[2].minus(e[1], ""), e[2].minus(e[0], "")
		f.add(toPC, toBP)
		return equivalent(f, "The constrained network", []outer.Interval{toPC.value, toBP.value}, []string{"unconstrained predictive coding", "backprop"}, 1)
	},
}

// equivalent decides a claim that something is as good as others, up to a
// margin in points. Better is good enough.
func equivalent(f finding, what string, to []outer.Interval, names []string, margin float64) (finding, error) {
	worse, open := "", ""
	much := fmt.Sprintf("%v points", margin)
	if margin == 1 {
		much = "a point"
	}
	for i, d := range to {
		switch {
		case below(d, -margin):
			worse += fmt.Sprintf(" %s is more than %s less accurate than %s.", what, much, names[i])
		case !above(d, -margin):
			open += fmt.Sprintf(" The interval to %s reaches beyond %s.", names[i], much)
		}
	}
	switch {
	case worse != "":
		return f.decide(fails, "%s", worse[1:]), nil
	case open != "":
		return f.decide(undecided, "%s", open[1:]), nil
	}
	return f.decide(holds, "%s is at most %s less accurate, all intervals included.", what, much), nil
}

var energyUnifies = claim{
	number:  13,
	text:    "Predictive coding, equilibrium propagation and contrastive Hebbian learning are one: the contrast of ∂E/∂θ between a phase that is nudged by λ and a free phase, over λ, tends to the gradient of the loss at the free equilibrium.",
	source:  "B. Millidge, Y. Song, T. Salvatori, T. Lukasiewicz, R. Bogacz, ICLR (2023)",
	setting: "three energies of a 4-4-3 network in float64, equilibria by Newton's method, against finite differences of the loss at the free equilibrium",
	run:     energies,
}

func energies(l *lab) (finding, error) {
	var f finding
	good := true
	for _, e := range []energy{predictiveEnergy{}, hopfieldEnergy{}, contrastiveEnergy{gain: 0.5}} {
		m := l.perSeed(8, func(k key.Key) []float64 { return contrastOrders(e, k) })
		f.add(measured{what: e.name() + ": relative error, one nudge of 0.002", value: m[0]},
			measured{what: e.name() + ": order of that error in λ", value: m[1]},
			measured{what: e.name() + ": relative error, nudges of ±0.002", value: m[2]},
			measured{what: e.name() + ": order of that error in λ", value: m[3]},
			measured{what: e.name() + ": |∂E/∂θ| in the free phase, over the largest nudged one", value: m[4]})
		good = good && math.Abs(m[1].Mean-1) < 0.1 && math.Abs(m[3].Mean-2) < 0.2 && m[0].High < 0.2
		if _, pc := e.(predictiveEnergy); pc {
			good = good && m[4].High < 1e-6
		}
	}
	if good {
		return f.decide(holds, "All three contrasts approach the gradient, in proportion to λ with one nudge and to λ² with two; only predictive coding needs no free phase, since its ∂E/∂θ vanishes there."), nil
	}
	return f.decide(fails, "A contrast does not approach the gradient at the order it should."), nil
}

// The network of the energies: two layers of units behind an input.
const energyIn, energyHidden, energyOut = 4, 4, 3

// energy is E(θ, s) of the potentials s of hidden and output units with weights
// θ, by its derivatives. The loss is half the squared distance of the output's
// potentials to their targets.
type energy interface {
	name() string
	// byUnits is ∂E/∂s.
	byUnits(w1, w2 *mat.Dense, x, s []float64) []float64
	// byWeights is ∂E/∂θ.
	byWeights(w1, w2 *mat.Dense, x, s []float64) []float64
}

// predictiveEnergy is ½|s₁ − W₁x|² + ½|s₂ − W₂ tanh s₁|².
type predictiveEnergy struct{}

func (predictiveEnergy) name() string { return "predictive coding" }

func (predictiveEnergy) errors(w1, w2 *mat.Dense, x, s []float64) (e1, e2, act []float64) {
	act = tanhs(s[:energyHidden])
	return minus(s[:energyHidden], times(w1, x)), minus(s[energyHidden:], times(w2, act)), act
}

func (p predictiveEnergy) byUnits(w1, w2 *mat.Dense, x, s []float64) []float64 {
	e1, e2, act := p.errors(w1, w2, x, s)
	down := timesT(w2, e2)
	out := make([]float64, 0, len(s))
	for i, e := range e1 {
		out = append(out, e-float64((1-float64(act[i]*act[i]))*down[i]))
	}
	return append(out, e2...)
}

func (p predictiveEnergy) byWeights(w1, w2 *mat.Dense, x, s []float64) []float64 {
	e1, e2, act := p.errors(w1, w2, x, s)
	return append(outerProduct(e1, x, -1), outerProduct(e2, act, -1)...)
}

// hopfieldEnergy is ½|s₁|² + ½|s₂|² − tanh(s₁)ᵀW₁x − tanh(s₂)ᵀW₂tanh(s₁), that
// of equilibrium propagation.
type hopfieldEnergy struct{}

func (hopfieldEnergy) name() string { return "equilibrium propagation" }

func (hopfieldEnergy) byUnits(w1, w2 *mat.Dense, x, s []float64) []float64 {
	a1, a2 := tanhs(s[:energyHidden]), tanhs(s[energyHidden:])
	in1, in2, down := times(w1, x), times(w2, a1), timesT(w2, a2)
	out := make([]float64, 0, len(s))
	for i, a := range a1 {
		out = append(out, s[i]-float64((1-float64(a*a))*(in1[i]+down[i])))
	}
	for i, a := range a2 {
		out = append(out, s[energyHidden+i]-float64((1-float64(a*a))*in2[i]))
	}
	return out
}

func (hopfieldEnergy) byWeights(_, _ *mat.Dense, x, s []float64) []float64 {
	a1, a2 := tanhs(s[:energyHidden]), tanhs(s[energyHidden:])
	return append(outerProduct(a1, x, -1), outerProduct(a2, a1, -1)...)
}

// contrastiveEnergy is Σ γ^l (Φ(y_l) − y_lᵀW_l y_{l−1}) with Φ' = tanh⁻¹ and
// y = tanh s, whose equilibrium y_l = tanh(W_l y_{l−1} + γ W_{l+1}ᵀ y_{l+1}) is
// that of contrastive Hebbian learning with feedback gain γ.
type contrastiveEnergy struct{ gain float64 }

func (contrastiveEnergy) name() string { return "contrastive Hebb" }

func (c contrastiveEnergy) byUnits(w1, w2 *mat.Dense, x, s []float64) []float64 {
	a1, a2 := tanhs(s[:energyHidden]), tanhs(s[energyHidden:])
	in1, in2, down := times(w1, x), times(w2, a1), timesT(w2, a2)
	out := make([]float64, 0, len(s))
	for i, a := range a1 {
		out = append(out, (1-float64(a*a))*(s[i]-in1[i]-float64(c.gain*down[i])))
	}
	for i, a := range a2 {
		out = append(out, (1-float64(a*a))*c.gain*(s[energyHidden+i]-in2[i]))
	}
	return out
}

func (c contrastiveEnergy) byWeights(_, _ *mat.Dense, x, s []float64) []float64 {
	a1, a2 := tanhs(s[:energyHidden]), tanhs(s[energyHidden:])
	return append(outerProduct(a1, x, -1), outerProduct(a2, a1, -c.gain)...)
}

// contrastOrders measures how a contrast approaches the gradient: relative
// errors and orders of one nudge and of two, and the size of ∂E/∂θ where
// nothing nudges.
func contrastOrders(e energy, k key.Key) []float64 {
	s := k.Stream()
	draw := func(n int, sd float64) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = sd * s.Normal()
		}
		return v
	}
	w1 := mat.NewDense(energyHidden, energyIn, draw(energyHidden*energyIn, 0.4))
	w2 := mat.NewDense(energyOut, energyHidden, draw(energyOut*energyHidden, 0.4))
	x, target := draw(energyIn, 1), draw(energyOut, 0.5)
	settle := func(nudge float64, from []float64) []float64 {
		return equilibrium(from, func(u []float64) []float64 {
			g := e.byUnits(w1, w2, x, u)
			for i, t := range target {
				g[energyHidden+i] += float64(nudge * (u[energyHidden+i] - t))
			}
			return g
		})
	}
	free := settle(0, make([]float64, energyHidden+energyOut))
	theta := append(append([]float64{}, w1.RawMatrix().Data...), w2.RawMatrix().Data...)
	gradient := make([]float64, len(theta))
	loss := func() float64 {
		u := settle(0, free)
		sum := 0.0
		for i, t := range target {
			d := u[energyHidden+i] - t
			sum += float64(0.5 * d * d)
		}
		return sum
	}
	at := func(i int) *float64 {
		if n := len(w1.RawMatrix().Data); i >= n {
			return &w2.RawMatrix().Data[i-n]
		}
		return &w1.RawMatrix().Data[i]
	}
	const h = 1e-4
	for i := range theta {
		*at(i) = theta[i] + h
		up := loss()
		*at(i) = theta[i] - h
		gradient[i] = (up - loss()) / (2 * h)
		*at(i) = theta[i]
	}
	const nudge = 0.002
	one := func(nudge float64) float64 {
		return relativeError(contrast(e.byWeights(w1, w2, x, settle(nudge, free)), e.byWeights(w1, w2, x, free), nudge), gradient)
	}
	two := func(nudge float64) float64 {
		return relativeError(contrast(e.byWeights(w1, w2, x, settle(nudge, free)), e.byWeights(w1, w2, x, settle(-nudge, free)), 2*nudge), gradient)
	}
	order := func(of func(float64) float64) float64 { return fmath.Log(of(nudge)/of(nudge/2)) / math.Ln2 }
	rest := length(e.byWeights(w1, w2, x, free)) / length(e.byWeights(w1, w2, x, settle(nudge, free)))
	return []float64{one(nudge), order(one), two(nudge), order(two), rest}
}

func contrast(nudged, free []float64, nudge float64) []float64 {
	d := minus(nudged, free)
	scale(d, 1/nudge)
	return d
}

func relativeError(v, truth []float64) float64 {
	return length(minus(v, truth)) / length(truth)
}

// equilibrium follows a force to where it is small, and finds its zero there
// by Newton's method, its derivative by differences. Newton's method alone may
// end at a saddle.
func equilibrium(from []float64, force func([]float64) []float64) []float64 {
	s := append([]float64{}, from...)
	n := len(s)
	const h, rate, longest = 1e-6, 0.2, 5000
	for range longest {
		f := force(s)
		if largest(f) < 1e-4 {
			break
		}
		addTo(s, -rate, f)
	}
	for range 50 {
		f := force(s)
		if largest(f) < 1e-14 {
			break
		}
		j := mat.NewDense(n, n, nil)
		for c := range n {
			keep := s[c]
			s[c] = keep + h
			up := force(s)
			s[c] = keep - h
			down := force(s)
			s[c] = keep
			for r := range n {
				j.Set(r, c, (up[r]-down[r])/(2*h))
			}
		}
		var step mat.VecDense
		if err := step.SolveVec(j, mat.NewVecDense(n, f)); err != nil {
			break
		}
		addTo(s, -1, step.RawVector().Data)
	}
	return s
}

func tanhs(v []float64) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = fmath.Tanh(x)
	}
	return out
}

func times(w *mat.Dense, v []float64) []float64 {
	var out mat.VecDense
	out.MulVec(w, mat.NewVecDense(len(v), v))
	return out.RawVector().Data
}

func timesT(w *mat.Dense, v []float64) []float64 {
	var out mat.VecDense
	out.MulVec(w.T(), mat.NewVecDense(len(v), v))
	return out.RawVector().Data
}

// outerProduct is factor·a bᵀ, row by row.
func outerProduct(a, b []float64, factor float64) []float64 {
	out := make([]float64, 0, len(a)*len(b))
	for _, x := range a {
		for _, y := range b {
			out = append(out, factor*x*y)
		}
	}
	return out
}
