// Package spell writes expressions with the primitives and leaves of a
// symbolic space, which the simplified rules that searchers hand on go beyond:
// they have powers, negation and whole numbers.
package spell

import (
	"fmt"
	"math"
	"slices"

	"github.com/metaplast/metaplast/rulespace"
)

// Speller writes expressions of a space.
type Speller struct {
	space   *rulespace.Space
	leaves  []*rulespace.Expr
	numbers bool
}

// New returns the speller of a symbolic space. With numbers it keeps numbers
// that are not among the constants of the space.
func New(space *rulespace.Space, numbers bool) Speller {
	return Speller{space, space.Leaves(), numbers}
}

// Knows reports whether the space has a primitive.
func (s Speller) Knows(op rulespace.Op) bool { return slices.Contains(s.space.Primitives, op) }

// Expr returns e as the space can say it.
func (s Speller) Expr(e *rulespace.Expr) (*rulespace.Expr, error) {
	return s.expr(e, map[*rulespace.Expr]*rulespace.Expr{})
}

// expr keeps what e shares shared: said holds what was written before.
func (s Speller) expr(e *rulespace.Expr, said map[*rulespace.Expr]*rulespace.Expr) (*rulespace.Expr, error) {
	if known, ok := said[e]; ok {
		return known, nil
	}
	written, err := s.write(e, said)
	if err == nil {
		said[e] = written
	}
	return written, err
}

func (s Speller) write(e *rulespace.Expr, said map[*rulespace.Expr]*rulespace.Expr) (*rulespace.Expr, error) {
	if e.Kind() != rulespace.KindApply {
		if i := slices.IndexFunc(s.leaves, e.Equal); i >= 0 {
			return s.leaves[i], nil
		}
		if s.numbers && e.Kind() == rulespace.KindConst {
			return e, nil
		}
		return nil, fmt.Errorf("it reads %s, which is not among the signals and constants of the space", e)
	}
	op := e.Op()
	if op == rulespace.Mul && !(s.says(e.Arg(0)) && s.says(e.Arg(1))) {
		if sum, ok := s.multiple(e, said); ok {
			return sum, nil
		}
	}
	args := make([]*rulespace.Expr, e.NumArgs())
	for i := range args {
		var err error
		if args[i], err = s.expr(e.Arg(i), said); err != nil {
			return nil, err
		}
	}
	switch x := args[0]; {
	case s.Knows(op):
		return rulespace.Apply(op, args...), nil
	case op == rulespace.Square && s.Knows(rulespace.Mul):
		return rulespace.Apply(rulespace.Mul, x, x), nil
	case op == rulespace.Cube && s.Knows(rulespace.Mul):
		return rulespace.Apply(rulespace.Mul, rulespace.Apply(rulespace.Mul, x, x), x), nil
	case op == rulespace.Neg && s.Knows(rulespace.Sub):
		zero := rulespace.Apply(rulespace.Sub, s.leaves[0], s.leaves[0])
		return rulespace.Apply(rulespace.Sub, zero, x), nil
	}
	return nil, fmt.Errorf("it uses %s, which is not among the primitives of the space", op)
}

// says reports whether e is no number or one that can be written.
func (s Speller) says(e *rulespace.Expr) bool {
	return s.numbers || e.Kind() != rulespace.KindConst || slices.ContainsFunc(s.leaves, e.Equal)
}

// longest is how many times a summand is repeated for its coefficient.
const longest = 4

// multiple writes a small whole number times an expression as a sum.
func (s Speller) multiple(e *rulespace.Expr, said map[*rulespace.Expr]*rulespace.Expr) (*rulespace.Expr, bool) {
	factor, x := e.Arg(0), e.Arg(1)
	if factor.Kind() != rulespace.KindConst {
		factor, x = x, factor
	}
	n := factor.Value()
	if factor.Kind() != rulespace.KindConst || n != math.Trunc(n) || n < 2 || n > longest || !s.Knows(rulespace.Add) {
		return nil, false
	}
	x, err := s.expr(x, said)
	if err != nil {
		return nil, false
	}
	sum := x
	for range int(n) - 1 {
		sum = rulespace.Apply(rulespace.Add, sum, x)
	}
	return sum, true
}

