package render

import (
	"fmt"
	"math"
	"strings"

	"github.com/metaplast/metaplast/rulespace"
)

// A sum of products needs no array of batch × in × out: its mean over the
// samples is a sum of matrix products. This file finds and writes that form.

const maxProducts = 16 // more of them are no easier to read than the rule

// product is coefficient · Σ_samples left·right · rest: left is a function of
// the presynaptic unit, right of the postsynaptic one or of the network, and
// rest does not depend on the sample. Any of them can be missing.
type product struct {
	coefficient, left, right, rest *rulespace.Expr
	full                           bool // varies over synapses
}

// products writes e as a sum of products, nil if it is none. Those that
// differ in the left factor alone are taken together, or those that differ
// in the right one, whichever leaves fewer.
func (p *pythonRule) products(e *rulespace.Expr) []*product {
	terms, ok := rulespace.Canon(e).Monomials()
	if !ok || len(terms) > maxProducts {
		return nil
	}
	list := make([]*product, len(terms))
	for i, t := range terms {
		if list[i] = p.separate(t); list[i] == nil {
			return nil
		}
	}
	byRight := p.merge(list, func(q *product) **rulespace.Expr { return &q.left })
	byLeft := p.merge(list, func(q *product) **rulespace.Expr { return &q.right })
	if len(byLeft) < len(byRight) {
		return byLeft
	}
	return byRight
}

// separate splits a monomial, nil if some factor of it mixes both units.
func (p *pythonRule) separate(t rulespace.Monomial) *product {
	q := &product{coefficient: rulespace.Const(t.Coefficient)}
	outer := false // right reads the postsynaptic unit
	for _, f := range t.Factors {
		x := power(f.Base, f.Power)
		pre, post, synapse, samples := p.reads(f.Base)
		switch {
		case constant(p.rule, f.Base):
			q.coefficient = times(q.coefficient, x)
		case !samples:
			q.rest = times(q.rest, x)
			q.full = q.full || synapse || pre && post
		case synapse || pre && post:
			return nil
		case pre && readsState(p.rule, f.Base):
			return nil // a column of states does not meet rows of samples
		case pre:
			q.left = times(q.left, x)
		default:
			q.right, outer = times(q.right, x), outer || post
		}
	}
	q.full = q.full || q.left != nil && outer
	return q
}

// merge adds up products that differ in one side alone.
func (p *pythonRule) merge(list []*product, side func(*product) **rulespace.Expr) []*product {
	var merged []*product
	sums := map[string]*product{}
	for _, q := range list {
		key := *q
		key.coefficient = nil
		*side(&key) = nil
		text := fmt.Sprint(key.left, key.right, key.rest)
		summand := q.coefficient
		if x := *side(q); x != nil {
			summand = times(summand, x)
		}
		if m := sums[text]; m != nil {
			*side(m) = rulespace.Apply(rulespace.Add, *side(m), summand)
			m.full = m.full || q.full
			continue
		}
		m := *q
		*side(&m) = summand
		sums[text] = &m
		merged = append(merged, &m)
	}
	for _, m := range merged {
		sum := *side(m)
		if sum.Op() == rulespace.Add && sum.Kind() == rulespace.KindApply {
			sum = rulespace.Simplify(sum)
		}
		m.coefficient, *side(m) = p.split(sum)
	}
	return merged
}

// reads says over what an expression varies.
func (p *pythonRule) reads(e *rulespace.Expr) (pre, post, synapse, samples bool) {
	walk(e, func(n *rulespace.Expr) {
		scope := rulespace.Global
		switch n.Kind() {
		case rulespace.KindSignal:
			scope = n.Signal().Info().Scope
			samples = samples || len(perSample(rulespace.Signals(n.Signal()))) > 0
		case rulespace.KindName:
			if s, ok := stateOf(p.rule, n.Name()); ok {
				scope = s.Scope
			}
		}
		pre = pre || scope == rulespace.Pre
		post = post || scope == rulespace.Post
		synapse = synapse || scope == rulespace.Synapse
	})
	return
}

