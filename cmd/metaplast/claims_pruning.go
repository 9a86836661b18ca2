package main

import (
	"fmt"

	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/outer"
)

var globalPruning = claim{
	number:  21,
	text:    "Global magnitude pruning, at best with a minimum of weights that every layer keeps, beats more complex pruners.",
	source:  "M. Gupta et al., arXiv:2209.14624 (2022)",
	setting: "MNIST 14×14, 5,000 samples, 196-128-64-10, backprop for 10 epochs, pruned at once after learning, or gradually from half of the life to six tenths; complex pruners are not here: the same share of every layer and a random choice stand against it",
	run:     pruned,
}

func pruned(l *lab) (finding, error) {
	var f finding
	task, network := l.task("mnist", 5000), "in-128-64-out"
	whole := tunedArm("bp", network, 10).with("not pruned", func(*arm) {})
	first, err := l.train(task, whole)
	if err != nil {
		return f, err
	}
	f.add(first[0].accuracy(""))
	wins, losses := 0, 0
	conditions := 0
	var keep []outer.Interval
	for _, way := range []struct {
		name     string
		from, to float64
	}{{"at once", 1, 1}, {"gradually", 0.5, 0.6}} {
		for _, share := range []float64{0.9, 0.95, 0.98} {
			where := fmt.Sprintf("%.0f %% %s", 100*share, way.name)
			prune := func(label, by string, keep int) arm {
				return whole.with(label, func(a *arm) {
					a.tuned, a.lr = false, first[0].rate
					a.pruning = trial.Pruning{Sparsity: share, From: way.from, To: way.to, By: by, Keep: keep}
				})
			}
			e, err := l.train(task, prune("layer", "layer", 0), prune("global", "global", 0), prune("global, at least 300 a layer", "global", 300), prune("random", "random", 0))
			if err != nil {
				return f, err
			}
			d := f.compare(where, e[0], e[1], e[2], e[3])
			conditions++
			switch {
			case above(d[0], 0):
				wins++
			case below(d[0], 0):
				losses++
			}
			keep = append(keep, e[2].minus(e[1], "").value)
		}
	}
	helped := 0
	for _, k := range keep {
		if above(k, 0) {
			helped++
		}
	}
	note := fmt.Sprintf("The minimum per layer helps in %d of %d. Whether complex pruners are beaten was not measured.", helped, conditions)
	switch {
	case wins > conditions/2 && losses == 0:
		return f.decide(holds, "Against the same share in every layer, global pruning is better in %d of %d conditions and worse in none. %s", wins, conditions, note), nil
	case losses > wins:
		return f.decide(fails, "Global pruning is worse than the same share in every layer in %d of %d conditions and better in %d. %s", losses, conditions, wins, note), nil
	}
	return f.decide(undecided, "Against the same share in every layer, global pruning is better in %d of %d conditions and worse in %d. %s", wins, conditions, losses, note), nil
}

var momentumGeneralises = claim{
	number:  31,
	text:    "Momentum helps backprop to generalise.",
	source:  "S. Schmidgall et al., arXiv:2305.11252 (2023)",
	setting: "MNIST and Fashion-MNIST 14×14, 2,000 samples, 196-128-10, 30 epochs; accuracy on test samples, and how much higher it is on training samples",
	run: func(l *lab) (finding, error) {
		var f finding
		better, worse := 0, 0
		for _, set := range []string{"mnist", "fashion-mnist"} {
			fit := func(a *arm) { a.prepare = func(life *life, tuning bool) { life.trial.ScoreTrain = !tuning } }
			e, err := l.train(l.task(set, 2000), tunedArm("bp", "in-128-out", 30).with("bp, tuned", fit),
				tunedArm("momentum", "in-128-out", 30).with("momentum", fit), tunedArm("nesterov", "in-128-out", 30).with("nesterov", fit))
			if err != nil {
				return f, err
			}
			for _, d := range f.compare(set, e[0], e[1], e[2]) {
				if above(d, 0) {
					better++
				}
				if below(d, 0) {
					worse++
				}
			}
			gap := func(e *entrant) []float64 {
				var train []float64
				for _, l := range e.trained.lives {
					train = append(train, 100*accuracy(l.outcome.Train))
				}
				return differences(train, e.percent())
			}
			for _, x := range e {
				f.add(measured{x.label + ", training − test, " + set, intervalOf(gap(x)), points, ""})
			}
			for _, x := range e[1:] {
				f.add(measured{"gap of " + x.label + " − gap of " + e[0].label + ", " + set, intervalOf(differences(gap(x), gap(e[0]))), points, ""})
			}
		}
		switch {
		case better > 2 && worse == 0:
			return f.decide(holds, "With learning rates tuned alike, momentum tests better in %d of 4 comparisons and worse in none.", better), nil
		case better == 0 && worse == 0:
			return f.decide(fails, "With learning rates tuned alike, no form of momentum tests better or worse than plain gradient descent beyond the interval."), nil
		case better == 0:
			return f.decide(fails, "With learning rates tuned alike, momentum tests better in no comparison, and worse in %d of 4.", worse), nil
		}
		return f.decide(undecided, "Momentum tests better in %d of 4 comparisons and worse in %d.", better, worse), nil
	},
}
