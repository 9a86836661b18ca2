package pending

import (
	"math"
	"testing"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/rulespace"
)

func TestGeneration(t *testing.T) {
	var g Generation
	if !g.Complete() || g.Waiting() || g.Ask(3) != nil {
		t.Error("an empty generation has something to say")
	}
	rules := []*rulespace.Rule{{Name: "a"}, {Name: "b"}, {Name: "c"}}
	g.Start(rules)
	if got := g.Ask(2); len(got) != 2 || got[1].Rule.Name != "b" || !g.Waiting() {
		t.Fatalf("asked for %v", got)
	}
	for _, n := range []int{0, 1, 3} {
		if g.Tell(make([]outer.Result, n)) == nil {
			t.Errorf("%d results for two candidates were accepted", n)
		}
	}
	if err := g.Tell([]outer.Result{{Score: 1}, {Score: 2}}); err != nil || g.Waiting() || g.Complete() {
		t.Fatal(err)
	}
	if got := g.Ask(5); len(got) != 1 || got[0].Rule.Name != "c" {
		t.Fatalf("asked for %v", got)
	}
	if err := g.Tell([]outer.Result{{Score: 3}}); err != nil || !g.Complete() || g.Results()[2].Score != 3 {
		t.Error(err)
	}
}

func TestCompare(t *testing.T) {
	ok := func(full bool, rung int, score float64) outer.Result {
		return outer.Result{Status: outer.OK, Full: full, Rung: rung, Score: score}
	}
	// From worst to best; those in a group are equal.
	groups := [][]outer.Result{
		{ok(true, 2, math.NaN()), ok(true, 2, math.Inf(1)), ok(true, 2, math.Inf(-1)), {Status: outer.Failed, Score: 9, Full: true}},
		{ok(false, 0, 0.9)},
		{ok(false, 1, 0.1)},
		{ok(true, 2, -1e300)},
		{ok(true, 2, 0.5), {Status: outer.OK, Full: true, Rung: 2, Score: 0.5, Complexity: 9, Digest: "z"}},
		{ok(true, 2, 0.6)},
	}
	for i, g := range groups {
		for j, h := range groups {
			for _, a := range g {
				for _, b := range h {
					got, want := Compare(a, b), 0
					if i > j {
						want = 1
					} else if i < j {
						want = -1
					}
					if got != want {
						t.Errorf("%+v against %+v is %d, want %d", a, b, got, want)
					}
				}
			}
		}
	}
}
