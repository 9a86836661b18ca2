package credit

import (
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/fmath"
	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

var hopfieldEntry = Entry{
	Name: "hopfield", Title: "Hopfield network over the last hidden layer and the output",
	Doc: "binary units, all connected to all, given the signs of what the last hidden layer (or the input) does and of the target, which a rule may store; " +
		"a rule's dfb changes the weights within the two groups. The target is stored whether clamp is set or not. Prediction completes the pattern. It is a memory and no classifier: it holds about 0.14 patterns per unit, not the samples of a training set",
	Provides: local, Output: target, Feedback: true, OwnFeedback: rulespace.Signals(rulespace.SigPre, rulespace.SigPost),
	Supervised: true, Passes: 1, Settles: true,
	Options: []option.Option{
		option.Int("sweeps", "20", 1, 1e6, "sweeps over the units until a state counts as settled; it ends before where none changes"),
		option.Choice("cue", "held", []string{"held", "free"}, "in a prediction the units below the output stay as they are given, or settle with it"),
		option.Float("threshold", "0", -1e9, 1e9, "activity above which a unit below the output is 1, else −1"),
	},
	Reference: "J. J. Hopfield, PNAS 79:2554 (1982)",
	fits:      fitsHopfield,
	make:      newHopfield,
}

func fitsHopfield(net network.Config, _ int, _ option.Values) error {
	net, err := net.Resolve()
	if err != nil {
		return err
	}
	if net.Output.Name != "linear" {
		return configErrorf("a Hopfield network answers with the potentials of its outputs: use linear, not %v", net.Output)
	}
	return nil
}

// hopfield is a Hopfield network of n units: those below the output, s, and
// those of the output, y. Its weights are the network's last connection, in
// both directions, and two matrices within the groups, which start at 0. The
// diagonal stays 0. What lies below s runs forward.
//
//	stored     ξ = (s, y),  s = sign(h_{L−1} − θ), y = sign(t − ½)
//	Δw_ij      = η·ξ_i·ξ_j                       w_ij = w_ji, η = 1/n in the source
//	settling   ξ_i ← sign(Σ_j w_ij·ξ_j)          one unit after another
//
//	ξ  state of a unit, 1 or −1; 0 is not known yet    [rate]
//	θ  option threshold                                [rate]
//	t  target                                          [rate]
//
// A unit whose sum is 0 stays. As w is symmetric, no step raises the energy
// −½Σ w_ij·ξ_i·ξ_j. The factor η scales all sums alike, and recall does not
// depend on it.
//
// The matrices within the groups are presented as feedback weights with
// pre = post, those of s first. A prediction starts with the outputs unknown
// and the rest as given; it is what the outputs' potentials are in the end,
// over the largest of them, since of several labels all or none may be 1.
//
// J. J. Hopfield, PNAS 79:2554 (1982).
type hopfield struct {
	*base
	sweeps    int
	free      bool
	threshold float32
	learning  memoryState
	drive     *vec.Matrix // potentials of the outputs given s
	within    [2]Feedback // of s and of the outputs
	frames    [2]Signals

	eval, recalled prediction
	recalling      memoryState
	act, pot       []*vec.Matrix // of a prediction, by layer, up to the last hidden one
	joint          *vec.Matrix
}

// memoryState is a batch of states.
type memoryState struct {
	s, y       *vec.Matrix // units below the output and of the output
	sPot, yPot *vec.Matrix // their potentials
}

func newHopfield(b *base, _ key.Key) Circuit {
	o := b.options
	last := len(b.conns) - 1
	p := &b.conns[last]
	conn := p.conn
	c := &hopfield{base: b, sweeps: o.Int("sweeps", 20), free: o.Text("cue") == "free", threshold: float32(o.Float("threshold")),
		learning: memoryState{s: b.units(conn.In), y: conn.Post}, drive: b.units(conn.Out)}
	v := &p.sig.Values
	v[rulespace.SigPre], v[rulespace.SigPost], v[rulespace.SigPot] = c.learning.s, c.learning.y, c.drive
	p.act = c.learning.y
	for i, m := range []*vec.Matrix{c.learning.s, c.learning.y} {
		c.within[i] = Feedback{Index: i, Conn: conn, W: b.synapses(m.Cols, m.Cols)}
		f := &c.frames[i].Values
		f[rulespace.SigPre], f[rulespace.SigPost] = m, m
	}
	return c
}

func (c *hopfield) Learn(net *network.Network, b *tasks.Batch, p Plasticity) {
	net.Load(c.begin(net, b))
	last := len(c.conns) - 1
	for l := range last {
		c.forwardThrough(l, net.Pot[l+1], net.Act[l])
		net.Activate(l+1, net.Act[l+1], net.Pot[l+1])
	}
	binary(c.learning.s, net.Act[last], c.threshold)
	binary(c.learning.y, &c.target, 0.5)
	c.forwardThrough(last, c.drive, c.learning.s)
	for i := range c.within {
		f := &c.within[i]
		c.frames[i].Batch = b.N
		p.PresentFeedback(f, &c.frames[i])
		for k := range f.W.Rows {
			f.W.Row(k)[k] = 0
		}
	}
	c.present(p)
}

// binary sets dst to 1 where x is above a threshold, else to −1.
func binary(dst, x *vec.Matrix, threshold float32) {
	for i := range x.Rows {
		d := dst.Row(i)
		for j, v := range x.Row(i) {
			d[j] = -1
			if v > threshold {
				d[j] = 1
			}
		}
	}
}

// settle updates outputs and, unless they are held, the units below in turn
// until none changes, then takes the potentials of the outputs.
func (c *hopfield) settle(st *memoryState, held bool) {
	last := len(c.conns) - 1
	for range c.sweeps {
		c.forwardThrough(last, st.yPot, st.s)
		changed := c.update(st.y, st.yPot, c.within[1].W)
		if !held {
			c.backThrough(last, st.sPot, st.y)
			changed = c.update(st.s, st.sPot, c.within[0].W) || changed
		}
		if !changed {
			break
		}
	}
	c.forwardThrough(last, st.yPot, st.s)
	for q := range st.y.Rows {
		for j, x := range st.y.Row(q) {
			vec.Axpy(st.yPot.Row(q), x, c.within[1].W.Row(j))
		}
	}
}

// update makes the units of a group agree, one after another, with their
// potentials, which begin at what the other group drives them with, and
// reports whether one has changed.
func (c *hopfield) update(state, pot, w *vec.Matrix) bool {
	changed := false
	for q := range state.Rows {
		x, u := state.Row(q), pot.Row(q)
		for j, v := range x {
			if v != 0 {
				vec.Axpy(u, v, w.Row(j))
			}
		}
		for i := range x {
			new := x[i]
			switch {
			case u[i] > 0:
				new = 1
			case u[i] < 0:
				new = -1
			}
			if new != x[i] {
				vec.Axpy(u, new-x[i], w.Row(i))
				x[i], changed = new, true
			}
		}
	}
	return changed
}

// Outputs implements Predictor.
func (c *hopfield) Outputs(x *vec.Matrix) *vec.Matrix {
	c.prepareRecall()
	cost := c.cost // that of learning
	out := c.eval.outputs(x, c.net.Conns[len(c.conns)-1].Out, c)
	c.cost = cost
	return out
}

func (c *hopfield) predict(x *vec.Matrix) *vec.Matrix {
	c.act[0] = x
	last := len(c.conns) - 1
	for l := range last {
		c.forwardThrough(l, c.pot[l+1], c.act[l])
		c.net.Activate(l+1, c.act[l+1], c.pot[l+1])
	}
	st := &c.recalling
	binary(st.s, c.act[last], c.threshold)
	for q := range x.Rows {
		clear(st.y.Row(q))
	}
	c.settle(st, !c.free)
	for q := range x.Rows {
		u := st.yPot.Row(q)
		most := float32(0)
		for _, v := range u {
			most = max(most, fmath.Abs32(v))
		}
		if most > 0 {
			for i := range u {
				u[i] /= most
			}
		}
	}
	return st.yPot
}

// Recall returns the states that whole states settle to, the units below the
// output first; 0 is a unit that is not known. They are valid until the next
// call.
func (c *hopfield) Recall(cues *vec.Matrix) *vec.Matrix {
	c.prepareRecall()
	cost := c.cost
	c.recalled.buffers = c.eval.buffers
	out := c.recalled.outputs(cues, cues.Cols, recallPass{c})
	c.cost = cost
	return out
}

// recallPass settles whole states.
type recallPass struct{ *hopfield }

func (c recallPass) predict(x *vec.Matrix) *vec.Matrix {
	st := &c.recalling
	for q := range x.Rows {
		n := copy(st.s.Row(q), x.Row(q))
		copy(st.y.Row(q), x.Row(q)[n:])
	}
	c.settle(st, false)
	for q := range x.Rows {
		row := c.joint.Row(q)
		copy(row[copy(row, st.s.Row(q)):], st.y.Row(q))
	}
	return c.joint
}

func (c *hopfield) prepareRecall() {
	if c.eval.buffers != nil {
		return
	}
	b := network.NewBuffers(predictRows)
	c.eval.buffers = b
	top := c.net.Conns[len(c.conns)-1]
	c.recalling = memoryState{s: b.Matrix(top.In), y: b.Matrix(top.Out), sPot: b.Matrix(top.In), yPot: b.Matrix(top.Out)}
	c.joint = b.Matrix(top.In + top.Out)
	c.act, c.pot = []*vec.Matrix{nil}, []*vec.Matrix{nil}
	for _, conn := range c.net.Conns[:len(c.conns)-1] {
		c.act, c.pot = append(c.act, b.Matrix(conn.Out)), append(c.pot, b.Matrix(conn.Out))
	}
}
