package outer

import (
	"bytes"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/metaplast/metaplast/rulespace"
)

func TestReportDoesNotDependOnWorkers(t *testing.T) {
	rules := someRules(t, 150)
	var first, journal string
	for _, workers := range []int{1, 2, 5} {
		m := newMemory()
		r, err := Run(context.Background(), fakePlan(t, rules, workers), m, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := files(t, r)
		if first == "" {
			first, journal = got, string(m.bytes())
			if len(r.Front) < 3 {
				t.Fatalf("a front of %d rules tests little", len(r.Front))
			}
			continue
		}
		if d := cmp.Diff(first, got); d != "" {
			t.Errorf("%d workers give other files:\n%s", workers, d)
		}
		if journal != string(m.bytes()) {
			t.Errorf("%d workers write another journal", workers)
		}
	}
}

// A search that is killed after any number of journal records, again and
// again, ends with the report and the journal of one that was not.
func TestResume(t *testing.T) {
	rules := someRules(t, 25)
	whole := newMemory()
	want, err := Run(context.Background(), fakePlan(t, rules, 2), whole, nil)
	if err != nil {
		t.Fatal(err)
	}
	wantFiles := files(t, want)
	rapid.Check(t, func(rt *rapid.T) {
		m := newMemory()
		for kills := rapid.IntRange(1, 3).Draw(rt, "kills"); kills > 0; kills-- {
			m = newMemory(m.log...)
			m.room = rapid.IntRange(0, len(whole.log)-len(m.log)-1).Draw(rt, "records")
			_, err := Run(context.Background(), fakePlan(t, rules, 2), m, nil)
			if !errors.Is(err, errFull) {
				rt.Fatalf("a full disk gives %v", err)
			}
			if len(m.log) == len(whole.log)-1 {
				break
			}
		}
		m = newMemory(m.log...)
		before := len(m.log)
		got, err := Run(context.Background(), fakePlan(t, rules, 2), m, nil)
		if err != nil {
			rt.Fatal(err)
		}
		if got.Replayed != before || got.Trials != len(whole.log) {
			rt.Errorf("replayed %d of %d trials, of %d known ones", got.Replayed, got.Trials, before)
		}
		if d := cmp.Diff(wantFiles, files(t, got)); d != "" {
			rt.Errorf("resumed run differs:\n%s", d)
		}
		if !bytes.Equal(m.bytes(), whole.bytes()) {
			rt.Error("the journal of the resumed run differs")
		}
		got.Replayed = want.Replayed
		if d := cmp.Diff(want.counts(), got.counts()); d != "" {
			rt.Errorf("counts differ:\n%s", d)
		}
	})
}

// counts are the numbers of a report.
func (r *Report) counts() []any {
	return []any{r.Reason, r.Methods, r.Evaluations, r.Asked, r.Unique, r.Cached, r.Failed, r.Trials, r.Validated, r.Pick}
}

// The front holds exactly what an exhaustive look at the results says.
func TestFrontIsTheBestOfWhatWasTold(t *testing.T) {
	rules := someRules(t, 150)
	searcher := &listSearcher{rules: rules, ends: Exhausted}
	p := fakePlan(t, rules, 2)
	p.Methods[0].New = func() (Searcher, error) { return searcher, nil }
	r, err := Run(context.Background(), p, newMemory(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.Reason != Exhausted || r.Asked != 150 || len(searcher.told) != 150 {
		t.Fatalf("reason %q, asked %d, told %d", r.Reason, r.Asked, len(searcher.told))
	}
	var want []string
	best := math.Inf(-1)
	for size := 1; size < 100; size++ {
		at := ""
		for _, x := range searcher.told {
			if x.Complexity == size && x.Full && x.Status == OK && x.Score > best {
				best, at = x.Score, x.Digest
			}
		}
		if at != "" {
			want = append(want, at)
		}
	}
	var got []string
	for _, row := range r.Front {
		got = append(got, row.Digest)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("front:\n%s", d)
	}
	full := 0
	for _, x := range searcher.told {
		if x.Full {
			full++
			lr, _ := x.Rule.Param("lr")
			// The best rate on the grid of a decade's distance, halved twice,
			// is the optimum itself.
			if x.Status == OK && lr.Value != 0.01 {
				t.Errorf("%s was tuned to lr = %v", x.Rule.DW, lr.Value)
			}
		}
		if math.IsNaN(x.Score) || math.IsNaN(x.SE) {
			t.Errorf("told a score of %v ± %v", x.Score, x.SE)
		}
	}
	if full < 10 || full > 75 {
		t.Errorf("%d of 150 candidates reached the last rung", full)
	}
	if r.Evaluations+r.Cached+silent(r) != 150 {
		t.Errorf("%d evaluations, %d cached, %d silent of 150", r.Evaluations, r.Cached, silent(r))
	}
	for i, row := range r.Front {
		if row.Score.N != 10 || row.HeldOut.N != 10 || len(row.Against) != 1 || len(row.Tasks) != 3 {
			t.Errorf("row %d has no evidence: %+v", i, row.Evidence)
		}
	}
}

func silent(r *Report) int {
	for _, c := range r.Failed {
		if c.Status == Silent {
			return c.N
		}
	}
	return 0
}

func TestBudget(t *testing.T) {
	rules := someRules(t, 150)
	for _, budget := range []int{1, 15, 16, 17, 100} {
		p := fakePlan(t, rules, 2)
		p.Evaluations = budget
		r, err := Run(context.Background(), p, newMemory(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.Reason != OutOfEvals || r.Evaluations != budget {
			t.Errorf("budget %d: %d evaluations, %s", budget, r.Evaluations, r.Reason)
		}
	}
}

// A method that has nothing new to say is ended at the same moment whether it is
// asked ahead or not.
func TestNoNewRules(t *testing.T) {
	rules := someRules(t, 20)
	var first []any
	for _, workers := range []int{1, 2} {
		p := fakePlan(t, rules, workers) // two are asked ahead
		p.Methods[0].New = func() (Searcher, error) { return &listSearcher{rules: rules, loop: true}, nil }
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		r, err := Run(ctx, p, newMemory(), nil)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		if r.Reason != NoNewRules || r.Evaluations > 20 || r.Cached < patience*p.Cohort-20 {
			t.Errorf("%s after %d evaluations and %d cached", r.Reason, r.Evaluations, r.Cached)
		}
		if first == nil {
			first = r.counts()
		}
		if d := cmp.Diff(first, r.counts()); d != "" {
			t.Errorf("%d workers: %s", workers, d)
		}
	}
}

func TestMethodsShareWhatTheyFound(t *testing.T) {
	rules := someRules(t, 60)
	first := &listSearcher{rules: rules[:40], ends: Exhausted}
	second := &listSearcher{rules: rules, ends: Converged}
	p := fakePlan(t, rules, 1)
	p.Methods = []Method{
		{Name: "one", New: func() (Searcher, error) { return first, nil }, Evaluations: 20},
		{Name: "two", New: func() (Searcher, error) { return second, nil }},
	}
	r, err := Run(context.Background(), p, newMemory(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if first.seeds != nil || len(second.seeds) == 0 {
		t.Errorf("%d and %d seeds", len(first.seeds), len(second.seeds))
	}
	if r.Methods[0].Evaluations != 20 || r.Methods[0].Reason != OutOfEvals || r.Methods[1].Reason != Converged {
		t.Errorf("methods ended with %+v", r.Methods)
	}
	if r.Cached < 20 {
		t.Errorf("the second method found %d of 20 rules cached", r.Cached)
	}
	for i, x := range first.told {
		if y := second.told[i]; x.Digest != y.Digest || x.Score != y.Score || x.Status == OK && !y.Cached {
			t.Errorf("candidate %d: %v, then %v", i, x, y)
		}
	}
}

// badEvaluator is not a Streamer and answers with what no evaluator should.
type badEvaluator struct{ values []float64 }

func (e badEvaluator) Evaluate(_ context.Context, jobs []Job) ([]Outcome, error) {
	out := make([]Outcome, len(jobs))
	for i := range out {
		out[i] = Outcome{Status: OK, Value: e.values[i%len(e.values)], Raw: e.values[(i/2)%len(e.values)]}
	}
	return out, nil
}

func TestNotANumber(t *testing.T) {
	rules := someRules(t, 60)
	p := fakePlan(t, rules, 1)
	p.Evaluator = badEvaluator{[]float64{math.NaN(), 0.1, math.Inf(1), 0.2, math.Inf(-1)}}
	searcher := &listSearcher{rules: rules, ends: Exhausted}
	p.Methods[0].New = func() (Searcher, error) { return searcher, nil }
	r, err := Run(context.Background(), p, newMemory(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range searcher.told {
		if !finite(x.Score) || !finite(x.SE) || x.Score > 0.2 {
			t.Errorf("told %v ± %v", x.Score, x.SE)
		}
	}
	if csv := string(FrontCSV(r.Front)); strings.Contains(csv, "NaN") || strings.Contains(csv, "Inf") {
		t.Errorf("front.csv has numbers that are none:\n%s", csv)
	}
}

func TestNothingWorks(t *testing.T) {
	rules := someRules(t, 30)
	p := fakePlan(t, rules, 1)
	p.Evaluator = newPool(2, nil, nil, singly(func() single {
		return func(_ context.Context, j Job) Outcome {
			if j.Rep == 0 && j.Steps%2 == 0 {
				panic("index out of range\ngoroutine 17 [running]")
			}
			return failure(Diverged, "weights above 1e4")
		}
	}))
	r, err := Run(context.Background(), p, newMemory(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Front) != 0 || r.Pick != -1 || len(r.Failed) == 0 {
		t.Errorf("front %v, pick %d, failed %v", r.Front, r.Pick, r.Failed)
	}
	if got := r.Failed[0]; got.Status != Failed || got.Reason != "panic: index out of range" {
		t.Errorf("failures are %+v", r.Failed)
	}
	if got := string(FrontCSV(r.Front)); strings.Count(got, "\n") != 1 {
		t.Errorf("front.csv of no rules is %q", got)
	}
}

// observerFunc is a function as an Observer.
type observerFunc func(Progress)

func (f observerFunc) Observe(p Progress) { f(p) }

// A soft stop loses nothing; the search continues where it was.
func TestStop(t *testing.T) {
	rules := someRules(t, 150)
	whole := newMemory()
	want, err := Run(context.Background(), fakePlan(t, rules, 2), whole, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, hard := range []bool{false, true} {
		stop := make(chan struct{})
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		p := fakePlan(t, rules, 1)
		p.Stop = stop
		p = withFakeTrials(t, p, 3)
		calls := 0
		m := newMemory()
		r, err := Run(ctx, p, m, observerFunc(func(pr Progress) {
			if calls++; calls == 4 {
				if hard {
					cancel()
				} else {
					close(stop)
				}
			}
		}))
		if err != nil {
			t.Fatal(err)
		}
		if r.Reason != Stopped || r.Validated || len(m.log) == 0 || len(m.log) >= len(whole.log) || m.syncs == 0 {
			t.Fatalf("hard %v: reason %s, %d of %d trials, %d syncs", hard, r.Reason, len(m.log), len(whole.log), m.syncs)
		}
		if len(r.Front) == 0 || r.Pick < 0 || !bytes.HasPrefix(whole.bytes(), m.bytes()) {
			t.Errorf("hard %v: front %v, pick %d", hard, r.Front, r.Pick)
		}
		again, err := Run(context.Background(), fakePlan(t, rules, 2), newMemory(m.log...), nil)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(files(t, want), files(t, again)); d != "" {
			t.Errorf("hard %v: resumed run differs:\n%s", hard, d)
		}
	}
}

func TestMoreBudgetContinues(t *testing.T) {
	rules := someRules(t, 150)
	whole, small := newMemory(), newMemory()
	want, err := Run(context.Background(), fakePlan(t, rules, 2), whole, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := fakePlan(t, rules, 2)
	p.Evaluations = 50
	if _, err := Run(context.Background(), p, small, nil); err != nil {
		t.Fatal(err)
	}
	got, err := Run(context.Background(), fakePlan(t, rules, 2), newMemory(small.log...), nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(files(t, want), files(t, got)); d != "" {
		t.Errorf("a budget given in two parts ends elsewhere:\n%s", d)
	}
	if got.Replayed == 0 {
		t.Error("nothing was replayed")
	}
}

// brokenSearcher misbehaves in one way.
type brokenSearcher struct{ how string }

func (s brokenSearcher) Ask(limit int) ([]Candidate, error) {
	switch s.how {
	case "fails":
		return nil, errors.New("no memory")
	case "nothing":
		return nil, nil
	case "too many":
		return make([]Candidate, limit+1), nil
	}
	return make([]Candidate, 1), nil // without a rule
}

func (s brokenSearcher) Tell([]Result) error  { return nil }
func (s brokenSearcher) Done() (Reason, bool) { return "", false }

func TestBrokenSearchers(t *testing.T) {
	for how, want := range map[string]string{
		"fails":    "no memory",
		"nothing":  "returned 0",
		"too many": "returned 17",
		"no rule":  "has no rule",
	} {
		p := fakePlan(t, nil, 1)
		p.Methods[0] = Method{Name: "broken", New: func() (Searcher, error) { return brokenSearcher{how}, nil }}
		_, err := Run(context.Background(), p, newMemory(), nil)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "broken: ") {
			t.Errorf("a searcher that %s gives %v", how, err)
		}
	}
}

func TestResolveRefuses(t *testing.T) {
	for want, change := range map[string]func(*Plan){
		"no task":              func(p *Plan) { p.Tasks = nil },
		"no search method":     func(p *Plan) { p.Methods = nil },
		"0 evaluations":        func(p *Plan) { p.Evaluations = 0 },
		"last rung":            func(p *Plan) { p.Rungs = []Rung{{Steps: 0.5}} },
		"rung 1":               func(p *Plan) { p.Rungs = []Rung{{Steps: math.NaN()}} },
		"at least 2 needed":    func(p *Plan) { p.Tune = Tune{Param: "lr", Points: 1} },
		"positive numbers":     func(p *Plan) { p.Tune = Tune{Param: "lr", Low: -1, High: 1} },
		"no name of its own":   func(p *Plan) { p.Baselines = append(p.Baselines, p.Baselines[0]) },
		"has no task":          func(p *Plan) { p.HeldOut = []Setting{{}} },
		"-1 steps":             func(p *Plan) { p.Tasks[0].Steps = -1 },
		"must be at least 1":   func(p *Plan) { p.Workers = -1 },
		"has no rule":          func(p *Plan) { p.Baselines[0].Learner.Rule = nil },
		"has no searcher or a": func(p *Plan) { p.Methods[0].New = nil },
	} {
		p := fakePlan(t, nil, 1)
		change(&p)
		if _, err := Run(context.Background(), p, newMemory(), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}

func TestDefaultRungs(t *testing.T) {
	p := fakePlan(t, nil, 1)
	p.Rungs = nil
	r, err := p.Resolve()
	if err != nil {
		t.Fatal(err)
	}
	if want := []Rung{{0.1, 1, 0.25}, {1, 3, 0}}; !cmp.Equal(want, r.Rungs) {
		t.Errorf("rungs of a long life are %v", r.Rungs)
	}
	p.Tasks[1].Steps = 999
	if r, err = p.Resolve(); err != nil || r.Rungs[0].Steps != 1 {
		t.Errorf("rungs of a short life are %v, %v", r.Rungs, err)
	}
	if p.Tasks[0].Batch != 0 {
		t.Error("Resolve changed the plan it was given")
	}
}

func TestProgress(t *testing.T) {
	rules := someRules(t, 60)
	var phases []Phase
	var last Progress
	_, err := Run(context.Background(), fakePlan(t, rules, 2), newMemory(), observerFunc(func(p Progress) {
		if len(phases) == 0 || phases[len(phases)-1] != p.Phase {
			phases = append(phases, p.Phase)
		}
		if p.Evaluations < last.Evaluations || p.Trials < last.Trials || p.Pending < 0 {
			t.Errorf("from %+v to %+v", last, p)
		}
		last = p
	}))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]Phase{PhaseBaselines, PhaseSearch, PhaseValidate}, phases); d != "" {
		t.Errorf("phases:\n%s", d)
	}
	if len(last.Front) == 0 || len(last.Baselines) != 1 || last.Budget != 1000 || last.Method == "list" {
		t.Errorf("last progress %+v", last)
	}
}

func TestPromote(t *testing.T) {
	e := func(complexity int, score float64, digest string) *entry {
		return &entry{result: Result{Complexity: complexity, Score: score, Digest: digest, Status: OK}}
	}
	var seen archive
	failed := e(1, 9, "failed")
	failed.result.Status = Diverged
	live := []*entry{failed, e(9, 0.5, "a"), e(9, 0.9, "b"), e(9, 0.8, "c"), e(9, 0.7, "d"), e(3, 0.1, "e"), e(5, 0.05, "f")}
	names := func(es []*entry) (s string) {
		for _, e := range es {
			s += e.result.Digest
		}
		return s
	}
	// A third of six is two: b and c; e is the best of the simple ones.
	if got := names(promote(live, 1./3, &seen)); got != "bce" {
		t.Errorf("promoted %s", got)
	}
	// Later the best of the cohort goes on though it is no match for the past.
	if got := names(promote([]*entry{e(9, 0.2, "g"), e(9, 0.3, "h"), e(4, 0.15, "i")}, 0.01, &seen)); got != "hi" {
		t.Errorf("promoted %s", got)
	}
	if got := names(promote([]*entry{e(9, 0.2, "k"), e(9, 0.3, "l")}, 0, &seen)); got != "kl" {
		t.Errorf("promoted %s", got)
	}
	if got := promote([]*entry{failed}, 0.5, &seen); len(got) != 0 {
		t.Errorf("promoted a failure")
	}
}

func TestArchive(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var a archive
		var all []Result
		for i := range rapid.IntRange(0, 40).Draw(rt, "n") {
			r := Result{
				Digest:     string(rune('a' + i)),
				Complexity: rapid.IntRange(1, 8).Draw(rt, "complexity"),
				Score:      float64(rapid.IntRange(-3, 3).Draw(rt, "score")),
				Full:       true, Status: OK,
			}
			if rapid.IntRange(0, 5).Draw(rt, "ok") == 0 {
				r.Status = Diverged
			}
			all = append(all, r)
			a.add(r)
		}
		on := map[string]bool{}
		for i, m := range a.members() {
			on[m.Digest] = true
			if i > 0 && (m.Complexity <= a.members()[i-1].Complexity || m.Score <= a.members()[i-1].Score) {
				rt.Errorf("%v follows %v", m, a.members()[i-1])
			}
		}
		for _, r := range all {
			beaten := r.Status != OK
			for _, o := range all {
				if o.Status == OK && o.Digest != r.Digest && o.Complexity <= r.Complexity &&
					(o.Score > r.Score || o.Score == r.Score && (o.Complexity < r.Complexity || o.Digest < r.Digest)) {
					beaten = true
				}
			}
			if beaten == on[r.Digest] {
				rt.Errorf("%v: beaten %v, on the front %v", r, beaten, on[r.Digest])
			}
		}
	})
}

// With a cost, the front is what no other equals or beats in all three respects,
// whatever the order of arrival.
func TestArchiveWithCosts(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var a archive
		var all []Result
		for i := range rapid.IntRange(0, 40).Draw(rt, "n") {
			r := Result{
				Digest:     string(rune('a' + i)),
				Complexity: rapid.IntRange(1, 4).Draw(rt, "complexity"),
				Cost:       float64(rapid.IntRange(0, 3).Draw(rt, "cost")),
				Score:      float64(rapid.IntRange(-3, 3).Draw(rt, "score")),
				Full:       true, Status: OK,
			}
			all = append(all, r)
			a.add(r)
		}
		on := map[string]bool{}
		for i, m := range a.members() {
			on[m.Digest] = true
			if i > 0 && m.Complexity < a.members()[i-1].Complexity {
				rt.Errorf("%v follows %v", m, a.members()[i-1])
			}
		}
		for _, r := range all {
			beaten := false
			for _, o := range all {
				equal := o.Score == r.Score && o.Complexity == r.Complexity && o.Cost == r.Cost
				if o.Digest != r.Digest && o.Complexity <= r.Complexity && o.Cost <= r.Cost && o.Score >= r.Score && (!equal || o.Digest < r.Digest) {
					beaten = true
				}
			}
			if beaten == on[r.Digest] {
				rt.Errorf("%v: beaten %v, on the front %v", r, beaten, on[r.Digest])
			}
		}
	})
}

func TestLine(t *testing.T) {
	r := mustRule(t, "lr*pre*post")
	values := func(l line, points []float64) (v []float64) {
		for _, p := range points {
			v = append(v, l.value(p))
		}
		return v
	}
	l := Tune{Param: "lr", Points: 5}.line(r)
	if d := cmp.Diff([]float64{1e-4, 1e-3, 1e-2, 0.1, 1}, values(l, l.grid())); d != "" {
		t.Errorf("grid:\n%s", d)
	}
	ranged := *r
	ranged.Params = []rulespace.Param{{Name: "lr", Value: 0.1, Low: 0.5, High: 2, Log: true}}
	l = Tune{Param: "lr", Points: 3}.line(&ranged)
	if d := cmp.Diff([]float64{0.5, 1, 2}, values(l, l.grid())); d != "" {
		t.Errorf("grid over the range of the rule:\n%s", d)
	}
	if l := (Tune{Param: "a", Points: 3}).line(r); l.param != "" || len(l.grid()) != 1 {
		t.Errorf("a parameter that the rule has not: %+v", l)
	}
	c := newContender("x", fakeLearner(r), Tune{Param: "lr", Points: 5})
	c.best = 2
	c.refine()
	if d := cmp.Diff([]float64{0.003162, 0.01, 0.03162}, values(c.line, c.points)); d != "" {
		t.Errorf("refined:\n%s", d)
	}
	c.best = 4
	c.refine()
	if d := cmp.Diff([]float64{0.5623, 1}, values(c.line, c.points)); d != "" {
		t.Errorf("refined at the end of the range:\n%s", d)
	}
	c.best = 3.75
	if !c.climb() || len(c.points) != 3 || c.climb() {
		t.Errorf("climbed to %v", c.points)
	}
}

// A long life wants a rate that a short one does not even try.
func TestTuneFollowsTheBestValue(t *testing.T) {
	rules := someRules(t, 1)
	p := fakePlan(t, rules, 1)
	p.Rungs = []Rung{{Steps: 0.1, Seeds: 1}, {Steps: 1, Seeds: 2}}
	searcher := &listSearcher{rules: rules, ends: Exhausted}
	p.Methods[0].New = func() (Searcher, error) { return searcher, nil }
	trials := 0
	p.Evaluator = newPool(1, nil, nil, singly(func() single {
		return func(_ context.Context, j Job) Outcome {
			trials++
			lr, _ := j.Learner.Rule.Param("lr")
			best := -1.
			if j.Steps >= 1000 {
				best = -2.6
			}
			return Outcome{Status: OK, Value: -math.Abs(math.Log10(lr.Value) - best)}
		}
	}))
	p.Baselines, p.HeldOut = nil, nil
	r, err := Run(context.Background(), p, newMemory(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if lr, _ := searcher.told[0].Rule.Param("lr"); lr.Value != 0.003162 { // 10^−2.5 is nearest
		t.Errorf("tuned to %v", lr.Value)
	}
	if lr, _ := r.Front[0].Rule.Param("lr"); lr.Value != 0.002371 || r.Front[0].Search.Mean < -0.03 { // 10^−2.625
		t.Errorf("polished to %v, score %v", lr.Value, r.Front[0].Search)
	}
	// Five rates on the short life; 10^−0.5, …, 10^−3 on the long one and four
	// between them, twice; ten fresh replicates; each on two tasks.
	if want := 2 * (5 + 2*(6+4) + 10); trials != want {
		t.Errorf("%d trials, want %d", trials, want)
	}
}

func TestConfirmedDropsWhatASimplerRuleBeats(t *testing.T) {
	rows := make([]Row, 4)
	for i, mean := range []float64{0.1, 0.3, 0.2, 0.4} {
		rows[i] = Row{Rank: i + 1, Complexity: 2*i + 1, Evidence: Evidence{Score: Interval{Mean: mean, N: 10}}}
	}
	var got []int
	for i, r := range confirmed(rows) {
		if r.Rank != i+1 {
			t.Errorf("row %d has rank %d", i+1, r.Rank)
		}
		got = append(got, r.Complexity)
	}
	if !slices.Equal(got, []int{1, 3, 7}) {
		t.Errorf("kept sizes %v", got)
	}

	// With a cost: the third is beaten by the second, the fourth is cheaper.
	rows = nil
	for i, c := range []struct{ mean, cost float64 }{{0.1, 2}, {0.5, 2}, {0.4, 3}, {0.3, 1}, {0.1, 0}} {
		rows = append(rows, Row{Complexity: i, Cost: c.cost, Evidence: Evidence{Score: Interval{Mean: c.mean, N: 10}}})
	}
	got = nil
	for _, r := range confirmed(rows) {
		got = append(got, r.Complexity)
	}
	if !slices.Equal(got, []int{0, 1, 3, 4}) {
		t.Errorf("with costs, kept sizes %v", got)
	}
}

// unraced is a listSearcher that goes by differences between scores.
type unraced struct{ *listSearcher }

func (unraced) Unraced() {}

// What is not raced reaches the last rung unless it fails, and has the score
// that it has when there is one rung only.
func TestUnraced(t *testing.T) {
	rules := someRules(t, 60)
	told := func(rungs []Rung, wrap func(*listSearcher) Searcher) []Result {
		list := &listSearcher{rules: rules, ends: Exhausted}
		p := fakePlan(t, nil, 2)
		p.Rungs = rungs
		p.Methods = []Method{{Name: "list", New: func() (Searcher, error) { return wrap(list), nil }}}
		p.Tune = Tune{} // finer on every rung
		if _, err := Run(context.Background(), withFakeTrials(t, p, 2), nil, nil); err != nil {
			t.Fatal(err)
		}
		return list.told
	}
	all := []Rung{{Steps: 1, Seeds: 1, Keep: 0.25}, {Steps: 1, Seeds: 2, Keep: 0.5}, {Steps: 1, Seeds: 3}}
	raced := told(all, func(l *listSearcher) Searcher { return l })
	free := told(all, func(l *listSearcher) Searcher { return unraced{l} })
	single := told(all[2:], func(l *listSearcher) Searcher { return l })
	early := 0
	for i, r := range free {
		if r.Status == OK && !r.Full {
			t.Errorf("%v stays on rung %d", r.Rule.DW, r.Rung)
		}
		if r.Score != single[i].Score || r.Status != single[i].Status {
			t.Errorf("%v: %v on three rungs, %v on one", r.Rule.DW, r, single[i])
		}
		if raced[i].Status == OK && !raced[i].Full {
			early++
		}
	}
	if early < 10 {
		t.Errorf("only %d of %d rules end early in a race", early, len(raced))
	}
}
