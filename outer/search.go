package outer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/tasks"
)

// patience is after how many candidates, in cohorts, without a new one a
// method is ended.
const patience = 200

// Run searches as the plan says; store and obs may be nil. Whatever is in the store is not trialled
// again, so that a run that was stopped or killed continues by calling Run
// with the same plan and what its store holds; the report is the same as if
// it had never been interrupted.
//
// A search that is stopped, by the plan's Stop or by ctx, ends without error
// and without validation; Report.Reason says so. After an error everything
// that the store has taken can be built upon by another Run.
func Run(ctx context.Context, plan Plan, store Store, obs Observer) (*Report, error) {
	p, err := plan.Resolve()
	if err != nil {
		return nil, err
	}
	if store == nil {
		store = noStore{}
	}
	s := newSession(&p, store, obs)
	report, err := s.report(ctx)
	if s.foreseer != nil {
		s.foreseer.Forget()
	}
	if e := store.Sync(); err == nil {
		err = e
	}
	if err != nil {
		return nil, err
	}
	s.observe()
	return report, nil
}

func newSession(p *Plan, store Store, obs Observer) *session {
	now := time.Now()
	s := &session{
		plan: p, names: p.taskNames(), evaluator: p.Evaluator, store: store, observer: obs,
		failed: map[Status]Count{}, leaders: map[string]*contender{}, families: families{}, rung: map[Rung]*stage{}, rungs: make([]archive, len(p.Rungs)),
		synced: now, observed: now,
	}
	s.objective, _ = ObjectiveByName(p.Objective)
	if s.evaluator == nil {
		s.evaluator = NewPool(p)
	}
	if p.Workers > 1 {
		s.foreseer, _ = s.evaluator.(Foreseer)
	}
	s.progress.Budget = p.Evaluations
	return s
}

func (s *session) report(ctx context.Context) (*Report, error) {
	r := &Report{Name: s.plan.Name, Seed: s.plan.Seed}
	probe, err := s.probe(ctx)
	if err == nil {
		s.cache = newCache(probe)
		err = s.tuneBaselines(ctx)
	}
	if err == nil {
		r.Methods, err = s.search(ctx)
	}
	if err == nil {
		err = s.polish(ctx)
	}
	if err == nil {
		r.Reason = r.Methods[len(r.Methods)-1].Reason
	} else if stopped(ctx, err) {
		r.Reason = Stopped
	} else {
		return nil, err
	}
	return r, s.conclude(ctx, r)
}

// stopped reports whether an error is the user's wish.
func stopped(ctx context.Context, err error) bool {
	return errors.Is(err, ErrStopped) || ctx.Err() != nil && errors.Is(err, ctx.Err())
}

// search runs the methods in turn.
func (s *session) search(ctx context.Context) ([]MethodReport, error) {
	s.progress.Phase = PhaseSearch
	var reports []MethodReport
	for i, m := range s.plan.Methods {
		searcher, err := m.New()
		if err != nil {
			return reports, fmt.Errorf("%s: %w", m.Name, err)
		}
		if seeder, ok := searcher.(Seeder); ok && i > 0 {
			if err := seeder.Seed(candidates(s.archive.members())); err != nil {
				return reports, fmt.Errorf("%s: %w", m.Name, err)
			}
		}
		s.progress.Method = m.Name
		before := s.progress.Evaluations
		if s.certificate != nil && s.certificate.Whole {
			reports = append(reports, MethodReport{Name: m.Name, Reason: NothingLeft})
			continue
		}
		limit := s.plan.Evaluations
		if m.Evaluations > 0 {
			limit = min(limit, before+m.Evaluations)
		}
		enumerator, ok := searcher.(Enumerator)
		s.enumerates, s.listed = ok, nil
		_, s.unraced = searcher.(Unraced)
		reason, err := s.runMethod(ctx, searcher, limit)
		if err != nil {
			if !stopped(ctx, err) {
				err = fmt.Errorf("%s: %w", m.Name, err)
			}
			return reports, err
		}
		if s.enumerates {
			s.certify(enumerator.Covered())
		}
		reports = append(reports, MethodReport{Name: m.Name, Reason: reason, Evaluations: s.progress.Evaluations - before})
	}
	return reports, nil
}

