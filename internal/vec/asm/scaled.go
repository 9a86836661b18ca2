package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// scaled writes the rank kernels for rows of a few vectors whose factors are
// scaled first: those stay in registers. Rows of w are whole vectors, with
// zeros beyond the n columns.
func scaled(s *isa) {
	s.tables()
	s.scaledRank(false)
	s.scaledRank(true)
}

// scaledRank adds e[i]·(f·by) to row i of m, at most listed, and with decay
// also w·(v·of). Without, rows whose e is zero are left alone unless some f·by
// is not finite.
func (s *isa) scaledRank(decay bool) {
	const group = 4
	if decay {
		s.frame("rank1DecayScaled", "m, n int, w *float32, ws int, e *float32, f *float32, by *float32, v *float32, of *float32")
	} else {
		s.frame("rank1Scaled", "m, n int, w *float32, ws int, e *float32, f *float32, by *float32")
	}
	m, g := param("m"), param("e")
	numbers, count := GP64(), GP64()
	XORQ(count, count)
	// row returns a row's factors, zero beyond its end.
	row := func(p, scale reg.Register, vectors int, last bool) bundle {
		x, by := s.bundle(vectors), s.bundle(1)
		VBROADCASTSS(Mem{Base: scale}, by[0])
		for j := range x {
			s.load(s.at(p, j), x[j], last && j == vectors-1)
		}
		x = s.mul(x, by)
		if last {
			x[vectors-1] = s.inside(x[vectors-1])
		}
		return x
	}
	ready := s.label("listed")
	if decay {
		MOVQ(m, count)
	} else {
		list := AllocLocal(4 * (listed + 16))
		LEAQ(list, numbers)
		keep, n, f, by := GP32(), param("n"), param("f"), param("by")
		XORL(keep, keep)
		largest := s.constant(0x7f7fffff)
		s.blocks(n, group, func(vectors int, last bool) {
			for _, x := range s.and(row(f, by, vectors, last), 1<<31-1) {
				bits := GP32()
				if s.wide() {
					k := K()
					VPCMPUD(Imm(6), largest, x, k) // not less or equal
					KMOVW(k, bits)
				} else {
					// As signed integers: magnitudes are not negative.
					t := s.vec()
					VPCMPGTD(largest, x, t)
					VMOVMSKPS(t, bits)
				}
				ORL(bits, keep)
			}
		}, func(vectors int) { ADDQ(U32(uint32(vectors*s.size())), f) })
		// All bits if there is one.
		NEGL(keep)
		SBBL(keep, keep)
		number, step, zero := s.numbers()
		left, p := GP64(), GP64()
		MOVQ(m, left)
		MOVQ(g, p)
		s.blocks(left, 1, func(_ int, last bool) {
			v := s.vec()
			s.load(Mem{Base: p}, v, last)
			s.pack(v, zero, number, step, keep, last, numbers, nil, count)
		}, func(int) { ADDQ(U32(uint32(s.size())), p) })
		TESTQ(count, count)
		JNZ(LabelRef(ready))
		s.end()
	}
	Label(ready)
	n, w, ws, f, by := param("n"), param("w"), param("ws"), param("f"), param("by")
	var v, of reg.Register
	if decay {
		v, of = param("v"), param("of")
	}
	s.blocks(n, group, func(vectors int, last bool) {
		x := row(f, by, vectors, last)
		var y bundle
		if decay {
			y = row(v, of, vectors, last)
		}
		change := func(at reg.Register, factor reg.Register) {
			for j := range x {
				old, t := s.vec(), s.vec()
				VMOVUPS(s.at(at, j), old)
				VMULPS(x[j], factor, t)
				if decay {
					u := s.vec()
					VMULPS(y[j], old, u)
					VADDPS(u, t, t)
				}
				VADDPS(t, old, old)
				var sum reg.Register = old
				if last && j == vectors-1 {
					sum = s.inside(old)
				}
				VMOVUPS(sum, s.at(at, j))
			}
		}
		left, done := GP64(), s.label("done")
		MOVQ(count, left)
		if !decay {
			all := s.label("all")
			CMPQ(left, m)
			JEQ(LabelRef(all))
			next := GP64()
			MOVQ(numbers, next)
			s.loop(left, func() {
				i, at, factor := GP64(), GP64(), s.vec()
				MOVLQSX(Mem{Base: next}, i)
				MOVQ(i, at)
				IMULQ(ws, at)
				ADDQ(w, at)
				VBROADCASTSS(Mem{Base: g, Index: i, Scale: 4}, factor)
				change(at, factor)
				ADDQ(Imm(4), next)
			})
			JMP(LabelRef(done))
			Label(all)
		}
		at, p := GP64(), GP64()
		MOVQ(w, at)
		MOVQ(g, p)
		s.loop(left, func() {
			factor := s.vec()
			VBROADCASTSS(Mem{Base: p}, factor)
			change(at, factor)
			ADDQ(ws, at)
			ADDQ(Imm(4), p)
		})
		Label(done)
	}, func(vectors int) {
		for _, p := range []reg.Register{w, f, v} {
			if p != nil {
				ADDQ(U32(uint32(vectors*s.size())), p)
			}
		}
	})
	s.end()
}

// frame is text for functions that use the stack.
func (s *isa) frame(name, signature string) {
	TEXT(s.name(name), 0, "func("+signature+")")
	Pragma("noescape")
}

// inside returns v with zeros beyond the row.
func (s *isa) inside(v reg.Register) reg.Register {
	d := s.vec()
	if s.wide() {
		VMOVAPS_Z(v, s.tail, d)
	} else {
		VANDPS(Mem{Base: s.tail}, v, d)
	}
	return d
}
