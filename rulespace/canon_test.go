package rulespace

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestSimplify(t *testing.T) {
	for _, x := range []struct{ text, canonical, simple string }{
		{"post*pre - post^2*w", "post*pre - post^2*w", "post*(pre - post*w)"},
		{"lr*(post*pre - w*post^2)", "lr*post*pre - lr*post^2*w", "lr*post*(pre - post*w)"},
		{"a*pre + a*post", "a*post + a*pre", "a*(post + pre)"},
		{"0.1*3*pre - 0.3*pre", "0", "0"},
		{"0.1*3*pre", "0.3*pre", "0.3*pre"},
		{"1/3*pre*3", "pre", "pre"},
		{"pre - post - (pre + w)", "-post - w", "-post - w"},
		{"-(pre - post)", "post - pre", "post - pre"},
		{"-2*pre - post", "-post - 2*pre", "-2*pre - post"},
		{"pre/pre", "1", "1"},
		{"0*log(pre)", "0", "0"},
		{"pre^2*post^2", "post^2*pre^2", "(post*pre)^2"},
		{"pre^4", "pre^4", "(pre^2)^2"},
		{"pre^5*post", "post*pre^5", "post*(pre^2)^2*pre"},
		{"pre/post/w", "post^-1*pre*w^-1", "pre/(post*w)"},
		{"1/(2*pre + 2*post)", "0.5*(post + pre)^-1", "0.5/(post + pre)"},
		{"1/(3*post + pre)", "0.333333333333*(post + 0.333333333333*pre)^-1", "1/(3*post + pre)"},
		{"(pre*w + post*w)/(pre + post)", "w", "w"},
		{"pre/(pre + post) + post/(pre + post)", "1", "1"},
		{"(pre + post)*(pre - post)", "-post^2 + pre^2", "pre^2 - post^2"},
		{"(pre + post)^2", "", "(post + pre)^2"},
		{"3*(2*pre - post)^2", "", "3*(post - 2*pre)^2"},
		{"(2*pre - 3*post)^3", "", "(2*pre - 3*post)^3"},
		{"-(pre + post + w)^2", "", "-(post + pre + w)^2"},
		{"((pre + post)^2)^2", "", "((post + pre)^2)^2"},
		{"(pre + post)*(w + a)", "", "(a + w)*(post + pre)"},
		{"(pre + post)*(w + a)*(err - 1)", "", "(a + w)*(post + pre)*(err - 1)"},
		{"pre^2 + pre", "pre + pre^2", "pre + pre^2"},
		{"0.5*pre + 0.5*post", "0.5*post + 0.5*pre", "0.5*(post + pre)"},
		{"tanh(-pre)", "-tanh(pre)", "-tanh(pre)"},
		{"tanh(post - pre) + tanh(pre - post)", "0", "0"},
		{"abs(-2*pre)", "2*abs(pre)", "2*abs(pre)"},
		{"abs(abs(pre))", "abs(pre)", "abs(pre)"},
		{"abs(pre - post)^2", "post^2 - 2*post*pre + pre^2", "(post - pre)^2"},
		{"sqrt(pre^2)", "abs(pre)", "abs(pre)"},
		{"sqrt(pre)^2", "sqrt(pre)^2", "sqrt(pre)^2"},
		{"relu(pre^2 + abs(w))", "abs(w) + pre^2", "abs(w) + pre^2"},
		{"relu(-abs(w))", "0", "0"},
		{"relu(2*pre)", "2*relu(pre)", "2*relu(pre)"},
		{"sign(-3*pre)", "-sign(pre)", "-sign(pre)"},
		{"sign(pre)^3*step(w)^2", "", "sign(pre)*step(w)"},
		{"step(0.1*w)", "step(w)", "step(w)"},
		{"phase^2*pre + phase^3", "", "phase + pre"},
		{"min(pre, min(w, pre))", "min(pre, w)", "min(pre, w)"},
		{"max(1, max(w, 2))", "max(w, 2)", "max(w, 2)"},
		{"min(w + w, 2*w)", "2*w", "2*w"},
		{"pdiv(-2*pre, w)", "-2*pdiv(pre, w)", "-2*pdiv(pre, w)"},
		{"pdiv(pre, 4)", "0.25*pre", "0.25*pre"},
		{"pdiv(pre, 0)", "0", "0"},
		{"exp(0)*pre + log(1)", "pre", "pre"},
		{"clip(2, -1, 1)", "1", "1"},
		{"log(-1)", "log(-1)", "log(-1)"},
		{"pre*(1/(w - w))", "pre*(1/(w - w))", "pre*(1/(w - w))"},
		{"1e200*1e200*pre", "1e200*1e200*pre", "1e200*1e200*pre"},
	} {
		c := Canon(mustParse(t, x.text))
		if x.canonical != "" && c.String() != x.canonical {
			t.Errorf("%s: canonical form %s, want %s", x.text, c, x.canonical)
		}
		if got := c.Expr().String(); got != x.simple {
			t.Errorf("%s: simplified to %s, want %s", x.text, got, x.simple)
		}
	}
}

