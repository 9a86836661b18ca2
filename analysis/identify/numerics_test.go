package identify

import (
	"math"
	"testing"

	"github.com/metaplast/metaplast/rulespace/key"
)

// longley is the data set of J. W. Longley, J. Am. Stat. Assoc. 62:819 (1967),
// with which least-squares programs are tried: columns that are nearly
// dependent. The first number of a row is to be explained by the others.
var longley = [16][7]float64{
	{60323, 83.0, 234289, 2356, 1590, 107608, 1947},
	{61122, 88.5, 259426, 2325, 1456, 108632, 1948},
	{60171, 88.2, 258054, 3682, 1616, 109773, 1949},
	{61187, 89.5, 284599, 3351, 1650, 110929, 1950},
	{63221, 96.2, 328975, 2099, 3099, 112075, 1951},
	{63639, 98.1, 346999, 1932, 3594, 113270, 1952},
	{64989, 99.0, 365385, 1870, 3547, 115094, 1953},
	{63761, 100.0, 363112, 3578, 3350, 116219, 1954},
	{66019, 101.2, 397469, 2904, 3048, 117388, 1955},
	{67857, 104.6, 419180, 2822, 2857, 118734, 1956},
	{68169, 108.4, 442769, 2936, 2798, 120445, 1957},
	{66513, 110.8, 444546, 4681, 2637, 121950, 1958},
	{68655, 112.6, 482704, 3813, 2552, 123366, 1959},
	{69564, 114.2, 502601, 3931, 2514, 125368, 1960},
	{69331, 115.7, 518173, 4806, 2572, 127852, 1961},
	{70551, 116.9, 554894, 4007, 2827, 130081, 1962},
}

// Certified by NIST (Statistical Reference Datasets, Longley).
var longleyCoefficients = [7]float64{
	-3482258.63459582, 15.0618722713733, -0.358191792925910e-01, -2.02022980381683,
	-1.03322686717369, -0.511041056535807e-01, 1829.15146461355,
}

// The condition number of the columns is about 5e9; double precision leaves
// seven digits of the certified fifteen.
func TestLeastSquaresOnLongley(t *testing.T) {
	x := make([][]float64, 7)
	y := make([]float64, len(longley))
	for j := range x {
		x[j] = make([]float64, len(longley))
		for n, row := range longley {
			x[j][n], y[n] = row[j], row[0]
			if j == 0 {
				x[j][n] = 1
			}
		}
	}
	for j, c := range leastSquares(x, y) {
		if math.Abs(c/longleyCoefficients[j]-1) > 1e-7 {
			t.Errorf("coefficient %d is %.12g, certified %.12g", j, c, longleyCoefficients[j])
		}
	}
}

// randomGram returns columns, the last of which is what the others explain,
// with their inner products.
func randomGram(seed uint64, columns, rows int) ([][]float64, *gram) {
	s := key.Root(seed).Stream()
	g := newGram(columns)
	x := make([][]float64, columns)
	row := make([]float64, columns)
	for range rows {
		for j := range row {
			row[j] = s.Normal()
			if j > 0 {
				row[j] += row[j-1] / 2
			}
			x[j] = append(x[j], row[j])
		}
		g.add(row, 1)
	}
	g.mirror()
	return x, g
}

