package tasks

import (
	"math"

	"github.com/metaplast/metaplast/internal/fmath"
	"github.com/metaplast/metaplast/rulespace/key"
)

// regressionTask has a linear teacher y = Σ_j v_j x_j + noise whose inputs are
// correlated: zero-mean Gaussian with covariance Q·diag(λ)·Qᵀ, λ from cond
// down to 1 in equal ratios, scaled to a mean variance of 1.
//
// Each principal direction carries an equal share of the target's variance
// (v_k ~ N(0,1)/√λ_k there). Correlating input and target, pre·target, finds
// Cov·v instead of v and so explains little at any learning rate; the delta
// rule finds v. Scores are measured on clean targets.
type regressionTask struct {
	info        Info
	cond, noise float64
}

const (
	regressionValidation = 500
	regressionTest       = 1000
)

func openRegression(v *values) (Task, error) {
	return &regressionTask{Info{
		Name: v.spec.String(), Kind: Regression, In: v.int("dims", 0), Out: v.int("outputs", 0),
		Metric: explained, Chance: 0, Ceiling: 1, Steps: v.int("steps", 0),
		ValidationSize: regressionValidation, TestSize: regressionTest,
	}, v.float("cond"), v.float("noise")}, nil
}

func (t *regressionTask) Info() Info { return t.info }

func (t *regressionTask) Start(k key.Key) (Episode, error) {
	d, s := t.info.In, k.Child("teacher", 0).Stream()
	e := &regressionEpisode{info: t.info, noise: t.noise, axes: orthonormal(s, d, d), key: k,
		sd: make([]float64, d), z: make([]float64, d), acc: make([]float64, d),
		tape: newTape(k.Child("samples", 0), d+t.info.Out)}
	var total float64
	for i := range e.sd {
		e.sd[i] = fmath.Exp(-fmath.Log(t.cond) * float64(i) / float64(max(d-1, 1)))
		total += e.sd[i]
	}
	for i, v := range e.sd {
		e.sd[i] = math.Sqrt(v * float64(d) / total)
	}
	e.teacher = make([][]float64, t.info.Out)
	for o := range e.teacher {
		e.teacher[o] = make([]float64, d)
		for k := range d {
			e.teacher[o][k] = s.Normal()
		}
		norm := math.Sqrt(dot(e.teacher[o], e.teacher[o]))
		for k := range d {
			e.teacher[o][k] /= norm
		}
	}
	return e, nil
}

type regressionEpisode struct {
	info    Info
	noise   float64
	axes    [][]float64
	sd      []float64
	teacher [][]float64 // acts on the whitened inputs: y_o = Σ_k teacher[o][k]·z_k, variance 1
	z, acc  []float64   // scratch
	key     key.Key
	tape    tape
	exams   exams
	chunk   chunk
}

func (e *regressionEpisode) Rewind() { e.tape.rewind() }

// sample draws one input and its clean targets.
func (e *regressionEpisode) sample(s *key.Stream, x, y []float32) {
	for k := range e.z {
		e.z[k] = s.Normal()
	}
	for o := range y {
		y[o] = float32(dot(e.teacher[o], e.z))
	}
	for k := range e.z {
		e.z[k] *= e.sd[k]
	}
	mix(x, e.z, e.axes, e.acc)
}

func (e *regressionEpisode) Next(b *Batch) {
	b.N = b.X.Rows
	for i := range b.N {
		sample, known := e.tape.next()
		x, y := sample[:e.info.In], sample[e.info.In:]
		if !known {
			e.sample(e.tape.stream, x, y)
			if e.noise > 0 {
				for o := range y {
					y[o] += float32(e.noise * e.tape.stream.Normal())
				}
			}
		}
		copy(b.X.Row(i), x)
		copy(b.Y.Row(i), y)
	}
}

// Score measures Validation and Train on one fresh sample, Test on another.
func (e *regressionEpisode) Score(m Model, s Split) Score {
	n := regressionValidation
	if s == Test {
		n = regressionTest
	}
	x, label, fresh := e.exams.of(s, n, e.info.In, e.info.Out)
	if fresh {
		draw(x, n, e.key.Child(label, 0).Stream(), e.sample)
	}
	return e.chunk.explained(m, e.info, n,
		func(i int, dst []float32) { copy(dst, x.x[i*e.info.In:]) },
		func(i int, dst []float32) { copy(dst, x.y[i*e.info.Out:]) })
}

// draw fills an exam with n samples of a generator.
func draw(e *exam, n int, s *key.Stream, sample func(s *key.Stream, x, y []float32)) {
	in, out := len(e.x)/n, len(e.y)/n
	for i := range n {
		sample(s, e.x[i*in:(i+1)*in], e.y[i*out:(i+1)*out])
	}
}
