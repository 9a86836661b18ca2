package network

import "github.com/metaplast/metaplast/internal/vec"

// Buffers makes matrices with rows for each sample of a batch and keeps them as
// high as the batch at hand, without allocating when that changes.
type Buffers struct {
	capacity, rows int
	matrices       []buffer
	globals        []buffer
}

// buffer is a matrix with each rows or, of globals, columns for every sample.
type buffer struct {
	full vec.Matrix // at full capacity
	view *vec.Matrix
	each int
}

// NewBuffers returns buffers for batches of up to capacity samples.
func NewBuffers(capacity int) *Buffers { return &Buffers{capacity: capacity, rows: capacity} }

// Matrix returns a zero matrix of batch×cols.
func (b *Buffers) Matrix(cols int) *vec.Matrix { return b.MatrixOf(1, cols) }

// MatrixOf returns a zero matrix with each rows for every sample.
func (b *Buffers) MatrixOf(each, cols int) *vec.Matrix {
	m := vec.New(b.capacity*each, cols)
	b.matrices = append(b.matrices, buffer{*m, m, each})
	*m = m.Head(b.rows * each)
	return m
}

// Global returns a zero matrix of 1×batch.
func (b *Buffers) Global() *vec.Matrix { return b.GlobalOf(1) }

// GlobalOf returns a zero matrix of one row with each columns for every
// sample.
func (b *Buffers) GlobalOf(each int) *vec.Matrix {
	m := vec.New(1, b.capacity*each)
	b.globals = append(b.globals, buffer{*m, m, each})
	m.Cols = b.rows * each
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
	for _, m := range b.matrices {
		*m.view = m.full.Head(rows * m.each)
	}
	for _, g := range b.globals {
		g.view.Cols = rows * g.each
		clear(g.view.Data[g.view.Cols:])
	}
	b.rows = rows
}
