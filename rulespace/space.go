package rulespace

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/metaplast/metaplast/internal/fmath"
	"github.com/metaplast/metaplast/rulespace/key"
)

// Space is a set of rules to search. It is of one of four kinds:
//
//   - symbolic: every expression of Primitives over Signals and Constants of
//     at most MaxComplexity nodes, times a learning rate, as dw or as dfb, or
//     as it is, as the update of a state;
//   - symbolic tuple: such expressions for several assignments of one rule,
//     of at most MaxComplexity nodes together, times the same learning rate;
//   - template: a rule of which some parameters have ranges;
//   - terms: weighted sums of given expressions, some of which may be absent,
//     as dw, dfb or both.
//
// Template and terms spaces are cubes: a point is a vector of coordinates in
// [-1, 1], which is what numerical searchers move in.
type Space struct {
	// Signals is what rules may read. It spans a symbolic space, and limits
	// the others where it is not empty.
	Signals       SignalSet
	Primitives    []Op
	Constants     []float64
	MaxComplexity int // nodes, see Complexity; 1 to 100

	Template *Rule

	Terms []Term // at most 64

	// Outputs are the assignments that a symbolic space searches, dw alone where
	// there are none; with two it is a symbolic tuple. With SlotState that is
	// the update of the state called State, one number per synapse that starts
	// at 0, which expressions may read beside the signals. Given is the rest of
	// the rule, which every rule of a symbolic or terms space shares: a rule
	// without what is searched, so that its DW is nil where dw is searched, or
	// nil for none. A parameter of it with the name of Scale is that factor.
	Outputs []Output
	State   string
	Given   *Rule

	// Scale is an overall factor, the learning rate, that is tuned apart from
	// the structure. Symbolic: lr = 0.01 when it has no name. Terms: no
	// overall factor when it has no name. Templates have their own.
	Scale Param
}

// Term is a summand of a terms space: a coefficient times an expression.
type Term struct {
	Name string // of the coefficient; c1, c2, … by position when empty
	Expr *Expr  // over signals and constants
	// Low and High bound the coefficient, or its magnitude if Log is set or
	// Sign is not 0.
	Low, High float64
	Log       bool // the coordinate is the logarithm of the magnitude
	// Sign is that of the coefficient: 1, -1, or 0 for either. With Sign 0 and
	// without Log the range itself says which signs there are.
	Sign int
	// Optional terms are absent from the rule in a part of the coordinate's
	// range: absence is the middle where the coefficient can have both signs,
	// the low end where it has one.
	Optional bool
	Slot     Slot // the assignment that it is a summand of
}

// absent is the part of a coordinate's range where an optional term is absent.
const absent = 0.15

const (
	maxTerms      = 64
	maxComplexity = 100
	maxConstants  = 64
)

// Kind names the kind of space: "symbolic", "symbolic tuple", "template" or
// "terms".
func (s *Space) Kind() string {
	switch {
	case s.Template != nil:
		return "template"
	case len(s.Terms) > 0:
		return "terms"
	case len(s.Outputs) > 1:
		return "symbolic tuple"
	}
	return "symbolic"
}

// Symbolic reports whether expressions are searched, not coefficients.
func (s *Space) Symbolic() bool { return s.Template == nil && len(s.Terms) == 0 }

// Validate reports everything that is wrong with the space, one line each.
func (s *Space) Validate() error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if s.Template != nil && len(s.Terms) > 0 {
		add("a space is a template or a list of terms, not both")
	}
	if kind := s.Kind(); !s.Symbolic() && (len(s.Primitives) > 0 || len(s.Constants) > 0 || s.MaxComplexity != 0) {
		add("primitives, constants and max_complexity belong to a symbolic space; this one has a %s", kind)
	}
	switch s.Kind() {
	case "symbolic", "symbolic tuple":
		s.validateSymbolic(add)
	case "template":
		s.validateTemplate(add)
	case "terms":
		s.validateTerms(add)
	}
	s.validateGiven(add)
	if s.Scale.Name != "" {
		if s.Template != nil {
			add("scale %s: a template has its own learning rate", s.Scale.Name)
		}
		if err := checkName(s.Scale.Name); err != nil {
			add("scale %s: %w", s.Scale.Name, err)
		}
		if err := s.Scale.check(); err != nil {
			add("scale %s: %w", s.Scale.Name, err)
		}
	}
	return errors.Join(errs...)
}

