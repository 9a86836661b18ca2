package main

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/rulespace/key"
)

func TestClaimsAreComplete(t *testing.T) {
	last := 0
	for _, c := range claims() {
		if c.number <= last || c.text == "" || c.source == "" || c.setting == "" || c.run == nil {
			t.Errorf("claim %d after %d: not in order, or something is missing", c.number, last)
		}
		last = c.number
	}
}

// Three energies follow the lemma on any draw, and exact inverses give
// Gauss–Newton steps up to the curvature of a step of 10⁻³.
func TestClaimsWithClosedForms(t *testing.T) {
	l := &lab{ctx: context.Background(), seeds: 3, rates: 1, quick: true, progress: func(string) {}}
	f, err := energies(l)
	if err != nil || f.verdict != holds {
		t.Errorf("claim 13: %s: %s (%v)", f.verdict, f.reason, err)
	}
	f, err = secondOrder(l)
	if err != nil || !(f.measures[0].value.Low > 0.99) {
		t.Errorf("claim 34: targets and Gauss–Newton: %v (%v)", f.measures[0], err)
	}
}

func TestMissingLearnerLeavesAClaimOpen(t *testing.T) {
	c := claim{number: 1, run: func(l *lab) (finding, error) {
		_, err := l.train("glyphs", arm{label: "x", learner: "no such learner"})
		return finding{}, err
	}}
	f, err := c.try(&lab{ctx: context.Background()})
	if err != nil || f.verdict != undecided || !strings.Contains(f.reason, "no such learner is not available") {
		t.Errorf("%s: %s, %v", f.verdict, f.reason, err)
	}
}

func TestEquivalent(t *testing.T) {
	at := func(low, high float64) outer.Interval {
		return outer.Interval{Mean: (low + high) / 2, Low: low, High: high, N: 5}
	}
	for _, c := range []struct {
		to   []outer.Interval
		want verdict
	}{
		{[]outer.Interval{at(-0.5, 0.5), at(2, 3)}, holds},
		{[]outer.Interval{at(-0.5, 0.5), at(-1.5, 0)}, undecided},
		{[]outer.Interval{at(-1.5, 0), at(-3, -2)}, fails},
		{[]outer.Interval{{Mean: 1, Low: 1, High: 1, N: 1}}, undecided},
	} {
		f, _ := equivalent(finding{}, "it", c.to, []string{"a", "b"}, 1)
		if f.verdict != c.want {
			t.Errorf("%v: %s (%s), want %s", c.to, f.verdict, f.reason, c.want)
		}
	}
}

func TestForwardFeedbackVerdict(t *testing.T) {
	at := func(low, high float64) outer.Interval {
		return outer.Interval{Mean: (low + high) / 2, Low: low, High: high, N: 5}
	}
	up, level, down := at(1, 2), at(-1, 1), at(-2, -1)
	for _, c := range []struct {
		closer, worse, diverged int
		learns, against         outer.Interval
		want                    verdict
		says                    string
	}{
		{3, 0, 0, up, up, holds, "its accuracy higher than that"},
		{3, 0, 0, up, level, holds, "There it is better than a network with frozen"},
		{3, 0, 0, level, up, undecided, "not told apart"},
		{2, 0, 0, up, up, undecided, "2 of 3"},
		{3, 0, 1, up, up, fails, "1 lives diverged"},
		{3, 0, 0, up, down, fails, "its accuracy lower than that"},
		{3, 0, 0, down, up, fails, "worse"},
		{0, 0, 0, up, up, fails, "0 of 3"},
		{3, 2, 0, up, up, fails, "lower than that of 2"},
	} {
		f := (&finding{}).forwardFeedbackVerdict(c.closer, 1, c.worse, 3, c.diverged, c.learns, c.against, down)
		if f.verdict != c.want || !strings.Contains(f.reason, c.says) {
			t.Errorf("%+v: %s: %s", c, f.verdict, f.reason)
		}
	}
}

func TestStable(t *testing.T) {
	rise := []float64{10, 50, 80, 90, 90.1, 90.2, 90.2, 90.3, 90.3, 90.4}
	if n, done := stable(rise); n != 4 || !done {
		t.Errorf("stable from epoch %d, %v; want 4", n, done)
	}
	if n, done := stable(rise[:5]); n != 5 || done {
		t.Errorf("a curve that still rises is stable from epoch %d, %v", n, done)
	}
}

// Attacks move every input against the slope of the cross entropy of the
// model's answer, which differences of the loss show as well.
func TestAttackFollowsTheGradient(t *testing.T) {
	k := key.Root(3)
	net, err := network.New(network.Config{Sizes: []int{6, 8, 3}, Hidden: network.Activation{Name: "tanh"}, Loss: network.CrossEntropy, Bias: true}, k, 2)
	if err != nil {
		t.Fatal(err)
	}
	s := k.Stream()
	x := vec.New(3, 6)
	for i := range x.Rows {
		for j := range x.Row(i) {
			x.Row(i)[j] = float32(s.Normal())
		}
	}
	const eps = 1e-2
	own := &layered{net: net}
	loss := func(row, best int, x *vec.Matrix) float64 {
		y := vec.New(1, 3)
		network.Softmax(y.Row(0), own.Outputs(x).Row(row), 1)
		return -math.Log(float64(y.Row(0)[best]))
	}
	for i := range x.Rows {
		best := 0
		for j, v := range own.Outputs(x).Row(i) {
			if v > own.Outputs(x).Row(i)[best] {
				best = j
			}
		}
		before := loss(i, best, x)
		sum := 0.0
		for j := range x.Cols {
			keep := x.Row(i)[j]
			x.Row(i)[j] = keep + eps
			up := loss(i, best, x)
			x.Row(i)[j] = keep - eps
			sum += math.Abs(up - loss(i, best, x))
			x.Row(i)[j] = keep
		}
		moved := (&attacker{model: own}).at(eps).Outputs(x)
		y := vec.New(1, 3)
		network.Softmax(y.Row(0), moved.Row(i), 1)
		// To first order the loss rises by ε·Σ|slope|; curvature is of order ε.
		rise := -math.Log(float64(y.Row(0)[best])) - before
		if math.Abs(rise-sum/2) > 0.05*sum/2 {
			t.Errorf("row %d: the attack raises the loss by %v, the steepest way by %v", i, rise, sum/2)
		}
	}
}

func TestMetaGradientIsTheSlope(t *testing.T) {
	for _, n := range []int{abcd, abcd * metaInputs} {
		theta := make([]float64, n)
		for i := range theta {
			theta[i] = 0.1 * float64(i%5)
		}
		k := key.Root(1)
		_, g := abcdLife(theta, k)
		for i := range theta {
			const h = 1e-4
			theta[i] += h
			up, _ := abcdLife(theta, k)
			theta[i] -= 2 * h
			down, _ := abcdLife(theta, k)
			theta[i] += h
			if d := (up - down) / (2 * h); math.Abs(d-g[i]) > 1e-6*(1+math.Abs(d)) { // the loss is quadratic: rounding alone
				t.Errorf("coefficient %d of %d: slope %v, gradient %v", i, n, d, g[i])
			}
		}
	}
}
