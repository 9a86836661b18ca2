package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/metaplast/metaplast/outer"
)

// testOptions are the options of the verb test.
type testOptions struct {
	learnerFlags
	runs, data string
	tasks      []string
	limit      int
	seeds      int
	seed       uint64
	baselines  []string
	json       bool
}

func (a *app) testCommand() *cobra.Command {
	var o testOptions
	cmd := &cobra.Command{
		Use:   "test RULE",
		Short: "Re-evaluate a rule on fresh seeds and other tasks, against baselines",
		Long: `Train networks with a rule from seeds that no search has seen, on the tasks of
its run or on others, beside baselines on the same seeds; print scores with
95 % intervals.

    metaplast test @last --seeds 20
    metaplast test @last:4 --task mnist:limit=1000 --task fashion-mnist:limit=1000
    metaplast test oja --task pca:dims=16 --baseline hebb`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.test(cmd.Context(), args[0], o) },
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&o.tasks, "task", nil, "test on this task `T`, may be repeated; the tasks of its run by default, held-out ones included")
	o.add(cmd)
	flags.IntVar(&o.limit, "limit", 0, "at most `N` training samples")
	flags.IntVar(&o.seeds, "seeds", 10, "seeds per task `N`")
	flags.Uint64Var(&o.seed, "seed", 1, "first seed `N`")
	flags.StringSliceVar(&o.baselines, "baseline", nil, "compare with `NAME`, a learner or a classic rule in the same circuit; none for none")
	addRuns(cmd, &o.runs)
	addData(cmd, &o.data)
	addJSON(cmd, &o.json)
	return cmd
}

// testedTask is a rule and its baselines on one task.
type testedTask struct {
	main   *trained
	others []*trained
}

func (a *app) test(ctx context.Context, text string, o testOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	if o.seeds < 1 {
		return usagef("--seeds %d: at least one", o.seeds)
	}
	params, err := o.ruleParams()
	if err != nil {
		return err
	}
	ref, err := resolveRule(text, o.runs, params)
	if err != nil {
		return err
	}
	names, own, err := testTasks(ref, o.tasks)
	if err != nil {
		return err
	}
	main, err := o.setup(ref)
	if err != nil {
		return err
	}
	var all []testedTask
	var jobs []*life
	for i, name := range names {
		task, err := openTask(name, o.limit, o.data)
		if err != nil {
			return err
		}
		s := main
		if own != nil {
			o.follow(&s, own[i])
		}
		if err := o.length(&s, task.Info()); err != nil {
			return err
		}
		if o.limit > 0 && o.steps == 0 && o.epochs == 0 {
			s.steps = 0
		}
		at, err := s.on(task)
		if err != nil {
			return err
		}
		t := testedTask{main: &trained{s, at, lives(s, at, "test", o.seed, o.seeds)}}
		jobs = append(jobs, t.main.lives...)
		others, err := baselineSetups(o.baselines, ref, s)
		if err != nil {
			return err
		}
		for _, b := range others {
			at, err := b.on(task)
			if err != nil && o.baselines == nil {
				continue
			}
			if err != nil {
				return err
			}
			other := &trained{b, at, lives(b, at, "test", o.seed, o.seeds)}
			t.others = append(t.others, other)
			jobs = append(jobs, other.lives...)
		}
		all = append(all, t)
	}
	ctx, stop := a.interruptible(ctx)
	defer stop()
	if err := runLives(ctx, jobs, workers(), nil); err != nil {
		return err
	}
	if o.json {
		return a.testJSON(text, all)
	}
	return a.testText(all)
}

// follow gives a setup the length, batch and network that a task had in its
// run, unless flags say otherwise.
func (o *testOptions) follow(s *setup, t TaskConfig) {
	s.steps = t.Steps
	if o.batch == 0 {
		s.batch = t.Batch
	}
	if o.network == "" {
		s.sizes = t.Network
	}
}

// testTasks are the tasks to test on: those given, or those of the run, as
// they were there.
func testTasks(ref ruleRef, given []string) (names []string, own []TaskConfig, err error) {
	if len(given) > 0 {
		return given, nil, nil
	}
	if ref.run == "" {
		return nil, nil, usagef("test on what? Give --task; metaplast list tasks shows all")
	}
	c, err := readRunConfig(ref.run)
	if err != nil {
		return nil, nil, err
	}
	own = append(c.Task, c.HeldOut...)
	for _, t := range own {
		names = append(names, t.spec().String())
	}
	return names, own, nil
}

