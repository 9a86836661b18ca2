package main

import (
	"fmt"
	"math"

	"github.com/metaplast/metaplast/internal/fmath"
	"github.com/metaplast/metaplast/rulespace/key"
)

var perturbationSpectrum = claim{
	number:  23,
	text:    "Perturbation estimates the gradient without bias but with a variance that grows with the number of perturbed quantities: weights for weight perturbation, units for node perturbation, so that the two and backprop span a spectrum.",
	source:  "T. Lillicrap et al., Nat. Rev. Neurosci. 21:335 (2020); J. Werfel, X. Xie, H. S. Seung, Neural Comput. 17:2699 (2005)",
	setting: "tanh networks n-n-2 with squared loss on one sample in float64, σ = 10⁻⁴, antithetic pairs; cos to the exact gradient after so many draws against √(draws/(draws + perturbed + 1))",
	run:     perturbations,
}

func perturbations(l *lab) (finding, error) {
	var f finding
	worst := 0.0
	most := l.n(1000, 100)
	var variances [][2]float64
	for _, n := range []int{4, 16} {
		weights, units := n*n+2*n, n+2
		m := l.perSeed(8, func(k key.Key) []float64 { return perturbed(n, most, k) })
		at := 0
		for _, kind := range []struct {
			name string
			size int
		}{{"weight perturbation", weights}, {"node perturbation", units}} {
			for draws := 1; draws <= most; draws *= 10 {
				want := math.Sqrt(float64(draws) / float64(draws+kind.size+1))
				f.add(measured{what: fmt.Sprintf("%s of %d, cos after %d draws", kind.name, kind.size, draws), value: m[at], note: fmt.Sprintf("predicted %.3f", want)})
				if draws > 1 { // the prediction is one of large numbers
					worst = max(worst, math.Abs(m[at].Mean-want))
				}
				at++
			}
		}
		ratio := m[at]
		f.add(measured{what: fmt.Sprintf("variance of weight over node perturbation, %d weights, %d units", weights, units), value: ratio,
			note: fmt.Sprintf("predicted %.3g", float64(weights+1)/float64(units+1))})
		variances = append(variances, [2]float64{ratio.Mean, float64(weights+1) / float64(units+1)})
	}
	good := worst < 0.05
	for _, v := range variances {
		good = good && math.Abs(v[0]/v[1]-1) < 0.25
	}
	if good {
		return f.decide(holds, "The angle to the gradient follows the count of perturbed quantities to %.3f, and the variances stand in the ratio of the counts.", worst), nil
	}
	return f.decide(fails, "The largest departure from the predicted cos is %.3f; variances and counts are not in the ratio predicted within a quarter.", worst), nil
}

