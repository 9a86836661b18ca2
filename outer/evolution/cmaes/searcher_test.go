package cmaes

import (
	"math"
	"slices"
	"testing"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/searchtest"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

func TestConformance(t *testing.T) {
	for name, opts := range map[string]SearchOptions{
		"defaults": {},
		"extreme":  {Lambda: 5, Sigma: 2, Restart: IPOP, TolX: 0.5, TolFun: 0.1, Noise: true},
		"one run":  {Restart: NoRestart},
	} {
		t.Run(name, func(t *testing.T) {
			searchtest.Run(t, searchtest.Suite{
				Make: func(space *rulespace.Space, k key.Key) (outer.Searcher, error) {
					return NewSearcher(space, opts, k)
				},
				Spaces: searchtest.Cubes(), Misfit: searchtest.Symbolic()[0], Stochastic: true,
			})
		})
	}
}

// The score is a parabola in the coefficients with its peak at the target; 20
// of 20 seeds come within 2 % of every coefficient.
func TestRecoversCoefficients(t *testing.T) {
	want := map[string]float64{"a": 0.8, "b": 0.3, "c": -0.4, "d": 1.2}
	fit := searchtest.NewFit(&rulespace.Rule{
		DW: searchtest.MustParse("0.8*pre*post + 0.3*pre - 0.4*post - 1.2*post^2*w"),
	}, false)
	space := &rulespace.Space{Template: searchtest.Template()}
	near := func(r outer.Result) bool {
		for _, p := range r.Rule.Params {
			if math.Abs(p.Value-want[p.Name]) > 0.02*math.Abs(want[p.Name]) {
				return false
			}
		}
		return true
	}
	total, most := 0, 0
	for seed := range uint64(20) {
		s, err := NewSearcher(space, SearchOptions{}, key.Root(seed))
		if err != nil {
			t.Fatal(err)
		}
		told, err := searchtest.Drive(s, fit.Result, near, 8, 3000)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(told, near) {
			t.Errorf("seed %d: not within 2 %% after %d evaluations", seed, len(told))
		}
		total += len(told)
		most = max(most, len(told))
	}
	t.Logf("%d evaluations on average, at most %d", total/20, most)
}
