package learnertest

import (
	"math"

	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// Task is a small endless stream for tests: Gaussian inputs of unequal
// variance and, where there are targets, those of a random linear teacher,
// made one-hot for classification.
type Task struct {
	Kind    tasks.Kind
	In, Out int
}

// Info implements tasks.Task.
func (t Task) Info() tasks.Info {
	return tasks.Info{Name: "test-stream", Kind: t.Kind, In: t.In, Out: t.Out, Metric: "loss", Ceiling: 1, Steps: 400}
}

// Start implements tasks.Task.
func (t Task) Start(k key.Key) (tasks.Episode, error) {
	e := &episode{Task: t, stream: k.Child("stream", 0).Stream(), test: k.Child("test", 0), teacher: vec.New(t.In, t.Out)}
	s := k.Child("teacher", 0).Stream()
	for i := range t.In {
		for j := range e.teacher.Row(i) {
			e.teacher.Row(i)[j] = float32(0.5 * s.Normal())
		}
	}
	return e, nil
}

type episode struct {
	Task
	stream  *key.Stream
	test    key.Key
	teacher *vec.Matrix
}

func (e *episode) Next(b *tasks.Batch) {
	b.N = b.X.Rows
	e.fill(b, e.stream)
}

func (e *episode) fill(b *tasks.Batch, s *key.Stream) {
	for i := range b.N {
		x := b.X.Row(i)
		for j := range x {
			x[j] = float32(s.Normal() / float64(1+j))
		}
		if e.Kind == tasks.Unsupervised {
			continue
		}
		y := b.Y.Row(i)
		best := 0
		for c := range y {
			y[c] = 0
			for j := range x {
				y[c] += float32(x[j] * e.teacher.Row(j)[c])
			}
			if y[c] > y[best] {
				best = c
			}
		}
		if e.Kind == tasks.Classification {
			clear(y)
			y[best] = 1
			b.Labels[i] = best
		}
	}
}

// Score is 1 at no loss: the mean squared error on fresh samples, or the mean
// squared output where there are no targets.
func (e *episode) Score(m tasks.Model, split tasks.Split) tasks.Score {
	b := tasks.NewBatch(e.Info(), 50)
	b.N = 50
	e.fill(b, e.test.Child(split.String(), 0).Stream())
	out := m.Outputs(b.X)
	sum := 0.0
	for i := range out.Rows {
		for j, v := range out.Row(i) {
			d := float64(v)
			if b.Y != nil {
				d -= float64(b.Y.Row(i)[j])
			}
			sum += d * d
		}
	}
	loss := sum / float64(2*out.Rows)
	return tasks.Score{Value: 1 - loss, Raw: loss, Accuracy: math.NaN(), Loss: loss}
}
