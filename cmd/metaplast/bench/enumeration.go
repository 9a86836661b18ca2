package bench

import (
	"context"
	_ "embed"

	"github.com/metaplast/metaplast/outer"
)

// Enumeration is the config of a search through all small rules.
//
//go:embed enumeration.yaml
var Enumeration []byte

// enumeration is how fast a search goes through all rules of at most four
// operators: enumeration, trials, journal and certificate, by the wall with two
// workers. The same search is measured in distinct rules and in changes of a
// weight.
func enumeration(plan Planner, quick bool) []Figure {
	planned := func(workers int) (outer.Plan, error) {
		p, err := plan(Enumeration, workers)
		if quick {
			p.Evaluations = quickSearch
		}
		return p, err
	}
	figure := func(name, unit string, work func(rules, updates int) int) Figure {
		return Figure{
			Group: "search", Name: name, Unit: unit, ByWall: true, Most: 3,
			Enter: func() ([]Entrant, error) {
				p, err := planned(2)
				if err != nil {
					return nil, err
				}
				rules, updates, err := count(p)
				if err != nil {
					return nil, err
				}
				var out []Entrant
				for _, e := range []Entrant{{Kind: Own, Name: "two workers"}, {Kind: Other, Name: "one worker"}} {
					workers := 2 - len(out)
					p, err := planned(workers)
					if err != nil {
						return nil, err
					}
					e.Work, e.Long = float64(work(rules, updates)), true
					e.Run = timedAll(workers, func() error {
						_, err := run(p)
						return err
					})
					out = append(out, e)
				}
				return out, nil
			},
		}
	}
	return []Figure{
		figure("all rules of four operators, distinct rules", "rules/s", func(rules, _ int) int { return rules }),
		figure("all rules of four operators, synaptic updates", "updates/s", func(_, updates int) int { return updates }),
	}
}

// count runs a search and returns how many rules it tried and how often it
// changed a weight.
func count(p outer.Plan) (rules, updates int, err error) {
	p, err = p.Resolve()
	if err != nil {
		return 0, 0, err
	}
	sizes := p.Tasks[0].Network.Sizes
	c := &counter{Pool: outer.NewPool(&p), synapses: sizes[0] * sizes[1]}
	p.Evaluator = c
	report, err := outer.Run(context.Background(), p, nil, nil)
	if err != nil {
		return 0, 0, err
	}
	return report.Evaluations, c.updates, nil
}

// counter counts the updates of the trials that it runs.
type counter struct {
	*outer.Pool
	synapses, updates int
}

func (c *counter) Stream(ctx context.Context, jobs []outer.Job, done func(int, outer.Outcome) error) error {
	return c.Pool.Stream(ctx, jobs, func(i int, o outer.Outcome) error {
		c.updates += o.Steps * c.synapses
		return done(i, o)
	})
}
