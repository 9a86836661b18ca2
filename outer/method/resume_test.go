package method_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/learner"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/method"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// Worker count, kills and resumptions change nothing, whatever the method: for
// random plans with real trials, a search with several workers and one that is
// killed again and again, in the middle of whatever it does, find what an
// undisturbed one does.
func TestNothingChangesAResult(t *testing.T) {
	s := key.Root(5).Stream()
	for _, e := range searchers() {
		succeeded := 0
		for _, kind := range e.Spaces {
			killed := 0
			for range plans {
				p := randomPlan(t, s, e, kind)
				p.Workers = 1
				want := found(t, p, nil)
				if len(want.front) > 0 {
					succeeded++
				}
				p.Workers = 2 + s.IntN(3)
				if diff := cmp.Diff(want.text, found(t, p, nil).text); diff != "" {
					t.Fatalf("%s on a %s space: with %d workers (-one +several):\n%s", e.Name, kind, p.Workers, diff)
				}
				kills := 0
				disk := &mortal{known: map[string]outer.Outcome{}}
				for disk.left = s.IntN(25); ; disk.left = s.IntN(25) {
					_, err := outer.Run(context.Background(), p, disk, nil)
					if err == nil {
						break
					}
					if !errors.Is(err, errKilled) {
						t.Fatal(err)
					}
					if kills++; kills > 1000 {
						t.Fatalf("%s on a %s space does not end", e.Name, kind)
					}
				}
				killed += kills
				disk.left = 1 << 30
				if diff := cmp.Diff(want.text, found(t, p, disk).text); diff != "" {
					t.Fatalf("%s on a %s space: killed %d times (-undisturbed +killed):\n%s", e.Name, kind, kills, diff)
				}
			}
			if killed < plans {
				t.Errorf("%s on a %s space: %d searches were killed %d times", e.Name, kind, plans, killed)
			}
		}
		if succeeded < 2 {
			t.Errorf("%s: only %d of %d searches found anything", e.Name, succeeded, plans*len(e.Spaces))
		}
	}
}

// found is what comes of a search that depends on the plan alone.
func found(t *testing.T, p outer.Plan, store outer.Store) finding {
	t.Helper()
	r, err := outer.Run(context.Background(), p, store, nil)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintln(r.Reason, r.Methods, r.Evaluations, r.Asked, r.Unique, r.Cached, r.Failed, r.Trials, r.Pick)
	text += string(outer.FrontCSV(r.Front)) + string(outer.FamiliesCSV(r.Families))
	files, err := r.RuleFiles()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text += f.Name + "\n" + string(f.Data)
	}
	if c := r.Certificate; c != nil {
		text += fmt.Sprintln(c.Size, c.Sizes, c.Rules, c.Rungs, c.Failed, c.Best, c.Ranks)
	}
	return finding{r.Front, text}
}

type finding struct {
	front []outer.Row
	text  string
}

// randomPlan draws a small search.
func randomPlan(t *testing.T, s *key.Stream, e method.Entry, kind string) outer.Plan {
	t.Helper()
	task, err := tasks.Open(tasks.Spec{Name: "regression", Options: map[string]string{"dims": "2"}}, tasks.Source{})
	if err != nil {
		t.Fatal(err)
	}
	linear := network.Activation{Name: "linear"}
	p := outer.Plan{
		Name: "random", Seed: uint64(s.IntN(1000)),
		Tasks:       []outer.Setting{{Task: task, Network: network.Config{Sizes: []int{2, 1}, Output: linear}, Steps: 20 + s.IntN(40)}},
		Learner:     learner.Learner{Credit: credit.Config{Name: "bp"}},
		Rungs:       []outer.Rung{{Steps: 0.5, Seeds: 1, Keep: 0.3}, {Steps: 1, Seeds: 1 + s.IntN(3)}}[s.IntN(2):],
		Cohort:      1 + s.IntN(20),
		Evaluations: 10 + s.IntN(50),
		Fresh:       2,
	}
	sp := space(kind)
	p.Signals = sp.Reads()
	if !p.Signals.Has(rulespace.SigErr) && s.IntN(2) == 0 {
		p.Learner.Credit.Name = "none" // trials live side by side
	}
	if kind == "symbolic tuple" { // has a dfb
		p.Tasks[0].Network.Sizes = []int{2, 3, 1}
		p.Learner.Credit.Name = "fa"
	}
	if sp.Symbolic() && s.IntN(2) == 0 {
		p.Tune = outer.Tune{Param: "lr", Points: 2 + s.IntN(2)}
	}
	opts := method.Options{KeepScale: p.Tune.Param == ""}
	root := p.MethodKey(0)
	p.Methods = []outer.Method{{Name: e.Name, New: func() (outer.Searcher, error) { return e.New(sp, opts, root) }}}
	if s.IntN(2) == 0 { // and another that goes on from what it found
		var next []method.Entry
		for _, e := range searchers() {
			if slices.Contains(e.Spaces, kind) {
				next = append(next, e)
			}
		}
		second, root := next[s.IntN(len(next))], p.MethodKey(1)
		p.Methods[0].Evaluations = p.Evaluations / 2
		p.Methods = append(p.Methods, outer.Method{Name: second.Name, New: func() (outer.Searcher, error) { return second.New(sp, opts, root) }})
	}
	if oja := (&rulespace.Rule{}); kind == "symbolic" {
		oja, err = rulespace.ParseRule("dw: lr*post*(pre - post*w)", rulespace.Param{Name: "lr", Value: 0.01})
		if err != nil {
			t.Fatal(err)
		}
		p.Baselines = []outer.Baseline{{Name: "reference", Learner: learner.Learner{Credit: p.Learner.Credit, Rule: oja}}}
	}
	return p
}

// plans is how many searches each method is tried with on each kind of space.
const plans = 3

var errKilled = errors.New("killed")

// mortal is a store whose process dies once it has taken so many outcomes.
type mortal struct {
	known map[string]outer.Outcome
	left  int
}

func (m *mortal) Lookup(key string) (outer.Outcome, bool) {
	o, ok := m.known[key]
	return o, ok
}

func (m *mortal) Append(key string, o outer.Outcome) error {
	if m.left == 0 {
		return errKilled
	}
	m.left--
	m.known[key] = o
	return nil
}

func (m *mortal) Sync() error { return nil }
