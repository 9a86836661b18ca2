package render

import (
	"fmt"
	"math"
	"strings"

	"github.com/metaplast/metaplast/rulespace"
)

// dialect is what tells NumPy and PyTorch apart.
type dialect struct {
	imports string
	format  func(rulespace.Format) string
	helpers map[rulespace.Op]string // functions that the module does not have
	mean    string                  // the mean over the samples
	average string                  // the same of an array of batch × units
	zeros   string                  // a state at its initial value, from shape and value
	global  string                  // a signal of the network, from its name and shape
	// constant turns a number into what functions of the module accept; empty
	// where they accept numbers.
	constant string
}

var numpy = &dialect{
	imports: "import numpy as np",
	format:  func(f rulespace.Format) string { return f.NumPy },
	helpers: map[rulespace.Op]string{
		rulespace.PDiv: `def pdiv(a, b):
    """a/b, and 0 where |b| < 1e-6."""
    small = np.abs(b) < 1e-6
    return np.where(small, 0.0, a/np.where(small, 1.0, b))
`,
		rulespace.Clip: `def clip(a, low, high):
    """a limited to low..high; low where high is below it and a is too."""
    return np.where(a < low, low, np.minimum(a, high))
`,
	},
	mean: `def mean(x, batch, like):
    """Mean over the samples of a value that broadcasts to (batch, *like.shape)."""
    return np.broadcast_to(x, (batch, *like.shape)).mean(axis=0)
`,
	average: ".mean(axis=0)",
	zeros:   "np.full(%s, %s)",
	global:  "np.reshape(%s, %s)",
}

var torch = &dialect{
	imports: "import torch",
	format:  func(f rulespace.Format) string { return f.Torch },
	helpers: map[rulespace.Op]string{
		rulespace.PDiv: `def pdiv(a, b):
    """a/b, and 0 where |b| < 1e-6."""
    small = torch.abs(b) < 1e-6
    quotient = a/torch.where(small, torch.ones_like(b), b)
    return torch.where(small, torch.zeros_like(quotient), quotient)
`,
		rulespace.Clip: `def clip(a, low, high):
    """a limited to low..high; low where high is below it and a is too."""
    return torch.where(a < low, low, torch.minimum(a, high))
`,
		// Not step: that is a signal.
		rulespace.Step: `def heaviside(a):
    """1 where a > 0, else 0."""
    return torch.heaviside(a, torch.zeros_like(a))
`,
	},
	mean: `def mean(x, batch, like):
    """Mean over the samples of a value that broadcasts to (batch, *like.shape)."""
    x = torch.as_tensor(x, dtype=like.dtype, device=like.device)
    return x.expand(batch, *like.shape).mean(dim=0)
`,
	average:  ".mean(dim=0)",
	zeros:    "torch.full(%s, %s, dtype=dtype, device=device)",
	global:   "torch.as_tensor(%s, dtype=w.dtype, device=w.device).reshape(%s)",
	constant: "torch.as_tensor(%s, dtype=w.dtype, device=w.device)",
}

// pythonWords cannot name a parameter: the language's own and those that the
// functions use themselves.
var pythonWords = strings.Fields(`False None True and as assert async await break class continue def del elif
	else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield
	np torch dw db dfb bias fb state mean batch len float dtype device n_in n_out`)

// pythonRule is a rule on its way to Python.
type pythonRule struct {
	*dialect
	rule     *rulespace.Rule
	name     string // prefix of the functions
	names    map[string]string
	notation *notation
	meanUsed bool
	single   bool // the function has one presynaptic unit, as biases do
	b        strings.Builder
}

