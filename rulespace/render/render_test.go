package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/classic"
	"github.com/metaplast/metaplast/rulespace/key"
)

// awkward are rules that are hard to write in some language.
var awkward = []struct {
	name, text string
	params     string
	states     []rulespace.State
}{
	{name: "nothing", text: "0"},
	{name: "number", text: "1/2 + 1/4"},
	{name: "only-lr", text: "lr"},
	{name: "only-w", text: "-lr*w"},
	{name: "only-err", text: "lr*err"},
	{name: "only-pre", text: "lr*pre^2 - lr*3"},
	{name: "only-reward", text: "lr*reward"},
	{name: "reward-pre", text: "lr*(reward*pre + step*w/norm_w - max_dw*post)"},
	{name: "words", text: "lambda*(None + np*pre)*post - in*w + dw*mean", params: "lambda None np in dw mean"},
	{name: "case", text: "a*pre + A*post + _a*w - a_*w^2", params: "a A _a a_"},
	{name: "signs", text: "-(-(2))*pre - -post*(-w) - (-3)*-(pre*post) + (-w)^2 - -2^2*pre"},
	{name: "powers", text: "(pre*post)^3/w^2 - (w0^2)^2/(pre*(post/theta))*(w/w0)/2"},
	{name: "protected", text: "pdiv(pre, post) + pdiv(lr, w) + pdiv(pre, 0) + pdiv(1, lr)"},
	{name: "kinks", text: "abs(pre) + sign(w) - step(-post)*relu(pre) + step(lr)*0.1 + relu(lr - 1) + 0.1*step(pre)"},
	{name: "bounds", text: "min(pre, 0.5)*max(0.5, post) + clip(w, -0.1, lr) + clip(pre, 0.3, -0.3)*clip(1, pre, post)"},
	{name: "both-steps", text: "step(step - 0.8)*pre + step(pre)*step"},
	{name: "smooth", text: "tanh(pre - post)*exp(w) + sigmoid(3*w) + sqrt(abs(err))*log(1 + pre^2)*tanh(1 + lr)"},
	{name: "everything", text: strings.Join(allSignals(), " + pre*post*")},
	{name: "biased", text: "lr*err*(pre + pre_trace - recon) + w*elig; db: lr*err*(pre + pre_trace - recon + w) + elig; dfb: lr*pre*err - w*w0"},
	{name: "stateful", text: "lr*p*q*s*pre + p; db: q - s + p*w; dfb: s*p - w", states: []rulespace.State{
		{Name: "p", Scope: rulespace.Pre, Init: 0.5, Update: parse("0.5*p + pre^2*reward", "p")},
		{Name: "s", Scope: rulespace.Synapse, Init: 2, Update: parse("0.5*s + p*post - q*w + pre*tanh(w*err)", "p", "q", "s")},
		{Name: "q", Scope: rulespace.Post, Init: -1, Update: parse("0.5*q + post", "q")},
	}},
	{name: "sums", text: "lr*p*q*s*pre + p*post - tanh(pre - p)*q; db: lr*s", states: []rulespace.State{
		{Name: "p", Scope: rulespace.Pre, Init: 0.5, Update: parse("0.5*p + 1", "p")},
		{Name: "s", Scope: rulespace.Synapse, Init: 2, Update: parse("s*(p*post - q*w)*err*pre - 3*pre*s", "p", "q", "s")},
		{Name: "q", Scope: rulespace.Post, Init: -1, Update: parse("0.5*q + 0.1", "q")},
	}},
}

func allSignals() []string {
	names := make([]string, rulespace.NumSignals)
	for i := range names {
		names[i] = rulespace.Signal(i).String()
	}
	return names
}

func parse(text string, names ...string) *rulespace.Expr {
	e, err := rulespace.ParseExpr(text, names...)
	if err != nil {
		panic(err)
	}
	return e
}

