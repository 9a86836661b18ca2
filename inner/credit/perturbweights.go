package credit

import (
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

var perturbWeightsEntry = Entry{
	Name: "perturb-weights", Title: "weight perturbation",
	Doc:      "noise in every weight and bias, the same for all samples of a batch, and the reward with it and without it",
	Provides: local | reward | rulespace.Signals(rulespace.SigNoiseW), Output: target, Supervised: true, Passes: 2,
	Locality:   []string{ForwardLocking, GlobalScalar, SecondPass},
	Stochastic: true,
	Options: []option.Option{
		option.Float("sigma", "0.01", 1e-9, 1e9, "standard deviation of the noise"),
		option.Choice("baseline", "clean", []string{"clean", "antithetic"},
			"what reward_mean is: the reward without noise, or the mean of those with the noise added and subtracted"),
	},
	Reference: "M. Jabri, B. Flower, IEEE Trans. Neural Netw. 3:154 (1992)",
	make:      newPerturbWeights,
}

// perturbWeights is weight perturbation: the network runs again with noise in
// all weights and biases, and rules see how that changed the reward.
//
//	w'_ji = w_ji + σ·Ξ_ji,  b'_i = b_i + σ·ξ_i          Ξ, ξ ~ N(0, 1), fresh for each batch
//	reward       R⁺ = −loss with noise
//	reward_mean  R  = −loss without, or ½(R⁺ + R⁻) where R⁻ has the noise subtracted
//	noise_w, noise   Ξ, ξ
//
// All other signals are those of the pass without noise. For small σ
//
//	E[(R⁺ − R)·Ξ_ji] = −σ·∂loss/∂w_ji + O(σ³),
//
// so the rule lr·(reward − reward_mean)·noise_w follows the gradient with the
// learning rate lr·σ; with P weights and n draws the cosine of the two is
// √(n/(n + P)). Subtracted noise removes the even orders from single draws.
//
// M. Jabri, B. Flower, IEEE Trans. Neural Netw. 3:154 (1992); G. Cauwenberghs,
// NIPS 5:244 (1993).
type perturbWeights struct {
	*base
	on               bool // some rule reads noise or reward
	antithetic       bool
	sigma            float32
	stream           *key.Stream
	xi               []*vec.Matrix // of weights, by connection
	bias             []*vec.Matrix // of biases, repeated for each sample
	pot, act         []*vec.Matrix // with noise, by layer
	drift            []*vec.Matrix // what the noise adds to potentials
	losses           []float64
	reward, baseline *vec.Matrix
}

func newPerturbWeights(b *base, k key.Key) Circuit {
	c := &perturbWeights{base: b, stream: k.Child("noise", 0).Stream(),
		sigma: float32(b.options.Float("sigma")), antithetic: b.options.Text("baseline") == "antithetic"}
	signals := reward | rulespace.Signals(rulespace.SigNoiseW)
	for l := range c.conns {
		c.on = c.on || c.conns[l].needs&signals != 0
	}
	if !c.on {
		return c
	}
	c.losses = make([]float64, c.net.MaxBatch())
	c.reward, c.baseline = c.buffers.Global(), c.buffers.Global()
	c.pot, c.act = append(c.pot, nil), append(c.act, nil)
	for l := range c.conns {
		p := &c.conns[l]
		in, out := p.conn.In, p.conn.Out
		xi, bias := c.synapses(in, out), c.units(out)
		c.xi, c.bias = append(c.xi, xi), append(c.bias, bias)
		c.pot, c.act, c.drift = append(c.pot, c.units(out)), append(c.act, c.units(out)), append(c.drift, c.units(out))
		v := &p.sig.Values
		v[rulespace.SigNoiseW], v[rulespace.SigNoise], v[rulespace.SigReward], v[rulespace.SigRewardMean] = xi, bias, c.reward, c.baseline
	}
	return c
}

func (c *perturbWeights) Learn(net *network.Network, b *tasks.Batch, p Plasticity) {
	c.forward(net, b)
	if c.on {
		c.draw()
		c.rewards(c.reward, c.sigma, b.N)
		if c.antithetic {
			c.rewards(c.baseline, -c.sigma, b.N)
			for i, r := range c.reward.Row(0) {
				c.baseline.Data[i] = (r + c.baseline.Data[i]) / 2
			}
		} else {
			c.net.Losses(c.losses[:b.N], &c.target)
			c.tell(c.baseline, b.N)
		}
	}
	c.present(p)
}

// draw draws the noise of a batch.
func (c *perturbWeights) draw() {
	for l, xi := range c.xi {
		for j := range xi.Rows {
			row := xi.Row(j)
			for i := range row {
				row[i] = float32(c.stream.Normal())
			}
		}
		if c.net.Conns[l].Bias == nil {
			continue
		}
		bias := c.bias[l]
		for i := range bias.Row(0) {
			bias.Data[i] = float32(c.stream.Normal())
		}
		repeat(bias)
	}
}

// rewards sets dst to the rewards with the noise times sigma.
func (c *perturbWeights) rewards(dst *vec.Matrix, sigma float32, rows int) {
	below := c.net.Act[0]
	for l := range c.conns {
		pot, drift := c.pot[l+1], c.drift[l]
		if l == 0 {
			pot.CopyFrom(c.net.Pot[1])
		} else {
			c.forwardThrough(l, pot, below)
		}
		c.mul(drift, below, c.xi[l])
		vec.AddVV(whole(drift), whole(drift), whole(c.bias[l]))
		vec.MulVS(whole(drift), whole(drift), sigma)
		vec.AddVV(whole(pot), whole(pot), whole(drift))
		c.net.Activate(l+1, c.act[l+1], pot)
		below = c.act[l+1]
	}
	last := len(c.conns)
	c.net.LossesOf(c.losses[:rows], c.act[last], c.pot[last], &c.target)
	c.tell(dst, rows)
}

// tell sets dst to minus the losses.
func (c *perturbWeights) tell(dst *vec.Matrix, rows int) {
	for i, loss := range c.losses[:rows] {
		dst.Data[i] = float32(-loss)
	}
}
