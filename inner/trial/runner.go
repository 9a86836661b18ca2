package trial

import (
	"context"
	"fmt"
	"slices"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/tasks"
)

// Runner runs trials one after another, reusing memory and compiled rules
// between them; what it returns does not depend on what it ran before. It is
// used by one goroutine. The zero value is ready.
type Runner struct {
	net      *network.Network
	start    []*vec.Matrix // initial weights, by connection
	batch    *tasks.Batch
	programs programs
	episodes episodes
	rules    plasticity

	beside programs // compiled for trials side by side
	kept   []*samples
	woven  []*woven
}

// NewRunner returns a fresh Runner.
func NewRunner() *Runner { return &Runner{} }

// Network returns the network of the last trial, valid until the next; nil
// when that trial could not begin.
func (r *Runner) Network() *network.Network { return r.net }

// Run runs a trial. It never panics; cancelling ctx ends the trial at the
// next update boundary with Status failed and ctx's error.
func (r *Runner) Run(ctx context.Context, t Trial) (out Outcome) {
	defer func() {
		if p := recover(); p != nil {
			r.net, r.episodes = nil, episodes{} // they may be in any state
			out = failed(&PanicError{Value: p, Stack: stack()}, 0)
		}
	}()
	l, err := r.begin(t, nil)
	if err != nil {
		return failed(err, 0)
	}
	return l.live(ctx)
}

func failed(err error, steps int) Outcome {
	return Outcome{Score: worst(), Train: worst(), Status: Failed, Reason: err.Error(), Err: err, Steps: steps}
}

// life is a trial under way.
type life struct {
	Trial   // resolved
	net     *network.Network
	circuit credit.Circuit
	model   tasks.Model // what the network predicts
	episode tasks.Episode
	watcher tasks.Watcher // the episode, if it is one; else nil
	batch   *tasks.Batch
	plastic credit.Plasticity
	guard   guard
	angles  *angles // nil unless measured
	pruner  *pruner // nil unless weights are pruned
	steps   int     // samples so far
	updates int
}

// begin makes everything ready for the first sample. Where wrap is given it
// may ask for more signals than the rules need and put a Plasticity around
// that of the rules.
func (r *Runner) begin(t Trial, wrap func(t Trial, needs credit.Needs, p credit.Plasticity) (credit.Needs, credit.Plasticity)) (*life, error) {
	t, err := t.resolve()
	if err != nil {
		return nil, err
	}
	if err := r.prepareNetwork(t); err != nil {
		return nil, err
	}
	r.rules.net = r.net
	if err := r.prepareRules(t); err != nil {
		return nil, err
	}
	needs := t.Learner.Needs(len(r.net.Conns))
	var plastic credit.Plasticity = &r.rules
	if wrap != nil {
		needs, plastic = wrap(t, needs, plastic)
	}
	circuit, err := credit.New(t.Learner.Credit, r.net, needs, t.Key)
	if err != nil {
		return nil, &ConfigError{err}
	}
	l := &life{Trial: t, net: r.net, circuit: circuit, model: r.net, plastic: plastic}
	if p, ok := circuit.(credit.Predictor); ok {
		l.model = p
	}
	if t.Pruning.Sparsity > 0 {
		l.pruner = newPruner(t.Pruning, r.net, t.Key)
	}
	if t.MeasureAlignment {
		if l.angles, err = newAngles(r.net, (t.Steps+t.Batch-1)/t.Batch); err != nil {
			return nil, &ConfigError{err}
		}
	}
	if l.episode, err = r.episodes.start(t.Task, t.Key.Child("data", 0)); err != nil {
		return nil, fmt.Errorf("trial: task %s: %w", t.Task.Info().Name, err)
	}
	l.watcher, _ = l.episode.(tasks.Watcher)
	l.batch = r.prepareBatch(t)
	l.guard.init(r.net, t.Limits, r.start)
	return l, nil
}

