package vec

import (
	"math/bits"
	"unsafe"

	"golang.org/x/sys/cpu"
)

//go:generate go run -C asm . -file rows -out ../rows_amd64.s -stubs ../rows_amd64.go -pkg vec
//go:generate go run -C asm . -file gemm -out ../gemm_amd64.s -stubs ../gemm_amd64.go -pkg vec
//go:generate go run -C asm . -file rank -out ../rank_amd64.s -stubs ../rank_amd64.go -pkg vec
//go:generate go run -C asm . -file elements -dispatch ../dispatch_amd64.go -out ../elements_amd64.s -stubs ../elements_amd64.go -pkg vec
//go:generate go run -C asm . -file scaled -out ../scaled_amd64.s -stubs ../scaled_amd64.go -pkg vec
//go:generate go run -C asm . -file units -out ../units_amd64.s -stubs ../units_amd64.go -pkg vec
//go:generate go run -C asm . -file dots -out ../dots_amd64.s -stubs ../dots_amd64.go -pkg vec
//go:generate go run -C asm . -file limits -out ../limits_amd64.s -stubs ../limits_amd64.go -pkg vec

// native lists the paths of this machine, slowest first.
func native() []path {
	p := []path{portable}
	x := &cpu.X86
	if x.HasAVX2 && x.HasFMA && x.HasPOPCNT {
		p = append(p, avx2)
		if x.HasAVX512F && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL {
			p = append(p, avx512)
		}
	}
	return p
}

// Kernels with fused products come in this order.
const (
	strict256 = iota
	fused256
	strict512
	fused512
)

func variant() int {
	v := strict256
	if active == avx512 {
		v = strict512
	}
	if fast {
		v++
	}
	return v
}

func first(x []float32) *float32 { return unsafe.SliceData(x) }

func zerosNative(x []float32) int {
	count := 0
	for len(x) > 0 {
		n := min(len(x), workload)
		if active == avx512 {
			count += zeros512(n, first(x))
		} else {
			count += zeros256(n, first(x))
		}
		x = x[n:]
	}
	return count
}

// liveNative sets the bits of the columns of m from from to to that are not all
// zero; from is a multiple of 16.
func liveNative(bits []uint16, m *Matrix, from, to int) {
	n := (to - from + 15) / 16
	bits = bits[:n]
	_ = m.Data[(m.Rows-1)*m.Stride+from+16*n-1]
	if active == avx512 {
		live512(n, m.Rows, &m.Data[from], 4*m.Stride, &bits[0])
	} else {
		live256(n, m.Rows, &m.Data[from], 4*m.Stride, &bits[0])
	}
}

func limitedNative(x []float32, limit uint32) bool {
	if active == avx512 && len(x) <= workload {
		return limited512(len(x), first(x), limit)
	}
	for len(x) > 0 {
		n := min(len(x), workload)
		if active == avx512 && !limited512(n, first(x), limit) || active == avx2 && !limited256(n, first(x), limit) {
			return false
		}
		x = x[n:]
	}
	return true
}

// softmaxNative is Softmax for m rows of 1 to narrowRow columns.
func softmaxNative(m, n int, d []float32, ds int, a []float32, as int, gain float32) {
	const step = workload / 128
	for i := 0; i < m; i += step {
		rows := min(step, m-i)
		_, _ = d[(i+rows-1)*ds+n-1], a[(i+rows-1)*as+n-1]
		if active == avx512 {
			softmax512(rows, n, &d[i*ds], 4*ds, &a[i*as], 4*as, &gain)
		} else {
			softmax256(rows, n, &d[i*ds], 4*ds, &a[i*as], 4*as, &gain)
		}
	}
}

func tanhSlopeNative(d, a, b []float32) {
	for len(d) > 0 {
		n := min(len(d), chunk)
		if active == avx512 {
			tanhSlope512(n, first(d), first(a), first(b))
		} else {
			tanhSlope256(n, first(d), first(a), first(b))
		}
		d, a, b = d[n:], a[n:], b[n:]
	}
}

