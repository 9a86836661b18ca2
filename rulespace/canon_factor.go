package rulespace

import (
	"math"
	"math/bits"
	"slices"
)

// Expr returns a small expression with this canonical form. Common factors
// are taken out greedily, trying several orders and keeping the smallest;
// products of sums and powers of sums are recognised. Past 64 terms only the
// most profitable factor is tried, past 512 none.
func (c *Canonical) Expr() *Expr {
	if c.literal != nil {
		return c.literal
	}
	return c.exprBy(newBuilder(true))
}

// exprBy is Expr with a builder that factors.
func (c *Canonical) exprBy(b *builder) *Expr {
	if c.whole {
		e := b.expr(c.terms)
		// Regrouping can make a denominator cancel that did not before, or
		// round.
		if c.small && e.isWhole() || c.is(e) {
			return e
		}
	}
	return newBuilder(false).expr(c.terms)
}

// is reports whether e, multiplied out, has this form.
func (c *Canonical) is(e *Expr) bool {
	if p, ok := exactly(e, nil); ok {
		return slices.EqualFunc(p, c.terms, func(s, t term) bool { return s.c == t.c && compareLex(s, t) == 0 })
	}
	d, ok := expandedSlowly(e)
	return ok && d.text == c.terms.String()
}

const (
	factorLimit = 512
	searchLimit = 64
)

// sizer counts the nodes of sums written without factoring.
type sizer map[*atom]int

func (z sizer) sum(p poly) int {
	n := max(1, len(p)-1)
	for _, t := range p {
		if t.c != 1 {
			n++
		}
		for _, f := range t.f {
			// A power takes a node per doubling, a product two.
			n = min(n+z.atom(f.a)+1+bits.Len64(uint64(max(f.p, -f.p))), maxSize)
		}
	}
	return n
}

func (z sizer) atom(a *atom) int {
	if a.class < classSum {
		return 1
	}
	if n, ok := z[a]; ok {
		return n
	}
	n := len(a.args)
	if a.class == classSum {
		n = z.sum(a.sum)
	}
	for _, p := range a.args {
		n = min(n+z.sum(p), maxSize)
	}
	z[a] = n
	return n
}

// builder writes sums as expressions.
type builder struct {
	factoring bool
	memo      map[*atom]*Expr      // of what is not a leaf
	scaled    map[scaledAtom]*Expr // nil where rounding forbids it

	// What was left of the first sum after common factors were taken out, and
	// how it is written; the width it was written with.
	rest      poly
	restParts []part
	restWidth int
}

// scaledAtom is an atom made k times as large by a number within it.
type scaledAtom struct {
	a *atom
	k float64
}

func newBuilder(factoring bool) *builder {
	return &builder{factoring: factoring}
}

func (b *builder) expr(p poly) *Expr {
	if len(p) == 0 {
		return Const(0)
	}
	p = p.rounded()
	width := 0
	switch {
	case len(p) <= 8:
		width = 6
	case len(p) <= searchLimit:
		width = 3
	}
	return sum(b.parts(p, width))
}

func (b *builder) atom(a *atom) *Expr {
	if a.leaf != nil {
		return a.leaf
	}
	if e, ok := b.memo[a]; ok {
		return e
	}
	var e *Expr
	if a.class == classSum {
		e = b.expr(a.sum)
	} else {
		e = b.apply(a.op, a.args)
	}
	if b.memo == nil {
		b.memo = map[*atom]*Expr{}
	}
	b.memo[a] = e
	return e
}

func (b *builder) apply(op Op, polys []poly) *Expr {
	args := make([]*Expr, len(polys))
	for i, p := range polys {
		args[i] = b.expr(p)
	}
	if op != Min && op != Max {
		return node(op, args...)
	}
	e := args[0]
	for _, a := range args[1:] {
		e = node(op, e, a)
	}
	return e
}

// part is a summand; lead is the first of the terms it stands for.
type part struct {
	neg  bool
	e    *Expr
	lead term
}

