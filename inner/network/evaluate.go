package network

import "github.com/metaplast/metaplast/internal/vec"

// evalRows is how many samples Outputs computes at a time: enough to reuse a
// weight row many times, few enough to stay in cache.
const evalRows = 64

// evaluator holds the buffers of Outputs, apart from those of learning. They
// are made when first used, since many networks are never evaluated.
type evaluator struct {
	layers []vec.Matrix // evalRows × units, by layer behind the input
	out    *vec.Matrix
	view   vec.Matrix
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
		for _, c := range n.Conns {
			e.layers = append(e.layers, *vec.New(evalRows, c.Out))
		}
	}
	if e.out == nil || e.out.Rows < x.Rows {
		e.out = vec.New(x.Rows, n.Conns[len(n.Conns)-1].Out)
	}
	for start := 0; start < x.Rows; start += evalRows {
		rows := min(evalRows, x.Rows-start)
		src := vec.Matrix{Rows: rows, Cols: x.Cols, Stride: x.Stride, Data: x.Data[start*x.Stride : (start+rows)*x.Stride]}
		for l, c := range n.Conns {
			dst := e.layers[l].Head(rows)
			c.Array.Forward(&dst, &src)
			n.AddBias(l, &dst)
			n.Activate(l+1, &dst, &dst)
			src = dst
		}
		for i := range rows {
			copy(e.out.Row(start+i), src.Row(i))
		}
	}
	e.view = e.out.Head(x.Rows)
	return &e.view
}
