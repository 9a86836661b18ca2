package cmaes

import (
	"fmt"
	"math"

	"github.com/metaplast/metaplast/internal/fmath"
)

// Coordinate says what values a variable can have. The zero value is any
// number.
type Coordinate struct {
	// Low and High bound the values where Low < High.
	Low, High float64
	// Log makes the search move in the natural logarithm of the value. Low,
	// where there are bounds, is above zero.
	Log bool
	// Integer values are whole numbers. The standard deviation of such a
	// variable does not fall so low that it stops changing.
	Integer bool
}

// minIntegerDeviation makes a whole number change with a probability of about
// 1 % per point when it sits in the middle.
const minIntegerDeviation = 0.2

func (c Coordinate) bounded() bool { return c.Low < c.High }

func (c Coordinate) check() error {
	switch {
	case c.Low > c.High || c.Low-c.Low != 0 || c.High-c.High != 0:
		return fmt.Errorf("bounds %v and %v are not two finite numbers, the lower first", c.Low, c.High)
	case c.Log && c.bounded() && c.Low <= 0:
		return fmt.Errorf("a logarithmic coordinate needs a lower bound above 0, it is %v", c.Low)
	case c.Log && c.Integer:
		return fmt.Errorf("a coordinate cannot be logarithmic and a whole number")
	}
	return nil
}

// inner are the bounds in the units in which the search moves.
func (c Coordinate) inner() (lo, hi float64) {
	switch {
	case c.Log:
		return fmath.Log(c.Low), fmath.Log(c.High)
	case c.Integer:
		return c.Low - 0.5, c.High + 0.5
	}
	return c.Low, c.High
}

// value is what a variable of the search stands for.
func (c Coordinate) value(x float64) float64 {
	if c.bounded() {
		lo, hi := c.inner()
		x = fold(x, lo, hi)
	}
	switch {
	case c.Log:
		x = fmath.Exp(x)
	case c.Integer:
		x = math.Round(x)
	}
	if c.bounded() {
		x = min(max(x, c.Low), c.High)
	}
	return x
}

// variable is where value gives v.
func (c Coordinate) variable(v float64) float64 {
	if c.bounded() {
		v = min(max(v, c.Low), c.High)
	}
	if c.Log {
		v = fmath.Log(v)
	}
	if c.bounded() {
		lo, hi := c.inner()
		v = unfold(v, lo, hi)
	}
	return v
}

// fold maps the line into [lo, hi]: the identity but for a margin at either
// end, where a parabola leads smoothly to the bound; beyond, it is mirrored and
// so repeats. It is BoundTransform of the reference implementation (N. Hansen,
// pycma and c-cmaes), with its margins.
func fold(x, lo, hi float64) float64 {
	al, ah := margins(lo, hi)
	x = mirror(x, lo-al, hi+ah)
	switch {
	case x < lo+al:
		d := x - (lo - al)
		x = lo + float64(d*d)/(4*al)
	case x > hi-ah:
		d := x - (hi + ah)
		x = hi - float64(d*d)/(4*ah)
	}
	return min(max(x, lo), hi)
}

// unfold is where fold gives v, for v in [lo, hi].
func unfold(v, lo, hi float64) float64 {
	al, ah := margins(lo, hi)
	switch {
	case v < lo+al:
		return lo - al + float64(2*math.Sqrt(al*(v-lo)))
	case v > hi-ah:
		return hi + ah - float64(2*math.Sqrt(ah*(hi-v)))
	}
	return v
}

func margins(lo, hi float64) (al, ah float64) {
	half := (hi - lo) / 2
	return min(half, (1+math.Abs(lo))/20), min(half, (1+math.Abs(hi))/20)
}

// mirror reflects x at the ends of [lo, hi] until it lies between them.
func mirror(x, lo, hi float64) float64 {
	width := hi - lo
	if x >= lo && x <= hi {
		return x
	}
	r := math.Mod(x-lo, 2*width)
	if r < 0 {
		r += float64(2 * width)
	}
	if r > width {
		r = float64(2*width) - r
	}
	return lo + r
}
