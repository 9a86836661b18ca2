package rulespace

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Validate reports the first thing that is wrong with a rule, nil when it is
// one that Decode could have returned. Rules from Decode, ParseRule and the
// methods of this package are valid.
func (r *Rule) Validate() error {
	p := r.check()
	if p == nil {
		return nil
	}
	if r.Name != "" {
		return fmt.Errorf("rule %s: %w", r.Name, p)
	}
	return p
}

// problem is what is wrong with a field of a rule.
type problem struct {
	field string // as in a rule file: "dw", "params.lr", "state.trace.update"
	err   error
}

func (p *problem) Error() string { return p.field + ": " + p.err.Error() }
func (p *problem) Unwrap() error { return p.err }

func problemf(field, format string, args ...any) *problem {
	return &problem{field, fmt.Errorf(format, args...)}
}

var (
	ruleName  = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
	paramName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
)

const maxName = 64 // bytes of a name

// checkName says what is wrong with the name of a parameter or state.
func checkName(name string) error {
	if !paramName.MatchString(name) || len(name) > maxName {
		return fmt.Errorf("a name has letters, digits and _, starts with no digit and has at most %d characters", maxName)
	}
	if _, ok := SignalByName(name); ok {
		return fmt.Errorf("%s is a signal; choose another name", name)
	}
	if _, ok := OpByName(name); ok {
		return fmt.Errorf("%s is a function; choose another name", name)
	}
	return nil
}

func (r *Rule) check() *problem {
	if r.Name != "" && (!ruleName.MatchString(r.Name) || len(r.Name) > maxName) {
		return problemf("name", "%q: a rule's name has lower-case letters, digits and -, starts with a letter and has at most %d characters", r.Name, maxName)
	}
	if p := r.checkText(); p != nil {
		return p
	}
	if p := r.checkNames(); p != nil {
		return p
	}
	if r.DW == nil {
		return problemf("dw", "missing: a rule has to say how the weight changes")
	}
	used := map[string]bool{}
	length := 0
	for _, a := range r.assignments() {
		if p := r.checkExpr(a.field, a.expr, used); p != nil {
			return p
		}
		if length += len(a.expr.String()); length > maxRuleExprs {
			return problemf(a.field, "the expressions of the rule are longer than %d bytes", maxRuleExprs)
		}
	}
	if p := r.checkScopes(); p != nil {
		return p
	}
	for _, p := range r.Params {
		if !used[p.Name] {
			return problemf("params."+p.Name, "declared, but not used")
		}
	}
	for _, s := range r.States {
		if !used[s.Name] {
			return problemf("state."+s.Name, "declared, but not used")
		}
	}
	return nil
}

// checkText keeps everything out of the texts that could end a comment line
// where they are written into source code.
func (r *Rule) checkText() *problem {
	bad := func(s string, lines bool) bool {
		return !utf8.ValidString(s) || strings.ContainsFunc(s, func(c rune) bool {
			return !(lines && c == '\n') && (unicode.IsControl(c) || c == '\u2028' || c == '\u2029' || c == '\ufeff')
		})
	}
	length := 0
	for _, t := range []struct {
		field, text string
		lines       bool
	}{{"title", r.Title, false}, {"equation", r.Equation, true}, {"source", r.Source, false}, {"notes", r.Notes, true}} {
		if bad(t.text, t.lines) {
			return problemf(t.field, "has a character that is not printable")
		}
		if length += len(t.text); length > maxRuleText {
			return problemf(t.field, "the texts of the rule are longer than %d bytes", maxRuleText)
		}
	}
	for _, k := range sortedKeys(r.Symbols) {
		if bad(k, false) || bad(r.Symbols[k], false) {
			return problemf("symbols", "%q has a character that is not printable", k)
		}
		if length += len(k) + len(r.Symbols[k]); length > maxRuleText {
			return problemf("symbols", "the texts of the rule are longer than %d bytes", maxRuleText)
		}
	}
	return nil
}

func (r *Rule) checkNames() *problem {
	if len(r.Params) > maxParams {
		return problemf("params", "more than %d", maxParams)
	}
	if len(r.States) > maxStates {
		return problemf("state", "more than %d", maxStates)
	}
	seen := map[string]bool{}
	for _, p := range r.Params {
		field := "params." + p.Name
		if err := checkName(p.Name); err != nil {
			return &problem{field, err}
		}
		if seen[p.Name] {
			return problemf(field, "declared twice")
		}
		seen[p.Name] = true
		if err := p.check(); err != nil {
			return &problem{field, err}
		}
	}
	for _, s := range r.States {
		field := "state." + s.Name
		if err := checkName(s.Name); err != nil {
			return &problem{field, err}
		}
		if seen[s.Name] {
			return problemf(field, "declared twice, as a param or as a state")
		}
		seen[s.Name] = true
		if s.Scope != Pre && s.Scope != Post && s.Scope != Synapse {
			return problemf(field, "scope has to be pre, post or synapse")
		}
		if !finite(s.Init) {
			return problemf(field, "init has to be a finite number")
		}
		if s.Update == nil {
			return problemf(field, "update is missing: the expression of the new value")
		}
	}
	return nil
}

// check says what is wrong with the value or the range of a parameter.
func (p Param) check() error {
	switch {
	case !finite(p.Value) || !finite(p.Low) || !finite(p.High):
		return fmt.Errorf("value and range have to be finite numbers")
	case p.Low == 0 && p.High == 0 && p.Log:
		return fmt.Errorf("scale: log needs a range")
	case p.Low == 0 && p.High == 0:
		return nil
	case p.Low >= p.High:
		return fmt.Errorf("low (%v) has to be below high (%v)", p.Low, p.High)
	case p.Log && p.Low <= 0:
		return fmt.Errorf("scale: log needs low above 0")
	}
	return nil
}

