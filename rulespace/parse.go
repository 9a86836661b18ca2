package rulespace

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of rule text. They keep every later operation on a parsed expression
// bounded, whoever wrote the text.
const (
	MaxText    = 64 << 10 // bytes
	MaxNesting = 200      // parentheses, calls and unary minuses within each other
	MaxNodes   = 4096
	maxPower   = 16 // largest integer exponent
)

// ParseError says where an expression cannot be read.
type ParseError struct {
	Text   string
	Column int // 1-based, in runes
	Msg    string
}

func (e *ParseError) Error() string { return fmt.Sprintf("column %d: %s", e.Column, e.Msg) }

// ParseExpr reads an expression in infix notation:
//
//	sum     = product { ("+" | "-") product }
//	product = unary { ("*" | "/") unary }
//	unary   = "-" unary | power
//	power   = primary [ "^" exponent ]
//	primary = number | name | primitive "(" sum { "," sum } ")" | "(" sum ")"
//
// Every primitive can be called by name. "·", "×", "−", "²" and "³" are
// accepted for "*", "-", "^2" and "^3". Exponents are whole numbers up to 16
// in magnitude, or 0.5 for the square root. A minus directly before a number
// that is not raised to a power belongs to the number: "-2" is a constant,
// "-(2)" the negation of one, "-2^2" that of a square.
//
// names are the parameters and states that the text may use beside signals.
func ParseExpr(text string, names ...string) (*Expr, error) {
	p := parser{text: text, col: 1, names: names}
	e, err := p.parse()
	if err != nil {
		err.Text = text
		return nil, err
	}
	return e, nil
}

type tokenKind uint8

const (
	tokEnd tokenKind = iota
	tokNumber
	tokIdent
	tokSymbol // + - * / ^ ( ) ,
	tokSuper  // ² or ³, with the exponent as value
)

type token struct {
	kind  tokenKind
	text  string
	value float64
	col   int
}

func (t token) String() string {
	if t.kind == tokEnd {
		return "the end"
	}
	return strconv.Quote(t.text)
}

type parser struct {
	text  string
	pos   int // byte offset of the next token
	col   int // its column
	tok   token
	names []string
	level int
}

func fail(col int, format string, args ...any) *ParseError {
	return &ParseError{Column: col, Msg: fmt.Sprintf(format, args...)}
}

func (p *parser) parse() (*Expr, *ParseError) {
	if err := p.next(); err != nil {
		return nil, err
	}
	if p.tok.kind == tokEnd {
		return nil, fail(p.tok.col, "the expression is empty")
	}
	e, err := p.sum()
	if err != nil {
		return nil, err
	}
	if p.tok.kind != tokEnd {
		return nil, fail(p.tok.col, "expected an operator, found %v", p.tok)
	}
	// x^16 and the like nest deeper when written with primitives alone.
	if 2*e.depth >= MaxNesting && e.nesting() > MaxNesting {
		return nil, fail(1, "more than %d nested levels", MaxNesting)
	}
	if len(p.text) > MaxText/4 && len(e.String()) > MaxText {
		return nil, fail(1, "longer than %d bytes", MaxText)
	}
	return e, nil
}

// next reads a token. The text limit is met here, so that an earlier mistake
// in an endless text is reported for what it is.
func (p *parser) next() *ParseError {
	for p.pos < min(len(p.text), MaxText) && strings.IndexByte(" \t\r\n", p.text[p.pos]) >= 0 {
		p.pos++
		p.col++
	}
	p.tok = token{kind: tokEnd, col: p.col}
	if p.pos >= MaxText && p.pos < len(p.text) {
		return fail(p.col, "longer than %d bytes", MaxText)
	}
	if p.pos == len(p.text) {
		return nil
	}
	rest := p.text[p.pos:]
	switch c := rest[0]; {
	case isDigit(c) || c == '.':
		return p.number(rest)
	case isLetter(c):
		n := 1
		for n < len(rest) && (isLetter(rest[n]) || isDigit(rest[n])) {
			n++
		}
		p.take(tokIdent, rest[:n])
		return nil
	case strings.IndexByte("+-*/^(),", c) >= 0:
		p.take(tokSymbol, rest[:1])
		return nil
	}
	r, n := utf8.DecodeRuneInString(rest)
	if r == utf8.RuneError && n == 1 {
		return fail(p.col, "invalid UTF-8")
	}
	p.take(tokSymbol, rest[:n])
	switch r {
	case '·', '×', '⋅':
		p.tok.text = "*"
	case '−':
		p.tok.text = "-"
	case '²', '³':
		p.tok.kind = tokSuper
		p.tok.value = 2
		if r == '³' {
			p.tok.value = 3
		}
	default:
		return fail(p.tok.col, "unexpected %q", r)
	}
	return nil
}

func (p *parser) take(kind tokenKind, text string) {
	p.tok.kind = kind
	p.tok.text = text
	p.pos += len(text)
	p.col += utf8.RuneCountInString(text)
}

