package outer

import (
	"fmt"
	"math"
	"slices"

	"github.com/metaplast/metaplast/inner/learner"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/tasks"
)

// contender is a structure that is scored: a candidate, a baseline or a rule
// that was found. Where a parameter of it is tuned it is tried at several
// points, and the best one counts.
type contender struct {
	label   string // begins the keys of its jobs
	learner learner.Learner

	line   line      // what is tuned
	points []float64 // positions on it to try at the present stage
	step   float64   // between neighbours at the present stage

	life   float64 // the fraction of a life of the present stage
	series []*series
	spare  []series // memory for more
	ahead  *order   // of the next round, where it has been foreseen

	best  float64 // position in the lead
	score tally   // there
}

// series holds the outcomes at one point and length of life, by replicate and
// position of the task in the stage. Replicates that an earlier rung of the
// same length has run are not run again.
type series struct {
	life, point float64
	value       float64         // of the tuned parameter
	label       string          // begins the keys of its jobs
	learner     learner.Learner // at the point; without a rule until it is needed
	outcomes    [][]Outcome
}

// tally sums up the trials of a contender at one point.
type tally struct {
	mean, se float64
	worst    float64 // trial
	n        int     // replicates
	ok       int     // trials that ended well
	diverged int     // trials
	status   Status
	reason   string
}

// stage is what is asked of contenders at one time.
type stage struct {
	life  float64 // fraction of the steps of a setting
	seeds int
	split tasks.Split
	fresh bool
	tasks []int // settings

	lives   []int    // steps, by position of the task
	endings []string // of keys, by replicate, then by position of the task
}

// steps returns the length of a life at a setting.
func (st *stage) steps(s *Setting) int {
	return max(1, int(math.Floor(float64(st.life*float64(s.Steps))+0.5)))
}

func newContender(label string, l learner.Learner, t Tune) *contender {
	return contenderOn(t.line(l.Rule), label, l)
}

func contenderOn(on line, label string, l learner.Learner) *contender {
	return &contender{label: label, learner: l, line: on, points: on.grid(), step: 1}
}

// at returns the learner with the tuned parameter at a point, in both of its
// rules.
func (c *contender) at(point float64) (learner.Learner, error) {
	l, err := c.seriesAt(point).at(c)
	return *l, err
}

// tuned returns the rule at the best point.
func (c *contender) tuned() (*rulespace.Rule, error) {
	l, err := c.at(c.best)
	return l.Rule, err
}

// value is the best value of the tuned parameter, 0 where none is.
func (c *contender) value() float64 {
	if c.line.param == "" {
		return 0
	}
	return c.line.at(c.best).value
}

// seriesAt returns the outcomes at a point in the present stage.
func (c *contender) seriesAt(point float64) *series {
	for _, s := range c.series {
		if s.point == point && s.life == c.life {
			return s
		}
	}
	if len(c.spare) == 0 {
		c.spare = make([]series, max(2, len(c.points)))
	}
	s := &c.spare[0]
	c.spare = c.spare[1:]
	*s = series{life: c.life, point: point, label: c.label}
	if c.line.param != "" {
		m := c.line.at(point)
		s.value, s.label = m.value, c.label+m.text
	}
	if c.series == nil {
		c.series = make([]*series, 0, 2*len(c.points))
	}
	c.series = append(c.series, s)
	return s
}

// at returns the learner of the contender at the point of the series.
func (s *series) at(c *contender) (*learner.Learner, error) {
	if s.learner.Rule != nil {
		return &s.learner, nil
	}
	l := c.learner
	if c.line.param != "" {
		var err error
		if l.Rule, err = l.Rule.WithParam(c.line.param, s.value); err != nil {
			return &l, err
		}
		if l.OutputRule != nil {
			if _, ok := l.OutputRule.Param(c.line.param); ok {
				if l.OutputRule, err = l.OutputRule.WithParam(c.line.param, s.value); err != nil {
					return &l, err
				}
			}
		}
	}
	s.learner = l
	return &s.learner, nil
}

// refine makes the best point and its neighbours at half the last distance
// the points of the next stage.
func (c *contender) refine() {
	c.step /= 2
	c.points = []float64{c.best}
	c.climb()
}

// climb adds the neighbours of the best point and reports whether that is
// more to try. The best value of a longer life can be far from that of a
// short one.
func (c *contender) climb() bool {
	n := len(c.points)
	for _, p := range []float64{c.best - c.step, c.best + c.step} {
		if p >= 0 && p <= c.line.last && !slices.Contains(c.points, p) {
			c.points = append(c.points, p)
		}
	}
	if len(c.points) == n {
		return false
	}
	slices.Sort(c.points) // never those of the line, which had no room for more
	return true
}

// lead finds the best of the points whose trials are done. Among equals the
// one of the smallest value leads.
func (c *contender) lead() {
	for i, p := range c.points {
		if t := c.seriesAt(p).tally(); i == 0 || t.better(c.score) {
			c.best, c.score = p, t
		}
	}
}

func (t tally) better(u tally) bool {
	if (t.ok > 0) != (u.ok > 0) {
		return t.ok > 0
	}
	return t.mean > u.mean
}

func (s *series) tally() tally {
	if len(s.outcomes) == 0 {
		return tally{status: OK, worst: math.Inf(1)}
	}
	return s.tallyOf(0, len(s.outcomes[0]))
}

// tallyOf sums up tasks from..to-1.
func (s *series) tallyOf(from, to int) tally {
	t := tally{n: len(s.outcomes), status: OK, worst: math.Inf(1)}
	for _, rep := range s.outcomes {
		for _, o := range rep[from:to] {
			t.worst = min(t.worst, o.Value)
			if o.Status == OK {
				t.ok++
				continue
			}
			if o.Status == Diverged {
				t.diverged++
			}
			if t.reason == "" {
				t.status, t.reason = o.Status, o.Reason
			}
		}
	}
	if t.ok > 0 {
		t.status, t.reason = OK, ""
	}
	var memory [16]float64
	t.mean, t.se = meanSE(s.appendMeans(memory[:0], from, to, Outcome.value))
	return t
}

// means returns the mean over tasks from..to-1 of something about the
// outcomes, for each replicate.
func (s *series) means(from, to int, of func(Outcome) float64) []float64 {
	return s.appendMeans(nil, from, to, of)
}

func (s *series) appendMeans(out []float64, from, to int, of func(Outcome) float64) []float64 {
	for _, rep := range s.outcomes {
		sum := 0.0
		for _, o := range rep[from:to] {
			sum += of(o)
		}
		out = append(out, sum/float64(to-from))
	}
	return out
}

func (o Outcome) value() float64 { return o.Value }
func (o Outcome) raw() float64   { return o.Raw }

// ending is how the keys of a stage end, after the label of a series, such as
// /pca:dims=8/400/validation/eval0.
func (st *stage) ending(task string, steps, rep int) string {
	return fmt.Sprintf("/%s/%d/%s/%s%d", task, steps, st.split, phaseName(st.fresh), rep)
}
