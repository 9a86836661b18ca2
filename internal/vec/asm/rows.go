package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// listed is how many factors addRows takes at a time.
const listed = 256

// rows writes addRows, and zeros, live and limited, which look at factors.
func rows(s *isa) {
	s.tables()
	s.addRows()
	s.zeros()
	s.live()
	s.limited()
}

// tables writes what pack needs.
func (s *isa) tables() {
	s.masks()
	if !s.wide() {
		packing = table()
		lanes = iota8()
	}
}

// numbers returns the numbers of the lanes, how many these are and zero.
func (s *isa) numbers() (number, step, zero reg.VecVirtual) {
	number, zero = s.vec(), s.vec()
	VMOVUPS(lanes, number)
	s.zero(zero)
	return number, s.constant(uint32(s.lanes)), zero
}

// pack appends the numbers of the lanes of v that are not zero, or all if
// keep is -1, to rows, and their values to values unless that is nil.
func (s *isa) pack(v, zero, number, step, keep reg.Register, last bool, rows, values, count reg.Register) {
	mask := GP32()
	var packed func(x reg.Register) reg.VecVirtual
	if s.wide() {
		k := K()
		VCMPPS(Imm(notEqual), zero, v, k)
		KMOVW(k, mask)
		if keep != nil {
			ORL(keep, mask)
		}
		if last {
			ANDL(s.maskBits(), mask)
		}
		ANDL(U32(0xffff), mask)
		KMOVW(mask, k)
		packed = func(x reg.Register) reg.VecVirtual {
			d := s.vec()
			if x == number {
				VPCOMPRESSD_Z(x, k, d)
			} else {
				VCOMPRESSPS_Z(x, k, d)
			}
			return d
		}
	} else {
		c := YMM()
		VCMPPS(Imm(notEqual), zero, v, c)
		VMOVMSKPS(c, mask)
		if keep != nil {
			ORL(keep, mask)
		}
		if last {
			ANDL(s.maskBits(), mask)
		}
		ANDL(U32(0xff), mask)
		p, index := GP64(), YMM()
		LEAQ(packing, p)
		VPMOVZXBD(Mem{Base: p, Index: mask.As64(), Scale: 8}, index)
		packed = func(x reg.Register) reg.VecVirtual {
			d := s.vec()
			if x == number {
				VPERMD(x, index, d)
			} else {
				VPERMPS(x, index, d)
			}
			return d
		}
	}
	if values != nil {
		VMOVUPS(packed(v), Mem{Base: values, Index: count, Scale: 4})
	}
	VMOVUPS(packed(number), Mem{Base: rows, Index: count, Scale: 4})
	VPADDD(step, number, number)
	POPCNTL(mask, mask)
	ADDQ(mask.As64(), count)
}

// packing moves the lanes of an 8-bit mask to the front.
var packing Mem

func table() Mem {
	m := GLOBL("packing", RODATA|NOPTR)
	for mask := range 256 {
		var v uint64
		n := 0
		for l := range 8 {
			if mask>>l&1 == 1 {
				v |= uint64(l) << (8 * n)
				n++
			}
		}
		DATA(8*mask, U64(v))
	}
	return m
}

func iota8() Mem {
	m := GLOBL("lanes", RODATA|NOPTR)
	for i := range 16 {
		DATA(4*i, U32(uint32(i)))
	}
	return m
}

var lanes Mem

