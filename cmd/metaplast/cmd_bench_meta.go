package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/rulespace/key"
)

// benchMetaOptions are the options of the verb bench meta.
type benchMetaOptions struct {
	seeds       int
	format      string
	quick, json bool
}

func (a *app) benchMetaCommand() *cobra.Command {
	var o benchMetaOptions
	cmd := &cobra.Command{
		Use:   "meta [NAME…]",
		Short: "Learners whose slow parameters are learned, each on a small task",
		Long: `Train the meta-learners with these names, or all. An outer loop changes slow
parameters of theirs (how plastic synapses are, what a network writes into its
own weights, a network that hands out credit, what all synapses share), not a
rule; here it is an evolution strategy for all of them. Each is tried on a small
task of the kind that its source has, in fresh lives after the outer loop,
against a control. Accuracies have 95 % intervals over runs of the outer loop;
differences to the control are taken run by run. Tasks are made on the spot.

Names are ` + wrapped(metaNames(metaLearners()), 68) + `.

    metaplast bench meta
    metaplast bench meta vsml tdca --seeds 10
    metaplast bench meta --format markdown`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.benchMeta(cmd.Context(), args, o) },
	}
	flags := cmd.Flags()
	flags.IntVar(&o.seeds, "seeds", 5, "runs of the outer loop `N`")
	flags.StringVar(&o.format, "format", "text", "text or markdown")
	flags.BoolVar(&o.quick, "quick", false, "tiny outer loops: does it work? The numbers say nothing")
	addJSON(cmd, &o.json)
	return cmd
}

func metaNames(all []metaLearner) []string {
	return namesOf(all, func(l metaLearner) string { return l.name })
}

// wrapped is a list in lines of some width.
func wrapped(list []string, width int) string {
	text, at := "", 0
	for i, s := range list {
		if i > 0 {
			text += ","
			if at += len(s) + 2; at > width {
				text, at = text+"\n", len(s)
			} else {
				text += " "
			}
		}
		text += s
	}
	return text
}

func (a *app) benchMeta(ctx context.Context, names []string, o benchMetaOptions) error {
	if o.seeds < 2 {
		return usagef("--seeds %d: an interval takes at least 2", o.seeds)
	}
	if o.format != "text" && o.format != "markdown" {
		return usagef("--format %s: want text or markdown", o.format)
	}
	all := metaLearners()
	known := metaNames(all)
	for _, n := range names {
		if !slices.Contains(known, n) {
			return usagef("there is no meta-learner %q.%s They are %s", n, suggest(n, known), strings.Join(known, ", "))
		}
	}
	ctx, stop := a.interruptible(ctx)
	defer stop()
	begin := time.Now()
	if o.quick {
		o.seeds = 2
	}
	m := &metaLab{ctx: ctx, quick: o.quick}
	tried := 0
	if o.format == "markdown" && !o.json {
		fmt.Fprintf(a.stdout, "| learner | way | right [95 %% interval] | to the control | slow parameters |\n|---|---|---|---|---|\n")
	}
	for _, l := range all {
		if len(names) > 0 && !slices.Contains(names, l.name) {
			continue
		}
		start := time.Now()
		arms, err := m.runs(l, o.seeds)
		if err != nil {
			return err
		}
		tried++
		seconds := time.Since(start).Seconds()
		switch {
		case o.json:
			err = a.metaJSON(l, arms, o, seconds)
		case o.format == "markdown":
			for _, arm := range arms {
				fmt.Fprintf(a.stdout, "| %s |\n", strings.Join(append([]string{l.name}, arm.row()...), " | "))
			}
		default:
			if tried > 1 {
				fmt.Fprintln(a.stdout)
			}
			err = a.metaText(l, arms, o, seconds)
		}
		if err != nil {
			return err
		}
	}
	if o.json {
		return jsonLine(a.stdout, metaEndJSON{"result", tried, num(time.Since(begin).Seconds())})
	}
	return nil
}

