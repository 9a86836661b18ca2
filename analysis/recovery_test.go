package analysis_test

import (
	"math"
	"testing"

	"github.com/metaplast/metaplast/analysis"
	"github.com/metaplast/metaplast/rulespace"
)

func rule(t *testing.T, text string) *rulespace.Rule {
	t.Helper()
	r, err := rulespace.ParseRule(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSymbolic(t *testing.T) {
	oja := "dw: 0.01*post*(pre - post*w)"
	for _, c := range []struct {
		match        analysis.Match
		found, known string
		free, want   bool
	}{
		{analysis.Equation, "dw: 3*(pre*post - post^2*w)", oja, true, true},
		{analysis.Equation, "dw: 3*(pre*post - post^2*w)", oja, false, false},
		{analysis.Equation, "dw: 3*(pre*post - 1.04*post^2*w)", oja, true, true},
		{analysis.Equation, "dw: 3*(pre*post - 1.2*post^2*w)", oja, true, false},
		{analysis.Support, "dw: 3*(pre*post - 1.2*post^2*w)", oja, true, true},
		{analysis.Support, "dw: 3*(pre*post + 1.2*post^2*w)", oja, true, false},
		{analysis.Equation, "dw: -(pre*post - post^2*w)", oja, true, false},
		{analysis.Equation, "dw: (post - w)*(pre - w*post)", oja, true, false},
		{analysis.Signs, "dw: (post - w)*(pre - w*post)", oja, true, true},
		{analysis.Equation, "dw: pre*post", oja, true, false},
		{analysis.Signs, "dw: pre*post", oja, true, false},
		{analysis.Equation, "dw: 2*pre*step(pot)", "dw: step(pot)*pre", true, true},
		{analysis.Equation, "dw: 2*tanh(pre*post)", "dw: tanh(post*pre)", true, true},
		{analysis.Equation, "dw: err*pre; dfb: err*pre - 0.05*w", "dw: err*pre; dfb: err*pre - 0.05*w", false, true},
		{analysis.Equation, "dw: err*pre; dfb: err*pre - 0.06*w", "dw: err*pre; dfb: err*pre - 0.05*w", false, false},
		{analysis.Equation, "dw: err*pre", "dw: err*pre; db: err", true, true},
		{analysis.Equation, "dw: err*pre; db: -err", "dw: err*pre; db: err", true, false},
		{analysis.Equation, "dw: err*pre", "dw: err*pre; dfb: err*pre - 0.05*w", false, false},
	} {
		got := c.match.Symbolic(rule(t, c.found), rule(t, c.known), c.free, analysis.RatioTolerance)
		if got != c.want {
			t.Errorf("%v: %q for %q (scale free: %v) is %v", c.match, c.found, c.known, c.free, got)
		}
	}
}

// 0.9·(v + err·pre) is momentum with v in another unit; v + err·pre is not.
func TestSymbolicStates(t *testing.T) {
	momentum := func(update string) *rulespace.Rule {
		e, err := rulespace.ParseExpr(update, "v")
		if err != nil {
			t.Fatal(err)
		}
		return &rulespace.Rule{DW: rulespace.Name("v"), States: []rulespace.State{{Name: "v", Scope: rulespace.Synapse, Update: e}}}
	}
	for update, want := range map[string]bool{
		"0.9*v + err*pre": true, "0.9*(v + err*pre)": true, "v + err*pre": false, "0.8*v + err*pre": false,
		"0.9*v - err*pre": false, "0.9*v + err*pre + w": false, "0.9*v + 3*err*pre": true,
	} {
		if got := analysis.Equation.Symbolic(momentum(update), momentum("0.9*v + err*pre"), false, analysis.RatioTolerance); got != want {
			t.Errorf("%s is momentum: %v", update, got)
		}
	}
}

// A rule that differs by a factor points the same way, its negative the other
// way, and one that is orthogonal on the points neither.
func TestCosine(t *testing.T) {
	pre, post := rulespace.SigPre, rulespace.SigPost
	var points [][]float64
	for _, p := range [][2]float64{{1, 2}, {-1, 2}, {1, -2}, {-1, -2}, {math.NaN(), 1}} {
		row := make([]float64, rulespace.NumSignals)
		row[pre], row[post] = p[0], p[1]
		points = append(points, row)
	}
	cos := func(a, b string) float64 {
		r, s := rule(t, a), rule(t, b)
		return analysis.Cosine(r, s, []*rulespace.Expr{r.DW, r.DFB}, []*rulespace.Expr{s.DW, s.DFB}, points)
	}
	for _, c := range []struct {
		a, b string
		want float64
	}{
		{"dw: 3*pre*post", "dw: pre*post", 1},
		{"dw: -3*pre*post", "dw: pre*post", -1},
		{"dw: pre", "dw: post", 0},
		{"dw: pre + post", "dw: pre", 1 / math.Sqrt(5)}, // (1, ±2) against (1, 0)
		{"dw: 2*pre; dfb: 2*post", "dw: pre; dfb: post", 1},
		{"dw: pre; dfb: -pre", "dw: pre; dfb: pre", 0}, // one factor of both
		{"dw: pre", "dw: pre; dfb: pre", 1 / math.Sqrt2},
	} {
		if got := cos(c.a, c.b); !(math.Abs(got-c.want) < 1e-12) {
			t.Errorf("cosine of %q and %q is %v, want %v", c.a, c.b, got, c.want)
		}
	}
	if got := cos("dw: pre - pre", "dw: pre"); !math.IsNaN(got) {
		t.Errorf("cosine with zero is %v", got)
	}
}

// The bounds solve (p - k/n)² = z² p(1-p)/n, which is how Wilson defines them.
func TestWilson(t *testing.T) {
	const z = 1.959963984540054
	for _, n := range []int{1, 5, 20, 100} {
		for k := range n + 1 {
			low, high := analysis.Wilson(k, n)
			for _, p := range []float64{low, high} {
				d := p - float64(k)/float64(n)
				if p > 0 && p < 1 && math.Abs(d*d-z*z*p*(1-p)/float64(n)) > 1e-12 {
					t.Errorf("Wilson(%d, %d) = %v, %v", k, n, low, high)
				}
			}
		}
	}
	if low, high := analysis.Wilson(19, 20); math.Abs(low-0.7639) > 1e-4 || math.Abs(high-0.9911) > 1e-4 {
		t.Errorf("19 of 20: %v to %v", low, high)
	}
}
