package tasks

import (
	"math"

	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace/key"
)

// pcaTask asks linear units to find principal components: inputs are zero-mean
// Gaussian with covariance s·Q·diag(λ)·Qᵀ.
//
//	Q    random rotation, drawn per life
//	λ    1, λ2, λ3, …: each 0.4 to 0.6 times the one before, drawn per life
//	s    0.5, 1 or 2, drawn per life
//
// Unit i scores cos²(w_i, PC_i) − (|w_i| − 1)², the measure under which Oja's
// rule is the best rule of its size; held-out variance instead of the angle
// would prefer rules that trade norm for variance. The scale s makes rules
// lose whose weights settle at a length that depends on the input, the drawn
// λ those that need a particular spectrum.
type pcaTask struct {
	info Info
}

func openPCA(v *values) (Task, error) {
	d, units := v.int("dims", 0), v.int("units", 0)
	if units > d {
		return nil, v.fail(v.spec, "units", "more units than dimensions have no components to find")
	}
	return &pcaTask{Info{
		Name: v.spec.String(), Kind: Unsupervised, In: d, Out: units,
		Metric: "cos²(w, PC) − (|w| − 1)²", Chance: 1 / float64(d), Ceiling: 1,
		Steps: v.int("steps", 0),
	}}, nil
}

func (t *pcaTask) Info() Info { return t.info }

func (t *pcaTask) Start(k key.Key) (Episode, error) {
	d := t.info.In
	s := k.Child("covariance", 0).Stream()
	e := &pcaEpisode{t.info, gaussian{axes: orthonormal(s, d, d), sd: make([]float64, d), z: make([]float64, d), acc: make([]float64, d),
		tape: newTape(k.Child("samples", 0), d)}}
	variance := [...]float64{0.5, 1, 2}[s.IntN(3)]
	for i := range e.sd {
		e.sd[i] = math.Sqrt(variance)
		variance *= s.Uniform(0.4, 0.6)
	}
	return e, nil
}

type pcaEpisode struct {
	info Info
	gaussian
}

// Score reads the weights off the outputs for the unit vectors, relative to
// those for the zero vector. It is exact, so that all splits are one.
func (e *pcaEpisode) Score(m Model, _ Split) Score {
	d := e.info.In
	x := vec.New(d+1, d)
	for j := range d {
		x.Row(j)[j] = 1
	}
	y := m.Outputs(x)
	w := make([]float64, d)
	var raw float64
	for i := range e.info.Out {
		for j := range w {
			w[j] = float64(y.Row(j)[i]) - float64(y.Row(d)[i])
		}
		raw += alignment(w, e.axes[i])
	}
	raw /= float64(e.info.Out)
	if !(raw >= -1) {
		raw = -1
	}
	return Score{Value: normalise(raw, e.info), Raw: raw, Accuracy: math.NaN(), Loss: math.NaN()}
}

// alignment is cos²(w, axis) − (|w| − 1)² for an axis of length 1.
func alignment(w, axis []float64) float64 {
	square := dot(w, w)
	excess := math.Sqrt(square) - 1
	if square == 0 {
		return -1
	}
	c := dot(w, axis)
	return float64(c*c)/square - float64(excess*excess)
}
