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

// print identifies a column. The values at generic points are hashed on two
// grids that are half a step apart: values that differ by rounding may fall
// on different sides of a line of one grid, but not of both. At the edges
// they are compared, and agree where one is not finite, so that x/x is 1.
type print struct {
	a, b   uint64
	edge   []float64
	factor float64 // of edge
}

// fingerprint returns the print of a column times a positive factor; its
// first points are edges.
func fingerprint(col []float64, edges int, factor float64) (print, class) {
	p := print{0x9e3779b97f4a7c15, 0xc2b2ae3d27d4eb4f, col[:edges], factor}
	generic := col[edges:]
	first, same, bad, zeros := uint64(0), true, 0, 0
	for i, v := range generic {
		v = float64(v * factor) // not fused with the v-v below
		bits := math.Float64bits(v)
		switch {
		case v == 0:
			bits = 0
			zeros++
		case v-v != 0: // 1/(x-y) and -1/(y-x) have infinities of different sign
			bits = math.Float64bits(math.NaN())
			bad++
		}
		down, near := bits>>gridShift, (bits+1<<(gridShift-1))>>gridShift
		p.a = mix(p.a, down)
		p.b = mix(p.b, near)
		if i == 0 {
			first = near
		}
		same = same && near == first
	}
	for _, v := range p.edge {
		same = same && close(v, generic[0])
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
	a, b map[uint64]int32 // number of the last with that hash, from 1
	next []int32          // number of the one before it, 0 for none
	edge []float64        // values at the edges, one after the other
}

func newPrints() prints { return prints{a: map[uint64]int32{}, b: map[uint64]int32{}} }

// add reports whether p is new to the set.
func (s *prints) add(p print) bool {
	last := s.a[p.a]
	if last == 0 {
		last = s.b[p.b]
	}
	for i := last; i != 0; i = s.next[i-1] {
		if s.agrees(int(i-1), p) {
			return false
		}
	}
	s.next = append(s.next, last)
	for _, v := range p.edge {
		s.edge = append(s.edge, v*p.factor)
	}
	s.a[p.a] = int32(s.len())
	s.b[p.b] = int32(s.len())
	return true
}

func (s *prints) agrees(i int, p print) bool {
	known := s.edge[i*len(p.edge):]
	for j, v := range p.edge {
		if !close(known[j], float64(v*p.factor)) {
			return false
		}
	}
	return true
}

func (s *prints) len() int { return len(s.next) }
