package outer

import (
	"crypto/sha256"
	"slices"
	"strings"

	"github.com/metaplast/metaplast/rulespace"
)

// identity says which candidates are the same to a search.
type identity struct {
	// text stands for the canonical form: the rule with the values of its
	// parameters, up to a positive factor where the scale is tuned.
	text textID
	// form is what the rule's assignments compute on the points of a probe, up
	// to a positive factor likewise. It is known for rules that keep no state.
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
// assignment simplified, parameters that dropped out removed. With it come its
// complexity and, where the rule has nothing else, the canonical form of dw.
func prepare(r *rulespace.Rule) (rule *rulespace.Rule, complexity int, dw *rulespace.Canonical) {
	c := *r
	if r.DB == nil && r.DFB == nil && len(r.States) == 0 {
		dw := rulespace.Canon(r.DW)
		c.DW, complexity = c.Written(dw)
		dropParams(&c)
		return &c, complexity, dw
	}
	simplify := func(e *rulespace.Expr) *rulespace.Expr {
		if e == nil {
			return nil
		}
		return rulespace.Simplify(e)
	}
	c.DW, c.DB, c.DFB = simplify(r.DW), simplify(r.DB), simplify(r.DFB)
	if c.DFB != nil && c.DFB.IsConst(0) {
		c.DFB = nil // feedback weights that stay as they are
	}
	c.States = append([]rulespace.State(nil), r.States...)
	for i := range c.States {
		c.States[i].Update = simplify(c.States[i].Update)
	}
	dropParams(&c)
	return &c, c.Complexity(), nil
}

// dropParams removes the parameters that a rule does not read.
func dropParams(r *rulespace.Rule) {
	unread := func(p rulespace.Param) bool { return !reads(r, p.Name) }
	if slices.ContainsFunc(r.Params, unread) {
		r.Params = slices.DeleteFunc(slices.Clone(r.Params), unread)
	}
	if len(r.Params) == 0 {
		r.Params = nil
	}
}

// values says what stands for the parameters of a rule: their values, but 1
// for one.
func values(r *rulespace.Rule, one string) func(name string) (*rulespace.Expr, bool) {
	return func(name string) (*rulespace.Expr, bool) {
		if name == one {
			return rulespace.Const(1), true
		}
		return r.Value(name)
	}
}

// part is an assignment of a rule without states.
type part struct {
	head string
	expr *rulespace.Expr
	free bool // known up to a positive factor, which the tuned parameter is
}

// parts lists what a rule assigns, with the values of its parameters, except
// 1 for one, which is an overall factor of what it stands in.
func parts(r *rulespace.Rule, one string) []part {
	var list []part
	for _, a := range []part{{head: "dw", expr: r.DW}, {head: "db", expr: r.DB}, {head: "dfb", expr: r.DFB}} {
		if a.expr == nil {
			continue
		}
		a.free = one != "" && a.expr.Mentions(one)
		a.expr = a.expr.Substitute(values(r, one))
		list = append(list, a)
	}
	return list
}

// canonical is the text of parts, each up to its factor, and the form of dw.
func canonical(list []part) (text string, dw *rulespace.Canonical) {
	var b strings.Builder
	for _, a := range list {
		form := rulespace.Canon(a.expr)
		if a.head == "dw" {
			dw = form
		}
		switch {
		case len(list) == 1 && a.free:
			b.WriteString("∝ " + form.Scaled().String())
		case a.free:
			b.WriteString(a.head + " ∝ " + form.Scaled().String() + "\n")
		default:
			b.WriteString(a.head + " " + form.String() + "\n")
		}
	}
	return b.String(), dw
}

// form is what parts compute on the points of a probe: for a rule that only
// has a dw its fingerprint, else a hash of those of all assignments that
// change something. A bias is what it is for the synapse from a unit that is
// always 1.
func form(p *rulespace.Probe, list []part) (fp rulespace.FP, formed, zero bool) {
	formed = true
	lone := true
	var all []byte
	for _, a := range list {
		if a.head == "db" {
			a.expr = a.expr.AsBias()
		}
		hash, class := p.Hash(a.free, p.Column(a.expr))
		formed = formed && class != rulespace.Undefined
		if a.head == "dw" {
			fp = hash
		}
		if class != rulespace.Zero {
			lone = lone && a.head == "dw"
			all = append(append(append(all, a.head...), ' '), hash[:]...)
		}
	}
	if !lone {
		sum := sha256.Sum256(all)
		fp = rulespace.FP(sum[:len(fp)])
	}
	return fp, formed, len(all) == 0
}

// scales reports whether a parameter stands in one assignment alone and is an
// overall factor of that, so that tuning it makes the scale of the rest of the
// assignment meaningless.
func scales(r *rulespace.Rule, param string) bool {
	if param == "" || len(r.States) > 0 {
		return false
	}
	factors, others, assignments := 0, false, 0
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
			others = others || e.Arg(1).Mentions(param)
		default:
			others = others || e.Mentions(param)
		}
	}
	for _, e := range []*rulespace.Expr{r.DW, r.DB, r.DFB} {
		if e.Mentions(param) {
			assignments++
			walk(e)
		}
	}
	return assignments == 1 && factors == 1 && !others
}

func reads(r *rulespace.Rule, name string) bool {
	for _, e := range []*rulespace.Expr{r.DW, r.DB, r.DFB} {
		if e.Mentions(name) {
			return true
		}
	}
	for _, s := range r.States {
		if s.Update.Mentions(name) {
			return true
		}
	}
	return false
}
