package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/metaplast/metaplast/inner/learner"
	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// lab is where claims are tried: all arms of an experiment have the same
// seeds, and so data and initial weights, and the same number of learning
// rates to choose from by validation samples.
type lab struct {
	ctx      context.Context
	data     string
	seeds    int
	rates    int  // learning rates that each arm tries; 1 for its default
	quick    bool // does it work? The numbers say nothing
	progress func(text string)
}

// unavailableError is an experiment that needs what this build does not have.
type unavailableError struct{ what string }

func (e *unavailableError) Error() string { return e.what + " is not available" }

// arm is one way to learn in an experiment.
type arm struct {
	label   string
	learner string
	rule    string // text or name of another rule than that of the learner
	lr      float64
	tuned   bool // lr, or the learner's own, is where the search begins
	network string
	hidden  string
	output  string
	epochs  int
	batch   int
	options []string // of the circuit
	pruning trial.Pruning
	// prepare sees each life before it begins, those that only search for a
	// learning rate as such.
	prepare func(l *life, tuning bool)
}

// tunedArm is a learner with its own rule and a tuned learning rate.
func tunedArm(name, network string, epochs int) arm {
	return arm{label: name, learner: name, tuned: true, network: network, epochs: epochs}
}

// with returns the arm with another label and settings.
func (a arm) with(label string, set func(*arm)) arm {
	a.label = label
	set(&a)
	return a
}

// inBatches gives the arms that have none batches of one size, so that all
// change their weights equally often.
func inBatches(of int, arms ...arm) []arm {
	for i := range arms {
		if arms[i].batch == 0 {
			arms[i].batch = of
		}
	}
	return arms
}

// paperBackprop is backpropagation as in the study that compares it at one
// small learning rate.
func paperBackprop(network string, epochs int) arm {
	return arm{label: "bp, Adam at lr 1e-5", learner: "adam", lr: 1e-5, network: network, epochs: epochs, batch: 100}
}

// entrant is an arm with what came of it.
type entrant struct {
	arm
	*graded
}

// has reports whether a learner is there.
func (l *lab) has(name string) bool {
	_, ok := learner.ByName(name)
	return ok
}

// need is an error where one of these learners is not there.
func (l *lab) need(names ...string) error {
	for _, n := range names {
		if !l.has(n) {
			return &unavailableError{"learner " + n}
		}
	}
	return nil
}

// n is a number of samples, draws or steps: few of them where the question is
// whether it works.
func (l *lab) n(full, quick int) int {
	if l.quick {
		return quick
	}
	return full
}

// task is a set of images of 14×14 with so many training samples and options;
// one that is made on the spot where the question is whether it works.
func (l *lab) task(name string, samples int, options ...string) string {
	options = append([]string{"side=14", fmt.Sprintf("limit=%d", samples)}, options...)
	if l.quick {
		name, options = "glyphs", []string{"side=14", "train=150", "limit=100", "val=50", "samples=60"}
	}
	return name + ":" + strings.Join(options, ",")
}

// train tunes and trains the arms on a task.
func (l *lab) train(text string, arms ...arm) ([]*entrant, error) {
	for _, a := range arms {
		if err := l.need(a.learner); err != nil {
			return nil, err
		}
	}
	task, err := openTask(text, 0, l.data)
	if err != nil {
		return nil, err
	}
	tuning, err := tuningTask(text, l.data)
	if err != nil {
		return nil, err
	}
	var out []*entrant
	for _, a := range arms {
		e, err := l.enter(a, task, tuning)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a.label, err)
		}
		l.progress(fmt.Sprintf("%s: %s", a.label, e.summary()))
		out = append(out, e)
	}
	return out, nil
}

func (l *lab) enter(a arm, task, tuning tasks.Task) (*entrant, error) {
	f := learnerFlags{learner: a.learner, network: a.network, hidden: a.hidden, output: a.output, bias: "auto",
		batch: a.batch, epochs: l.n(a.epochs, 1), lr: a.lr, options: a.options}
	var ref ruleRef
	if a.rule != "" {
		rule, err := findRule(a.rule)
		if err != nil {
			return nil, err
		}
		ref = ruleRef{rule: rule, text: a.rule}
	}
	rates := 1
	if a.tuned {
		rates = l.rates
	}
	g, err := gradeFlags(l.ctx, f, ref, task, tuning, rates, l.seeds, func(life *life, tuning bool) {
		life.trial.Pruning = a.pruning
		if a.prepare != nil {
			a.prepare(life, tuning)
		}
	})
	return &entrant{a, g}, err
}

// percent is the test accuracy of each seed.
func (e *entrant) percent() []float64 {
	return scaled(e.trained.values(accuracy), 100)
}

func scaled(values []float64, factor float64) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = factor * v
	}
	return out
}

// accuracy is the line of an arm.
func (e *entrant) accuracy(where string) measured {
	i := intervalOf(e.percent())
	i.Low, i.High = max(i.Low, 0), min(i.High, 100)
	note := "lr " + short(e.rate)
	switch {
	case e.edge:
		note += ", the end of the rates tried"
	case e.tuned:
		note += ", tuned"
	}
	if n := e.diverged(); n > 0 {
		note += fmt.Sprintf("; %d diverged", n)
	}
	return measured{named(e.label, where), i, percent, note}
}

func (e *entrant) diverged() int {
	n := 0
	for _, l := range e.trained.lives {
		if l.outcome.Status == trial.Diverged {
			n++
		}
	}
	return n
}

func named(what, where string) string {
	if where == "" {
		return what
	}
	return what + ", " + where
}

// minus is by how much an arm is more accurate than another, seed by seed.
func (e *entrant) minus(other *entrant, where string) measured {
	return measured{named(e.label+" − "+other.label, where), intervalOf(differences(e.percent(), other.percent())), points, ""}
}

// compare adds the accuracies of arms and the differences of all but the first
// to it, which are returned.
func (f *finding) compare(where string, control *entrant, others ...*entrant) []outer.Interval {
	f.add(control.accuracy(where))
	for _, e := range others {
		f.add(e.accuracy(where))
	}
	var out []outer.Interval
	for _, e := range others {
		d := e.minus(control, where)
		f.add(d)
		out = append(out, d.value)
	}
	return out
}

// perSeed measures something for each seed, without a trial: the mean over
// some draws.
func (l *lab) perSeed(draws int, of func(k key.Key) []float64) []outer.Interval {
	var columns [][]float64
	draws = l.n(draws, 1)
	for seed := range l.seeds {
		for draw := range draws {
			for j, v := range of(key.Root(uint64(seed+1)).Child("claim", uint64(draw))) {
				if j == len(columns) {
					columns = append(columns, make([]float64, l.seeds))
				}
				columns[j][seed] += v / float64(draws)
			}
		}
	}
	out := make([]outer.Interval, len(columns))
	for j, c := range columns {
		out[j] = intervalOf(c)
	}
	return out
}
