package main

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/metaplast/metaplast/inner/device"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/tasks"
)

// trainOptions are the options of the verb train.
type trainOptions struct {
	learnerFlags
	runs, data string
	task, rule string
	limit      int
	seeds      int
	seed       uint64
	baselines  []string
	save       string
	json       bool
}

func (a *app) trainCommand() *cobra.Command {
	var o trainOptions
	cmd := &cobra.Command{
		Use:   "train",
		Short: "Train a network with a rule: discovered, classic, or written on the spot",
		Long: `Train a network on a task with a learner (metaplast list learners), with a rule,
or with the circuit of a learner and another rule. A rule from a run brings its
circuit and network along, and is trained beside the baselines of that run.

    metaplast train --task mnist --learner bp --network 784-128-10 --epochs 5
    metaplast train --task mnist --rule @last:4
    metaplast train --task glyphs --learner fa --rule 'lr*err*pre - decay*w' --param decay=1e-4`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.train(cmd.Context(), o) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.task, "task", "", "what to learn `T`, such as mnist:side=14; for a rule of a run its first task by default")
	flags.StringVar(&o.rule, "rule", "", "a `RULE`: file, RUN:N, classic name, or 'dw: …'")
	o.add(cmd)
	flags.IntVar(&o.limit, "limit", 0, "at most `N` training samples")
	flags.IntVar(&o.seeds, "seeds", 1, "networks to train `N`, each from its own seed")
	flags.Uint64Var(&o.seed, "seed", 1, "first seed `N`")
	flags.StringSliceVar(&o.baselines, "baseline", nil, "also train `NAME`, a learner or a classic rule in the same circuit; none for none")
	flags.StringVar(&o.save, "save", "", "write the weights of the first seed to `FILE` (.npz or .json)")
	addRuns(cmd, &o.runs)
	addData(cmd, &o.data)
	addJSON(cmd, &o.json)
	return cmd
}

// trained is a setup with what came of it.
type trained struct {
	setup setup
	at    outer.Setting
	lives []*life
}

func (a *app) train(ctx context.Context, o trainOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	if o.seeds < 1 || o.limit < 0 {
		return usagef("--seeds %d, --limit %d: at least one seed, and no negative limit", o.seeds, o.limit)
	}
	if o.save != "" {
		if err := weightsFormat(o.save); err != nil {
			return err
		}
	}
	ref, err := a.trainRule(&o)
	if err != nil {
		return err
	}
	if o.task == "" {
		return usagef("what is to be learned? Give --task; metaplast list tasks shows all")
	}
	main, err := o.setup(ref)
	if err != nil {
		return err
	}
	task, err := openTask(o.task, o.limit, o.data)
	if err != nil {
		return err
	}
	if err := o.length(&main, task.Info()); err != nil {
		return err
	}
	if o.limit > 0 && o.steps == 0 && o.epochs == 0 {
		main.steps = 0 // one pass over what the limit leaves
	}
	if ref.rule == nil {
		main.addReadout(task.Info())
	}
	others, err := baselineSetups(o.baselines, ref, main)
	if err != nil {
		return err
	}
	var all []*trained
	var jobs []*life
	for i, s := range append([]setup{main}, others...) {
		at, err := s.on(task)
		if err != nil && i > 0 && o.baselines == nil {
			continue // a baseline of the run that does not fit this task
		}
		if err != nil {
			return err
		}
		t := &trained{s, at, lives(s, at, "train", o.seed, o.seeds)}
		for _, l := range t.lives {
			l.trial.ScoreTrain = true
			l.trial.MeasureAlignment = supervised(task.Info())
			if task.Info().Kind == tasks.Classification {
				watchParts(l)
			}
		}
		all = append(all, t)
		jobs = append(jobs, t.lives...)
	}
	var saved *weights
	if o.save != "" {
		all[0].lives[0].after = func(n *network.Network) { saved = copyWeights(n) }
	}
	if !o.json {
		a.printTraining(all[0])
	}
	ctx, stop := a.interruptible(ctx)
	defer stop()
	start := time.Now()
	if err := runLives(ctx, jobs, workers(), a.trainingReport(o, all)); err != nil {
		return err
	}
	elapsed := time.Since(start).Seconds()
	if saved != nil {
		if err := saved.save(o.save); err != nil {
			return err
		}
		fmt.Fprintf(a.stderr, "wrote %s\n", o.save)
	}
	if o.json {
		return a.trainJSON(all, elapsed)
	}
	return a.trainText(all, elapsed)
}

// trainRule finds the rule, and the task of its run where none is given.
func (a *app) trainRule(o *trainOptions) (ruleRef, error) {
	if o.rule == "" {
		if o.learner == "" {
			return ruleRef{}, &usageError{errNoRule}
		}
		return ruleRef{}, nil
	}
	params, err := o.ruleParams()
	if err != nil {
		return ruleRef{}, err
	}
	ref, err := resolveRule(o.rule, o.runs, params)
	if err != nil || ref.run == "" || o.task != "" {
		return ref, err
	}
	c, err := readRunConfig(ref.run)
	if err == nil && len(c.Task) > 0 {
		o.task = c.Task[0].spec().String()
	}
	return ref, err
}

