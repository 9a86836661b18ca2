package rulespace_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

func mustExpr(text string, names ...string) *rulespace.Expr {
	e, err := rulespace.ParseExpr(text, names...)
	if err != nil {
		panic(err)
	}
	return e
}

func term(name, text string, low, high float64, log bool, sign int, optional bool) rulespace.Term {
	return rulespace.Term{Name: name, Expr: mustExpr(text), Low: low, High: high, Log: log, Sign: sign, Optional: optional}
}

var lr = rulespace.Param{Name: "lr", Value: 0.01}

func TestTermCoordinates(t *testing.T) {
	for _, c := range []struct {
		name string
		term rulespace.Term
		want map[float64]float64 // coordinate → coefficient
	}{
		{"linear", term("a", "pre", -1, 3, false, 0, false), map[float64]float64{-1: -1, 0: 1, 1: 3, -2: -1, 7: 3}},
		{"linear positive", term("a", "pre", 0, 2, false, 1, false), map[float64]float64{0: 1, 1: 2}},
		{"linear negative", term("a", "pre", 0, 2, false, -1, false), map[float64]float64{0: -1, 1: -2}},
		{"linear optional", term("a", "pre", -1, 3, false, 0, true), map[float64]float64{0: 0, 0.149: 0, -0.149: 0, 0.575: 1.5, -0.575: -0.5, 1: 3, -1: -1}},
		{"linear optional positive", term("a", "pre", 1, 3, false, 0, true), map[float64]float64{-1: 0, -0.701: 0, -0.699: 1.001, 0.15: 2, 1: 3}},
		{"linear optional negative", term("a", "pre", -3, -1, false, 0, true), map[float64]float64{-1: 0, 0.15: -2, 1: -3}},
		{"log", term("a", "pre", 0.01, 1, true, 1, false), map[float64]float64{-1: 0.01, 0: 0.1, 1: 1}},
		{"log negative", term("a", "pre", 0.01, 1, true, -1, false), map[float64]float64{-1: -0.01, 0: -0.1, 1: -1}},
		{"log signed", term("a", "pre", 0.01, 1, true, 0, false), map[float64]float64{0: 0.01, 0.5: 0.1, 1: 1, -0.5: -0.1, -1: -1}},
		{"log signed optional", term("a", "pre", 0.01, 1, true, 0, true), map[float64]float64{0: 0, -0.14: 0, 0.15: 0.01, 0.575: 0.1, 1: 1, -0.15: -0.01, -0.575: -0.1, -1: -1}},
		{"log optional", term("a", "pre", 0.01, 1, true, 1, true), map[float64]float64{-1: 0, -0.71: 0, 0.15: 0.1, 1: 1}},
		{"rounded", term("a", "pre", 0, 1, false, 0, false), map[float64]float64{1.0 / 3: 0.6667}},
		{"not a number", term("a", "pre", -1, 3, false, 0, false), map[float64]float64{math.NaN(): -1}},
	} {
		s := &rulespace.Space{Terms: []rulespace.Term{c.term}}
		if err := s.Validate(); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for u, want := range c.want {
			r := s.Decode([]float64{u})
			p, ok := r.Param("a")
			if p.Value != want || ok != (want != 0) {
				t.Errorf("%s: %v gives %v, want %v", c.name, u, p.Value, want)
			}
		}
	}
}

