package identify

import (
	"math"
	"slices"
	"strconv"

	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// Round rounds to the six significant digits that results are given with.
func Round(v float64) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 6, 64), 64)
	if err != nil {
		return v
	}
	return r
}

func (f *fit) result(chosen []int, follows []bool) *Result {
	out := &Result{
		Rows: f.rows, Units: f.units, Library: len(f.library), Folds: f.Folds,
		Constant: f.constant, Aliases: f.aliases, Condition: f.whole.condition(chosen), Successive: math.NaN(),
	}
	// What a constant leaves is the measure, as usual, unless it leaves
	// nothing.
	y, w := make([]float64, f.rows), 0.0
	mean := 0.0
	for n := range y {
		y[n] = f.dw[n] * f.yscale
		mean += float64(f.weight[n] * y[n])
		w += f.weight[n]
	}
	mean /= w
	centred, plain := 0.0, 0.0
	for n := range y {
		d := y[n] - mean
		centred += float64(f.weight[n] * float64(d*d))
		plain += float64(f.weight[n] * float64(y[n]*y[n]))
	}
	if centred < 1e-12*plain {
		centred = plain
	}
	of := func(squares []float64) float64 { return 1 - total(squares)/centred }
	fitted := func(set []int) []float64 {
		r := f.residuals(set)
		for n := range r {
			r[n] = f.weight[n] * float64(r[n]*r[n])
		}
		return r
	}
	for k, set := range f.path {
		out.Path = append(out.Path, Step{Terms: f.exprs(set), R2: of(fitted(set)), HeldR2: of(f.held[k+1])})
	}
	out.R2, out.HeldR2 = of(fitted(chosen)), of(f.held[len(chosen)])
	r := f.residuals(chosen)
	square := 0.0
	for _, e := range r {
		square += float64(e * e)
	}
	out.Residual = math.Sqrt(square/float64(f.rows)) / f.yscale
	if noise := spread(r); noise > 1e-6 {
		for _, e := range r {
			if math.Abs(e) > 6*noise {
				out.Outliers++
			}
		}
		out.Successive = successive(r, follows)
	}
	if len(chosen) > 0 {
		out.Rivals = f.rivals(chosen, of)
		f.terms(chosen, out)
	}
	return out
}

// Chosen reports whether an alias equals a term of the rule, or a sum with one.
func (r *Result) Chosen(alias int) bool {
	for _, t := range r.Terms {
		for _, p := range r.Aliases[alias].powers {
			if slices.Equal(t.power, p) {
				return true
			}
		}
	}
	return false
}

// successive is the correlation of residuals with those before them.
func successive(r []float64, follows []bool) float64 {
	product, square, pairs := 0.0, 0.0, 0
	for n, is := range follows {
		if is {
			product += float64(r[n] * r[n-1])
			square += float64(float64(r[n]*r[n])/2) + float64(float64(r[n-1]*r[n-1])/2)
			pairs++
		}
	}
	if pairs < minRows || square == 0 {
		return math.NaN()
	}
	return product / square
}

// terms sets the terms with their intervals, and the rule.
func (f *fit) terms(chosen []int, out *Result) {
	c := f.coefficients(chosen)
	draws := f.bootstrap(chosen, c)
	order := make([]int, len(chosen))
	for i := range order {
		order[i] = i
	}
	size := func(i int) float64 { return math.Abs(c[i]) * math.Sqrt(f.whole.at(chosen[i], chosen[i])) }
	slices.SortStableFunc(order, func(a, b int) int {
		switch sa, sb := size(a), size(b); {
		case sa > sb*(1+1e-9):
			return -1
		case sb > sa*(1+1e-9):
			return 1
		}
		return 0
	})
	sorted := make([][]float64, len(order)) // draws of each term
	for at, i := range order {
		j := chosen[i]
		scale := f.table.scale[j] / f.yscale
		t := Term{Monomial: f.expr(j), Coefficient: c[i] * scale, power: f.library[j]}
		v := make([]float64, len(draws))
		for b, d := range draws {
			v[b] = d[i] * scale
		}
		sorted[at] = v
		t.Low, t.High = quantiles(v)
		t.Low, t.High = min(t.Low, t.Coefficient), max(t.High, t.Coefficient)
		for _, p := range f.paths {
			if n := min(len(chosen), len(p)); n > 0 && slices.Contains(p[n-1], j) {
				t.Folds += 1 / float64(len(f.paths))
			}
		}
		t.Folds = Round(t.Folds)
		out.Terms = append(out.Terms, t)
	}
	out.Rule = f.rule(out.Terms, sorted)
}

