package rulespace

import (
	"crypto/sha256"
	"encoding/binary"
	"math"

	"github.com/metaplast/metaplast/rulespace/key"
)

// FP is a semantic fingerprint: equal for expressions that take the same
// values on a probe.
type FP [16]byte

// Class says what kind of function a column of values comes from.
type Class uint8

const (
	Generic   Class = iota
	Zero            // 0 wherever it is finite
	Constant        // one value other than 0 wherever it is finite
	Undefined       // not finite at more than half of the points in general position
)

// Column holds the values of an expression at the points of a probe.
type Column []float64

// Probe is a table of points, each with a value for every signal. Its points
// are fixed, so fingerprints are comparable between machines and runs. It is
// immutable.
type Probe struct {
	values [NumSignals]Column
	edge   int // leading points that only help to tell functions apart
	n      int
}

const genericPoints = 24

// edgeLevels are the values that all signals take together at the first edge
// points.
var edgeLevels = [...]float64{0, 1, -1, 100}

// FixedProbe returns the points that need no task. First come edges: all
// signals at 0, 1, -1 or large, then each signal of set silent in turn. Then
// come points in general position on three scales, three of four values
// positive. Signals that take only certain values take only those, and the
// signals outside set are probed too, as if they were in it.
//
// In general position values are odd multiples of 1/64 below 8: polynomials
// of degree 5 with small integer coefficients are computed exactly, so that
// different ways of writing one have equal values.
func FixedProbe(set SignalSet) *Probe {
	silent := set.List()
	p := &Probe{edge: len(edgeLevels) + len(silent)}
	p.n = p.edge + genericPoints
	for i := range p.values {
		s := Signal(i)
		col := make(Column, p.n)
		draw := drawer(s, "edge")
		for j := range p.edge {
			col[j] = draw(j)
			switch legal := s.Info().Values; {
			case len(legal) > 0 && j < len(edgeLevels):
				col[j] = legal[j%len(legal)]
			case len(legal) > 0:
			case j < len(edgeLevels):
				col[j] = edgeLevels[j]
			case silent[j-len(edgeLevels)] == s:
				col[j] = 0
			}
		}
		draw = drawer(s, "generic")
		for j := p.edge; j < p.n; j++ {
			col[j] = draw(j - p.edge)
		}
		p.values[i] = col
	}
	return p
}

// drawer returns a source of values in general position for a signal.
func drawer(s Signal, label string) func(point int) float64 {
	r := key.Root(0).Child("probe/"+label, uint64(s)).Stream()
	legal := s.Info().Values
	return func(point int) float64 {
		if len(legal) > 0 {
			return legal[r.IntN(len(legal))]
		}
		below := [...]int{16, 64, 256}[point%3] // of the odd numbers, in 1/64
		v := float64(2*r.IntN(below)+1) / 64
		if r.IntN(4) == 0 {
			return -v
		}
		return v
	}
}

// Extend returns a probe with further points, each indexed by Signal: values
// that a task's signals really take. A NaN keeps a signal at a fixed point.
func (p *Probe) Extend(points [][]float64) *Probe {
	q := &Probe{edge: p.edge, n: p.n + len(points)}
	for i := range q.values {
		col := append(make(Column, 0, q.n), p.values[i]...)
		for j, pt := range points {
			v := math.NaN()
			if i < len(pt) {
				v = pt[i]
			}
			if v != v {
				v = p.values[i][p.edge+j%(p.n-p.edge)]
			}
			col = append(col, v)
		}
		q.values[i] = col
	}
	return q
}

// Len is the number of points.
func (p *Probe) Len() int { return p.n }

// Edges is how many of the points, at the start, only help to tell functions
// apart: they do not count when a function is called undefined.
func (p *Probe) Edges() int { return p.edge }

// Leaf returns the values of a constant, signal or name. A name stands for
// one arbitrary value per point, the same for the same name.
func (p *Probe) Leaf(e *Expr) Column {
	if e.kind == KindSignal {
		return p.values[e.signal]
	}
	col := make(Column, p.n)
	switch e.kind {
	case KindConst:
		for i := range col {
			col[i] = e.value
		}
	case KindName:
		r := key.Root(0).Child("probe/"+e.name, 0).Stream()
		for i := range col {
			col[i] = r.Normal()
		}
	default:
		panic("rulespace: Leaf of an applied primitive")
	}
	return col
}

// Apply returns the values of a primitive applied to columns.
func (p *Probe) Apply(op Op, args ...Column) Column {
	return p.ApplyTo(make(Column, p.n), op, args...)
}

// ApplyTo is Apply into dst, which may be one of the arguments.
func (p *Probe) ApplyTo(dst Column, op Op, args ...Column) Column {
	a := args[0][:len(dst)]
	switch len(args) {
	case 1:
		f := op.Info().Value
		for i := range dst {
			dst[i] = f(a[i], 0, 0)
		}
	case 2:
		b := args[1][:len(dst)]
		switch op { // those that searches apply all the time
		case Add:
			for i := range dst {
				dst[i] = a[i] + b[i]
			}
		case Sub:
			for i := range dst {
				dst[i] = a[i] - b[i]
			}
		case Mul:
			for i := range dst {
				dst[i] = a[i] * b[i]
			}
		default:
			f := op.Info().Value
			for i := range dst {
				dst[i] = f(a[i], b[i], 0)
			}
		}
	default:
		f := op.Info().Value
		for i := range dst {
			dst[i] = f(a[i], args[1][i], args[2][i])
		}
	}
	return dst
}

