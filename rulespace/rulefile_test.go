package rulespace_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/classic"
)

// sameRule compares rules by what they hold, expressions as trees.
var sameRule = cmp.Comparer(func(a, b *rulespace.Expr) bool {
	return a == b || a != nil && b != nil && a.Equal(b)
})

const goodFile = `format: 1
name: oja
dw: lr*post*(pre - post*w)
params: {lr: 0.01}
`

func TestDecodeRefuses(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"empty", "", "x.yaml: empty: a rule file starts with format: 1"},
		{"comment only", "# nothing\n", "x.yaml: empty: a rule file starts with format: 1"},
		{"not UTF-8", "format: 1\ntitle: \xff\n", "x.yaml:2: not UTF-8 text"},
		{"not YAML", "format: 1\ndw: [\n", "x.yaml:2: not YAML: did not find expected node content"},
		{"a list", "- 1\n", "x.yaml:1: a rule file has to be a mapping that starts with format: 1"},
		{"no format", "dw: pre\n", "x.yaml:1: format is missing: a rule file starts with format: 1"},
		{"newer", "format: 2\nnew: 1\n", "x.yaml:1: format 2 is newer than this program reads (1)"},
		{"odd format", "format: one\n", "x.yaml:1: format has to be 1"},
		{"two documents", goodFile + "---\nformat: 1\n", "x.yaml:5: a second document: a rule file holds one rule"},
		{"unknown key", goodFile + "sauce: x\n", `x.yaml:5: "sauce" is not a key of a rule file. Did you mean source?`},
		{"twice", goodFile + "name: x\n", `x.yaml:5: "name" is given twice, first in line 2`},
		{"no dw", "format: 1\nname: x\n", "x.yaml:1: dw is missing: a rule has to say how the weight changes"},
		{"empty dw", "format: 1\ndw:\n", "x.yaml:2: dw has to be an expression such as lr*pre*post"},
		{"signal", "format: 1\nname: x\ndw: rewrd*pre\n", `x.yaml:3: dw: column 1: "rewrd" is not a signal or parameter. Did you mean reward?`},
		{"undeclared", "format: 1\ndw: rate*pre\nparams: {ratio: 1}\n", `x.yaml:2: dw: column 1: "rate" is not a signal or parameter. Did you mean ratio?`},
		{"unused", "format: 1\ndw: pre\nparams:\n  lr: 1\n", "x.yaml:4: params.lr: declared, but not used"},
		{"unused state", "format: 1\ndw: pre\nstate: {s: {scope: pre, update: pre}}\n", "x.yaml:3: state.s: declared, but not used"},
		{"rule name", "format: 1\nname: Oja\ndw: pre\n", `x.yaml:2: name: "Oja": a rule's name has lower-case letters, digits and -, starts with a letter and has at most 64 characters`},
		{"name type", "format: 1\nname: 3\ndw: pre\n", "x.yaml:2: name has to be text; quote it if it looks like a number or is empty"},
		{"title with control", "format: 1\ntitle: \"a\\u0007\"\ndw: pre\n", "x.yaml:2: title: has a character that is not printable"},
		{"title with line break", "format: 1\ntitle: \"a\\nb\"\ndw: pre\n", "x.yaml:2: title: has a character that is not printable"},
		{"param is a signal", "format: 1\ndw: pre\nparams: {pre: 1}\n", "x.yaml:3: params.pre: pre is a signal; choose another name"},
		{"param is a function", "format: 1\ndw: pre\nparams: {tanh: 1}\n", "x.yaml:3: params.tanh: tanh is a function; choose another name"},
		{"param name", "format: 1\ndw: pre\nparams: {2x: 1}\n", "x.yaml:3: params.2x: a name has letters, digits and _, starts with no digit and has at most 64 characters"},
		{"param text", "format: 1\ndw: a*pre\nparams: {a: b}\n", "x.yaml:3: params.a has to be a number"},
		{"param quoted", "format: 1\ndw: a*pre\nparams: {a: '1'}\n", "x.yaml:3: params.a has to be a number"},
		{"param infinite", "format: 1\ndw: a*pre\nparams: {a: .inf}\n", `x.yaml:3: params.a: ".inf" is not a decimal number`},
		{"param too large", "format: 1\ndw: a*pre\nparams: {a: 1e999}\n", "x.yaml:3: params.a: 1e999 is not a finite number"},
		{"param hexadecimal", "format: 1\ndw: a*pre\nparams: {a: 0x10}\n", `x.yaml:3: params.a: "0x10" is not a decimal number`},
		{"params is a list", "format: 1\ndw: a*pre\nparams: [a]\n", "x.yaml:3: params has to be a mapping such as {lr: 0.01}"},
		{"param without value", "format: 1\ndw: a*pre\nparams: {a: {low: 0, high: 1}}\n", "x.yaml:3: params.a: value is missing"},
		{"half a range", "format: 1\ndw: a*pre\nparams: {a: {value: 1, low: 0}}\n", "x.yaml:3: params.a: a range has both low and high"},
		{"empty range", "format: 1\ndw: a*pre\nparams: {a: {value: 0, low: 0, high: 0}}\n", "x.yaml:3: params.a: low has to be below high"},
		{"log of zero", "format: 1\ndw: a*pre\nparams:\n  a:\n    value: 1\n    low: 0\n    high: 1\n    scale: log\n", "x.yaml:4: params.a: scale: log needs low above 0"},
		{"scale", "format: 1\ndw: a*pre\nparams: {a: {value: 1, scale: lin}}\n", "x.yaml:3: params.a.scale has to be log or linear"},
		{"param key", "format: 1\ndw: a*pre\nparams: {a: {value: 1, lo: 0}}\n", `x.yaml:3: params.a: "lo" is not a key of a rule file. Did you mean low?`},
		{"state scope", "format: 1\ndw: s*pre\nstate: {s: {scope: global, update: 1}}\n", "x.yaml:3: state.s.scope has to be pre, post or synapse"},
		{"no scope", "format: 1\ndw: s*pre\nstate: {s: {update: 1}}\n", "x.yaml:3: state.s: scope is missing: pre, post or synapse"},
		{"no update", "format: 1\ndw: s*pre\nstate: {s: {scope: pre}}\n", "x.yaml:3: state.s: update is missing: the expression of the new value"},
		{"state too small", "format: 1\ndw: s*pre\nstate:\n  s:\n    scope: pre\n    update: pre*post\n", "x.yaml:6: state.s.update: has synapse scope, but the state has pre scope"},
		{"state and param", "format: 1\ndw: s*pre\nparams: {s: 1}\nstate: {s: {scope: pre, update: pre}}\n", "x.yaml:4: state.s: declared twice, as a param or as a state"},
		{"locality", "format: 1\ndw: err*pre\nlocality: local\n", "x.yaml:3: locality: the file says local, but by what it reads the rule is [err]"},
		{"locality list", "format: 1\ndw: post*pre\nlocality: [err, reward]\n", "x.yaml:3: locality: the file says [err, reward], but by what it reads the rule is local"},
		{"alias", "format: 1\ndw: &a pre\ndb: *a\n", "x.yaml:2: anchors and aliases are not allowed in a rule file"},
		{"tag", "format: 1\ndw: !!str pre\n", "x.yaml:2: tags such as !!str are not allowed in a rule file"},
		{"nested", "format: 1\ndw: pre\nnotes: [[[[[[[[[]]]]]]]]]\n", "x.yaml:3: nested more than 8 levels deep"},
		{"symbol", "format: 1\ndw: pre\nsymbols: {x: 1}\n", "x.yaml:3: symbols.x has to be text; quote it if it looks like a number or is empty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := rulespace.Decode("x.yaml", []byte(c.file))
			if err == nil {
				t.Fatal("no error")
			}
			if err.Error() != c.want {
				t.Errorf("error\n %s\nwant\n %s", err, c.want)
			}
			if fe := (*rulespace.FileError)(nil); !errors.As(err, &fe) {
				t.Errorf("error of type %T", err)
			}
		})
	}
}