// addRowsNative is addRows with a mode. With increase, n is at most listed.
func addRowsNative(d []float32, n int, s []float32, ss int, x []float32, xs int, mode int) {
	if len(d) == 0 {
		return
	}
	if n == 0 {
		if mode&(fresh|increase) == fresh {
			clear(d)
		}
		return
	}
	_, _ = s[(n-1)*ss], x[(n-1)*xs+len(d)-1]
	step := listed
	if listed*len(d) > workload && mode&increase == 0 {
		step = max(8, workload/len(d))
	}
	for k := 0; k < n; k += step {
		m := min(step, n-k)
		switch variant() {
		case strict256:
			addRows256(&d[0], len(d), m, &s[k*ss], 4*ss, &x[k*xs], 4*xs, mode)
		case fused256:
			addRows256Fused(&d[0], len(d), m, &s[k*ss], 4*ss, &x[k*xs], 4*xs, mode)
		case strict512:
			addRows512(&d[0], len(d), m, &s[k*ss], 4*ss, &x[k*xs], 4*xs, mode)
		case fused512:
			addRows512Fused(&d[0], len(d), m, &s[k*ss], 4*ss, &x[k*xs], 4*xs, mode)
		}
		mode &^= fresh
	}
}

// A tile function computes as many rows at a time as its name says, m times.
type tileFunc func(n, m, k int, a *float32, ai, ak int, b *float32, bs int, c *float32, cs int, mode int, scale *float32)

// small says that there are kernels for small layers, in which a call for each
// step takes longer than the step.
const small = true

// The modes of a tile: its chains are added to c, or start at c.
const (
	added     = 1
	continued = 2
)

// tiles by variant and rows.
var tiles = [...][7]tileFunc{
	strict256: {1: tile1x256, 2: tile2x256, 3: tile3x256, 4: tile4x256, 5: tile5x256, 6: tile6x256},
	fused256:  {1: tile1x256Fused, 2: tile2x256Fused, 3: tile3x256Fused, 4: tile4x256Fused, 5: tile5x256Fused, 6: tile6x256Fused},
	strict512: {1: tile1x512, 2: tile2x512, 3: tile3x512, 4: tile4x512, 5: tile5x512, 6: tile6x512},
	fused512:  {1: tile1x512Fused, 2: tile2x512Fused, 3: tile3x512Fused, 4: tile4x512Fused, 5: tile5x512Fused, 6: tile6x512Fused},
}

// briefs by variant and length of the chains, which are added to c.
var briefs = [...][5]func(n, m int, a *float32, ai, ak int, b *float32, bs int, c *float32, cs int){
	strict256: {2: brief2x256, 3: brief3x256, 4: brief4x256},
	fused256:  {2: brief2x256Fused, 3: brief3x256Fused, 4: brief4x256Fused},
	strict512: {2: brief2x512, 3: brief3x512, 4: brief4x512},
	fused512:  {2: brief2x512Fused, 3: brief3x512Fused, 4: brief4x512Fused},
}

