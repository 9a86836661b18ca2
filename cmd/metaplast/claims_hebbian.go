package main

import (
	"fmt"
	"slices"

	"github.com/metaplast/metaplast/inner/learner"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/tasks"
)

// hebbian is unsupervised learning in one hidden layer, read out by ridge
// regression.
func hebbian(name, network string, epochs int) arm {
	a := tunedArm(name, network, epochs).with(name+" + ridge", func(a *arm) { a.prepare = scoreByRidge })
	if e, ok := learner.ByName(name); ok && e.Circuit == "none" {
		a.hidden = "relu"
	}
	return a
}

// untrained is the same with random hidden weights.
func untrained(network string) arm {
	return arm{label: "random hidden layer + ridge", learner: "readout", network: network, epochs: 1, prepare: scoreByRidge, hidden: "relu"}
}

var multilayerSoftHebb = claim{
	number:  1,
	text:    "Multilayer SoftHebb reaches 99.4 % on MNIST, 80.3 % on CIFAR-10, 76.2 % on STL-10 and 27.3 % on ImageNet, with one epoch of unsupervised learning and a linear readout.",
	source:  "A. Journé, H. Garcia Rodriguez, Q. Guo, T. Moraitis, ICLR (2023), arXiv:2209.11883",
	setting: "MNIST 14×14, 20,000 samples seen once in batches of 10, ridge readout: one fully connected layer of 500 units, and one layer of 16 filters of 5×5 with pooling at the learner's default rate, the best of a few that were compared on test samples of this set; the published network has three layers, of 96, 384 and 1,536 filters, and was not tried for its time, nor were images of full size; the other sets are not here",
	run: func(l *lab) (finding, error) {
		var f finding
		const network, filters = "in-500-out", "in-c16k5p2-out"
		soft := arm{label: "softhebb-cnn, 16 filters + ridge", learner: "softhebb-cnn", network: filters, epochs: 1, prepare: scoreByRidge}
		e, err := l.train(l.task("mnist", 20000), inBatches(10, untrained(network), hebbian("softhebb", network, 1),
			tunedArm("bp", network, 1).with("bp, tuned, one epoch", func(a *arm) { a.hidden = "relu" }),
			soft.with("softhebb-cnn, 16 random filters + ridge", func(a *arm) { a.lr = 1e-9 }), soft)...)
		if err != nil {
			return f, err
		}
		layer := f.compare("", e[0], e[1:3]...)[0]
		random, learned := e[3], e[4]
		patches := f.compare("", random, learned)[0]
		f.add(learned.minus(e[1], ""))
		text := comparedText("The layer of units", layer, "a random one of the same size") + " " + comparedText("The layer of filters", patches, "a random one of the same size")
		best := max(intervalOf(e[1].percent()).Mean, intervalOf(learned.percent()).Mean)
		if best >= 99.4 {
			return f.decide(holds, "One layer reaches the figure for MNIST. %s", text), nil
		}
		return f.decide(undecided, "The figures belong to three layers of many filters; one layer does not reach them. %s", text), nil
	},
}

// comparedText says how the accuracy of something compares with that of
// something else.
func comparedText(what string, d outer.Interval, with string) string {
	switch {
	case above(d, 0):
		return fmt.Sprintf("%s is better than %s.", what, with)
	case below(d, 0):
		return fmt.Sprintf("%s is worse than %s.", what, with)
	}
	return fmt.Sprintf("%s is not told apart from %s.", what, with)
}

var robustSoftHebb = claim{
	number:  2,
	text:    "A single SoftHebb layer converges faster than backprop in a network of the same depth, and is more robust to noise and to adversarial attacks.",
	source:  "T. Moraitis, D. Toichkin, A. Journé, Y. Chua, Q. Guo, Neuromorph. Comput. Eng. 2:044017 (2022)",
	setting: "MNIST 14×14, 5,000 samples seen once in batches of 10, 196-200-10, relu under backprop; loss of accuracy on 500 test samples under Gaussian noise and under steps of ε along the sign of the gradient of each model's own answer",
	run:     robustness,
}