func TestTermsRule(t *testing.T) {
	s := &rulespace.Space{Scale: lr, Terms: []rulespace.Term{
		term("a", "err*pre", 0.1, 10, true, 1, false),
		term("", "err*err_pre", 0.1, 10, true, 0, true),
		term("b", "1", -1, 1, false, 0, true),
	}}
	for _, c := range []struct {
		u    []float64
		want string
	}{
		{[]float64{0, 1, 1}, "lr*(a*err*pre + c2*err*err_pre + b)"},
		{[]float64{0, -1, 0}, "lr*(a*err*pre + c2*err*err_pre)"},
		{[]float64{0, 0, 0}, "lr*a*err*pre"},
	} {
		r := s.Decode(c.u)
		if err := r.Validate(); err != nil {
			t.Error(err)
		}
		if r.Digest() != withValues(t, c.want, r).Digest() {
			t.Errorf("%v: %v, want %s", c.u, r.DW, c.want)
		}
	}
	if got := s.Reads().String(); got != "pre, err_pre, err" {
		t.Error(got)
	}
	none := &rulespace.Space{Scale: lr, Terms: s.Terms[1:]}
	if r := none.Decode([]float64{0, 0}); !r.DW.IsConst(0) || r.Validate() != nil {
		t.Errorf("no term: %v, %v", r.DW, r.Validate())
	}
}

func withValues(t *testing.T, text string, values *rulespace.Rule) *rulespace.Rule {
	t.Helper()
	r := &rulespace.Rule{Params: values.Params}
	var names []string
	for _, p := range r.Params {
		names = append(names, p.Name)
	}
	r.DW = mustExpr(text, names...)
	return r
}

// drawTerms draws coefficients of all kinds on independent expressions.
func drawTerms(t *rapid.T) *rulespace.Space {
	s := &rulespace.Space{}
	if rapid.Bool().Draw(t, "scale") {
		s.Scale = lr
	}
	for _, text := range []string{"err*pre", "post*(pre - recon)", "w", "1", "tanh(post)*pre", "step(pre - 0.5)"} {
		if rapid.Bool().Draw(t, "skip") && len(s.Terms) > 0 {
			continue
		}
		term := rulespace.Term{Expr: mustExpr(text), Log: rapid.Bool().Draw(t, "log"), Optional: rapid.Bool().Draw(t, "optional"),
			Sign: rapid.IntRange(-1, 1).Draw(t, "sign")}
		term.Low = rapid.Float64Range(0.001, 1).Draw(t, "low")
		if !term.Log && term.Sign == 0 {
			term.Low = rapid.Float64Range(-1, 1).Draw(t, "any low")
		}
		term.High = term.Low + rapid.Float64Range(0.1, 2).Draw(t, "width")
		s.Terms = append(s.Terms, term)
	}
	return s
}

func drawPoint(t *rapid.T, dims int) []float64 {
	return rapid.SliceOfN(rapid.Float64Range(-1, 1), dims, dims).Draw(t, "u")
}

// A rule of the space has coordinates, which give back the same rule.
func TestCoordinatesInvertDecode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawTerms(t)
		if err := s.Validate(); err != nil {
			t.Fatal(err)
		}
		r := s.Decode(drawPoint(t, s.Dims()))
		if err := r.Validate(); err != nil {
			t.Fatal(err)
		}
		u, ok := s.Coordinates(r)
		if !ok {
			t.Fatalf("%v with %v has no coordinates", r.DW, r.Params)
		}
		back := s.Decode(u)
		// Beside others of order 1, a coefficient this small is rounding.
		tiny := func(p rulespace.Param) bool { return math.Abs(p.Value) < 1e-6 }
		r.Params, back.Params = slices.DeleteFunc(r.Params, tiny), slices.DeleteFunc(back.Params, tiny)
		if len(back.Params) != len(r.Params) {
			t.Fatalf("%v with %v came back as %v with %v", r.DW, r.Params, back.DW, back.Params)
		}
		for i, p := range back.Params {
			// The last of four digits may round the other way, and a range's
			// end be met from inside.
			if q := r.Params[i]; p.Name != q.Name || math.Abs(p.Value-q.Value) > 2e-3*math.Abs(q.Value) {
				t.Fatalf("%v came back as %v", q, p)
			}
		}
	})
}

