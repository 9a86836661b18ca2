package eliminate

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/internal/pending"
	"github.com/metaplast/metaplast/outer/internal/points"
	"github.com/metaplast/metaplast/rulespace"
)

// Options of an elimination. The zero value of every field means its default.
type Options struct {
	// Refit is the number of rounds in which the coefficients that are left are
	// fitted where a removal is missed or another term is tried, two evaluations
	// per coefficient and one more each; 3 by default, negative for none. Up to
	// as many again follow where they gain more than noise.
	Refit int
	// Probe is the distance of the probes of the first round in coordinates,
	// which reach from -1 to 1; 0.2 by default, 0.001 to 0.5.
	Probe float64
	// OneWay never adds or exchanges a term.
	OneWay bool
	// Start holds rules of which the best is begun with; the middle of the
	// space when there are none.
	Start []*rulespace.Rule
}

func (o Options) withDefaults() (Options, error) {
	if o.Refit == 0 {
		o.Refit = 3
	}
	if o.Probe == 0 {
		o.Probe = 0.2
	}
	if !(o.Probe >= 0.001 && o.Probe <= 0.5) {
		return o, fmt.Errorf("eliminate: probe is %g; it has to be between 0.001 and 0.5", o.Probe)
	}
	return o, nil
}

// Searcher removes terms. It draws no random numbers.
type Searcher struct {
	space  *rulespace.Space
	opts   Options
	absent []float64 // where each coefficient is 0
	spare  []bool    // whether it can be
	start  [][]float64

	best   []*model        // by number of terms, nil where there is none
	fitted map[string]bool // terms with signs that were fitted
	tried  map[string]bool // and those that a model was to grow to

	told   map[string]outer.Result // by digest of the rule asked for
	gen    pending.Generation
	asked  []string // digests of gen
	query  []string // digests that next wants to know about
	next   func([]outer.Result)
	status string
	done   outer.Reason
}

// model is a rule as a point of the space, with what was told of it.
type model struct {
	u      []float64
	told   outer.Result
	fitted bool
	// spared says that it came from a removal that was not missed, and so need
	// not be fitted before the next.
	spared bool
	shrunk bool // taking terms out was tried
	tries  int  // 1 once adding a term was tried, 2 once exchanging one was
}

// New returns an elimination in a template or a pool of terms.
func New(space *rulespace.Space, opts Options) (*Searcher, error) {
	start, err := points.Start("eliminate", space, opts.Start)
	if err != nil {
		return nil, err
	}
	opts, err = opts.withDefaults()
	if err != nil {
		return nil, err
	}
	n := space.Dims()
	s := &Searcher{
		space: space, opts: opts, start: start, absent: make([]float64, n), spare: make([]bool, n),
		best: make([]*model, n+1), fitted: map[string]bool{}, tried: map[string]bool{}, told: map[string]outer.Result{},
	}
	for i := range n {
		s.absent[i], s.spare[i] = space.Absent(i)
	}
	return s, nil
}

// Unraced implements outer.Unraced.
func (s *Searcher) Unraced() {}

// Seed adds rules found before to those begun with, as far as they lie in the
// space.
func (s *Searcher) Seed(found []outer.Candidate) error {
	s.start = append(s.start, points.Inside(s.space, found)...)
	return nil
}

// Ask implements outer.Searcher.
func (s *Searcher) Ask(limit int) ([]outer.Candidate, error) {
	return s.gen.Next(limit, s.ended, s.advance)
}

// Tell implements outer.Searcher.
func (s *Searcher) Tell(results []outer.Result) error {
	if err := s.gen.Tell(results); err != nil {
		return err
	}
	if s.gen.Complete() {
		for i, r := range s.gen.Results() {
			s.told[s.asked[i]] = r
		}
		s.gen.Start(nil)
	}
	return nil
}

// Done implements outer.Searcher.
func (s *Searcher) Done() (outer.Reason, bool) { return s.done, s.ended() }

func (s *Searcher) ended() bool { return s.done != "" }

// Status implements outer.Reporter.
func (s *Searcher) Status() string { return s.status }

