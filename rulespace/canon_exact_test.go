package rulespace

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
)

// polynomials draws polynomials with short and long decimals.
type polynomials struct {
	*rand.Rand
	names []string
}

func (r polynomials) draw(size int) *Expr {
	if size <= 1 {
		switch r.IntN(8) {
		case 0:
			return Const(float64(r.IntN(7) - 3))
		case 1:
			v, _ := strconv.ParseFloat(strconv.FormatFloat(r.NormFloat64(), 'g', 1+r.IntN(6), 64), 64)
			return Const(v)
		case 2:
			return Name(r.names[r.IntN(len(r.names))])
		}
		return Sig([]Signal{SigPre, SigPost, SigW, SigErr, SigTheta}[r.IntN(5)])
	}
	switch op := []Op{Add, Sub, Mul, Mul, Add, Sub, Neg, Square, Cube}[r.IntN(9)]; op {
	case Neg, Square, Cube:
		return Apply(op, r.draw(size-1))
	default:
		left := 1 + r.IntN(max(1, size-2))
		return Apply(op, r.draw(left), r.draw(size-1-left))
	}
}

// The exact form is the form, coefficients and text, wherever there is one.
func TestExactForm(t *testing.T) {
	const n = 20000
	r := polynomials{rand.New(rand.NewPCG(1, 2)), []string{"lr", "a"}}
	done, small, smallDone := 0, 0, 0
	for range n {
		size := 1 + r.IntN(24)
		e := r.draw(size)
		got, ok := exactly(e, nil)
		if e.size <= 9 {
			small++
		}
		if !ok {
			continue
		}
		done++
		if e.size <= 9 {
			smallDone++
		}
		want, ok := expandedSlowly(e)
		if !ok || !want.whole || got.String() != want.text {
			t.Fatalf("%s:\n got %s\nwant %s, %v", e, got, want, ok)
		}
		if !slices.EqualFunc(got, want.terms, func(s, t term) bool {
			return s.c == t.c && slices.EqualFunc(s.f, t.f, func(f, g factor) bool { return f.p == g.p && compareAtoms(f.a, g.a) == 0 })
		}) {
			t.Fatalf("%s: terms %v, want %v", e, got, want.terms)
		}
	}
	t.Logf("%d of %d, of the small ones %d of %d", done, n, smallDone, small)
	if done < n/2 || smallDone < small*9/10 {
		t.Errorf("only %d of %d expressions, %d of %d small ones, were done exactly", done, n, smallDone, small)
	}
}

// What is computed from a form is what is computed from its expression.
func TestFormStandsForExpression(t *testing.T) {
	const n = 4000
	r := polynomials{rand.New(rand.NewPCG(3, 4)), []string{"lr", "a"}}
	small, whole := 0, 0
	for range n {
		e := r.draw(1 + r.IntN(14))
		c := Canon(e)
		s := c.Expr()
		if c.small && s.isWhole() {
			whole++
			if !c.is(s) {
				t.Fatalf("%s, which is %s, is written as %s", e, c, s)
			}
		}
		lr, err := strconv.ParseFloat(strconv.FormatFloat(r.ExpFloat64(), 'g', 1+r.IntN(6), 64), 64)
		if err != nil {
			t.Fatal(err)
		}
		rule := &Rule{DW: s, Params: []Param{{Name: "lr", Value: lr}, {Name: "a", Value: float64(r.IntN(4))}}[:1+r.IntN(2)]}
		got, want := c.With(rule.Value), CanonWith(s, rule.Value)
		if !got.Equal(want) || got.whole != want.whole || !slices.EqualFunc(got.terms, want.terms, func(s, t term) bool { return s.c == t.c && compareLex(s, t) == 0 }) {
			t.Fatalf("%s with %v:\n got %s\nwant %s", s, rule.Params, got, want)
		}
		if c.small {
			if _, ok := c.terms.exactlyWith(rule.Value); ok {
				small++
			}
		}
		if got, want := rule.DigestOf(c), rule.Digest(); got != want {
			t.Fatalf("%s: digest %s, of the form %s", s, want, got)
		}
		if e, n := rule.Written(c); !e.Equal(s) || n != rule.Complexity() {
			t.Fatalf("%s: complexity %d, of the form %d", s, rule.Complexity(), n)
		}
	}
	if small < n/4 || whole < n/8 {
		t.Errorf("only %d of %d forms were small and %d whole", small, n, whole)
	}
}
