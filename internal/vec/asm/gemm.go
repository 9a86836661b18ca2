package main

import (
	"fmt"
	"slices"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// gemm writes tile1 to tile6, named by the rows of c that they compute at a
// time, m times over: c is Σ_k a[i,k]·b[k] for n columns, each element one
// chain over k ≥ 1 that starts at +0 or, with mode continued, at c; with mode
// added the chain is added to c. Strides are in bytes. An increase
// is multiplied by scale unless that is nil.
func gemm(s *isa) {
	s.masks()
	tiles(s)
}

func tiles(s *isa) {
	for rows := 1; rows <= 6; rows++ {
		s.tile(rows)
	}
	for k := 2; k <= brief; k++ {
		s.brief(k)
	}
}

// brief is the length of the longest chains that have kernels of their own.
const brief = 4

// brief writes a kernel for chains of k products, which are added to c. It
// takes the rows of c one by one: little but arithmetic is left.
func (s *isa) brief(k int) {
	s.text(fmt.Sprintf("brief%dx", k), "n, m int, a *float32, ai, ak int, b *float32, bs int, c *float32, cs int")
	n, ai, ak, b, bs, c, cs := param("n"), param("ai"), param("ak"), param("b"), param("bs"), param("c"), param("cs")
	var ak3 reg.Register
	if k > 3 {
		t := GP64()
		LEAQ(Mem{Base: ak, Index: ak, Scale: 2}, t)
		ak3 = t
	}
	zero := s.vec()
	s.zero(zero)
	s.blocks(n, 4, func(vectors int, last bool) {
		// AVX-512 has registers for the rows of b.
		rows := make([][]Op, k)
		p := GP64()
		MOVQ(b, p)
		for i := range rows {
			for j := range vectors {
				tail := last && j == vectors-1
				if !s.wide() {
					rows[i] = append(rows[i], s.at(p, j))
					continue
				}
				v := s.vec()
				s.load(s.at(p, j), v, tail)
				rows[i] = append(rows[i], v)
			}
			if i < k-1 {
				next := p
				if !s.wide() {
					next = GP64()
					MOVQ(p, next)
				}
				ADDQ(bs, next)
				p = next
			}
		}
		ap, cp, m := param("a"), GP64(), param("m")
		MOVQ(c, cp)
		s.loop(m, func() {
			acc := s.vecs(vectors)
			for i := range rows {
				at, f := Mem{Base: ap}, s.vec()
				switch i {
				case 1, 2:
					at.Index, at.Scale = ak, uint8(i)
				case 3:
					at.Index, at.Scale = ak3, 1
				}
				VBROADCASTSS(at, f)
				for j, v := range acc {
					x := rows[i][j]
					if at, ok := x.(Mem); ok && last && j == vectors-1 {
						t := s.vec()
						s.load(at, t, true)
						x = t
					}
					switch {
					case i > 0:
						s.multiplyAdd(x, f, v)
					case s.fused:
						s.zero(v)
						s.multiplyAdd(x, f, v)
					default:
						VMULPS(x, f, v)
						VADDPS(zero, v, v)
					}
				}
			}
			s.close(acc)
			for j, v := range acc {
				at := s.at(cp, j)
				if last && j == vectors-1 {
					t := s.vec()
					s.load(at, t, true)
					VADDPS(t, v, v)
					s.store(v, at, true)
					continue
				}
				VADDPS(at, v, v)
				s.store(v, at, false)
			}
			ADDQ(ai, ap)
			ADDQ(cs, cp)
		})
	}, func(vectors int) {
		ADDQ(U32(uint32(vectors*s.size())), b)
		ADDQ(U32(uint32(vectors*s.size())), c)
	})
	s.end()
}

// The modes of a tile.
const (
	added     = 1
	continued = 2
)

// fetched is how many rows of c a step brings into the cache.
const fetched = 2

func (s *isa) tile(rows int) {
	width := 2
	if s.wide() || rows <= 2 {
		width = 4
	}
	s.text(fmt.Sprintf("tile%dx", rows), "n, m, k int, a *float32, ai, ak int, b *float32, bs int, c *float32, cs int, mode int, scale *float32")
	n, ai, ak, b, bs := param("n"), param("ai"), param("ak"), param("b"), param("bs")
	var ai3, ai5 reg.Register // for the places of rows 3 and 5
	if rows > 3 {
		t := GP64()
		LEAQ(Mem{Base: ai, Index: ai, Scale: 2}, t)
		ai3 = t
	}
	if rows > 5 {
		t := GP64()
		LEAQ(Mem{Base: ai, Index: ai, Scale: 4}, t)
		ai5 = t
	}
	left := AllocLocal(16) // blocks of rows to go, and where the columns start in c
	column := left.Offset(8)
	{
		c := param("c")
		MOVQ(c, column)
	}
	s.blocks(n, width, func(vectors int, last bool) {
		ablock, cblock := param("a"), GP64()
		MOVQ(column, cblock)
		{
			m := param("m")
			MOVQ(m, left)
		}
		acc := make([][]reg.VecVirtual, rows)
		for i := range acc {
			acc[i] = s.vecs(vectors)
		}
		// each walks over the accumulators and their places in c.
		each := func(body func(m Mem, v reg.Register, tail bool)) {
			cp, cs := GP64(), param("cs")
			MOVQ(cblock, cp)
			for i := range acc {
				for j, v := range acc[i] {
					body(s.at(cp, j), v, last && j == vectors-1)
				}
				if i < rows-1 {
					ADDQ(cs, cp)
				}
			}
		}
		block := s.label("rows")
		Label(block)
		fresh, ready := s.label("fresh"), s.label("ready")
		mode := param("mode")
		TESTQ(U32(continued), mode)
		JZ(LabelRef(fresh))
		each(func(m Mem, v reg.Register, tail bool) { s.load(m, v, tail) })
		JMP(LabelRef(ready))
		Label(fresh)
		for i := range acc {
			for _, v := range acc[i] {
				s.zero(v)
			}
		}
		Label(ready)
		k, a, bp := param("k"), GP64(), GP64()
		MOVQ(ablock, a)
		MOVQ(b, bp)
		step := func() {
			bv := s.vecs(vectors)
			for j, v := range bv {
				s.load(s.at(bp, j), v, last && j == vectors-1)
			}
			for i := range rows {
				m := Mem{Base: a}
				switch i {
				case 1, 2, 4:
					m.Index, m.Scale = ai, uint8(i)
				case 3:
					m.Index, m.Scale = ai3, 1
				case 5:
					m.Index, m.Scale = ai5, 1
				}
				f := s.vec()
				VBROADCASTSS(m, f)
				for j, v := range bv {
					s.multiplyAdd(v, f, acc[i][j])
				}
			}
			ADDQ(ak, a)
			ADDQ(bs, bp)
		}
		if rows > 3 && vectors == width && !last {
			// The first steps bring what the next rows are added to.
			over, all := s.label("fetched"), s.label("all")
			mode := param("mode")
			TESTQ(U32(added), mode)
			JZ(LabelRef(all))
			next, cs := GP64(), param("cs")
			MOVQ(cblock, next)
			for range rows {
				ADDQ(cs, next)
			}
			for t := 0; t < rows; t += fetched {
				for range min(fetched, rows-t) {
					for j := 0; j < vectors*s.size(); j += 64 {
						PREFETCHT0(Mem{Base: next, Disp: j})
					}
					ADDQ(cs, next)
				}
				step()
				DECQ(k)
				JZ(LabelRef(over))
			}
			Label(all)
			s.loop(k, step)
			Label(over)
		} else {
			s.loop(k, step)
		}
		s.close(slices.Concat(acc...))
		plain := s.label("plain")
		mode = param("mode")
		TESTQ(U32(added), mode)
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
		cs := param("cs")
		for range rows {
			ADDQ(ai, ablock)
			ADDQ(cs, cblock)
		}
		DECQ(left)
		JNZ(LabelRef(block))
	}, func(vectors int) {
		ADDQ(U32(uint32(vectors*s.size())), b)
		ADDQ(U32(uint32(vectors*s.size())), column)
	})
	s.end()
}
