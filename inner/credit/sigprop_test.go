package credit_test

import (
	"math"
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// err·pre, summed over the presentations of samples and of targets, is minus
// the slope of the summed cross-entropy between the softmax of similarities and
// the classes, by central differences in float64 of the layer alone, whose
// inputs are what was presented.
func TestSignalPropagationIsTheGradientOfSimilarity(t *testing.T) {
	cfg := network.Config{Sizes: []int{6, 5, 4, 3}, Hidden: network.Activation{Name: "tanh"}, Bias: true, Loss: network.CrossEntropy}
	const rows, gain = 5, 0.8
	n := newNetwork(t, cfg, rows)
	b := randomBatch(key.Root(7).Stream(), n.Config, rows)
	c := newCircuit(t, credit.Config{Name: "sigprop"}.With("gain", "0.8"), n, rulespace.SigErr)
	m := reference(n)
	var streams []recorder // samples, targets
	c.Learn(n, b, plasticity(func(c *network.Connection, s *credit.Signals) {
		if c.Index == 0 {
			streams = append(streams, recorder{})
		}
		streams[len(streams)-1].Present(c, s)
	}))
	if len(streams) != 2 {
		t.Fatalf("%d presentations, want 2", len(streams))
	}
	class := func(q int) int {
		for k, y := range b.Y.Row(q) {
			if y == 1 {
				return k
			}
		}
		return -1
	}
	for l := range 2 {
		h, u := streams[0].values[l], streams[1].values[l]
		layer := func(x []float64) []float64 {
			z := append([]float64(nil), m.b[l]...)
			for j := range x {
				for i := range z {
					z[i] += m.w[l][j][i] * x[j]
				}
			}
			return value(m.activation(l), z)
		}
		loss := func() float64 {
			sum := 0.0
			for q := range rows {
				y := layer(h[rulespace.SigPre][q])
				norm, members, own := 0.0, 0.0, 0.0
				for k := range rows {
					s := 0.0
					for i, v := range layer(u[rulespace.SigPre][k]) {
						s += gain * y[i] * v
					}
					norm += math.Exp(s)
					if class(k) == class(q) {
						members++
						own += s
					}
				}
				sum += math.Log(norm) - own/members
			}
			return sum
		}
		for j := range m.w[l] {
			for i := range m.w[l][j] {
				got := 0.0
				for q := range rows {
					got += h[rulespace.SigErr][q][i]*h[rulespace.SigPre][q][j] + u[rulespace.SigErr][q][i]*u[rulespace.SigPre][q][j]
				}
				w := &m.w[l][j][i]
				old := *w
				const d = 1e-5
				*w = old + d
				up := loss()
				*w = old - d
				down := loss()
				*w = old
				near(t, "layer loss", got, (down-up)/(2*d))
			}
		}
	}
	// Targets of one class are one.
	for q := range rows {
		for k := range rows {
			if class(q) == class(k) && q != k && !same(streams[1].values[0][rulespace.SigPre][q], streams[1].values[0][rulespace.SigPre][k]) {
				t.Errorf("samples %d and %d have different targets", q, k)
			}
		}
	}
	for _, e := range streams[1].values[2][rulespace.SigErr] {
		for _, v := range e {
			if v != 0 {
				t.Errorf("output credit %v for targets", v)
			}
		}
	}
}

// The similarity of the last hidden layer tells classes apart after 200
// updates by its own learning alone, far above chance.
func TestSignalPropagationClassifiesBySimilarity(t *testing.T) {
	cfg := network.Config{Sizes: []int{12, 30, 20, 4}, Hidden: network.Activation{Name: "tanh"}, Bias: true, Loss: network.CrossEntropy}
	const rows = 20
	n := newNetwork(t, cfg, rows)
	c := newCircuit(t, credit.Config{Name: "sigprop"}.With("predict", "similarity"), n, rulespace.SigErr)
	s := key.Root(18).Stream()
	sample := func() *tasks.Batch {
		b := &tasks.Batch{N: rows, X: vec.New(rows, 12), Y: vec.New(rows, 4)}
		for q := range rows {
			k := s.IntN(4)
			b.Y.Row(q)[k] = 1
			centre := key.Root(19).Child("centre", uint64(k)).Stream()
			for j := range b.X.Row(q) {
				b.X.Row(q)[j] = float32(centre.Normal() + 0.7*s.Normal())
			}
		}
		return b
	}
	accuracy := func() float64 {
		right := 0
		for range 10 {
			b := sample()
			out := c.(credit.Predictor).Outputs(b.X)
			for q := range rows {
				best := 0
				for k, v := range out.Row(q) {
					if v > out.Row(q)[best] {
						best = k
					}
				}
				right += int(b.Y.Row(q)[best])
			}
		}
		return float64(right) / (10 * rows)
	}
	before := accuracy()
	for range 200 {
		c.Learn(n, sample(), descend(0.02))
	}
	after := accuracy()
	t.Logf("accuracy %.3f → %.3f, chance 0.25", before, after)
	if after < 0.8 {
		t.Errorf("accuracy %.3f → %.3f", before, after)
	}
}
