package trial_test

import (
	"math"
	"testing"

	"github.com/metaplast/metaplast/inner/learner"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// rows is a stream of images whose rows are samples around random centres,
// and a network of filters that see one row each.
func rows(count, filters int) (stream, [][]float64, network.Config) {
	const height, width = 3, 20
	task, centres := clusters(width, count, 2, 0.1)
	one := task.next
	task.in = height * width
	task.next = func(s *key.Stream, x []float32) {
		for i := range height {
			one(s, x[i*width:(i+1)*width])
		}
	}
	return task, centres, network.Config{
		Sizes: []int{0, 0, 2}, Image: network.Image{Height: height, Width: width, Channels: 1},
		Convolutions: []network.Convolution{{Filters: filters, Kernel: network.Extent{Height: 1, Width: width},
			Pooling: network.Pooling{Size: network.Extent{Height: 3, Width: 1}}}},
		Init: "he", InitScale: 2,
	}
}

// centred takes the mean of the centres away, as the running mean does.
func centred(centres [][]float64) [][]float64 {
	out := make([][]float64, len(centres))
	for k, c := range centres {
		for j := range c {
			mean := 0.0
			for _, o := range centres {
				mean += o[j] / float64(len(centres))
			}
			out[k] = append(out[k], c[j]-mean)
		}
	}
	return out
}

// Hebbian filters find the centres of clusters of patches: as many filters as
// there are clusters do, each of them one, where thresholds equalise how often
// they win; without, some never win. Patches are centred here and not whitened, so that it is known
// where centres lie.
func TestFiltersFindClusterCentres(t *testing.T) {
	const count = 10
	task, centres, cfg := rows(count, count)
	l := withRate(t, "hebbian-cnn", 0.05)
	l.OutputRule = nil // there are no targets
	l.Credit = l.Credit.With("whiten", "no").With("centre", "yes").With("tau", "10000")
	unequal := l
	unequal.Credit = l.Credit.With("equalise", "0")
	for _, c := range []struct {
		learner     learner.Learner
		least, most int
	}{{l, count, count}, {unequal, 0, count - 3}} {
		n, _ := train(t, trial.Trial{Task: task, Network: cfg, Learner: c.learner, Batch: 4, Steps: 10000, Key: key.Root(1)})
		found := 0
		for _, centre := range centred(centres) {
			best := -1.0
			for i := range n.Conns[0].Out {
				best = math.Max(best, cosine(incoming(n.Conns[0], i), centre))
			}
			if best > 0.95 {
				found++
			}
		}
		t.Logf("equalise %s: %d of %d centres found", c.learner.Credit.Options["equalise"], found, count)
		if found < c.least || found > c.most {
			t.Errorf("%d of %d centres found", found, count)
		}
	}
}

// SoftHebb's filters come to norm 1 and part, as its units do (TestSoftHebb).
func TestSoftHebbFilters(t *testing.T) {
	task, _, cfg := rows(10, 6)
	l := withRate(t, "softhebb-cnn", 0.05)
	l.OutputRule = nil
	l.Credit = l.Credit.With("competition", "2").With("tau", "10000")
	n, _ := train(t, trial.Trial{Task: task, Network: cfg, Learner: l, Batch: 4, Steps: 20000, Key: key.Root(1)})
	apart, pairs := 0, 0
	for i := range 6 {
		w := incoming(n.Conns[0], i)
		if norm := math.Sqrt(inner(w, w)); math.Abs(norm-1) > 0.002 {
			t.Errorf("filter %d has norm %.4f, want 1", i, norm)
		}
		for k := range i {
			pairs++
			if cosine(w, incoming(n.Conns[0], k)) < 0.9 {
				apart++
			}
		}
	}
	if 2*apart < pairs {
		t.Errorf("only %d of %d pairs of filters differ", apart, pairs)
	}
}

// Filters that learn without labels are better than the random ones that they
// begin as, for an output that learns from labels at the same time: by 2.5 to
// 10 points with four seeds, of which this is that with the least.
func TestSoftHebbFiltersBeatRandomOnes(t *testing.T) {
	e, _ := learner.ByName("softhebb-cnn")
	cfg := filters("relu")
	cfg.Init, cfg.InitScale = e.Network.Init, e.Network.InitScale
	var accuracy []float64
	for _, frozen := range []bool{true, false} {
		l := e.Learner()
		l.FreezeHidden = frozen
		_, out := train(t, trial.Trial{Task: glyphs(t), Network: cfg, Learner: l, Batch: 10, Steps: 5 * 700, Key: key.Root(1), Split: tasks.Test})
		accuracy = append(accuracy, out.Score.Accuracy)
	}
	t.Logf("random filters %.3f, SoftHebb's %.3f", accuracy[0], accuracy[1])
	if accuracy[1] < accuracy[0]+0.01 {
		t.Errorf("random filters %.3f, SoftHebb's %.3f", accuracy[0], accuracy[1])
	}
}