func TestDecodeCounts(t *testing.T) {
	var params, states, sum []string
	for i := range 65 {
		params = append(params, fmt.Sprintf("p%d: 1", i))
		sum = append(sum, fmt.Sprintf("p%d", i))
	}
	file := "format: 1\ndw: " + strings.Join(sum, " + ") + "\nparams: {" + strings.Join(params, ", ") + "}\n"
	if _, err := rulespace.Decode("x", []byte(file)); err == nil || err.Error() != "x:3: more than 64 params" {
		t.Error(err)
	}
	for i := range 17 {
		states = append(states, fmt.Sprintf("s%d: {scope: pre, update: pre}", i))
	}
	file = "format: 1\ndw: pre\nstate: {" + strings.Join(states, ", ") + "}\n"
	if _, err := rulespace.Decode("x", []byte(file)); err == nil || err.Error() != "x:3: more than 16 states" {
		t.Error(err)
	}
}

// Hostile files are refused quickly. The limit of five seconds is for a busy
// machine; each takes well under one alone.
func TestDecodeHostile(t *testing.T) {
	const n = 250 << 10
	fill := func(s string) string { return strings.Repeat(s, n/len(s)) }
	for name, file := range map[string]string{
		"too long":       strings.Repeat("#", 256<<10+1),
		"parentheses":    "format: 1\ndw: " + fill("("),
		"flow lists":     fill("["),
		"flow maps":      fill("{a: "),
		"block lists":    fill("- "),
		"complex keys":   fill("? "),
		"maps":           fill("a:\n "),
		"keys":           "format: 1\n" + fill("a: 1\n"),
		"comments":       fill("#\n"),
		"nested comment": fill("- #\n"),
		"anchors":        fill("&a "),
		"aliases":        "a: &a [x]\nb: [" + fill("*a,") + "]",
		"tags":           fill("!!a "),
		"documents":      fill("---\n"),
		"quotes":         fill("\""),
		"escapes":        "\"" + fill("\\u0041"),
		"folds":          "format: 1\nnotes: >\n" + fill(" a\n\n"),
		"spaces":         "format: 1" + fill(" "),
		"tabs":           fill("\t"),
		"long sum":       "format: 1\ndw: pre" + fill("+pre"),
		"long name":      "format: 1\ndw: " + fill("a"),
		"long number":    "format: 1\ndw: " + fill("1"),
		"minuses":        "format: 1\ndw: " + fill("-"),
		"powers":         "format: 1\ndw: pre" + fill("^16"),
	} {
		start := time.Now()
		if _, err := rulespace.Decode("x", []byte(file)); err == nil {
			t.Errorf("%s: accepted", name)
		}
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("%s: took %v", name, d)
		}
	}
}

