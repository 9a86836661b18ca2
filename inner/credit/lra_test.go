package credit_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// With the transposed weights as feedback the changes go to backprop's
// direction as β goes to 0. A float64 program of our own with other weights of
// this kind measured the least cosine .9992 at β = .1 and 1.0000 at .01, and
// an error of the first layer that is β³ of backprop's; unscaled errors of
// three hops at β = .01 would be lost in the rounding of activities to
// float32, so that the cosines are taken with rescale.
func TestRepresentationAlignmentApproachesBackprop(t *testing.T) {
	n := newNetwork(t, network.Config{Sizes: []int{7, 9, 8, 6, 4}, Hidden: network.Activation{Name: "tanh"}}, 1)
	b := randomBatch(key.Root(71).Stream(), n.Config, 1)
	bp := presented(t, n, b, credit.Config{Name: "bp"})
	aligned := func(beta, rescale string) *recorder {
		c := newCircuit(t, credit.Config{Name: "lra", Options: map[string]string{"displacement": beta, "rescale": rescale}}, n, rulespace.SigErr)
		c.Learn(n, b, plasticity(func(c *network.Connection, s *credit.Signals) {
			if s.Feedback != nil {
				s.Feedback.CopyFrom(c.W)
			}
		}))
		var r recorder
		c.Learn(n, b, &r)
		return &r
	}
	for _, c := range []struct {
		beta string
		cos  float64
	}{{"0.1", 0.99}, {"0.01", 0.9999}, {"0.001", 0.9999}} {
		if _, cos := differences(aligned(c.beta, "yes"), bp); cos < c.cos {
			t.Errorf("β = %s: cosine with backprop %v", c.beta, cos)
		}
	}
	ratio := math.Sqrt(dot(aligned("0.1", "no").values[0][rulespace.SigErr][0]) / dot(bp.values[0][rulespace.SigErr][0]))
	if math.Abs(ratio-1e-3) > 2e-4 {
		t.Errorf("β = 0.1: the error of the first layer is %v of backprop's, want β³", ratio)
	}
}

func dot(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x * x
	}
	return sum
}

// The err of every layer against plain float64 loops.
func TestRepresentationAlignmentEquations(t *testing.T) {
	const beta = 0.7
	for _, c := range []struct {
		name    string
		options map[string]string
	}{
		{"lra", map[string]string{"displacement": "0.7"}},
		{"lra", map[string]string{"displacement": "0.7", "derivative": "yes"}},
		{"rec-lra", map[string]string{"displacement": "0.7", "mix": "0.3", "skip_mix": "0.6"}},
	} {
		n := newNetwork(t, network.Config{Sizes: []int{4, 6, 5, 5, 3}, Hidden: network.Activation{Name: "sigmoid"}, Loss: network.CrossEntropy, Bias: true}, 1)
		b := randomBatch(key.Root(72).Stream(), n.Config, 1)
		maps := map[int][][]float64{}
		var r recorder
		newCircuit(t, credit.Config{Name: c.name, Options: c.options}, n, rulespace.SigErr).Learn(n, b, both{
			func(conn *network.Connection, s *credit.Signals) {
				r.Present(conn, s)
				if s.Feedback != nil {
					maps[conn.Index] = float(s.Feedback)
				}
			},
			func(f *credit.Feedback, s *credit.Signals) {
				maps[f.Index] = float(f.W)
				for _, sig := range []rulespace.Signal{rulespace.SigPre, rulespace.SigErr} {
					if m := s.Values[sig]; m == nil || m.Cols != map[rulespace.Signal]int{rulespace.SigPre: f.W.Rows, rulespace.SigErr: f.W.Cols}[sig] {
						t.Errorf("%s: %v of feedback to layer %d does not fit", c.name, sig, f.Index)
					}
				}
			},
		})
		pot, act := reference(n).forward(float(b.X)[0])
		errs := map[int][]float64{4: nil}
		for i, y := range act[4] {
			errs[4] = append(errs[4], float64(b.Y.Row(0)[i])-y)
		}
		for l := 3; l >= 1; l-- {
			from, share := l+1, 1.0
			if c.name == "rec-lra" {
				if share = 0.3; l == 2 {
					from, share = 4, 0.6
				}
			}
			for j, z := range pot[l] {
				d := 0.0
				for i, e := range errs[from] {
					d += maps[l][j][i] * (share*e + (1-share)*math.Copysign(1, e))
				}
				y := 1 / (1 + math.Exp(-z-beta*d))
				e := y - act[l][j]
				if c.options["derivative"] == "yes" {
					e *= act[l][j] * (1 - act[l][j])
				}
				errs[l] = append(errs[l], e)
				near(t, fmt.Sprintf("%s: err of layer %d", c.name, l), r.values[l-1][rulespace.SigErr][0][j], e)
			}
		}
		if len(maps) != 3 {
			t.Errorf("%s: feedback to %d layers, want 3", c.name, len(maps))
		}
	}
}

type both struct {
	connection func(*network.Connection, *credit.Signals)
	feedback   func(*credit.Feedback, *credit.Signals)
}

