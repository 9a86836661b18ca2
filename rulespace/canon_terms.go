package rulespace

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"slices"
	"strconv"
)

// atomClass is the first key of the order of atoms.
type atomClass uint8

const (
	className   atomClass = iota // parameter or state
	classSignal                  // by scope, global first, then vocabulary
	classSum                     // two or more terms without common factor, leading coefficient 1
	classApply                   // primitive of canonical arguments
)

// atom is what monomials are made of. Within one canonizer equal atoms are
// one pointer.
type atom struct {
	class atomClass
	rank  int
	text  string
	// reducible marks atoms whose powers obey an identity.
	reducible bool

	leaf   *Expr // of a name or signal
	signal Signal
	op     Op
	args   []poly // settled
	sum    poly
}

var signalAtoms = func() (atoms [NumSignals]*atom) {
	rank := map[Scope]int{Global: 0, Post: 1, Pre: 2, Synapse: 3}
	for i := range atoms {
		info := Signal(i).Info()
		atoms[i] = &atom{class: classSignal, rank: rank[info.Scope]*NumSignals + i, text: info.Name,
			leaf: Sig(Signal(i)), signal: Signal(i), reducible: info.Values != nil}
	}
	return atoms
}()

func nameAtom(name string) atom { return atom{class: className, text: name, leaf: Name(name)} }

func compareAtoms(a, b *atom) int {
	if a == b {
		return 0
	}
	return cmp.Or(cmp.Compare(a.class, b.class), cmp.Compare(a.rank, b.rank), cmp.Compare(a.text, b.text))
}

// factor is a power of an atom; p is not 0 and saturates at ±maxExponent.
type factor struct {
	a *atom
	p int64
}

const maxExponent = 1 << 62

func addExponents(p, q int64) int64 { // |p|, |q| ≤ 2^62: no overflow
	return max(-maxExponent, min(maxExponent, p+q))
}

func mulExponents(p, q int64) int64 {
	if f := float64(p) * float64(q); math.Abs(f) >= maxExponent {
		return int64(math.Copysign(maxExponent, f))
	}
	return p * q
}

// term is a monomial; its factors are in the order of atoms.
type term struct {
	c float64
	f []factor
}

// poly is a sum of terms with different factors in the order of terms.
type poly []term

func (t term) degree() int64 {
	var d int64
	for _, f := range t.f {
		d = addExponents(d, max(f.p, -f.p))
	}
	return d
}

// compareTerms orders terms by degree, then by factors: earlier atoms and
// higher powers first.
func compareTerms(s, t term) int {
	if c := cmp.Compare(s.degree(), t.degree()); c != 0 {
		return c
	}
	return -compareLex(s, t)
}

// compareLex is the lexicographic order of exponents, which multiplication
// preserves as long as they are positive.
func compareLex(s, t term) int {
	for i := range min(len(s.f), len(t.f)) {
		a, b := s.f[i], t.f[i]
		if c := compareAtoms(a.a, b.a); c != 0 {
			return -c
		}
		if c := cmp.Compare(a.p, b.p); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(s.f), len(t.f))
}

// sorted orders the terms and merges like ones.
func sorted(terms []term) poly {
	slices.SortStableFunc(terms, compareTerms)
	out := terms[:0]
	for i := 0; i < len(terms); {
		j := i + 1
		for j < len(terms) && compareLex(terms[i], terms[j]) == 0 {
			j++
		}
		if j == i+1 {
			out = append(out, terms[i])
		} else {
			out = append(out, merged(terms[i:j])...)
		}
		i = j
	}
	return slices.Clip(out)
}

// merged adds like terms, the smaller coefficients first whatever their order.
func merged(like []term) []term {
	slices.SortStableFunc(like, func(s, t term) int {
		return cmp.Or(cmp.Compare(math.Abs(s.c), math.Abs(t.c)), cmp.Compare(s.c, t.c))
	})
	sum, size := 0.0, 0.0
	for _, t := range like {
		sum += t.c
		size += math.Abs(t.c)
	}
	if math.Abs(sum) <= cancelled*size {
		return nil
	}
	return []term{{sum, like[0].f}}
}

