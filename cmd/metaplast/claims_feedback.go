package main

import (
	"fmt"

	"github.com/metaplast/metaplast/outer"
)

var pepitaFigures = claim{
	number:  6,
	text:    "PEPITA, with forward passes only, comes within a point of backprop in fully connected networks on MNIST: 98.01 % to 98.63 % (52.57 % to 55.27 % on CIFAR-10, 24.91 % to 27.58 % on CIFAR-100).",
	source:  "G. Dellaferrera, G. Kreiman, Proc. Mach. Learn. Res. 162:4937 (2022)",
	setting: "MNIST 28×28, 10,000 samples, 784-256-10 relu without biases, 10 epochs in batches of 10 instead of 100 in batches of 64, no dropout; the CIFAR sets are not here",
	run: func(l *lab) (finding, error) {
		var f finding
		task := "mnist:limit=10000"
		if l.quick {
			task = l.task("mnist", 0)
		}
		relu := func(a *arm) { a.hidden = "relu" }
		e, err := l.train(task, inBatches(10, tunedArm("bp", "in-256-out", 10).with("bp, tuned", relu), tunedArm("pepita", "in-256-out", 10),
			tunedArm("readout", "in-256-out", 10).with("readout", relu))...)
		if err != nil {
			return f, err
		}
		d := f.compare("", e[0], e[1], e[2])[0]
		control := e[1].minus(e[2], "")
		f.add(control)
		f, err = equivalent(f, "PEPITA", []outer.Interval{d}, []string{"backprop"}, 1)
		f.reason += " " + beatsText(control.value)
		return f, err
	},
}

// beatsText says how a learner compares with frozen hidden layers.
func beatsText(d outer.Interval) string {
	switch {
	case above(d, 0):
		return "It is better than a network with frozen hidden layers."
	case below(d, 0):
		return "It is worse than a network with frozen hidden layers."
	}
	return "It is not told apart from a network with frozen hidden layers."
}

var fixedInverseMapsWin = claim{
	number:  7,
	text:    "Difference target propagation with fixed random inverse maps tests better than with learned ones, on four sets of images.",
	source:  "T. Shibuya, N. Inoue, R. Kawakami, I. Sato, AAAI 37 (2023)",
	setting: "MNIST and Fashion-MNIST 14×14, 2,000 samples, 196-64-64-64-64-10 tanh without batch normalisation, 10 epochs; the CIFAR sets are not here",
	run: func(l *lab) (finding, error) {
		var f finding
		const network, epochs = "in-64-64-64-64-out", 10
		var all []outer.Interval
		for _, set := range []string{"mnist", "fashion-mnist"} {
			e, err := l.train(l.task(set, 2000), tunedArm("dtp", network, epochs), tunedArm("fw-dtp", network, epochs),
				tunedArm("bp", network, epochs).with("bp, tuned", func(*arm) {}), tunedArm("readout", network, epochs))
			if err != nil {
				return f, err
			}
			all = append(all, f.compare(set, e[0], e[1:]...)[0])
		}
		switch {
		case above(all[0], 0) && above(all[1], 0):
			return f.decide(holds, "Fixed inverse maps are better on both sets that are here."), nil
		case below(all[0], 0) || below(all[1], 0):
			return f.decide(fails, "Fixed inverse maps are worse on at least one of the two sets that are here."), nil
		}
		return f.decide(undecided, "The two are not told apart on at least one of the two sets."), nil
	},
}

var forwardFeedbackIsCloser = claim{
	number:  8,
	text:    "Direct feedback learned by forward-mode differentiation comes closer to backprop than other feedback methods, and is stable in convolutional networks.",
	source:  "F. Bacho, D. Chu, Neural Networks (2024), arXiv:2212.07282",
	setting: "MNIST 14×14, 6,000 samples, 196-128-128-10 tanh, 10 epochs in batches of 10; angle between weight changes and minus the gradient, mean of the hidden layers; convolutional networks are not here",
	run: func(l *lab) (finding, error) {
		var f finding
		const network, epochs = "in-128-128-out", 10
		angle := func(a *arm) {
			a.prepare = func(life *life, tuning bool) { life.trial.MeasureAlignment = !tuning }
		}
		names := []string{"fdfa", "dfa", "fa", "direct-kolen-pollack"}
		arms := []arm{tunedArm("bp", network, epochs).with("bp, tuned", angle)}
		for _, n := range names {
			arms = append(arms, tunedArm(n, network, epochs).with(n, angle))
		}
		e, err := l.train(l.task("mnist", 6000), inBatches(10, arms...)...)
		if err != nil {
			return f, err
		}
		f.compare("", e[0], e[1:]...)
		angles := func(e *entrant) []float64 {
			var out []float64
			for _, l := range e.trained.lives {
				a := l.outcome.Alignment
				hidden := 0.0
				for _, v := range a[:len(a)-1] {
					hidden += v / float64(len(a)-1)
				}
				out = append(out, hidden)
			}
			return out
		}
		closer, better, worse := 0, 0, 0
		for i, x := range e[1:] {
			f.add(measured{x.label + ", angle to the gradient in hidden layers", intervalOf(angles(x)), "°", ""})
			if i == 0 {
				continue
			}
			d := e[1].minus(x, "")
			turn := measured{"angle of fdfa − angle of " + x.label, intervalOf(differences(angles(e[1]), angles(x))), "°", ""}
			f.add(d, turn)
			if below(turn.value, 0) {
				closer++
			}
			if above(d.value, 0) {
				better++
			}
			if below(d.value, 0) {
				worse++
			}
		}
		n := len(names) - 1
		text := fmt.Sprintf("Its angle to the gradient is smaller than that of %d of %d other feedback methods, its accuracy higher than that of %d and lower than that of %d. Convolutional networks were not tried.", closer, n, better, worse)
		switch {
		case closer == n && worse == 0:
			return f.decide(holds, "%s", text), nil
		case closer == 0 || worse > better:
			return f.decide(fails, "%s", text), nil
		}
		return f.decide(undecided, "%s", text), nil
	},
}

