package rulespace

import (
	"errors"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var testNames = []string{"lr", "a", "b", "decay"}

// finiteConstants draws constants of every magnitude, with a liking for simple ones.
var finiteConstants = rapid.OneOf(
	rapid.SampledFrom([]float64{0, 1, -1, 2, -2, 0.5, 0.1, 3, 1e-300, -1e-300, 1e6, 123456.75, 1e15, 1e21, math.MaxFloat64, 5e-324}),
	rapid.Float64().Filter(func(v float64) bool { return !math.IsInf(v, 0) && !math.IsNaN(v) }),
)

func leaves(signals []Signal, constants *rapid.Generator[float64]) *rapid.Generator[*Expr] {
	return rapid.OneOf(
		rapid.Map(rapid.SampledFrom(signals), Sig),
		rapid.Map(rapid.SampledFrom(testNames), Name),
		rapid.Map(constants, Const),
	)
}

// exprs draws expression trees with at most size nodes.
func exprs(leaf *rapid.Generator[*Expr], ops []Op, size int) *rapid.Generator[*Expr] {
	var draw func(t *rapid.T, size int) *Expr
	draw = func(t *rapid.T, size int) *Expr {
		if size <= 1 || rapid.IntRange(0, 9).Draw(t, "leaf") == 0 {
			return leaf.Draw(t, "value")
		}
		op := rapid.SampledFrom(ops).Draw(t, "op")
		args := make([]*Expr, op.Info().Arity)
		left := size - 1
		for i := range args {
			share := left
			if rest := len(args) - 1 - i; rest > 0 {
				share = rapid.IntRange(1, max(1, left-rest)).Draw(t, "share")
			}
			args[i] = draw(t, share)
			left -= args[i].Size()
		}
		return Apply(op, args...)
	}
	return rapid.Custom(func(t *rapid.T) *Expr { return draw(t, rapid.IntRange(1, size).Draw(t, "size")) })
}

func allOps() []Op {
	out := make([]Op, NumOps)
	for i := range out {
		out[i] = Op(i)
	}
	return out
}

func mustParse(t testing.TB, text string, names ...string) *Expr {
	t.Helper()
	if names == nil {
		names = testNames
	}
	e, err := ParseExpr(text, names...)
	if err != nil {
		t.Fatalf("ParseExpr(%q): %v", text, err)
	}
	return e
}

func TestParsePrintIsIdentity(t *testing.T) {
	gen := exprs(leaves(Signals(SigPre, SigPost, SigW, SigRewardMean).List(), finiteConstants), allOps(), 60)
	rapid.Check(t, func(t *rapid.T) {
		e := gen.Draw(t, "e")
		back, err := ParseExpr(e.String(), testNames...)
		if err != nil {
			if e.nesting() > MaxNesting {
				return
			}
			t.Fatalf("%s: %v", e, err)
		}
		if !back.Equal(e) {
			t.Fatalf("%s reads back as %s", e, back)
		}
	})
}

func TestPrint(t *testing.T) {
	a, b, c := Name("a"), Name("b"), Sig(SigPre)
	for _, x := range []struct {
		e    *Expr
		want string
	}{
		{Apply(Sub, a, Apply(Sub, b, c)), "a - (b - pre)"},
		{Apply(Sub, Apply(Sub, a, b), c), "a - b - pre"},
		{Apply(Div, a, Apply(Mul, b, c)), "a/(b*pre)"},
		{Apply(Mul, Apply(Div, a, b), c), "a/b*pre"},
		{Apply(Mul, a, Apply(Div, b, c)), "a*(b/pre)"},
		{Apply(Neg, Apply(Square, a)), "-a^2"},
		{Apply(Square, Apply(Neg, a)), "(-a)^2"},
		{Apply(Square, Apply(Square, a)), "(a^2)^2"},
		{Apply(Mul, Apply(Neg, a), b), "-a*b"},
		{Apply(Neg, Apply(Mul, a, b)), "-(a*b)"},
		{Apply(Neg, Apply(Neg, a)), "-(-a)"},
		{Const(-2), "-2"},
		{Apply(Neg, Const(2)), "-(2)"},
		{Apply(Neg, Const(-2)), "-(-2)"},
		{Apply(Square, Const(-2)), "(-2)^2"},
		{Apply(Neg, Apply(Square, Const(2))), "-2^2"},
		{Apply(Add, a, Const(-2)), "a + (-2)"},
		{Apply(Sub, a, Apply(Mul, Const(-2), b)), "a - (-2*b)"},
		{Apply(Cube, Const(1e-300)), "1e-300^3"},
		{Const(1e6), "1000000"},
		{Const(0.0001), "0.0001"},
		{Const(2.5e-5), "2.5e-5"},
		{Const(-1e21), "-1e21"},
		{Apply(Clip, Apply(Add, a, b), Const(-1), c), "clip(a + b, -1, pre)"},
	} {
		if got := x.e.String(); got != x.want {
			t.Errorf("got %s, want %s", got, x.want)
		}
		if back := mustParse(t, x.want); !back.Equal(x.e) {
			t.Errorf("%s reads back as %s", x.want, back)
		}
	}
}

func TestParse(t *testing.T) {
	for _, x := range []struct{ text, want string }{
		{" lr * post*(pre-post *w)\n", "lr*post*(pre - post*w)"},
		{"lr·err×pre − 2⋅w", "lr*err*pre - 2*w"},
		{"post²·w³", "post^2*w^3"},
		{"pre^1", "pre"},
		{"pre^0", "1"},
		{"pre^4", "(pre^2)^2"},
		{"pre^5", "(pre^2)^2*pre"},
		{"pre^6", "(pre^3)^2"},
		{"pre^9", "(pre^3)^3"},
		{"pre^-1", "1/pre"},
		{"pre^(-2)", "1/pre^2"},
		{"pre^0.5", "sqrt(pre)"},
		{"-pre^0.5", "-sqrt(pre)"},
		{"-2^0", "-1"},
		{"--2", "-(-2)"},
		{"add(pre, sub(post, neg(w)))", "pre + (post - (-w))"},
		{"mul(div(1,a),square(cube(b)))", "1/a*(b^3)^2"},
		{"1.5E+3", "1500"},
		{".5", "0.5"},
		{"2.", "2"},
		{"clip(w,-1,1)", "clip(w, -1, 1)"},
	} {
		if got := mustParse(t, x.text).String(); got != x.want {
			t.Errorf("%s: got %s, want %s", x.text, got, x.want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, x := range []struct{ text, want string }{
		{"", "column 1: the expression is empty"},
		{"  ", "column 3: the expression is empty"},
		{"lr*(R-rewrd)", `column 5: "R" is not a signal or parameter; parameters are lr, a, b, decay`},
		{"lr*(a-rewrd)", `column 7: "rewrd" is not a signal or parameter. Did you mean reward?`},
		{"decya*w", `column 1: "decya" is not a signal or parameter. Did you mean decay?`},
		{"tahn(pre)", `column 1: "tahn" is not a primitive. Did you mean tanh?`},
		{"pre*tanh", `column 5: "tanh" is a primitive: write tanh(a)`},
		{"min", `column 1: "min" is a primitive: write min(a, b)`},
		{"min(pre)", "column 1: min takes 2 arguments, found 1"},
		{"min()", "column 1: min takes 2 arguments, found 0"},
		{"abs(pre, post)", "column 1: abs takes 1 argument, found more"},
		{"min(pre, post", `column 14: expected "," or ")" in the arguments of min, found the end`},
		{"pre +", "column 6: expected a signal, number or parenthesis, found the end"},
		{"pre + * w", `column 7: expected a signal, number or parenthesis, found "*"`},
		{"2 pre", `column 3: expected an operator, found "pre"`},
		{"(pre", `column 5: expected ")" for the parenthesis of column 1, found the end`},
		{"pre)", `column 4: expected an operator, found ")"`},
		{"pre^17", "column 5: an exponent is a whole number from -16 to 16, or 0.5"},
		{"pre^1.5", "column 5: an exponent is a whole number from -16 to 16, or 0.5"},
		{"pre^w", "column 5: an exponent is a whole number from -16 to 16, or 0.5"},
		{"pre^2^3", "column 6: powers of powers need parentheses"},
		{"pre²²", "column 5: powers of powers need parentheses"},
		{"1e999", "column 1: the number 1e999 is outside the range of float64"},
		{"1e-999", "column 1: the number 1e-999 is outside the range of float64"},
		{"2e*w", "column 1: the number 2e has no exponent"},
		{"pre·η", `column 5: unexpected 'η'`},
		{"pre;w", `column 4: unexpected ';'`},
		{".", `column 1: unexpected "."`},
		{"pre\xff", "column 4: invalid UTF-8"},
	} {
		_, err := ParseExpr(x.text, testNames...)
		var pe *ParseError
		if !errors.As(err, &pe) || err.Error() != x.want || pe.Text != x.text {
			t.Errorf("%q: got %v, want %s", x.text, err, x.want)
		}
	}
}

// Texts that would exhaust a careless reader fail at once.
func TestParseLimits(t *testing.T) {
	million := 1000000
	for _, x := range []struct{ text, want string }{
		{strings.Repeat("(", million), "column 201: more than 200 nested levels"},
		{strings.Repeat("-", million) + "w", "column 201: more than 200 nested levels"},
		{strings.Repeat("tanh(", million), "column 1005: more than 200 nested levels"},
		{"w" + strings.Repeat("+w", million), "column 4096: more than 4096 nodes"},
		{strings.Repeat(" ", million) + "w", "column 65537: longer than 65536 bytes"},
		{strings.Repeat("9", million), "column 1: the number 99999999999999999999… is outside the range of float64"},
		{strings.Repeat("w", million), `column 1: "wwwwwwwwwwwwwwwwwwww…" is not a signal or parameter; parameters are lr, a, b, decay`},
		{strings.Repeat("(", 199) + "w" + strings.Repeat("^16)", 199), "column 1: more than 200 nested levels"},
		{strings.Repeat("(", 199) + "w" + strings.Repeat("^15)", 199), "column 1: more than 4096 nodes"},
	} {
		_, err := ParseExpr(x.text, testNames...)
		if err == nil || err.Error() != x.want && !(strings.HasPrefix(x.want, "column 1: more than 4096") && strings.HasSuffix(err.Error(), "nodes")) {
			t.Errorf("%.20q…: got %v, want %s", x.text, err, x.want)
		}
	}
	deep := strings.Repeat("(", 200) + "w" + strings.Repeat(")", 200)
	mustParse(t, deep)
	mustParse(t, "w"+strings.Repeat("+w", 2047))
}

func TestClosest(t *testing.T) {
	for _, x := range []struct{ word, want string }{
		{"rewrd", "reward"}, {"psot", "post"}, {"tanhh", "tanh"}, {"xyzzy", ""}, {"", ""}, {"q", ""},
	} {
		if got, ok := Closest(x.word, []string{"reward", "post", "pre", "tanh", "w"}); got != x.want || ok != (x.want != "") {
			t.Errorf("Closest(%q) = %q, want %q", x.word, got, x.want)
		}
	}
}

func FuzzParseExpr(f *testing.F) {
	for _, s := range []string{"lr*post*(pre - post*w)", "-(2)", "1e-300^-16", "clip(w,-1,1)/a²", "((((", "-2^2", "pre^0.5·−w", "\xff", "1e999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := ParseExpr(text, testNames...)
		if err != nil {
			return
		}
		back, err := ParseExpr(e.String(), testNames...)
		if err != nil {
			t.Fatalf("%q prints as %q: %v", text, e, err)
		}
		if !back.Equal(e) {
			t.Fatalf("%q prints as %q, reads back as %q", text, e, back)
		}
	})
}
