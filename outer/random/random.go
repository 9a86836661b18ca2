// Package random draws rules at random: the floor that every other searcher
// has to beat.
//
// In a symbolic space it draws the size of an expression, then a tree, and
// asks only for rules that behave differently from those before; expressions
// of a tuple share a size that is drawn. In the others it draws uniform
// coordinates.
//
// May import outer, rulespace and internal packages.
package random

import (
	"slices"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/internal/identity"
	"github.com/metaplast/metaplast/outer/internal/pending"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// Options of a random search. The zero value of every field means its default.
type Options struct {
	// KeepScale tells symbolic rules apart that differ by a positive factor.
	// By default they are one rule, for searches that tune the learning rate.
	KeepScale bool
	// Probe holds the signal values on which rules are compared; nil means
	// rulespace.FixedProbe.
	Probe *rulespace.Probe
}

// tries is how many draws in a row may give rules asked for before until the
// search ends.
const tries = 2000

// Searcher draws rules.
type Searcher struct {
	space *rulespace.Space
	rng   *key.Stream
	// draw returns a rule and what it is recognised by, nil for no luck.
	draw  func() (*rulespace.Rule, string)
	asked map[string]bool
	gen   pending.Generation
	done  outer.Reason
}

// New returns a random search of a space of any kind.
func New(space *rulespace.Space, opts Options, k key.Key) (*Searcher, error) {
	if err := space.Validate(); err != nil {
		return nil, err
	}
	s := &Searcher{space: space, rng: k.Stream(), asked: map[string]bool{}}
	if space.Symbolic() {
		t := newTrees(space, opts)
		s.draw = func() (*rulespace.Rule, string) { return t.draw(s.rng) }
	} else {
		s.draw = s.point
	}
	return s, nil
}

// Ask implements outer.Searcher.
func (s *Searcher) Ask(limit int) ([]outer.Candidate, error) {
	if s.gen.Waiting() {
		return nil, pending.ErrWaiting
	}
	s.gen.Start(s.find(limit))
	return s.gen.Ask(limit), nil
}

// AskAhead implements outer.Steady.
func (s *Searcher) AskAhead(limit int) ([]outer.Candidate, error) {
	if s.gen.IsAhead() {
		return nil, pending.ErrWaiting
	}
	return s.gen.AskAhead(s.find(limit)), nil
}

// find draws rules that were not asked for before.
func (s *Searcher) find(limit int) []*rulespace.Rule {
	var rules []*rulespace.Rule
	for failures := 0; len(rules) < limit && s.done == ""; {
		r, id := s.draw()
		if r != nil && !s.asked[id] {
			s.asked[id] = true
			rules = append(rules, r)
			failures = 0
		} else if failures++; failures == tries {
			s.done = outer.Exhausted
		}
	}
	return rules
}

// Tell implements outer.Searcher. Results change nothing.
func (s *Searcher) Tell(results []outer.Result) error { return s.gen.Tell(results) }

// Done implements outer.Searcher.
func (s *Searcher) Done() (outer.Reason, bool) {
	return s.done, s.done != "" && !s.gen.Waiting()
}

func (s *Searcher) point() (*rulespace.Rule, string) {
	r := s.space.Decode(s.space.Sample(s.rng))
	return r, r.Digest()
}

// trees draws expressions.
type trees struct {
	space  *rulespace.Space
	leaves [][]*rulespace.Expr // of each expression
	same   identity.Relation
}

func newTrees(space *rulespace.Space, opts Options) *trees {
	t := &trees{space: space, same: identity.New(space, opts.Probe, opts.KeepScale)}
	for _, slot := range space.Searches() {
		t.leaves = append(t.leaves, slices.DeleteFunc(space.Leaves(), func(leaf *rulespace.Expr) bool {
			return leaf.Signals().Minus(space.ReadsIn(slot)) != 0
		}))
	}
	return t
}

func (t *trees) draw(rng *key.Stream) (*rulespace.Rule, string) {
	exprs := make([]*rulespace.Expr, len(t.leaves))
	spare := rng.IntN(t.space.MaxComplexity - len(exprs) + 1)
	for i := range exprs {
		size := part(&spare, i == len(exprs)-1, rng)
		if exprs[i] = t.tree(size, t.leaves[i], rng); exprs[i] == nil {
			return nil, ""
		}
	}
	id, ok := t.same.Identify(exprs...)
	if !ok {
		return nil, ""
	}
	return t.space.Wrap(exprs...), string(id[:])
}

// tree draws an expression of n nodes: a primitive that can be at the root,
// then how many nodes each argument has. It returns nil where the primitives
// leave no way to have n nodes.
func (t *trees) tree(n int, leaves []*rulespace.Expr, rng *key.Stream) *rulespace.Expr {
	if n == 1 {
		return leaves[rng.IntN(len(leaves))]
	}
	op := t.space.Primitives[rng.IntN(len(t.space.Primitives))]
	arity := op.Info().Arity
	spare := n - 1 - arity
	if spare < 0 {
		return nil
	}
	args := make([]*rulespace.Expr, arity)
	for i := range args {
		size := part(&spare, i == arity-1, rng)
		if args[i] = t.tree(size, leaves, rng); args[i] == nil {
			return nil
		}
	}
	return rulespace.Apply(op, args...)
}

// part draws how many nodes one of several expressions has: one, and some of
// those to spare, of which the last takes what is left.
func part(spare *int, last bool, rng *key.Stream) int {
	extra := *spare
	if !last {
		extra = rng.IntN(*spare + 1)
	}
	*spare -= extra
	return 1 + extra
}