// quantiles are the 2.5 % and 97.5 % points.
func quantiles(v []float64) (low, high float64) {
	s := slices.Clone(v)
	slices.Sort(s)
	n := len(s)
	i := n * 25 / 1000
	return s[i], s[n-1-i]
}

// bootstrap fits the columns to units drawn with replacement and returns the
// coefficients of each draw. Where few rows hold a coefficient, draws vary too
// little; they are spread until they vary as variances says.
func (f *fit) bootstrap(set []int, fitted []float64) [][]float64 {
	k := len(set)
	cells := (k + 1) * (k + 1)
	unit := make([]float64, f.units*cells)
	x := make([][]float64, k+1)
	for i, j := range set {
		x[i] = f.scaled(j)
	}
	x[k] = make([]float64, f.rows)
	for n := range x[k] {
		x[k][n] = f.dw[n] * f.yscale
	}
	for n := range f.rows {
		g := unit[f.unit[n]*cells:]
		for i := range k + 1 {
			v := f.weight[n] * x[i][n]
			for j := range k + 1 {
				g[i*(k+1)+j] += float64(v * x[j][n])
			}
		}
	}
	at := make([]int, k)
	for i := range at {
		at[i] = i
	}
	times := make([]int, f.units)
	var out [][]float64
	for b := range f.Resamples {
		clear(times)
		s := key.Root(f.Seed).Child("bootstrap", uint64(b)).Stream()
		for range f.units {
			times[s.IntN(f.units)]++
		}
		g := newGram(k + 1)
		for u, t := range times {
			if t == 0 {
				continue
			}
			for i, v := range unit[u*cells : (u+1)*cells] {
				g.a[i] += float64(float64(t) * v)
			}
		}
		c, ok := g.solve(at)
		if !ok { // a draw in which the columns cannot be told apart
			c = make([]float64, k)
		}
		out = append(out, c)
	}
	for i, v := range f.variances(set, f.residuals(set)) {
		draws := make([]float64, len(out))
		for b := range out {
			draws[b] = out[b][i]
		}
		wider := 1.0
		if sd := deviation(draws); sd > 0 && v > sd*sd {
			wider = math.Sqrt(v) / sd
		}
		for b := range out {
			out[b][i] = fitted[i] + float64(wider*(out[b][i]-fitted[i]))
		}
	}
	return out
}

// rivals exchanges each chosen column for the one that fits best in its
// place, and keeps the exchanges that cross-validation cannot call worse.
func (f *fit) rivals(chosen []int, of func([]float64) float64) []Rival {
	own := make([]float64, f.rows)
	for i := range f.Folds {
		f.errors(i, chosen, own)
	}
	g := f.whole.clone()
	for _, j := range chosen {
		g.sweep(j)
	}
	y := g.n - 1
	var out []Rival
	for i, old := range chosen {
		g.sweep(old)
		at, most := -1, 0.0
		for _, j := range f.allowed {
			left := g.at(j, j)
			if j == old || slices.Contains(chosen, j) || left <= dependent*f.whole.at(j, j) {
				continue
			}
			if v := g.at(j, y) * g.at(j, y) / left; v > most {
				at, most = j, v
			}
		}
		g.sweep(old)
		if at < 0 {
			continue
		}
		set := slices.Clone(chosen)
		set[i] = at
		other := make([]float64, f.rows)
		for n := range f.Folds {
			f.errors(n, set, other)
		}
		if d, se := f.difference(other, own); d <= 2*se+float64(exact*float64(f.rows)) {
			c := f.whole.at(old, at)
			out = append(out, Rival{
				Term: f.expr(old), Instead: f.expr(at), HeldR2: of(other),
				R2: c * c / f.whole.at(old, old) / f.whole.at(at, at),
			})
		}
	}
	return out
}