func (b both) Present(c *network.Connection, s *credit.Signals)      { b.connection(c, s) }
func (b both) PresentFeedback(f *credit.Feedback, s *credit.Signals) { b.feedback(f, s) }

// The sign of the feedback rule: on a linear teacher, 20-30-30-5 tanh units,
// online, 6000 samples at rate 0.01, feedback that follows the weights and
// feedback that stays bring the loss well below a tenth, feedback that follows
// their negative does not. (A float64 program of our own: from 4.635 to .175,
// .135 and 2.45.)
func TestRepresentationAlignmentFeedbackSign(t *testing.T) {
	for _, c := range []struct {
		sign  float32
		below float64 // of the loss at the start; 0 where it has to stay above 0.2
	}{{1, 0.1}, {0, 0.1}, {-1, 0}} {
		s := key.Root(73).Stream()
		n := newNetwork(t, network.Config{Sizes: []int{20, 30, 30, 5}, Hidden: network.Activation{Name: "tanh"}}, 1)
		teacher := make([][]float64, 20)
		for j := range teacher {
			for range 5 {
				teacher[j] = append(teacher[j], 0.3*s.Normal())
			}
		}
		b := &tasks.Batch{N: 1, X: vec.New(1, 20), Y: vec.New(1, 5)}
		loss := func(samples int, learn func()) float64 {
			sum := 0.0
			for range samples {
				clear(b.Y.Row(0))
				for j := range teacher {
					x := s.Normal()
					b.X.Row(0)[j] = float32(x)
					for i, w := range teacher[j] {
						b.Y.Row(0)[i] += float32(w * x)
					}
				}
				learn()
				sum += n.Loss(b.Y) / float64(samples)
			}
			return sum
		}
		still := func() { n.Forward(b.X) }
		l := newCircuit(t, credit.Config{Name: "lra", Options: map[string]string{"rescale": "yes", "feedback_scale": "0.2"}}, n, rulespace.SigErr)
		rule := plasticity(func(conn *network.Connection, sig *credit.Signals) {
			descend(0.01)(conn, sig)
			if sig.Feedback == nil || c.sign == 0 {
				return
			}
			pre, err := sig.Values[rulespace.SigPre].Row(0), sig.Values[rulespace.SigErr].Row(0)
			for j, x := range pre {
				for i, e := range err {
					sig.Feedback.Row(j)[i] += c.sign * 0.01 * e * x
				}
			}
		})
		before := loss(200, still)
		loss(6000, func() { l.Learn(n, b, rule) })
		after := loss(200, still)
		t.Logf("sign %v: loss %.3f → %.3f", c.sign, before, after)
		if c.below > 0 && after > c.below*before || c.below == 0 && after < 0.2*before {
			t.Errorf("sign %v: loss goes from %v to %v", c.sign, before, after)
		}
	}
}

// Only the activation itself is evaluated, so that units that jump from −1 to
// 1, of which backprop learns nothing, learn too: on a classification by a
// random network the loss falls below that of a readout of the same hidden
// layer left as it is. Credits are jumps of 2, so that hidden layers have to
// learn slowly, 0.003 where the output has 0.1: at 0.03 they still bring the
// loss down from ln 4 = 1.39, but not as far as a readout does.
func TestRepresentationAlignmentOfSignUnits(t *testing.T) {
	cfg := network.Config{Sizes: []int{16, 12, 4}, Hidden: network.Activation{Name: "sign"}, Loss: network.CrossEntropy, Bias: true}
	teacher := newNetwork(t, network.Config{Sizes: []int{16, 12, 4}, InitScale: 3}, 16)
	loss := func(circuit credit.Config) float64 {
		n := newNetwork(t, cfg, 16)
		c := newCircuit(t, circuit, n, rulespace.SigErr)
		s := key.Root(75).Stream()
		rule := plasticity(func(conn *network.Connection, sig *credit.Signals) {
			if !conn.Output {
				descend(0.003)(conn, sig)
				return
			}
			descend(0.1)(conn, sig)
			if sig.Feedback != nil {
				follow := &network.Connection{InPlace: sig.Feedback}
				descend(0.1)(follow, sig)
			}
		})
		sum := 0.0
		const updates, last = 1200, 300
		for i := range updates {
			b := randomBatch(s, n.Config, 16)
			teacher.Forward(b.X)
			for q := range 16 {
				best := 0
				for k, y := range teacher.Act[2].Row(q) {
					if y > teacher.Act[2].Row(q)[best] {
						best = k
					}
				}
				clear(b.Y.Row(q))
				b.Y.Row(q)[best] = 1
			}
			c.Learn(n, b, rule)
			if i >= updates-last {
				sum += n.Loss(b.Y) / last
			}
		}
		return sum
	}
	// Credit that ends in a derivative of zero leaves hidden layers as they are.
	readout := loss(credit.Config{Name: "bp"})
	lra := loss(credit.Config{Name: "lra", Options: map[string]string{"displacement": "1", "feedback_scale": "0.3"}})
	t.Logf("loss %.3f, of a readout alone %.3f", lra, readout)
	if lra > 0.96*readout {
		t.Errorf("loss %v, of a readout alone %v", lra, readout)
	}
}
