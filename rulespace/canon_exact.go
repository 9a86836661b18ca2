package rulespace

import (
	"cmp"
	"math"
	"slices"
	"strconv"
)

// Most expressions that searches meet are small polynomials whose numbers are
// short decimals. Their canonical form is computed here in exact arithmetic,
// with exponents packed into a word, in a fraction of the time. The result is
// that of canonizer: sums have no more terms than it multiplies out, and its
// rounding errors, with the cancellation that is let pass, stay below 5e-13
// of a coefficient, so that rounding to 12 digits gives the decimal of at
// most 11 digits that is exact. Whatever goes beyond that is left to it.
const (
	exactNodes  = 40   // of the expression
	exactAtoms  = 8    // a byte of the word for each
	exactPower  = 100  // degree of a monomial
	exactTerms  = 32   // of a sum
	exactSpread = 128  // terms of a product before like ones are merged
	exactCancel = 16   // sum of the magnitudes of what is added, relative to the result
	exactMax    = 1e15 // numerators on the way
	exactDigits = 1e11 // numerators of results, without trailing zeros
	exactScale  = 18   // decimals
)

// exactTerm is c·10^-k times the monomial x, whose first atom has the highest
// byte.
type exactTerm struct {
	c, size int64 // size is the sum of the magnitudes that went into c
	x       uint64
	k, deg  int8
}

// exactForm computes with sums of terms that lie one after the other.
type exactForm struct {
	with   func(name string) (*Expr, bool)
	names  [exactAtoms]string // that have been looked up
	values [exactAtoms]*Expr  // what stands for them
	looked int

	atoms [exactAtoms]*atom
	n     int
	terms [4 * exactTerms]exactTerm
	used  int
}

// exactly returns the terms of the form of e.Substitute(with), where it can;
// with may be nil.
func exactly(e *Expr, with func(name string) (*Expr, bool)) (poly, bool) {
	if e.size > exactNodes {
		return nil, false
	}
	f := exactForm{with: with}
	if !f.collect(e) {
		return nil, false
	}
	slices.SortFunc(f.atoms[:f.n], compareAtoms)
	from, _, ok := f.visit(e)
	if !ok {
		return nil, false
	}
	p, ok := f.poly(f.terms[from:f.used])
	if !ok || len(p) > 8 && (sizer{}).sum(p) > expandNodes {
		return nil, false
	}
	return p, true
}

// exactCanonical is the form that exactly has found.
func exactCanonical(p poly) *Canonical {
	return &Canonical{terms: p, text: p.String(), whole: true, small: p.isSmall()}
}

const (
	smallTerms       = 8
	smallPower       = 16
	smallCoefficient = 1 << 20
)

// isSmall reports whether a sum that exactly has found has few terms, whole
// coefficients and low powers, so that no way of writing it with whole
// numbers comes near the limits and the rounding of a canonizer.
func (p poly) isSmall() bool {
	if len(p) > smallTerms {
		return false
	}
	for _, t := range p {
		if t.c != math.Trunc(t.c) || math.Abs(t.c) > smallCoefficient {
			return false
		}
		for _, f := range t.f {
			if f.p < 0 || f.p > smallPower {
				return false
			}
		}
	}
	return true
}

// isWhole reports whether e holds whole numbers alone, and nothing but sums
// and products.
func (e *Expr) isWhole() bool {
	switch e.kind {
	case KindConst:
		return e.value == math.Trunc(e.value) && math.Abs(e.value) <= smallCoefficient
	case KindApply:
		switch e.op {
		case Add, Sub, Neg, Mul, Square, Cube:
		default:
			return false
		}
		for _, a := range e.args {
			if !a.isWhole() {
				return false
			}
		}
	}
	return true
}

// exactNumber is c·10^-k in place of an atom.
type exactNumber struct {
	a *atom
	c int64
	k int8
}

