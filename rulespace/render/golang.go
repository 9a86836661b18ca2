package render

import (
	"fmt"
	"go/format"
	"math"
	"strings"
	"unicode"

	"github.com/metaplast/metaplast/rulespace"
)

// goHelpers are the functions that stand for primitives, which Go does not
// have as operators or built-in functions.
var goHelpers = map[rulespace.Op]string{
	rulespace.PDiv: `// pdiv is a/b, and 0 where |b| < 1e-6.
func pdiv(a, b float64) float64 {
	if math.Abs(b) < 1e-6 {
		return 0
	}
	return a / b
}`,
	rulespace.Square: `func square(a float64) float64 { return a * a }`,
	rulespace.Cube:   `func cube(a float64) float64 { return a * a * a }`,
	rulespace.Abs:    `func abs(a float64) float64 { return math.Abs(a) }`,
	rulespace.Sign: `func sign(a float64) float64 {
	switch {
	case a > 0:
		return 1
	case a < 0:
		return -1
	}
	return a
}`,
	rulespace.Sqrt:    `func sqrt(a float64) float64 { return math.Sqrt(a) }`,
	rulespace.Exp:     `func exp(a float64) float64 { return math.Exp(a) }`,
	rulespace.Log:     `func log(a float64) float64 { return math.Log(a) }`,
	rulespace.Tanh:    `func tanh(a float64) float64 { return math.Tanh(a) }`,
	rulespace.Sigmoid: `func sigmoid(a float64) float64 { return 1 / (1 + math.Exp(-a)) }`,
	rulespace.Relu:    `func relu(a float64) float64 { return max(a, 0) }`,
	rulespace.Step: `// step is 1 where a > 0, else 0.
func step(a float64) float64 {
	if a > 0 {
		return 1
	}
	return 0
}`,
	rulespace.Clip: `// clip is a limited to low..high.
func clip(a, low, high float64) float64 {
	if a < low {
		return low
	}
	return min(a, high)
}`,
}

// goRule is a rule on its way to Go.
type goRule struct {
	rule   *rulespace.Rule
	fields map[string]string // of Params and State
	b      strings.Builder
}

func golang(r *rulespace.Rule) (string, error) {
	g := &goRule{rule: r, fields: map[string]string{}}
	params, states := newNamer(), newNamer()
	for _, p := range r.Params {
		g.fields[p.Name] = params.name(goName(p.Name), "X")
	}
	for _, s := range r.States {
		g.fields[s.Name] = states.name(goName(s.Name), "X")
	}
	g.b.WriteString(comment("//", append(header(r), "", "metaplast rule "+r.Digest())))
	g.line("package rule\n")
	helpers := g.helpers()
	if strings.Contains(helpers, "math.") || g.notFinite() {
		g.line("import \"math\"\n")
	}
	g.types()
	g.update()
	if r.DB != nil {
		g.bias()
	}
	if r.DFB != nil {
		g.feedback()
	}
	g.b.WriteString(helpers)
	src, err := format.Source([]byte(g.b.String()))
	if err != nil {
		return "", fmt.Errorf("render: go: %w", err)
	}
	return string(src), nil
}