func (p poly) rounded() poly {
	if !slices.ContainsFunc(p, func(t term) bool { return round12(t.c) != t.c }) {
		return p
	}
	out := make(poly, len(p))
	for i, t := range p {
		out[i] = term{round12(t.c), t.f}
	}
	return out
}

func (p poly) scaled(by float64) poly {
	out := make(poly, len(p))
	for i, t := range p {
		out[i] = term{t.c * by, t.f}
	}
	return out
}

func (p poly) over(v float64) poly {
	if v == 1 {
		return p
	}
	out := make(poly, len(p))
	for i, t := range p {
		out[i] = term{t.c / v, t.f}
	}
	return out
}

// unsigned makes the leading coefficient positive.
func (p poly) unsigned() (sign float64, q poly) {
	if len(p) > 0 && p[0].c < 0 {
		return -1, p.scaled(-1)
	}
	return 1, p
}

// isConst reports whether p is a number.
func (p poly) isConst() (float64, bool) {
	switch {
	case len(p) == 0:
		return 0, true
	case len(p) == 1 && len(p[0].f) == 0:
		return p[0].c, true
	}
	return 0, false
}

// isAtom reports whether p is one application of op with coefficient 1.
func (p poly) isAtom(op Op) (*atom, bool) {
	if len(p) == 1 && p[0].c == 1 && len(p[0].f) == 1 && p[0].f[0].p == 1 {
		if a := p[0].f[0].a; a.class == classApply && a.op == op {
			return a, true
		}
	}
	return nil, false
}

// nonNegative reports whether p can be seen never to be negative.
func (p poly) nonNegative() bool {
	for _, t := range p {
		if t.c < 0 {
			return false
		}
		for _, f := range t.f {
			if f.p%2 == 0 {
				continue
			}
			if f.a.class != classApply {
				return false
			}
			switch f.a.op {
			case Abs, Sqrt, Exp, Sigmoid, Relu, Step:
			default:
				return false
			}
		}
	}
	return true
}

// String writes the sum with coefficients of 12 digits.
func (p poly) String() string {
	if len(p) == 0 {
		return "0"
	}
	var memory [256]byte
	b := memory[:0]
	for i, t := range p {
		c := round12(t.c)
		switch {
		case i == 0 && c < 0:
			b = append(b, '-')
		case i > 0 && c < 0:
			b = append(b, " - "...)
		case i > 0:
			b = append(b, " + "...)
		}
		c = math.Abs(c)
		if c != 1 || len(t.f) == 0 {
			b = appendFloat(b, c)
			if len(t.f) > 0 {
				b = append(b, '*')
			}
		}
		for j, f := range t.f {
			if j > 0 {
				b = append(b, '*')
			}
			b = append(b, f.a.text...)
			if f.p != 1 {
				b = append(b, '^')
				b = strconv.AppendInt(b, f.p, 10)
			}
		}
	}
	return string(b)
}

// maxAtomText bounds the canonical text of nested and shared expressions.
const maxAtomText = 512

func atomText(s string) string {
	if len(s) <= maxAtomText {
		return s
	}
	h := sha256.Sum256([]byte(s))
	return "#" + hex.EncodeToString(h[:16])
}

// normal reports whether v may be a coefficient.
func normal(v float64) bool {
	a := math.Abs(v)
	return a >= 1/maxCoefficient && a <= maxCoefficient
}

