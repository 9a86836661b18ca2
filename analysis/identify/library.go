package identify

import (
	"math"
	"slices"

	"github.com/metaplast/metaplast/rulespace"
)

// monomial holds the power of each signal.
type monomial []int

// monomials lists all products of at most degree factors, by degree and then
// with the first signals first; the constant comes first of all.
func monomials(signals, degree int) []monomial {
	var out []monomial
	powers := make(monomial, signals)
	var spread func(i, left int)
	spread = func(i, left int) {
		if i == signals-1 {
			powers[i] = left
			out = append(out, slices.Clone(powers))
			return
		}
		for p := left; p >= 0; p-- {
			powers[i] = p
			spread(i+1, left-p)
		}
	}
	for d := range degree + 1 {
		if signals == 0 {
			return []monomial{{}}
		}
		spread(0, d)
	}
	return out
}

// countMonomials is the number of products of at most degree factors, or
// limit where that is less.
func countMonomials(signals, degree, limit int) int {
	n := 1 // (signals+degree choose degree)
	for i := 1; i <= degree; i++ {
		n = n * (signals + i) / i
		if n > limit {
			return limit
		}
	}
	return n
}

// value is the monomial in row n.
func (m monomial) value(values [][]float64, n int) float64 {
	v := 1.0
	for s, p := range m {
		for range p {
			v *= values[s][n]
		}
	}
	return v
}

func (m monomial) expr(signals []rulespace.Signal) *rulespace.Expr {
	var e *rulespace.Expr
	for s, p := range m {
		for range p {
			f := rulespace.Sig(signals[s])
			if e == nil {
				e = f
			} else {
				e = rulespace.Apply(rulespace.Mul, e, f)
			}
		}
	}
	if e == nil {
		return rulespace.Const(1)
	}
	return e
}

// table evaluates monomials row by row, each from one of lower degree.
type table struct {
	values [][]float64
	parent []int // a monomial with one factor less; -1 for the constant
	factor []int // the signal that it lacks
	scale  []float64
}

// newTable scales each monomial to a root mean square of 1. Those that are 0
// everywhere have scale 0.
func newTable(values [][]float64, list []monomial, rows int) *table {
	t := &table{values: values, parent: make([]int, len(list)), factor: make([]int, len(list)), scale: make([]float64, len(list))}
	for j, m := range list {
		t.parent[j] = -1
		for s, p := range m {
			if p > 0 {
				less := slices.Clone(m)
				less[s]--
				t.factor[j] = s
				t.parent[j] = slices.IndexFunc(list, func(o monomial) bool { return slices.Equal(o, less) })
				break
			}
		}
	}
	row, sum := make([]float64, len(list)), make([]float64, len(list))
	for n := range rows {
		t.raw(row, n)
		for j, v := range row {
			sum[j] += float64(v * v)
		}
	}
	for j, s := range sum {
		if s > 0 {
			t.scale[j] = 1 / math.Sqrt(s/float64(rows))
		}
	}
	return t
}

// raw sets the values of all monomials in row n.
func (t *table) raw(row []float64, n int) {
	for j, p := range t.parent {
		if p < 0 {
			row[j] = 1
		} else {
			row[j] = row[p] * t.values[t.factor[j]][n]
		}
	}
}

// row sets the scaled values.
func (t *table) row(row []float64, n int) {
	t.raw(row, n)
	for j, s := range t.scale {
		row[j] *= s
	}
}
