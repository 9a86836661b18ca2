package rulespace

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// defaultRate is the learning rate of an inline rule that does not give one.
const defaultRate = 0.01

// ParseRule reads a rule written on the spot: an expression for dw such as
//
//	lr*post*(pre - post*w)
//
// or assignments to dw, db and dfb, separated by semicolons or line breaks
//
//	dw: lr*err*pre - decay*w; db: lr*err
//
// Identifiers that are no signals are parameters: lr, which is 0.01 unless
// given, and those in params, each of which has to be used. Mistakes in the
// text are of type *ParseError, with columns of the whole text.
func ParseRule(text string, params ...Param) (*Rule, error) {
	return parseRule(text, params, nil, false)
}

// ParseGiven reads a part of a rule, which may lack dw, for Space.Given. It
// may read the state of that name, if there is one, whose update is searched.
func ParseGiven(text, state string, params ...Param) (*Rule, error) {
	var states []State
	if state != "" {
		states = []State{{Name: state, Scope: Synapse, Update: Const(0)}}
	}
	return parseRule(text, params, states, true)
}

// parseRule reads a rule to which the states will be added.
func parseRule(text string, params []Param, states []State, part bool) (*Rule, error) {
	if len(text) > maxRuleFile {
		return nil, fmt.Errorf("%d bytes are too many: a rule has at most %d", len(text), maxRuleFile)
	}
	r := &Rule{Params: slices.Clone(params)}
	if !slices.ContainsFunc(params, func(p Param) bool { return p.Name == "lr" }) {
		r.Params = slices.Insert(r.Params, 0, Param{Name: "lr", Value: defaultRate})
	}
	whole := *r
	whole.States = states
	if p := whole.checkNames(); p != nil {
		return nil, p
	}
	names := whole.names()
	for _, part := range splitAssignments(text) {
		if err := r.assign(text, part, names); err != nil {
			return nil, err
		}
	}
	whole.DW, whole.DB, whole.DFB = r.DW, r.DB, r.DFB
	switch {
	case r.DW != nil:
	case part:
		whole.DW = Const(0)
	default:
		return nil, &ParseError{Text: text, Column: 1, Msg: "dw is missing: a rule has to say how the weight changes, such as lr*pre*post"}
	}
	if len(params) < len(r.Params) && !r.reads("lr") {
		if r.Params = r.Params[1:]; len(r.Params) == 0 {
			r.Params = nil
		}
	}
	whole.Params = r.Params
	if p := whole.check(); p != nil {
		return nil, p
	}
	return r, nil
}

// span is a part of a text, in bytes.
type span struct{ start, end int }

var assignHead = regexp.MustCompile(`^\n?[ \t\r]*([\pL_][\pL\pN_]*)[ \t]*[:=]`)

// splitAssignments cuts at semicolons, and at line breaks that an assignment
// follows; others are white space within an expression.
func splitAssignments(text string) []span {
	var parts []span
	start := 0
	for i := 0; i <= len(text); i++ {
		if i < len(text) && text[i] != ';' && !(text[i] == '\n' && assignHead.MatchString(text[i:])) {
			continue
		}
		if strings.TrimSpace(text[start:i]) != "" {
			parts = append(parts, span{start, i})
		}
		start = i + 1
	}
	return parts
}

// assign adds one assignment; one that does not say what it is for is dw.
func (r *Rule) assign(text string, at span, names []string) error {
	part := text[at.start:at.end]
	fail := func(offset int, format string, args ...any) error {
		return &ParseError{Text: text, Column: utf8.RuneCountInString(text[:at.start+offset]) + 1, Msg: fmt.Sprintf(format, args...)}
	}
	target, body := "dw", 0
	if m := assignHead.FindStringSubmatchIndex(part); m != nil {
		target, body = part[m[2]:m[3]], m[1]
	}
	var into **Expr
	switch target {
	case "dw", "Δw":
		into = &r.DW
	case "db", "Δb":
		into = &r.DB
	case "dfb":
		into = &r.DFB
	default:
		return fail(strings.Index(part, target), "%q cannot be assigned to; a rule assigns dw, db and dfb", target)
	}
	if *into != nil {
		return fail(len(part)-len(strings.TrimLeft(part, " \t\r\n")), "%s is given twice", target)
	}
	e, err := ParseExpr(part[body:], names...)
	var p *ParseError
	if errors.As(err, &p) {
		return &ParseError{Text: text, Column: p.Column + utf8.RuneCountInString(text[:at.start+body]), Msg: p.Msg}
	}
	*into = e
	return err
}

// reads reports whether an assignment reads the parameter or state.
func (r *Rule) reads(name string) bool {
	found := false
	for _, a := range r.assignments() {
		a.expr.walk(func(n *Expr) { found = found || n.kind == KindName && n.name == name })
	}
	return found
}