// parts writes p as a sum of as few nodes as it finds. The number of
// alternatives tried is width at this level and half of it at the next.
func (b *builder) parts(p poly, width int) []part {
	if b.rest != nil && b.restWidth == width && slices.EqualFunc(p, b.rest, func(s, t term) bool { return s.c == t.c && slices.Equal(s.f, t.f) }) {
		return slices.Clone(b.restParts)
	}
	best := make([]part, len(p))
	for i, t := range p {
		best[i] = part{t.c < 0, b.product(math.Abs(t.c), t.f), t}
	}
	if len(p) == 1 || !b.factoring || len(p) > factorLimit {
		return best
	}
	consider := func(parts ...part) {
		if nodes(parts) < nodes(best) {
			slices.SortStableFunc(parts, func(s, t part) int { return compareTerms(s.lead, t.lead) })
			best = parts
		}
	}
	if k, f := p.common(); k != 1 || len(f) > 0 {
		rest := p.dividedBy(f).over(k)
		parts := b.parts(rest, width)
		if b.rest == nil {
			b.rest, b.restParts, b.restWidth = rest, slices.Clone(parts), width
		}
		neg, inner := assemble(parts)
		consider(part{neg, b.product(k, f, inner), p[0]})
		return best
	}
	if k, root, n := p.root(); n > 0 {
		_, inner := assemble(b.parts(root, width))
		neg := k < 0
		if neg && n == 3 && takesSign(inner) {
			neg, inner = false, negated(inner)
		}
		consider(part{neg, b.product(math.Abs(k), nil, power(inner, n)), p[0]})
		return best
	}
	groups := p.groups(b)
	for _, g := range groups {
		if g.n == len(p) {
			continue // a divisor has fewer terms
		}
		in, _ := g.split(p)
		if q, s, ok := p.quotient(in.dividedBy(in.content())); ok {
			n1, left := assemble(b.parts(q, width))
			n2, right := assemble(b.parts(s, width))
			consider(part{n1 != n2, times(left, right), p[0]})
			return best
		}
	}
	for _, g := range groups[:min(max(1, width), len(groups))] {
		in, out := g.split(p)
		consider(append(b.parts(in, width/2), b.parts(out, width/2)...)...)
	}
	return best
}

// common returns what all terms have in common without changing the sign of
// an exponent: the magnitude of their coefficients, and factors.
func (p poly) common() (k float64, f []factor) {
	k = math.Abs(p[0].c)
	for _, t := range p {
		if math.Abs(t.c) != k {
			k = 1
		}
	}
	for _, first := range p[0].f {
		for _, t := range p[1:] {
			i := slices.IndexFunc(t.f, func(f factor) bool { return f.a == first.a })
			switch {
			case i < 0 || t.f[i].p > 0 != (first.p > 0):
				first.p = 0
			case first.p > 0:
				first.p = min(first.p, t.f[i].p)
			case first.p < 0:
				first.p = max(first.p, t.f[i].p)
			}
		}
		if first.p != 0 {
			f = append(f, first)
		}
	}
	return k, f
}

// group selects the terms that have a factor, or the magnitude of their
// coefficient, in common.
type group struct {
	a    *atom // nil for a coefficient
	sign int64
	c    float64
	n    int // terms
	gain int // nodes saved by taking it out
}

func (g group) has(t term) bool {
	if g.a == nil {
		return math.Abs(t.c) == g.c
	}
	return slices.ContainsFunc(t.f, func(f factor) bool { return f.a == g.a && f.p > 0 == (g.sign > 0) })
}

func (g group) split(p poly) (in, out poly) {
	for _, t := range p {
		if g.has(t) {
			in = append(in, t)
		} else {
			out = append(out, t)
		}
	}
	return in, out
}

