package cgp

import (
	"fmt"
	"slices"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/internal/identity"
	"github.com/metaplast/metaplast/outer/internal/pending"
	"github.com/metaplast/metaplast/outer/internal/spell"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// Options of a search. The zero value of every field means its default.
type Options struct {
	// Columns is the number of nodes of a genome, active or not; 30 by
	// default, at most 1000. Most nodes should be inactive.
	Columns int
	// Mu is the number of parents, 1 by default. With more, parents are
	// different rules as far as there are any.
	Mu int
	// Lambda is the number of offspring per generation, 4 by default.
	Lambda int
	// Initial is how many random rules a start draws, the best of which become
	// the parents; 24 by default. A start from rules that are known draws none
	// unless there are fewer of them than parents.
	Initial int
	// Plateau is the number of evaluations without a better rule after which
	// the search starts again from random genomes; 250 by default, negative
	// for never.
	Plateau int
	// Tries is how often an offspring is mutated, at most, to become a rule
	// that has not been scored; 20 by default.
	Tries int
	// Mutation is the probability with which a gene of an offspring changes.
	// With 0, the default, genes change until one that an output depends on
	// has changed. It is at most 1.
	Mutation float64
	// KeepOrder leaves the nodes of a parent where they are. By default they
	// are put in a new order, in which they mean the same, before a mutation.
	KeepOrder bool
	// Numbers is how many numbers a genome has besides the constants of the
	// space, tuned by normal steps together with its structure; 0 by default,
	// at most 64.
	Numbers int
	// KeepScale tells rules apart that differ by a positive factor. By
	// default they are one rule, for searches that tune the learning rate.
	KeepScale bool
	// Start holds rules that the first generation contains.
	Start []*rulespace.Rule
	// Probe holds the signal values on which rules are compared; nil means
	// rulespace.FixedProbe.
	Probe *rulespace.Probe
}

func (o Options) withDefaults() (Options, error) {
	for _, f := range []struct {
		name     string
		v        *int
		def, max int
	}{
		{"columns", &o.Columns, 30, 1000},
		{"mu", &o.Mu, 1, 1000},
		{"lambda", &o.Lambda, 4, 10000},
		{"initial", &o.Initial, 24, 10000},
		{"tries", &o.Tries, 20, 10000},
	} {
		if *f.v == 0 {
			*f.v = f.def
		}
		if *f.v < 1 || *f.v > f.max {
			return o, fmt.Errorf("cgp: %s is %d; it has to be between 1 and %d", f.name, *f.v, f.max)
		}
	}
	if o.Plateau == 0 {
		o.Plateau = 250
	}
	if !(o.Mutation >= 0 && o.Mutation <= 1) {
		return o, fmt.Errorf("cgp: mutation is %v; it has to be between 0 and 1", o.Mutation)
	}
	if o.Numbers < 0 || o.Numbers > maxNumbers {
		return o, fmt.Errorf("cgp: numbers is %d; it has to be between 0 and %d", o.Numbers, maxNumbers)
	}
	return o, nil
}

const (
	maxNumbers = 64
	// barrenGenerations in a row without a new rule make the search start
	// again, idleRestarts without one make it give up.
	barrenGenerations = 10
	idleRestarts      = 10
)

// Searcher is a (μ+λ) evolution strategy on genomes.
type Searcher struct {
	space *rulespace.Space
	opts  Options
	shape shape
	same  identity.Relation
	spell spell.Speller
	key   key.Key
	rng   *key.Stream

	parents []individual // best first
	brood   []individual // of the running generation
	seeds   []*genome    // waiting for the next first generation
	known   map[identity.ID]outer.Result
	gen     pending.Generation
	slot    []int // for each rule of gen, its place in brood

	stall    int // evaluations since the parents last became better
	restarts int
	barren   int // generations in a row that asked for nothing new
	idle     int // restarts since the last new rule
	done     bool

	live  live
	looks phenotype
}

type individual struct {
	genome *genome
	id     identity.ID
	result outer.Result
}

// New returns a search of a symbolic space.
func New(space *rulespace.Space, opts Options, k key.Key) (*Searcher, error) {
	if kind := space.Kind(); !space.Symbolic() {
		return nil, fmt.Errorf("method cgp searches symbolic rules; this space is a %s: use ga or fd-gradient", kind)
	}
	if err := space.Validate(); err != nil {
		return nil, err
	}
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Searcher{space: space, opts: opts, key: k, known: map[identity.ID]outer.Result{}}
	s.same = identity.New(space, opts.Probe, opts.KeepScale)
	s.spell = spell.New(space, opts.Numbers > 0)
	s.shape = newShape(space, opts)
	s.live = s.shape.newLive()
	s.looks = newPhenotype(&s.shape, space, s.same)
	for _, r := range opts.Start {
		if err := s.start(r); err != nil {
			return nil, fmt.Errorf("cgp: cannot start from rule %s: %w", r.Name, err)
		}
	}
	s.restart()
	return s, nil
}

func newShape(space *rulespace.Space, opts Options) shape {
	sh := shape{leaves: space.Leaves(), numbers: opts.Numbers, ops: space.Primitives, columns: opts.Columns, outputs: len(space.Searches())}
	for _, op := range sh.ops {
		sh.arity = max(sh.arity, op.Info().Arity)
	}
	return sh
}

// Seed adds rules found before to the first generation, as far as the
// primitives of the space can express them.
func (s *Searcher) Seed(found []outer.Candidate) error {
	for _, c := range found {
		// A rule of another method may lie outside this space.
		_ = s.start(c.Rule)
	}
	return nil
}

// start queues a rule, with its tuned scale taken out.
func (s *Searcher) start(r *rulespace.Rule) error {
	exprs, err := s.spell.Searched(r)
	if err != nil {
		return err
	}
	g, err := s.shape.encode(exprs, s.key.Child("seed", uint64(len(s.seeds))).Stream())
	if err != nil {
		return err
	}
	s.seeds = append(s.seeds, g)
	return nil
}

// restart forgets the parents; what was scored stays known.
func (s *Searcher) restart() {
	s.rng = s.key.Child("restart", uint64(s.restarts)).Stream()
	s.restarts++
	s.parents = nil
	s.stall, s.barren = 0, 0
}

// Ask implements outer.Searcher.
func (s *Searcher) Ask(limit int) ([]outer.Candidate, error) {
	return s.gen.Next(limit, func() bool { return s.done }, func() error {
		s.breed()
		if len(s.slot) == 0 {
			s.settle()
		}
		return nil
	})
}

// Tell implements outer.Searcher.
func (s *Searcher) Tell(results []outer.Result) error {
	if err := s.gen.Tell(results); err != nil {
		return err
	}
	if s.gen.Complete() && len(results) > 0 {
		s.settle()
	}
	return nil
}

// Done implements outer.Searcher.
func (s *Searcher) Done() (outer.Reason, bool) {
	if s.done {
		return outer.Exhausted, true
	}
	return "", false
}

// Status implements outer.Reporter.
func (s *Searcher) Status() string {
	return fmt.Sprintf("start %d, %d rules known", s.restarts, len(s.known))
}

// breed makes the next generation and queues those of its rules that have to
// be scored.
func (s *Searcher) breed() {
	s.brood = s.brood[:0]
	s.slot = s.slot[:0]
	var rules []*rulespace.Rule
	queued := map[identity.ID]bool{}
	add := func(ind individual, exprs []*rulespace.Expr) {
		if exprs != nil {
			queued[ind.id] = true
			s.slot = append(s.slot, len(s.brood))
			rules = append(rules, s.space.Wrap(exprs...))
		}
		s.brood = append(s.brood, ind)
	}
	if s.parents == nil {
		for _, g := range s.seeds {
			if ind, exprs, ok := s.judge(g, queued); ok {
				add(ind, exprs)
			}
		}
		n := s.opts.Mu
		if len(s.brood) == 0 {
			n = max(n, s.opts.Initial)
		}
		s.seeds = nil
		for tries := 0; len(s.brood) < n && tries < n*s.opts.Tries; tries++ {
			if ind, exprs, ok := s.judge(s.shape.random(s.rng), queued); ok {
				add(ind, exprs)
			}
		}
	} else {
		for range s.opts.Lambda {
			add(s.offspring(s.parents[s.rng.IntN(len(s.parents))], queued))
		}
	}
	s.gen.Start(rules)
}

// judge says whether a genome stands for a rule of the space, and returns its
// expressions when they have to be scored.
func (s *Searcher) judge(g *genome, queued map[identity.ID]bool) (ind individual, ask []*rulespace.Expr, ok bool) {
	s.shape.mark(g, s.live)
	if size, reads := s.looks.measure(&s.shape, g, s.live); size > s.space.MaxComplexity || !reads {
		return ind, nil, false
	}
	id, ok := s.same.IdentifyColumns(s.looks.evaluate(&s.shape, g, s.live, s.same)...)
	if !ok || queued[id] {
		return ind, nil, false
	}
	ind = individual{genome: g, id: id}
	if r, scored := s.known[id]; scored {
		ind.result = r
		return ind, nil, true
	}
	return ind, s.shape.express(g, s.live), true
}

// offspring mutates a parent until it is a rule that has not been scored.
// Rules on the way that are known to be as good as the parent are where it
// goes on from; when the tries are used up, the last of them is the offspring.
func (s *Searcher) offspring(parent individual, queued map[identity.ID]bool) (individual, []*rulespace.Expr) {
	base := parent
	g := s.shape.clone(parent.genome)
	if !s.opts.KeepOrder {
		s.shape.reorder(g, s.rng)
		base.genome = s.shape.clone(g)
	}
	for range s.opts.Tries {
		s.shape.mark(g, s.live)
		if s.opts.Mutation > 0 {
			if !s.shape.mutateRate(g, s.live, s.opts.Mutation, s.rng) {
				base.genome = s.shape.clone(g) // the same rule, drifted
				continue
			}
		} else if !s.shape.mutateSingle(g, s.live, s.rng) {
			break
		}
		ind, ask, ok := s.judge(g, queued)
		switch {
		case ask != nil:
			return ind, ask
		case ok && pending.Compare(ind.result, base.result) >= 0:
			base = ind
			g = s.shape.clone(g)
		default:
			g.copyFrom(base.genome)
		}
	}
	return base, nil
}

// settle ends a generation: offspring come before parents that are no better,
// so that the search drifts over rules of equal score.
func (s *Searcher) settle() {
	for i, r := range s.gen.Results() {
		ind := &s.brood[s.slot[i]]
		ind.result = r
		s.known[ind.id] = r
	}
	asked := len(s.slot)
	s.slot = s.slot[:0]
	s.gen.Start(nil)
	if asked > 0 {
		s.barren, s.idle = 0, 0
	} else {
		s.barren++
	}
	if s.survive() {
		s.stall = 0
	} else {
		s.stall += max(asked, 1)
	}
	stuck := len(s.parents) == 0 || s.barren >= barrenGenerations
	if !stuck && (s.opts.Plateau < 0 || s.stall < s.opts.Plateau) {
		return
	}
	if s.idle++; s.idle == idleRestarts {
		s.done = true
		return
	}
	s.restart()
}

// survive chooses the next parents and reports whether the best got better.
func (s *Searcher) survive() bool {
	pool := append(slices.Clone(s.brood), s.parents...)
	slices.SortStableFunc(pool, func(a, b individual) int { return pending.Compare(b.result, a.result) })
	var next, same []individual
	for _, ind := range pool {
		if slices.ContainsFunc(next, func(n individual) bool { return n.id == ind.id }) {
			same = append(same, ind)
		} else if len(next) < s.opts.Mu {
			next = append(next, ind)
		}
	}
	next = append(next, same[:min(len(same), s.opts.Mu-len(next))]...)
	better := len(next) > 0 && (len(s.parents) == 0 || pending.Compare(next[0].result, s.parents[0].result) > 0)
	s.parents = next
	return better
}