func TestTemplate(t *testing.T) {
	r, err := rulespace.Decode("x", []byte(`format: 1
dw: lr*post*(pre - a*post*w)
params: {lr: {value: 0.1, low: 0.001, high: 0.1, scale: log}, a: {value: 0, low: -2, high: 2}}
`))
	if err != nil {
		t.Fatal(err)
	}
	s := &rulespace.Space{Template: r, Signals: rulespace.Signals(rulespace.SigPre, rulespace.SigPost, rulespace.SigW)}
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	got := s.Decode([]float64{0, 0.5})
	want := []rulespace.Param{{Name: "lr", Value: 0.01, Low: 0.001, High: 0.1, Log: true}, {Name: "a", Value: 1, Low: -2, High: 2}}
	if d := cmp.Diff(want, got.Params); d != "" {
		t.Error(d)
	}
	u, ok := s.Coordinates(got)
	if !ok || math.Abs(u[0]) > 1e-12 || math.Abs(u[1]-0.5) > 1e-12 {
		t.Errorf("coordinates %v, %v", u, ok)
	}
	if _, ok := s.Coordinates(inline(t, "lr*post")); ok {
		t.Error("another rule has coordinates")
	}
	far, _ := r.WithParams(map[string]float64{"a": 3})
	if _, ok := s.Coordinates(far); ok {
		t.Error("a rule outside the ranges has coordinates")
	}
}

func TestCoordinatesOfOtherRules(t *testing.T) {
	s := &rulespace.Space{Scale: lr, Terms: []rulespace.Term{
		term("a", "post*pre", 0.1, 10, true, 1, false),
		term("b", "post^2*w", 0.1, 10, true, 0, true),
		term("c", "log(pre)", 0.1, 10, true, 0, true),
	}}
	// Oja's rule, written otherwise and with another learning rate.
	u, ok := s.Coordinates(inline(t, "lr*post*(pre - post*w)", rulespace.Param{Name: "lr", Value: 0.5}))
	if !ok {
		t.Fatal("no coordinates")
	}
	if r := s.Decode(u); r.Digest() != inline(t, "lr*post*(pre - post*w)").Digest() {
		t.Errorf("%v %v", r.DW, r.Params)
	}
	for _, text := range []string{"lr*post*pre*w", "lr*20*post*pre", "lr*post*post*w", "-lr*post*pre", "lr*post*pre; db: lr*post"} {
		if u, ok := s.Coordinates(inline(t, text)); ok {
			t.Errorf("%s has coordinates %v", text, u)
		}
	}
	dependent := &rulespace.Space{Terms: []rulespace.Term{
		term("a", "pre", -1, 1, false, 0, false), term("b", "2*pre", -1, 1, false, 0, false)}}
	if _, ok := dependent.Coordinates(inline(t, "pre")); ok {
		t.Error("coordinates that are not unique")
	}
	symbolic := &rulespace.Space{}
	if _, ok := symbolic.Coordinates(inline(t, "pre")); ok || symbolic.Dims() != 0 {
		t.Error("a symbolic space has coordinates")
	}
}

func TestSample(t *testing.T) {
	s := &rulespace.Space{Terms: []rulespace.Term{term("a", "pre", -1, 1, false, 0, false), term("b", "post", -1, 1, false, 0, false)}}
	rng, again := key.Root(3).Stream(), key.Root(3).Stream()
	mean := 0.0
	for range 2000 {
		u := s.Sample(rng)
		if d := cmp.Diff(u, s.Sample(again)); d != "" || len(u) != 2 || math.Abs(u[0]) > 1 {
			t.Fatal(u, d)
		}
		mean += (u[0] + u[1]) / 4000
	}
	if math.Abs(mean) > 0.05 { // standard error 0.009
		t.Errorf("mean %v", mean)
	}
}

