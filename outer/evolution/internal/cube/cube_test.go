package cube

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/searchtest"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// A high score on a cheap rung ranks below a low one on the last, and costs
// nothing that could be compared with it.
func TestOrderUnderRungs(t *testing.T) {
	results := []outer.Result{
		{Status: outer.OK, Rung: 0, Score: 0.9},
		{Status: outer.OK, Rung: 2, Full: true, Score: 0.1},
		{Status: outer.Diverged, Rung: 2, Full: true, Score: 0.8},
		{Status: outer.OK, Rung: 2, Full: true, Score: 0.5},
		{Status: outer.OK, Rung: 1, Score: 0.2},
		{Status: outer.OK, Rung: 2, Full: true, Score: math.NaN()},
	}
	if diff := cmp.Diff([]int{3, 1, 4, 0, 2, 5}, Order(results)); diff != "" {
		t.Error(diff)
	}
	inf := math.Inf(1)
	if diff := cmp.Diff([]float64{inf, -0.1, inf, -0.5, inf, inf}, Costs(results)); diff != "" {
		t.Error(diff)
	}
}

// scripted asks for given points and keeps what it is told.
type scripted struct {
	points [][][]float64
	told   [][]float64
}

func (s *scripted) Ask() [][]float64 {
	if len(s.told) == len(s.points) {
		return nil
	}
	return s.points[len(s.told)]
}

func (s *scripted) Tell(results []outer.Result) {
	var scores []float64
	for _, r := range results {
		scores = append(scores, r.Score)
	}
	s.told = append(s.told, scores)
}

func (s *scripted) Status() string { return "as written" }

// Each rule is asked for once, and the strategy is told about every point.
func TestRulesAreAskedOnce(t *testing.T) {
	a, b, c := []float64{0, 0, 0, 0}, []float64{0.5, 0, 0, 0}, []float64{-1, 0, 0, 1}
	strategy := &scripted{points: [][][]float64{{a, b, a}, {b, a}, {c, {-3, 0, 0, 7}}}}
	s, err := New("test", &rulespace.Space{Template: searchtest.Template()}, nil,
		func(n int, _ [][]float64) Strategy {
			if n != 4 {
				t.Errorf("%d coordinates", n)
			}
			return strategy
		})
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	for {
		candidates, err := s.Ask(1)
		if err != nil {
			t.Fatal(err)
		}
		if len(candidates) == 0 {
			break
		}
		asked++
		if err := s.Tell([]outer.Result{{Score: float64(asked)}}); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([][]float64{{1, 2, 1}, {2, 1}, {3, 3}}, strategy.told); diff != "" || asked != 3 {
		t.Errorf("asked for %d rules:\n%s", asked, diff)
	}
	if reason, done := s.Done(); !done || reason != outer.Converged {
		t.Errorf("done: %v (%s)", done, reason)
	}
}

func TestPlace(t *testing.T) {
	start := [][]float64{{0.5, -0.5}}
	k := key.Root(1)
	if diff := cmp.Diff(start[0], Place(start, 2, 0, k)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]float64{0, 0}, Place(start, 2, 1, k)); diff != "" {
		t.Error(diff)
	}
	if a, b := Place(start, 2, 2, k), Place(start, 2, 3, k); cmp.Equal(a, b) || !cmp.Equal(a, Place(start, 2, 2, k)) {
		t.Errorf("random places are %v and %v", a, b)
	}
}
