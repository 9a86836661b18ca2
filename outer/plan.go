package outer

import (
	"errors"
	"fmt"
	"math"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/learner"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// Plan says everything about a search. What it finds depends on the fields
// above Workers and on nothing else.
type Plan struct {
	Name string // of the run; appears in rule files
	Seed uint64

	Tasks   []Setting // a score is the mean over these; at least one
	HeldOut []Setting // touched only when the search is over

	// Learner is what candidates become the rule of. Its Rule is ignored; an
	// OutputRule stays as it is.
	Learner learner.Learner
	// Signals are what candidates may read; points to compare rules on give
	// values to these. 0 means all that the circuit provides.
	Signals rulespace.SignalSet
	Limits  trial.Limits // zero means the defaults of trials
	Pruning trial.Pruning

	Methods []Method // run in turn; at least one
	// Rungs are the stages of the race, cheapest first. None means one trial
	// of every candidate, a quarter of them going on to three: the first on a
	// tenth of a life where a life has at least 1,000 samples, else on all of it.
	Rungs       []Rung
	Tune        Tune
	Objective   string // the name of a third objective; "" for none
	Cohort      int    // candidates asked for at a time; 0 means 64
	Evaluations int    // candidates to trial at most, cached ones not counted; at least 1

	Baselines []Baseline // tuned and validated beside the search
	Fresh     int        // replicates of the final validation; 0 means 10

	// From here on results do not depend.

	Workers   int             // trials at a time; 0 means 1
	Evaluator Evaluator       // nil means a Pool of Workers
	Stop      <-chan struct{} // closed to finish the trials in flight and end; may be nil
}

// Setting is a task together with the network that learns it.
type Setting struct {
	Task    tasks.Task
	Network network.Config
	Batch   int // samples per update; 0 means 1
	Steps   int // samples of one life; 0 means the task's own
}

// Rung is a stage of the race: candidates that do well on a cheap one go on
// to the next.
type Rung struct {
	Steps float64 // fraction of a life, in (0, 1]; the last rung has 1
	Seeds int     // replicates; 0 means 1
	// Keep is the fraction of a cohort's live candidates that go on; 0 means
	// all. At least one does, and so does every candidate that beats all
	// simpler ones that cost no more, as far as seen at this rung. The last
	// rung keeps everything.
	Keep float64
}

// Tune is a search along one parameter that sets the scale of a rule, done
// for every candidate, so that structures compete at their best rate.
//
// The first rung tries Points values evenly spaced on a logarithmic scale
// from Low to High; each later one tries the best so far and its two
// neighbours at half the previous distance, and goes on from there as long as
// scores rise and values lie in the range: what is best in a longer life can
// be far away. The rules of the final front are tuned with the distance halved
// twice more. Among equal scores the smaller value wins. Values have four
// significant digits. A structure that diverges at one value is not lost for
// that.
type Tune struct {
	Param  string // "" means no tuning; candidates without the parameter are not tuned
	Points int    // 0 means 5; at least 2
	// Low and High are positive. 0 means the range that the rule gives the
	// parameter, and 1e-4 and 1 where it gives none.
	Low, High float64
}

const (
	defaultCohort = 64
	defaultFresh  = 10
	defaultPoints = 5
	defaultLow    = 1e-4
	defaultHigh   = 1
	// A tenth of a shorter life says nothing.
	shortLife = 1000
)

// Resolve fills in defaults and checks the plan.
func (p Plan) Resolve() (Plan, error) {
	if len(p.Tasks) == 0 {
		return p, errors.New("plan: no task")
	}
	if len(p.Methods) == 0 {
		return p, errors.New("plan: no search method")
	}
	for i, m := range p.Methods {
		if m.New == nil || m.Evaluations < 0 {
			return p, fmt.Errorf("plan: method %d (%s) has no searcher or a negative budget", i+1, m.Name)
		}
	}
	if p.Evaluations < 1 {
		return p, fmt.Errorf("plan: a budget of %d evaluations, at least 1 needed", p.Evaluations)
	}
	p.Tasks = append([]Setting(nil), p.Tasks...)
	p.HeldOut = append([]Setting(nil), p.HeldOut...)
	shortest := math.MaxInt
	for i := range len(p.Tasks) + len(p.HeldOut) {
		s := p.setting(i)
		if s.Task == nil {
			return p, fmt.Errorf("plan: setting %d has no task", i+1)
		}
		info := s.Task.Info()
		if s.Steps == 0 {
			s.Steps = info.Steps
		}
		if s.Batch == 0 {
			s.Batch = 1
		}
		if s.Steps < 1 || s.Batch < 1 {
			return p, fmt.Errorf("plan: task %s has %d steps in batches of %d, at least 1 of each needed", info.Name, s.Steps, s.Batch)
		}
		shortest = min(shortest, s.Steps)
	}
	if p.Signals == 0 {
		if e, ok := credit.ByName(p.Learner.Credit.Name); ok {
			p.Signals = e.Provides
		}
	}
	if len(p.Rungs) == 0 {
		p.Rungs = []Rung{{Steps: 1, Seeds: 1, Keep: 0.25}, {Steps: 1, Seeds: 3}}
		if shortest >= shortLife {
			p.Rungs[0].Steps = 0.1
		}
	}
	p.Rungs = append([]Rung(nil), p.Rungs...)
	for i := range p.Rungs {
		r := &p.Rungs[i]
		if r.Seeds == 0 {
			r.Seeds = 1
		}
		if !(r.Steps > 0 && r.Steps <= 1) || r.Seeds < 1 || !(r.Keep >= 0 && r.Keep <= 1) {
			return p, fmt.Errorf("plan: rung %d: steps %v must be in (0, 1], seeds %d at least 1, keep %v in [0, 1]", i+1, r.Steps, r.Seeds, r.Keep)
		}
	}
	if last := p.Rungs[len(p.Rungs)-1]; last.Steps != 1 {
		return p, fmt.Errorf("plan: the last rung has steps %v, it must have 1", last.Steps)
	}
	if _, ok := ObjectiveByName(p.Objective); !ok && p.Objective != "" {
		return p, fmt.Errorf("plan: %q is not an objective", p.Objective)
	}
	var err error
	if p.Tune, err = p.Tune.resolve(); err != nil {
		return p, err
	}
	if p.Cohort == 0 {
		p.Cohort = defaultCohort
	}
	if p.Fresh == 0 {
		p.Fresh = defaultFresh
	}
	if p.Workers == 0 {
		p.Workers = 1
	}
	if p.Cohort < 1 || p.Fresh < 1 || p.Workers < 1 {
		return p, fmt.Errorf("plan: cohort %d, fresh replicates %d and workers %d must be at least 1", p.Cohort, p.Fresh, p.Workers)
	}
	p.Baselines = append([]Baseline(nil), p.Baselines...)
	seen := map[string]bool{}
	for i := range p.Baselines {
		b := &p.Baselines[i]
		if b.Name == "" || seen[b.Name] {
			return p, fmt.Errorf("plan: baseline %d has no name of its own (%q)", i+1, b.Name)
		}
		seen[b.Name] = true
		if b.Learner.Rule == nil {
			return p, fmt.Errorf("plan: baseline %s has no rule", b.Name)
		}
		if b.Tune.Param != "" && b.Tune.Points == 0 {
			b.Tune.Points = baselinePoints
		}
		if b.Tune, err = b.Tune.resolve(); err != nil {
			return p, fmt.Errorf("baseline %s: %w", b.Name, err)
		}
	}
	return p, nil
}

func (t Tune) resolve() (Tune, error) {
	if t.Param == "" {
		return Tune{}, nil
	}
	if t.Points == 0 {
		t.Points = defaultPoints
	}
	if t.Points < 2 {
		return t, fmt.Errorf("plan: tuning %s on %d points, at least 2 needed", t.Param, t.Points)
	}
	if (t.Low != 0 || t.High != 0) && !(t.Low > 0 && t.High > t.Low && t.High <= math.MaxFloat64) {
		return t, fmt.Errorf("plan: tuning %s from %v to %v, a range of positive numbers needed", t.Param, t.Low, t.High)
	}
	return t, nil
}

// MethodKey is the root of the random numbers of a method.
func (p *Plan) MethodKey(method int) key.Key {
	return key.Root(p.Seed).Child("method", uint64(method))
}

// setting returns a task or, beyond those, a held-out task.
func (p *Plan) setting(i int) *Setting {
	if i < len(p.Tasks) {
		return &p.Tasks[i]
	}
	return &p.HeldOut[i-len(p.Tasks)]
}

// taskNames returns the names of all settings, made unique by a number where
// one appears again.
func (p *Plan) taskNames() []string {
	n := map[string]int{}
	names := make([]string, len(p.Tasks)+len(p.HeldOut))
	for i := range names {
		name := p.setting(i).Task.Info().Name
		n[name]++
		names[i] = name
		if n[name] > 1 {
			names[i] = fmt.Sprintf("%s#%d", name, n[name])
		}
	}
	return names
}

// trialKey is the root of the random numbers of a trial: the same for all
// candidates, so that differences between them are not differences of luck,
// and never the same for the search and the final validation.
func trialKey(seed uint64, fresh bool, replicate int, task string) key.Key {
	return key.Root(seed).Child(phaseName(fresh), uint64(replicate)).Child(task, 0)
}

func phaseName(fresh bool) string {
	if fresh {
		return "fresh"
	}
	return "eval"
}
