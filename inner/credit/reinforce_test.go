package credit_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// states lists all states of n binary units.
func states(n int) [][]float64 {
	out := make([][]float64, 1<<n)
	for k := range out {
		for i := range n {
			out[k] = append(out[k], float64(k>>i&1))
		}
	}
	return out
}

// expectedReward sums over all states of hidden and output units; visit sees
// each with its probability and reward.
func expectedReward(m *mlp, x, y []float64, visit func(hidden, output []float64, p, reward float64)) float64 {
	first, second := &mlp{cfg: m.cfg, w: m.w[:1], b: m.b[:1]}, &mlp{cfg: m.cfg, w: m.w[1:], b: m.b[1:]}
	first.cfg.Output = m.cfg.Hidden
	_, below := first.forward(x)
	outputs := states(len(y))
	softmax := m.cfg.Output.Name == "softmax"
	total := 0.0
	for _, h := range states(len(below[1])) {
		ph := 1.0
		for i, s := range h {
			ph *= s*below[1][i] + (1-s)*(1-below[1][i])
		}
		_, above := second.forward(h)
		for _, o := range outputs {
			p, r, ones := ph, 0.0, 0.0
			for k, s := range o {
				ones += s
				switch {
				case !softmax:
					p *= s*above[1][k] + (1-s)*(1-above[1][k])
					r -= (s - y[k]) * (s - y[k]) / 2
				case s == 1:
					p *= above[1][k]
					r += y[k]
				}
			}
			if softmax && ones != 1 {
				continue
			}
			total += p * r
			if visit != nil {
				visit(h, o, p, r)
			}
		}
	}
	return total
}

// Every state of four hidden and three output units is drawn as often as its
// probability says, and what is presented in each, weighted by that
// probability, sums to the exact gradient of the expected reward: by
// enumeration of all states in float64, differentiated numerically. float32
// signals of order 1 leave 1e-6 of the 1e-10 that float64 would reach.
func TestReinforceIsTheGradient(t *testing.T) {
	for _, output := range []string{"softmax", "sigmoid"} {
		cfg := network.Config{Sizes: []int{3, 4, 3}, Bias: true, Hidden: network.Activation{Name: "sigmoid"},
			Output: network.Activation{Name: output}, Loss: network.CrossEntropy}
		n := newNetwork(t, cfg, 1)
		b := randomBatch(key.Root(24).Stream(), n.Config, 1)
		c := newCircuit(t, credit.Config{Name: "reinforce"}.With("baseline", "none"), n,
			rulespace.SigReward, rulespace.SigRewardMean, rulespace.SigPred, rulespace.SigPost, rulespace.SigPre)
		const draws = 60000
		seen := map[string]recorder{}
		count := map[string]int{}
		for range draws {
			var r recorder
			c.Learn(n, b, &r)
			state := fmt.Sprint(r.values[0][rulespace.SigPost][0], r.values[1][rulespace.SigPost][0])
			seen[state] = r
			count[state]++
		}
		m := reference(n)
		x, y := float(b.X)[0], float(b.Y)[0]
		var dw [2][][]float64
		var db [2][]float64
		for l := range dw {
			dw[l], db[l] = clone(m.w[l]), make([]float64, len(m.b[l]))
			for j := range dw[l] {
				clear(dw[l][j])
			}
		}
		expectedReward(m, x, y, func(hidden, out []float64, p, reward float64) {
			state := fmt.Sprint(hidden, out)
			if d := float64(count[state]) - draws*p; math.Abs(d) > 5*math.Sqrt(draws*p)+1 {
				t.Errorf("%s: state %s is drawn %d times, want %.0f", output, state, count[state], draws*p)
			}
			r, ok := seen[state]
			if !ok {
				t.Fatalf("%s: state %s of probability %v was never drawn", output, state, p)
			}
			near(t, "reward", r.values[0][rulespace.SigReward][0][0], reward)
			if r.values[1][rulespace.SigRewardMean][0][0] != 0 {
				t.Error("there is a baseline")
			}
			for l := range dw {
				v := r.values[l]
				for i, s := range v[rulespace.SigPost][0] {
					g := p * v[rulespace.SigReward][0][0] * (s - v[rulespace.SigPred][0][i])
					db[l][i] += g
					for j, x := range v[rulespace.SigPre][0] {
						dw[l][j][i] += g * x
					}
				}
			}
		})
		slope := func(v *float64) float64 {
			const h = 1e-5
			old := *v
			*v = old + h
			up := expectedReward(m, x, y, nil)
			*v = old - h
			down := expectedReward(m, x, y, nil)
			*v = old
			return (up - down) / (2 * h)
		}
		for l := range dw {
			for i := range db[l] {
				near(t, output+" db", db[l][i], slope(&m.b[l][i]))
				for j := range dw[l] {
					near(t, output+" dw", dw[l][j][i], slope(&m.w[l][j][i]))
				}
			}
		}
	}
}

// The baseline is the mean reward of the batches before.
func TestReinforceBaseline(t *testing.T) {
	n := newNetwork(t, network.Config{Sizes: []int{3, 2}, Loss: network.CrossEntropy}, 4)
	c := newCircuit(t, credit.Config{Name: "reinforce"}, n, rulespace.SigReward, rulespace.SigRewardMean)
	s := key.Root(25).Stream()
	sum := 0.0
	for step := range 5 {
		var r recorder
		c.Learn(n, randomBatch(s, n.Config, 4), &r)
		batch := 0.0
		for _, v := range r.values[0][rulespace.SigReward][0] {
			batch += v / 4
		}
		want := batch
		if step > 0 {
			want = sum / float64(step)
		}
		near(t, "reward_mean", r.values[0][rulespace.SigRewardMean][0][3], want)
		sum += batch
	}
}
