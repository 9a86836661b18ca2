package tasks

import (
	"math"

	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace/key"
)

// decorrelationTask asks linear units to share the variance of the principal
// subspace between them without being correlated. Inputs are zero-mean Gaussian
// with covariance Q·diag(λ)·Qᵀ:
//
//	Q   random rotation, drawn per life
//	λ   one for each unit: 1, then each 0.6 to 0.9 times the one before, drawn
//	    per life; those of all further directions are 0.1
//
// The score is
//
//	1 − mean_{i<k} corr²(y_i, y_k) − (V/V₀ − 1)²
//
// with the total variance V of the outputs and V₀ = Σ λ over as many directions
// as there are units. Oja's rule for each unit by itself leaves all of them
// with the first component, correlated to 1. With anti-Hebbian lateral weights
// M, y = (1 + M)⁻¹Wx, both are at rest where the outputs have covariance D,
// diagonal, and
//
//	1 + M = D^−½·O·Λ·Oᵀ·D^−½
//
// for the λ in Λ and any rotation O. The diagonal of M is 0, so that D is that
// of O·Λ·Oᵀ and V = V₀: the score is 1. The variance keeps rules from winning
// that silence the units or let them grow.
//
// P. Földiák, Proc. Int. Joint Conf. Neural Networks I:401 (1989).
type decorrelationTask struct {
	info Info
}

func openDecorrelation(v *values) (Task, error) {
	d, units := v.int("dims", 0), v.int("units", 0)
	if units > d {
		return nil, v.fail(v.spec, "units", "more units than dimensions cannot be uncorrelated")
	}
	return &decorrelationTask{Info{
		Name: v.spec.String(), Kind: Unsupervised, In: d, Out: units,
		Metric: "1 − correlation² − (variance − 1)²", Chance: 0, Ceiling: 1, Steps: v.int("steps", 0),
	}}, nil
}

func (t *decorrelationTask) Info() Info { return t.info }

func (t *decorrelationTask) Start(k key.Key) (Episode, error) {
	d := t.info.In
	s := k.Child("covariance", 0).Stream()
	e := &decorrelationEpisode{info: t.info, gaussian: gaussian{axes: orthonormal(s, d, d), sd: make([]float64, d),
		z: make([]float64, d), acc: make([]float64, d), tape: newTape(k.Child("samples", 0), d)}}
	variance := 1.0
	for i := range e.sd {
		if i >= t.info.Out {
			variance = 0.1
		}
		e.sd[i] = math.Sqrt(variance)
		if i < t.info.Out {
			e.variance += variance
		}
		variance *= s.Uniform(0.6, 0.9)
	}
	return e, nil
}

type decorrelationEpisode struct {
	info Info
	gaussian
	variance float64 // of the principal subspace
}

// Score reads the covariance of the outputs off those for the unit vectors,
// relative to those for the zero vector. It is exact, so that all splits are
// one. A unit without variance counts as correlated with all others.
func (e *decorrelationEpisode) Score(m Model, _ Split) Score {
	d, units := e.info.In, e.info.Out
	x := vec.New(d+1, d)
	for j := range d {
		x.Row(j)[j] = 1
	}
	y := m.Outputs(x)
	// Row i: unit i's response to each principal direction, one standard
	// deviation of it.
	b := make([][]float64, units)
	w := make([]float64, d)
	for i := range b {
		b[i] = make([]float64, d)
		for j := range w {
			w[j] = float64(y.Row(j)[i]) - float64(y.Row(d)[i])
		}
		for k := range b[i] {
			b[i][k] = e.sd[k] * dot(e.axes[k], w)
		}
	}
	var total, correlated, pairs float64
	for i := range b {
		own := dot(b[i], b[i])
		total += own
		for k := range i {
			pairs++
			if other := dot(b[k], b[k]); own*other > 0 {
				c := dot(b[i], b[k])
				correlated += float64(c*c) / (own * other)
			} else {
				correlated++
			}
		}
	}
	excess := total/e.variance - 1
	raw := 1 - correlated/max(pairs, 1) - float64(excess*excess)
	if !(raw >= -1) {
		raw = -1
	}
	return Score{Value: normalise(raw, e.info), Raw: raw, Accuracy: math.NaN(), Loss: math.NaN()}
}
