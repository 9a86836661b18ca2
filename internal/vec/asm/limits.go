package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// limits writes loops that do nothing but reach a limit of the machine, to
// compare kernels with.
func limits(s *isa) {
	s.mulAdds()

	// read loads n times 8 vectors and updates adds to them in place.
	s.text("reads", "n int, x *float32")
	n, p := param("n"), param("x")
	acc := s.vecs(8)
	for _, a := range acc {
		s.zero(a)
	}
	s.loop(n, func() {
		for j, a := range acc {
			VADDPS(s.at(p, j), a, a)
		}
		ADDQ(U32(uint32(8*s.size())), p)
	})
	s.end()

	s.text("updates", "n int, x *float32")
	n, p = param("n"), param("x")
	zero := s.vec()
	s.zero(zero)
	s.loop(n, func() {
		for j := range 8 {
			t := s.vec()
			VADDPS(s.at(p, j), zero, t)
			VMOVUPS(t, s.at(p, j))
		}
		ADDQ(U32(uint32(8*s.size())), p)
	})
	s.end()
}

// mulAdds multiplies and adds n times 12 vectors that stay in registers.
func (s *isa) mulAdds() {
	s.text("mulAdds", "n int")
	n, x, acc := param("n"), s.vec(), s.vecs(12)
	s.zero(x)
	for _, a := range acc {
		s.zero(a)
	}
	s.loop(n, func() {
		for _, a := range acc {
			s.multiplyAdd(x, x, a)
		}
	})
	s.end()
}