func python(r *rulespace.Rule, d *dialect) string {
	p := &pythonRule{dialect: d, rule: r, name: "rule", names: map[string]string{}}
	if r.Name != "" {
		p.name = strings.ReplaceAll(r.Name, "-", "_")
	}
	unique := newNamer(pythonWords...)
	for _, q := range r.Params {
		p.names[q.Name] = unique.name(q.Name, "_")
	}
	for _, s := range r.States {
		p.names[s.Name] = unique.name(s.Name, "_")
	}
	p.notation = &notation{
		format:   d.format,
		signal:   rulespace.Signal.String,
		name:     func(s string) string { return p.names[s] },
		number:   p.number,
		paren:    roundParen,
		callPrec: precPrimary,
	}
	if d.constant != "" {
		p.notation.argument = func(e *rulespace.Expr, text string) string {
			if constant(r, e) {
				return fmt.Sprintf(d.constant, text)
			}
			return text
		}
	}

	if len(r.States) > 0 {
		p.initial()
	}
	p.update()
	if r.DB != nil {
		p.bias()
	}
	if r.DFB != nil {
		p.feedback()
	}
	code := p.b.String()
	p.b.Reset()
	p.b.WriteString(comment("#", append(header(r), "", "metaplast rule "+r.Digest())))
	p.line(0, "%s", d.imports)
	p.helperFunctions()
	return p.b.String() + code
}

func (p *pythonRule) line(indent int, format string, args ...any) {
	p.b.WriteString(strings.TrimRight(strings.Repeat("    ", indent)+fmt.Sprintf(format, args...), " ") + "\n")
}

func (p *pythonRule) number(v float64) string {
	switch {
	case math.IsNaN(v):
		return `float("nan")`
	case math.IsInf(v, 0):
		return `float("inf")`
	}
	return shortest(v)
}

func (p *pythonRule) expr(e *rulespace.Expr) string { return p.notation.expr(folded(e)) }

// helperFunctions writes those that some expression calls.
func (p *pythonRule) helperFunctions() {
	used := map[rulespace.Op]bool{}
	note := func(n *rulespace.Expr) {
		if n.Kind() == rulespace.KindApply {
			used[n.Op()] = true
		}
	}
	for _, s := range p.rule.States {
		walk(s.Update, note)
	}
	for _, c := range changes(p.rule) {
		walk(c.expr, note)
	}
	for i := range rulespace.NumOps {
		if h := p.helpers[rulespace.Op(i)]; h != "" && used[rulespace.Op(i)] {
			p.b.WriteString("\n\n" + h)
		}
	}
	if p.meanUsed {
		p.b.WriteString("\n\n" + p.mean)
	}
}

// shape is that of a state, as Python.
func (p *pythonRule) shape(s rulespace.Scope) string {
	switch s {
	case rulespace.Pre:
		return "(n_in, 1)"
	case rulespace.Post:
		return "(1, n_out)"
	}
	return "(n_in, n_out)"
}

// initial writes the function that makes the states.
func (p *pythonRule) initial() {
	args := "n_in, n_out"
	if p.dialect == torch {
		args += ", dtype=None, device=None"
	}
	p.b.WriteString("\n\n")
	p.line(0, "def %s_state(%s):", p.name, args)
	p.line(1, `"""The state of a connection that has not learned yet."""`)
	p.line(1, "return {")
	for _, s := range p.rule.States {
		p.line(2, "%q: "+p.zeros+",", s.Name, p.shape(s.Scope), pythonFloat(s.Init))
	}
	p.line(1, "}")
}

// pythonFloat is a number that Python takes for a float.
func pythonFloat(v float64) string {
	s := shortest(v)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return s
}

// function is one of the functions of a rule.
type function struct {
	suffix, summary string
	result          string // dw, db or dfb
	weight          string // name of the argument that w stands for
	states          []rulespace.State
	expr            *rulespace.Expr
	// passState: the state is an argument; states: it is also updated.
	passState bool
	bias      bool
}

func (p *pythonRule) update() {
	p.function(function{
		suffix: "update", summary: "Weight change for one mini-batch.",
		result: "dw", weight: "w", states: p.rule.States, expr: p.rule.DW, passState: len(p.rule.States) > 0,
	})
}

