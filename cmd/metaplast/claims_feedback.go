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
	return comparedText("It", d, "a network with frozen hidden layers")
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
	setting: "MNIST 14×14, batches of 10, tanh: 196-128-128-10, 6,000 samples, 10 epochs, and 14x14-c8k5p2-c16k3-64-10 (two layers of filters below 64 units), 2,000 samples, 5 epochs; angle between weight changes and minus the gradient, mean of the hidden layers; stable is: no life diverges, and it is better than frozen hidden layers and not worse than fixed direct feedback; the CIFAR sets are not here",
	run:     forwardFeedback,
}

func forwardFeedback(l *lab) (finding, error) {
	var f finding
	// The learners on a network, after bp and readout.
	try := func(task, network, where string, epochs int, names ...string) ([]*entrant, error) {
		angle := func(a *arm) {
			a.prepare = func(life *life, tuning bool) { life.trial.MeasureAlignment = !tuning }
		}
		arms := []arm{tunedArm("bp", network, epochs).with("bp, tuned", angle), tunedArm("readout", network, epochs).with("readout", func(a *arm) { a.hidden = "tanh" })}
		for _, n := range names {
			arms = append(arms, tunedArm(n, network, epochs).with(n, angle))
		}
		e, err := l.train(task, inBatches(10, arms...)...)
		if err == nil {
			f.compare(where, e[0], e[1:]...)
		}
		return e, err
	}
	angle := func(e *entrant, where string) measured {
		return measured{named(e.label+", angle to the gradient in hidden layers", where), intervalOf(hiddenAngles(e)), "°", ""}
	}
	turn := func(a, b *entrant, where string) measured {
		return measured{named("angle of "+a.label+" − angle of "+b.label, where), intervalOf(differences(hiddenAngles(a), hiddenAngles(b))), "°", ""}
	}

	flat, err := try(l.task("mnist", 6000), "in-128-128-out", "units only", 10, "fdfa", "dfa", "fa", "direct-kolen-pollack")
	if err != nil {
		return f, err
	}
	closer, better, worse := 0, 0, 0
	fdfa := flat[2]
	f.add(angle(fdfa, "units only"))
	others := flat[3:]
	for _, x := range others {
		d, t := fdfa.minus(x, "units only"), turn(fdfa, x, "units only")
		f.add(angle(x, "units only"), d, t)
		if below(t.value, 0) {
			closer++
		}
		if above(d.value, 0) {
			better++
		}
		if below(d.value, 0) {
			worse++
		}
	}

	filters, err := try(l.task("mnist", 2000), "in-c8k5p2-c16k3-64-out", "filters", 5, "fdfa", "dfa", "fa")
	if err != nil {
		return f, err
	}
	readout, fdfa, dfa := filters[1], filters[2], filters[3]
	learns, against := fdfa.minus(readout, "filters"), fdfa.minus(dfa, "filters")
	f.add(learns, against)
	for _, x := range filters[2:] {
		f.add(angle(x, "filters"))
	}
	nearer := turn(fdfa, dfa, "filters")
	f.add(nearer)
	return f.forwardFeedbackVerdict(closer, better, worse, len(others), fdfa.diverged(), learns.value, against.value, nearer.value), nil
}

// forwardFeedbackVerdict decides from: by how many of the other methods
// forward-mode feedback is nearer to the gradient, more and less accurate;
// and with filters, how many lives diverged, the lead over frozen layers and
// over fixed direct feedback, and the angle more than that of the latter.
func (f *finding) forwardFeedbackVerdict(closer, better, worse, others, diverged int, learns, against, nearer outer.Interval) finding {
	with := map[bool]string{true: "smaller", false: "not smaller"}[below(nearer, 0)]
	lead := "not told apart from that"
	switch {
	case above(against, 0):
		lead = "higher than that"
	case below(against, 0):
		lead = "lower than that"
	}
	text := fmt.Sprintf("Its angle to the gradient is smaller than that of %d of %d other feedback methods, its accuracy higher than that of %d and lower than that of %d. "+
		"With filters %d lives diverged, its angle is %s than that of fixed direct feedback, its accuracy %s. %s",
		closer, others, better, worse, diverged, with, lead, comparedText("There it", learns, "a network with frozen hidden layers"))
	stable := diverged == 0 && above(learns, 0) && !below(against, 0)
	switch {
	case closer == others && worse == 0 && stable:
		return f.decide(holds, "%s", text)
	case closer == 0 || worse > better || diverged > 0 || below(learns, 0) || below(against, 0):
		return f.decide(fails, "%s", text)
	}
	return f.decide(undecided, "%s", text)
}

// hiddenAngles is the angle between weight changes and minus the gradient for
// each seed, the mean of the hidden layers.
func hiddenAngles(e *entrant) []float64 {
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
	setting: "MNIST 14×14, 50, 500 and 2,000 samples, one hidden layer of 32 or 512 units, 20 epochs in batches of 10; fully connected instead of convolutional networks, through which circuit align does not work",
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
