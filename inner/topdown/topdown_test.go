package topdown_test

import (
	"math"
	"strings"
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/learner"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/inner/topdown"
	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/internal/es"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

func errorRule(t testing.TB, rate float64) *rulespace.Rule {
	t.Helper()
	r, err := rulespace.ParseRule("dw: lr*err*pre; db: lr*err", rulespace.Param{Name: "lr", Value: rate})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func newNetwork(t testing.TB, cfg network.Config, k key.Key, batch int) *network.Network {
	t.Helper()
	n, err := network.New(cfg, k, batch)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// With the analytic credit in place of the top-down network, the loop is a run
// of circuit bp, bit for bit, in batches whose last is smaller.
func TestExactCreditIsBackprop(t *testing.T) {
	spec, err := tasks.ParseSpec("regression:dims=5,outputs=3,cond=3")
	if err != nil {
		t.Fatal(err)
	}
	task, err := tasks.Open(spec, tasks.Source{})
	if err != nil {
		t.Fatal(err)
	}
	const batch, steps = 4, 202
	cfg := network.Config{Sizes: []int{5, 8, 7, 3}, Hidden: network.Activation{Name: "tanh"}, Bias: true}
	k := key.Root(3)
	runner := trial.NewRunner()
	out := runner.Run(t.Context(), trial.Trial{
		Task: task, Network: cfg, Batch: batch, Steps: steps, Key: k,
		Learner: learner.Learner{Credit: credit.Config{Name: "bp"}, Rule: errorRule(t, 0.1)},
	})
	if out.Err != nil {
		t.Fatal(out.Err)
	}

	n := newNetwork(t, cfg, k.Child("init", 0), batch)
	l, err := topdown.New(n, topdown.Exact{}, errorRule(t, 0.1))
	if err != nil {
		t.Fatal(err)
	}
	episode, err := task.Start(k.Child("data", 0))
	if err != nil {
		t.Fatal(err)
	}
	b := tasks.NewBatch(task.Info(), batch)
	for done := 0; done < steps; done += b.N {
		if rest := steps - done; rest < batch {
			x, y := b.X.Head(rest), b.Y.Head(rest)
			b = &tasks.Batch{X: &x, Y: &y}
		}
		episode.Next(b)
		l.Learn(b)
	}
	for i, c := range runner.Network().Conns {
		for j := range c.In {
			for m, want := range c.W.Row(j) {
				if got := n.Conns[i].W.Row(j)[m]; math.Float32bits(got) != math.Float32bits(want) {
					t.Fatalf("weight %d to %d of connection %d is %v, backprop's %v", j, m, i, got, want)
				}
			}
		}
		for m, want := range c.Bias {
			if n.Conns[i].Bias[m] != want {
				t.Fatalf("bias %d of connection %d is %v, backprop's %v", m, i, n.Conns[i].Bias[m], want)
			}
		}
	}
}

// A top-down network that an evolution strategy has found teaches a fresh
// 2-8-1 network, in 50 updates of its own, functions that it has not seen. The
// reward of a life is minus its final loss; nothing but the reward is used.
func TestEvolvedCreditTeaches(t *testing.T) {
	sizes := []int{2, 8, 1}
	cfg := network.Config{Sizes: sizes, Hidden: network.Activation{Name: "tanh"}, Bias: true}
	const batch = 4
	n := newNetwork(t, cfg, key.Root(1), batch)
	g := topdown.NewNetwork(sizes, 12, 2)
	l, err := topdown.New(n, g, errorRule(t, 0.1))
	if err != nil {
		t.Fatal(err)
	}
	b := &tasks.Batch{N: batch, X: vec.New(batch, 2), Y: vec.New(batch, 1)}
	life := func(weights []float64, k key.Key, updates int) float64 {
		g.Set(weights)
		if err := n.Reset(k.Child("init", 0)); err != nil {
			t.Fatal(err)
		}
		s := k.Child("data", 0).Stream()
		u, v, w := s.Normal(), s.Normal(), s.Normal()
		next := func() {
			for q := range batch {
				x, y := s.Uniform(-1, 1), s.Uniform(-1, 1)
				b.X.Row(q)[0], b.X.Row(q)[1] = float32(x), float32(y)
				b.Y.Row(q)[0] = float32(u*x + v*y + w*x*y)
			}
		}
		for range updates {
			next()
			l.Learn(b)
		}
		loss := 0.0
		for range 10 {
			next()
			n.Forward(b.X)
			loss += n.Loss(b.Y) / 10
		}
		return -loss
	}
	fresh := func(weights []float64, updates int) float64 {
		sum := 0.0
		for i := range uint64(40) {
			sum += life(weights, key.Root(99).Child("test", i), updates) / 40
		}
		return sum
	}
	weights := g.Start(key.Root(5))
	before := fresh(weights, 50)
	weights, err = es.Evolve(es.Options{Start: weights, Population: 32, Sigma: 0.05, Rate: 20, Momentum: -1}, 25, key.Root(6), func(w []float64, generation int) float64 {
		return life(w, key.Root(7).Child("life", uint64(generation)), 40)
	})
	if err != nil {
		t.Fatal(err)
	}
	after := fresh(weights, 50)
	t.Logf("loss of fresh networks on unseen functions: %.3f without credit, %.3f with evolved credit", -before, -after)
	if !(after > 0.5*before) {
		t.Errorf("mean reward went from %.3f to %.3f", before, after)
	}
}

func TestErrors(t *testing.T) {
	n := newNetwork(t, network.Config{Sizes: []int{2, 2}}, key.Root(1), 1)
	r, err := rulespace.ParseRule("lr*err*err_pre")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := topdown.New(n, topdown.Exact{}, r); err == nil || !strings.Contains(err.Error(), "reads err_pre") {
		t.Error(err)
	}
}

// Diffused credit is the same for neighbours, and no step allocates.
func TestDiffusion(t *testing.T) {
	sizes := []int{3, 5, 2}
	n := newNetwork(t, network.Config{Sizes: sizes}, key.Root(1), 2)
	g := topdown.NewNetwork(sizes, 4, 3)
	if want := 4 * (3 + 2*2 + 5 + 1 + 2 + 1); g.Size() != want {
		t.Errorf("%d weights, want %d", g.Size(), want)
	}
	w := g.Start(key.Root(2))
	s := key.Root(3).Stream()
	for i := range w {
		w[i] += s.Normal()
	}
	g.Set(w)
	c := []*vec.Matrix{nil, vec.New(2, 5), vec.New(2, 2)}
	x, y := vec.New(2, 3), vec.New(2, 2)
	x.Row(0)[1] = 1
	n.Forward(x)
	if k := testing.AllocsPerRun(5, func() { g.Emit(c, n, y) }); k > 0 {
		t.Errorf("%v allocations", k)
	}
	r := c[1].Row(0)
	if r[0] != r[1] || r[1] != r[2] || r[2] == r[3] || r[3] != r[4] || c[1].Row(1)[0] == r[0] {
		t.Errorf("credit %v, %v", r, c[1].Row(1))
	}
}
