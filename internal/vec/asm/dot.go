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
	s.dot("sum", "n int, x *float32", false)
	products(s)
}

func products(s *isa) {
	s.dot("dot", "n int, x *float32, y *float32", true)
	shapes := [][2]int{{2, 2}, {1, 4}, {2, 1}, {1, 1}}
	if s.wide() {
		shapes = [][2]int{{4, 4}, {2, 4}, {1, 8}, {1, 4}, {4, 1}, {2, 1}, {1, 1}}
	}
	for _, shape := range shapes {
		s.dots(shape[0], shape[1])
	}
	if s.wide() {
		s.dotsPacked()
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
	if s.fused {
		zero := XMM() // see close
		VXORPS(zero, zero, zero)
		VADDSS(zero, r, r)
	}
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

// foldFour carries out the trees of four dot products at once, on AVX2.
func (s *isa) foldFour(acc [4][]reg.VecVirtual) reg.VecVirtual {
	var y [4]reg.VecVirtual
	for i := range y {
		y[i] = s.half(acc[i])
	}
	// pair returns two trees of four lanes.
	pair := func(a, b reg.VecVirtual) reg.VecVirtual {
		lo, hi := YMM(), YMM()
		VPERM2F128(Imm(0x20), b, a, lo)
		VPERM2F128(Imm(0x31), b, a, hi)
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
	VEXTRACTF128(Imm(1), lo, x)
	VSHUFPS(Imm(0x88), x, lo.AsX(), x)
	return x
}

// The steps of the tree for several dot products at once, on AVX-512. Each
// step leaves half as many lanes of every product and puts those of x before
// those of y: in all of the vector, in halves of it, and in quarters.

// eights takes whole products; upper is the mask of the upper half.
func (s *isa) eights(x, y reg.VecVirtual, upper reg.Register) reg.VecVirtual {
	t := s.vec()
	VSHUFF64X2(Imm(0x4e), y, x, t)
	VBLENDMPS(y, x, upper, x)
	VADDPS(t, x, x)
	return x
}

// fours takes halves: out of [a|b] and [c|d] comes [a|b|c|d].
func (s *isa) fours(x, y reg.VecVirtual) reg.VecVirtual {
	t := s.vec()
	VSHUFF64X2(Imm(0xdd), y, x, t)
	VSHUFF64X2(Imm(0x88), y, x, x)
	VADDPS(t, x, x)
	return x
}

// twos takes quarters, and singles what twos leaves; the result is in x.
func (s *isa) twos(x, y, t reg.Register) {
	VUNPCKHPD(y, x, t)
	VUNPCKLPD(y, x, x)
	VADDPS(t, x, x)
}

func (s *isa) singles(x, y, t reg.Register) {
	VSHUFPS(Imm(0xdd), y, x, t)
	VSHUFPS(Imm(0x88), y, x, x)
	VADDPS(t, x, x)
}

// foldBlock carries out the trees of ra rows of rb dot products each: row i of
// the results is quarter i of the vector that it returns, or all of it.
func (s *isa) foldBlock(acc [][]reg.VecVirtual, ra, rb int, upper reg.Register) reg.VecVirtual {
	v := make([]reg.VecVirtual, len(acc))
	for i := range acc {
		v[i] = acc[i][0]
	}
	switch {
	case ra == 4:
		u := make([]reg.VecVirtual, 4)
		for j := range u {
			u[j] = s.fours(s.eights(v[j], v[4+j], upper), s.eights(v[8+j], v[12+j], upper))
		}
		return s.foldQuarters(u)
	case ra == 2 || rb == 8:
		for j := range 4 {
			v[j] = s.eights(v[j], v[4+j], upper)
		}
		return s.foldHalves(v)
	default:
		x := s.fours(s.eights(v[0], v[2], upper), s.eights(v[1], v[3], upper))
		s.twos(x.AsY(), upperHalf(x), YMM())
		h := XMM()
		VEXTRACTF32X4(Imm(1), x.AsY(), h)
		s.singles(x.AsX(), h, XMM())
		return x
	}
}

// dots computes the dot products of ra rows of a with m times rb rows of b,
// all of n floats, a multiple of 16 that is not 0. Strides are in bytes.
//
// The first products stand for the sums of themselves and +0; what that does
// to the sign of a zero, the addition of +0 at the end undoes.
func (s *isa) dots(ra, rb int) {
	s.text(fmt.Sprintf("dots%dx%dx", ra, rb), "n int, a *float32, as int, b *float32, bs int, m int, c *float32, cs int")
	a, as, b, bs, m, c := param("a"), param("as"), param("b"), param("bs"), param("m"), param("c")
	// Rows of b come in groups: more streams at a time are slower.
	group := min(rb, 4)
	triple := func(stride reg.Register) reg.Register {
		t := GP64()
		LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, t)
		return t
	}
	var as3, bs3 reg.Register
	if ra > 3 {
		as3 = triple(as)
	}
	if group > 3 {
		bs3 = triple(bs)
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
	var upper reg.Register
	if s.wide() && rb > 1 {
		bits := GP32()
		upper = K()
		MOVL(U32(0xff00), bits)
		KMOVW(bits, upper)
	}
	zero := s.vec()
	s.zero(zero)
	s.loop(m, func() {
		acc := make([][]reg.VecVirtual, ra*rb)
		for k := range acc {
			acc[k] = s.vecs(s.parts())
		}
		for from := 0; from < rb; from += group {
			ap, bp, n := GP64(), GP64(), param("n")
			MOVQ(a, ap)
			MOVQ(b, bp)
			// With one row of a, reading b takes the time: the next block
			// comes early; AVX-512 is better off without.
			var next reg.Register
			if ra == 1 && rb > 1 && !s.wide() {
				t := GP64()
				LEAQ(Mem{Base: bp, Index: bs, Scale: uint8(rb)}, t)
				next = t
			}
			part := func(part int, term func(y Op, x, acc reg.Register)) {
				x := s.vecs(ra)
				for i := range x {
					VMOVUPS(at(ap, as, as3, i, part), x[i])
				}
				for j := range group {
					if next != nil && part == 0 {
						PREFETCHT0(at(next, bs, bs3, j, 0))
					}
					var y Op = at(bp, bs, bs3, j, part)
					if ra > 1 {
						v := s.vec()
						VMOVUPS(y, v)
						y = v
					}
					for i := range x {
						term(y, x[i], acc[i*rb+from+j][part])
					}
				}
			}
			advance := func() {
				ADDQ(U32(64), ap)
				ADDQ(U32(64), bp)
				if next != nil {
					ADDQ(U32(64), next)
				}
				SUBQ(U32(16), n)
			}
			for p := range s.parts() {
				part(p, func(y Op, x, acc reg.Register) { VMULPS(y, x, acc) })
			}
			advance()
			l, over := s.label("chunk"), s.label("over")
			JZ(LabelRef(over))
			Label(l)
			for p := range s.parts() {
				part(p, s.multiplyAdd)
			}
			advance()
			JNZ(LabelRef(l))
			Label(over)
			for range group {
				ADDQ(bs, b)
			}
		}

		cp, cs := GP64(), param("cs")
		MOVQ(c, cp)
		switch {
		case s.wide() && rb > 1:
			x := s.foldBlock(acc, ra, rb, upper)
			VADDPS(zero, x, x)
			if rb == 8 {
				VMOVUPS(x.AsY(), Mem{Base: cp})
			} else {
				VMOVUPS(x.AsX(), Mem{Base: cp})
			}
			for i := 1; i < ra; i++ {
				ADDQ(cs, cp)
				VEXTRACTF32X4(Imm(uint64(i)), x, Mem{Base: cp})
			}
		case rb == 4:
			x := s.foldFour([4][]reg.VecVirtual(acc))
			VADDPS(zero.AsX(), x.AsX(), x.AsX())
			VMOVUPS(x.AsX(), Mem{Base: cp})
		case rb == 2:
			x := s.foldFour([4][]reg.VecVirtual(acc))
			VADDPS(zero.AsX(), x.AsX(), x.AsX())
			VMOVLPS(x, Mem{Base: cp})
			VMOVHPS(x, Mem{Base: cp, Index: cs, Scale: 1})
		default:
			for i := range ra {
				x := s.fold(acc[i])
				VADDSS(zero.AsX(), x, x)
				VMOVSS(x, Mem{Base: cp})
				ADDQ(cs, cp)
			}
		}
		ADDQ(U32(uint32(4*rb)), c)
	})
	s.end()
}

// packed is the length up to which dotsPacked takes rows.
const packed = 256

// dotsPacked is dots of 6 with 4 rows for AVX-512, but for n up to packed. A
// vector holds eight lanes of two rows of a, so that the first step of the tree
// is plain addition.
func (s *isa) dotsPacked() {
	s.frame("dotsPacked", "n int, a *float32, as int, b *float32, bs int, m int, c *float32, cs int")
	const ra, rb = 6, 4
	rowsOfA := AllocLocal(4*ra*packed + 64)
	start := GP64()
	LEAQ(rowsOfA.Offset(63), start)
	ANDQ(I32(-64), start)
	{
		n, to := param("n"), GP64()
		MOVQ(start, to)
		a, as := param("a"), param("as")
		l := s.label("pack")
		Label(l)
		p := GP64()
		MOVQ(a, p)
		for pair := range ra / 2 {
			for half := range 2 {
				v := s.vec()
				VMOVUPS(Mem{Base: p, Disp: 32 * half}, v.AsY())
				VINSERTF64X4(Imm(1), Mem{Base: p, Disp: 32 * half, Index: as, Scale: 1}, v, v)
				VMOVUPS(v, s.at(to, 2*pair+half))
			}
			LEAQ(Mem{Base: p, Index: as, Scale: 2}, p)
		}
		ADDQ(U32(64), a)
		ADDQ(U32(64*ra), to)
		SUBQ(U32(16), n)
		JNZ(LabelRef(l))
	}
	b, bs, m, c, cs := param("b"), param("bs"), param("m"), param("c"), param("cs")
	bs3 := GP64()
	LEAQ(Mem{Base: bs, Index: bs, Scale: 2}, bs3)
	zero := s.vec()
	s.zero(zero)
	s.loop(m, func() {
		acc := make([][]reg.VecVirtual, rb) // of a row of b: both halves of rows 0 and 1, then of the next
		for j := range acc {
			acc[j] = s.vecs(ra)
		}
		ap, bp, n := GP64(), GP64(), param("n")
		MOVQ(start, ap)
		MOVQ(b, bp)
		chunk := func(term func(y Op, x, acc reg.Register)) {
			for half := range 2 {
				x := s.vecs(ra / 2)
				for pair, v := range x {
					VMOVUPS(s.at(ap, 2*pair+half), v)
				}
				for j := range rb {
					m := Mem{Base: bp, Disp: 32 * half}
					switch j {
					case 1, 2:
						m.Index, m.Scale = bs, uint8(j)
					case 3:
						m.Index, m.Scale = bs3, 1
					}
					y := s.vec()
					VBROADCASTF64X4(m, y)
					for pair, v := range x {
						term(y, v, acc[j][2*pair+half])
					}
				}
			}
			ADDQ(U32(64*ra), ap)
			ADDQ(U32(64), bp)
			SUBQ(U32(16), n)
		}
		chunk(func(y Op, x, acc reg.Register) { VMULPS(y, x, acc) })
		l, over := s.label("chunk"), s.label("over")
		JZ(LabelRef(over))
		Label(l)
		chunk(s.multiplyAdd)
		JNZ(LabelRef(l))
		Label(over)
		halves := make([][]reg.VecVirtual, ra/2)
		for pair := range halves {
			for _, v := range acc {
				VADDPS(v[2*pair+1], v[2*pair], v[2*pair])
				halves[pair] = append(halves[pair], v[2*pair])
			}
		}
		u := make([]reg.VecVirtual, rb)
		for j := range u {
			u[j] = s.fours(halves[0][j], halves[1][j])
		}
		cp := GP64()
		MOVQ(c, cp)
		results := func(x reg.VecVirtual, rows int) {
			VADDPS(zero, x, x)
			VMOVUPS(x.AsX(), Mem{Base: cp})
			for i := 1; i < rows; i++ {
				ADDQ(cs, cp)
				VEXTRACTF32X4(Imm(uint64(i)), x, Mem{Base: cp})
			}
		}
		results(s.foldQuarters(u), 4)
		ADDQ(cs, cp)
		results(s.foldHalves(halves[2]), 2)
		for range rb {
			ADDQ(bs, b)
		}
		ADDQ(U32(4*rb), c)
	})
	s.end()
}

// foldQuarters ends the trees of four vectors, whose quarters are what is left of
// a row of results each.
func (s *isa) foldQuarters(u []reg.VecVirtual) reg.VecVirtual {
	s.twos(u[0], u[1], ZMM())
	s.twos(u[2], u[3], ZMM())
	s.singles(u[0], u[2], ZMM())
	return u[0]
}

// foldHalves does so with vectors whose halves are what is left of two rows.
func (s *isa) foldHalves(v []reg.VecVirtual) reg.VecVirtual {
	x, y := s.fours(v[0], v[2]), s.fours(v[1], v[3])
	s.twos(x, y, ZMM())
	s.singles(x.AsY(), upperHalf(x), YMM())
	return x
}

func upperHalf(x reg.VecVirtual) reg.VecVirtual {
	h := YMM()
	VEXTRACTF64X4(Imm(1), x, h)
	return h
}
