package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/metaplast/metaplast/checkpoints"
	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/classic"
	"github.com/metaplast/metaplast/rulespace/kernel"
	"github.com/metaplast/metaplast/rulespace/render"
)

// inspectOptions are the options of the verb inspect.
type inspectOptions struct {
	runs     string
	top      int
	all      bool
	families bool
	format   string
	json     bool
}

// inspectTop is how many rows are shown by default: the best end of a front.
const inspectTop = 12

func (a *app) inspectCommand() *cobra.Command {
	var o inspectOptions
	cmd := &cobra.Command{
		Use:   "inspect RUN|RULE",
		Short: "Show the front of a run and its picked rule, or one rule in full",
		Long: `Show what a run found: the best rule of every complexity, the one to look at
first with the evidence for it, and how it compares with each baseline. Or show
one rule: its equation, what it needs, how it is computed.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return a.inspect(args[0], o) },
	}
	addRuns(cmd, &o.runs)
	cmd.Flags().IntVar(&o.top, "top", inspectTop, "show the last `N` rows of the front, or the best N families")
	cmd.Flags().BoolVar(&o.all, "all", false, "show all rows")
	cmd.Flags().BoolVar(&o.families, "families", false, "show the best rule of every family: signals that are read and sign of pre*post")
	cmd.Flags().StringVar(&o.format, "format", "", "write the rule (of a run: the pick) in one of "+strings.Join(exportFormats(), ", "))
	addJSON(cmd, &o.json)
	cmd.MarkFlagsMutuallyExclusive("top", "all")
	cmd.MarkFlagsMutuallyExclusive("format", "json")
	cmd.MarkFlagsMutuallyExclusive("format", "families")
	return cmd
}

func (a *app) inspect(ref string, o inspectOptions) error {
	if o.format != "" {
		if _, err := exportFormat(o.format, ""); err != nil {
			return err
		}
	}
	dir, err := checkpoints.Find(o.runs, ref)
	_, known := classic.Get(ref)
	if known && !isDir(ref) || err != nil {
		rule, rerr := resolveRule(ref, o.runs, nil)
		if rerr != nil {
			if err != nil && (strings.HasPrefix(ref, "@") || isDir(ref) || idPrefix.MatchString(ref)) {
				return err
			}
			return rerr
		}
		if o.families {
			return usagef("%s is a rule; --families is about a run", ref)
		}
		return a.inspectRule(rule, o)
	}
	if o.families {
		return a.inspectFamilies(dir, o)
	}
	if o.format != "" {
		rule, err := rowOfRun(dir, ref, "pick", nil)
		if err != nil {
			return err
		}
		return a.inspectRule(rule, o)
	}
	return a.inspectRun(dir, o)
}

// idPrefix is what can only be the beginning of a run's id.
var idPrefix = regexp.MustCompile(`^[0-9a-f]*[0-9][0-9a-f]*$`)

func (a *app) inspectRun(dir string, o inspectOptions) error {
	m, err := checkpoints.ReadManifest(dir)
	if err != nil {
		return err
	}
	front, err := readFront(dir)
	if err != nil {
		return err
	}
	out, ended, err := readOutcome(dir)
	if err != nil {
		return err
	}
	rows := front
	if !o.all && o.top > 0 && len(rows) > o.top {
		rows = rows[len(rows)-o.top:]
	}
	if o.json {
		for _, r := range rows {
			if err := jsonLine(a.stdout, r); err != nil {
				return err
			}
		}
		if !ended {
			out = outcome{Type: "result", Run: dir, Name: m.Name, Seed: m.Seed, Reason: "running or stopped"}
		}
		out.Run, out.Front = dir, nonNil(front)
		return jsonLine(a.stdout, out)
	}
	fmt.Fprintf(a.stdout, "%s · run %s · seed %d · %s\n", m.Name, m.ID, m.Seed, state(out, ended))
	if len(front) == 0 {
		fmt.Fprintf(a.stdout, "no rule yet; metaplast resume %s goes on\n", dir)
		return nil
	}
	if len(rows) < len(front) {
		fmt.Fprintf(a.stdout, "the last %d of %d rows; --all shows all\n", len(rows), len(front))
	}
	fmt.Fprintln(a.stdout)
	if err := printFront(a.stdout, rows, out.Baselines); err != nil {
		return err
	}
	if !ended {
		fmt.Fprintf(a.stdout, "\nscores are those of the search: the run has not ended; metaplast resume %s goes on\n", dir)
		return nil
	}
	return a.printPick(dir, out)
}

func nonNil(rows []frontRow) []frontRow {
	if rows == nil {
		return []frontRow{}
	}
	return rows
}

func state(out outcome, ended bool) string {
	if !ended {
		return "not ended"
	}
	return fmt.Sprintf("%s evaluations, %s distinct rules, ended: %s", thousands(out.Evaluations), thousands(out.Unique), out.Reason)
}

// printFront prints one line per rule and one per baseline.
func printFront(w io.Writer, rows []frontRow, baselines []baselineJSON) error {
	held := slices.ContainsFunc(rows, func(r frontRow) bool { return r.HeldOut != nil })
	t := newTable(w)
	priced := len(rows) > 0 && rows[0].Objective != ""
	line := func(size, cost, score string, heldOut *num, gain, dw string) {
		cells := []string{size}
		if priced {
			cells = append(cells, cost)
		}
		cells = append(cells, score)
		if held {
			text := "—"
			if heldOut != nil {
				text = fixed(float64(*heldOut))
			}
			cells = append(cells, text)
		}
		t.row(append(cells, gain, dw)...)
	}
	header := []string{"size"}
	if priced {
		header = append(header, rows[0].Objective)
	}
	header = append(header, "score")
	if held {
		header = append(header, "held-out")
	}
	t.row(append(header, "gain", "Δw")...)
	for i, r := range rows {
		size, gain, notes := fmt.Sprintf("%4d", r.Complexity), "—", ""
		if i > 0 || r.Rank > 1 {
			gain = fixed(float64(r.Gain))
		}
		if r.Near != "" {
			notes += "   = " + r.Near
		}
		if r.Pick {
			notes += "   ◂ pick"
		}
		cost := ""
		if r.Cost != nil {
			cost = short(float64(*r.Cost))
		}
		line(size, cost, intervalText(r.Score), r.HeldOut, gain, assigned(r.DW, r.DB, r.DFB)+notes)
	}
	for _, b := range baselines {
		note := b.Title
		if b.Param != "" && b.Value != nil {
			note += fmt.Sprintf(" (best %s %s)", b.Param, short(float64(*b.Value)))
		}
		line("   "+b.Name, "", intervalText(b.Score), b.HeldOut, "", strings.TrimSpace(note))
	}
	return t.flush()
}

func intervalText(i interval) string {
	if math.IsNaN(float64(i.Low)) || i.N <= 1 {
		return fixed(float64(i.Mean))
	}
	return score(outer.Interval{Mean: float64(i.Mean), Low: float64(i.Low), High: float64(i.High), N: i.N})
}

// pretty writes an expression with · for multiplication, as on paper.
func pretty(dw string) string { return strings.ReplaceAll(dw, "*", "·") }

// printPick tells about the rule to look at first.
func (a *app) printPick(dir string, out outcome) error {
	i := slices.IndexFunc(out.Front, func(r frontRow) bool { return r.Rank == out.Pick })
	if i < 0 {
		return nil
	}
	p := out.Front[i]
	w := a.stdout
	fmt.Fprintf(w, "\npicked rule (row %d, size %d): the simplest within one standard error of the best\n\n    Δw = %s\n\n", p.Rank, p.Complexity, assigned(p.DW, p.DB, p.DFB))
	if len(p.Params) > 0 {
		var parts []string
		for _, k := range sortedKeys(p.Params) {
			parts = append(parts, k+" = "+short(p.Params[k]))
		}
		fmt.Fprintf(w, "with       %s\n", strings.Join(parts, ", "))
	}
	fmt.Fprintf(w, "score      %s (95 %% interval, %d fresh seeds, %s)\n", intervalText(p.Score), p.Score.N, strings.Join(out.Tasks, ", "))
	if p.HeldOut != nil {
		fmt.Fprintf(w, "held-out   %s (%s)\n", fixed(float64(*p.HeldOut)), strings.Join(out.HeldOut, ", "))
	}
	if p.Near != "" {
		fmt.Fprintf(w, "equals     %s, up to scale\n", classicTitle(p.Near))
	} else {
		fmt.Fprintln(w, "equals     no classic rule")
	}
	for _, b := range out.Baselines {
		note := ""
		if p.Near == b.Name && b.Value != nil {
			note = fmt.Sprintf(" (the same rule, at %s = %s)", b.Param, short(float64(*b.Value)))
		}
		fmt.Fprintf(w, "vs %-7s %s%s\n", b.Name, differenceText(b.Pick), note)
	}
	if err := printAccuracies(w, p, out.Baselines); err != nil {
		return err
	}
	rule, err := rowOfRun(dir, dir, "pick", nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "costs      %s\n", costText(rule.rule))
	return nil
}

// printAccuracies prints what the normalised scores mean on tasks with
// classes: fractions right, and points gained on the same seeds.
func printAccuracies(w io.Writer, p frontRow, baselines []baselineJSON) error {
	t := newTable(w)
	for i, task := range p.Tasks {
		if task.Metric != "accuracy" {
			continue
		}
		name := task.Task
		if task.HeldOut {
			name += " (held out)"
		}
		t.row("accuracy", name, intervalText(task.Raw), "the rule")
		for _, b := range baselines {
			if i < len(b.Tasks) && i < len(b.PickTasks) {
				t.row("", b.Name, intervalText(b.Tasks[i].Raw), "the rule is "+differenceText(b.PickTasks[i]))
			}
		}
	}
	return t.flush()
}

// classicTitle is the name of a classic rule with its source.
func classicTitle(name string) string {
	r, ok := classic.Get(name)
	if !ok || r.Source == "" {
		return name
	}
	return name + " (" + r.Source + ")"
}

// differenceText says by how much the pick is better on the same seeds.
func differenceText(d interval) string {
	low, high := float64(d.Low), float64(d.High)
	sign := "+"
	if d.Mean < 0 {
		sign = ""
	}
	verdict := "no difference that these seeds can show"
	switch {
	case d.N < 2 || math.IsNaN(low):
		verdict = "one seed shows no interval"
	case low > 0:
		verdict = "better"
	case high < 0:
		verdict = "worse"
	}
	return fmt.Sprintf("%s%s [%s, %s] on the same seeds: %s", sign, fixed(float64(d.Mean)), fixed(low), fixed(high), verdict)
}

// costText says what a rule asks of a synapse.
func costText(r *rulespace.Rule) string {
	ops, reads := r.SynapticCost(), r.Needs()
	text := fmt.Sprintf("%.0f operations per synapse, reads %s", ops, reads)
	if reads == 0 {
		text = fmt.Sprintf("%.0f operations per synapse, reads nothing", ops)
	}
	var far []string
	for _, s := range reads.List() {
		if !s.Info().Local {
			far = append(far, s.String())
		}
	}
	if len(far) == 0 {
		return text + ": all local"
	}
	return text + "; not local: " + strings.Join(far, ", ")
}

// ruleJSON is what inspect --json prints for a single rule.
type ruleJSON struct {
	Type       string `json:"type"` // "result"
	Name       string `json:"name"`
	Title      string `json:"title"`
	Complexity int    `json:"complexity"`
	slotsJSON
	Params    map[string]float64 `json:"params"`
	Canonical string             `json:"canonical"`
	Digest    string             `json:"digest"`
	Near      string             `json:"near"`
	Signals   []string           `json:"signals"`
	Locality  []string           `json:"locality"`
	Circuits  []string           `json:"circuits"`
	Units     string             `json:"units"` // empty when they agree
	Source    string             `json:"source"`
}

func (a *app) inspectRule(ref ruleRef, o inspectOptions) error {
	r := ref.rule
	if o.format != "" {
		text, err := renderRule(r, o.format)
		if err != nil {
			return err
		}
		_, err = fmt.Fprint(a.stdout, text)
		return err
	}
	j := ruleJSON{
		Type: "result", Name: r.Name, Title: r.Title, Complexity: r.Complexity(), slotsJSON: slotsOf(r),
		Params: paramsOf(r), Canonical: r.CanonicalText(), Digest: r.Digest(), Signals: []string{},
		Locality: notNil(r.Locality()), Circuits: []string{}, Source: r.Source,
	}
	j.Near, _ = rulespace.Near(r, classic.All())
	for _, s := range r.Needs().List() {
		j.Signals = append(j.Signals, s.String())
	}
	for _, c := range credit.Catalogue() {
		if r.Needs().Minus(c.Provides|c.Output) == 0 && (r.DFB == nil || c.Feedback) {
			j.Circuits = append(j.Circuits, c.Name)
		}
	}
	if err := unitsOf(r); err != nil {
		j.Units = err.Error()
	}
	if o.json {
		return jsonLine(a.stdout, j)
	}
	text, err := render.Render(r, "text")
	if err != nil {
		return invalidf("%w", err)
	}
	fmt.Fprintln(a.stdout, strings.TrimRight(text, "\n"))
	fmt.Fprintln(a.stdout)
	t := newTable(a.stdout)
	t.row("complexity", fmt.Sprint(j.Complexity))
	t.row("canonical", j.Canonical)
	t.row("digest", j.Digest)
	if j.Near != "" && j.Near != r.Name {
		t.row("equals", classicTitle(j.Near)+", up to scale")
	}
	t.row("locality", strings.Join(j.Locality, ", "))
	circuits := "none provides all signals"
	if len(j.Circuits) > 0 {
		circuits = strings.Join(j.Circuits, ", ")
	}
	t.row("circuits", circuits)
	units := "agree"
	if j.Units != "" {
		units = j.Units
	}
	t.row("units", units)
	t.row("costs", costText(r))
	if p, err := kernel.Compile(r); err == nil {
		for i, line := range strings.Split(strings.TrimRight(p.Describe(), "\n"), "\n") {
			label := ""
			if i == 0 {
				label = "computed as"
			}
			t.row(label, line)
		}
	}
	return t.flush()
}

// unitsOf checks the units of every assignment.
func unitsOf(r *rulespace.Rule) error {
	var errs []error
	for _, e := range []*rulespace.Expr{r.DW, r.DB, r.DFB} {
		if e != nil {
			errs = append(errs, rulespace.CheckUnits(e))
		}
	}
	return errors.Join(errs...)
}
