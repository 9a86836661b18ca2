package main

import "fmt"

// parts is how many vectors the 16 lanes of a dot product are.
const parts = 16 / lanes

// dots writes dot, sum and the blocks of MulTB.
func dots(a *asm) {
	a.dot("dot", true)
	a.dot("sum", false)
	for _, shape := range [][2]int{{2, 2}, {1, 4}, {2, 1}, {1, 1}} {
		a.dots(shape[0], shape[1])
	}
}

// dot computes Dot, or Sum without factors.
func (a *asm) dot(name string, product bool) {
	params := []string{"n int", "x *float32"}
	if product {
		params = append(params, "y *float32")
	}
	a.text(name, params, "r float32")
	n, x := a.param("n"), a.param("x")
	var y gp
	if product {
		y = a.param("y")
	}
	acc, u, v := vectors(0, parts), vectors(4, parts), vectors(8, parts)
	a.zero(acc...)
	a.blocks(n, parts, func(count int, last bool) {
		a.load(x, 0, u[:count], last)
		if product {
			a.load(y, 0, v[:count], last)
			for j := range count {
				a.three("fmul", u[j], u[j], v[j])
			}
		}
		for j := range count {
			a.three("fadd", acc[j], acc[j], u[j])
		}
	}, func(count int) {
		a.op("ADD", count*size, x)
		if product {
			a.op("ADD", count*size, y)
		}
	})
	a.quarter(acc)
	a.fold(acc[0], u[0])
	a.op("FMOVS", acc[0].f(), a.parameter("r"))
	a.end()
}

// quarter lets lane l take lane l+8, then l+4, which leaves acc[0].
func (a *asm) quarter(acc []vec) {
	a.three("fadd", acc[0], acc[0], acc[2])
	a.three("fadd", acc[1], acc[1], acc[3])
	a.three("fadd", acc[0], acc[0], acc[1])
}

// fold lets lane l of x take lane l+2, then l+1.
func (a *asm) fold(x, t vec) {
	a.op("VDUP", x.as("D")+"[1]", t.as("D2"))
	a.three("fadd", x, x, t)
	a.word(faddpScalar(int(x), int(x)))
}

// foldFour does the same to four vectors at once and leaves the sums in x[0].
func (a *asm) foldFour(x [4]vec, t vec) {
	pair := func(p, q vec) {
		a.op("VZIP2", q.as("D2"), p.as("D2"), t.as("D2"))
		a.op("VZIP1", q.as("D2"), p.as("D2"), p.as("D2"))
		a.three("fadd", p, p, t)
	}
	pair(x[0], x[1])
	pair(x[2], x[3])
	a.three("faddp", x[0], x[0], x[2])
}

// dots computes the dot products of ra rows of a with m times rb rows of b,
// all of n floats, a multiple of 16 that is not 0. Strides are in bytes.
func (a *asm) dots(ra, rb int) {
	a.text(fmt.Sprintf("dots%dx%dx", ra, rb), []string{"n int", "a *float32", "as int", "b *float32", "bs int", "m int", "c *float32", "cs int"}, "")
	as, b, bs, m, c, n := a.param("as"), a.param("b"), a.param("bs"), a.param("m"), a.param("c"), a.gp()
	ap, bp := make([]gp, ra), make([]gp, rb)
	for i := range ap {
		ap[i] = a.gp()
	}
	for j := range bp {
		bp[j] = a.gp()
	}
	a.loop(m, func() {
		acc := make([][]vec, ra*rb)
		for k := range acc {
			acc[k] = vectors(vec(parts*k), parts)
			a.zero(acc[k]...)
		}
		a.load64("n", n)
		a.load64("a", ap[0])
		if ra > 1 {
			a.op("ADD", as, ap[0], ap[1])
		}
		// b becomes the place of the rows for the next turn.
		for j := range bp {
			a.op("MOVD", b, bp[j])
			a.op("ADD", bs, b)
		}
		chunk := a.label("chunk")
		a.place(chunk)
		for part := range parts {
			x, y := vectors(16+vec(4*(part%2)), ra), vectors(18+vec(4*(part%2)), rb)
			if rb == 4 {
				x, y = vectors(16+vec(6*(part%2)), 1), vectors(17+vec(6*(part%2)), 4)
			}
			for i := range x {
				a.op("FMOVQ", mem(ap[i], size*part), x[i].f())
			}
			for j := range y {
				a.op("FMOVQ", mem(bp[j], size*part), y[j].f())
			}
			for i := range x {
				for j := range y {
					t, k := vec(28+(i*rb+j)%4), i*rb+j
					a.three("fmul", t, x[i], y[j])
					a.three("fadd", acc[k][part], acc[k][part], t)
				}
			}
		}
		for _, p := range append(append([]gp(nil), ap...), bp...) {
			a.op("ADD", 4*16, p)
		}
		a.op("SUBS", 16, n)
		a.op("BGT", chunk)

		for _, v := range acc {
			a.quarter(v)
		}
		cp := n
		a.op("MOVD", c, cp)
		next := func() {
			a.load64("cs", scratch)
			a.op("ADD", scratch, cp)
		}
		sums := acc[0][0]
		switch {
		case rb == 4:
			a.foldFour([4]vec{acc[0][0], acc[1][0], acc[2][0], acc[3][0]}, 28)
			a.op("FMOVQ", sums.f(), mem(cp, 0))
		case rb == 2:
			a.foldFour([4]vec{acc[0][0], acc[1][0], acc[2][0], acc[3][0]}, 28)
			a.op("FMOVD", sums.f(), mem(cp, 0))
			next()
			a.op("VST1", sums.as("D")+"[1]", mem(cp, 0))
		default:
			for i := range ra {
				a.fold(acc[i][0], 28)
				a.op("FMOVS", acc[i][0].f(), mem(cp, 0))
				if i < ra-1 {
					next()
				}
			}
		}
		a.op("ADD", 4*rb, c)
	})
	a.end()
}
