package credit_test

import (
	"math"
	"strconv"
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// The mean of (reward − reward_mean)·noise·pre over draws of the noise,
// divided by σ, approaches the gradient as √(n/(n+P)) for P = 11 noisy units.
// A float64 program of our own measured cosines .255, .941, .997 for 1, 100
// and 2000 draws with one seed, and norm ratio 1; a single draw scatters
// widely, so its bound is only the sign of a correlation over many seeds.
func TestNodePerturbationFollowsTheGradient(t *testing.T) {
	cfg := network.Config{Sizes: []int{6, 8, 3}, Hidden: network.Activation{Name: "tanh"}}
	n := newNetwork(t, cfg, 1)
	b := randomBatch(key.Root(21).Stream(), n.Config, 1)
	var r recorder
	newCircuit(t, credit.Config{Name: "bp"}, n, rulespace.SigErr).Learn(n, b, &r)
	var gradient []float64
	for l := range n.Conns {
		for _, x := range r.values[l][rulespace.SigPre][0] {
			for _, e := range r.values[l][rulespace.SigErr][0] {
				gradient = append(gradient, e*x)
			}
		}
	}
	for _, sigma := range []float64{0.001, 0.01} {
		c := newCircuit(t, credit.Config{Name: "perturb"}.With("sigma", strconv.FormatFloat(sigma, 'g', -1, 64)), n, rulespace.SigReward, rulespace.SigRewardMean, rulespace.SigNoise)
		estimate := make([]float64, len(gradient))
		want := map[int]float64{100: 0.941, 2000: 0.997}
		single := 0.0
		for draw := 1; draw <= 2000; draw++ {
			k := 0
			once := make([]float64, len(gradient))
			c.Learn(n, b, plasticity(func(_ *network.Connection, s *credit.Signals) {
				change := float64(s.Values[rulespace.SigReward].Row(0)[0]) - float64(s.Values[rulespace.SigRewardMean].Row(0)[0])
				for _, x := range s.Values[rulespace.SigPre].Row(0) {
					for _, xi := range s.Values[rulespace.SigNoise].Row(0) {
						once[k] = change * float64(xi) * float64(x) / sigma
						estimate[k] += once[k]
						k++
					}
				}
			}))
			single += cosine(once, gradient)
			if w, ok := want[draw]; ok {
				cos := cosine(estimate, gradient)
				norm := math.Sqrt(cosineNorm(estimate)/cosineNorm(gradient)) / float64(draw)
				t.Logf("σ %v: %d draws: cosine %.3f, norm ratio %.3f", sigma, draw, cos, norm)
				if math.Abs(cos-w) > 0.05 {
					t.Errorf("σ %v: %d draws: cosine %.3f, want %.3f", sigma, draw, cos, w)
				}
				// The squared norm is inflated by the variance, 1 + P/n on average.
				if draw == 2000 && math.Abs(norm-1) > 0.08 {
					t.Errorf("σ %v: norm ratio %.3f, want 1", sigma, norm)
				}
			}
		}
		if single /= 2000; math.Abs(single-0.255) > 0.05 { // mean |ξ·g|/(|ξ||g|) with 11 units: 0.24
			t.Errorf("σ %v: one draw has cosine %.3f on average, want about 0.25", sigma, single)
		}
	}
}

func cosineNorm(u []float64) float64 {
	sum := 0.0
	for _, v := range u {
		sum += v * v
	}
	return sum
}

// The running baseline starts at the first reward and lags one batch behind.
func TestRunningBaseline(t *testing.T) {
	n := newNetwork(t, network.Config{Sizes: []int{3, 2}}, 2)
	c := newCircuit(t, credit.Config{Name: "perturb", Options: map[string]string{"baseline": "running", "reward_tau": "2", "sigma": "0.5", "noise": "output"}}, n,
		rulespace.SigReward, rulespace.SigRewardMean)
	s := key.Root(4).Stream()
	mean := 0.0
	for step := 1; step <= 6; step++ {
		var r recorder
		c.Learn(n, randomBatch(s, n.Config, 2), &r)
		reward, baseline := r.values[0][rulespace.SigReward][0], r.values[0][rulespace.SigRewardMean][0]
		batch := (reward[0] + reward[1]) / 2
		if step == 1 {
			mean = batch
		}
		near(t, "baseline", baseline[0], mean)
		near(t, "baseline", baseline[1], mean)
		mean += (batch - mean) / math.Min(float64(step), 2)
	}
}

// Noise at the output alone leaves the hidden layers undisturbed.
func TestOutputNoise(t *testing.T) {
	n := newNetwork(t, network.Config{Sizes: []int{3, 4, 2}}, 1)
	c := newCircuit(t, credit.Config{Name: "perturb", Options: map[string]string{"noise": "output", "sigma": "0.1"}}, n, rulespace.SigReward, rulespace.SigNoise)
	b := randomBatch(key.Root(4).Stream(), n.Config, 1)
	var r recorder
	c.Learn(n, b, &r)
	for _, xi := range r.values[0][rulespace.SigNoise][0] {
		if xi != 0 {
			t.Errorf("hidden noise %v", xi)
		}
	}
	loss := 0.0
	for i, y := range r.values[1][rulespace.SigPost][0] {
		d := y + float64(float32(0.1))*r.values[1][rulespace.SigNoise][0][i] - float64(b.Y.Row(0)[i])
		loss += d * d / 2
	}
	near(t, "reward", r.values[1][rulespace.SigReward][0][0], -loss)
}
