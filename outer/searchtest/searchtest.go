package searchtest

import (
	"math"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// Make builds the searcher under test.
type Make func(space *rulespace.Space, k key.Key) (outer.Searcher, error)

// Suite describes a searcher to Run.
type Suite struct {
	Make   Make
	Spaces []*rulespace.Space // of the kinds that it searches
	Misfit *rulespace.Space   // of a kind that it does not search, if there is one
	// Stochastic searchers ask for other rules when the seed changes.
	Stochastic bool
	// Asks is how many candidates each check looks at; 300 by default.
	Asks int
}

// Run checks the contract of outer.Searcher.
func Run(t *testing.T, suite Suite) {
	if suite.Asks == 0 {
		suite.Asks = 300
	}
	for i, space := range suite.Spaces {
		c := check{suite, space}
		t.Run("space "+strconv.Itoa(i)+" "+space.Kind(), func(t *testing.T) {
			t.Run("same seed", c.sameSeed)
			t.Run("other seed", c.otherSeed)
			t.Run("replay", c.replay)
			t.Run("piecewise", c.piecewise)
			t.Run("ahead", c.ahead)
			t.Run("valid rules", c.validRules)
			t.Run("hostile results", c.hostile)
			t.Run("protocol", c.protocol)
		})
	}
	t.Run("misfit", func(t *testing.T) {
		if suite.Misfit == nil {
			t.Skip("searches every kind of space")
		}
		if _, err := suite.Make(suite.Misfit, key.Root(1)); err == nil {
			t.Errorf("no error for a %s space", suite.Misfit.Kind())
		}
	})
	t.Run("empty space", func(t *testing.T) {
		s, err := suite.Make(&rulespace.Space{}, key.Root(1))
		if err != nil {
			return
		}
		if asked, err := s.Ask(10); err == nil && len(asked) > 0 {
			t.Errorf("asked for %s in a space without rules", asked[0].Rule.DW)
		}
	})
}

type check struct {
	Suite
	space *rulespace.Space
}

func (c check) make(t *testing.T, seed uint64) outer.Searcher {
	t.Helper()
	s, err := c.Make(c.space, key.Root(seed))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// asks runs a search and returns the digests it asked for.
func (c check) asks(t *testing.T, s outer.Searcher, batch int, score func(*rulespace.Rule) outer.Result) []string {
	t.Helper()
	var out []string
	for len(out) < c.Asks {
		asked, err := s.Ask(batch)
		if err != nil {
			t.Fatal(err)
		}
		if len(asked) > batch {
			t.Fatalf("asked for %d candidates of at most %d", len(asked), batch)
		}
		if len(asked) == 0 {
			c.checkDone(t, s)
			break
		}
		var results []outer.Result
		for _, a := range asked {
			out = append(out, a.Rule.Digest())
			results = append(results, score(a.Rule))
		}
		if err := s.Tell(results); err != nil {
			t.Fatal(err)
		}
	}
	return out[:min(len(out), c.Asks)]
}

// checkDone requires that a searcher that asks for nothing says why, and that
// it stays that way.
func (c check) checkDone(t *testing.T, s outer.Searcher) {
	t.Helper()
	if reason, done := s.Done(); !done || reason == "" {
		t.Fatalf("asked for nothing, but is not done (%q)", reason)
	}
	for range 3 {
		if asked, err := s.Ask(10); len(asked) > 0 || err != nil {
			t.Fatalf("asked for %d candidates (%v) after it was done", len(asked), err)
		}
	}
}

// score is deterministic, smooth and has no ties to speak of.
func (c check) score(r *rulespace.Rule) outer.Result {
	if r.DFB != nil {
		return surrogatePair.Result(r)
	}
	return surrogate.Result(r)
}

// surrogate and surrogatePair only have to give different rules different
// scores.
var (
	squashed = rulespace.Apply(rulespace.Tanh,
		rulespace.Apply(rulespace.Mul, rulespace.Sig(rulespace.SigPre), rulespace.Sig(rulespace.SigPost)))
	surrogate     = NewFit(&rulespace.Rule{DW: squashed}, true)
	surrogatePair = NewFit(&rulespace.Rule{DW: squashed, DFB: squashed}, true)
)

func (c check) sameSeed(t *testing.T) {
	a := c.asks(t, c.make(t, 1), 8, c.score)
	b := c.asks(t, c.make(t, 1), 8, c.score)
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("the same seed asked for other rules (-first +second):\n%s", diff)
	}
	if len(a) == 0 {
		t.Error("asked for nothing")
	}
}

func (c check) otherSeed(t *testing.T) {
	a := c.asks(t, c.make(t, 1), 8, c.score)
	b := c.asks(t, c.make(t, 2), 8, c.score)
	if same := cmp.Equal(a, b); same == c.Stochastic && len(a) >= 10 {
		t.Errorf("stochastic is %v, but asks under two seeds are equal: %v", c.Stochastic, same)
	}
}

// replay stops a search half-way and rebuilds it from what it was told.
func (c check) replay(t *testing.T) {
	type exchange struct {
		max     int
		asked   []string
		results []outer.Result
	}
	var journal []exchange
	s := c.make(t, 5)
	for total := 0; total < c.Asks; {
		e := exchange{max: 1 + total%13}
		asked, err := s.Ask(e.max)
		if err != nil {
			t.Fatal(err)
		}
		if len(asked) == 0 {
			break
		}
		for _, a := range asked {
			e.asked = append(e.asked, a.Rule.Digest())
			e.results = append(e.results, c.score(a.Rule))
		}
		if err := s.Tell(e.results); err != nil {
			t.Fatal(err)
		}
		total += len(asked)
		journal = append(journal, e)
	}
	s = c.make(t, 5)
	for i, e := range journal {
		asked, err := s.Ask(e.max)
		if err != nil {
			t.Fatal(err)
		}
		var digests []string
		for _, a := range asked {
			digests = append(digests, a.Rule.Digest())
		}
		if diff := cmp.Diff(e.asked, digests); diff != "" {
			t.Fatalf("exchange %d differs when replayed (-first +replayed):\n%s", i, diff)
		}
		if err := s.Tell(e.results); err != nil {
			t.Fatal(err)
		}
	}
}

// piecewise checks that what a search asks for does not depend on how much it
// is asked at a time.
func (c check) piecewise(t *testing.T) {
	want := c.asks(t, c.make(t, 3), 1, c.score)
	for _, batch := range []int{7, 1000} {
		if diff := cmp.Diff(want, c.asks(t, c.make(t, 3), batch, c.score)); diff != "" {
			t.Errorf("asked %d at a time, rules differ from those asked one at a time (-1 +%d):\n%s", batch, batch, diff)
		}
	}
}

// ahead checks that what a steady search asks for ahead of its time is what it
// asks for in time, and that it ends the same way.
func (c check) ahead(t *testing.T) {
	s, ok := c.make(t, 3).(outer.Steady)
	if !ok {
		t.Skip("depends on results")
	}
	want := c.asks(t, c.make(t, 3), 7, c.score)
	results := func(asked []outer.Candidate) []outer.Result {
		out := make([]outer.Result, len(asked))
		for i, a := range asked {
			out[i] = c.score(a.Rule)
		}
		return out
	}
	var got []string
	asked, err := s.Ask(7)
	for err == nil && len(asked) > 0 && len(got) < c.Asks {
		for _, a := range asked {
			got = append(got, a.Rule.Digest())
		}
		var next []outer.Candidate
		if next, err = s.AskAhead(7); err != nil {
			break
		}
		if len(next) > 0 {
			if _, again := s.AskAhead(7); again == nil {
				t.Fatal("asked ahead twice")
			}
			if _, done := s.Done(); done {
				t.Fatal("done before everything was told")
			}
		}
		err = s.Tell(results(asked))
		asked = next
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got[:min(len(got), c.Asks)]); diff != "" {
		t.Errorf("ahead of time other rules are asked for (-in time +ahead):\n%s", diff)
	}
	if len(asked) == 0 {
		c.checkDone(t, s)
	}
}

func (c check) validRules(t *testing.T) {
	c.asks(t, c.make(t, 4), 10, func(r *rulespace.Rule) outer.Result {
		c.valid(t, r)
		return c.score(r)
	})
}

func (c check) valid(t *testing.T, r *rulespace.Rule) {
	t.Helper()
	if err := r.Validate(); err != nil {
		t.Fatalf("asked for an invalid rule, %s: %v", r.DW, err)
	}
	if !c.space.Symbolic() {
		return
	}
	if extra := r.Needs().Minus(c.space.Signals); extra != 0 {
		t.Fatalf("rule %s reads %s, which is outside the space", r.DW, extra)
	}
	size := 0
	for i, slot := range c.space.Searches() {
		e := c.space.Searched(r)[i]
		size += e.Size() - 2
		if extra := e.Signals().Minus(c.space.ReadsIn(slot)); extra != 0 {
			t.Fatalf("%v of %s reads %s, which it may not", slot, r.CanonicalText(), extra)
		}
	}
	if size > c.space.MaxComplexity && r.Complexity() > c.space.MaxComplexity {
		t.Fatalf("rule %s has %d nodes besides its learning rate and complexity %d, above %d",
			r.CanonicalText(), size, r.Complexity(), c.space.MaxComplexity)
	}
}

// hostile tells results as a search on a bad day gets them.
func (c check) hostile(t *testing.T) {
	scores := []float64{0.3, math.NaN(), math.Inf(1), math.Inf(-1), -1e300, 1e300, 0}
	status := []outer.Status{outer.OK, outer.OK, outer.Diverged, outer.Silent, outer.Failed, outer.OK}
	for seed := range uint64(4) {
		rng := key.Root(seed).Child("hostile", 0).Stream()
		c.asks(t, c.make(t, seed), 5, func(r *rulespace.Rule) outer.Result {
			c.valid(t, r)
			return outer.Result{
				Candidate: outer.Candidate{Rule: r}, Digest: r.Digest(), Complexity: r.Complexity(),
				Score: scores[rng.IntN(len(scores))], Status: status[rng.IntN(len(status))],
				Rung: rng.IntN(3), Full: rng.IntN(2) == 0, Cached: rng.IntN(2) == 0, N: 1 + rng.IntN(3),
			}
		})
	}
	all := func(st outer.Status) func(*rulespace.Rule) outer.Result {
		return func(r *rulespace.Rule) outer.Result {
			return outer.Result{Candidate: outer.Candidate{Rule: r}, Status: st, Score: -1}
		}
	}
	// Nothing works; then everything works, but nothing gets past the first
	// rung and all scores are equal.
	c.asks(t, c.make(t, 1), 5, all(outer.Failed))
	c.asks(t, c.make(t, 1), 5, all(outer.OK))
	// A cached result carries the rule that was scored before.
	other := &rulespace.Rule{DW: rulespace.Sig(rulespace.SigPre)}
	c.asks(t, c.make(t, 1), 5, func(*rulespace.Rule) outer.Result {
		r := c.score(other)
		r.Cached = true
		return r
	})
}

func (c check) protocol(t *testing.T) {
	s := c.make(t, 6)
	if asked, err := s.Ask(0); len(asked) > 0 || err != nil {
		t.Errorf("asked for none, got %d (%v)", len(asked), err)
	}
	if _, done := s.Done(); done {
		t.Fatal("done before it started")
	}
	asked, err := s.Ask(3)
	if err != nil || len(asked) == 0 || len(asked) > 3 {
		t.Fatalf("asked for 3, got %d (%v)", len(asked), err)
	}
	results := make([]outer.Result, len(asked)+1)
	for i, a := range asked {
		results[i] = c.score(a.Rule)
	}
	if err := s.Tell(results); err == nil {
		t.Error("more results than candidates were accepted")
	}
	if _, err := s.Ask(3); err == nil {
		t.Error("asked again before the results were told")
	}
	if err := s.Tell(results[:len(asked)]); err != nil {
		t.Error(err)
	}
	if err := s.Tell(results[:1]); err == nil {
		t.Error("a result without a candidate was accepted")
	}
}