// multiply computes rows from to to of dst, or with add their increase:
// Σ_k a[i*ai+k*ak]·b[k] for kn > 0 values of k, with add at most longest of
// them, times scale unless that is nil.
func multiply(dst *Matrix, a []float32, ai, ak, kn int, b *Matrix, from, to int, add bool, scale *float32) {
	if to == from {
		return
	}
	_, _ = a[(to-1)*ai+(kn-1)*ak], b.Data[(kn-1)*b.Stride+dst.Cols-1]
	_ = dst.Data[(to-1)*dst.Stride+dst.Cols-1]
	if add && scale == nil && kn > 1 && kn < len(briefs[0]) {
		run := briefs[variant()][kn]
		step := max(1, 8*workload/(4*dst.Cols))
		for i := from; i < to; i += step {
			run(dst.Cols, min(step, to-i), &a[i*ai], 4*ai, 4*ak, &b.Data[0], 4*b.Stride, &dst.Data[i*dst.Stride], 4*dst.Stride)
		}
		return
	}
	tiles := &tiles[variant()]
	mode := 0
	if add {
		mode = added
	}
	for k := 0; k < kn; k += longest {
		depth := min(longest, kn-k)
		columns := dst.Cols
		if 6*depth*columns > 8*workload {
			columns = min(columns, max(64, 8*workload/(6*depth)&^63))
		}
		for i := from; i < to; {
			rows, blocks := split(to-i, depth*columns)
			if work := rows * depth * columns; blocks*work > 8*workload {
				blocks = max(1, 8*workload/work)
			}
			for j := 0; j < dst.Cols; j += columns {
				tiles[rows](min(columns, dst.Cols-j), blocks, depth, &a[i*ai+k*ak], 4*ai, 4*ak,
					&b.Data[k*b.Stride+j], 4*b.Stride, &dst.Data[i*dst.Stride+j], 4*dst.Stride, mode, scale)
			}
			i += blocks * rows
		}
		mode = continued
	}
}

// split divides rows into blocks of at most six and says how large the first
// ones are and how many, given the work in a row. Blocks of one row leave the
// adders idle; where there is little to do, a second call costs more than
// smaller blocks.
func split(rows, work int) (size, blocks int) {
	switch {
	case rows <= 6:
		return rows, 1
	case rows*work < 1<<15 && rows%6 > 0 && rows%5 == 0:
		return 5, rows / 5
	case rows*work < 1<<15 && rows%6 > 0 && rows%4 == 0:
		return 4, rows / 4
	case rows < 12:
		return (rows + 1) / 2, 2 - rows%2
	}
	return 6, rows/6 - 1
}

func dotNative(x, y []float32) float32 {
	switch variant() {
	case fused512:
		return dot512Fused(len(x), first(x), first(y))
	case strict512:
		return dot512(len(x), first(x), first(y))
	case fused256:
		return dot256Fused(len(x), first(x), first(y))
	}
	return dot256(len(x), first(x), first(y))
}

func sumNative(x []float32) float32 {
	if active == avx512 {
		return sum512(len(x), first(x))
	}
	return sum256(len(x), first(x))
}

// dotsFunc computes blocks of dot products, m blocks side by side.
type dotsFunc func(n int, a *float32, as int, b *float32, bs int, m int, c *float32, cs int)

// packed is the length up to which dotsPacked takes rows.
const packed = 256

// A dotsBlock is ra rows of a with blocks of rb rows of b, a power of two.
type dotsBlock struct {
	ra, rb int
	run    dotsFunc
}

// dotsBlocks has the blocks of a variant from large to small, first by rows of
// a.
var dotsBlocks = [...][]dotsBlock{
	strict256: {{2, 2, dots2x2x256}, {2, 1, dots2x1x256}, {1, 4, dots1x4x256}, {1, 1, dots1x1x256}},
	fused256:  {{2, 2, dots2x2x256Fused}, {2, 1, dots2x1x256Fused}, {1, 4, dots1x4x256Fused}, {1, 1, dots1x1x256Fused}},
	strict512: {
		{6, 4, dotsPacked512}, {4, 4, dots4x4x512}, {4, 1, dots4x1x512}, {2, 4, dots2x4x512},
		{2, 1, dots2x1x512}, {1, 8, dots1x8x512}, {1, 4, dots1x4x512}, {1, 1, dots1x1x512},
	},
	fused512: {
		{6, 4, dotsPacked512Fused}, {4, 4, dots4x4x512Fused}, {4, 1, dots4x1x512Fused}, {2, 4, dots2x4x512Fused},
		{2, 1, dots2x1x512Fused}, {1, 8, dots1x8x512Fused}, {1, 4, dots1x4x512Fused}, {1, 1, dots1x1x512Fused},
	},
}

