package rulespace

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Digest identifies what a rule does: two rules with the same digest change
// every network in the same way, but for rounding. It is, in hexadecimal, the
// first 16 bytes of the SHA-256 of these lines, each ended by a line feed:
//
//	metaplast rule 1
//	state s1 <scope> <initial value> <canonical update>
//	…
//	dw <canonical expression>
//	db <canonical expression>
//	dfb <canonical expression>
//
// States come in order of evaluation and are named s1, s2, … in that order.
// Parameters are replaced by their values. Canonical is the text of Canon;
// numbers are the shortest decimals that read back exactly. db and dfb are
// left out where they are missing or canonically 0.
//
// So names, notation, the order of commutative operands, factoring, the split
// of a coefficient into parameters, metadata and ranges are no part of
// identity; the values of coefficients, to the 12 digits of Canon, and the
// order of states are.
func (r *Rule) Digest() string {
	return digest("metaplast rule 1", r.lines(), false, r.renamed(func(p Param) *Expr { return Const(p.Value) }))
}

// DigestOf is Digest of a rule that has nothing but a dw, for a caller that
// has the canonical form of which dw is the expression.
func (r *Rule) DigestOf(dw *Canonical) string {
	if !dw.small {
		return r.Digest()
	}
	return sumUp([]byte("metaplast rule 1\ndw " + dw.With(r.Value).String() + "\n"))
}

// Value returns the value of a parameter as an expression, for use with
// Substitute and CanonWith.
func (r *Rule) Value(name string) (*Expr, bool) {
	p, ok := r.Param(name)
	if !ok {
		return nil, false
	}
	return Const(p.Value), true
}

