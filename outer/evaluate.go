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
	return func(ctx context.Context, j Job) Outcome {
		s := p.setting(j.Task)
		o := outcome(runner.Run(ctx, trial.Trial{
			Task:    s.Task,
			Network: s.Network,
			Learner: j.Learner,
			Batch:   s.Batch,
			Steps:   j.Steps,
			Key:     trialKey(p.Seed, j.Fresh, j.Rep, names[j.Task]),
			Split:   j.Split,
			Limits:  p.Limits,
			Pruning: p.Pruning,
		}))
		if o.Status != OK {
			o.Raw = s.Task.Info().Chance
		}
		return o
	}
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
