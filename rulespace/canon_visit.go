package rulespace

import (
	"math"
	"slices"
	"strings"
)

// canonizer brings one expression into canonical form.
type canonizer struct {
	budget int  // terms that may still be made; negative when exhausted
	expand bool // multiply out products of sums
	failed bool // a coefficient left the range
	atoms  map[string]*atom
	memo   map[*Expr]poly
}

// memoSize is the number of nodes from which on it pays to remember results
// for expressions that share sub-expressions.
const memoSize = 64

func (c *canonizer) exhausted() bool { return c.budget < 0 }

// number returns a coefficient after checking its range. The decision does
// not depend on digits that do not count.
func (c *canonizer) number(v float64) float64 {
	a := math.Abs(v)
	if a > 1.01/maxCoefficient && a < maxCoefficient/1.01 {
		return v
	}
	if a = round12(a); !(a >= 1/maxCoefficient && a <= maxCoefficient) {
		c.failed = true
	}
	return v
}

// atom returns the one atom with the text of a.
func (c *canonizer) atom(a atom) *atom {
	key := a.text
	if a.class == className {
		key = "$" + key
	}
	if old, ok := c.atoms[key]; ok {
		return old
	}
	if c.atoms == nil {
		c.atoms = map[string]*atom{}
	}
	c.atoms[key] = &a
	return &a
}

func (c *canonizer) apply(op Op, args ...poly) poly {
	texts := make([]string, len(args))
	for i, p := range args {
		texts[i] = p.String()
	}
	text := atomText(op.String() + "(" + strings.Join(texts, ", ") + ")")
	return c.power1(c.atom(atom{class: classApply, rank: int(op), text: text, op: op, args: args,
		reducible: op == Abs || op == Sign || op == Step}))
}

func (c *canonizer) power1(a *atom) poly { return poly{{1, []factor{{a, 1}}}} }

// visit returns the sum that e stands for. A product of sums is one term
// whose factors are sums; settle multiplies it out.
func (c *canonizer) visit(e *Expr) poly {
	switch e.kind {
	case KindConst:
		return c.scalar(e.value)
	case KindSignal:
		return c.power1(signalAtoms[e.signal])
	case KindName:
		return c.power1(c.atom(nameAtom(e.name)))
	}
	if c.failed || c.exhausted() {
		return nil
	}
	if e.size < memoSize {
		return c.visitApply(e)
	}
	if p, ok := c.memo[e]; ok {
		return p
	}
	p := c.visitApply(e)
	if c.memo == nil {
		c.memo = map[*Expr]poly{}
	}
	c.memo[e] = p
	return p
}

func (c *canonizer) visitApply(e *Expr) poly {
	switch e.op {
	case Add, Sub, Neg:
		return c.add(c.summands(nil, e, 1))
	case Mul:
		return single(c.mul(c.product(c.visit(e.args[0])), c.product(c.visit(e.args[1]))))
	case Div:
		return single(c.div(c.product(c.visit(e.args[0])), c.product(c.visit(e.args[1]))))
	case Square:
		return single(c.pow(c.product(c.visit(e.args[0])), 2))
	case Cube:
		return single(c.pow(c.product(c.visit(e.args[0])), 3))
	}
	args := make([]poly, len(e.args))
	for i, a := range e.args {
		args[i] = c.settle(c.visit(a))
	}
	return c.primitive(e.op, args)
}

func (c *canonizer) scalar(v float64) poly {
	if v == 0 {
		return nil
	}
	return poly{{c.number(v), nil}}
}

func single(t term) poly {
	if t.c == 0 {
		return nil
	}
	return poly{t}
}

// summands collects the terms of a sum over all nested sums, so that their
// association does not matter. Shared sums larger than any that can be
// parsed are summed on their own.
func (c *canonizer) summands(terms []term, e *Expr, sign float64) []term {
	for i, a := range e.args {
		s := sign
		if e.op == Neg || e.op == Sub && i == 1 {
			s = -sign
		}
		if a.kind == KindApply && (a.op == Add || a.op == Sub || a.op == Neg) && a.size <= MaxNodes {
			terms = c.summands(terms, a, s)
			continue
		}
		for _, t := range c.settle(c.visit(a)) {
			terms = append(terms, term{s * t.c, t.f})
		}
	}
	return terms
}

