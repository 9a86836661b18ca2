package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/metaplast/metaplast/analysis"
	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/method"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// rediscoverOptions are the options of the verb rediscover.
type rediscoverOptions struct {
	runs, evaluations    int
	seed                 uint64
	methods, set         []string
	workers              string
	data, format, prints string
	json                 bool
}

func (a *app) rediscoverCommand() *cobra.Command {
	var o rediscoverOptions
	cmd := &cobra.Command{
		Use:   "rediscover [TASK…]",
		Short: "The benchmark of known rules: success rate with intervals, evaluations, time",
		Long: `Search for rules that are known, as if they were not, and say how often they
were found: each problem is a search with signals that the rule does not need,
and is run from several seeds. A run counts by the rule that it picks.

symbolic     the picked rule is the reference, written as a sum of monomials:
             the same ones, coefficients in the same ratios within 5 %
functional   it does what the reference does, up to a factor, where networks
             go that learn with the reference: cosine 0.999
behavioural  on 20 fresh seeds it is not worse than the reference at its best
             rate, by more than 0.02 of the normalised score with the whole
             95 % interval

Evaluations per success are those of all runs, failed ones included. "Found
after" is the median over successful runs of the evaluations until the rule
first stood on the front. The rank is that of the reference among all distinct
rules that the first run enumerated. A method that searches coefficients gets
all monomials up to the degree of the reference, and half of its evaluations go
to the removal of terms that add nothing (eliminate).

    metaplast rediscover
    metaplast rediscover oja bcm --runs 5 --method discover,random
    metaplast rediscover --print oja > oja.yaml`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.rediscover(cmd.Context(), args, o) },
	}
	flags := cmd.Flags()
	flags.IntVar(&o.runs, "runs", 20, "runs of each problem `N`, from seeds in a row")
	flags.Uint64Var(&o.seed, "seed", 1, "first seed `N`")
	flags.StringSliceVar(&o.methods, "method", []string{"discover"}, "search by `NAME`, several in turn: "+strings.Join(searcherNames(), ", "))
	flags.IntVar(&o.evaluations, "evaluations", 0, "rules that a run may try `N`; the problem's own number by default")
	flags.StringVar(&o.workers, "workers", "", "trials at a time `N`, or auto")
	flags.StringArrayVar(&o.set, "set", nil, "change a setting of the problems, `path=value`")
	flags.StringVar(&o.format, "format", "text", "text or markdown")
	flags.StringVar(&o.prints, "print", "", "print the config of the problem `NAME` and end")
	addData(cmd, &o.data)
	addJSON(cmd, &o.json)
	return cmd
}

// recovery is how often a method found the rule of a problem.
type recovery struct {
	argument              string // by which the user named the problem
	problem, method, lane string
	rule                  string
	runs                  []recoveryRun
	symbolic, functional  int
	behavioural           int
	rank, of              int // of the reference in the first run; 0 where it was not enumerated
	certificate           string
	why                   string // the method cannot search this problem
}

// recoveryRun is one search.
type recoveryRun struct {
	seed                              uint64
	symbolic, functional, behavioural bool
	evaluations                       int
	found                             int // evaluations until the rule stood on the front; 0 for never
	seconds                           float64
	pick                              string
	score                             float64
}

