package cmaes

import (
	"math"
	"testing"

	"github.com/metaplast/metaplast/rulespace/key"
)

// By hand, for bounds -1 and 1, whose margins are (1 + 1)/20 = 0.1: the
// identity up to 0.9, 1 - (x - 1.1)²/0.4 up to 1.1, then mirrored at 1.1, with period 4.4.
func TestFold(t *testing.T) {
	for x, want := range map[float64]float64{
		0: 0, 0.5: 0.5, -0.9: -0.9, 0.9: 0.9, 1: 1 - 0.01/0.4, 1.1: 1, -1.1: -1, -1: -1 + 0.01/0.4,
		1.2: 1 - 0.01/0.4, 1.7: 0.5, 2.2: 0, 3.3: -1, -3.3: 1, 4.4: 0, 44.5: 0.5, -44.5: -0.5,
	} {
		if got := fold(x, -1, 1); math.Abs(got-want) > 1e-13 {
			t.Errorf("fold(%v) is %v, want %v", x, got, want)
		}
	}
	rng := key.Root(1).Stream()
	for _, b := range [][2]float64{{-1, 1}, {0, 1e-3}, {5, 1000}, {-1e6, 3}} {
		for range 100 {
			if got := fold(rng.Normal()*1e3, b[0], b[1]); !(got >= b[0] && got <= b[1]) {
				t.Errorf("fold leads to %v, outside %v", got, b)
			}
			v := rng.Uniform(b[0], b[1])
			if got := fold(unfold(v, b[0], b[1]), b[0], b[1]); math.Abs(got-v) > 1e-9*(b[1]-b[0]) {
				t.Errorf("fold(unfold(%v)) is %v in %v", v, got, b)
			}
		}
	}
}

func TestCoordinate(t *testing.T) {
	for _, c := range []struct {
		c    Coordinate
		x, v float64
	}{
		{Coordinate{}, 1e9, 1e9},
		{Coordinate{Log: true}, math.Log(0.02), 0.02},
		{Coordinate{Integer: true}, 2.4, 2},
		{Coordinate{Low: 0, High: 3, Integer: true}, 3.45, 3},
		{Coordinate{Low: 1e-4, High: 1, Log: true}, math.Log(0.01), 0.01},
	} {
		if got := c.c.value(c.x); math.Abs(got-c.v) > 1e-12*math.Abs(c.v) {
			t.Errorf("%+v: %v stands for %v, want %v", c.c, c.x, got, c.v)
		}
		if back := c.c.value(c.c.variable(c.v)); math.Abs(back-c.v) > 1e-12*math.Abs(c.v) {
			t.Errorf("%+v: %v comes back as %v", c.c, c.v, back)
		}
	}
	for _, c := range []Coordinate{
		{Low: 1, High: 0}, {Low: math.Inf(-1), High: 0}, {Low: 0, High: 1, Log: true}, {Log: true, Integer: true},
	} {
		if _, err := New(Options{Start: []float64{1}, Sigma: 1, Coordinates: []Coordinate{c}}, key.Root(1)); err == nil {
			t.Errorf("no error for %+v", c)
		}
	}
}

// A rate over eight decades, two whole numbers and a bound that holds the
// minimum: all of 10 runs find it.
func TestMixedCoordinates(t *testing.T) {
	coordinates := []Coordinate{
		{Low: 1e-8, High: 1, Log: true},
		{Low: -10, High: 10, Integer: true},
		{Integer: true},
		{Low: -1, High: 1},
	}
	want := []float64{3e-6, 7, -12, -1}
	cost := func(x []float64) float64 {
		d := math.Log(x[0] / want[0])
		s := d*d + x[3]
		for i := 1; i < 3; i++ {
			if x[i] != math.Round(x[i]) {
				t.Fatalf("coordinate %d is %v", i, x[i])
			}
			s += (x[i] - want[i]) * (x[i] - want[i])
		}
		return s
	}
	for seed := range uint64(10) {
		opts := Options{Start: []float64{0.1, 0, 0, 0}, Sigma: 1, Coordinates: coordinates}
		n, best := minimise(t, opts, key.Root(seed), cost, -1+1e-9, 4000)
		if best >= -1+1e-9 {
			t.Errorf("seed %d: %v above the minimum after %d evaluations", seed, best+1, n)
		}
	}
}
