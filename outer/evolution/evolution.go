package evolution

import (
	"fmt"
	"slices"

	"github.com/MaxHalford/eaopt"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/internal/pending"
	"github.com/metaplast/metaplast/outer/internal/points"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// Options of a genetic algorithm. The zero value of every field means its
// default.
type Options struct {
	// Population is the number of individuals, 32 by default, 4 to 10000.
	Population int
	// Tournament is the number of individuals of which the best becomes a
	// parent; 3 by default, less than Population.
	Tournament int
	// Elites is the number of best individuals that survive unchanged with
	// the score they were told; 2 by default, negative for none.
	Elites int
	// Immigrants is the number of random individuals per generation; 2 by
	// default, negative for none.
	Immigrants int
	// Crossover is the probability that two parents are crossed; 0.9 by
	// default, negative for never.
	Crossover float64
	// Mutation is the probability that a coordinate of a child is changed
	// besides the one that always is; 1/dimensions by default, negative for
	// never.
	Mutation float64
	// Sigma is the largest width of a mutation in coordinates, which reach
	// from -1 to 1; 0.4 by default.
	Sigma float64
	// Generations ends the search after so many; 0 for no limit.
	Generations int
	// Start holds rules that the first generation contains.
	Start []*rulespace.Rule
}

func (o Options) withDefaults(dims int) (Options, error) {
	def := func(v *int, d int) {
		switch {
		case *v == 0:
			*v = d
		case *v < 0:
			*v = 0
		}
	}
	defFloat := func(v *float64, d float64) {
		switch {
		case *v == 0:
			*v = d
		case *v < 0:
			*v = 0
		}
	}
	def(&o.Population, 32)
	def(&o.Tournament, 3)
	def(&o.Elites, 2)
	def(&o.Immigrants, 2)
	defFloat(&o.Crossover, 0.9)
	defFloat(&o.Mutation, 1/float64(max(dims, 1)))
	defFloat(&o.Sigma, 0.4)
	switch {
	case o.Population < 4 || o.Population > 10000:
		return o, fmt.Errorf("ga: population is %d; it has to be between 4 and 10000", o.Population)
	case o.Tournament < 1 || o.Tournament >= o.Population:
		return o, fmt.Errorf("ga: tournament is %d; it has to be between 1 and population - 1 = %d",
			o.Tournament, o.Population-1)
	case o.Elites+o.Immigrants >= o.Population:
		return o, fmt.Errorf("ga: %d elites and %d immigrants leave no room for children in a population of %d",
			o.Elites, o.Immigrants, o.Population)
	case !(o.Crossover <= 1) || !(o.Mutation <= 1):
		return o, fmt.Errorf("ga: crossover is %g and mutation %g; probabilities are at most 1", o.Crossover, o.Mutation)
	case !(o.Sigma > 0 && o.Sigma <= 2):
		return o, fmt.Errorf("ga: sigma is %g; it has to be above 0 and at most 2", o.Sigma)
	case o.Generations < 0:
		return o, fmt.Errorf("ga: generations is %d; it cannot be negative", o.Generations)
	}
	return o, nil
}

// barrenGenerations in a row without a new rule end the search.
const barrenGenerations = 50

// Searcher is a genetic algorithm on the coordinates of a space.
type Searcher struct {
	space *rulespace.Space
	opts  Options
	terms []term // what each coordinate is
	rng   *key.Stream

	pop     *eaopt.Population
	touched []*genome // created or changed since the last flush
	start   [][]float64
	told    map[string]outer.Result // by digest of the rule asked for
	gen     pending.Generation
	asked   []string // digests of gen

	generations int
	barren      int
	done        outer.Reason
}

// term is what a coordinate stands for: absent is where a term that may be
// missing is: the middle when it can have both signs, else the low end.
type term struct {
	optional bool
	absent   float64
}

// New returns a genetic algorithm for a template or a pool of terms.
func New(space *rulespace.Space, opts Options, k key.Key) (*Searcher, error) {
	start, err := points.Start("ga", space, opts.Start)
	if err != nil {
		return nil, err
	}
	opts, err = opts.withDefaults(space.Dims())
	if err != nil {
		return nil, err
	}
	s := &Searcher{space: space, opts: opts, start: start, rng: k.Stream(), told: map[string]outer.Result{}}
	s.terms = make([]term, space.Dims())
	for i, t := range space.Terms {
		s.terms[i] = term{optional: t.Optional, absent: -1}
		if t.Sign == 0 && (t.Log || t.Low < 0 && t.High > 0) {
			s.terms[i].absent = 0
		}
	}
	s.pop = &eaopt.Population{RNG: newRand(s.rng)}
	return s, nil
}

// Seed adds rules found before to the first generation, as far as they lie in
// the space.
func (s *Searcher) Seed(found []outer.Candidate) error {
	s.start = append(s.start, points.Inside(s.space, found)...)
	return nil
}

// Ask implements outer.Searcher.
func (s *Searcher) Ask(limit int) ([]outer.Candidate, error) {
	return s.gen.Next(limit, s.ended, s.advance)
}

// Tell implements outer.Searcher.
func (s *Searcher) Tell(results []outer.Result) error {
	if err := s.gen.Tell(results); err != nil {
		return err
	}
	if s.gen.Complete() {
		s.settle()
	}
	return nil
}

// Done implements outer.Searcher.
func (s *Searcher) Done() (outer.Reason, bool) { return s.done, s.ended() }

func (s *Searcher) ended() bool { return s.done != "" }

// Status implements outer.Reporter.
func (s *Searcher) Status() string {
	return fmt.Sprintf("generation %d, %d rules known", s.generations, len(s.told))
}

// advance makes the next generation and queues those of its rules that have
// to be scored.
func (s *Searcher) advance() error {
	if s.opts.Generations > 0 && s.generations == s.opts.Generations {
		s.done = outer.Converged
		return nil
	}
	s.generations++
	if len(s.pop.Individuals) == 0 {
		s.initialise()
	} else if err := (breeding{s}).Apply(s.pop); err != nil {
		return err
	}
	s.flush()
	if len(s.asked) > 0 {
		s.barren = 0
		return nil
	}
	s.settle()
	if s.barren++; s.barren == barrenGenerations {
		s.done = outer.Exhausted
	}
	return nil
}

// initialise draws the first generation: start rules, then uniform points,
// every other one with most of its optional terms absent.
func (s *Searcher) initialise() {
	rng := s.pop.RNG
	for _, u := range s.start[:min(len(s.start), s.opts.Population)] {
		s.pop.Individuals = append(s.pop.Individuals, eaopt.NewIndividual(s.newGenome(u), rng))
	}
	for i := len(s.pop.Individuals); i < s.opts.Population; i++ {
		s.pop.Individuals = append(s.pop.Individuals, eaopt.NewIndividual(s.newGenome(s.point(i%2 == 1)), rng))
	}
}

// point draws a uniform point.
func (s *Searcher) point(sparse bool) []float64 {
	u := eaopt.InitUnifFloat64(uint(len(s.terms)), -1, 1, s.pop.RNG)
	for i, t := range s.terms {
		if t.optional && sparse && s.rng.Float64() < 0.7 {
			u[i] = t.absent
		}
	}
	return u
}

// flush gives every registered genome its rule and queues the rules that have
// not been told about.
func (s *Searcher) flush() {
	s.asked = s.asked[:0]
	var rules []*rulespace.Rule
	queued := map[string]bool{}
	for _, g := range s.touched {
		if g.rule == nil {
			g.rule = s.space.Decode(g.u)
			g.id = g.rule.Digest()
		}
	}
	s.touched = s.touched[:0]
	for i := range s.pop.Individuals {
		g := s.pop.Individuals[i].Genome.(*genome)
		if _, ok := s.told[g.id]; ok || queued[g.id] {
			continue
		}
		queued[g.id] = true
		s.asked = append(s.asked, g.id)
		rules = append(rules, g.rule)
	}
	s.gen.Start(rules)
}

// settle gives every individual the fitness of the rule it is: its rank.
func (s *Searcher) settle() {
	for i, r := range s.gen.Results() {
		s.told[s.asked[i]] = r
	}
	s.gen.Start(nil)
	s.asked = s.asked[:0]
	indis := s.pop.Individuals
	result := func(i eaopt.Individual) outer.Result { return s.told[i.Genome.(*genome).id] }
	slices.SortStableFunc(indis, func(a, b eaopt.Individual) int { return pending.Compare(result(b), result(a)) })
	rank := 0.0
	for i := range indis {
		if i > 0 && pending.Compare(result(indis[i-1]), result(indis[i])) > 0 {
			rank = float64(i)
		}
		indis[i].Fitness, indis[i].Evaluated = rank, true
	}
}

// breeding is the eaopt.Model of one generation. It expects a settled
// population, best first, and leaves children first, then immigrants, then
// elites, so that a child precedes an elite it ties with.
type breeding struct{ s *Searcher }

// Validate implements eaopt.Model; New has validated the options.
func (breeding) Validate() error { return nil }

// Apply implements eaopt.Model.
func (b breeding) Apply(pop *eaopt.Population) error {
	s, o := b.s, b.s.opts
	parents := eaopt.SelTournament{NContestants: uint(o.Tournament)}
	children := make(eaopt.Individuals, 0, o.Population+1)
	for len(children) < o.Population-o.Elites-o.Immigrants {
		pair, _, err := parents.Apply(2, pop.Individuals, pop.RNG)
		if err != nil {
			return err
		}
		if s.rng.Float64() < o.Crossover {
			pair[0].Crossover(pair[1], pop.RNG)
		}
		pair.Mutate(1, pop.RNG)
		children = append(children, pair...)
	}
	next := children[:o.Population-o.Elites-o.Immigrants]
	for range o.Immigrants {
		next = append(next, eaopt.NewIndividual(s.newGenome(s.point(s.rng.IntN(2) == 0)), pop.RNG))
	}
	pop.Individuals = append(next, s.elites(pop.Individuals)...)
	return nil
}

// elites returns copies of the best individuals that are different rules.
func (s *Searcher) elites(best eaopt.Individuals) eaopt.Individuals {
	var out eaopt.Individuals
	for _, indi := range best {
		if len(out) == s.opts.Elites {
			break
		}
		id := indi.Genome.(*genome).id
		if !slices.ContainsFunc(out, func(o eaopt.Individual) bool { return o.Genome.(*genome).id == id }) {
			out = append(out, indi.Clone(s.pop.RNG))
		}
	}
	// With fewer different rules than elites, immigrants take the places.
	for len(out) < s.opts.Elites {
		out = append(out, eaopt.NewIndividual(s.newGenome(s.point(true)), s.pop.RNG))
	}
	return out
}
