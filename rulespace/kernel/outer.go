package kernel

import (
	"sort"

	"github.com/metaplast/metaplast/rulespace"
)

// term is one product ±s·f·g·h of a decomposed assignment. Factors are nodes:
// s a single value, f of post scope, g of pre scope, h of synapse scope and
// the same for all samples; none stands for 1.
type term struct {
	neg        bool
	s, f, g, h int
}

// pair is one product ±s·f·g of the terms that share a factor h.
type pair struct {
	neg     bool
	s, f, g int
}

// Where there are chains, a block is of about chainBlock synapses and a
// multiple of productRows rows, which is what products take at a time. Neither
// changes a bit.
const (
	chainBlock  = 1536
	productRows = 6
)

// maxTerms limits the size of a decomposition. Rules with more products than
// this gain nothing from it.
const maxTerms = 16

// decomposer splits values into terms.
type decomposer struct {
	*graph
	memo map[int][]term // nil where a value cannot be split
}

// terms returns the terms whose sum is the value of id, nil when it is not
// such a sum.
func (d *decomposer) terms(id int) []term {
	t, ok := d.memo[id]
	if !ok {
		t = d.split(id)
		if len(t) > maxTerms {
			t = nil
		}
		d.memo[id] = t
	}
	return t
}

func (d *decomposer) split(id int) []term {
	n := d.nodes[id]
	one := term{s: none, f: none, g: none, h: none}
	switch n.scope {
	case rulespace.Global:
		one.s = id
		return []term{one}
	case rulespace.Pre, rulespace.Post:
		// Single values are taken out, which leaves bare signals as factors.
		if n.kind == apply && n.op == rulespace.Mul {
			for k := range 2 {
				if a, b := n.arg[k], n.arg[1-k]; d.nodes[a].scope == rulespace.Global {
					return d.product(d.terms(a), d.terms(b))
				}
			}
		}
		if n.kind == apply && n.op == rulespace.Neg {
			return negated(d.terms(n.arg[0]))
		}
		if n.scope == rulespace.Pre {
			one.g = id
		} else {
			one.f = id
		}
		return []term{one}
	}

	if n.kind == apply {
		a, b := n.arg[0], n.arg[1]
		switch n.op {
		case rulespace.Mul:
			return d.product(d.terms(a), d.terms(b))
		case rulespace.Neg:
			return negated(d.terms(a))
		case rulespace.Div, rulespace.PDiv:
			if q := d.quotient(n.op, a, b); q != nil {
				return q
			}
		case rulespace.Add, rulespace.Sub:
			if d.pure(id) {
				break // such as 1 - w: one factor
			}
			x, y := d.terms(a), d.terms(b)
			if x != nil && y != nil {
				if n.op == rulespace.Sub {
					y = negated(y)
				}
				return append(append([]term(nil), x...), y...)
			}
		case rulespace.Square, rulespace.Cube:
			if d.pure(id) {
				break
			}
			x := d.terms(a)
			y := d.product(x, x)
			if n.op == rulespace.Cube {
				y = d.product(y, x)
			}
			if y != nil {
				return y
			}
		}
	}
	if n.varies {
		return nil
	}
	one.h = id
	return []term{one}
}

// pure reports whether a value of synapse scope is the same for all samples
// and made of values of synapse scope and parameters only.
func (d *decomposer) pure(id int) bool {
	n := d.nodes[id]
	if n.varies || n.scope == rulespace.Pre || n.scope == rulespace.Post {
		return false
	}
	for _, a := range n.args() {
		if !d.pure(a) {
			return false
		}
	}
	return true
}

func negated(t []term) []term {
	r := append([]term(nil), t...)
	for i := range r {
		r[i].neg = !r[i].neg
	}
	return r
}

// product multiplies two sums of terms out.
func (d *decomposer) product(a, b []term) []term {
	if a == nil || b == nil || len(a)*len(b) > maxTerms {
		return nil
	}
	var r []term
	for _, x := range a {
		for _, y := range b {
			r = append(r, term{x.neg != y.neg, d.times(x.s, y.s), d.times(x.f, y.f), d.times(x.g, y.g), d.times(x.h, y.h)})
		}
	}
	return r
}

