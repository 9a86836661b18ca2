package rulespace_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/classic"
)

func given(t testing.TB, text string) *rulespace.Rule {
	t.Helper()
	r, err := rulespace.ParseGiven(text, "")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func feedback(t rulespace.Term) rulespace.Term {
	t.Slot = rulespace.SlotDFB
	return t
}

// The rules of a space that searches dfb are whole rules: what is given is in
// their identity, and the learning rate is one where both have it.
func TestWrapFeedback(t *testing.T) {
	s := &rulespace.Space{
		Signals:    rulespace.Signals(rulespace.SigPre, rulespace.SigErr, rulespace.SigW),
		Primitives: []rulespace.Op{rulespace.Mul, rulespace.Sub}, MaxComplexity: 7, Constants: []float64{0.1},
		Outputs: []rulespace.Output{{Slot: rulespace.SlotDFB}}, Given: given(t, "dw: lr*(err*pre - 0.1*w); db: lr*err"),
		Scale: rulespace.Param{Name: "lr", Value: 0.5},
	}
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	r := s.Wrap(mustExpr("err*pre - 0.1*w"))
	pair := "dw: lr*(err*pre - 0.1*w); db: lr*err; dfb: lr*(pre*err - 0.1*w)"
	if want := inline(t, pair, s.Scale); r.Digest() != want.Digest() || len(r.Params) != 1 {
		t.Errorf("%s, %v", r.CanonicalText(), r.Params)
	}
	if s.Searched(r)[0].String() != "lr*(err*pre - 0.1*w)" {
		t.Errorf("searched: %v", s.Searched(r))
	}
	if !s.ScaleMatters() {
		t.Error("the rate of dfb is that of dw, and its factors do not matter")
	}
	if got := s.Describe(); !strings.Contains(got, "symbolic: dfb = lr*e") || !strings.Contains(got, "given: dw = lr*(err*pre - 0.1*w); db = lr*err") {
		t.Errorf("described as\n%s", got)
	}
	if got, want := s.ReadsIn(rulespace.SlotDW), rulespace.Signals(rulespace.SigPre, rulespace.SigErr, rulespace.SigW); got != want {
		t.Errorf("dw reads %v", got)
	}

	s.Given = given(t, "0.5*err*pre")
	r = s.Wrap(mustExpr("err*pre"))
	if want := inline(t, "dw: 0.5*err*pre; dfb: lr*err*pre", s.Scale); r.Digest() != want.Digest() || s.ScaleMatters() {
		t.Errorf("%s, scale matters: %v", r.CanonicalText(), s.ScaleMatters())
	}

	// The other way round: feedback is given, dw searched.
	s.Outputs, s.Given = nil, given(t, "dfb: 0.5*err*pre")
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	if r := s.Wrap(mustExpr("err*pre")); r.DW == nil || r.DFB == nil || r.Validate() != nil {
		t.Errorf("%v, %v", r.CanonicalText(), r.Validate())
	}
}

// Terms of dw and dfb make one cube.
func TestFeedbackTerms(t *testing.T) {
	s := &rulespace.Space{Terms: []rulespace.Term{
		term("a", "err*pre", 0.01, 1, true, 1, false),
		term("b", "w", 0.001, 0.1, true, -1, true),
		feedback(term("c", "err*pre", 0.01, 1, true, 1, true)),
		feedback(term("d", "w", 0.001, 0.1, true, -1, true)),
	}}
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		u    []float64
		want string
	}{
		{[]float64{0, 1, 1, 1}, "dw: 0.1*err*pre - 0.1*w; dfb: err*pre - 0.1*w"},
		{[]float64{0, -1, 1, -1}, "dw: 0.1*err*pre; dfb: err*pre"},
		{[]float64{1, 1, -1, -1}, "dw: err*pre - 0.1*w"},
	} {
		r := s.Decode(c.u)
		if err := r.Validate(); err != nil {
			t.Error(err)
		}
		if want := inline(t, c.want); r.Digest() != want.Digest() {
			t.Errorf("%v gives %s", c.u, r.CanonicalText())
		}
		u, ok := s.Coordinates(r)
		if !ok || s.Decode(u).Digest() != r.Digest() {
			t.Errorf("%s has coordinates %v, %v", c.want, u, ok)
		}
	}
	if _, ok := s.Coordinates(inline(t, "dw: err*pre; dfb: err*w")); ok {
		t.Error("a dfb that is no sum of the terms has coordinates")
	}
	if got := s.Describe(); !strings.Contains(got, "terms: dw = a*(err*pre) + b*w; dfb = c*(err*pre) + d*w\n") {
		t.Errorf("described as\n%s", got)
	}

	fixed := &rulespace.Space{Terms: s.Terms[2:], Given: given(t, "lr*err*pre"), Scale: rulespace.Param{Name: "lr", Value: 0.1}}
	if err := fixed.Validate(); err != nil {
		t.Fatal(err)
	}
	r := fixed.Decode([]float64{1, -1})
	if want := inline(t, "dw: 0.1*err*pre; dfb: 0.1*err*pre"); r.Digest() != want.Digest() {
		t.Errorf("%s %v", r.CanonicalText(), r.Params)
	}
	tuned, err := r.WithParam("lr", 0.3)
	if err != nil {
		t.Fatal(err)
	}
	if u, ok := fixed.Coordinates(tuned); !ok || u[0] != 1 {
		t.Errorf("tuned, the rule has coordinates %v, %v", u, ok)
	}
	if _, ok := fixed.Coordinates(inline(t, "dw: err*pre*w; dfb: err*pre")); ok {
		t.Error("a rule with another dw has coordinates")
	}
	if r := fixed.Decode([]float64{-1, -1}); r.DFB != nil || len(r.Params) != 1 || r.Validate() != nil {
		t.Errorf("without terms: %s %v", r.CanonicalText(), r.Params)
	}
}