func (s *Space) validateSymbolic(add func(string, ...any)) {
	if s.Signals == 0 {
		add("signals are missing: what may the rule read?")
	}
	if len(s.Primitives) == 0 {
		add("primitives are missing: what may the rule compute?")
	}
	if s.MaxComplexity < 1 || s.MaxComplexity > maxComplexity {
		add("max_complexity %d is outside 1 to %d", s.MaxComplexity, maxComplexity)
	} else if n := len(s.Outputs); s.MaxComplexity < n {
		add("max_complexity %d is too small for %d expressions", s.MaxComplexity, n)
	}
	for i, op := range s.Primitives {
		if int(op) >= NumOps {
			add("primitives[%d]: %d is not a primitive", i, op)
		} else if slices.Contains(s.Primitives[:i], op) {
			add("primitives[%d]: %s is given twice", i, op)
		}
	}
	if len(s.Constants) > maxConstants {
		add("%d constants are too many: at most %d", len(s.Constants), maxConstants)
	}
	for i, c := range s.Constants {
		if !finite(c) {
			add("constants[%d]: %v is not a finite number", i, c)
		} else if slices.Contains(s.Constants[:i], c) {
			add("constants[%d]: %v is given twice", i, c)
		}
	}
}

func (s *Space) validateTemplate(add func(string, ...any)) {
	if err := s.Template.Validate(); err != nil {
		add("template: %w", err)
		return
	}
	if s.Dims() == 0 {
		add("template: no parameter has a range, so there is nothing to search")
	}
	if s.Signals != 0 {
		if outside := s.Template.Needs().Minus(s.Signals); outside != 0 {
			add("template: reads %v, which is not among the signals %v", outside, s.Signals)
		}
	}
}

func (s *Space) validateTerms(add func(string, ...any)) {
	if len(s.Terms) > maxTerms {
		add("%d terms are too many: at most %d", len(s.Terms), maxTerms)
	}
	seen := map[string]bool{s.Scale.Name: true}
	if s.Given != nil {
		for _, name := range s.Given.names() {
			seen[name] = true
		}
	}
	size := 0
	for i, t := range s.Terms {
		name := s.termName(i)
		if err := checkName(name); err != nil {
			add("terms[%d]: %w", i, err)
		} else if seen[name] {
			add("terms[%d]: the name %s is taken", i, name)
		}
		seen[name] = true
		if err := t.check(); err != nil {
			add("terms[%d]: %w", i, err)
		}
		if t.Expr == nil {
			continue
		}
		if size += t.Expr.Size(); size > MaxNodes/2 {
			add("terms[%d]: all terms together have more than %d nodes", i, MaxNodes/2)
			return
		}
		if outside := t.Expr.Signals().Minus(s.Signals); s.Signals != 0 && outside != 0 {
			add("terms[%d]: reads %v, which is not among the signals %v", i, outside, s.Signals)
		}
	}
}

func (t Term) check() error {
	if t.Expr == nil {
		return errors.New("the expression is missing")
	}
	if t.Expr.Size() > MaxNodes {
		return fmt.Errorf("more than %d nodes", MaxNodes)
	}
	var err error
	t.Expr.walk(func(n *Expr) {
		if n.kind == KindName {
			err = fmt.Errorf("%s is not a signal; terms have no parameters but their coefficients", n.name)
		}
	})
	positive := t.Log || t.Sign != 0
	switch {
	case err != nil:
		return err
	case !finite(t.Low) || !finite(t.High):
		return errors.New("low and high have to be finite numbers")
	case t.Low >= t.High:
		return fmt.Errorf("low (%v) has to be below high (%v)", t.Low, t.High)
	case t.Slot > SlotDFB:
		return fmt.Errorf("%v is not an assignment that can be searched", t.Slot)
	case t.Sign < -1 || t.Sign > 1:
		return fmt.Errorf("sign %d is not -1, 0 or 1", t.Sign)
	case t.Log && t.Low <= 0:
		return fmt.Errorf("a logarithmic scale needs low above 0, it is %v", t.Low)
	case positive && t.Low < 0:
		return fmt.Errorf("with a sign, low and high bound the magnitude and cannot be negative")
	}
	return nil
}

func (s *Space) termName(i int) string {
	if n := s.Terms[i].Name; n != "" {
		return n
	}
	return "c" + strconv.Itoa(i+1)
}

// Rate is the overall factor of a symbolic space.
func (s *Space) Rate() Param {
	if s.Scale.Name == "" {
		return Param{Name: "lr", Value: defaultRate}
	}
	return s.Scale
}

