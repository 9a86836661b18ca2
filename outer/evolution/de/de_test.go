package de

import (
	"math"
	"slices"
	"testing"

	"github.com/metaplast/metaplast/internal/problem"
	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/searchtest"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

func newStrategy(t *testing.T, opts Options, n int, seed uint64) *strategy {
	t.Helper()
	opts, err := opts.withDefaults(n)
	if err != nil {
		t.Fatal(err)
	}
	s := &strategy{opts: opts, rng: key.Root(seed).Stream()}
	s.begin(n, nil)
	return s
}

// minimise returns the evaluations until a cost is at most the target. The cube
// reaches from -4 to 6 in every coordinate.
func minimise(t *testing.T, seed uint64, f func([]float64) float64, target float64, limit int) (int, bool) {
	t.Helper()
	s := newStrategy(t, Options{}, 10, seed)
	n, found := 0, false
	for n < limit && !found {
		var results []outer.Result
		for _, u := range s.Ask() {
			x := make([]float64, len(u))
			for i := range u {
				x[i] = 5*u[i] + 1
			}
			cost := f(x)
			found = found || cost <= target
			n++
			results = append(results, outer.Result{Status: outer.OK, Full: true, Score: -cost})
		}
		s.Tell(results)
	}
	return n, found
}

// Covariance matrix adaptation needs a third of the evaluations on the sphere
// and a tenth on Rosenbrock's function, but one run of it gets stuck in one of the
// 10¹⁰ minima of Rastrigin's, of which this finds the least in every run.
func TestFunctions(t *testing.T) {
	for _, c := range []struct {
		name   string
		f      func([]float64) float64
		target float64
		limit  int
	}{
		{"sphere", problem.Sphere, 1e-9, 7000},
		{"ellipsoid", problem.Ellipsoid, 1e-9, 10000},
		{"Rastrigin", problem.Rastrigin, 1e-6, 30000},
	} {
		var evaluations []int
		for seed := range uint64(5) {
			n, ok := minimise(t, seed, c.f, c.target, c.limit)
			if !ok {
				t.Errorf("%s: seed %d does not get to %g in %d evaluations", c.name, seed, c.target, n)
			}
			evaluations = append(evaluations, n)
		}
		slices.Sort(evaluations)
		t.Logf("%s: %v", c.name, evaluations)
	}
}

func TestConformance(t *testing.T) {
	for name, opts := range map[string]Options{
		"defaults": {},
		"extreme":  {Population: 5, Greed: 1},
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
		return NewSearcher(space, Options{}, k)
	})
}

func TestStart(t *testing.T) {
	space := &rulespace.Space{Template: searchtest.Template()}
	at, err := space.Template.WithParams(map[string]float64{"a": 1, "b": 0, "c": 0.5, "d": -1})
	if err != nil {
		t.Fatal(err)
	}
	other := &rulespace.Rule{DW: searchtest.MustParse("tanh(pre)")}
	s, err := NewSearcher(space, Options{}, key.Root(1))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Seed([]outer.Candidate{{Rule: other}, {Rule: at}}); err != nil {
		t.Fatal(err)
	}
	if asked, err := s.Ask(1); err != nil || asked[0].Rule.Digest() != at.Digest() {
		t.Errorf("the first rule is %s (%v)", asked[0].Rule.CanonicalText(), err)
	}
	if _, err := NewSearcher(space, Options{Start: []*rulespace.Rule{other}}, key.Root(1)); err == nil {
		t.Error("no error for a start outside the space")
	}
}

func TestOptions(t *testing.T) {
	for _, o := range []Options{
		{Population: 4}, {Population: 10001}, {Greed: -0.1}, {Greed: 1.1}, {Greed: math.NaN()}, {Generations: -1},
	} {
		if _, err := NewSearcher(searchtest.Cubes()[0], o, key.Root(1)); err == nil {
			t.Errorf("no error for %+v", o)
		}
	}
	s := newStrategy(t, Options{Generations: 2}, 4, 1)
	for range 2 {
		points := s.Ask()
		if len(points) != 16 {
			t.Fatalf("a generation has %d points, want 16", len(points))
		}
		s.Tell(make([]outer.Result, len(points)))
	}
	if points := s.Ask(); points != nil {
		t.Errorf("a third generation of two has %d points", len(points))
	}
}
