package network

import "github.com/metaplast/metaplast/internal/vec"

// Buffers makes matrices with one row per sample of a batch and keeps them as
// high as the batch at hand, without allocating when that changes.
type Buffers struct {
	capacity, rows int
	full           []vec.Matrix // at full capacity
	views          []*vec.Matrix
	globals        []*vec.Matrix
}

// NewBuffers returns buffers for batches of up to capacity samples.
func NewBuffers(capacity int) *Buffers { return &Buffers{capacity: capacity, rows: capacity} }

// Matrix returns a zero matrix of batch×cols.
func (b *Buffers) Matrix(cols int) *vec.Matrix {
	m := vec.New(b.capacity, cols)
	b.full = append(b.full, *m)
	b.views = append(b.views, m)
	*m = m.Head(b.rows)
	return m
}

// Global returns a zero matrix of 1×batch.
func (b *Buffers) Global() *vec.Matrix {
	m := vec.New(1, b.capacity)
	b.globals = append(b.globals, m)
	m.Cols = b.rows
	return m
}

// Resize makes every matrix fit a batch of rows samples.
func (b *Buffers) Resize(rows int) {
	if rows != b.rows {
		b.resize(rows)
	}
}

func (b *Buffers) resize(rows int) {
	if rows > b.capacity {
		panic("network: batch is larger than the network was made for")
	}
	for i, v := range b.views {
		*v = b.full[i].Head(rows)
	}
	for _, g := range b.globals {
		g.Cols = rows
		clear(g.Data[rows:])
	}
	b.rows = rows
}