func TestComplexity(t *testing.T) {
	for _, x := range []struct {
		text string
		want int
	}{
		{"lr*post*(pre - post*w)", 7},
		{"lr*err*pre", 3},
		{"post", 1},
		{"lr*post", 1},
		{"-2*lr*post", 1},
		{"lr", 1},
		{"3", 1},
		{"0", 1},
		{"err*pre/a", 3},
		{"lr^2*post", 3},
		{"a*err*pre + b*err*err_pre", 9},
		{"0.02*pre - 0.01*post", 5},
		{"-pre - post", 3},
		{"lr*(pre + post)^2", 4},
	} {
		if got := Complexity(mustParse(t, x.text)); got != x.want {
			t.Errorf("%s: complexity %d, want %d", x.text, got, x.want)
		}
	}
}

func canonGen(size int, constants *rapid.Generator[float64]) *rapid.Generator[*Expr] {
	return exprs(leaves(Signals(SigPre, SigPost, SigW, SigPhase).List(), constants), allOps(), size)
}

var plainConstants = rapid.SampledFrom([]float64{0, 1, -1, 2, 3, 0.5, 0.1, 0.3, -0.7, 7, 1e-3})

// The simplified expression has the canonical form it came from.
func TestCanonIsIdempotent(t *testing.T) {
	for _, g := range []*rapid.Generator[*Expr]{
		canonGen(25, plainConstants),
		canonGen(25, finiteConstants),
		exprs(leaves(Signals(SigPre, SigPost, SigW).List(), plainConstants), []Op{Add, Sub, Mul, Div, Square, Cube, Neg}, 40),
		exprs(leaves(Signals(SigPre, SigPost).List(), plainConstants), []Op{Add, Sub, Mul}, 60),
	} {
		rapid.Check(t, func(t *rapid.T) {
			e := g.Draw(t, "e")
			c := Canon(e)
			s := c.Expr()
			if d := Canon(s); !d.Equal(c) {
				t.Fatalf("%s\n has the canonical form %s\n simplifies to %s\n which has       %s", e, c, s, d)
			}
		})
	}
}

type testEnv struct {
	signals [NumSignals]float64
	names   map[string]float64
}

func (e *testEnv) SignalValue(s Signal) float64   { return e.signals[s] }
func (e *testEnv) NamedValue(name string) float64 { return e.names[name] }

func drawEnv(t *rapid.T) *testEnv {
	e := &testEnv{names: map[string]float64{}}
	value := rapid.Custom(func(t *rapid.T) float64 {
		return float64(rapid.IntRange(-2000, 2000).Draw(t, "millis"))/1000 + 0.00037
	})
	for i := range e.signals {
		e.signals[i] = value.Draw(t, "signal")
	}
	e.signals[SigPhase] = rapid.SampledFrom([]float64{-1, 1}).Draw(t, "phase")
	for _, n := range testNames {
		e.names[n] = value.Draw(t, n)
	}
	return e
}

// errorBound evaluates e and bounds the error of any regrouping of it: each
// operation adds its own rounding and passes on that of its arguments through
// its derivative. Coefficients are rounded to 12 digits, so the unit is 1e-12
// instead of 2^-53. It is infinite near kinks and poles.
func errorBound(e *Expr, env Env) (value, bound float64) {
	const unit = 4e-12
	v := e.Eval(env)
	if e.kind != KindApply {
		return v, unit * math.Abs(v)
	}
	bound = unit * math.Abs(v)
	for i, a := range e.args {
		x, b := errorBound(a, env)
		if !(b < 1e-3*math.Abs(x)) && x != 0 {
			return v, math.Inf(1)
		}
		switch e.op {
		case Sign, Step, Abs, Relu, PDiv:
			if math.Abs(x) < 2e-6+10*b {
				return v, math.Inf(1)
			}
		case Min, Max, Clip:
			for _, a := range e.args[:i] {
				if y, c := errorBound(a, env); math.Abs(x-y) < 10*(b+c) {
					return v, math.Inf(1)
				}
			}
		}
		slope := math.Abs(e.op.Info().Derivative(e.args, i).Eval(env))
		if e.op == Min || e.op == Max || e.op == Clip {
			slope = 1
		}
		bound += slope * b
	}
	return v, bound
}