// advance hands the answers to the question that is open to who asked it.
func (s *Searcher) advance() error {
	if s.next == nil {
		s.begin()
		return nil
	}
	answers := make([]outer.Result, len(s.query))
	for i, digest := range s.query {
		answers[i] = s.told[digest]
	}
	s.next(answers)
	return nil
}

// ask puts the rules at points to the search, as far as they have not been
// told about; next gets a result for each.
func (s *Searcher) ask(points [][]float64, next func([]outer.Result)) {
	s.query, s.asked, s.next = s.query[:0], s.asked[:0], next
	var rules []*rulespace.Rule
	for _, u := range points {
		r := s.rule(u)
		digest := r.Digest()
		s.query = append(s.query, digest)
		if _, ok := s.told[digest]; !ok && !slices.Contains(s.asked, digest) {
			s.asked = append(s.asked, digest)
			rules = append(rules, r)
		}
	}
	s.gen.Start(rules)
}

// rule is the rule at a point. Terms of a template that are 0 are left out, as
// those of a sum are, so that the rule counts as the simpler one it is.
func (s *Searcher) rule(u []float64) *rulespace.Rule {
	r := s.space.Decode(u)
	if s.space.Template == nil {
		return r
	}
	c := *r
	c.Params = nil
	var zeros []string
	for _, p := range r.Params {
		if p.HasRange() && p.Value == 0 {
			zeros = append(zeros, p.Name)
		} else {
			c.Params = append(c.Params, p)
		}
	}
	if zeros == nil {
		return r
	}
	without := func(e *rulespace.Expr) *rulespace.Expr {
		if e == nil {
			return nil
		}
		return rulespace.Simplify(e.Substitute(func(name string) (*rulespace.Expr, bool) {
			return rulespace.Const(0), slices.Contains(zeros, name)
		}))
	}
	c.DW, c.DB, c.DFB = without(r.DW), without(r.DB), without(r.DFB)
	c.States = slices.Clone(r.States)
	for i := range c.States {
		c.States[i].Update = without(c.States[i].Update)
	}
	return &c
}

// begin asks for the rules to start with.
func (s *Searcher) begin() {
	points := s.start
	if len(points) == 0 {
		points = [][]float64{make([]float64, s.space.Dims())}
	}
	s.ask(points, func(answers []outer.Result) {
		top := &model{u: points[0], told: answers[0]}
		for i, u := range points {
			m := &model{u: u, told: answers[i]}
			s.keep(m)
			if better(m, top) {
				top = m
			}
		}
		s.visit(s.best[s.terms(top.u)])
	})
}

// visit goes down from a model to smaller ones, and up again from one from
// which it has gone down before.
func (s *Searcher) visit(m *model) {
	k := s.terms(m.u)
	s.status = fmt.Sprintf("terms %d, supports fitted %d", k, len(s.fitted))
	switch {
	case m.shrunk:
		s.grow(k)
	case m.fitted || m.spared:
		s.shrink(m)
	default:
		s.fit(m)
	}
}

// fit fits a model and visits the best of its size.
func (s *Searcher) fit(m *model) { s.refit(m, s.take) }

// take keeps a model and visits the best of its size.
func (s *Searcher) take(m *model) {
	s.keep(m)
	s.visit(s.best[s.terms(m.u)])
}

// shrink moves to the best model with one term less, or without several where
// they are not missed. Where the one term is missed, both models are fitted.
func (s *Searcher) shrink(m *model) {
	points := s.removals(m.u)
	if len(points) == 0 {
		m.shrunk = true
		s.visit(m)
		return
	}
	s.ask(points, func(answers []outer.Result) {
		tops := rank(points, answers)
		missed := func(t *model) bool { return beyond(m.told, t.told) }
		if missed(tops[0]) && !m.fitted {
			s.fit(m)
			return
		}
		m.shrunk = true
		switch {
		case !missed(tops[0]):
			s.leaveOut(m, slices.DeleteFunc(tops, missed))
		case s.fitted[s.signs(tops[0].u)]:
			s.take(tops[0])
		default:
			s.fit(tops[0])
		}
	})
}

