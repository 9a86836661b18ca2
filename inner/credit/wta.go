package credit

import (
	"math"

	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/fmath"
	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

var wtaEntry = Entry{
	Name: "wta", Title: "competing units",
	Doc:      "as none, with units of a layer that compete: comp is what is left of each, and inputs and activities may be scaled or cut by what the layer as a whole does",
	Provides: local, Output: target, Passes: 1, Settles: true,
	Options: []option.Option{
		option.Choice("compete", "soft", []string{"soft", "anti", "hard", "rank"},
			"what comp is: the softmax of competition·pot; the same with the sign changed for all but the winner; 1 for the winner alone; or 1 for the winner and −penalty for the unit of some rank"),
		option.Int("rank", "2", 2, 1e6, "rank of the unit that compete=rank punishes; a layer with fewer units punishes none"),
		option.Float("penalty", "0.4", 0, 1e9, "how much"),
		option.Switch("prior", "no", "biases of competing units enter the softmax, as logarithms of prior probabilities, instead of the potentials"),
		option.Switch("scale", "no", "comp is divided by the largest change of a weight that comp·(pre − pot·w) makes in the batch, so that with a rate of 1 that change is 1"),
		option.Switch("centre", "no", "the running mean of each unit, with time constant tau, is taken from the activities before each connection"),
		option.Float("length", "0", 0, 1e9, "Euclidean length that the activities before each connection are scaled to; 0 leaves them as they are"),
		option.Choice("transfer", "network", []string{"network", "triangle", "power"},
			"activities of hidden units: by the network's activation, (pot − its mean over the layer)₊^power, or pot₊^power"),
		option.Float("power", "1", 1e-3, 1e3, "that power"),
	},
	Reference: "T. Moraitis et al., Neuromorph. Comput. Eng. 2:044017 (2022)",
	make:      newWTA,
}

// wta makes the units of a layer compete, for rules that are gated by who
// wins. An output behind hidden layers competes too, but its activities and
// biases are those of any network.
//
//	x_l  = ℓ·h_l/|h_l|                                 ℓ > 0, else h_l; with centre h_l − ⟨h_l⟩ in place of h_l
//	u_l  = W_l x_{l−1} + b_l
//	soft   comp = softmax(βu)                          with prior: u = Wx, comp = softmax(βu + b)
//	anti   comp_i = ±softmax(βu)_i, + for the largest only
//	hard   comp_i = 1 for the largest u_i, else 0
//	rank   comp_i = 1 for the largest u_i, −Δ for the k-th largest, else 0
//	h_l  = f(u_l), or (u_l − ⟨u_l⟩)₊^p, or (u_l)₊^p
//
//	x_l, u_l, h_l  presynaptic activities, potentials, activities    [rate]
//	β, ℓ, k, Δ, p  options competition, length, rank, penalty, power
//
// Of units with equal potentials the first wins. With scale, comp is divided
// by max_ij |⟨comp_i·(x_j − u_i·w_ji)⟩| over the batch. Where all samples share
// a large mean, as pixels do, the first unit to learn it wins them all: centre
// takes it away.
//
// Soft competition and the prior: T. Moraitis et al., Neuromorph. Comput.
// Eng. 2:044017 (2022). Losers with the sign changed, the triangle and the
// scale of updates: A. Journé et al., ICLR (2023). Ranks: D. Krotov, J. J.
// Hopfield, PNAS 116:7723 (2019), in whose notation this is p = 2. The second
// standardises each unit over a batch before every layer; here centre takes
// its running mean from it and length scales each sample, which also works
// one sample at a time.
type wta struct {
	*base
	compete          string
	rank             int
	penalty          float32
	length, power    float32
	prior, scaled    bool
	prepared         bool        // presynaptic activities are not those of the layer below
	mean             [][]float32 // of the activities of each layer; nil unless centred
	triangle, custom bool        // custom: activities are not the network's
	updates          int
	learning         layers
	change           []*vec.Matrix // largest changes are looked for here, by connection
	decay            []float32     // scratch, a value for each unit
	comp             []*vec.Matrix
	top              []int // units by rank
	eval, hidden     prediction
	evaluating       layers
}

// layers are the matrices of a pass.
type layers struct {
	pre      []*vec.Matrix // by connection
	pot, act []*vec.Matrix // by layer
}

func newWTA(b *base, _ key.Key) Circuit {
	o := b.options
	c := &wta{base: b, compete: o.Text("compete"), rank: o.Int("rank", 2), penalty: float32(o.Float("penalty")),
		length: float32(o.Float("length")), power: float32(o.Float("power")), prior: o.On("prior"), scaled: o.On("scale"),
		triangle: o.Text("transfer") == "triangle", custom: o.Text("transfer") != "network"}
	if c.compete == "rank" {
		c.top = make([]int, c.rank)
	}
	c.prepared = c.length > 0 || o.On("centre")
	last := len(c.conns)
	c.change, c.comp = make([]*vec.Matrix, last), make([]*vec.Matrix, last)
	c.learning = layers{make([]*vec.Matrix, last), make([]*vec.Matrix, last+1), make([]*vec.Matrix, last+1)}
	copy(c.learning.pot, b.net.Pot)
	copy(c.learning.act, b.net.Act)
	for l := range c.conns {
		p := &c.conns[l]
		v := &p.sig.Values
		c.learning.pre[l] = b.net.Act[l]
		if c.prepared {
			c.learning.pre[l] = b.units(p.conn.In)
		}
		if o.On("centre") {
			c.mean = append(c.mean, make([]float32, p.conn.In))
		}
		if c.custom && !p.conn.Output {
			if b.net.Pot[l+1] == b.net.Act[l+1] { // linear units
				c.learning.pot[l+1] = b.units(p.conn.Out)
			}
			p.derived = p.derived.Minus(rulespace.Signals(rulespace.SigDPost))
		}
		v[rulespace.SigPre], v[rulespace.SigPot] = c.learning.pre[l], c.learning.pot[l+1]
		if p.needs.Has(rulespace.SigComp) {
			p.derived = p.derived.Minus(rulespace.Signals(rulespace.SigComp))
			c.comp[l] = v[rulespace.SigComp]
			if c.scaled {
				c.change[l] = b.synapses(p.conn.In, p.conn.Out)
				c.decay = make([]float32, max(len(c.decay), p.conn.Out))
			}
		}
	}
	return c
}

// priors reports whether the biases of connection l are prior probabilities.
func (c *wta) priors(l int) bool { return c.prior && (l < len(c.conns)-1 || l == 0) }

func (c *wta) Learn(net *network.Network, b *tasks.Batch, p Plasticity) {
	net.Load(c.begin(net, b))
	for _, conn := range net.Conns {
		c.count(b.N, conn.In, conn.Out)
	}
	c.updates++
	c.run(&c.learning, float32(1/math.Min(float64(c.updates), c.tau)))
	for l := range c.conns {
		if c.comp[l] != nil {
			c.judge(l)
		}
		if d := c.conns[l].sig.Values[rulespace.SigDPost]; d != nil && c.custom && l < len(c.conns)-1 {
			c.slopes(d, c.learning.act[l+1])
		}
	}
	c.present(p)
}

// run computes all layers from the activities of layer 0. Running means move
// by the given rate.
func (c *wta) run(s *layers, rate float32) {
	last := len(c.conns)
	for l, conn := range c.net.Conns {
		x := s.pre[l]
		if c.prepared {
			c.prepare(l, x, s.act[l], rate)
		}
		conn.Array.Forward(s.pot[l+1], x)
		if !c.priors(l) {
			c.net.AddBias(l, s.pot[l+1])
		}
		if l+1 == last || !c.custom {
			c.net.Activate(l+1, s.act[l+1], s.pot[l+1])
			continue
		}
		c.rectify(s.act[l+1], s.pot[l+1])
	}
}

// prepare sets dst to what connection l reads of the activities of its layer.
func (c *wta) prepare(l int, dst, act *vec.Matrix, rate float32) {
	if c.mean != nil && rate > 0 {
		m := c.mean[l]
		for j := range m {
			sum := float32(0)
			for i := range act.Rows {
				sum += act.Data[i*act.Stride+j]
			}
			m[j] += float32(rate * (sum/float32(act.Rows) - m[j]))
		}
	}
	for i := range act.Rows {
		x := dst.Row(i)
		copy(x, act.Row(i))
		if c.mean != nil {
			vec.SubVV(x, x, c.mean[l])
		}
		if c.length == 0 {
			continue
		}
		if norm := fmath.Sqrt32(vec.Dot(x, x)); norm > 0 { // zeros stay
			vec.MulVS(x, x, c.length/norm)
		}
	}
}

func (c *wta) rectify(act, pot *vec.Matrix) {
	for i := range pot.Rows {
		h, u := act.Row(i), pot.Row(i)
		mean := float32(0)
		if c.triangle {
			mean = vec.Sum(u) / float32(len(u))
		}
		vec.SubVS(h, u, mean)
		vec.MaxVS(h, h, 0)
		if c.power != 1 {
			raise(h, c.power)
		}
	}
}

// raise raises numbers that are at least zero to a power.
func raise(x []float32, power float32) {
	for i, v := range x {
		if v > 0 {
			x[i] = fmath.Exp32(power * fmath.Log32(v))
		}
	}
}

// slopes sets d to ∂h_i/∂u_i, which is p·h^{1−1/p}, and (1 − 1/n) times that
// where the mean moves along.
func (c *wta) slopes(d, act *vec.Matrix) {
	factor := c.power
	if c.triangle {
		factor *= 1 - 1/float32(act.Cols)
	}
	for i := range act.Rows {
		s := d.Row(i)
		for j, h := range act.Row(i) {
			s[j] = 0
			if h > 0 {
				s[j] = 1
				if c.power != 1 {
					s[j] = fmath.Exp32((1 - 1/c.power) * fmath.Log32(h))
				}
				s[j] *= factor
			}
		}
	}
}

// judge computes what the competition behind connection l leaves.
func (c *wta) judge(l int) {
	comp, pot := c.comp[l], c.learning.pot[l+1]
	bias := c.net.Conns[l].Bias
	for i := range pot.Rows {
		y, u := comp.Row(i), pot.Row(i)
		switch c.compete {
		case "hard":
			clear(y)
			y[largest(u)] = 1
		case "rank":
			clear(y)
			c.sort(u)
			y[c.top[0]] = 1
			if c.rank <= len(u) {
				y[c.top[c.rank-1]] = -c.penalty
			}
		default:
			if bias != nil && c.priors(l) {
				vec.MulAddVSV(y, u, c.competition, bias)
				vec.Softmax(y, y, 1)
			} else {
				vec.Softmax(y, u, c.competition)
			}
			if c.compete == "anti" {
				k := largest(y)
				won := y[k]
				vec.Neg(y, y)
				y[k] = won
			}
		}
	}
	if c.scaled {
		c.scale(l)
	}
}

// sort puts the units with the largest potentials into c.top, by rank.
func (c *wta) sort(u []float32) {
	n := 0
	for i, v := range u {
		at := n
		for at > 0 && v > u[c.top[at-1]] {
			at--
		}
		if at == len(c.top) {
			continue
		}
		n = min(n+1, len(c.top))
		copy(c.top[at+1:n], c.top[at:n-1])
		c.top[at] = i
	}
}

// scale divides comp by the largest change of a weight.
func (c *wta) scale(l int) {
	comp, pre, pot, change := c.comp[l], c.learning.pre[l], c.learning.pot[l+1], c.change[l]
	change.Zero()
	vec.MulTA(change, pre, comp)
	c.count(comp.Rows, pre.Cols, comp.Cols)
	decay := c.decay[:comp.Cols]
	clear(decay)
	for r := range comp.Rows {
		u := pot.Row(r)
		for i, g := range comp.Row(r) {
			decay[i] += float32(g * u[i])
		}
	}
	most := float32(0)
	w := c.net.Conns[l].W
	for j := range change.Rows {
		weights := w.Row(j)
		for i, d := range change.Row(j) {
			most = max(most, fmath.Abs32(d-float32(decay[i]*weights[i])))
		}
	}
	if most > 0 {
		most = float32(comp.Rows) / most
	}
	vec.MulVS(whole(comp), whole(comp), most)
}

// Outputs implements Predictor.
func (c *wta) Outputs(x *vec.Matrix) *vec.Matrix {
	c.prepareEvaluation()
	return c.eval.outputs(x, c.net.Conns[len(c.conns)-1].Out, c)
}

// Hidden returns the activities of the last hidden layer for each row of x,
// valid until the next call, for those who read them out in another way.
func (c *wta) Hidden(x *vec.Matrix) *vec.Matrix {
	c.prepareEvaluation()
	c.hidden.buffers = c.eval.buffers
	return c.hidden.outputs(x, c.net.Conns[len(c.conns)-1].In, hiddenPass{c})
}

// hiddenPass predicts the last hidden layer.
type hiddenPass struct{ *wta }

func (p hiddenPass) predict(x *vec.Matrix) *vec.Matrix {
	p.wta.predict(x)
	return p.evaluating.act[len(p.conns)-1]
}

func (c *wta) prepareEvaluation() {
	e := &c.evaluating
	if c.eval.buffers != nil {
		return
	}
	c.eval.buffers = network.NewBuffers(predictRows)
	e.act = append(e.act, nil)
	e.pot = append(e.pot, nil)
	for l, conn := range c.net.Conns {
		var pre *vec.Matrix
		if c.prepared {
			pre = c.eval.buffers.Matrix(conn.In)
		} else if l > 0 {
			pre = e.act[l]
		}
		m := c.eval.buffers.Matrix(conn.Out)
		e.pre, e.pot, e.act = append(e.pre, pre), append(e.pot, m), append(e.act, m)
	}
}

func (c *wta) predict(x *vec.Matrix) *vec.Matrix {
	e := &c.evaluating
	e.act[0] = x
	if !c.prepared {
		e.pre[0] = x
	}
	c.run(e, 0)
	return e.act[len(c.conns)]
}