// HasRange reports whether searches may move the parameter.
func (p Param) HasRange() bool { return p.Low != p.High }

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

func (r *Rule) checkExpr(field string, e *Expr, used map[string]bool) *problem {
	// An expression that ParseExpr could not have returned would be one that
	// no file can hold.
	if e.Size() > MaxNodes {
		return problemf(field, "more than %d nodes", MaxNodes)
	}
	names := r.names()
	var p *problem
	e.walk(func(n *Expr) {
		switch {
		case n.kind == KindConst && !finite(n.value):
			p = problemf(field, "holds a number that is not finite")
		case n.kind == KindName && !slices.Contains(names, n.name):
			p = problemf(field, "%s is neither a param nor a state%s", n.name, didYouMean(n.name, names))
		case n.kind == KindName:
			used[n.name] = true
		}
	})
	if p == nil && e.nesting() > MaxNesting {
		return problemf(field, "more than %d nested levels", MaxNesting)
	}
	return p
}

// checkScopes refuses a state whose new value varies over more than the state
// does: there is no way to say which value is meant.
func (r *Rule) checkScopes() *problem {
	for _, s := range r.States {
		if got := s.Update.Scope(r.stateScope); got.Join(s.Scope) != s.Scope {
			return problemf("state."+s.Name+".update", "has %s scope, but the state has %s scope", got, s.Scope)
		}
	}
	return nil
}

// stateScope is the scope of a state, Global for a parameter.
func (r *Rule) stateScope(name string) Scope {
	for _, s := range r.States {
		if s.Name == name {
			return s.Scope
		}
	}
	return Global
}

// assignment is one line of the program that a rule is.
type assignment struct {
	field string
	expr  *Expr
}

// assignments lists the program in order of evaluation.
func (r *Rule) assignments() []assignment {
	list := make([]assignment, 0, len(r.States)+3)
	for _, s := range r.States {
		list = append(list, assignment{"state." + s.Name + ".update", s.Update})
	}
	for _, a := range []assignment{{"dw", r.DW}, {"db", r.DB}, {"dfb", r.DFB}} {
		if a.expr != nil {
			list = append(list, a)
		}
	}
	return list
}

// names lists parameters and states.
func (r *Rule) names() []string {
	var names []string
	for _, p := range r.Params {
		names = append(names, p.Name)
	}
	for _, s := range r.States {
		names = append(names, s.Name)
	}
	return names
}

// Needs returns the signals that any assignment of the rule reads.
func (r *Rule) Needs() SignalSet {
	var set SignalSet
	for _, a := range r.assignments() {
		set |= a.expr.Signals()
	}
	return set
}

// Locality returns the signals that the rule reads though they are not
// available at the synapse, in vocabulary order, or just "local".
func (r *Rule) Locality() []string {
	var names []string
	for _, s := range r.Needs().List() {
		if !s.Info().Local {
			names = append(names, s.String())
		}
	}
	if names == nil {
		return []string{"local"}
	}
	return names
}

// WithParams returns the rule with other values for some of its parameters.
func (r *Rule) WithParams(values map[string]float64) (*Rule, error) {
	c := *r
	c.Params = slices.Clone(r.Params)
	for _, name := range sortedKeys(values) {
		if err := c.setParam(name, values[name]); err != nil {
			return nil, err
		}
	}
	return &c, nil
}

// WithParam is WithParams for one parameter.
func (r *Rule) WithParam(name string, value float64) (*Rule, error) {
	c := *r
	c.Params = slices.Clone(r.Params)
	if err := c.setParam(name, value); err != nil {
		return nil, err
	}
	return &c, nil
}

func (r *Rule) setParam(name string, value float64) error {
	i := slices.IndexFunc(r.Params, func(p Param) bool { return p.Name == name })
	switch {
	case i < 0:
		var known []string
		for _, p := range r.Params {
			known = append(known, p.Name)
		}
		return fmt.Errorf("the rule has no param %q%s", name, didYouMean(name, known))
	case !finite(value):
		return fmt.Errorf("param %s: %v is not a finite number", name, value)
	}
	r.Params[i].Value = value
	return nil
}

// Param returns the parameter of that name.
func (r *Rule) Param(name string) (Param, bool) {
	for _, p := range r.Params {
		if p.Name == name {
			return p, true
		}
	}
	return Param{}, false
}

// didYouMean ends a message with the candidate that was most likely meant.
func didYouMean(word string, candidates []string) string {
	if near, ok := Closest(word, candidates); ok {
		return ". Did you mean " + near + "?"
	}
	return ""
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// walk calls visit for every node of e.
func (e *Expr) walk(visit func(*Expr)) {
	visit(e)
	for _, a := range e.args {
		a.walk(visit)
	}
}

// Mentions reports whether a parameter or state of that name is in the
// expression, which may be nil.
func (e *Expr) Mentions(name string) bool {
	if e == nil {
		return false
	}
	return e.kind == KindName && e.name == name || slices.ContainsFunc(e.args, func(a *Expr) bool { return a.Mentions(name) })
}

// Scope says over what the expression varies, given the scopes of the states
// that it reads; parameters are Global.
func (e *Expr) Scope(stateScope func(name string) Scope) Scope {
	switch e.kind {
	case KindSignal:
		return e.signal.Info().Scope
	case KindName:
		return stateScope(e.name)
	}
	s := Global
	for _, a := range e.args {
		s = s.Join(a.Scope(stateScope))
	}
	return s
}
