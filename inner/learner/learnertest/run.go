package learnertest

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/learner"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/kernel"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// Run checks that a learner keeps its promises: it fits its circuit, presents
// what it declares in the right shapes, gives the same bits twice, treats a
// batch as a set, stays finite at its default rate, does not allocate once it
// runs, and names the test that proves its numbers. Networks and batches that
// its circuit cannot work in are left out.
func Run(t *testing.T, e learner.Entry) {
	t.Helper()
	t.Run("description", func(t *testing.T) { describe(t, e) })
	cases := 0
	defer func() {
		if cases == 0 {
			t.Error("the learner fits no network that it was tried in")
		}
	}()
	for _, shape := range []network.Config{
		{Sizes: []int{6, 3}},
		{Sizes: []int{6, 5, 4, 3}},
		{Sizes: []int{6, 0, 3}, Image: network.Image{Height: 2, Width: 3, Channels: 1}, Convolutions: []network.Convolution{
			{Filters: 3, Kernel: network.Extent{Height: 2, Width: 2}, Pooling: network.Pooling{Size: network.Extent{Height: 1, Width: 2}}}}},
	} {
		sizes, convolutions := shape.Sizes, len(shape.Convolutions)
		for _, batch := range []int{1, 4} {
			c := testCase{e, shape, sizes, batch}
			if (batch > 1 || convolutions > 0) && c.reads(rulespace.SigLower) {
				continue // defined for one sample at a time
			}
			if config, err := c.config().Resolve(); err != nil {
				t.Error(err)
			} else if e.Learner().Credit.Fits(config, batch) != nil {
				continue
			}
			cases++
			t.Run(fmt.Sprintf("%d connections, %d convolutions, batch %d", len(sizes)-1, convolutions, batch), func(t *testing.T) {
				c.signals(t)
				c.repeats(t)
				c.batchIsASet(t)
				c.allocations(t)
			})
		}
	}
}

func describe(t *testing.T, e learner.Entry) {
	if e.Name == "" || e.Title == "" || e.DW == "" || e.Reference == "" || !(e.Rate > 0) || e.Batch < 1 || !(e.Passes >= 1) {
		t.Errorf("incomplete entry: %+v", e)
	}
	if e.Check == "" {
		t.Error("no test is named that proves the learner's numbers")
	}
	if _, ok := credit.ByName(e.Circuit); !ok {
		t.Errorf("no circuit %q", e.Circuit)
	}
	l := e.Learner()
	for connections := 1; connections <= 3; connections++ {
		if err := l.Check(connections); err != nil {
			t.Errorf("%d connections: %v", connections, err)
		}
		if l.Supervised(connections) != e.Supervised {
			t.Errorf("%d connections: supervised is %v, declared %v", connections, !e.Supervised, e.Supervised)
		}
	}
	if lr, ok := l.Rule.Param("lr"); !ok || lr.Value != e.Rate {
		t.Errorf("learning rate is %v, want %v", lr.Value, e.Rate)
	}
}

type testCase struct {
	entry learner.Entry
	shape network.Config
	sizes []int
	batch int
}

func (c testCase) reads(s rulespace.Signal) bool {
	n := c.entry.Learner().Needs(len(c.sizes) - 1)
	return (n.Hidden | n.Output).Has(s)
}

func (c testCase) task() Task {
	kind := tasks.Unsupervised
	if c.entry.Supervised {
		kind = tasks.Regression
	}
	if c.entry.Network.Loss == network.CrossEntropy { // it expects targets that are one-hot
		kind = tasks.Classification
	}
	return Task{Kind: kind, In: c.sizes[0], Out: c.sizes[len(c.sizes)-1]}
}

// config is the network that the learner asks for, in the sizes of the case.
func (c testCase) config() network.Config {
	n := c.entry.Network
	cfg := network.Config{Sizes: c.sizes, Image: c.shape.Image, Convolutions: c.shape.Convolutions, Bias: true, Hidden: network.Activation{Name: n.Hidden}, Output: network.Activation{Name: n.Output},
		Loss: n.Loss, Init: n.Init, InitScale: n.InitScale}
	if n.NoBias {
		cfg.Bias = false
	}
	return cfg
}