// Sweeping, Cholesky and Householder agree, and a second sweep undoes the
// first, whatever was swept between.
func TestSolversAgree(t *testing.T) {
	x, g := randomGram(1, 6, 50)
	set := []int{0, 2, 3}
	swept := g.clone()
	for _, j := range []int{3, 4, 0, 2, 4} {
		swept.sweep(j)
	}
	cholesky, ok := g.solve(set)
	if !ok {
		t.Fatal("dependent")
	}
	inverse, ok := g.inverse(set)
	if !ok {
		t.Fatal("dependent")
	}
	var columns [][]float64
	for _, j := range set {
		columns = append(columns, append([]float64(nil), x[j]...))
	}
	y := append([]float64(nil), x[5]...)
	householder := leastSquares(columns, y)
	rss := 0.0
	for _, v := range y[3:] {
		rss += v * v
	}
	for i, j := range set {
		if c := householder[i]; math.Abs(cholesky[i]-c) > 1e-12 || math.Abs(swept.at(j, 5)-c) > 1e-12 {
			t.Errorf("coefficient %d: %g by Householder, %g by Cholesky, %g by sweeping", j, c, cholesky[i], swept.at(j, 5))
		}
		for k, l := range set {
			if math.Abs(inverse[i*3+k]-swept.at(j, l)) > 1e-12 {
				t.Errorf("inverse at %d, %d: %g, %g by sweeping", j, l, inverse[i*3+k], swept.at(j, l))
			}
		}
	}
	if math.Abs(swept.at(5, 5)-rss) > 1e-10 {
		t.Errorf("residual %g, by sweeping %g", rss, swept.at(5, 5))
	}
	for _, j := range set {
		swept.sweep(j)
	}
	for i := range g.a {
		if math.Abs(g.a[i]-swept.a[i]) > 1e-10 {
			t.Fatalf("cell %d is %g, was %g", i, swept.a[i], g.a[i])
		}
	}
}

// The best subsets of each size are those of trying all.
func TestPathFindsBestSubsets(t *testing.T) {
	const columns = 9
	missed := 0
	for seed := range uint64(20) {
		_, g := randomGram(seed, columns+1, 40)
		all := make([]int, columns)
		for i := range all {
			all[i] = i
		}
		rss := func(set []int) float64 {
			h := g.clone()
			for _, j := range set {
				h.sweep(j)
			}
			return h.at(columns, columns)
		}
		best := make([]float64, columns+1)
		for k := range best {
			best[k] = math.Inf(1)
		}
		for bits := range 1 << columns {
			var set []int
			for j := range columns {
				if bits>>j&1 == 1 {
					set = append(set, j)
				}
			}
			best[len(set)] = min(best[len(set)], rss(set))
		}
		for k, set := range path(g, all, columns) {
			if len(set) != k+1 {
				t.Fatalf("seed %d: %v at place %d", seed, set, k)
			}
			if rss(set) > best[k+1]*(1+1e-9) {
				missed++
			}
		}
	}
	// Exchanges of one column end at the best subset but for a few.
	if missed > 4 {
		t.Errorf("%d of 180 subsets are not the best", missed)
	}
	t.Logf("%d of 180 subsets are not the best", missed)
}

// Two unit columns with cosine c have eigenvalues 1 ± c.
func TestCondition(t *testing.T) {
	for _, c := range []float64{0, 0.5, -0.9, 0.999} {
		g := newGram(3)
		copy(g.a, []float64{4, 2 * c, 0, 2 * c, 1, 0, 0, 0, 1})
		want := math.Sqrt((1 + math.Abs(c)) / (1 - math.Abs(c)))
		if got := g.condition([]int{0, 1}); math.Abs(got/want-1) > 1e-12 {
			t.Errorf("cosine %g: %g, want %g", c, got, want)
		}
	}
	_, g := randomGram(3, 5, 30)
	if got := g.condition([]int{1}); got != 1 {
		t.Errorf("one column: %g", got)
	}
}

func TestMonomials(t *testing.T) {
	list := monomials(3, 4)
	if len(list) != 35 || countMonomials(3, 4, 1000) != 35 || countMonomials(30, 8, 1000) != 1000 {
		t.Errorf("%d monomials of up to 4 of 3 factors, want 7 choose 4", len(list))
	}
	values := [][]float64{{2, 0.5}, {3, 1}, {5, -2}}
	tab := newTable(values, list, 2)
	row := make([]float64, len(list))
	for n := range 2 {
		tab.raw(row, n)
		for j, m := range list {
			if row[j] != m.value(values, n) {
				t.Errorf("%v in row %d: %g and %g", m, n, row[j], m.value(values, n))
			}
		}
	}
}
