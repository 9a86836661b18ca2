package main

import "fmt"

// rows writes addRows and addListed, and zeros and finite, which look at
// factors.
func rows(a *asm) {
	a.addRows(false)
	a.addRows(true)
	a.zeros()
	a.finite()
}

// addRows adds Σ_k s_k·x_k over k to the n elements at d. Strides are in
// bytes. addRows takes k ≥ 1 rows in turn, addListed the k ≥ 0 rows numbered
// at list. mode is the sum of 1 for a chain that starts at +0 instead of d and
// 2 for adding it to d at its end.
//
// Each block of columns stays in registers while the rows pass.
func (a *asm) addRows(listed bool) {
	name, list := "addRows", []string(nil)
	if listed {
		name, list = "addListed", []string{"list *int32"}
	}
	a.text(name, append([]string{"d *float32", "n int", "k int", "s *float32", "ss int", "x *float32", "xs int", "mode int"}, list...), "")
	d, n, ss, x, xs, mode := a.param("d"), a.param("n"), a.param("ss"), a.param("x"), a.param("xs"), a.param("mode")
	k, s, row := a.gp(), a.gp(), a.gp()
	var next, i, factors gp
	if listed {
		next, i, factors = a.gp(), a.gp(), a.param("s")
	}
	const width = 8
	factor := vec(28)
	a.blocks(n, width, func(count int, last bool) {
		acc, t := vectors(0, count), vectors(8, count)
		fresh, ready := a.label("fresh"), a.label("ready")
		a.op("TBNZ", 0, mode, fresh)
		a.load(d, 0, acc, last)
		a.op("B", ready)
		a.place(fresh)
		a.zero(acc...)
		a.place(ready)
		a.load64("k", k)
		over := a.label("over")
		if listed {
			a.op("CBZ", k, over)
			a.load64("list", next)
		} else {
			a.load64("s", s)
			a.op("MOVD", x, row)
		}
		a.loop(k, func() {
			if listed {
				a.op("MOVW.P", mem(next, 4), i)
				a.op("MADD", i, factors, ss, s) // s = factors + ss·i
				a.op("MADD", i, x, xs, row)
			}
			a.op("FMOVS", mem(s, 0), factor.f())
			a.load(row, 0, t, last)
			for j, v := range acc {
				a.madd(v, t[j], factor, t[j])
			}
			if !listed {
				a.op("ADD", ss, s)
				a.op("ADD", xs, row)
			}
		})
		a.place(over)
		plain := a.label("plain")
		a.op("TBZ", 1, mode, plain)
		a.load(d, 0, t, last)
		for j, v := range acc {
			a.three("fadd", v, t[j], v)
		}
		a.place(plain)
		a.store(acc, d, 0, last)
	}, func(count int) {
		a.op("ADD", count*size, d)
		a.op("ADD", count*size, x)
	})
	a.end()
}

// zeros counts the elements of x that are zero, of either sign.
func (a *asm) zeros() {
	a.text("zeros", []string{"n int", "x *float32"}, "count int")
	n, x := a.param("n"), a.param("x")
	total, v := vectors(0, 4), vectors(4, 4)
	a.zero(total...)
	a.singles(n, 4, func(count int, last bool) {
		a.load(x, 0, v[:count], last)
		for j := range count {
			a.two("fcmeq", v[j], v[j])
			a.op("VSUB", v[j].as("S4"), total[j].as("S4"), total[j].as("S4"))
		}
	}, func(count int) { a.op("ADD", count*size, x) })
	for _, pair := range [][2]vec{{1, 0}, {3, 2}, {2, 0}} {
		a.op("VADD", pair[0].as("S4"), pair[1].as("S4"), pair[1].as("S4"))
	}
	a.op("VADDV", total[0].as("S4"), "V0")
	r := a.gp()
	a.op("FMOVS", "F0", r)
	// The lanes that the last vector was filled up with are zero.
	a.load64("n", n)
	a.op("NEG", n, n)
	a.op("AND", lanes-1, n)
	a.op("SUB", n, r)
	a.op("MOVD", r, a.parameter("count"))
	a.end()
}

// finite reports whether no element of x has an exponent of all ones: the
// largest magnitude, as an integer, is below that of infinity.
func (a *asm) finite() {
	a.text("finite", []string{"n int", "x *float32"}, "yes bool")
	n, x := a.param("n"), a.param("x")
	worst, v := vectors(0, 4), vectors(4, 4)
	a.zero(worst...)
	a.singles(n, 4, func(count int, last bool) {
		a.load(x, 0, v[:count], last)
		for j := range count {
			a.two("fabs", v[j], v[j])
			a.op("VUMAX", v[j].as("S4"), worst[j].as("S4"), worst[j].as("S4"))
		}
	}, func(count int) { a.op("ADD", count*size, x) })
	for _, pair := range [][2]vec{{1, 0}, {3, 2}, {2, 0}} {
		a.op("VUMAX", pair[0].as("S4"), pair[1].as("S4"), pair[1].as("S4"))
	}
	a.word(umaxv(0, 0))
	r, limit := a.gp(), a.gp()
	a.op("FMOVS", "F0", r)
	a.op("MOVD", fmt.Sprintf("$0x%x", infinity), limit)
	a.op("CMPW", limit, r)
	a.op("CSET", "LO", r)
	a.op("MOVB", r, a.parameter("yes"))
	a.end()
}
