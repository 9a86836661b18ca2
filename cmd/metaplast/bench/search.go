package bench

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/metaplast/metaplast/checkpoints"
	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/rulespace"
)

// Example is the config of the search that is measured: examples/oja.yaml.
//
//go:embed oja.yaml
var Example []byte

// Planner returns the plan of a config for so many workers.
type Planner func(config []byte, workers int) (outer.Plan, error)

const shortSearch, quickSearch = 200, 40 // evaluations

// search is what a search costs beside its trials.
func search(plan Planner, quick bool) []Figure {
	budget := func(workers, evaluations int) (outer.Plan, error) {
		p, err := plan(Example, workers)
		if quick {
			evaluations = quickSearch
		}
		if evaluations > 0 {
			p.Evaluations = evaluations
		}
		return p, err
	}
	searched := func(workers int) (Entrant, error) {
		p, err := budget(workers, shortSearch)
		if err != nil {
			return Entrant{}, err
		}
		e := Entrant{Kind: Own, Name: "two workers", Work: float64(p.Evaluations), Long: true, Run: timedAll(workers, func() error {
			_, err := run(p)
			return err
		})}
		if workers == 1 {
			e.Kind, e.Name = Other, "one worker"
		}
		return e, nil
	}
	figures := []Figure{
		{
			Group: "search", Name: "oja.yaml, two workers, by the wall", Unit: "evaluations/s", ByWall: true, Most: 3,
			Enter: func() ([]Entrant, error) {
				two, err := searched(2)
				if err != nil {
					return nil, err
				}
				one, err := searched(1)
				return []Entrant{two, one}, err
			},
		},
		{
			Group: "search", Name: "oja.yaml without its trials, per candidate", Unit: "µs", Cost: true, Most: 3,
			Enter: func() ([]Entrant, error) {
				p, err := budget(1, 0)
				if err != nil {
					return nil, err
				}
				return overhead(p)
			},
		},
	}
	figures = append(figures, enumeration(plan, quick)...)
	return append(figures, parts(budget)...)
}

// run runs a search with a journal on disk, as the verb does.
func run(p outer.Plan) (report *outer.Report, err error) {
	err = withJournal(func(j *outer.Journal) error {
		report, err = outer.Run(context.Background(), p, j, nil)
		return err
	})
	return report, err
}

