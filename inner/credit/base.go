package credit

import (
	"math"

	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/fmath"
	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/tasks"
)

// local are the signals that follow from a connection's own activities and
// weights, which every circuit provides:
//
//	pre, post      activities
//	pot            potential of the postsynaptic units
//	dpost          derivative of their activation
//	pre_trace      m ← m + (x − m)/min(t, Tau) with x = pre, t the presentation
//	post_trace     the same with x = post
//	theta          the same with x = post² and ThetaTau
//	elig           the same with x = pre·post and EligTau, per synapse
//	comp           softmax of Competition·pot over the layer
//	recon          Σ_k post_k·w_jk
//	lower          Σ_{k<i} post_k·w_jk; only in batches of one sample
//	norm_w         √Σ_j w_ji²
//	mean_post      mean of post over the layer
//	goodness       mean of post² over the layer
//	max_dw         largest |Δw| of the connection at the last step, 0 at first
//	w, w0, step    weight, weight at the start, number of the update from 1
//
// The running means include the sample at hand, average over a batch, and are
// plain means until t reaches the time constant.
//
// At a convolution each position of each sample is presented as a sample is
// elsewhere: pre is the patch, the layer are the filters at that position, and
// the means over a batch that traces and rules take are over positions too.
var local = rulespace.Signals(
	rulespace.SigPre, rulespace.SigPost, rulespace.SigPot, rulespace.SigDPost,
	rulespace.SigPreTrace, rulespace.SigPostTrace, rulespace.SigTheta, rulespace.SigElig,
	rulespace.SigComp, rulespace.SigRecon, rulespace.SigLower, rulespace.SigNormW,
	rulespace.SigMeanPost, rulespace.SigGoodness, rulespace.SigMaxDW,
	rulespace.SigW, rulespace.SigW0, rulespace.SigStep)

// ofTotals adds to needs the signals that totals are made of, sums over a
// layer which circuits with credit may provide:
//
//	sum_post      Σ_i post_i
//	credit_pot    Σ_i err_i·pot_i: in a layer without biases Σ_ij err_i·w_ji·pre_j
//	credit_recon  Σ_j err_pre_j·recon_j = Σ_ij post_i·w_ji·err_pre_j
//
// They are what is not elementwise in the pool of N. Shervani-Tabar and
// R. Rosenbaum, Nat. Commun. 14 (2023).
func ofTotals(needs rulespace.SignalSet) rulespace.SignalSet {
	if needs.Has(rulespace.SigCreditPot) {
		needs |= rulespace.Signals(rulespace.SigErr)
	}
	if needs.Has(rulespace.SigCreditRecon) {
		needs |= rulespace.Signals(rulespace.SigErrPre, rulespace.SigRecon)
	}
	return needs
}

// free are the local signals that cost nothing at a presentation.
var free = rulespace.Signals(
	rulespace.SigPre, rulespace.SigPost, rulespace.SigPot, rulespace.SigW, rulespace.SigW0, rulespace.SigStep)

// base computes the local signals; the circuits embed it.
type base struct {
	options option.Values
	entry   Entry
	net     *network.Network
	buffers *network.Buffers
	conns   []presenter
	input   vec.Matrix
	target  vec.Matrix
	step    *vec.Matrix
	steps   int
	shown   int // presentations of each connection so far
	cost    Cost
	once    float64 // multiply-adds of a sample's forward pass
	folds   bool    // a connection has a fold

	tau, thetaTau, eligTau float64
	competition            float32
}

// presenter holds what one connection presents.
type presenter struct {
	conn    *network.Connection
	needs   rulespace.SignalSet
	derived rulespace.SignalSet // local signals to compute at each presentation
	sig     Signals
	act     *vec.Matrix // activities of the postsynaptic units, for dpost
	product *vec.Matrix // batch mean of pre·post, for elig
	before  *vec.Matrix // weights at the last step, for max_dw
	fold    *fold       // of convolutions whose credit is computed
}

