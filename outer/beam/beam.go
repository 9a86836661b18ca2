package beam

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/internal/identity"
	"github.com/metaplast/metaplast/outer/internal/pending"
	"github.com/metaplast/metaplast/outer/internal/spell"
	"github.com/metaplast/metaplast/outer/internal/status"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// Options of a search. The zero value of every field means its default.
type Options struct {
	// Width is how many rules of each complexity are kept, 3 by default, at
	// most 1000.
	Width int
	// KeepScale tells rules apart that differ by a positive factor. By
	// default they are one rule, for searches that tune the learning rate.
	KeepScale bool
	// Start holds rules to begin with. Without them, or when they lead no
	// further, the search turns to the leaves and the primitives applied to
	// those.
	Start []*rulespace.Rule
	// Probe holds the signal values on which rules are compared; nil means
	// rulespace.FixedProbe.
	Probe *rulespace.Probe
}

const (
	defaultWidth = 3
	maxWidth     = 1000
)

// Searcher is a beam search.
type Searcher struct {
	space *rulespace.Space
	width int
	same  identity.Relation
	spell spell.Speller
	edits editor

	seeds  []*rulespace.Expr
	met    map[identity.ID]bool // asked for
	large  map[identity.ID]bool // seen, and too large
	asked  int
	levels [][]*member // by complexity, best first
	gen    pending.Generation
	queue  []*member // of gen
	ended  bool
}

// member is a rule that was asked for.
type member struct {
	expr       *rulespace.Expr
	complexity int
	order      int // in which it was asked for
	result     outer.Result
	expanded   bool // all its neighbours have been asked for, or are in gen
}

// neighbour is a rule that has not been asked for.
type neighbour struct {
	id         identity.ID
	expr       *rulespace.Expr
	complexity int
}

// New returns a search of a symbolic space. It draws no random numbers.
func New(space *rulespace.Space, opts Options, _ key.Key) (*Searcher, error) {
	switch kind := space.Kind(); kind {
	case "symbolic":
	case "symbolic tuple":
		return nil, fmt.Errorf("method beam searches expressions of one assignment; this space is a %s, of several: use cgp or random", kind)
	default:
		return nil, fmt.Errorf("method beam searches symbolic rules; this space is a %s: use ga or fd-gradient", kind)
	}
	if err := space.Validate(); err != nil {
		return nil, err
	}
	if opts.Width == 0 {
		opts.Width = defaultWidth
	}
	if opts.Width < 1 || opts.Width > maxWidth {
		return nil, fmt.Errorf("beam: width is %d; it has to be between 1 and %d", opts.Width, maxWidth)
	}
	s := &Searcher{
		space: space, width: opts.Width, same: identity.New(space, opts.Probe, opts.KeepScale),
		spell: spell.New(space, false), met: map[identity.ID]bool{}, large: map[identity.ID]bool{},
		levels: make([][]*member, space.MaxComplexity+1),
	}
	s.edits = newEditor(space, s.spell)
	for _, r := range opts.Start {
		e, err := s.searched(r)
		if err == nil && e.Size() > space.MaxComplexity {
			err = fmt.Errorf("it has %d nodes, and the largest complexity is %d", e.Size(), space.MaxComplexity)
		}
		if err != nil {
			return nil, fmt.Errorf("beam: cannot start from rule %s: %w", r.Name, err)
		}
		s.seeds = append(s.seeds, e)
	}
	return s, nil
}

// Seed adds rules found before to those that the search begins with, as far
// as the primitives of the space can express them.
func (s *Searcher) Seed(found []outer.Candidate) error {
	for _, c := range found {
		// A rule of another method may lie outside this space.
		if e, err := s.searched(c.Rule); err == nil {
			s.seeds = append(s.seeds, e)
		}
	}
	return nil
}

// searched is the expression that a known rule has.
func (s *Searcher) searched(r *rulespace.Rule) (*rulespace.Expr, error) {
	exprs, err := s.spell.Searched(r)
	if err != nil {
		return nil, err
	}
	return exprs[0], nil
}

// Ask implements outer.Searcher.
func (s *Searcher) Ask(limit int) ([]outer.Candidate, error) {
	if s.gen.Waiting() {
		return nil, pending.ErrWaiting
	}
	if limit <= 0 {
		return nil, nil
	}
	if s.gen.Complete() && !s.ended {
		s.next()
	}
	return s.gen.Ask(limit), nil
}

