package trial_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/learner"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// canned repeats a few samples, so that a benchmark measures learning.
type canned struct {
	in, out int
	kind    tasks.Kind
	dense   float64 // fraction of inputs that are not zero
}

func (c canned) Info() tasks.Info {
	return tasks.Info{Name: "canned", Kind: c.kind, In: c.in, Out: c.out, Steps: 4000, Ceiling: 1}
}

func (c canned) Start(k key.Key) (tasks.Episode, error) {
	e := &cannedEpisode{canned: c, x: vec.New(64, c.in)}
	s := k.Stream()
	for i := range e.x.Rows {
		for j := range e.x.Row(i) {
			if s.Float64() < c.dense {
				e.x.Row(i)[j] = float32(s.Uniform(-1, 1))
			}
		}
	}
	return e, nil
}

type cannedEpisode struct {
	canned
	x *vec.Matrix
	i int
}

func (e *cannedEpisode) Next(b *tasks.Batch) {
	b.N = b.X.Rows
	for i := range b.N {
		e.i = (e.i + 1) % e.x.Rows
		copy(b.X.Row(i), e.x.Row(e.i))
		if b.Y != nil {
			clear(b.Y.Row(i))
			b.Y.Row(i)[e.i%e.out] = 1
		}
	}
}

func (e *cannedEpisode) Score(tasks.Model, tasks.Split) tasks.Score { return tasks.Score{} }

func measure(b *testing.B, x trial.Trial) {
	r := trial.NewRunner()
	out := r.Run(ctx, x)
	if out.Status != trial.OK {
		b.Fatalf("%s: %s", out.Status, out.Reason)
	}
	b.ReportAllocs()
	samples := 0
	for b.Loop() {
		samples += r.Run(ctx, x).Steps
	}
	b.ReportMetric(float64(samples)/b.Elapsed().Seconds(), "samples/s")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(samples), "ns/sample")
}

func of(b *testing.B, circuit, rule string) learner.Learner {
	return learner.Learner{Credit: credit.Config{Name: circuit}, Rule: inline(b, rule)}
}

// The trial that searches for Oja's rule run 10^5 times.
func BenchmarkTinyTrial(b *testing.B) {
	measure(b, trial.Trial{Task: canned{8, 1, tasks.Unsupervised, 1}, Network: linear(8, 1),
		Learner: of(b, "none", "lr*post*(pre - post*w)"), Steps: 4000, Key: key.Root(1)})
}

// What a trial costs before it learns.
func BenchmarkSetup(b *testing.B) {
	measure(b, trial.Trial{Task: canned{8, 1, tasks.Unsupervised, 1}, Network: linear(8, 1),
		Learner: of(b, "none", "lr*post*(pre - post*w)"), Steps: 1, Key: key.Root(1)})
}

var deep = network.Config{Sizes: []int{784, 170, 130, 100, 70, 10}, Hidden: network.Activation{Name: "softplus", Beta: 10}, Loss: network.CrossEntropy}

// Fashion-MNIST images are half zeros.
func BenchmarkDeepThreeTerms(b *testing.B) {
	measure(b, trial.Trial{Task: canned{784, 10, tasks.Classification, 0.5}, Network: deep,
		Learner: of(b, "fa", "lr*err*pre + 0.00001*err*err_pre + 0.00001*post*(pre - recon)"), Steps: 200, Key: key.Root(1)})
}

func BenchmarkDeepError(b *testing.B) {
	measure(b, trial.Trial{Task: canned{784, 10, tasks.Classification, 0.5}, Network: deep,
		Learner: of(b, "fa", "lr*err*pre"), Steps: 200, Key: key.Root(1)})
}

func BenchmarkBatchedBackprop(b *testing.B) {
	measure(b, trial.Trial{Task: canned{784, 10, tasks.Classification, 0.2},
		Network: network.Config{Sizes: []int{784, 128, 10}, Hidden: network.Activation{Name: "relu"}, Loss: network.CrossEntropy, Bias: true},
		Learner: of(b, "bp", "dw: lr*err*pre; db: lr*err"), Batch: 32, Steps: 1600, Key: key.Root(1)})
}

