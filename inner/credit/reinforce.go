package credit

import (
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

var reinforceEntry = Entry{
	Name: "reinforce", Title: "stochastic units that are rewarded",
	Doc:      "units are 1 with the probability that their activation gives and 0 otherwise, of a softmax output exactly one is 1; pred is the probability, and the reward comes from what the output did",
	Provides: local | rulespace.Signals(rulespace.SigPred, rulespace.SigReward, rulespace.SigRewardMean), Output: target,
	Supervised: true, Passes: 1, Settles: true, Stochastic: true,
	Locality: []string{ForwardLocking, GlobalScalar},
	Options: []option.Option{
		option.Choice("baseline", "running", []string{"running", "none"}, "what reward_mean is: the running mean of the rewards before the batch, or 0"),
		option.Float("reward_tau", "100", 1, 1e9, "time constant of that mean"),
	},
	Reference: "R. J. Williams, Mach. Learn. 8:229 (1992)",
	fits: func(net network.Config, _ int, _ option.Values) error {
		if len(net.Sizes) > 2 && net.Hidden.Name != "sigmoid" {
			return configErrorf("circuit reinforce needs hidden activations that are probabilities: sigmoid, not %s", net.Hidden.Name)
		}
		if net.Output.Name != "softmax" && net.Output.Name != "sigmoid" {
			return configErrorf("circuit reinforce needs a softmax or sigmoid output, not %s", net.Output.Name)
		}
		return nil
	},
	make: newReinforce,
}

// reinforce is a network of stochastic units.
//
//	u_l  = W_l s_{l−1} + b_l,   p_l = f(u_l)            s_0 = x
//	s_l  = 1 with probability p_l, else 0               softmax: one unit is 1, drawn from p_L
//	R    = Σ_k s_L,k·t_k for a softmax output, −½|s_L − t|² for a sigmoid one
//
//	pre, post      s_{l−1}, s_l     [rate]
//	pred           p_l              [rate]
//	reward, reward_mean   R and its running mean over the batches before
//
// For such units ∂ln P(s)/∂w_ji = (s_i − p_i)·s_j, so the mean of
// (reward − reward_mean)·(post − pred)·pre is the gradient of the expected
// reward, whatever the baseline. Predictions take probabilities in place of
// samples all the way.
//
// R. J. Williams, Mach. Learn. 8:229 (1992).
type reinforce struct {
	*base
	stream           *key.Stream
	sample           []*vec.Matrix // s_l, by layer
	reward, baseline *vec.Matrix
	mean             runningReward
	running          bool
	losses           []float64
}

func newReinforce(b *base, k key.Key) Circuit {
	o := b.options
	c := &reinforce{base: b, stream: k.Child("noise", 0).Stream(), sample: []*vec.Matrix{b.net.Act[0]},
		reward: b.buffers.Global(), baseline: b.buffers.Global(), losses: make([]float64, b.net.MaxBatch()),
		running: o.Text("baseline") == "running", mean: runningReward{tau: o.Float("reward_tau")}}
	for l := range c.conns {
		p := &c.conns[l]
		c.sample = append(c.sample, b.units(p.conn.Out))
		v := &p.sig.Values
		v[rulespace.SigPre], v[rulespace.SigPred] = c.sample[l], b.net.Act[l+1]
		if !p.conn.Output || !o.On("clamp") {
			v[rulespace.SigPost] = c.sample[l+1]
		}
		v[rulespace.SigReward], v[rulespace.SigRewardMean] = c.reward, c.baseline
	}
	return c
}

func (c *reinforce) Learn(net *network.Network, b *tasks.Batch, p Plasticity) {
	net.Load(c.begin(net, b))
	last := len(c.conns)
	one := net.Config.Output.Name == "softmax"
	for l := range c.conns {
		c.forwardThrough(l, net.Pot[l+1], c.sample[l])
		net.Activate(l+1, net.Act[l+1], net.Pot[l+1])
		for i := range b.N {
			if l+1 == last && one {
				c.choose(c.sample[l+1].Row(i), net.Act[l+1].Row(i))
			} else {
				c.fire(c.sample[l+1].Row(i), net.Act[l+1].Row(i))
			}
		}
	}
	for i := range b.N {
		s, t := c.sample[last].Row(i), c.target.Row(i)
		r := float32(0)
		if one {
			r = vec.Dot(s, t)
		} else {
			for k := range s {
				d := s[k] - t[k]
				r -= float32(float32(d*d) / 2)
			}
		}
		c.reward.Data[i] = r
		c.losses[i] = -float64(r)
	}
	if c.running {
		fill(c.baseline, c.mean.next(c.losses[:b.N]))
	}
	c.present(p)
}

// fire draws units that are each 1 with their probability.
func (c *reinforce) fire(s, p []float32) {
	for j := range s {
		s[j] = 0
		if float32(c.stream.Float64()) < p[j] {
			s[j] = 1
		}
	}
}

// choose draws the one unit that is 1.
func (c *reinforce) choose(s, p []float32) {
	clear(s)
	left := float32(c.stream.Float64())
	for j, v := range p {
		if left -= v; left < 0 || j == len(p)-1 {
			s[j] = 1
			return
		}
	}
}

// runningReward is the running mean of rewards over batches.
type runningReward struct {
	tau, mean float64
	batches   int
}

// next returns the mean of the rewards before this batch, and at the very
// first batch its own mean, then takes the batch in.
func (r *runningReward) next(losses []float64) float32 {
	sum := 0.0
	for _, l := range losses {
		sum -= l
	}
	batch := sum / float64(len(losses))
	if r.batches == 0 {
		r.mean = batch
	}
	before := r.mean
	r.batches++
	r.mean += float64((batch - r.mean) / min(float64(r.batches), r.tau))
	return float32(before)
}