// drawExpr draws expressions as ParseExpr could return them.
func drawExpr(t *rapid.T, names []string, signals []rulespace.Signal, depth int) *rulespace.Expr {
	kinds := 2
	if len(names) > 0 {
		kinds = 3
	}
	if depth > 0 && rapid.IntRange(0, 3).Draw(t, "leaf") > 0 {
		op := rulespace.Op(rapid.IntRange(0, rulespace.NumOps-1).Draw(t, "op"))
		args := make([]*rulespace.Expr, op.Info().Arity)
		for i := range args {
			args[i] = drawExpr(t, names, signals, depth-1)
		}
		return rulespace.Apply(op, args...)
	}
	switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
	case 0:
		return rulespace.Const(drawFloat(t))
	case 1:
		return rulespace.Sig(rapid.SampledFrom(signals).Draw(t, "signal"))
	}
	return rulespace.Name(rapid.SampledFrom(names).Draw(t, "name"))
}

func drawFloat(t *rapid.T) float64 {
	return rapid.OneOf(rapid.SampledFrom([]float64{0, 1, -1, 0.5, 1e-8, 2e6, 1e21}),
		rapid.Float64().Filter(func(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) })).Draw(t, "float")
}

// drawText draws the text that is hard on YAML.
func drawText(t *rapid.T, lines bool) string {
	alphabet := []rune(" :#-'\"\\{}[],&*!|>%@`~?=aZ09.éη√\u00a0\u200b😀")
	if lines {
		alphabet = append(alphabet, '\n', '\n')
	}
	words := rapid.SampledFrom([]string{"", "true", "null", "~", "1", ".inf", "2020-01-01", "yes", "0x1", "a: b", "a #b", "- a", "---", "Δw_ij = η·y_i"})
	return rapid.OneOf(words, rapid.StringOfN(rapid.SampledFrom(alphabet), 0, 12, -1)).Draw(t, "text")
}

