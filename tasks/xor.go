package tasks

import (
	"github.com/metaplast/metaplast/rulespace/key"
)

// xorTask is the parity of some inputs of ±1 with Gaussian noise added: the
// smallest task that a network without a hidden layer cannot learn.
type xorTask struct {
	info  Info
	noise float64
}

const xorScored = 1000

func openXOR(v *values) (Task, error) {
	return &xorTask{Info{
		Name: v.spec.String(), Kind: Classification, In: v.int("bits", 0), Out: 2,
		Metric: "accuracy", Chance: 0.5, Ceiling: 1, Steps: v.int("steps", 0),
		ValidationSize: xorScored, TestSize: xorScored,
	}, v.float("noise")}, nil
}

func (t *xorTask) Info() Info { return t.info }

func (t *xorTask) Start(k key.Key) (Episode, error) {
	return &xorEpisode{task: t, key: k, stream: k.Child("samples", 0).Stream()}, nil
}

type xorEpisode struct {
	task   *xorTask
	key    key.Key
	stream *key.Stream
	chunk  chunk
}

// sample draws one input and returns its class: 1 for an odd number of +1.
func (e *xorEpisode) sample(s *key.Stream, x []float32) int {
	bits := s.Uint64()
	class := 0
	for j := range x {
		bit := int(bits >> j & 1)
		class ^= bit
		x[j] = float32(float64(2*bit-1) + float64(e.task.noise*s.Normal()))
	}
	return class
}

func (e *xorEpisode) Next(b *Batch) {
	b.N = b.X.Rows
	for i := range b.N {
		class := e.sample(e.stream, b.X.Row(i))
		if b.Y != nil {
			y := b.Y.Row(i)
			clear(y)
			y[class] = 1
		}
		if b.Labels != nil {
			b.Labels[i] = class
		}
	}
}

// Score measures Validation and Train on one fresh sample, Test on another.
func (e *xorEpisode) Score(m Model, split Split) Score {
	label := "validation"
	if split == Test {
		label = "test"
	}
	s, n := e.key.Child(label, 0).Stream(), e.task.info.In
	x, labels := make([]float32, xorScored*n), make([]int, xorScored)
	for i := range labels {
		labels[i] = e.sample(s, x[i*n:(i+1)*n])
	}
	return e.chunk.accuracy(m, e.task.info, xorScored,
		func(i int, dst []float32) { copy(dst, x[i*n:]) },
		func(i int) int { return labels[i] })
}
