package vec

import (
	"math"
	"unsafe"
)

// native lists the paths of this machine, slowest first: Advanced SIMD is
// part of the architecture. Its products are strict, so that fast ones are
// computed in plain Go.
func native() []path {
	if fast {
		return []path{portable}
	}
	return []path{portable, neon}
}

func first(x []float32) *float32 { return unsafe.SliceData(x) }

func zerosNative(x []float32) int {
	count := 0
	for len(x) > 0 {
		n := min(len(x), workload)
		count += zeros128(n, first(x))
		x = x[n:]
	}
	return count
}

// liveNative sets the bits of the columns of m from from to to that are not all
// zero; from is a multiple of 16.
func liveNative(bits []uint16, m *Matrix, from, to int) {
	clear(bits[:(to-from+15)/16])
	for i := range m.Rows {
		for j, v := range m.Data[i*m.Stride+from : i*m.Stride+to] {
			if v != 0 {
				bits[j/16] |= 1 << (j % 16)
			}
		}
	}
}

const largest = 0x7f7fffff // the bits of the largest number

// limitedNative looks for infinities and NaNs with a kernel, for other limits
// one by one.
func limitedNative(x []float32, limit uint32) bool {
	if limit != largest {
		for _, v := range x {
			if math.Float32bits(v)&^(1<<31) > limit {
				return false
			}
		}
		return true
	}
	for len(x) > 0 {
		n := min(len(x), workload)
		if !finite128(n, first(x)) {
			return false
		}
		x = x[n:]
	}
	return true
}

// small says that there are no kernels for small layers; those that they stand
// for are composed of the others.
const small = false

const none = "vec: there is no such kernel for arm64"

func softmaxNative(int, int, []float32, int, []float32, int, float32) { panic(none) }
func tanhSlopeNative([]float32, []float32, []float32)                 { panic(none) }
func rank1ScaledNative(*Matrix, []float32, []float32, float32)        { panic(none) }
func rank1DecayScaledNative(*Matrix, []float32, []float32, float32, []float32, float32) {
	panic(none)
}

// list holds the numbers of rows that a kernel is to look at.
type list [listed]int32

// addRowsNative is addRows with a mode. With increase, n is at most listed.
func addRowsNative(d []float32, n int, s []float32, ss int, x []float32, xs int, mode int) {
	if len(d) == 0 {
		return
	}
	mode &^= closed // of fused chains
	if n == 0 {
		if mode == fresh {
			clear(d)
		}
		return
	}
	_, _ = s[(n-1)*ss], x[(n-1)*xs+len(d)-1]
	step := listed
	if listed*len(d) > workload && mode&increase == 0 {
		step = max(8, workload/len(d))
	}
	var rows list
	for k := 0; k < n; k += step {
		m := min(step, n-k)
		count := m
		if mode&everything == 0 {
			count = 0
			for i := range m {
				// Without a branch, which noisy factors would mislead.
				rows[count] = int32(i)
				if s[(k+i)*ss] != 0 {
					count++
				}
			}
		}
		switch {
		case count == m:
			addRows128(&d[0], len(d), m, &s[k*ss], 4*ss, &x[k*xs], 4*xs, mode)
		case count > 0 || mode == fresh: // else nothing is added
			addListed128(&d[0], len(d), count, &s[k*ss], 4*ss, &x[k*xs], 4*xs, mode, &rows[0])
		}
		mode &^= fresh
	}
}

// multiply computes rows from to to of dst, or with add their increase:
// Σ_k a[i*ai+k*ak]·b[k] for kn > 0 values of k.
func multiply(dst *Matrix, a []float32, ai, ak, kn int, b *Matrix, from, to int, add bool, scale *float32) {
	if scale != nil {
		panic(none)
	}
	if to == from {
		return
	}
	_, _ = a[(to-1)*ai+(kn-1)*ak], b.Data[(kn-1)*b.Stride+dst.Cols-1]
	_ = dst.Data[(to-1)*dst.Stride+dst.Cols-1]
	mode := 0
	if add {
		mode = 1
	}
	columns := max(64, 8*workload/(6*kn)&^63)
	for i := from; i < to; {
		rows := to - i
		if rows >= 12 {
			rows = 6
		} else if rows > 6 {
			rows = (rows + 1) / 2
		}
		for j := 0; j < dst.Cols; j += columns {
			tile := tile1x128
			switch rows {
			case 2:
				tile = tile2x128
			case 3:
				tile = tile3x128
			case 4:
				tile = tile4x128
			case 5:
				tile = tile5x128
			case 6:
				tile = tile6x128
			}
			tile(min(columns, dst.Cols-j), kn, &a[i*ai], 4*ai, 4*ak, &b.Data[j], 4*b.Stride, &dst.Data[i*dst.Stride+j], 4*dst.Stride, mode)
		}
		i += rows
	}
}

func dotNative(x, y []float32) float32 { return dot128(len(x), first(x), first(y)) }

func sumNative(x []float32) float32 { return sum128(len(x), first(x)) }

