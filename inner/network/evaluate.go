package network

import "github.com/metaplast/metaplast/internal/vec"

// evalRows is how many samples Outputs computes at a time: enough to reuse a
// weight row many times, few enough to stay in cache.
const evalRows = 64

// evaluator holds the buffers of Outputs, apart from those of learning. They
// are made when first used, since many networks are never evaluated.
type evaluator struct {
	buffers *Buffers
	input   vec.Matrix
	layers  []*vec.Matrix // 0 is input
	out     *vec.Matrix
	view    vec.Matrix
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
		e.buffers = NewBuffers(evalRows)
		e.layers = append(e.layers, &e.input)
		for _, c := range n.Conns {
			e.layers = append(e.layers, e.buffers.Matrix(c.Out))
		}
	}
	if e.out == nil || e.out.Rows < x.Rows {
		e.out = vec.New(x.Rows, n.Conns[len(n.Conns)-1].Out)
	}
	for start := 0; start < x.Rows; start += evalRows {
		end := min(start+evalRows, x.Rows)
		e.input = vec.Matrix{Rows: end - start, Cols: x.Cols, Stride: x.Stride, Data: x.Data[start*x.Stride : end*x.Stride]}
		e.buffers.Resize(end - start)
		for l, c := range n.Conns {
			dst := e.layers[l+1]
			c.Array.Forward(dst, e.layers[l])
			n.AddBias(l, dst)
			n.Activate(l+1, dst, dst)
		}
		last := e.layers[len(n.Conns)]
		for i := start; i < end; i++ {
			copy(e.out.Row(i), last.Row(i-start))
		}
	}
	e.view = e.out.Head(x.Rows)
	return &e.view
}
