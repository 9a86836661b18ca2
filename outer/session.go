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

	enumerates  bool         // the method that runs is an Enumerator
	listed      []*entry     // what it asked for, in its order
	certificate *Certificate // of the last one that completed a size

	jobs             []Job // memory of the last round
	synced, observed time.Time
}

const (
	syncEvery    = time.Second
	observeEvery = 100 * time.Millisecond
)

// trials brings contenders through a stage: their points are tried, then the
// neighbours of the best ones, until the best has none that is better.
func (s *session) trials(ctx context.Context, cs []*contender, st *stage) error {
	for len(cs) > 0 {
		if err := s.round(ctx, cs, st); err != nil {
			return err
		}
		var climbing []*contender
		for _, c := range cs {
			if c.lead(); c.climb() {
				climbing = append(climbing, c)
			}
		}
		cs = climbing
	}
	return nil
}

// round runs the trials of contenders that neither they nor the store know
// the outcome of.
func (s *session) round(ctx context.Context, cs []*contender, st *stage) error {
	most := 0
	for _, c := range cs {
		c.life = st.life
		for _, point := range c.points {
			most += max(0, st.seeds-len(c.seriesAt(point).outcomes)) * len(st.tasks)
		}
	}
	jobs := slices.Grow(s.jobs[:0], most)
	slots := make([]*Outcome, 0, most)
	outcomes := make([]Outcome, most)
	for _, c := range cs {
		for _, point := range c.points {
			series := c.seriesAt(point)
			series.outcomes = slices.Grow(series.outcomes, max(0, st.seeds-len(series.outcomes)))
			for rep := len(series.outcomes); rep < st.seeds; rep++ {
				n := len(st.tasks)
				series.outcomes = append(series.outcomes, outcomes[:n:n])
				for i, task := range st.tasks {
					steps := st.steps(s.plan.setting(task))
					key := st.key(series.label, s.names[task], steps, rep)
					if o, ok := s.store.Lookup(key); ok {
						outcomes[i] = o
						s.progress.Trials++
						s.progress.Replayed++
						continue
					}
					at, err := series.at(c)
					if err != nil {
						return err
					}
					jobs = append(jobs, Job{*at, task, steps, st.split, st.fresh, rep, key})
					slots = append(slots, &outcomes[i])
				}
				outcomes = outcomes[n:]
			}
		}
	}
	err := s.run(ctx, jobs, func(i int, o Outcome) { *slots[i] = o })
	clear(jobs) // lets go of rules
	s.jobs = jobs
	return err
}

// run evaluates jobs and stores each outcome before it is used.
func (s *session) run(ctx context.Context, jobs []Job, use func(int, Outcome)) error {
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
		use(i, o)
		s.progress.Trials++
		s.progress.Pending--
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