// mulTBNative is MulTB for matrices that are not empty: blocks of rows of a
// with blocks of rows of b, and what is left of those row by row.
func mulTBNative(dst, a, b *Matrix) {
	n, m := a.Stride, b.Rows
	_, _, _ = a.Data[a.Rows*n-1], b.Data[m*n-1], dst.Data[(a.Rows-1)*dst.Stride+m-1]
	all := dotsBlocks[variant()]
	for i := 0; i < a.Rows; {
		// Two blocks of four are better than one of six and one of two.
		left := a.Rows - i
		for all[0].ra > left || all[0].ra == 6 && (n > packed || m%4 > 0 || left == 8 || left == 9) {
			all = all[1:]
		}
		ra := all[0].ra
		for j, k := 0, 0; j < m; {
			for all[k].rb > m-j {
				k++
			}
			d := &all[k]
			blocks := (m - j) >> bits.TrailingZeros(uint(d.rb))
			if work := n * ra * d.rb; blocks*work > 4*workload {
				blocks = max(1, 4*workload/work)
			}
			d.run(n, &a.Data[i*n], 4*n, &b.Data[j*n], 4*n, blocks, &dst.Data[i*dst.Stride+j], 4*dst.Stride)
			j += blocks * d.rb
		}
		i += ra
	}
}

// The rank kernels are called with as many rows at a time as workload allows.
// They pass through the rows once for every block of columns, so that of wide
// matrices they get no more rows than the first cache holds.
func (m *Matrix) step() int {
	if m.Cols > 256 {
		return max(8, cached/m.Cols)
	}
	return min(listed, workload/max(1, m.Cols))
}

// cached is how many floats the first cache has room for on most machines.
const cached = 1 << 13

// check panics unless the last row is there.
func (m *Matrix) check() {
	if m.Rows > 0 {
		_ = m.Row(m.Rows - 1)
	}
}

// flag is all, and 2 for matrices that are too large for the first cache.
func (m *Matrix) flag(all bool) int {
	f := 0
	if all {
		f = 1
	}
	if m.Rows*m.Stride > cached {
		f += 2
	}
	return f
}

func rank1Native(w *Matrix, g, f []float32, all bool) {
	g, f = g[:w.Rows], f[:w.Cols]
	w.check()
	for i, step := 0, w.step(); i < w.Rows && w.Cols > 0; i += step {
		m := min(step, w.Rows-i)
		if active == avx512 {
			rank1x512(m, w.Cols, &w.Data[i*w.Stride], 4*w.Stride, w.flag(all), &g[i], first(f))
		} else {
			rank1x256(m, w.Cols, &w.Data[i*w.Stride], 4*w.Stride, w.flag(all), &g[i], first(f))
		}
	}
}

func rank1ColumnNative(w *Matrix, g, f, u []float32, all bool) {
	g, u, f = g[:w.Rows], u[:w.Rows], f[:w.Cols]
	w.check()
	for i, step := 0, w.step(); i < w.Rows && w.Cols > 0; i += step {
		m := min(step, w.Rows-i)
		if active == avx512 {
			rank1Column512(m, w.Cols, &w.Data[i*w.Stride], 4*w.Stride, w.flag(all), &g[i], &u[i], first(f))
		} else {
			rank1Column256(m, w.Cols, &w.Data[i*w.Stride], 4*w.Stride, w.flag(all), &g[i], &u[i], first(f))
		}
	}
}

func rank2Native(w *Matrix, g, f, h, k []float32, all bool) {
	g, h, f, k = g[:w.Rows], h[:w.Rows], f[:w.Cols], k[:w.Cols]
	w.check()
	for i, step := 0, w.step(); i < w.Rows && w.Cols > 0; i += step {
		m := min(step, w.Rows-i)
		if active == avx512 {
			rank2x512(m, w.Cols, &w.Data[i*w.Stride], 4*w.Stride, w.flag(all), &g[i], &h[i], first(f), first(k))
		} else {
			rank2x256(m, w.Cols, &w.Data[i*w.Stride], 4*w.Stride, w.flag(all), &g[i], &h[i], first(f), first(k))
		}
	}
}

