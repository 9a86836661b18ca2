package credit_test

import (
	"math"
	"strconv"
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// hebbian sums phase·mod·post·pre over presentations, per connection and in
// float64; mod is 1 where there is none.
type hebbian struct {
	sums, biases [][]float64
}

func (h *hebbian) PresentFeedback(*credit.Feedback, *credit.Signals) {}

func (h *hebbian) Present(c *network.Connection, s *credit.Signals) {
	for len(h.sums) <= c.Index {
		h.sums, h.biases = append(h.sums, nil), append(h.biases, nil)
	}
	if h.sums[c.Index] == nil {
		h.sums[c.Index], h.biases[c.Index] = make([]float64, c.In*c.Out), make([]float64, c.Out)
	}
	for q := range s.Batch {
		gate := float64(s.Values[rulespace.SigPhase].Row(0)[q])
		if m := s.Values[rulespace.SigMod]; m != nil {
			gate *= float64(m.Row(0)[q])
		}
		for i, y := range s.Values[rulespace.SigPost].Row(q) {
			h.biases[c.Index][i] += gate * float64(y)
			for j, x := range s.Values[rulespace.SigPre].Row(q) {
				h.sums[c.Index][j*c.Out+i] += gate * float64(x) * float64(y)
			}
		}
	}
}

// deviation is the largest over the connections of |u − v|/|v|.
func deviation(u, v [][]float64, scale float64) float64 {
	most := 0.0
	for l := range u {
		var diff, norm float64
		for i := range u[l] {
			d := scale*u[l][i] - v[l][i]
			diff += d * d
			norm += v[l][i] * v[l][i]
		}
		most = math.Max(most, math.Sqrt(diff/norm))
	}
	return most
}

// tanhToy is a sample with targets in the range of tanh, as the reference program
// has it.
func tanhToy(seed uint64, in, out int) *tasks.Batch {
	s := key.Root(seed).Stream()
	b := &tasks.Batch{N: 1, X: vec.New(1, in), Y: vec.New(1, out)}
	for j := range b.X.Row(0) {
		b.X.Row(0)[j] = float32(s.Normal())
	}
	for j := range b.Y.Row(0) {
		b.Y.Row(0)[j] = float32(math.Tanh(0.7 * s.Normal()))
	}
	return b
}

func option(name string, v float64) map[string]string {
	return map[string]string{name: strconv.FormatFloat(v, 'g', -1, 64)}
}

// The contrastive update approaches backpropagation of t − y (no derivative of
// the output) in proportion to the feedback gain. A float64 program of our own
// found .37, .059, .0059 for gains of .3, .05, .005 in a 5-6-6-3 tanh network.
// In float32 the contrast of the first layer, of order γ², drowns in rounding
// (6e-8/γ² of activities of order 1) for γ below about .01, hence the last gain.
func TestContrastiveHebbApproachesTheGradient(t *testing.T) {
	cfg := network.Config{Sizes: []int{5, 6, 6, 3}, Hidden: network.Activation{Name: "tanh"}, Output: network.Activation{Name: "tanh"}, Bias: true, InitScale: 0.7}
	n := newNetwork(t, cfg, 1)
	b := tanhToy(31, 5, 3)
	m := reference(n)
	pot, act := m.forward(float(b.X)[0])
	want := make([][]float64, 3)
	c := make([]float64, 3)
	for i, y := range act[3] {
		c[i] = float64(b.Y.Row(0)[i]) - y
	}
	for l := 2; l >= 0; l-- {
		below := make([]float64, len(act[l]))
		for j, x := range act[l] {
			for i, e := range c {
				want[l] = append(want[l], e*x)
				below[j] += m.w[l][j][i] * e
			}
			if l > 0 {
				below[j] *= derivative(m.activation(l-1), pot[l][j])
			}
		}
		c = below
	}
	var errs []float64
	for _, gain := range []float64{0.3, 0.05, 0.01} {
		circuit := newCircuit(t, credit.Config{Name: "chl", Options: option("gain", gain)}.With("steps", "100"), n, rulespace.SigPhase, rulespace.SigMod)
		var h hebbian
		circuit.Learn(n, b, &h)
		errs = append(errs, deviation(h.sums, want, 1))
	}
	t.Logf("relative deviations %.4f", errs)
	if errs[0] > 0.7 || errs[1] > 0.15 {
		t.Errorf("relative deviations %.4f", errs)
	}
	if ratio := errs[1] / errs[2]; math.Abs(ratio-5) > 0.5 {
		t.Errorf("a fifth of the gain divides the deviation by %.2f, want 5", ratio)
	}
}
