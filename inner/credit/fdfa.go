package credit

import (
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

var fdfaEntry = Entry{
	Name: "fdfa", Title: "direct feedback learned by forward-mode differentiation",
	Doc:      "err is the output credit through weights that learn from directional derivatives: in dfb, pre is a random tangent of the layer and post that of the output potentials",
	Provides: local | credit, Output: target, Supervised: true, Passes: 3,
	Locality:   []string{ForwardLocking, ErrorBroadcast, BackwardPhase},
	Stochastic: true,
	Feedback:   true, OwnFeedback: rulespace.Signals(rulespace.SigPre, rulespace.SigPost),
	Options: []option.Option{
		option.Choice("start", "zero", []string{"zero", "random"}, "feedback weights to begin with; hidden layers with none wait until they have learned some"),
		option.Float("sigma", "0.1", 1e-9, 1e9, "standard deviation of the directions; the tangent of the output scales with it"),
		feedbackScale,
	},
	Convolves: true,
	Reference: "F. Bacho, D. Chu, Neural Networks (2024), arXiv:2212.07282",
	make:      newFDFA,
}

// forwardDirect is direct feedback whose weights follow the mean Jacobian of
// the output potentials, estimated by forward-mode differentiation along
// random directions (forward direct feedback alignment).
//
//	ż_l = W_l ḣ_{l−1}
//	ḣ_l = f'(h_l) ⊙ ż_l + v_l,  v_l ~ N(0, σ²)    presented to dfb as pre: v_l
//	d   = ż_L                                      presented to dfb as post
//
// E[v_l dᵀ] is σ² times the transposed Jacobian of z_L in h_l. The paper has
// σ = 1 and ΔB_l = α·(v_l dᵀ − B_l), a running mean over samples; with any σ
// that is the rule of weight mirrors at the rates α/σ² and α. The directions
// of all layers reach the output, hence the variance of d grows with width and
// depth: α is small.
//
// Behind a convolution h_l are the units that pooling left, which have the
// directions and the feedback. Tangents go through it as activities do: by
// patches and shared filters and, where pooling takes a maximum, from the
// position that has it.
//
// F. Bacho, D. Chu, Neural Networks (2024), arXiv:2212.07282.
type forwardDirect struct {
	*direct
	tangent []*vec.Matrix // v_l, by layer; nil where there is no feedback
	moved   []*vec.Matrix // ḣ_l, by layer, from the lowest that has feedback to the output
	maps    []movedMap    // by connection; of convolutions that tangents go through
	stream  *key.Stream
	sigma   float32
}

// movedMap holds the tangents of a convolution before pooling.
type movedMap struct{ patches, filters *vec.Matrix }

func newFDFA(b *base, k key.Key) Circuit {
	c := &forwardDirect{direct: newDirect(b, k), stream: k.Child("noise", 0).Stream(), sigma: float32(b.options.Float("sigma"))}
	last := len(c.conns)
	c.tangent, c.moved, c.maps = make([]*vec.Matrix, last), make([]*vec.Matrix, last+1), make([]movedMap, last)
	started := false
	for l, f := range c.feedback {
		cols := c.net.Act[l].Cols
		if f != nil {
			started = true
			c.tangent[l] = c.units(cols)
			if b.options.Text("start") == "zero" {
				f.Zero()
			}
		}
		if started {
			c.moved[l] = c.units(cols)
			if conn := c.net.Conns[l]; conn.Geometry != nil {
				c.maps[l] = movedMap{c.rows(conn, conn.In), c.rows(conn, conn.Out)}
			}
		}
	}
	if started {
		c.moved[last] = c.units(c.net.Act[last].Cols)
	}
	return c
}

func (c *forwardDirect) Learn(net *network.Network, b *tasks.Batch, p Plasticity) {
	c.assign(net, b)
	c.differentiate()
	c.presentCredit(c.credit, p)
	c.sig.Batch = b.N
	v := &c.sig.Values
	v[rulespace.SigPost] = c.moved[len(c.conns)]
	for l, f := range c.learning {
		if f != nil {
			v[rulespace.SigPre] = c.tangent[l]
			p.PresentFeedback(f, &c.sig)
		}
	}
}

// differentiate draws directions and follows them to the output.
func (c *forwardDirect) differentiate() {
	last := len(c.conns)
	for l, h := range c.moved {
		if h == nil {
			continue
		}
		if l == 0 || c.moved[l-1] == nil {
			h.Zero()
		} else {
			c.carry(l, h, c.moved[l-1])
		}
		if l == last || c.tangent[l] == nil {
			continue
		}
		for i := range h.Rows {
			v, row := c.tangent[l].Row(i), h.Row(i)
			for j := range v {
				v[j] = float32(c.sigma * float32(c.stream.Normal()))
				row[j] += v[j]
			}
		}
	}
}

// carry sets dst to the tangent of layer l that src, one of the layer below,
// makes there; of the output it is that of the potentials.
func (c *forwardDirect) carry(l int, dst, src *vec.Matrix) {
	conn := c.net.Conns[l-1]
	to := dst
	if g := conn.Geometry; g != nil {
		g.Gather(c.maps[l-1].patches, src)
		to, src = c.maps[l-1].filters, c.maps[l-1].patches
	}
	c.count(src.Rows, conn.In, conn.Out)
	conn.Array.Forward(to, src)
	if !conn.Output {
		c.net.Damp(l, to, conn.Post)
	}
	switch g := conn.Geometry; {
	case g == nil:
	case g.Pooling.Average:
		g.Pool(dst, to, nil)
	default:
		conn.Collect(dst, to)
	}
}