// times multiplies factors of one scope.
func (g *graph) times(a, b int) int {
	switch {
	case a == none:
		return b
	case b == none:
		return a
	}
	return g.apply(rulespace.Mul, a, b)
}

// quotient divides the terms of a by b, which has to be a single factor.
func (d *decomposer) quotient(op rulespace.Op, a, b int) []term {
	x, by := d.terms(a), d.nodes[b]
	if x == nil || by.scope == rulespace.Synapse && by.varies {
		return nil
	}
	r := append([]term(nil), x...)
	for i := range r {
		over := &r[i].h
		switch by.scope {
		case rulespace.Global:
			over = &r[i].s
		case rulespace.Pre:
			over = &r[i].g
		case rulespace.Post:
			over = &r[i].f
		}
		if *over == none {
			*over = d.constant(1)
		}
		*over = d.apply(op, *over, b)
	}
	return r
}

// group is the terms of an assignment that share the factor h.
type group struct {
	h     int // none for 1
	pairs []pair
}

// groups collects terms by h, that of h = 1 first, and merges their pairs.
func (g *graph) groups(terms []term) []group {
	r := []group{{h: none}}
	for _, t := range terms {
		k := 0
		for k < len(r) && r[k].h != t.h {
			k++
		}
		if k == len(r) {
			r = append(r, group{h: t.h})
		}
		r[k].pairs = append(r[k].pairs, pair{t.neg, t.s, t.f, t.g})
	}
	if len(r[0].pairs) == 0 {
		r = r[1:]
	}
	for k := range r {
		r[k].pairs = g.collapse(r[k].pairs)
	}
	return r
}

// collapse merges pairs that share f or g, whichever leaves fewer products,
// and then folds what single values are left into f, else g.
func (g *graph) collapse(pairs []pair) []pair {
	a := g.mergeG(g.mergeF(pairs))
	b := g.mergeF(g.mergeG(pairs))
	if size(b) < size(a) {
		a = b
	}
	for k, p := range a {
		if p.s == none && p.f == none && p.g == none {
			p.s = g.constant(1)
		}
		if p.neg && p.s != none { // rather one value than many; the bits are the same
			p.s, p.neg = g.apply(rulespace.Neg, p.s), false
		}
		to := &p.s
		switch {
		case p.f != none:
			to = &p.f
		case p.g != none:
			to = &p.g
		}
		if to != &p.s {
			*to = g.times(*to, p.s)
			p.s = none
		}
		if p.neg {
			*to = g.apply(rulespace.Neg, *to)
			p.neg = false
		}
		a[k] = p
	}
	return a
}

// size weighs a list of pairs: products count most.
func size(pairs []pair) int {
	n := 0
	for _, p := range pairs {
		n++
		if p.f != none && p.g != none {
			n += maxTerms
		}
	}
	return n
}

// mergeF turns f·g1 + f·g2 into f·(g1 + g2).
func (g *graph) mergeF(pairs []pair) []pair {
	var r []pair
	for _, list := range classes(pairs, func(p pair) int { return p.f }) {
		m := list[0]
		if len(list) > 1 {
			m.g = g.merged(list, func(p pair) int { return p.g }, &m.s)
		}
		if m.g != none && g.nodes[m.g].scope == rulespace.Global {
			m.s, m.g = g.times(m.s, m.g), none
		}
		r = append(r, m)
	}
	return r
}

// mergeG turns f1·g + f2·g into (f1 + f2)·g.
func (g *graph) mergeG(pairs []pair) []pair {
	var r []pair
	for _, list := range classes(pairs, func(p pair) int { return p.g }) {
		m := list[0]
		if len(list) > 1 {
			m.f = g.merged(list, func(p pair) int { return p.f }, &m.s)
		}
		if m.f != none && g.nodes[m.f].scope == rulespace.Global {
			m.s, m.f = g.times(m.s, m.f), none
		}
		r = append(r, m)
	}
	return r
}