func BenchmarkPCATrial(b *testing.B) {
	spec, err := tasks.ParseSpec("pca:dims=8")
	if err != nil {
		b.Fatal(err)
	}
	task, err := tasks.Open(spec, tasks.Source{})
	if err != nil {
		b.Fatal(err)
	}
	measure(b, trial.Trial{Task: task, Network: linear(8, 1),
		Learner: of(b, "none", "lr*post*(pre - post*w)"), Steps: 4000, Key: key.Root(1)})
}

func perceptron(hidden string, sizes ...int) network.Config {
	return network.Config{Sizes: sizes, Hidden: network.Activation{Name: hidden}, Loss: network.CrossEntropy}
}

func BenchmarkDigitsAccumulated(b *testing.B) {
	measure(b, trial.Trial{Task: canned{784, 10, tasks.Classification, 0.2}, Network: perceptron("tanh", 784, 128, 10),
		Learner: of(b, "dfa", "lr*err*pre - 0.00001*tanh(pre*post)*abs(w)"), Steps: 400, Key: key.Root(1)})
}

// The networks of the performance table; metaplast bench races the same ones.
func BenchmarkTwoLayers(b *testing.B) {
	for _, size := range []struct{ in, hidden int }{{784, 128}, {40, 64}} {
		for _, how := range []struct {
			name, circuit, rule string
			batch               int
		}{
			{"rule", "dfa", "0.01*(err*pre - 0.1*post^2*w)", 1}, {"bp-1", "bp", "0.01*err*pre", 1}, {"bp-64", "bp", "0.01*err*pre", 64},
		} {
			b.Run(fmt.Sprintf("%d-%d-10-%s", size.in, size.hidden, how.name), func(b *testing.B) {
				l := of(b, how.circuit, how.rule)
				l.OutputRule = inline(b, "0.01*err*pre")
				measure(b, trial.Trial{Task: canned{size.in, 10, tasks.Classification, 1},
					Network: network.Config{Sizes: []int{size.in, size.hidden, 10}, Hidden: network.Activation{Name: "tanh"}, Loss: network.CrossEntropy},
					Learner: l, Batch: how.batch, Steps: 64 * 200, Key: key.Root(1)})
			})
		}
	}
}

// A rule that is not a sum of products.
func BenchmarkTinyAccumulated(b *testing.B) {
	measure(b, trial.Trial{Task: canned{8, 1, tasks.Unsupervised, 1}, Network: linear(8, 1),
		Learner: of(b, "none", "lr*0.1*(post*(pre - post*w) - w*abs(w)*post)"), Steps: 4000, Key: key.Root(1)})
}

// BenchmarkRunAll compares trials side by side with the same one after the
// other: the points of a line search, and those of several lives.
func BenchmarkRunAll(b *testing.B) {
	for _, c := range []struct {
		name                string
		reps, points, steps int
	}{{"5 of 400", 1, 5, 400}, {"24 of 4000", 8, 3, 4000}} {
		spec, err := tasks.ParseSpec("pca:dims=8")
		if err != nil {
			b.Fatal(err)
		}
		task, err := tasks.Open(spec, tasks.Source{})
		if err != nil {
			b.Fatal(err)
		}
		rule, err := rulespace.ParseRule("dw: lr*post*(pre - post*w)", rulespace.Param{Name: "lr", Value: 0.1})
		if err != nil {
			b.Fatal(err)
		}
		var all []trial.Trial
		for rep := range c.reps {
			for p := range c.points {
				r, err := rule.WithParam("lr", 0.001*float64(p+1))
				if err != nil {
					b.Fatal(err)
				}
				all = append(all, trial.Trial{
					Task: task, Network: network.Config{Sizes: []int{8, 1}, Output: network.Activation{Name: "linear"}}, Learner: learner.Learner{Credit: credit.Config{Name: "none"}, Rule: r},
					Batch: 1, Steps: c.steps, Split: tasks.Validation, Key: key.Root(7).Child("crowd", uint64(rep)),
				})
			}
		}
		runner := trial.NewRunner()
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				runner.RunAll(context.Background(), all)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(all)*c.steps), "ns/step")
		})
		b.Run(c.name+" alone", func(b *testing.B) {
			for b.Loop() {
				for _, t := range all {
					runner.Run(context.Background(), t)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(all)*c.steps), "ns/step")
		})
	}
}
