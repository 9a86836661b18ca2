package searchtest_test

import (
	"math"
	"testing"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/searchtest"
	"github.com/metaplast/metaplast/rulespace"
)

func rule(text string) *rulespace.Rule { return &rulespace.Rule{DW: searchtest.MustParse(text)} }

func TestFit(t *testing.T) {
	exact := searchtest.NewFit(rule("post*(pre - post*w)"), false)
	scaled := searchtest.NewFit(rule("post*(pre - post*w)"), true)
	for _, c := range []struct {
		fit  *searchtest.Fit
		rule string
		want float64
	}{
		{exact, "post*pre - post^2*w", 1},
		{exact, "2*post*(pre - post*w)", 0},          // |2t - t|² = |t|²
		{exact, "0.5*post*(pre - post*w)", 1 - 0.25}, // |t/2 - t|² = |t|²/4
		{exact, "0", 0},
		{scaled, "3*post*(pre - post*w)", 1},
		{scaled, "-3*post*(pre - post*w)", -1},
	} {
		if got := c.fit.Score(rule(c.rule)); math.Abs(got-c.want) > 1e-12 { // rounding of 100 terms
			t.Errorf("%s scores %v, want %v", c.rule, got, c.want)
		}
	}
	if r := exact.Result(rule("log(pre)")); r.Status != outer.Diverged || r.Score != 0 {
		t.Errorf("the logarithm of negative numbers is told as %q with score %v", r.Status, r.Score)
	}
}
