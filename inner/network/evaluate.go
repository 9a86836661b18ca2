package network

import "github.com/metaplast/metaplast/internal/vec"

// evalRows is how many samples Outputs computes at a time: enough to reuse a
// weight row many times, few enough to stay in cache.
const evalRows = 64

// evalPatches is how many numbers of patches it holds at a time at most, unless
// one sample has more.
const evalPatches = 1 << 16

// evaluator holds the buffers of Outputs, apart from those of learning. They
// are made when first used, since many networks are never evaluated.
type evaluator struct {
	buffers *Buffers
	input   vec.Matrix
	pre     []*vec.Matrix // by connection; the layers below but for convolutions
	post    []*vec.Matrix // by connection
	layers  []*vec.Matrix // 0 is input
	out     *vec.Matrix
	view    vec.Matrix
}

func (e *evaluator) init(n *Network) {
	rows := evalRows
	for _, c := range n.Conns {
		if c.Geometry != nil {
			rows = max(1, min(rows, evalPatches/(c.Positions*c.Pre.Stride)))
		}
	}
	e.buffers = NewBuffers(rows)
	e.layers = append(e.layers, &e.input)
	for l, c := range n.Conns {
		pre, post := e.layers[l], e.buffers.MatrixOf(c.Positions, c.Out)
		act := post
		if c.Geometry != nil {
			pre, act = e.buffers.MatrixOf(c.Positions, c.In), e.buffers.Matrix(n.Config.Sizes[l+1])
		}
		e.pre, e.post, e.layers = append(e.pre, pre), append(e.post, post), append(e.layers, act)
	}
}

// Outputs returns the activities of the output layer for each row of x, valid
// until the next call; x may have any number of rows. Act and Pot stay as
// they are. It implements tasks.Model.
func (n *Network) Outputs(x *vec.Matrix) *vec.Matrix {
	if x.Cols != n.input.Cols {
		panic("network: Outputs: input has the wrong width")
	}
	e := &n.eval
	if e.layers == nil {
		e.init(n)
	}
	if e.out == nil || e.out.Rows < x.Rows {
		e.out = vec.New(x.Rows, n.Conns[len(n.Conns)-1].Out)
	}
	rows := e.buffers.capacity
	for start := 0; start < x.Rows; start += rows {
		end := min(start+rows, x.Rows)
		e.input = vec.Matrix{Rows: end - start, Cols: x.Cols, Stride: x.Stride, Data: x.Data[start*x.Stride : end*x.Stride]}
		e.buffers.Resize(end - start)
		for l, c := range n.Conns {
			if c.Geometry != nil {
				c.Geometry.Gather(e.pre[l], e.layers[l])
			}
			post := e.post[l]
			c.Array.Forward(post, e.pre[l])
			n.AddBias(l, post)
			n.Activate(l+1, post, post)
			if c.Geometry != nil {
				c.Geometry.Pool(e.layers[l+1], post, nil)
			}
		}
		last := e.layers[len(n.Conns)]
		for i := start; i < end; i++ {
			copy(e.out.Row(i), last.Row(i-start))
		}
	}
	e.view = e.out.Head(x.Rows)
	return &e.view
}