// dw and dfb that are searched together have one learning rate, so that only a
// factor of both means nothing; each reads what it may.
func TestTuple(t *testing.T) {
	const pre, post, err, w = rulespace.SigPre, rulespace.SigPost, rulespace.SigErr, rulespace.SigW
	s := &rulespace.Space{
		Signals: rulespace.Signals(pre, post, err, w), Primitives: []rulespace.Op{rulespace.Mul, rulespace.Sub},
		MaxComplexity: 14, Constants: []float64{0.1}, Scale: rulespace.Param{Name: "lr", Value: 0.5},
		Outputs: []rulespace.Output{{Slot: rulespace.SlotDW}, {Slot: rulespace.SlotDFB, Signals: rulespace.Signals(pre, post, w)}},
	}
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	dw, dfb := mustExpr("err*pre - 0.1*w"), mustExpr("post*pre - 0.1*w")
	r := s.Wrap(dw, dfb)
	want := inline(t, "dw: lr*(err*pre - 0.1*w); dfb: lr*(post*pre - 0.1*w)", s.Scale)
	if r.Digest() != want.Digest() || len(r.Params) != 1 || r.Complexity() != 14 || r.Validate() != nil {
		t.Errorf("%s, %v, %d nodes, %v", r.CanonicalText(), r.Params, r.Complexity(), r.Validate())
	}
	if got := fmt.Sprint(s.Searched(r)); got != "[lr*(err*pre - 0.1*w) lr*(post*pre - 0.1*w)]" {
		t.Errorf("searched: %s", got)
	}
	if got := fmt.Sprint(s.Kind(), s.Searches(), s.ReadsIn(rulespace.SlotDW), s.ReadsIn(rulespace.SlotDFB)); got !=
		"symbolic tuple[dw dfb] pre, post, err, w pre, post, w" {
		t.Errorf("%s", got)
	}
	if s.ScaleMatters() {
		t.Error("the rate is tuned, and a factor of both expressions matters")
	}
	if got := s.Describe(); !strings.HasPrefix(got, "symbolic tuple: dw = lr*e1; dfb = lr*e2 for all expressions e1 and e2 of at most 14 nodes together\n"+
		"signals: pre, post, err, w\nsignals of dfb: pre, post, w\nprimitives: ") {
		t.Errorf("described as\n%s", got)
	}
	s.Given = given(t, "db: lr*err")
	if err := s.Validate(); err != nil {
		t.Error(err)
	}
	if r := s.Wrap(dw, dfb); r.DB == nil || !s.ScaleMatters() {
		t.Errorf("%s, scale matters: %v", r.CanonicalText(), s.ScaleMatters())
	}

	for want, bad := range map[string]func(*rulespace.Space){
		"dw is both given and searched": func(s *rulespace.Space) { s.Given = given(t, "lr*err*pre") },
		"dw is searched twice":          func(s *rulespace.Space) { s.Outputs[1].Slot = rulespace.SlotDW },
		"dfb reads err, which is not among the signals pre": func(s *rulespace.Space) {
			s.Signals, s.Outputs[1].Signals = rulespace.Signals(pre), rulespace.Signals(err)
		},
		"the update of a state is searched by itself":     func(s *rulespace.Space) { s.Outputs[1].Slot, s.State = rulespace.SlotState, "v" },
		"max_complexity 1 is too small for 2 expressions": func(s *rulespace.Space) { s.MaxComplexity = 1 },
		"each term says itself":                           func(s *rulespace.Space) { s.Terms = []rulespace.Term{term("a", "pre", 0, 1, false, 0, false)} },
	} {
		x := *s
		x.Outputs = slices.Clone(s.Outputs)
		bad(&x)
		if err := x.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
}

func TestTemplateWithFeedback(t *testing.T) {
	s := &rulespace.Space{Template: inline(t, "dw: lr*err*pre - a*w; dfb: lr*err*pre - b*w",
		rulespace.Param{Name: "lr", Value: 0.1}, rulespace.Param{Name: "a", Value: 0.1, Low: 0, High: 1}, rulespace.Param{Name: "b", Value: 0.1, Low: 0, High: 1})}
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	r := s.Decode([]float64{0, 1})
	if want := inline(t, "dw: 0.1*err*pre - 0.5*w; dfb: 0.1*err*pre - w"); r.Digest() != want.Digest() {
		t.Errorf("%s %v", r.CanonicalText(), r.Params)
	}
	if u, ok := s.Coordinates(r); !ok || u[1] != 1 {
		t.Errorf("coordinates %v, %v", u, ok)
	}
	if got := s.Describe(); !strings.HasPrefix(got, "template: dw = lr*err*pre - a*w; dfb = lr*err*pre - b*w\n") {
		t.Errorf("described as\n%s", got)
	}
}

func TestGivenValidate(t *testing.T) {
	symbolic := func(slot rulespace.Slot, g *rulespace.Rule) *rulespace.Space {
		return &rulespace.Space{
			Signals: rulespace.Signals(rulespace.SigPre), Primitives: []rulespace.Op{rulespace.Mul}, MaxComplexity: 3,
			Outputs: []rulespace.Output{{Slot: slot}}, Given: g,
		}
	}
	dw := given(t, "lr*err*pre")
	for _, c := range []struct {
		space *rulespace.Space
		want  string
	}{
		{symbolic(rulespace.SlotDFB, nil), "dw is neither searched nor given"},
		{symbolic(rulespace.SlotDFB, given(t, "db: lr*err")), "dw is neither searched nor given"},
		{symbolic(rulespace.SlotDFB, given(t, "dw: lr*pre; dfb: lr*pre")), "dfb is both given and searched"},
		{symbolic(rulespace.SlotDW, dw), "dw is both given and searched"},
		{symbolic(7, dw), "not an assignment that can be searched"},
		{&rulespace.Space{Template: inline(t, "a*pre", rulespace.Param{Name: "a", Low: 0, High: 1}), Given: dw}, "a template says itself"},
		{&rulespace.Space{Terms: []rulespace.Term{feedback(term("a", "pre", 0, 1, false, 0, false))}}, "dw is neither searched nor given"},
		{&rulespace.Space{Terms: []rulespace.Term{feedback(term("lr", "pre", 0, 1, false, 0, false))}, Given: dw}, "the name lr is taken"},
		{&rulespace.Space{Terms: []rulespace.Term{term("a", "pre", 0, 1, false, 0, false)}, Outputs: []rulespace.Output{{Slot: rulespace.SlotDFB}}}, "each term says itself"},
	} {
		if err := c.space.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("want %q: %v", c.want, err)
		}
	}
	if _, err := rulespace.ParseGiven("dw: lr*", ""); err == nil {
		t.Error("a broken expression was read")
	}
}

