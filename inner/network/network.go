package network

import (
	"math"
	"slices"

	"github.com/metaplast/metaplast/inner/device"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace/key"
)

// Network is a multi-layer perceptron or a convolutional network. Layer 0 is the input, layer l+1 lies
// behind connection l. It is used by one goroutine and allocates nothing
// while it learns.
type Network struct {
	Config Config // resolved
	Conns  []*Connection
	// Act and Pot are the activities and potentials of each layer for the
	// samples of the last Forward, one per row. Pot[0] is nil; a linear layer's
	// Act and Pot are one matrix. Behind a convolution Act is what pooling left,
	// and Pot that of the connection.
	Act, Pot []*vec.Matrix

	input   vec.Matrix
	buffers *Buffers
	f       []nonlinearity // by layer; layer 0 has that of the hidden layers
	eval    evaluator
}

// Connection joins a layer to the next. A convolution is seen as what it is at
// one position: its presynaptic side are the units of a patch, its
// postsynaptic side the filters, and every position of a sample is a row.
type Connection struct {
	Index   int // 0 is the connection from the input
	In, Out int
	Output  bool // ends at the output layer
	Array   device.Array
	// Geometry is that of a convolution, else nil; Positions is the number of
	// rows that a sample has in Pre, Pot and Post, 1 but for convolutions.
	Geometry  *Geometry
	Positions int
	// Pre, Pot and Post are presynaptic activities, and postsynaptic potentials
	// and activities of the last Forward. But for convolutions they are the Act
	// and Pot of the layers.
	Pre, Pot, Post *vec.Matrix
	// W is the array's weights; InPlace is the same matrix where the array
	// lets weights be written directly, else nil.
	W, InPlace *vec.Matrix
	Bias       []float32 // of the postsynaptic units; nil without biases

	best []int32 // see Geometry.Pool
}

// Unpool sends one value per unit of the layer above a convolution back to the
// filters at the positions that pooling had them from; src has the rows of the
// last Forward.
func (c *Connection) Unpool(dst, src *vec.Matrix) { c.Geometry.Unpool(dst, src, c.best) }

// Collect sums values of filters over what each unit of the layer above was
// pooled from; dst has the rows of the last Forward.
func (c *Connection) Collect(dst, src *vec.Matrix) { c.Geometry.Collect(dst, src, c.best) }

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
		if err := n.connect(l); err != nil {
			return nil, err
		}
	}
	if err := n.Reset(k); err != nil {
		return nil, err
	}
	return n, nil
}

// connect adds connection l and the layer behind it.
func (n *Network) connect(l int) error {
	cfg := &n.Config
	c := &Connection{Index: l, In: cfg.Sizes[l], Out: cfg.Sizes[l+1], Output: l == len(cfg.Sizes)-2, Positions: 1, Pre: n.Act[l]}
	if g := cfg.geometry(l); g != nil {
		c.Geometry, c.Positions, c.In, c.Out = g, g.Positions.area(), g.Patch(), g.Filters
		c.Pre = n.buffers.MatrixOf(c.Positions, c.In)
	}
	a, err := device.New(cfg.Device, c.In, c.Out)
	if err != nil {
		return configErrorf("%v", err)
	}
	c.Array, c.W = a, a.Weights()
	if p, ok := a.(device.InPlace); ok {
		c.InPlace = p.InPlace()
	}
	if cfg.Bias {
		c.Bias = make([]float32, c.Out)
	}
	n.Conns = append(n.Conns, c)

	f := cfg.Hidden
	if c.Output {
		f = cfg.Output
	}
	n.f = append(n.f, f.compile())
	c.Pot = n.buffers.MatrixOf(c.Positions, c.Out)
	c.Post = c.Pot
	if f.Name != "linear" {
		c.Post = n.buffers.MatrixOf(c.Positions, c.Out)
	}
	act := c.Post
	if c.Geometry != nil {
		act = n.buffers.Matrix(cfg.Sizes[l+1])
		if c.Geometry.pools() && !c.Geometry.Pooling.Average {
			c.best = make([]int32, n.MaxBatch()*cfg.Sizes[l+1])
		}
	}
	n.Pot, n.Act = append(n.Pot, c.Pot), append(n.Act, act)
	return nil
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
	n.Load(x)
	for l, c := range n.Conns {
		if c.Geometry != nil {
			c.Geometry.Gather(c.Pre, n.Act[l])
		}
		c.Array.Forward(c.Pot, c.Pre)
		if c.Bias != nil {
			n.AddBias(l, c.Pot)
		}
		n.Activate(l+1, c.Post, c.Pot)
		if c.Geometry != nil {
			c.Geometry.Pool(n.Act[l+1], c.Post, c.best)
		}
	}
}

// Load makes the rows of x the activities of layer 0 and all layers as high,
// for those who compute them otherwise than by Forward.
func (n *Network) Load(x *vec.Matrix) {
	if x.Cols != n.input.Cols {
		panic("network: Forward: input has the wrong width")
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
