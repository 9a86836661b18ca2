package outer

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
)

// Pool evaluates jobs on this machine. It is used by one goroutine.
type Pool struct {
	workers []worker
	stop    <-chan struct{}
	// together reports whether a worker takes two neighbouring jobs at once;
	// nil means never.
	together func(a, b Job) bool
}

// worker runs jobs and returns an outcome for each.
type worker func(context.Context, []Job) []Outcome

// most is how many jobs a worker takes at once.
const most = 64

// NewPool returns a pool for the trials of a resolved plan.
func NewPool(p *Plan) *Pool {
	make := func() worker { return newTrialWorker(p) }
	return newPool(p.Workers, p.Stop, p.sideBySide, make)
}

func newPool(n int, stop <-chan struct{}, together func(a, b Job) bool, make func() worker) *Pool {
	pool := &Pool{stop: stop, together: together}
	for range n {
		pool.workers = append(pool.workers, make())
	}
	return pool
}

// Evaluate implements Evaluator.
func (p *Pool) Evaluate(ctx context.Context, jobs []Job) ([]Outcome, error) {
	out := make([]Outcome, len(jobs))
	err := p.Stream(ctx, jobs, func(i int, o Outcome) error {
		out[i] = o
		return nil
	})
	return out, err
}

// Stream implements Streamer. When the plan's Stop is closed, trials in
// flight are finished and handed over and the error is ErrStopped; when ctx is
// cancelled, they end at the next update and are dropped.
func (p *Pool) Stream(ctx context.Context, jobs []Job, done func(i int, o Outcome) error) error {
	groups := p.groups(jobs)
	var (
		next     atomic.Int64
		halt     atomic.Bool
		outcomes = make([]Outcome, len(jobs))
		finished = make(chan int, len(p.workers))
		live     = min(len(p.workers), len(groups))
	)
	for _, w := range p.workers[:live] {
		go func() {
			for !halt.Load() && !p.stopped(ctx) {
				i := int(next.Add(1)) - 1
				if i >= len(groups) {
					break
				}
				g := groups[i]
				copy(outcomes[g.from:g.to], contained(ctx, w, jobs[g.from:g.to]))
				if ctx.Err() != nil {
					break // the trial may have been cut short
				}
				finished <- i
			}
			finished <- -1
		}()
	}
	ready := make([]bool, len(jobs))
	delivered := 0
	var err error
	for live > 0 {
		i := <-finished
		if i < 0 {
			live--
			continue
		}
		for k := groups[i].from; k < groups[i].to; k++ {
			ready[k] = true
		}
		for err == nil && delivered < len(jobs) && ready[delivered] {
			if err = done(delivered, outcomes[delivered]); err != nil {
				halt.Store(true)
			}
			delivered++
		}
	}
	switch {
	case err != nil:
		return err
	case delivered == len(jobs):
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return ErrStopped
}

func (p *Pool) stopped(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return true
	case <-p.stop:
		return true
	default:
		return false
	}
}

// group is a run of jobs that a worker takes at once.
type group struct{ from, to int }

func (p *Pool) groups(jobs []Job) []group {
	out := make([]group, 0, len(jobs))
	for i := range jobs {
		if n := len(out); n > 0 && p.together != nil && out[n-1].to-out[n-1].from < most && p.together(jobs[i-1], jobs[i]) {
			out[n-1].to++
			continue
		}
		out = append(out, group{i, i + 1})
	}
	return out
}

// contained turns a panic of a worker into an outcome, so that one bad rule
// does not end a search.
func contained(ctx context.Context, w worker, jobs []Job) (out []Outcome) {
	defer func() {
		r := recover()
		switch {
		case r == nil:
		case len(jobs) == 1:
			out = []Outcome{failure(Failed, fmt.Sprintf("panic: %v", r))}
		default:
			out = nil
			for i := range jobs {
				out = append(out, contained(ctx, w, jobs[i:i+1])...)
			}
		}
	}()
	return w(ctx, jobs)
}

// failure is the outcome of a trial that went wrong. Only the first line of a
// reason is kept: stacks differ between runs.
func failure(s Status, reason string) Outcome {
	reason, _, _ = strings.Cut(reason, "\n")
	if len(reason) > 200 {
		reason = strings.ToValidUTF8(reason[:200], "") + "…"
	}
	return Outcome{Status: s, Reason: reason, Value: worst}
}
