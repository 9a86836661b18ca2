package main

import "fmt"

// gemm writes tile1 to tile6, named by the rows of c that they compute: c (or
// its increase, if add is not 0) is Σ_k a[i,k]·b[k] for n columns, each
// element one chain over k that starts at +0. Strides are in bytes, k ≥ 1.
func gemm(a *asm) {
	for rows := 1; rows <= 6; rows++ {
		a.tile(rows)
	}
}

func (a *asm) tile(rows int) {
	const width = 4
	a.text(fmt.Sprintf("tile%dx", rows), []string{"n int", "k int", "a *float32", "ai int", "ak int",
		"b *float32", "bs int", "c *float32", "cs int", "add int"}, "")
	n, ak, b, bs, c, cs, add := a.param("n"), a.param("ak"), a.param("b"), a.param("bs"), a.param("c"), a.param("cs"), a.param("add")
	k, ap, bp, cp := a.gp(), a.gp(), a.gp(), a.gp()
	var row []gp // offsets of the rows of a but the first
	for i := 1; i < rows; i++ {
		row = append(row, a.gp())
		if i == 1 {
			a.load64("ai", row[0])
		} else {
			a.op("ADD", row[0], row[i-2], row[i-1])
		}
	}
	x, factor := vectors(24, width), vec(28)
	a.blocks(n, width, func(count int, last bool) {
		acc := make([][]vec, rows)
		for i := range acc {
			acc[i] = vectors(vec(width*i), count)
			a.zero(acc[i]...)
		}
		a.load64("k", k)
		a.load64("a", ap)
		a.op("MOVD", b, bp)
		a.loop(k, func() {
			a.load(bp, 0, x[:count], last)
			for i := range rows {
				from := mem(ap, 0)
				if i > 0 {
					from = fmt.Sprintf("(%s)(%s)", ap, row[i-1])
				}
				a.op("FMOVS", from, factor.f())
				for j, v := range acc[i] {
					a.madd(v, x[j], factor, vec(29+(i*count+j)%3))
				}
			}
			a.op("ADD", ak, ap)
			a.op("ADD", bs, bp)
		})
		each := func(body func(v []vec)) {
			a.op("MOVD", c, cp)
			for i, v := range acc {
				body(v)
				if i < rows-1 {
					a.op("ADD", cs, cp)
				}
			}
		}
		plain := a.label("plain")
		a.op("CBZ", add, plain)
		each(func(v []vec) {
			a.load(cp, 0, x[:count], last)
			for j := range v {
				a.three("fadd", v[j], x[j], v[j])
			}
			a.store(v, cp, 0, last)
		})
		done := a.label("stored")
		a.op("B", done)
		a.place(plain)
		each(func(v []vec) { a.store(v, cp, 0, last) })
		a.place(done)
	}, func(count int) {
		a.op("ADD", count*size, b)
		a.op("ADD", count*size, c)
	})
	a.end()
}
