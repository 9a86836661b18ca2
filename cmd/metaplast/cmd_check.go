package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/tasks"
)

// checkOptions are the options of the verb check.
type checkOptions struct {
	searchOptions
	schema     bool
	noEstimate bool
}

func (a *app) checkCommand() *cobra.Command {
	var o checkOptions
	cmd := &cobra.Command{
		Use:   "check CONFIG",
		Short: "Validate a config, show where each value comes from, estimate the cost",
		Long: `Read a config as search would: report everything that is wrong with it, or print
it with every default written out and the origin of every value, and estimate
how long the search takes from a few trials. --schema prints the JSON Schema of
configs, which editors use to complete and check them.`,
		Args: func(_ *cobra.Command, args []string) error {
			if o.schema && len(args) == 0 || len(args) == 1 {
				return nil
			}
			return usagef("check takes one config, or --schema")
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.schema {
				_, err := a.stdout.Write(schema())
				return err
			}
			return a.check(cmd, args[0], o)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.name, "name", "", "name of the run `S`")
	flags.Uint64Var(&o.seed, "seed", 0, "seed of all randomness `N`")
	flags.StringVar(&o.workers, "workers", "", "trials at a time `N`, or auto")
	flags.StringArrayVar(&o.set, "set", nil, "change a setting, `path=value`")
	flags.IntVar(&o.evaluations, "evaluations", 0, "rules to try at most `N`")
	flags.BoolVar(&o.schema, "schema", false, "print the JSON Schema of configs")
	flags.BoolVar(&o.noEstimate, "no-estimate", false, "do not measure trials")
	addData(cmd, &o.data)
	return cmd
}

func (a *app) check(cmd *cobra.Command, file string, o checkOptions) error {
	over, err := o.overrides(cmd)
	if err != nil {
		return err
	}
	s, err := loadSearch(file, over, source)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "%s", s.config.encode(s.settings.origin))
	fmt.Fprintf(a.stdout, "\n# %s\n", s.describe())
	if o.noEstimate {
		return nil
	}
	ctx, stop := a.interruptible(cmd.Context())
	defer stop()
	text, err := s.estimate(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "# %s\n", text)
	return err
}

// describe says in a line what is searched.
func (s *search) describe() string {
	switch kind := s.space.Kind(); kind {
	case "symbolic":
		return fmt.Sprintf("symbolic rules of up to %d nodes over %s", s.space.MaxComplexity, s.space.Signals)
	case "symbolic tuple":
		slots := namesOf(s.space.Searches(), rulespace.Slot.String)
		return fmt.Sprintf("symbolic %s of up to %d nodes together over %s", strings.Join(slots, " and "), s.space.MaxComplexity, s.space.Signals)
	default:
		return fmt.Sprintf("%s with %d coefficients", kind, s.space.Dims())
	}
}

// estimateTime is how long measuring may take.
const estimateTime = 3 * time.Second

// estimate measures a few trials and says how long the search takes at most.
func (s *search) estimate(ctx context.Context) (string, error) {
	p, err := s.plan.Resolve()
	if err != nil {
		return "", err
	}
	searcher, err := p.Methods[0].New()
	if err != nil {
		return "", err
	}
	asked, err := searcher.Ask(4)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, estimateTime)
	defer cancel()
	samples, seconds, trials := 0, 0.0, 0
	runner := trial.NewRunner()
	for _, c := range asked {
		for i := range p.Tasks {
			t := s.trialOf(&p, i, c)
			t.Key = root("check", p.Seed)
			start := time.Now()
			o := runner.Run(ctx, t)
			samples += o.Steps
			seconds += time.Since(start).Seconds()
			trials++
			if ctx.Err() != nil {
				break
			}
		}
	}
	if samples == 0 {
		return "no estimate: the trials took no samples", nil
	}
	perSample := seconds / float64(samples)
	total := perSample * s.samplesPerEvaluation(&p) * float64(p.Evaluations) / float64(p.Workers)
	return fmt.Sprintf("about %s samples/s per worker (measured on %d trials): at most %s for %s evaluations on %d workers",
		thousands(int(1/perSample)), trials, duration(time.Duration(total*float64(time.Second))), thousands(p.Evaluations), p.Workers), nil
}

func (s *search) trialOf(p *outer.Plan, i int, c outer.Candidate) trial.Trial {
	at := p.Tasks[i]
	l := p.Learner
	l.Rule = c.Rule
	return trial.Trial{Task: at.Task, Network: at.Network, Learner: l, Batch: at.Batch, Steps: at.Steps, Split: tasks.Validation, Limits: p.Limits, Pruning: p.Pruning}
}

// samplesPerEvaluation is how many samples a rule learns from on average if
// none fails: every rung that it reaches, at every value that is tried there.
func (s *search) samplesPerEvaluation(p *outer.Plan) float64 {
	life := 0.0
	for _, t := range p.Tasks {
		life += float64(t.Steps)
	}
	sum, reach, points := 0.0, 1.0, 1.0
	if p.Tune.Param != "" {
		points = float64(p.Tune.Points)
	}
	for _, r := range p.Rungs {
		sum += float64(reach * points * float64(r.Seeds) * r.Steps * life)
		if r.Keep > 0 {
			reach *= r.Keep
		}
		points = min(points, 3)
	}
	return sum
}
