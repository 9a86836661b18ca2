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
		option.Choice("whiten", "no", []string{"no", "variance", "zca"},
			"centre, and divide the activities before each connection by their running standard deviations (variance) or, below competing units, by the root of their running covariance (zca)"),
		option.Float("epsilon", "0.1", 1e-4, 1e9, "part of their mean that whiten adds to all variances"),
		option.Float("length", "0", 0, 1e9, "Euclidean length that the activities before each connection are scaled to; 0 leaves them as they are"),
		option.Switch("normalise", "no", "potentials are those of weights of length 1"),
		option.Float("equalise", "0", 0, 1e9, "rate of thresholds in the competition that rise while a unit wins more often than others (conscience)"),
		option.Choice("transfer", "network", []string{"network", "triangle", "power"},
			"activities of hidden units: by the network's activation, (pot − its mean over the layer)₊^power, or pot₊^power"),
		option.Float("power", "1", 1e-3, 1e3, "that power"),
	},
	Convolves: true,
	Reference: "T. Moraitis et al., Neuromorph. Comput. Eng. 2:044017 (2022)",
	make:      newWTA,
}

// wta makes the units of a layer compete, for rules that are gated by who
// wins. An output behind hidden layers competes too, but its activities,
// biases and weights are those of any network.
//
//	x_l  = ℓ·h_l/|h_l|                                 ℓ > 0, else h_l; with centre h_l − ⟨h_l⟩ in place of h_l
//	       (h_l − ⟨h_l⟩)/√(v_l + ε⟨v_l⟩)               with whiten=variance, in place of h_l
//	       (C_l + ε⟨v_l⟩)^−½ (h_l − ⟨h_l⟩)             with whiten=zca
//	u_l  = W_l x_{l−1} + b_l                           with normalise: w_i/|w_i| in place of w_i
//	soft   comp = softmax(β(u − θ))                    with prior: u = Wx, comp = softmax(β(u − θ) + b)
//	anti   comp_i = ±softmax(β(u − θ))_i, + for the largest only
//	hard   comp_i = 1 for the largest u_i − θ_i, else 0
//	rank   comp_i = 1 for the largest u_i − θ_i, −Δ for the k-th largest, else 0
//	Δθ_i = κ·(share of i among winners − 1/n)
//	h_l  = f(u_l), or (u_l − ⟨u_l⟩)₊^p, or (u_l)₊^p
//
//	x_l, u_l, h_l  presynaptic activities, potentials, activities    [rate]
//	v_l, C_l       running variances and covariance of h_l           [rate²]
//	θ              thresholds of n units, 0 at first                 [rate]
//	β, ℓ, k, Δ, p  options competition, length, rank, penalty, power
//	ε, κ           options epsilon, equalise
//
// Of units with equal potentials the first wins. With scale, comp is divided
// by max_ij |⟨comp_i·(x_j − u_i·w_ji)⟩| over the batch. Where all samples share
// a large mean, as pixels do, the first unit to learn it wins them all: centre
// takes it away.
//
// At a convolution the filters compete at each position; x_l is the patch
// there, and means, covariance and shares are over positions too. Activities go
// up through pooling. The root of a covariance takes the cube of the units of a
// patch; it is taken again after a tenth of the updates so far or of tau.
//
// Soft competition and the prior: T. Moraitis et al., Neuromorph. Comput.
// Eng. 2:044017 (2022). Losers with the sign changed, the triangle, the scale
// of updates and variances: A. Journé et al., ICLR (2023), who standardise each
// channel of an image by what is in the batch; here running statistics, of each
// unit or place in a patch, work one sample at a time too. Ranks: D. Krotov,
// J. J. Hopfield, PNAS 116:7723 (2019), in whose notation this is p = 2. Whitened
// patches, weights of length 1 and thresholds: T. Miconi, arXiv:2107.01729
// (2021).
type wta struct {
	*base
	compete          string
	rank             int
	penalty          float32
	length, power    float32
	prior, scaled    bool
	normalise        bool
	equalise         float32
	prepared         bool       // presynaptic activities are not those of the layer below
	moments          []*moments // of what each connection reads; nil unless centred
	triangle, custom bool       // custom: activities are not the network's
	updates          int
	learning         layers
	change           []*vec.Matrix // largest changes are looked for here, by connection
	threshold        [][]float32   // by connection; nil unless equalised
	wins             []float32     // scratch, a value for each unit, like the next two
	decay, shifted   []float32
	comp             []*vec.Matrix
	top              []int // units by rank
	eval, hidden     prediction
	evaluating       layers
}