// Sum writes a sum of terms, those with a minus after the others.
func (s Speller) Sum(plus, minus []*rulespace.Expr) (*rulespace.Expr, bool) {
	var sum *rulespace.Expr
	switch {
	case len(plus) > 0:
		sum, plus = plus[0], plus[1:]
	case len(minus) == 0:
		return nil, false
	case s.Knows(rulespace.Neg):
		sum, minus = rulespace.Apply(rulespace.Neg, minus[0]), minus[1:]
	default:
		sum = rulespace.Apply(rulespace.Sub, s.leaves[0], s.leaves[0])
	}
	if len(plus) > 0 && !s.Knows(rulespace.Add) || len(minus) > 0 && !s.Knows(rulespace.Sub) {
		return nil, false
	}
	for _, t := range plus {
		sum = rulespace.Apply(rulespace.Add, sum, t)
	}
	for _, t := range minus {
		sum = rulespace.Apply(rulespace.Sub, sum, t)
	}
	return sum, true
}

// Terms writes the terms of the expanded form of e, apart by sign. It reports
// false where e is no sum of products that the space can say.
func (s Speller) Terms(e *rulespace.Expr) (plus, minus []*rulespace.Expr, ok bool) {
	terms, ok := rulespace.Canon(e).Monomials()
	if !ok {
		return nil, nil, false
	}
	for _, t := range terms {
		var product *rulespace.Expr
		for _, f := range t.Factors {
			base, err := s.Expr(f.Base)
			if err != nil || f.Power < 1 || f.Power > 9 {
				return nil, nil, false
			}
			for range f.Power {
				if product == nil {
					product = base
				} else {
					product = rulespace.Apply(rulespace.Mul, product, base)
				}
			}
		}
		c := math.Abs(t.Coefficient)
		switch {
		case product == nil:
			product = rulespace.Const(c)
		case c != 1:
			product = rulespace.Apply(rulespace.Mul, rulespace.Const(c), product)
		}
		product, err := s.Expr(product)
		if err != nil {
			return nil, nil, false
		}
		if t.Coefficient > 0 {
			plus = append(plus, product)
		} else {
			minus = append(minus, product)
		}
	}
	return plus, minus, len(terms) > 0
}

// Searched returns what the space searches in a rule, without its learning
// rate and with the values of its parameters, as the space can say it. In a
// tuple what the rule does not have is 0.
func (s Speller) Searched(r *rulespace.Rule) ([]*rulespace.Expr, error) {
	rate := s.space.Rate().Name
	slots := s.space.Searches()
	exprs := s.space.Searched(r)
	said := map[*rulespace.Expr]*rulespace.Expr{}
	if err := sameRate(exprs, rate); err != nil {
		return nil, err
	}
	for i, e := range exprs {
		if e == nil && len(exprs) == 1 {
			return nil, fmt.Errorf("it has no %v", slots[i])
		}
		if e == nil {
			e = rulespace.Const(0)
		}
		e = rulespace.Simplify(e.Substitute(func(name string) (*rulespace.Expr, bool) {
			if name == rate {
				return rulespace.Const(1), true
			}
			p, ok := r.Param(name)
			return rulespace.Const(p.Value), ok
		}))
		if e.IsConst(0) && len(exprs) > 1 {
			zero, ok := s.zero(slots[i])
			if !ok {
				return nil, fmt.Errorf("it has no %v, and the space cannot say 0 without sub", slots[i])
			}
			exprs[i] = zero
			continue
		}
		var err error
		if exprs[i], err = s.expr(e, said); err != nil {
			return nil, err
		}
	}
	return exprs, nil
}

// sameRate says what is wrong where only some assignments have the rate, which
// all of a space have.
func sameRate(exprs []*rulespace.Expr, rate string) error {
	with, without := 0, 0
	for _, e := range exprs {
		switch {
		case e == nil || e.IsConst(0):
		case e.Mentions(rate):
			with++
		default:
			without++
		}
	}
	if with > 0 && without > 0 {
		return fmt.Errorf("%s is in some of its assignments only", rate)
	}
	return nil
}

// zero writes 0 over a signal that the assignment may read.
func (s Speller) zero(slot rulespace.Slot) (*rulespace.Expr, bool) {
	x := rulespace.Sig(s.space.ReadsIn(slot).List()[0])
	return rulespace.Apply(rulespace.Sub, x, x), s.Knows(rulespace.Sub)
}
