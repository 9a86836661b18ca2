package outer

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// Pool evaluates jobs on this machine. It is used by one goroutine.
type Pool struct {
	stop <-chan struct{}
	// together reports whether a worker takes two neighbouring jobs at once;
	// nil means never.
	together func(a, b Job) bool

	mu       sync.Mutex
	news     sync.Cond           // a group is done or a worker has ended
	idle     []worker            // without a goroutine
	running  int                 // workers with one
	queues   [urgencies][]*group // those that a worker has taken are still in it
	foreseen map[string]*group   // by the key of the first job, until asked for
}

// worker runs jobs and returns an outcome for each.
type worker func(context.Context, []Job) []Outcome

// most is how many jobs a worker takes at once.
const most = 64

// The queues, most urgent first.
const (
	wanted = iota // somebody waits
	soon          // foreseen for the next round
	later         // foreseen for the next cohort
	urgencies
)

// group is a run of jobs that a worker takes at once.
type group struct {
	ctx         context.Context
	cancel      context.CancelFunc // of what was foreseen; may be nil
	jobs        []Job
	taken, done bool
	outcomes    []Outcome
}

// NewPool returns a pool for the trials of a resolved plan.
func NewPool(p *Plan) *Pool {
	make := func() worker { return newTrialWorker(p) }
	return newPool(p.Workers, p.Stop, p.sideBySide, make)
}

func newPool(n int, stop <-chan struct{}, together func(a, b Job) bool, make func() worker) *Pool {
	pool := &Pool{stop: stop, together: together, foreseen: map[string]*group{}}
	pool.news.L = &pool.mu
	for range n {
		pool.idle = append(pool.idle, make())
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

// Foresee implements Foreseer.
func (p *Pool) Foresee(ctx context.Context, jobs []Job, next bool) {
	groups := p.groups(ctx, slices.Clone(jobs))
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, g := range groups {
		g.ctx, g.cancel = context.WithCancel(ctx)
		p.foreseen[g.jobs[0].Key] = g
	}
	if next {
		p.enqueue(soon, groups)
	} else {
		p.enqueue(later, groups)
	}
}

// Forget implements Foreseer.
func (p *Pool) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queues = [urgencies][]*group{}
	p.drop()
	for p.running > 0 {
		p.news.Wait()
	}
}

// drop ends what was foreseen and nobody has asked for.
func (p *Pool) drop() {
	for _, g := range p.foreseen {
		g.cancel()
	}
	clear(p.foreseen)
}

// Stream implements Streamer. When the plan's Stop is closed, those of its trials
// that are in flight are finished and handed over and the error is ErrStopped;
// when ctx is cancelled, they end at the next update and are dropped, as those
// that were only foreseen are in either case.
func (p *Pool) Stream(ctx context.Context, jobs []Job, done func(i int, o Outcome) error) error {
	p.mu.Lock()
	groups := p.recall(ctx, jobs)
	p.enqueue(wanted, groups)
	delivered := 0
	var err error
	for _, g := range groups {
		// Workers go on for as long as there is work, unless they are stopped.
		for !g.done && p.running > 0 {
			p.news.Wait()
		}
		if !g.done {
			break
		}
		p.mu.Unlock()
		for k := 0; k < len(g.jobs) && err == nil; k++ {
			err = done(delivered, g.outcomes[k])
			delivered++
		}
		p.mu.Lock()
		if err != nil {
			break
		}
	}
	p.mu.Unlock()
	if err == nil && delivered == len(jobs) {
		return nil
	}
	p.Forget()
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return ErrStopped
}

// recall groups jobs, those that were foreseen as they were then.
func (p *Pool) recall(ctx context.Context, jobs []Job) []*group {
	if len(p.foreseen) == 0 {
		return p.groups(ctx, jobs)
	}
	var out []*group
	from := 0 // of the jobs that are in no group yet
	for i := 0; i < len(jobs); {
		g := p.foreseen[jobs[i].Key]
		if g == nil || len(g.jobs) > len(jobs)-i ||
			!slices.EqualFunc(g.jobs, jobs[i:i+len(g.jobs)], func(a, b Job) bool { return a.Key == b.Key }) {
			i++
			continue
		}
		delete(p.foreseen, jobs[i].Key)
		out = append(append(out, p.groups(ctx, jobs[from:i])...), g)
		i += len(g.jobs)
		from = i
	}
	return append(out, p.groups(ctx, jobs[from:])...)
}

func (p *Pool) groups(ctx context.Context, jobs []Job) []*group {
	var all []group
	for i := range jobs {
		if n := len(all); n > 0 && p.together != nil && len(all[n-1].jobs) < most && p.together(jobs[i-1], jobs[i]) {
			g := &all[n-1]
			g.jobs = g.jobs[:len(g.jobs)+1]
			continue
		}
		all = append(all, group{ctx: ctx, jobs: jobs[i : i+1]})
	}
	out := make([]*group, len(all))
	for i := range all {
		out[i] = &all[i]
	}
	return out
}

// enqueue gives groups to workers, as many of them as that takes.
func (p *Pool) enqueue(urgency int, groups []*group) {
	work := 0
	for _, g := range groups {
		if !g.taken {
			p.queues[urgency] = append(p.queues[urgency], g)
			work++
		}
	}
	for ; work > 0 && len(p.idle) > 0; work-- {
		n := len(p.idle) - 1
		w := p.idle[n]
		p.idle = p.idle[:n]
		p.running++
		go p.run(w)
	}
}

// run works until there is nothing left to do.
func (p *Pool) run(w worker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for g := p.next(); g != nil; g = p.next() {
		p.mu.Unlock()
		out := contained(g.ctx, w, g.jobs)
		p.mu.Lock()
		if g.ctx.Err() == nil { // else trials may have been cut short
			g.outcomes, g.done = out, true
		}
		if g.cancel != nil {
			g.cancel()
		}
		p.news.Broadcast()
		p.mu.Unlock()
		runtime.Gosched() // whoever waits may have more work, for all
		p.mu.Lock()
	}
	p.idle = append(p.idle, w)
	p.running--
	p.news.Broadcast()
}

// next takes the most urgent group; nil where there is none, or the user wants
// to stop.
func (p *Pool) next() *group {
	for u := range p.queues {
		for len(p.queues[u]) > 0 {
			g := p.queues[u][0]
			if !g.taken && p.stopped(g.ctx) {
				p.drop()
				return nil
			}
			p.queues[u][0] = nil
			p.queues[u] = p.queues[u][1:]
			if !g.taken {
				g.taken = true
				return g
			}
		}
	}
	return nil
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
