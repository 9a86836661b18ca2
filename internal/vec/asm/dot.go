package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// dots writes dot, sum and the blocks of MulTB. A dot product has 16 lanes:
// one vector of AVX-512 or two of AVX2, called its parts.
func dots(s *isa) {
	s.masks()
	s.dot("dot", "n int, x *float32, y *float32", true)
	s.dot("sum", "n int, x *float32", false)
	shapes := [][2]int{{2, 2}, {1, 4}, {2, 1}, {1, 1}}
	if s.wide() {
		shapes = [][2]int{{4, 4}, {2, 4}, {1, 4}, {4, 1}, {2, 1}, {1, 1}}
	}
	for _, shape := range shapes {
		s.dots(shape[0], shape[1])
	}
}

func (s *isa) parts() int { return 16 / s.lanes }

// dot computes Dot, or Sum without factors.
func (s *isa) dot(name, signature string, product bool) {
	s.text(name, signature+") (r float32")
	n, x := param("n"), param("x")
	var y reg.Register
	if product {
		y = param("y")
	}
	acc := s.vecs(s.parts())
	for _, a := range acc {
		s.zero(a)
	}
	block := func(parts int, last bool) {
		for j := range parts {
			v := s.vec()
			tail := last && j == parts-1
			s.load(s.at(x, j), v, tail)
			if !product {
				VADDPS(v, acc[j], acc[j])
				continue
			}
			s.madd(s.at(y, j), v, acc[j], tail)
		}
	}
	s.blocks(n, s.parts(), block, func(parts int) {
		ADDQ(U32(64), x)
		if product {
			ADDQ(U32(64), y)
		}
	})
	r := s.fold(acc)
	Store(r, Return("r"))
	s.end()
}

// half adds lane l+8 to lane l and returns the eight.
func (s *isa) half(acc []reg.VecVirtual) reg.VecVirtual {
	if !s.wide() {
		VADDPS(acc[1], acc[0], acc[0])
		return acc[0]
	}
	h := YMM()
	VEXTRACTF64X4(Imm(1), acc[0], h)
	VADDPS(h, acc[0].AsY(), h)
	return h
}

// fold carries out the tree of one dot product.
func (s *isa) fold(acc []reg.VecVirtual) reg.VecVirtual {
	y := s.half(acc)
	h, x := XMM(), XMM()
	if s.wide() {
		VEXTRACTF32X4(Imm(1), y, h)
	} else {
		VEXTRACTF128(Imm(1), y, h)
	}
	VADDPS(h, y.AsX(), x)
	t := XMM()
	VPERMILPS(Imm(0x0e), x, t)
	VADDPS(t, x, x)
	VMOVSHDUP(x, t)
	VADDSS(t, x, x)
	return x
}

// foldFour carries out the trees of four dot products at once.
func (s *isa) foldFour(acc [4][]reg.VecVirtual) reg.VecVirtual {
	var y [4]reg.VecVirtual
	for i := range y {
		y[i] = s.half(acc[i])
	}
	// pair returns two trees of four lanes.
	pair := func(a, b reg.VecVirtual) reg.VecVirtual {
		lo, hi := YMM(), YMM()
		if s.wide() {
			VSHUFF32X4(Imm(0), b, a, lo)
			VSHUFF32X4(Imm(3), b, a, hi)
		} else {
			VPERM2F128(Imm(0x20), b, a, lo)
			VPERM2F128(Imm(0x31), b, a, hi)
		}
		VADDPS(hi, lo, lo)
		return lo
	}
	p, q := pair(y[0], y[2]), pair(y[1], y[3])
	lo, hi := YMM(), YMM()
	VUNPCKLPD(q, p, lo)
	VUNPCKHPD(q, p, hi)
	VADDPS(hi, lo, lo)
	VMOVSHDUP(lo, hi)
	VADDPS(hi, lo, lo)
	x := XMM()
	if s.wide() {
		VEXTRACTF32X4(Imm(1), lo, x)
	} else {
		VEXTRACTF128(Imm(1), lo, x)
	}
	VSHUFPS(Imm(0x88), x, lo.AsX(), x)
	return x
}

// dots computes the dot products of ra rows of a with m times rb rows of b,
// all of n floats, a multiple of 16 that is not 0. Strides are in bytes.
func (s *isa) dots(ra, rb int) {
	s.text(fmt.Sprintf("dots%dx%dx", ra, rb), "n int, a *float32, as int, b *float32, bs int, m int, c *float32, cs int")
	a, as, b, bs, m, c := param("a"), param("as"), param("b"), param("bs"), param("m"), param("c")
	var as3, bs3 reg.Register
	if ra > 3 {
		t := GP64()
		LEAQ(Mem{Base: as, Index: as, Scale: 2}, t)
		as3 = t
	}
	if rb > 3 {
		t := GP64()
		LEAQ(Mem{Base: bs, Index: bs, Scale: 2}, t)
		bs3 = t
	}
	at := func(base, stride, stride3 reg.Register, row, part int) Mem {
		m := s.at(base, part)
		switch row {
		case 1, 2:
			m.Index, m.Scale = stride, uint8(row)
		case 3:
			m.Index, m.Scale = stride3, 1
		}
		return m
	}
	s.loop(m, func() {
		acc := make([][]reg.VecVirtual, ra*rb)
		for k := range acc {
			acc[k] = s.vecs(s.parts())
			for _, v := range acc[k] {
				s.zero(v)
			}
		}
		ap, bp, n := GP64(), GP64(), param("n")
		MOVQ(a, ap)
		MOVQ(b, bp)
		l := s.label("chunk")
		Label(l)
		for part := range s.parts() {
			x := s.vecs(ra)
			for i := range x {
				VMOVUPS(at(ap, as, as3, i, part), x[i])
			}
			for j := range rb {
				m := at(bp, bs, bs3, j, part)
				var y Op = m
				if ra > 1 {
					v := s.vec()
					VMOVUPS(m, v)
					y = v
				}
				for i := range x {
					t := s.vec()
					VMULPS(y, x[i], t)
					VADDPS(t, acc[i*rb+j][part], acc[i*rb+j][part])
				}
			}
		}
		ADDQ(U32(64), ap)
		ADDQ(U32(64), bp)
		SUBQ(U32(16), n)
		JG(LabelRef(l))

		cp, cs := GP64(), param("cs")
		MOVQ(c, cp)
		switch {
		case rb == 4:
			for i := range ra {
				VMOVUPS(s.foldFour([4][]reg.VecVirtual(acc[4*i:])), Mem{Base: cp})
				ADDQ(cs, cp)
			}
		case rb == 2:
			x := s.foldFour([4][]reg.VecVirtual(acc))
			VMOVLPS(x, Mem{Base: cp})
			VMOVHPS(x, Mem{Base: cp, Index: cs, Scale: 1})
		default:
			for i := range ra {
				VMOVSS(s.fold(acc[i]), Mem{Base: cp})
				ADDQ(cs, cp)
			}
		}
		for range rb {
			ADDQ(bs, b)
		}
		ADDQ(U32(uint32(4*rb)), c)
	})
	s.end()
}
