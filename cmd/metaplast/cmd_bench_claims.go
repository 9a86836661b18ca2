package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/metaplast/metaplast/tasks"
)

// benchClaimsOptions are the options of the verb bench claims.
type benchClaimsOptions struct {
	seeds, tune  int
	data, format string
	quick, json  bool
}

func (a *app) benchClaimsCommand() *cobra.Command {
	var o benchClaimsOptions
	cmd := &cobra.Command{
		Use:   "claims [N…]",
		Short: "Claims of the literature, each with an experiment that could refute it",
		Long: `Try the claims with these numbers, or all: each prints what is claimed, what was
measured here with 95 % intervals over seeds, and a verdict: holds, does not
hold, or not decidable here, with the reason. Differences are taken seed by
seed; arms of an experiment share data and initial weights, and each has the
same number of learning rates to choose from by validation samples. Where a
claim compares with backprop there are two of them, at the published learning
rate and at the best one. Experiments are reduced to minutes: a verdict is about
what was measured, and says what was not.

    metaplast bench claims 24
    metaplast bench claims 4 5 --seeds 10
    metaplast bench claims --format markdown`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.benchClaims(cmd.Context(), args, o) },
	}
	flags := cmd.Flags()
	flags.IntVar(&o.seeds, "seeds", 0, "seeds of each experiment `N`; by default 5, or more where 5 decide nothing and more are cheap")
	flags.IntVar(&o.tune, "tune", 5, "learning rates that each arm tries `N`, as in bench learners")
	flags.StringVar(&o.format, "format", "text", "text or markdown")
	flags.BoolVar(&o.quick, "quick", false, "tiny experiments: does it work? The verdicts say nothing")
	addData(cmd, &o.data)
	addJSON(cmd, &o.json)
	return cmd
}

func (a *app) benchClaims(ctx context.Context, numbers []string, o benchClaimsOptions) error {
	if o.seeds < 0 || o.seeds == 1 || o.tune < 1 {
		return usagef("--seeds %d, --tune %d: an interval takes at least 2 seeds, and at least 1 rate is tried", o.seeds, o.tune)
	}
	if o.format != "text" && o.format != "markdown" {
		return usagef("--format %s: want text or markdown", o.format)
	}
	chosen, err := chosenClaims(numbers)
	if err != nil {
		return err
	}
	ctx, stop := a.interruptible(ctx)
	defer stop()
	l := &lab{ctx: ctx, data: o.data, rates: o.tune, quick: o.quick}
	if o.quick {
		l.rates = 1
	}
	begin := time.Now()
	counts := map[verdict]int{}
	for i, c := range chosen {
		l.progress = func(text string) {
			if !o.json {
				fmt.Fprintf(a.stderr, "claim %d: %s\n", c.number, text)
			}
		}
		switch {
		case o.quick:
			l.seeds = 2
		case o.seeds > 0:
			l.seeds = o.seeds
		default:
			l.seeds = max(5, c.seeds)
		}
		start := time.Now()
		found, err := c.try(l)
		if err != nil {
			return err
		}
		counts[found.verdict]++
		seconds := time.Since(start).Seconds()
		switch {
		case o.json:
			err = a.claimJSON(c, found, l, seconds)
		case o.format == "markdown":
			err = a.claimMarkdown(c, found, l, seconds)
		default:
			if i > 0 {
				fmt.Fprintln(a.stdout)
			}
			err = a.claimText(c, found, l, seconds)
		}
		if err != nil {
			return err
		}
	}
	if o.json {
		return jsonLine(a.stdout, claimsEndJSON{"result", len(chosen), counts[holds], counts[fails], counts[undecided], num(time.Since(begin).Seconds())})
	}
	return nil
}

// chosenClaims are those with these numbers, or all.
func chosenClaims(numbers []string) ([]claim, error) {
	all := claims()
	if len(numbers) == 0 {
		return all, nil
	}
	known := make([]string, len(all))
	for i, c := range all {
		known[i] = strconv.Itoa(c.number)
	}
	for _, n := range numbers {
		if !slices.Contains(known, n) {
			return nil, usagef("there is no claim %s; claims are %s", n, strings.Join(known, ", "))
		}
	}
	return slices.DeleteFunc(all, func(c claim) bool { return !slices.Contains(numbers, strconv.Itoa(c.number)) }), nil
}

