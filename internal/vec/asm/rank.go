package main

import (
	"strconv"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rank writes the rank kernels: for rows whose column factors are not all
// zero, or for all of them if all is odd, w[i] += change. There are at most
// listed rows. If 2 is in all, w is fetched ahead. The parameters name columns in
// order, then rows.
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
		ANDL(Imm(1), keep)
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
	// A block of columns keeps the rows of the operands in registers while it
	// passes through w, of AVX2 those of the first one.
	const width = 8
	s.blocks(n, width, func(vectors int, last bool) {
		operands := make([][]reg.VecVirtual, vectors)
		for j := range operands {
			operands[j] = s.vecs(len(rp))
			for k, r := range rp {
				if k == 0 || s.wide() {
					s.load(s.at(r, j), operands[j][k], last && j == vectors-1)
				}
			}
		}
		from, left := GP64(), GP64()
		MOVQ(numbers, from)
		MOVQ(count, left)
		s.loop(left, func() {
			i, w := GP64(), GP64()
			MOVLQSX(Mem{Base: from}, i)
			ADDQ(Imm(4), from)
			MOVQ(i, w)
			IMULQ(ws, w)
			ADDQ(first, w)
			factors := s.vecs(len(cp))
			for k, c := range cp {
				VBROADCASTSS(Mem{Base: c, Index: i, Scale: 4}, factors[k])
			}
			if !s.wide() {
				// What comes in some rows; AVX-512 gains nothing from it.
				near := s.label("near")
				all := param("all")
				TESTQ(U32(2), all)
				JZ(LabelRef(near))
				for j := 0; j < vectors*s.size(); j += 64 {
					PREFETCHT0(Mem{Base: w, Index: ws, Scale: 2, Disp: j})
				}
				Label(near)
			}
			for j := range vectors {
				tail := last && j == vectors-1
				old := s.vec()
				s.load(s.at(w, j), old, tail)
				for k := 1; k < len(rp) && !s.wide(); k++ {
					operands[j][k] = s.vec()
					s.load(s.at(rp[k], j), operands[j][k], tail)
				}
				new := change(old, factors, operands[j])
				VADDPS(new, old, new)
				s.store(new, s.at(w, j), tail)
			}
		})
	}, func(vectors int) {
		ADDQ(U32(uint32(vectors*s.size())), first)
		for _, r := range rp {
			ADDQ(U32(uint32(vectors*s.size())), r)
		}
	})
	Label(silent)
	s.end()
}
