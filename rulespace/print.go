package rulespace

import (
	"math"
	"strconv"
	"strings"
)

// String writes the expression so that ParseExpr reads back the same tree,
// with as few parentheses as that allows and the shortest numbers that read
// back exactly. Constants have to be finite.
func (e *Expr) String() string {
	var p printer
	p.print(e, precSum)
	return p.String()
}

// nesting is the number of levels that ParseExpr counts in e.String().
func (e *Expr) nesting() int {
	var p printer
	p.print(e, precSum)
	return p.deepest
}

// How tightly a form binds; an operand that binds less than its place needs
// is put in parentheses.
const (
	precSum = iota
	precProduct
	precUnary
	precPrimary
)

type printer struct {
	strings.Builder
	level, deepest int
}

func (p *printer) enter() {
	p.level++
	p.deepest = max(p.deepest, p.level)
}

func (p *printer) print(e *Expr, need int) {
	if precedence(e) < need {
		p.enter()
		p.WriteByte('(')
		p.print(e, precSum)
		p.WriteByte(')')
		p.level--
		return
	}
	switch e.kind {
	case KindConst:
		if math.Signbit(e.value) {
			p.enter()
			p.level--
		}
		p.WriteString(formatFloat(e.value))
	case KindSignal:
		p.WriteString(e.signal.String())
	case KindName:
		p.WriteString(e.name)
	default:
		p.apply(e)
	}
}

func (p *printer) apply(e *Expr) {
	switch e.op {
	case Add:
		p.infix(e, " + ", precSum)
	case Sub:
		p.infix(e, " - ", precSum)
	case Mul:
		p.infix(e, "*", precProduct)
	case Div:
		p.infix(e, "/", precProduct)
	case Neg:
		p.enter()
		p.WriteByte('-')
		// A minus before a bare number would become part of it, a second
		// minus would be hard to read.
		if a := e.args[0]; a.kind == KindConst || precedence(a) == precUnary && a.op == Neg {
			p.print(a, precPrimary+1)
		} else {
			p.print(a, precUnary)
		}
		p.level--
	case Square:
		p.print(e.args[0], precPrimary)
		p.WriteString("^2")
	case Cube:
		p.print(e.args[0], precPrimary)
		p.WriteString("^3")
	default:
		p.WriteString(e.op.String())
		p.enter()
		sep := "("
		for _, a := range e.args {
			p.WriteString(sep)
			p.print(a, precSum)
			sep = ", "
		}
		p.WriteByte(')')
		p.level--
	}
}

// infix prints a left-associative operator.
func (p *printer) infix(e *Expr, op string, prec int) {
	p.print(e.args[0], prec)
	p.WriteString(op)
	if right := e.args[1]; startsWithMinus(right) {
		p.print(right, precPrimary)
	} else {
		p.print(right, prec+1)
	}
}

func startsWithMinus(e *Expr) bool {
	for {
		switch {
		case e.kind == KindConst:
			return math.Signbit(e.value)
		case e.kind != KindApply:
			return false
		case e.op == Neg:
			return true
		case e.op != Add && e.op != Sub && e.op != Mul && e.op != Div || precedence(e.args[0]) < precedence(e):
			return false
		}
		e = e.args[0]
	}
}

func precedence(e *Expr) int {
	switch {
	case e.kind == KindConst && math.Signbit(e.value):
		return precUnary
	case e.kind != KindApply:
		return precPrimary
	}
	switch e.op {
	case Add, Sub:
		return precSum
	case Mul, Div:
		return precProduct
	case Neg, Square, Cube:
		// A power is an operand of unary minus and of * and /, but not the
		// base of another power.
		return precUnary
	}
	return precPrimary
}

// formatFloat writes the shortest decimal that reads back exactly.
func formatFloat(v float64) string {
	var memory [32]byte
	return string(appendFloat(memory[:0], v))
}

func appendFloat(b []byte, v float64) []byte {
	a := math.Abs(v)
	if a < 1e15 && a == math.Trunc(a) && a != 0 {
		return strconv.AppendInt(b, int64(v), 10)
	}
	if !(a > 0 && a < 1e-4 || a >= 1e15 && a <= math.MaxFloat64) {
		return strconv.AppendFloat(b, v, 'f', -1, 64)
	}
	mantissa, exp, _ := strings.Cut(strconv.FormatFloat(v, 'e', -1, 64), "e")
	b = append(b, mantissa...)
	b = append(b, 'e')
	if exp[0] == '-' {
		b = append(b, '-')
	}
	return append(b, strings.TrimLeft(exp, "+-0")...)
}