// testRules are the classic rules and the awkward ones.
func testRules(t *testing.T) []*rulespace.Rule {
	rules := classic.All()
	for _, c := range awkward {
		r := &rulespace.Rule{Name: c.name, States: c.states}
		names := []string{"lr"}
		for _, n := range strings.Fields(c.params) {
			names = append(names, n)
			r.Params = append(r.Params, rulespace.Param{Name: n, Value: 0.1 * float64(len(names))})
		}
		if slices.Contains(strings.FieldsFunc(c.text, func(c rune) bool { return !('a' <= c && c <= 'z') }), "lr") {
			r.Params = append(r.Params, rulespace.Param{Name: "lr", Value: 0.01})
		}
		for _, s := range c.states {
			names = append(names, s.Name)
		}
		for i, part := range strings.Split(c.text, ";") {
			head, body, ok := strings.Cut(part, ":")
			if !ok {
				body = head
			}
			e := parse(body, names...)
			switch {
			case i == 0:
				r.DW = e
			case strings.TrimSpace(head) == "db":
				r.DB = e
			default:
				r.DFB = e
			}
		}
		if err := r.Validate(); err != nil {
			t.Fatal(err)
		}
		rules = append(rules, r)
	}
	rng := key.Root(2).Stream()
	for i := range 40 {
		r := &rulespace.Rule{Name: fmt.Sprintf("random-%d", i), DW: drawExpr(rng, 4), DFB: drawExpr(rng, 3)}
		for i, name := range []string{"p", "q", "s"} {
			scope := []rulespace.Scope{rulespace.Pre, rulespace.Post, rulespace.Synapse}[i]
			update := rulespace.Apply(rulespace.Mul, rulespace.Const(0.5), rulespace.Name(name))
			if e := drawExpr(rng, 2); scope == rulespace.Synapse {
				update = rulespace.Apply(rulespace.Add, update, e)
			}
			r.States = append(r.States, rulespace.State{Name: name, Scope: scope, Init: 1, Update: update})
		}
		if i%2 == 0 {
			r.DB = drawExpr(rng, 3)
		}
		for _, n := range []string{"a", "b", "p", "q", "s"} { // all that is declared has to be used
			r.DW = rulespace.Apply(rulespace.Add, r.DW, rulespace.Name(n))
		}
		r.Params = []rulespace.Param{{Name: "a", Value: 0.5}, {Name: "b", Value: -1.5}}
		if err := r.Validate(); err != nil {
			t.Fatal(err)
		}
		rules = append(rules, r)
	}
	return rules
}

// drawExpr draws an expression of bounded size, of primitives that stay
// finite, mostly sums and products.
func drawExpr(rng *key.Stream, depth int) *rulespace.Expr {
	if depth == 0 || rng.IntN(6) == 0 {
		switch rng.IntN(5) {
		case 0:
			return rulespace.Const(float64(rng.IntN(9)-4) / 2)
		case 1:
			return rulespace.Name([]string{"a", "b", "p", "q", "s"}[rng.IntN(5)])
		case 2:
			return rulespace.Sig(rulespace.Signal(rng.IntN(rulespace.NumSignals)))
		}
		return rulespace.Sig([]rulespace.Signal{rulespace.SigPre, rulespace.SigPost, rulespace.SigErr, rulespace.SigErrPre, rulespace.SigW}[rng.IntN(5)])
	}
	ops := []rulespace.Op{rulespace.Add, rulespace.Sub, rulespace.Mul, rulespace.Mul, rulespace.Add, rulespace.Sub,
		rulespace.Neg, rulespace.Square, rulespace.Abs, rulespace.Sign, rulespace.Tanh, rulespace.Sigmoid,
		rulespace.Relu, rulespace.Min, rulespace.Max, rulespace.Step, rulespace.Clip, rulespace.PDiv}
	op := ops[rng.IntN(len(ops))]
	args := make([]*rulespace.Expr, op.Info().Arity)
	for i := range args {
		args[i] = drawExpr(rng, depth-1)
	}
	return rulespace.Apply(op, args...)
}

// The rules that are run have to cover the vocabulary and the primitives.
func TestCoverage(t *testing.T) {
	var signals rulespace.SignalSet
	used := map[rulespace.Op]bool{}
	for _, r := range testRules(t) {
		signals |= r.Needs()
		for _, e := range append((&goRule{rule: r}).exprs(), r.DW) {
			walk(e, func(n *rulespace.Expr) {
				if n.Kind() == rulespace.KindApply {
					used[n.Op()] = true
				}
			})
		}
	}
	if missing := rulespace.SignalSet(1<<rulespace.NumSignals - 1).Minus(signals); missing != 0 {
		t.Errorf("no rule reads %v", missing)
	}
	for i := range rulespace.NumOps {
		op := rulespace.Op(i)
		if !used[op] {
			t.Errorf("no rule uses %v", op)
		}
		f := op.Info().Format
		for _, s := range []string{f.Text, f.LaTeX, f.NumPy, f.Torch, f.Go} {
			for k := range 3 {
				if has := strings.Contains(s, fmt.Sprintf("%%[%d]s", k+1)); has != (k < op.Info().Arity) {
					t.Errorf("%v: format %q", op, s)
				}
			}
		}
	}
}