// leaveOut moves to the smallest model that is not missed of those without some
// terms: the first of smaller, which are models without one, the first two, four
// and so on.
func (s *Searcher) leaveOut(m *model, smaller []*model) {
	var points [][]float64
	for n := 2; n <= len(smaller) && n < s.terms(m.u); n *= 2 {
		u := slices.Clone(m.u)
		for _, t := range smaller[:n] {
			for i := range u {
				if !s.has(t.u, i) {
					u[i] = s.absent[i]
				}
			}
		}
		points = append(points, u)
	}
	s.ask(points, func(answers []outer.Result) {
		next := smaller[0]
		for i, u := range points {
			if !beyond(m.told, answers[i]) {
				next = &model{u: u, told: answers[i]}
			}
		}
		next.spared = true
		s.take(next)
	})
}

// grow goes up from the best model of k terms. It looks whether a term should
// come in that has not, with that sign, been in a larger model without being
// missed, and whether one should take the place of another, unless the model is
// as good as any; then it goes on with the next larger model that is better by
// more than noise.
func (s *Searcher) grow(k int) {
	m := s.best[k]
	if s.opts.OneWay {
		s.done = outer.Converged
		return
	}
	missed, larger := false, 0
	var idle []string // signs of larger models that are no better for what they add
	for j, other := range s.best {
		switch {
		case other == nil:
		case j < k:
			missed = missed || beyond(m.told, other.told)
		case beyond(other.told, m.told):
			if larger == 0 {
				larger = j
			}
		case j > k && s.within(m.u, other.u) && !beyond(m.told, other.told):
			idle = append(idle, s.signs(other.u))
		}
	}
	if larger > 0 {
		idle = nil
	}
	for m.tries < 2 {
		var points [][]float64
		if m.tries == 0 {
			points = s.additions(m.u, idle)
		} else if missed || larger > 0 {
			for _, u := range s.removals(m.u) {
				points = append(points, s.additions(u, nil)...)
			}
		}
		if points != nil && !m.fitted {
			s.fit(m)
			return
		}
		m.tries++
		if points != nil {
			s.tryFrom(m, points, func() { s.grow(k) })
			return
		}
	}
	if larger > 0 {
		s.grow(larger)
		return
	}
	s.done = outer.Converged
}

// tryFrom moves to the best of some points if, fitted, it is beyond both m and
// the best known of its size: for less, the search would turn back again and
// again for what fitting gains anywhere. What a term is worth shows only when the
// others have made room for it, so the best supports are fitted even where they
// begin below m.
func (s *Searcher) tryFrom(m *model, points [][]float64, otherwise func()) {
	for _, u := range points {
		s.tried[s.signs(u)] = true
	}
	s.ask(points, func(answers []outer.Result) {
		var tops []*model // the best of each support
		for _, c := range rank(points, answers) {
			if !slices.ContainsFunc(tops, func(t *model) bool { return s.support(t.u) == s.support(c.u) }) {
				tops = append(tops, c)
			}
		}
		s.tryEach(m, tops[:min(len(tops), fits)], otherwise)
	})
}

// fits is how many supports are fitted where one is looked for that is better.
const fits = 2

func (s *Searcher) tryEach(m *model, tops []*model, otherwise func()) {
	if len(tops) == 0 {
		otherwise()
		return
	}
	rival := s.best[s.terms(tops[0].u)]
	s.refit(tops[0], func(f *model) {
		s.keep(f)
		switch {
		case !beyond(f.told, m.told) || s.best[s.terms(f.u)] != f:
			s.tryEach(m, tops[1:], otherwise)
		case rival == nil || beyond(f.told, rival.told):
			s.visit(f)
		default:
			otherwise()
		}
	})
}

// keep remembers a model if it is the best of its size.
func (s *Searcher) keep(m *model) {
	if m.fitted {
		s.fitted[s.signs(m.u)] = true
	}
	at := &s.best[s.terms(m.u)]
	if *at == nil || better(m, *at) || m.fitted && !(*at).fitted && !better(*at, m) {
		*at = m
	}
}