// classes splits pairs by a factor, keeping their order.
func classes(pairs []pair, by func(pair) int) [][]pair {
	var r [][]pair
	for _, p := range pairs {
		k := 0
		for k < len(r) && by(r[k][0]) != by(p) {
			k++
		}
		if k == len(r) {
			r = append(r, nil)
		}
		r[k] = append(r[k], p)
	}
	return r
}

// merged adds the other factors of pairs, times their single values unless
// these are all the same, relative to the sign of the first.
func (g *graph) merged(pairs []pair, other func(pair) int, s *int) int {
	common := true
	for _, p := range pairs {
		common = common && p.s == pairs[0].s
	}
	sum := none
	for _, p := range pairs {
		x := other(p)
		if !common {
			x = g.times(x, p.s)
		}
		if x == none {
			x = g.constant(1)
		}
		switch {
		case sum == none:
			sum = x
		case p.neg == pairs[0].neg:
			sum = g.apply(rulespace.Add, sum, x)
		default:
			sum = g.apply(rulespace.Sub, sum, x)
		}
	}
	if !common {
		*s = none
	}
	return sum
}

// outer rewrites an assignment as its outer plan: the value for one sample or
// for a batch. For a batch, products that vary become chains.
func (g *graph) outer(groups []group, batch bool) int {
	sum := none
	for _, gr := range groups {
		m := g.inner(gr.pairs, batch)
		if gr.h != none {
			m = g.apply(rulespace.Mul, gr.h, m)
		}
		if sum == none {
			sum = m
		} else {
			sum = g.apply(rulespace.Add, sum, m)
		}
	}
	return sum
}

// factors returns the factors of a pair as a product reads them: both per
// sample when both vary, else means.
func (g *graph) factors(p pair) (f, h int, perSample bool) {
	f, h = p.f, p.g
	if f != none && h != none && g.nodes[f].varies && g.nodes[h].varies {
		return f, h, true
	}
	if f != none {
		f = g.mean(f)
	}
	if h != none {
		h = g.mean(h)
	}
	return f, h, false
}

// sorted returns pairs in the order in which M adds them: products that vary,
// other products, rows, columns and single values.
func (g *graph) sorted(pairs []pair) []pair {
	class := func(p pair) int {
		switch _, _, perSample := g.factors(p); {
		case perSample:
			return 0
		case p.f != none && p.g != none:
			return 1
		case p.f != none:
			return 2
		}
		return 3
	}
	r := append([]pair(nil), pairs...)
	sort.SliceStable(r, func(i, j int) bool { return class(r[i]) < class(r[j]) })
	return r
}

// meanChain returns the chain of which a value is the mean over the batch,
// none if it is something else.
func (g *graph) meanChain(id int) int {
	n := g.nodes[id]
	if n.kind != apply || n.op != rulespace.Mul {
		return none
	}
	for k := range 2 {
		if a, b := g.nodes[n.arg[k]], g.nodes[n.arg[1-k]]; a.kind == chain && b.kind == invBatch {
			return a.at
		}
	}
	return none
}

// inner is M of one group.
func (g *graph) inner(pairs []pair, batch bool) int {
	sum := none
	plus := func(x int) {
		if sum == none {
			sum = x
		} else {
			sum = g.apply(rulespace.Add, sum, x)
		}
	}
	var varying []pair
	if batch {
		for _, p := range pairs {
			if _, _, perSample := g.factors(p); perSample {
				varying = append(varying, p)
			}
		}
		if len(varying) > 0 {
			g.chains = append(g.chains, varying)
			all := g.leaf(chain, len(g.chains)-1, rulespace.Synapse, false)
			plus(g.apply(rulespace.Mul, all, g.leaf(invBatch, 0, rulespace.Global, false)))
		}
	}
	for _, p := range g.sorted(pairs)[len(varying):] {
		switch f, h, _ := g.factors(p); {
		case f != none && h != none:
			plus(g.apply(rulespace.Mul, f, h))
		case f != none:
			plus(f)
		case h != none:
			plus(h)
		default:
			plus(g.mean(p.s))
		}
	}
	return sum
}
