package cgp

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/searchtest"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

func TestConformance(t *testing.T) {
	for name, opts := range map[string]Options{
		"1+4":      {},
		"3+5":      {Mu: 3, Lambda: 5, Initial: 2, Plateau: 20},
		"all":      {Mutation: 0.05, KeepOrder: true, Numbers: 2, Plateau: 50},
		"no drift": {Lambda: 1, Tries: 1, Plateau: -1, KeepScale: true, Columns: 1},
	} {
		t.Run(name, func(t *testing.T) {
			searchtest.Run(t, searchtest.Suite{
				Make: func(space *rulespace.Space, k key.Key) (outer.Searcher, error) {
					return New(space, opts, k)
				},
				Spaces: append(searchtest.Symbolic(), searchtest.Tuples()...), Misfit: searchtest.Cubes()[0], Stochastic: true, Asks: 80,
			})
		})
	}
}

const (
	pre, post, w, target = rulespace.SigPre, rulespace.SigPost, rulespace.SigW, rulespace.SigTarget
	add, sub, mul        = rulespace.Add, rulespace.Sub, rulespace.Mul
)

// The landscape is that of symbolic regression, over all signal values; a
// search has 3,000 evaluations, of which enumeration needs up to 673 for the
// first and about 2,000 for the second space.
func TestFindsKnownRules(t *testing.T) {
	for _, c := range []struct {
		name, rule string
		space      rulespace.Space
	}{
		{"Oja, smallest space", "post*(pre - post*w)", rulespace.Space{
			Signals: rulespace.Signals(pre, post, w), Primitives: []rulespace.Op{sub, mul}, MaxComplexity: 9,
		}},
		{"Oja", "post*(pre - post*w)", rulespace.Space{
			Signals: rulespace.Signals(pre, post, w), Primitives: []rulespace.Op{add, sub, mul},
			Constants: []float64{1}, MaxComplexity: 12,
		}},
		{"delta rule", "pre*(target - post)", rulespace.Space{
			Signals: rulespace.Signals(pre, post, w, target), Primitives: []rulespace.Op{add, sub, mul},
			Constants: []float64{1}, MaxComplexity: 12,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			fit := searchtest.NewFit(&rulespace.Rule{DW: searchtest.MustParse(c.rule)}, true)
			const seeds, budget = 10, 3000
			found := func(r outer.Result) bool { return r.Score > 1-1e-9 }
			solved, evaluations := 0, 0
			for seed := range uint64(seeds) {
				s, err := New(&c.space, Options{}, key.Root(seed))
				if err != nil {
					t.Fatal(err)
				}
				told, err := searchtest.Drive(s, fit.Result, found, 4, budget)
				if err != nil {
					t.Fatal(err)
				}
				evaluations += len(told)
				if slices.ContainsFunc(told, found) {
					solved++
				}
			}
			t.Logf("%d of %d, %d evaluations per success", solved, seeds, evaluations/max(solved, 1))
			if solved < 9 {
				t.Errorf("found in %d of %d searches of %d evaluations", solved, seeds, budget)
			}
		})
	}
}

// Two assignments at once, of at most 14 nodes together, in 2,000 evaluations:
// equal ones, which can share all nodes, and different ones.
func TestFindsPairs(t *testing.T) {
	feedback := rulespace.Signals(pre, rulespace.SigErr, w)
	space := rulespace.Space{
		Signals: feedback | rulespace.Signals(post), Primitives: []rulespace.Op{sub, mul}, Constants: []float64{0.5}, MaxComplexity: 14,
		Outputs: []rulespace.Output{{Slot: rulespace.SlotDW}, {Slot: rulespace.SlotDFB, Signals: feedback}},
	}
	for _, c := range []struct{ dw, dfb string }{
		{"err*pre - 0.5*w", "err*pre - 0.5*w"},
		{"pre*post - w", "pre*err"},
	} {
		fit := searchtest.NewFit(&rulespace.Rule{DW: searchtest.MustParse(c.dw), DFB: searchtest.MustParse(c.dfb)}, true)
		const seeds, budget = 10, 2000
		found := func(r outer.Result) bool { return r.Score > 1-1e-9 }
		solved, evaluations := 0, 0
		for seed := range uint64(seeds) {
			s, err := New(&space, Options{Columns: 15}, key.Root(seed))
			if err != nil {
				t.Fatal(err)
			}
			told, err := searchtest.Drive(s, fit.Result, found, 4, budget)
			if err != nil {
				t.Fatal(err)
			}
			evaluations += len(told)
			if slices.ContainsFunc(told, found) {
				solved++
			}
		}
		t.Logf("%s with %s: %d of %d, %d evaluations per success", c.dw, c.dfb, solved, seeds, evaluations/max(solved, 1))
		if solved < 9 {
			t.Errorf("%s with %s: found in %d of %d searches of %d evaluations", c.dw, c.dfb, solved, seeds, budget)
		}
	}
}