// exactlyWith returns the terms of a small sum with numbers in place of names,
// where it can.
func (p poly) exactlyWith(with func(name string) (*Expr, bool)) (poly, bool) {
	f := exactForm{with: with}
	var memory [exactAtoms]exactNumber
	numbers := memory[:0]
	number := func(a *atom) int { return slices.IndexFunc(numbers, func(v exactNumber) bool { return v.a == a }) }
	for _, t := range p {
		for _, g := range t.f {
			if slices.Contains(f.atoms[:f.n], g.a) || number(g.a) >= 0 {
				continue
			}
			if g.a.class == className {
				if e, ok := with(g.a.text); ok {
					if e.kind != KindConst || len(numbers) == cap(numbers) {
						return nil, false
					}
					c, k, ok := decimal(e.value)
					if !ok {
						return nil, false
					}
					numbers = append(numbers, exactNumber{g.a, c, k})
					continue
				}
			}
			if f.n == exactAtoms {
				return nil, false
			}
			f.atoms[f.n] = g.a
			f.n++
		}
	}
	slices.SortFunc(f.atoms[:f.n], compareAtoms)
	for _, t := range p {
		u := exactTerm{c: int64(t.c)}
		for _, g := range t.f {
			if i := number(g.a); i < 0 {
				u.x += uint64(g.p) << (8 * (exactAtoms - 1 - slices.Index(f.atoms[:f.n], g.a)))
				u.deg += int8(g.p)
			} else {
				v := numbers[i]
				for range g.p {
					if math.Abs(float64(u.c)*float64(v.c)) > exactMax || u.k+v.k > exactScale {
						return nil, false
					}
					u.c *= v.c
					u.k += v.k
				}
			}
		}
		if u.c == 0 {
			continue
		}
		if u.size = max(u.c, -u.c); !f.push(u) {
			return nil, false
		}
	}
	if !f.merge(0) {
		return nil, false
	}
	return f.poly(f.terms[:f.used])
}

// known returns what stands for a name.
func (f *exactForm) known(e *Expr) *Expr {
	if e.kind != KindName || f.with == nil {
		return e
	}
	for i, name := range f.names[:f.looked] {
		if name == e.name {
			return f.values[i]
		}
	}
	r, ok := f.with(e.name)
	if !ok {
		r = e
	}
	if f.looked < exactAtoms {
		f.names[f.looked], f.values[f.looked] = e.name, r
		f.looked++
	}
	return r
}

// collect finds the atoms of a polynomial.
func (f *exactForm) collect(e *Expr) bool {
	r := f.known(e)
	if r != e && r.kind == KindApply {
		return false
	}
	e = r
	switch e.kind {
	case KindConst:
		return true
	case KindSignal:
		a := signalAtoms[e.signal]
		return !a.reducible && f.atom(a, func(b *atom) bool { return a == b })
	case KindName:
		if f.find(e) >= 0 {
			return true
		}
		a := nameAtom(e.name)
		return f.atom(&a, func(*atom) bool { return false })
	}
	switch e.op {
	case Add, Sub, Neg, Mul, Square, Cube:
	default:
		return false
	}
	for _, a := range e.args {
		if !f.collect(a) {
			return false
		}
	}
	return true
}

// atom adds a to the atoms unless one of them is it.
func (f *exactForm) atom(a *atom, is func(*atom) bool) bool {
	if slices.ContainsFunc(f.atoms[:f.n], is) {
		return true
	}
	if f.n == exactAtoms {
		return false
	}
	f.atoms[f.n] = a
	f.n++
	return true
}

// find returns the place of a leaf among the atoms.
func (f *exactForm) find(e *Expr) int {
	for i, a := range f.atoms[:f.n] {
		if e.kind == KindSignal && a == signalAtoms[e.signal] || e.kind == KindName && a.class == className && a.text == e.name {
			return i
		}
	}
	return -1
}

// visit appends the sum that e stands for and returns where it begins, and
// how many terms the canonizer would multiply out to get there.
func (f *exactForm) visit(e *Expr) (from, spread int, ok bool) {
	from = f.used
	e = f.known(e)
	switch e.kind {
	case KindConst:
		c, k, ok := decimal(e.value)
		if ok && c != 0 {
			ok = f.push(exactTerm{c: c, size: max(c, -c), k: k})
		}
		return from, 1, ok
	case KindSignal, KindName:
		ok = f.push(exactTerm{c: 1, size: 1, x: 1 << (8 * (exactAtoms - 1 - f.find(e))), deg: 1})
		return from, 1, ok
	}
	switch e.op {
	case Add, Sub, Neg:
		ok = f.summands(e, 1) && f.merge(from)
		return from, max(1, f.used-from), ok
	case Mul:
		_, s, ok := f.visit(e.args[0])
		if !ok {
			return from, 0, false
		}
		middle, t, ok := f.visit(e.args[1])
		return from, s * t, ok && s*t <= exactSpread && f.multiply(from, middle)
	}
	_, s, ok := f.visit(e.args[0])
	power := 2
	if e.op == Cube {
		power = 3
	}
	spread = 1
	for range power {
		spread *= s
	}
	if !ok || spread > exactSpread {
		return from, 0, false
	}
	n := f.used - from
	for range power - 1 {
		for _, t := range f.terms[from : from+n] {
			if !f.push(t) {
				return from, 0, false
			}
		}
	}
	for i := power - 2; i >= 0; i-- {
		if !f.multiply(from+i*n, from+(i+1)*n) {
			return from, 0, false
		}
	}
	return from, spread, true
}