func TestLaTeXSymbols(t *testing.T) {
	seen := map[string]rulespace.Signal{}
	for i, s := range latexSymbols {
		if s == "" {
			t.Errorf("%v has no symbol", rulespace.Signal(i))
		}
		if other, ok := seen[s]; ok {
			t.Errorf("%v and %v are both %s", rulespace.Signal(i), other, s)
		}
		seen[s] = rulespace.Signal(i)
	}
}

func TestLaTeX(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"lr*post*(pre - post*w)", `\eta\,y_i\,(x_j - y_i\,w_{ij})`},
		{"pre*2*3.5", `x_j\cdot 2\cdot 3.5`},
		{"2*pre", `2\,x_j`},
		{"1e-8*pre", `10^{-8}\,x_j`},
		{"-2.5e+30*pre", `-2.5\times 10^{30}\,x_j`},
		{"(pre + post)^2/w^3", `\frac{(x_j + y_i)^{2}}{w_{ij}^{3}}`},
		{"w0^2*norm_w^2*dpost^2", `(w^{0}_{ij})^{2}\,(\lVert w_i\rVert)^{2}\,(f'(u_i))^{2}`},
		{"(pre/post)^2", `\left(\frac{x_j}{y_i}\right)^{2}`},
		{"abs(pre)*tanh(a*w)^2", `\left|x_j\right|\,\left(\tanh\left(a\,w_{ij}\right)\right)^{2}`},
		{"pre*-post - -w", `x_j\,(-y_i) - (-w_{ij})`},
		{"b1*beta*beta_2*decay_rate*n*step", `b_1\,\beta\,\beta_2\,\mathrm{decay\_rate}\,\mathtt{n}\,n`},
	} {
		names := []string{"lr", "a", "b1", "beta", "beta_2", "decay_rate", "n"}
		r := &rulespace.Rule{DW: parse(c.text, names...)}
		for _, n := range names {
			r.Params = append(r.Params, rulespace.Param{Name: n})
		}
		if got := LaTeX(r, r.DW); got != c.want {
			t.Errorf("%s: %s\nwant %s", c.text, got, c.want)
		}
	}
}

func TestExpr(t *testing.T) {
	e := parse("-lr*post^2*(pre - w*1e-8)^3 - tanh(-pre)", "lr")
	text := Expr(e)
	if want := "−lr·post²·(pre − w·1e-08)³ − tanh(−pre)"; text != want {
		t.Errorf("%s\nwant %s", text, want)
	}
	if back := parse(text, "lr"); !back.Equal(e) {
		t.Errorf("reads back as %v", back)
	}
}