func (c testCase) trial(steps int) trial.Trial {
	return trial.Trial{
		Task: c.task(), Network: c.config(),
		Learner: c.entry.Learner(), Batch: c.batch, Steps: steps, Key: key.Root(1), Split: tasks.Validation,
	}
}

// circuit makes the learner's circuit with everything it can present asked for.
func (c testCase) circuit(t *testing.T, net *network.Network) (credit.Circuit, credit.Needs) {
	t.Helper()
	e, _ := credit.ByName(c.entry.Circuit)
	needs := credit.Needs{Hidden: e.Provides, Output: e.Provides | e.Output}
	if c.batch > 1 || len(c.shape.Convolutions) > 0 {
		lower := rulespace.Signals(rulespace.SigLower)
		needs.Hidden, needs.Output = needs.Hidden.Minus(lower), needs.Output.Minus(lower)
	}
	circuit, err := credit.New(c.entry.Learner().Credit, net, needs, key.Root(1))
	if err != nil {
		t.Fatal(err)
	}
	return circuit, needs
}

func (c testCase) network(t *testing.T) *network.Network {
	t.Helper()
	net, err := network.New(c.config(), key.Root(1), c.batch)
	if err != nil {
		t.Fatal(err)
	}
	return net
}

func (c testCase) samples() *tasks.Batch {
	task := c.task()
	if task.Kind == tasks.Unsupervised {
		task.Kind = tasks.Regression // circuits present targets where there are any
	}
	e, _ := task.Start(key.Root(2))
	b := tasks.NewBatch(task.Info(), c.batch)
	e.Next(b)
	return b
}

type presenter func(c *network.Connection, s *credit.Signals)

func (f presenter) Present(c *network.Connection, s *credit.Signals) { f(c, s) }

func (f presenter) PresentFeedback(*credit.Feedback, *credit.Signals) {}

// signals checks that what is declared is presented, and nothing else, in the
// shapes of kernel.Frame.
func (c testCase) signals(t *testing.T) {
	net := c.network(t)
	circuit, needs := c.circuit(t, net)
	presented := 0
	circuit.Learn(net, c.samples(), presenter(func(conn *network.Connection, s *credit.Signals) {
		presented++
		declared := needs.Of(conn)
		if want := c.batch * conn.Positions; s.Batch != want {
			t.Errorf("frame of %d samples, want %d", s.Batch, want)
		}
		for i, m := range s.Values {
			sig := rulespace.Signal(i)
			switch {
			case sig == rulespace.SigW:
			case m == nil && declared.Has(sig):
				t.Errorf("%v is declared and not presented at connection %d", sig, conn.Index)
			case m != nil && !declared.Has(sig):
				t.Errorf("%v is presented and not declared at connection %d", sig, conn.Index)
			case m != nil:
				checkShape(t, sig, m, conn, s.Batch)
			}
		}
	}))
	entry, _ := credit.ByName(c.entry.Circuit)
	if want := len(net.Conns) * max(1, entry.Phases); presented != want {
		t.Errorf("%d presentations of connections, want %d", presented, want)
	}
}

func checkShape(t *testing.T, sig rulespace.Signal, m *vec.Matrix, c *network.Connection, batch int) {
	t.Helper()
	rows, cols := batch, 0
	switch sig.Info().Scope {
	case rulespace.Pre:
		cols = c.In
	case rulespace.Post:
		cols = c.Out
	case rulespace.Synapse:
		rows, cols = c.In, c.Out
	default:
		rows, cols = 1, batch
		if sig == rulespace.SigStep { // one for all connections
			cols = max(cols, m.Cols)
		}
	}
	if m.Rows != rows || m.Cols != cols {
		t.Errorf("%v is %d×%d, want %d×%d", sig, m.Rows, m.Cols, rows, cols)
	}
	for i := range m.Rows {
		for _, v := range m.Row(i) {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				t.Errorf("%v is not finite", sig)
				return
			}
		}
	}
}