func TestVisitsOnce(t *testing.T) {
	space := searchtest.Symbolic()[0]
	s, err := New(space, Options{Plateau: 30}, key.Root(1))
	if err != nil {
		t.Fatal(err)
	}
	fit := searchtest.NewFit(&rulespace.Rule{DW: searchtest.MustParse("tanh(pre*post)")}, true)
	probe := rulespace.FixedProbe(space.Signals)
	seen := map[rulespace.FP]bool{}
	_, err = searchtest.Drive(s, func(r *rulespace.Rule) outer.Result {
		id, ok := rulespace.Fingerprint(r.DW.Arg(1), probe, true)
		if seen[id] || !ok {
			t.Errorf("%s was asked for twice or is no rule", r.DW)
		}
		seen[id] = true
		return fit.Result(r)
	}, nil, 4, 500)
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) < 500 || s.restarts < 5 {
		t.Errorf("%d rules in %d starts", len(seen), s.restarts)
	}
}

// In a space of few rules a search ends when it has asked for all of them: pre,
// post, their product and squares; of pairs of these those in which one is a
// signal.
func TestExhausts(t *testing.T) {
	single := rulespace.Space{
		Signals: rulespace.Signals(pre, post), Primitives: []rulespace.Op{mul}, MaxComplexity: 3,
	}
	pairs := single
	pairs.Outputs, pairs.MaxComplexity = []rulespace.Output{{Slot: rulespace.SlotDW}, {Slot: rulespace.SlotDFB}}, 4
	for want, space := range map[int]*rulespace.Space{5: &single, 2*2 + 2*3 + 3*2: &pairs} {
		s, err := New(space, Options{}, key.Root(1))
		if err != nil {
			t.Fatal(err)
		}
		fit := searchtest.NewFit(&rulespace.Rule{DW: searchtest.MustParse("pre*post")}, true)
		told, err := searchtest.Drive(s, fit.Result, nil, 4, 100)
		if reason, done := s.Done(); err != nil || !done || reason != outer.Exhausted || len(told) != want {
			t.Errorf("%d rules of %d; done: %v (%s), %v", len(told), want, done, reason, err)
		}
	}
}

func testShape() shape {
	return newShape(&rulespace.Space{
		Signals:    rulespace.Signals(pre, post, w),
		Primitives: []rulespace.Op{add, sub, mul, rulespace.Tanh, rulespace.Clip}, Constants: []float64{1},
		Outputs: []rulespace.Output{{Slot: rulespace.SlotDW}, {Slot: rulespace.SlotDFB}},
	}, Options{Columns: 12, Numbers: 2})
}

// changed counts the genes that the outputs of g depended on before and that
// are different now, and checks that the genome still is a graph.
func changed(t interface{ Fatalf(string, ...any) }, sh *shape, before, g *genome, l live) int {
	n := 0
	for i, v := range g.out {
		if v != before.out[i] {
			n++
		}
	}
	for i, on := range l.number {
		if on && g.number[i] != before.number[i] {
			n++
		}
	}
	for i, on := range l.node {
		if !on {
			continue
		}
		if g.op[i] != before.op[i] {
			n++
		}
		for a := range sh.ops[before.op[i]].Info().Arity {
			if g.in[i*sh.arity+a] != before.in[i*sh.arity+a] {
				n++
			}
		}
	}
	for i := range g.op {
		for a := range sh.arity {
			if v := int(g.in[i*sh.arity+a]); v < 0 || v >= sh.first()+i {
				t.Fatalf("node %d reads value %d", i, v)
			}
		}
	}
	return n
}

// Exactly one gene that an output depends on changes.
func TestSingleMutation(t *testing.T) {
	sh := testShape()
	rapid.Check(t, func(t *rapid.T) {
		rng := key.Root(rapid.Uint64().Draw(t, "seed")).Stream()
		g := sh.random(rng)
		before := sh.clone(g)
		l := sh.newLive()
		sh.mark(g, l)
		if !sh.mutateSingle(g, l, rng) {
			t.Fatal("nothing changed")
		}
		if n := changed(t, &sh, before, g, l); n != 1 {
			t.Fatalf("%d active genes changed", n)
		}
	})
}