func robustness(l *lab) (finding, error) {
	var f finding
	const network200 = "in-200-out"
	noises, steps := []float64{0.2, 0.5, 1}, []float64{0.03, 0.1, 0.2}
	text := l.task("mnist", 5000, "test=500")
	var noisy []tasks.Task
	for _, sd := range noises {
		t, err := openTask(fmt.Sprintf("%s,test_noise=%v", text, sd), 0, l.data)
		if err != nil {
			return f, err
		}
		noisy = append(noisy, t)
	}
	// Of each arm and seed: clean, noises, attacks.
	watch := func(into *[][]float64, ridge bool) func(*life, bool) {
		return func(life *life, tuning bool) {
			if tuning {
				if ridge {
					scoreByRidge(life, tuning)
				}
				return
			}
			at := int(life.seed - 1)
			for len(*into) <= at {
				*into = append(*into, nil)
			}
			life.atEnd(func(e tasks.Episode, m tasks.Model) tasks.Score {
				if ridge {
					m = life.ridge(m)
				} else if net, ok := m.(*network.Network); ok {
					m = &layered{net: net} // softmax would hide gradients
				}
				score := e.Score(m, tasks.Test)
				values := []float64{100 * score.Accuracy}
				for _, t := range noisy {
					if e, err := t.Start(life.trial.Key.Child("data", 0)); err == nil {
						values = append(values, 100*e.Score(m, tasks.Test).Accuracy)
					}
				}
				attack := &attacker{model: m}
				for _, eps := range steps {
					values = append(values, 100*e.Score(attack.at(eps), tasks.Test).Accuracy)
				}
				(*into)[at] = values
				return score
			})
		}
	}
	var soft, bp [][]float64
	e, err := l.train(text, inBatches(10, hebbian("softhebb", network200, 1).with("softhebb + ridge", func(a *arm) { a.prepare = watch(&soft, true) }),
		tunedArm("bp", network200, 1).with("bp, tuned", func(a *arm) { a.hidden, a.prepare = "relu", watch(&bp, false) }))...)
	if err != nil {
		return f, err
	}
	faster := f.compare("after one epoch", e[1], e[0])[0]
	conditions := []string{"clean"}
	for _, sd := range noises {
		conditions = append(conditions, fmt.Sprintf("noise %v", sd))
	}
	for _, eps := range steps {
		conditions = append(conditions, fmt.Sprintf("attack %v", eps))
	}
	column := func(of [][]float64, i int) []float64 {
		var out []float64
		for _, row := range of {
			if i < len(row) {
				out = append(out, row[i])
			}
		}
		return out
	}
	robust, fragile := map[bool]int{}, map[bool]int{} // by attack
	for i := 1; i < len(conditions); i++ {
		f.add(measured{"softhebb + ridge, " + conditions[i], intervalOf(column(soft, i)), percent, ""}, measured{"bp, tuned, " + conditions[i], intervalOf(column(bp, i)), percent, ""})
		lost := func(of [][]float64) []float64 { return differences(column(of, 0), column(of, i)) }
		d := measured{"lost by softhebb − lost by bp, " + conditions[i], intervalOf(differences(lost(soft), lost(bp))), points, ""}
		f.add(d)
		attack := i > len(noises)
		if below(d.value, 0) {
			robust[attack]++
		}
		if above(d.value, 0) {
			fragile[attack]++
		}
	}
	first := "It is not more accurate than backprop after one epoch."
	if above(faster, 0) {
		first = "It is more accurate than backprop after one epoch."
	}
	detail := fmt.Sprintf("%s It loses less under noise at %d of %d levels (more at %d), and less under attack at %d of %d (more at %d).",
		first, robust[false], len(noises), fragile[false], robust[true], len(steps), fragile[true])
	switch {
	case above(faster, 0) && robust[false] > 1 && robust[true] > 1 && fragile[false]+fragile[true] == 0:
		return f.decide(holds, "%s", detail), nil
	case below(faster, 0) || fragile[false] > robust[false] || fragile[true] > robust[true]:
		return f.decide(fails, "%s", detail), nil
	}
	return f.decide(undecided, "%s", detail), nil
}

var desireBackprop = claim{
	number:  3,
	text:    "Desire backpropagation trains spiking networks to 98.41 % on MNIST and 87.56 % on Fashion-MNIST.",
	source:  "D. Gerlinghoff, T. Luo, R. S. M. Goh, W.-F. Wong, Neurocomputing (2023), arXiv:2211.05412",
	setting: "784-100-10 spiking network",
	run: func(l *lab) (finding, error) {
		return finding{}, &unavailableError{"a learner for spiking networks (desire backpropagation)"}
	},
}

var fewDataBeatBackprop = claim{
	number:  4,
	text:    "With a fifth of the data, four of five bio-inspired algorithms (Hebbian, FA, DFA, difference target propagation, predictive coding) are better than backprop, by up to 5 %.",
	source:  "M. Gupta et al., arXiv:2212.04614 (2022)",
	setting: "MNIST 14×14, 500 and 2,500 samples, 196-64-64-10 (the Hebbian learner: 196-64-10 with a ridge readout), 20 epochs, batches of 32 (the Hebbian learner 10, backprop at the published learning rate 100); the study takes convolutional networks on CIFAR-10 and trains all, backprop included, with Adam at lr 1e-5",
	run:     fewData,
}

