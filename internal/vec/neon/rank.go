package main

import "fmt"

// rank writes the rank kernels: for the m ≥ 1 rows numbered at list,
// w[i] += change. The parameters name columns in order, then rows.
func rank(a *asm) {
	a.rank("rank1x", []string{"e"}, []string{"f"}, func(b *block, w bundle, c, r []bundle) bundle {
		return b.mul(c[0], r[0])
	})
	a.rank("rank1Column", []string{"e", "u"}, []string{"f"}, func(b *block, w bundle, c, r []bundle) bundle {
		return b.sum(b.mul(c[0], r[0]), c[1])
	})
	a.rank("rank2x", []string{"e", "h"}, []string{"f", "k"}, func(b *block, w bundle, c, r []bundle) bundle {
		return b.sum(b.mul(c[0], r[0]), b.mul(c[1], r[1]))
	})
	a.rank("rank1Decay", []string{"e"}, []string{"f", "v"}, func(b *block, w bundle, c, r []bundle) bundle {
		return b.sum(b.mul(c[0], r[0]), b.mul(w, r[1]))
	})
	a.rank("rank2Decay", []string{"e", "h"}, []string{"f", "k", "v"}, func(b *block, w bundle, c, r []bundle) bundle {
		return b.sum(b.sum(b.mul(c[0], r[0]), b.mul(c[1], r[1])), b.mul(w, r[2]))
	})
	a.rank("rank1Gated", []string{"e", "u"}, []string{"f"}, func(b *block, w bundle, c, r []bundle) bundle {
		return b.sum(b.mul(c[0], r[0]), b.mul(w, c[1]))
	})
}

func (a *asm) rank(name string, columns, rows []string, change func(b *block, w bundle, c, r []bundle) bundle) {
	params := []string{"m int", "n int", "list *int32", "w *float32", "ws int"}
	for _, p := range append(append([]string(nil), columns...), rows...) {
		params = append(params, p+" *float32")
	}
	a.text(name, params, "")
	m, list, first, ws := a.param("m"), a.param("list"), a.param("w"), a.param("ws")
	cp, i, n, w := a.params(columns...), a.gp(), a.gp(), a.gp()
	rp := make([]gp, len(rows))
	for k := range rp {
		rp[k] = a.gp()
	}
	factors := make([]bundle, len(cp))
	for k := range factors {
		factors[k] = bundle{fixed(vec(k))}
	}
	a.loop(m, func() {
		a.op("MOVW.P", mem(list, 4), i)
		a.op("MADD", i, first, ws, w) // w = first + ws·i
		for k, c := range cp {
			a.op("ADD", fmt.Sprintf("%s<<2", i), c, scratch)
			a.broadcast(scratch, factors[k][0].at)
		}
		for k, r := range rows {
			a.load64(r, rp[k])
		}
		a.load64("n", n)
		a.singles(n, 4, func(count int, last bool) {
			b := a.straight()
			old := b.load(w, count, last)
			operands := make([]bundle, len(rp))
			for k, r := range rp {
				operands[k] = b.load(r, count, last)
			}
			b.store(b.sum(old, change(b, old, factors, operands)), w, last)
			b.flush(vec(len(cp)))
		}, func(count int) {
			a.op("ADD", count*size, w)
			for _, r := range rp {
				a.op("ADD", count*size, r)
			}
		})
	})
	a.end()
}
