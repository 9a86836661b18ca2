package rulespace

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"slices"
	"strconv"
)

// Canonical is the normal form of an expression: a sum of monomials with like
// terms merged, in a fixed order. The factors of a monomial are signals,
// names and, as opaque atoms, primitives that are not polynomial (applied to
// canonical arguments) and sums in denominators, with integer exponents.
//
// Two expressions with one canonical form are one rule. The converse holds
// for polynomials; beyond that only cheap identities are known, each valid
// everywhere except where one side is undefined or not finite: x/x = 1,
// (x² + x·y)/(x + y) = x, 0·x = 0, |−x| = |x|, |x|² = x²,
// tanh(−x) = −tanh(x), min(x, x) = x and the like.
//
// Coefficients count to 12 significant digits, so that 0.1·3 and 0.3 agree;
// a term that cancels to a relative 1e-12 is gone.
//
// A product of sums is multiplied out when that makes at most 512 terms, else
// it stays a product. An expression that would become larger than 1024 nodes
// keeps all its products of sums. One that divides by zero, or whose
// coefficients leave the range from 1e-300 to 1e300, has no normal form and
// stands for itself.
type Canonical struct {
	terms poly // coefficients rounded
	text  string
	whole bool // products of sums have been multiplied out
	small bool // see isSmall

	literal *Expr // the expression itself where there is no normal form
}

const (
	expandLimit = 512     // terms of a product that is multiplied out
	expandWork  = 1 << 15 // terms that may be made on the way
	expandNodes = 1024    // nodes of the result, not factored
	cancelled   = 1e-12   // relative size of a sum that counts as zero

	maxCoefficient = 1e300
)

// Canon returns the canonical form of e. Its time is bounded for every
// expression that ParseExpr accepts.
func Canon(e *Expr) *Canonical { return CanonWith(e, nil) }

// CanonWith is Canon(e.Substitute(with)); with may be nil.
func CanonWith(e *Expr, with func(name string) (*Expr, bool)) *Canonical {
	if p, ok := exactly(e, with); ok {
		return exactCanonical(p)
	}
	if with != nil {
		e = e.Substitute(with)
	}
	if c, ok := expandedSlowly(e); ok {
		return c
	}
	v := canonizer{budget: math.MaxInt}
	p := v.settle(v.visit(e))
	if v.failed {
		return literalForm(e)
	}
	c := newCanonical(p, false)
	// Merging like terms may have made the expression small enough.
	if d, ok := expanded(c.Expr()); ok {
		return d
	}
	return c
}

// With is CanonWith(c.Expr(), with), at less cost.
func (c *Canonical) With(with func(name string) (*Expr, bool)) *Canonical {
	if c.small {
		if p, ok := c.terms.exactlyWith(with); ok {
			return exactCanonical(p)
		}
	}
	return CanonWith(c.Expr(), with)
}

// expanded is the form with products of sums multiplied out.
func expanded(e *Expr) (*Canonical, bool) {
	if p, ok := exactly(e, nil); ok {
		return exactCanonical(p), true
	}
	return expandedSlowly(e)
}

// expandedSlowly is expanded for all expressions.
func expandedSlowly(e *Expr) (*Canonical, bool) {
	v := canonizer{budget: expandWork, expand: true}
	p := v.settle(v.visit(e))
	if v.failed || v.exhausted() || (sizer{}).sum(p) > expandNodes {
		return nil, false
	}
	return newCanonical(p, true), true
}

func literalForm(e *Expr) *Canonical {
	c := &Canonical{literal: e}
	if e.size <= MaxNodes {
		c.text = e.String()
	} else {
		c.text = "#" + hex.EncodeToString(treeDigest(e, map[*Expr][]byte{}))
	}
	return c
}

// treeDigest identifies a tree, which may be too large to write, by its nodes.
func treeDigest(e *Expr, memo map[*Expr][]byte) []byte {
	if d, ok := memo[e]; ok {
		return d
	}
	h := sha256.New()
	if e.kind != KindApply {
		h.Write([]byte(e.String()))
	} else {
		h.Write([]byte{0, byte(e.op)})
		for _, a := range e.args {
			h.Write(treeDigest(a, memo))
		}
	}
	memo[e] = h.Sum(nil)[:16]
	return memo[e]
}

func newCanonical(p poly, whole bool) *Canonical {
	p = p.rounded()
	return &Canonical{terms: p, text: p.String(), whole: whole}
}

// String is the canonical text: two expressions are identical when their
// canonical texts are equal. Atoms of more than 512 bytes are represented by
// a digest.
func (c *Canonical) String() string { return c.text }

// Equal reports whether both are the same form.
func (c *Canonical) Equal(d *Canonical) bool { return c.text == d.text }

// IsZero reports whether the expression is identically zero.
func (c *Canonical) IsZero() bool { return len(c.terms) == 0 && c.literal == nil }

// Scaled divides by the magnitude of the leading coefficient: two expressions
// that differ by a positive factor have one scaled form.
func (c *Canonical) Scaled() *Canonical {
	if len(c.terms) == 0 || math.Abs(c.terms[0].c) == 1 {
		return c
	}
	p := c.terms.over(math.Abs(c.terms[0].c))
	if slices.ContainsFunc(p, func(t term) bool { return !normal(t.c) }) {
		return c
	}
	return newCanonical(p, c.whole)
}

// Monomial is one term of a canonical sum.
type Monomial struct {
	Coefficient float64
	Factors     []Factor
}

// Factor is a power of a signal, a name or an opaque sub-expression. Bases of one expression that are
// equal are the same pointer.
type Factor struct {
	Base  *Expr
	Power int
}

// Monomials returns the terms of the sum in canonical order; ok is false when
// an exponent leaves the range of int32 or not all products of sums could be
// multiplied out.
func (c *Canonical) Monomials() (terms []Monomial, ok bool) {
	if c.literal != nil {
		return nil, false
	}
	b := newBuilder(false)
	terms = make([]Monomial, len(c.terms))
	for i, t := range c.terms {
		terms[i] = Monomial{t.c, make([]Factor, len(t.f))}
		for j, f := range t.f {
			if f.p != int64(int32(f.p)) || f.a.class == classSum && f.p > 0 {
				return nil, false
			}
			terms[i].Factors[j] = Factor{b.atom(f.a), int(f.p)}
		}
	}
	return terms, true
}

// Simplify returns a small expression with the same canonical form.
func Simplify(e *Expr) *Expr { return Canon(e).Expr() }

// round12 rounds to 12 significant digits.
func round12(v float64) float64 {
	if v == math.Trunc(v) && math.Abs(v) < 1e12 {
		return v
	}
	var buf [32]byte
	r, err := strconv.ParseFloat(string(strconv.AppendFloat(buf[:0], v, 'e', 11, 64)), 64)
	if err != nil {
		return v // the rounded number would overflow
	}
	return r
}
