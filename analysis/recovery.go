package analysis

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/metaplast/metaplast/rulespace"
)

// Match says when a rule counts as the reference written down again.
type Match uint8

const (
	// Equation: the same monomials, with coefficients of the same ratios.
	Equation Match = iota
	// Support: the same monomials, each with the sign of the reference.
	Support
	// Signs: all monomials of the reference with its signs; there may be more.
	Signs
)

var matches = [...]string{"equation", "support", "signs"}

func (m Match) String() string { return matches[m] }

// ParseMatch reads the name of a match.
func ParseMatch(text string) (Match, error) {
	if i := slices.Index(matches[:], text); i >= 0 {
		return Match(i), nil
	}
	return 0, fmt.Errorf("%q is not a match; matches are %s", text, strings.Join(matches[:], ", "))
}

// RatioTolerance is the relative error up to which coefficients of a recovered
// rule agree with those of the reference, unless a problem says otherwise.
const RatioTolerance = 0.05

// Symbolic reports whether two rules match as equations, at the values of
// their parameters: in every assignment and state. With scaleFree an
// assignment counts up to a positive factor, as where the learning rate is
// tuned. States may be in other units, and then so are the assignments that
// read them. Expressions that are no polynomials have to be the same in
// canonical form. Biases count where both rules change them.
func (m Match) Symbolic(found, reference *rulespace.Rule, scaleFree bool, tolerance float64) bool {
	if len(found.States) != len(reference.States) {
		return false
	}
	same := func(a, b *rulespace.Expr, power func(rulespace.Monomial) int) bool {
		if a == nil || b == nil {
			return a == b
		}
		return m.form(canon(found, a), canon(reference, b), power, tolerance)
	}
	for i, s := range reference.States {
		// In another unit of the state, a monomial with its k-th power has a
		// coefficient that is larger by the unit to the power 1-k.
		unit := func(m rulespace.Monomial) int {
			for _, f := range m.Factors {
				if f.Base.Kind() == rulespace.KindName && f.Base.Name() == s.Name {
					return 1 - f.Power
				}
			}
			return 1
		}
		if found.States[i].Name != s.Name || !same(found.States[i].Update, s.Update, unit) {
			return false
		}
	}
	free := func(rulespace.Monomial) int { return 0 }
	if scaleFree || len(reference.States) > 0 {
		free = func(rulespace.Monomial) int { return 1 }
	}
	return same(found.DW, reference.DW, free) && same(found.DFB, reference.DFB, free) &&
		(found.DB == nil || reference.DB == nil || same(found.DB, reference.DB, free))
}

// canon is the canonical form of an assignment at the values of the rule's
// parameters.
func canon(r *rulespace.Rule, e *rulespace.Expr) *rulespace.Canonical {
	return rulespace.CanonWith(e, func(name string) (*rulespace.Expr, bool) {
		p, ok := r.Param(name)
		return rulespace.Const(p.Value), ok
	})
}

// form compares two forms. power says for a monomial of the reference to which
// power its coefficient may contain a factor that is free: 0 where it has none.
func (m Match) form(found, reference *rulespace.Canonical, power func(rulespace.Monomial) int, tolerance float64) bool {
	if found.IsZero() || reference.IsZero() {
		return found.IsZero() && reference.IsZero()
	}
	p, okP := found.Monomials()
	q, okQ := reference.Monomials()
	if !okP || !okQ {
		free := power(rulespace.Monomial{}) == 1
		return found.Equal(reference) || free && found.Scaled().Equal(reference.Scaled())
	}
	if len(p) < len(q) || len(p) > len(q) && m != Signs {
		return false
	}
	ratios, powers := make([]float64, len(q)), make([]int, len(q))
	sum, n := 0.0, 0
	for k, r := range q {
		i := slices.IndexFunc(p, func(f rulespace.Monomial) bool { return sameFactors(f, r) })
		if i < 0 || p[i].Coefficient/r.Coefficient <= 0 {
			return false
		}
		ratios[k], powers[k] = math.Log(p[i].Coefficient/r.Coefficient), power(r)
		if powers[k] != 0 {
			sum += ratios[k] / float64(powers[k])
			n++
		}
	}
	if m != Equation {
		return true
	}
	unit := 0.0
	if n > 0 {
		unit = sum / float64(n)
	}
	for k, r := range ratios {
		if !(math.Abs(math.Exp(r-float64(float64(powers[k])*unit))-1) <= tolerance) {
			return false
		}
	}
	return true
}

func sameFactors(a, b rulespace.Monomial) bool {
	return slices.EqualFunc(a.Factors, b.Factors, func(f, g rulespace.Factor) bool {
		return f.Power == g.Power && f.Base.String() == g.Base.String()
	})
}

// Cosine is the cosine between what assignments of two rules come to at points
// that a network has visited, indexed by rulespace.Signal; other names in them
// than parameters count as 1, and assignments that are nil as 0. Points where
// either is not finite are left out; it is NaN where one of the rules is zero
// everywhere. The cosine is that of the best positive factor between them, one
// for all assignments: found rules count as functionally the same from 0.999 on.
func Cosine(found, reference *rulespace.Rule, a, b []*rulespace.Expr, points [][]float64) float64 {
	at := func(e *rulespace.Expr, r *rulespace.Rule, p []float64) float64 {
		if e == nil {
			return 0
		}
		return e.Eval(env{r, p})
	}
	var ab, aa, bb float64
	for _, p := range points {
		for i := range a {
			x, y := at(a[i], found, p), at(b[i], reference, p)
			if x-x != 0 || y-y != 0 {
				continue
			}
			ab, aa, bb = ab+float64(x*y), aa+float64(x*x), bb+float64(y*y)
		}
	}
	return ab / math.Sqrt(aa) / math.Sqrt(bb)
}

// env gives expressions the values of a point.
type env struct {
	rule  *rulespace.Rule
	point []float64
}

func (e env) SignalValue(s rulespace.Signal) float64 { return e.point[s] }

func (e env) NamedValue(name string) float64 {
	if p, ok := e.rule.Param(name); ok {
		return p.Value
	}
	return 1
}

// Wilson is the 95 % interval of a rate of k successes in n (Wilson, J. Am.
// Stat. Assoc. 22:209, 1927).
func Wilson(k, n int) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	const z = 1.959963984540054
	p, m := float64(k)/float64(n), float64(n)
	middle := (p + z*z/(2*m)) / (1 + z*z/m)
	half := float64(z / (1 + z*z/m) * math.Sqrt(float64(p*(1-p))/m+z*z/(4*m*m)))
	return max(0, middle-half), min(1, middle+half)
}
