// Package vec holds float32 matrices and the arithmetic of the inner loop.
//
// The arithmetic is strict: multiplication and addition round separately, and
// every function fixes the order in which it adds, so that vector width,
// blocking, batch size and worker count cannot change a bit of any result.
// Fast numerics (see Numerics) fuse them in products, with the same orders.
//
// Most functions exist several times: in Go, which defines the bits and runs
// everywhere, and in assembly, on amd64 for AVX2 and for AVX-512, on arm64 for
// NEON. The fastest that the machine can run are chosen at start; METAPLAST_CPU
// asks for others (see CPU). The assembly is written by the programs in the
// folders asm, a module of its own, and neon: go generate here after changing
// those.
package vec

import "unsafe"

// pad is the number of floats in a cache line; rows start on such boundaries.
const pad = 16

// Matrix is a row-major float32 matrix. Row i starts at Data[i*Stride];
// Stride is Cols rounded up to 16, Data is 64-byte aligned, and the floats
// between Cols and Stride are always zero.
type Matrix struct {
	Rows, Cols, Stride int
	Data               []float32
}

// New returns a zero matrix of the given shape.
func New(rows, cols int) *Matrix {
	stride := (cols + pad - 1) / pad * pad
	return &Matrix{Rows: rows, Cols: cols, Stride: stride, Data: aligned(rows * stride)}
}

// aligned returns n zero floats of which the first lies on a 64-byte boundary.
func aligned(n int) []float32 {
	b := make([]float32, n+pad)
	off := 0
	if r := uintptr(unsafe.Pointer(&b[0])) % (4 * pad); r != 0 {
		off = int(4*pad-r) / 4
	}
	return b[off : off+n : off+n]
}

// Row returns row i without its padding.
func (m *Matrix) Row(i int) []float32 {
	return m.Data[i*m.Stride : i*m.Stride+m.Cols : i*m.Stride+m.Cols]
}

// Zero sets every element to zero.
func (m *Matrix) Zero() { clear(m.Data) }

// CopyFrom copies a matrix of the same shape.
func (m *Matrix) CopyFrom(src *Matrix) {
	if m.Rows != src.Rows || m.Cols != src.Cols {
		panic("vec: CopyFrom: shapes differ")
	}
	copy(m.Data, src.Data)
}

// Head returns the first n rows, sharing storage with m.
func (m *Matrix) Head(n int) Matrix {
	return Matrix{Rows: n, Cols: m.Cols, Stride: m.Stride, Data: m.Data[:n*m.Stride]}
}
