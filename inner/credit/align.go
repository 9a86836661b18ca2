package credit

import (
	"slices"

	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

var alignEntry = Entry{
	Name: "align", Title: "credit through the network as it was at the start",
	Doc:      "err is sent back through the initial weights; derivatives, and the activities before a synapse, are those of the initial network or of the network as it is",
	Provides: local | credit, Output: target, Supervised: true, Passes: 3,
	Locality: []string{InitialCopy, ForwardLocking, BackwardLocking, BackwardPhase},
	Options: []option.Option{
		option.Choice("variant", "ada", []string{"zero", "ada", "prop"},
			"zero: derivatives and pre of the initial network; ada: its derivatives; prop: neither"),
	},
	Reference: "A. Boopathy, I. Fiete, Proc. Mach. Learn. Res. 162 (2022), arXiv:2106.08453",
	make:      newAlign,
}

// align is backpropagation as wide networks in the regime of the neural
// tangent kernel have it, where weights hardly move: the way back is that of
// the network at the start.
//
//	c_L = −∂loss/∂z_L                   of the network as it is
//	c_l = f'(h⁰_l) ⊙ (W⁰_l c_{l+1})     zero, ada
//	c_l = f'(h_l) ⊙ (W⁰_l c_{l+1})      prop
//
//	W⁰, h⁰  weights at the start, and activities of the network that has them
//	pre     h⁰_l for zero, else h_l
//
// At the start all three are backpropagation; the wider the network, the
// longer they stay near it.
//
// Departure from the paper: potentials are W h, not W h/√n; η there is η·n
// here, n the number of units before the connection.
//
// A. Boopathy, I. Fiete, PMLR 162 (2022).
type align struct {
	*backprop
	start []*vec.Matrix // weights at the start, by connection
	bias  [][]float32   // and biases
	act   []*vec.Matrix // of the initial network, by layer below the output; nil for prop
}

func newAlign(b *base, k key.Key) Circuit {
	c := &align{backprop: newBP(b, k).(*backprop)}
	variant, last := b.options.Text("variant"), len(b.conns)
	c.start = make([]*vec.Matrix, last)
	for l, conn := range c.net.Conns {
		if ahead := variant != "prop" && l < last-1; !ahead && c.credit[l] == nil {
			continue
		}
		c.start[l] = c.synapses(conn.In, conn.Out)
		c.start[l].CopyFrom(conn.W)
		if c.credit[l] != nil {
			c.feedback[l] = c.start[l]
		}
	}
	if variant == "prop" {
		return c
	}
	c.act, c.bias = make([]*vec.Matrix, last), make([][]float32, last-1)
	c.act[0] = c.net.Act[0]
	for l := 1; l < last; l++ {
		c.act[l] = c.units(c.net.Act[l].Cols)
		c.bias[l-1] = slices.Clone(c.net.Conns[l-1].Bias)
		if variant == "zero" {
			c.conns[l].sig.Values[rulespace.SigPre] = c.act[l]
		}
	}
	return c
}

func (c *align) Learn(net *network.Network, b *tasks.Batch, p Plasticity) {
	c.forward(net, b)
	act := net.Act
	if c.act != nil {
		c.remember()
		act = c.act
	}
	c.sendDown(act)
	c.present(p)
}

// remember computes the activities of the initial network.
func (c *align) remember() {
	for l := 1; l < len(c.act); l++ {
		h := c.act[l]
		c.mul(h, c.act[l-1], c.start[l-1])
		if bias := c.bias[l-1]; bias != nil {
			for i := range h.Rows {
				vec.AddVV(h.Row(i), h.Row(i), bias)
			}
		}
		c.net.Activate(l, h, h)
	}
}
