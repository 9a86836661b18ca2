package credit

import (
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace/key"
)

var pcKLEntry = Entry{
	Name: "pc-kl", Title: "predictive coding of categorical and binary units",
	Doc:      "as pc-strict, with potentials that are logits and errors that come from relative entropies of what units say and what is predicted of them",
	Provides: local | credit, Output: target, Supervised: true, Passes: 41, Settles: true,
	Locality:  []string{WeightTransport, Settling},
	Options:   []option.Option{pcSteps("20"), pcRate("0.5"), pcNudge},
	Convolves: true,
	Reference: "L. Pinchetti et al., NeurIPS 35 (2022)",
	fits: func(net network.Config, _ int, _ option.Values) error {
		switch {
		case len(net.Sizes) > 2 && net.Hidden.Name != "sigmoid":
			return configErrorf("circuit pc-kl needs sigmoid hidden units, whose potentials are logits, not %s", net.Hidden.Name)
		case net.Loss != network.CrossEntropy:
			return configErrorf("circuit pc-kl needs loss %s, the relative entropy of target and output", network.CrossEntropy)
		}
		return nil
	},
	make: newKL,
}

var pcGaussianEntry = Entry{
	Name: "pc-gaussian", Title: "predictive coding with learned variances",
	Doc:      "as pc-strict, with output errors divided by running variances of their own",
	Provides: local | credit, Output: target, Supervised: true, Passes: 41, Settles: true,
	Locality: []string{WeightTransport, Settling},
	Options: []option.Option{pcSteps("20"), pcRate("0.05"),
		option.Float("variance_tau", "100", 1, 1e9, "time constant of the variances, in updates"),
		option.Float("least_variance", "0.1", 1e-9, 1e9, "variances stay above; settling needs a rate below about 2·least_variance/|W|²"),
	},
	Convolves: true,
	Reference: "L. Pinchetti et al., NeurIPS 35 (2022)",
	fits: func(net network.Config, _ int, _ option.Values) error {
		if net.Output.Name != "linear" || net.Loss != network.Squared {
			return configErrorf("circuit pc-gaussian needs a linear output and loss %s, not %s and %s", network.Squared, net.Output.Name, net.Loss)
		}
		return nil
	},
	make: newGaussian,
}

// newKL makes predictive coding beyond Gaussian units: a layer's potentials
// are the logits u of a distribution, its prediction the logits μ of another,
// and the energy is their relative entropy
//
//	E = Σ_l KL[p_l‖q_l],   p_l = f(u_l), q_l = f(μ_l)
//
// Hidden units are binary (sigmoid), outputs binary or categorical (softmax):
//
//	binary         −∂E/∂μ = p − q    ∂E/∂u = f'(u) ⊙ (u − μ)
//	categorical    −∂E/∂μ = p − q    ∂E/∂u = p ⊙ (d − ⟨p, d⟩), d = u − μ
//	u_l ← u_l + γ(f'(u_l) ⊙ W_{l+1}ᵀ(p_{l+1} − q_{l+1}) − ∂E/∂u_l)
//	err = p_l − q_l, pre = p_{l−1}
//
// A target held at the output is p_L, so that its error is that of the
// cross-entropy.
//
// L. Pinchetti et al., NeurIPS 35 (2022).
func newKL(b *base, _ key.Key) Circuit {
	c := newPredictive(b)
	c.settle()
	e := &relativeEntropy{expected: make([]*vec.Matrix, c.top+1), last: len(c.conns), softmax: b.net.Config.Output.Name == "softmax"}
	for l := 1; l <= c.top; l++ {
		conn := c.net.Conns[l-1]
		e.expected[l], c.pull[l] = c.rows(conn, conn.Out), c.rows(conn, conn.Out)
	}
	c.energy = e
	return c
}

// relativeEntropy is KL[f(u)‖f(μ)] of binary units and of categorical layers.
type relativeEntropy struct {
	expected []*vec.Matrix // f(μ), by layer
	last     int           // the output layer
	softmax  bool          // it is categorical
}

func (e *relativeEntropy) compare(c *predictive, l int) {
	p, q, err, pull := c.post[l], e.expected[l], c.err[l], c.pull[l]
	c.net.Activate(l, q, c.pred[l])
	vec.SubVV(whole(err), whole(p), whole(q))
	vec.SubVV(whole(pull), whole(c.pot[l]), whole(c.pred[l]))
	if l < e.last || !e.softmax {
		c.net.Damp(l, pull, p)
		return
	}
	for i := range pull.Rows {
		d, row := pull.Row(i), p.Row(i)
		vec.SubVS(d, d, vec.Dot(row, d))
		vec.MulVV(d, d, row)
	}
}

// newGaussian makes predictive coding with a Gaussian at the output whose
// variances, one per unit, are learned:
//
//	E_L = Σ_i ((t_i − μ_i)²/(2s_i²) + log s_i)
//	err = (t − μ_L)/s²
//	s_i² ← s_i² + (⟨(t_i − μ_i)²⟩ − s_i²)/τ     mean over the batch, from s² = 1
//
// The last line goes down E_L in log s, whose minimum is where s² is the mean
// squared error that settling leaves.
//
// L. Pinchetti et al., NeurIPS 35 (2022).
func newGaussian(b *base, _ key.Key) Circuit {
	c := newPredictive(b)
	c.rate, c.steps = float32(b.options.Float("rate")), b.options.Int("steps", 32)
	n := b.net.Act[len(b.conns)].Cols
	c.variances = &variances{of: make([]float32, n), share: float32(1 / b.options.Float("variance_tau")), least: float32(b.options.Float("least_variance"))}
	vec.Fill(c.variances.of, 1)
	c.cost.UnitBytes += 4 * n
	return c
}

// variances are running mean squares of the errors of a layer.
type variances struct {
	of    []float32
	share float32 // of the newest batch
	least float32
}

// weigh divides errors by the variances.
func (v *variances) weigh(err *vec.Matrix) {
	for i := range err.Rows {
		vec.DivVV(err.Row(i), err.Row(i), v.of)
	}
}

// learn takes in a batch of errors that were divided by the variances.
func (v *variances) learn(err *vec.Matrix) {
	for j, old := range v.of {
		sum := float32(0)
		for i := range err.Rows {
			e := float32(err.Data[i*err.Stride+j] * old)
			sum += float32(e * e)
		}
		v.of[j] = max(v.least, old+float32(v.share*(sum/float32(err.Rows)-old)))
	}
}
