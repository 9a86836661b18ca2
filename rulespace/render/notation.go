package render

import (
	"math"
	"strconv"
	"strings"

	"github.com/metaplast/metaplast/rulespace"
)

// How tightly a form binds. An operand that binds less than its place needs
// is put in parentheses.
const (
	precSum = iota
	precProduct
	precUnary
	precPower
	precPrimary
)

// notation is how a language writes expressions.
type notation struct {
	format func(rulespace.Format) string // the language's column of the primitive table
	signal func(rulespace.Signal) string
	name   func(string) string
	number func(float64) string // of a finite number that is not negative
	paren  func(string) string
	// callPrec is how tightly a function call binds: precPrimary, or precPower
	// where it needs parentheses to be raised to a power.
	callPrec int
	// loose reports whether a symbol needs parentheses to be raised to a power.
	loose func(rulespace.Signal) bool
	// polish rewrites a format once its precedence is known, if set.
	polish func(string) string
	// times replaces the sign of multiplication before a number, if set.
	times string
	// argument rewrites the i-th operand of a call, if set.
	argument func(e *rulespace.Expr, text string) string
}

func (n *notation) expr(e *rulespace.Expr) string {
	text, _ := n.write(e)
	return text
}

func (n *notation) write(e *rulespace.Expr) (text string, prec int) {
	switch e.Kind() {
	case rulespace.KindConst:
		v := e.Value()
		if math.Signbit(v) {
			return "-" + n.number(-v), precUnary
		}
		return n.number(v), precPrimary
	case rulespace.KindSignal:
		if n.loose != nil && n.loose(e.Signal()) {
			return n.signal(e.Signal()), precPower
		}
		return n.signal(e.Signal()), precPrimary
	case rulespace.KindName:
		return n.name(e.Name()), precPrimary
	}
	shape := shapeOf(n.format(e.Op().Info().Format))
	if n.polish != nil {
		shape.format = n.polish(shape.format)
	}
	fill := make([]string, 0, 6)
	for i := range e.NumArgs() {
		arg, argPrec := n.write(e.Arg(i))
		switch {
		case shape.call && n.argument != nil:
			arg = n.argument(e.Arg(i), arg)
		case argPrec < shape.need[i] || i == 1 && argPrec == precUnary && !shape.call:
			arg = n.paren(arg)
		}
		if i == 1 && e.Op() == rulespace.Mul && n.times != "" && '0' <= arg[0] && arg[0] <= '9' {
			shape.format = placeholder(0) + n.times + placeholder(1)
		}
		fill = append(fill, placeholder(i), arg)
	}
	text = strings.NewReplacer(fill...).Replace(shape.format)
	if shape.call {
		return text, n.callPrec
	}
	return text, shape.prec
}

// shape is what a format says about precedence.
type shape struct {
	format string // with placeholders \x00, \x01, \x02
	prec   int    // of the whole
	need   [3]int // of the operands
	call   bool   // a function call or another closed form
}

func placeholder(i int) string { return string(rune(i)) }

// shapeOf reads the precedence of a form off its format: an operator that
// stands outside all brackets decides.
func shapeOf(format string) shape {
	s := shape{prec: precPrimary}
	s.format = strings.NewReplacer("%[1]s", placeholder(0), "%[2]s", placeholder(1), "%[3]s", placeholder(2)).Replace(format)
	depth := 0
	outside := strings.Map(func(c rune) rune {
		switch c {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
			return -1
		}
		if depth > 0 {
			return -1
		}
		return c
	}, s.format)
	var left, right int
	switch {
	case strings.Contains(outside, " + ") || strings.Contains(outside, " - "):
		s.prec, left, right = precSum, precSum, precProduct
	case strings.Contains(outside, "^") || strings.Contains(outside, "**"):
		s.prec, left = precPower, precPrimary
	case strings.ContainsAny(outside, "*/") || strings.Contains(outside, `\,`):
		s.prec, left, right = precProduct, precProduct, precPower
	case strings.HasPrefix(outside, "-"):
		s.prec, left = precUnary, precPower
	default:
		s.call = true
	}
	for i, need := range []int{left, right} {
		if strings.Contains(outside, placeholder(i)) {
			s.need[i] = need
		}
	}
	return s
}

func shortest(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

func roundParen(s string) string { return "(" + s + ")" }

// folded replaces sub-expressions of numbers alone by their values: languages
// disagree about 1/2 and refuse 1/0 where it stands in the source.
func folded(e *rulespace.Expr) *rulespace.Expr {
	if e.Kind() != rulespace.KindApply {
		return e
	}
	args := make([]*rulespace.Expr, e.NumArgs())
	numbers := true
	for i := range args {
		args[i] = folded(e.Arg(i))
		numbers = numbers && args[i].Kind() == rulespace.KindConst
	}
	f := rulespace.Apply(e.Op(), args...)
	if numbers {
		return rulespace.Const(f.Eval(nil))
	}
	return f
}

// namer gives everything in a program a name of its own.
type namer struct{ taken map[string]bool }

func newNamer(reserved ...string) *namer {
	n := &namer{map[string]bool{}}
	for _, r := range reserved {
		n.taken[r] = true
	}
	return n
}

// name returns the wish, with as many tails as it takes to be new.
func (n *namer) name(wish, tail string) string {
	for n.taken[wish] {
		wish += tail
	}
	n.taken[wish] = true
	return wish
}
