package de

import (
	"fmt"
	"math"
	"slices"

	"github.com/MaxHalford/eaopt"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/evolution/internal/cube"
	"github.com/metaplast/metaplast/outer/internal/pending"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// Options of differential evolution. The zero value of every field means its
// default.
type Options struct {
	// Population is the number of agents; 3 per coordinate and 16 at least by
	// default, 5 to 10000.
	Population int
	// Greed is p, the part of the agents of which one is what a mutation moves
	// towards; 0.2 by default, at most 1.
	Greed float64
	// Generations ends the search after so many; 0 for no limit.
	Generations int
	// Start holds rules that the first population contains.
	Start []*rulespace.Rule
}

func (o Options) withDefaults(dims int) (Options, error) {
	if o.Population == 0 {
		o.Population = max(16, 3*dims)
	}
	if o.Greed == 0 {
		o.Greed = 0.2
	}
	switch {
	case o.Population < 5 || o.Population > 10000:
		return o, fmt.Errorf("de: population is %d; it has to be between 5 and 10000", o.Population)
	case !(o.Greed > 0 && o.Greed <= 1):
		return o, fmt.Errorf("de: greed is %g; it has to be above 0 and at most 1", o.Greed)
	case o.Generations < 0:
		return o, fmt.Errorf("de: generations is %d; it cannot be negative", o.Generations)
	}
	return o, nil
}

// NewSearcher returns a searcher of a template or a pool of terms.
func NewSearcher(space *rulespace.Space, opts Options, k key.Key) (*cube.Searcher, error) {
	s := &strategy{rng: k.Stream(), collapsed: resolution}
	searcher, err := cube.New("de", space, opts.Start, s.begin)
	if err != nil {
		return nil, err
	}
	if s.opts, err = opts.withDefaults(space.Dims()); err != nil {
		return nil, err
	}
	return searcher, nil
}

// resolution is the distance of coordinates that can be told apart, since
// coefficients have four digits.
const resolution = 1e-4

// strategy is a cube.Strategy.
type strategy struct {
	opts Options
	rng  *key.Stream
	// A population whose agents are no further apart than collapsed is drawn
	// anew.
	collapsed float64

	n           int
	start       [][]float64
	pop         *eaopt.Population // agents, then their trials while results are awaited
	generations int
	populations int
}

func (s *strategy) begin(n int, start [][]float64) cube.Strategy {
	s.n, s.start = n, start
	s.pop = &eaopt.Population{RNG: newRand(s.rng)}
	return s
}

// Ask implements cube.Strategy.
func (s *strategy) Ask() [][]float64 {
	if s.opts.Generations > 0 && s.generations == s.opts.Generations {
		return nil
	}
	s.generations++
	if len(s.pop.Individuals) == 0 || s.isCollapsed() {
		s.initialise()
	} else if err := (variation{}).Apply(s.pop); err != nil {
		panic(err) // variation has none
	}
	var points [][]float64
	for _, i := range s.pop.Individuals {
		if a := agentOf(i); !a.told {
			points = append(points, a.u)
		}
	}
	return points
}

// Tell implements cube.Strategy. A trial takes the place of its agent unless it
// is worse.
func (s *strategy) Tell(results []outer.Result) {
	all := s.pop.Individuals
	for i := range results {
		a := agentOf(all[len(all)-len(results)+i])
		a.result, a.told = results[i], true
	}
	if len(all) > s.opts.Population {
		trials := all[s.opts.Population:]
		all = all[:s.opts.Population]
		for i, t := range trials {
			if pending.Compare(agentOf(t).result, agentOf(all[i]).result) >= 0 {
				all[i] = t
			}
		}
		s.pop.Individuals = all
	}
	// Fitness is the rank of the result: finite, whatever was told.
	ordered := make([]outer.Result, len(all))
	for i := range all {
		ordered[i] = agentOf(all[i]).result
	}
	for rank, i := range cube.Order(ordered) {
		agentOf(all[i]).rank = rank
		all[i].Fitness, all[i].Evaluated = float64(rank), true
	}
}

// Status implements cube.Strategy.
func (s *strategy) Status() string {
	return fmt.Sprintf("generation %d, population %d", s.generations, s.populations)
}

// initialise draws a population: of start rules, in the first, and uniform
// points.
func (s *strategy) initialise() {
	s.populations++
	s.pop.Individuals = nil
	for i := range s.opts.Population {
		a := &agent{s: s, index: i, factor: 0.6, crossover: 0.9}
		if i < len(s.start) && s.populations == 1 {
			a.u = slices.Clone(s.start[i])
		} else {
			a.u = eaopt.InitUnifFloat64(uint(s.n), -1, 1, s.pop.RNG)
		}
		s.pop.Individuals = append(s.pop.Individuals, eaopt.NewIndividual(a, s.pop.RNG))
	}
}

// isCollapsed reports that all agents are in one place or equally good, so that
// differences between them lead nowhere.
func (s *strategy) isCollapsed() bool {
	first := s.agent(0)
	if !slices.ContainsFunc(s.pop.Individuals, func(i eaopt.Individual) bool {
		return pending.Compare(agentOf(i).result, first.result) != 0
	}) {
		return true
	}
	for j := range s.n {
		lo, hi := 1.0, -1.0
		for _, i := range s.pop.Individuals {
			u := agentOf(i).u[j]
			lo, hi = min(lo, u), max(hi, u)
		}
		if hi-lo > s.collapsed {
			return false
		}
	}
	return true
}

// variation is the eaopt.Model that makes a trial of each agent. It expects
// agents that have been told and leaves the trials behind them.
type variation struct{}

// Validate implements eaopt.Model; NewSearcher has validated the options.
func (variation) Validate() error { return nil }

// Apply implements eaopt.Model.
func (variation) Apply(pop *eaopt.Population) error {
	trials := make(eaopt.Individuals, len(pop.Individuals))
	for i, target := range pop.Individuals {
		trials[i] = target.Clone(pop.RNG)
		trials[i].Mutate(pop.RNG)
	}
	pop.Individuals = append(pop.Individuals, trials...)
	return nil
}

func (s *strategy) agent(i int) *agent { return agentOf(s.pop.Individuals[i]) }

// others draws k agents that are neither i nor each other.
func (s *strategy) others(i, k int) []int {
	out := []int{i}
	for len(out) <= k {
		if j := s.rng.IntN(s.opts.Population); !slices.Contains(out, j) {
			out = append(out, j)
		}
	}
	return out[1:]
}

// pbest draws one of the best agents, at least two of them.
func (s *strategy) pbest() int {
	top := max(2, int(math.Ceil(s.opts.Greed*float64(s.opts.Population))))
	want := s.rng.IntN(min(top, s.opts.Population))
	return slices.IndexFunc(s.pop.Individuals[:s.opts.Population], func(i eaopt.Individual) bool { return agentOf(i).rank == want })
}
