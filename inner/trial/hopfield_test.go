package trial_test

import (
	"math"
	"testing"

	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// memory shows random patterns of ±1 once each, the first of their units as
// input and the others as target, and keeps the model that is scored.
type memory struct {
	in, out, patterns int
	model             *tasks.Model
}

func (m memory) Info() tasks.Info {
	return tasks.Info{Name: "memory", Kind: tasks.Regression, In: m.in, Out: m.out, Steps: m.patterns, Ceiling: 1}
}

func (m memory) Start(k key.Key) (tasks.Episode, error) { return &patterns{memory: m, k: k}, nil }

type patterns struct {
	memory
	k    key.Key
	next int
}

func (p *patterns) pattern(i int) []float32 {
	s := p.k.Child("pattern", uint64(i)).Stream()
	x := make([]float32, p.in+p.out)
	for j := range x {
		x[j] = float32(2*s.IntN(2) - 1)
	}
	return x
}

func (p *patterns) Next(b *tasks.Batch) {
	b.N = b.X.Rows
	for i := range b.N {
		x := p.pattern(p.next)
		copy(b.X.Row(i), x)
		copy(b.Y.Row(i), x[p.in:])
		p.next++
	}
}

func (p *patterns) Score(m tasks.Model, _ tasks.Split) tasks.Score {
	*p.model = m
	return tasks.Score{}
}

// A Hopfield network stores w = (1/n)·Σ ξξᵀ without its diagonal. Patterns with
// a tenth of their units flipped are recalled, more than 95 % of the units, at a
// load of 0.05 patterns per unit; not at 0.2 and 0.3, beyond the capacity of
// 0.14 (J. Hopfield, PNAS 79:2554, 1982). Below it the target part is predicted
// from the input part too.
func TestHopfieldRecall(t *testing.T) {
	const in, out = 150, 50
	const n = in + out
	for _, c := range []struct {
		load  float64
		right bool
	}{{0.05, true}, {0.2, false}, {0.3, false}} {
		var model tasks.Model
		task := memory{in, out, int(c.load * n), &model}
		l := withRate(t, "hopfield", 1.0/n)
		x := trial.Trial{Task: task, Network: network.Config{Sizes: []int{in, out}, Init: "zero"}, Learner: l, Key: key.Root(3)}
		net, _ := train(t, x)
		episode, _ := task.Start(x.Key.Child("data", 0))
		p := episode.(*patterns)
		cues, heard := vec.New(task.patterns, n), vec.New(task.patterns, in)
		noise := key.Root(4).Stream()
		order := make([]int, n)
		for i := range task.patterns {
			copy(cues.Row(i), p.pattern(i))
			noise.Perm(order)
			for _, j := range order[:n/10] {
				cues.Row(i)[j] *= -1
			}
			copy(heard.Row(i), cues.Row(i))
		}
		share := func(of *vec.Matrix, from int) float64 {
			kept := 0
			for i := range task.patterns {
				for j, v := range of.Row(i) {
					if v*p.pattern(i)[from+j] > 0 {
						kept++
					}
				}
			}
			return float64(kept) / float64(task.patterns*of.Cols)
		}
		memory, ok := model.(interface {
			Recall(cues *vec.Matrix) *vec.Matrix
		})
		if !ok {
			t.Fatalf("%T does not recall", model)
		}
		whole, answers := share(memory.Recall(cues), 0), share(model.Outputs(heard), in)
		t.Logf("load %v: %.3f of the units recalled, %.3f of the answers right", c.load, whole, answers)
		if (whole > 0.95) != c.right || c.right && answers <= 0.95 {
			t.Errorf("load %v: %.3f of the units recalled, %.3f of the answers right", c.load, whole, answers)
		}
		// What is recalled stays under the sums of products, taken directly.
		if settled := memory.Recall(cues); c.right {
			for q := range task.patterns {
				s := settled.Row(q)
				for i := range s {
					sum := 0.0
					for k := range task.patterns {
						x := p.pattern(k)
						for j := range s {
							if j != i {
								sum += float64(x[i] * x[j] * s[j])
							}
						}
					}
					if sum*float64(s[i]) < 0 {
						t.Fatalf("load %v: unit %d of pattern %d is %v against a sum of %v", c.load, i, q, s[i], sum)
					}
				}
			}
		}
		// The weights are the sum of products.
		want := 0.0
		for i := range task.patterns {
			want += float64(p.pattern(i)[3]*p.pattern(i)[in+7]) / n
		}
		if got := float64(net.Conns[0].W.Row(3)[7]); math.Abs(got-want) > 1e-6 {
			t.Errorf("load %v: weight %v, want %v", c.load, got, want)
		}
	}
}
