package identify

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/metaplast/metaplast/internal/fmath"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

const (
	minRows    = 10
	maxLibrary = 1000
)

// Options say how a rule is sought.
type Options struct {
	Degree   int // most factors of a monomial, 1 to 8; default 3
	MaxTerms int // most terms of the sum, 1 to 50; default 8
	Folds    int // parts of the cross-validation, 2 to 100; default 10
	// Resamples for the intervals, from 2; default 500.
	Resamples int
	// Robust gives rows with large residuals less weight (Huber).
	Robust bool
	Seed   uint64
}

// Check reports an option that is out of range.
func (o Options) Check() error { return o.normal() }

// normal sets defaults.
func (o *Options) normal() error {
	for _, f := range []struct {
		name               string
		value              *int
		otherwise, low, up int
	}{
		{"degree", &o.Degree, 3, 1, 8},
		{"terms", &o.MaxTerms, 8, 1, 50},
		{"folds", &o.Folds, 10, 2, 100},
		{"resamples", &o.Resamples, 500, 2, 100000},
	} {
		if *f.value == 0 {
			*f.value = f.otherwise
		}
		if *f.value < f.low || *f.value > f.up {
			return fmt.Errorf("%s %d is not between %d and %d", f.name, *f.value, f.low, f.up)
		}
	}
	return nil
}

// Term is a monomial of the rule.
type Term struct {
	Monomial    *rulespace.Expr
	Coefficient float64
	Low, High   float64 // 95 % bootstrap interval, given the monomials
	// Share of the folds in which the selection, done anew, has this term.
	Folds float64
	power monomial
}

// Step is the best sum of so many terms.
type Step struct {
	Terms  []*rulespace.Expr
	R2     float64 // on the data it was fitted to
	HeldR2 float64 // with terms and coefficients found without the rows it is tried on
}

// Alias is a monomial that the data cannot tell from a sum of simpler ones.
type Alias struct {
	Monomial *rulespace.Expr
	Equals   *rulespace.Expr // on these data
	powers   []monomial      // of Equals
}

// Rival is a monomial that does as well in the place of a chosen one.
type Rival struct {
	Term, Instead *rulespace.Expr
	HeldR2        float64 // with the exchange
	R2            float64 // share of Instead's square that Term explains alone
}

// Result is a fitted rule and the evidence for it.
type Result struct {
	Rule      *rulespace.Rule // nil when no term earned its place
	Terms     []Term          // the largest contribution first
	R2        float64
	HeldR2    float64 // of the chosen number of terms, from the cross-validation
	Residual  float64 // root mean square
	Path      []Step  // Path[k] has k+1 terms
	Rows      int
	Units     int
	Library   int // monomials tried
	Folds     int
	Constant  []rulespace.Signal // never change: left out
	Aliases   []Alias            // monomials left out
	Rivals    []Rival
	Condition float64 // of the chosen columns, each scaled to a mean square of 1
	// Successive is the correlation of successive residuals of a trajectory,
	// NaN where there are none. Near −0.5, the weights are measured with noise.
	Successive float64
	Outliers   int // rows more than six robust standard deviations off
}