// layers are the matrices of a pass.
type layers struct {
	raw, pre, pot, post []*vec.Matrix // by connection; raw is what is whitened, nil elsewhere
	act                 []*vec.Matrix // by layer
}

func newWTA(b *base, _ key.Key) Circuit {
	o := b.options
	c := &wta{base: b, compete: o.Text("compete"), rank: o.Int("rank", 2), penalty: float32(o.Float("penalty")),
		length: float32(o.Float("length")), power: float32(o.Float("power")), prior: o.On("prior"), scaled: o.On("scale"),
		triangle: o.Text("transfer") == "triangle", custom: o.Text("transfer") != "network"}
	if c.compete == "rank" {
		c.top = make([]int, c.rank)
	}
	c.normalise, c.equalise = o.On("normalise"), float32(o.Float("equalise"))
	centred := o.On("centre") || o.Text("whiten") != "no"
	c.prepared = c.length > 0 || centred
	last := len(c.conns)
	c.change, c.comp, c.threshold = make([]*vec.Matrix, last), make([]*vec.Matrix, last), make([][]float32, last)
	c.learning.act = b.net.Act
	for l := range c.conns {
		p := &c.conns[l]
		conn, v, s := p.conn, &p.sig.Values, &c.learning
		pre, pot := conn.Pre, conn.Pot
		if c.prepared {
			pre = b.rows(conn, conn.In)
		}
		var raw *vec.Matrix
		if centred {
			kind := o.Text("whiten")
			if kind == "zca" && !c.competes(l) {
				kind = "variance"
			}
			c.moments = append(c.moments, newMoments(b, conn.In, kind))
			if kind == "zca" {
				raw = b.rows(conn, conn.In)
			}
		}
		if c.custom && !conn.Output {
			if pot == conn.Post { // linear units
				pot = b.rows(conn, conn.Out)
			}
			p.derived = p.derived.Minus(rulespace.Signals(rulespace.SigDPost))
		}
		s.raw, s.pre, s.pot, s.post = append(s.raw, raw), append(s.pre, pre), append(s.pot, pot), append(s.post, conn.Post)
		v[rulespace.SigPre], v[rulespace.SigPot] = pre, pot
		if len(c.decay) < conn.Out {
			c.decay, c.shifted, c.wins = make([]float32, conn.Out), make([]float32, conn.Out), make([]float32, conn.Out)
		}
		if p.needs.Has(rulespace.SigComp) {
			p.derived = p.derived.Minus(rulespace.Signals(rulespace.SigComp))
			c.comp[l] = v[rulespace.SigComp]
			if c.scaled {
				c.change[l] = b.synapses(conn.In, conn.Out)
			}
			if c.equalise > 0 && c.competes(l) {
				c.threshold[l] = make([]float32, conn.Out)
			}
		}
	}
	return c
}

// competes reports whether the units behind connection l are more than an
// output that reads out hidden layers.
func (c *wta) competes(l int) bool { return l < len(c.conns)-1 || l == 0 }

// priors reports whether the biases of connection l are prior probabilities.
func (c *wta) priors(l int) bool { return c.prior && c.competes(l) }

func (c *wta) Learn(net *network.Network, b *tasks.Batch, p Plasticity) {
	net.Load(c.begin(net, b))
	for _, conn := range net.Conns {
		c.count(b.N*conn.Positions, conn.In, conn.Out)
	}
	c.updates++
	c.run(&c.learning, float32(1/math.Min(float64(c.updates), c.tau)))
	for l := range c.conns {
		if c.comp[l] != nil {
			c.judge(l)
		}
		if d := c.conns[l].sig.Values[rulespace.SigDPost]; d != nil && c.custom && l < len(c.conns)-1 {
			c.slopes(d, c.learning.post[l])
		}
	}
	c.present(p)
}

// run computes all layers from the activities of layer 0. Running statistics
// move by the given rate.
func (c *wta) run(s *layers, rate float32) {
	last := len(c.conns)
	for l, conn := range c.net.Conns {
		x, pot, post := s.pre[l], s.pot[l], s.post[l]
		if c.prepared {
			c.prepare(l, s, rate)
		} else if conn.Geometry != nil {
			conn.Geometry.Gather(x, s.act[l])
		}
		conn.Array.Forward(pot, x)
		if c.normalise && c.competes(l) {
			c.shorten(pot, conn.W)
		}
		if !c.priors(l) {
			c.net.AddBias(l, pot)
		}
		if l+1 == last || !c.custom {
			c.net.Activate(l+1, post, pot)
		} else {
			c.rectify(post, pot)
		}
		if conn.Geometry != nil {
			conn.Geometry.Pool(s.act[l+1], post, nil)
		}
	}
}