// metaResult is an arm over all runs.
type metaResult struct {
	metaArm
	right  outer.Interval
	better outer.Interval // than the first arm; empty for that one
}

// runs repeats a learner's experiment from several seeds.
func (m *metaLab) runs(l metaLearner, seeds int) ([]metaResult, error) {
	arms, errs := make([][]metaArm, seeds), make([]error, seeds)
	var wg sync.WaitGroup
	next := make(chan int)
	for range min(workers(), seeds) {
		wg.Go(func() {
			for i := range next {
				arms[i], errs[i] = l.run(m, key.Root(uint64(i+1)).Child("meta", 0))
			}
		})
	}
	for i := range seeds {
		if m.ctx.Err() == nil {
			next <- i
		}
	}
	close(next)
	wg.Wait()
	if m.ctx.Err() != nil {
		return nil, errInterrupted
	}
	for _, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.name, err)
		}
	}
	var out []metaResult
	values := make([][]float64, len(arms[0]))
	for j, arm := range arms[0] {
		for i := range seeds {
			values[j] = append(values[j], arms[i][j].accuracy)
		}
		r := metaResult{metaArm: arm, right: fraction(intervalOf(values[j]))}
		if j > 0 {
			r.better = intervalOf(differences(values[j], values[0]))
		}
		out = append(out, r)
	}
	return out, nil
}

// row is what a table has of an arm.
func (r metaResult) row() []string {
	better := "the control"
	if r.better.N > 0 {
		better = fmt.Sprintf("%+.3f [%.3f, %.3f]", r.better.Mean, r.better.Low, r.better.High)
	}
	return []string{r.what, fmt.Sprintf("%.3f [%.3f, %.3f]", r.right.Mean, r.right.Low, r.right.High), better, thousands(r.slow)}
}

func (a *app) metaText(l metaLearner, arms []metaResult, o benchMetaOptions, seconds float64) error {
	fmt.Fprintf(a.stdout, "%s: %s\n  task     %s\n  learned  %s\n  source   %s\n  (%d runs, %.0f s)\n\n", l.name, l.title, l.task, l.learned, l.source, o.seeds, seconds)
	t := newTable(a.stdout)
	t.row("  ", "right", "to the control", "slow parameters")
	for _, arm := range arms {
		row := arm.row()
		row[0] = "  " + row[0]
		t.row(row...)
	}
	return t.flush()
}

// metaJSON is a line of bench meta --json.
type metaJSON struct {
	Type    string        `json:"type"` // "meta"
	Name    string        `json:"name"`
	Title   string        `json:"title"`
	Task    string        `json:"task"`
	Learned string        `json:"learned"`
	Source  string        `json:"source"`
	Seeds   int           `json:"seeds"`
	Quick   bool          `json:"quick"`
	Arms    []metaArmJSON `json:"arms"` // the control first
	Seconds num           `json:"seconds"`
}

type metaArmJSON struct {
	What     string   `json:"what"`
	Right    interval `json:"right"`
	BetterBy interval `json:"better_by"` // than the control, on the same seeds
	Slow     int      `json:"slow_parameters"`
}

// metaEndJSON is the last line of bench meta --json.
type metaEndJSON struct {
	Type     string `json:"type"` // "result"
	Learners int    `json:"learners"`
	Seconds  num    `json:"seconds"`
}

func (a *app) metaJSON(l metaLearner, arms []metaResult, o benchMetaOptions, seconds float64) error {
	j := metaJSON{Type: "meta", Name: l.name, Title: l.title, Task: l.task, Learned: l.learned, Source: l.source, Seeds: o.seeds, Quick: o.quick, Seconds: num(seconds)}
	for _, arm := range arms {
		j.Arms = append(j.Arms, metaArmJSON{arm.what, toInterval(arm.right), toInterval(arm.better), arm.slow})
	}
	return jsonLine(a.stdout, j)
}
