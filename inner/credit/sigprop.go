package credit

import (
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

var sigpropEntry = Entry{
	Name: "sigprop", Title: "signal propagation",
	Doc: "targets, made into inputs by a random projection, run through the same layers; err draws samples and targets of one class together in every layer, " +
		"first for the samples, then for the targets. The output connection has the credit of the loss for the samples, none for the targets",
	Provides: local | rulespace.Signals(rulespace.SigErr), Output: target, Supervised: true, Passes: 2, Phases: 2,
	Locality: []string{BatchCoupling},
	Options: []option.Option{
		option.Float("gain", "1", 1e-9, 1e9, "κ, factor on the similarities in the softmax"),
		option.Float("target_scale", "1", 1e-9, 1e9, "factor on the random projection of targets, which is drawn as fresh glorot weights are"),
		option.Choice("predict", "readout", []string{"readout", "similarity"},
			"how to classify: by the output, or by the target that the last hidden layer is most similar to"),
	},
	Reference: "A. Kohan, E. Rietman, H. Siegelmann, IEEE Trans. Neural Netw. Learn. Syst. (2023), arXiv:2204.01723",
	fits: func(_ network.Config, batch int, _ option.Values) error {
		if batch < 2 {
			return configErrorf("signal propagation compares the samples of a batch: use batch 2 or more")
		}
		return nil
	},
	make: newSigprop,
}

// sigprop is signal propagation: each layer learns on its own, forward only,
// from the similarity of samples and targets that run through it alike.
//
//	h_l = f(W_l h_{l−1} + b_l),  t_l = f(W_l t_{l−1} + b_l),  t_0 = P y
//	S = κ·H_l T_lᵀ               samples × targets of the batch
//	A = softmax(S) − Y           Y_qk = 1/(number in the class of q) where q and k share a class, else 0
//	c_q = −κ·f'(h_q) ⊙ Σ_k A_qk t_k,  c'_k = −κ·f'(t_k) ⊙ Σ_q A_qk h_q
//	ΔW_l = η·(Σ_q c_q h_{q,l−1}ᵀ + Σ_k c'_k t_{k,l−1}ᵀ)/batch
//
//	h_l, t_l  activities of a layer for samples and targets    [rate]
//	c, c'     credit of both, presented as err                 [err]
//
// This is the gradient of the cross-entropy between softmax(S) and Y for each
// layer, its inputs given. The class of a sample is its largest target. The
// output connection is trained by the loss of the network. Departure from the
// paper: there is a target for each sample of the batch, so that a class counts
// as often as it occurs.
//
// A. Kohan, E. Rietman, H. Siegelmann, arXiv:2204.01723.
type sigprop struct {
	*base
	act, pot     []*vec.Matrix // of the targets, by layer
	credit       []*vec.Matrix // of the samples, by layer from 1
	counter      []*vec.Matrix // of the targets, by layer from 1
	projection   *vec.Matrix   // P
	similarity   *vec.Matrix   // samples × targets
	classes      []int
	members      []float32 // samples of each class in the batch
	gain         float32
	bySimilarity bool
	prediction
	classAct, classPot []*vec.Matrix // of the target of each class, by layer
	sampleAct          []*vec.Matrix // of a block, by layer
	scores             *vec.Matrix
}

func newSigprop(b *base, k key.Key) Circuit {
	o := b.options
	last := len(b.conns)
	in, out, rows := b.net.Conns[0].In, b.net.Conns[last-1].Out, b.net.MaxBatch()
	c := &sigprop{base: b, act: []*vec.Matrix{b.units(in)}, pot: []*vec.Matrix{nil}, credit: []*vec.Matrix{nil}, counter: []*vec.Matrix{nil},
		projection: vec.New(out, in), similarity: vec.New(rows, rows), classes: make([]int, rows), members: make([]float32, out),
		gain: float32(o.Float("gain")), bySimilarity: o.Text("predict") == "similarity" && last > 1}
	network.Initialise(c.projection, "glorot", o.Float("target_scale"), k.Child("feedback", 0))
	for _, conn := range b.net.Conns {
		c.act, c.pot = append(c.act, b.units(conn.Out)), append(c.pot, b.units(conn.Out))
		c.credit, c.counter = append(c.credit, b.units(conn.Out)), append(c.counter, b.units(conn.Out))
	}
	return c
}

func (c *sigprop) Learn(net *network.Network, b *tasks.Batch, p Plasticity) {
	c.forward(net, b)
	last := len(c.conns)
	c.mul(c.act[0], &c.target, c.projection)
	for l := range c.conns {
		c.forwardThrough(l, c.pot[l+1], c.act[l])
		net.Activate(l+1, c.act[l+1], c.pot[l+1])
	}
	c.classify()
	for l := 1; l < last; l++ {
		c.compare(l)
	}
	net.OutputCredit(c.credit[last], &c.target)

	c.show(net.Act, net.Pot)
	c.bindErr(c.credit)
	c.present(p)
	c.show(c.act, c.pot)
	c.bindErr(c.counter)
	c.present(p)
}

func (c *sigprop) bindErr(credit []*vec.Matrix) {
	for l := range c.conns {
		c.conns[l].sig.Values[rulespace.SigErr] = credit[l+1]
	}
}

// classify notes the class of each sample and makes the similarities as large
// as the batch.
func (c *sigprop) classify() {
	rows := c.target.Rows
	clear(c.members)
	for q := range rows {
		c.classes[q] = largest(c.target.Row(q))
		c.members[c.classes[q]]++
	}
	if s := c.similarity; s.Rows != rows {
		clear(s.Data) // what lies between rows has to be zero
		s.Rows, s.Cols = rows, rows
	}
}

// compare computes the credit of samples and targets in a layer.
func (c *sigprop) compare(l int) {
	h, t, s := c.net.Act[l], c.act[l], c.similarity
	c.mulTB(s, h, t)
	for q := range s.Rows {
		row := s.Row(q)
		network.Softmax(row, row, c.gain)
		share := 1 / c.members[c.classes[q]]
		for k, p := range row {
			row[k] = -p
			if c.classes[k] == c.classes[q] {
				row[k] += share
			}
			row[k] *= c.gain
		}
	}
	c.mul(c.credit[l], s, t)
	c.counter[l].Zero()
	c.count(s.Rows, s.Cols, h.Cols)
	vec.MulTA(c.counter[l], s, h)
	c.net.Damp(l, c.credit[l], h)
	c.net.Damp(l, c.counter[l], t)
}

// Outputs implements Predictor.
func (c *sigprop) Outputs(x *vec.Matrix) *vec.Matrix {
	if !c.bySimilarity {
		return c.net.Outputs(x)
	}
	cost := c.cost // that of learning
	last := len(c.conns)
	if c.scores == nil {
		c.prediction.buffers = network.NewBuffers(predictRows)
		c.classAct, c.classPot = []*vec.Matrix{c.projection}, []*vec.Matrix{nil}
		c.sampleAct = []*vec.Matrix{nil}
		for _, conn := range c.net.Conns[:last-1] {
			c.classAct, c.classPot = append(c.classAct, vec.New(c.projection.Rows, conn.Out)), append(c.classPot, vec.New(c.projection.Rows, conn.Out))
			c.sampleAct = append(c.sampleAct, c.prediction.buffers.Matrix(conn.Out))
		}
		c.scores = c.prediction.buffers.Matrix(c.projection.Rows)
	}
	for l := range last - 1 {
		c.forwardThrough(l, c.classPot[l+1], c.classAct[l])
		c.net.Activate(l+1, c.classAct[l+1], c.classPot[l+1])
	}
	out := c.outputs(x, c.projection.Rows, c)
	c.cost = cost
	return out
}

func (c *sigprop) predict(x *vec.Matrix) *vec.Matrix {
	c.sampleAct[0] = x
	top := len(c.conns) - 1
	for l := range top {
		c.forwardThrough(l, c.sampleAct[l+1], c.sampleAct[l])
		c.net.Activate(l+1, c.sampleAct[l+1], c.sampleAct[l+1])
	}
	c.mulTB(c.scores, c.sampleAct[top], c.classAct[top])
	for q := range x.Rows {
		network.Softmax(c.scores.Row(q), c.scores.Row(q), c.gain)
	}
	return c.scores
}