// addRows adds Σ s_k·x_k over k to the n elements at d. Strides are in bytes,
// k is at most listed. mode is the sum of 1 for a chain that starts at +0
// instead of d, 2 for adding it to d at its end, 4 for factors of zero that
// count too, 8 for closing the chain if it is fused. With 1 alone d is
// overwritten.
//
// The factors other than zero and their rows are listed first, without
// branches that depend on them; then each block of columns stays in registers
// while the list passes.
func (s *isa) addRows() {
	TEXT(s.name("addRows"), 0,
		"func(d *float32, n int, k int, s *float32, ss int, x *float32, xs int, mode int)")
	Pragma("noescape")
	values := AllocLocal(4 * (listed + 16))
	rows := AllocLocal(4 * (listed + 16))

	k, src, ss, mode := param("k"), param("s"), param("ss"), param("mode")
	count := GP64()
	XORQ(count, count)
	vp, rp := GP64(), GP64()
	LEAQ(values, vp)
	LEAQ(rows, rp)

	pack, listedAll, dense := s.label("pack"), s.label("list"), s.label("dense")
	TESTQ(k, k)
	JZ(LabelRef(listedAll))
	CMPQ(ss, Imm(4))
	JE(LabelRef(pack))
	{ // bring the factors together
		i, t := GP64(), GP32()
		XORQ(i, i)
		l := s.label("gather")
		Label(l)
		MOVL(Mem{Base: src}, t)
		MOVL(t, Mem{Base: vp, Index: i, Scale: 4})
		ADDQ(ss, src)
		INCQ(i)
		CMPQ(i, k)
		JL(LabelRef(l))
		MOVQ(vp, src)
	}
	Label(pack)
	TESTQ(U32(4), mode)
	JNZ(LabelRef(dense))
	zero := s.vec()
	s.zero(zero)
	{ // whether there are zeros at all
		left, p, some := GP64(), GP64(), GP32()
		MOVQ(k, left)
		MOVQ(src, p)
		XORL(some, some)
		l, rest := s.label("look"), s.label("looked")
		SUBQ(U32(uint32(s.lanes)), left)
		JL(LabelRef(rest))
		Label(l)
		if s.wide() {
			km, t := K(), GP32()
			VCMPPS(Imm(equal), Mem{Base: p}, zero, km)
			KMOVW(km, t)
			ORL(t, some)
		} else {
			v, t := s.vec(), GP32()
			VCMPPS(Imm(equal), Mem{Base: p}, zero, v)
			VMOVMSKPS(v, t)
			ORL(t, some)
		}
		ADDQ(U32(uint32(s.size())), p)
		SUBQ(U32(uint32(s.lanes)), left)
		JGE(LabelRef(l))
		Label(rest)
		ADDQ(U32(uint32(s.lanes)), left)
		more, over := s.label("more"), s.label("over")
		Label(more)
		DECQ(left)
		JL(LabelRef(over))
		t, one := GP32(), GP32()
		XORL(one, one)
		MOVL(Mem{Base: p}, t)
		ADDQ(Imm(4), p)
		ADDL(t, t)
		SETEQ(one.As8())
		ORL(one, some)
		JMP(LabelRef(more))
		Label(over)
		TESTL(some, some)
		JZ(LabelRef(dense))
	}
	number, step, _ := s.numbers()
	s.blocks(k, 1, func(_ int, last bool) {
		v := s.vec()
		s.load(Mem{Base: src}, v, last)
		s.pack(v, zero, number, step, nil, last, rp, vp, count)
		ADDQ(U32(uint32(s.size())), src)
	}, func(int) {})
	Label(listedAll)
	{ // with nothing to add, only a row that is overwritten changes
		some, m := s.label("some"), param("mode")
		TESTQ(count, count)
		JNZ(LabelRef(some))
		ANDQ(Imm(3), m)
		CMPQ(m, Imm(1))
		JEQ(LabelRef(some))
		s.end()
		Label(some)
	}

	s.addListed(vp, rp, count)
	Label(dense)
	{
		k := param("k")
		MOVQ(k, count)
		s.addListed(src, nil, count)
	}
}

