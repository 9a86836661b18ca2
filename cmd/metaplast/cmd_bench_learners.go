package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/metaplast/metaplast/inner/learner"
	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/tasks"
)

// benchLearnersOptions are the options of the verb bench learners.
type benchLearnersOptions struct {
	task, network, data, format string
	epochs, seeds, tune         int
	json                        bool
}

func (a *app) benchLearnersCommand() *cobra.Command {
	var o benchLearnersOptions
	cmd := &cobra.Command{
		Use:   "learners [NAME…]",
		Short: "Accuracy and cost of every learner on one task, against frozen hidden layers",
		Long: `Train every learner, or those named, on one task: each with the learning rate that
does best on validation samples among the same number of rates (by the mean less
its standard error over three seeds), then from fresh seeds on all training
samples. The table has the accuracy on the test samples with its 95 % interval,
the difference to readout (hidden layers frozen, output trained by gradient: the
control) on the same seeds, the time of one life, what matrix products and state
the learner takes, and what it asks of a physical substrate. Learners of hidden
layers that know no targets get an output connection that learns by the delta
rule.

    metaplast bench learners
    metaplast bench learners fa dfa drtp --task glyphs --seeds 10
    metaplast bench learners --format markdown`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.benchLearners(cmd.Context(), args, o) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.task, "task", "mnist:side=14,limit=5000", "what to learn `T`")
	flags.StringVar(&o.network, "network", "in-128-out", "`LAYERS` from input to output (metaplast help networks)")
	flags.IntVar(&o.epochs, "epochs", 10, "passes over the training samples `N`")
	flags.IntVar(&o.seeds, "seeds", 5, "networks to train `N`, each from its own seed")
	flags.IntVar(&o.tune, "tune", 5, "learning rates to try `N`, a factor of 3 apart around the default, and up to as many more where the best is at the end; 1 for the default")
	flags.StringVar(&o.format, "format", "text", "text or markdown")
	addData(cmd, &o.data)
	addJSON(cmd, &o.json)
	return cmd
}

// graded is a learner with what it reached.
type graded struct {
	entry   learner.Entry
	trained *trained // nil where the learner does not fit the task
	why     string
	rate    float64
	edge    bool // the best rate is the smallest or the largest tried
}

func (a *app) benchLearners(ctx context.Context, names []string, o benchLearnersOptions) error {
	if o.seeds < 1 || o.epochs < 1 || o.tune < 1 {
		return usagef("--seeds %d, --epochs %d, --tune %d: at least 1 of each", o.seeds, o.epochs, o.tune)
	}
	if o.format != "text" && o.format != "markdown" {
		return usagef("--format %s: want text or markdown", o.format)
	}
	entries, err := chosenLearners(names)
	if err != nil {
		return err
	}
	task, err := openTask(o.task, 0, o.data)
	if err != nil {
		return err
	}
	if task.Info().Kind != tasks.Classification {
		return invalidf("task %s has no classes, and so no accuracy to compare", taskName(task.Info()))
	}
	tuning, err := tuningTask(o.task, o.data)
	if err != nil {
		return err
	}
	ctx, stop := a.interruptible(ctx)
	defer stop()
	begin := time.Now()
	var control *graded
	var all []*graded
	for _, e := range entries {
		g, err := a.grade(ctx, e, task, tuning, o)
		if err != nil {
			return err
		}
		if e.Name == "readout" {
			control = g
		}
		all = append(all, g)
		if !o.json {
			fmt.Fprintf(a.stderr, "%d/%d %s: %s\n", len(all), len(entries), e.Name, g.summary())
		}
	}
	slices.SortStableFunc(all, func(x, y *graded) int { return strings.Compare(x.entry.Name, y.entry.Name) })
	if o.json {
		return a.gradesJSON(all, control, task.Info(), time.Since(begin))
	}
	return a.gradesText(all, control, task.Info(), o)
}

// chosenLearners are the learners of those names, or all, with the control
// first.
func chosenLearners(names []string) ([]learner.Entry, error) {
	all := learner.Catalogue()
	known := namesOf(all, func(e learner.Entry) string { return e.Name })
	for _, n := range names {
		if !slices.Contains(known, n) {
			return nil, invalidf("%q is not a learner.%s Learners are %s", n, suggest(n, known), strings.Join(known, ", "))
		}
	}
	control, _ := learner.ByName("readout")
	out := []learner.Entry{control}
	for _, e := range all {
		if e.Name != control.Name && (len(names) == 0 || slices.Contains(names, e.Name)) {
			out = append(out, e)
		}
	}
	return out, nil
}

// tuningTask is the task with a validation part, where it does not have one
// by itself.
func tuningTask(text, data string) (tasks.Task, error) {
	spec, err := tasks.ParseSpec(text)
	if err != nil {
		return nil, err
	}
	return tasks.Open(spec, source(data))
}

