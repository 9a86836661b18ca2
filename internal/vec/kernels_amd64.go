package vec

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

//go:generate go run -C asm . -file rows -out ../rows_amd64.s -stubs ../rows_amd64.go -pkg vec
//go:generate go run -C asm . -file gemm -out ../gemm_amd64.s -stubs ../gemm_amd64.go -pkg vec
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

// Assembly cannot be preempted, so that no call is given more than about
// workload elements, which take it up to a tenth of a millisecond.
const workload = 1 << 17

func first(x []float32) *float32 { return unsafe.SliceData(x) }

func zerosNative(x []float32) int {
	if active == avx512 {
		return zeros512(len(x), first(x))
	}
	return zeros256(len(x), first(x))
}

func finiteNative(x []float32) bool {
	for len(x) > 0 {
		n := min(len(x), workload)
		if active == avx512 && !finite512(n, first(x)) || active == avx2 && !finite256(n, first(x)) {
			return false
		}
		x = x[n:]
	}
	return true
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
// Σ_k a[i*ai+k*ak]·b[k] for kn > 0 values of k.
func multiply(dst *Matrix, a []float32, ai, ak, kn int, b *Matrix, from, to int, add bool) {
	mode := 0
	if add {
		mode = 1
	}
	columns := max(64, 8*workload/(6*kn)&^63)
	for i := from; i < to; {
		panels := (to - i + 5) / 6
		rows := (to - i + panels - 1) / panels
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
				tile(n, kn, pa, 4*ai, 4*ak, pb, 4*b.Stride, pc, 4*dst.Stride, mode)
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
				tile(n, kn, pa, 4*ai, 4*ak, pb, 4*b.Stride, pc, 4*dst.Stride, mode)
			}
		}
		i += rows
	}
}
