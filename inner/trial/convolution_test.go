package trial_test

import (
	"math"
	"slices"
	"testing"

	"github.com/metaplast/metaplast/inner/learner"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

func glyphs(t *testing.T) tasks.Task {
	t.Helper()
	task, err := tasks.Open(tasks.Spec{Name: "glyphs", Options: map[string]string{"side": "14", "train": "700", "samples": "400", "val": "0"}}, tasks.Source{})
	if err != nil {
		t.Fatal(err)
	}
	return task
}

// filters is a network of 8 filters of 5×5 over 14×14, pooled, and an output:
// 2,218 parameters.
func filters(hidden string) network.Config {
	return network.Config{
		Sizes: []int{0, 0, 10}, Image: network.Image{Height: 14, Width: 14, Channels: 1},
		Convolutions: []network.Convolution{{Filters: 8, Kernel: network.Extent{Height: 5, Width: 5},
			Pooling: network.Pooling{Size: network.Extent{Height: 2, Width: 2}}}},
		Hidden: network.Activation{Name: hidden}, Loss: network.CrossEntropy, Bias: true,
	}
}

func known(name string) learner.Learner {
	e, _ := learner.ByName(name)
	return e.Learner()
}

// A few filters do better on images than a layer with half as many parameters
// again, by more than the seeds vary.
func TestConvolutionBeatsUnits(t *testing.T) {
	task := glyphs(t)
	accuracy := func(cfg network.Config, seed uint64) float64 {
		x := trial.Trial{Task: task, Network: cfg, Learner: known("bp"), Batch: 32, Steps: 5 * 700, Key: key.Root(seed), Split: tasks.Test}
		_, out := train(t, x)
		return out.Score.Accuracy
	}
	units := network.Config{Sizes: []int{196, 16, 10}, Loss: network.CrossEntropy, Bias: true} // 3,322 parameters
	for seed := range uint64(2) {
		a, b := accuracy(filters("tanh"), seed), accuracy(units, seed)
		t.Logf("seed %d: %.3f with filters, %.3f with units", seed, a, b)
		if a < b+0.05 {
			t.Errorf("seed %d: %.3f with filters, %.3f with units", seed, a, b)
		}
	}
}

// The angle between learning by backprop and the gradient is zero: the
// learner takes the sum over positions and the mean over samples.
func TestConvolutionFollowsTheGradient(t *testing.T) {
	cfg := filters("relu")
	x := trial.Trial{Task: glyphs(t), Network: cfg, Learner: known("bp"), Batch: 16, Steps: 160, Key: key.Root(1), MeasureAlignment: true}
	_, out := train(t, x)
	for l, a := range out.Alignment {
		if !(a < 0.2) { // weights of order 1 move by 1e-3 and round at 6e-8
			t.Errorf("connection %d moves at %.2f° to the gradient", l, a)
		}
	}
}

// SoftHebb with competition over the filters at each position: the norms of
// filters go to 1 and the filters part, as for units that compete in a layer.
// A filter that hardly ever wins stays where it was; of these eight that
// happens to one.
func TestConvolutionalSoftHebb(t *testing.T) {
	l := known("softhebb-plain")
	rule, err := l.Rule.WithParams(map[string]float64{"lr": 0.05})
	if err != nil {
		t.Fatal(err)
	}
	l.Rule, l.OutputRule = rule, known("delta").Rule
	l.Credit = l.Credit.With("competition", "10")
	cfg := filters("relu")
	x := trial.Trial{Task: glyphs(t), Network: cfg, Learner: l, Batch: 1, Steps: 10 * 700, Key: key.Root(1)}
	n, _ := train(t, x)
	var units [][]float64
	for f := range n.Conns[0].Out {
		units = append(units, incoming(n.Conns[0], f))
	}
	apart, pairs, normal := 0, 0, 0
	for i, u := range units {
		norm := math.Sqrt(inner(u, u))
		t.Logf("filter %d: norm %.4f", i, norm)
		if math.Abs(norm-1) < 0.02 {
			normal++
		}
		for _, v := range units[:i] {
			pairs++
			if cosine(u, v) < 0.9 {
				apart++
			}
		}
	}
	t.Logf("%d of %d pairs apart", apart, pairs)
	if normal < 6 {
		t.Errorf("only %d of %d filters have norm 1", normal, len(units))
	}
	if 2*apart < pairs {
		t.Errorf("only %d of %d pairs of filters have a cosine below 0.9", apart, pairs)
	}
}

// Trials with convolutions repeat in a runner that has seen other networks,
// and can be sampled.
func TestConvolutionalTrials(t *testing.T) {
	task := glyphs(t)
	small, average := filters("tanh"), filters("tanh")
	average.Convolutions = slices.Clone(average.Convolutions)
	average.Convolutions[0].Pooling.Average = true
	life := func(cfg network.Config) trial.Trial {
		return trial.Trial{Task: task, Network: cfg, Learner: known("fa"), Batch: 8, Steps: 100, Key: key.Root(1), Split: tasks.Test}
	}
	r := trial.NewRunner()
	first, other, again := r.Run(ctx, life(small)), r.Run(ctx, life(average)), r.Run(ctx, life(small))
	if first.Status != trial.OK || first.Score.Loss != again.Score.Loss || first.Score.Loss == other.Score.Loss {
		t.Errorf("%s %v, then %v, maxima as before %v", first.Status, first.Score.Loss, other.Score.Loss, again.Score.Loss)
	}
	// 25 products for each of 8 filters at 100 positions, forward only, and 2000
	// of the connection to the output, forward and back.
	if want := 100.0 * (100*200 + 2*2000); first.Cost.MultiplyAdds != want {
		t.Errorf("%v multiply-adds, want %v", first.Cost.MultiplyAdds, want)
	}
	rows, err := r.Sample(ctx, life(small), 60)
	if err != nil || len(rows) != 60 {
		t.Fatalf("%d tuples: %v", len(rows), err)
	}
	for _, row := range rows {
		if math.IsNaN(row[rulespace.SigErr]) || math.IsNaN(row[rulespace.SigPre]) {
			t.Fatalf("a tuple lacks err or pre: %v", row)
		}
	}
}
