package nsga2

import (
	"fmt"
	"math"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/evolution/internal/cube"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// SearchOptions configure a Searcher. The zero value of every field means its
// default.
type SearchOptions struct {
	Population     int     // as in Options; 32 by default, as evaluations are lives
	Crossover      float64 // as in Options
	Mutation       float64 // as in Options
	CrossoverIndex float64 // as in Options; 5 by default, as generations are few
	MutationIndex  float64 // as in Options; 5 by default
	// Generations ends the search after so many; 0 for no limit.
	Generations int
	// Start holds rules that the first generation contains.
	Start []*rulespace.Rule
}

func (o SearchOptions) withDefaults() (SearchOptions, error) {
	if o.Population == 0 {
		o.Population = 32
	}
	if o.CrossoverIndex == 0 {
		o.CrossoverIndex = 5
	}
	if o.MutationIndex == 0 {
		o.MutationIndex = 5
	}
	if o.Generations < 0 {
		return o, fmt.Errorf("nsga2: generations is %d; it cannot be negative", o.Generations)
	}
	return o, nil
}

// NewSearcher returns a searcher of a template or a pool of terms.
func NewSearcher(space *rulespace.Space, opts SearchOptions, k key.Key) (*cube.Searcher, error) {
	s := &strategy{space: space, key: k}
	searcher, err := cube.New("nsga2", space, opts.Start, s.begin)
	if err != nil {
		return nil, err
	}
	if s.opts, err = opts.withDefaults(); err != nil {
		return nil, err
	}
	_, err = New(s.options(space.Dims(), nil), k)
	if err != nil {
		return nil, err
	}
	return searcher, nil
}

// strategy is an Optimizer as a cube.Strategy.
type strategy struct {
	space *rulespace.Space
	opts  SearchOptions
	key   key.Key

	run         *Optimizer
	generations int
}

func (s *strategy) options(n int, start [][]float64) Options {
	o := Options{
		Low: make([]float64, n), High: make([]float64, n), Absent: make([]float64, n), Start: start,
		Population: s.opts.Population, Crossover: s.opts.Crossover, Mutation: s.opts.Mutation,
		CrossoverIndex: s.opts.CrossoverIndex, MutationIndex: s.opts.MutationIndex,
	}
	for i := range n {
		o.Low[i], o.High[i], o.Absent[i] = -1, 1, math.NaN()
		if u, ok := s.space.Absent(i); ok {
			o.Absent[i] = u
		}
	}
	return o
}

func (s *strategy) begin(n int, start [][]float64) cube.Strategy {
	var err error
	if s.run, err = New(s.options(n, start), s.key); err != nil {
		panic(err) // options have been checked
	}
	return s
}

// Ask implements cube.Strategy.
func (s *strategy) Ask() [][]float64 {
	if s.opts.Generations > 0 && s.generations == s.opts.Generations {
		return nil
	}
	s.generations++
	return s.run.Ask()
}

// Tell implements cube.Strategy.
func (s *strategy) Tell(results []outer.Result) {
	values := make([]Value, len(results))
	for i, r := range results {
		values[i] = ValueOf(r)
	}
	if err := s.run.Tell(values); err != nil {
		panic(err) // a searcher tells what it was asked for
	}
}

// Status implements cube.Strategy.
func (s *strategy) Status() string {
	front := 0
	for _, m := range s.run.Members() {
		if m.Front == 0 {
			front++
		}
	}
	return fmt.Sprintf("generation %d, %d of %d on the front", s.generations, front, s.opts.Population)
}
