package main

// limits writes loops that do nothing but reach a limit of the machine, to
// compare kernels with.
func limits(a *asm) {
	// mulAdds multiplies and adds n times 12 vectors that stay in registers.
	a.text("mulAdds", []string{"n int"}, "")
	acc, x := vectors(0, 12), vec(31)
	a.zero(acc...)
	a.zero(x)
	a.loop(a.param("n"), func() {
		for j, v := range acc {
			t := vec(12 + j)
			a.three("fmul", t, x, x)
			a.three("fadd", v, v, t)
		}
	})
	a.end()

	// reads loads n times 8 vectors and updates adds to them in place.
	a.text("reads", []string{"n int", "x *float32"}, "")
	n, p := a.param("n"), a.param("x")
	acc, t := vectors(0, 8), vectors(8, 8)
	a.zero(acc...)
	a.loop(n, func() {
		a.load(p, 0, t, false)
		for j, v := range acc {
			a.three("fadd", v, v, t[j])
		}
		a.op("ADD", 8*size, p)
	})
	a.end()

	a.text("updates", []string{"n int", "x *float32"}, "")
	n, p = a.param("n"), a.param("x")
	a.zero(x)
	a.loop(n, func() {
		a.load(p, 0, t, false)
		for _, v := range t {
			a.three("fadd", v, v, x)
		}
		a.store(t, p, 0, false)
		a.op("ADD", 8*size, p)
	})
	a.end()
}