func candidates(rs []Result) []Candidate {
	out := make([]Candidate, len(rs))
	for i, r := range rs {
		out[i] = r.Candidate
	}
	return out
}

func (s *session) runMethod(ctx context.Context, searcher Searcher, limit int) (Reason, error) {
	steady, _ := searcher.(Steady)
	if s.foreseer == nil {
		steady = nil
	}
	stale := 0 // candidates since the last new one
	left := limit - s.progress.Evaluations
	var next *cohort // asked for ahead of its time
	for {
		c := next
		if next = nil; c == nil {
			if reason, done := searcher.Done(); done {
				return reason, nil
			}
			if left <= 0 {
				return OutOfEvals, nil
			}
			if stale >= patience*s.plan.Cohort {
				return NoNewRules, nil
			}
			n := min(s.plan.Cohort, left)
			asked, err := searcher.Ask(n)
			if err != nil {
				return "", err
			}
			if reason, done := searcher.Done(); done && len(asked) == 0 {
				return reason, nil
			}
			if len(asked) == 0 || len(asked) > n {
				return "", fmt.Errorf("asked for up to %d candidates the searcher returned %d", n, len(asked))
			}
			if c, err = s.gather(asked); err != nil {
				return "", err
			}
			if steady != nil { // workers have it while the next one is got ready
				if err := s.foreseeCohort(ctx, c); err != nil {
					return "", err
				}
			}
		}
		left -= len(c.fresh)
		stale += len(c.asked)
		if len(c.fresh) > 0 {
			stale = 0
		}
		if steady != nil && left > 0 && stale < patience*s.plan.Cohort {
			asked, err := steady.AskAhead(min(s.plan.Cohort, left))
			if err != nil {
				return "", err
			}
			if len(asked) > min(s.plan.Cohort, left) {
				return "", fmt.Errorf("asked ahead for up to %d candidates the searcher returned %d", min(s.plan.Cohort, left), len(asked))
			}
			if len(asked) > 0 {
				if next, err = s.gather(asked); err == nil {
					err = s.foreseeCohort(ctx, next)
				}
				if err != nil {
					return "", err
				}
			}
		}
		results, err := s.score(ctx, c)
		if err != nil {
			return "", err
		}
		if err := searcher.Tell(results); err != nil {
			return "", err
		}
		if r, ok := searcher.(Reporter); ok {
			s.progress.Status = r.Status()
		}
		s.observe()
	}
}

// cohort is candidates that are asked for at one time.
type cohort struct {
	asked   []Candidate
	entries []*entry // of each
	cached  []bool   // the entry has been met before
	empty   []*entry // new ones that change nothing
	fresh   []*entry // other new ones, which are trialled
	unique  int      // of all that have been met so far
}

// cohort scores candidates and returns their results in order.
func (s *session) cohort(ctx context.Context, asked []Candidate) ([]Result, error) {
	c, err := s.gather(asked)
	if err != nil {
		return nil, err
	}
	return s.score(ctx, c)
}

// gather finds out which candidates are new.
func (s *session) gather(asked []Candidate) (*cohort, error) {
	for i, c := range asked {
		if c.Rule == nil || c.Rule.DW == nil {
			return nil, fmt.Errorf("candidate %d of %d has no rule", i+1, len(asked))
		}
	}
	c := &cohort{asked: asked, entries: s.meet(asked), cached: make([]bool, len(asked))}
	for i, e := range c.entries {
		if known := s.cache.find(e); known != nil {
			c.entries[i], c.cached[i] = known, true
			continue
		}
		s.cache.put(e)
		if e.id.zero {
			e.result = Result{
				Candidate: Candidate{e.rule}, Digest: e.digest, Complexity: e.complexity,
				Score: worst, Status: Silent, Reason: "the rule changes nothing",
			}
			e.forget()
			c.empty = append(c.empty, e)
			continue
		}
		e.contender = s.contender(e)
		c.fresh = append(c.fresh, e)
	}
	c.unique = s.cache.unique
	return c, nil
}

