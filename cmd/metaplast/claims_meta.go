package main

import (
	"fmt"
	"math"

	"github.com/metaplast/metaplast/rulespace/key"
)

var localTermsCloseTheGap = claim{
	number:  18,
	text:    "Two local terms found by meta-learning, Hebbian in the credits and Oja's, close the gap between random feedback and backprop in deep networks that learn online from few samples (about 25 % to 70 % there).",
	source:  "N. Shervani-Tabar, R. Rosenbaum, Nat. Commun. 14:1805 (2023)",
	setting: "MNIST and Fashion-MNIST 28×28, classes 0 to 4, 250 samples seen once, one at a time, 784-170-130-100-70-47-5 softplus(10); the paper takes 5 classes of EMNIST letters and learns all coefficients, here only the learning rate is tuned",
	seeds:   20,
	run:     metaPlasticity,
}

func metaPlasticity(l *lab) (finding, error) {
	var f finding
	closed, better, short, worse := true, true, false, false
	for _, set := range []string{"mnist", "fashion-mnist"} {
		task, network := set+":classes=0-4,limit=250,val=500,test=2000", "in-170-130-100-70-47-out"
		if l.quick {
			task, network = l.task(set, 0), "in-20-16-out"
		}
		online := func(name string) arm {
			return tunedArm(name, network, 1).with(name, func(a *arm) { a.hidden, a.batch = "softplus(10)", 1 })
		}
		e, err := l.train(task, online("fa"), online("fa-hebb-oja"), online("bp").with("bp, tuned", func(*arm) {}))
		if err != nil {
			return f, err
		}
		gain := f.compare(set, e[0], e[1], e[2])
		left := e[1].minus(e[2], set)
		half := scaled(differences(e[1].percent(), e[0].percent()), 0.5) // (y − fa)/2 + (y − bp)/2 = y − (fa + bp)/2
		for i, v := range differences(e[1].percent(), e[2].percent()) {
			half[i] += float64(v / 2)
		}
		middle := measured{e[1].label + " − the middle of " + e[0].label + " and " + e[2].label + ", " + set, intervalOf(half), points, ""}
		f.add(left, middle)
		better, worse = better && above(gain[0], 0), worse || below(gain[0], 0)
		closed = closed && above(middle.value, 0)
		short = short || below(middle.value, 0)
	}
	switch {
	case better && closed:
		return f.decide(holds, "On both sets the two terms make random feedback better, and more than half of its distance to backprop is gone; some is left where the interval to backprop lies below 0."), nil
	case better && short:
		return f.decide(fails, "The two terms make random feedback better on both sets, but not everywhere more than half of the distance to backprop is gone."), nil
	case better:
		return f.decide(undecided, "The two terms make random feedback better on both sets; whether more than half of the distance to backprop is gone these seeds do not show on both."), nil
	}
	if worse {
		return f.decide(fails, "The two terms do not make random feedback better on both sets."), nil
	}
	return f.decide(undecided, "That the two terms make random feedback better these seeds do not show on both sets."), nil
}

var evolvedRulesMemory = claim{
	number:  33,
	text:    "Evolved plasticity rules need less memory than rules found by differentiating through learning, but more data.",
	source:  "S. Schmidgall et al., arXiv:2305.11252 (2023)",
	setting: "the rule Δw = η(A·x·t + B·x + C·t + D) for linear units of 5 inputs, with coefficients that all synapses share or of its own for each, a new linear teacher and 50 samples in each life; lives until the loss of unseen lives falls below 0.2 of the variance; each method at the best of 6 step sizes and 2 numbers of lives per step, on other seeds",
	run:     evolvedRules,
}

func evolvedRules(l *lab) (finding, error) {
	var f finding
	more, fewer := 0, 0
	for _, own := range []bool{false, true} {
		where := fmt.Sprintf("%d shared coefficients", abcd)
		if own {
			where = fmt.Sprintf("%d coefficients", abcd*metaInputs)
		}
		methods := []metaMethod{{name: "evolution strategy", kind: 'e', own: own}, {name: "differences", kind: 'd', own: own}, {name: "exact gradient", kind: 'g', own: own}}
		for i := range methods {
			methods[i].tune(l.n(3, 1))
		}
		m := l.perSeed(4, func(k key.Key) []float64 {
			var out []float64
			for _, method := range methods {
				out = append(out, method.search(k))
			}
			return append(out, out[0]-out[2], out[0]-out[1])
		})
		for i, method := range methods {
			f.add(measured{method.name + ", lives, " + where, m[i], "", fmt.Sprintf("step %s, %d lives", short(method.rate), method.livesOfStep())})
		}
		f.add(measured{"evolution − exact gradient, lives, " + where, m[3], "", ""}, measured{"evolution − differences, lives, " + where, m[4], "", ""})
		if above(m[3], 0) {
			more++
		}
		if below(m[3], 0) {
			fewer++
		}
	}
	const forward, reverse = metaInputs + metaInputs*abcd, metaSamples * (metaInputs + metaInputs + 2)
	for _, x := range []struct {
		what   string
		floats float64
	}{{"evolution or differences", metaInputs}, {"exact gradient, forward mode", forward}, {"exact gradient, reverse mode", reverse}} {
		f.add(measured{what: x.what + ": state of one life", value: intervalOf([]float64{4 * x.floats}), unit: "bytes", note: "counted, in float32"})
	}
	note := fmt.Sprintf("The state of a life is %d times as large with reverse mode, and grows with the length of the life; forward mode carries the weights' sensitivities instead, %d times as much in all.", reverse/metaInputs, forward/metaInputs)
	switch {
	case more == 2:
		return f.decide(holds, "Evolution takes more lives than the exact gradient. %s", note), nil
	case more == 1 && fewer == 0:
		return f.decide(undecided, "Evolution takes more lives than the exact gradient in one of two conditions, and is not told apart in the other. %s", note), nil
	case fewer > 0:
		return f.decide(fails, "Evolution takes fewer lives than the exact gradient in %d of two conditions. %s", fewer, note), nil
	}
	return f.decide(undecided, "The differences in lives are within their intervals. %s", note), nil
}