// add sums settled terms.
func (c *canonizer) add(terms []term) poly {
	if c.budget -= len(terms); c.exhausted() {
		return nil
	}
	p := sorted(terms)
	for _, t := range p {
		c.number(t.c)
	}
	if !c.expand {
		return p
	}
	for {
		q, ok := c.cancelSum(p)
		if !ok {
			return p
		}
		p = q
	}
}

// cancelSum finds terms that share a sum as denominator and whose numerators
// add up to a multiple of it.
func (c *canonizer) cancelSum(p poly) (poly, bool) {
	for _, t := range p {
		for _, f := range t.f {
			if f.a.class != classSum || f.p > 0 {
				continue
			}
			var over, rest []term
			for _, s := range p {
				if slices.Contains(s.f, f) {
					over = append(over, s)
				} else {
					rest = append(rest, s)
				}
			}
			if c.budget -= len(p); c.exhausted() {
				return nil, false
			}
			if len(over) < 2 || !readsAll(over, f.a.sum) {
				continue
			}
			q, ok := divide(poly(over).dividedBy([]factor{f}), f.a.sum)
			if !ok {
				continue
			}
			for _, s := range q {
				rest = append(rest, c.settle(single(c.mul(s, term{1, []factor{{f.a, f.p + 1}}}.tidy())))...)
			}
			return sorted(rest), true
		}
	}
	return nil, false
}

// readsAll reports whether every atom of q occurs in p, as it does in every
// multiple of q.
func readsAll(p, q poly) bool {
	for _, t := range q {
		for _, f := range t.f {
			if !slices.ContainsFunc(p, func(s term) bool {
				return slices.ContainsFunc(s.f, func(g factor) bool { return g.a == f.a })
			}) {
				return false
			}
		}
	}
	return true
}

// tidy drops factors of exponent 0.
func (t term) tidy() term {
	return term{t.c, slices.DeleteFunc(t.f, func(f factor) bool { return f.p == 0 })}
}

// product returns a sum as one term: itself, or what its terms have in common
// times an atom.
func (c *canonizer) product(p poly) term {
	switch len(p) {
	case 0:
		return term{}
	case 1:
		return p[0]
	}
	if c.budget -= len(p); c.exhausted() || c.failed {
		return term{}
	}
	_, f := p.common()
	if len(f) > 0 {
		// A sum that was a factor of a term may now be a summand.
		p = p.dividedBy(f)
		if q := c.resettled(p); !q.same(p) {
			return c.mul(term{1, f}, c.product(q))
		}
	}
	sign, p := p.unsigned()
	scale, p := c.unscaled(p)
	a := c.atom(atom{class: classSum, text: atomText("(" + p.String() + ")"), sum: p})
	return c.mul(term{sign * scale, f}, term{1, []factor{{a, 1}}})
}

// resettled brings a sum into order whose terms were divided.
func (c *canonizer) resettled(p poly) poly {
	var terms []term
	for _, t := range p {
		terms = append(terms, c.settle(single(c.reduce(t)))...)
	}
	return c.add(terms)
}

// divisor clears the denominators within the sums that are factors of t, so
// that 1/(1/x + y) becomes x/(1 + x·y).
func (c *canonizer) divisor(t term) term {
	for i, f := range t.f {
		if f.a.class != classSum || f.p < 0 {
			continue
		}
		var below []factor
		for _, x := range f.a.sum.content() {
			if x.p < 0 {
				below = append(below, x)
			}
		}
		if len(below) == 0 {
			continue
		}
		sum := c.resettled(f.a.sum.dividedBy(below))
		cleared := c.pow(c.mul(term{1, below}, c.product(sum)), f.p)
		return c.divisor(c.mul(term{t.c, slices.Delete(slices.Clone(t.f), i, i+1)}, cleared))
	}
	return t
}

// unscaled divides by the magnitude of the leading coefficient.
func (c *canonizer) unscaled(p poly) (scale float64, q poly) {
	if len(p) == 0 || math.Abs(p[0].c) == 1 {
		return 1, p
	}
	scale = math.Abs(p[0].c)
	q = p.over(scale)
	for _, t := range q {
		c.number(t.c)
	}
	return scale, q
}

