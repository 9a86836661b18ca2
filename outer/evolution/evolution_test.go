package evolution

import (
	"math"
	"math/rand"
	"runtime"
	"testing"

	"github.com/MaxHalford/eaopt"
	"github.com/google/go-cmp/cmp"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/internal/pending"
	"github.com/metaplast/metaplast/outer/searchtest"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

func TestConformance(t *testing.T) {
	for name, opts := range map[string]Options{
		"defaults": {},
		"extreme":  {Population: 5, Tournament: 4, Elites: -1, Immigrants: -1, Crossover: -1, Mutation: -1, Sigma: 2},
	} {
		t.Run(name, func(t *testing.T) {
			searchtest.Run(t, searchtest.Suite{
				Make: func(space *rulespace.Space, k key.Key) (outer.Searcher, error) {
					return New(space, opts, k)
				},
				Spaces: searchtest.Cubes(), Misfit: searchtest.Symbolic()[0], Stochastic: true,
			})
		})
	}
}

func TestRecoversCoefficients(t *testing.T) {
	searchtest.RecoversCoefficients(t, func(space *rulespace.Space, k key.Key) (outer.Searcher, error) {
		return New(space, Options{}, k)
	})
}

// A pool of terms of which two are in the target: the others go away.
func TestDropsTerms(t *testing.T) {
	space := searchtest.Cubes()[1]
	fit := searchtest.NewFit(&rulespace.Rule{DW: searchtest.MustParse("0.01*err*pre - 0.4*w")}, false)
	s, err := New(space, Options{}, key.Root(3))
	if err != nil {
		t.Fatal(err)
	}
	told, err := searchtest.Drive(s, fit.Result, nil, 8, 1500)
	if err != nil {
		t.Fatal(err)
	}
	best := told[0]
	for _, r := range told {
		if outer.Better(r, best) {
			best = r
		}
	}
	if _, has := best.Rule.Param("a"); has || best.Score < 0.9999 {
		t.Errorf("the best rule, scored %v, is %s", best.Score, best.Rule.CanonicalText())
	}
}

// run tells a searcher scores for so many candidates and returns what it
// asked for; after every generation check sees the settled population.
func run(t *testing.T, s *Searcher, candidates int, score func(*rulespace.Rule) outer.Result, check func()) []string {
	t.Helper()
	var asked []string
	for len(asked) < candidates {
		batch, err := s.Ask(5)
		if err != nil {
			t.Fatal(err)
		}
		if len(batch) == 0 {
			break
		}
		var results []outer.Result
		for _, c := range batch {
			asked = append(asked, c.Rule.Digest())
			results = append(results, score(c.Rule))
		}
		if err := s.Tell(results); err != nil {
			t.Fatal(err)
		}
		if check != nil && len(s.asked) == 0 {
			check()
		}
	}
	return asked
}

func newSearcher(t *testing.T, opts Options) *Searcher {
	t.Helper()
	s, err := New(&rulespace.Space{Template: searchtest.Template()}, opts, key.Root(11))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var fit = searchtest.NewFit(&rulespace.Rule{DW: searchtest.MustParse("pre*post - post^2*w")}, false)

// eaopt clears the flag of a copy of the mate, so after a crossover the mate
// keeps the fitness of the genome it had before. Here fitness follows the
// rule that an individual is.
func TestFitnessIsThatOfTheGenome(t *testing.T) {
	probe := newSearcher(t, Options{})
	rng := newRand(key.Root(1).Stream())
	a := eaopt.Individual{Genome: probe.newGenome([]float64{1, 1, 1, 1}), Fitness: 1, Evaluated: true}
	b := eaopt.Individual{Genome: probe.newGenome([]float64{-1, -1, -1, -1}), Fitness: 2, Evaluated: true}
	if a.Crossover(b, rng); a.Evaluated || !b.Evaluated {
		t.Error("eaopt no longer leaves the mate marked as evaluated")
	}

	s := newSearcher(t, Options{Crossover: 1})
	run(t, s, 600, fit.Result, func() {
		for i, indi := range s.pop.Individuals {
			g := indi.Genome.(*genome)
			r := s.space.Decode(g.u)
			if g.id != r.Digest() || !indi.Evaluated {
				t.Fatalf("individual %d is not the rule it is said to be", i)
			}
			if got, want := s.told[g.id].Score, fit.Score(r); got != want {
				t.Fatalf("individual %d has score %v, its genome %v", i, got, want)
			}
			if i > 0 && (pending.Compare(s.told[g.id], s.told[s.pop.Individuals[i-1].Genome.(*genome).id]) > 0 ||
				indi.Fitness < s.pop.Individuals[i-1].Fitness) {
				t.Fatalf("individual %d is out of order", i)
			}
		}
	})
}

// eaopt's tournament reports index 0 for winners that won at once, by which
// its steady-state model overwrites the best individual. Here the best rule
// never leaves the population.
func TestBestSurvives(t *testing.T) {
	pop := make(eaopt.Individuals, 10)
	for i := range pop {
		pop[i] = eaopt.Individual{Genome: &genome{}, Fitness: float64(i), Evaluated: true}
	}
	wrong := 0
	rng := newRand(key.Root(2).Stream())
	for range 200 {
		winners, indexes, err := eaopt.SelTournament{NContestants: 3}.Apply(2, pop, rng)
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range winners {
			if pop[indexes[i]].Fitness != w.Fitness {
				wrong++
			}
		}
	}
	if wrong == 0 {
		t.Error("eaopt's tournament now reports the right indexes")
	}

	s := newSearcher(t, Options{})
	best := outer.Result{Score: math.Inf(-1)}
	run(t, s, 600, func(r *rulespace.Rule) outer.Result {
		res := fit.Result(r)
		if res.Score > best.Score {
			best = res
		}
		return res
	}, func() {
		if g := s.pop.Individuals[0].Genome.(*genome); s.told[g.id].Score != best.Score {
			t.Fatalf("the best of the population scores %v, the best told %v", s.told[g.id].Score, best.Score)
		}
	})
}

// eaopt's evolution strategy moves all coordinates by the same number, so
// that it cannot reach a peak at (3, -3) from the diagonal. Coordinates here
// go where they like.
func TestCoordinatesAreIndependent(t *testing.T) {
	strategy, err := eaopt.NewOES(20, 50, 0.5, 0.1, false, newRand(key.Root(3).Stream()))
	if err != nil {
		t.Fatal(err)
	}
	mean := []float64{5, -5}
	if _, _, err := strategy.Minimize(func(x []float64) float64 { return x[0]*x[0] + x[1]*x[1] }, mean); err != nil {
		t.Fatal(err)
	}
	if math.Abs(mean[0]-mean[1]-10) > 1e-9 {
		t.Errorf("eaopt's evolution strategy now moves coordinates apart, to %v", mean)
	}

	apart := searchtest.NewFit(&rulespace.Rule{DW: searchtest.MustParse("1.5*pre*post + 1.5*post^2*w")}, false)
	s := newSearcher(t, Options{})
	best := math.Inf(-1)
	run(t, s, 1000, func(r *rulespace.Rule) outer.Result {
		res := apart.Result(r)
		best = max(best, res.Score)
		return res
	}, nil)
	if best < 0.999 {
		t.Errorf("a peak at a = 1.5, d = -1.5 was missed, best score %v", best)
	}
}

// Fitness that is not a number breaks eaopt's sorting. Here failures of every
// kind rank last, in a population whose fitness is finite.
func TestFailuresRankLast(t *testing.T) {
	sorted := eaopt.Individuals{{Fitness: 2}, {Fitness: math.NaN()}, {Fitness: 1}}
	if sorted.SortByFitness(); sorted[0].Fitness == 1 {
		t.Error("eaopt now sorts fitness that is not a number")
	}

	rng := key.Root(4).Stream()
	s := newSearcher(t, Options{})
	run(t, s, 600, func(r *rulespace.Rule) outer.Result {
		res := fit.Result(r)
		switch rng.IntN(4) {
		case 0:
			res.Score = math.NaN()
		case 1:
			res.Score = math.Inf(1)
		case 2:
			res.Status, res.Score = outer.Diverged, 1e9
		}
		return res
	}, func() {
		failed := false
		for i, indi := range s.pop.Individuals {
			if math.IsNaN(indi.Fitness) || math.IsInf(indi.Fitness, 0) {
				t.Fatalf("individual %d has fitness %v", i, indi.Fitness)
			}
			bad := pending.Failed(s.told[indi.Genome.(*genome).id])
			if failed && !bad {
				t.Fatalf("individual %d ranks below a failure", i)
			}
			failed = bad
		}
	})
}

// eaopt's edge recombination depends on the order of a map: 100 times the same
// parents have different children. A search here does not depend on it, nor on
// the machine.
func TestIndependentOfProcessors(t *testing.T) {
	children := map[[8]int]bool{}
	for range 100 {
		a, b := []int{0, 1, 2, 3, 4, 5, 6, 7}, []int{4, 1, 6, 3, 0, 5, 2, 7}
		eaopt.CrossERXInt(a, b)
		children[[8]int(a)] = true
	}
	if len(children) == 1 {
		t.Error("eaopt's edge recombination now does the same each time")
	}

	before := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(before)
	one := run(t, newSearcher(t, Options{}), 400, fit.Result, nil)
	runtime.GOMAXPROCS(4)
	four := run(t, newSearcher(t, Options{}), 400, fit.Result, nil)
	if diff := cmp.Diff(one, four); diff != "" {
		t.Errorf("asks depend on the number of processors (-1 +4):\n%s", diff)
	}
}

func TestSource(t *testing.T) {
	k := key.Root(7)
	var src rand.Source64 = source{k.Stream()}
	want := k.Stream()
	if got := src.Uint64(); got != want.Uint64() {
		t.Errorf("first word %d", got)
	}
	if got := src.Int63(); got < 0 || got != int64(want.Uint64()>>1) {
		t.Errorf("second number %d", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("a keyed stream was seeded")
		}
	}()
	src.Seed(1)
}

func TestStart(t *testing.T) {
	space := &rulespace.Space{Template: searchtest.Template()}
	at, err := space.Template.WithParams(map[string]float64{"a": 1, "b": 0, "c": 0.5, "d": -1})
	if err != nil {
		t.Fatal(err)
	}
	other := &rulespace.Rule{DW: searchtest.MustParse("tanh(pre)")}
	s, err := New(space, Options{Start: []*rulespace.Rule{at}}, key.Root(1))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Seed([]outer.Candidate{{Rule: other}, {Rule: at}}); err != nil {
		t.Fatal(err)
	}
	asked, err := s.Ask(1)
	if err != nil || asked[0].Rule.Digest() != at.Digest() {
		t.Errorf("the first rule is %s (%v)", asked[0].Rule.CanonicalText(), err)
	}
	if _, err := New(space, Options{Start: []*rulespace.Rule{other}}, key.Root(1)); err == nil {
		t.Error("no error for a start outside the space")
	}
}

func TestOptions(t *testing.T) {
	space := searchtest.Cubes()[0]
	for _, o := range []Options{
		{Population: 3}, {Tournament: 32}, {Elites: 30}, {Crossover: 1.1}, {Mutation: math.NaN()},
		{Sigma: 3}, {Generations: -1},
	} {
		if _, err := New(space, o, key.Root(1)); err == nil {
			t.Errorf("no error for %+v", o)
		}
	}
	s, err := New(space, Options{Generations: 2}, key.Root(1))
	if err != nil {
		t.Fatal(err)
	}
	asked := run(t, s, 1000, fit.Result, nil)
	if reason, done := s.Done(); !done || reason != outer.Converged || len(asked) > 64 {
		t.Errorf("two generations asked for %d rules; done: %v (%s)", len(asked), done, reason)
	}
}