// times multiplies; a missing factor and the number 1 are no factors.
func times(a, b *rulespace.Expr) *rulespace.Expr {
	switch {
	case a == nil || a.IsConst(1):
		return b
	case a.IsConst(-1):
		return rulespace.Apply(rulespace.Neg, b)
	}
	return rulespace.Apply(rulespace.Mul, a, b)
}

func power(e *rulespace.Expr, n int) *rulespace.Expr {
	switch {
	case n < 0:
		return rulespace.Apply(rulespace.Div, rulespace.Const(1), power(e, -n))
	case n == 1:
		return e
	case n == 2:
		return rulespace.Apply(rulespace.Square, e)
	case n == 3:
		return rulespace.Apply(rulespace.Cube, e)
	}
	return rulespace.Apply(rulespace.Mul, power(e, n-1), e)
}

// sum writes products and reports whether the result has the full shape.
func (p *pythonRule) sum(list []*product) (text string, full bool) {
	for i, q := range list {
		full = full || q.full
		c := *q
		negative := c.coefficient != nil && leading(c.coefficient) < 0
		if negative {
			c.coefficient = negated(c.coefficient)
		}
		switch {
		case i == 0 && negative:
			text += "-"
		case negative:
			text += " - "
		case i > 0:
			text += " + "
		}
		text += p.product(&c)
	}
	if len(list) == 0 {
		text = "0.0"
	}
	return text, full
}

func (p *pythonRule) product(q *product) string {
	write := func(e *rulespace.Expr, need int) string {
		text, prec := p.notation.write(folded(e))
		if prec < need {
			text = "(" + text + ")"
		}
		return text
	}
	var factors []string
	if q.coefficient != nil && !q.coefficient.IsConst(1) {
		factors = append(factors, write(q.coefficient, precProduct))
	}
	switch {
	case q.left != nil && q.right != nil:
		factors = append(factors, fmt.Sprintf("(%s.T @ %s)/batch", write(q.left, precPrimary), write(q.right, precPower)))
	case q.left != nil:
		factors = append(factors, write(q.left, precPrimary)+p.average+"[:, None]")
	case q.right != nil:
		factors = append(factors, write(q.right, precPrimary)+p.average)
	}
	if q.rest != nil {
		factors = append(factors, write(q.rest, sel(len(factors) > 0, precPower, precProduct)))
	}
	if len(factors) == 0 {
		return "1.0"
	}
	return strings.Join(factors, "*")
}

func sel(cond bool, a, b int) int {
	if cond {
		return a
	}
	return b
}

// split takes the constant factors out of a product.
func (p *pythonRule) split(e *rulespace.Expr) (constants, rest *rulespace.Expr) {
	switch {
	case constant(p.rule, e):
		return e, nil
	case e.Kind() == rulespace.KindApply && e.Op() == rulespace.Neg:
		c, x := p.split(e.Arg(0))
		if c == nil {
			c = rulespace.Const(1)
		}
		return rulespace.Apply(rulespace.Neg, c), x
	case e.Kind() == rulespace.KindApply && e.Op() == rulespace.Mul:
		c, x := p.split(e.Arg(0))
		d, y := p.split(e.Arg(1))
		return both(c, d), both(x, y)
	}
	return nil, e
}

// both multiplies what is there.
func both(a, b *rulespace.Expr) *rulespace.Expr {
	if b == nil {
		return a
	}
	return times(a, b)
}

// leading is the number that a product starts with.
func leading(e *rulespace.Expr) float64 {
	for e.Kind() == rulespace.KindApply && (e.Op() == rulespace.Mul || e.Op() == rulespace.Neg) {
		if e.Op() == rulespace.Neg {
			return -1
		}
		e = e.Arg(0)
	}
	if e.Kind() == rulespace.KindConst {
		return math.Copysign(1, e.Value())
	}
	return 1
}

// negated changes the sign of what leading found negative.
func negated(e *rulespace.Expr) *rulespace.Expr {
	switch {
	case e.Kind() == rulespace.KindConst:
		return rulespace.Const(-e.Value())
	case e.Op() == rulespace.Neg:
		return e.Arg(0)
	}
	return times(negated(e.Arg(0)), e.Arg(1))
}
