package cmaes

import (
	"math"
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

func TestRecoversCoefficients(t *testing.T) {
	searchtest.RecoversCoefficients(t, func(space *rulespace.Space, k key.Key) (outer.Searcher, error) {
		return NewSearcher(space, SearchOptions{}, k)
	})
}

// Two coefficients that only count together: the widest axis is the direction
// in which they cancel, far wider than the others.
func TestDegeneracy(t *testing.T) {
	space := &rulespace.Space{Template: &rulespace.Rule{
		DW: searchtest.MustParse("a*pre + b*pre + c*post", "a", "b", "c"),
		Params: []rulespace.Param{
			{Name: "a", Low: -1, High: 1}, {Name: "b", Low: -1, High: 1}, {Name: "c", Low: -1, High: 1},
		},
	}}
	fit := searchtest.NewFit(&rulespace.Rule{DW: searchtest.MustParse("0.5*pre - 0.3*post")}, false)
	s, err := NewSearcher(space, SearchOptions{Restart: NoRestart}, key.Root(1))
	if err != nil {
		t.Fatal(err)
	}
	if s.Axes() != nil {
		t.Error("axes before anything is known")
	}
	if _, err := searchtest.Drive(s, fit.Result, nil, 8, 400); err != nil {
		t.Fatal(err)
	}
	axes := s.Axes()
	d := axes[0].Direction
	if math.Abs(d[0]-d[1]) < 1.4 || math.Abs(d[2]) > 0.05 || axes[0].Width < 30*axes[1].Width { // √2 and 0 by theory
		t.Errorf("the widest axis is %+v, the next %+v", axes[0], axes[1])
	}
}

func TestStart(t *testing.T) {
	space := &rulespace.Space{Template: searchtest.Template()}
	at, err := space.Template.WithParams(map[string]float64{"a": 1, "b": 0, "c": 0.5, "d": -1})
	if err != nil {
		t.Fatal(err)
	}
	other := &rulespace.Rule{DW: searchtest.MustParse("tanh(pre)")}
	s, err := NewSearcher(space, SearchOptions{Sigma: 0.003, TolX: 1e-9}, key.Root(1))
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
		{Lambda: 3}, {Lambda: 10001}, {Sigma: 3}, {Sigma: math.NaN()}, {Restart: "twice"}, {TolX: 1}, {TolX: -1}, {TolFun: -1},
	} {
		if _, err := NewSearcher(searchtest.Cubes()[0], o, key.Root(1)); err == nil {
			t.Errorf("no error for %+v", o)
		}
	}
}
