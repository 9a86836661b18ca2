package gradient

import (
	"math"
	"slices"
	"testing"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/searchtest"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// unit is a template whose four coefficients are its coordinates.
func unit() *rulespace.Space {
	t := *searchtest.Template()
	t.Params = nil
	for _, name := range []string{"a", "b", "c", "d"} {
		t.Params = append(t.Params, rulespace.Param{Name: name, Low: -1, High: 1})
	}
	return &rulespace.Space{Template: &t}
}

func coefficients(r *rulespace.Rule) []float64 {
	return []float64{param(r, "a"), param(r, "b"), param(r, "c"), param(r, "d")}
}

// leastSquares scores −½|y − Xc|² for an X of orthonormal columns, but for a
// constant: −½|c − b|² with b = Xᵀy.
func leastSquares(b []float64) func(*rulespace.Rule) outer.Result {
	return func(r *rulespace.Rule) outer.Result {
		sum := 0.0
		for i, c := range coefficients(r) {
			sum += (c - b[i]) * (c - b[i])
		}
		return outer.Result{Status: outer.OK, Full: true, Score: -sum / 2, Digest: r.Digest()}
	}
}

// lasso is the minimum of ½|c − b|² + λ|c|₁: sign(b)·(|b| − λ)₊.
func lasso(b []float64, lambda float64) []float64 {
	out := make([]float64, len(b))
	for i, v := range b {
		out[i] = math.Copysign(max(math.Abs(v)-lambda, 0), v)
	}
	return out
}

// On an orthonormal design one proximal step of length 1 is the lasso's
// solution, wherever it begins.
func TestProximalStepIsLasso(t *testing.T) {
	b := []float64{0.7, -0.3, 0.15, -0.05}
	s, err := New(unit(), Options{L1: 0.2}, key.Root(1))
	if err != nil {
		t.Fatal(err)
	}
	for _, start := range [][]float64{{0, 0, 0, 0}, {-0.5, 0.25, 0.75, 1}} {
		for i, want := range lasso(b, 0.2) {
			slope := b[i] - start[i]
			if got := s.shrink(i, start[i]+slope, 1); math.Abs(got-want) > 1e-15 { // one rounding
				t.Errorf("from %v: coordinate %d goes to %v, want %v", start, i, got, want)
			}
		}
	}
}

// An ascent ends at the lasso's solution, the null terms exactly absent.
func TestAscentEndsAtLasso(t *testing.T) {
	b := []float64{0.7, -0.3, 0.15, -0.05}
	for name, c := range map[string]struct {
		opts Options
		tol  float64
	}{
		"central": {Options{}, 0.005},                           // the last moves are of length 0.1/2⁸
		"spsa":    {Options{Directions: 4, Patience: 10}, 0.02}, // and in a direction drawn
	} {
		c.opts.L1, c.opts.Starts, c.opts.Halvings = 0.2, 1, 8
		s, err := New(unit(), c.opts, key.Root(2))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := searchtest.Drive(s, leastSquares(b), nil, 9, 20000); err != nil {
			t.Fatal(err)
		}
		for i, want := range lasso(b, 0.2) {
			if got := s.best[i]; math.Abs(got-want) > c.tol || want == 0 && got != 0 {
				t.Errorf("%s: coordinate %d ends at %v, want %v", name, i, got, want)
			}
		}
	}
}

// What is small when an ascent ends is removed, and the others are climbed
// again: with terms that depend on each other they end elsewhere, at the least
// squares of the terms that are left.
func TestThresholdRefits(t *testing.T) {
	// −½(c − b)ᵀH(c − b), with c_d at 0: c_a = b_a + H_ad·b_d/H_aa.
	score := func(r *rulespace.Rule) outer.Result {
		c := coefficients(r)
		a, d := c[0]-0.5, c[3]-0.1
		sum := a*a + d*d + 2*0.6*a*d + (c[1]-0.4)*(c[1]-0.4) + (c[2]-0.02)*(c[2]-0.02)
		return outer.Result{Status: outer.OK, Full: true, Score: -sum / 2, Digest: r.Digest()}
	}
	s, err := New(unit(), Options{Threshold: 0.2, Starts: 1, Halvings: 8}, key.Root(3))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := searchtest.Drive(s, score, nil, 9, 20000); err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{0.56, 0.4, 0, 0} {
		if got := s.best[i]; math.Abs(got-want) > 0.005 || want == 0 && got != 0 {
			t.Errorf("coordinate %d ends at %v, want %v", i, got, want)
		}
	}
	if want := []bool{false, false, true, true}; !slices.Equal(s.fixed, want) {
		t.Errorf("removed are %v, want %v", s.fixed, want)
	}
}

// Every term would go: none does.
func TestThresholdLeavesSomething(t *testing.T) {
	s, err := New(unit(), Options{Threshold: 0.5, Starts: 1}, key.Root(1))
	if err != nil {
		t.Fatal(err)
	}
	if got := s.cut([]float64{0.1, 0.2, 0, 0.1}); got != nil {
		t.Errorf("nothing is left of %v", got)
	}
	if got := s.cut([]float64{0.6, 0.2, 0, 0.1}); got == nil || got[0] != 0.6 || got[1] != 0 || got[3] != 0 {
		t.Errorf("left is %v", got)
	}
}