func (b *base) init(needs Needs) {
	o := b.options
	b.tau, b.thetaTau, b.eligTau = o.Float("tau"), o.Float("theta_tau"), o.Float("elig_tau")
	b.competition = float32(o.Float("competition"))
	b.buffers = network.NewBuffers(b.net.MaxBatch())
	b.conns = make([]presenter, len(b.net.Conns))
	for l, c := range b.net.Conns {
		p := &b.conns[l]
		p.conn, p.needs, p.act = c, ofTotals(needs.Of(c)), c.Post
		p.derived = (p.needs & (local | totals)).Minus(free)
		b.once += float64(float64(c.Positions) * float64(c.In) * float64(c.Out))
		v := &p.sig.Values
		v[rulespace.SigPre], v[rulespace.SigPost], v[rulespace.SigPot] = c.Pre, c.Post, c.Pot
		if c.Output {
			v[rulespace.SigTarget] = &b.target
			if o.On("clamp") {
				v[rulespace.SigPost] = &b.target
			}
		}
		for _, s := range p.derived.List() {
			switch s.Info().Scope {
			case rulespace.Pre:
				v[s] = b.rows(c, c.In)
			case rulespace.Post:
				v[s] = b.rows(c, c.Out)
			case rulespace.Synapse:
				v[s] = b.synapses(c.In, c.Out)
			default:
				v[s] = b.buffers.GlobalOf(c.Positions)
			}
		}
		if p.needs.Has(rulespace.SigElig) && b.net.MaxBatch()*c.Positions > 1 {
			p.product = b.synapses(c.In, c.Out)
		}
		if p.needs.Has(rulespace.SigMaxDW) {
			p.before = b.synapses(c.In, c.Out)
			p.before.CopyFrom(c.W)
		}
		if p.needs.Has(rulespace.SigW0) {
			w0 := b.synapses(c.In, c.Out)
			w0.CopyFrom(c.W)
			v[rulespace.SigW0] = w0
		}
		if p.needs.Has(rulespace.SigStep) {
			if b.step == nil {
				b.step = b.buffers.GlobalOf(b.positions())
			}
			v[rulespace.SigStep] = b.step
		}
	}
	b.setBatch(b.net.MaxBatch())
}

func (b *base) Provides() rulespace.SignalSet { return b.entry.Provides }

// Cost implements Circuit.
func (b *base) Cost() Cost { return b.cost }

// units returns a zero matrix of batch×cols that follows the batch.
func (b *base) units(cols int) *vec.Matrix {
	b.cost.UnitBytes += 4 * cols
	return b.buffers.Matrix(cols)
}

// rows returns a zero matrix with the rows that connection c presents.
func (b *base) rows(c *network.Connection, cols int) *vec.Matrix {
	b.cost.UnitBytes += 4 * cols * c.Positions
	return b.buffers.MatrixOf(c.Positions, cols)
}

// synapses returns a zero matrix for something that every synapse has.
func (b *base) synapses(in, out int) *vec.Matrix {
	b.cost.SynapseBytes += 4 * in * out
	return vec.New(in, out)
}

// count adds the multiply-adds of rows samples through a matrix.
func (b *base) count(rows, in, out int) {
	b.cost.MultiplyAdds += float64(float64(rows) * float64(in) * float64(out))
}

// forwardThrough sets dst to the potentials behind connection l for the
// activities src before it.
func (b *base) forwardThrough(l int, dst, src *vec.Matrix) {
	c := b.net.Conns[l]
	b.count(src.Rows, c.In, c.Out)
	c.Array.Forward(dst, src)
	b.net.AddBias(l, dst)
}

// backThrough sends src, one value per unit behind connection l, back through
// its transposed weights.
func (b *base) backThrough(l int, dst, src *vec.Matrix) {
	c := b.net.Conns[l]
	b.count(src.Rows, c.In, c.Out)
	c.Array.Backward(dst, src)
}

// mulTB sets dst to src·mᵀ: from the upper to the lower units of m.
func (b *base) mulTB(dst, src, m *vec.Matrix) {
	b.count(src.Rows, m.Rows, m.Cols)
	vec.MulTB(dst, src, m)
}

