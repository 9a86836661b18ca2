package vec

import (
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
	if x.HasAVX2 && x.HasPOPCNT {
		p = append(p, avx2)
		if x.HasAVX512F && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL {
			p = append(p, avx512)
		}
	}
	return p
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
	for k := 0; k < n; k += step {
		m := min(step, n-k)
		if active == avx512 {
			addRows512(&d[0], len(d), m, &s[k*ss], 4*ss, &x[k*xs], 4*xs, mode)
		} else {
			addRows256(&d[0], len(d), m, &s[k*ss], 4*ss, &x[k*xs], 4*xs, mode)
		}
		mode &^= fresh
	}
}

// multiply computes rows from to to of dst, or with add their increase:
// Σ_k a[i*ai+k*ak]·b[k] for kn > 0 values of k, times scale unless that is nil.
func multiply(dst *Matrix, a []float32, ai, ak, kn int, b *Matrix, from, to int, add bool, scale *float32) {
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
			n := min(columns, dst.Cols-j)
			pa, pb, pc := &a[i*ai], &b.Data[j], &dst.Data[i*dst.Stride+j]
			if active == avx512 {
				tile := tile1x512
				switch rows {
				case 2:
					tile = tile2x512
				case 3:
					tile = tile3x512
				case 4:
					tile = tile4x512
				case 5:
					tile = tile5x512
				case 6:
					tile = tile6x512
				}
				tile(n, kn, pa, 4*ai, 4*ak, pb, 4*b.Stride, pc, 4*dst.Stride, mode, scale)
			} else {
				tile := tile1x256
				switch rows {
				case 2:
					tile = tile2x256
				case 3:
					tile = tile3x256
				case 4:
					tile = tile4x256
				case 5:
					tile = tile5x256
				case 6:
					tile = tile6x256
				}
				tile(n, kn, pa, 4*ai, 4*ak, pb, 4*b.Stride, pc, 4*dst.Stride, mode, scale)
			}
		}
		i += rows
	}
}

func dotNative(x, y []float32) float32 {
	if active == avx512 {
		return dot512(len(x), first(x), first(y))
	}
	return dot256(len(x), first(x), first(y))
}

func sumNative(x []float32) float32 {
	if active == avx512 {
		return sum512(len(x), first(x))
	}
	return sum256(len(x), first(x))
}

// mulTBNative is MulTB for matrices that are not empty: blocks of rows of a
// with blocks of rows of b, and what is left of those row by row.
func mulTBNative(dst, a, b *Matrix) {
	n, m := a.Stride, b.Rows
	_, _, _ = a.Data[a.Rows*n-1], b.Data[m*n-1], dst.Data[(a.Rows-1)*dst.Stride+m-1]
	as, bs, cs := 4*a.Stride, 4*b.Stride, 4*dst.Stride
	for i := 0; i < a.Rows; {
		ra, rb := 1, 4
		switch left := a.Rows - i; {
		case active == avx512 && left >= 4:
			ra = 4
		case active == avx512 && left >= 2:
			ra = 2
		case left >= 2:
			ra, rb = 2, 2
		}
		step := max(1, 4*workload/(ra*n*rb)) * rb
		x := &a.Data[i*a.Stride]
		for j := 0; j < m; {
			blocks := min(step, m-j) / rb
			if blocks == 0 {
				rb, blocks = 1, m-j
			}
			y, c := &b.Data[j*b.Stride], &dst.Data[i*dst.Stride+j]
			j += blocks * rb
			switch {
			case active == avx512 && ra == 4 && rb == 4:
				dots4x4x512(n, x, as, y, bs, blocks, c, cs)
			case active == avx512 && ra == 2 && rb == 4:
				dots2x4x512(n, x, as, y, bs, blocks, c, cs)
			case active == avx512 && rb == 4:
				dots1x4x512(n, x, as, y, bs, blocks, c, cs)
			case active == avx512 && ra == 4:
				dots4x1x512(n, x, as, y, bs, blocks, c, cs)
			case active == avx512 && ra == 2:
				dots2x1x512(n, x, as, y, bs, blocks, c, cs)
			case active == avx512:
				dots1x1x512(n, x, as, y, bs, blocks, c, cs)
			case ra == 2 && rb == 2:
				dots2x2x256(n, x, as, y, bs, blocks, c, cs)
			case rb == 4:
				dots1x4x256(n, x, as, y, bs, blocks, c, cs)
			case ra == 2:
				dots2x1x256(n, x, as, y, bs, blocks, c, cs)
			default:
				dots1x1x256(n, x, as, y, bs, blocks, c, cs)
			}
		}
		i += ra
	}
}