// groups lists what several terms have in common, the most profitable first.
func (p poly) groups(b *builder) []group {
	type key struct {
		a    *atom
		sign int64
		c    float64
	}
	var index map[key]int
	if len(p) > 8 {
		index = map[key]int{}
	}
	all := make([]group, 0, 8)
	count := func(k key, size int) {
		i, ok := index[k]
		if index == nil {
			i = slices.IndexFunc(all, func(g group) bool { return g.a == k.a && g.sign == k.sign && g.c == k.c })
			ok = i >= 0
		}
		if !ok {
			i = len(all)
			if index != nil {
				index[k] = i
			}
			all = append(all, group{a: k.a, sign: k.sign, c: k.c})
		}
		all[i].n++
		all[i].gain = (all[i].n - 1) * size
	}
	for _, t := range p {
		if c := math.Abs(t.c); c != 1 {
			count(key{c: c}, 1)
		}
		for _, f := range t.f {
			count(key{a: f.a, sign: max(-1, min(1, f.p))}, b.atom(f.a).size)
		}
	}
	all = slices.DeleteFunc(all, func(g group) bool { return g.n < 2 })
	slices.SortStableFunc(all, func(g, h group) int { return h.gain - g.gain })
	return all
}

// times multiplies without applying identities.
func (p poly) times(q poly) poly {
	out := make([]term, 0, len(p)*len(q))
	for _, s := range p {
		for _, t := range q {
			out = append(out, term{float64(s.c * t.c), mulFactors(s.f, t.f, 1)})
		}
	}
	return sorted(out)
}

// same reports whether p and q agree to 12 digits.
func (p poly) same(q poly) bool {
	return slices.EqualFunc(p, q, func(s, t term) bool {
		return compareLex(s, t) == 0 && round12(s.c) == round12(t.c)
	})
}

// quotient divides by s, which it may rescale, when that is exact.
func (p poly) quotient(s poly) (q, by poly, ok bool) {
	if len(s) < 2 || len(s) >= len(p) {
		return nil, nil, false
	}
	if k, _ := s.common(); k != 1 {
		s = s.over(k)
	}
	s = s.rounded()
	q, ok = divide(p, s)
	if !ok || len(q)*len(s) > 8*factorLimit {
		return nil, nil, false
	}
	q = q.rounded()
	return q, s, p.same(q.times(s))
}

// root finds p = k·q^n for a sum q of up to maxRoot terms and n = 2 or 3;
// n = 0 when there is none.
func (p poly) root() (k float64, q poly, n int64) {
	if len(p) < 3 || len(p) > searchLimit {
		return 0, nil, 0
	}
	terms := slices.Clone(p)
	slices.SortFunc(terms, func(s, t term) int { return compareLex(t, s) })
	first, last := terms[0], terms[len(terms)-1]
	for _, n := range []int64{2, 3} {
		if !isPower(first, n) || !isPower(last, n) {
			continue
		}
		q, ok := terms.over(first.c).monicRoot(n)
		if !ok {
			continue
		}
		// Take the scale into the root where that makes numbers rounder.
		k, r := first.c, q.rounded()
		if s := rootOf(math.Abs(k), n); s != 1 {
			scaled := q.scaled(s).rounded()
			if scaled.numbers() <= r.numbers()+1 &&
				len(scaled.String()) < len(formatFloat(round12(k)))+len(r.String()) && p.same(scaled.raised(n).scaled(math.Copysign(1, k))) {
				return math.Copysign(1, k), scaled, n
			}
		}
		if p.same(r.raised(n).scaled(k)) {
			return k, r, n
		}
	}
	return 0, nil, 0
}

// maxRoot is the largest number of terms of a sum whose power is recognised.
const maxRoot = 12

// monicRoot is the n-th root of p by its terms in descending order; the
// leading coefficient of p is 1.
func (p poly) monicRoot(n int64) (poly, bool) {
	lead := term{1, make([]factor, len(p[0].f))}
	slope := term{float64(n), make([]factor, len(p[0].f))} // derivative of the power
	for i, f := range p[0].f {
		lead.f[i] = factor{f.a, f.p / n}
		slope.f[i] = factor{f.a, f.p / n * (n - 1)}
	}
	q := poly{lead}
	for len(q) <= maxRoot {
		rest := sorted(append(q.raised(n).scaled(-1), p...))
		if len(rest) == 0 {
			slices.SortStableFunc(q, compareTerms)
			return q, true
		}
		next := slices.MaxFunc(rest, compareLex)
		next = term{next.c / slope.c, mulFactors(next.f, slope.f, -1)}
		if !normal(next.c) || slices.ContainsFunc(next.f, func(f factor) bool { return f.p < 0 }) ||
			compareLex(next, q[len(q)-1]) >= 0 {
			break
		}
		q = append(q, next)
	}
	return nil, false
}

