package cmaes

import (
	"fmt"
	"slices"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/evolution/internal/cube"
	"github.com/metaplast/metaplast/outer/internal/pending"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// SearchOptions configure a Searcher. The zero value of every field means its
// default.
type SearchOptions struct {
	// Lambda is the number of rules per generation of the first run;
	// DefaultLambda by default, 4 to 10000.
	Lambda int
	// Sigma is the first step size in coordinates, which reach from -1 to 1;
	// 0.4 by default, at most 2. Runs that begin from a known rule take a
	// third of it.
	Sigma float64
	// Restart says how runs follow on each other; BIPOP by default.
	Restart Restart
	// TolX ends a run whose standard deviations are all below it; 1e-4 by
	// default, at which coefficients of 4 digits stop changing.
	TolX float64
	// TolFun ends a run whose scores all lie within it; 1e-11 by default.
	TolFun float64
	// Noise asks for some rules again with coefficients displaced by a
	// hundredth of the step size, and takes longer steps where that changes
	// ranks. All candidates of a search learn from the same random numbers, so
	// this measures how rugged the score is, not how lucky a rule was.
	Noise bool
	// Start holds rules that the first runs begin from, before the middle of
	// the space and random points.
	Start []*rulespace.Rule
}

const searchDisplacement = 0.01

func (o SearchOptions) withDefaults(dims int) (SearchOptions, error) {
	if o.Lambda == 0 {
		o.Lambda = DefaultLambda(max(dims, 1))
	}
	if o.Sigma == 0 {
		o.Sigma = 0.4
	}
	if o.Restart == "" {
		o.Restart = BIPOP
	}
	if o.TolX == 0 {
		o.TolX = 1e-4
	}
	switch {
	case o.Lambda < 4 || o.Lambda > 10000:
		return o, fmt.Errorf("cmaes: lambda is %d; it has to be between 4 and 10000", o.Lambda)
	case !(o.Sigma > 0 && o.Sigma <= 2):
		return o, fmt.Errorf("cmaes: sigma is %g; it has to be above 0 and at most 2", o.Sigma)
	case !slices.Contains([]Restart{NoRestart, IPOP, BIPOP}, o.Restart):
		return o, fmt.Errorf("cmaes: restart is %q; it has to be none, ipop or bipop", o.Restart)
	case !(o.TolX > 0 && o.TolX < o.Sigma):
		return o, fmt.Errorf("cmaes: tolx is %g; it has to be above 0 and below sigma = %g", o.TolX, o.Sigma)
	case !(o.TolFun >= 0):
		return o, fmt.Errorf("cmaes: tolfun is %g; it has to be above 0", o.TolFun)
	}
	return o, nil
}

// Searcher searches the coordinates of a space.
type Searcher struct {
	*cube.Searcher
	strategy *strategy
}

// NewSearcher returns a searcher of a template or a pool of terms.
func NewSearcher(space *rulespace.Space, opts SearchOptions, k key.Key) (*Searcher, error) {
	s := &Searcher{strategy: &strategy{key: k}}
	var err error
	s.Searcher, err = cube.New("cmaes", space, opts.Start, s.strategy.begin)
	if err != nil {
		return nil, err
	}
	s.strategy.opts, err = opts.withDefaults(space.Dims())
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Axes returns the principal axes of the distribution of rules in the run that
// found the best rule, widest first, in coordinates of the space: which
// coefficients can change together without much change of the score. It is nil
// before the first generation has been told.
func (s *Searcher) Axes() []Axis { return s.strategy.axes }

// strategy is Multistart as a cube.Strategy.
type strategy struct {
	opts SearchOptions
	key  key.Key

	runs  *Multistart
	start [][]float64

	best    outer.Result
	bestRun int // number of the run that found best, 0 for none
	axes    []Axis
}

func (s *strategy) begin(n int, start [][]float64) cube.Strategy {
	s.start = start
	opts := Options{
		Sigma: s.opts.Sigma, Lambda: s.opts.Lambda, Coordinates: make([]Coordinate, n),
		Noise: Noise{On: s.opts.Noise, Displacement: searchDisplacement},
		Stop:  Stop{TolX: s.opts.TolX, TolFun: s.opts.TolFun},
	}
	for i := range opts.Coordinates {
		opts.Coordinates[i] = Coordinate{Low: -1, High: 1}
	}
	var err error
	s.runs, err = NewMultistart(s.opts.Restart, n, opts, func(run int) Begin { return s.place(run, n) }, s.key)
	if err != nil {
		panic(err) // options have been checked
	}
	return s
}

// place is where a run begins. From a known rule steps are shorter.
func (s *strategy) place(run, n int) Begin {
	at := Begin{Mean: cube.Place(s.start, n, run, s.key)}
	if run < len(s.start) {
		at.Sigma = s.opts.Sigma / 3
	}
	return at
}

// Ask implements cube.Strategy.
func (s *strategy) Ask() [][]float64 {
	points, err := s.runs.Ask()
	if err != nil {
		panic(err) // options have been checked
	}
	return points
}

// Tell implements cube.Strategy.
func (s *strategy) Tell(results []outer.Result) {
	order := cube.Order(results)
	run := s.runs.Run()
	if err := run.TellOrder(order, cube.Costs(results)); err != nil {
		panic(err) // a searcher tells what it was asked for
	}
	if best := results[order[0]]; s.bestRun == 0 || pending.Compare(best, s.best) > 0 {
		s.best, s.bestRun = best, s.runs.Runs()
	}
	if s.bestRun == s.runs.Runs() {
		s.axes = run.Axes()
	}
}

// Status implements cube.Strategy.
func (s *strategy) Status() string {
	run := s.runs.Run()
	axes := run.Axes()
	return fmt.Sprintf("run %d of λ %d, generation %d, step %.2g, axes %.1g to %.1g",
		s.runs.Runs(), run.Lambda, run.Generations(), run.Sigma(), axes[len(axes)-1].Width, axes[0].Width)
}