// mul sets dst to src·m: from the lower to the upper units of m.
func (b *base) mul(dst, src, m *vec.Matrix) {
	b.count(src.Rows, m.Rows, m.Cols)
	vec.Mul(dst, src, m)
}

func (b *base) setBatch(n int) {
	b.buffers.Resize(n)
	for l := range b.conns {
		b.conns[l].sig.Batch = n * b.conns[l].conn.Positions
	}
}

// forward runs the network on the batch.
func (b *base) forward(net *network.Network, batch *tasks.Batch) {
	x := b.begin(net, batch)
	b.cost.MultiplyAdds += float64(float64(batch.N) * b.once)
	net.Forward(x)
}

// begin takes in a batch and returns its inputs. Circuits that do not run the
// network forward give them to its Load instead.
func (b *base) begin(net *network.Network, batch *tasks.Batch) *vec.Matrix {
	if net != b.net {
		panic("credit: Learn: the circuit was made for another network")
	}
	x := batch.X
	if x.Rows != batch.N {
		b.input = x.Head(batch.N)
		x = &b.input
	}
	if y := batch.Y; y != nil {
		// Head, without waiting for a copy of what has just been written.
		t := &b.target
		t.Rows, t.Cols, t.Stride, t.Data = batch.N, y.Cols, y.Stride, y.Data[:batch.N*y.Stride]
	}
	if batch.N*b.conns[0].conn.Positions != b.conns[0].sig.Batch {
		b.setBatch(batch.N)
	}
	b.steps++
	if b.step != nil {
		fill(b.step, float32(b.steps))
	}
	b.cost.Samples += batch.N
	return x
}

// show makes the connections present these activities and potentials, by
// layer.
func (b *base) show(act, pot []*vec.Matrix) {
	for l := range b.conns {
		p := &b.conns[l]
		v := &p.sig.Values
		v[rulespace.SigPre], v[rulespace.SigPot] = act[l], pot[l+1]
		p.act = act[l+1]
		if !p.conn.Output || !b.options.On("clamp") {
			v[rulespace.SigPost] = act[l+1]
		}
	}
}

// phase makes a signal that is the same for all samples and connections.
func (b *base) phase(s rulespace.Signal) *vec.Matrix {
	m := b.buffers.Global()
	for l := range b.conns {
		b.conns[l].sig.Values[s] = m
	}
	return m
}

// present presents every connection, from the input to the output.
func (b *base) present(p Plasticity) {
	b.shown++
	for l := range b.conns {
		b.presentOne(l, p)
	}
}

// presentOne presents connection l.
func (b *base) presentOne(l int, p Plasticity) {
	c := &b.conns[l]
	if c.derived != 0 {
		b.derive(c)
	}
	p.Present(c.conn, &c.sig)
}

// derive computes the signals of c that are not there already.
func (b *base) derive(c *presenter) {
	v := &c.sig.Values
	pre, post, w := v[rulespace.SigPre], v[rulespace.SigPost], c.conn.W
	for left := c.derived; left != 0; left &= left - 1 {
		s := first(left)
		switch dst := v[s]; s {
		case rulespace.SigDPost:
			b.net.Derivative(c.conn.Index+1, dst, c.act)
		case rulespace.SigPreTrace:
			trace(dst, pre, b.rate(b.tau))
		case rulespace.SigPostTrace:
			trace(dst, post, b.rate(b.tau))
		case rulespace.SigTheta:
			traceSquare(dst, post, b.rate(b.thetaTau))
		case rulespace.SigElig:
			traceProduct(dst, pre, post, c.product, b.rate(b.eligTau))
		case rulespace.SigComp:
			vec.SoftmaxRows(dst, v[rulespace.SigPot], b.competition)
		case rulespace.SigRecon:
			b.count(post.Rows, c.conn.In, c.conn.Out)
			c.conn.Array.Backward(dst, post)
		case rulespace.SigLower:
			lower(dst, post.Row(0), w)
		case rulespace.SigNormW:
			norms(dst, w)
		case rulespace.SigMeanPost:
			for i := range post.Rows {
				dst.Data[i] = vec.Sum(post.Row(i)) / float32(post.Cols)
			}
		case rulespace.SigGoodness:
			for i := range post.Rows {
				dst.Data[i] = vec.Dot(post.Row(i), post.Row(i)) / float32(post.Cols)
			}
		case rulespace.SigSumPost:
			for i := range post.Rows {
				dst.Data[i] = vec.Sum(post.Row(i))
			}
		case rulespace.SigCreditPot:
			dots(dst, v[rulespace.SigErr], v[rulespace.SigPot])
		case rulespace.SigCreditRecon:
			dots(dst, v[rulespace.SigErrPre], v[rulespace.SigRecon])
		case rulespace.SigMaxDW:
			fill(dst, largestChange(c.before, w))
			c.before.CopyFrom(w)
		}
	}
}