// removals returns the points with one term less, if any term is left then.
func (s *Searcher) removals(u []float64) [][]float64 {
	if s.terms(u) < 2 {
		return nil
	}
	var points [][]float64
	for i := range u {
		if s.spare[i] && s.has(u, i) {
			points = append(points, with(u, i, s.absent[i]))
		}
	}
	return points
}

// additions returns points with one more term, of both signs and of two sizes
// where the space has them, leaving out terms with the sign that they have in one
// of idle, and what was looked at before.
func (s *Searcher) additions(u []float64, idle []string) [][]float64 {
	var points [][]float64
	signs := []byte(s.signs(u))
	for i := range u {
		if s.has(u, i) {
			continue
		}
		for _, end := range []float64{1, -1} {
			for _, part := range []float64{0.5, 0.25} {
				v := s.absent[i] + float64(part*(end-s.absent[i]))
				signs[i] = s.sign(i, v)
				known := s.fitted[string(signs)] || s.tried[string(signs)] ||
					slices.ContainsFunc(idle, func(larger string) bool { return larger[i] == signs[i] })
				if signs[i] != '0' && !known {
					points = append(points, with(u, i, v))
				}
			}
		}
		signs[i] = '0'
	}
	return points
}

// has reports whether a term is there.
func (s *Searcher) has(u []float64, i int) bool { return s.space.Coefficient(i, u[i]) != 0 }

// terms counts the terms that are there.
func (s *Searcher) terms(u []float64) int {
	n := 0
	for i := range u {
		if s.has(u, i) {
			n++
		}
	}
	return n
}

// within reports whether all terms of u are in v.
func (s *Searcher) within(u, v []float64) bool {
	for i := range u {
		if s.has(u, i) && !s.has(v, i) {
			return false
		}
	}
	return true
}

// support tells which terms are there.
func (s *Searcher) support(u []float64) string { return strings.ReplaceAll(s.signs(u), "-", "+") }

// signs tells which terms are there and with which sign.
func (s *Searcher) signs(u []float64) string {
	b := make([]byte, len(u))
	for i, v := range u {
		b[i] = s.sign(i, v)
	}
	return string(b)
}

// sign is that of the coefficient at coordinate v.
func (s *Searcher) sign(i int, v float64) byte {
	switch c := s.space.Coefficient(i, v); {
	case c > 0:
		return '+'
	case c < 0:
		return '-'
	}
	return '0'
}

func with(u []float64, i int, v float64) []float64 {
	p := slices.Clone(u)
	p[i] = v
	return p
}

// rank returns models at some points, best first, in their order where they are
// equally good.
func rank(points [][]float64, answers []outer.Result) []*model {
	models := make([]*model, len(points))
	for i, u := range points {
		models[i] = &model{u: u, told: answers[i]}
	}
	slices.SortStableFunc(models, func(a, b *model) int {
		switch {
		case better(a, b):
			return -1
		case better(b, a):
			return 1
		}
		return 0
	})
	return models
}

// better is outer.Better, without order between failures and between rules
// that are equally good and equally complex.
func better(a, b *model) bool {
	c := pending.Compare(a.told, b.told)
	return c > 0 || c == 0 && !pending.Failed(a.told) && a.told.Complexity < b.told.Complexity
}

// beyond reports whether a is better than b by more than noise: by twice the
// standard error of the difference over the lives that both have lived or, where
// these are not known, by the standard error of a.
func beyond(a, b outer.Result) bool {
	if pending.Compare(a, b) <= 0 {
		return false
	}
	if pending.Failed(b) || a.Full != b.Full || a.Rung != b.Rung {
		return true
	}
	n := len(a.Each)
	if n < 2 || len(b.Each) != n {
		return a.Score-b.Score > a.SE
	}
	mean, sum := 0.0, 0.0
	for i, v := range a.Each {
		mean += (v - b.Each[i]) / float64(n)
	}
	for i, v := range a.Each {
		d := v - b.Each[i] - mean
		sum += float64(d * d)
	}
	return mean > 2*math.Sqrt(sum/float64(n*(n-1)))
}
