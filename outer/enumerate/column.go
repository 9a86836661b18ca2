package enumerate

import (
	"math"

	"github.com/metaplast/metaplast/rulespace"
)

// A column holds the values of an expression at all probe points.

// snap is the relative size below which a sum counts as exactly zero: the
// residue of terms that cancel is rounding, not a function.
const snap = 0x1p-40

// apply computes a column from those of the arguments.
func apply(op rulespace.Op, dst []float64, arg [3][]float64) {
	a, b, c := arg[0][:len(dst)], arg[1], arg[2]
	switch op {
	case rulespace.Add:
		b = b[:len(dst)]
		for i := range dst {
			dst[i] = cancel(a[i]+b[i], a[i], b[i])
		}
	case rulespace.Sub:
		b = b[:len(dst)]
		for i := range dst {
			dst[i] = cancel(a[i]-b[i], a[i], b[i])
		}
	case rulespace.Mul:
		b = b[:len(dst)]
		for i := range dst {
			dst[i] = a[i] * b[i]
		}
	default:
		info := op.Info()
		var y, z float64
		for i := range dst {
			if info.Arity > 1 {
				y = b[i]
			}
			if info.Arity > 2 {
				z = c[i]
			}
			dst[i] = info.Value(a[i], y, z)
		}
	}
}

func cancel(sum, a, b float64) float64 {
	if math.Abs(sum) < snap*math.Abs(a) && math.Abs(sum) < snap*math.Abs(b) {
		return 0
	}
	return sum
}

// class says what kind of function a column is.
type class uint8

const (
	varying   class = iota
	constant        // one number, wherever it is finite
	zero            // 0 likewise
	undefined       // not finite at most points
)

// gridShift leaves 30 bits of a significand: nine digits.
const gridShift = 52 - 30

// maxEdges is how many points a probe may have that tell functions apart
// where they have kinks and holes.
const maxEdges = 8

// print identifies a column. The values at generic points are hashed on two
// grids that are half a step apart: values that differ by rounding may fall
// on different sides of a line of one grid, but not of both. At the edges
// they are compared, and agree where one is not finite, so that x/x is 1.
type print struct {
	a, b uint64
	edge [maxEdges]float64
}

// fingerprint returns the print of a column times a positive factor; its
// first points are edges.
func fingerprint(col []float64, edges int, factor float64) (print, class) {
	p := print{a: 0x9e3779b97f4a7c15, b: 0xc2b2ae3d27d4eb4f}
	generic := col[edges:]
	first, same, bad, zeros := uint64(0), true, 0, 0
	for i, v := range generic {
		v *= factor
		bits := math.Float64bits(v)
		switch {
		case v == 0:
			bits = 0
			zeros++
		case v-v != 0:
			if bad++; v != v {
				bits = math.Float64bits(math.NaN())
			}
		}
		down, near := bits>>gridShift, (bits+1<<(gridShift-1))>>gridShift
		p.a = mix(p.a, down)
		p.b = mix(p.b, near)
		if i == 0 {
			first = near
		}
		same = same && near == first
	}
	for i, v := range col[:edges] {
		p.edge[i] = v * factor
		same = same && close(p.edge[i], generic[0]*factor)
	}
	switch {
	case 2*bad > len(generic):
		return p, undefined
	case zeros == len(generic) && same:
		return p, zero
	case same:
		return p, constant
	}
	return p, varying
}

// close reports whether two values are equal to nine digits or one of them is
// not finite.
func close(v, w float64) bool {
	return v == w || v-v != 0 || w-w != 0 || math.Abs(v-w) <= 1e-9*max(math.Abs(v), math.Abs(w))
}

// mix is a step of a multiply-and-shift hash.
func mix(h, v uint64) uint64 {
	h = (h ^ v) * 0xff51afd7ed558ccd
	return h ^ h>>32
}

// scale returns 1 over the largest finite magnitude of a column.
func scale(col []float64) float64 {
	m := 0.0
	for _, v := range col {
		if v = math.Abs(v); v > m && v <= math.MaxFloat64 {
			m = v
		}
	}
	if m == 0 || 1/m > math.MaxFloat64 {
		return 1
	}
	return 1 / m
}

// prints is a set of prints.
type prints struct {
	a, b map[uint64]int32 // the last of seen with that hash
	seen []record
}

type record struct {
	edge [maxEdges]float64
	next int32 // another with the same hash, 0 for none
}

func newPrints() prints {
	return prints{a: map[uint64]int32{}, b: map[uint64]int32{}, seen: make([]record, 1)}
}

// add reports whether p is new to the set.
func (s *prints) add(p *print) bool {
	last := s.a[p.a]
	if last == 0 {
		last = s.b[p.b]
	}
	for i := last; i != 0; i = s.seen[i].next {
		if s.seen[i].agrees(p) {
			return false
		}
	}
	n := int32(len(s.seen))
	s.seen = append(s.seen, record{p.edge, last})
	s.a[p.a] = n
	s.b[p.b] = n
	return true
}

func (r *record) agrees(p *print) bool {
	for i, v := range r.edge {
		if !close(v, p.edge[i]) {
			return false
		}
	}
	return true
}

func (s *prints) len() int { return len(s.seen) - 1 }
