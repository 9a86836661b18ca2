package main

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/metaplast/metaplast/analysis/identify"
	"github.com/metaplast/metaplast/checkpoints"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/classic"
	"github.com/metaplast/metaplast/tasks"
)

// identifyOptions are the options of the verb identify.
type identifyOptions struct {
	identify.Options
	signals []string
	ignore  []string
	out     string
	json    bool
}

func (a *app) identifyCommand() *cobra.Command {
	var o identifyOptions
	cmd := &cobra.Command{
		Use:   "identify DATA",
		Short: "Fit a rule to recorded weight changes or weight trajectories",
		Long: `Find the rule behind recorded data by sparse regression: the weight change as
a sum of few products of signals. Their number is chosen by cross-validation;
coefficients come with 95 % bootstrap intervals, those that agree within their
errors share a parameter of the rule, and what the data cannot tell apart is
said.

DATA is a CSV file with a line of column names, or an .npz file with an array
per column. Columns are named by signals (metaplast list signals), and

    dw                      the change that followed the values of the row, or
    synapse, step, w        the weight of a synapse before each step: changes are
                            differences of successive weights

    metaplast identify changes.csv
    metaplast identify slices.csv --signal rate=post --signal vm=pot -o found.rule.yaml
    metaplast train --rule found.rule.yaml --task pca`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return a.identify(args[0], o) },
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&o.signals, "signal", nil, "take a column for a signal, `column=signal`, may be repeated")
	flags.StringArrayVar(&o.ignore, "ignore", nil, "leave the column `COLUMN` out, may be repeated")
	flags.IntVar(&o.Degree, "degree", 3, "at most `N` factors in a product")
	flags.IntVar(&o.MaxTerms, "terms", 8, "at most `N` terms")
	flags.IntVar(&o.Folds, "folds", 10, "parts of the cross-validation `N`")
	flags.IntVar(&o.Resamples, "resamples", 500, "resamples for the intervals `N`")
	flags.BoolVar(&o.Robust, "robust", false, "give rows far from the fit less weight")
	flags.Uint64Var(&o.Seed, "seed", 1, "seed of folds and resamples `N`")
	flags.StringVarP(&o.out, "output", "o", "", "write the rule to `FILE`: .yaml a rule file, others as metaplast export")
	addJSON(cmd, &o.json)
	return cmd
}

func (a *app) identify(file string, o identifyOptions) error {
	if err := o.Check(); err != nil {
		return usagef("--%w", err)
	}
	format := ""
	if o.out != "" {
		var err error
		if format, err = exportFormat("", o.out); err != nil {
			return err
		}
		if dir := filepath.Dir(o.out); !isDir(dir) {
			return fmt.Errorf("cannot write %s: there is no directory %s", o.out, dir)
		}
	}
	rec, err := readRecording(file, o)
	if err != nil {
		return err
	}
	result, err := identify.Fit(rec.data, o.Options)
	if err != nil {
		return invalidf("%s: %w", file, err)
	}
	found := identified{recording: rec, Result: result, identifyOptions: o, file: file}
	if result.Rule != nil {
		result.Rule.Name = "identified"
		result.Rule.Title = fmt.Sprintf("fitted to %s (%d rows, held-out R² %s)", strings.ToValidUTF8(filepath.Base(file), "?"), result.Rows, share(result.HeldR2))
		found.near, _ = rulespace.Near(result.Rule, classic.All())
	}
	if o.json {
		err = a.identifyJSON(found)
	} else {
		err = a.identifyText(found)
	}
	if err != nil || o.out == "" {
		return err
	}
	if result.Rule == nil {
		return invalidf("%s: no rule was found, %s is not written", file, o.out)
	}
	text, err := renderRule(result.Rule, format)
	if err != nil {
		return err
	}
	if err := checkpoints.WriteFileAtomic(o.out, []byte(text)); err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "wrote %s (%s)\n", o.out, format)
	return nil
}

// recording is a file as data to fit, with what was made of its columns.
type recording struct {
	data     *identify.Data
	what     string // "400 changes", "790 changes of 10 synapses"
	warnings []string
}

