package trial_test

import (
	"math"
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/learner"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// memory shows random patterns of ±1 once each, as input and as target.
type memory struct{ units, patterns int }

func (m memory) Info() tasks.Info {
	return tasks.Info{Name: "memory", Kind: tasks.Regression, In: m.units, Out: m.units, Steps: m.patterns, Ceiling: 1}
}

func (m memory) Start(k key.Key) (tasks.Episode, error) { return &patterns{memory: m, k: k}, nil }

type patterns struct {
	memory
	k    key.Key
	next int
}

func (p *patterns) pattern(i int, x []float32) {
	s := p.k.Child("pattern", uint64(i)).Stream()
	for j := range x {
		x[j] = float32(2*s.IntN(2) - 1)
	}
}

func (p *patterns) Next(b *tasks.Batch) {
	b.N = b.X.Rows
	for i := range b.N {
		p.pattern(p.next, b.X.Row(i))
		copy(b.Y.Row(i), b.X.Row(i))
		p.next++
	}
}

func (p *patterns) Score(tasks.Model, tasks.Split) tasks.Score { return tasks.Score{} }

// Hebb's rule with the output clamped to the pattern stores W = (1/n)·Σ ξξᵀ, a
// Hopfield network once the diagonal is taken out. Patterns with a tenth of
// their units flipped are recalled by s ← sign(Ws): more than 95 % of the units
// at a load of 0.05 patterns per unit, not at 0.3, far above the capacity of
// 0.14 (J. Hopfield, PNAS 79:2554, 1982).
func TestHopfieldRecall(t *testing.T) {
	const n = 200
	for _, c := range []struct {
		load  float64
		right bool
	}{{0.05, true}, {0.3, false}} {
		task := memory{n, int(c.load * n)}
		hebb := withRate(t, "hebb", 1.0/n)
		l := learner.Learner{Credit: credit.Config{Name: "none"}.With("clamp", "yes"), Rule: hebb.Rule}
		x := trial.Trial{Task: task, Network: network.Config{Sizes: []int{n, n}, Init: "zero"}, Learner: l, Key: key.Root(3)}
		net, _ := train(t, x)
		episode, _ := task.Start(x.Key.Child("data", 0))
		p := episode.(*patterns)
		stored, s := make([]float32, n), make([]float32, n)
		noise := key.Root(4).Stream()
		kept := 0
		for i := range task.patterns {
			p.pattern(i, stored)
			copy(s, stored)
			for range n / 10 {
				j := noise.IntN(n)
				s[j] = -stored[j]
			}
			recall(net, s)
			for j := range s {
				if s[j] == stored[j] {
					kept++
				}
			}
		}
		share := float64(kept) / float64(n*task.patterns)
		t.Logf("load %v: %.3f of the units recalled", c.load, share)
		if (share > 0.95) != c.right {
			t.Errorf("load %v: %.3f of the units recalled", c.load, share)
		}
		// The weights are the sum of products.
		want := 0.0
		for i := range task.patterns {
			p.pattern(i, stored)
			want += float64(stored[3]*stored[7]) / n
		}
		if got := float64(net.Conns[0].W.Row(3)[7]); math.Abs(got-want) > 1e-6 {
			t.Errorf("load %v: weight %v, want %v", c.load, got, want)
		}
	}
}

// recall updates units in turn until none changes.
func recall(net *network.Network, s []float32) {
	w := net.Conns[0].W
	for range 50 {
		changed := false
		for i := range s {
			sum := float32(0)
			for j, x := range s {
				if j != i {
					sum += w.Row(j)[i] * x
				}
			}
			y := float32(1)
			if sum < 0 {
				y = -1
			}
			changed = changed || y != s[i]
			s[i] = y
		}
		if !changed {
			return
		}
	}
}