func rank1DecayNative(w *Matrix, g, f, v []float32) {
	g, f, v = g[:w.Rows], f[:w.Cols], v[:w.Cols]
	w.check()
	for i, step := 0, w.step(); i < w.Rows && w.Cols > 0; i += step {
		m := min(step, w.Rows-i)
		if active == avx512 {
			rank1Decay512(m, w.Cols, &w.Data[i*w.Stride], 4*w.Stride, w.flag(true), &g[i], first(f), first(v))
		} else {
			rank1Decay256(m, w.Cols, &w.Data[i*w.Stride], 4*w.Stride, w.flag(true), &g[i], first(f), first(v))
		}
	}
}

func rank2DecayNative(w *Matrix, g, f, h, k, v []float32) {
	g, h, f, k, v = g[:w.Rows], h[:w.Rows], f[:w.Cols], k[:w.Cols], v[:w.Cols]
	w.check()
	for i, step := 0, w.step(); i < w.Rows && w.Cols > 0; i += step {
		m := min(step, w.Rows-i)
		if active == avx512 {
			rank2Decay512(m, w.Cols, &w.Data[i*w.Stride], 4*w.Stride, w.flag(true), &g[i], &h[i], first(f), first(k), first(v))
		} else {
			rank2Decay256(m, w.Cols, &w.Data[i*w.Stride], 4*w.Stride, w.flag(true), &g[i], &h[i], first(f), first(k), first(v))
		}
	}
}

func rank1GatedNative(w *Matrix, g, f, u []float32, all bool) {
	g, u, f = g[:w.Rows], u[:w.Rows], f[:w.Cols]
	w.check()
	for i, step := 0, w.step(); i < w.Rows && w.Cols > 0; i += step {
		m := min(step, w.Rows-i)
		if active == avx512 {
			rank1Gated512(m, w.Cols, &w.Data[i*w.Stride], 4*w.Stride, w.flag(all), &g[i], &u[i], first(f))
		} else {
			rank1Gated256(m, w.Cols, &w.Data[i*w.Stride], 4*w.Stride, w.flag(all), &g[i], &u[i], first(f))
		}
	}
}

// rank1ScaledNative is Rank1Scaled for rows of 1 to fewColumns columns.
func rank1ScaledNative(w *Matrix, g, f []float32, by float32) {
	if w.Rows == 0 {
		return
	}
	g, f = g[:w.Rows], f[:w.Cols]
	_ = w.Data[w.Rows*w.Stride-1]
	if active == avx512 && w.Rows <= listed {
		rank1Scaled512(w.Rows, w.Cols, &w.Data[0], 4*w.Stride, &g[0], &f[0], &by)
		return
	}
	for i := 0; i < w.Rows; i += listed {
		m := min(listed, w.Rows-i)
		if active == avx512 {
			rank1Scaled512(m, w.Cols, &w.Data[i*w.Stride], 4*w.Stride, &g[i], &f[0], &by)
		} else {
			rank1Scaled256(m, w.Cols, &w.Data[i*w.Stride], 4*w.Stride, &g[i], &f[0], &by)
		}
	}
}

// rank1DecayScaledNative is Rank1DecayScaled for such rows.
func rank1DecayScaledNative(w *Matrix, g, f []float32, by float32, v []float32, of float32) {
	g, f, v = g[:w.Rows], f[:w.Cols], v[:w.Cols]
	if w.Rows > 0 {
		_ = w.Data[w.Rows*w.Stride-1]
	}
	for i := 0; i < w.Rows; i += listed {
		m := min(listed, w.Rows-i)
		if active == avx512 {
			rank1DecayScaled512(m, w.Cols, &w.Data[i*w.Stride], 4*w.Stride, &g[i], &f[0], &by, &v[0], &of)
		} else {
			rank1DecayScaled256(m, w.Cols, &w.Data[i*w.Stride], 4*w.Stride, &g[i], &f[0], &by, &v[0], &of)
		}
	}
}
