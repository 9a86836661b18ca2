// Package cube lets a strategy that moves points search the coordinates of a
// rule.
//
// May import outer, rulespace and internal packages.
package cube

import (
	"math"
	"slices"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/internal/pending"
	"github.com/metaplast/metaplast/outer/internal/points"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// Strategy moves points through [-1, 1]ⁿ, a generation at a time.
type Strategy interface {
	// Ask returns the points of the next generation, none when the strategy
	// has converged. Coordinates beyond 1 and -1 count as these.
	Ask() [][]float64
	// Tell gives one result per point. A point where a rule was known already
	// gets what was told about the rule.
	Tell([]outer.Result)
	Status() string
}

// Begin makes a strategy for n coordinates that begins at the given points, of
// which there may be none.
type Begin func(n int, start [][]float64) Strategy

// barrenPoints in a row that are rules known already end a search.
const barrenPoints = 2000

// Searcher is an outer.Searcher and outer.Seeder of template and terms spaces.
type Searcher struct {
	space *rulespace.Space
	start [][]float64
	begin Begin

	strategy Strategy
	told     map[string]outer.Result // by digest of the rule asked for
	points   []string                // digests of the points of the generation
	asked    []string                // digests of gen
	gen      pending.Generation
	barren   int
	done     outer.Reason
}

// New returns a searcher. name is that of the method, for messages.
func New(name string, space *rulespace.Space, start []*rulespace.Rule, begin Begin) (*Searcher, error) {
	at, err := points.Start(name, space, start)
	if err != nil {
		return nil, err
	}
	return &Searcher{space: space, start: at, begin: begin, told: map[string]outer.Result{}}, nil
}

// Seed makes the strategy begin from rules found before, most complex first,
// as far as they lie in the space.
func (s *Searcher) Seed(found []outer.Candidate) error {
	inside := points.Inside(s.space, found)
	slices.Reverse(inside)
	s.start = append(s.start, inside...)
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
	if s.strategy == nil {
		return "not begun"
	}
	return s.strategy.Status()
}

// advance queues the rules of the next generation that have to be scored.
func (s *Searcher) advance() error {
	if s.strategy == nil {
		s.strategy = s.begin(s.space.Dims(), s.start)
	}
	asked := s.strategy.Ask()
	if len(asked) == 0 {
		s.done = outer.Converged
		return nil
	}
	s.points, s.asked = s.points[:0], s.asked[:0]
	var rules []*rulespace.Rule
	queued := map[string]bool{}
	for _, u := range asked {
		r := s.space.Decode(u)
		id := r.Digest()
		s.points = append(s.points, id)
		if _, ok := s.told[id]; ok || queued[id] {
			s.barren++
			continue
		}
		s.barren = 0
		queued[id] = true
		s.asked = append(s.asked, id)
		rules = append(rules, r)
	}
	s.gen.Start(rules)
	if s.barren >= barrenPoints {
		s.done = outer.Exhausted
	} else if len(rules) == 0 {
		s.settle()
	}
	return nil
}

// settle tells the strategy about a generation whose rules are all known.
func (s *Searcher) settle() {
	for i, r := range s.gen.Results() {
		s.told[s.asked[i]] = r
	}
	s.gen.Start(nil)
	results := make([]outer.Result, len(s.points))
	for i, id := range s.points {
		results[i] = s.told[id]
	}
	s.strategy.Tell(results)
}

// Order returns the indices of the results, best first, as pending.Compare
// sees it: a score on a cheap rung never competes with one on a later rung.
func Order(results []outer.Result) []int {
	order := make([]int, len(results))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return pending.Compare(results[b], results[a]) })
	return order
}

// Costs are the negative scores of those that reached the last rung, and
// infinite for the others: what can be compared between generations.
func Costs(results []outer.Result) []float64 {
	costs := make([]float64, len(results))
	for i, r := range results {
		costs[i] = -r.Score
		if pending.Failed(r) || !r.Full {
			costs[i] = math.Inf(1)
		}
	}
	return costs
}

// Place is where a strategy that starts several times begins: at known points,
// then in the middle, then anywhere.
func Place(start [][]float64, n, number int, k key.Key) []float64 {
	u := make([]float64, n)
	switch {
	case number < len(start):
		copy(u, start[number])
	case number > len(start):
		rng := k.Child("start", uint64(number)).Stream()
		for i := range u {
			u[i] = rng.Uniform(-1, 1)
		}
	}
	return u
}
