package gradient

import (
	"math"
	"slices"
	"testing"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/searchtest"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// On a quadratic f(u + cΔ) − f(u − cΔ) is 2c·g·Δ, so that ĝ_i has mean g_i and
// variance Σ_{j≠i} g_j².
func TestSimultaneousSlope(t *testing.T) {
	score := func(r *rulespace.Rule) outer.Result {
		a, b, c, d := param(r, "a"), param(r, "b"), param(r, "c"), param(r, "d")
		return outer.Result{Status: outer.OK, Full: true, Score: 3*a - a*a + 2*b*c + 0.5*d*a}
	}
	u := []float64{0.25, -0.25, 0.75, 0.5}
	// By hand.
	want := []float64{3 - 2*0.25 + 0.5*0.5, 2 * 0.75, 2 * -0.25, 0.5 * 0.25}
	const n = 400
	var mean, square [4]float64
	for seed := range uint64(n) {
		space := unit()
		s, err := New(space, Options{Directions: 1, Start: []*rulespace.Rule{space.Decode(u)}}, key.Root(seed))
		if err != nil {
			t.Fatal(err)
		}
		if asked := told(t, s, score); asked != 3 {
			t.Fatalf("asked for %d rules, want 3", asked)
		}
		for i, g := range s.slope() {
			mean[i] += g / n
			square[i] += g * g / n
		}
	}
	for i := range want {
		variance := 0.0
		for j := range want {
			if j != i {
				variance += want[j] * want[j]
			}
		}
		se := math.Sqrt(variance / n)
		if math.Abs(mean[i]-want[i]) > 3*se {
			t.Errorf("slope %d is %v on average, want %v ± %v", i, mean[i], want[i], se)
		}
		// A variance of n values has a relative error of about √(2/n) = 7 %.
		if got := square[i] - mean[i]*mean[i]; math.Abs(got-variance) > 0.25*variance {
			t.Errorf("slope %d has variance %v, want %v", i, got, variance)
		}
	}
}

// Directions lead away from failed probes, and from the bounds inwards.
func TestSimultaneousSlopeAtFailures(t *testing.T) {
	space := unit()
	start := space.Decode([]float64{1, 0, 0, 0})
	s, err := New(space, Options{Directions: 8, Start: []*rulespace.Rule{start}}, key.Root(1))
	if err != nil {
		t.Fatal(err)
	}
	told(t, s, func(r *rulespace.Rule) outer.Result {
		if param(r, "b") > 0 {
			return outer.Result{Status: outer.Diverged, Full: true, Score: 9}
		}
		return outer.Result{Status: outer.OK, Full: true, Score: 0}
	})
	if g := s.slope(); !(g[1] < 0) {
		t.Errorf("the slope is %v", g)
	}
	for _, p := range s.pairs {
		if math.Abs(math.Abs(p.span[0])-0.05) > 1e-12 || math.Abs(math.Abs(p.span[1])-0.1) > 1e-12 {
			t.Errorf("the probes are %v apart", p.span)
		}
	}
}

func TestSimultaneousRecoversCoefficients(t *testing.T) {
	fit := searchtest.NewFit(&rulespace.Rule{
		DW: searchtest.MustParse("0.8*pre*post + 0.3*pre - 0.4*post - 0.7*post^2*w"),
	}, false)
	near := func(r outer.Result) bool { return r.Score > 0.999 }
	total := 0
	for seed := range uint64(5) {
		s, err := New(unit(), Options{Directions: 1, Patience: 20}, key.Root(seed))
		if err != nil {
			t.Fatal(err)
		}
		results, err := searchtest.Drive(s, fit.Result, near, 3, 3000)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(results, near) {
			t.Errorf("seed %d: not there after %d evaluations", seed, len(results))
		}
		total += len(results)
	}
	t.Logf("%d evaluations on average", total/5)
}