// Reads returns the signals that rules of the space may read.
func (s *Space) Reads() SignalSet {
	if s.Template != nil {
		return s.Template.Needs()
	}
	set := s.ReadsIn(SlotDW) | s.ReadsIn(SlotDFB) | s.ReadsIn(SlotState)
	if s.Given != nil {
		set |= s.Given.Needs()
	}
	return set
}

// ReadsIn returns the signals that an assignment may read.
func (s *Space) ReadsIn(slot Slot) SignalSet {
	var set SignalSet
	given := s.Given
	switch s.Kind() {
	case "template":
		given = s.Template
	case "terms":
		for _, t := range s.Terms {
			if t.Slot == slot {
				set |= t.Expr.Signals()
			}
		}
	default:
		for _, o := range s.outputs() {
			if o.Slot == slot {
				set = o.Signals
			}
		}
	}
	if given != nil && slot != SlotState {
		if e := *slot.of(given); e != nil {
			set |= e.Signals()
		}
	}
	return set
}

// Leaves returns what expressions of a symbolic space are made of: signals,
// the state that is searched, constants.
func (s *Space) Leaves() []*Expr {
	var leaves []*Expr
	for _, v := range s.Signals.List() {
		leaves = append(leaves, Sig(v))
	}
	if s.searches(SlotState) {
		leaves = append(leaves, Name(s.State))
	}
	for _, c := range s.Constants {
		leaves = append(leaves, Const(c))
	}
	return leaves
}

// Wrap makes a rule of expressions of a symbolic space, one for each
// assignment that is searched: each times the learning rate, as written,
// beside what is given. The rule's identity is that of its canonical form, so
// nothing is gained by simplifying here.
func (s *Space) Wrap(exprs ...*Expr) *Rule {
	r := s.frame()
	for i, slot := range s.Searches() {
		e := exprs[i]
		if slot != SlotState {
			e = Apply(Mul, Name(s.Rate().Name), e)
			s.withScale(r)
		}
		*slot.of(r) = e
	}
	return r
}

// Dims returns the number of coordinates; a symbolic space has none.
func (s *Space) Dims() int { return len(s.axes()) }

// Sample returns a uniformly random point of the cube.
func (s *Space) Sample(rng *key.Stream) []float64 {
	u := make([]float64, s.Dims())
	for i := range u {
		u[i] = rng.Uniform(-1, 1)
	}
	return u
}

// Coefficient is what coordinate i of a point is u for, before rounding.
func (s *Space) Coefficient(i int, u float64) float64 { return s.axes()[i].value(u) }

// Absent is where coordinate i makes its coefficient 0, false when the space
// has no such rule.
func (s *Space) Absent(i int) (float64, bool) {
	a := s.axes()[i]
	u, ok := a.coordinate(0)
	return u, ok && a.value(u) == 0
}

// Decode returns the rule at a point. Coordinates beyond [-1, 1] count as the
// nearest end. Coefficients have 4 significant digits, so that what is found
// is what is printed; terms that are absent leave no trace in the rule. It
// panics when u has not Dims coordinates.
func (s *Space) Decode(u []float64) *Rule {
	axes := s.axes()
	if len(u) != len(axes) {
		panic("rulespace: Space.Decode: wrong number of coordinates")
	}
	values := map[string]float64{}
	for i, a := range axes {
		values[a.name] = round4(a.value(u[i]))
	}
	if s.Template != nil {
		r, err := s.Template.WithParams(values)
		if err != nil {
			panic(err) // axes are the template's own parameters
		}
		return r
	}
	r := s.frame()
	for i, t := range s.Terms {
		name := s.termName(i)
		if values[name] == 0 {
			continue
		}
		r.Params = append(r.Params, Param{Name: name, Value: values[name]})
		summand := Name(name)
		if !t.Expr.IsConst(1) {
			summand = Apply(Mul, summand, t.Expr)
		}
		if sum := t.Slot.of(r); *sum == nil {
			*sum = summand
		} else {
			*sum = Apply(Add, *sum, summand)
		}
	}
	for _, slot := range s.Searches() {
		if sum := slot.of(r); *sum != nil && s.Scale.Name != "" {
			*sum = Apply(Mul, Name(s.Scale.Name), *sum)
			s.withScale(r)
		}
	}
	if r.DW == nil {
		r.DW = Const(0)
	}
	return r
}