// circuitText names circuit and device.
func circuitText(s setup) string {
	text := s.learner.Credit.Name
	if s.learner.FreezeHidden {
		text += " (hidden layers frozen)"
	}
	if s.device != "" && s.device != device.Catalogue()[0].Name {
		text += " on " + s.device
	}
	return text
}

func (a *app) printTraining(t *trained) {
	info := t.at.Task.Info()
	length := thousands(t.at.Steps) + " samples"
	if info.TrainSize > 0 && t.at.Steps >= info.TrainSize {
		length = fmt.Sprintf("%s samples × %s epochs", thousands(info.TrainSize), short(float64(t.at.Steps)/float64(info.TrainSize)))
	}
	fmt.Fprintf(a.stdout, "%s · circuit %s · network %s %s/%s · %s · batch %d\n", taskName(info), circuitText(t.setup),
		Sizes(t.at.Network.Layers()), t.at.Network.Hidden, t.at.Network.Output, length, t.at.Batch)
	fmt.Fprintf(a.stdout, "Δw = %s   %s\n\n", assignedBy(t.setup.learner.Rule), outer.FormatParams(t.setup.learner.Rule))
}

// trainingReport says on stderr how it goes.
func (a *app) trainingReport(o trainOptions, all []*trained) func(*life) {
	if o.json {
		return nil
	}
	total, done := 0, 0
	name := map[*life]string{}
	for _, t := range all {
		for _, l := range t.lives {
			name[l] = t.setup.name
			total++
		}
	}
	return func(l *life) {
		done++
		fmt.Fprintf(a.stderr, "%d/%d %s, seed %d: %s in %.1f s\n", done, total, shorten(name[l]), l.seed, result(l), l.seconds)
	}
}

// result says in one word or number how a life ended.
func result(l *life) string {
	switch {
	case l.outcome.Status == trial.Diverged:
		return "diverged (" + l.outcome.Reason + ")"
	case math.IsNaN(l.outcome.Score.Accuracy):
		return fixed(l.outcome.Score.Raw)
	}
	return fixed(l.outcome.Score.Accuracy)
}

// main measure of a task: accuracy where there are classes, else its metric.
func mainMeasure(info tasks.Info) (name string, of func(tasks.Score) float64) {
	if info.Kind == tasks.Classification {
		return "test accuracy", accuracy
	}
	return "test " + info.Metric, raw
}

func (t *trained) values(of func(tasks.Score) float64) []float64 {
	return measure(t.lives, of, t.at.Task.Info().Chance)
}

func (t *trained) samplesPerSecond() float64 {
	steps, seconds := 0, 0.0
	for _, l := range t.lives {
		steps += l.outcome.Steps
		seconds += l.seconds
	}
	return float64(steps) / seconds
}

