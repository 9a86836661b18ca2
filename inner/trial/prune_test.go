package trial_test

import (
	"cmp"
	"math"
	"slices"
	"testing"

	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/rulespace/key"
)

func zeros(c *network.Connection) int {
	n := 0
	for i := range c.In {
		for _, w := range c.W.Row(i) {
			if w == 0 {
				n++
			}
		}
	}
	return n
}

func pruned(t *testing.T, p trial.Pruning) *network.Network {
	t.Helper()
	x := trial.Trial{Task: regression, Network: linear(6, 20, 3), Learner: withRate(t, "bp", 0.02), Batch: 4, Steps: 2000,
		Key: key.Root(5), Pruning: p}
	n, _ := train(t, x)
	return n
}

// One-shot pruning after learning takes exactly the smallest weights of the
// same network unpruned: floor(s·N) of them, whatever their connection.
func TestGlobalPruningIsExact(t *testing.T) {
	whole := pruned(t, trial.Pruning{})
	type weight struct {
		size    float64
		l, i, j int
	}
	var all []weight
	for l, c := range whole.Conns {
		for i := range c.In {
			for j, w := range c.W.Row(i) {
				all = append(all, weight{math.Abs(float64(w)), l, i, j})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b weight) int { return cmp.Compare(a.size, b.size) })
	for _, s := range []float64{0.1, 0.5, 0.9, 0.983} {
		n := pruned(t, trial.Pruning{Sparsity: s, From: 1, To: 1})
		want := int(math.Floor(s * 180))
		if got := zeros(n.Conns[0]) + zeros(n.Conns[1]); got != want {
			t.Errorf("sparsity %v: %d zeros, want %d", s, got, want)
		}
		for k, w := range all {
			v := n.Conns[w.l].W.Row(w.i)[w.j]
			if (v == 0) != (k < want) {
				t.Fatalf("sparsity %v: weight of rank %d is %v", s, k, v)
			}
		}
	}
}

// Pruned weights survive updates: they are zero at the end although learning
// went on, and their number is exact; gradual pruning ends at the same number.
func TestMasksSurviveUpdates(t *testing.T) {
	for _, p := range []trial.Pruning{
		{Sparsity: 0.8, From: 0.5, To: 0.5}, {Sparsity: 0.8, From: 0.1, To: 0.6},
		{Sparsity: 0.8, From: 0.5, To: 0.5, By: "random"},
	} {
		n := pruned(t, p)
		if got := zeros(n.Conns[0]) + zeros(n.Conns[1]); got != 144 {
			t.Errorf("%+v: %d zeros, want 144", p, got)
		}
	}
	n := pruned(t, trial.Pruning{Sparsity: 0.75, From: 0, To: 0, By: "layer"})
	if a, b := zeros(n.Conns[0]), zeros(n.Conns[1]); a != 90 || b != 45 {
		t.Errorf("by layer: %d and %d zeros, want 90 of 120 and 45 of 60", a, b)
	}
}

// Every connection keeps its minimum.
func TestPruningKeepsAMinimum(t *testing.T) {
	n := pruned(t, trial.Pruning{Sparsity: 0.95, From: 0.5, To: 1, Keep: 30})
	for l, c := range n.Conns {
		if left := c.In*c.Out - zeros(c); left < 30 {
			t.Errorf("connection %d keeps %d weights, want at least 30", l, left)
		}
	}
	if got := zeros(n.Conns[0]) + zeros(n.Conns[1]); got != 120 {
		t.Errorf("%d zeros, want 180 less twice 30", got)
	}
}

func TestPruningErrors(t *testing.T) {
	for _, p := range []trial.Pruning{{Sparsity: 1}, {Sparsity: -0.1}, {Sparsity: 0.5, From: 0.6, To: 0.5}, {Sparsity: 0.5, To: 2}, {By: "x"}, {Keep: -1}} {
		x := trial.Trial{Task: regression, Network: linear(6, 3), Learner: named(t, "bp"), Key: key.Root(1), Pruning: p}
		if x.Check() == nil {
			t.Errorf("%+v is accepted", p)
		}
	}
}
