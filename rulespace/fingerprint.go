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
	Zero            // 0 at every probe point
	Constant        // one value other than 0 at every probe point
	Undefined       // not finite at more than half of the points
)

// Column holds the values of an expression at the points of a probe.
type Column []float64

// Probe is a table of points, each with a value for every signal. Its points
// are fixed, so fingerprints are comparable between machines and runs.
type Probe struct {
	values [NumSignals]Column
	edge   int // leading points that only help to tell functions apart
	n      int
}

const genericPoints = 24

// edgeLevels are the values that all signals take together at the edge points.
var edgeLevels = [...]float64{0, 1, -1, 100}

// FixedProbe returns the points that need no task: a few edges, at which all
// signals are 0, 1, -1 or large, then generic points on three scales. Signals
// that take only certain values take only those, and the signals outside set
// are probed too, as if they were in it.
func FixedProbe(set SignalSet) *Probe {
	p := &Probe{edge: len(edgeLevels), n: len(edgeLevels) + genericPoints}
	for i := range p.values {
		s := Signal(i)
		r := key.Root(0).Child("probe", uint64(i)).Stream()
		legal := s.Info().Values
		col := make(Column, p.n)
		for j := range col {
			switch {
			case len(legal) > 0 && j < p.edge:
				col[j] = legal[j%len(legal)]
			case len(legal) > 0:
				col[j] = legal[r.IntN(len(legal))]
			case j < p.edge:
				col[j] = edgeLevels[j]
			default:
				col[j] = r.Normal() * [...]float64{0.3, 1, 3}[j%3]
			}
		}
		p.values[i] = col
	}
	return p
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
	col := make(Column, p.n)
	f := op.Info().Value
	switch len(args) {
	case 1:
		for i, a := range args[0] {
			col[i] = f(a, 0, 0)
		}
	case 2:
		b := args[1]
		for i, a := range args[0] {
			col[i] = f(a, b[i], 0)
		}
	default:
		b, c := args[1], args[2]
		for i, a := range args[0] {
			col[i] = f(a, b[i], c[i])
		}
	}
	return col
}

// Column returns the values of an expression.
func (p *Probe) Column(e *Expr) Column {
	if e.kind != KindApply {
		return p.Leaf(e)
	}
	var args [3]Column
	for i, a := range e.args {
		args[i] = p.Column(a)
	}
	return p.Apply(e.op, args[:len(e.args)]...)
}

// Hash returns the fingerprint of a column: a hash of its values to about
// nine significant digits (30 bits), with all that is not finite kept apart
// by kind. With scaleFree the values are first divided by their root mean
// square, so that positive multiples agree.
func (p *Probe) Hash(c Column, scaleFree bool) (FP, Class) {
	finite := 0
	var sum, largest float64
	for _, v := range c[p.edge:] {
		if math.Abs(v) <= math.MaxFloat64 {
			finite++
			largest = math.Max(largest, math.Abs(v))
		}
	}
	class := Generic
	if 2*finite < p.n-p.edge {
		class = Undefined
	}
	scale := 1.0
	if scaleFree && largest > 0 {
		for _, v := range c[p.edge:] {
			if math.Abs(v) <= math.MaxFloat64 {
				r := v / largest
				sum += float64(r * r)
			}
		}
		scale = largest * math.Sqrt(sum/float64(finite))
	}
	buf := make([]byte, 0, 512)
	zero, constant := true, true
	var first uint64
	for i, v := range c {
		w := quantise(v / scale)
		if i == 0 {
			first = w
		}
		zero = zero && w == 0
		constant = constant && w == first
		buf = binary.LittleEndian.AppendUint64(buf, w)
	}
	if class == Generic && zero {
		class = Zero
	} else if class == Generic && constant {
		class = Constant
	}
	sum256 := sha256.Sum256(buf)
	return FP(sum256[:16]), class
}

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
	case math.Abs(v) < 1e-12:
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
	fp, class := p.Hash(p.Column(e), scaleFree)
	return fp, class == Generic
}
