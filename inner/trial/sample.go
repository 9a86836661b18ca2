package trial

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// Sample runs a trial and returns up to n tuples of the values that signals
// took, each at a random synapse of a random plastic connection, for a random
// training sample, indexed by rulespace.Signal. Signals that the connection's
// circuit does not provide are NaN; tuples in which a provided one is not
// finite are left out, as is everything after the network diverged.
func (r *Runner) Sample(ctx context.Context, t Trial, n int) (rows [][]float64, err error) {
	defer func() {
		if p := recover(); p != nil {
			r.net, r.episodes = nil, episodes{}
			rows, err = nil, &PanicError{Value: p, Stack: stack()}
		}
	}()
	t.MeasureAlignment, t.Observe = false, nil
	var s *sampler
	l, err := r.begin(t, func(t Trial, _ credit.Needs, p credit.Plasticity) (credit.Needs, credit.Plasticity) {
		s = newSampler(t, r.net, n, p)
		return s.needs, s
	})
	if err != nil {
		return nil, err
	}
	for l.steps < l.Steps && s.next < len(s.when) {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("trial: cancelled after %d samples: %w", l.steps, err)
		}
		s.batch = l.batch
		s.steps = l.steps
		l.update()
		if l.guard.step(l.steps, l.Steps) != "" {
			break
		}
	}
	return s.rows, nil
}

// sampler writes down signals on their way to the rules.
type sampler struct {
	plastic credit.Plasticity
	stream  *key.Stream
	needs   credit.Needs
	conns   []int // plastic connections
	when    []int // training samples to look at, ascending
	where   []int // and at which connection
	next    int
	batch   *tasks.Batch
	steps   int // before the batch
	rows    [][]float64
}

func newSampler(t Trial, net *network.Network, n int, p credit.Plasticity) *sampler {
	s := &sampler{plastic: p, stream: t.Key.Child("sample", 0).Stream()}
	e, _ := credit.ByName(t.Learner.Credit.Name)
	s.needs = credit.Needs{Hidden: e.Provides, Output: e.Provides | e.Output}
	var without rulespace.SignalSet
	if t.Batch > 1 || len(t.Network.Convolutions) > 0 {
		without |= rulespace.Signals(rulespace.SigLower)
	}
	if t.Task.Info().Kind == tasks.Unsupervised {
		without |= rulespace.Signals(rulespace.SigTarget)
	}
	s.needs.Hidden, s.needs.Output = s.needs.Hidden.Minus(without), s.needs.Output.Minus(without)
	for _, c := range net.Conns {
		if t.Learner.RuleOf(c) != nil {
			s.conns = append(s.conns, c.Index)
		}
	}
	for range n {
		s.when = append(s.when, s.stream.IntN(t.Steps))
	}
	slices.Sort(s.when)
	for range n {
		s.where = append(s.where, s.conns[s.stream.IntN(len(s.conns))])
	}
	return s
}

// PresentFeedback implements credit.Plasticity.
func (s *sampler) PresentFeedback(f *credit.Feedback, sig *credit.Signals) {
	s.plastic.PresentFeedback(f, sig)
}

// Present implements credit.Plasticity.
func (s *sampler) Present(c *network.Connection, sig *credit.Signals) {
	for i := s.next; i < len(s.when) && s.when[i] < s.steps+s.batch.N; i++ {
		if s.where[i] == c.Index {
			s.take(c, sig, s.when[i]-s.steps)
		}
	}
	if c.Output { // the last to be presented
		for s.next < len(s.when) && s.when[s.next] < s.steps+s.batch.N {
			s.next++
		}
	}
	s.plastic.Present(c, sig)
}

func (s *sampler) take(c *network.Connection, sig *credit.Signals, sample int) {
	pre, post := s.stream.IntN(c.In), s.stream.IntN(c.Out)
	if c.Positions > 1 {
		sample = sample*c.Positions + s.stream.IntN(c.Positions)
	}
	row := make([]float64, rulespace.NumSignals)
	needs := s.needs.Of(c)
	for i := range row {
		v := rulespace.Signal(i)
		row[i] = math.NaN()
		if !needs.Has(v) {
			continue
		}
		m := sig.Values[v]
		switch {
		case v == rulespace.SigW:
			row[i] = float64(c.W.Row(pre)[post])
		case v.Info().Scope == rulespace.Pre:
			row[i] = float64(m.Row(sample)[pre])
		case v.Info().Scope == rulespace.Post:
			row[i] = float64(m.Row(sample)[post])
		case v.Info().Scope == rulespace.Synapse:
			row[i] = float64(m.Row(pre)[post])
		default:
			row[i] = float64(m.Row(0)[sample])
		}
		if math.IsNaN(row[i]) || math.IsInf(row[i], 0) {
			return
		}
	}
	s.rows = append(s.rows, row)
}
