package gradient

import (
	"math"
	"testing"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/searchtest"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

func TestConformance(t *testing.T) {
	for name, opts := range map[string]Options{
		"central": {},
		"forward": {Forward: true, Step: 0.5, Starts: -1, Patience: 1, Halvings: -1},
		"sparse":  {Directions: 1, L1: 0.05, Threshold: 0.1, Patience: 1, Halvings: 1},
	} {
		t.Run(name, func(t *testing.T) {
			searchtest.Run(t, searchtest.Suite{
				Make: func(space *rulespace.Space, k key.Key) (outer.Searcher, error) {
					return New(space, opts, k)
				},
				Spaces: searchtest.Cubes(), Misfit: searchtest.Symbolic()[0], Stochastic: true,
			})
		})
	}
}

func TestRecoversCoefficients(t *testing.T) {
	searchtest.RecoversCoefficients(t, func(space *rulespace.Space, k key.Key) (outer.Searcher, error) {
		return New(space, Options{}, k)
	})
}

// told answers all of a searcher's open questions and returns how many.
func told(t *testing.T, s *Searcher, score func(*rulespace.Rule) outer.Result) int {
	t.Helper()
	asked, err := s.Ask(1000)
	if err != nil {
		t.Fatal(err)
	}
	var results []outer.Result
	for _, a := range asked {
		results = append(results, score(a.Rule))
	}
	if err := s.Tell(results); err != nil {
		t.Fatal(err)
	}
	return len(asked)
}

func param(r *rulespace.Rule, name string) float64 {
	p, _ := r.Param(name)
	return p.Value
}

// A parabola has exact central differences; coefficients are twice (a, d) and
// once (b, c) the coordinates.
func TestSlope(t *testing.T) {
	score := func(r *rulespace.Rule) outer.Result {
		a, b, c, d := param(r, "a"), param(r, "b"), param(r, "c"), param(r, "d")
		return outer.Result{Status: outer.OK, Full: true, Score: 3*a - a*a + 2*b*c + 0.5*d}
	}
	at := func(values map[string]float64) *rulespace.Rule {
		r, err := searchtest.Template().WithParams(values)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	space := &rulespace.Space{Template: searchtest.Template()}
	for _, c := range []struct {
		opts   Options
		values map[string]float64
		asked  int
		want   []float64
	}{
		{Options{}, map[string]float64{"a": 0.5, "b": -0.25, "c": 0.75, "d": 1}, 9, []float64{4, 1.5, -0.5, 1}},
		// Forward differences of -4u² are off by -4·step.
		{Options{Forward: true}, map[string]float64{"a": 0.5, "b": -0.25, "c": 0.75, "d": 1}, 5,
			[]float64{4 - 4*0.05, 1.5, -0.5, 1}},
		// At the bounds differences are taken inwards: b is 1, d is -2.
		{Options{}, map[string]float64{"a": 0.5, "b": 1, "c": 0.75, "d": -2}, 7, []float64{4, 1.5, 2, 1}},
	} {
		c.opts.Start = []*rulespace.Rule{at(c.values)}
		s, err := New(space, c.opts, key.Root(1))
		if err != nil {
			t.Fatal(err)
		}
		if n := told(t, s, score); n != c.asked {
			t.Errorf("%v: asked for %d rules, want %d", c.values, n, c.asked)
		}
		for i, got := range s.slope() {
			if math.Abs(got-c.want[i]) > 1e-9 { // coefficients have few digits here, so nothing is rounded
				t.Errorf("%v: slope %d is %v, want %v", c.values, i, got, c.want[i])
			}
		}
	}
}

// A slope leads away from failed and pruned probes.
func TestSlopeAtFailures(t *testing.T) {
	start := searchtest.Template() // all coefficients 0
	for name, bad := range map[string]outer.Result{
		"diverged": {Status: outer.Diverged, Full: true, Score: 9},
		"NaN":      {Status: outer.OK, Full: true, Score: math.NaN()},
		"pruned":   {Status: outer.OK, Score: 9},
	} {
		s, err := New(&rulespace.Space{Template: start}, Options{Start: []*rulespace.Rule{start}}, key.Root(1))
		if err != nil {
			t.Fatal(err)
		}
		told(t, s, func(r *rulespace.Rule) outer.Result {
			if param(r, "a") > 0 || param(r, "b") < 0 {
				return bad
			}
			return outer.Result{Status: outer.OK, Full: true, Score: param(r, "c")}
		})
		for i, want := range []float64{-1, 1, 1, 0} {
			if got := s.slope()[i]; math.Abs(got-want) > 1e-9 {
				t.Errorf("%s: slope %d is %v, want %v", name, i, got, want)
			}
		}
	}
}

// Where an optional term is absent all near points are one rule; the stencil
// widens until the term appears.
func TestStencilLeavesTheGap(t *testing.T) {
	space := &rulespace.Space{Terms: []rulespace.Term{
		{Name: "a", Expr: searchtest.MustParse("pre*post"), Low: 0.1, High: 1, Log: true, Sign: 1},
		{Name: "b", Expr: searchtest.MustParse("w"), Low: 0.01, High: 1, Log: true, Optional: true},
	}}
	start := &rulespace.Rule{DW: searchtest.MustParse("0.5*pre*post")}
	s, err := New(space, Options{Start: []*rulespace.Rule{start}}, key.Root(1))
	if err != nil {
		t.Fatal(err)
	}
	fit := searchtest.NewFit(&rulespace.Rule{DW: searchtest.MustParse("0.5*pre*post - 0.1*w")}, false)
	if n := told(t, s, fit.Result); n != 5 {
		t.Errorf("asked for %d rules, want 5", n)
	}
	if got := s.slope()[1]; got >= 0 || s.stencils[1].step != 0.2 {
		t.Errorf("the slope of the absent term is %v over a step of %v", got, s.stencils[1].step)
	}
}

func TestEnds(t *testing.T) {
	space := searchtest.Cubes()[0]
	flat := func(r *rulespace.Rule) outer.Result { return outer.Result{Status: outer.OK, Full: true} }
	s, err := New(space, Options{Starts: 2}, key.Root(1))
	if err != nil {
		t.Fatal(err)
	}
	results, err := searchtest.Drive(s, flat, nil, 10, 10000)
	if reason, done := s.Done(); err != nil || !done || reason != outer.Converged {
		t.Errorf("after %d rules: done %v (%s), %v", len(results), done, reason, err)
	}
	if s.ascent != 2 {
		t.Errorf("%d ascents, want 2", s.ascent)
	}
}

func TestSeed(t *testing.T) {
	space := &rulespace.Space{Template: searchtest.Template()}
	at := func(a float64) *rulespace.Rule {
		r, err := space.Template.WithParams(map[string]float64{"a": a, "d": 1})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	s, err := New(space, Options{}, key.Root(1))
	if err != nil {
		t.Fatal(err)
	}
	outside := &rulespace.Rule{DW: searchtest.MustParse("tanh(pre)")}
	if err := s.Seed([]outer.Candidate{{Rule: at(0.5)}, {Rule: outside}, {Rule: at(0.25)}}); err != nil {
		t.Fatal(err)
	}
	asked, err := s.Ask(1)
	if err != nil || param(asked[0].Rule, "a") != 0.25 {
		t.Errorf("the first rule is %s (%v)", asked[0].Rule.CanonicalText(), err)
	}
}

func TestOptions(t *testing.T) {
	outside := &rulespace.Rule{DW: searchtest.MustParse("tanh(pre)")}
	for _, o := range []Options{
		{Step: 1e-4}, {Step: 0.6}, {Step: math.NaN()}, {Rate: -1}, {Patience: -1}, {Steps: -1},
		{Directions: -1}, {L1: -1}, {L1: math.Inf(1)}, {Threshold: -0.1}, {Threshold: 1}, {Threshold: math.NaN()},
		{Start: []*rulespace.Rule{outside}},
	} {
		if _, err := New(searchtest.Cubes()[0], o, key.Root(1)); err == nil {
			t.Errorf("no error for %+v", o)
		}
	}
}

// The first step of Adam has length rate in every coordinate with a slope,
// whatever the slope; points stay inside the cube.
func TestAdam(t *testing.T) {
	a := newAdam(4, 0.1)
	u := []float64{0, 0, 0, 0.95}
	a.step(u, []float64{1e-3, -50, 0, 2}, func(_ int, v, _ float64) float64 { return v })
	for i, want := range []float64{0.1, -0.1, 0, 1} {
		if math.Abs(u[i]-want) > 1e-9 { // ε over the smallest slope
			t.Errorf("coordinate %d is %v, want %v", i, u[i], want)
		}
	}
}