func TestWrap(t *testing.T) {
	s := &rulespace.Space{Signals: rulespace.Signals(rulespace.SigPre), Primitives: []rulespace.Op{rulespace.Mul}, MaxComplexity: 3}
	r := s.Wrap(mustExpr("pre*pre"))
	if err := r.Validate(); err != nil || r.Digest() != inline(t, "lr*pre^2").Digest() {
		t.Errorf("%v, %v", r.DW, err)
	}
	s.Scale = rulespace.Param{Name: "rate", Value: 2, Low: 1, High: 4, Log: true}
	if r := s.Wrap(mustExpr("pre")); r.DW.String() != "rate*pre" || r.Params[0] != s.Scale {
		t.Errorf("%v %v", r.DW, r.Params)
	}
}

func TestSpaceValidate(t *testing.T) {
	pre := rulespace.Signals(rulespace.SigPre)
	mul := []rulespace.Op{rulespace.Mul}
	ranged := inline(t, "lr*pre*post", rulespace.Param{Name: "lr", Value: 1, Low: 0, High: 2})
	many := make([]rulespace.Term, 65)
	for i := range many {
		many[i] = term("", "pre", 0, 1, false, 0, false)
	}
	for _, c := range []struct {
		name  string
		space rulespace.Space
		want  []string
	}{
		{"empty", rulespace.Space{}, []string{"signals are missing", "primitives are missing", "max_complexity 0 is outside 1 to 100"}},
		{"symbolic", rulespace.Space{Signals: pre, Primitives: []rulespace.Op{rulespace.Mul, rulespace.Mul, 99}, MaxComplexity: 101, Constants: []float64{1, math.NaN(), 1}},
			[]string{"max_complexity 101", "primitives[1]: mul is given twice", "primitives[2]: 99 is not a primitive", "constants[1]: NaN is not", "constants[2]: 1 is given twice"}},
		{"both", rulespace.Space{Template: ranged, Terms: many[:1]}, []string{"a template or a list of terms, not both"}},
		{"mixed", rulespace.Space{Template: ranged, Primitives: mul}, []string{"primitives, constants and max_complexity belong to a symbolic space; this one has a template"}},
		{"no range", rulespace.Space{Template: inline(t, "lr*pre")}, []string{"template: no parameter has a range"}},
		{"template", rulespace.Space{Template: &rulespace.Rule{}}, []string{"template: dw: missing"}},
		{"template reads", rulespace.Space{Template: ranged, Signals: pre}, []string{"template: reads post, which is not among the signals pre"}},
		{"template scale", rulespace.Space{Template: ranged, Scale: lr}, []string{"scale lr: a template has its own"}},
		{"scale", rulespace.Space{Signals: pre, Primitives: mul, MaxComplexity: 1, Scale: rulespace.Param{Name: "pre", Low: 2, High: 1}},
			[]string{"scale pre: pre is a signal", "scale pre: low (2) has to be below high (1)"}},
		{"too many", rulespace.Space{Terms: many}, []string{"65 terms are too many"}},
		{"terms", rulespace.Space{Signals: pre, Scale: lr, Terms: []rulespace.Term{
			term("lr", "pre", 0, 1, false, 0, false),
			term("a", "post", 1, 1, false, 0, false),
			term("a", "pre", 0, 1, true, 0, false),
			term("b", "pre", -1, 1, false, 1, false),
			term("c", "pre", 0, math.Inf(1), false, 1, false),
			term("d", "pre", 0, 1, false, 2, false),
			{Name: "e"},
			{Name: "f", Expr: mustExpr("g", "g"), High: 1},
			term("c9", "pre", 0, 1, false, 0, false),
			term("2", "pre", 0, 1, false, 0, false),
		}}, []string{
			"terms[0]: the name lr is taken", "terms[1]: low (1) has to be below high (1)", "terms[1]: reads post", "terms[2]: the name a is taken",
			"terms[2]: a logarithmic scale needs low above 0", "terms[3]: with a sign", "terms[4]: low and high have to be finite",
			"terms[5]: sign 2", "terms[6]: the expression is missing", "terms[7]: g is not a signal", "terms[9]: a name has letters"}},
	} {
		err := c.space.Validate()
		if err == nil {
			t.Errorf("%s: valid", c.name)
			continue
		}
		lines := strings.Split(err.Error(), "\n")
		if len(lines) != len(c.want) {
			t.Errorf("%s: %d problems, want %d:\n%v", c.name, len(lines), len(c.want), err)
			continue
		}
		for i, want := range c.want {
			if !strings.HasPrefix(lines[i], want) && !strings.Contains(lines[i], want) {
				t.Errorf("%s: %s\nwant %s", c.name, lines[i], want)
			}
		}
	}
}

