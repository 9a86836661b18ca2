package main

import (
	"strconv"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rank writes the rank kernels: for rows whose column factors are not all
// zero, or for all of them if all is 1, w[i] += change. There are at most
// listed rows. The parameters name columns in order, then rows.
//
// As in addRows, the rows are listed first.
func rank(s *isa) {
	s.tables()
	type vectors = []reg.VecVirtual
	product := func(x, y reg.Register) reg.VecVirtual {
		t := s.vec()
		VMULPS(x, y, t)
		return t
	}
	plus := func(x, y reg.VecVirtual) reg.VecVirtual {
		VADDPS(y, x, x)
		return x
	}
	s.rank("rank1x", []string{"e"}, []string{"f"}, func(w reg.VecVirtual, c, r vectors) reg.VecVirtual {
		return product(c[0], r[0])
	})
	s.rank("rank1Column", []string{"e", "u"}, []string{"f"}, func(w reg.VecVirtual, c, r vectors) reg.VecVirtual {
		return plus(product(c[0], r[0]), c[1])
	})
	s.rank("rank2x", []string{"e", "h"}, []string{"f", "k"}, func(w reg.VecVirtual, c, r vectors) reg.VecVirtual {
		return plus(product(c[0], r[0]), product(c[1], r[1]))
	})
	s.rank("rank1Decay", []string{"e"}, []string{"f", "v"}, func(w reg.VecVirtual, c, r vectors) reg.VecVirtual {
		return plus(product(c[0], r[0]), product(w, r[1]))
	})
	s.rank("rank2Decay", []string{"e", "h"}, []string{"f", "k", "v"}, func(w reg.VecVirtual, c, r vectors) reg.VecVirtual {
		return plus(plus(product(c[0], r[0]), product(c[1], r[1])), product(w, r[2]))
	})
	s.rank("rank1Gated", []string{"e", "u"}, []string{"f"}, func(w reg.VecVirtual, c, r vectors) reg.VecVirtual {
		return plus(product(c[0], r[0]), product(w, c[1]))
	})
}

func (s *isa) rank(name string, columns, rows []string, change func(w reg.VecVirtual, c, r []reg.VecVirtual) reg.VecVirtual) {
	const group = 4
	signature := "m, n int, w *float32, ws int, all int"
	for _, p := range append(append([]string(nil), columns...), rows...) {
		signature += ", " + p + " *float32"
	}
	TEXT(name+strconv.Itoa(s.bits), 0, "func("+signature+")")
	Pragma("noescape")
	list := AllocLocal(4 * (listed + 16))
	m, all := param("m"), param("all")
	numbers, count := GP64(), GP64()
	LEAQ(list, numbers)
	XORQ(count, count)
	{
		p := make([]reg.Register, len(columns))
		for k, c := range columns {
			p[k] = param(c)
		}
		keep := GP32()
		MOVL(all.(reg.GP).As32(), keep)
		NEGL(keep)
		number, step, zero := s.numbers()
		s.blocks(m, 1, func(_ int, last bool) {
			v := s.vec()
			s.load(Mem{Base: p[0]}, v, last)
			for _, c := range p[1:] {
				t := s.vec()
				s.load(Mem{Base: c}, t, last)
				VORPS(t, v, v)
			}
			s.pack(v, zero, number, step, keep, last, numbers, nil, count)
		}, func(int) {
			for _, c := range p {
				ADDQ(U32(uint32(s.size())), c)
			}
		})
	}
	silent := s.label("silent")
	TESTQ(count, count)
	JZ(LabelRef(silent))

	n, first, ws := param("n"), param("w"), param("ws")
	var cp, rp []reg.Register
	for _, c := range columns {
		cp = append(cp, param(c))
	}
	for _, r := range rows {
		rp = append(rp, param(r))
	}
	// whole is the bytes of a row in groups, n what is left of it.
	whole, last := GP64(), GP64()
	MOVQ(n, whole)
	ANDQ(I32(-int32(group*s.lanes)), whole)
	SUBQ(whole, n)
	SHLQ(Imm(2), whole)
	LEAQ(Mem{Base: n, Disp: -1}, last)
	ANDQ(U32(uint32(s.lanes-1)), last)
	INCQ(last)
	s.setTail(last)

	row, next := s.label("row"), s.label("next")
	i, w := GP64(), GP64()
	Label(row)
	MOVLQSX(Mem{Base: numbers}, i)
	MOVQ(i, w)
	IMULQ(ws, w)
	ADDQ(first, w)
	factors := s.vecs(len(cp))
	for k, c := range cp {
		VBROADCASTSS(Mem{Base: c, Index: i, Scale: 4}, factors[k])
	}
	at := func(base, off reg.Register, j int) Mem {
		return Mem{Base: base, Index: off, Scale: 1, Disp: j * s.size()}
	}
	block := func(off reg.Register, vectors int, last bool) {
		for j := range vectors {
			tail := last && j == vectors-1
			old := s.vec()
			s.load(at(w, off, j), old, tail)
			operands := s.vecs(len(rp))
			for k, r := range rp {
				s.load(at(r, off, j), operands[k], tail)
			}
			new := change(old, factors, operands)
			VADDPS(new, old, new)
			s.store(new, at(w, off, j), tail)
		}
	}
	off, rest := GP64(), s.label("rest")
	XORQ(off, off)
	CMPQ(off, whole)
	JE(LabelRef(rest))
	groups := s.label("groups")
	Label(groups)
	if !s.wide() { // ahead; AVX-512 gains nothing from it
		for j := 0; j < group; j += 2 {
			m := at(w, off, j)
			m.Disp += 1024
			PREFETCHT0(m)
		}
	}
	block(off, group, false)
	ADDQ(U32(uint32(group*s.size())), off)
	CMPQ(off, whole)
	JL(LabelRef(groups))
	Label(rest)
	TESTQ(n, n)
	JZ(LabelRef(next))
	labels := make([]string, group+1)
	for v := 1; v < group; v++ {
		labels[v] = s.label("block")
		CMPQ(n, U32(uint32(v*s.lanes)))
		JLE(LabelRef(labels[v]))
	}
	for v := group; v >= 1; v-- {
		if v < group {
			Label(labels[v])
		}
		block(off, v, true)
		if v > 1 {
			JMP(LabelRef(next))
		}
	}
	Label(next)
	ADDQ(Imm(4), numbers)
	DECQ(count)
	JNZ(LabelRef(row))
	Label(silent)
	s.end()
}
