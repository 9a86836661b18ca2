package rulespace

import (
	"math"
	"slices"
	"strings"
)

// primitive returns the canonical form of a primitive that is not polynomial
// and applies the identities that hold for it.
func (c *canonizer) primitive(op Op, args []poly) poly {
	if v, ok := fold(op, args); ok {
		return c.scalar(v)
	}
	switch op {
	case PDiv:
		return c.protected(args[0], args[1])
	case Min, Max:
		return c.extremum(op, args)
	case Clip:
		return c.apply(op, args...)
	}
	x := args[0]
	switch op {
	case Abs:
		scale, x := c.unscaled(x)
		_, x = x.unsigned()
		if x.nonNegative() {
			return x.scaled(scale)
		}
		return c.times(scale, c.apply(Abs, x))
	case Relu:
		if x.nonNegative() {
			return x
		}
		if x.scaled(-1).nonNegative() {
			return nil
		}
		scale, x := c.unscaled(x)
		return c.times(scale, c.apply(Relu, x))
	case Sign:
		_, x = c.unscaled(x)
		sign, x := x.unsigned()
		if _, ok := x.isAtom(Sign); ok {
			return x.scaled(sign)
		}
		return c.times(sign, c.apply(Sign, x))
	case Step:
		_, x = c.unscaled(x)
		if _, ok := x.isAtom(Step); ok {
			return x
		}
		return c.apply(Step, x)
	case Tanh:
		sign, x := x.unsigned()
		return c.times(sign, c.apply(Tanh, x))
	case Sqrt:
		if len(x) == 1 && x[0].c == 1 && len(x[0].f) == 1 && x[0].f[0].p == 2 {
			return c.primitive(Abs, []poly{{{1, []factor{{x[0].f[0].a, 1}}}}})
		}
	}
	return c.apply(op, x)
}

func (c *canonizer) times(v float64, p poly) poly {
	return single(c.mul(term{v, nil}, p[0]))
}

// fold computes a primitive of constants, unless the result is not finite.
func fold(op Op, args []poly) (float64, bool) {
	var v [3]float64
	for i, p := range args {
		var ok bool
		if v[i], ok = p.isConst(); !ok {
			return 0, false
		}
	}
	r := op.Info().Value(v[0], v[1], v[2])
	return r, !math.IsNaN(r) && !math.IsInf(r, 0)
}

// protected is pdiv(a, b): linear in a, odd in b.
func (c *canonizer) protected(a, b poly) poly {
	if len(a) == 0 {
		return nil
	}
	if v, ok := b.isConst(); ok {
		if math.Abs(v) < PDivEps {
			return nil
		}
		return c.settle(single(c.div(c.product(a), term{v, nil})))
	}
	sa, a := a.unsigned()
	scale, a := c.unscaled(a)
	sb, b := b.unsigned()
	return c.times(sa*sb*scale, c.apply(PDiv, a, b))
}

// extremum is min or max over all nested arguments, each once, in a fixed
// order with the constant last.
func (c *canonizer) extremum(op Op, args []poly) poly {
	type entry struct {
		text string
		p    poly
	}
	var entries []entry
	bound, bounded := 0.0, false
	for _, p := range args {
		members := []poly{p}
		if a, ok := p.isAtom(op); ok {
			members = a.args
		}
		for _, m := range members {
			if v, ok := m.isConst(); !ok {
				entries = append(entries, entry{m.String(), m})
			} else if !bounded || op.Info().Value(v, bound, 0) == v {
				bound, bounded = v, true
			}
		}
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.text, b.text) })
	entries = slices.CompactFunc(entries, func(a, b entry) bool { return a.text == b.text })
	var out []poly
	for _, e := range entries {
		out = append(out, e.p)
	}
	if bounded {
		out = append(out, single(term{bound, nil}))
	}
	if len(out) == 1 {
		return out[0]
	}
	return c.apply(op, out...)
}