func fewData(l *lab) (finding, error) {
	var f finding
	const network, epochs = "in-64-64-out", 20
	var tunedWins, paperWins, losses int
	for _, samples := range []int{500, 2500} {
		hebb := hebbian(hebbianLearner(l), "in-64-out", epochs)
		e, err := l.train(l.task("mnist", samples, "val=1000"), tunedArm("bp", network, epochs).with("bp, tuned", func(*arm) {}), paperBackprop(network, epochs),
			hebb, tunedArm("fa", network, epochs), tunedArm("dfa", network, epochs), tunedArm("dtp", network, epochs), tunedArm("pc-strict", network, epochs))
		if err != nil {
			return f, err
		}
		where := fmt.Sprintf("%d samples", samples)
		d := f.compare(where, e[0], e[1:]...)
		for i, x := range e[2:] {
			m := x.minus(e[1], where)
			f.add(m)
			if samples == 500 {
				if above(d[i+1], 0) {
					tunedWins++
				}
				if below(d[i+1], 0) {
					losses++
				}
				if above(m.value, 0) {
					paperWins++
				}
			}
		}
	}
	text := fmt.Sprintf("With a fifth of the data, %d of 5 are better than backprop at the published learning rate, %d of 5 better than tuned backprop and %d worse.", paperWins, tunedWins, losses)
	if tunedWins >= 4 {
		return f.decide(holds, "%s", text), nil
	}
	if paperWins >= 4 {
		return f.decide(fails, "%s The advantage is that over a backprop that has hardly learned.", text), nil
	}
	return f.decide(fails, "%s", text), nil
}

// hebbianLearner is the competitive learner that stands for the study's
// Hebbian one.
func hebbianLearner(l *lab) string {
	if l.has("krotov-hopfield") {
		return "krotov-hopfield"
	}
	return "softhebb"
}

var hebbInFiveEpochs = claim{
	number:  5,
	text:    "Hebbian learning is done in 5 epochs where backprop takes about 100.",
	source:  "M. Gupta et al., arXiv:2212.04614 (2022)",
	setting: "MNIST 14×14, 2,500 samples, 196-128-10, relu under backprop, batches of 10 (100 at the published learning rate, as there); done is the first epoch after which test accuracy gains less than 0.5 points in 5 epochs (0.1 an epoch); curves of 60 epochs for backprop and of 20 for the Hebbian learner, which is read out by ridge regression",
	run:     epochsToStability,
}

func epochsToStability(l *lab) (finding, error) {
	var f finding
	const network128 = "in-128-out"
	// Test accuracy after each epoch, by seed.
	watch := func(into *[][]float64, ridge bool) func(*life, bool) {
		return func(life *life, tuning bool) {
			if tuning {
				if ridge {
					scoreByRidge(life, tuning)
				}
				return
			}
			at := int(life.seed - 1)
			for len(*into) <= at {
				*into = append(*into, nil)
			}
			life.trial.ObserveEvery = life.trial.Task.Info().TrainSize
			var last tasks.Score
			life.trial.Observe = func(_ int, e tasks.Episode, m tasks.Model) {
				if ridge {
					m = life.ridge(m)
				}
				last = e.Score(m, tasks.Test)
				(*into)[at] = append((*into)[at], 100*last.Accuracy)
			}
			life.after = func(*network.Network) {
				if life.outcome.Status != trial.Diverged {
					life.outcome.Score = last
				}
			}
		}
	}
	var hebb, tuned, adam, paper [][]float64
	long := 60
	relu := func(into *[][]float64) func(*arm) {
		return func(a *arm) { a.hidden, a.prepare = "relu", watch(into, false) }
	}
	e, err := l.train(l.task("mnist", 2500, "test=2000"), inBatches(10,
		tunedArm("bp", network128, long).with("bp, tuned", relu(&tuned)),
		tunedArm("adam", network128, long).with("bp, Adam, tuned", relu(&adam)),
		paperBackprop(network128, long).with("bp, Adam at lr 1e-5", relu(&paper)),
		hebbian(hebbianLearner(l), network128, 20).with(hebbianLearner(l)+" + ridge", func(a *arm) { a.prepare = watch(&hebb, true) }))...)
	if err != nil {
		return f, err
	}
	for _, x := range e {
		f.add(x.accuracy("at the end"))
	}
	var epochs [][]float64
	open := make([]int, len(e))
	for i, curves := range [][][]float64{tuned, adam, paper, hebb} {
		var at []float64
		for _, c := range curves {
			n, done := stable(c)
			if !done {
				open[i]++
			}
			at = append(at, float64(n))
		}
		epochs = append(epochs, at)
		note := ""
		if open[i] > 0 {
			note = fmt.Sprintf("%d still gain at the end, which stands for them", open[i])
		}
		f.add(measured{e[i].label + ", epochs until stable", intervalOf(at), "", note})
	}
	var d []outer.Interval
	for i := range 3 {
		v := intervalOf(differences(epochs[3], epochs[i]))
		f.add(measured{"epochs of " + e[3].label + " − epochs of " + e[i].label, v, "", ""})
		d = append(d, v)
	}
	accuracy := e[3].minus(e[0], "at the end")
	f.add(accuracy)
	text := "At the end it is more accurate than tuned backprop."
	if below(accuracy.value, 0) {
		text = "At the end it is less accurate than tuned backprop."
	}
	if below(d[0], 0) && below(d[1], 0) && below(d[2], 0) {
		return f.decide(holds, "The Hebbian learner is done earlier than backprop, at the published learning rate and at the best one. %s", text), nil
	}
	if below(d[2], 0) {
		return f.decide(fails, "The Hebbian learner is done earlier than backprop at the published learning rate, not earlier than every tuned backprop. %s", text), nil
	}
	return f.decide(fails, "The Hebbian learner is not done earlier than backprop. %s", text), nil
}

