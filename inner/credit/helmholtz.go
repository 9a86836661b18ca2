package credit

import (
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

var helmholtzEntry = Entry{
	Name: "helmholtz", Title: "Helmholtz machine",
	Doc: "the network recognises, feedback weights generate: awake (phase 1) err_pre is what generation misses of a recognised sample and err is 0, " +
		"asleep (phase −1) err is what recognition misses of a dream and err_pre is 0; rules change the feedback weights with dfb",
	Provides: local | credit | phase, Output: target, Feedback: true, Passes: 5, Phases: 2, Stochastic: true,
	OwnFeedback: rulespace.Signals(rulespace.SigPre, rulespace.SigErrPre, rulespace.SigPost, rulespace.SigPhase),
	Locality:    []string{GlobalScalar, SecondPass},
	Options: []option.Option{
		option.Choice("visible", "binary", []string{"binary", "gaussian"}, "what is generated of an input: a probability, or the mean of a Gaussian of variance 1"),
		feedbackScale,
	},
	Reference: "G. Hinton, P. Dayan, B. Frey, R. Neal, Science 268:1158 (1995)",
	fits:      fitsHelmholtz,
	make:      newHelmholtz,
}

func fitsHelmholtz(net network.Config, _ int, _ option.Values) error {
	net, err := net.Resolve()
	if err != nil {
		return err
	}
	if len(net.Sizes) > 2 && net.Hidden.Name != "sigmoid" || net.Output.Name != "sigmoid" {
		return configErrorf("units of a Helmholtz machine are 1 with the probability of a sigmoid: use it for all layers, not %v and %v", net.Hidden, net.Output)
	}
	return nil
}

// helmholtz is a Helmholtz machine that learns by wake-sleep: two networks of
// stochastic binary units of which each is taught by the samples of the other.
//
//	wake   s_0 = x, s_l ~ σ(W_l s_{l−1} + b_l)          ΔG_l = η·(s_{l−1} − σ(G_l s_l + g_{l−1})) s_lᵀ
//	sleep  s_L ~ σ(g_L), s_{l−1} ~ σ(G_l s_l + g_{l−1})   ΔW_l = η·(s_l − σ(W_l s_{l−1} + b_l)) s_{l−1}ᵀ
//
//	s_l  states of layer l                    [rate]
//	G_l  generative weights, along W_l        [1]
//	g_l  generative biases, 0 at first        [1]
//
// The differences are err_pre and err, so that dw = lr·err·pre and dfb =
// lr·err_pre·post teach both. Generative biases are feedback weights from a
// unit that is always 1, and learn awake. The generative weights are drawn as
// fresh glorot weights are. The output is the top layer.
//
// G. Hinton, P. Dayan, B. Frey, R. Neal, Science 268:1158 (1995).
type helmholtz struct {
	*base
	awake, dream  []*vec.Matrix // states, by layer
	awakePot      []*vec.Matrix // of recognition, by layer from 1
	dreamPot      []*vec.Matrix
	wakeErr       []*vec.Matrix // what generation misses, by layer
	sleepErr      []*vec.Matrix // what recognition misses, by layer from 1
	zero          []*vec.Matrix // by layer
	generative    []*vec.Matrix // by connection
	biases        []Feedback    // generative, by layer
	biasSig       Signals
	phase, one    *vec.Matrix
	stream        *key.Stream
	gaussianInput bool
}

func newHelmholtz(b *base, k key.Key) Circuit {
	o := b.options
	c := &helmholtz{base: b, phase: b.phase(rulespace.SigPhase), one: b.buffers.Matrix(1), stream: k.Child("noise", 0).Stream(),
		gaussianInput: o.Text("visible") == "gaussian", awakePot: []*vec.Matrix{nil}, dreamPot: []*vec.Matrix{nil}}
	k = k.Child("feedback", 0)
	for l, act := range b.net.Act {
		c.awake, c.dream = append(c.awake, b.units(act.Cols)), append(c.dream, b.units(act.Cols))
		c.wakeErr, c.sleepErr = append(c.wakeErr, b.units(act.Cols)), append(c.sleepErr, b.units(act.Cols))
		c.zero = append(c.zero, b.units(act.Cols))
		if l > 0 {
			c.awakePot, c.dreamPot = append(c.awakePot, b.units(act.Cols)), append(c.dreamPot, b.units(act.Cols))
		}
		conn := b.net.Conns[min(l, len(b.conns)-1)]
		c.biases = append(c.biases, Feedback{Index: l, Conn: conn, W: b.synapses(act.Cols, 1)})
	}
	for l, conn := range b.net.Conns {
		f := b.synapses(conn.In, conn.Out)
		network.Initialise(f, "glorot", o.Float("feedback_scale"), k.Child("connection", uint64(l)))
		c.generative = append(c.generative, f)
		b.conns[l].sig.Feedback = f
	}
	c.biasSig.Values[rulespace.SigPost], c.biasSig.Values[rulespace.SigPhase] = c.one, c.phase
	return c
}

func (c *helmholtz) Learn(net *network.Network, b *tasks.Batch, p Plasticity) {
	c.forward(net, b)
	for q := range c.one.Rows {
		c.one.Row(q)[0] = 1
	}
	c.wake()
	c.sleep()

	fill(c.phase, 1)
	c.biasSig.Batch = b.N
	for l := range c.biases {
		c.biasSig.Values[rulespace.SigPre], c.biasSig.Values[rulespace.SigErrPre] = c.awake[l], c.wakeErr[l]
		p.PresentFeedback(&c.biases[l], &c.biasSig)
	}
	c.show(c.awake, c.awakePot)
	c.bindErrors(c.zero, c.wakeErr)
	c.present(p)

	fill(c.phase, -1)
	c.show(c.dream, c.dreamPot)
	c.bindErrors(c.sleepErr, c.zero)
	c.present(p)
}

func (c *helmholtz) bindErrors(err, errPre []*vec.Matrix) {
	for l := range c.conns {
		v := &c.conns[l].sig.Values
		v[rulespace.SigErr], v[rulespace.SigErrPre] = err[l+1], errPre[l]
	}
}

// wake samples the layers from the input and compares them with what is
// generated from the layer above.
func (c *helmholtz) wake() {
	last := len(c.conns)
	c.awake[0].CopyFrom(c.net.Act[0])
	for l := range last {
		c.forwardThrough(l, c.awakePot[l+1], c.awake[l])
		c.net.Activate(l+1, c.awake[l+1], c.awakePot[l+1])
		c.flip(c.awake[l+1])
	}
	for l := last; l >= 0; l-- {
		miss := c.wakeErr[l]
		c.generate(l, miss, c.awake)
		difference(miss, c.awake[l], miss)
	}
}

// sleep samples the layers from the top and compares them with what is
// recognised from the layer below.
func (c *helmholtz) sleep() {
	last := len(c.conns)
	for l := last; l >= 0; l-- {
		c.generate(l, c.dream[l], c.dream)
		if l == 0 && c.gaussianInput {
			for q := range c.dream[0].Rows {
				x := c.dream[0].Row(q)
				for j := range x {
					x[j] += float32(c.stream.Normal())
				}
			}
			continue
		}
		c.flip(c.dream[l])
	}
	for l := 1; l <= last; l++ {
		c.forwardThrough(l-1, c.dreamPot[l], c.dream[l-1])
		c.net.Activate(l, c.sleepErr[l], c.dreamPot[l])
		difference(c.sleepErr[l], c.dream[l], c.sleepErr[l])
	}
}

// generate sets dst to the means of layer l given the states of the one above.
func (c *helmholtz) generate(l int, dst *vec.Matrix, states []*vec.Matrix) {
	if l < len(c.conns) {
		c.mulTB(dst, states[l+1], c.generative[l])
	} else {
		dst.Zero()
	}
	bias := c.biases[l].W
	for q := range dst.Rows {
		x := dst.Row(q)
		for j := range x {
			x[j] += bias.Data[j*bias.Stride]
		}
		if l > 0 || !c.gaussianInput {
			vec.Sigmoid(x, x)
		}
	}
}

// flip makes each element 1 with the probability that it holds, else 0.
func (c *helmholtz) flip(m *vec.Matrix) {
	for q := range m.Rows {
		flip(c.stream, m.Row(q))
	}
}

// difference sets dst to a − b, which may be dst.
func difference(dst, a, b *vec.Matrix) {
	for q := range dst.Rows {
		vec.SubVV(dst.Row(q), a.Row(q), b.Row(q))
	}
}
