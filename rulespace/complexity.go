package rulespace

import (
	"math"
	"slices"
)

// Complexity is the number of nodes of the simplified expression without an
// overall factor: numbers, and one parameter, that multiply or divide all of
// it. It is a function of the canonical form alone, and the same for e and
// any non-zero multiple of e.
func Complexity(e *Expr) int {
	return complexity(e, func(string) bool { return true })
}

// complexity is Complexity with only those names as overall factors that
// scale accepts.
func complexity(e *Expr, scale func(name string) bool) int {
	return Canon(e).complexity(newBuilder(true), scale)
}

// complexity takes a builder that factors, and may have been used for the form
// before.
func (c *Canonical) complexity(b *builder, scale func(name string) bool) int {
	switch {
	case c.literal != nil:
		return c.literal.size
	case len(c.terms) == 0:
		return 1
	}
	p := c.terms.over(c.terms.commonest())
	best := 0
	_, shared := p.common()
	for _, f := range shared {
		if f.a.class == className && scale(f.a.text) {
			f.p = max(-1, min(1, f.p))
			if n := c.size(b, p.dividedBy([]factor{f})); best == 0 || n < best {
				best = n
			}
		}
	}
	if best == 0 {
		best = c.size(b, p)
	}
	return best
}

// size is the number of nodes of p, or of -p if that is simpler.
func (c *Canonical) size(b *builder, p poly) int {
	if !slices.ContainsFunc(p, func(t term) bool { return t.c > 0 }) {
		p = p.scaled(-1)
	}
	p = p.rounded()
	return (&Canonical{terms: p, whole: c.whole, small: c.small && p.isSmall()}).exprBy(b).size
}

// commonest is the magnitude that most coefficients have, the first on a tie.
func (p poly) commonest() float64 {
	best, most := 1.0, 0
	for i, s := range p {
		n := 0
		for _, t := range p[i:] {
			if math.Abs(s.c) == math.Abs(t.c) {
				n++
			}
		}
		if n > most {
			best, most = math.Abs(s.c), n
		}
	}
	return best
}