// Fit finds a rule for the data. Errors say what is wrong with data or
// options.
func Fit(d *Data, o Options) (*Result, error) {
	if err := o.normal(); err != nil {
		return nil, err
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	f := &fit{Options: o, dw: d.DW, rows: len(d.DW), weight: make([]float64, len(d.DW))}
	f.useSignals(d)
	if countMonomials(len(f.signals), o.Degree, maxLibrary+1) > maxLibrary {
		return nil, fmt.Errorf("degree %d over %d signals makes more than %d monomials; take a lower degree or leave signals out", o.Degree, len(f.signals), maxLibrary)
	}
	sum := 0.0
	for i, y := range f.dw {
		sum += float64(y * y)
		f.weight[i] = 1
	}
	if sum == 0 {
		return nil, errors.New("dw is 0 in every row: there is no change to explain")
	}
	f.yscale = 1 / math.Sqrt(sum/float64(f.rows))
	f.library = monomials(len(f.signals), o.Degree)
	f.table = newTable(f.values, f.library, f.rows)
	if err := f.useUnits(d.Unit); err != nil {
		return nil, err
	}
	chosen := f.choose()
	for range robustRounds {
		if !o.Robust {
			break
		}
		f.reweigh(f.residuals(chosen))
		chosen = f.choose()
	}
	return f.result(chosen, d.Follows), nil
}

// fit is a fit on its way. Columns are numbers of monomials.
type fit struct {
	Options
	signals  []rulespace.Signal
	values   [][]float64
	constant []rulespace.Signal
	dw       []float64
	rows     int
	unit     []int
	units    int
	fold     []int // of each row
	yscale   float64
	weight   []float64

	library []monomial
	table   *table
	whole   *gram
	train   []*gram // without each fold
	allowed []int
	aliases []Alias
	paths   [][][]int // of each fold
	path    [][]int
	held    [][]float64 // squared error of each row, when held out, by number of terms
}

// useSignals takes the signals that change, in vocabulary order.
func (f *fit) useSignals(d *Data) {
	order := make([]int, len(d.Signals))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return int(d.Signals[a]) - int(d.Signals[b]) })
	for _, i := range order {
		if slices.Min(d.Values[i]) == slices.Max(d.Values[i]) {
			f.constant = append(f.constant, d.Signals[i])
			continue
		}
		f.signals = append(f.signals, d.Signals[i])
		f.values = append(f.values, d.Values[i])
	}
}

// useUnits deals the units out to the folds.
func (f *fit) useUnits(unit []int) error {
	f.unit = unit
	if unit == nil {
		f.unit = make([]int, f.rows)
		for i := range f.unit {
			f.unit[i] = i
		}
	}
	f.units = slices.Max(f.unit) + 1
	if f.units < 2 {
		return errors.New("the rows are one unit: nothing can be held out")
	}
	f.Folds = min(f.Folds, f.units)
	order := make([]int, f.units)
	key.Root(f.Seed).Child("folds", 0).Stream().Perm(order)
	f.fold = make([]int, f.rows)
	for i, u := range f.unit {
		f.fold[i] = order[u] % f.Folds
	}
	return nil
}

// choose selects columns under the present weights of the rows.
func (f *fit) choose() []int {
	f.grams()
	f.findAliases()
	most := min(f.MaxTerms, max(1, f.rows/minRows))
	f.path = path(f.whole, f.allowed, most)
	f.validate(most)
	k := f.oneStandardError()
	for k > 0 && f.doubtful(f.path[k-1]) {
		k--
	}
	if k == 0 {
		return nil
	}
	return f.path[k-1]
}

func (f *fit) grams() {
	p := len(f.library) + 1
	parts := make([]*gram, f.Folds)
	for i := range parts {
		parts[i] = newGram(p)
	}
	row := make([]float64, p)
	for n := range f.rows {
		f.table.row(row[:p-1], n)
		row[p-1] = f.dw[n] * f.yscale
		parts[f.fold[n]].add(row, f.weight[n])
	}
	f.whole = newGram(p)
	for _, g := range parts {
		g.mirror()
		f.whole.plus(g)
	}
	f.train = parts
	for i, g := range parts {
		f.train[i] = f.whole.minus(g)
	}
}

// findAliases leaves out the monomials that, on these rows, are sums of
// simpler ones, such as the square of a reward that is 0 or 1. With fewer
// rows than monomials every set of so many columns is dependent, so that only
// pairs count.
func (f *fit) findAliases() {
	f.allowed, f.aliases = nil, nil
	g := f.whole.clone()
	for j := range f.library {
		square := f.whole.at(j, j)
		if square == 0 {
			continue
		}
		pair := slices.IndexFunc(f.allowed, func(i int) bool {
			c := f.whole.at(i, j)
			return c*c >= (1-1e-12)*square*f.whole.at(i, i)
		})
		switch {
		case pair >= 0:
			i := f.allowed[pair]
			f.alias(j, []int{i}, []float64{f.whole.at(i, j) / f.whole.at(i, i)})
		case f.rows <= 2*len(f.library):
			f.allowed = append(f.allowed, j)
		case g.at(j, j) <= dependent*square:
			var at []int
			var c []float64
			for _, i := range f.allowed {
				if v := g.at(i, j); math.Abs(v) > 1e-6 {
					at, c = append(at, i), append(c, v)
				}
			}
			f.alias(j, at, c)
		default:
			g.sweep(j)
			f.allowed = append(f.allowed, j)
		}
	}
}