// A mutation at rate p changes p·n of n active genes, every one of them with
// the same probability, and says whether it changed any. The mean of 4,000
// draws of a binomial has a standard error of √(n·p·(1-p)/4,000); four of
// them are allowed. (hal-cgp 0.1 mutated eleven times as often as it said.)
func TestMutationRate(t *testing.T) {
	sh := testShape()
	for seed := range uint64(3) {
		rng := key.Root(seed).Stream()
		g := sh.random(rng)
		g.out[0] = int32(sh.first() + sh.columns - 1)
		l := sh.newLive()
		sh.mark(g, l)
		active := 0
		for k := range sh.genes() {
			if sh.matters(g, l, k) {
				active++
			}
		}
		for _, rate := range []float64{0, 0.02, 0.3, 1} {
			const draws = 4000
			sum := 0
			for range draws {
				h := sh.clone(g)
				any := sh.mutateRate(h, l, rate, rng)
				n := changed(t, &sh, g, h, l)
				if any != (n > 0) {
					t.Fatalf("%d active genes changed, but it said %v", n, any)
				}
				sum += n
			}
			mean, want := float64(sum)/draws, rate*float64(active)
			if math.Abs(mean-want) > 4*math.Sqrt(want*(1-rate)/draws) {
				t.Errorf("at rate %v %v of %d active genes changed, want %v", rate, mean, active, want)
			}
		}
	}
}

// A reordered genome means what it did, and its active nodes reach places all
// over it.
func TestReorder(t *testing.T) {
	sh := testShape()
	l := sh.newLive()
	rapid.Check(t, func(t *rapid.T) {
		rng := key.Root(rapid.Uint64().Draw(t, "seed")).Stream()
		g := sh.random(rng)
		sh.mark(g, l)
		before := sh.express(g, l)
		sh.reorder(g, rng)
		if n := changed(t, &sh, g, g, l); n != 0 {
			t.Fatalf("%d genes differ from themselves", n)
		}
		sh.mark(g, l)
		if after := sh.express(g, l); !slices.EqualFunc(after, before, (*rulespace.Expr).Equal) {
			t.Fatalf("%s became %s", before, after)
		}
	})
	// Nodes that read only leaves can be anywhere.
	rng := key.Root(1).Stream()
	g := sh.newGenome()
	g.out[0] = int32(sh.first())
	places := map[int32]int{}
	const draws = 6000
	for range draws {
		sh.reorder(g, rng)
		places[g.out[0]]++
	}
	for v, n := range places {
		// Five standard errors of a binomial.
		if p := 1 / float64(sh.columns); math.Abs(float64(n)-draws*p) > 5*math.Sqrt(draws*p*(1-p)) {
			t.Errorf("the output was at %d %d times of %d", v, n, draws)
		}
	}
	if len(places) != sh.columns {
		t.Errorf("the output was at %d of %d places", len(places), sh.columns)
	}
}

// Numbers that the space does not have are found together with the structure:
// the decay of this rule is 0.37 of its growth.
func TestTunesNumbers(t *testing.T) {
	space := &rulespace.Space{
		Signals: rulespace.Signals(pre, post, w), Primitives: []rulespace.Op{sub, mul}, MaxComplexity: 7,
	}
	fit := searchtest.NewFit(&rulespace.Rule{DW: searchtest.MustParse("pre*post - 0.37*w")}, true)
	best := map[int]float64{}
	for _, numbers := range []int{0, 2} {
		s, err := New(space, Options{Numbers: numbers}, key.Root(1))
		if err != nil {
			t.Fatal(err)
		}
		told, err := searchtest.Drive(s, fit.Result, nil, 4, 800)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range told {
			best[numbers] = max(best[numbers], r.Score)
		}
	}
	if best[2] < 0.999 || best[0] > 0.99 {
		t.Errorf("the best fits are %v with numbers and %v without", best[2], best[0])
	}
}

// A genome that encodes what another one expresses expresses the same.
func TestEncode(t *testing.T) {
	sh := testShape()
	rapid.Check(t, func(t *rapid.T) {
		rng := key.Root(rapid.Uint64().Draw(t, "seed")).Stream()
		active := sh.newLive()
		g := sh.random(rng)
		sh.mark(g, active)
		e := sh.express(g, active)
		h, err := sh.encode(e, rng)
		if err != nil {
			t.Fatal(err)
		}
		sh.mark(h, active)
		if f := sh.express(h, active); !slices.EqualFunc(f, e, (*rulespace.Expr).Equal) {
			t.Fatalf("%s became %s", e, f)
		}
	})
}