var mirrorsNeedFewerUnits = claim{
	number:  16,
	text:    "Phaseless alignment learning learns useful latent representations with fewer neurons than random feedback needs.",
	source:  "K. Max et al., Nat. Mach. Intell. (2024), arXiv:2212.10249",
	setting: "MNIST 14×14, 5,000 samples, three hidden layers of 4 to 32 units, 10 epochs in batches of 10; test accuracy instead of an autoencoder's latent space",
	run: func(l *lab) (finding, error) {
		var f finding
		better, worse, sizes := 0, 0, []int{4, 8, 16, 32}
		narrow := false
		for _, n := range sizes {
			network := fmt.Sprintf("in-%d-%d-%d-out", n, n, n)
			e, err := l.train(l.task("mnist", 5000), inBatches(10, tunedArm("fa", network, 10), tunedArm("pal", network, 10),
				tunedArm("bp", network, 10).with("bp, tuned", func(*arm) {}))...)
			if err != nil {
				return f, err
			}
			d := f.compare(fmt.Sprintf("%d units", n), e[0], e[1:]...)[0]
			if above(d, 0) {
				better++
				narrow = narrow || n <= 8
			}
			if below(d, 0) {
				worse++
			}
		}
		text := fmt.Sprintf("It is better than random feedback at %d of %d widths and worse at %d.", better, len(sizes), worse)
		switch {
		case better > len(sizes)/2 && narrow && worse == 0:
			return f.decide(holds, "%s", text), nil
		case worse >= better:
			return f.decide(fails, "%s", text), nil
		}
		return f.decide(undecided, "%s", text), nil
	},
}

var alignmentRules = claim{
	number:  20,
	text:    "Rules that align with the input of the network's initial state (align-ada, align-zero, align-prop) are as good as backprop in wide networks, and best where data are few.",
	source:  "A. Boopathy, I. Fiete, Proc. Mach. Learn. Res. 162 (2022), arXiv:2106.08453",
	setting: "MNIST 14×14, 50, 500 and 2,000 samples, one hidden layer of 32 or 512 units, 20 epochs in batches of 10; fully connected instead of convolutional networks",
	run: func(l *lab) (finding, error) {
		var f finding
		rules := []string{"align-ada", "align-zero", "align-prop"}
		var wide []outer.Interval
		var names []string
		few := 0
		for _, width := range []int{32, 512} {
			for _, samples := range []int{50, 500, 2000} {
				network := fmt.Sprintf("in-%d-out", width)
				arms := []arm{tunedArm("bp", network, 20).with("bp, tuned", func(*arm) {})}
				for _, r := range rules {
					arms = append(arms, tunedArm(r, network, 20))
				}
				e, err := l.train(l.task("mnist", samples, "val=1000"), inBatches(10, arms...)...)
				if err != nil {
					return f, err
				}
				where := fmt.Sprintf("%d units, %d samples", width, samples)
				for i, d := range f.compare(where, e[0], e[1:]...) {
					if width == 512 {
						wide, names = append(wide, d), append(names, fmt.Sprintf("backprop (%s, %d samples)", rules[i], samples))
					}
					if samples == 50 && above(d, 0) {
						few++
					}
				}
			}
		}
		f, err := equivalent(f, "A rule in the wide network", wide, names, 2)
		f.reason += fmt.Sprintf(" With 50 samples, %d of 6 comparisons are better than backprop beyond the interval.", few)
		if f.verdict == holds && few == 0 {
			f.verdict = fails
			f.reason = "The first half holds, the second does not. " + f.reason
		}
		return f, err
	},
}