func TestSimplifyKeepsValues(t *testing.T) {
	g := canonGen(25, plainConstants)
	compared := 0
	rapid.Check(t, func(t *rapid.T) {
		e := g.Draw(t, "e")
		s := Simplify(e)
		for range 4 {
			env := drawEnv(t)
			want, bound := errorBound(e, env)
			got, bound2 := errorBound(s, env)
			if bound += bound2; math.IsInf(bound, 0) || math.IsNaN(bound) || math.IsNaN(want) || math.IsInf(want, 0) {
				continue
			}
			compared++
			if !(math.Abs(got-want) <= 100*bound+1e-300) {
				t.Fatalf("%s = %v\n%s = %v\nbound %g", e, want, s, got, bound)
			}
		}
	})
	if compared < 10 {
		t.Errorf("only %d values could be compared", compared)
	}
}

// Rewritings that do not change the function do not change the form.
func TestCanonIgnoresWriting(t *testing.T) {
	var rewrite func(t *rapid.T, e *Expr, distribute bool) *Expr
	rewrite = func(t *rapid.T, e *Expr, distribute bool) *Expr {
		if e.kind != KindApply {
			return e
		}
		args := make([]*Expr, len(e.args))
		for i, a := range e.args {
			args[i] = rewrite(t, a, distribute)
		}
		way := rapid.IntRange(0, 3).Draw(t, "way")
		switch {
		case e.op.Info().Commutative && way == 1:
			args[0], args[1] = args[1], args[0]
		case e.op == Sub && way == 1:
			return Apply(Neg, Apply(Sub, args[1], args[0]))
		case e.op == Square && way == 1:
			return Apply(Mul, args[0], args[0])
		case e.op == Add && way == 2 && args[0].kind == KindApply && args[0].op == Add:
			return Apply(Add, args[0].args[0], Apply(Add, args[0].args[1], args[1]))
		case e.op == Mul && way == 2 && args[0].kind == KindApply && args[0].op == Mul:
			return Apply(Mul, args[0].args[0], Apply(Mul, args[0].args[1], args[1]))
		case distribute && e.op == Mul && way == 3 && args[1].kind == KindApply && args[1].op == Add:
			return Apply(Add, Apply(Mul, args[0], args[1].args[0]), Apply(Mul, args[0], args[1].args[1]))
		}
		return Apply(e.op, args...)
	}
	signals := leaves(Signals(SigPre, SigPost, SigW, SigPhase).List(), plainConstants)
	for _, x := range []struct {
		gen        *rapid.Generator[*Expr]
		distribute bool // the form of quotients of sums depends on factoring
	}{
		{exprs(signals, allOps(), 25), false},
		{exprs(signals, []Op{Add, Sub, Mul, Neg, Square, Cube, Tanh, Abs, Min, Step, Exp}, 40), true},
	} {
		rapid.Check(t, func(t *rapid.T) {
			e := x.gen.Draw(t, "e")
			f := rewrite(t, e, x.distribute)
			a, b := Canon(e), Canon(f)
			if a.literal != nil || b.literal != nil || keepsProducts(a.terms) || keepsProducts(b.terms) {
				return
			}
			if !a.Equal(b) {
				t.Fatalf("%s is %s\n%s is %s", e, a, f, b)
			}
			if a, b := Complexity(e), Complexity(f); a != b {
				t.Fatalf("%s has complexity %d\n%s has %d", e, a, f, b)
			}
		})
	}
}

// keepsProducts reports whether p holds a product of sums that was too large
// to be multiplied out.
func keepsProducts(p poly) bool {
	for _, t := range p {
		for _, f := range t.f {
			if f.a.class == classSum && f.p > 0 || keepsProducts(f.a.sum) || slices.ContainsFunc(f.a.args, keepsProducts) {
				return true
			}
		}
	}
	return false
}

func TestScaled(t *testing.T) {
	a := Canon(mustParse(t, "2*post*pre - 2*post^2*w")).Scaled()
	if b := Canon(mustParse(t, "post*(pre - post*w)")); !a.Equal(b) {
		t.Errorf("%s differs from %s", a, b)
	}
	if b := Canon(mustParse(t, "-post*(pre - post*w)")).Scaled(); a.Equal(b) {
		t.Errorf("%s lost its sign", b)
	}
}