// addListed adds the rows numbered at rows, count of them with the factors at
// values, block by block of columns; if rows is nil, all rows in turn.
func (s *isa) addListed(values, rows, count reg.Register) {
	d, n, x, xs := param("d"), param("n"), param("x"), param("xs")
	s.blocks(n, 8, func(vectors int, last bool) {
		acc := s.vecs(vectors)
		mode := param("mode")
		fresh, ready := s.label("fresh"), s.label("ready")
		TESTQ(U32(1), mode)
		JNZ(LabelRef(fresh))
		for j, a := range acc {
			s.load(s.at(d, j), a, last && j == vectors-1)
		}
		JMP(LabelRef(ready))
		Label(fresh)
		for _, a := range acc {
			s.zero(a)
		}
		Label(ready)
		over := s.label("over")
		p, r, f := GP64(), GP64(), s.vec()
		XORQ(p, p)
		MOVQ(x, r)
		TESTQ(count, count)
		JZ(LabelRef(over))
		l := s.label("row")
		Label(l)
		VBROADCASTSS(Mem{Base: values, Index: p, Scale: 4}, f)
		if rows != nil {
			MOVLQSX(Mem{Base: rows, Index: p, Scale: 4}, r)
			IMULQ(xs, r)
			ADDQ(x, r)
		}
		for j, a := range acc {
			s.madd(s.at(r, j), f, a, last && j == vectors-1)
			if rows == nil && !s.wide() && j%2 == 0 {
				// The next rows; AVX-512 is better off without.
				m := s.at(r, j)
				m.Index, m.Scale = xs, 8
				PREFETCHT0(m)
			}
		}
		if rows == nil {
			ADDQ(xs, r)
		}
		INCQ(p)
		CMPQ(p, count)
		JL(LabelRef(l))
		Label(over)
		if s.fused {
			open := s.label("open")
			TESTQ(U32(8), mode)
			JZ(LabelRef(open))
			s.close(acc)
			Label(open)
		}
		plain := s.label("plain")
		TESTQ(U32(2), mode)
		JZ(LabelRef(plain))
		for j, a := range acc {
			t := s.vec()
			s.load(s.at(d, j), t, last && j == vectors-1)
			VADDPS(a, t, a)
		}
		Label(plain)
		for j, a := range acc {
			s.store(a, s.at(d, j), last && j == vectors-1)
		}
	}, func(vectors int) {
		ADDQ(U32(uint32(vectors*s.size())), d)
		ADDQ(U32(uint32(vectors*s.size())), x)
	})
	s.end()
}

// zeros counts the elements of x that are zero, of either sign.
func (s *isa) zeros() {
	s.text("zeros", "n int, x *float32) (count int")
	n, x := param("n"), param("x")
	zero, counts := s.vec(), s.vecs(2)
	s.zero(zero)
	for _, c := range counts {
		s.zero(c)
	}
	// A comparison is -1 where it holds.
	var minus reg.Register
	if s.wide() {
		minus = s.constant(0xffffffff)
	}
	s.blocks(n, 4, func(vectors int, last bool) {
		for j := range vectors {
			at, c := s.at(x, j), counts[j%2]
			tail := last && j == vectors-1
			switch {
			case s.wide():
				k := K()
				if tail {
					VCMPPS(Imm(equal), at, zero, s.tail, k)
				} else {
					VCMPPS(Imm(equal), at, zero, k)
				}
				VPSUBD(minus, c, k, c)
			case tail:
				v, mask := s.vec(), s.mask()
				VMASKMOVPS(at, mask, v)
				VCMPPS(Imm(equal), v, zero, v)
				VPAND(mask, v, v)
				VPSUBD(v, c, c)
			default:
				v := s.vec()
				VCMPPS(Imm(equal), at, zero, v)
				VPSUBD(v, c, c)
			}
		}
	}, func(vectors int) { ADDQ(U32(uint32(vectors*s.size())), x) })
	VPADDD(counts[1], counts[0], counts[0])
	v := counts[0]
	if s.wide() {
		h := YMM()
		VEXTRACTI64X4(Imm(1), v, h)
		VPADDD(h, v.AsY(), v.AsY())
	}
	h := XMM()
	VEXTRACTI128(Imm(1), v.AsY(), h)
	VPADDD(h, v.AsX(), v.AsX())
	for _, order := range []uint64{0x0e, 0x01} {
		VPSHUFD(Imm(order), v.AsX(), h)
		VPADDD(h, v.AsX(), v.AsX())
	}
	total := GP32()
	VMOVD(v.AsX(), total)
	Store(total.As64(), Return("count"))
	s.end()
}