func (c *canonizer) mul(s, t term) term {
	if s.c == 0 || t.c == 0 {
		return term{}
	}
	return c.reduce(term{c.number(float64(s.c * t.c)), mulFactors(s.f, t.f, 1)})
}

func (c *canonizer) div(s, t term) term {
	if t = c.divisor(t); t.c == 0 {
		c.failed = true
	}
	if s.c == 0 || t.c == 0 {
		return term{}
	}
	return c.reduce(term{c.number(s.c / t.c), mulFactors(s.f, t.f, -1)})
}

func (c *canonizer) pow(t term, n int64) term {
	if n < 0 {
		t = c.divisor(t)
		c.failed = c.failed || t.c == 0
	}
	if t.c == 0 {
		return term{}
	}
	out := term{c.number(powInt(t.c, max(n, -n))), make([]factor, 0, len(t.f))}
	if n < 0 {
		out.c = 1 / out.c
	}
	for _, f := range t.f {
		if p := mulExponents(f.p, n); p != 0 {
			out.f = append(out.f, factor{f.a, p})
		}
	}
	return c.reduce(out)
}

func powInt(v float64, n int64) float64 {
	r := 1.0
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			r = float64(r * v)
		}
		v = float64(v * v)
	}
	return r
}

// reduce applies the identities of powers: |x|² = x², sgn³ = sgn,
// step² = step, s² = 1 for a signal that is ±1 and s² = s for one that is 0
// or 1.
func (c *canonizer) reduce(t term) term {
	for i, f := range t.f {
		p := f.p
		if !f.a.reducible {
			continue
		}
		switch {
		case f.a.class == classSignal:
			p = reducedPower(f.a.signal.Info().Values, p)
		case f.a.op == Step:
			p = max(-1, min(1, p))
		case f.a.op == Sign:
			if p > 2 || p < -2 {
				p = (2 - max(p%2, -p%2)) * (p / max(p, -p))
			}
		case f.a.op == Abs:
			p %= 2
		}
		if p == f.p {
			continue
		}
		out := term{t.c, slices.Clone(t.f)}
		out.f[i].p = p
		out = out.tidy()
		if f.a.class == classApply && f.a.op == Abs {
			return c.mul(out, c.pow(c.product(f.a.args[0]), f.p-p))
		}
		return c.reduce(out)
	}
	return t
}

// reducedPower is the smallest exponent equivalent to p for a signal that
// takes these values only.
func reducedPower(values []float64, p int64) int64 {
	units, bits := true, true
	for _, v := range values {
		units = units && math.Abs(v) == 1
		bits = bits && (v == 0 || v == 1)
	}
	switch {
	case units:
		return max(p%2, -p%2)
	case bits:
		return max(-1, min(1, p))
	}
	return p
}

// settle multiplies out a product of sums if that is allowed.
func (c *canonizer) settle(p poly) poly {
	if len(p) != 1 {
		return p
	}
	t := p[0]
	var sums []factor
	rest := term{t.c, nil}
	terms := 1
	for _, f := range t.f {
		if f.a.class != classSum || f.p < 0 {
			rest.f = append(rest.f, f)
			continue
		}
		sums = append(sums, f)
		for range min(f.p, 10) {
			terms = min(terms*len(f.a.sum), 2*expandLimit)
		}
	}
	switch {
	case len(sums) == 0:
		return p
	case len(sums) == 1 && sums[0].p == 1 && (c.expand || len(rest.f) == 0): // always worth it
	case !c.expand || terms > expandLimit:
		return p
	}
	out := poly{rest}
	for _, s := range sums {
		for range s.p {
			out = c.mulSums(out, s.a.sum)
		}
	}
	return out
}

func (c *canonizer) mulSums(p, q poly) poly {
	var out []term
	for _, s := range p {
		for _, t := range q {
			if c.budget--; c.exhausted() {
				return nil
			}
			out = append(out, c.settle(single(c.mul(s, t)))...)
		}
	}
	return c.add(out)
}