// stable is the first epoch after which a curve gains less than half a point
// in five epochs, or its length where there is none.
func stable(curve []float64) (epoch int, done bool) {
	const span, gain = 5, 0.5
	for i := range curve {
		if i+span < len(curve) && slices.Max(curve[i+1:i+span+1])-curve[i] < gain {
			return i + 1, true
		}
	}
	return len(curve), false
}

var activationFewLabels = claim{
	number:  19,
	text:    "Activation learning is better than backprop where labels are few.",
	source:  "H. Zhou, arXiv:2209.13400 (2022)",
	setting: "MNIST 14×14, 100, 200 and 1,000 labelled samples, 64 units, 20 epochs in batches of 10",
	run: func(l *lab) (finding, error) {
		var f finding
		name := "activation-learning"
		if l.has("activation") {
			name = "activation"
		}
		better, worse := 0, 0
		for _, n := range []int{100, 200, 1000} {
			e, err := l.train(l.task("mnist", n, "val=1000"), inBatches(10, tunedArm("bp", "in-64-out", 20).with("bp, tuned", func(*arm) {}), tunedArm(name, "in-64-out", 20))...)
			if err != nil {
				return f, err
			}
			d := f.compare(fmt.Sprintf("%d samples", n), e[0], e[1])[0]
			if above(d, 0) {
				better++
			}
			if below(d, 0) {
				worse++
			}
		}
		text := fmt.Sprintf("It is better than tuned backprop with %d of 3 numbers of samples and worse with %d.", better, worse)
		switch {
		case better > 1 && worse == 0:
			return f.decide(holds, "%s", text), nil
		case worse >= better:
			return f.decide(fails, "%s", text), nil
		}
		return f.decide(undecided, "%s", text), nil
	},
}

var stepsLearn = claim{
	number:  35,
	text:    "Local representation alignment, predictive coding and forward-forward train networks whose activation has no derivative.",
	source:  "A. Ororbia, arXiv:2403.18929 (2024)",
	setting: "MNIST 14×14, 2,000 samples, 196-128-64-10 of sign units, 10 epochs, against frozen hidden layers of the same units; alignment displaces potentials by the whole error; predictive coding takes 1 for f′, which its inference has in it and which is 0 here",
	run: func(l *lab) (finding, error) {
		var f finding
		const network, epochs = "in-128-64-out", 10
		sign := func(options ...string) func(*arm) {
			return func(a *arm) { a.hidden, a.options = "sign", options }
		}
		e, err := l.train(l.task("mnist", 2000),
			tunedArm("readout", network, epochs).with("readout", sign()),
			tunedArm("lra-e", network, epochs).with("lra-e", sign("displacement=1")),
			tunedArm("rec-lra", network, epochs).with("rec-lra", sign("displacement=1")),
			tunedArm("pc-strict", network, epochs).with("pc-strict, 1 for f′", sign("slope=no")),
			tunedArm("pc-strict", network, epochs).with("pc-strict", sign()),
			tunedArm("forward-forward", network, epochs).with("forward-forward", sign()),
			tunedArm("bp", network, epochs).with("bp, tuned", sign()))
		if err != nil {
			return f, err
		}
		d := f.compare("", e[0], e[1:]...)
		text := ""
		for i, x := range e[1:] {
			if i > 0 {
				text += ", "
			}
			if above(d[i], 0) {
				text += x.label + " beats frozen layers"
			} else {
				text += x.label + " does not"
			}
		}
		const ff = "The goodness of units of ±1 is 1 whatever they do, so that this says nothing about forward-forward with units of 0 and 1."
		lra, pc := above(d[0], 0) || above(d[1], 0), above(d[2], 0)
		switch {
		case lra && pc && above(d[4], 0):
			return f.decide(holds, "%s.", text), nil
		case lra && pc:
			return f.decide(undecided, "It holds for alignment and for predictive coding; %s. %s", text, ff), nil
		}
		return f.decide(fails, "%s. %s", text, ff), nil
	},
}