const (
	// tied is the relative difference of coefficients that are equal up to
	// the digits that data are written with.
	tied = 1e-5
	// Coefficients that differ by a quarter are not called equal, whatever
	// their errors, nor are those whose difference is not known to 15 %.
	apart   = 0.25
	telling = 0.15
)

// rule writes the terms with one parameter for those whose coefficients agree
// in magnitude: lr for the largest, then a, b, and so on. They agree when the
// difference is small and within three standard errors of 0. Tied terms are
// fitted again as one.
func (f *fit) rule(terms []Term, draws [][]float64) *rulespace.Rule {
	group := make([]int, len(terms))
	var leads []int
	for i, t := range terms {
		group[i] = len(leads)
		for g, l := range leads {
			sign := 1.0
			if (t.Coefficient < 0) != (terms[l].Coefficient < 0) {
				sign = -1
			}
			d := make([]float64, len(draws[i]))
			for b := range d {
				d[b] = draws[i][b] - float64(sign*draws[l][b])
			}
			gap, size := math.Abs(t.Coefficient-float64(sign*terms[l].Coefficient)), math.Abs(terms[l].Coefficient)
			se := deviation(d)
			if gap <= tied*size || gap <= min(3*se, apart*size) && se <= telling*size {
				group[i] = g
				break
			}
		}
		if group[i] == len(leads) {
			leads = append(leads, i)
		}
	}
	x := make([][]float64, len(leads))
	y := make([]float64, f.rows)
	for g := range x {
		x[g] = make([]float64, f.rows)
	}
	for n := range f.rows {
		root := math.Sqrt(f.weight[n])
		y[n] = f.dw[n] * f.yscale * root
		for i, t := range terms {
			v := t.power.value(f.values, n) * root
			if t.Coefficient < 0 {
				v = -v
			}
			x[group[i]][n] += v
		}
	}
	size := make([]float64, len(leads))
	for g := range x {
		s := 0.0
		for _, v := range x[g] {
			s += float64(v * v)
		}
		size[g] = math.Sqrt(s)
		for n := range x[g] {
			x[g][n] /= size[g]
		}
	}
	c := leastSquares(x, y)
	r := &rulespace.Rule{}
	var dw *rulespace.Expr
	for g := range leads {
		name := paramName(g)
		r.Params = append(r.Params, rulespace.Param{Name: name, Value: Round(c[g] / size[g] / f.yscale)})
		for i, t := range terms {
			if group[i] != g {
				continue
			}
			e := rulespace.Apply(rulespace.Mul, rulespace.Name(name), t.Monomial)
			switch {
			case dw == nil && t.Coefficient < 0:
				dw = rulespace.Apply(rulespace.Neg, e)
			case dw == nil:
				dw = e
			case t.Coefficient < 0:
				dw = rulespace.Apply(rulespace.Sub, dw, e)
			default:
				dw = rulespace.Apply(rulespace.Add, dw, e)
			}
		}
	}
	r.DW = rulespace.Simplify(dw)
	return r
}

func deviation(v []float64) float64 {
	mean := total(v) / float64(len(v))
	s := 0.0
	for _, x := range v {
		s += float64((x - mean) * (x - mean))
	}
	return math.Sqrt(s / float64(len(v)-1))
}

// paramName names the parameters lr, a, b, …, z, c27, c28, …
func paramName(i int) string {
	switch {
	case i == 0:
		return "lr"
	case i <= 26:
		return string(rune('a' + i - 1))
	}
	return "c" + strconv.Itoa(i)
}