func TestStart(t *testing.T) {
	space := searchtest.Symbolic()[0]
	oja := &rulespace.Rule{
		DW:     searchtest.MustParse("lr*post*(pre - post*w)", "lr"),
		Params: []rulespace.Param{{Name: "lr", Value: 0.3}},
	}
	s, err := New(space, Options{Start: []*rulespace.Rule{oja}}, key.Root(1))
	if err != nil {
		t.Fatal(err)
	}
	err = s.Seed([]outer.Candidate{
		{Rule: &rulespace.Rule{DW: searchtest.MustParse("tanh(pre)")}}, // outside the space
		{Rule: &rulespace.Rule{DW: searchtest.MustParse("-w")}},
		{Rule: &rulespace.Rule{DW: searchtest.MustParse("pre^3")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	asked, err := s.Ask(10)
	if err != nil || len(asked) != 3 {
		t.Fatalf("asked for %d rules (%v)", len(asked), err)
	}
	for i, want := range []string{"post*(pre - post*w)", "-w", "pre^3"} {
		if got := rulespace.Canon(asked[i].Rule.DW.Arg(1)); !got.Equal(rulespace.Canon(searchtest.MustParse(want))) {
			t.Errorf("start %d is %s, want %s", i, got, want)
		}
	}
	pairs := *space
	pairs.Outputs, pairs.MaxComplexity = []rulespace.Output{{Slot: rulespace.SlotDW}, {Slot: rulespace.SlotDFB}}, 14
	both := *oja
	both.DFB = searchtest.MustParse("lr*pre*post", "lr")
	if s, err = New(&pairs, Options{Start: []*rulespace.Rule{&both, oja}}, key.Root(1)); err != nil {
		t.Fatal(err)
	}
	if asked, err = s.Ask(10); err != nil || len(asked) != 2 {
		t.Fatalf("asked for %d rules (%v)", len(asked), err)
	}
	for i, want := range []string{"dw: lr*post*pre - lr*post^2*w; dfb: lr*post*pre", "dw: lr*post*pre - lr*post^2*w; dfb: 0"} {
		if got := asked[i].Rule.CanonicalText(); got != want {
			t.Errorf("start %d is %s, want %s", i, got, want)
		}
	}
	for _, dw := range []string{"tanh(pre)", "pre*err", "0.5*pre + post"} {
		if _, err := New(space, Options{Start: []*rulespace.Rule{{DW: searchtest.MustParse(dw)}}}, key.Root(1)); err == nil {
			t.Errorf("no error for a start from %s", dw)
		}
	}
}

// Among equals the newcomer wins; among worse ones it does not.
func TestNeutralDrift(t *testing.T) {
	s := &Searcher{opts: Options{Mu: 1}}
	result := func(score float64) outer.Result { return outer.Result{Status: outer.OK, Full: true, Score: score} }
	old := individual{id: rulespace.FP{1}, result: result(0.5)}
	equal := individual{id: rulespace.FP{2}, result: result(0.5)}
	worse := individual{id: rulespace.FP{3}, result: result(0.4)}
	failed := individual{id: rulespace.FP{4}, result: outer.Result{Status: outer.Failed, Full: true, Score: 1}}
	s.parents = []individual{old}
	s.brood = []individual{worse, failed, equal}
	if better := s.survive(); better || s.parents[0].id != equal.id {
		t.Errorf("better: %v, parent is %v", better, s.parents[0].id)
	}
	s.brood = []individual{worse, failed}
	if s.survive(); s.parents[0].id != equal.id {
		t.Errorf("parent is %v", s.parents[0].id)
	}
	s.brood = []individual{{id: rulespace.FP{5}, result: result(0.6)}}
	if !s.survive() {
		t.Error("a better rule went unnoticed")
	}
}

func TestOptions(t *testing.T) {
	for _, o := range []Options{{Columns: -1}, {Columns: 1001}, {Mu: -1}, {Lambda: -2}, {Initial: -1}, {Tries: -1}, {Mutation: -0.1}, {Mutation: 1.1}, {Numbers: -1}, {Numbers: 65}} {
		if _, err := New(searchtest.Symbolic()[0], o, key.Root(1)); err == nil {
			t.Errorf("no error for %+v", o)
		}
	}
}

func BenchmarkBreed(b *testing.B) {
	space := &rulespace.Space{
		Signals: rulespace.Signals(pre, post, w), Primitives: []rulespace.Op{add, sub, mul, rulespace.Tanh},
		Constants: []float64{1}, MaxComplexity: 12,
	}
	s, err := New(space, Options{}, key.Root(1))
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	for b.Loop() {
		asked, err := s.Ask(4)
		if err != nil || len(asked) == 0 {
			b.Fatal(err)
		}
		results := make([]outer.Result, len(asked))
		for i := range results {
			results[i] = outer.Result{Status: outer.OK, Full: true, Score: float64(n % 100)}
			n++
		}
		if err := s.Tell(results); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rules/s")
}