func (a *app) rediscover(ctx context.Context, names []string, o rediscoverOptions) error {
	if o.prints != "" {
		_, data, err := readProblem(o.prints)
		if err != nil {
			return err
		}
		_, err = a.stdout.Write(data)
		return err
	}
	if o.runs < 1 {
		return usagef("--runs %d: at least one", o.runs)
	}
	if o.format != "text" && o.format != "markdown" {
		return usagef("--format %s: want text or markdown", o.format)
	}
	all := len(names) == 0
	if all {
		names = problemNames()
	}
	for _, m := range o.methods {
		if known := searcherNames(); !slices.Contains(known, m) {
			return usagef("--method %s is not a method.%s Methods are %s", m, suggest(m, known), strings.Join(known, ", "))
		}
	}
	names, o.methods = distinct(names), distinct(o.methods)
	missing := map[string]error{}
	for _, name := range names { // a mistake in the last problem is not found out after hours
		_, err := o.load(name, "", o.seed)
		if all && is[*tasks.DataError](err) {
			missing[name] = err
			continue
		}
		if err != nil {
			return err
		}
	}
	ctx, stop := a.interruptible(ctx)
	defer stop()
	begin := time.Now()
	var done []*recovery
	stopped := false
	show := func() error {
		switch {
		case o.json:
			return jsonLine(a.stdout, rediscoverEndJSON{"result", len(names), o.methods, o.runs, stopped, num(time.Since(begin).Seconds())})
		case o.format == "markdown":
			return a.recoveryMarkdown(done, o.methods)
		}
		return a.recoveryTable(done, o.methods)
	}
problems:
	for _, name := range names {
		for _, m := range o.methods {
			r := &recovery{argument: name, problem: name, method: m}
			if err := missing[name]; err != nil {
				r.why = err.Error()
			} else {
				var err error
				r, err = a.recover(ctx, name, m, o)
				stopped = errors.Is(err, errInterrupted)
				if err != nil && !stopped {
					return err
				}
			}
			if stopped && len(r.runs) == 0 {
				break problems
			}
			done = append(done, r)
			if o.json {
				if err := jsonLine(a.stdout, r.json()); err != nil {
					return err
				}
			}
			if stopped {
				break problems
			}
		}
	}
	if stopped && len(done) == 0 {
		return errInterrupted
	}
	if stopped {
		fmt.Fprintln(a.stderr, "stopped: what is shown are the runs that ended")
	}
	return show()
}