func TestMonomials(t *testing.T) {
	m, ok := Canon(mustParse(t, "2*post*pre - tanh(w)*post/pre^2")).Monomials()
	if !ok || len(m) != 2 {
		t.Fatalf("%v, %v", m, ok)
	}
	var got []string
	for _, x := range m {
		s := formatFloat(x.Coefficient)
		for _, f := range x.Factors {
			s += " " + f.Base.String() + "^" + formatFloat(float64(f.Power))
		}
		got = append(got, s)
	}
	if s := strings.Join(got, "; "); s != "2 post^1 pre^1; -1 post^1 pre^-2 tanh(w)^1" {
		t.Error(s)
	}
}

// Hostile expressions stay cheap: they are at the limits of the parser and
// would expand to astronomically many terms.
func TestCanonIsBounded(t *testing.T) {
	names := make([]string, 1300)
	for i := range names {
		names[i] = "n" + formatFloat(float64(i))
	}
	pairs := func(n int, op string) string {
		var parts []string
		for i := range n {
			parts = append(parts, "("+names[2*i]+"+"+names[2*i+1]+")")
		}
		return strings.Join(parts, op)
	}
	horner := "n0"
	for i := range 190 {
		horner = "(" + horner + ")*pre*w+" + names[i]
	}
	tower := "pre+post"
	for range 60 {
		tower = "(" + tower + ")^2+w"
	}
	nested := "pre"
	for i := range 190 {
		nested = "tanh(" + nested + "+" + names[i] + "*w+post)"
	}
	blocks := make([]string, 64)
	for i := range blocks {
		blocks[i] = "(" + pairs(9, "*") + ")*" + names[i+100]
	}
	for name, text := range map[string]string{
		"product of sums": pairs(640, "*"),
		"sum of products": strings.Join(blocks, "+"),
		"quotients":       pairs(640, "/"),
		"long sum":        strings.Join(names, "+"),
		"long product":    strings.Join(names, "*"),
		"horner":          horner,
		"tower":           tower,
		"nested":          nested,
		"cubes":           "(" + strings.Join(names[:8], "+") + ")^3*(" + strings.Join(names[8:600], "+") + ")",
		"powers":          strings.Repeat("(", 60) + "pre+post" + strings.Repeat(")^3", 60),
	} {
		e, err := ParseExpr(text, names...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		start := time.Now()
		c := Canon(e)
		s := c.Expr()
		t.Logf("%s: %d nodes, %d terms, simplified to %d nodes in %v", name, e.Size(), len(c.terms), s.Size(), time.Since(start))
		if d := time.Since(start); d > 10*time.Second {
			t.Errorf("%s: took %v", name, d)
		}
		if d := Canon(s); !d.Equal(c) {
			t.Errorf("%s: the simplified form has another canonical form", name)
		}
	}
}

// Shared sub-expressions can stand for trees of any size.
func TestCanonOfSharedExpressions(t *testing.T) {
	sum, product, mixed := Sig(SigPre), Sig(SigPre), Apply(Add, Sig(SigPre), Sig(SigPost))
	for range 80 {
		sum = Apply(Add, sum, sum)
		product = Apply(Mul, product, product)
		mixed = Apply(Tanh, Apply(Add, mixed, Apply(Square, mixed)))
	}
	if got := Canon(sum).String(); got != "1.20892581961e24*pre" {
		t.Errorf("2^80 pre = %s", got)
	}
	for _, e := range []*Expr{product, mixed} {
		if c := Canon(e); !Canon(c.Expr()).Equal(c) {
			t.Errorf("%s is not stable", c)
		}
	}
}

func BenchmarkCanon(b *testing.B) {
	for _, text := range []string{"post*(pre - post*w)", "lr*(err*pre - 0.001*w) + a*post*(pre - recon)", "tanh(pre*w + post)/(1 + post^2)"} {
		e := mustParse(b, text)
		b.Run("canon/"+text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Canon(e)
			}
		})
		b.Run("complexity/"+text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Complexity(e)
			}
		})
	}
}

func FuzzCanon(f *testing.F) {
	for _, s := range []string{"lr*post*(pre - post*w)", "1/(pre/w + post)^2", "abs(pre-w)^3/sign(w)^-2", "(pre+post)^5*(w-1)/(w+1)",
		"1e200*pre/1e-200", "min(max(pre,w),w)", "phase^3*pdiv(-pre,w)", "relu(-2*pre)+clip(w,-1,1)", "sqrt(pre^2)-abs(pre)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := ParseExpr(text, testNames...)
		if err != nil {
			return
		}
		c := Canon(e)
		s := c.Expr()
		if d := Canon(s); !d.Equal(c) {
			t.Fatalf("%s is %s, but %s is %s", e, c, s, d)
		}
	})
}
