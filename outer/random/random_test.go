package random

import (
	"slices"
	"testing"

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
		Spaces: slices.Concat(searchtest.Symbolic(), searchtest.Tuples(), searchtest.Cubes()), Stochastic: true,
	})
}

// A small space is drawn completely: pre, post, their product and squares; of
// pairs of these those in which one is a signal.
func TestDrawsEverything(t *testing.T) {
	single := rulespace.Space{
		Signals:    rulespace.Signals(rulespace.SigPre, rulespace.SigPost),
		Primitives: []rulespace.Op{rulespace.Mul}, MaxComplexity: 3,
	}
	pairs := single
	pairs.Outputs, pairs.MaxComplexity = []rulespace.Output{{Slot: rulespace.SlotDW}, {Slot: rulespace.SlotDFB}}, 4
	for want, space := range map[int]*rulespace.Space{5: &single, 2*2 + 2*3 + 3*2: &pairs} {
		s, err := New(space, Options{}, key.Root(1))
		if err != nil {
			t.Fatal(err)
		}
		fit := searchtest.NewFit(&rulespace.Rule{DW: searchtest.MustParse("pre")}, true)
		told, err := searchtest.Drive(s, fit.Result, nil, 2, 100)
		if reason, done := s.Done(); err != nil || !done || reason != outer.Exhausted || len(told) != want {
			t.Errorf("%d rules of %d; done: %v (%s), %v", len(told), want, done, reason, err)
		}
	}
}