// prepare sets s.pre[l] to what connection l reads of the activities of its
// layer.
func (c *wta) prepare(l int, s *layers, rate float32) {
	dst, act := s.pre[l], s.act[l]
	x := dst
	if s.raw[l] != nil {
		x = s.raw[l]
	}
	if g := c.net.Conns[l].Geometry; g != nil {
		g.Gather(x, act)
	} else {
		for i := range act.Rows {
			copy(x.Row(i), act.Row(i))
		}
	}
	if c.moments != nil {
		m := c.moments[l]
		if rate > 0 {
			m.observe(c.base, x, dst, rate, c.updates)
		}
		m.standardise(dst, x)
	}
	if c.length == 0 {
		return
	}
	for i := range dst.Rows {
		x := dst.Row(i)
		if norm := fmath.Sqrt32(vec.Dot(x, x)); norm > 0 { // zeros stay
			vec.MulVS(x, x, c.length/norm)
		}
	}
}

// shorten divides potentials by the lengths of the weights that made them.
func (c *wta) shorten(pot, w *vec.Matrix) {
	inverse := c.decay[:w.Cols]
	clear(inverse)
	for j := range w.Rows {
		for i, v := range w.Row(j) {
			inverse[i] += float32(v * v)
		}
	}
	for i, v := range inverse {
		if v > 0 {
			inverse[i] = 1 / fmath.Sqrt32(v)
		}
	}
	for i := range pot.Rows {
		vec.MulVV(pot.Row(i), pot.Row(i), inverse)
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
	comp, pot, threshold := c.comp[l], c.learning.pot[l], c.threshold[l]
	bias, wins := c.net.Conns[l].Bias, c.wins[:pot.Cols]
	clear(wins)
	for i := range pot.Rows {
		y, u := comp.Row(i), pot.Row(i)
		if threshold != nil {
			vec.SubVV(c.shifted[:pot.Cols], u, threshold)
			u = c.shifted[:pot.Cols]
			wins[largest(u)]++
		}
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
	for i := range threshold {
		threshold[i] += float32(c.equalise * (wins[i]/float32(pot.Rows) - 1/float32(pot.Cols)))
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
	comp, pre, pot, change := c.comp[l], c.learning.pre[l], c.learning.pot[l], c.change[l]
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
	c.hidden.buffers, c.hidden.rows = c.eval.buffers, c.eval.rows
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
	c.eval.rows = predictRows
	for _, conn := range c.net.Conns {
		if conn.Geometry != nil {
			c.eval.rows = max(1, min(c.eval.rows, predictPatches/(conn.Positions*conn.In)))
		}
	}
	c.eval.buffers = network.NewBuffers(c.eval.rows)
	e.act = append(e.act, nil)
	for l, conn := range c.net.Conns {
		var raw, pre *vec.Matrix
		if c.prepared || conn.Geometry != nil {
			pre = c.eval.buffers.MatrixOf(conn.Positions, conn.In)
		} else if l > 0 {
			pre = e.act[l]
		}
		if c.learning.raw[l] != nil {
			raw = c.eval.buffers.MatrixOf(conn.Positions, conn.In)
		}
		post := c.eval.buffers.MatrixOf(conn.Positions, conn.Out)
		act := post
		if conn.Geometry != nil {
			act = c.eval.buffers.Matrix(c.net.Act[l+1].Cols)
		}
		e.raw, e.pre, e.pot, e.post, e.act = append(e.raw, raw), append(e.pre, pre), append(e.pot, post), append(e.post, post), append(e.act, act)
	}
}

// predictPatches is how many numbers of patches are held at a time at most,
// unless one sample has more.
const predictPatches = 1 << 16

func (c *wta) predict(x *vec.Matrix) *vec.Matrix {
	e := &c.evaluating
	e.act[0] = x
	if !c.prepared && c.net.Conns[0].Geometry == nil {
		e.pre[0] = x
	}
	c.run(e, 0)
	return e.act[len(c.conns)]
}