// goName is an exported name: reward_mean becomes RewardMean.
func goName(name string) string {
	var b strings.Builder
	for _, part := range strings.Split(name, "_") {
		if part != "" {
			b.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	s := b.String()
	if s == "" || !unicode.IsLetter(rune(s[0])) {
		s = "X" + s
	}
	return s
}

func (g *goRule) line(format string, args ...any) { fmt.Fprintf(&g.b, format+"\n", args...) }

// exprs lists what is computed, as it is computed.
func (g *goRule) exprs() []*rulespace.Expr {
	var list []*rulespace.Expr
	for _, s := range g.rule.States {
		list = append(list, s.Update)
	}
	for _, c := range changes(g.rule) {
		list = append(list, c.expr)
	}
	return list
}

func (g *goRule) notFinite() bool {
	found := false
	for _, e := range g.exprs() {
		for _, e := range []*rulespace.Expr{folded(e), folded(asBias(e))} {
			walk(e, func(n *rulespace.Expr) {
				v := n.Value()
				found = found || n.Kind() == rulespace.KindConst && (math.IsNaN(v) || math.IsInf(v, 0))
			})
		}
	}
	return found
}

func (g *goRule) helpers() string {
	used := map[rulespace.Op]bool{}
	for _, e := range g.exprs() {
		walk(e, func(n *rulespace.Expr) {
			if n.Kind() == rulespace.KindApply {
				used[n.Op()] = true
			}
		})
	}
	var b strings.Builder
	for i := range rulespace.NumOps {
		if h := goHelpers[rulespace.Op(i)]; h != "" && used[rulespace.Op(i)] {
			b.WriteString("\n" + h + "\n")
		}
	}
	return b.String()
}

func (g *goRule) types() {
	r := g.rule
	if len(r.Params) > 0 {
		g.line("// Params are the constants of the rule.\ntype Params struct {")
		for _, p := range r.Params {
			g.line("%s float64 // %s", g.fields[p.Name], p.Name)
		}
		g.line("}\n\n// DefaultParams returns the values that the rule came with.\nfunc DefaultParams() Params {\nreturn Params{")
		for _, p := range r.Params {
			g.line("%s: %s,", g.fields[p.Name], shortest(p.Value))
		}
		g.line("}\n}\n")
	}
	g.line("// Signals is what the rule reads of one connection in one mini-batch.\ntype Signals struct {")
	for _, s := range g.signals().List() {
		kind, shape := goShape(s)
		g.line("%s %s // %s%s", goName(s.String()), kind, shape, s.Info().Doc)
	}
	g.line("}\n")
	if len(r.States) == 0 {
		return
	}
	g.line("// State is what the rule remembers of one connection.\ntype State struct {")
	for _, s := range r.States {
		switch s.Scope {
		case rulespace.Pre:
			g.line("%s []float64 // in", g.fields[s.Name])
		case rulespace.Post:
			g.line("%s []float64 // out", g.fields[s.Name])
		default:
			g.line("%s [][]float64 // in × out", g.fields[s.Name])
		}
	}
	g.line("}\n\n// NewState returns the state of a connection that has not learned yet.\nfunc NewState(in, out int) *State {\nst := &State{}")
	for _, s := range r.States {
		f, fill := g.fields[s.Name], ""
		if s.Init != 0 {
			fill = fmt.Sprintf("for j := range v {\nv[j] = %s\n}\n", shortest(s.Init))
		}
		switch s.Scope {
		case rulespace.Synapse:
			g.line("st.%s = make([][]float64, in)\nfor i := range st.%s {\nv := make([]float64, out)\n%sst.%s[i] = v\n}", f, f, fill, f)
		default:
			size := "in"
			if s.Scope == rulespace.Post {
				size = "out"
			}
			g.line("{\nv := make([]float64, %s)\n%sst.%s = v\n}", size, fill, f)
		}
	}
	g.line("return st\n}\n")
}

// signals are the fields of Signals: all that is read but the weight, and
// whatever is needed to know how many samples there are.
func (g *goRule) signals() rulespace.SignalSet {
	return g.rule.Needs().Minus(rulespace.Signals(rulespace.SigW))
}

// perSample are the signals that differ between samples.
func perSample(set rulespace.SignalSet) []rulespace.Signal {
	var list []rulespace.Signal
	for _, s := range set.List() {
		if s.Info().Scope != rulespace.Synapse && s != rulespace.SigNormW && s != rulespace.SigMaxDW && s != rulespace.SigStep {
			list = append(list, s)
		}
	}
	return list
}

func goShape(s rulespace.Signal) (kind, shape string) {
	switch sc := s.Info().Scope; {
	case s == rulespace.SigNormW:
		return "[]float64", "out: "
	case s == rulespace.SigMaxDW || s == rulespace.SigStep:
		return "float64", ""
	case sc == rulespace.Pre:
		return "[][]float64", "batch × in: "
	case sc == rulespace.Post:
		return "[][]float64", "batch × out: "
	case sc == rulespace.Synapse:
		return "[][]float64", "in × out: "
	}
	return "[]float64", "batch: "
}

func goSignal(s rulespace.Signal) string {
	f := "s." + goName(s.String())
	switch sc := s.Info().Scope; {
	case s == rulespace.SigNormW:
		return f + "[j]"
	case s == rulespace.SigMaxDW || s == rulespace.SigStep:
		return f
	case sc == rulespace.Pre:
		return f + "[n][i]"
	case sc == rulespace.Post:
		return f + "[n][j]"
	case sc == rulespace.Synapse:
		return f + "[i][j]"
	}
	return f + "[n]"
}

// notation of an expression in which the weight is written as given and the
// presynaptic index is i or, for biases, 0.
func (g *goRule) notation(weight, i string) *notation {
	return &notation{
		format: func(f rulespace.Format) string { return f.Go },
		signal: func(s rulespace.Signal) string {
			if s == rulespace.SigW {
				return weight
			}
			return goSignal(s)
		},
		name: func(name string) string {
			s, ok := stateOf(g.rule, name)
			switch f := g.fields[name]; {
			case !ok:
				return "p." + f
			case s.Scope == rulespace.Pre:
				return "st." + f + "[" + i + "]"
			case s.Scope == rulespace.Post:
				return "st." + f + "[j]"
			default:
				return "st." + f + "[" + i + "][j]"
			}
		},
		number:   goNumber,
		paren:    roundParen,
		callPrec: precPrimary,
	}
}

func goNumber(v float64) string {
	switch {
	case math.IsNaN(v):
		return "math.NaN()"
	case math.IsInf(v, 0):
		return "math.Inf(1)"
	}
	return shortest(v)
}

// mean writes the statements that set target to the mean of e over the
// samples.
func (g *goRule) mean(target string, e *rulespace.Expr, weight, i string) {
	e = folded(e)
	text := g.notation(weight, i).expr(e)
	samples := perSample(e.Signals())
	if len(samples) == 0 {
		g.line("%s = %s", target, text)
		return
	}
	first := "s." + goName(samples[0].String())
	g.line("sum := 0.0\nfor n := range %s {\nsum += %s\n}\n%s = sum / float64(len(%s))", first, text, target, first)
}

// states writes the updates of the states over rows of the given range.
func (g *goRule) states(weight, i, in, out string, bias bool) {
	for _, s := range g.rule.States {
		e := s.Update
		if bias {
			e = asBias(e)
		}
		over := func(index, of string) {
			if index != "0" {
				g.line("for %s := range %s {", index, of)
			}
		}
		g.line("{ // %s", s.Name)
		loops := 0
		if s.Scope != rulespace.Post && i != "0" {
			over(i, in)
			loops++
		}
		if s.Scope != rulespace.Pre {
			over("j", out)
			loops++
		}
		g.mean(g.notation(weight, i).name(s.Name), e, weight, i)
		g.line("%s}", strings.Repeat("}\n", loops))
	}
}

func (g *goRule) update() {
	r := g.rule
	g.line("// Update sets dw to the weight change for one mini-batch, the mean over its")
	g.line("// samples. Row i of w and dw belongs to presynaptic unit i.\n//")
	for _, s := range r.States {
		g.line("//\t%s <- %v", s.Name, s.Update)
	}
	g.line("//\tdw = %v", r.DW)
	if len(r.States) > 0 {
		g.line("//\n// It updates st first.")
	}
	g.line("func Update(%s) {", g.args("w, dw [][]float64", len(r.States) > 0))
	g.states("w[i][j]", "i", "w", "w[0]", false)
	g.line("for i := range w {\nfor j := range w[i] {")
	g.mean("dw[i][j]", r.DW, "w[i][j]", "i")
	g.line("}\n}\n}\n")
}

func (g *goRule) bias() {
	r := g.rule
	states := readsState(r, r.DB)
	g.line("// UpdateBias sets db to the bias change for one mini-batch. A bias is the")
	g.line("// weight from a unit that is always 1.\n//\n//\tdb = %v", asBias(r.DB))
	if states {
		g.line("//\n// It updates st first, which is the state of the biases: NewState(1, out).")
	}
	g.line("func UpdateBias(%s) {", g.args("bias, db []float64", states))
	if states {
		g.states("bias[j]", "0", "", "bias", true)
	}
	g.line("for j := range bias {")
	g.mean("db[j]", asBias(r.DB), "bias[j]", "0")
	g.line("}\n}\n")
}

func (g *goRule) feedback() {
	r := g.rule
	states := readsState(r, r.DFB)
	g.line("// UpdateFeedback sets dfb to the change of the feedback weights, which are laid")
	g.line("// out like w and read as w.\n//\n//\tdfb = %v", r.DFB)
	if states {
		g.line("//\n// It reads st as Update left it.")
	}
	g.line("func UpdateFeedback(%s) {", g.args("fb, dfb [][]float64", states))
	g.line("for i := range fb {\nfor j := range fb[i] {")
	g.mean("dfb[i][j]", r.DFB, "fb[i][j]", "i")
	g.line("}\n}\n}\n")
}

// args lists the arguments of a function.
func (g *goRule) args(tail string, states bool) string {
	args := []string{"s *Signals"}
	if len(g.rule.Params) > 0 {
		args = append(args, "p Params")
	}
	if states {
		args = append(args, "st *State")
	}
	return strings.Join(append(args, tail), ", ")
}