// perturbed returns the cos to the gradient of weight and of node perturbation
// after 1, 10, … draws, and the ratio of the variances of one draw in parts of
// the squared length of the gradient, each in its own space.
func perturbed(n, draws int, k key.Key) []float64 {
	s := k.Stream()
	normal := func(n int, sd float64) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = sd * s.Normal()
		}
		return v
	}
	sd := 1 / math.Sqrt(float64(n))
	x, w1, w2, y := normal(n, 1), normal(n*n, sd), normal(2*n, sd), normal(2, 1)
	// loss of the network with something added to weights and potentials.
	loss := func(dw, dz []float64) float64 {
		h := make([]float64, n)
		for i := range h {
			a := dz[i]
			for j, v := range x {
				a += float64((w1[i*n+j] + dw[i*n+j]) * v)
			}
			h[i] = fmath.Tanh(a)
		}
		sum := 0.0
		for o, t := range y {
			a := dz[n+o]
			for i, v := range h {
				a += float64((w2[o*n+i] + dw[n*n+o*n+i]) * v)
			}
			sum += float64(0.5 * (a - t) * (a - t))
		}
		return sum
	}
	noWeights, noUnits := make([]float64, n*n+2*n), make([]float64, n+2)
	// The exact gradients, by the chain rule.
	h, e := make([]float64, n), make([]float64, 2)
	for i := range h {
		h[i] = fmath.Tanh(dot(w1[i*n:(i+1)*n], x))
	}
	for o := range e {
		e[o] = dot(w2[o*n:(o+1)*n], h) - y[o]
	}
	byUnits, byWeights := make([]float64, n+2), make([]float64, n*n+2*n)
	for i, v := range h {
		c := (1 - float64(v*v)) * (float64(e[0]*w2[i]) + float64(e[1]*w2[n+i]))
		byUnits[i] = c
		for j, in := range x {
			byWeights[i*n+j] = c * in
		}
	}
	for o, v := range e {
		byUnits[n+o] = v
		for i, in := range h {
			byWeights[n*n+o*n+i] = v * in
		}
	}
	const sigma = 1e-4
	estimate := func(gradient []float64, at func(noise []float64) float64) (cos []float64, variance float64) {
		mean := make([]float64, len(gradient))
		noise := make([]float64, len(gradient))
		for d := 1; d <= draws; d++ {
			for i := range noise {
				noise[i] = sigma * s.Normal()
			}
			up := at(noise)
			scale(noise, -1)
			slope := (at(noise) - up) / (2 * sigma * sigma)
			addTo(mean, slope, noise)
			distance := 0.0
			for i, v := range noise {
				d := float64(slope*v) - gradient[i]
				distance += float64(d * d)
			}
			variance += distance / dot(gradient, gradient) / float64(draws)
			if isPowerOfTen(d) {
				cos = append(cos, cosine(mean, gradient))
			}
		}
		return cos, variance
	}
	wp, wpVariance := estimate(byWeights, func(noise []float64) float64 { return loss(noise, noUnits) })
	np, npVariance := estimate(byUnits, func(noise []float64) float64 { return loss(noWeights, noise) })
	return append(append(wp, np...), wpVariance/npVariance)
}

func isPowerOfTen(n int) bool {
	for n%10 == 0 {
		n /= 10
	}
	return n == 1
}

var rewardBaseline = claim{
	number:  24,
	text:    "Reward-modulated Hebbian learning needs a reward baseline: Δw = η·R·y·x is biased where the mean reward is not zero.",
	source:  "S. Schmidgall et al., arXiv:2305.11252 (2023); N. Frémaux, W. Gerstner, Front. Neural Circuits 9:85 (2016)",
	setting: "contextual bandit, 10 Gaussian inputs, 10 arms, softmax choice, reward 1 for the best arm of a linear teacher and 0 else, with and without 1 added to all rewards; mean share of best arms in the last fifth of 10,000 choices; each rule at the best of 6 learning rates, chosen on other seeds",
	run:     baselines,
}

func baselines(l *lab) (finding, error) {
	var f finding
	steps := l.n(10000, 1000)
	rates := []float64{0.001, 0.003, 0.01, 0.03, 0.1, 0.3}
	best := func(b bandit) float64 {
		top, at := -1.0, 0.0
		for _, r := range rates {
			b.rate = r
			sum := 0.0
			for i := range 4 {
				sum += b.live(steps, key.Root(1).Child("tune", uint64(i)))
			}
			if sum > top {
				top, at = sum, r
			}
		}
		return at
	}
	necessary, harmless := true, true
	for _, offset := range []float64{0, 1} {
		rules := []bandit{
			{name: "R·y·x", offset: offset}, {name: "(R − R̄)·y·x", centred: true, offset: offset},
			{name: "R·(y − ȳ)·x", fluctuation: true, offset: offset}, {name: "(R − R̄)·(y − ȳ)·x", centred: true, fluctuation: true, offset: offset},
		}
		for i := range rules {
			rules[i].rate = best(rules[i])
		}
		m := l.perSeed(4, func(k key.Key) []float64 {
			var out []float64
			for _, r := range rules {
				out = append(out, 100*r.live(steps, k))
			}
			return append(out, out[1]-out[0], out[3]-out[2])
		})
		where := fmt.Sprintf("rewards %v and %v", offset, offset+1)
		for i, r := range rules {
			f.add(measured{r.name + ", " + where, m[i], percent, "lr " + short(r.rate)})
		}
		f.add(measured{"by the baseline, Hebbian eligibility, " + where, m[4], points, ""},
			measured{"by the baseline, fluctuations as eligibility, " + where, m[5], points, ""})
		necessary = necessary && above(m[4], 0)
		harmless = harmless && !above(m[5], 1)
	}
	drift := l.perSeed(8, func(k key.Key) []float64 { return []float64{drifts(k, false), drifts(k, true)} })
	f.add(measured{"drift of the weights under a constant reward, in parts of η·R·|y·x|, without baseline", drift[0], "", ""},
		measured{"the same with a baseline", drift[1], "", ""})
	note := "Where the eligibility is a fluctuation about its mean, learning without a baseline loses reward as well."
	if harmless {
		note = "Where the eligibility is a fluctuation about its mean, no baseline is needed."
	}
	if necessary && above(drift[0], 0.05) && drift[1].High < 0.01 {
		return f.decide(holds, "Without a baseline the Hebbian form drifts under a constant reward and earns less. %s", note), nil
	}
	return f.decide(fails, "The form without baseline is not worse in every condition. %s", note), nil
}