// mulTBNative is MulTB for matrices that are not empty: blocks of rows of a
// with blocks of rows of b, and what is left of those row by row.
func mulTBNative(dst, a, b *Matrix) {
	n, m := a.Stride, b.Rows
	_, _, _ = a.Data[a.Rows*n-1], b.Data[m*n-1], dst.Data[(a.Rows-1)*dst.Stride+m-1]
	for i := 0; i < a.Rows; {
		ra, rb := 1, 4
		if a.Rows-i >= 2 {
			ra, rb = 2, 2
		}
		step := max(1, 4*workload/(ra*n*rb)) * rb
		for j := 0; j < m; {
			blocks := min(step, m-j) / rb
			if blocks == 0 {
				rb, blocks = 1, m-j
			}
			dots := dots1x1x128
			switch {
			case ra == 2 && rb == 2:
				dots = dots2x2x128
			case rb == 4:
				dots = dots1x4x128
			case ra == 2:
				dots = dots2x1x128
			}
			dots(n, &a.Data[i*a.Stride], 4*a.Stride, &b.Data[j*b.Stride], 4*b.Stride, blocks, &dst.Data[i*dst.Stride+j], 4*dst.Stride)
			j += blocks * rb
		}
		i += ra
	}
}

// check panics unless the last row is there.
func (m *Matrix) check() {
	if m.Rows > 0 {
		_ = m.Row(m.Rows - 1)
	}
}

func (m *Matrix) step() int { return max(1, min(listed, workload/max(1, m.Cols))) }

// choose lists the rows whose factors in g and h are not both zero, or all of
// them. h may be nil.
func (l *list) choose(g, h []float32, all bool) int {
	if h == nil {
		h = g
	}
	h = h[:len(g)]
	keep := uint32(0)
	if all {
		keep = 1
	}
	count := 0
	for i, v := range g {
		// Without a branch, as above: zeros have no bits but the sign.
		l[count] = int32(i)
		if (math.Float32bits(v)|math.Float32bits(h[i]))<<1|keep != 0 {
			count++
		}
	}
	return count
}

func rank1Native(w *Matrix, g, f []float32, all bool) {
	g, f = g[:w.Rows], f[:w.Cols]
	w.check()
	var rows list
	for i, step := 0, w.step(); i < w.Rows && w.Cols > 0; i += step {
		m := min(step, w.Rows-i)
		if m = rows.choose(g[i:i+m], nil, all); m > 0 {
			rank1x128(m, w.Cols, &rows[0], &w.Data[i*w.Stride], 4*w.Stride, &g[i], first(f))
		}
	}
}

func rank1ColumnNative(w *Matrix, g, f, u []float32, all bool) {
	g, u, f = g[:w.Rows], u[:w.Rows], f[:w.Cols]
	w.check()
	var rows list
	for i, step := 0, w.step(); i < w.Rows && w.Cols > 0; i += step {
		m := min(step, w.Rows-i)
		if m = rows.choose(g[i:i+m], u[i:i+m], all); m > 0 {
			rank1Column128(m, w.Cols, &rows[0], &w.Data[i*w.Stride], 4*w.Stride, &g[i], &u[i], first(f))
		}
	}
}

func rank2Native(w *Matrix, g, f, h, k []float32, all bool) {
	g, h, f, k = g[:w.Rows], h[:w.Rows], f[:w.Cols], k[:w.Cols]
	w.check()
	var rows list
	for i, step := 0, w.step(); i < w.Rows && w.Cols > 0; i += step {
		m := min(step, w.Rows-i)
		if m = rows.choose(g[i:i+m], h[i:i+m], all); m > 0 {
			rank2x128(m, w.Cols, &rows[0], &w.Data[i*w.Stride], 4*w.Stride, &g[i], &h[i], first(f), first(k))
		}
	}
}

func rank1DecayNative(w *Matrix, g, f, v []float32) {
	g, f, v = g[:w.Rows], f[:w.Cols], v[:w.Cols]
	w.check()
	var rows list
	for i, step := 0, w.step(); i < w.Rows && w.Cols > 0; i += step {
		m := min(step, w.Rows-i)
		if m = rows.choose(g[i:i+m], nil, true); m > 0 {
			rank1Decay128(m, w.Cols, &rows[0], &w.Data[i*w.Stride], 4*w.Stride, &g[i], first(f), first(v))
		}
	}
}

func rank2DecayNative(w *Matrix, g, f, h, k, v []float32) {
	g, h, f, k, v = g[:w.Rows], h[:w.Rows], f[:w.Cols], k[:w.Cols], v[:w.Cols]
	w.check()
	var rows list
	for i, step := 0, w.step(); i < w.Rows && w.Cols > 0; i += step {
		m := min(step, w.Rows-i)
		if m = rows.choose(g[i:i+m], nil, true); m > 0 {
			rank2Decay128(m, w.Cols, &rows[0], &w.Data[i*w.Stride], 4*w.Stride, &g[i], &h[i], first(f), first(k), first(v))
		}
	}
}

func rank1GatedNative(w *Matrix, g, f, u []float32, all bool) {
	g, u, f = g[:w.Rows], u[:w.Rows], f[:w.Cols]
	w.check()
	var rows list
	for i, step := 0, w.step(); i < w.Rows && w.Cols > 0; i += step {
		m := min(step, w.Rows-i)
		if m = rows.choose(g[i:i+m], u[i:i+m], all); m > 0 {
			rank1Gated128(m, w.Cols, &rows[0], &w.Data[i*w.Stride], 4*w.Stride, &g[i], &u[i], first(f))
		}
	}
}
