package problem

import (
	"math"
	"testing"
)

// The minimum is 0 and lies where it is said to, and values a step away from
// it are those of the closed forms.
func TestValues(t *testing.T) {
	for _, c := range []struct {
		name string
		f    func([]float64) float64
		x    []float64
		want float64
	}{
		{"sphere", Sphere, []float64{0, 0, 0}, 0},
		{"sphere", Sphere, []float64{1, -2, 3}, 14},
		{"ellipsoid", Ellipsoid, []float64{0, 0, 0}, 0},
		{"ellipsoid", Ellipsoid, []float64{1, 1, 1}, 1 + 1e3 + 1e6},
		{"Rosenbrock", Rosenbrock, []float64{1, 1, 1}, 0},
		{"Rosenbrock", Rosenbrock, []float64{-1, 1}, 4},
		{"Rosenbrock", Rosenbrock, []float64{0, 1, 2}, 100 + 1 + 100},
		{"Rastrigin", Rastrigin, []float64{0, 0}, 0},
		{"Rastrigin", Rastrigin, []float64{1, -2}, 5},
		{"Rastrigin", Rastrigin, []float64{0.5, 0}, 20.25},
	} {
		if got := c.f(c.x); math.Abs(got-c.want) > 1e-12*max(1, c.want) { // rounding of powers and cosines
			t.Errorf("%s%v is %v, want %v", c.name, c.x, got, c.want)
		}
	}
}
