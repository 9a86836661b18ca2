package vec

import (
	"math"
	"unsafe"
)

// Matrices of one column are too narrow for the kernels: their rows are single
// numbers, a stride apart. The functions of this file have the bits of those
// that they are named after.

// mulColumn is Mul for b of one column.
func mulColumn(dst, a, b *Matrix) {
	for i := range a.Rows {
		sum := float32(0)
		at := 0
		for _, s := range a.Row(i) {
			switch {
			case s == 0:
			case fast:
				sum = fma(s, b.Data[at], sum)
			default:
				sum += float32(s * b.Data[at])
			}
			at += b.Stride
		}
		sum += 0 // see fused.go
		dst.Data[i*dst.Stride] = sum
	}
}

// Limited reports whether all magnitudes in x, taken as bits, are at most
// limit, the bits of a number that is not negative. NaN is beyond all limits.
func Limited(x []float32, limit uint32) bool {
	const signs = 1<<31 | 1<<63
	bound := uint64(limit)<<32 | uint64(limit) | signs
	ok := ^uint64(0)
	if len(x) >= 2 {
		// Two at a time: the sign's place stays set where bound - x is not
		// negative.
		pairs := unsafe.Slice((*[2]uint32)(unsafe.Pointer(&x[0])), len(x)/2)
		for len(pairs) >= 4 {
			p := (*[4][2]uint32)(pairs)
			ok &= bound - pair(&p[0])
			ok &= bound - pair(&p[1])
			ok &= bound - pair(&p[2])
			ok &= bound - pair(&p[3])
			pairs = pairs[4:]
		}
		for k := range pairs {
			ok &= bound - pair(&pairs[k])
		}
	}
	if len(x)%2 == 1 {
		ok &= bound - uint64(math.Float32bits(x[len(x)-1])&^(1<<31))
	}
	return ok&signs == signs
}

// pair returns the magnitudes of two floats side by side.
func pair(p *[2]uint32) uint64 {
	return (uint64(p[0]) | uint64(p[1])<<32) &^ (1<<31 | 1<<63)
}