func (p *pythonRule) bias() {
	f := function{
		suffix: "bias_update", summary: "Bias change for one mini-batch. A bias is the weight from a unit that is always 1.",
		result: "db", weight: "bias", expr: asBias(p.rule.DB), bias: true,
	}
	if readsState(p.rule, p.rule.DB) {
		f.passState = true
		for _, s := range p.rule.States {
			s.Update = asBias(s.Update)
			f.states = append(f.states, s)
		}
	}
	p.function(f)
}

func (p *pythonRule) feedback() {
	p.function(function{
		suffix: "feedback_update", summary: "Change of the feedback weights for one mini-batch.",
		result: "dfb", weight: "fb", expr: p.rule.DFB, passState: readsState(p.rule, p.rule.DFB),
	})
}

func (p *pythonRule) function(f function) {
	// pre, post and w say how large everything is, whether or not they are read.
	needs := f.expr.Signals()
	for _, s := range f.states {
		needs |= s.Update.Signals()
	}
	var args []string
	var rows [][2]string
	add := func(name, shape, doc string) {
		args = append(args, name)
		rows = append(rows, [2]string{fmt.Sprintf("%-11s %s", name, shape), doc})
	}
	if !f.bias {
		add("pre", "(batch, in)", rulespace.SigPre.Info().Doc)
	}
	add("post", "(batch, out)", rulespace.SigPost.Info().Doc)
	switch f.weight {
	case "w":
		add("w", "(in, out)", rulespace.SigW.Info().Doc)
	case "bias":
		add("bias", "(out,)", "bias, read as w")
	case "fb":
		add("fb", "(in, out)", "feedback weight, laid out like w and read as w")
	}
	rest := needs.Minus(rulespace.Signals(rulespace.SigPre, rulespace.SigPost, rulespace.SigW))
	for _, s := range rest.List() {
		add(s.String(), pythonShape(s), s.Info().Doc)
	}
	if f.passState {
		doc := "from " + p.name + "_state(in, out), then as returned"
		switch {
		case f.bias:
			doc = "of the biases: from " + p.name + "_state(1, out), then as returned"
		case len(f.states) == 0:
			doc = "as returned by " + p.name + "_update"
		}
		add("state", "dict", doc)
	}
	used := f.params(p.rule)
	if len(used) > 0 {
		args = append(args, "*")
	}
	for _, q := range used {
		args = append(args, p.names[q.Name]+"="+pythonFloat(q.Value))
	}

	p.b.WriteString("\n\n")
	p.line(0, "def %s_%s(%s):", p.name, f.suffix, strings.Join(args, ", "))
	p.line(1, `"""%s`, f.summary)
	p.line(0, "")
	for _, s := range f.states {
		p.line(2, "%s <- %v", s.Name, s.Update)
	}
	p.line(2, "%s = %v", f.result, f.expr)
	p.line(0, "")
	for _, row := range aligned(rows) {
		p.line(1, "%s", row)
	}
	p.line(0, "")
	returns := ""
	if len(f.states) > 0 {
		returns = ", and the new state"
	}
	p.line(1, "Returns %s, the mean over the samples, to be added to %s%s.", f.result, f.weight, returns)
	p.line(1, `"""`)
	p.body(f, needs)
}

