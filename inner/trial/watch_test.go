package trial_test

import (
	"context"
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/learner"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// watching counts samples and is shown what the model makes of them.
type watching struct{ seen *[]float32 }

func (w watching) Info() tasks.Info {
	return tasks.Info{Name: "watching", In: 1, Out: 1, Steps: 5, Ceiling: 1}
}

func (w watching) Start(key.Key) (tasks.Episode, error) { return w, nil }

func (w watching) Next(b *tasks.Batch) {
	b.N = b.X.Rows
	for i := range b.N {
		b.X.Row(i)[0] = 1
	}
}

func (w watching) Watch(b *tasks.Batch, m tasks.Model) {
	x := b.X.Head(b.N)
	*w.seen = append(*w.seen, m.Outputs(&x).Data[0])
}

func (w watching) Score(tasks.Model, tasks.Split) tasks.Score { return tasks.Score{Value: 0.5} }

// The rule Δw = 1 counts the updates in the weight, which is the output here.
// An episode that watches sees it before each update, and once in each batch.
func TestEpisodesWatchBeforeEachUpdate(t *testing.T) {
	for _, c := range []struct {
		batch int
		want  []float32
	}{{1, []float32{0, 1, 2, 3, 4}}, {2, []float32{0, 1, 2}}} {
		rule, err := rulespace.ParseRule("dw: pre")
		if err != nil {
			t.Fatal(err)
		}
		var seen []float32
		out := trial.NewRunner().Run(context.Background(), trial.Trial{
			Task: watching{&seen}, Network: network.Config{Sizes: []int{1, 1}, Output: network.Activation{Name: "linear"}, Init: "zero"},
			Learner: learner.Learner{Credit: credit.Config{Name: "none"}, Rule: rule}, Batch: c.batch, Key: key.Root(1),
		})
		if out.Status != trial.OK {
			t.Fatal(out.Reason)
		}
		if len(seen) != len(c.want) {
			t.Fatalf("in batches of %d it watched %v, want %v", c.batch, seen, c.want)
		}
		for i, v := range c.want {
			if seen[i] != v {
				t.Errorf("in batches of %d it watched %v, want %v", c.batch, seen, c.want)
				break
			}
		}
	}
}
