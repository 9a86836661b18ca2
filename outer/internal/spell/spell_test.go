package spell

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/metaplast/metaplast/outer/searchtest"
	"github.com/metaplast/metaplast/rulespace"
)

func space(constants []float64, ops ...rulespace.Op) *rulespace.Space {
	return &rulespace.Space{
		Signals:    rulespace.Signals(rulespace.SigPre, rulespace.SigPost, rulespace.SigW),
		Primitives: ops, Constants: constants, MaxComplexity: 9,
	}
}

// What is written means the same and has no other primitives and leaves;
// "" stands for what cannot be written.
func TestExpr(t *testing.T) {
	const add, sub, mul, neg = rulespace.Add, rulespace.Sub, rulespace.Mul, rulespace.Neg
	ring := []rulespace.Op{add, sub, mul}
	for _, c := range []struct {
		space   *rulespace.Space
		numbers bool
		in      string
		size    int // nodes, 0 where it cannot be written
	}{
		{space(nil, ring...), false, "post*(pre - post*w)", 7},
		{space(nil, ring...), false, "pre^2", 3},
		{space(nil, ring...), false, "pre^3*w", 7},
		{space(nil, ring...), false, "3*pre", 5},
		{space(nil, ring...), false, "pre*2 - w", 5},
		{space(nil, ring...), false, "5*pre", 0},
		{space(nil, ring...), false, "0.5*pre", 0},
		{space([]float64{0.5}, ring...), false, "0.5*pre", 3},
		{space(nil, ring...), true, "0.3*pre", 3},
		{space(nil, ring...), false, "-pre", 5},
		{space(nil, add, mul, neg), false, "-pre", 2},
		{space(nil, add, mul), false, "-pre", 0},
		{space(nil, sub), false, "pre^2", 0},
		{space(nil, ring...), false, "pre*err", 0},
		{space(nil, ring...), false, "tanh(pre)", 0},
	} {
		e := searchtest.MustParse(c.in)
		got, err := New(c.space, c.numbers).Expr(e)
		if c.size == 0 || err != nil {
			if c.size != 0 || err == nil {
				t.Errorf("%s is written %v (%v)", c.in, got, err)
			}
			continue
		}
		if got.Size() != c.size || !rulespace.Canon(got).Equal(rulespace.Canon(e)) {
			t.Errorf("%s is written %s", c.in, got)
		}
		within(t, c.space, c.numbers, got)
	}
}

func within(t *testing.T, space *rulespace.Space, numbers bool, e *rulespace.Expr) {
	t.Helper()
	switch e.Kind() {
	case rulespace.KindConst:
		if !numbers && !slices.Contains(space.Constants, e.Value()) {
			t.Errorf("%s is no constant of the space", e)
		}
	case rulespace.KindSignal:
		if !space.Signals.Has(e.Signal()) {
			t.Errorf("%s is no signal of the space", e)
		}
	case rulespace.KindApply:
		if !slices.Contains(space.Primitives, e.Op()) {
			t.Errorf("%s is no primitive of the space", e.Op())
		}
		for i := range e.NumArgs() {
			within(t, space, numbers, e.Arg(i))
		}
	}
}

func TestTerms(t *testing.T) {
	ring := space(nil, rulespace.Add, rulespace.Sub, rulespace.Mul)
	for text, want := range map[string][2]int{
		"post*(pre - post*w)":           {1, 1},
		"(pre - w)*(pre + w)":           {1, 1},
		"-pre*(post + w)":               {0, 2},
		"2*(pre - post)^2":              {2, 1},
		"(pre + post + w)^2 - pre - w":  {6, 2},
		"post*(1 + pre) - post*pre + w": {2, 0},
	} {
		e := searchtest.MustParse(text)
		s := New(ring, false)
		plus, minus, ok := s.Terms(e)
		if !ok {
			t.Errorf("%s has no terms", text)
			continue
		}
		if len(plus) != want[0] || len(minus) != want[1] {
			t.Errorf("%s is %v less %v", text, plus, minus)
		}
		sum, ok := s.Sum(plus, minus)
		if !ok || !rulespace.Canon(sum).Equal(rulespace.Canon(e)) {
			t.Errorf("%s is the sum %v", text, sum)
		}
		within(t, ring, false, sum)
	}
	for _, text := range []string{"0.5*pre + w", "pre/post", "tanh(pre)"} {
		if plus, minus, ok := New(ring, false).Terms(searchtest.MustParse(text)); ok {
			t.Errorf("%s is %v less %v", text, plus, minus)
		}
	}
}

func TestSearched(t *testing.T) {
	r := &rulespace.Rule{
		DW:     searchtest.MustParse("lr*(pre*post - a*w)", "lr", "a"),
		Params: []rulespace.Param{{Name: "lr", Value: 0.3}, {Name: "a", Value: 2}},
	}
	s := space(nil, rulespace.Add, rulespace.Sub, rulespace.Mul)
	got, err := New(s, false).Searched(r)
	if want := rulespace.Canon(searchtest.MustParse("pre*post - 2*w")); err != nil || !rulespace.Canon(got[0]).Equal(want) {
		t.Errorf("searched: %v (%v), want %v", got, err, want)
	}
	s.Outputs = []rulespace.Output{{Slot: rulespace.SlotDFB}}
	if got, err := New(s, false).Searched(r); err == nil {
		t.Errorf("searched: %v in a rule without dfb", got)
	}
}

// In a tuple every expression is written; what a rule does not have is 0.
func TestSearchedTuple(t *testing.T) {
	s := space(nil, rulespace.Add, rulespace.Sub, rulespace.Mul)
	s.Outputs = []rulespace.Output{{Slot: rulespace.SlotDW}, {Slot: rulespace.SlotDFB, Signals: rulespace.Signals(rulespace.SigPost)}}
	lr := []rulespace.Param{{Name: "lr", Value: 0.3}}
	dw := searchtest.MustParse("lr*(pre*post - w)", "lr")
	for _, c := range []struct {
		dfb  *rulespace.Expr
		want string
	}{
		{searchtest.MustParse("lr*post^2", "lr"), "[post*pre - w post*post]"},
		{nil, "[post*pre - w post - post]"},
	} {
		got, err := New(s, false).Searched(&rulespace.Rule{DW: dw, DFB: c.dfb, Params: lr})
		if err != nil || fmt.Sprint(got) != c.want {
			t.Errorf("searched: %v (%v), want %s", got, err, c.want)
		}
	}
	s.Primitives = []rulespace.Op{rulespace.Mul}
	if got, err := New(s, false).Searched(&rulespace.Rule{DW: searchtest.MustParse("pre*post")}); err == nil {
		t.Errorf("searched: %v, which has a 0", got)
	}
}

// All assignments of a tuple have the rate, so a rule in which one has it and
// another does not cannot be said.
func TestSameRate(t *testing.T) {
	s := New(searchtest.Tuples()[0], true)
	for text, want := range map[string]bool{
		"dw: lr*pre*post; dfb: lr*0.5*pre*post": true,
		"dw: lr*pre*post":                       true,
		"dw: pre*post; dfb: pre":                true,
		"dw: lr*pre*post; dfb: 0.5*pre*post":    false,
	} {
		var params []rulespace.Param
		if strings.Contains(text, "lr") {
			params = append(params, rulespace.Param{Name: "lr", Value: 0.01})
		}
		r, err := rulespace.ParseRule(text, params...)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Searched(r); (err == nil) != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}