// Coordinates returns a point where Decode gives a rule equal to r but for
// rounding, false when there is none.
func (s *Space) Coordinates(r *Rule) ([]float64, bool) {
	var values map[string]float64
	var ok bool
	switch s.Kind() {
	case "template":
		values, ok = s.templateValues(r)
	case "terms":
		values, ok = s.termValues(r)
	}
	if !ok {
		return nil, false
	}
	axes := s.axes()
	u := make([]float64, len(axes))
	for i, a := range axes {
		if u[i], ok = a.coordinate(values[a.name]); !ok {
			return nil, false
		}
	}
	return u, true
}

// templateValues reads the parameters of a rule that is the template with
// other values.
func (s *Space) templateValues(r *Rule) (map[string]float64, bool) {
	values := map[string]float64{}
	for _, p := range s.Template.Params {
		if q, ok := r.Param(p.Name); ok {
			values[p.Name] = q.Value
		}
	}
	t, err := s.Template.WithParams(values)
	if err != nil || t.Digest() != r.Digest() {
		return nil, false
	}
	for _, p := range t.Params {
		values[p.Name] = p.Value
	}
	return values, true
}

// termValues finds the coefficients with which the terms add up to the
// rule's dw and dfb.
func (s *Space) termValues(r *Rule) (map[string]float64, bool) {
	if !s.fits(r) {
		return nil, false
	}
	values := map[string]float64{}
	for _, slot := range s.Searches() {
		if !s.slotValues(r, slot, values) {
			return nil, false
		}
	}
	return values, true
}

// slotValues finds the coefficients of the terms of one assignment: by least
// squares over generic points, which needs no knowledge of what the terms look
// like.
func (s *Space) slotValues(r *Rule, slot Slot, values map[string]float64) bool {
	target := *slot.of(r)
	if target == nil {
		target = Const(0)
	}
	var terms []int
	for i, t := range s.Terms {
		if t.Slot == slot {
			terms = append(terms, i)
		}
	}
	scale := 1.0
	if s.Scale.Name != "" {
		scale = s.Scale.Value
		if p, ok := r.Param(s.Scale.Name); ok {
			scale = p.Value
		}
	}
	n := len(terms)
	rng := key.Root(0).Child("coordinates", 0).Stream()
	columns := make([][]float64, n+1)
	for range 3*n + 13 {
		p := point{rule: r}
		for i := range p.signals {
			p.signals[i] = rng.Uniform(-2, 2)
			if legal := Signal(i).Info().Values; legal != nil {
				p.signals[i] = legal[rng.IntN(len(legal))]
			}
		}
		row := make([]float64, n+1)
		usable := true
		for i, t := range terms {
			row[i] = scale * s.Terms[t].Expr.Eval(&p)
			usable = usable && finite(row[i])
		}
		row[n] = target.Eval(&p)
		if !usable || !finite(row[n]) {
			continue // outside the domain of a logarithm, say
		}
		for i, v := range row {
			columns[i] = append(columns[i], v)
		}
	}
	c, ok := leastSquares(columns[:n], columns[n])
	if !ok {
		return false
	}
	for i, t := range terms {
		values[s.termName(t)] = c[i]
	}
	return true
}

// point is an environment of fixed signals and a rule's parameters.
type point struct {
	rule    *Rule
	signals [NumSignals]float64
}

func (p *point) SignalValue(s Signal) float64 { return p.signals[s] }
func (p *point) NamedValue(name string) float64 {
	q, _ := p.rule.Param(name)
	return q.Value
}

// leastSquares solves Σ c_i·columns[i] = b by Gram-Schmidt, twice is enough
// for full accuracy. It fails when columns are dependent or too short, or b
// is not in their span.
func leastSquares(columns [][]float64, b []float64) ([]float64, bool) {
	n := len(columns)
	if len(b) <= n {
		return nil, false
	}
	q := make([][]float64, n)
	upper := make([][]float64, n)
	for j := range columns {
		v := slices.Clone(columns[j])
		upper[j] = project(v, q[:j])
		size := norm(v)
		if size <= 1e-9*norm(columns[j]) {
			return nil, false
		}
		for k := range v {
			v[k] /= size
		}
		q[j], upper[j] = v, append(upper[j], size)
	}
	rest := slices.Clone(b)
	c := project(rest, q)
	if norm(rest) > 1e-9*norm(b) {
		return nil, false
	}
	for i := n - 1; i >= 0; i-- {
		for j := i + 1; j < n; j++ {
			c[i] -= float64(upper[j][i] * c[j])
		}
		c[i] /= upper[i][i]
	}
	// What rounding leaves of a term that is not there is no coefficient.
	for i := range c {
		if math.Abs(c[i])*norm(columns[i]) <= 1e-9*norm(b) {
			c[i] = 0
		}
	}
	return c, true
}