// readRecording reads the columns of a file.
func readRecording(file string, o identifyOptions) (*recording, error) {
	t, err := tasks.ReadTable(file)
	if err != nil {
		return nil, err
	}
	broken := func(format string, args ...any) error {
		return &tasks.DataError{Path: file, Msg: fmt.Sprintf(format, args...)}
	}
	meaning, err := columnSignals(t, o)
	if err != nil {
		return nil, err
	}
	rec := &recording{data: &identify.Data{}}
	_, changes := t.Column("dw")
	synapse, trajectories := t.Column("synapse")
	if !changes && !trajectories {
		return nil, broken("no column dw, and no columns synapse, step and w to take it from; columns are %s", strings.Join(t.Names(), ", "))
	}
	var columns []*tasks.Column
	for i := range t.Columns {
		c := &t.Columns[i]
		s, isSignal := meaning[c.Name]
		switch {
		case slices.Contains(o.ignore, c.Name), c.Name == "dw", c.Name == "synapse", trajectories && c.Name == "step":
		case !isSignal:
			rec.warn("column %s is no signal and not used; if it is one, say which: --signal %s=SIGNAL", c.Name, c.Name)
		case c.Bad != nil:
			return nil, c.Bad
		default:
			rec.data.Signals = append(rec.data.Signals, s)
			columns = append(columns, c)
		}
	}
	if len(columns) == 0 {
		return nil, broken("no column is a signal; metaplast list signals shows them, --signal column=signal names one")
	}
	var ids []int
	synapses := 0
	if trajectories {
		ids, synapses = number(synapse)
	}
	if changes {
		dw, _ := t.Column("dw")
		if dw.Bad != nil {
			return nil, dw.Bad
		}
		rec.data.DW = dw.Values
		for _, c := range columns {
			rec.data.Values = append(rec.data.Values, c.Values)
		}
		rec.what = thousands(t.Rows) + " changes"
		if synapses >= o.Folds {
			rec.data.Unit = ids
		}
		return rec, nil
	}
	return rec, rec.follow(t, columns, ids, synapses, o, broken)
}

func (r *recording) warn(format string, args ...any) {
	r.warnings = append(r.warnings, fmt.Sprintf(format, args...))
}

// follow takes the weight changes from trajectories.
func (r *recording) follow(t *tasks.Table, columns []*tasks.Column, ids []int, synapses int, o identifyOptions, broken func(string, ...any) error) error {
	step, ok := t.Column("step")
	if !ok {
		return broken("column synapse without dw: a column step is needed to order the weights")
	}
	if step.Bad != nil {
		return step.Bad
	}
	at := slices.Index(r.data.Signals, rulespace.SigW)
	if at < 0 {
		return broken("column synapse without dw: a column w is needed to take the changes from")
	}
	tr, err := identify.Differences(ids, step.Values, columns[at].Values, o.Folds)
	if twice := new(identify.StepError); errors.As(err, &twice) {
		return &tasks.DataError{Path: t.Place(twice.Row), Msg: fmt.Sprintf("step %s of its synapse is there before: %s",
			short(step.Values[twice.Row]), t.Place(twice.First))}
	}
	if err != nil {
		return err
	}
	r.data.DW, r.data.Unit, r.data.Follows = tr.DW, tr.Unit, tr.Follows
	for _, c := range columns {
		v := make([]float64, len(tr.Rows))
		for i, n := range tr.Rows {
			v[i] = c.Values[n]
		}
		r.data.Values = append(r.data.Values, v)
	}
	r.what = fmt.Sprintf("%s changes of %s synapses", thousands(len(tr.DW)), thousands(synapses))
	if tr.Gaps > 0 {
		r.warn("%s pairs of rows are more than one step apart and left out", thousands(tr.Gaps))
	}
	return nil
}

// columnSignals says which columns hold which signals.
func columnSignals(t *tasks.Table, o identifyOptions) (map[string]rulespace.Signal, error) {
	names := namesOf(allSignals(), rulespace.Signal.String)
	meaning := map[string]rulespace.Signal{}
	known := func(flag, column string) error {
		if _, ok := t.Column(column); !ok {
			return invalidf("%s %s: %s has no column %q.%s Columns are %s", flag, column, t.Path, column, suggest(column, t.Names()), strings.Join(t.Names(), ", "))
		}
		return nil
	}
	for _, c := range o.ignore {
		if err := known("--ignore", c); err != nil {
			return nil, err
		}
	}
	for _, m := range o.signals {
		column, name, ok := strings.Cut(m, "=")
		if !ok {
			return nil, usagef("--signal %s: want column=signal", m)
		}
		s, ok := rulespace.SignalByName(name)
		if !ok {
			return nil, invalidf("--signal %s: %q is not a signal.%s metaplast list signals shows them", m, name, suggest(name, names))
		}
		if err := known("--signal", column); err != nil {
			return nil, err
		}
		meaning[column] = s
	}
	from := map[rulespace.Signal]string{}
	for _, c := range t.Names() {
		s, ok := meaning[c]
		if !ok {
			s, ok = rulespace.SignalByName(c)
		}
		if !ok || slices.Contains(o.ignore, c) {
			continue
		}
		if other, twice := from[s]; twice {
			return nil, invalidf("%s: columns %s and %s are both signal %s; leave one out with --ignore", t.Path, other, c, s)
		}
		from[s], meaning[c] = c, s
	}
	return meaning, nil
}