// live sets a bit for each of n times 16 columns of x that is not all zero. x
// has m ≥ 1 rows, xs bytes apart.
func (s *isa) live() {
	s.text("live", "n, m int, x *float32, xs int, bits *uint16")
	n, x, xs, out := param("n"), param("x"), param("xs"), param("bits")
	zero := s.vec()
	s.zero(zero)
	s.loop(n, func() {
		m, p, mask := param("m"), GP64(), GP32()
		MOVQ(x, p)
		if s.wide() {
			some, k := K(), K()
			KXORW(some, some, some)
			s.loop(m, func() {
				VCMPPS(Imm(notEqual), Mem{Base: p}, zero, k)
				KORW(k, some, some)
				ADDQ(xs, p)
			})
			KMOVW(some, mask)
		} else {
			some, high := s.vecs(2), GP32()
			s.zero(some[0])
			s.zero(some[1])
			s.loop(m, func() {
				for j, v := range some {
					t := s.vec()
					VCMPPS(Imm(notEqual), s.at(p, j), zero, t)
					VORPS(t, v, v)
				}
				ADDQ(xs, p)
			})
			VMOVMSKPS(some[0], mask)
			VMOVMSKPS(some[1], high)
			SHLL(Imm(8), high)
			ORL(high, mask)
		}
		MOVW(mask.As16(), Mem{Base: out})
		ADDQ(Imm(2), out)
		ADDQ(Imm(64), x)
	})
	s.end()
}

// limited reports whether no magnitude in x, as an integer, is above limit.
func (s *isa) limited() {
	s.text("limited", "n int, x *float32, limit uint32) (yes bool")
	n, x := param("n"), param("x")
	worst := s.vecs(4)
	for _, w := range worst {
		s.zero(w)
	}
	one := s.vec()
	magnitude := s.constant(0x7fffffff)
	s.blocks(n, 4, func(vectors int, last bool) {
		for j := range vectors {
			s.load(s.at(x, j), one, last && j == vectors-1)
			if s.wide() {
				VPANDD(magnitude, one, one)
				VPMAXUD(one, worst[j], worst[j])
			} else {
				VPAND(magnitude, one, one)
				VPMAXUD(one, worst[j], worst[j])
			}
		}
	}, func(vectors int) { ADDQ(U32(uint32(vectors*s.size())), x) })
	VPMAXUD(worst[1], worst[0], worst[0])
	VPMAXUD(worst[3], worst[2], worst[2])
	VPMAXUD(worst[2], worst[0], worst[0])
	limit := s.spread(Load(Param("limit"), GP32()))
	mask := GP32()
	if s.wide() {
		k := K()
		VPCMPUD(Imm(6), limit, worst[0], k) // not less or equal
		KMOVW(k, mask)
	} else {
		// As signed integers: magnitudes are not negative.
		VPCMPGTD(limit, worst[0], worst[0])
		VMOVMSKPS(worst[0], mask)
	}
	r := GP8()
	TESTL(mask, mask)
	SETEQ(r)
	Store(r, Return("yes"))
	s.end()
}

// constant returns a vector of equal lanes.
func (s *isa) constant(bits uint32) reg.VecVirtual {
	t := GP32()
	MOVL(U32(bits), t)
	return s.spread(t)
}

func (s *isa) spread(t reg.Register) reg.VecVirtual {
	x, v := XMM(), s.vec()
	VMOVD(t, x)
	VPBROADCASTD(x, v)
	return v
}