// repeats checks that a trial gives the same bits in a fresh and in a used
// runner, and that the learner stays finite and changes something.
func (c testCase) repeats(t *testing.T) {
	ctx := context.Background()
	r := trial.NewRunner()
	first := r.Run(ctx, c.trial(202)) // does not divide into batches
	if first.Status != trial.OK {
		t.Fatalf("status %s: %s", first.Status, first.Reason)
	}
	weights := copyWeights(r.Network())
	other := c.trial(30)
	other.Key = key.Root(99)
	r.Run(ctx, other)
	again := r.Run(ctx, c.trial(202))
	fresh := trial.NewRunner()
	alone := fresh.Run(ctx, c.trial(202))
	for _, o := range []trial.Outcome{again, alone} {
		if math.Float64bits(o.Score.Value) != math.Float64bits(first.Score.Value) || o.Status != first.Status {
			t.Errorf("scores %v and %v in two runs", first.Score.Value, o.Score.Value)
		}
	}
	if !reflect.DeepEqual(weights, copyWeights(r.Network())) || !reflect.DeepEqual(weights, copyWeights(fresh.Network())) {
		t.Error("weights differ between two runs")
	}
}

func copyWeights(n *network.Network) [][]float32 {
	var w [][]float32
	for _, c := range n.Conns {
		for i := range c.In {
			w = append(w, slices.Clone(c.W.Row(i)))
		}
		w = append(w, slices.Clone(c.Bias))
	}
	return w
}

// batchIsASet checks that the order of the samples of a batch matters no more
// than rounding: one update by a batch and by the same batch reversed.
func (c testCase) batchIsASet(t *testing.T) {
	entry, _ := credit.ByName(c.entry.Circuit)
	if c.batch == 1 || entry.Stochastic {
		return
	}
	var results [2][][]float32
	for reversed := range results {
		net := c.network(t)
		l := c.entry.Learner()
		circuit, err := credit.New(l.Credit, net, l.Needs(len(net.Conns)), key.Root(1))
		if err != nil {
			t.Fatal(err)
		}
		b := c.samples()
		if reversed == 1 {
			for i, j := 0, b.N-1; i < j; i, j = i+1, j-1 {
				swap(b.X.Row(i), b.X.Row(j))
				swap(b.Y.Row(i), b.Y.Row(j))
			}
		}
		circuit.Learn(net, b, presenter(func(conn *network.Connection, s *credit.Signals) {
			if r := l.RuleOf(conn); r != nil {
				p, err := kernel.Compile(r)
				if err != nil {
					t.Fatal(err)
				}
				p.Bind(conn.In, conn.Out, s.Batch).Apply(&s.Frame, conn.InPlace, conn.Bias, s.Feedback)
			}
		}))
		results[reversed] = copyWeights(net)
	}
	for i, row := range results[0] {
		for j, v := range row {
			// A handful of float32 roundings on weights of order 1; Adam divides by
			// a root of the gradient, which magnifies them for tiny gradients.
			if d := math.Abs(float64(v - results[1][i][j])); !(d <= 1e-5) {
				t.Fatalf("a weight is %v or %v, depending on the order of samples", v, results[1][i][j])
			}
		}
	}
}

func swap(a, b []float32) {
	for i := range a {
		a[i], b[i] = b[i], a[i]
	}
}

// allocations checks that more steps do not mean more allocations. The
// runtime's own, when it collects garbage in between, are kept out by counting
// twice.
func (c testCase) allocations(t *testing.T) {
	ctx := context.Background()
	r := trial.NewRunner()
	count := func(steps int) float64 {
		tr := c.trial(steps)
		run := func() { r.Run(ctx, tr) }
		return min(testing.AllocsPerRun(3, run), testing.AllocsPerRun(3, run))
	}
	// Maps of options allocate one time more or less, as their hash falls.
	if short, long := count(100), count(300); long > short+1 {
		t.Errorf("%v allocations in 100 steps, %v in 300", short, long)
	}
}
