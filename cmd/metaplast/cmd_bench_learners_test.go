package main

import (
	"math"
	"testing"
)

// Rates are tried around the default, and further where the best is at an end.
func TestTune(t *testing.T) {
	for _, c := range []struct {
		peak  float64 // log₃ of the best rate over the default
		tries int
		edge  bool
	}{{0, 5, false}, {1, 5, false}, {2, 6, false}, {-4, 8, false}, {40, 10, true}, {-40, 10, true}} {
		g := graded{rate: 0.1}
		tries := 0
		err := g.tune(5, func(rate float64) (float64, error) {
			tries++
			return 1 / (1 + math.Abs(math.Log(rate/0.1)/math.Log(3)-c.peak)), nil
		})
		got := math.Round(math.Log(g.rate/0.1) / math.Log(3))
		if err != nil || tries != c.tries || g.edge != c.edge || !c.edge && got != c.peak {
			t.Errorf("peak at %v: %d tries, found %v, edge %v, %v", c.peak, tries, got, g.edge, err)
		}
	}
}

// A rate that is a little better in the mean but fails now and then is not.
func TestCautious(t *testing.T) {
	if steady, shaky := cautious([]float64{0.92, 0.93, 0.94}), cautious([]float64{0.96, 0.88, 0.96}); steady <= shaky || math.Abs(steady-(0.93-0.01/math.Sqrt(3))) > 1e-15 {
		t.Errorf("steady %v, shaky %v", steady, shaky)
	}
	if got := cautious([]float64{0.9}); got != 0.9 {
		t.Errorf("one seed: %v", got)
	}
}