// withJournal makes a run on disk for as long as f takes.
func withJournal(f func(*outer.Journal) error) (err error) {
	dir, err := os.MkdirTemp("", "metaplast-bench-")
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	defer os.RemoveAll(dir)
	r, err := checkpoints.Create(filepath.Join(dir, "run"), checkpoints.Manifest{Name: "bench", ID: checkpoints.NewID("bench", 1, 0)}, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	j, err := outer.NewJournal(r)
	if err != nil {
		return err
	}
	return f(j)
}

// overhead races the search whose trials take no time, since their outcomes
// are known from another time, with the whole.
func overhead(p outer.Plan) ([]Entrant, error) {
	p, err := p.Resolve()
	if err != nil {
		return nil, err
	}
	tape := &tape{pool: outer.NewPool(&p)}
	recording, replaying := p, p
	recording.Evaluator = tape
	report, err := run(recording)
	if err != nil {
		return nil, err
	}
	work := 1e-6 * float64(report.Asked)
	// The fewest replicates that a validation can have.
	alone := replaying
	alone.Baselines, alone.Fresh = nil, 1
	played := func(p outer.Plan) func(int) (Time, error) {
		return timedAll(1, func() error {
			p.Evaluator = &replayer{tape: tape}
			_, err := run(p)
			return err
		})
	}
	return []Entrant{
		{Kind: Own, Name: "metaplast", Work: work, Run: played(replaying)},
		{Kind: Other, Name: "whole search", Work: work, Long: true, Run: timedAll(1, func() error {
			_, err := run(p)
			return err
		})},
		{Kind: Other, Name: "same without baselines and validation", Work: work, Run: played(alone)},
	}, nil
}

// tape keeps trials and their outcomes in the order in which a search asks.
type tape struct {
	pool     *outer.Pool
	keys     []string
	outcomes []outer.Outcome
}

func (t *tape) Evaluate(ctx context.Context, jobs []outer.Job) ([]outer.Outcome, error) {
	out, err := t.pool.Evaluate(ctx, jobs)
	for i, o := range out {
		t.keys = append(t.keys, jobs[i].Key)
		t.outcomes = append(t.outcomes, o)
	}
	return out, err
}

// replayer plays a tape once, for a search that leaves out parts of it.
type replayer struct {
	*tape
	at int
}

func (r *replayer) Evaluate(_ context.Context, jobs []outer.Job) ([]outer.Outcome, error) {
	out := make([]outer.Outcome, len(jobs))
	for i, j := range jobs {
		for r.at < len(r.keys) && r.keys[r.at] != j.Key {
			r.at++
		}
		if r.at == len(r.keys) {
			return nil, fmt.Errorf("bench: the search asks for a trial that it did not ask for before: %s", j.Key)
		}
		out[i] = r.outcomes[r.at]
		r.at++
	}
	return out, nil
}

// parts are the steps that a search takes for every candidate, one by one.
func parts(plan func(workers, evaluations int) (outer.Plan, error)) []Figure {
	const n = 200
	var rules []*rulespace.Rule
	candidates := func() error {
		p, err := plan(1, 0)
		if err != nil || rules != nil {
			return err
		}
		if p, err = p.Resolve(); err != nil {
			return err
		}
		s, err := p.Methods[0].New()
		if err != nil {
			return err
		}
		for len(rules) < n {
			asked, err := s.Ask(n - len(rules))
			if err != nil {
				return err
			}
			told := make([]outer.Result, len(asked))
			for i, c := range asked {
				told[i] = outer.Result{Candidate: c, Status: outer.OK}
				rules = append(rules, c.Rule)
			}
			if err := s.Tell(told); err != nil {
				return err
			}
		}
		return nil
	}
	cost := func(name string, enter func() (func(), error)) Figure {
		return Figure{Group: "search", Name: name, Unit: "µs", Cost: true, Enter: func() ([]Entrant, error) {
			if err := candidates(); err != nil {
				return nil, err
			}
			f, err := enter()
			return []Entrant{{Kind: Own, Name: "metaplast", Work: 1e-6 * n, Run: timed(f)}}, err
		}}
	}
	return []Figure{
		cost("simplified and canonical form of a candidate", func() (func(), error) {
			return func() {
				for _, r := range rules {
					_ = rulespace.Canon(rulespace.Simplify(r.DW)).Scaled().String()
				}
			}, nil
		}),
		cost("fingerprint of a candidate", func() (func(), error) {
			probe := rulespace.FixedProbe(rulespace.Signals(rulespace.SigPre, rulespace.SigPost, rulespace.SigW))
			exprs := make([]*rulespace.Expr, len(rules))
			for i, r := range rules { // the rate does not count
				exprs[i] = r.DW.Substitute(func(string) (*rulespace.Expr, bool) { return rulespace.Const(1), true })
			}
			return func() {
				for _, e := range exprs {
					rulespace.Fingerprint(e, probe, true)
				}
			}, nil
		}),
		cost("digest of a candidate", func() (func(), error) {
			return func() {
				for _, r := range rules {
					_ = r.Digest()
				}
			}, nil
		}),
		{
			Group: "search", Name: "journal record of a trial", Unit: "µs", Cost: true,
			Enter: func() ([]Entrant, error) {
				return []Entrant{{Kind: Own, Name: "metaplast", Work: 1e-6 * n, Run: journal(n)}}, nil
			},
		},
	}
}

// journal writes that many records at each call, and syncs at the end.
func journal(records int) func(int) (Time, error) {
	return func(calls int) (d Time, err error) {
		err = withJournal(func(j *outer.Journal) error {
			d, err = timedAll(1, func() error {
				for i := range records {
					o := outer.Outcome{Status: outer.OK, Value: 1 / float64(i+1), Raw: float64(i), Steps: 4000}
					if err := j.Append(fmt.Sprintf("0123456789abcdef0123456789abcdef lr=0.005623 eval %d pca:dims=8 4000", i), o); err != nil {
						return err
					}
				}
				return nil
			})(calls)
			return errors.Join(err, j.Sync())
		})
		return d, err
	}
}

// Figures lists what can be measured.
func Figures(plan Planner, quick bool) []Figure {
	figures := kernels()
	figures = append(figures, rules()...)
	figures = append(figures, training()...)
	return append(figures, search(plan, quick)...)
}
