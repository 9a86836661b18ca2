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

// near compares a float32 value of the network with float64 central
// differences. Their own error is below 1e-9 (h² times the third derivative,
// and rounding of the loss over h); a chain of a dozen float32 operations on
// values of order 1 errs by up to 1e-6.
func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 2e-6*(1+math.Abs(want))) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestBackpropIsTheGradient(t *testing.T) {
	hidden := []network.Activation{{Name: "linear"}, {Name: "tanh"}, {Name: "relu"},
		{Name: "softplus"}, {Name: "softplus", Beta: 10}, {Name: "sigmoid"}}
	outputs := []network.Config{
		{Output: network.Activation{Name: "linear"}}, {Output: network.Activation{Name: "tanh"}},
		{Output: network.Activation{Name: "relu"}}, {Output: network.Activation{Name: "softplus", Beta: 2}},
		{Output: network.Activation{Name: "sigmoid"}}, {Output: network.Activation{Name: "softmax"}},
		{Output: network.Activation{Name: "softmax"}, Loss: network.CrossEntropy},
		{Output: network.Activation{Name: "sigmoid"}, Loss: network.CrossEntropy},
	}
	for _, h := range hidden {
		for _, cfg := range outputs {
			cfg.Hidden, cfg.Sizes, cfg.Bias = h, []int{4, 6, 5, 3}, true
			t.Run(fmt.Sprintf("%v/%v/%s", h, cfg.Output, cfg.Loss), func(t *testing.T) {
				const rows = 3
				n := newNetwork(t, cfg, rows)
				c := newCircuit(t, credit.Config{Name: "bp"}, n, rulespace.SigErr, rulespace.SigErrPre)
				b := randomBatch(key.Root(7).Stream(), n.Config, rows)
				var r recorder
				c.Learn(n, b, &r)
				checkGradient(t, n, float(b.X), float(b.Y), &r)
			})
		}
	}
}

// checkGradient checks, sample by sample, err against the slope of the loss in
// each bias (which is that in the potential), err·pre against the slope in
// each weight, err_pre of the first connection against that in each input.
func checkGradient(t *testing.T, n *network.Network, x, y [][]float64, r *recorder) {
	t.Helper()
	m := reference(n)
	losses := make([]float64, len(x))
	n.Losses(losses, matrix(y))
	for q := range x {
		near(t, "loss", losses[q], m.loss(x[q], y[q]))
		for l := range m.w {
			err, pre := r.values[l][rulespace.SigErr][q], r.values[l][rulespace.SigPre][q]
			for i := range m.b[l] {
				near(t, fmt.Sprintf("err of layer %d unit %d", l+1, i), err[i], -m.slope(&m.b[l][i], x[q], y[q]))
				for j := range m.w[l] {
					near(t, fmt.Sprintf("weight %d→%d of connection %d", j, i, l), err[i]*pre[j], -m.slope(&m.w[l][j][i], x[q], y[q]))
				}
			}
			if l > 0 {
				below := r.values[l-1][rulespace.SigErr][q]
				for j, v := range r.values[l][rulespace.SigErrPre][q] {
					near(t, "err_pre", v, below[j])
				}
			}
		}
		for j, v := range r.values[0][rulespace.SigErrPre][q] {
			near(t, "err_pre of the input", v, -m.slope(&x[q][j], x[q], y[q])*inputDerivative(m.cfg.Hidden, x[q][j]))
		}
	}
}

// inputDerivative is the derivative of an activation written in the activity.
func inputDerivative(a network.Activation, y float64) float64 {
	switch a.Name {
	case "tanh":
		return 1 - y*y
	case "relu":
		if y > 0 {
			return 1
		}
		return 0
	case "softplus":
		return 1 - math.Exp(-a.Beta*y)
	case "sigmoid":
		return y * (1 - y)
	}
	return 1
}

// Feedback alignment through the weights themselves is backpropagation, to
// the last bit.
func TestAlignedFeedbackIsBackprop(t *testing.T) {
	cfg := network.Config{Sizes: []int{5, 7, 6, 3}, Hidden: network.Activation{Name: "softplus", Beta: 10}, Loss: network.CrossEntropy, Bias: true}
	n := newNetwork(t, cfg, 4)
	b := randomBatch(key.Root(3).Stream(), n.Config, 4)
	bp := newCircuit(t, credit.Config{Name: "bp"}, n, rulespace.SigErr, rulespace.SigErrPre)
	fa := newCircuit(t, credit.Config{Name: "fa"}, n, rulespace.SigErr, rulespace.SigErrPre)
	fa.Learn(n, b, plasticity(func(c *network.Connection, s *credit.Signals) { s.Feedback.CopyFrom(c.W) }))
	var r, s recorder
	bp.Learn(n, b, &r)
	fa.Learn(n, b, &s)
	for l := range r.values {
		for _, sig := range []rulespace.Signal{rulespace.SigErr, rulespace.SigErrPre} {
			if a, b := fmt.Sprint(r.values[l][sig]), fmt.Sprint(s.values[l][sig]); a != b {
				t.Errorf("%v of connection %d: bp %s, fa %s", sig, l, a, b)
			}
		}
	}
}

// Credit comes from the weights before the batch, whatever rules do to them.
func TestCreditPrecedesChange(t *testing.T) {
	for _, name := range []string{"bp", "fa", "dfa", "sign-symmetry", "drtp", "tpsgd", "mirror", "fdfa", "pal", "align", "fw-dtp", "lra", "pc-fixed", "pc-strict"} {
		cfg := network.Config{Sizes: []int{3, 4, 4, 2}}
		n := newNetwork(t, cfg, 1)
		c := newCircuit(t, credit.Config{Name: name}, n, rulespace.SigErr, rulespace.SigErrPre)
		b := randomBatch(key.Root(3).Stream(), n.Config, 1)
		var r, s recorder
		c.Learn(n, b, &r)
		c.Learn(n, b, plasticity(func(c *network.Connection, sig *credit.Signals) {
			c.InPlace.Zero()
			s.Present(c, sig)
		}))
		if fmt.Sprint(r) != fmt.Sprint(s) {
			t.Errorf("%s: signals depend on changes made while they are presented", name)
		}
		if fmt.Sprint(r.order) != "[0 1 2]" {
			t.Errorf("%s: connections are presented in order %v", name, r.order)
		}
	}
}

type plasticity func(c *network.Connection, s *credit.Signals)

func (f plasticity) Present(c *network.Connection, s *credit.Signals) { f(c, s) }

func (f plasticity) PresentFeedback(*credit.Feedback, *credit.Signals) {}