func TestRenderRefuses(t *testing.T) {
	oja, _ := classic.Get("oja")
	if _, err := Render(oja, "latx"); err == nil || err.Error() != `"latx" is not an output format. Did you mean latex?` {
		t.Error(err)
	}
	if _, err := Render(&rulespace.Rule{}, "text"); err == nil {
		t.Error("rendered a rule without dw")
	}
	for _, f := range Formats() {
		if Extension(f) == "" {
			t.Errorf("%s has no file ending", f)
		}
		// Metadata is outside text: it must not end a comment or a string.
		r := *oja
		r.Title, r.Source, r.Notes = `""" */ \`, `%s \begin{x}`, "a\n\nb"
		if _, err := Render(&r, f); err != nil {
			t.Errorf("%s: %v", f, err)
		}
	}
}

const batch, in, out, steps = 3, 4, 2, 2

// sample holds random values of all signals for one mini-batch: [batch][unit]
// for signals of units, [in][out] for synapses, [1][batch] for global ones.
type sample [rulespace.NumSignals][][]float64

func draw(rng *key.Stream) *sample {
	var s sample
	for i := range s {
		sig := rulespace.Signal(i)
		rows, cols := batch, out
		switch sig.Info().Scope {
		case rulespace.Pre:
			cols = in
		case rulespace.Synapse:
			rows = in
		case rulespace.Global:
			rows, cols = 1, batch
		}
		s[i] = table(rows, cols, func(int, int) float64 {
			if v := sig.Info().Values; v != nil {
				return v[rng.IntN(len(v))]
			}
			return rng.Uniform(-1, 1)
		})
	}
	for _, sig := range []rulespace.Signal{rulespace.SigNormW, rulespace.SigMaxDW, rulespace.SigStep} {
		for b, row := range s[sig] {
			for j := range row {
				row[j] = math.Abs(s[sig][0][j*b/max(b, 1)]) + 0.5
			}
		}
		for j := range s[sig][0] {
			if sig != rulespace.SigNormW {
				s[sig][0][j] = s[sig][0][0]
			}
		}
		for b := range s[sig] {
			copy(s[sig][b], s[sig][0])
		}
	}
	return &s
}

func table(rows, cols int, value func(i, j int) float64) [][]float64 {
	t := make([][]float64, rows)
	for i := range t {
		t[i] = make([]float64, cols)
		for j := range t[i] {
			t[i][j] = value(i, j)
		}
	}
	return t
}

// oracle carries out a rule with nothing but Expr.Eval, one synapse and one
// sample at a time.
type oracle struct {
	rule    *rulespace.Rule
	signals *sample
	states  map[string][][]float64
	b, i, j int
	w       float64
	bias    bool
}

func newOracle(r *rulespace.Rule, in int, bias bool) *oracle {
	o := &oracle{rule: r, states: map[string][][]float64{}, bias: bias}
	for _, s := range r.States {
		o.states[s.Name] = table(in, out, func(int, int) float64 { return s.Init })
	}
	return o
}

func (o *oracle) SignalValue(s rulespace.Signal) float64 {
	scope := s.Info().Scope
	switch {
	case s == rulespace.SigW:
		return o.w
	case o.bias && (s == rulespace.SigPre || s == rulespace.SigPreTrace || s == rulespace.SigPrePrev):
		return 1
	case o.bias && (scope == rulespace.Pre || scope == rulespace.Synapse):
		return 0
	case scope == rulespace.Pre:
		return o.signals[s][o.b][o.i]
	case scope == rulespace.Post:
		return o.signals[s][o.b][o.j]
	case scope == rulespace.Synapse:
		return o.signals[s][o.i][o.j]
	}
	return o.signals[s][0][o.b]
}

func (o *oracle) NamedValue(name string) float64 {
	if s, ok := o.states[name]; ok {
		return s[o.i][o.j]
	}
	p, _ := o.rule.Param(name)
	return p.Value
}

func (o *oracle) mean(e *rulespace.Expr, i, j int, w float64) float64 {
	o.i, o.j, o.w = i, j, w
	sum := 0.0
	for o.b = range batch {
		sum += e.Eval(o)
	}
	return sum / batch
}

// step updates the states, which are kept one per synapse whatever their
// scope, and returns the mean of e.
func (o *oracle) step(signals *sample, w [][]float64, e *rulespace.Expr) [][]float64 {
	o.signals = signals
	for _, s := range o.rule.States {
		o.states[s.Name] = table(len(w), out, func(i, j int) float64 { return o.mean(s.Update, i, j, w[i][j]) })
	}
	return o.read(w, e)
}

func (o *oracle) read(w [][]float64, e *rulespace.Expr) [][]float64 {
	return table(len(w), out, func(i, j int) float64 { return o.mean(e, i, j, w[i][j]) })
}

// result is what one rule does in all steps, by assignment.
type result map[string][][][]float64

// expected computes results, updating weights that all implementations see.
func expected(r *rulespace.Rule, data []*sample) result {
	res := result{}
	synapses, biases := newOracle(r, in, false), newOracle(r, 1, true)
	for _, s := range data {
		res["dw"] = append(res["dw"], synapses.step(s, s[rulespace.SigW], r.DW))
		if r.DB != nil {
			res["db"] = append(res["db"], biases.step(s, s[rulespace.SigW][:1], r.DB))
		}
		if r.DFB != nil {
			res["dfb"] = append(res["dfb"], synapses.read(feedback(s), r.DFB))
		}
	}
	return res
}

// feedback are weights that differ from the forward ones.
func feedback(s *sample) [][]float64 { return s[rulespace.SigW0] }

// compare allows for rounding in sums of a handful of terms.
func compare(t *testing.T, rules []*rulespace.Rule, data []*sample, got []result) {
	t.Helper()
	if len(got) != len(rules) {
		t.Fatalf("%d results for %d rules", len(got), len(rules))
	}
	for k, r := range rules {
		want := expected(r, data)
		// Rounding is relative to the largest value met: terms may cancel.
		scale := 1e-3
		for _, w := range want {
			for _, v := range slices.Concat(slices.Concat(w...)...) {
				scale = max(scale, math.Abs(v))
			}
		}
		if len(got[k]) != len(want) {
			t.Errorf("%s: %d assignments, want %d", r.Name, len(got[k]), len(want))
		}
		for name, w := range want {
			g := got[k][name]
			if fmt.Sprint(sizes(g)) != fmt.Sprint(sizes(w)) {
				t.Errorf("%s: %s has shape %v, want %v", r.Name, name, sizes(g), sizes(w))
				continue
			}
			for s := range w {
				for i := range w[s] {
					for j, v := range w[s][i] {
						if d := math.Abs(g[s][i][j] - v); !(d <= 1e-9*scale) {
							t.Errorf("%s: step %d: %s[%d][%d] = %v, want %v", r.Name, s, name, i, j, g[s][i][j], v)
						}
					}
				}
			}
		}
	}
}

func sizes(v [][][]float64) []int {
	s := []int{len(v)}
	for _, t := range v {
		s = append(s, len(t))
		for _, row := range t {
			s = append(s, len(row))
		}
	}
	return s
}

func testData() []*sample {
	var data []*sample
	rng := key.Root(1).Stream()
	for range steps {
		data = append(data, draw(rng))
	}
	return data
}

// findPython returns an interpreter that has the module.
func findPython(t *testing.T, module string) string {
	if testing.Short() {
		t.Skip("starts other programs")
	}
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(name, "-c", "import "+module).Run() == nil {
			return name
		}
	}
	t.Skipf("no python3 with %s", module)
	return ""
}

func TestNumPyRuns(t *testing.T) { pythonRuns(t, "numpy", "numpy", "np.array(%s, dtype=float)") }

func TestTorchRuns(t *testing.T) {
	pythonRuns(t, "torch", "torch", "torch.tensor(%s, dtype=torch.float64)")
}

// driver calls what the modules define with the arguments that they ask for.
const driver = `import importlib, inspect, json, sys, warnings
import numpy as np
%s
warnings.simplefilter("error", DeprecationWarning)
warnings.simplefilter("error", FutureWarning)
names, data = json.load(open("data.json"))
state_args = %s

def array(v):
    return %s

results = []
for k, name in enumerate(names):
    m = importlib.import_module("rule%%d" %% k)
    f = {n[len(name) + 1:]: g for n, g in vars(m).items() if n.startswith(name + "_")}
    state = f["state"](%d, %d, **state_args) if "state" in f else None
    bias_state = f["state"](1, %d, **state_args) if "state" in f else None
    result = {}
    for step in data:
        values = {n: array(v) for n, v in step.items()}
        def call(f, **more):
            have = {**values, **more}
            keys = [p.name for p in inspect.signature(f).parameters.values() if p.kind != p.KEYWORD_ONLY]
            return f(**{n: have[n] for n in keys})
        r = call(f["update"], state=state)
        if state is not None:
            r, state = r
        result.setdefault("dw", []).append(r.tolist())
        if "bias_update" in f:
            r = call(f["bias_update"], bias=values["w"][0], state=bias_state)
            if isinstance(r, tuple):
                r, bias_state = r
            result.setdefault("db", []).append([r.tolist()])
        if "feedback_update" in f:
            r = call(f["feedback_update"], fb=values["w0"], state=state)
            result.setdefault("dfb", []).append(r.tolist())
    results.append(result)
json.dump(results, sys.stdout)
`

func pythonRuns(t *testing.T, format, module, array string) {
	interpreter := findPython(t, module)
	dir := t.TempDir()
	rules, data := testRules(t), testData()
	var names []string
	for k, r := range rules {
		src, err := Render(r, format)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, fmt.Sprintf("rule%d.py", k)), src)
		names = append(names, strings.ReplaceAll(r.Name, "-", "_"))
	}
	var tables []map[string]any
	for _, s := range data {
		tables = append(tables, arguments(s, rulespace.Signal.String))
	}
	encoded, err := json.Marshal([]any{names, tables})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "data.json"), string(encoded))
	imports, stateArgs := "", "{}"
	if module == "torch" {
		imports, stateArgs = "import torch\ntorch.set_num_threads(1)\ntorch.set_grad_enabled(False)", `{"dtype": torch.float64}`
	}
	write(t, filepath.Join(dir, "main.py"), fmt.Sprintf(driver, imports, stateArgs, fmt.Sprintf(array, "v"), in, out, out))
	var got []result
	if err := json.Unmarshal(run(t, dir, interpreter, "main.py"), &got); err != nil {
		t.Fatal(err)
	}
	compare(t, rules, data, got)
}

// arguments are the signals in the shapes that rendered code documents.
func arguments(s *sample, name func(rulespace.Signal) string) map[string]any {
	values := map[string]any{}
	for i, v := range s {
		sig := rulespace.Signal(i)
		switch {
		case sig == rulespace.SigMaxDW || sig == rulespace.SigStep:
			values[name(sig)] = v[0][0]
		case sig == rulespace.SigNormW || sig.Info().Scope == rulespace.Global:
			values[name(sig)] = v[0]
		default:
			values[name(sig)] = v
		}
	}
	return values
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, dir, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=", "PYTHONDONTWRITEBYTECODE=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, stderr.Bytes())
	}
	return stdout
}

func TestGoRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("starts other programs")
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command")
	}
	dir := t.TempDir()
	rules, data := testRules(t), testData()
	var imports, calls strings.Builder
	for k, r := range rules {
		src, err := Render(r, "go")
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, fmt.Sprintf("rule%d", k), "rule.go"), src)
		fmt.Fprintf(&imports, "rule%d \"check/rule%d\"\n", k, k)
		calls.WriteString(strings.ReplaceAll(goCalls(r), "rule.", fmt.Sprintf("rule%d.", k)))
	}
	var tables []map[string]any
	for _, s := range data {
		values := arguments(s, func(s rulespace.Signal) string { return goName(s.String()) })
		values["Feedback"] = feedback(s)
		tables = append(tables, values)
	}
	encoded, err := json.Marshal(tables)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "data.json"), string(encoded))
	write(t, filepath.Join(dir, "go.mod"), "module check\n\ngo 1.26\n")
	write(t, filepath.Join(dir, "main.go"), fmt.Sprintf(goMain, imports.String(), in, out, calls.String()))
	run(t, dir, "go", "vet", "./...")
	var got []result
	if err := json.Unmarshal(run(t, dir, "go", "run", "."), &got); err != nil {
		t.Fatal(err)
	}
	compare(t, rules, data, got)
}

const goMain = `package main

import (
	"encoding/json"
	"os"

	%s
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func table(rows, cols int) [][]float64 {
	t := make([][]float64, rows)
	for i := range t {
		t[i] = make([]float64, cols)
	}
	return t
}

func main() {
	const in, out = %d, %d
	text, err := os.ReadFile("data.json")
	check(err)
	var data []json.RawMessage
	check(json.Unmarshal(text, &data))
	var results []map[string][][][]float64
	%s
	check(json.NewEncoder(os.Stdout).Encode(results))
}
`

// goCalls runs one rule over the data.
func goCalls(r *rulespace.Rule) string {
	params, state, biasState := "", "", ""
	if len(r.Params) > 0 {
		params = "rule.DefaultParams(), "
	}
	var b strings.Builder
	b.WriteString("{\nresult := map[string][][][]float64{}\n")
	if len(r.States) > 0 {
		b.WriteString("st, bst := rule.NewState(in, out), rule.NewState(1, out)\n_ = bst\n")
		state, biasState = "st, ", "bst, "
	}
	b.WriteString(`for _, raw := range data {
		var all struct{ W, Feedback [][]float64 }
		check(json.Unmarshal(raw, &all))
		var s rule.Signals
		check(json.Unmarshal(raw, &s))
		dw := table(in, out)
		rule.Update(&s, ` + params + state + `all.W, dw)
		result["dw"] = append(result["dw"], dw)
	`)
	if r.DB != nil {
		if !readsState(r, r.DB) {
			biasState = ""
		}
		b.WriteString(`db := table(1, out)
			rule.UpdateBias(&s, ` + params + biasState + `all.W[0], db[0])
			result["db"] = append(result["db"], db)
		`)
	}
	if r.DFB != nil {
		if !readsState(r, r.DFB) {
			state = ""
		}
		b.WriteString(`dfb := table(in, out)
			rule.UpdateFeedback(&s, ` + params + state + `all.Feedback, dfb)
			result["dfb"] = append(result["dfb"], dfb)
		`)
	}
	b.WriteString("}\nresults = append(results, result)\n}\n")
	return b.String()
}