// try runs the experiment. What is missing here leaves the claim undecided.
func (c claim) try(l *lab) (finding, error) {
	f, err := c.run(l)
	if err != nil && (is[*unavailableError](err) || is[*tasks.DataError](err)) {
		return f.decide(undecided, "%s", firstLine(err.Error())), nil
	}
	if err != nil {
		return f, fmt.Errorf("claim %d: %w", c.number, err)
	}
	if l.quick {
		f.verdict, f.reason = undecided, fmt.Sprintf("this was a quick run. With these numbers the verdict would be: %s: %s", f.verdict, f.reason)
	}
	return f, nil
}

// seedsText says how much stands behind the numbers.
func (l *lab) seedsText(seconds float64) string {
	return fmt.Sprintf("%d seeds, %.0f s", l.seeds, seconds)
}

func (a *app) claimText(c claim, f finding, l *lab, seconds float64) error {
	fmt.Fprintf(a.stdout, "Claim %d: %s\n  source   %s\n  setting  %s (%s)\n\n", c.number, c.text, c.source, c.setting, l.seedsText(seconds))
	t := newTable(a.stdout)
	for _, m := range f.measures {
		t.row("  "+m.what, m.text(), m.note)
	}
	if err := t.flush(); err != nil {
		return err
	}
	if len(f.measures) > 0 {
		fmt.Fprintln(a.stdout)
	}
	_, err := fmt.Fprintf(a.stdout, "  %s: %s\n", f.verdict, f.reason)
	return err
}

func (a *app) claimMarkdown(c claim, f finding, l *lab, seconds float64) error {
	fmt.Fprintf(a.stdout, "## Claim %d: %s\n\n%s\n\nSource: %s. Setting: %s (%s).\n\n", c.number, f.verdict, c.text, c.source, c.setting, l.seedsText(seconds))
	if len(f.measures) > 0 {
		fmt.Fprintf(a.stdout, "| measured | value [95 %% interval] | |\n|---|---|---|\n")
	}
	for _, m := range f.measures {
		fmt.Fprintf(a.stdout, "| %s | %s | %s |\n", m.what, m.text(), m.note)
	}
	if len(f.measures) > 0 {
		fmt.Fprintln(a.stdout)
	}
	_, err := fmt.Fprintf(a.stdout, "**%s**: %s\n\n", f.verdict, f.reason)
	return err
}

// claimJSON is a line of bench claims --json.
type claimJSON struct {
	Type     string        `json:"type"` // "claim"
	Number   int           `json:"number"`
	Claim    string        `json:"claim"`
	Source   string        `json:"source"`
	Setting  string        `json:"setting"`
	Seeds    int           `json:"seeds"`
	Quick    bool          `json:"quick"`
	Measured []measureJSON `json:"measured"`
	Verdict  verdict       `json:"verdict"`
	Reason   string        `json:"reason"`
	Seconds  num           `json:"seconds"`
}

type measureJSON struct {
	What  string   `json:"what"`
	Value interval `json:"value"`
	Unit  string   `json:"unit"`
	Note  string   `json:"note,omitempty"`
}

// claimsEndJSON is the last line of bench claims --json.
type claimsEndJSON struct {
	Type      string `json:"type"` // "result"
	Claims    int    `json:"claims"`
	Hold      int    `json:"hold"`
	Fail      int    `json:"do_not_hold"`
	Undecided int    `json:"not_decidable"`
	Seconds   num    `json:"seconds"`
}

func (a *app) claimJSON(c claim, f finding, l *lab, seconds float64) error {
	j := claimJSON{Type: "claim", Number: c.number, Claim: c.text, Source: c.source, Setting: c.setting, Seeds: l.seeds, Quick: l.quick,
		Measured: []measureJSON{}, Verdict: f.verdict, Reason: f.reason, Seconds: num(seconds)}
	for _, m := range f.measures {
		j.Measured = append(j.Measured, measureJSON{m.what, toInterval(m.value), m.unit, m.note})
	}
	return jsonLine(a.stdout, j)
}
