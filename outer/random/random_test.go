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

// A small space is drawn completely: pre, post, their product and squares.
func TestDrawsEverything(t *testing.T) {
	space := &rulespace.Space{
		Signals:    rulespace.Signals(rulespace.SigPre, rulespace.SigPost),
		Primitives: []rulespace.Op{rulespace.Mul}, MaxComplexity: 3,
	}
	s, err := New(space, Options{}, key.Root(1))
	if err != nil {
		t.Fatal(err)
	}
	fit := searchtest.NewFit(&rulespace.Rule{DW: searchtest.MustParse("pre")}, true)
	told, err := searchtest.Drive(s, fit.Result, nil, 2, 100)
	if reason, done := s.Done(); err != nil || !done || reason != outer.Exhausted || len(told) != 5 {
		t.Errorf("%d rules; done: %v (%s), %v", len(told), done, reason, err)
	}
}