// number gives the values of a column numbers from 0.
func number(c *tasks.Column) (ids []int, n int) {
	seen := map[string]int{}
	for i, v := range c.Values {
		word := strconv.FormatFloat(v, 'g', -1, 64)
		if c.Words != nil {
			word = c.Words[i]
		}
		if _, ok := seen[word]; !ok {
			seen[word] = len(seen)
		}
		ids = append(ids, seen[word])
	}
	return ids, len(seen)
}

// identified is a fit with what belongs to it in print.
type identified struct {
	*recording
	*identify.Result
	identifyOptions
	file string
	near string
}

// texts are expressions as they are written on a line.
func texts(e []*rulespace.Expr) []string {
	out := make([]string, len(e))
	for i := range e {
		out[i] = e[i].String()
	}
	return out
}

// share writes an R²: with as many digits as tell it from 1.
func share(r float64) string {
	for digits := 3; digits < 9; digits++ {
		s := strconv.FormatFloat(r, 'f', digits, 64)
		if r < 1 && !strings.HasPrefix(s, "1.") {
			return strings.Replace(s, "-", "−", 1)
		}
	}
	return "1"
}

// six writes a number with six significant digits.
func six(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

func (a *app) identifyText(r identified) error {
	w := a.stdout
	var signals []string
	for _, s := range r.data.Signals {
		signals = append(signals, s.String())
	}
	fmt.Fprintf(w, "%s · %s · signals %s\n%s products of up to %d signals, %d folds\n\n",
		r.file, r.what, strings.Join(signals, ", "), thousands(r.Library), r.Degree, r.Result.Folds)
	t := newTable(w)
	t.row("terms", "held-out R²", "best sum of")
	for k, s := range r.Path {
		mark := ""
		if k+1 == len(r.Terms) {
			mark = "   ◂ pick"
		}
		t.row(fmt.Sprintf("%5d", k+1), share(s.HeldR2), pretty(strings.Join(texts(s.Terms), ", "))+mark)
	}
	if err := t.flush(); err != nil {
		return err
	}
	if r.Rule == nil {
		fmt.Fprintf(w, "\nno term predicts changes that were held out: no rule\n")
	} else {
		if err := a.identifiedRule(r); err != nil {
			return err
		}
	}
	for _, text := range r.allWarnings() {
		fmt.Fprintf(w, "note       %s\n", text)
	}
	return nil
}

// identifiedRule prints the rule and its terms.
func (a *app) identifiedRule(r identified) error {
	w := a.stdout
	fmt.Fprintf(w, "\n    Δw = %s\n\n", pretty(r.Rule.DW.String()))
	var params []string
	for _, p := range r.Rule.Params {
		params = append(params, p.Name+" = "+six(p.Value))
	}
	fmt.Fprintf(w, "with       %s\n", strings.Join(params, ", "))
	fmt.Fprintf(w, "R²         %s held out, %s fitted; root mean square of the rest %s\n", share(r.HeldR2), share(r.R2), short(r.Residual))
	if r.near != "" {
		fmt.Fprintf(w, "equals     %s, up to scale\n", classicTitle(r.near))
	} else {
		fmt.Fprintln(w, "equals     no classic rule")
	}
	fmt.Fprintf(w, "condition  %s\n\n", short(r.Condition))
	t := newTable(w)
	t.row("term", "coefficient", "95 % interval", "folds")
	for _, term := range r.Terms {
		t.row(pretty(term.Monomial.String()), six(term.Coefficient), "["+six(term.Low)+", "+six(term.High)+"]",
			fmt.Sprintf("%.0f of %d", term.Folds*float64(r.Result.Folds), r.Result.Folds))
	}
	if err := t.flush(); err != nil {
		return err
	}
	if len(r.allWarnings()) > 0 {
		fmt.Fprintln(w)
	}
	return nil
}

const (
	// Beyond this condition number small errors of the signals move
	// coefficients by tens of per cent.
	highCondition = 30
	// Of the correlation of successive residuals, which is −0.5 for weights
	// that are all measurement noise and 0 for noise in the changes.
	measurementNoise = -0.2
)

// allWarnings says in words what to be careful about.
func (r identified) allWarnings() []string {
	out := slices.Clone(r.warnings)
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, s := range r.Constant {
		add("%s never changes and is left out", s)
	}
	others := 0
	example := ""
	for i, alias := range r.Aliases {
		if r.Chosen(i) {
			add("%s cannot be told from %s, which is taken for it", pretty(alias.Monomial.String()), pretty(alias.Equals.String()))
			continue
		}
		others++
		if example == "" {
			example = pretty(alias.Monomial.String() + " = " + alias.Equals.String())
		}
	}
	if others > 0 {
		add("%s more products equal simpler sums on these rows, such as %s", thousands(others), example)
	}
	for _, v := range r.Rivals {
		add("%s in the place of %s does as well (held-out R² %s)", pretty(v.Instead.String()), pretty(v.Term.String()), share(v.HeldR2))
	}
	if r.Condition > highCondition {
		add("condition number %s: the terms are hard to tell apart, their coefficients lean on each other", short(r.Condition))
	}
	if r.Rows < 2*r.Library {
		add("%s rows for %s products: more rows or a lower --degree make the choice surer", thousands(r.Rows), thousands(r.Library))
	}
	if len(r.Terms) > 0 && len(r.Terms) == r.MaxTerms {
		add("the rule has as many terms as are tried; more may be better: --terms %d", 2*r.MaxTerms)
	}
	if r.Successive < measurementNoise && r.HeldR2 < 0.99 {
		add("successive residuals correlate by %s: the weights seem to be measured with noise, which looks like decay of w", fixed(r.Successive))
	}
	if 100*r.Outliers > r.Rows {
		add("%s rows are more than six standard deviations off; --robust gives them less weight", thousands(r.Outliers))
	}
	if r.HeldR2 < 0.5 {
		add("most of the change is not explained: noise, a signal that is not recorded, or no polynomial of degree %d", r.Degree)
	}
	return out
}

// The lines of identify --json; numbers have six significant digits.
type identifyStepJSON struct {
	Type   string   `json:"type"` // "step"
	Terms  []string `json:"terms"`
	R2     num      `json:"r2"`
	HeldR2 num      `json:"held_out_r2"`
	Pick   bool     `json:"pick"`
}

type identifyAliasJSON struct {
	Type   string `json:"type"` // "alias"
	Term   string `json:"term"`
	Equals string `json:"equals"`
	Chosen bool   `json:"chosen"` // equals a term of the rule
}

type identifyRivalJSON struct {
	Type    string `json:"type"` // "rival"
	Term    string `json:"term"`
	Instead string `json:"instead"`
	HeldR2  num    `json:"held_out_r2"`
	R2      num    `json:"r2"` // of one by the other
}

type identifyTermJSON struct {
	Term        string `json:"term"`
	Coefficient num    `json:"coefficient"`
	Low         num    `json:"low"`
	High        num    `json:"high"`
	Folds       num    `json:"folds"` // share that chose it
}

type identifyResultJSON struct {
	Type      string             `json:"type"` // "result"
	Data      string             `json:"data"`
	Rows      int                `json:"rows"`
	Products  int                `json:"products"`
	Folds     int                `json:"folds"`
	DW        string             `json:"dw"` // empty: no rule
	Params    map[string]num     `json:"params"`
	Terms     []identifyTermJSON `json:"terms"`
	R2        num                `json:"r2"`
	HeldR2    num                `json:"held_out_r2"`
	Residual  num                `json:"residual"`
	Near      string             `json:"near"`
	Condition num                `json:"condition"`
	Warnings  []string           `json:"warnings"`
	Why       string             `json:"why,omitempty"`
}

func (a *app) identifyJSON(r identified) error {
	rounded := func(v float64) num { return num(identify.Round(v)) }
	for k, s := range r.Path {
		if err := jsonLine(a.stdout, identifyStepJSON{"step", texts(s.Terms), rounded(s.R2), rounded(s.HeldR2), k+1 == len(r.Terms)}); err != nil {
			return err
		}
	}
	for i, v := range r.Aliases {
		if err := jsonLine(a.stdout, identifyAliasJSON{"alias", v.Monomial.String(), v.Equals.String(), r.Chosen(i)}); err != nil {
			return err
		}
	}
	for _, v := range r.Rivals {
		if err := jsonLine(a.stdout, identifyRivalJSON{"rival", v.Term.String(), v.Instead.String(), rounded(v.HeldR2), rounded(v.R2)}); err != nil {
			return err
		}
	}
	out := identifyResultJSON{
		Type: "result", Data: r.file, Rows: r.Rows, Products: r.Library, Folds: r.Result.Folds, Params: map[string]num{}, Terms: []identifyTermJSON{},
		R2: rounded(r.R2), HeldR2: rounded(r.HeldR2), Residual: rounded(r.Residual), Near: r.near, Condition: rounded(r.Condition), Warnings: r.allWarnings(),
	}
	if out.Warnings == nil {
		out.Warnings = []string{}
	}
	if r.Rule == nil {
		out.Why = "no term predicts changes that were held out"
	} else {
		out.DW = r.Rule.DW.String()
		for _, p := range r.Rule.Params {
			out.Params[p.Name] = num(p.Value)
		}
	}
	if math.IsInf(r.Condition, 0) {
		out.Why = "the condition is infinite"
	}
	for _, t := range r.Terms {
		out.Terms = append(out.Terms, identifyTermJSON{t.Monomial.String(), rounded(t.Coefficient), rounded(t.Low), rounded(t.High), num(t.Folds)})
	}
	return jsonLine(a.stdout, out)
}
