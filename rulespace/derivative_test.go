package rulespace

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

type pointEnv struct {
	signals [NumSignals]float64
	named   map[string]float64
}

func (p *pointEnv) SignalValue(s Signal) float64   { return p.signals[s] }
func (p *pointEnv) NamedValue(name string) float64 { return p.named[name] }

// Central differences with h = 1e-5 err by h²·|f”'|/6 and by 1e-16·|f|/h,
// both below 1e-8 for these functions and points; 1e-6 leaves room.
func TestDerivativeAgainstDifferences(t *testing.T) {
	for _, text := range []string{
		"pre", "3", "post", "a*pre", "pre + post", "pre - post", "post - pre", "pre*post*pre", "post/pre", "pre/post",
		"pdiv(post, pre)", "pdiv(pre, post)", "-pre", "pre^2", "pre^3", "pre^5", "1/pre^2", "abs(pre)", "abs(-pre)",
		"sign(pre)", "sqrt(pre)", "exp(pre*post)", "log(pre)", "tanh(2*pre)", "sigmoid(-pre)", "relu(pre)", "relu(-pre)",
		"min(pre, post)", "max(pre, post)", "min(post, pre)", "max(post, pre)", "step(pre)",
		"clip(pre, 0, 1)", "clip(pre, 0, 0.1)", "clip(pre, 1, 2)", "clip(0.5, pre, 2)", "clip(3, 0, pre)", "clip(0.1, pre, 1)",
		"post*(pre - post*w)", "tanh(pre*exp(-pre^2) + w)/(1 + pre^2)",
	} {
		e, err := ParseExpr(text, "a")
		if err != nil {
			t.Fatal(err)
		}
		d := Derivative(e, Sig(SigPre))
		env := &pointEnv{named: map[string]float64{"a": 0.7}}
		env.signals[SigPre], env.signals[SigPost], env.signals[SigW] = 0.37, 0.81, -1.2
		at := func(x float64) float64 {
			p := *env
			p.signals[SigPre] = x
			return e.Eval(&p)
		}
		const h = 1e-5
		want := (at(0.37+h) - at(0.37-h)) / (2 * h)
		if got := d.Eval(env); math.Abs(got-want) > 1e-6*(1+math.Abs(want)) {
			t.Errorf("d/dpre %s = %s is %v, differences say %v", text, d, got, want)
		}
	}
	e, _ := ParseExpr("a*pre^2", "a")
	if d := Derivative(e, Name("a")); !Canon(d).Equal(Canon(Apply(Square, Sig(SigPre)))) {
		t.Errorf("d/da a·pre² = %s", d)
	}
}

// Random expressions, at random points where differences converge; see
// difference for the tolerance.
func TestDerivativeOfRandomExpressions(t *testing.T) {
	x := rapid.Map(rapid.SampledFrom([]string{"a", "lr"}), Name)
	g := exprs(rapid.OneOf(x, x, leaves(Signals(SigPre, SigPost).List(), plainConstants)), allOps(), 15)
	checked := 0
	rapid.Check(t, func(t *rapid.T) {
		e, env := g.Draw(t, "e"), drawEnv(t)
		// No two values are equal: that would be the kink of min and max.
		env.names["a"] += 0.00011
		env.names["lr"] += 0.00023
		env.signals[SigPre] += 0.00041
		env.signals[SigPost] += 0.00053
		for _, x := range []*Expr{Name("a"), Name("lr")} {
			want, slack := difference(e, x, env)
			if got := Derivative(e, x).Eval(env); !math.IsNaN(slack) && !math.IsNaN(got) && !math.IsInf(got, 0) {
				checked++
				if !(math.Abs(got-want) <= slack) {
					t.Fatalf("d/d%s %s = %v, differences say %v ± %g", x, e, got, want, slack)
				}
			}
		}
	})
	if checked < 10 {
		t.Errorf("only %d derivatives could be checked", checked)
	}
}

// Shared sub-expressions are differentiated once.
func TestDerivativeOfSharedExpressions(t *testing.T) {
	e := Sig(SigPre)
	for range 200 {
		e = Apply(Tanh, Apply(Add, e, e))
	}
	if d := Derivative(e, Sig(SigPre)); d.Kind() != KindApply {
		t.Errorf("derivative is %v", d.Kind())
	}
}
