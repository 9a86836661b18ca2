package outer

import (
	"context"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/classic"
	"github.com/metaplast/metaplast/rulespace/key"
)

// references are the rules that run while values of signals are written down,
// and their rates: one that keeps weights bounded, one that grows them, and
// one that follows credit.
var references = []struct {
	name string
	rate float64
}{{"oja", 0.01}, {"hebb", 0.001}, {"error", 0.01}}

const (
	sampledPoints = 24  // of each reference on each task
	sampledSteps  = 500 // of a life
)

// probe returns the points on which rules are compared: fixed ones, at the
// edges and in general position, and values that the signals take on the
// tasks of the plan, so that rules are the same only if they are so where
// networks go. Many points stand in for a second look at what seems equal.
func (s *session) probe(ctx context.Context) (*rulespace.Probe, error) {
	p := rulespace.FixedProbe(s.plan.Signals)
	runner := trial.NewRunner()
	circuit, _ := credit.ByName(s.plan.Learner.Credit.Name)
	for i, set := range s.plan.Tasks {
		for j, ref := range references {
			rule, ok := classic.Get(ref.name)
			if !ok || rule.Needs().Minus(circuit.Provides) != 0 {
				continue
			}
			rule, err := rule.WithParams(map[string]float64{"lr": ref.rate})
			if err != nil {
				return nil, err
			}
			l := s.plan.Learner
			l.Rule = rule
			rows, err := runner.Sample(ctx, trial.Trial{
				Task: set.Task, Network: set.Network, Learner: l, Batch: set.Batch,
				Steps: min(set.Steps, sampledSteps), Limits: s.plan.Limits,
				Key: key.Root(s.plan.Seed).Child("probe", uint64(j)).Child(s.names[i], 0),
			}, sampledPoints)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err != nil {
				continue // the candidates' own trials will say why
			}
			p = p.Extend(rows)
		}
	}
	return p, nil
}
