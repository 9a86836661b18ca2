package outer

import (
	"math"
	"strconv"

	"github.com/metaplast/metaplast/inner/learner"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/tasks"
)

// contender is a structure that is scored: a candidate, a baseline or a rule
// that was found. Where a parameter of it is tuned it is tried at several
// values, and the best one counts.
type contender struct {
	label   string // begins the keys of its jobs
	learner learner.Learner

	param     string    // tuned parameter; empty for none
	values    []float64 // to try at the present stage; one, unused, where none is tuned
	low, high float64
	ratio     float64 // of neighbouring values at the present stage

	life   float64 // the fraction of a life that series are about
	series []*series

	best  float64 // value in the lead
	score tally   // at that value
}

// series holds the outcomes at one value, by replicate and position of the
// task in the stage. Replicates that an earlier rung of the same length has
// run are not run again.
type series struct {
	value    float64
	outcomes [][]Outcome
}

// tally sums up the trials of a contender at one value.
type tally struct {
	mean, se float64
	n        int // replicates
	ok       int // trials that ended well
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
}

// steps returns the length of a life at a setting.
func (st *stage) steps(s *Setting) int {
	return max(1, int(math.Floor(float64(st.life*float64(s.Steps))+0.5)))
}

func newContender(label string, l learner.Learner, t Tune) *contender {
	c := &contender{label: label, learner: l, values: []float64{0}}
	if values, ratio := t.grid(l.Rule); values != nil {
		c.param, c.values, c.ratio = t.Param, values, ratio
		c.low, c.high = values[0], values[len(values)-1]
		c.best = values[0]
	}
	return c
}

// at returns the learner with the tuned parameter at a value, in both of its
// rules.
func (c *contender) at(value float64) (learner.Learner, error) {
	l := c.learner
	if c.param == "" {
		return l, nil
	}
	set := map[string]float64{c.param: value}
	var err error
	if l.Rule, err = l.Rule.WithParams(set); err != nil {
		return l, err
	}
	if l.OutputRule != nil {
		if _, ok := l.OutputRule.Param(c.param); ok {
			l.OutputRule, err = l.OutputRule.WithParams(set)
		}
	}
	return l, err
}

// tuned returns the rule at the best value.
func (c *contender) tuned() (*rulespace.Rule, error) {
	l, err := c.at(c.best)
	return l.Rule, err
}

// labelAt is what keys of jobs at a value begin with, such as 3f0a…/lr=0.01.
func (c *contender) labelAt(value float64) string {
	if c.param == "" {
		return c.label
	}
	return c.label + "/" + c.param + "=" + number(value)
}

// seriesAt returns the outcomes at a value.
func (c *contender) seriesAt(value float64) *series {
	for _, s := range c.series {
		if s.value == value {
			return s
		}
	}
	s := &series{value: value}
	c.series = append(c.series, s)
	return s
}

// refine makes the best value and its neighbours at half the last distance
// the values of the next stage.
func (c *contender) refine() {
	if c.param == "" {
		return
	}
	c.ratio = math.Sqrt(c.ratio)
	c.values = c.values[:0]
	for _, v := range []float64{round(c.best/c.ratio, 4), c.best, round(c.best*c.ratio, 4)} {
		if v == c.best || v >= c.low && v <= c.high {
			c.values = append(c.values, v)
		}
	}
}

// lead finds the best value of a stage whose trials are done. Among equals the
// first, which is the smallest, leads.
func (c *contender) lead() {
	for i, v := range c.values {
		if t := c.seriesAt(v).tally(); i == 0 || t.better(c.score) {
			c.best, c.score = v, t
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
	t := tally{n: len(s.outcomes), status: OK}
	for _, rep := range s.outcomes {
		for _, o := range rep {
			if o.Status == OK {
				t.ok++
			} else if t.reason == "" {
				t.status, t.reason = o.Status, o.Reason
			}
		}
	}
	if t.ok > 0 {
		t.status, t.reason = OK, ""
	}
	if len(s.outcomes) > 0 {
		t.mean, t.se = meanSE(s.means(0, len(s.outcomes[0]), Outcome.value))
	}
	return t
}

// means returns the mean over tasks from..to-1 of something about the
// outcomes, for each replicate.
func (s *series) means(from, to int, of func(Outcome) float64) []float64 {
	out := make([]float64, len(s.outcomes))
	for i, rep := range s.outcomes {
		for _, o := range rep[from:to] {
			out[i] += of(o)
		}
		out[i] /= float64(to - from)
	}
	return out
}

func (o Outcome) value() float64 { return o.Value }
func (o Outcome) raw() float64   { return o.Raw }

// key returns the key of a job, such as
// 3f0a…/lr=0.01/pca:dims=8/400/validation/eval0.
func (st *stage) key(label, task string, steps, rep int) string {
	b := make([]byte, 0, 128)
	b = append(b, label...)
	b = append(b, '/')
	b = append(b, task...)
	b = append(b, '/')
	b = strconv.AppendInt(b, int64(steps), 10)
	b = append(b, '/')
	b = append(b, st.split.String()...)
	b = append(b, '/')
	b = append(b, phaseName(st.fresh)...)
	return string(strconv.AppendInt(b, int64(rep), 10))
}
