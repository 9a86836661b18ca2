// Package pending keeps the candidates that a searcher wants to know about
// until their results are told, so that searchers think in generations while
// the loop asks for as many candidates at a time as suits it.
package pending

import (
	"errors"
	"fmt"
	"math"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/rulespace"
)

// Generation is a list of rules and what has been told about them so far.
type Generation struct {
	rules   []*rulespace.Rule
	results []outer.Result
	asked   int
	ahead   []*rulespace.Rule // the next generation, handed out already
}

// Start replaces the generation. The previous one must be complete.
func (g *Generation) Start(rules []*rulespace.Rule) {
	g.rules = rules
	g.results = make([]outer.Result, 0, len(rules))
	g.asked = 0
}

// Complete reports whether every rule has been told about.
func (g *Generation) Complete() bool { return len(g.results) == len(g.rules) }

// Results returns what was told, in the order of the rules.
func (g *Generation) Results() []outer.Result { return g.results }

// Waiting reports whether results of the last Ask are still to be told.
func (g *Generation) Waiting() bool { return g.asked > len(g.results) }

// Ask hands out at most limit of the rules that have not been handed out.
func (g *Generation) Ask(limit int) []outer.Candidate {
	n := min(limit, len(g.rules)-g.asked)
	if n <= 0 {
		return nil
	}
	out := make([]outer.Candidate, n)
	for i := range out {
		out[i].Rule = g.rules[g.asked+i]
	}
	g.asked += n
	return out
}

// Next hands out at most limit rules, of the next generation where there are
// none left: advance starts it, or ends the search.
func (g *Generation) Next(limit int, done func() bool, advance func() error) ([]outer.Candidate, error) {
	if g.Waiting() {
		return nil, ErrWaiting
	}
	for limit > 0 && !done() {
		if asked := g.Ask(limit); asked != nil {
			return asked, nil
		}
		if err := advance(); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// ErrWaiting is returned by searchers that are asked again before they were
// told what became of the last candidates.
var ErrWaiting = errors.New("asked for candidates before the results of the last ones were told")

// AskAhead hands out the next generation while the results of this one are
// still to be told.
func (g *Generation) AskAhead(rules []*rulespace.Rule) []outer.Candidate {
	var next Generation
	next.Start(rules)
	out := next.Ask(len(rules))
	switch {
	case len(rules) == 0:
	case g.Waiting():
		g.ahead = rules
	default:
		*g = next
	}
	return out
}

// IsAhead reports whether there is a next generation.
func (g *Generation) IsAhead() bool { return g.ahead != nil }

// Tell takes the results of the last Ask, or of the one before AskAhead.
func (g *Generation) Tell(results []outer.Result) error {
	if n := g.asked - len(g.results); len(results) != n {
		return fmt.Errorf("told %d results for %d candidates", len(results), n)
	}
	g.results = append(g.results, results...)
	if g.ahead != nil {
		g.Start(g.ahead)
		g.asked, g.ahead = len(g.rules), nil
	}
	return nil
}

// Failed reports whether a result carries no score worth comparing.
func Failed(r outer.Result) bool {
	return r.Status != outer.OK || math.IsNaN(r.Score) || math.IsInf(r.Score, 0)
}

// Compare is outer.Better without its tie-breakers: positive when a is better
// than b, 0 when they are equally good, which is where neutral drift happens.
// Two failures are equally bad, whatever they were told to have scored.
func Compare(a, b outer.Result) int {
	fa, fb := Failed(a), Failed(b)
	switch {
	case fa && fb:
		return 0
	case fa != fb:
		return sign(fb)
	case a.Full != b.Full:
		return sign(a.Full)
	case a.Rung != b.Rung:
		return sign(a.Rung > b.Rung)
	case a.Score != b.Score:
		return sign(a.Score > b.Score)
	}
	return 0
}

func sign(positive bool) int {
	if positive {
		return 1
	}
	return -1
}