// summands appends the terms of nested sums; they are merged together, as
// their association does not matter.
func (f *exactForm) summands(e *Expr, sign int64) bool {
	for i, a := range e.args {
		s := sign
		if e.op == Neg || e.op == Sub && i == 1 {
			s = -sign
		}
		if a.kind == KindApply && (a.op == Add || a.op == Sub || a.op == Neg) {
			if !f.summands(a, s) {
				return false
			}
			continue
		}
		from, _, ok := f.visit(a)
		if !ok {
			return false
		}
		for j := range f.terms[from:f.used] {
			f.terms[from+j].c *= s
		}
	}
	return true
}

func (f *exactForm) push(t exactTerm) bool {
	if f.used == len(f.terms) {
		return false
	}
	f.terms[f.used] = t
	f.used++
	return true
}

// merge brings the terms from there on into order and adds like ones.
func (f *exactForm) merge(from int) bool {
	terms := f.terms[from:f.used]
	slices.SortFunc(terms, func(s, t exactTerm) int { return cmp.Or(cmp.Compare(s.deg, t.deg), cmp.Compare(t.x, s.x)) })
	out := 0
	for i := 0; i < len(terms); {
		t := terms[i]
		j := i + 1
		for ; j < len(terms) && terms[j].x == t.x; j++ {
			u := terms[j]
			if !t.align(&u) {
				return false
			}
			t.c += u.c
			t.size += u.size
			if t.size > exactMax {
				return false
			}
		}
		i = j
		if t.c == 0 {
			continue
		}
		if t.size > exactCancel*max(t.c, -t.c) {
			return false
		}
		terms[out] = t
		out++
	}
	f.used = from + out
	return out <= exactTerms
}

// align gives both the decimals of the one that has more.
func (t *exactTerm) align(u *exactTerm) bool {
	if t.k > u.k {
		return u.align(t)
	}
	for ; t.k < u.k; t.k++ {
		t.c *= 10
		t.size *= 10
		if t.size > exactMax {
			return false
		}
	}
	return true
}

// multiply replaces two sums, from..middle-1 and from middle on, by their
// product.
func (f *exactForm) multiply(from, middle int) bool {
	end := f.used
	for i := from; i < middle; i++ {
		for j := middle; j < end; j++ {
			s, t := &f.terms[i], &f.terms[j]
			if float64(s.size)*float64(t.size) > exactMax || s.k+t.k > exactScale || int(s.deg)+int(t.deg) > exactPower {
				return false
			}
			if !f.push(exactTerm{s.c * t.c, s.size * t.size, s.x + t.x, s.k + t.k, s.deg + t.deg}) {
				return false
			}
		}
	}
	f.used = from + copy(f.terms[from:], f.terms[end:f.used])
	return f.merge(from)
}

// poly returns the terms with coefficients that are decimals of few digits.
func (f *exactForm) poly(terms []exactTerm) (poly, bool) {
	factors := 0
	for _, t := range terms {
		for x := t.x; x != 0; x >>= 8 {
			if x&255 != 0 {
				factors++
			}
		}
	}
	all := make([]factor, 0, factors)
	p := make(poly, len(terms))
	for i, t := range terms {
		c, k := t.c, t.k
		for c%10 == 0 && k > 0 {
			c /= 10
			k--
		}
		if max(c, -c) >= exactDigits {
			return nil, false
		}
		p[i].c = float64(c)
		if k > 0 {
			p[i].c /= powersOfTen[k] // both are exact, so this is the number nearest to the decimal
		}
		first := len(all)
		for j, a := range f.atoms[:f.n] {
			if power := t.x >> (8 * (exactAtoms - 1 - j)) & 255; power != 0 {
				all = append(all, factor{a, int64(power)})
			}
		}
		if first < len(all) {
			p[i].f = all[first:len(all):len(all)]
		}
	}
	return p, true
}

var powersOfTen = [exactScale + 1]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
}

// decimal returns v as c·10^-k where that takes few digits.
func decimal(v float64) (c int64, k int8, ok bool) {
	if !(math.Abs(v) < 1e9) {
		return 0, 0, false
	}
	if v == math.Trunc(v) {
		return int64(v), 0, true
	}
	var memory [32]byte
	text, point := strconv.AppendFloat(memory[:0], math.Abs(v), 'e', -1, 64), false
	for i, d := range text {
		switch d {
		case '.':
			point = true
		case 'e':
			e, err := strconv.Atoi(string(text[i+1:]))
			n := int(k) - e
			if v < 0 {
				c = -c
			}
			return c, int8(n), err == nil && n > 0 && n <= exactScale
		default:
			if c = 10*c + int64(d-'0'); c >= exactDigits {
				return 0, 0, false
			}
			if point {
				k++
			}
		}
	}
	return 0, 0, false
}
