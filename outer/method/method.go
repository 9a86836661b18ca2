package method

import (
	"fmt"
	"strings"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/cgp"
	"github.com/metaplast/metaplast/outer/eliminate"
	"github.com/metaplast/metaplast/outer/enumerate"
	"github.com/metaplast/metaplast/outer/evolution"
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

	make func(space *rulespace.Space, v *values, opts Options, k key.Key) (outer.Searcher, error)
}

// Option is a setting of a method.
type Option struct {
	Name    string
	Default string
	Doc     string
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
	return []Entry{
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
			Name: "cgp", Title: "Cartesian genetic programming", Spaces: symbolic,
			Doc: "A (μ+λ) evolution strategy on graphs with single-active-gene mutation, neutral drift and restarts. For spaces too large to enumerate.",
			Options: []Option{
				{"columns", "30", "nodes of a genome, active or not"},
				{"mu", "1", "parents"},
				{"lambda", "4", "offspring per generation"},
				{"plateau", "250", "evaluations without a better rule until a restart, 0 for never"},
				{"tries", "20", "mutations spent on finding a rule that has not been scored"},
			},
			make: func(space *rulespace.Space, v *values, o Options, k key.Key) (outer.Searcher, error) {
				opts := cgp.Options{
					Columns: v.int("columns"), Mu: v.int("mu"), Lambda: v.int("lambda"), Plateau: v.intOrNone("plateau"),
					Tries: v.int("tries"), KeepScale: o.KeepScale, Start: o.Start, Probe: o.Probe,
				}
				return build(v, func() (outer.Searcher, error) { return cgp.New(space, opts, k) })
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
			Name: "fd-gradient", Title: "gradient ascent by finite differences", Spaces: cube,
			Doc: "Estimates the gradient of the score by differences over whole learning lives with common random numbers, and climbs it with Adam from several points. Wants a single rung: pruned probes have no score that compares.",
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
			Name: "eliminate", Title: "terms removed one by one, with evidence", Spaces: cube,
			Doc: "From the best rule found before it, removes the term that is missed least, fits the others again, and goes on to one term; where a removal costs more than the noise it tries first to add or exchange a term (floating selection): the front shows what each term is worth. Draws no random numbers.",
			Options: []Option{
				{"refit", "3", "rounds of fitting after every change, two evaluations per coefficient and one more each; 0 for none"},
				{"probe", "0.1", "distance of the first probes of a fit; coordinates reach from -1 to 1"},
				{"one_way", "false", "never add or exchange a term"},
			},
			make: func(space *rulespace.Space, v *values, o Options, k key.Key) (outer.Searcher, error) {
				opts := eliminate.Options{Refit: v.intOrNone("refit"), Probe: v.float("probe"), OneWay: v.bool("one_way"), Start: o.Start}
				return build(v, func() (outer.Searcher, error) { return eliminate.New(space, opts) })
			},
		},
		{
			Name: "random", Title: "rules drawn at random", Spaces: []string{"symbolic", "template", "terms"},
			Doc: "Uniform coordinates, or random expressions that behave differently from those before. The floor that other methods have to beat.",
			make: func(space *rulespace.Space, v *values, o Options, k key.Key) (outer.Searcher, error) {
				opts := random.Options{KeepScale: o.KeepScale, Probe: o.Probe}
				return build(v, func() (outer.Searcher, error) { return random.New(space, opts, k) })
			},
		},
	}
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
