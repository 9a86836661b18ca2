package method

import (
	"fmt"
	"slices"
	"strings"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/beam"
	"github.com/metaplast/metaplast/outer/cgp"
	"github.com/metaplast/metaplast/outer/eliminate"
	"github.com/metaplast/metaplast/outer/enumerate"
	"github.com/metaplast/metaplast/outer/evolution"
	"github.com/metaplast/metaplast/outer/evolution/cmaes"
	"github.com/metaplast/metaplast/outer/evolution/de"
	"github.com/metaplast/metaplast/outer/evolution/es"
	"github.com/metaplast/metaplast/outer/evolution/nsga2"
	"github.com/metaplast/metaplast/outer/gradient"
	"github.com/metaplast/metaplast/outer/random"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// Entry describes a method.
type Entry struct {
	Name    string
	Title   string // one line for people
	Doc     string
	Spaces  []string // kinds of space it searches
	Options []Option

	// Pipeline lists the methods that this one runs in turn on a kind of space;
	// nil for a method that is a searcher itself.
	Pipeline func(kind string) []Stage

	make func(space *rulespace.Space, v *values, opts Options, k key.Key) (outer.Searcher, error)
}

// Option is a setting of a method.
type Option struct {
	Name    string
	Default string
	Doc     string
}

// Stage is a method in a pipeline.
type Stage struct {
	Name   string
	Share  float64 // of the evaluations at most; 0 for what is left
	Values map[string]string
}

// Options configure a method.
type Options struct {
	// Values of the method's options by name; those that are missing have
	// their defaults.
	Values map[string]string
	// KeepScale says that the learning rate is not tuned, so that rules that
	// differ by a positive factor are different.
	KeepScale bool
	// Start holds rules that methods that improve rules begin with.
	Start []*rulespace.Rule
	// Probe holds the signal values on which symbolic rules are compared; nil
	// means rulespace.FixedProbe.
	Probe *rulespace.Probe
}

// Catalogue returns all methods in the order in which people should try them.
func Catalogue() []Entry {
	symbolic, cube := []string{"symbolic"}, []string{"template", "terms"}
	tuples := []string{"symbolic", "symbolic tuple"}
	return []Entry{
		{
			Name: "discover", Title: "the pipeline to start with", Spaces: slices.Concat(tuples, cube),
			Doc:      "Enumerates a symbolic space by size with up to three quarters of the evaluations and goes on from what it found with beam; searches several assignments at once with cgp; weighs terms with ga, goes on from what that found with cmaes, and removes the terms that it can do without, fitting the others, with eliminate; fits templates with cmaes.",
			Pipeline: discover,
		},
		{
			Name: "enumerate", Title: "every distinct rule, smallest first", Spaces: symbolic,
			Doc: "Asks for all rules that behave differently, by size. Complete up to the size it reaches; draws no random numbers.",
			Options: []Option{
				{"size", "max_complexity", "nodes of the largest expressions"},
				{"at_rest", "false", "leave out rules that change a weight while pre is silent"},
				{"memory", "1024", "limit on what is kept of smaller expressions, in MiB"},
			},
			make: func(space *rulespace.Space, v *values, o Options, k key.Key) (outer.Searcher, error) {
				opts := enumerate.Options{
					MaxSize: v.int("size"), AtRest: v.bool("at_rest"), Memory: int64(v.int("memory")) << 20,
					KeepScale: o.KeepScale, Probe: o.Probe,
				}
				return build(v, func() (outer.Searcher, error) { return enumerate.New(space, opts, k) })
			},
		},
		{
			Name: "beam", Title: "beam search, one edit at a time", Spaces: symbolic,
			Doc: "Keeps the best rules of every complexity and asks for all rules one edit away from them, those of the best first, until every rule that is kept has been expanded. Reaches rules too large to enumerate where each step towards them scores better; starts from what an earlier method found. Draws no random numbers.",
			Options: []Option{
				{"width", "3", "rules kept of each complexity"},
				{"start", "none", "classic rules to begin with, with commas between them, such as hebb,oja"},
			},
			make: func(space *rulespace.Space, v *values, o Options, k key.Key) (outer.Searcher, error) {
				opts := beam.Options{
					Width: v.int("width"), KeepScale: o.KeepScale, Start: v.rules("start", o.Start), Probe: o.Probe,
				}
				return build(v, func() (outer.Searcher, error) { return beam.New(space, opts, k) })
			},
		},
		{
			Name: "cgp", Title: "Cartesian genetic programming", Spaces: tuples,
			Doc: "A (μ+λ) evolution strategy on graphs with single-active-gene mutation, neutral drift and restarts. For spaces too large to enumerate, and for several assignments at once, which share the nodes of a graph.",
			Options: []Option{
				{"columns", "30", "nodes of a genome, active or not"},
				{"mu", "1", "parents"},
				{"lambda", "4", "offspring per generation"},
				{"initial", "24", "random rules at every start, the best of which become parents"},
				{"plateau", "250", "evaluations without a better rule until a restart, 0 for never"},
				{"tries", "20", "mutations spent on finding a rule that has not been scored"},
				{"mutation", "0", "probability that a gene changes; 0 for single-active-gene mutation"},
				{"reorder", "true", "put the nodes of a parent in a new order before each mutation"},
				{"numbers", "0", "numbers per genome, tuned together with the structure, besides the constants of the space"},
				{"start", "none", "classic rules to begin with, with commas between them, such as hebb,oja"},
			},
			make: func(space *rulespace.Space, v *values, o Options, k key.Key) (outer.Searcher, error) {
				opts := cgp.Options{
					Columns: v.int("columns"), Mu: v.int("mu"), Lambda: v.int("lambda"), Initial: v.int("initial"),
					Plateau: v.intOrNone("plateau"), Tries: v.int("tries"), Mutation: max(0, v.floatOrNone("mutation")),
					KeepOrder: !v.bool("reorder"), Numbers: v.int("numbers"),
					KeepScale: o.KeepScale, Start: v.rules("start", o.Start), Probe: o.Probe,
				}
				return build(v, func() (outer.Searcher, error) { return cgp.New(space, opts, k) })
			},
		},
		{
			Name: "cmaes", Title: "covariance matrix adaptation", Spaces: cube,
			Doc: "An evolution strategy (CMA-ES) that learns which coefficients have to change together, with active negative weights and restarts. The first choice for coefficients.",
			Options: []Option{
				{"lambda", "4 + 3 ln(dimensions)", "rules per generation of the first run"},
				{"sigma", "0.4", "first step size; coordinates reach from -1 to 1"},
				{"restart", "bipop", "how runs follow on each other: none, ipop (twice the rules per generation) or bipop (also small runs)"},
				{"tolx", "0.0001", "a run ends when its steps are smaller"},
				{"tolfun", "1e-11", "a run ends when its scores differ by less"},
				{"noise", "false", "uncertainty handling: ask for some rules again, slightly displaced, and take longer steps where that changes ranks"},
			},
			make: func(space *rulespace.Space, v *values, o Options, k key.Key) (outer.Searcher, error) {
				opts := cmaes.SearchOptions{
					Lambda: v.int("lambda"), Sigma: v.float("sigma"), TolX: v.float("tolx"), TolFun: v.float("tolfun"),
					Restart: cmaes.Restart(v.oneOf("restart", string(cmaes.NoRestart), string(cmaes.IPOP), string(cmaes.BIPOP))),
					Noise:   v.bool("noise"), Start: o.Start,
				}
				return build(v, func() (outer.Searcher, error) { return cmaes.NewSearcher(space, opts, k) })
			},
		},
		{
			Name: "ga", Title: "genetic algorithm on coefficients", Spaces: cube,
			Doc: "A real-coded genetic algorithm (eaopt): tournaments, blend and uniform crossover, normal mutation over eight octaves, elites, immigrants.",
			Options: []Option{
				{"population", "32", "individuals"},
				{"tournament", "3", "individuals of which the best becomes a parent"},
				{"elites", "2", "best individuals that survive unchanged, 0 for none"},
				{"immigrants", "2", "random individuals per generation, 0 for none"},
				{"crossover", "0.9", "probability that two parents are crossed"},
				{"mutation", "1/dimensions", "probability that a further coordinate of a child changes"},
				{"sigma", "0.4", "largest width of a mutation; coordinates reach from -1 to 1"},
				{"generations", "0", "end after so many; 0 for no limit"},
			},
			make: func(space *rulespace.Space, v *values, o Options, k key.Key) (outer.Searcher, error) {
				opts := evolution.Options{
					Population: v.int("population"), Tournament: v.int("tournament"), Elites: v.intOrNone("elites"),
					Immigrants: v.intOrNone("immigrants"), Crossover: v.floatOrNone("crossover"), Mutation: v.floatOrNone("mutation"),
					Sigma: v.float("sigma"), Generations: v.int("generations"), Start: o.Start,
				}
				return build(v, func() (outer.Searcher, error) { return evolution.New(space, opts, k) })
			},
		},
		{
			Name: "de", Title: "differential evolution", Spaces: cube,
			Doc: "Moves agents along differences between other agents (eaopt), with rates that adapt themselves. For scores with many peaks.",
			Options: []Option{
				{"population", "3 dimensions, at least 16", "agents"},
				{"greed", "0.2", "part of the agents of which one is what a mutation moves towards"},
				{"generations", "0", "end after so many; 0 for no limit"},
			},
			make: func(space *rulespace.Space, v *values, o Options, k key.Key) (outer.Searcher, error) {
				opts := de.Options{
					Population: v.int("population"), Greed: v.float("greed"), Generations: v.int("generations"), Start: o.Start,
				}
				return build(v, func() (outer.Searcher, error) { return de.NewSearcher(space, opts, k) })
			},
		},
		{
			Name: "es", Title: "evolution strategy with antithetic pairs", Spaces: cube,
			Doc: "Estimates the gradient of the score from the ranks of pairs on either side of a mean, and follows it with momentum from several points.",
			Options: []Option{
				{"population", "4 + 3 ln(dimensions), made even", "rules per generation, an even number"},
				{"sigma", "0.3", "spread of the rules; coordinates reach from -1 to 1"},
				{"rate", "2", "learning rate, in spreads"},
				{"momentum", "0.7", "part of a move that is kept for the next"},
				{"patience", "7", "generations without a better score until the spread is halved"},
				{"halvings", "8", "of the spread, until an ascent ends; 0 for none"},
				{"starts", "4", "ascents; 0 for no limit"},
			},
			make: func(space *rulespace.Space, v *values, o Options, k key.Key) (outer.Searcher, error) {
				opts := es.SearchOptions{
					Population: v.int("population"), Sigma: v.float("sigma"), Rate: v.float("rate"),
					Momentum: v.floatOrNone("momentum"), Patience: v.int("patience"), Halvings: v.intOrNone("halvings"),
					Starts: v.intOrNone("starts"), Start: o.Start,
				}
				return build(v, func() (outer.Searcher, error) { return es.NewSearcher(space, opts, k) })
			},
		},
		{
			Name: "nsga2", Title: "genetic algorithm for several objectives", Spaces: cube,
			Doc: "NSGA-II: sorts rules into fronts by score, complexity and the third objective of the search, if it has one, and breeds (simulated binary crossover, polynomial mutation) from the whole of the best front instead of its best end.",
			Options: []Option{
				{"population", "32", "rules per generation, an even number"},
				{"crossover", "0.9", "probability that two parents are crossed, 0 for never"},
				{"mutation", "1/dimensions", "probability that a coordinate of a child changes"},
				{"crossover_index", "5", "the larger, the closer are crossed children to their parents"},
				{"mutation_index", "5", "the larger, the smaller are mutations"},
				{"generations", "0", "end after so many; 0 for no limit"},
			},
			make: func(space *rulespace.Space, v *values, o Options, k key.Key) (outer.Searcher, error) {
				opts := nsga2.SearchOptions{
					Population: v.int("population"), Crossover: v.floatOrNone("crossover"), Mutation: v.float("mutation"),
					CrossoverIndex: v.float("crossover_index"), MutationIndex: v.float("mutation_index"),
					Generations: v.int("generations"), Start: o.Start,
				}
				return build(v, func() (outer.Searcher, error) { return nsga2.NewSearcher(space, opts, k) })
			},
		},
		{
			Name: "fd-gradient", Title: "gradient ascent by finite differences", Spaces: cube,
			Doc: "Estimates the gradient of the score by differences over whole learning lives with common random numbers, and climbs it with Adam from several points. Its rules are not raced: all that end well reach the last rung.",
			Options: []Option{
				{"step", "0.05", "distance of a probe; coordinates reach from -1 to 1"},
				{"forward", "false", "probe one side only: half the evaluations, a larger error"},
				{"directions", "0", "estimate by so many simultaneous perturbations (SPSA), two evaluations each; 0 for coordinate by coordinate"},
				{"l1", "0", "cost of a coordinate per unit away from where its term is absent, taken off by proximal steps"},
				{"threshold", "0", "remove coefficients below this fraction of their largest when an ascent ends, and climb again"},
				{"rate", "0.1", "learning rate of Adam"},
				{"patience", "5", "moves without a better score until the rate is halved"},
				{"halvings", "5", "of the rate, until an ascent ends; 0 for none"},
				{"steps", "200", "moves of one ascent"},
				{"starts", "4", "ascents; 0 for no limit"},
			},
			make: func(space *rulespace.Space, v *values, o Options, k key.Key) (outer.Searcher, error) {
				opts := gradient.Options{
					Step: v.float("step"), Forward: v.bool("forward"), Directions: v.int("directions"),
					L1: v.floatOrZero("l1"), Threshold: v.floatOrZero("threshold"), Rate: v.float("rate"), Patience: v.int("patience"),
					Halvings: v.intOrNone("halvings"), Steps: v.int("steps"), Starts: v.intOrNone("starts"), Start: o.Start,
				}
				return build(v, func() (outer.Searcher, error) { return gradient.New(space, opts, k) })
			},
		},
		{
			Name: "eliminate", Title: "terms that add nothing removed, with evidence", Spaces: cube,
			Doc: "From the best rule found before it, leaves out terms that are not missed, several at once, then the one that is missed least, down to one term; from there it goes up again, adding and exchanging terms where that gains more than noise, with coefficients fitted (floating selection): the front shows what each term is worth. Its rules are not raced: all that end well reach the last rung. Draws no random numbers.",
			Options: []Option{
				{"refit", "3", "rounds of a fit, two evaluations per coefficient and one more each, and up to as many again while they gain more than noise; 0 for none"},
				{"probe", "0.2", "distance of the first probes of a fit; coordinates reach from -1 to 1"},
				{"one_way", "false", "never add or exchange a term"},
			},
			make: func(space *rulespace.Space, v *values, o Options, k key.Key) (outer.Searcher, error) {
				opts := eliminate.Options{Refit: v.intOrNone("refit"), Probe: v.float("probe"), OneWay: v.bool("one_way"), Start: o.Start}
				return build(v, func() (outer.Searcher, error) { return eliminate.New(space, opts) })
			},
		},
		{
			Name: "random", Title: "rules drawn at random", Spaces: slices.Concat(tuples, cube),
			Doc: "Uniform coordinates, or random expressions that behave differently from those before. The floor that other methods have to beat.",
			make: func(space *rulespace.Space, v *values, o Options, k key.Key) (outer.Searcher, error) {
				opts := random.Options{KeepScale: o.KeepScale, Probe: o.Probe}
				return build(v, func() (outer.Searcher, error) { return random.New(space, opts, k) })
			},
		},
	}
}

// discover is the pipeline that does best on the problems of metaplast
// rediscover.
func discover(kind string) []Stage {
	switch kind {
	case "symbolic":
		return []Stage{{Name: "enumerate", Share: 0.75}, {Name: "beam"}}
	case "symbolic tuple":
		return []Stage{{Name: "cgp"}}
	case "terms":
		return []Stage{{Name: "ga", Share: 0.25}, {Name: "cmaes", Share: 0.1}, {Name: "eliminate"}}
	}
	return []Stage{{Name: "cmaes"}}
}

// ByName finds a method.
func ByName(name string) (Entry, bool) {
	for _, e := range Catalogue() {
		if e.Name == name {
			return e, true
		}
	}
	return Entry{}, false
}

// New makes the searcher of that name.
func New(name string, space *rulespace.Space, opts Options, k key.Key) (outer.Searcher, error) {
	e, ok := ByName(name)
	if !ok {
		var names []string
		for _, e := range Catalogue() {
			names = append(names, e.Name)
		}
		return nil, fmt.Errorf("%q is not a method; %smethods are %s", name, suggest(name, names), strings.Join(names, ", "))
	}
	return e.New(space, opts, k)
}

// New makes a searcher of the method.
func (e Entry) New(space *rulespace.Space, opts Options, k key.Key) (outer.Searcher, error) {
	if e.make == nil {
		return nil, fmt.Errorf("method %s is a pipeline of other methods, not one searcher", e.Name)
	}
	return e.make(space, &values{entry: e, given: opts.Values}, opts, k)
}

// build makes a searcher unless an option is wrong. It keeps a nil *Searcher
// from becoming an outer.Searcher that is not nil.
func build(v *values, make func() (outer.Searcher, error)) (outer.Searcher, error) {
	if err := v.err(); err != nil {
		return nil, err
	}
	s, err := make()
	if err != nil {
		return nil, err
	}
	return s, nil
}