// Tell implements outer.Searcher.
func (s *Searcher) Tell(results []outer.Result) error {
	if err := s.gen.Tell(results); err != nil {
		return err
	}
	if s.gen.Complete() {
		for i, r := range s.gen.Results() {
			s.queue[i].result = r
			s.keep(s.queue[i])
		}
		s.queue = s.queue[:0]
		s.gen.Start(nil)
	}
	return nil
}

// Done implements outer.Searcher.
func (s *Searcher) Done() (outer.Reason, bool) {
	if s.ended {
		return outer.Exhausted, true
	}
	return "", false
}

// Status implements outer.Reporter.
func (s *Searcher) Status() string {
	beam := s.beam()
	expanded := 0
	for _, m := range beam {
		if m.expanded {
			expanded++
		}
	}
	return fmt.Sprintf("beam %d, expanded %d, distinct %s", len(beam), expanded, status.Thousands(s.asked))
}

// next queues what is asked for next.
func (s *Searcher) next() {
	var rules []*rulespace.Rule
	ask := func(n neighbour) {
		s.met[n.id] = true
		s.queue = append(s.queue, &member{expr: n.expr, complexity: n.complexity, order: s.asked})
		rules = append(rules, s.space.Wrap(n.expr))
		s.asked++
	}
	begin := func(list []*rulespace.Expr) {
		for _, e := range list {
			if n, ok := s.judge(e, nil); ok {
				ask(n)
			}
		}
	}
	if s.asked == 0 {
		begin(s.seeds)
		s.seeds = nil
	}
	for _, m := range s.beam() {
		if len(rules) > 0 {
			break
		}
		if !m.expanded {
			m.expanded = true
			for _, n := range s.around(m) {
				ask(n)
			}
		}
	}
	if len(rules) == 0 {
		begin(s.edits.smallest())
	}
	s.ended = len(rules) == 0
	s.gen.Start(rules)
}

// around returns the rules one edit away from a member that have not been
// asked for, simplest first.
func (s *Searcher) around(m *member) []neighbour {
	var list []neighbour
	found := map[identity.ID]bool{}
	s.edits.around(m.expr, func(e *rulespace.Expr) {
		if n, ok := s.judge(e, found); ok {
			found[n.id] = true
			list = append(list, n)
		}
	})
	slices.SortStableFunc(list, func(a, b neighbour) int { return cmp.Compare(a.complexity, b.complexity) })
	return list
}

// judge says whether an expression is a rule of the space that has not been
// asked for and is not in found. What is too large as it was made may be
// small enough when simplified.
func (s *Searcher) judge(e *rulespace.Expr, found map[identity.ID]bool) (neighbour, bool) {
	id, ok := s.same.Identify(e)
	fits := e.Size() <= s.space.MaxComplexity
	if !ok || s.met[id] || found[id] || s.large[id] && !fits {
		return neighbour{}, false
	}
	if f, err := s.spell.Expr(rulespace.Simplify(e)); err == nil && f.Size() < e.Size() {
		e = f
	}
	if e.Size() > s.space.MaxComplexity {
		s.large[id] = true
		return neighbour{}, false
	}
	return neighbour{id, e, min(rulespace.Complexity(e), e.Size())}, true
}

// keep gives a rule its place among those of its complexity.
func (s *Searcher) keep(m *member) {
	if pending.Failed(m.result) {
		return
	}
	level := &s.levels[m.complexity]
	i, _ := slices.BinarySearchFunc(*level, m, compare)
	*level = slices.Insert(*level, i, m)
	if len(*level) > s.width {
		*level = (*level)[:s.width]
	}
}

// beam returns the rules that are kept, best first.
func (s *Searcher) beam() []*member {
	beam := slices.Concat(s.levels...)
	slices.SortFunc(beam, compare)
	return beam
}

// compare orders members best first; among equals the simpler, then the
// earlier, comes first.
func compare(a, b *member) int {
	return cmp.Or(
		pending.Compare(b.result, a.result),
		cmp.Compare(a.complexity, b.complexity),
		cmp.Compare(a.order, b.order),
	)
}
