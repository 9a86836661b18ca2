package outer

import (
	"context"
	"fmt"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/learner"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/classic"
	"github.com/metaplast/metaplast/tasks"
)

// Baseline is a learner that found rules are compared with, at its own best
// value of a parameter.
type Baseline struct {
	Name    string // unique among the baselines of a plan
	Title   string // one line for people
	Learner learner.Learner
	Tune    Tune // Points 0 means 9
}

// DefaultBaselines returns the learners that what a plan finds should be
// compared with: gradient descent on the same credit where there is credit,
// backpropagation as the ceiling and a frozen network with a trained output as
// the control where there are hidden layers, and without credit the plainest
// known rules for what the task asks.
func DefaultBaselines(p *Plan) []Baseline {
	if len(p.Tasks) == 0 || p.Tasks[0].Task == nil {
		return nil
	}
	circuit, _ := credit.ByName(p.Learner.Credit.Name)
	supervised := p.Tasks[0].Task.Info().Kind != tasks.Unsupervised
	deep := len(p.Tasks[0].Network.Sizes) > 2
	var names []string
	switch {
	case circuit.Provides.Has(rulespace.SigErr):
		names = append(names, "error")
	case circuit.Provides.Has(rulespace.SigReward):
		names = append(names, "node-perturbation")
	case p.Learner.Credit.On("clamp"):
		names = append(names, "hebb")
	case !supervised:
		names = append(names, "hebb", "oja")
	case !deep:
		names = append(names, "delta")
	}
	if supervised && deep {
		names = append(names, "readout", "bp")
	}
	var out []Baseline
	for _, name := range names {
		if name == "bp" && circuit.Name == "bp" {
			continue // that is error
		}
		b := Baseline{Name: name, Tune: Tune{Param: "lr"}}
		switch e, ok := learner.ByName(name); {
		case ok:
			b.Title, b.Learner = e.Title, e.Learner()
			if e.Circuit == circuit.Name {
				b.Learner.Credit = p.Learner.Credit
			}
		default:
			r, ok := classic.Get(name)
			if !ok {
				continue
			}
			b.Title = fmt.Sprintf("%s on credit of %s", r.Title, circuit.Name)
			b.Learner = learner.Learner{Credit: p.Learner.Credit, Rule: r}
		}
		out = append(out, b)
	}
	return out
}

const (
	// Half a decade apart over the default range.
	baselinePoints = 9
	// How often the distance of points is halved for what is reported, so that
	// neither a baseline nor a rule is beaten for want of a learning rate.
	polishRounds = 2
)

// tuneBaselines finds the best value of every baseline on the trials of the
// last rung, those that searches see.
func (s *session) tuneBaselines(ctx context.Context) error {
	s.progress.Phase = PhaseBaselines
	cs := make([]*contender, len(s.plan.Baselines))
	for i := range cs {
		b := &s.plan.Baselines[i]
		cs[i] = newContender("baseline "+b.Name, b.Learner, b.Tune)
	}
	st := s.stage(s.plan.Rungs[len(s.plan.Rungs)-1])
	for round := range polishRounds + 1 {
		if round > 0 {
			for _, c := range cs {
				c.refine()
			}
		}
		if err := s.trials(ctx, cs, st); err != nil {
			return err
		}
	}
	s.baselines = cs
	for i, c := range cs {
		s.progress.Baselines = append(s.progress.Baselines, BaselineScore{
			Name: s.plan.Baselines[i].Name, Param: c.line.param, Value: c.value(),
			Score: c.score.mean, SE: c.score.se, N: c.score.n,
		})
	}
	s.observe()
	return nil
}