func (p *parser) number(rest string) *ParseError {
	n, digits, zero := 0, 0, true
	scan := func() {
		for n < len(rest) && isDigit(rest[n]) {
			zero = zero && rest[n] == '0'
			digits++
			n++
		}
	}
	scan()
	if n < len(rest) && rest[n] == '.' {
		n++
		scan()
	}
	if digits == 0 {
		return fail(p.col, `unexpected "."`)
	}
	if n < len(rest) && (rest[n] == 'e' || rest[n] == 'E') {
		k := n + 1
		if k < len(rest) && (rest[k] == '+' || rest[k] == '-') {
			k++
		}
		if k == len(rest) || !isDigit(rest[k]) {
			return fail(p.col, "the number %s has no exponent", rest[:k])
		}
		for k < len(rest) && isDigit(rest[k]) {
			k++
		}
		n = k
	}
	v, err := strconv.ParseFloat(rest[:n], 64)
	if err != nil || (v == 0 && !zero) {
		return fail(p.col, "the number %s is outside the range of float64", shorten(rest[:n]))
	}
	p.take(tokNumber, rest[:n])
	p.tok.value = v
	return nil
}

func shorten(s string) string {
	if len(s) > 24 {
		return s[:20] + "…"
	}
	return s
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isLetter(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
}

func (p *parser) at(symbol string) bool { return p.tok.kind == tokSymbol && p.tok.text == symbol }

func (p *parser) enter(col int) *ParseError {
	if p.level++; p.level > MaxNesting {
		return fail(col, "more than %d nested levels", MaxNesting)
	}
	return nil
}

// make builds a node unless the expression becomes too large.
func (p *parser) make(col int, op Op, args ...*Expr) (*Expr, *ParseError) {
	e := node(op, args...)
	if e.size > MaxNodes {
		return nil, fail(col, "more than %d nodes", MaxNodes)
	}
	return e, nil
}

func (p *parser) sum() (*Expr, *ParseError) {
	return p.chain("+", Add, "-", Sub, func() (*Expr, *ParseError) {
		return p.chain("*", Mul, "/", Div, p.unary)
	})
}

// chain reads operands joined by two left-associative operators.
func (p *parser) chain(s1 string, op1 Op, s2 string, op2 Op, operand func() (*Expr, *ParseError)) (*Expr, *ParseError) {
	e, err := operand()
	for err == nil && (p.at(s1) || p.at(s2)) {
		op, col := op1, p.tok.col
		if p.at(s2) {
			op = op2
		}
		if err = p.next(); err != nil {
			break
		}
		var right *Expr
		if right, err = operand(); err != nil {
			break
		}
		e, err = p.make(col, op, e, right)
	}
	return e, err
}

func (p *parser) unary() (*Expr, *ParseError) {
	if !p.at("-") {
		return p.power()
	}
	col := p.tok.col
	if err := p.enter(col); err != nil {
		return nil, err
	}
	if err := p.next(); err != nil {
		return nil, err
	}
	literal := p.tok.kind == tokNumber
	e, err := p.unary()
	if err != nil {
		return nil, err
	}
	p.level--
	if literal && e.kind == KindConst {
		return Const(-e.value), nil
	}
	return p.make(col, Neg, e)
}

func (p *parser) power() (*Expr, *ParseError) {
	e, err := p.primary()
	if err != nil {
		return nil, err
	}
	col := p.tok.col
	var exponent float64
	switch {
	case p.tok.kind == tokSuper:
		exponent = p.tok.value
		err = p.next()
	case p.at("^"):
		exponent, err = p.exponent()
	default:
		return e, nil
	}
	if err != nil {
		return nil, err
	}
	if p.at("^") || p.tok.kind == tokSuper {
		return nil, fail(p.tok.col, "powers of powers need parentheses")
	}
	if e, err = p.raise(col, e, math.Abs(exponent)); err == nil && exponent < 0 {
		e, err = p.make(col, Div, Const(1), e)
	}
	return e, err
}

// exponent reads what follows "^": a number, signed or in parentheses.
func (p *parser) exponent() (float64, *ParseError) {
	if err := p.next(); err != nil {
		return 0, err
	}
	col := p.tok.col
	inside, sign := p.at("("), 1.0
	if inside {
		if err := p.next(); err != nil {
			return 0, err
		}
	}
	if p.at("-") {
		sign = -1
		if err := p.next(); err != nil {
			return 0, err
		}
	}
	v := p.tok.value
	if p.tok.kind != tokNumber || v != 0.5 && (v != math.Trunc(v) || v > maxPower) {
		return 0, fail(col, "an exponent is a whole number from -%d to %d, or 0.5", maxPower, maxPower)
	}
	if err := p.next(); err != nil {
		return 0, err
	}
	if inside {
		if !p.at(")") {
			return 0, fail(p.tok.col, "expected \")\" after the exponent, found %v", p.tok)
		}
		if err := p.next(); err != nil {
			return 0, err
		}
	}
	return sign * v, nil
}

func (p *parser) raise(col int, e *Expr, exponent float64) (*Expr, *ParseError) {
	switch exponent {
	case 0:
		return Const(1), nil
	case 0.5:
		return p.make(col, Sqrt, e)
	}
	e = power(e, int64(exponent))
	if e.size > MaxNodes {
		return nil, fail(col, "more than %d nodes", MaxNodes)
	}
	return e, nil
}

// power writes a positive integer power with squares, cubes and products.
func power(e *Expr, n int64) *Expr {
	switch {
	case n <= 1:
		return e
	case n%2 == 0:
		return node(Square, power(e, n/2))
	case n%3 == 0:
		return node(Cube, power(e, n/3))
	}
	return node(Mul, power(e, n-1), e)
}

func (p *parser) primary() (*Expr, *ParseError) {
	t := p.tok
	switch {
	case t.kind == tokNumber:
		return Const(t.value), p.next()
	case t.kind == tokIdent:
		if err := p.next(); err != nil {
			return nil, err
		}
		if p.at("(") {
			return p.call(t)
		}
		return p.name(t)
	case p.at("("):
		if err := p.enter(t.col); err != nil {
			return nil, err
		}
		if err := p.next(); err != nil {
			return nil, err
		}
		e, err := p.sum()
		if err != nil {
			return nil, err
		}
		if !p.at(")") {
			return nil, fail(p.tok.col, "expected \")\" for the parenthesis of column %d, found %v", t.col, p.tok)
		}
		p.level--
		return e, p.next()
	}
	return nil, fail(t.col, "expected a signal, number or parenthesis, found %v", t)
}

func (p *parser) name(t token) (*Expr, *ParseError) {
	if s, ok := SignalByName(t.text); ok {
		return Sig(s), nil
	}
	for _, n := range p.names {
		if n == t.text {
			return Name(n), nil
		}
	}
	if op, ok := OpByName(t.text); ok {
		return nil, fail(t.col, "%q is a primitive: write %s(%s)", t.text, t.text, "a, b, c"[:3*op.Info().Arity-2])
	}
	var known []string
	for i := range signals {
		known = append(known, signals[i].Name)
	}
	msg := fmt.Sprintf("%q is not a signal or parameter", shorten(t.text))
	if near, ok := Closest(t.text, append(known, p.names...)); ok {
		msg += ". Did you mean " + near + "?"
	} else if len(p.names) > 0 && len(p.names) <= 16 {
		msg += "; parameters are " + strings.Join(p.names, ", ")
	}
	return nil, fail(t.col, "%s", msg)
}

func (p *parser) call(t token) (*Expr, *ParseError) {
	op, ok := OpByName(t.text)
	if !ok {
		var known []string
		for i := range ops {
			known = append(known, ops[i].Name)
		}
		msg := fmt.Sprintf("%q is not a primitive", shorten(t.text))
		if near, ok := Closest(t.text, known); ok {
			msg += ". Did you mean " + near + "?"
		}
		return nil, fail(t.col, "%s", msg)
	}
	if err := p.enter(p.tok.col); err != nil {
		return nil, err
	}
	var args []*Expr
	for {
		if err := p.next(); err != nil {
			return nil, err
		}
		if len(args) == 0 && p.at(")") {
			break
		}
		e, err := p.sum()
		if err != nil {
			return nil, err
		}
		if args = append(args, e); !p.at(",") {
			break
		}
		if len(args) == op.Info().Arity {
			return nil, fail(t.col, "%s takes %s, found more", op, count(op.Info().Arity, "argument"))
		}
	}
	if !p.at(")") {
		return nil, fail(p.tok.col, "expected \",\" or \")\" in the arguments of %s, found %v", op, p.tok)
	}
	if len(args) != op.Info().Arity {
		return nil, fail(t.col, "%s takes %s, found %d", op, count(op.Info().Arity, "argument"), len(args))
	}
	p.level--
	if err := p.next(); err != nil {
		return nil, err
	}
	return p.make(t.col, op, args...)
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Closest returns the candidate that word most likely stands for: the one
// with the fewest edits (insertions, deletions, substitutions, swaps of
// neighbours), if there are few enough of them, the first on a tie.
func Closest(word string, candidates []string) (string, bool) {
	if len(word) > 64 {
		return "", false
	}
	best, limit := "", 1+len(word)/3
	for _, c := range candidates {
		if len(c) <= 64 {
			// A suggestion keeps at least one letter.
			if d := edits(word, c); d <= limit && d < max(len(word), len(c)) {
				best, limit = c, d-1
			}
		}
	}
	return best, best != ""
}

// edits is the optimal string alignment distance.
func edits(a, b string) int {
	two, one := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range one {
		one[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			d := one[j-1]
			if a[i-1] != b[j-1] {
				d++
			}
			d = min(d, one[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, two[j-2]+1)
			}
			row[j] = d
		}
		two, one = one, row
	}
	return one[len(b)]
}