// mulFactors adds exponents; sign -1 divides.
func mulFactors(s, t []factor, sign int64) []factor {
	if len(t) == 0 {
		return s
	}
	if len(s) == 0 && sign > 0 {
		return t
	}
	out := make([]factor, 0, len(s)+len(t))
	for len(s) > 0 && len(t) > 0 {
		switch c := compareAtoms(s[0].a, t[0].a); {
		case c < 0:
			out, s = append(out, s[0]), s[1:]
		case c > 0:
			out, t = append(out, factor{t[0].a, sign * t[0].p}), t[1:]
		default:
			if p := addExponents(s[0].p, sign*t[0].p); p != 0 {
				out = append(out, factor{s[0].a, p})
			}
			s, t = s[1:], t[1:]
		}
	}
	out = append(out, s...)
	for _, f := range t {
		out = append(out, factor{f.a, sign * f.p})
	}
	return out
}

// content is the largest common factor of the terms, of which every exponent
// in the quotient is at least 0 and for some term 0.
func (p poly) content() []factor {
	out := slices.Clone(p[0].f)
	for _, t := range p[1:] {
		next := make([]factor, 0, len(out))
		s, f := out, t.f
		for len(s) > 0 || len(f) > 0 {
			var a factor
			switch {
			case len(f) == 0 || len(s) > 0 && compareAtoms(s[0].a, f[0].a) < 0:
				a, s = factor{s[0].a, min(s[0].p, 0)}, s[1:]
			case len(s) == 0 || compareAtoms(s[0].a, f[0].a) > 0:
				a, f = factor{f[0].a, min(f[0].p, 0)}, f[1:]
			default:
				a = factor{s[0].a, min(s[0].p, f[0].p)}
				s, f = s[1:], f[1:]
			}
			if a.p != 0 {
				next = append(next, a)
			}
		}
		out = next
	}
	return out
}

// dividedBy divides every term by the factors.
func (p poly) dividedBy(f []factor) poly {
	if len(f) == 0 {
		return p
	}
	out := make(poly, len(p))
	for i, t := range p {
		out[i] = term{t.c, mulFactors(t.f, f, -1)}
	}
	slices.SortStableFunc(out, compareTerms)
	return out
}

// divide returns p/d when the division of the two sums is exact.
func divide(p, d poly) (q poly, ok bool) {
	cp, cd := p.content(), d.content()
	rest, by := slices.Clone(p.dividedBy(cp)), slices.Clone(d.dividedBy(cd))
	descending := func(s, t term) int { return compareLex(t, s) }
	slices.SortFunc(rest, descending)
	slices.SortFunc(by, descending)
	shift := mulFactors(cp, cd, -1)
	for limit := len(p) + 16; len(rest) > 0; limit-- {
		t := term{rest[0].c / by[0].c, mulFactors(rest[0].f, by[0].f, -1)}
		if limit == 0 || !normal(t.c) || slices.ContainsFunc(t.f, func(f factor) bool { return f.p < 0 }) {
			return nil, false
		}
		q = append(q, term{t.c, mulFactors(t.f, shift, 1)})
		rest = lessProduct(rest, t, by)
	}
	slices.SortStableFunc(q, compareTerms)
	return q, true
}

// lessProduct is p - t·d, all in descending lexicographic order; the leading
// terms cancel.
func lessProduct(p poly, t term, d poly) poly {
	out := make(poly, 0, len(p)+len(d))
	p, d = p[1:], d[1:]
	for len(p) > 0 || len(d) > 0 {
		var s term
		if len(d) > 0 {
			s = term{-float64(t.c * d[0].c), mulFactors(d[0].f, t.f, 1)}
		}
		switch {
		case len(d) == 0 || len(p) > 0 && compareLex(p[0], s) > 0:
			out, p = append(out, p[0]), p[1:]
		case len(p) == 0 || compareLex(p[0], s) < 0:
			out, d = append(out, s), d[1:]
		default:
			if c := p[0].c + s.c; !(math.Abs(c) <= cancelled*(math.Abs(s.c)+math.Abs(p[0].c))) {
				out = append(out, term{c, s.f})
			}
			p, d = p[1:], d[1:]
		}
	}
	return out
}