// project removes from v its part in the span of the orthonormal q, and
// returns the coefficients of that part.
func project(v []float64, q [][]float64) []float64 {
	c := make([]float64, len(q))
	for range 2 {
		for i, qi := range q {
			var d float64
			for k := range v {
				d += float64(v[k] * qi[k])
			}
			for k := range v {
				v[k] -= float64(d * qi[k])
			}
			c[i] += d
		}
	}
	return c
}

func norm(v []float64) float64 {
	var s float64
	for _, x := range v {
		s += float64(x * x)
	}
	return math.Sqrt(s)
}

// Describe says in words what the space holds, in a few lines.
func (s *Space) Describe() string {
	var b strings.Builder
	switch s.Kind() {
	case "symbolic", "symbolic tuple":
		b.WriteString(s.Kind() + ": ")
		s.describeOutputs(&b)
		b.WriteString("\nprimitives:")
		for i, op := range s.Primitives {
			b.WriteString(separator(i) + op.String())
		}
		if len(s.Constants) > 0 {
			b.WriteString("\nconstants:")
		}
		for i, c := range s.Constants {
			b.WriteString(separator(i) + formatFloat(c))
		}
	case "template":
		b.WriteString("template:")
		for i, a := range s.Template.assignments()[len(s.Template.States):] {
			fmt.Fprintf(&b, "%s%s = %v", []string{" ", "; "}[min(i, 1)], a.field, a.expr)
		}
		for _, p := range s.Template.Params {
			if p.HasRange() {
				fmt.Fprintf(&b, "\n%s: %s to %s%s", p.Name, formatFloat(p.Low), formatFloat(p.High), logText(p.Log))
			} else {
				fmt.Fprintf(&b, "\n%s: %s", p.Name, formatFloat(p.Value))
			}
		}
	case "terms":
		b.WriteString("terms:")
		for i, slot := range s.Searches() {
			b.WriteString([]string{" ", "; "}[min(i, 1)])
			s.describeSum(&b, slot)
		}
		for i, t := range s.Terms {
			fmt.Fprintf(&b, "\n%s: %s", s.termName(i), t.describe())
		}
	}
	if s.Given != nil {
		b.WriteString("\ngiven:")
		for i, a := range s.Given.assignments()[len(s.Given.States):] {
			fmt.Fprintf(&b, "%s%s = %v", []string{" ", "; "}[min(i, 1)], a.field, a.expr)
		}
	}
	return b.String()
}

// describeOutputs says which expressions a symbolic space has, and what they
// read.
func (s *Space) describeOutputs(b *strings.Builder) {
	outputs := s.outputs()
	var names []string
	for i, o := range outputs {
		name := "e"
		if len(outputs) > 1 {
			name += strconv.Itoa(i + 1)
		}
		names = append(names, name)
		text := s.Rate().Name + "*" + name
		switch {
		case o.Slot == SlotState:
			text = s.State + " = " + name
		case o.Slot != SlotDW || len(outputs) > 1:
			text = o.Slot.String() + " = " + text
		}
		b.WriteString([]string{"", "; "}[min(i, 1)] + text)
	}
	if len(outputs) == 1 {
		fmt.Fprintf(b, " for every expression e of at most %d nodes\nsignals: %v", s.MaxComplexity, s.Signals)
	} else {
		fmt.Fprintf(b, " for all expressions %s of at most %d nodes together\nsignals: %v", strings.Join(names, " and "), s.MaxComplexity, s.Signals)
	}
	if s.searches(SlotState) {
		b.WriteString(", and " + s.State + " itself")
	}
	for _, o := range outputs {
		if o.Signals != s.Signals {
			fmt.Fprintf(b, "\nsignals of %s: %v", o.Slot, o.Signals)
		}
	}
}

// describeSum writes the sum of the terms of an assignment.
func (s *Space) describeSum(b *strings.Builder, slot Slot) {
	between := slot.String() + " = "
	if s.Scale.Name != "" {
		between += s.Scale.Name + "*("
	}
	for i, t := range s.Terms {
		if t.Slot == slot {
			b.WriteString(between + Apply(Mul, Name(s.termName(i)), t.Expr).String())
			between = " + "
		}
	}
	if s.Scale.Name != "" {
		b.WriteString(")")
	}
}

