package credit

import (
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/vec"
)

// predictRows is how many samples a circuit predicts at a time.
const predictRows = 64

// prediction holds what a circuit predicts with, apart from what it learns
// with. Its buffers are made when first used.
type prediction struct {
	buffers *network.Buffers
	rows    int // at a time; 0 means predictRows
	input   vec.Matrix
	out     *vec.Matrix
	view    vec.Matrix
}

// pass computes the outputs for a few samples, in buffers that fit them.
type pass interface {
	predict(x *vec.Matrix) *vec.Matrix
}

// outputs cuts x into parts that fit the buffers.
func (p *prediction) outputs(x *vec.Matrix, cols int, c pass) *vec.Matrix {
	if p.out == nil || p.out.Rows < x.Rows {
		p.out = vec.New(x.Rows, cols)
	}
	rows := p.rows
	if rows == 0 {
		rows = predictRows
	}
	for start := 0; start < x.Rows; start += rows {
		end := min(start+rows, x.Rows)
		p.input = vec.Matrix{Rows: end - start, Cols: x.Cols, Stride: x.Stride, Data: x.Data[start*x.Stride : end*x.Stride]}
		if p.buffers != nil {
			p.buffers.Resize(end - start)
		}
		y := c.predict(&p.input)
		for i := start; i < end; i++ {
			copy(p.out.Row(i), y.Row(i-start))
		}
	}
	p.view = p.out.Head(x.Rows)
	return &p.view
}
