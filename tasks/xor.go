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
	return &xorEpisode{task: t, key: k, tape: newTape(k.Child("samples", 0), t.info.In+1)}, nil
}

type xorEpisode struct {
	task  *xorTask
	key   key.Key
	tape  tape // inputs and class
	exams exams
	chunk chunk
}

func (e *xorEpisode) Rewind() { e.tape.rewind() }

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
		sample, known := e.tape.next()
		x, last := sample[:e.task.info.In], &sample[e.task.info.In]
		if !known {
			*last = float32(e.sample(e.tape.stream, x))
		}
		copy(b.X.Row(i), x)
		class := int(*last)
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
	n := e.task.info.In
	x, label, fresh := e.exams.of(split, xorScored, n, 1)
	if fresh {
		draw(x, xorScored, e.key.Child(label, 0).Stream(), func(s *key.Stream, x, y []float32) { y[0] = float32(e.sample(s, x)) })
	}
	return e.chunk.accuracy(m, e.task.info, xorScored,
		func(i int, dst []float32) { copy(dst, x.x[i*n:]) },
		func(i int) int { return int(x.y[i]) })
}
