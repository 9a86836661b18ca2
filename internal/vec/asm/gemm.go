package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// gemm writes tile1 to tile6, named by the rows of c that they compute: c (or
// its increase, if add is not 0) is Σ_k a[i,k]·b[k] for n columns, each
// element one chain over k that starts at +0. Strides are in bytes, k ≥ 1.
// An increase is multiplied by scale unless that is nil.
func gemm(s *isa) {
	s.masks()
	for rows := 1; rows <= 6; rows++ {
		s.tile(rows)
	}
}

func (s *isa) tile(rows int) {
	width := 2
	if s.wide() {
		width = 4
	}
	if rows <= 2 {
		width = 4
	}
	s.text(fmt.Sprintf("tile%dx", rows), "n, k int, a *float32, ai, ak int, b *float32, bs int, c *float32, cs int, add int, scale *float32")
	n, ai, ak, b, bs, c := param("n"), param("ai"), param("ak"), param("b"), param("bs"), param("c")
	s.blocks(n, width, func(vectors int, last bool) {
		acc := make([][]reg.VecVirtual, rows)
		for i := range acc {
			acc[i] = s.vecs(vectors)
			for _, v := range acc[i] {
				s.zero(v)
			}
		}
		k, a, bp := param("k"), param("a"), GP64()
		MOVQ(b, bp)
		var a3 reg.Register
		if rows > 3 {
			t := GP64()
			LEAQ(Mem{Base: ai, Index: ai, Scale: 2}, t)
			ADDQ(a, t)
			a3 = t
		}
		s.loop(k, func() {
			bv := s.vecs(vectors)
			for j, v := range bv {
				s.load(s.at(bp, j), v, last && j == vectors-1)
			}
			for i := range rows {
				m := Mem{Base: a}
				if i >= 3 {
					m.Base = a3
				}
				if i%3 > 0 {
					m.Index, m.Scale = ai, uint8(i%3)
				}
				var f reg.VecVirtual
				f = s.vec()
				VBROADCASTSS(m, f)
				for j, v := range bv {
					t := s.vec()
					VMULPS(v, f, t)
					VADDPS(t, acc[i][j], acc[i][j])
				}
			}
			ADDQ(ak, a)
			if rows > 3 {
				ADDQ(ak, a3)
			}
			ADDQ(bs, bp)
		})
		cp, cs, add := GP64(), param("cs"), param("add")
		plain := s.label("plain")
		each := func(body func(m Mem, v reg.Register, tail bool)) {
			MOVQ(c, cp)
			for i := range acc {
				for j, v := range acc[i] {
					body(s.at(cp, j), v, last && j == vectors-1)
				}
				if i < rows-1 {
					ADDQ(cs, cp)
				}
			}
		}
		TESTQ(add, add)
		JZ(LabelRef(plain))
		scale, whole := param("scale"), s.label("unscaled")
		TESTQ(scale, scale)
		JZ(LabelRef(whole))
		by := s.vec()
		VBROADCASTSS(Mem{Base: scale}, by)
		for i := range acc {
			for _, v := range acc[i] {
				VMULPS(by, v, v)
			}
		}
		Label(whole)
		each(func(m Mem, v reg.Register, tail bool) {
			if !tail {
				VADDPS(m, v, v)
				return
			}
			t := s.vec()
			s.load(m, t, tail)
			VADDPS(t, v, v)
		})
		Label(plain)
		each(func(m Mem, v reg.Register, tail bool) { s.store(v, m, tail) })
	}, func(vectors int) {
		ADDQ(U32(uint32(vectors*s.size())), b)
		ADDQ(U32(uint32(vectors*s.size())), c)
	})
	s.end()
}