func (p *pythonRule) body(f function, needs rulespace.SignalSet) {
	sums := p.sums(f)
	p.single = f.bias
	units := [2]string{"[:, :, None]", "[:, None, :]"}
	shape := "(-1, 1, 1)"
	if sums != nil {
		units, shape = [2]string{}, "(-1, 1)"
	}
	p.line(1, "batch = len(post)")
	switch {
	case f.bias:
		p.line(1, "w = bias[None, :]")
	case f.weight == "fb":
		p.line(1, "w = fb")
	}
	for _, s := range needs.List() {
		switch sc := s.Info().Scope; {
		case s == rulespace.SigNormW || sc == rulespace.Synapse:
		case sc == rulespace.Pre && units[0] != "":
			p.line(1, "%s = %s%s", s, s, units[0])
		case sc == rulespace.Post && units[1] != "":
			p.line(1, "%s = %s%s", s, s, units[1])
		case sc == rulespace.Global:
			p.line(1, "%s = "+p.global, s, s, shape)
		}
	}
	read := f.readStates(p.rule)
	for _, s := range p.rule.States {
		if read[s.Name] {
			p.line(1, "%s = state[%q]", p.names[s.Name], s.Name)
		}
	}
	for i, s := range f.states {
		p.assign(p.names[s.Name], s.Update, p.names[s.Name], s.Scope, sums, i)
	}
	p.assign(f.result, f.expr, "w", rulespace.Synapse, sums, len(f.states))
	result := f.result
	if f.bias {
		result += ".reshape(bias.shape)"
	}
	if len(f.states) == 0 {
		p.line(1, "return %s", result)
		return
	}
	var items []string
	for _, s := range f.states {
		items = append(items, fmt.Sprintf("%q: %s", s.Name, p.names[s.Name]))
	}
	p.line(1, "return %s, {%s}", result, strings.Join(items, ", "))
}

// sums writes every assignment of a function as a sum of products, nil if one
// of them is none: then all of it is computed sample by sample.
func (p *pythonRule) sums(f function) [][]*product {
	var sums [][]*product
	add := func(e *rulespace.Expr) bool {
		list := []*product{}
		if _, _, _, samples := p.reads(e); samples {
			list = p.products(e)
		}
		sums = append(sums, list)
		return list != nil
	}
	for _, s := range f.states {
		if s.Scope != rulespace.Synapse && len(perSample(s.Update.Signals())) > 0 || !add(s.Update) {
			return nil
		}
	}
	if !add(f.expr) {
		return nil
	}
	return sums
}

// assign writes name = the mean of e over the samples, of the shape of like.
func (p *pythonRule) assign(name string, e *rulespace.Expr, like string, scope rulespace.Scope, sums [][]*product, i int) {
	pre, post, synapse, samples := p.reads(e)
	batch := "1"
	var text string
	full := false
	switch {
	case !samples:
		text = p.expr(e)
		full = synapse || pre && post || pre && scope == rulespace.Pre || post && scope == rulespace.Post
	case sums == nil:
		text, batch = p.expr(e), "batch"
	default:
		text, full = p.sum(sums[i])
		full = full || p.single && post
	}
	if !full {
		p.meanUsed = true
		text = fmt.Sprintf("mean(%s, %s, %s)", text, batch, like)
	}
	p.line(1, "%s = %s", name, text)
}

// params lists those that the function reads.
func (f function) params(r *rulespace.Rule) []rulespace.Param {
	read := map[string]bool{}
	note := func(n *rulespace.Expr) {
		if n.Kind() == rulespace.KindName {
			read[n.Name()] = true
		}
	}
	walk(f.expr, note)
	for _, s := range f.states {
		walk(s.Update, note)
	}
	var list []rulespace.Param
	for _, p := range r.Params {
		if read[p.Name] {
			list = append(list, p)
		}
	}
	return list
}

// readStates are those that the function takes from its argument.
func (f function) readStates(r *rulespace.Rule) map[string]bool {
	read := map[string]bool{}
	for _, s := range f.states {
		read[s.Name] = true // for its shape, if for nothing else
	}
	walk(f.expr, func(n *rulespace.Expr) {
		if n.Kind() == rulespace.KindName {
			_, ok := stateOf(r, n.Name())
			read[n.Name()] = ok
		}
	})
	return read
}

func pythonShape(s rulespace.Signal) string {
	switch sc := s.Info().Scope; {
	case s == rulespace.SigNormW:
		return "(out,)"
	case s == rulespace.SigMaxDW || s == rulespace.SigStep:
		return "number"
	case sc == rulespace.Pre:
		return "(batch, in)"
	case sc == rulespace.Post:
		return "(batch, out)"
	case sc == rulespace.Synapse:
		return "(in, out)"
	}
	return "(batch,)"
}