// Column returns the values of an expression.
func (p *Probe) Column(e *Expr) Column {
	if e.size < memoSize {
		c, _ := p.column(e)
		return c
	}
	return p.shared(e, map[*Expr]Column{})
}

// column computes in the memory of its arguments where they are its own.
func (p *Probe) column(e *Expr) (c Column, own bool) {
	if e.kind != KindApply {
		return p.Leaf(e), e.kind != KindSignal
	}
	if e.op == Mul { // a rate that does not count stands as 1
		switch {
		case e.args[0].IsConst(1):
			return p.column(e.args[1])
		case e.args[1].IsConst(1):
			return p.column(e.args[0])
		}
	}
	var args [3]Column
	for i, a := range e.args {
		var mine bool
		if args[i], mine = p.column(a); mine && c == nil {
			c = args[i]
		}
	}
	if c == nil {
		c = make(Column, p.n)
	}
	return p.ApplyTo(c, e.op, args[:len(e.args)]...), true
}

// shared is column for expressions that share sub-expressions.
func (p *Probe) shared(e *Expr, memo map[*Expr]Column) Column {
	if e.kind != KindApply {
		return p.Leaf(e)
	}
	if c, ok := memo[e]; ok {
		return c
	}
	var args [3]Column
	for i, a := range e.args {
		args[i] = p.shared(a, memo)
	}
	c := p.Apply(e.op, args[:len(e.args)]...)
	memo[e] = c
	return c
}

// Hash returns the fingerprint of columns, those of one function or of several
// that belong together: a hash of their values to about nine significant
// digits (30 bits), with all that is not finite kept apart by kind. With
// scaleFree the values are first divided by their root mean square over the
// points in general position, so that positive multiples agree; columns that
// belong together have one such factor. What is below 1e-12 there counts as
// zero: it may be rounding.
//
// Columns are Undefined where one of them is, else Constant where one is, and
// Zero where all are.
func (p *Probe) Hash(scaleFree bool, columns ...Column) (FP, Class) {
	finite := 0
	var sum, largest float64
	for _, c := range columns {
		for _, v := range c[p.edge:] {
			if math.Abs(v) <= math.MaxFloat64 {
				finite++
				largest = math.Max(largest, math.Abs(v))
			}
		}
	}
	scale := 1.0
	if scaleFree && largest >= negligible {
		for _, c := range columns {
			for _, v := range c[p.edge:] {
				if math.Abs(v) <= math.MaxFloat64 {
					r := v / largest
					sum += float64(r * r)
				}
			}
		}
		scale = largest * math.Sqrt(sum/float64(finite))
	}
	var memory [1024]byte
	buf := memory[:0]
	class := Zero
	for _, c := range columns {
		var of Class
		buf, of = p.quantised(buf, c, scale)
		switch {
		case class == Undefined || of == Undefined:
			class = Undefined
		case class == Constant || of == Constant:
			class = Constant
		case of == Generic:
			class = Generic
		}
	}
	hash := sha256.Sum256(buf)
	return FP(hash[:16]), class
}

// quantised appends the values of a column in units of scale.
func (p *Probe) quantised(buf []byte, c Column, scale float64) ([]byte, Class) {
	zero, constant := true, true
	var first uint64
	seen, finite := false, 0
	for i, v := range c {
		w := quantise(v / scale)
		if math.Abs(v) <= math.MaxFloat64 {
			if i >= p.edge {
				finite++
			}
			if !seen {
				first, seen = w, true
			}
			zero = zero && w == 0
			constant = constant && w == first
		}
		buf = binary.LittleEndian.AppendUint64(buf, w)
	}
	switch {
	case 2*finite < p.n-p.edge:
		return buf, Undefined
	case zero:
		return buf, Zero
	case constant:
		return buf, Constant
	}
	return buf, Generic
}

// negligible is the magnitude below which values count as zero.
const negligible = 1e-12

// quantise maps a number to 30 bits of mantissa, its exponent and its sign,
// and everything that is not finite to three values of its own.
func quantise(v float64) uint64 {
	switch {
	case v != v:
		return 1
	case v > math.MaxFloat64:
		return 2
	case v < -math.MaxFloat64:
		return 3
	case math.Abs(v) < negligible:
		return 0
	}
	m, e := math.Frexp(v)
	q := int64(math.RoundToEven(m * (1 << 30)))
	if q == 1<<30 || q == -1<<30 {
		q /= 2
		e++
	}
	return uint64(q)<<16 | uint64(uint16(e))
}

// Fingerprint identifies what an expression computes on a probe, up to a
// positive factor with scaleFree. ok is false when the expression is no rule:
// 0 everywhere, constant, or undefined at most points.
func Fingerprint(e *Expr, p *Probe, scaleFree bool) (fp FP, ok bool) {
	fp, class := p.Hash(scaleFree, p.Column(e))
	return fp, class == Generic
}
