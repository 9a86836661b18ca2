package outer

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/metaplast/metaplast/rulespace"
)

// A search with a third objective is told its costs, has them in its front, and
// keeps all that no other beats in all three respects.
func TestObjective(t *testing.T) {
	rules := someRules(t, 60)
	for _, text := range []string{"lr*err*pre", "lr*err*err_pre", "lr*err*pre - recon*post", "lr*pre*recon"} {
		rules = append(rules, mustRule(t, text))
	}
	for name, want := range map[string]func(Result) bool{
		"locality": func(r Result) bool {
			far := 0
			for _, s := range []rulespace.Signal{rulespace.SigErr, rulespace.SigErrPre, rulespace.SigRecon} {
				if r.Rule.Needs().Has(s) {
					far++
				}
			}
			return r.Cost == float64(far)
		},
		"energy": func(r Result) bool { return r.Cost == r.Rule.SynapticCost() },
		// Fake trials are within 0.03 of their mean.
		"robustness": func(r Result) bool { return r.Cost >= 0 && r.Cost < 0.06 && (r.N == 1 || r.Cost > 0) },
	} {
		list := &listSearcher{rules: rules, ends: Exhausted}
		p := fakePlan(t, nil, 2)
		p.Objective = name
		p.Signals |= rulespace.Signals(rulespace.SigErr, rulespace.SigErrPre, rulespace.SigRecon)
		p.Methods = []Method{{Name: "list", New: func() (Searcher, error) { return list, nil }}}
		p = withFakeTrials(t, p, 2)
		r, err := Run(context.Background(), p, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		costs := map[float64]bool{}
		for _, x := range list.told {
			if x.Status == OK && !want(x) {
				t.Errorf("%s of %s is %v", name, x.Rule.DW, x.Cost)
			}
			costs[x.Cost] = true
		}
		if len(costs) < 2 {
			t.Errorf("%s: all rules cost the same", name)
		}
		header, _, _ := strings.Cut(string(FrontCSV(r.Front)), "\n")
		if !strings.HasSuffix(header, ",pick,"+name) {
			t.Errorf("front.csv has columns %s", header)
		}
		for i, a := range r.Front {
			for _, b := range r.Front[:i] {
				if b.Cost <= a.Cost && b.Complexity <= a.Complexity && b.Score.Mean >= a.Score.Mean {
					t.Errorf("%s: %v beats %v", name, b.DW, a.DW)
				}
			}
		}
	}
	p := fakePlan(t, rules, 1)
	p.Objective = "beauty"
	if _, err := p.Resolve(); err == nil || !strings.Contains(err.Error(), "beauty") {
		t.Errorf("an unknown objective: %v", err)
	}
}

// The worst trial is the worst over replicates and tasks.
func TestWorst(t *testing.T) {
	s := &series{outcomes: [][]Outcome{{{Status: OK, Value: 0.5}, {Status: OK, Value: 0.9}}, {{Status: OK, Value: 0.7}, {Status: OK, Value: 0.3}}}}
	o, ok := ObjectiveByName("robustness")
	if got := o.of(&rulespace.Rule{}, s.tally()); !ok || math.Abs(got-(0.6-0.3)) > 1e-15 {
		t.Errorf("robustness %v, want 0.3", got)
	}
}
