package credit

import (
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

var perturbEntry = Entry{
	Name: "perturb", Title: "node perturbation",
	Doc:      "noise in every potential, and the reward with it and without it",
	Provides: local | reward, Output: target, Supervised: true, Passes: 2,
	Locality:   []string{ForwardLocking, GlobalScalar, SecondPass},
	Stochastic: true,
	Options: []option.Option{
		option.Float("sigma", "0.01", 1e-9, 1e9, "standard deviation of the noise"),
		option.Choice("baseline", "clean", []string{"clean", "running"},
			"what reward_mean is: the reward of the same sample without noise, or the running mean of the rewards before the batch"),
		option.Float("reward_tau", "100", 1, 1e9, "time constant of that mean"),
		option.Choice("noise", "all", []string{"all", "output"}, "layers that are disturbed"),
	},
	Reference: "I. Fiete, H. S. Seung, Phys. Rev. Lett. 97:048104 (2006)",
	make:      newPerturb,
}

// perturb is node perturbation: the network runs a second time with noise in
// its potentials, and rules see how that changed the reward.
//
//	z'_l = z_l(h'_{l−1}) + σ·ξ_l,  ξ ~ N(0, 1)
//	reward       R' = −loss of the noisy pass
//	reward_mean  R  = −loss of the clean pass, or a running mean of R'
//	noise        ξ_l
//
// All other signals are those of the clean pass. For small σ
//
//	E[(R' − R)·ξ_i·pre_j] = −σ·∂loss/∂w_ji + O(σ³),
//
// so the rule lr·(reward − reward_mean)·noise·pre follows the gradient with
// the learning rate lr·σ: where a paper divides by σ, divide lr by it.
//
// I. Fiete, H. S. Seung, Phys. Rev. Lett. 97:048104 (2006).
type perturb struct {
	*base
	on               bool // some rule reads noise or reward
	from             int  // first connection that is disturbed
	noise            []*vec.Matrix
	pot, act         []*vec.Matrix // of the noisy pass, by layer
	clean, noisy     []float64
	reward, baseline *vec.Matrix
	stream           *key.Stream
	sigma            float32
	running          bool // the baseline is a running mean
	mean             runningReward
}

func newPerturb(b *base, k key.Key) Circuit {
	c := &perturb{base: b, stream: k.Child("noise", 0).Stream()}
	o := b.options
	c.sigma, c.running, c.mean.tau = float32(o.Float("sigma")), o.Text("baseline") == "running", o.Float("reward_tau")
	last := len(c.conns)
	if o.Text("noise") == "output" {
		c.from = last - 1
	}
	signals := rulespace.Signals(rulespace.SigNoise, rulespace.SigReward, rulespace.SigRewardMean)
	for l := range c.conns {
		c.on = c.on || c.conns[l].needs&signals != 0
	}
	if !c.on {
		return c
	}
	c.clean, c.noisy = make([]float64, c.net.MaxBatch()), make([]float64, c.net.MaxBatch())
	c.reward, c.baseline = c.buffers.Global(), c.buffers.Global()
	c.noise = make([]*vec.Matrix, last)
	c.pot, c.act = make([]*vec.Matrix, last+1), make([]*vec.Matrix, last+1)
	for l := range c.conns {
		cols := c.net.Act[l+1].Cols
		c.noise[l] = c.units(cols)
		if l >= c.from {
			c.pot[l+1], c.act[l+1] = c.units(cols), c.units(cols)
		}
		v := &c.conns[l].sig.Values
		v[rulespace.SigNoise], v[rulespace.SigReward], v[rulespace.SigRewardMean] = c.noise[l], c.reward, c.baseline
	}
	return c
}

func (c *perturb) Learn(net *network.Network, b *tasks.Batch, p Plasticity) {
	c.forward(net, b)
	if c.on {
		c.disturb(b.N)
	}
	c.present(p)
}

func (c *perturb) disturb(rows int) {
	last := len(c.conns)
	for l := c.from; l < last; l++ {
		pot := c.pot[l+1]
		if l == c.from { // everything before it is as in the clean pass
			pot.CopyFrom(c.net.Pot[l+1])
		} else {
			c.forwardThrough(l, pot, c.act[l])
		}
		for i := range rows {
			z, xi := pot.Row(i), c.noise[l].Row(i)
			for j := range z {
				xi[j] = float32(c.stream.Normal())
				z[j] += float32(c.sigma * xi[j])
			}
		}
		c.net.Activate(l+1, c.act[l+1], pot)
	}
	clean, noisy := c.clean[:rows], c.noisy[:rows]
	c.net.LossesOf(noisy, c.act[last], c.pot[last], &c.target)
	for i, loss := range noisy {
		c.reward.Data[i] = float32(-loss)
	}
	if c.running {
		fill(c.baseline, c.mean.next(noisy))
		return
	}
	c.net.Losses(clean, &c.target)
	for i, loss := range clean {
		c.baseline.Data[i] = float32(-loss)
	}
}
