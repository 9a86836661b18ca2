package tasks

import (
	"math"

	"github.com/metaplast/metaplast/internal/fmath"
)

// explained is the metric of tasks with target values.
const explained = "1 − error/variance"

// normalise places a raw score between chance and ceiling. A Value below −1
// says no more than −1 does and would rule every mean.
func normalise(raw float64, info Info) float64 {
	v := (raw - info.Chance) / (info.Ceiling - info.Chance)
	if !(v >= -1) {
		return -1
	}
	return v
}

// accuracy scores a classifier by its largest output, the first of equals; a
// row that is not finite is wrong. The loss is cross entropy when every row of
// outputs is a probability distribution, half the squared error else.
func (c *chunk) accuracy(m Model, info Info, n int, fill func(i int, x []float32), label func(i int) int) Score {
	right := 0
	probabilities := true
	var entropy, squared float64
	c.present(m, info.In, n, fill, func(i int, out []float32) {
		want := label(i)
		best, sum, finite := 0, 0.0, true
		for j, v := range out {
			if v > out[best] {
				best = j
			}
			f := float64(v)
			if f-f != 0 {
				finite = false
			}
			if f < 0 {
				probabilities = false
			}
			sum += f
			if j == want {
				f--
			}
			squared += float64(0.5 * float64(f*f))
		}
		if finite && best == want {
			right++
		}
		if !(math.Abs(sum-1) < 1e-3) {
			probabilities = false
		}
		// The bound is the least normal float32: an output of 0 costs 87.3.
		entropy -= fmath.Log(math.Max(float64(out[want]), 0x1p-126))
	})
	s := Score{Raw: float64(right) / float64(n), Loss: squared / float64(n)}
	if probabilities {
		s.Loss = entropy / float64(n)
	}
	s.Accuracy = s.Raw
	s.Value = normalise(s.Raw, info)
	return s
}

// explained scores a model by the share of the targets' variance that its
// outputs explain: 1 − Σ|y−t|²/Σ|t−mean t|², not below −1.
func (c *chunk) explained(m Model, info Info, n int, fill func(i int, x []float32), target func(i int, t []float32)) Score {
	t := make([]float32, info.Out)
	mean := make([]float64, info.Out)
	for i := range n {
		target(i, t)
		for j, v := range t {
			mean[j] += float64(v)
		}
	}
	for j := range mean {
		mean[j] /= float64(n)
	}
	var wrong, variance float64
	c.present(m, info.In, n, fill, func(i int, out []float32) {
		target(i, t)
		for j, v := range t {
			e := float64(out[j]) - float64(v)
			wrong += float64(e * e)
			d := float64(v) - mean[j]
			variance += float64(d * d)
		}
	})
	raw := 1 - wrong/variance
	if !(raw >= -1) {
		raw = -1
	}
	return Score{Value: normalise(raw, info), Raw: raw, Accuracy: math.NaN(), Loss: 0.5 * wrong / float64(n)}
}