func separator(i int) string {
	if i == 0 {
		return " "
	}
	return ", "
}

func logText(log bool) string {
	if log {
		return ", logarithmic"
	}
	return ""
}

func (t Term) describe() string {
	text := fmt.Sprintf("%s to %s%s", formatFloat(t.Low), formatFloat(t.High), logText(t.Log))
	switch {
	case t.Sign < 0:
		text += ", negative"
	case t.Log && t.Sign == 0:
		text += ", either sign"
	}
	if t.Optional {
		text += ", may be absent"
	}
	return text
}

// axis maps a coordinate in [-1, 1] to a coefficient. Magnitudes grow away
// from the gap, in which the coefficient is 0: with two sides the gap is the
// middle of the range and the sides are the signs, with one side it is the
// low end. A straight axis has neither: it runs from low to high through 0.
type axis struct {
	name     string
	straight bool
	neg, pos side
	gap      float64
	log      bool
}

// side is a range of magnitudes; a side that is not there is empty.
type side struct{ low, high float64 }

func (s side) is() bool { return s.high > s.low }

func (s *Space) axes() []axis {
	var axes []axis
	if s.Template != nil {
		for _, p := range s.Template.Params {
			if p.HasRange() {
				axes = append(axes, Term{Low: p.Low, High: p.High, Log: p.Log, Sign: int(sel(p.Log, 1, 0))}.axis(p.Name))
			}
		}
		return axes
	}
	for i, t := range s.Terms {
		axes = append(axes, t.axis(s.termName(i)))
	}
	return axes
}

func (t Term) axis(name string) axis {
	a := axis{name: name, log: t.Log, gap: sel(t.Optional, absent, 0)}
	bounds := side{t.Low, t.High}
	switch {
	case t.Sign > 0:
		a.pos = bounds
	case t.Sign < 0:
		a.neg = bounds
	case t.Log:
		a.pos, a.neg = bounds, bounds
	case t.Optional && t.Low < 0 && t.High > 0:
		a.pos, a.neg = side{0, t.High}, side{0, -t.Low}
	case t.Optional && t.High <= 0:
		a.neg = side{-t.High, -t.Low}
	default:
		a.pos, a.straight = bounds, !t.Optional
	}
	return a
}

// value is the coefficient at coordinate u.
func (a axis) value(u float64) float64 {
	if !(u >= -1) { // NaN too
		u = -1
	}
	u = min(u, 1)
	part, sign, v := a.pos, 1.0, (u+1)/2
	switch {
	case a.straight:
		c := part.low + float64((part.high-part.low)*v)
		if math.Abs(c) <= 1e-15*(part.high-part.low) {
			return 0 // what rounding leaves of the coordinate of 0
		}
		return c
	case a.pos.is() && a.neg.is():
		v = math.Abs(u)
		if math.Signbit(u) { // -0 is the low end of the negative side
			part, sign = a.neg, -1
		}
	case a.neg.is():
		part, sign = a.neg, -1
	}
	if v < a.gap {
		return 0
	}
	v = (v - a.gap) / (1 - a.gap)
	if a.log {
		return sign * part.low * fmath.Exp(v*fmath.Log(part.high/part.low))
	}
	return sign * (part.low + float64((part.high-part.low)*v))
}

// coordinate is where value gives c, within the rounding of coefficients.
func (a axis) coordinate(c float64) (float64, bool) {
	two := a.pos.is() && a.neg.is()
	if c == 0 && a.gap > 0 {
		return sel(two, 0, -1), true
	}
	part, sign, m := a.pos, 1.0, c
	if !a.straight && (c < 0 || !a.pos.is()) {
		part, sign, m = a.neg, -1, -c
	}
	slack := float64(1e-3 * max(math.Abs(part.low), math.Abs(part.high)))
	if a.log {
		slack = float64(1e-3 * part.low)
	}
	if !part.is() || m < part.low-slack || m > part.high+float64(1e-3*math.Abs(part.high)) {
		return 0, false
	}
	m = min(max(m, part.low), part.high)
	v := (m - part.low) / (part.high - part.low)
	if a.log {
		v = fmath.Log(m/part.low) / fmath.Log(part.high/part.low)
	}
	if !a.straight {
		v = a.gap + float64((1-a.gap)*v)
	}
	if two {
		return sign * v, true
	}
	return 2*v - 1, true
}

// round4 rounds to 4 significant decimal digits.
func round4(v float64) float64 {
	r, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 4, 64), 64)
	return r
}
