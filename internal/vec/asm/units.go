package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// units writes what layers of units compute from many instructions at a time.
func units(s *isa) {
	s.masks()
	s.softmax()
	s.tanhSlope()
}

// softmax computes m rows of 1 to 16 columns; strides are in bytes. A row
// stays in registers, in the lanes of dot, and rows overlap.
func (s *isa) softmax() {
	s.text("softmax", "m, n int, d *float32, ds int, a *float32, as int, gain *float32")
	m, n := param("m"), param("n")
	d, ds, a, as, gain := param("d"), param("ds"), param("a"), param("as"), param("gain")
	tails := s.tails(n)
	s.loop(m, func() {
		x := s.bundle(s.parts())
		z := make(bundle, len(x))
		top := s.vec()
		for j := range x {
			s.tail = tails[j]
			s.load(s.at(a, j), x[j], true)
			z[j] = s.outside(x[j], minusInf)
			// The maximum of x86 is its second operand where one is NaN.
			if j == 0 {
				VMAXPS(s.bitsOf(minusInf)[0], z[0], top)
			} else {
				VMAXPS(top, z[j], top)
			}
		}
		e := s.sub(x, s.everywhere(s.highest(top)))
		by := s.bundle(1)
		VBROADCASTSS(Mem{Base: gain}, by[0])
		e = s.exp(s.mul(e, by))
		sums := make([]reg.VecVirtual, len(e))
		for j := range e {
			s.tail = tails[j]
			e[j] = s.outside(e[j], 0)
			sums[j] = e[j].(reg.VecVirtual)
			if !s.wide() && j == 0 { // fold adds up in place
				sums[j] = s.vec()
				VMOVAPS(e[j], sums[j])
			}
		}
		y := s.div(e, s.everywhere(s.fold(sums)))
		for j := range y {
			s.tail = tails[j]
			s.store(y[j], s.at(d, j), true)
		}
		ADDQ(ds, d)
		ADDQ(as, a)
	})
	s.end()
}

// tails returns the masks for rows of n elements, a vector each.
func (s *isa) tails(n reg.Register) []reg.Register {
	if s.wide() {
		s.setTail(n)
		return []reg.Register{s.tail}
	}
	var tails []reg.Register
	for j := range s.parts() {
		c, low, high := GP64(), GP64(), GP64()
		MOVQ(n, c)
		SUBQ(U32(uint32(j*s.lanes)), c)
		XORQ(low, low)
		CMPQ(c, low)
		CMOVQLT(low, c)
		MOVQ(U32(uint32(s.lanes)), high)
		CMPQ(c, high)
		CMOVQGT(high, c)
		NEGQ(c)
		p := GP64()
		LEAQ(s.ones, p)
		LEAQ(Mem{Base: p, Index: c, Scale: 4, Disp: 32}, p)
		tails = append(tails, p)
	}
	return tails
}

// outside returns v with a constant in the lanes beyond the row.
func (s *isa) outside(v reg.Register, bits uint32) reg.Register {
	mask := s.tail
	if !s.wide() {
		mask = s.mask()
	}
	return s.pick(bundle{mask}, bundle{v}, s.bitsOf(bits))[0]
}

// highest is the maximum of the lanes, none of which is NaN.
func (s *isa) highest(v reg.VecVirtual) reg.VecVirtual {
	h, x := XMM(), XMM()
	y := v
	if s.wide() {
		t := YMM()
		VEXTRACTF64X4(Imm(1), v, t)
		y = YMM()
		VMAXPS(t, v.AsY(), y)
		VEXTRACTF32X4(Imm(1), y, h)
	} else {
		VEXTRACTF128(Imm(1), y, h)
	}
	VMAXPS(h, y.AsX(), x)
	t := XMM()
	VPERMILPS(Imm(0x0e), x, t)
	VMAXPS(t, x, x)
	VMOVSHDUP(x, t)
	VMAXSS(t, x, x)
	return x
}

// everywhere repeats the first lane.
func (s *isa) everywhere(x reg.Register) bundle {
	b := s.bundle(1)
	VBROADCASTSS(x, b[0])
	return b
}

// tanhSlope computes a·(1 - b·b).
func (s *isa) tanhSlope() {
	s.text("tanhSlope", "n int, d *float32, a *float32, b *float32")
	n, d, a, b := param("n"), param("d"), param("a"), param("b")
	one := s.number(1)
	s.blocks(n, 4, func(vectors int, last bool) {
		x, y := s.bundle(vectors), s.bundle(vectors)
		for j := range x {
			s.load(s.at(a, j), x[j], last && j == vectors-1)
			s.load(s.at(b, j), y[j], last && j == vectors-1)
		}
		for j, v := range s.mul(x, s.sub(one, s.mul(y, y))) {
			s.store(v, s.at(d, j), last && j == vectors-1)
		}
	}, func(vectors int) {
		for _, p := range []reg.Register{d, a, b} {
			ADDQ(U32(uint32(vectors*s.size())), p)
		}
	})
	s.end()
}
