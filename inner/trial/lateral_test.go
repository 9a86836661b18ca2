package trial_test

import (
	"math"
	"testing"

	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// responses trains a layer and returns what its units do on fresh samples,
// and the network.
func responses(t *testing.T, task stream, x trial.Trial) ([][]float64, *network.Network) {
	t.Helper()
	var out [][]float64
	task.score = func(m tasks.Model) tasks.Score {
		e, _ := task.Start(key.Root(99))
		b := &tasks.Batch{N: 1, X: vec.New(1, task.in)}
		for range 4000 {
			e.Next(b)
			out = append(out, floats(m.Outputs(b.X).Row(0)))
		}
		return tasks.Score{Value: 0.5}
	}
	x.Task = task
	n, _ := train(t, x)
	return out, n
}

// correlation of units i and k.
func correlation(y [][]float64, i, k int) float64 {
	var a, b []float64
	ma, mb := 0.0, 0.0
	for _, r := range y {
		ma, mb = ma+r[i]/float64(len(y)), mb+r[k]/float64(len(y))
	}
	for _, r := range y {
		a, b = append(a, r[i]-ma), append(b, r[k]-mb)
	}
	return cosine(a, b)
}

// Anti-Hebbian lateral weights leave linear units uncorrelated, 0.05 at most,
// that Oja's rule alone makes all the same. 4000 samples tell correlations to
// 0.016.
func TestLateralWeightsDecorrelate(t *testing.T) {
	task, _ := ellipsoid(6, 3)
	l := withRate(t, "anti-hebb", 0.001)
	y, _ := responses(t, task, trial.Trial{Network: linear(6, 3), Learner: l, Batch: 10, Steps: 200000, Key: key.Root(1)})
	oja, _ := responses(t, task, trial.Trial{Network: linear(6, 3), Learner: withRate(t, "oja", 0.001), Steps: 20000, Key: key.Root(1)})
	for i := range 3 {
		for k := range i {
			c := correlation(y, i, k)
			if math.Abs(c) > 0.05 {
				t.Errorf("units %d and %d: correlation %.3f, want 0", i, k, c)
			}
			if c := correlation(oja, i, k); math.Abs(c) < 0.9 {
				t.Errorf("units %d and %d: correlation %.3f without lateral weights, want ±1", i, k, c)
			}
		}
	}
}

// bars are images of 4×4 with each row and column lit with probability 1/8.
func bars() stream {
	return stream{in: 16, out: 8, next: func(s *key.Stream, x []float32) {
		clear(x)
		for bar := range 8 {
			if s.Float64() >= 0.125 {
				continue
			}
			for k := range 4 {
				if bar < 4 {
					x[4*bar+k] = 1
				} else {
					x[4*k+bar-4] = 1
				}
			}
		}
	}}
}

// Földiák's layer gives every unit the rate that is asked for and a bar of its
// own, and leaves units all but uncorrelated: 0.055 at most where the linear
// ones leave 0.05, since they only inhibit. The bound is twice that.
func TestSparseCode(t *testing.T) {
	task := bars()
	l := withRate(t, "foldiak", 0.02)
	y, n := responses(t, task, trial.Trial{Network: network.Config{Sizes: []int{16, 8}, Output: network.Activation{Name: "sigmoid"}, Bias: true},
		Learner: l, Batch: 4, Steps: 40000, Key: key.Root(1)})
	for i := range 8 {
		mean := 0.0
		for _, r := range y {
			mean += r[i] / float64(len(y))
		}
		if math.Abs(mean-0.125) > 0.03 {
			t.Errorf("unit %d is active at a rate of %.3f, want 0.125", i, mean)
		}
		for k := range i {
			if c := math.Abs(correlation(y, i, k)); c > 0.1 {
				t.Errorf("units %d and %d: correlation %.3f", i, k, c)
			}
		}
	}
	owners := map[int]bool{}
	for bar := range 8 {
		best, most := 0, 0.0
		for i := range 8 {
			sum := 0.0
			for k := range 4 {
				pixel := 4*bar + k
				if bar >= 4 {
					pixel = 4*k + bar - 4
				}
				sum += incoming(n.Conns[0], i)[pixel]
			}
			if sum > most {
				best, most = i, sum
			}
		}
		owners[best] = true
	}
	if len(owners) != 8 {
		t.Errorf("%d of 8 bars have a unit of their own", len(owners))
	}
}
