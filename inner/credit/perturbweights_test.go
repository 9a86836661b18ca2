package credit_test

import (
	"math"
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// The mean of (reward − reward_mean)·noise_w/σ over n draws has the cosine
// √(n/(n+P)) with the gradient, P being the number of weights and biases, for
// either baseline; a single draw scatters, so that is a mean over many.
func TestWeightPerturbationFollowsTheGradient(t *testing.T) {
	n := newNetwork(t, network.Config{Sizes: []int{5, 6, 3}, Bias: true}, 1)
	b := randomBatch(key.Root(22).Stream(), n.Config, 1)
	var r recorder
	newCircuit(t, credit.Config{Name: "bp"}, n, rulespace.SigErr).Learn(n, b, &r)
	var gradient []float64
	for l := range n.Conns {
		gradient = append(gradient, r.values[l][rulespace.SigErr][0]...)
		for _, x := range r.values[l][rulespace.SigPre][0] {
			for _, e := range r.values[l][rulespace.SigErr][0] {
				gradient = append(gradient, e*x)
			}
		}
	}
	weights := float64(len(gradient)) // 57
	for _, baseline := range []string{"clean", "antithetic"} {
		c := newCircuit(t, credit.Config{Name: "perturb-weights"}.With("baseline", baseline), n,
			rulespace.SigReward, rulespace.SigRewardMean, rulespace.SigNoiseW, rulespace.SigNoise)
		estimate, once := make([]float64, len(gradient)), make([]float64, len(gradient))
		single := 0.0
		for draw := 1; draw <= 4000; draw++ {
			k := 0
			c.Learn(n, b, plasticity(func(c *network.Connection, s *credit.Signals) {
				change := float64(s.Values[rulespace.SigReward].Row(0)[0]) - float64(s.Values[rulespace.SigRewardMean].Row(0)[0])
				note := func(xi float32) {
					once[k] = change * float64(xi) / 0.01
					estimate[k] += once[k]
					k++
				}
				for _, xi := range s.Values[rulespace.SigNoise].Row(0) {
					note(xi)
				}
				for j := range c.In {
					for _, xi := range s.Values[rulespace.SigNoiseW].Row(j) {
						note(xi)
					}
				}
			}))
			single += cosine(once, gradient) / 4000
			switch draw {
			case 100, 1000, 4000:
				want := math.Sqrt(float64(draw) / (float64(draw) + weights))
				cos := cosine(estimate, gradient)
				t.Logf("%s: %d draws: cosine %.3f, want %.3f", baseline, draw, cos, want)
				if math.Abs(cos-want) > 0.1 {
					t.Errorf("%s: %d draws: cosine %.3f, want %.3f", baseline, draw, cos, want)
				}
			}
		}
		// The mean of |ξ·g|/(|ξ||g|) in P dimensions is √(2/(πP)), 0.106.
		if want := math.Sqrt(2 / math.Pi / weights); math.Abs(single-want) > 0.02 {
			t.Errorf("%s: one draw has cosine %.3f on average, want %.3f", baseline, single, want)
		}
		if norm := math.Sqrt(cosineNorm(estimate)/cosineNorm(gradient)) / 4000; math.Abs(norm-1) > 0.05 {
			t.Errorf("%s: norm ratio %.3f, want 1", baseline, norm)
		}
	}
}

// The reward is that of a network whose weights have the noise in them.
func TestWeightNoise(t *testing.T) {
	n := newNetwork(t, network.Config{Sizes: []int{3, 4, 2}, Bias: true}, 2)
	c := newCircuit(t, credit.Config{Name: "perturb-weights", Options: map[string]string{"sigma": "0.3", "baseline": "antithetic"}}, n,
		rulespace.SigReward, rulespace.SigRewardMean, rulespace.SigNoiseW, rulespace.SigNoise)
	b := randomBatch(key.Root(23).Stream(), n.Config, 2)
	var r recorder
	c.Learn(n, b, &r)
	for q := range 2 {
		loss := map[float64]float64{}
		for _, sign := range []float64{1, -1} {
			m := reference(n)
			for l := range m.w {
				for i := range m.b[l] {
					m.b[l][i] += sign * 0.3 * r.values[l][rulespace.SigNoise][q][i]
				}
				for j := range m.w[l] {
					for i := range m.w[l][j] {
						m.w[l][j][i] += sign * 0.3 * r.values[l][rulespace.SigNoiseW][j][i]
					}
				}
			}
			loss[sign] = m.loss(float(b.X)[q], float(b.Y)[q])
		}
		near(t, "reward", r.values[0][rulespace.SigReward][0][q], -loss[1])
		near(t, "reward_mean", r.values[0][rulespace.SigRewardMean][0][q], -(loss[1]+loss[-1])/2)
	}
}