func (r *Runner) prepareNetwork(t Trial) error {
	k := t.Key.Child("init", 0)
	if r.net != nil && r.net.MaxBatch() == t.Batch && sameConfig(r.net.Config, t.Network) {
		if err := r.net.Reset(k); err != nil {
			return &ConfigError{err}
		}
	} else {
		net, err := network.New(t.Network, k, t.Batch)
		if err != nil {
			r.net = nil
			return &ConfigError{err}
		}
		r.net = net
		r.start = r.start[:0]
		for _, c := range net.Conns {
			r.start = append(r.start, vec.New(c.In, c.Out))
		}
	}
	for l, c := range r.net.Conns {
		r.start[l].CopyFrom(c.W)
	}
	return nil
}

// sameConfig compares resolved configurations.
func sameConfig(a, b network.Config) bool {
	return slices.Equal(a.Sizes, b.Sizes) && a.Image == b.Image && slices.Equal(a.Convolutions, b.Convolutions) &&
		a.Hidden == b.Hidden && a.Output == b.Output && a.Loss == b.Loss && a.Bias == b.Bias &&
		a.Init == b.Init && a.InitScale == b.InitScale && a.Device == b.Device
}

func (r *Runner) prepareBatch(t Trial) *tasks.Batch {
	info := t.Task.Info()
	if info.Out == 0 { // the network chooses; the task has no targets then
		info.Out = t.Network.Sizes[len(t.Network.Sizes)-1]
	}
	b := r.batch
	if b != nil && b.X.Rows == t.Batch && b.X.Cols == info.In &&
		(b.Y != nil) == (info.Kind != tasks.Unsupervised) && (b.Y == nil || b.Y.Cols == info.Out) &&
		(b.Labels != nil) == (info.Kind == tasks.Classification) {
		b.X.Zero()
		if b.Y != nil {
			b.Y.Zero()
		}
		clear(b.Labels)
		b.N = 0
	} else {
		r.batch = tasks.NewBatch(info, t.Batch)
	}
	return r.batch
}

// live learns from all samples and scores the result.
func (l *life) live(ctx context.Context) Outcome {
	done := ctx.Done()
	observe := l.ObserveEvery
	for l.steps < l.Steps {
		if done != nil {
			select {
			case <-done:
				return failed(fmt.Errorf("trial: cancelled after %d samples: %w", l.steps, ctx.Err()), l.steps)
			default:
			}
		}
		l.update()
		if reason := l.guard.step(l.steps, l.Steps); reason != "" {
			return Outcome{Score: worst(), Train: worst(), Status: Diverged, Reason: reason, Steps: l.steps, Cost: l.circuit.Cost(), Alignment: l.alignment()}
		}
		if l.Observe != nil && l.steps >= observe {
			l.Observe(l.steps, l.episode, l.model)
			for observe <= l.steps {
				observe += max(l.ObserveEvery, 1)
			}
		}
	}
	out := Outcome{Status: OK, Steps: l.steps, Cost: l.circuit.Cost(), Score: l.episode.Score(l.model, l.Split), Alignment: l.alignment()}
	if l.ScoreTrain {
		out.Train = l.episode.Score(l.model, tasks.Train)
	}
	if reason := l.guard.silent(); reason != "" {
		out.Status, out.Reason = Silent, reason
	}
	return out
}

// update learns from the next batch.
func (l *life) update() {
	if rest := l.Steps - l.steps; rest < l.Batch && l.batch.X.Rows > rest {
		l.shrink(rest)
	}
	b := l.batch
	l.episode.Next(b)
	if l.watcher != nil {
		l.watcher.Watch(b, l.model)
	}
	if l.angles != nil && l.angles.due(l.updates) {
		l.angles.before(l.net, b)
		l.circuit.Learn(l.net, b, l.plastic)
		l.angles.after(l.net)
	} else {
		l.circuit.Learn(l.net, b, l.plastic)
	}
	l.steps += b.N
	l.updates++
	if l.pruner != nil {
		l.pruner.update(l.steps, l.Steps)
	}
}

// shrink makes the batch take rest samples at most.
func (l *life) shrink(rest int) {
	b := *l.batch
	x := b.X.Head(rest)
	b.X = &x
	if b.Y != nil {
		y := b.Y.Head(rest)
		b.Y = &y
	}
	if b.Labels != nil {
		b.Labels = b.Labels[:rest]
	}
	l.batch = &b
}

func (l *life) alignment() []float64 {
	if l.angles == nil {
		return nil
	}
	return l.angles.mean()
}
