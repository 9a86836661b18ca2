package identify

import "math"

// gram is the matrix of inner products of the library's columns and, last,
// the weight change.
type gram struct {
	n int
	a []float64 // n×n, row by row
}

func newGram(n int) *gram { return &gram{n, make([]float64, n*n)} }

func (g *gram) at(i, j int) float64 { return g.a[i*g.n+j] }

// add adds a row of values with a weight to the upper triangle.
func (g *gram) add(row []float64, weight float64) {
	for i, x := range row {
		x *= weight
		if x == 0 {
			continue
		}
		out := g.a[i*g.n : (i+1)*g.n]
		for j := i; j < len(row); j++ {
			out[j] += float64(x * row[j])
		}
	}
}

// mirror copies the upper triangle to the lower one.
func (g *gram) mirror() {
	for i := range g.n {
		for j := range i {
			g.a[i*g.n+j] = g.a[j*g.n+i]
		}
	}
}

// minus returns g − h.
func (g *gram) minus(h *gram) *gram {
	out := newGram(g.n)
	for i := range out.a {
		out.a[i] = g.a[i] - h.a[i]
	}
	return out
}

func (g *gram) plus(h *gram) {
	for i := range g.a {
		g.a[i] += h.a[i]
	}
}

func (g *gram) clone() *gram {
	return &gram{g.n, append([]float64(nil), g.a...)}
}

// sweep moves column k into the regression, or out of it when it is in: a
// second sweep undoes the first. With the columns S swept, the last column
// holds the coefficients in rows S and the residual sum of squares in the
// last row, and at(j, j) is what is left of column j when S has explained it.
//
// J. H. Goodnight, The American Statistician 33:149 (1979).
func (g *gram) sweep(k int) {
	n := g.n
	pivot := g.a[k*n : (k+1)*n]
	d := pivot[k]
	for j := range pivot {
		pivot[j] /= d
	}
	for i := range n {
		if i == k {
			continue
		}
		row := g.a[i*n : (i+1)*n]
		b := row[k]
		if b == 0 {
			continue
		}
		for j, x := range pivot {
			row[j] -= float64(b * x)
		}
		row[k] = -b / d
	}
	pivot[k] = 1 / d
}

// solve returns the least-squares coefficients of the columns set by a
// Cholesky factorisation; ok is false where they are dependent.
func (g *gram) solve(set []int) (c []float64, ok bool) {
	k := len(set)
	l := make([]float64, k*k)
	c = make([]float64, k)
	for i := range k {
		for j := range i + 1 {
			s := g.at(set[i], set[j])
			for m := range j {
				s -= float64(l[i*k+m] * l[j*k+m])
			}
			if i != j {
				l[i*k+j] = s / l[j*k+j]
				continue
			}
			if s <= 1e-14*g.at(set[i], set[i]) {
				return nil, false
			}
			l[i*k+i] = math.Sqrt(s)
		}
	}
	for i := range k {
		s := g.at(set[i], g.n-1)
		for m := range i {
			s -= float64(l[i*k+m] * c[m])
		}
		c[i] = s / l[i*k+i]
	}
	for i := k - 1; i >= 0; i-- {
		s := c[i]
		for m := i + 1; m < k; m++ {
			s -= float64(l[m*k+i] * c[m])
		}
		c[i] = s / l[i*k+i]
	}
	return c, true
}

// inverse is that of the inner products of the columns set.
func (g *gram) inverse(set []int) (inv []float64, ok bool) {
	k := len(set)
	inv = make([]float64, k*k)
	h := newGram(k + 1)
	at := make([]int, k)
	for i := range k {
		at[i] = i
		for j := range k {
			h.a[i*h.n+j] = g.at(set[i], set[j])
		}
	}
	for i := range k {
		for j := range k {
			h.a[j*h.n+k] = 0
		}
		h.a[i*h.n+k] = 1
		c, ok := h.solve(at)
		if !ok {
			return nil, false
		}
		copy(inv[i*k:], c)
	}
	return inv, true
}

// condition is the condition number of the columns set: the square root of
// the ratio of the extreme eigenvalues of their inner products, found by
// Jacobi's rotations.
func (g *gram) condition(set []int) float64 {
	k := len(set)
	if k < 2 {
		return 1
	}
	a := make([]float64, k*k)
	for i := range k {
		for j := range k {
			a[i*k+j] = g.at(set[i], set[j]) / math.Sqrt(g.at(set[i], set[i])*g.at(set[j], set[j]))
		}
	}
	for range 50 {
		off := 0.0
		for p := range k {
			for q := p + 1; q < k; q++ {
				x := a[p*k+q]
				off += math.Abs(x)
				if x == 0 {
					continue
				}
				theta := (a[q*k+q] - a[p*k+p]) / (2 * x)
				t := 1 / (math.Abs(theta) + math.Sqrt(float64(theta*theta)+1))
				if theta < 0 {
					t = -t
				}
				cos := 1 / math.Sqrt(float64(t*t)+1)
				sin := t * cos
				for i := range k {
					u, v := a[i*k+p], a[i*k+q]
					a[i*k+p] = float64(cos*u) - float64(sin*v)
					a[i*k+q] = float64(sin*u) + float64(cos*v)
				}
				for i := range k {
					u, v := a[p*k+i], a[q*k+i]
					a[p*k+i] = float64(cos*u) - float64(sin*v)
					a[q*k+i] = float64(sin*u) + float64(cos*v)
				}
			}
		}
		if off < 1e-15 {
			break
		}
	}
	low, high := math.Inf(1), 0.0
	for i := range k {
		low, high = min(low, a[i*k+i]), max(high, a[i*k+i])
	}
	if low <= 0 {
		return math.Inf(1)
	}
	return math.Sqrt(high / low)
}
