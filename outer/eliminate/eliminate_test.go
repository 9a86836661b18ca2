package eliminate

import (
	"math"
	"math/bits"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/searchtest"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

func TestConformance(t *testing.T) {
	for name, opts := range map[string]Options{
		"floating": {},
		"one way":  {OneWay: true, Refit: -1},
	} {
		t.Run(name, func(t *testing.T) {
			searchtest.Run(t, searchtest.Suite{
				Make: func(space *rulespace.Space, _ key.Key) (outer.Searcher, error) {
					return New(space, opts)
				},
				Spaces: searchtest.Cubes(), Misfit: searchtest.Symbolic()[0],
			})
		})
	}
}

// pool returns a terms space over monomials with coefficients c1, c2, … that
// may be absent.
func pool(monomials []string) *rulespace.Space {
	s := &rulespace.Space{}
	for _, m := range monomials {
		s.Terms = append(s.Terms, rulespace.Term{Expr: searchtest.MustParse(m), Low: -1, High: 1, Optional: true})
	}
	return s
}

// positive is a pool of terms that are positive where they are there.
func positive(monomials []string) *rulespace.Space {
	s := pool(monomials)
	for i := range s.Terms {
		s.Terms[i].Low, s.Terms[i].Sign = 0, 1
	}
	return s
}

// data is a regression problem: columns of a pool's expressions, and a target.
type data struct {
	space   *rulespace.Space
	columns [][]float64
	target  []float64
}

type point struct {
	signals [rulespace.NumSignals]float64
	rule    *rulespace.Rule
}

func (p *point) SignalValue(s rulespace.Signal) float64 { return p.signals[s] }
func (p *point) NamedValue(name string) float64 {
	q, _ := p.rule.Param(name)
	return q.Value
}

func newData(monomials []string, target string, seed uint64) *data {
	d := &data{space: pool(monomials), columns: make([][]float64, len(monomials))}
	rng := key.Root(seed).Stream()
	for range 60 {
		var p point
		for s := range p.signals {
			p.signals[s] = rng.Uniform(-1.5, 1.5)
		}
		for i, t := range d.space.Terms {
			d.columns[i] = append(d.columns[i], t.Expr.Eval(&p))
		}
		d.target = append(d.target, searchtest.MustParse(target).Eval(&p)+0.05*rng.Normal())
	}
	return d
}

// result scores a rule by the part of the target that it explains.
func (d *data) result(r *rulespace.Rule) outer.Result {
	rest := slices.Clone(d.target)
	n := 0
	for i := range d.columns {
		c, ok := r.Param(d.name(i))
		if !ok {
			continue
		}
		n++
		for k := range rest {
			rest[k] -= c.Value * d.columns[i][k]
		}
	}
	out := outer.Result{
		Candidate: outer.Candidate{Rule: r}, Digest: r.Digest(), Complexity: n,
		Score: 1 - dot(rest, rest)/dot(d.target, d.target), N: 1, Full: true, Status: outer.OK,
	}
	if n == 0 {
		out.Status = outer.Silent
	}
	return out
}

func (d *data) name(i int) string { return "c" + string(rune('1'+i)) }

func (d *data) support(r *rulespace.Rule) uint {
	var set uint
	for i := range d.columns {
		if _, ok := r.Param(d.name(i)); ok {
			set |= 1 << i
		}
	}
	return set
}

// bestSubset is the largest part that k columns explain, by least squares on
// every subset, and the subset.
func (d *data) bestSubset(k int) (uint, float64) {
	var top uint
	best := math.Inf(-1)
	for set := uint(1); set < 1<<len(d.columns); set++ {
		if bits.OnesCount(set) != k {
			continue
		}
		x := mat.NewDense(len(d.target), k, nil)
		j := 0
		for i := range d.columns {
			if set>>i&1 == 1 {
				x.SetCol(j, d.columns[i])
				j++
			}
		}
		y := mat.NewVecDense(len(d.target), d.target)
		var c, rest mat.VecDense
		if err := c.SolveVec(x, y); err != nil {
			panic(err)
		}
		rest.MulVec(x, &c)
		rest.SubVec(y, &rest)
		if score := 1 - mat.Dot(&rest, &rest)/mat.Dot(y, y); score > best {
			top, best = set, score
		}
	}
	return top, best
}

func dot(a, b []float64) float64 {
	s := 0.0
	for i := range a {
		s += a[i] * b[i]
	}
	return s
}

// The path is that of best-subset regression: at the sizes that matter the
// same terms, and nowhere a score above what least squares can reach.
func TestPathIsBestSubset(t *testing.T) {
	monomials := []string{"pre*post", "pre", "post", "post^2*w", "w", "pre^2", "post^2", "pre*w", "pre*post*w"}
	for seed := range uint64(4) {
		d := newData(monomials, "0.8*pre*post - 0.5*post^2*w + 0.3*post^2", seed)
		s, err := New(d.space, Options{Refit: 8})
		if err != nil {
			t.Fatal(err)
		}
		all := d.space.Decode(slices.Repeat([]float64{0.3}, len(monomials)))
		if err := s.Seed([]outer.Candidate{{Rule: all}}); err != nil {
			t.Fatal(err)
		}
		told, err := searchtest.Drive(s, d.result, nil, 8, 100000)
		if err != nil {
			t.Fatal(err)
		}
		if reason, done := s.Done(); !done || reason != outer.Converged {
			t.Fatalf("seed %d: done %v, %s", seed, done, reason)
		}
		path := make([]outer.Result, 10)
		for _, r := range told {
			if k := r.Complexity; r.Status == outer.OK && (path[k].N == 0 || r.Score > path[k].Score) {
				path[k] = r
			}
		}
		for k := 1; k <= 9; k++ {
			set, bound := d.bestSubset(k)
			got := d.support(path[k].Rule)
			if path[k].Score > bound+1e-9 { // rounding of sums of 60 squares
				t.Errorf("seed %d: %d terms score %v, above least squares with %v", seed, k, path[k].Score, bound)
			}
			// 4 digits and a search instead of a solution leave this much.
			if k <= 3 && (got != set || path[k].Score < bound-1e-3) {
				t.Errorf("seed %d: the %d terms kept are %b with %v, the best are %b with %v",
					seed, k, got, path[k].Score, set, bound)
			}
		}
		if want := uint(1<<0 | 1<<3 | 1<<6); d.support(path[3].Rule) != want {
			t.Errorf("seed %d: the terms kept are %b, want %b", seed, d.support(path[3].Rule), want)
		}
		t.Logf("seed %d: %d evaluations", seed, len(told))
	}
}

// byTable scores a rule by which of the terms a, b, c and d it has.
func byTable(scores map[string]float64) func(*rulespace.Rule) outer.Result {
	return func(r *rulespace.Rule) outer.Result {
		set := ""
		for i, name := range []string{"a", "b", "c", "d"} {
			if _, ok := r.Param("c" + string(rune('1'+i))); ok {
				set += name
			}
		}
		score, ok := scores[set]
		if !ok {
			score = 0.01 * float64(len(set))
		}
		return outer.Result{
			Candidate: outer.Candidate{Rule: r}, Digest: r.Digest(), Complexity: len(set),
			Score: score, Full: true, Status: outer.OK,
		}
	}
}

// The pair {a, b} is the best, but on the way down b seems to be the one to
// lose. Plain backward elimination cannot undo that.
func TestFloatingRepairsAnEarlyMistake(t *testing.T) {
	scores := map[string]float64{
		"abcd": 0.9,
		"acd":  0.89, "abc": 0.88, "abd": 0.8, "bcd": 0.8,
		"ac": 0.3, "ad": 0.2, "cd": 0.2,
		"ab": 0.85, "bc": 0.1, "a": 0.25,
	}
	for _, c := range []struct {
		oneWay bool
		want   float64
	}{{true, 0.3}, {false, 0.85}} {
		space := pool([]string{"pre", "post", "w", "pre*post"})
		s, err := New(space, Options{OneWay: c.oneWay, Refit: -1, Start: []*rulespace.Rule{space.Decode([]float64{.5, .5, .5, .5})}})
		if err != nil {
			t.Fatal(err)
		}
		told, err := searchtest.Drive(s, byTable(scores), nil, 3, 1000)
		if err != nil {
			t.Fatal(err)
		}
		best := 0.0
		for _, r := range told {
			if r.Complexity == 2 {
				best = max(best, r.Score)
			}
		}
		if best != c.want {
			t.Errorf("one way %v: the best pair scores %v, want %v", c.oneWay, best, c.want)
		}
	}
}

// Where removals cost nothing, nothing is spent on taking them back, and two
// terms go at a time.
func TestNullTermsStayAway(t *testing.T) {
	flat := map[string]float64{}
	for _, set := range []string{"abcd", "abc", "abd", "acd", "bcd", "ab", "ac", "ad", "bc", "bd", "cd", "a", "b", "c", "d"} {
		flat[set] = 0.5
	}
	for _, oneWay := range []bool{true, false} {
		space := positive([]string{"pre", "post", "w", "pre*post"})
		s, err := New(space, Options{OneWay: oneWay, Refit: -1, Start: []*rulespace.Rule{space.Decode([]float64{.5, .5, .5, .5})}})
		if err != nil {
			t.Fatal(err)
		}
		told, err := searchtest.Drive(s, byTable(flat), nil, 3, 1000)
		if want := 1 + 4 + 1 + 2; err != nil || len(told) != want {
			t.Errorf("one way %v: %d rules were asked for, want %d (%v)", oneWay, len(told), want, err)
		}
	}
}

// Either of two terms can go, but not both: where leaving out several is missed,
// one goes.
func TestOneOfTwoStays(t *testing.T) {
	space := positive([]string{"pre", "post", "w", "pre*post"})
	s, err := New(space, Options{Refit: -1, Start: []*rulespace.Rule{space.Decode([]float64{.5, .5, .5, .5})}})
	if err != nil {
		t.Fatal(err)
	}
	told, err := searchtest.Drive(s, func(r *rulespace.Rule) outer.Result {
		out := flat(r)
		_, a := r.Param("c1")
		_, b := r.Param("c2")
		if a || b {
			out.Score = 0.9
		}
		return out
	}, nil, 3, 1000)
	if err != nil {
		t.Fatal(err)
	}
	// abcd; abc, abd, acd, bcd; cd, which is missed; bc, bd and cd again; b.
	if want := 1 + 4 + 1 + 2 + 1; len(told) != want || s.support(s.best[1].u) != "0+00" || s.best[1].told.Score != 0.9 {
		t.Errorf("%d rules were asked for, want %d, and the last is %+v", len(told), want, s.best[1])
	}
}

// That one term is of no use says nothing about those that were never there.
func TestTriesWhatWasNotThere(t *testing.T) {
	space := pool([]string{"pre", "post", "w", "pre*post"})
	s, err := New(space, Options{Refit: -1, Start: []*rulespace.Rule{space.Decode([]float64{.5, .5, 0, 0})}})
	if err != nil {
		t.Fatal(err)
	}
	scores := map[string]float64{"ab": 0.5, "a": 0.5, "ac": 0.9}
	told, err := searchtest.Drive(s, byTable(scores), nil, 3, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if top := s.best[2]; s.support(top.u) != "+0+0" {
		t.Errorf("the best pair is %+v after %d evaluations", top, len(told))
	}
}

// Nor does a term of no use with one sign say anything about the other.
func TestTriesTheOtherSign(t *testing.T) {
	space := pool([]string{"pre", "post"})
	s, err := New(space, Options{Start: []*rulespace.Rule{space.Decode([]float64{.5, -.2})}})
	if err != nil {
		t.Fatal(err)
	}
	told, err := searchtest.Drive(s, func(r *rulespace.Rule) outer.Result {
		out := flat(r)
		if b, _ := r.Param("c2"); b.Value > 0 {
			out.Score = b.Value
		}
		if _, ok := r.Param("c1"); ok {
			out.Score++
		}
		return out
	}, nil, 3, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if top := s.best[2]; top.told.Score < 1.9 {
		t.Errorf("the best pair is %+v after %d evaluations", top, len(told))
	}
}

// flat scores every rule alike.
func flat(r *rulespace.Rule) outer.Result {
	return outer.Result{Candidate: outer.Candidate{Rule: r}, Digest: r.Digest(), Complexity: r.Complexity(), Full: true, Status: outer.OK}
}

// Nor is anything fitted but the rule begun with: two probes of each of four
// coefficients in each of three rounds.
func TestWhatIsNotMissedIsNotFitted(t *testing.T) {
	space := positive([]string{"pre", "post", "w", "pre*post"})
	s, err := New(space, Options{Start: []*rulespace.Rule{space.Decode([]float64{.5, .5, .5, .5})}})
	if err != nil {
		t.Fatal(err)
	}
	told, err := searchtest.Drive(s, flat, nil, 3, 1000)
	if want := 1 + 3*2*4 + 4 + 1 + 2; err != nil || len(told) != want {
		t.Errorf("%d rules were asked for, want %d (%v)", len(told), want, err)
	}
}

// A coefficient that is further from its best than the rounds of a fit reach gets
// more of them: three go 0.1 each, and it has 0.5 to go.
func TestFitGoesOnWhileItGains(t *testing.T) {
	space := pool([]string{"pre*post"})
	s, err := New(space, Options{Probe: 0.05, Start: []*rulespace.Rule{space.Decode([]float64{0.9})}})
	if err != nil {
		t.Fatal(err)
	}
	told, err := searchtest.Drive(s, func(r *rulespace.Rule) outer.Result {
		u, _ := space.Coordinates(r)
		out := flat(r)
		out.Score = -(u[0] - 0.4) * (u[0] - 0.4)
		return out
	}, nil, 3, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if u := s.best[1].u[0]; math.Abs(u-0.4) > 1e-3 { // the vertex of a parabola, from coefficients of four digits
		t.Errorf("it ends at %v after %d evaluations, want 0.4", u, len(told))
	}
}

// What counts is the difference life by life, however much lives differ.
func TestBeyond(t *testing.T) {
	ok := func(each ...float64) outer.Result {
		r := outer.Result{Status: outer.OK, Full: true, Rung: 1, SE: 0.1, Each: each}
		for _, v := range each {
			r.Score += v / float64(len(each))
		}
		return r
	}
	steady, other := ok(0.11, 0.52, 0.91, 0.32), ok(0.10, 0.50, 0.90, 0.30)
	uneven := ok(0.51, 0.12, 0.91, 0.32) // as much better, by chance
	lower, failed, unpaired := other, other, ok()
	lower.Rung, lower.Full = 0, false
	failed.Status = outer.Failed
	unpaired.Score = other.Score - 0.09
	for _, c := range []struct {
		name string
		a, b outer.Result
		want bool
	}{
		{"better in every life", steady, other, true},
		{"worse in every life", other, steady, false},
		{"the same", other, other, false},
		{"better on average only", uneven, other, false},
		{"pruned earlier", other, lower, true},
		{"failed", other, failed, true},
		{"failed first", failed, other, false},
		{"lives not known, within the standard error", other, unpaired, false},
	} {
		if got := beyond(c.a, c.b); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if unpaired.Score -= 0.02; !beyond(other, unpaired) {
		t.Error("lives not known, beyond the standard error: false, want true")
	}
}

// Terms of a template leave when they are 0, and the rule becomes simpler.
func TestTemplate(t *testing.T) {
	fit := searchtest.NewFit(&rulespace.Rule{DW: searchtest.MustParse("0.8*pre*post - 1.2*post^2*w")}, false)
	start, err := searchtest.Template().WithParams(map[string]float64{"a": 0.7, "b": 0.1, "c": -0.1, "d": 1})
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(&rulespace.Space{Template: searchtest.Template()}, Options{Start: []*rulespace.Rule{start}, Refit: 6})
	if err != nil {
		t.Fatal(err)
	}
	told, err := searchtest.Drive(s, fit.Result, nil, 5, 5000)
	if err != nil {
		t.Fatal(err)
	}
	best := told[0]
	for _, r := range told {
		if len(r.Rule.Params) == 2 && r.Score > best.Score {
			best = r
		}
	}
	a, okA := best.Rule.Param("a")
	d, okD := best.Rule.Param("d")
	if !okA || !okD || math.Abs(a.Value-0.8) > 0.01 || math.Abs(d.Value-1.2) > 0.01 {
		t.Errorf("the best rule of two terms is %s %v", best.Rule.CanonicalText(), best.Rule.Params)
	}
	if full := searchtest.Template().Complexity(); best.Complexity >= full {
		t.Errorf("%s has complexity %d, no less than the template's %d", best.Rule.CanonicalText(), best.Complexity, full)
	}
}

// What cannot be absent stays, and the smaller of two equal rules is kept.
func TestKeepsWhatHasToBeThere(t *testing.T) {
	space := searchtest.Cubes()[1]
	s, err := New(space, Options{})
	if err != nil {
		t.Fatal(err)
	}
	told, err := searchtest.Drive(s, flat, nil, 10, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range told {
		if _, ok := r.Rule.Param("lr"); !ok {
			t.Fatalf("%s lacks the term that has to be there", r.Rule.CanonicalText())
		}
	}
	if last := s.best[1]; last == nil || s.support(last.u) != "+00" {
		t.Errorf("the last rule is %+v", last)
	}
}

// From nothing, terms are added one by one.
func TestGrowsFromNothing(t *testing.T) {
	d := newData([]string{"pre*post", "pre", "post", "post^2*w"}, "0.8*pre*post - 0.5*post^2*w", 1)
	s, err := New(d.space, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := searchtest.Drive(s, d.result, nil, 8, 10000); err != nil {
		t.Fatal(err)
	}
	if got := s.best[2]; got == nil || s.support(got.u) != "+00+" {
		t.Errorf("the best pair is %+v", got)
	}
}

func TestOptions(t *testing.T) {
	outside := &rulespace.Rule{DW: searchtest.MustParse("tanh(pre)")}
	for _, o := range []Options{{Probe: 1e-4}, {Probe: 0.6}, {Probe: math.NaN()}, {Start: []*rulespace.Rule{outside}}} {
		if _, err := New(searchtest.Cubes()[0], o); err == nil {
			t.Errorf("no error for %+v", o)
		}
	}
}

// The vertex of a parabola is found where both probes compare with the middle,
// the better probe where they do not.
func TestMove(t *testing.T) {
	score := func(x float64) outer.Result {
		return outer.Result{Status: outer.OK, Full: true, Score: 1 - 3*(x-0.07)*(x-0.07)}
	}
	pruned := outer.Result{Status: outer.OK, Score: 9}
	for _, c := range []struct {
		probes []outer.Result
		a      arm
		want   float64
	}{
		{[]outer.Result{score(0.1), score(-0.1)}, arm{0, 0, 1}, 0.07},
		{[]outer.Result{score(0.01), score(-0.01)}, arm{0, 0, 1}, 0.02}, // that far with h = 0.01
		{[]outer.Result{score(0.1), pruned}, arm{0, 0, 1}, 0.1},
		{[]outer.Result{pruned, score(-0.1)}, arm{0, 0, 1}, 0},
		{[]outer.Result{score(0.1)}, arm{0, 0, -1}, 0.1},
	} {
		h := 0.1
		if c.want == 0.02 {
			h = 0.01
		}
		if got := c.a.move(score(0), c.probes, h); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%v: moves %v, want %v", c.probes, got, c.want)
		}
	}
}