func (a *app) testText(all []testedTask) error {
	t := all[0].main
	fmt.Fprintf(a.stdout, "%s · circuit %s\n", shorten(t.setup.name), circuitText(t.setup))
	for _, s := range t.setup.learner.Rule.States {
		fmt.Fprintf(a.stdout, "%s ← %s\n", s.Name, pretty(s.Update.String()))
	}
	fmt.Fprintf(a.stdout, "Δw = %s   %s\n", assignedBy(t.setup.learner.Rule), outer.FormatParams(t.setup.learner.Rule))
	for _, tt := range all {
		name, of := mainMeasure(tt.main.at.Task.Info())
		fmt.Fprintf(a.stdout, "\n%s · network %s · %s samples · %d seeds\n", taskName(tt.main.at.Task.Info()), Sizes(tt.main.at.Network.Layers()),
			thousands(tt.main.at.Steps), len(tt.main.lives))
		mine := tt.main.values(of)
		tab := newTable(a.stdout)
		tab.row("  "+name, score(intervalOf(mine)), "the rule")
		for _, b := range tt.others {
			theirs := b.values(of)
			tab.row("  "+b.setup.name, score(intervalOf(theirs)), "the rule is "+differenceText(toInterval(intervalOf(differences(mine, theirs)))))
		}
		if err := tab.flush(); err != nil {
			return err
		}
		if n := tt.main.diverged(); n > 0 {
			fmt.Fprintf(a.stdout, "  %d of %d lives diverged; they count as chance\n", n, len(tt.main.lives))
		}
	}
	return nil
}

func (t *trained) diverged() int {
	n := 0
	for _, l := range t.lives {
		if l.outcome.Status == "diverged" {
			n++
		}
	}
	return n
}

// testJSON is one line per task; score is normalised, 0 at chance and 1 at
// the ceiling, raw is in the metric of the task.
type testTaskJSON struct {
	Type      string              `json:"type"` // "task"
	Task      string              `json:"task"`
	Metric    string              `json:"metric"`
	Network   string              `json:"network"`
	Samples   int                 `json:"samples"`
	Score     interval            `json:"score"`
	Raw       interval            `json:"raw"`
	Diverged  int                 `json:"diverged"`
	Baselines []trainedComparison `json:"baselines,omitempty"`
}

type testResultJSON struct {
	Type string `json:"type"` // "result"
	Rule string `json:"rule"`
	slotsJSON
	Params map[string]float64 `json:"params"`
	Tasks  int                `json:"tasks"`
	Seeds  int                `json:"seeds"`
	Score  interval           `json:"score"` // mean over tasks
}

func (a *app) testJSON(text string, all []testedTask) error {
	mean := make([]float64, len(all[0].main.lives))
	for _, tt := range all {
		t := tt.main
		values := measure(t.lives, value, 0)
		for i, v := range values {
			mean[i] += v / float64(len(all))
		}
		_, of := mainMeasure(t.at.Task.Info())
		mine := t.values(of)
		j := testTaskJSON{
			Type: "task", Task: taskName(t.at.Task.Info()), Metric: t.at.Task.Info().Metric, Network: Sizes(t.at.Network.Layers()).String(),
			Samples: t.at.Steps, Score: toInterval(intervalOf(values)), Raw: toInterval(intervalOf(t.values(raw))), Diverged: t.diverged(),
		}
		for _, b := range tt.others {
			theirs := b.values(of)
			j.Baselines = append(j.Baselines, trainedComparison{b.setup.name, toInterval(intervalOf(theirs)), toInterval(intervalOf(differences(mine, theirs)))})
		}
		if err := jsonLine(a.stdout, j); err != nil {
			return err
		}
	}
	rule := all[0].main.setup.learner.Rule
	return jsonLine(a.stdout, testResultJSON{
		Type: "result", Rule: text, slotsJSON: slotsOf(rule), Params: paramsOf(rule), Tasks: len(all), Seeds: len(mean), Score: toInterval(intervalOf(mean)),
	})
}