// A state that is searched is read beside the signals, at the scale that the
// given part has; the update itself has none.
func TestSpaceOfAState(t *testing.T) {
	given, err := rulespace.ParseGiven("dw: lr*v", "v", rulespace.Param{Name: "lr", Value: 0.3})
	if err != nil {
		t.Fatal(err)
	}
	s := rulespace.Space{
		Signals: rulespace.Signals(rulespace.SigPre, rulespace.SigErr), Primitives: []rulespace.Op{rulespace.Add, rulespace.Mul},
		Constants: []float64{0.9}, MaxComplexity: 7, Outputs: []rulespace.Output{{Slot: rulespace.SlotState}}, State: "v", Given: given,
		Scale: rulespace.Param{Name: "lr", Value: 0.02},
	}
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(s.Leaves()); got != "[pre err v 0.9]" {
		t.Errorf("leaves %s", got)
	}
	e, err := rulespace.ParseExpr("0.9*v + err*pre", "v")
	if err != nil {
		t.Fatal(err)
	}
	r := s.Wrap(e)
	if err := r.Validate(); err != nil {
		t.Fatal(err)
	}
	momentum, _ := classic.Get("momentum")
	want, err := momentum.WithParams(map[string]float64{"lr": 0.02, "mu": 0.9})
	if err != nil {
		t.Fatal(err)
	}
	want.DB = nil
	if r.Digest() != want.Digest() {
		t.Errorf("%s is not %s", r.CanonicalText(), want.CanonicalText())
	}
	if s.Searched(r)[0] != e || !s.ScaleMatters() || s.Reads() != s.Signals {
		t.Errorf("searched %v, scale matters %v, reads %v", s.Searched(r), s.ScaleMatters(), s.Reads())
	}
	if got := s.Searched(&rulespace.Rule{DW: e})[0]; got != nil {
		t.Errorf("searched %v of a rule without states", got)
	}
	for _, bad := range []func(*rulespace.Space){
		func(s *rulespace.Space) { s.State = "" },
		func(s *rulespace.Space) { s.Outputs = []rulespace.Output{{Slot: rulespace.SlotDFB}} },
		func(s *rulespace.Space) { s.Given = nil },
		func(s *rulespace.Space) { s.State = "lr" },
		func(s *rulespace.Space) { s.State = "u" }, // which dw does not read
	} {
		x := s
		bad(&x)
		if x.Validate() == nil {
			t.Errorf("%s is valid", x.Describe())
		}
	}
}