func (p poly) raised(n int64) poly {
	q := p
	for range n - 1 {
		q = q.times(p)
	}
	return q
}

// isPower reports whether every exponent is a positive multiple of n.
func isPower(t term, n int64) bool {
	return !slices.ContainsFunc(t.f, func(f factor) bool { return f.p < 0 || f.p%n != 0 })
}

// numbers counts the coefficients that have to be written.
func (p poly) numbers() int {
	n := 0
	for _, t := range p {
		if math.Abs(t.c) != 1 {
			n++
		}
	}
	return n
}

// rootOf is the n-th root for n = 2 or 3, by Newton's method for 3.
func rootOf(v float64, n int64) float64 {
	r := math.Sqrt(v)
	if n == 3 {
		for range 200 {
			r -= (r - v/float64(r*r)) / 3
		}
	}
	return r
}

// item is a power of an expression in a product.
type item struct {
	e *Expr
	p int64
}

// product writes k·Π f·Π more for positive k.
func (b *builder) product(k float64, f []factor, more ...*Expr) *Expr {
	if !slices.ContainsFunc(f, func(x factor) bool { return x.p != 1 || x.a.leaf == nil }) {
		return plainProduct(k, f, more)
	}
	items := make([]item, len(f))
	for i, x := range f {
		items[i] = item{b.atom(x.a), x.p}
	}
	e := quotientOf(k, items, more)
	if k == 1 || len(more) > 0 || !b.factoring {
		return e
	}
	// A factor that is homogeneous can take up the number.
	for i, x := range f {
		if base := b.rescaled(k, x); base != nil {
			tried := slices.Clone(items)
			tried[i].e = base
			if t := quotientOf(1, tried, nil); t.size < e.size || t.size == e.size && len(t.String()) < len(e.String()) {
				e = t
			}
		}
	}
	return e
}

// plainProduct is product for first powers of leaves.
func plainProduct(k float64, f []factor, more []*Expr) *Expr {
	var e *Expr
	if k != 1 || len(f)+len(more) == 0 {
		e = Const(k)
	}
	for _, x := range f {
		if e == nil {
			e = x.a.leaf
		} else {
			e = node(Mul, e, x.a.leaf)
		}
	}
	for _, m := range more {
		if e == nil {
			e = m
		} else {
			e = times(e, m)
		}
	}
	return e
}

// rescaled writes the base of x such that x becomes k times as large, if
// that can be done without loss.
func (b *builder) rescaled(k float64, x factor) *Expr {
	s := k
	var p poly
	switch {
	case x.a.class == classSum && x.p == -1:
		p, s = x.a.sum, 1/k
	case x.a.class != classApply || x.a.op != Abs && x.a.op != Relu && x.a.op != PDiv:
		return nil
	case x.p == -1:
		p, s = x.a.args[0], 1/k
	case x.p == 1:
		p = x.a.args[0]
	default:
		return nil
	}
	key := scaledAtom{x.a, s}
	if e, ok := b.scaled[key]; ok {
		return e
	}
	if b.scaled == nil {
		b.scaled = map[scaledAtom]*Expr{}
	}
	b.scaled[key] = nil
	q := p.scaled(s).rounded()
	lead := math.Abs(q[0].c)
	if x.p == -1 && round12(1/lead) != k || x.p == 1 && lead != k {
		return nil
	}
	for i := range p {
		if !normal(q[i].c) || round12(q[i].c/lead) != round12(p[i].c) {
			return nil
		}
	}
	if x.a.class == classSum {
		b.scaled[key] = b.expr(q)
	} else {
		b.scaled[key] = b.apply(x.a.op, append([]poly{q}, x.a.args[1:]...))
	}
	return b.scaled[key]
}

// quotientOf writes k·Π items·Π more with negative powers in a denominator.
func quotientOf(k float64, items []item, more []*Expr) *Expr {
	var above, below []item
	for _, x := range items {
		if x.p > 0 {
			above = append(above, x)
		} else {
			below = append(below, item{x.e, -x.p})
		}
	}
	var factors []*Expr
	if k != 1 || len(above)+len(more) == 0 {
		factors = append(factors, Const(k))
	}
	e := chain(append(append(factors, powers(above)...), more...))
	if len(below) > 0 {
		e = node(Div, e, chain(powers(below)))
	}
	return e
}