func drawRule(t *rapid.T) *rulespace.Rule {
	all := rulespace.SignalSet(1<<rulespace.NumSignals - 1).List()
	r := &rulespace.Rule{
		Name:     rapid.SampledFrom([]string{"", "oja", "a-2", "true", "null"}).Draw(t, "name"),
		Title:    drawText(t, false),
		Equation: drawText(t, true),
		Source:   drawText(t, false),
		Notes:    drawText(t, true),
	}
	var names []string
	for i := range rapid.IntRange(0, 4).Draw(t, "params") {
		name := []string{"lr", "y", "null", "_2"}[i]
		names = append(names, name)
		p := rulespace.Param{Name: name, Value: drawFloat(t)}
		if rapid.Bool().Draw(t, "range") {
			p.Low, p.High, p.Log = 0.1, 2, rapid.Bool().Draw(t, "log")
		}
		r.Params = append(r.Params, p)
	}
	states := rapid.IntRange(0, 2).Draw(t, "states")
	for i := range states {
		names = append(names, []string{"s", "no"}[i])
	}
	for i := range states {
		r.States = append(r.States, rulespace.State{Name: []string{"s", "no"}[i], Scope: rulespace.Synapse,
			Init: drawFloat(t), Update: drawExpr(t, names, all, 3)})
	}
	r.DW = drawExpr(t, names, all, 4)
	for _, n := range names { // all that is declared has to be used
		r.DW = rulespace.Apply(rulespace.Add, r.DW, rulespace.Name(n))
	}
	if rapid.Bool().Draw(t, "db") {
		r.DB = drawExpr(t, names, all, 3)
	}
	if rapid.Bool().Draw(t, "dfb") {
		r.DFB = drawExpr(t, names, all, 3)
	}
	for range rapid.IntRange(0, 3).Draw(t, "symbols") {
		if r.Symbols == nil {
			r.Symbols = map[string]string{}
		}
		r.Symbols[drawText(t, false)] = drawText(t, false)
	}
	return r
}

func TestEncodeReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawRule(t)
		if err := r.Validate(); err != nil {
			t.Skip(err) // text with a character that is refused
		}
		data, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := rulespace.Decode("x", data)
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		if d := cmp.Diff(r, got, sameRule); d != "" {
			t.Fatalf("%s\n%s", d, data)
		}
		again, err := got.Encode()
		if err != nil || string(again) != string(data) {
			t.Fatalf("encoded again:\n%s\nfirst:\n%s", again, data)
		}
	})
}

func TestEncodeClassics(t *testing.T) {
	for _, r := range classic.All() {
		data, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := rulespace.Decode("x", data)
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		if d := cmp.Diff(r, got, sameRule); d != "" {
			t.Error(d)
		}
	}
}

func TestEncodeLooks(t *testing.T) {
	for _, name := range []string{"oja", "three-factor", "abcd-hebb"} {
		r, _ := classic.Get(name)
		data, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if got, want := string(data), encoded[name]; got != want {
			t.Errorf("%s:\n%s\nwant:\n%s", name, got, want)
		}
	}
}

var encoded = map[string]string{
	"oja": `format: 1
name: oja
title: Oja's rule
dw: lr*post*(pre - post*w)
params: {lr: 0.01}
equation: Δw_ij = η·y_i·(x_j − y_i·w_ij)
symbols:
  w_ij: weight
  x_j: presynaptic rate
  y_i: postsynaptic rate
  η: learning rate
locality: local
source: E. Oja, J. Math. Biol. 15:267 (1982)
notes: |
  A linear unit converges to the first principal component of its input,
  with weights of norm 1. Diverges where η·y² is above about 2.
`,
	"three-factor": `format: 1
name: three-factor
title: Three-factor rule with an eligibility trace
dw: lr*(reward - reward_mean)*trace
params: {lr: 0.01, decay: 0.9}
state:
  trace:
    scope: synapse
    init: 0
    update: decay*trace + post*pre
equation: Δw_ij = η·(R − R̄)·e_ij,  e_ij ← γ·e_ij + y_i·x_j
symbols:
  R: reward
  R̄: running mean of the reward
  e_ij: eligibility trace
  x_j: presynaptic rate
  y_i: postsynaptic rate
  γ: decay of the trace per presentation
  η: learning rate
locality: [reward, reward_mean]
source: N. Frémaux, W. Gerstner, Front. Neural Circuits 9:85 (2016)
notes: |
  Without the running mean a constant reward makes the weights drift.
`,
	"abcd-hebb": `format: 1
name: abcd-hebb
title: Generalised Hebbian rule (ABCD)
dw: lr*(A*pre*post + B*pre + C*post + D)
params:
  lr: 0.01
  A: {value: 1, low: -1, high: 1}
  B: {value: -0.1, low: -1, high: 1}
  C: {value: -0.1, low: -1, high: 1}
  D: {value: 0.01, low: -1, high: 1}
equation: Δw_ij = η·(A·x_j·y_i + B·x_j + C·y_i + D)
symbols:
  A, B, C, D: coefficients, found by search
  x_j: presynaptic rate
  y_i: postsynaptic rate
  η: learning rate
locality: local
source: E. Najarro, S. Risi, Adv. Neural Inf. Process. Syst. 33:20719 (2020)
notes: |
  The paper searches for coefficients of each synapse; here they are shared.
  The values given are a starting point, not from the paper.
`,
}