// distinct leaves out what has been there before.
func distinct(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// load makes a run of a problem.
func (o *rediscoverOptions) load(name, by string, seed uint64) (*problemSearch, error) {
	over := []override{
		{"seed", int(seed), origin{fromFlag, "--seed"}},
		{"fresh", 20, origin{fromSet, "rediscover"}},
	}
	for _, s := range o.set {
		v, err := parseSet(s)
		if err != nil {
			return nil, err
		}
		over = append(over, v)
	}
	for _, f := range []struct {
		flag, path string
		given      bool
		value      any
	}{
		{"evaluations", "budget.evaluations", o.evaluations > 0, o.evaluations},
		{"workers", "workers", o.workers != "", yamlScalar(o.workers)},
		{"data", "data", o.data != "", o.data},
	} {
		if f.given {
			over = append(over, override{f.path, f.value, origin{fromFlag, "--" + f.flag}})
		}
	}
	return loadProblem(name, by, over, source)
}

// recover runs a problem from every seed.
func (a *app) recover(ctx context.Context, name, by string, o rediscoverOptions) (*recovery, error) {
	r := &recovery{argument: name, problem: name, method: by}
	for i := range o.runs {
		seed := o.seed + uint64(i)
		p, err := o.load(name, by, seed)
		if is[*configError](err) || is[*invalidError](err) {
			r.why = err.Error()
			return r, nil
		}
		if err != nil {
			return nil, err
		}
		r.lane = p.lane
		if r.problem = p.config.Name; r.rule == "" {
			r.rule = assignedBy(p.plan.Baselines[p.reference].Learner.Rule)
		}
		run, cert, err := p.run(ctx)
		if err != nil && ctx.Err() != nil {
			err = errInterrupted
		}
		if err != nil {
			return r, err
		}
		run.seed = seed
		if i == 0 && cert != nil {
			r.certificate = certificateText(cert)
			if k := slices.IndexFunc(cert.Ranks, func(k outer.Rank) bool { return k.Baseline == referenceName }); k >= 0 && cert.Ranks[k].Rank > 0 {
				r.rank, r.of = cert.Ranks[k].Rank, cert.Ranks[k].Of
			}
		}
		r.runs = append(r.runs, run)
		for _, c := range []struct {
			n  *int
			is bool
		}{{&r.symbolic, run.symbolic}, {&r.functional, run.functional}, {&r.behavioural, run.behavioural}} {
			if c.is {
				*c.n++
			}
		}
		if !o.json {
			what := "not recovered: " + run.pick
			if run.symbolic {
				what = "recovered"
			}
			fmt.Fprintf(a.stderr, "%s, %s, run %d of %d (seed %d): %s, score %s, %s evaluations, %s\n", r.problem, by, i+1, o.runs, seed,
				what, fixed(run.score), thousands(run.evaluations), duration(time.Duration(run.seconds*float64(time.Second))))
		}
	}
	return r, nil
}

// run searches and judges what was picked.
func (p *problemSearch) run(ctx context.Context) (recoveryRun, *outer.Certificate, error) {
	var run recoveryRun
	start := time.Now()
	report, err := outer.Run(ctx, p.plan, nil, &finder{problem: p, run: &run})
	if err == nil && report.Reason == outer.Stopped {
		err = errInterrupted
	}
	if err != nil {
		return run, nil, err
	}
	run.seconds = time.Since(start).Seconds()
	run.evaluations = report.Evaluations
	if report.Pick < 0 {
		run.pick = "no rule ended a trial well"
		run.score = math.NaN()
		return run, report.Certificate, nil
	}
	row := report.Front[report.Pick]
	run.pick, run.score = assignedBy(row.Rule), row.Score.Mean
	run.symbolic = p.hit(row.Rule)
	run.behavioural = row.Against[p.against].Score.Low >= -p.margin
	reference := report.Baselines[p.reference].Rule
	points, err := p.points(ctx, reference)
	if err != nil {
		return run, nil, err
	}
	run.functional = run.symbolic || p.functional(row.Rule, reference, points)
	if !run.symbolic {
		run.found = 0
	}
	return run, report.Certificate, nil
}

// finder notes when the reference first stands on the front.
type finder struct {
	problem *problemSearch
	run     *recoveryRun
	digest  map[string]bool // of rules that were looked at
}

// Observe implements outer.Observer. Fronts change with cohorts, so that the
// number found does not depend on how fast anything is.
func (f *finder) Observe(p outer.Progress) {
	if f.run.found > 0 || p.Phase != outer.PhaseSearch {
		return
	}
	if f.digest == nil {
		f.digest = map[string]bool{}
	}
	for _, r := range p.Front {
		if f.digest[r.Digest] {
			continue
		}
		f.digest[r.Digest] = true
		if f.problem.hit(r.Rule) {
			f.run.found = p.Evaluations
			return
		}
	}
}

// points are values that signals take while networks learn with the
// reference. Where what is searched reads what a forward connection does not
// present, a state or the signals of feedback weights, they are normal.
func (p *problemSearch) points(ctx context.Context, reference *rulespace.Rule) ([][]float64, error) {
	const perTask = 200
	l := p.plan.Learner
	l.Rule = reference
	e, _ := credit.ByName(l.Credit.Name)
	k := key.Root(p.plan.Seed).Child("rediscover", 0)
	var out [][]float64
	if len(reference.States) == 0 && !(slices.Contains(p.space.Searches(), rulespace.SlotDFB) && e.OwnFeedback != 0) {
		runner := trial.NewRunner()
		for i, s := range p.plan.Tasks {
			rows, err := runner.Sample(ctx, trial.Trial{
				Task: s.Task, Network: s.Network, Learner: l, Batch: s.Batch, Steps: s.Steps, Limits: p.plan.Limits, Pruning: p.plan.Pruning,
				Split: tasks.Test, Key: k.Child("points", uint64(i)),
			}, perTask)
			if err != nil {
				return nil, err
			}
			out = append(out, rows...)
		}
		return out, nil
	}
	stream := k.Child("normal", 0).Stream()
	for range perTask {
		row := make([]float64, rulespace.NumSignals)
		for i := range row {
			row[i] = stream.Normal()
		}
		out = append(out, row)
	}
	return out, nil
}

// perSuccess is what a success costs when failures are paid for too.
func (r *recovery) perSuccess(of func(recoveryRun) float64) float64 {
	sum := 0.0
	for _, run := range r.runs {
		sum += of(run)
	}
	return sum / float64(r.symbolic) // infinite or, without runs, NaN
}

func evaluationsOf(r recoveryRun) float64 { return float64(r.evaluations) }
func secondsOf(r recoveryRun) float64     { return r.seconds }

// median of something over runs that it is positive in.
func (r *recovery) median(of func(recoveryRun) float64) float64 {
	var v []float64
	for _, run := range r.runs {
		if x := of(run); x > 0 {
			v = append(v, x)
		}
	}
	if len(v) == 0 {
		return math.NaN()
	}
	slices.Sort(v)
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

func foundOf(r recoveryRun) float64 { return float64(r.found) }

// recoveryJSON is a line of rediscover --json.
type recoveryJSON struct {
	Type                  string            `json:"type"` // "task"
	Task                  string            `json:"task"`
	Rule                  string            `json:"rule"`
	Method                string            `json:"method"`
	Lane                  string            `json:"lane,omitempty"`
	Runs                  int               `json:"runs"`
	Recovered             int               `json:"recovered"` // symbolically
	Symbolic              int               `json:"symbolic"`
	Functional            int               `json:"functional"`
	Behavioural           int               `json:"behavioural"`
	Low                   num               `json:"low"` // of the rate of recovered runs, 95 %
	High                  num               `json:"high"`
	EvaluationsPerSuccess num               `json:"evaluations_per_success"`
	SecondsPerSuccess     num               `json:"seconds_per_success"`
	FoundAfter            num               `json:"found_after"`
	MedianSeconds         num               `json:"median_seconds"`
	ExhaustiveRank        *int              `json:"exhaustive_rank"`
	ExhaustiveOf          *int              `json:"exhaustive_of"`
	Certificate           string            `json:"certificate,omitempty"`
	Each                  []recoveryRunJSON `json:"each,omitempty"`
	Why                   string            `json:"why,omitempty"` // numbers are null
}

type recoveryRunJSON struct {
	Seed        uint64 `json:"seed"`
	Symbolic    bool   `json:"symbolic"`
	Functional  bool   `json:"functional"`
	Behavioural bool   `json:"behavioural"`
	Evaluations int    `json:"evaluations"`
	FoundAfter  int    `json:"found_after"`
	Seconds     num    `json:"seconds"`
	Score       num    `json:"score"`
	Pick        string `json:"pick"`
}

type rediscoverEndJSON struct {
	Type    string   `json:"type"` // "result"
	Tasks   int      `json:"tasks"`
	Methods []string `json:"methods"`
	Runs    int      `json:"runs"`
	Stopped bool     `json:"stopped,omitempty"` // interrupted: tasks and runs are those asked for
	Seconds num      `json:"seconds"`
}

func (r *recovery) json() recoveryJSON {
	out := recoveryJSON{
		Type: "task", Task: r.problem, Rule: r.rule, Method: r.method, Lane: r.lane, Runs: len(r.runs),
		Recovered: r.symbolic, Symbolic: r.symbolic, Functional: r.functional, Behavioural: r.behavioural,
		EvaluationsPerSuccess: num(r.perSuccess(evaluationsOf)), SecondsPerSuccess: num(r.perSuccess(secondsOf)),
		FoundAfter: num(r.median(foundOf)), MedianSeconds: num(r.median(secondsOf)),
		Certificate: r.certificate, Why: r.why,
	}
	low, high := analysis.Wilson(r.symbolic, len(r.runs))
	out.Low, out.High = num(low), num(high)
	if r.rank > 0 {
		out.ExhaustiveRank, out.ExhaustiveOf = &r.rank, &r.of
	}
	if r.symbolic == 0 && out.Why == "" {
		out.Why = "no run recovered the rule, so that a success has no price"
	}
	for _, run := range r.runs {
		out.Each = append(out.Each, recoveryRunJSON{run.seed, run.symbolic, run.functional, run.behavioural, run.evaluations, run.found, num(run.seconds), num(run.score), run.pick})
	}
	return out
}

var recoveryHeads = []string{"problem", "method", "recovered", "95 %", "functional", "behavioural", "evaluations per success", "found after", "seconds per success", "median seconds", "rank of the reference"}

func (r *recovery) cells() []string {
	if len(r.runs) == 0 {
		return []string{r.problem, r.method, "—"}
	}
	low, high := analysis.Wilson(r.symbolic, len(r.runs))
	of := func(k int) string { return fmt.Sprintf("%d/%d", k, len(r.runs)) }
	whole := func(v float64) string {
		if v-v != 0 {
			return "—"
		}
		return thousands(int(math.Round(v)))
	}
	seconds := func(v float64) string {
		if v-v != 0 {
			return "—"
		}
		return short3(v)
	}
	rank := "—"
	if r.rank > 0 {
		rank = thousands(r.rank) + " of " + thousands(r.of)
	}
	return []string{
		r.problem, r.method, of(r.symbolic), fmt.Sprintf("%.2f–%.2f", low, high), of(r.functional), of(r.behavioural),
		whole(r.perSuccess(evaluationsOf)), whole(r.median(foundOf)), seconds(r.perSuccess(secondsOf)), seconds(r.median(secondsOf)), rank,
	}
}

// short3 writes a positive number with three significant digits or as a whole
// number.
func short3(v float64) string {
	if v >= 100 {
		return thousands(int(math.Round(v)))
	}
	return fmt.Sprintf("%.3g", v)
}

// recoveryMatrix has a row for each problem and a column for each method: how
// often the rule was recovered.
func recoveryMatrix(all []*recovery, methods []string) [][]string {
	rows := [][]string{append([]string{"recovered"}, methods...)}
	for i, r := range all {
		if i == 0 || all[i-1].argument != r.argument {
			row := []string{r.problem}
			for range methods {
				row = append(row, "—")
			}
			rows = append(rows, row)
		}
		if len(r.runs) > 0 {
			row := rows[len(rows)-1]
			row[0] = r.problem
			row[1+slices.Index(methods, r.method)] = fmt.Sprintf("%d/%d", r.symbolic, len(r.runs))
		}
	}
	return rows
}

func (a *app) recoveryTable(all []*recovery, methods []string) error {
	t := newTable(a.stdout)
	if len(methods) > 1 {
		for _, row := range recoveryMatrix(all, methods) {
			t.row(row...)
		}
		t.row("")
	}
	t.row(recoveryHeads...)
	for _, r := range all {
		t.row(r.cells()...)
	}
	if err := t.flush(); err != nil {
		return err
	}
	for _, r := range all {
		if r.certificate != "" {
			fmt.Fprintf(a.stdout, "\n%s, first run: %s\n", r.problem, r.certificate)
		}
		if r.why != "" {
			fmt.Fprintf(a.stdout, "\n%s by %s: %s\n", r.problem, r.method, r.why)
		}
	}
	return nil
}

func (a *app) recoveryMarkdown(all []*recovery, methods []string) error {
	if len(methods) > 1 {
		for i, row := range recoveryMatrix(all, methods) {
			fmt.Fprintf(a.stdout, "| %s |\n", strings.Join(row, " | "))
			if i == 0 {
				fmt.Fprintf(a.stdout, "|%s\n", strings.Repeat("---|", len(row)))
			}
		}
		fmt.Fprintln(a.stdout)
	}
	fmt.Fprintf(a.stdout, "| %s |\n|%s\n", strings.Join(recoveryHeads, " | "), strings.Repeat("---|", len(recoveryHeads)))
	for _, r := range all {
		cells := r.cells()
		for len(cells) < len(recoveryHeads) {
			cells = append(cells, "")
		}
		fmt.Fprintf(a.stdout, "| %s |\n", strings.Join(cells, " | "))
	}
	fmt.Fprintln(a.stdout)
	for _, r := range all {
		if r.certificate != "" {
			fmt.Fprintf(a.stdout, "- %s, `%s`, first run: %s.\n", r.problem, r.rule, r.certificate)
		}
		if r.why != "" {
			fmt.Fprintf(a.stdout, "- %s by %s: %s.\n", r.problem, r.method, r.why)
		}
	}
	return nil
}

// searcherNames are the methods in the order of the catalogue.
func searcherNames() []string {
	return namesOf(method.Catalogue(), func(e method.Entry) string { return e.Name })
}
