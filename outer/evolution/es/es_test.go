package es

import (
	"math"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/searchtest"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

func TestConformance(t *testing.T) {
	for name, opts := range map[string]SearchOptions{
		"defaults": {},
		"extreme":  {Population: 4, Sigma: 2, Rate: 100, Momentum: -1, Patience: 1, Halvings: -1, Starts: -1},
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

func TestRanks(t *testing.T) {
	ok := func(score float64) outer.Result { return outer.Result{Status: outer.OK, Full: true, Score: score} }
	results := []outer.Result{ok(2), ok(5), ok(2), {Status: outer.Failed}, ok(math.NaN())}
	order := []int{1, 0, 2, 3, 4}
	if diff := gocmp.Diff([]float64{2.5, 4, 2.5, 0.5, 0.5}, ranks(results, order)); diff != "" {
		t.Error(diff)
	}
}

func TestRecoversCoefficients(t *testing.T) {
	searchtest.RecoversCoefficients(t, func(space *rulespace.Space, k key.Key) (outer.Searcher, error) {
		return NewSearcher(space, SearchOptions{}, k)
	})
}

func TestStart(t *testing.T) {
	space := &rulespace.Space{Template: searchtest.Template()}
	at, err := space.Template.WithParams(map[string]float64{"a": 1, "b": 0, "c": 0.5, "d": -1})
	if err != nil {
		t.Fatal(err)
	}
	other := &rulespace.Rule{DW: searchtest.MustParse("tanh(pre)")}
	s, err := NewSearcher(space, SearchOptions{Sigma: 1e-4}, key.Root(1))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Seed([]outer.Candidate{{Rule: other}, {Rule: at}}); err != nil {
		t.Fatal(err)
	}
	asked, err := s.Ask(1)
	if err != nil {
		t.Fatal(err)
	}
	if a, _ := asked[0].Rule.Param("a"); math.Abs(a.Value-1) > 0.01 {
		t.Errorf("the first rule is %s", asked[0].Rule.CanonicalText())
	}
	if _, err := NewSearcher(space, SearchOptions{Start: []*rulespace.Rule{other}}, key.Root(1)); err == nil {
		t.Error("no error for a start outside the space")
	}
}

func TestOptions(t *testing.T) {
	for _, o := range []SearchOptions{
		{Population: 5}, {Population: 2}, {Sigma: 3}, {Sigma: math.NaN()}, {Rate: -1}, {Momentum: 1}, {Patience: -1},
	} {
		if _, err := NewSearcher(searchtest.Cubes()[0], o, key.Root(1)); err == nil {
			t.Errorf("no error for %+v", o)
		}
	}
}
