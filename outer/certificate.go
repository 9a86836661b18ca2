package outer

import (
	"slices"
	"strings"

	"github.com/metaplast/metaplast/rulespace"
)

// Certificate says what an enumeration has not missed: every distinct rule of
// at most Size nodes over the signals and primitives of the space was tried.
type Certificate struct {
	Coverage
	Rules int   // distinct rules of at most Size nodes
	Rungs []int // how many of them reached at least each rung
	// Failed is how many of them have no score: they diverged or changed
	// nothing.
	Failed int
	Best   []Best
	Ranks  []Rank // of the baselines that have the circuit of the search
}

// Best is the best rule of a complexity.
type Best struct {
	Complexity int     `json:"complexity"`
	Rule       string  `json:"rule"`  // the assignment that was searched
	Score      float64 `json:"score"` // of the search
	Rung       int     `json:"rung"`  // that it reached, from 0
}

// Rank says where a known rule stands among the rules that were enumerated,
// in the order of Better without regard to complexity and name.
type Rank struct {
	Baseline string `json:"baseline"`
	Rank     int    `json:"rank"`  // from 1; 0 where the rule is not among them
	Equal    int    `json:"equal"` // others with the same score
	Of       int    `json:"of"`    // rules that the certificate is about
}

// certify makes the certificate of an enumeration that ended. Rules beyond the
// last size that is complete do not count.
func (s *session) certify(c Coverage) {
	if c.Size == 0 {
		return
	}
	cert := &Certificate{Coverage: c, Rungs: make([]int, len(s.plan.Rungs))}
	for _, n := range c.Sizes[:c.Size] {
		cert.Rules += n.Rules
	}
	// Rules that are one to the cache were trialled once.
	listed, among := make([]*entry, 0, cert.Rules), make(map[*entry]bool, cert.Rules)
	for _, e := range s.listed[:cert.Rules] {
		if !among[e] {
			among[e] = true
			listed = append(listed, e)
		}
	}
	var best archive
	for _, e := range listed {
		if e.result.Status != OK {
			cert.Failed++
			continue
		}
		for k := range e.result.Rung + 1 {
			cert.Rungs[k]++
		}
		r := e.result
		r.Cost = 0 // the best of its complexity, whatever it costs
		best.add(r)
	}
	for _, r := range best.best {
		cert.Best = append(cert.Best, Best{Complexity: r.Complexity, Rule: searchedText(c.Space, r.Rule), Score: r.Score, Rung: r.Rung})
	}
	for i := range s.plan.Baselines {
		b := &s.plan.Baselines[i]
		if b.Learner.Credit.Name != s.plan.Learner.Credit.Name {
			continue
		}
		rank := Rank{Baseline: b.Name, Of: len(listed)}
		if known := s.find(asListed(b.Learner.Rule, c.Space), among); known != nil {
			rank.Rank = 1
			for _, e := range listed {
				switch ahead(e.result, known.result) {
				case 1:
					rank.Rank++
				case 0:
					rank.Equal++
				}
			}
			rank.Equal-- // itself
		}
		cert.Ranks = append(cert.Ranks, rank)
	}
	s.certificate = cert
}

// searchedText writes what a search looks for in a rule, with its name where
// that is not dw.
func searchedText(space *rulespace.Space, r *rulespace.Rule) string {
	slots, exprs := space.Searches(), space.Searched(r)
	parts := make([]string, len(slots))
	for i, slot := range slots {
		parts[i] = textOrNone(exprs[i])
		switch {
		case slot == rulespace.SlotState:
			parts[i] = space.State + ": " + parts[i]
		case slot != rulespace.SlotDW || len(slots) > 1:
			parts[i] = slot.String() + ": " + parts[i]
		}
	}
	return strings.Join(parts, "; ")
}

// asListed writes a rule as those of a space are: parameters that they have too
// at the values that they have there, others as numbers.
func asListed(r *rulespace.Rule, space *rulespace.Space) *rulespace.Rule {
	model := space.Wrap(slices.Repeat(space.Leaves()[:1], len(space.Searches()))...)
	out := *r
	out.Params = nil
	for _, p := range r.Params {
		if known, ok := model.Param(p.Name); ok {
			out.Params = append(out.Params, known)
		}
	}
	number := func(name string) (*rulespace.Expr, bool) {
		if _, kept := out.Param(name); kept {
			return nil, false
		}
		p, ok := r.Param(name)
		return rulespace.Const(p.Value), ok
	}
	write := func(e *rulespace.Expr) *rulespace.Expr {
		if e == nil {
			return nil
		}
		return e.Substitute(number)
	}
	out.DW, out.DB, out.DFB = write(r.DW), write(r.DB), write(r.DFB)
	out.States = append([]rulespace.State(nil), r.States...)
	for i := range out.States {
		out.States[i].Update = write(r.States[i].Update)
	}
	return &out
}

// find looks for a rule among entries, without its bias where those leave
// biases alone; nil where it is not among them.
func (s *session) find(r *rulespace.Rule, among map[*entry]bool) *entry {
	if e := s.cache.find(s.cache.entry(r, s.plan.Tune.Param)); among[e] {
		return e
	}
	if r.DB == nil {
		return nil
	}
	plain := *r
	plain.DB = nil
	return s.find(&plain, among)
}

// ahead is 1 where a did better than b, -1 where it did worse, and 0 where
// they did equally well.
func ahead(a, b Result) int {
	a.Complexity, a.Digest = b.Complexity, b.Digest
	switch {
	case Better(a, b):
		return 1
	case Better(b, a):
		return -1
	}
	return 0
}