// The rank kernels are called with as many rows at a time as workload allows.

func (m *Matrix) step() int { return max(1, min(listed, workload/max(1, m.Cols))) }

// check panics unless the last row is there.
func (m *Matrix) check() {
	if m.Rows > 0 {
		_ = m.Row(m.Rows - 1)
	}
}

func flag(all bool) int {
	if all {
		return 1
	}
	return 0
}

func rank1Native(w *Matrix, g, f []float32, all bool) {
	g, f = g[:w.Rows], f[:w.Cols]
	w.check()
	for i, step := 0, w.step(); i < w.Rows && w.Cols > 0; i += step {
		m := min(step, w.Rows-i)
		if active == avx512 {
			rank1x512(m, w.Cols, &w.Data[i*w.Stride], 4*w.Stride, flag(all), &g[i], first(f))
		} else {
			rank1x256(m, w.Cols, &w.Data[i*w.Stride], 4*w.Stride, flag(all), &g[i], first(f))
		}
	}
}

func rank1ColumnNative(w *Matrix, g, f, u []float32, all bool) {
	g, u, f = g[:w.Rows], u[:w.Rows], f[:w.Cols]
	w.check()
	for i, step := 0, w.step(); i < w.Rows && w.Cols > 0; i += step {
		m := min(step, w.Rows-i)
		if active == avx512 {
			rank1Column512(m, w.Cols, &w.Data[i*w.Stride], 4*w.Stride, flag(all), &g[i], &u[i], first(f))
		} else {
			rank1Column256(m, w.Cols, &w.Data[i*w.Stride], 4*w.Stride, flag(all), &g[i], &u[i], first(f))
		}
	}
}

func rank2Native(w *Matrix, g, f, h, k []float32, all bool) {
	g, h, f, k = g[:w.Rows], h[:w.Rows], f[:w.Cols], k[:w.Cols]
	w.check()
	for i, step := 0, w.step(); i < w.Rows && w.Cols > 0; i += step {
		m := min(step, w.Rows-i)
		if active == avx512 {
			rank2x512(m, w.Cols, &w.Data[i*w.Stride], 4*w.Stride, flag(all), &g[i], &h[i], first(f), first(k))
		} else {
			rank2x256(m, w.Cols, &w.Data[i*w.Stride], 4*w.Stride, flag(all), &g[i], &h[i], first(f), first(k))
		}
	}
}

func rank1DecayNative(w *Matrix, g, f, v []float32) {
	g, f, v = g[:w.Rows], f[:w.Cols], v[:w.Cols]
	w.check()
	for i, step := 0, w.step(); i < w.Rows && w.Cols > 0; i += step {
		m := min(step, w.Rows-i)
		if active == avx512 {
			rank1Decay512(m, w.Cols, &w.Data[i*w.Stride], 4*w.Stride, 1, &g[i], first(f), first(v))
		} else {
			rank1Decay256(m, w.Cols, &w.Data[i*w.Stride], 4*w.Stride, 1, &g[i], first(f), first(v))
		}
	}
}

func rank2DecayNative(w *Matrix, g, f, h, k, v []float32) {
	g, h, f, k, v = g[:w.Rows], h[:w.Rows], f[:w.Cols], k[:w.Cols], v[:w.Cols]
	w.check()
	for i, step := 0, w.step(); i < w.Rows && w.Cols > 0; i += step {
		m := min(step, w.Rows-i)
		if active == avx512 {
			rank2Decay512(m, w.Cols, &w.Data[i*w.Stride], 4*w.Stride, 1, &g[i], &h[i], first(f), first(k), first(v))
		} else {
			rank2Decay256(m, w.Cols, &w.Data[i*w.Stride], 4*w.Stride, 1, &g[i], &h[i], first(f), first(k), first(v))
		}
	}
}

func rank1GatedNative(w *Matrix, g, f, u []float32, all bool) {
	g, u, f = g[:w.Rows], u[:w.Rows], f[:w.Cols]
	w.check()
	for i, step := 0, w.step(); i < w.Rows && w.Cols > 0; i += step {
		m := min(step, w.Rows-i)
		if active == avx512 {
			rank1Gated512(m, w.Cols, &w.Data[i*w.Stride], 4*w.Stride, flag(all), &g[i], &u[i], first(f))
		} else {
			rank1Gated256(m, w.Cols, &w.Data[i*w.Stride], 4*w.Stride, flag(all), &g[i], &u[i], first(f))
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