// bandit is a rule that chooses among arms by context.
type bandit struct {
	name                 string
	centred, fluctuation bool
	offset, rate         float64
}

// live returns the share of best arms among the last fifth of the choices.
//
//	P(arm i) = softmax(W x)_i,  ΔW = η·(R − R̄)·(y − ȳ)·xᵀ
func (b bandit) live(steps int, k key.Key) float64 {
	const arms, inputs = 10, 10
	s := k.Stream()
	teacher := make([]float64, arms*inputs)
	for i := range teacher {
		teacher[i] = s.Normal()
	}
	w := make([]float64, arms*inputs)
	x, p := make([]float64, inputs), make([]float64, arms)
	mean, right, counted := 0.0, 0, 0
	for t := range steps {
		for j := range x {
			x[j] = s.Normal()
		}
		best, most := 0, math.Inf(-1)
		sum, top := 0.0, math.Inf(-1)
		for i := range p {
			p[i] = dot(w[i*inputs:(i+1)*inputs], x)
			top = max(top, p[i])
			if v := dot(teacher[i*inputs:(i+1)*inputs], x); v > most {
				best, most = i, v
			}
		}
		for i := range p {
			p[i] = fmath.Exp(p[i] - top)
			sum += p[i]
		}
		choice, u := arms-1, s.Float64()*sum
		for i, v := range p {
			if u -= v; u < 0 {
				choice = i
				break
			}
		}
		reward := b.offset
		if choice == best {
			reward++
		}
		if t >= steps*4/5 {
			counted++
			if choice == best {
				right++
			}
		}
		gain := reward
		if b.centred {
			gain -= mean
		}
		mean += float64((reward - mean) * max(0.05, 1/float64(t+1)))
		for i := range p {
			y := 0.0
			if i == choice {
				y = 1
			}
			if b.fluctuation {
				y -= p[i] / sum
			}
			addTo(w[i*inputs:(i+1)*inputs], b.rate*gain*y, x)
		}
		if n := largest(w); !(n < 1e6) {
			return 0
		}
	}
	return float64(right) / float64(counted)
}

// drifts is the length of the mean weight change of a unit that is rewarded
// whatever it does, in parts of the mean length of its changes.
func drifts(k key.Key, centred bool) float64 {
	const inputs, samples = 10, 20000
	s := k.Stream()
	w, x, sum := make([]float64, inputs), make([]float64, inputs), make([]float64, inputs)
	for j := range w {
		w[j] = s.Normal() / math.Sqrt(inputs)
	}
	size, mean := 0.0, 0.0
	for t := range samples {
		for j := range x {
			x[j] = s.Normal()
		}
		y := dot(w, x) + s.Normal()
		gain := 1.0
		if centred {
			gain -= mean
		}
		mean += float64((1 - mean) * max(0.05, 1/float64(t+1)))
		addTo(sum, gain*y/samples, x)
		size += float64(math.Abs(y) * length(x) / samples)
	}
	return length(sum) / size
}