// foreseeCohort lets idle workers begin with the first rung of a cohort.
func (s *session) foreseeCohort(ctx context.Context, c *cohort) error {
	st := s.stage(s.plan.Rungs[0])
	var jobs []Job
	for _, e := range c.fresh {
		e.contender.ahead = &order{}
		if err := s.prepare(e.contender.ahead, e.contender, st); err != nil {
			return err
		}
		jobs = append(jobs, e.contender.ahead.jobs...)
	}
	s.foreseer.Foresee(ctx, jobs, false)
	return nil
}

// score trials what is new in a cohort and returns the results of all of it in
// order.
func (s *session) score(ctx context.Context, c *cohort) ([]Result, error) {
	for _, e := range c.empty {
		s.fail(e.result)
	}
	if err := s.race(ctx, c.fresh); err != nil {
		return nil, err
	}
	for _, e := range c.fresh {
		if err := e.contender.finish(&e.result, e.digestOf); err != nil {
			return nil, err
		}
		if e.result.Status != OK {
			s.fail(e.result)
		}
		s.explore(e.result, e.contender, e.hebb)
		if e.result.Full && s.archive.add(e.result) {
			s.leaders[e.result.Digest] = e.contender
		}
		e.forget()
	}
	results := make([]Result, len(c.asked))
	for i, e := range c.entries {
		results[i] = e.result
		results[i].Cached = c.cached[i]
		if c.cached[i] {
			s.progress.Cached++
		}
	}
	if s.enumerates {
		s.listed = append(s.listed, c.entries...)
	}
	s.progress.Asked += len(c.asked)
	s.progress.Unique = c.unique
	s.progress.Evaluations += len(c.fresh)
	return results, nil
}

// meet prepares candidates and finds out what they are, as many at a time as
// there are workers.
func (s *session) meet(asked []Candidate) []*entry {
	entries := make([]*entry, len(asked))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(s.plan.Workers, len(asked)) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(asked)); i = next.Add(1) - 1 {
				entries[i] = s.cache.entry(asked[i].Rule, s.plan.Tune.Param)
			}
		})
	}
	workers.Wait()
	return entries
}

func (s *session) contender(e *entry) *contender {
	l := s.plan.Learner
	l.Rule = e.rule
	return contenderOn(s.plan.Tune.line(e.rule).shared(&s.line), e.digest, l)
}

// race brings new entries up the rungs.
func (s *session) race(ctx context.Context, live []*entry) error {
	for k, rung := range s.plan.Rungs {
		st := s.stage(rung)
		cs := make([]*contender, len(live))
		for i, e := range live {
			cs[i] = e.contender
			if k > 0 {
				cs[i].refine()
			}
		}
		if err := s.trials(ctx, cs, st); err != nil {
			return err
		}
		last := k == len(s.plan.Rungs)-1
		for _, e := range live {
			t := e.contender.score
			e.result = Result{
				Digest: e.contender.label, Complexity: e.complexity,
				Score: t.mean, SE: t.se, N: t.n, Cost: s.objective.of(e.contender.learner.Rule, t), Rung: k, Full: last, Status: t.status, Reason: t.reason,
			}
			if s.unraced {
				e.result.Each = e.contender.seriesAt(e.contender.best).means(0, len(s.plan.Tasks), Outcome.value)
			}
		}
		if !last {
			keep := rung.Keep
			if s.unraced {
				keep = 0
			}
			live = promote(live, keep, &s.rungs[k])
		}
	}
	return nil
}

// stage is a rung on the searched tasks.
func (s *session) stage(r Rung) *stage {
	st := s.rung[r]
	if st == nil {
		st = s.staged(stage{life: r.Steps, seeds: r.Seeds, split: tasks.Validation, tasks: upTo(0, len(s.plan.Tasks))})
		s.rung[r] = st
	}
	return st
}

