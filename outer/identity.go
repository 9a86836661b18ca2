package outer

import (
	"crypto/sha256"

	"github.com/metaplast/metaplast/rulespace"
)

// identity says which candidates are the same to a search.
type identity struct {
	// text stands for the canonical form: the rule with the values of its
	// parameters, up to a positive factor where the scale is tuned.
	text textID
	// form is what the rule computes on the points of a probe, up to a
	// positive factor likewise. It is known for rules that only change weights
	// and keep no state.
	form   rulespace.FP
	formed bool
	zero   bool // the rule changes nothing
}

// textID is a digest of a text.
type textID [16]byte

func textOf(text string) textID {
	sum := sha256.Sum256([]byte(text))
	return textID(sum[:16])
}

// prepare returns a candidate in the form that is trialled, reported and
// saved, so that a saved rule gives the scores it was saved with: each
// assignment simplified, parameters that dropped out removed.
func prepare(r *rulespace.Rule) *rulespace.Rule {
	c := *r
	simplify := func(e *rulespace.Expr) *rulespace.Expr {
		if e == nil {
			return nil
		}
		return rulespace.Simplify(e)
	}
	c.DW, c.DB, c.DFB = simplify(r.DW), simplify(r.DB), simplify(r.DFB)
	c.States = append([]rulespace.State(nil), r.States...)
	for i := range c.States {
		c.States[i].Update = simplify(c.States[i].Update)
	}
	c.Params = nil
	for _, p := range r.Params {
		if reads(&c, p.Name) {
			c.Params = append(c.Params, p)
		}
	}
	return &c
}

// fixed returns dw with the values of the parameters, except 1 for one.
func fixed(r *rulespace.Rule, one string) *rulespace.Expr {
	return r.DW.Substitute(func(name string) (*rulespace.Expr, bool) {
		if name == one {
			return rulespace.Const(1), true
		}
		p, ok := r.Param(name)
		return rulespace.Const(p.Value), ok
	})
}

// plain reports whether a rule only changes weights and keeps no state.
func plain(r *rulespace.Rule) bool { return r.DB == nil && r.DFB == nil && len(r.States) == 0 }

// scales reports whether a parameter is an overall factor of all that a rule
// does, so that tuning it makes the scale of the rest meaningless.
func scales(r *rulespace.Rule, param string) bool {
	if param == "" || !plain(r) {
		return false
	}
	factors, others := 0, false
	var walk func(*rulespace.Expr)
	walk = func(e *rulespace.Expr) {
		switch {
		case e.Kind() == rulespace.KindName && e.Name() == param:
			factors++
		case e.Kind() == rulespace.KindApply && (e.Op() == rulespace.Mul || e.Op() == rulespace.Neg):
			for i := range e.NumArgs() {
				walk(e.Arg(i))
			}
		case e.Kind() == rulespace.KindApply && e.Op() == rulespace.Div:
			walk(e.Arg(0))
			others = others || mentions(e.Arg(1), param)
		default:
			others = others || mentions(e, param)
		}
	}
	walk(r.DW)
	return factors == 1 && !others
}

func mentions(e *rulespace.Expr, name string) bool {
	if e == nil {
		return false
	}
	if e.Kind() == rulespace.KindName {
		return e.Name() == name
	}
	for i := range e.NumArgs() {
		if mentions(e.Arg(i), name) {
			return true
		}
	}
	return false
}

func reads(r *rulespace.Rule, name string) bool {
	for _, e := range []*rulespace.Expr{r.DW, r.DB, r.DFB} {
		if mentions(e, name) {
			return true
		}
	}
	for _, s := range r.States {
		if mentions(s.Update, name) {
			return true
		}
	}
	return false
}
