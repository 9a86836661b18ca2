package topdown

import (
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/fmath"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace/key"
)

// Network is a top-down network of one hidden layer.
//
//	s = (x, t, y − t, h_1 … h_{L−1}, 1)
//	c = V·tanh(U·s)
//
//	x, h_l, y  activities of the bottom-up network
//	t          target
//	c          credit of all units from layer 1 on, or of every spread-th of
//	           them, which its neighbours in the layer share (credit diffusion)
//
// Its weights are one vector, which an outer loop moves, such as an evolution strategy. It emits
// for one sample of a batch after another.
type Network struct {
	in, hidden, out int
	spread          int
	weights         []float32 // U, a row for each hidden unit, then V, a row for each output

	s, u []float32
}

// NewNetwork returns a top-down network with weights 0, which emits nothing,
// for bottom-up networks of these layer sizes. spread is 1 for credit to each
// unit.
func NewNetwork(sizes []int, hidden, spread int) *Network {
	last := len(sizes) - 1
	n := &Network{in: sizes[0] + 2*sizes[last] + 1, hidden: hidden, spread: spread}
	for l, size := range sizes[1:] {
		n.out += (size + spread - 1) / spread
		if l+1 < last {
			n.in += size
		}
	}
	n.weights = make([]float32, hidden*(n.in+n.out))
	n.s, n.u = make([]float32, n.in), make([]float32, hidden)
	return n
}

// Size is the number of weights.
func (n *Network) Size() int { return len(n.weights) }

// Set copies weights into the network.
func (n *Network) Set(weights []float64) {
	for i, w := range weights {
		n.weights[i] = float32(w)
	}
}

// Start returns weights to begin an outer loop at: those of the hidden layer
// are Gaussian with variance 1 over their number of inputs, the others 0.
func (n *Network) Start(k key.Key) []float64 {
	s := k.Stream()
	w := make([]float64, len(n.weights))
	for i := range n.hidden * n.in {
		w[i] = s.Normal() / float64(fmath.Sqrt32(float32(n.in)))
	}
	return w
}

// Emit implements Source.
func (n *Network) Emit(credit []*vec.Matrix, net *network.Network, target *vec.Matrix) {
	last := len(net.Conns)
	for q := range target.Rows {
		s := n.s[:0]
		s = append(s, net.Act[0].Row(q)...)
		s = append(s, target.Row(q)...)
		for i, y := range net.Act[last].Row(q) {
			s = append(s, y-target.Row(q)[i])
		}
		for l := 1; l < last; l++ {
			s = append(s, net.Act[l].Row(q)...)
		}
		s = append(s, 1)
		for h := range n.u {
			n.u[h] = fmath.Tanh32(chain(n.weights[h*n.in:(h+1)*n.in], s))
		}
		v := n.weights[n.hidden*n.in:]
		for l := 1; l <= last; l++ {
			row := credit[l].Row(q)
			for i := range row {
				if i%n.spread > 0 {
					row[i] = row[i-1]
					continue
				}
				row[i] = chain(v[:n.hidden], n.u)
				v = v[n.hidden:]
			}
		}
	}
}

// chain is the scalar product, summed up in order.
func chain(a, b []float32) float32 {
	sum := float32(0)
	for i, v := range a {
		sum += float32(v * b[i])
	}
	return sum
}