// alias notes that column j is the sum of columns at with scaled coefficients.
func (f *fit) alias(j int, at []int, c []float64) {
	a := Alias{Monomial: f.expr(j)}
	var sum *rulespace.Expr
	for n, i := range at {
		a.powers = append(a.powers, f.library[i])
		v := Round(c[n] * f.table.scale[i] / f.table.scale[j])
		t := f.expr(i)
		switch {
		case f.library[i].degree() == 0:
			t = rulespace.Const(v)
		case v != 1:
			t = rulespace.Apply(rulespace.Mul, rulespace.Const(v), t)
		}
		if sum == nil {
			sum = t
		} else {
			sum = rulespace.Apply(rulespace.Add, sum, t)
		}
	}
	if sum == nil {
		sum = rulespace.Const(0)
	}
	a.Equals = rulespace.Simplify(sum)
	f.aliases = append(f.aliases, a)
}

func (m monomial) degree() int {
	d := 0
	for _, p := range m {
		d += p
	}
	return d
}

// expr is a monomial as it is written elsewhere.
func (f *fit) expr(j int) *rulespace.Expr {
	return rulespace.Simplify(f.library[j].expr(f.signals))
}

func (f *fit) exprs(set []int) []*rulespace.Expr {
	out := make([]*rulespace.Expr, len(set))
	for i, j := range set {
		out[i] = f.expr(j)
	}
	return out
}

// scaled is a column of the library.
func (f *fit) scaled(j int) []float64 {
	out := make([]float64, f.rows)
	for n := range out {
		out[n] = f.library[j].value(f.values, n) * f.table.scale[j]
	}
	return out
}

// validate repeats the selection without each fold and notes the errors there.
func (f *fit) validate(most int) {
	f.held = make([][]float64, most+1)
	for k := range f.held {
		f.held[k] = make([]float64, f.rows)
	}
	f.paths = make([][][]int, f.Folds)
	for i := range f.Folds {
		f.paths[i] = path(f.train[i], f.allowed, most)
		for k := range f.held {
			var set []int
			if n := min(k, len(f.paths[i])); n > 0 {
				set = f.paths[i][n-1]
			}
			f.errors(i, set, f.held[k])
		}
	}
}

// errors sets the squared errors in fold i of a fit to the other folds.
func (f *fit) errors(i int, set []int, out []float64) {
	c, ok := f.train[i].solve(set)
	if !ok {
		set = nil
	}
	for n := range f.rows {
		if f.fold[n] != i {
			continue
		}
		e := f.dw[n] * f.yscale
		for m, j := range set {
			e -= float64(c[m] * float64(f.library[j].value(f.values, n)*f.table.scale[j]))
		}
		out[n] = f.weight[n] * float64(e*e)
	}
}

// oneStandardError is the smallest number of terms whose held-out error is
// within one standard error of the least. The error is that of the paired
// difference: rows are hard or easy for all sums alike, and unpaired it would
// hide small terms. L. Breiman et al., Classification and Regression Trees
// (1984), section 3.4.3, has the rule for the plain error.
func (f *fit) oneStandardError() int {
	last := len(f.path)
	least, best := 0, math.Inf(1)
	for k := range last + 1 {
		if s := total(f.held[k]); s < best {
			least, best = k, s
		}
	}
	for k := range least {
		d, se := f.difference(f.held[k], f.held[least])
		if d <= se+float64(exact*float64(f.rows)) {
			return k
		}
	}
	return least
}

// difference is the sum over rows of a − b and its standard error over units.
func (f *fit) difference(a, b []float64) (sum, se float64) {
	by := make([]float64, f.units)
	for n := range a {
		by[f.unit[n]] += a[n] - b[n]
	}
	sum = total(by)
	mean, ss := sum/float64(f.units), 0.0
	for _, v := range by {
		ss += float64((v - mean) * (v - mean))
	}
	return sum, math.Sqrt(ss * float64(f.units) / float64(f.units-1))
}

func total(v []float64) float64 {
	s := 0.0
	for _, x := range v {
		s += x
	}
	return s
}

