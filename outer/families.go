package outer

import (
	"cmp"
	"slices"

	"github.com/metaplast/metaplast/rulespace"
)

// Cell is a cell of the quality-diversity map of a search: rules of one size
// that read the same and treat correlation the same way. Where the front has
// the best rule of every size, the map has the best of every kind.
//
// J.-B. Mouret, J. Clune, "Illuminating search spaces by mapping elites",
// arXiv:1504.04909 (2015).
type Cell struct {
	Signals rulespace.SignalSet // that any assignment of the rule reads
	// Hebb is the sign of the Hebbian term pre·post in the canonical form of dw,
	// parameters counting by their values; 0 where dw has no such term or is
	// no sum of products.
	Hebb       int
	Complexity int
	Diverged   bool // some of the trials that the score is the mean of diverged
}

// Elite is the best result of a cell.
type Elite struct {
	Cell Cell
	Result
}

// families is the map of a search. What it holds depends on the results, not on
// their order: a cell that is dropped is worse than maxCells others, which only
// get better.
type families map[Cell]Result

// maxCells limits the map: those whose best results are the worst are dropped.
const maxCells = 4096

// add takes a result that ended well.
func (f families) add(cell Cell, r Result) {
	if best, ok := f[cell]; !ok || Better(r, best) {
		f[cell] = r
	}
	if len(f) >= 2*maxCells {
		for _, e := range f.ranked()[maxCells:] {
			delete(f, e.Cell)
		}
	}
}

// explore puts the result of a contender on the map.
func (s *session) explore(r Result, c *contender, hebb int) {
	if r.Status != OK {
		return
	}
	s.families.add(Cell{
		Signals: r.Rule.Needs(), Hebb: hebb, Complexity: r.Complexity, Diverged: c.score.diverged > 0,
	}, r)
}

// hebbian returns the sign of pre·post in dw.
func hebbian(r *rulespace.Rule) int {
	correlated := rulespace.Signals(rulespace.SigPre, rulespace.SigPost)
	if correlated.Minus(r.DW.Signals()) != 0 {
		return 0
	}
	return hebbianOf(rulespace.CanonWith(r.DW, r.Value))
}

// hebbianOf returns the sign of pre·post in a canonical form.
func hebbianOf(dw *rulespace.Canonical) int {
	correlated := rulespace.Signals(rulespace.SigPre, rulespace.SigPost)
	terms, _ := dw.Monomials()
	for _, t := range terms {
		if len(t.Factors) != 2 || t.Factors[0].Power != 1 || t.Factors[1].Power != 1 {
			continue
		}
		a, b := t.Factors[0].Base, t.Factors[1].Base
		if a.Kind() == rulespace.KindSignal && b.Kind() == rulespace.KindSignal && a.Signals()|b.Signals() == correlated {
			return cmp.Compare(t.Coefficient, 0)
		}
	}
	return 0
}

// ranked returns the elites, best first.
func (f families) ranked() []Elite {
	all := make([]Elite, 0, len(f))
	for cell, r := range f {
		all = append(all, Elite{cell, r})
	}
	// No two are equal, so that the order of the map does not matter.
	slices.SortFunc(all, func(a, b Elite) int {
		switch {
		case Better(a.Result, b.Result):
			return -1
		case Better(b.Result, a.Result):
			return 1
		}
		return a.Cell.compare(b.Cell)
	})
	return all
}

// members returns the elites of the best cells, in the order of cells.
func (f families) members() []Elite {
	all := f.ranked()
	all = all[:min(len(all), maxCells)]
	slices.SortFunc(all, func(a, b Elite) int { return a.Cell.compare(b.Cell) })
	return all
}

// compare orders cells by signals, Hebbian term (+, -, none) and size.
func (c Cell) compare(d Cell) int {
	diverged := 0
	if c.Diverged != d.Diverged {
		if diverged = -1; c.Diverged {
			diverged = 1
		}
	}
	return cmp.Or(
		cmp.Compare(c.Signals, d.Signals),
		cmp.Compare(d.Hebb*d.Hebb, c.Hebb*c.Hebb),
		cmp.Compare(d.Hebb, c.Hebb),
		cmp.Compare(c.Complexity, d.Complexity),
		diverged,
	)
}