// staged fills in what jobs of a stage have in common.
func (s *session) staged(st stage) *stage {
	for _, task := range st.tasks {
		st.lives = append(st.lives, st.steps(s.plan.setting(task)))
	}
	for rep := range st.seeds {
		for i, task := range st.tasks {
			st.endings = append(st.endings, st.ending(s.names[task], st.lives[i], rep))
		}
	}
	return &st
}

func upTo(from, to int) []int {
	out := make([]int, 0, to-from)
	for i := from; i < to; i++ {
		out = append(out, i)
	}
	return out
}

// promote returns the entries that go on, in their order: the best of the
// cohort, and those on the front of everything seen at this rung, so that a
// simple rule is not crowded out by complex ones.
func promote(live []*entry, keep float64, seen *archive) []*entry {
	var ranked []*entry
	for _, e := range live {
		if e.result.Status == OK {
			ranked = append(ranked, e)
			seen.add(e.result)
		}
	}
	slices.SortFunc(ranked, func(a, b *entry) int {
		switch {
		case Better(a.result, b.result):
			return -1
		case Better(b.result, a.result):
			return 1
		}
		return 0
	})
	n := len(ranked)
	if keep > 0 && n > 0 {
		// The margin keeps rounding errors of the product from adding one.
		n = max(1, int(math.Ceil(float64(keep*float64(n))-1e-9)))
	}
	on := map[*entry]bool{}
	for i, e := range ranked {
		on[e] = i < n || seen.holds(e.result)
	}
	var out []*entry
	for _, e := range live {
		if on[e] {
			out = append(out, e)
		}
	}
	return out
}

// finish sets the rule and the digest of a result at the tuned value.
func (c *contender) finish(r *Result, digest func(*rulespace.Rule) string) error {
	rule, err := c.tuned()
	if err != nil {
		return err
	}
	r.Rule = rule
	if rule != c.learner.Rule {
		r.Digest = digest(rule)
	}
	return nil
}

// polish tunes the rules of the front as finely as baselines are, on the same
// trials.
func (s *session) polish(ctx context.Context) error {
	last := s.plan.Rungs[len(s.plan.Rungs)-1]
	s.progress.Method, s.progress.Status = "", "tuning the front"
	front := s.archive.members()
	var cs []*contender
	for _, r := range front {
		cs = append(cs, s.leaders[r.Digest])
	}
	for range polishRounds {
		for _, c := range cs {
			c.refine()
		}
		if err := s.trials(ctx, cs, s.stage(last)); err != nil {
			return err
		}
	}
	for i, r := range front {
		t := cs[i].score
		r.Score, r.SE, r.N, r.Cost = t.mean, t.se, t.n, s.objective.of(cs[i].learner.Rule, t)
		if err := cs[i].finish(&r, (*rulespace.Rule).Digest); err != nil {
			return err
		}
		s.archive.add(r)
		s.explore(r, cs[i], hebbian(r.Rule))
	}
	return nil
}

func (s *session) observe() {
	s.observed = time.Now()
	if s.observer == nil {
		return
	}
	p := s.progress
	p.Failed = s.failures()
	p.Front = s.archive.members()
	p.Baselines = slices.Clone(p.Baselines)
	s.observer.Observe(p)
}

func (s *session) fail(r Result) {
	c := s.failed[r.Status]
	if c.N == 0 {
		c = Count{Status: r.Status, Reason: r.Reason}
	}
	c.N++
	s.failed[r.Status] = c
}

// failures lists the candidates without a score, most frequent status first.
func (s *session) failures() []Count {
	var out []Count
	for _, status := range slices.Sorted(maps.Keys(s.failed)) {
		out = append(out, s.failed[status])
	}
	slices.SortStableFunc(out, func(a, b Count) int { return b.N - a.N })
	return out
}