// doubtful reports a term whose t falls short of what the best of all columns
// reaches by chance, t² < ln n + 2·ln p: the extended Bayesian information
// criterion with γ = 1 (J. Chen, Z. Chen, Biometrika 95:759, 2008).
func (f *fit) doubtful(set []int) bool {
	r := f.residuals(set)
	ss := 0.0
	for n, e := range r {
		ss += float64(f.weight[n] * float64(e*e))
	}
	if ss <= exact*float64(f.rows) {
		return false
	}
	c, ok := f.whole.solve(set)
	if !ok {
		return true
	}
	need := fmath.Log(float64(f.units)) + float64(2*fmath.Log(float64(len(f.allowed))))
	variance := f.variances(set, r)
	for i := range set {
		if c[i]*c[i] < need*variance[i] {
			return true
		}
	}
	return false
}

// variances returns those of the coefficients: the larger of the usual ones
// and of ones robust to variances that differ between rows and to correlations
// within units. Residuals are divided by 1 − leverage, because monomials of
// high degree owe much to few rows, which pull the fit to themselves.
//
// J. G. MacKinnon, H. White, J. Econometrics 29:305 (1985), HC3; K.-Y. Liang,
// S. L. Zeger, Biometrika 73:13 (1986).
func (f *fit) variances(set []int, r []float64) []float64 {
	k := len(set)
	inverse, ok := f.whole.inverse(set)
	out := make([]float64, k)
	if !ok {
		for i := range out {
			out[i] = math.Inf(1)
		}
		return out
	}
	x := make([][]float64, k)
	for i, j := range set {
		x[i] = f.scaled(j)
	}
	influence := make([]float64, f.units*k) // of each unit on each coefficient
	row, ss, weights := make([]float64, k), 0.0, 0.0
	for n, e := range r {
		ss += float64(f.weight[n] * float64(e*e))
		weights += f.weight[n]
		leverage := 0.0
		for i := range row {
			row[i] = 0
			for j := range k {
				row[i] += float64(inverse[i*k+j] * x[j][n])
			}
			leverage += float64(f.weight[n] * float64(row[i]*x[i][n]))
		}
		e *= f.weight[n] / max(1-leverage, 0.01)
		for i, v := range row {
			influence[f.unit[n]*k+i] += float64(v * e)
		}
	}
	ss /= weights * float64(max(1, f.rows-k)) / float64(f.rows)
	for i := range out {
		for u := range f.units {
			v := influence[u*k+i]
			out[i] += float64(v * v)
		}
		out[i] = max(out[i], ss*inverse[i*k+i])
	}
	return out
}

// coefficients fits the columns set, in units of the data's scale.
func (f *fit) coefficients(set []int) []float64 {
	x := make([][]float64, len(set))
	y := make([]float64, f.rows)
	root := make([]float64, f.rows)
	for n := range y {
		root[n] = math.Sqrt(f.weight[n])
		y[n] = f.dw[n] * f.yscale * root[n]
	}
	for i, j := range set {
		x[i] = f.scaled(j)
		for n := range x[i] {
			x[i][n] *= root[n]
		}
	}
	return leastSquares(x, y)
}

// residuals are what the columns set leave of the scaled weight change.
func (f *fit) residuals(set []int) []float64 {
	r := make([]float64, f.rows)
	for n, y := range f.dw {
		r[n] = y * f.yscale
	}
	for i, c := range f.coefficients(set) {
		x := f.scaled(set[i])
		for n := range r {
			r[n] -= float64(c * x[n])
		}
	}
	return r
}

const robustRounds = 5

// spread is 1.4826 times the median magnitude: the standard deviation where
// residuals are normal.
func spread(r []float64) float64 {
	a := make([]float64, len(r))
	for n, e := range r {
		a[n] = math.Abs(e)
	}
	slices.Sort(a)
	return 1.4826 * a[len(a)/2]
}

// reweigh gives rows beyond 1.345 standard deviations a weight that falls
// with their residual (P. J. Huber, Ann. Math. Statist. 35:73, 1964).
func (f *fit) reweigh(r []float64) {
	limit := 1.345 * spread(r)
	for n, e := range r {
		f.weight[n] = 1
		if a := math.Abs(e); a > limit && limit > 0 {
			f.weight[n] = limit / a
		}
	}
}