// powers writes positive powers as factors, equal ones together: a²b² is
// (a·b)².
func powers(items []item) []*Expr {
	if len(items) == 0 {
		return nil
	}
	whole := func(n int64) bool {
		return !slices.ContainsFunc(items, func(x item) bool { return x.p%n != 0 })
	}
	for _, n := range []int64{2, 3} {
		if len(items) > 1 && whole(n) {
			roots := make([]item, len(items))
			for i, x := range items {
				roots[i] = item{x.e, x.p / n}
			}
			return []*Expr{power(chain(powers(roots)), n)}
		}
	}
	var out []*Expr
	for i, x := range items {
		same := func(y item) bool { return y.p == x.p }
		if x.p == 1 {
			out = append(out, x.e)
		} else if !slices.ContainsFunc(items[:i], same) {
			var bases []*Expr
			for _, y := range items[i:] {
				if same(y) {
					bases = append(bases, y.e)
				}
			}
			out = append(out, power(chain(bases), x.p))
		}
	}
	return out
}

func chain(factors []*Expr) *Expr {
	e := factors[0]
	for _, f := range factors[1:] {
		e = times(e, f)
	}
	return e
}

// times multiplies from left to right.
func times(e, f *Expr) *Expr {
	if f.kind == KindApply && f.op == Mul {
		return node(Mul, times(e, f.args[0]), f.args[1])
	}
	return node(Mul, e, f)
}

// nodes is the size of the sum of parts.
func nodes(parts []part) int {
	n := len(parts) - 1
	for _, p := range parts {
		n = min(n+p.e.size, maxSize)
	}
	if allNegative(parts) && !slices.ContainsFunc(parts, func(p part) bool { return takesSign(p.e) }) {
		n++
	}
	return n
}

func allNegative(parts []part) bool {
	return !slices.ContainsFunc(parts, func(p part) bool { return !p.neg })
}

// assemble writes a sum up to its sign: it is negative when all parts are.
func assemble(parts []part) (neg bool, e *Expr) {
	if !allNegative(parts) {
		return false, sum(parts)
	}
	flipped := make([]part, len(parts))
	for i, p := range parts {
		flipped[i] = part{false, p.e, p.lead}
	}
	return true, sum(flipped)
}

// sum writes the parts beginning with a positive one, if there is one.
func sum(parts []part) *Expr {
	i := slices.IndexFunc(parts, func(p part) bool { return !p.neg })
	first := func() *Expr { return parts[i].e }
	if i < 0 {
		i = max(0, slices.IndexFunc(parts, func(p part) bool { return takesSign(p.e) }))
		first = func() *Expr { return negated(parts[i].e) }
	}
	e := first()
	for j, p := range parts {
		switch {
		case j == i:
		case p.neg:
			e = node(Sub, e, p.e)
		default:
			e = node(Add, e, p.e)
		}
	}
	return e
}

// takesSign reports whether a product can be negated without another node:
// by the sign of a number or by swapping a difference.
func takesSign(e *Expr) bool {
	switch {
	case e.kind == KindConst:
		return true
	case e.kind != KindApply:
		return false
	}
	switch e.op {
	case Sub:
		return true
	case Mul:
		return takesSign(e.args[0]) || takesSign(e.args[1])
	case Div:
		return takesSign(e.args[0])
	}
	return false
}

func negated(e *Expr) *Expr {
	switch {
	case e.kind == KindConst:
		return Const(-e.value)
	case e.kind != KindApply:
		return node(Neg, e)
	}
	switch e.op {
	case Sub:
		return node(Sub, e.args[1], e.args[0])
	case Mul:
		if !takesSign(e.args[0]) && takesSign(e.args[1]) {
			return node(Mul, e.args[0], negated(e.args[1]))
		}
		return node(Mul, negated(e.args[0]), e.args[1])
	case Div:
		return node(Div, negated(e.args[0]), e.args[1])
	}
	return node(Neg, e)
}