// grade tunes a learner and trains it from fresh seeds.
func (a *app) grade(ctx context.Context, e learner.Entry, task, tuning tasks.Task, o benchLearnersOptions) (*graded, error) {
	f := learnerFlags{learner: e.Name, network: o.network, bias: "auto", epochs: o.epochs}
	g, err := gradeFlags(ctx, f, ruleRef{}, task, tuning, o.tune, o.seeds, func(*life, bool) {})
	if is[*trial.ConfigError](err) {
		g.why = plainText(err)
		return g, nil
	}
	return g, err
}

// gradeFlags is grade for a learner as flags describe it, with a rule of its
// own where one is given. Prepare sees each life before it begins, those that
// only search for a learning rate as such. What does not fit the task is a
// *trial.ConfigError.
func gradeFlags(ctx context.Context, f learnerFlags, ref ruleRef, task, tuning tasks.Task, rates, seeds int, prepare func(l *life, tuning bool)) (*graded, error) {
	e, _ := learner.ByName(f.learner)
	g := &graded{entry: e, rate: e.Rate}
	if f.lr > 0 {
		g.rate = f.lr
	}
	s, err := f.setup(ref)
	if err != nil {
		return g, err
	}
	s.addReadout(task.Info())
	on := func(task tasks.Task, rate float64) (setup, outer.Setting, error) {
		s := s
		err := f.length(&s, task.Info())
		if err != nil {
			return s, outer.Setting{}, err
		}
		if s.learner.Rule, err = withParams(s.learner.Rule, []rulespace.Param{{Name: "lr", Value: rate}}); err != nil {
			return s, outer.Setting{}, err
		}
		at, err := s.on(task)
		return s, at, err
	}
	if _, _, err := on(task, g.rate); err != nil {
		return g, err
	}
	if rates > 1 {
		err := g.tune(rates, func(rate float64) (float64, error) {
			tried, at, err := on(tuning, rate)
			if err != nil {
				return 0, err
			}
			jobs := lives(tried, at, "tune", 1, tuningSeeds)
			for _, l := range jobs {
				l.trial.Split = tasks.Validation
				prepare(l, true)
			}
			err = runLives(ctx, jobs, workers(), nil)
			return cautious(measure(jobs, accuracy, 0)), err
		})
		if err != nil {
			return g, err
		}
	}
	final, at, err := on(task, g.rate)
	if err != nil {
		return g, err
	}
	g.trained = &trained{final, at, lives(final, at, "train", 1, seeds)}
	for _, l := range g.trained.lives {
		prepare(l, false)
	}
	return g, runLives(ctx, g.trained.lives, workers(), nil)
}

const (
	tuningSeeds = 3
	rateStep    = 3.0
)

// cautious is the mean less its standard error: of two rates that are as good
// in the mean, the one that is good on every seed is preferred.
func cautious(values []float64) float64 {
	n := float64(len(values))
	mean, squares := outer.NewInterval(values).Mean, 0.0
	for _, v := range values {
		squares += float64((v - mean) * (v - mean))
	}
	if n < 2 {
		return mean
	}
	return mean - math.Sqrt(squares/(n*(n-1)))
}

// tune looks for the learning rate with the best validation accuracy: points
// of them around the default, and as long as the best is at an end further in
// that direction, up to as many again.
func (g *graded) tune(points int, try func(rate float64) (float64, error)) error {
	start := g.rate
	found := map[int]float64{}
	low, high := -(points / 2), points-1-points/2
	best := 0
	for at := low; ; {
		v, err := try(start * math.Pow(rateStep, float64(at)))
		if err != nil {
			return err
		}
		found[at] = v
		if len(found) == 1 || v > found[best] {
			best = at
		}
		_, tried := found[at+1]
		switch {
		case at < high && !tried && len(found) < points:
			at++
			continue
		case best == low && len(found) < 2*points:
			low--
			at = low
			continue
		case best == high && len(found) < 2*points:
			high++
			at = high
			continue
		}
		break
	}
	g.rate = start * math.Pow(rateStep, float64(best))
	g.edge = best == low || best == high
	return nil
}

func (g *graded) summary() string {
	if g.trained == nil {
		return g.why
	}
	text := score(fraction(intervalOf(g.trained.values(accuracy)))) + fmt.Sprintf(" at lr %s", short(g.rate))
	if g.edge {
		text += " (the end of the rates tried)"
	}
	return text
}

// figures are what the tables show.
type gradeFigures struct {
	accuracy, better     outer.Interval
	seconds              float64
	products, stateBytes float64
	diverged             int
}

