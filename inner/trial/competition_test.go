package trial_test

import (
	"math"
	"testing"

	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// clusters is a stream of samples around random centres, which it returns
// too, of length 1 each.
func clusters(dims, count, out int, sd float64) (stream, [][]float64) {
	s := key.Root(71).Stream()
	centres := make([][]float64, count)
	for k := range centres {
		for range dims {
			centres[k] = append(centres[k], s.Normal())
		}
		n := math.Sqrt(inner(centres[k], centres[k]))
		for j := range centres[k] {
			centres[k][j] /= n
		}
	}
	return stream{in: dims, out: out, next: func(s *key.Stream, x []float32) {
		for j, c := range centres[s.IntN(count)] {
			x[j] = float32(c + sd*s.Normal())
		}
	}}, centres
}

// SoftHebb's weights come to norm 1, 1.0005 ± 0.002 in a float64 program of
// our own, in one pass over clustered data, and most units differ. There are
// fewer units than clusters: one that never wins stays where it started.
func TestSoftHebb(t *testing.T) {
	task, _ := clusters(20, 10, 6, 0.1)
	for _, c := range []struct {
		learner string
		network network.Config
		options map[string]string
		rate    float64
	}{
		{"softhebb", network.Config{Bias: true}, map[string]string{"prior": "yes", "competition": "8"}, 0.005},
		{"softhebb-deep", network.Config{Init: "he", InitScale: 3}, map[string]string{"compete": "anti", "scale": "yes", "competition": "8"}, 0.05},
	} {
		c.network.Sizes = []int{20, 6}
		l := withRate(t, c.learner, c.rate)
		l.Credit.Options = c.options
		n, _ := train(t, trial.Trial{Task: task, Network: c.network, Learner: l, Batch: 4, Steps: 40000, Key: key.Root(1)})
		apart, pairs := 0, 0
		for i := range 6 {
			w := incoming(n.Conns[0], i)
			norm := math.Sqrt(inner(w, w))
			if math.Abs(norm-1) > 0.002 {
				t.Errorf("%s: unit %d has weights of norm %.4f, want 1", c.learner, i, norm)
			}
			for k := range i {
				pairs++
				if cosine(w, incoming(n.Conns[0], k)) < 0.9 {
					apart++
				}
			}
		}
		if 2*apart < pairs {
			t.Errorf("%s: only %d of %d pairs of units differ", c.learner, apart, pairs)
		}
	}
}

// Competing by rank, more than nine of ten units win now and then, and every
// centre of as many clusters has a unit whose weights point at it.
func TestRankedCompetition(t *testing.T) {
	task, centres := clusters(20, 10, 20, 0.1)
	l := withRate(t, "krotov-hopfield", 0.01)
	l.Credit.Options = map[string]string{"compete": "rank", "scale": "yes"}
	cfg := network.Config{Sizes: []int{20, 20}, Init: "he", InitScale: 3}
	n, _ := train(t, trial.Trial{Task: task, Network: cfg, Learner: l, Batch: 20, Steps: 40000, Key: key.Root(1)})
	matched(t, n.Conns[0], centres)
	won := map[int]bool{}
	e, _ := task.Start(key.Root(2))
	b := tasks.NewBatch(tasks.Info{In: 20}, 1)
	for range 2000 {
		e.Next(b)
		y, best := n.Outputs(b.X).Row(0), 0
		for i, v := range y {
			if v > y[best] {
				best = i
			}
		}
		won[best] = true
	}
	if len(won) <= 18 {
		t.Errorf("only %d of 20 units ever win", len(won))
	}
}

// Competitive learning, hard and soft, finds the centres of clusters.
func TestClusterCentres(t *testing.T) {
	task, centres := clusters(20, 10, 20, 0.1)
	for name, options := range map[string]map[string]string{"winner-take-all": {"compete": "hard"}, "competitive": {"competition": "10"}} {
		l := withRate(t, name, 0.02)
		l.Credit.Options = options
		cfg := network.Config{Sizes: []int{20, 20}, Init: "he", InitScale: 3}
		n, _ := train(t, trial.Trial{Task: task, Network: cfg, Learner: l, Steps: 20000, Key: key.Root(1)})
		matched(t, n.Conns[0], centres)
	}
}

func matched(t *testing.T, c *network.Connection, centres [][]float64) {
	t.Helper()
	for k, centre := range centres {
		best := -1.0
		for i := range c.Out {
			best = math.Max(best, cosine(incoming(c, i), centre))
		}
		if best < 0.95 {
			t.Errorf("no unit points at centre %d: cos %.3f at best", k, best)
		}
	}
}
