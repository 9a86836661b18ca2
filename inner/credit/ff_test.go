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

// mod·phase·post·pre·2/n is minus the slope of softplus(p·(θ − g)) of the layer
// in each weight, by central differences in float64 of the layer alone, whose
// input is what was presented. The input is the sample with the label written
// over its first values, at length 1.
func TestForwardForwardIsTheGradientOfGoodness(t *testing.T) {
	cfg := network.Config{Sizes: []int{8, 6, 5, 3}, Hidden: network.Activation{Name: "relu"}, Init: "he", InitScale: 2, Bias: true, Loss: network.CrossEntropy}
	n := newNetwork(t, cfg, 2)
	b := randomBatch(key.Root(7).Stream(), n.Config, 2)
	const theta = 0.7
	c := newCircuit(t, credit.Config{Name: "ff", Options: map[string]string{"theta": "0.7", "label_scale": "0.5"}}, n, rulespace.SigPhase, rulespace.SigMod)
	m := reference(n)
	phases := 0
	c.Learn(n, b, plasticity(func(c *network.Connection, s *credit.Signals) {
		v := &s.Values
		if c.Output {
			return
		}
		for q := range s.Batch {
			sign := float64(v[rulespace.SigPhase].Row(0)[q])
			mod := float64(v[rulespace.SigMod].Row(0)[q])
			x := float(v[rulespace.SigPre])[q]
			if c.Index == 0 {
				phases++
				checkLabel(t, x, b, q, sign)
			}
			loss := func() float64 {
				g := 0.0
				for i, z := range m.b[c.Index] {
					for j := range x {
						z += m.w[c.Index][j][i] * x[j]
					}
					g += math.Max(z, 0) * math.Max(z, 0) / float64(c.Out)
				}
				return math.Log1p(math.Exp(sign * (theta - g)))
			}
			for j := range x {
				for i, y := range v[rulespace.SigPost].Row(q) {
					w := &m.w[c.Index][j][i]
					old := *w
					const h = 1e-5
					*w = old + h
					up := loss()
					*w = old - h
					down := loss()
					*w = old
					near(t, "local form", mod*sign*float64(y)*x[j]*2/float64(c.Out), (down-up)/(2*h))
				}
			}
		}
	}))
	if phases != 4 {
		t.Errorf("%d samples in both phases, want 4", phases)
	}
}

// checkLabel checks an input with its label.
func checkLabel(t *testing.T, x []float64, b *tasks.Batch, q int, sign float64) {
	t.Helper()
	raw := float(b.X)[q]
	norm, top, label := 0.0, 0.0, -1
	for j, v := range raw[3:] {
		norm += v * v
		top = math.Max(top, math.Abs(raw[3+j]))
	}
	value := top / 2
	norm = math.Sqrt(norm+value*value) + 1e-4
	for k := range 3 {
		if x[k] != 0 {
			near(t, "label", x[k], value/norm)
			if label >= 0 {
				t.Error("two labels")
			}
			label = k
		}
	}
	for j := 3; j < len(raw); j++ {
		near(t, "input", x[j], raw[j]/norm)
	}
	if label < 0 || (b.Y.Row(q)[label] == 1) != (sign > 0) {
		t.Errorf("label %d of target %v in phase %v", label, b.Y.Row(q), sign)
	}
}

// After learning, right labels have more goodness than wrong ones in every
// layer, on samples not seen, and the label with the most is mostly right.
func TestForwardForwardSeparatesLabels(t *testing.T) {
	cfg := network.Config{Sizes: []int{16, 40, 40, 4}, Hidden: network.Activation{Name: "relu"}, Init: "he", Bias: true, Loss: network.CrossEntropy}
	const rows = 20
	n := newNetwork(t, cfg, rows)
	c := newCircuit(t, credit.Config{Name: "ff"}, n, rulespace.SigPhase, rulespace.SigMod)
	s := key.Root(17).Stream()
	centres := vec.New(4, 12)
	for k := range 4 {
		for j := range centres.Row(k) {
			centres.Row(k)[j] = float32(s.Float64())
		}
	}
	sample := func() *tasks.Batch {
		b := &tasks.Batch{N: rows, X: vec.New(rows, 16), Y: vec.New(rows, 4)}
		for q := range rows {
			k := s.IntN(4)
			b.Y.Row(q)[k] = 1
			for j, v := range centres.Row(k) {
				b.X.Row(q)[4+j] = v + float32(0.1*s.Normal())
			}
		}
		return b
	}
	for range 250 {
		c.Learn(n, sample(), gate(1))
	}
	sums := make([][]float64, 2) // goodness right minus wrong, by layer
	for range 10 {
		c.Learn(n, sample(), plasticity(func(c *network.Connection, s *credit.Signals) {
			if c.Output {
				return
			}
			for q := range rows {
				sign := float64(s.Values[rulespace.SigPhase].Row(0)[q])
				for _, y := range s.Values[rulespace.SigPost].Row(q) {
					sums[c.Index] = append(sums[c.Index], sign*float64(y)*float64(y)/float64(c.Out)/rows/10)
				}
			}
		}))
	}
	for l, v := range sums {
		total := 0.0
		for _, x := range v {
			total += x
		}
		t.Logf("layer %d: goodness right − wrong %.3f", l+1, total)
		if total <= 0 {
			t.Errorf("layer %d: goodness right − wrong %.3f", l+1, total)
		}
	}
	test, right := sample(), 0
	out := c.(credit.Predictor).Outputs(test.X)
	for q := range rows {
		best := 0
		for k, v := range out.Row(q) {
			if v > out.Row(q)[best] {
				best = k
			}
		}
		if test.Y.Row(q)[best] == 1 {
			right++
		}
	}
	if right < 16 {
		t.Errorf("%d of %d right", right, rows)
	}
}

// gate adds rate·mod·phase·post·pre to weights and biases of hidden layers, as
// plain loops.
func gate(rate float32) plasticity {
	return func(c *network.Connection, s *credit.Signals) {
		if c.Output {
			return
		}
		v := &s.Values
		for q := range s.Batch {
			m := rate / float32(s.Batch) * v[rulespace.SigPhase].Row(0)[q] * v[rulespace.SigMod].Row(0)[q]
			for i, y := range v[rulespace.SigPost].Row(q) {
				c.Bias[i] += m * y
				for j, x := range v[rulespace.SigPre].Row(q) {
					c.InPlace.Row(j)[i] += m * x * y
				}
			}
		}
	}
}