func TestValidateRefusesWhatNoFileHolds(t *testing.T) {
	pre := rulespace.Sig(rulespace.SigPre)
	deep := pre
	for range 40 {
		deep = rulespace.Apply(rulespace.Mul, deep, deep) // 2^40 nodes as a tree
	}
	nested := pre
	for range 300 {
		nested = rulespace.Apply(rulespace.Tanh, nested)
	}
	for name, r := range map[string]*rulespace.Rule{
		"no dw":         {},
		"huge":          {DW: deep},
		"nested":        {DW: nested},
		"infinite":      {DW: rulespace.Const(math.Inf(1))},
		"undeclared":    {DW: rulespace.Name("a")},
		"no update":     {DW: rulespace.Name("s"), States: []rulespace.State{{Name: "s", Scope: rulespace.Pre}}},
		"global state":  {DW: rulespace.Name("s"), States: []rulespace.State{{Name: "s", Update: pre}}},
		"infinite init": {DW: rulespace.Name("s"), States: []rulespace.State{{Name: "s", Scope: rulespace.Pre, Init: math.NaN(), Update: pre}}},
		"param twice":   {DW: rulespace.Name("a"), Params: []rulespace.Param{{Name: "a"}, {Name: "a"}}},
		"param NaN":     {DW: rulespace.Name("a"), Params: []rulespace.Param{{Name: "a", Value: math.NaN()}}},
		"text":          {DW: pre, Title: "\xff"},
		"symbol":        {DW: pre, Symbols: map[string]string{"a\n": ""}},
	} {
		if err := r.Validate(); err == nil {
			t.Errorf("%s: valid", name)
		}
		if _, err := r.Encode(); err == nil {
			t.Errorf("%s: encoded", name)
		}
	}
}

func TestParseRule(t *testing.T) {
	r, err := rulespace.ParseRule("dw: lr*err*pre - decay*w; db: lr*err;\n dfb = lr*err*(pre\n - w)\n", rulespace.Param{Name: "decay", Value: 0.1})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.DW.String() + "; " + r.DB.String() + "; " + r.DFB.String(); got != "lr*err*pre - decay*w; lr*err; lr*err*(pre - w)" {
		t.Error(got)
	}
	want := []rulespace.Param{{Name: "lr", Value: 0.01}, {Name: "decay", Value: 0.1}}
	if d := cmp.Diff(want, r.Params); d != "" {
		t.Error(d)
	}
	if r, err = rulespace.ParseRule("pre*post"); err != nil || len(r.Params) != 0 {
		t.Errorf("%v %v", r, err)
	}
	if r, err = rulespace.ParseRule("Δw = lr·pre", rulespace.Param{Name: "lr", Value: 3}); err != nil || r.Params[0].Value != 3 {
		t.Errorf("%v %v", r, err)
	}
}