const (
	abcd        = 4
	metaInputs  = 5
	metaSamples = 50
	metaMost    = 4000 // lives after which a search gives up
)

// metaMethod is a way to find the coefficients of a rule.
type metaMethod struct {
	name  string
	kind  byte // evolution, differences or gradient
	own   bool // each synapse has coefficients of its own
	lives int  // of one step; differences take as many as they must
	rate  float64
}

func (m metaMethod) coefficients() int {
	if m.own {
		return abcd * metaInputs
	}
	return abcd
}

func (m metaMethod) livesOfStep() int {
	if m.kind == 'd' {
		return 2 * m.coefficients()
	}
	return m.lives
}

// tune chooses the step size and the number of lives per step.
func (m *metaMethod) tune(seeds int) {
	best, chosen := math.Inf(1), *m
	for _, m.lives = range []int{4, 16} {
		for _, m.rate = range []float64{0.01, 0.03, 0.1, 0.3, 1, 3} {
			sum := 0.0
			for j := range seeds {
				sum += m.search(key.Root(1).Child("tune", uint64(j)))
			}
			if sum < best {
				best, chosen = sum, *m
			}
		}
	}
	*m = chosen
}

// search counts the lives until the rule is good on lives of its own.
func (m metaMethod) search(k key.Key) float64 {
	theta := make([]float64, m.coefficients())
	s := k.Child("search", 0).Stream()
	exam := k.Child("exam", 0)
	noise, at := make([]float64, len(theta)), make([]float64, len(theta))
	for used := 0; used < metaMost; {
		total := 0.0
		for i := range 20 {
			loss, _ := abcdLife(theta, exam.Child("life", uint64(i)))
			total += loss / 20
		}
		if total < 0.2 {
			return float64(used)
		}
		step := make([]float64, len(theta))
		// slope is by how much the loss falls along the noise, by two lives of
		// one teacher.
		slope := func() float64 {
			const sigma = 0.1
			life := k.Child("life", uint64(used))
			used += 2
			try := func(sign float64) float64 {
				copy(at, theta)
				addTo(at, sign*sigma, noise)
				loss, _ := abcdLife(at, life)
				return loss
			}
			return (try(-1) - try(1)) / (2 * sigma)
		}
		switch m.kind {
		case 'g':
			for range m.lives {
				_, g := abcdLife(theta, k.Child("life", uint64(used)))
				used++
				addTo(step, -1/float64(m.lives), g)
			}
		case 'e':
			for range m.lives / 2 {
				for j := range noise {
					noise[j] = s.Normal()
				}
				addTo(step, slope()/float64(m.lives/2), noise)
			}
		case 'd':
			for j := range noise {
				clear(noise)
				noise[j] = 1
				addTo(step, slope(), noise)
			}
		}
		if n := length(step); n > 1 { // a step of bounded length, for all methods
			scale(step, 1/n)
		}
		addTo(theta, m.rate, step)
	}
	return metaMost
}

// abcdLife learns from a new teacher and returns the loss on fresh samples in
// parts of the variance, and its gradient by the coefficients, which the
// sensitivities ∂w/∂θ carry along. Coefficients are shared, or come in one
// block of metaInputs for each of A, B, C and D.
func abcdLife(theta []float64, k key.Key) (loss float64, gradient []float64) {
	const rate = 1.0 / metaSamples
	own := len(theta) > abcd
	s := k.Stream()
	teacher := make([]float64, metaInputs)
	for i := range teacher {
		teacher[i] = s.Normal()
	}
	scale(teacher, 1/length(teacher))
	w, x := make([]float64, metaInputs), make([]float64, metaInputs)
	var by [abcd][metaInputs]float64 // ∂w_j by the coefficient of w_j
	draw := func() float64 {
		for j := range x {
			x[j] = s.Normal()
		}
		return dot(teacher, x)
	}
	at := func(p, j int) int {
		if own {
			return p*metaInputs + j
		}
		return p
	}
	for range metaSamples {
		t := draw()
		for j, in := range x {
			for p, term := range [abcd]float64{in * t, in, t, 1} {
				w[j] += float64(rate * theta[at(p, j)] * term)
				by[p][j] += float64(rate * term)
			}
		}
	}
	gradient = make([]float64, len(theta))
	for range metaSamples {
		t := draw()
		e := dot(w, x) - t
		loss += float64(e * e / metaSamples)
		for p := range by {
			for j, in := range x {
				gradient[at(p, j)] += float64(2 * e * by[p][j] * in / metaSamples)
			}
		}
	}
	return loss, gradient
}