func sumUp(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// Structure identifies the form of a rule: rules that differ in the values of
// their parameters alone share it. It is computed like Digest, with these
// differences:
//
//   - the first line is "metaplast structure 1";
//   - parameters stay symbols. One that is a factor of the whole of dw, db or
//     dfb is left out there, but for the sign of its value. The others are
//     named p1, p2, … in an order that depends on where they stand in the
//     rule, not on their names (those that stand alike, as a and b do in
//     a·b·pre, in the order in which they are declared);
//   - dw, db and dfb are divided by their positive numerical scale
//     (Canonical.Scaled).
func (r *Rule) Structure() string {
	program := r.lines()
	with := r.renamed(func(p Param) *Expr { return Name("param_" + p.Name) })
	for i := range program {
		program[i].expr = program[i].expr.Substitute(with)
	}
	for i := range program {
		if !program[i].state {
			program[i].expr = r.stripFactors(program[i].expr)
		}
	}
	names := r.paramOrder(program)
	for i := range program {
		program[i].expr = program[i].expr.Substitute(func(name string) (*Expr, bool) {
			if k := slices.Index(names, name); k >= 0 {
				return Name(fmt.Sprintf("p%d", k+1)), true
			}
			return nil, false
		})
	}
	return digest("metaplast structure 1", program, true, nil)
}

// line is one assignment of a program whose states are named s1, s2, …
type line struct {
	head  string
	expr  *Expr
	state bool
}

// lines returns the program under the names that the rule gives things.
func (r *Rule) lines() []line {
	list := make([]line, 0, len(r.States)+3)
	for i, s := range r.States {
		list = append(list, line{fmt.Sprintf("state s%d %s %s", i+1, s.Scope, formatFloat(s.Init)), s.Update, true})
	}
	for _, a := range r.assignments()[len(r.States):] {
		list = append(list, line{head: a.field, expr: a.expr})
	}
	return list
}

// renamed says what stands for names: s1, s2, … for states, and param for
// parameters.
func (r *Rule) renamed(param func(Param) *Expr) func(name string) (*Expr, bool) {
	return func(name string) (*Expr, bool) {
		for i, s := range r.States {
			if s.Name == name {
				return Name(fmt.Sprintf("s%d", i+1)), true
			}
		}
		p, ok := r.Param(name)
		return param(p), ok
	}
}

func digest(version string, program []line, scaled bool, with func(name string) (*Expr, bool)) string {
	var memory [256]byte
	b := append(memory[:0], version...)
	b = append(b, '\n')
	for _, l := range program {
		c := CanonWith(l.expr, with)
		if scaled && !l.state {
			c = c.Scaled()
		}
		text := c.String()
		if text == "0" && (l.head == "db" || l.head == "dfb") {
			continue
		}
		b = append(b, l.head...)
		b = append(b, ' ')
		b = append(b, text...)
		b = append(b, '\n')
	}
	return sumUp(b)
}

// stripFactors replaces each parameter that multiplies the whole of e by the
// sign of its value.
func (r *Rule) stripFactors(e *Expr) *Expr {
	for _, p := range r.Params {
		name := "param_" + p.Name
		without := replaceName(e, name, Const(1))
		if without == e || Canon(Apply(Mul, Name(name), without)).String() != Canon(e).String() {
			continue
		}
		e = replaceName(e, name, Const(math.Copysign(1, p.Value)))
	}
	return e
}

// paramOrder lists the parameters that a program reads, sorted by the text
// of the program in which only that parameter can be told from the others.
func (r *Rule) paramOrder(program []line) []string {
	type place struct{ name, text string }
	var places []place
	for _, p := range r.Params {
		name := "param_" + p.Name
		var text strings.Builder
		used := false
		for _, l := range program {
			marked := l.expr.Substitute(func(n string) (*Expr, bool) {
				used = used || n == name
				if n == name {
					return Name("this"), true
				}
				return Name("other"), strings.HasPrefix(n, "param_")
			})
			text.WriteString(l.head + " " + Canon(marked).String() + "\n")
		}
		if used {
			places = append(places, place{name, text.String()})
		}
	}
	slices.SortStableFunc(places, func(a, b place) int { return strings.Compare(a.text, b.text) })
	names := make([]string, len(places))
	for i, p := range places {
		names[i] = p.name
	}
	return names
}

func replaceName(e *Expr, name string, with *Expr) *Expr {
	return e.Substitute(func(n string) (*Expr, bool) { return with, n == name })
}

// CanonicalText writes the program for people, with each assignment in its
// canonical form and under the names that the rule gives its parameters:
//
//	lr*pre*post
//	trace: decay*trace + pre*post; dw: lr*trace
func (r *Rule) CanonicalText() string {
	list := r.assignments()
	if len(list) == 1 {
		return Canon(r.DW).String()
	}
	parts := make([]string, len(list))
	for i, a := range list {
		name := a.field
		if i < len(r.States) {
			name = r.States[i].Name
		}
		parts[i] = name + ": " + Canon(a.expr).String()
	}
	return strings.Join(parts, "; ")
}

// Complexity is the number of nodes of the rule's expressions, each counted
// by the function Complexity: dw, dfb and the updates of the states. db
// counts unless it says nothing new: the bias being the weight from a unit
// that is always 1, it often is dw with pre = 1.
func (r *Rule) Complexity() int {
	n := 0
	for _, a := range r.assignments() {
		if a.field == "db" && Canon(a.expr).String() == Canon(r.DW.AsBias()).String() {
			continue
		}
		n += complexity(a.expr, r.declares)
	}
	return n
}

// Written returns Simplify of a dw whose canonical form this is, and the
// Complexity of the rule that has that dw and nothing else, the parameters of r
// included.
func (r *Rule) Written(dw *Canonical) (e *Expr, complexity int) {
	if !dw.small {
		e = dw.Expr()
		s := *r
		s.DW = e
		return e, s.Complexity()
	}
	b := newBuilder(true)
	e = dw.exprBy(b)
	return e, dw.complexity(b, r.declares)
}

func (r *Rule) declares(param string) bool {
	_, ok := r.Param(param)
	return ok
}