func (a *app) trainText(all []*trained, elapsed float64) error {
	t := all[0]
	info := t.at.Task.Info()
	name, of := mainMeasure(info)
	tab := newTable(a.stdout)
	tab.row("seed", "train", "test", "loss", "")
	for _, l := range t.lives {
		note := ""
		if l.outcome.Status != trial.OK {
			note = string(l.outcome.Status) + ": " + firstLine(l.outcome.Reason)
		}
		tab.row(fmt.Sprint(l.seed), fixed(of(l.outcome.Train)), fixed(of(l.outcome.Score)), fixed(l.outcome.Score.Loss), note)
	}
	if err := tab.flush(); err != nil {
		return err
	}
	mine := t.values(of)
	seeds := "1 seed"
	if n := len(t.lives); n > 1 {
		seeds = fmt.Sprintf("95 %% interval, %d seeds", n)
	}
	fmt.Fprintf(a.stdout, "\n%s  %s (%s)\n", name, score(intervalOf(mine)), seeds)
	for _, b := range all[1:] {
		theirs := b.values(of)
		fmt.Fprintf(a.stdout, "%s  %s  %s, %s\n", strings.Repeat(" ", len([]rune(name))), score(intervalOf(theirs)), b.setup.name, describeLearner(b.setup))
		fmt.Fprintf(a.stdout, "%s  difference %s\n", strings.Repeat(" ", len([]rune(name))), differenceText(toInterval(intervalOf(differences(mine, theirs)))))
	}
	if f := t.partFigures(); f != nil {
		if err := a.partsText(f); err != nil {
			return err
		}
	}
	if al := angles(t.lives); len(al) > 0 {
		parts := make([]string, len(al))
		for i, x := range al {
			parts[i] = "—"
			if !math.IsNaN(x) {
				parts[i] = fmt.Sprintf("%.0f°", x)
			}
		}
		fmt.Fprintf(a.stdout, "alignment with the gradient, by layer  %s\n", strings.Join(parts, " "))
	}
	_, err := fmt.Fprintf(a.stdout, "%s samples/s, %.1f s in all\n", thousands(int(t.samplesPerSecond())), elapsed)
	return err
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

// describeLearner is circuit, rule and parameters in one line.
func describeLearner(s setup) string {
	return fmt.Sprintf("circuit %s, Δw = %s, %s", circuitText(s), assignedBy(s.learner.Rule), outer.FormatParams(s.learner.Rule))
}

type seedJSON struct {
	Seed          uint64 `json:"seed"`
	TrainAccuracy num    `json:"train_accuracy"`
	TestAccuracy  num    `json:"test_accuracy"`
	TrainScore    num    `json:"train_score"`
	TestScore     num    `json:"test_score"`
	Loss          num    `json:"loss"`
	Diverged      bool   `json:"diverged"`
	Status        string `json:"status"`
	Why           string `json:"why,omitempty"`
	Parts         []num  `json:"parts,omitempty"` // test accuracy on each part of a stream at the end
}

type trainJSON struct {
	Type             string              `json:"type"` // "result", or "baseline" before it
	Task             string              `json:"task"`
	Learner          string              `json:"learner"`
	Circuit          string              `json:"circuit"`
	Rule             string              `json:"rule"`
	Params           map[string]float64  `json:"params"`
	Network          string              `json:"network"`
	Samples          int                 `json:"samples"`
	Batch            int                 `json:"batch"`
	Seeds            []seedJSON          `json:"seeds"`
	TestAccuracy     interval            `json:"test_accuracy"`
	TestScore        interval            `json:"test_score"`
	Metric           string              `json:"metric"`
	SamplesPerSecond num                 `json:"samples_per_second"`
	Seconds          num                 `json:"seconds,omitempty"`
	Alignment        []num               `json:"alignment"`
	Parts            []partJSON          `json:"parts,omitempty"` // of a stream
	AverageAccuracy  *interval           `json:"average_accuracy,omitempty"`
	Forgetting       *interval           `json:"forgetting,omitempty"`
	Baselines        []trainedComparison `json:"baselines,omitempty"`
	Why              string              `json:"why,omitempty"`
}

// trainedComparison is by how much the rule is better than a baseline on the
// same seeds, in the measure of the task.
type trainedComparison struct {
	Name     string   `json:"name"`
	Score    interval `json:"score"`
	BetterBy interval `json:"better_by"`
}

func (t *trained) json(kind string) trainJSON {
	info := t.at.Task.Info()
	j := trainJSON{
		Type: kind, Task: taskName(info), Learner: t.setup.name, Circuit: t.setup.learner.Credit.Name,
		Rule: t.setup.learner.Rule.DW.String(), Params: paramsOf(t.setup.learner.Rule), Network: Sizes(t.at.Network.Layers()).String(),
		Samples: t.at.Steps, Batch: t.at.Batch, Metric: info.Metric,
		TestScore: toInterval(intervalOf(t.values(raw))), SamplesPerSecond: num(t.samplesPerSecond()),
		Alignment: nums(angles(t.lives)),
	}
	if f := t.partFigures(); f != nil {
		average, forgetting := toInterval(fraction(f.average)), toInterval(f.forgetting)
		j.Parts, j.AverageAccuracy, j.Forgetting = f.json(), &average, &forgetting
	}
	for _, l := range t.lives {
		o := l.outcome
		s := seedJSON{
			Seed: l.seed, TrainAccuracy: num(o.Train.Accuracy), TestAccuracy: num(o.Score.Accuracy), TrainScore: num(o.Train.Raw),
			TestScore: num(o.Score.Raw), Loss: num(o.Score.Loss), Diverged: o.Status == trial.Diverged, Status: string(o.Status),
		}
		switch {
		case o.Status != trial.OK:
			s.Why = firstLine(o.Reason)
		case info.Kind != tasks.Classification:
			s.Why = "the task has no classes"
		}
		if len(l.parts) > 0 && o.Status != trial.Diverged {
			s.Parts = nums(l.parts.final())
		}
		j.Seeds = append(j.Seeds, s)
	}
	if info.Kind == tasks.Classification {
		j.TestAccuracy = toInterval(fraction(intervalOf(t.values(accuracy))))
	} else {
		j.TestAccuracy = toInterval(outer.Interval{})
		j.TestAccuracy.Why = "the task has no classes"
		if !supervised(info) {
			j.Why = "the task has no loss, so there is no alignment"
		}
	}
	return j
}

func (a *app) trainJSON(all []*trained, elapsed float64) error {
	main := all[0].json("result")
	main.Seconds = num(elapsed)
	_, of := mainMeasure(all[0].at.Task.Info())
	mine := all[0].values(of)
	for _, b := range all[1:] {
		if err := jsonLine(a.stdout, b.json("baseline")); err != nil {
			return err
		}
		theirs := b.values(of)
		main.Baselines = append(main.Baselines, trainedComparison{b.setup.name, toInterval(intervalOf(theirs)), toInterval(intervalOf(differences(mine, theirs)))})
	}
	return jsonLine(a.stdout, main)
}
