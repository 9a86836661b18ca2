package outer

import (
	"context"
	"slices"
	"time"
)

// session is a search that runs.
type session struct {
	plan      *Plan
	names     []string // of tasks, then of held-out tasks
	evaluator Evaluator
	objective Objective // the third; one without a cost where the plan has none
	foreseer  Foreseer  // the evaluator, if it has several workers and is one
	store     Store
	observer  Observer
	progress  Progress
	failed    map[Status]Count

	cache     cache
	archive   archive
	leaders   map[string]*contender // of the results that have been in the archive, by digest
	families  families              // best results of all kinds of rules
	rungs     []archive             // best results so far at each rung but the last
	baselines []*contender

	unraced     bool         // the method that runs is Unraced
	enumerates  bool         // the method that runs is an Enumerator
	listed      []*entry     // what it asked for, in its order
	certificate *Certificate // of the last one that completed a size

	// Memory of the last round.
	order order
	ends  []int // of the jobs of its contenders

	memory []Outcome       // for the next ones
	line   line            // of the last candidate, see line.shared
	rung   map[Rung]*stage // on the searched tasks

	synced, observed time.Time
}

const (
	syncEvery    = time.Second
	observeEvery = 100 * time.Millisecond
)

// order is trials of a contender, or of several, that nobody knows the outcome
// of.
type order struct {
	jobs  []Job
	slots []*Outcome // where outcomes go
	known int        // trials that the store knows
}

// trials brings contenders through a stage: their points are tried, then the
// neighbours of the best ones, until the best has none that is better.
func (s *session) trials(ctx context.Context, cs []*contender, st *stage) error {
	for len(cs) > 0 {
		climbing, err := s.round(ctx, cs, st)
		if err != nil {
			return err
		}
		cs = climbing
	}
	return nil
}

// round runs the trials of contenders that neither they nor the store know
// the outcome of, and returns those that have more to try.
func (s *session) round(ctx context.Context, cs []*contender, st *stage) (climbing []*contender, err error) {
	all, ends := &s.order, s.ends[:0]
	for _, c := range cs {
		if o := c.ahead; o != nil {
			c.ahead = nil
			all.jobs, all.slots, all.known = append(all.jobs, o.jobs...), append(all.slots, o.slots...), all.known+o.known
		} else if err := s.prepare(all, c, st); err != nil {
			return nil, err
		}
		ends = append(ends, len(all.jobs))
	}
	s.progress.Trials += all.known
	s.progress.Replayed += all.known
	next := 0 // of the contenders
	settle := func(jobs int) error {
		for ; next < len(cs) && ends[next] <= jobs; next++ {
			c := cs[next]
			if c.lead(); c.climb() {
				climbing = append(climbing, c)
				if err := s.foresee(ctx, c, st); err != nil {
					return err
				}
			}
		}
		return nil
	}
	err = s.run(ctx, all.jobs, func(i int, o Outcome) error {
		*all.slots[i] = o
		return settle(i + 1)
	})
	if err == nil {
		err = settle(len(all.jobs))
	}
	clear(all.jobs) // lets go of rules
	clear(all.slots)
	s.order = order{jobs: all.jobs[:0], slots: all.slots[:0]}
	s.ends = ends
	return climbing, err
}

// prepare adds to o the trials of a contender in a stage.
func (s *session) prepare(o *order, c *contender, st *stage) error {
	c.life = st.life
	n := len(st.tasks)
	for _, point := range c.points {
		series := c.seriesAt(point)
		missing := st.seeds - len(series.outcomes)
		if missing <= 0 {
			continue
		}
		outcomes := s.outcomes(missing * n)
		series.outcomes = slices.Grow(series.outcomes, missing)
		for rep := len(series.outcomes); rep < st.seeds; rep++ {
			series.outcomes = append(series.outcomes, outcomes[:n:n])
			for i, task := range st.tasks {
				key := series.label + st.endings[rep*n+i]
				if known, ok := s.store.Lookup(key); ok {
					outcomes[i] = known
					o.known++
					continue
				}
				at, err := series.at(c)
				if err != nil {
					return err
				}
				o.jobs = append(o.jobs, Job{*at, task, st.lives[i], st.split, st.fresh, rep, key})
				o.slots = append(o.slots, &outcomes[i])
			}
			outcomes = outcomes[n:]
		}
	}
	return nil
}

// outcomes returns memory for so many of them.
func (s *session) outcomes(n int) []Outcome {
	if len(s.memory) < n {
		s.memory = make([]Outcome, max(n, 512))
	}
	out := s.memory[:n:n]
	s.memory = s.memory[n:]
	return out
}

// foresee lets idle workers begin with what a contender will ask for next.
func (s *session) foresee(ctx context.Context, c *contender, st *stage) error {
	if s.foreseer == nil {
		return nil
	}
	c.ahead = &order{}
	if err := s.prepare(c.ahead, c, st); err != nil {
		return err
	}
	s.foreseer.Foresee(ctx, c.ahead.jobs, true)
	return nil
}

// run evaluates jobs and stores each outcome before it is used.
func (s *session) run(ctx context.Context, jobs []Job, use func(int, Outcome) error) error {
	if len(jobs) == 0 {
		select {
		case <-s.plan.Stop:
			return ErrStopped
		default:
			return ctx.Err()
		}
	}
	s.progress.Pending = len(jobs)
	done := func(i int, o Outcome) error {
		if !finite(o.Value) || !finite(o.Raw) {
			o = failure(Failed, "the evaluator returned a score that is not a finite number")
		}
		if err := s.store.Append(jobs[i].Key, o); err != nil {
			return err
		}
		s.progress.Trials++
		s.progress.Pending--
		if err := use(i, o); err != nil {
			return err
		}
		return s.breathe()
	}
	err := s.stream(ctx, jobs, done)
	s.progress.Pending = 0
	return err
}

func (s *session) stream(ctx context.Context, jobs []Job, done func(int, Outcome) error) error {
	if e, ok := s.evaluator.(Streamer); ok {
		return e.Stream(ctx, jobs, done)
	}
	outcomes, err := s.evaluator.Evaluate(ctx, jobs)
	if err != nil {
		return err
	}
	for i, o := range outcomes {
		if err := done(i, o); err != nil {
			return err
		}
	}
	return nil
}

// breathe syncs the store and shows progress when it is time. Neither changes
// what the search does.
func (s *session) breathe() error {
	now := time.Now()
	if now.Sub(s.observed) >= observeEvery {
		s.observe()
	}
	if now.Sub(s.synced) >= syncEvery {
		s.synced = now
		return s.store.Sync()
	}
	return nil
}
