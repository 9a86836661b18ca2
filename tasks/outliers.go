package tasks

import (
	"math"

	"github.com/metaplast/metaplast/rulespace/key"
)

// outliersTask has two classes, t = −1 and 1, on the two sides of a plane, and
// outliers of class 1 that lie far off on the right side. With axes drawn per
// life, the coordinates of a sample are
//
//	z_1 = t·(margin + |g|) − offset, + distance for a share of class 1
//	z_2 = 1, with which a unit without a bias can shift its plane
//	z_k = g otherwise, g standard normal
//
// The score is accuracy, the mean of both classes, by the sign of the output.
//
// The perceptron rule makes finitely many mistakes, since there is a margin.
// Least squares, which regression on the potential finds, puts the outliers
// before the small errors at the plane: its own plane moves towards them.
// Correlating input and target puts the plane through 0. It is for the offset
// that regression does not pass the right plane on its way from the one to the
// other, where a well-chosen rate would stop it.
type outliersTask struct {
	info                            Info
	margin, offset, share, distance float64
}

const outliersScored = 1000

func openOutliers(v *values) (Task, error) {
	return &outliersTask{Info{
		Name: v.spec.String(), Kind: Regression, In: v.int("dims", 0), Out: 1,
		Metric: "accuracy, mean of both classes", Chance: 0.5, Ceiling: 1, Steps: v.int("steps", 0),
		ValidationSize: outliersScored, TestSize: outliersScored,
	}, v.float("margin"), v.float("offset"), v.float("share"), v.float("distance")}, nil
}

func (t *outliersTask) Info() Info { return t.info }

func (t *outliersTask) Start(k key.Key) (Episode, error) {
	d := t.info.In
	return &outliersEpisode{task: t, key: k, axes: orthonormal(k.Child("axes", 0).Stream(), d, d),
		z: make([]float64, d), acc: make([]float64, d), tape: newTape(k.Child("samples", 0), d+1)}, nil
}

type outliersEpisode struct {
	task   *outliersTask
	axes   [][]float64
	z, acc []float64 // scratch
	key    key.Key
	tape   tape
	exams  exams
	chunk  chunk
}

func (e *outliersEpisode) Rewind() { e.tape.rewind() }

// sample draws one input and its class.
func (e *outliersEpisode) sample(s *key.Stream, x, y []float32) {
	class := float64(2*s.IntN(2) - 1)
	far := class > 0 && s.Float64() < e.task.share
	for k := range e.z {
		e.z[k] = s.Normal()
	}
	e.z[0] = float64(class*(e.task.margin+math.Abs(e.z[0]))) - e.task.offset
	if far {
		e.z[0] += e.task.distance
	}
	e.z[1] = 1
	mix(x, e.z, e.axes, e.acc)
	y[0] = float32(class)
}

func (e *outliersEpisode) Next(b *Batch) {
	b.N = b.X.Rows
	n := e.task.info.In
	for i := range b.N {
		sample, known := e.tape.next()
		if !known {
			e.sample(e.tape.stream, sample[:n], sample[n:])
		}
		copy(b.X.Row(i), sample[:n])
		copy(b.Y.Row(i), sample[n:])
	}
}

// Score measures Validation and Train on one fresh sample, Test on another.
func (e *outliersEpisode) Score(m Model, s Split) Score {
	n := e.task.info.In
	x, label, fresh := e.exams.of(s, outliersScored, n, 1)
	if fresh {
		draw(x, outliersScored, e.key.Child(label, 0).Stream(), e.sample)
	}
	var right, seen [2]float64
	var squared float64
	e.chunk.present(m, n, outliersScored, func(i int, dst []float32) { copy(dst, x.x[i*n:]) }, func(i int, out []float32) {
		want, got := float64(x.y[i]), float64(out[0])
		class := int(want+1) / 2
		seen[class]++
		if got*want > 0 && got-got == 0 {
			right[class]++
		}
		squared += float64((got - want) * (got - want))
	})
	raw := float64((right[0]/seen[0] + right[1]/seen[1]) / 2)
	return Score{Value: normalise(raw, e.task.info), Raw: raw, Accuracy: math.NaN(), Loss: 0.5 * squared / outliersScored}
}