// rate is the weight of the newest sample in a running mean.
func (b *base) rate(tau float64) float32 { return float32(1 / math.Min(float64(b.shown), tau)) }

// trace moves the running mean m, the same in every row, towards the batch
// mean of x.
func trace(m, x *vec.Matrix, rate float32) {
	state := m.Row(0)
	for j := range state {
		sum := float32(0)
		for i := range x.Rows {
			sum += x.Data[i*x.Stride+j]
		}
		state[j] += float32(rate * (sum/float32(x.Rows) - state[j]))
	}
	repeat(m)
}

func traceSquare(m, x *vec.Matrix, rate float32) {
	state := m.Row(0)
	for j := range state {
		sum := float32(0)
		for i := range x.Rows {
			v := x.Data[i*x.Stride+j]
			sum += float32(v * v)
		}
		state[j] += float32(rate * (sum/float32(x.Rows) - state[j]))
	}
	repeat(m)
}

// repeat copies the first row of m to all others.
func repeat(m *vec.Matrix) {
	for i := 1; i < m.Rows; i++ {
		copy(m.Row(i), m.Row(0))
	}
}

// traceProduct moves e towards the batch mean of pre·post; product is scratch
// for batches of more than one sample.
func traceProduct(e, pre, post, product *vec.Matrix, rate float32) {
	n := float32(pre.Rows)
	if pre.Rows > 1 {
		product.Zero()
		vec.MulTA(product, pre, post)
	}
	for j := range e.Rows {
		row := e.Row(j)
		if pre.Rows > 1 {
			for i, v := range product.Row(j)[:len(row)] {
				row[i] += float32(rate * (v/n - row[i]))
			}
			continue
		}
		x := pre.Data[j]
		for i, y := range post.Row(0)[:len(row)] {
			row[i] += float32(rate * (float32(x*y) - row[i]))
		}
	}
}

// lower sets dst[j][i] = Σ_{k<i} post_k·w_jk.
func lower(dst *vec.Matrix, post []float32, w *vec.Matrix) {
	for j := range w.Rows {
		d, row := dst.Row(j), w.Row(j)
		sum := float32(0)
		for i, x := range row {
			d[i] = sum
			sum += float32(post[i] * x)
		}
	}
}

// dots sets dst to the product of each row of a with that of b.
func dots(dst, a, b *vec.Matrix) {
	for i := range a.Rows {
		dst.Data[i] = vec.Dot(a.Row(i), b.Row(i))
	}
}

// norms sets every row of dst to the norms of the columns of w.
func norms(dst, w *vec.Matrix) {
	d := dst.Row(0)
	clear(d)
	for j := range w.Rows {
		for i, x := range w.Row(j)[:len(d)] {
			d[i] += float32(x * x)
		}
	}
	for i, x := range d {
		d[i] = fmath.Sqrt32(x)
	}
	repeat(dst)
}

func largestChange(before, after *vec.Matrix) float32 {
	most := float32(0)
	for j := range after.Rows {
		b := before.Row(j)
		for i, x := range after.Row(j)[:len(b)] {
			if d := fmath.Abs32(x - b[i]); d > most {
				most = d
			}
		}
	}
	return most
}

func fill(m *vec.Matrix, v float32) {
	for i := range m.Row(0) {
		m.Data[i] = v
	}
}