func (g *graded) figures(control *graded) gradeFigures {
	t := g.trained
	f := gradeFigures{accuracy: fraction(intervalOf(t.values(accuracy)))}
	if g != control {
		f.better = intervalOf(differences(t.values(accuracy), control.trained.values(accuracy)))
	}
	weights, products := t.at.Network.Weights()
	samples := 0
	for _, l := range t.lives {
		f.seconds += l.seconds / float64(len(t.lives))
		f.products += l.outcome.Cost.MultiplyAdds / float64(products)
		f.stateBytes = float64(l.outcome.Cost.SynapseBytes) / float64(weights)
		samples += l.outcome.Cost.Samples
		if l.outcome.Status == trial.Diverged {
			f.diverged++
		}
	}
	f.products /= float64(max(samples, 1))
	return f
}

func (a *app) gradesText(all []*graded, control *graded, info tasks.Info, o benchLearnersOptions) error {
	header := []string{"learner", "accuracy", "to readout", "lr", "seconds", "products", "state", "asks for"}
	legend := fmt.Sprintf("%s, network %s, %d epochs, %d seeds, %d learning rates tried on validation samples. Accuracy on test samples with its 95 %% interval; "+
		"to readout: difference to frozen hidden layers on the same seeds; seconds: one life; products: multiply-adds per weight and sample, the update itself apart, a forward pass is 1; "+
		"state: bytes per synapse besides the weight.", taskName(info), o.network, o.epochs, o.seeds, o.tune)
	var rows [][]string
	for _, g := range all {
		local := strings.Join(g.entry.Locality, ", ")
		if local == "" {
			local = "nothing: local"
		}
		if g.trained == nil {
			rows = append(rows, []string{g.entry.Name, "—", g.why, "", "", "", "", local})
			continue
		}
		f := g.figures(control)
		better := "the control"
		if g != control {
			better = fmt.Sprintf("%+.3f [%.3f, %.3f]", f.better.Mean, f.better.Low, f.better.High)
			if f.better.N < 2 {
				better = fmt.Sprintf("%+.3f", f.better.Mean)
			}
			if f.better.N > 1 && f.better.Low > 0 {
				better += " better"
			}
		}
		if f.diverged > 0 {
			better += fmt.Sprintf(" (%d diverged)", f.diverged)
		}
		rate := short(g.rate)
		if g.edge {
			rate += " (edge)"
		}
		rows = append(rows, []string{g.entry.Name, score(f.accuracy), better, rate, digits(f.seconds), digits(f.products), short(f.stateBytes), local})
	}
	if o.format == "markdown" {
		fmt.Fprintf(a.stdout, "%s\n\n| %s |\n|%s\n", legend, strings.Join(header, " | "), strings.Repeat("---|", len(header)))
		for _, r := range rows {
			fmt.Fprintf(a.stdout, "| %s |\n", strings.Join(r, " | "))
		}
		return nil
	}
	fmt.Fprintf(a.stdout, "%s\n\n", legend)
	t := newTable(a.stdout)
	t.row(header...)
	for _, r := range rows {
		t.row(r...)
	}
	return t.flush()
}

// gradeJSON is a line of bench learners --json.
type gradeJSON struct {
	Type         string   `json:"type"` // "learner"
	Name         string   `json:"name"`
	Circuit      string   `json:"circuit"`
	Accuracy     interval `json:"accuracy"`
	BetterBy     interval `json:"better_by"` // than readout, on the same seeds
	Beats        bool     `json:"beats_readout"`
	LR           num      `json:"lr"`
	Edge         bool     `json:"lr_at_edge"`
	Seconds      num      `json:"seconds"`
	MultiplyAdds num      `json:"multiply_adds"` // of products, per weight and sample
	StateBytes   num      `json:"state_bytes"`   // per synapse besides the weight
	Diverged     int      `json:"diverged"`
	Locality     []string `json:"locality"`
	Why          string   `json:"why,omitempty"`
}

func (a *app) gradesJSON(all []*graded, control *graded, info tasks.Info, d time.Duration) error {
	for _, g := range all {
		j := gradeJSON{Type: "learner", Name: g.entry.Name, Circuit: g.entry.Circuit, Locality: notNil(g.entry.Locality), LR: num(g.rate), Edge: g.edge,
			Accuracy: toInterval(outer.Interval{}), BetterBy: toInterval(outer.Interval{}), Why: g.why}
		if g.trained != nil {
			f := g.figures(control)
			j.Accuracy, j.BetterBy = toInterval(f.accuracy), toInterval(f.better)
			j.Beats = f.better.N > 1 && f.better.Low > 0
			j.Seconds, j.MultiplyAdds, j.StateBytes, j.Diverged = num(f.seconds), num(f.products), num(f.stateBytes), f.diverged
		}
		if err := jsonLine(a.stdout, j); err != nil {
			return err
		}
	}
	return jsonLine(a.stdout, struct {
		Type    string `json:"type"`
		Task    string `json:"task"`
		Seconds num    `json:"seconds"`
	}{"result", taskName(info), num(d.Seconds())})
}
