package network

import (
	"math"
	"slices"

	"github.com/metaplast/metaplast/inner/device"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace/key"
)

// Network is a multi-layer perceptron. Layer 0 is the input, layer l+1 lies
// behind connection l. It is used by one goroutine and allocates nothing
// while it learns.
type Network struct {
	Config Config // resolved
	Conns  []*Connection
	// Act and Pot are the activities and potentials of each layer for the
	// samples of the last Forward, one per row. Pot[0] is nil; a linear layer's
	// Act and Pot are one matrix.
	Act, Pot []*vec.Matrix

	input   vec.Matrix
	buffers *Buffers
	f       []nonlinearity // by layer; layer 0 has that of the hidden layers
	eval    evaluator
}

// Connection joins a layer to the next.
type Connection struct {
	Index   int // 0 is the connection from the input
	In, Out int
	Output  bool // ends at the output layer
	Array   device.Array
	// W is the array's weights; InPlace is the same matrix where the array
	// lets weights be written directly, else nil.
	W, InPlace *vec.Matrix
	Bias       []float32 // of the postsynaptic units; nil without biases
}

// New returns a network with initial weights from k that learns from up to
// maxBatch samples at a time.
func New(cfg Config, k key.Key, maxBatch int) (*Network, error) {
	cfg, err := cfg.Resolve()
	if err != nil {
		return nil, err
	}
	if maxBatch < 1 {
		return nil, configErrorf("batch of %d samples, at least 1 needed", maxBatch)
	}
	cfg.Sizes = slices.Clone(cfg.Sizes)
	n := &Network{Config: cfg, buffers: NewBuffers(maxBatch)}
	last := len(cfg.Sizes) - 1
	n.f = append(n.f, cfg.Hidden.compile())
	if cfg.Hidden.Name == "softmax" { // no hidden layers
		n.f[0] = Activation{Name: "linear"}.compile()
	}
	n.input = vec.Matrix{Rows: maxBatch, Cols: cfg.Sizes[0]}
	n.Act, n.Pot = append(n.Act, &n.input), append(n.Pot, nil)
	for l := range last {
		in, out := cfg.Sizes[l], cfg.Sizes[l+1]
		a, err := device.New(cfg.Device, in, out)
		if err != nil {
			return nil, configErrorf("%v", err)
		}
		c := &Connection{Index: l, In: in, Out: out, Output: l == last-1, Array: a, W: a.Weights()}
		if p, ok := a.(device.InPlace); ok {
			c.InPlace = p.InPlace()
		}
		if cfg.Bias {
			c.Bias = make([]float32, out)
		}
		n.Conns = append(n.Conns, c)

		act := cfg.Hidden
		if c.Output {
			act = cfg.Output
		}
		n.f = append(n.f, act.compile())
		pot := n.buffers.Matrix(out)
		n.Pot = append(n.Pot, pot)
		if act.Name == "linear" {
			n.Act = append(n.Act, pot)
		} else {
			n.Act = append(n.Act, n.buffers.Matrix(out))
		}
	}
	if err := n.Reset(k); err != nil {
		return nil, err
	}
	return n, nil
}

// MaxBatch is the number of samples that Forward takes at most.
func (n *Network) MaxBatch() int { return n.buffers.capacity }

// Reset gives the network fresh initial weights from k and zero biases.
func (n *Network) Reset(k key.Key) error {
	for _, c := range n.Conns {
		clear(c.Bias)
		w := c.InPlace
		if w == nil {
			a, err := device.New(n.Config.Device, c.In, c.Out)
			if err != nil {
				return configErrorf("%v", err)
			}
			c.Array, c.W = a, a.Weights()
			w = vec.New(c.In, c.Out)
		}
		Initialise(w, n.Config.Init, n.Config.InitScale, k.Child("connection", uint64(c.Index)))
		if c.InPlace == nil {
			c.Array.Update(w)
			c.W = c.Array.Weights()
		}
	}
	return nil
}

// Initialise draws a weight matrix; see Config.Init.
func Initialise(w *vec.Matrix, init string, scale float64, k key.Key) {
	if init == "zero" {
		w.Zero()
		return
	}
	s := k.Stream()
	limit := float64(scale * math.Sqrt(6/float64(w.Rows+w.Cols)))
	sd := scale
	if init == "he" {
		sd *= math.Sqrt(2 / float64(w.Rows))
	}
	for i := range w.Rows {
		row := w.Row(i)
		for j := range row {
			if init == "glorot" {
				row[j] = float32(s.Uniform(-limit, limit))
			} else {
				row[j] = float32(sd * s.Normal())
			}
		}
	}
}

// Forward computes all layers for the rows of x, at most MaxBatch of them.
// Act[0] shares the storage of x until the next call.
func (n *Network) Forward(x *vec.Matrix) {
	n.Take(x)
	for l, c := range n.Conns {
		c.Array.Forward(n.Pot[l+1], n.Act[l])
		if c.Bias != nil {
			n.AddBias(l, n.Pot[l+1])
		}
		n.Activate(l+1, n.Act[l+1], n.Pot[l+1])
	}
}

// Take sets the input as Forward does and leaves the layers to be computed in
// another way.
func (n *Network) Take(x *vec.Matrix) {
	if x.Cols != n.input.Cols {
		panic("network: input has the wrong width")
	}
	n.input = *x
	n.buffers.Resize(x.Rows)
}

// AddBias adds the biases of connection l to every row of pot.
func (n *Network) AddBias(l int, pot *vec.Matrix) {
	bias := n.Conns[l].Bias
	if bias == nil {
		return
	}
	for i := range pot.Rows {
		vec.AddVV(pot.Row(i), pot.Row(i), bias)
	}
}

// Activate computes the activities of a layer from its potentials; dst may be
// pot.
func (n *Network) Activate(layer int, dst, pot *vec.Matrix) {
	f := &n.f[layer]
	switch {
	case f.kind == linear && dst == pot:
	case f.kind == softmax:
		vec.SoftmaxRows(dst, pot, 1)
	case dst.Stride == pot.Stride && (dst.Stride == dst.Cols || f.kind <= relu):
		// All rows at once: what is between them stays zero.
		n := pot.Rows * pot.Stride
		f.values(dst.Data[:n], pot.Data[:n])
	default:
		for i := range pot.Rows {
			f.values(dst.Row(i), pot.Row(i))
		}
	}
}

// Derivative computes the derivatives of a layer's activation from its
// activities. The input counts as a hidden layer.
func (n *Network) Derivative(layer int, dst, act *vec.Matrix) {
	for i := range act.Rows {
		n.f[layer].derivatives(dst.Row(i), act.Row(i))
	}
}

// Damp multiplies err by the derivatives of a layer's activation, given its
// activities. The input counts as a hidden layer.
func (n *Network) Damp(layer int, err, act *vec.Matrix) {
	if n.f[layer].kind == linear {
		return
	}
	if err.Stride == act.Stride {
		// All rows at once: the zeros between them stay zero.
		size := act.Rows * act.Stride
		n.f[layer].damp(err.Data[:size], act.Data[:size])
		return
	}
	for i := range act.Rows {
		n.f[layer].damp(err.Row(i), act.Row(i))
	}
}
