package es

import (
	"fmt"

	"github.com/metaplast/metaplast/internal/es"
	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/evolution/internal/cube"
	"github.com/metaplast/metaplast/outer/internal/pending"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// SearchOptions configure a Searcher. The zero value of every field means its
// default.
type SearchOptions struct {
	Population int     // as in es.Options
	Sigma      float64 // as in es.Options; coordinates reach from -1 to 1; 0.3 by default, at most 2
	Rate       float64 // as in es.Options
	Momentum   float64 // as in es.Options
	Patience   int     // as in es.Options
	// Halvings of Sigma end an ascent; 8 by default, negative for none.
	Halvings int
	// Starts is the number of ascents, each from another point; 4 by default,
	// negative for no limit.
	Starts int
	// Start holds rules that the first ascents begin from, before the middle
	// of the space and random points.
	Start []*rulespace.Rule
}

func (o SearchOptions) withDefaults() (SearchOptions, error) {
	if o.Sigma == 0 {
		o.Sigma = 0.3
	}
	if o.Halvings == 0 {
		o.Halvings = 8
	}
	if o.Starts == 0 {
		o.Starts = 4
	}
	if !(o.Sigma > 0 && o.Sigma <= 2) {
		return o, fmt.Errorf("es: sigma is %g; it has to be above 0 and at most 2", o.Sigma)
	}
	return o, nil
}

// NewSearcher returns a searcher of a template or a pool of terms.
func NewSearcher(space *rulespace.Space, opts SearchOptions, k key.Key) (*cube.Searcher, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &strategy{opts: opts, key: k}
	if _, err := es.New(s.options([]float64{0}), k); err != nil {
		return nil, err
	}
	return cube.New("es", space, opts.Start, s.begin)
}

// strategy is a series of ascents as a cube.Strategy.
type strategy struct {
	opts SearchOptions
	key  key.Key

	n      int
	start  [][]float64
	ascent int // number of the ascent, from 1
	run    *es.Optimizer
	best   *outer.Result // of the ascent
}

func (s *strategy) options(start []float64) es.Options {
	return es.Options{
		Start: start, Sigma: s.opts.Sigma, Population: s.opts.Population, Rate: s.opts.Rate,
		Momentum: s.opts.Momentum, Patience: s.opts.Patience, Low: -1, High: 1,
	}
}

func (s *strategy) begin(n int, start [][]float64) cube.Strategy {
	s.n, s.start = n, start
	return s
}

// Ask implements cube.Strategy.
func (s *strategy) Ask() [][]float64 {
	if s.run == nil || s.run.Halved() > max(0, s.opts.Halvings) {
		if s.opts.Starts > 0 && s.ascent == s.opts.Starts {
			return nil
		}
		var err error
		s.run, err = es.New(s.options(cube.Place(s.start, s.n, s.ascent, s.key)), s.key.Child("ascent", uint64(s.ascent)))
		if err != nil {
			panic(err) // options have been checked
		}
		s.ascent++
		s.best = nil
	}
	return s.run.Ask()
}

// Tell implements cube.Strategy.
func (s *strategy) Tell(results []outer.Result) {
	order := cube.Order(results)
	better := s.best == nil || pending.Compare(results[order[0]], *s.best) > 0
	if better {
		best := results[order[0]]
		s.best = &best
	}
	if err := s.run.Tell(ranks(results, order), better); err != nil {
		panic(err) // a searcher tells what it was asked for
	}
}

// ranks are 0 for the worst; equal results share the mean of theirs.
func ranks(results []outer.Result, order []int) []float64 {
	out := make([]float64, len(order))
	for i := 0; i < len(order); {
		j := i + 1
		for j < len(order) && pending.Compare(results[order[i]], results[order[j]]) == 0 {
			j++
		}
		for _, k := range order[i:j] {
			out[k] = float64(len(order)-1) - float64(float64(i+j-1)/2)
		}
		i = j
	}
	return out
}

// Status implements cube.Strategy.
func (s *strategy) Status() string {
	if s.run == nil {
		return "not begun"
	}
	return fmt.Sprintf("start %d, spread %.2g", s.ascent, s.run.Sigma())
}
