package credit

import (
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

var lateralEntry = Entry{
	Name: "lateral", Title: "lateral inhibition",
	Doc:      "as none, with units of a hidden layer that inhibit each other until they have settled, by weights that a rule's dfb may change: pre and post of those are two units of the layer",
	Provides: local, Output: target, Feedback: true, OwnFeedback: rulespace.Signals(rulespace.SigPre, rulespace.SigPost),
	Passes: 21, Settles: true, Locality: []string{Settling},
	Options: []option.Option{
		option.Int("steps", "20", 1, 1e6, "steps of settling"),
		option.Float("rate", "0.2", 1e-9, 2, "step of settling; it has to stay below about 2/(1 + gain·|M|)"),
		option.Float("gain", "1", 1e-9, 1e9, "how much potentials grow with what drives them"),
		option.Switch("inhibit", "no", "lateral weights stay at or above zero: they never excite"),
	},
	Reference: "P. Földiák, Biol. Cybern. 64:165 (1990)",
	make:      newLateral,
}

// lateral adds weights M_l between the units of each hidden layer, or of the
// output in a network that has none. They start at zero, no unit inhibits
// itself, and activities settle with them before anything is presented:
//
//	a_l = W_l y_{l−1} + b_l
//	u_l ← u_l + γ(λ(a_l − M_l y_l) − u_l)      T times, from u_l = λa_l
//	y_l = f(u_l)                               linear units, λ = 1: y → (1 + M)⁻¹a
//
//	u_l, y_l  potentials and activities    [rate]
//	M_l,ki    how strongly k inhibits i    [1]
//	λ, γ, T   options gain, rate, steps    [1]
//
// M_l is presented as feedback weights with pre = post = y_l: a dfb of
// lr·post·pre makes units inhibit each other that are active together, the
// anti-Hebbian rule for −M, and ends where they are uncorrelated.
//
// P. Földiák, IJCNN I:401 (1989); Biol. Cybern. 64:165 (1990).
type lateral struct {
	*base
	steps      int
	rate, gain float32
	inhibit    bool
	inhibition []Feedback // by connection; W is nil where there is none
	frames     []Signals
	learning   lateralPass
	eval       prediction
	evaluating lateralPass
}

// lateralPass are the matrices of a pass, by layer.
type lateralPass struct {
	drive, pull []*vec.Matrix
	pot, act    []*vec.Matrix
}

func newLateral(b *base, _ key.Key) Circuit {
	o := b.options
	last := len(b.conns)
	c := &lateral{base: b, steps: o.Int("steps", 20), rate: float32(o.Float("rate")), gain: float32(o.Float("gain")), inhibit: o.On("inhibit"),
		inhibition: make([]Feedback, last), frames: make([]Signals, last),
		learning: lateralPass{make([]*vec.Matrix, last+1), make([]*vec.Matrix, last+1), b.net.Pot, b.net.Act}}
	for l := range max(1, last-1) {
		conn := b.net.Conns[l]
		c.learning.drive[l+1], c.learning.pull[l+1] = b.units(conn.Out), b.units(conn.Out)
		c.inhibition[l] = Feedback{Index: l, Conn: conn, W: vec.New(conn.Out, conn.Out)}
		b.cost.SynapseBytes += 4 * conn.Out * conn.Out
		v := &c.frames[l].Values
		v[rulespace.SigPre], v[rulespace.SigPost] = b.net.Act[l+1], b.net.Act[l+1]
	}
	return c
}

func (c *lateral) Learn(net *network.Network, b *tasks.Batch, p Plasticity) {
	net.Load(c.begin(net, b))
	for l, conn := range net.Conns {
		c.count(b.N, conn.In, conn.Out)
		if c.inhibition[l].W != nil {
			c.count(c.steps*b.N, conn.Out, conn.Out)
		}
	}
	c.run(&c.learning)
	for l := range c.inhibition {
		if f := &c.inhibition[l]; f.W != nil {
			c.frames[l].Batch = b.N
			p.PresentFeedback(f, &c.frames[l])
			c.restrain(f.W)
		}
	}
	c.present(p)
}

// restrain keeps units from inhibiting themselves and, with inhibit, from
// exciting others.
func (c *lateral) restrain(m *vec.Matrix) {
	for k := range m.Rows {
		row := m.Row(k)
		if c.inhibit {
			vec.MaxVS(row, row, 0)
		}
		row[k] = 0
	}
}

func (c *lateral) run(s *lateralPass) {
	for l, conn := range c.net.Conns {
		u, y := s.pot[l+1], s.act[l+1]
		conn.Array.Forward(u, s.act[l])
		c.net.AddBias(l, u)
		m := c.inhibition[l].W
		if m == nil {
			c.net.Activate(l+1, y, u)
			continue
		}
		drive, pull := s.drive[l+1], s.pull[l+1]
		drive.CopyFrom(u)
		vec.MulVS(whole(u), whole(u), c.gain)
		c.net.Activate(l+1, y, u)
		for range c.steps {
			vec.Mul(pull, y, m)
			vec.SubVV(whole(pull), whole(drive), whole(pull))
			vec.MulVS(whole(pull), whole(pull), c.gain)
			vec.SubVV(whole(pull), whole(pull), whole(u))
			vec.MulVS(whole(pull), whole(pull), c.rate)
			vec.AddVV(whole(u), whole(u), whole(pull))
			c.net.Activate(l+1, y, u)
		}
	}
}

// Outputs implements Predictor.
func (c *lateral) Outputs(x *vec.Matrix) *vec.Matrix {
	e := &c.evaluating
	if c.eval.buffers == nil {
		c.eval.buffers = network.NewBuffers(predictRows)
		e.drive, e.pull, e.pot, e.act = append(e.drive, nil), append(e.pull, nil), append(e.pot, nil), append(e.act, nil)
		for l, conn := range c.net.Conns {
			matrix := func() *vec.Matrix { return c.eval.buffers.Matrix(conn.Out) }
			pot := matrix()
			act := pot
			if c.net.Pot[l+1] != c.net.Act[l+1] {
				act = matrix()
			}
			e.drive, e.pull, e.pot, e.act = append(e.drive, matrix()), append(e.pull, matrix()), append(e.pot, pot), append(e.act, act)
		}
	}
	return c.eval.outputs(x, c.net.Conns[len(c.net.Conns)-1].Out, c)
}

func (c *lateral) predict(x *vec.Matrix) *vec.Matrix {
	c.evaluating.act[0] = x
	c.run(&c.evaluating)
	return c.evaluating.act[len(c.conns)]
}
