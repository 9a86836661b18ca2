package enumerate

import (
	"fmt"
	"math/bits"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/searchtest"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

func TestConformance(t *testing.T) {
	searchtest.Run(t, searchtest.Suite{
		Make: func(space *rulespace.Space, k key.Key) (outer.Searcher, error) {
			return New(space, Options{}, k)
		},
		Spaces: searchtest.Symbolic(),
		Misfit: searchtest.Cubes()[0],
	})
}

// all runs an enumeration to its end.
func all(t testing.TB, space *rulespace.Space, opts Options) (*Searcher, []*rulespace.Rule) {
	t.Helper()
	s, err := New(space, opts, key.Key{})
	if err != nil {
		t.Fatal(err)
	}
	var rules []*rulespace.Rule
	for {
		asked, err := s.Ask(1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(asked) == 0 {
			return s, rules
		}
		for _, a := range asked {
			rules = append(rules, a.Rule)
		}
		if err := s.Tell(make([]outer.Result, len(asked))); err != nil {
			t.Fatal(err)
		}
	}
}

const (
	pre, post, w, theta = rulespace.SigPre, rulespace.SigPost, rulespace.SigW, rulespace.SigTheta
	add, sub, mul, div  = rulespace.Add, rulespace.Sub, rulespace.Mul, rulespace.Div
)

// Functions that differ in value, constants included, by operators: exact
// counts from evaluation in a finite field (below). A published count of
// distinct functions, from 12 random points and 8 digits, agrees in all but
// the largest sizes, where it has 5,979, 3,259 and 11,148: two too many each.
var published = []struct {
	signals   []rulespace.Signal
	constants []float64
	ops       []rulespace.Op
	want      []int // up to 1, 2, … operators
}{
	{[]rulespace.Signal{pre, w, post}, nil, []rulespace.Op{sub, mul}, []int{16, 101, 686, 4841}},
	{[]rulespace.Signal{pre, w, post}, []float64{1}, []rulespace.Op{add, sub, mul, div}, []int{42, 482, 5977}},
	{[]rulespace.Signal{pre, post, theta, w}, nil, []rulespace.Op{add, sub, mul}, []int{37, 331, 3257}},
	{[]rulespace.Signal{pre, w}, []float64{1, 0.1, 10}, []rulespace.Op{add, sub, mul, div}, []int{58, 760, 11146}},
}

func TestCounts(t *testing.T) {
	for _, c := range published {
		space := &rulespace.Space{Signals: rulespace.Signals(c.signals...), Constants: c.constants, Primitives: c.ops}
		name := fmt.Sprint(space.Signals, c.constants, c.ops)
		if diff := cmp.Diff(c.want, inField(len(c.signals), c.constants, c.ops, len(c.want))); diff != "" {
			t.Errorf("%s: counts in a finite field (-want +got):\n%s", name, diff)
		}
		for i, want := range c.want {
			space.MaxComplexity = 2*(i+1) + 1 // nodes of so many binary operators
			s, rules := all(t, space, Options{KeepScale: true})
			if got := s.values.len(); got != want {
				t.Errorf("%s: %d functions of at most %d operators, want %d", name, got, i+1, want)
			}
			n := 0
			for _, c := range s.Covered().Sizes {
				n += c.Rules
			}
			if n != len(rules) {
				t.Errorf("%s: counts sum to %d, but %d rules were asked for", name, n, len(rules))
			}
		}
	}
}

// inField counts distinct rational functions exactly, but for a chance of
// 1e-28: two that differ have different values at a random point of the field
// of 2⁶¹-1 elements with a chance of degree/2⁶¹, here at two points.
func inField(signals int, constants []float64, ops []rulespace.Op, operators int) []int {
	rng := key.Root(3).Stream()
	type value [2]uint64
	seen := map[value]bool{}
	levels := make([][]value, operators+1)
	offer := func(level int, v value) {
		if !seen[v] {
			seen[v] = true
			levels[level] = append(levels[level], v)
		}
	}
	for range signals {
		offer(0, value{rng.Uint64() % prime, rng.Uint64() % prime})
	}
	for _, c := range constants {
		v := uint64(c)
		if c == 0.1 {
			v = inverse(10)
		}
		offer(0, value{v, v})
	}
	var counts []int
	for level := 1; level <= operators; level++ {
		for a := range level {
			for _, x := range levels[a] {
				for _, y := range levels[level-1-a] {
					for _, op := range ops {
						v, ok := value{}, true
						for i := range v {
							switch op {
							case add:
								v[i] = (x[i] + y[i]) % prime
							case sub:
								v[i] = (x[i] + prime - y[i]) % prime
							case mul:
								v[i] = times(x[i], y[i])
							case div:
								v[i] = times(x[i], inverse(y[i]))
								ok = ok && y[i] != 0
							}
						}
						if ok {
							offer(level, v)
						}
					}
				}
			}
		}
		counts = append(counts, len(seen))
	}
	return counts
}

const prime = 1<<61 - 1

func times(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	_, r := bits.Div64(hi, lo, prime)
	return r
}

// inverse is Fermat's: a^(p-2).
func inverse(a uint64) uint64 {
	r := uint64(1)
	for e := uint64(prime - 2); e > 0; e >>= 1 {
		if e&1 == 1 {
			r = times(r, a)
		}
		a = times(a, a)
	}
	return r
}

// Against a naive oracle: all trees, told apart by their canonical form.
func TestComplete(t *testing.T) {
	space := &rulespace.Space{
		Signals: rulespace.Signals(pre, post, w), Constants: []float64{2},
		Primitives: []rulespace.Op{mul, rulespace.Neg, add, rulespace.Square}, MaxComplexity: 5,
	}
	canonical := func(e *rulespace.Expr) string { return rulespace.Canon(e).Scaled().String() }
	smallest := map[string]int{}
	trees := make([][]*rulespace.Expr, space.MaxComplexity+1)
	for n := 1; n <= space.MaxComplexity; n++ {
		if n == 1 {
			for _, s := range space.Signals.List() {
				trees[1] = append(trees[1], rulespace.Sig(s))
			}
			trees[1] = append(trees[1], rulespace.Const(2))
		}
		for _, op := range space.Primitives {
			if op.Info().Arity == 1 {
				for _, a := range trees[n-1] {
					trees[n] = append(trees[n], rulespace.Apply(op, a))
				}
				continue
			}
			for a := 1; a < n-1; a++ {
				for _, x := range trees[a] {
					for _, y := range trees[n-1-a] {
						trees[n] = append(trees[n], rulespace.Apply(op, x, y))
					}
				}
			}
		}
		for _, e := range trees[n] {
			c := rulespace.Canon(e)
			if c.IsZero() || c.Expr().Signals() == 0 {
				continue
			}
			if id := canonical(e); smallest[id] == 0 {
				smallest[id] = n
			}
		}
	}
	_, rules := all(t, space, Options{})
	got := map[string]int{}
	last := 0
	for _, r := range rules {
		e := r.DW.Arg(1)
		id := canonical(e)
		if got[id] != 0 {
			t.Errorf("%s was asked for twice", id)
		}
		got[id] = e.Size()
		if e.Size() < last {
			t.Errorf("%s comes after a larger rule", e)
		}
		last = e.Size()
	}
	if diff := cmp.Diff(smallest, got); diff != "" {
		t.Errorf("rules and their sizes (-naive +enumerated):\n%s", diff)
	}
}

func TestFindsOja(t *testing.T) {
	space := &rulespace.Space{
		Signals: rulespace.Signals(pre, post, w), Primitives: []rulespace.Op{sub, mul}, MaxComplexity: 9,
	}
	fit := searchtest.NewFit(&rulespace.Rule{DW: searchtest.MustParse("post*(pre - post*w)")}, true)
	s, err := New(space, Options{}, key.Key{})
	if err != nil {
		t.Fatal(err)
	}
	told, err := searchtest.Drive(s, fit.Result, func(r outer.Result) bool { return r.Score > 1-1e-12 }, 1, 10000)
	if err != nil {
		t.Fatal(err)
	}
	last := told[len(told)-1]
	if last.Score < 1-1e-12 || last.Rule.DW.Size()-2 != 7 {
		t.Fatalf("ended with %s, score %v", last.Rule.DW, last.Score)
	}
	// All 673 rules of up to 7 nodes (686 less zero, less 12 multiples).
	if len(told) > 673 {
		t.Errorf("Oja's rule is number %d of 673 rules of up to seven nodes", len(told))
	}
	t.Logf("Oja's rule is number %d; %s", len(told), s.Status())
	if got := s.Status(); !strings.HasPrefix(got, "size 7 of 9, distinct ") {
		t.Errorf("status %q", got)
	}
}

func TestAtRest(t *testing.T) {
	space := searchtest.Symbolic()[0]
	_, every := all(t, space, Options{})
	_, some := all(t, space, Options{AtRest: true})
	want := 0
	for _, r := range every {
		// At rest a polynomial is zero exactly when pre divides it.
		terms, ok := rulespace.Canon(r.DW).Monomials()
		divides := ok
		for _, m := range terms {
			has := false
			for _, f := range m.Factors {
				has = has || f.Base.Kind() == rulespace.KindSignal && f.Base.Signal() == pre
			}
			divides = divides && has
		}
		if divides {
			want++
		}
	}
	if len(some) != want || want == 0 || want == len(every) {
		t.Errorf("%d of %d rules rest, want %d", len(some), len(every), want)
	}
}

func TestMemoryLimit(t *testing.T) {
	space := *searchtest.Symbolic()[0]
	space.MaxComplexity = 11
	s, rules := all(t, &space, Options{Memory: 1 << 20})
	reason, done := s.Done()
	if !done || !strings.Contains(string(reason), "memory limit of 1 MiB was reached among rules of size 7 of 11") {
		t.Errorf("ended with %q after %d rules", reason, len(rules))
	}
}

func TestOptions(t *testing.T) {
	space := searchtest.Symbolic()[0]
	for _, o := range []Options{{MaxSize: -1}, {MaxSize: 8}, {Memory: -1}} {
		if _, err := New(space, o, key.Key{}); err == nil {
			t.Errorf("no error for %+v", o)
		}
	}
	s, rules := all(t, space, Options{MaxSize: 3})
	if n := rules[len(rules)-1].DW.Size() - 2; n != 3 || len(s.Covered().Sizes) != 3 {
		t.Errorf("the largest rule has %d nodes, counts are %v", n, s.Covered().Sizes)
	}
}

// Two values that differ by rounding are one on at least one grid.
func TestGridsForgiveRounding(t *testing.T) {
	rng := key.Root(9).Stream()
	set := newPrints()
	for range 20000 {
		col := make([]float64, 28)
		for i := range col {
			col[i] = rng.Normal()
		}
		p, _ := fingerprint(col, 4, 1)
		if !set.add(p) {
			t.Fatal("a random column is already known")
		}
		for i := range col {
			col[i] *= 1 + float64(rng.IntN(5)-2)*0x1p-52
		}
		if p, _ = fingerprint(col, 4, 1); set.add(p) {
			t.Fatal("rounding made another column")
		}
	}
}

func BenchmarkEnumerate(b *testing.B) {
	space := &rulespace.Space{
		Signals: rulespace.Signals(pre, post, w), Constants: []float64{1},
		Primitives: []rulespace.Op{add, sub, mul, div}, MaxComplexity: 9,
	}
	tried := 0
	for b.Loop() {
		s, _ := all(b, space, Options{})
		for _, c := range s.Covered().Sizes {
			tried += c.Tried
		}
	}
	b.ReportMetric(float64(tried)/b.Elapsed().Seconds(), "expressions/s")
}
