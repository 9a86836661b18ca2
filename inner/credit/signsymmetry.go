package credit

import (
	"math"

	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

var signSymmetryEntry = Entry{
	Name: "sign-symmetry", Title: "feedback with the signs of the weights",
	Doc:      "err is sent back through weights that share only the signs of the forward weights",
	Provides: local | credit, Output: target, Supervised: true, Passes: 2,
	Locality: []string{SignTransport, ForwardLocking, BackwardLocking, BackwardPhase},
	Options: []option.Option{
		option.Choice("magnitude", "uniform", []string{"uniform", "batch", "fixed"},
			"of the feedback weights: one for all (uSF), drawn anew for every batch (brSF), or drawn once (frSF)"),
		feedbackScale,
	},
	Reference: "Q. Liao, J. Z. Leibo, T. Poggio, Proc. AAAI Conf. Artif. Intell. 30:1837 (2016)",
	make:      newSignSymmetry,
}

// signSymmetry is backpropagation through weights of which only the signs are
// those of the forward weights, read anew for every batch.
//
//	c_L = −∂loss/∂z_L
//	c_l = f'(h_l) ⊙ (B_l c_{l+1}),  B_l = M_l ⊙ sign(W_l)
//
//	M_l  s = √(2/(in + out)) throughout (uniform), or |m| with m from the law
//	     of fresh glorot weights, whose standard deviation s is
//
// The sign of a zero weight is +1: a feedback synapse does not die with its
// forward partner.
//
// Q. Liao, J. Z. Leibo, T. Poggio, AAAI (2016); uniform, batch-wise random and
// fixed random magnitudes: T. Moskovitz, A. Litwin-Kumar, L. F. Abbott,
// arXiv:1812.06488 (2018).
type signSymmetry struct {
	*backprop
	magnitude []*vec.Matrix // by connection, where it is not the same for all
	scale     []float32     // s by connection
	stream    *key.Stream   // of magnitudes; nil once they are fixed
}

func newSignSymmetry(b *base, k key.Key) Circuit {
	c := &signSymmetry{backprop: newBP(b, k).(*backprop), stream: k.Child("feedback", 0).Stream()}
	kind, factor := b.options.Text("magnitude"), b.options.Float("feedback_scale")
	c.magnitude, c.scale = make([]*vec.Matrix, len(c.conns)), make([]float32, len(c.conns))
	for l, conn := range c.net.Conns {
		if c.credit[l] == nil {
			continue
		}
		c.feedback[l] = c.synapses(conn.In, conn.Out)
		c.scale[l] = float32(factor * math.Sqrt(2/float64(conn.In+conn.Out)))
		if kind != "uniform" {
			c.magnitude[l] = c.synapses(conn.In, conn.Out)
		}
	}
	if kind == "fixed" {
		c.draw()
		c.stream = nil
	}
	return c
}

// draw draws the magnitudes: |m| for m uniform in ±s·√3, as glorot weights.
func (c *signSymmetry) draw() {
	for l, m := range c.magnitude {
		if m == nil {
			continue
		}
		limit := float64(c.scale[l]) * math.Sqrt(3)
		for j := range m.Rows {
			for i := range m.Row(j) {
				m.Row(j)[i] = float32(c.stream.Uniform(0, limit))
			}
		}
	}
}

func (c *signSymmetry) Learn(net *network.Network, b *tasks.Batch, p Plasticity) {
	if c.stream != nil {
		c.draw()
	}
	for l, f := range c.feedback {
		if f != nil {
			signed(f, c.magnitude[l], c.scale[l], net.Conns[l].W)
		}
	}
	c.backprop.Learn(net, b, p)
}

// signed sets dst to the magnitudes, or to scale where there are none, with
// the signs of w, of which both zeros count as positive.
func signed(dst, magnitude *vec.Matrix, scale float32, w *vec.Matrix) {
	for j := range w.Rows {
		d := dst.Row(j)
		for i, x := range w.Row(j) {
			m := scale
			if magnitude != nil {
				m = magnitude.Row(j)[i]
			}
			if x < 0 {
				m = -m
			}
			d[i] = m
		}
	}
}
