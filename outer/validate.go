package outer

import (
	"context"
	"slices"

	"github.com/metaplast/metaplast/tasks"
)

// conclude fills in a report. Unless the user has stopped the search it
// scores the front and the baselines on replicates that the search has not
// seen and on held-out tasks.
func (s *session) conclude(ctx context.Context, r *Report) error {
	p := &s.progress
	r.Evaluations, r.Asked, r.Unique, r.Cached = p.Evaluations, p.Asked, p.Unique, p.Cached
	r.Failed = s.failures()
	r.Tasks, r.HeldOut = s.names[:len(s.plan.Tasks)], s.names[len(s.plan.Tasks):]
	r.Front = Rows(s.archive.members(), s.plan.Objective)
	r.Families = s.families.members()
	for i, c := range s.baselines {
		rule, err := c.tuned()
		if err != nil {
			return err
		}
		b := &s.plan.Baselines[i]
		r.Baselines = append(r.Baselines, BaselineRow{
			Name: b.Name, Title: b.Title, Rule: rule, Param: c.line.param, Value: c.value(),
			Search: intervalOf(c.score.mean, c.score.se, c.score.n),
		})
	}
	r.Certificate = s.certificate
	if r.Reason != Stopped {
		err := s.validate(ctx, r)
		switch {
		case err == nil:
			r.Validated = true
			r.Front = confirmed(r.Front)
		case stopped(ctx, err):
			r.Reason = Stopped
		default:
			return err
		}
	}
	r.Pick = choose(r.Front)
	r.Trials, r.Replayed = p.Trials, p.Replayed
	return nil
}

// confirmed drops the rows of a validated front that do no better than a
// simpler one that costs no more once selection no longer flatters them.
func confirmed(rows []Row) []Row {
	var kept []Row
	for _, r := range rows {
		if slices.ContainsFunc(kept, func(k Row) bool { return k.Cost <= r.Cost && k.Score.Mean >= r.Score.Mean }) {
			continue
		}
		r.Rank = len(kept) + 1
		kept = append(kept, r)
	}
	return kept
}

// validate adds evidence to a report, all of it or none.
func (s *session) validate(ctx context.Context, r *Report) error {
	s.progress.Phase, s.progress.Method, s.progress.Status = PhaseValidate, "", ""
	s.observe()
	st := s.staged(stage{life: 1, seeds: s.plan.Fresh, split: tasks.Test, fresh: true, tasks: upTo(0, len(s.names))})
	var found, base []*contender
	for i := range r.Front {
		l := s.plan.Learner
		l.Rule = r.Front[i].Rule
		found = append(found, newContender(r.Front[i].Digest, l, Tune{}))
	}
	for _, c := range s.baselines {
		l, err := c.at(c.best)
		if err != nil {
			return err
		}
		base = append(base, newContender(c.seriesAt(c.best).label, l, Tune{}))
	}
	if err := s.trials(ctx, append(found, base...), st); err != nil {
		return err
	}
	for i, c := range base {
		r.Baselines[i].Evidence = s.evidence(c.series[0])
	}
	for i, c := range found {
		row := &r.Front[i]
		row.Evidence = s.evidence(c.series[0])
		if t := c.series[0].tallyOf(0, len(s.plan.Tasks)); t.ok > 0 { // a cost that trials say is that of these
			row.Cost = s.objective.of(row.Rule, t)
		}
		for j, b := range base {
			row.Against = append(row.Against, s.difference(c.series[0], b.series[0], r.Baselines[j].Name))
		}
	}
	return nil
}

func (s *session) evidence(found *series) Evidence {
	searched, all := len(s.plan.Tasks), len(s.names)
	scores := found.means(0, searched, Outcome.value)
	e := Evidence{Score: NewInterval(scores)}
	_, e.se = meanSE(scores)
	if searched < all {
		e.HeldOut = NewInterval(found.means(searched, all, Outcome.value))
	}
	for i, name := range s.names {
		e.Tasks = append(e.Tasks, TaskScore{
			Task: name, HeldOut: i >= searched, Metric: s.plan.setting(i).Task.Info().Metric,
			Value: NewInterval(found.means(i, i+1, Outcome.value)),
			Raw:   NewInterval(found.means(i, i+1, Outcome.raw)),
		})
	}
	for _, rep := range found.outcomes {
		for _, o := range rep {
			if o.Status != OK {
				e.Failed++
			}
		}
	}
	return e
}

func (s *session) difference(found, base *series, name string) Difference {
	paired := func(from, to int, of func(Outcome) float64) Interval {
		x, y := found.means(from, to, of), base.means(from, to, of)
		for i := range x {
			x[i] -= y[i]
		}
		return NewInterval(x)
	}
	d := Difference{Baseline: name, Score: paired(0, len(s.plan.Tasks), Outcome.value)}
	for i := range s.names {
		d.Tasks = append(d.Tasks, paired(i, i+1, Outcome.raw))
	}
	return d
}