func TestParseRuleRefuses(t *testing.T) {
	a := rulespace.Param{Name: "a", Value: 1}
	for _, c := range []struct {
		text   string
		params []rulespace.Param
		want   string
	}{
		{"", nil, "column 1: dw is missing: a rule has to say how the weight changes, such as lr*pre*post"},
		{" ;\n", nil, "column 1: dw is missing: a rule has to say how the weight changes, such as lr*pre*post"},
		{"db: err", nil, "column 1: dw is missing: a rule has to say how the weight changes, such as lr*pre*post"},
		{"dw: lr*η", nil, `column 8: unexpected 'η'`},
		{"db: err; dw: lr*rewrd", nil, `column 17: "rewrd" is not a signal or parameter. Did you mean reward?`},
		{"dv: lr", nil, `column 1: "dv" cannot be assigned to; a rule assigns dw, db and dfb`},
		{"pre; post", nil, "column 6: dw is given twice"},
		{"dw: pre; Δw: post", nil, "column 10: Δw is given twice"},
		{"a*b", []rulespace.Param{a}, `column 3: "b" is not a signal or parameter; parameters are lr, a`},
		{"lr*pre", []rulespace.Param{a}, "params.a: declared, but not used"},
		{"pre", []rulespace.Param{{Name: "lr", Value: 1}}, "params.lr: declared, but not used"},
		{"pre", []rulespace.Param{{Name: "post"}}, "params.post: post is a signal; choose another name"},
		{strings.Repeat("(", 1e6), nil, "1000000 bytes are too many: a rule has at most 262144"},
		{strings.Repeat("(", 1e5), nil, "column 201: more than 200 nested levels"},
	} {
		_, err := rulespace.ParseRule(c.text, c.params...)
		if err == nil || err.Error() != c.want {
			t.Errorf("%.40q: error\n %v\nwant\n %s", c.text, err, c.want)
		}
	}
	start := time.Now()
	if _, err := rulespace.ParseRule(strings.Repeat("\n", 256<<10)); err == nil || time.Since(start) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(start))
	}
}

func TestWithParams(t *testing.T) {
	oja, _ := classic.Get("oja")
	r, err := oja.WithParams(map[string]float64{"lr": 0.5})
	if err != nil || r.Params[0].Value != 0.5 || oja.Params[0].Value != 0.01 {
		t.Errorf("%v %v %v", r.Params, oja.Params, err)
	}
	if _, err := oja.WithParams(map[string]float64{"lrr": 1}); err == nil || err.Error() != `the rule has no param "lrr". Did you mean lr?` {
		t.Error(err)
	}
	if _, err := oja.WithParams(map[string]float64{"lr": math.NaN()}); err == nil {
		t.Error("NaN accepted")
	}
}

func TestNeedsAndLocality(t *testing.T) {
	r, _ := classic.Get("error-hebb-oja")
	if got := r.Needs().String(); got != "pre, err_pre, recon, post, err" {
		t.Error(got)
	}
	if got := strings.Join(r.Locality(), " "); got != "err_pre recon err" {
		t.Error(got)
	}
}

func FuzzDecode(f *testing.F) {
	for _, r := range classic.All() {
		data, err := r.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, s := range []string{"", "---\n", "format: 1\ndw: &a [*a]\n", "? a\n: b\n", "format: 1\ndw: |\n  pre\n", "{format: 1, dw: pre}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := rulespace.Decode("x", data)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("an error of several lines: %v", err)
			}
			return
		}
		encoded, err := r.Encode()
		if err != nil {
			t.Fatalf("decoded, but does not encode: %v", err)
		}
		again, err := rulespace.Decode("x", encoded)
		if err != nil {
			t.Fatalf("%v\n%s", err, encoded)
		}
		if d := cmp.Diff(r, again, sameRule); d != "" {
			t.Fatal(d)
		}
	})
}

func FuzzParseRule(f *testing.F) {
	for _, s := range []string{"lr*pre*post", "dw: lr*err*pre - a*w; db: lr*err\ndfb = a*w", "Δw = lr·post²·(pre − w)", "dw:\n;db", "a;\n\n dw :a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, params := range [][]rulespace.Param{nil, {{Name: "a", Value: 1}}} {
			r, err := rulespace.ParseRule(text, params...)
			if err != nil {
				continue
			}
			data, err := r.Encode()
			if err != nil {
				t.Fatal(err)
			}
			back, err := rulespace.Decode("x", data)
			if err != nil {
				t.Fatalf("%v\n%s", err, data)
			}
			if d := cmp.Diff(r, back, sameRule); d != "" {
				t.Fatal(d)
			}
		}
	})
}
