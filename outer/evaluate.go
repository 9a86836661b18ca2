package outer

import (
	"context"
	"math"

	"github.com/metaplast/metaplast/inner/trial"
)

// worst is the value of a trial that went wrong, and the least of one that
// did not: how far below chance a rule ends says nothing useful.
const worst = trial.DivergedValue

// newTrialWorker returns a worker that trains networks.
func newTrialWorker(p *Plan) worker {
	runner := trial.NewRunner()
	names := p.taskNames()
	var trials []trial.Trial
	return func(ctx context.Context, jobs []Job) []Outcome {
		trials = trials[:0]
		for _, j := range jobs {
			t := p.trial(j)
			t.Key = trialKey(p.Seed, j.Fresh, j.Rep, names[j.Task])
			trials = append(trials, t)
		}
		out := make([]Outcome, len(jobs))
		for i, t := range runner.RunAll(ctx, trials) {
			if out[i] = outcome(t); out[i].Status != OK {
				out[i].Raw = p.setting(jobs[i].Task).Task.Info().Chance
			}
		}
		return out
	}
}

// trial is the trial of a job, without its key.
func (p *Plan) trial(j Job) trial.Trial {
	s := p.setting(j.Task)
	return trial.Trial{
		Task: s.Task, Network: s.Network, Learner: j.Learner, Batch: s.Batch, Steps: j.Steps, Split: j.Split,
		Limits: p.Limits, Pruning: p.Pruning,
	}
}

// sideBySide reports whether one worker should run two jobs at once.
func (p *Plan) sideBySide(a, b Job) bool {
	return a.Task == b.Task && trial.SideBySide(p.trial(a), p.trial(b))
}

// outcome keeps what a search needs of a trial. Nothing that is not a number
// gets past it.
func outcome(t trial.Outcome) Outcome {
	v, raw := t.Score.Value, t.Score.Raw
	var o Outcome
	switch {
	case t.Status != OK:
		o = failure(t.Status, t.Reason)
	case !finite(v) || !finite(raw):
		o = failure(Diverged, "the score is not a finite number")
	default:
		o = Outcome{Status: OK, Value: max(v, worst), Raw: raw}
	}
	o.Steps = t.Steps
	return o
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
