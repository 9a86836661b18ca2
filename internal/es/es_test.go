package es_test

import (
	"math"
	"testing"

	"github.com/metaplast/metaplast/internal/es"
	"github.com/metaplast/metaplast/rulespace/key"
)

// On a quadratic the strategy comes close to the optimum, whatever the scale
// of the fitness, and does the same twice.
func TestEvolve(t *testing.T) {
	run := func(scale float64) []float64 {
		w := []float64{0, 0, 0}
		es.Strategy{Population: 32, Sigma: 0.05, Rate: 0.02}.Evolve(w, 600, key.Root(1), func(w []float64, _ int) float64 {
			if w[0] > 1.5 {
				return math.NaN()
			}
			return -scale * ((w[0]-1)*(w[0]-1) + (w[1]+2)*(w[1]+2) + w[2]*w[2])
		})
		return w
	}
	a, b := run(1), run(1000)
	for i, want := range []float64{1, -2, 0} {
		if math.Abs(a[i]-want) > 0.1 || a[i] != b[i] {
			t.Errorf("coordinate %d is %v and %v, want %v", i, a[i], b[i], want)
		}
	}
}