func TestDescribe(t *testing.T) {
	for _, c := range []struct {
		space rulespace.Space
		kind  string
		want  string
	}{
		{rulespace.Space{Signals: rulespace.Signals(rulespace.SigPre, rulespace.SigW), Primitives: []rulespace.Op{rulespace.Add, rulespace.Mul}, Constants: []float64{1, 0.5}, MaxComplexity: 7},
			"symbolic", "symbolic: lr*e for every expression e of at most 7 nodes\nsignals: pre, w\nprimitives: add, mul\nconstants: 1, 0.5"},
		{rulespace.Space{Template: inline(t, "lr*pre - a*w", rulespace.Param{Name: "a", Low: 0.1, High: 1, Log: true})},
			"template", "template: dw = lr*pre - a*w\nlr: 0.01\na: 0.1 to 1, logarithmic"},
		{rulespace.Space{Scale: lr, Terms: []rulespace.Term{term("a", "pre", -1, 1, false, 0, true), term("", "w", 0.1, 1, true, 0, false), term("", "post", 0, 1, false, -1, false)}},
			"terms", "terms: dw = lr*(a*pre + c2*w + c3*post)\na: -1 to 1, may be absent\nc2: 0.1 to 1, logarithmic, either sign\nc3: 0 to 1, negative"},
	} {
		if got := c.space.Describe(); got != c.want || c.space.Kind() != c.kind {
			t.Errorf("%s: %s\nwant %s", c.space.Kind(), got, c.want)
		}
	}
}

// Absent is where Decode leaves a coefficient at 0, if it can.
func TestAbsent(t *testing.T) {
	pre := rulespace.Sig(rulespace.SigPre)
	for _, c := range []struct {
		term rulespace.Term
		at   float64
		ok   bool
	}{
		{rulespace.Term{Expr: pre, Low: -1, High: 1, Optional: true}, 0, true},
		{rulespace.Term{Expr: pre, Low: 0.1, High: 1, Log: true, Optional: true}, 0, true},
		{rulespace.Term{Expr: pre, Low: 0.1, High: 1, Log: true, Sign: -1, Optional: true}, -1, true},
		{rulespace.Term{Expr: pre, Low: -1, High: 2}, -1.0 / 3, true},
		{rulespace.Term{Expr: pre, Low: 0, High: 2}, -1, true},
		{rulespace.Term{Expr: pre, Low: 0.1, High: 1, Log: true, Sign: 1}, 0, false},
		{rulespace.Term{Expr: pre, Low: 0.5, High: 1}, 0, false},
		{rulespace.Term{Expr: pre, Low: 0.0005, High: 1}, 0, false},
	} {
		s := &rulespace.Space{Terms: []rulespace.Term{c.term}}
		at, ok := s.Absent(0)
		if ok != c.ok || ok && math.Abs(at-c.at) > 1e-15 {
			t.Errorf("%+v: absent at %v, %v, want %v, %v", c.term, at, ok, c.at, c.ok)
		}
		if ok && (s.Coefficient(0, at) != 0 || !s.Decode([]float64{at}).DW.IsConst(0)) {
			t.Errorf("%+v: at %v the coefficient is %v", c.term, at, s.Coefficient(0, at))
		}
	}
}
