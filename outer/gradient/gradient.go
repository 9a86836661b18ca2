package gradient

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/diff/fd"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/internal/pending"
	"github.com/metaplast/metaplast/outer/internal/points"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// Options of a search. The zero value of every field means its default.
type Options struct {
	// Step is the distance of a probe in coordinates, which reach from -1 to
	// 1; 0.05 by default, 0.001 to 0.5. Smaller steps drown in the noise of
	// the score.
	Step float64
	// Forward probes each coordinate on one side only: half the evaluations,
	// an error proportional to Step.
	Forward bool
	// Directions estimates the gradient by that many simultaneous
	// perturbations of all coordinates instead of one by one: two evaluations
	// each, whatever the number of coordinates. 0 for one by one.
	Directions int
	// L1 is what the distance of a coordinate from where its term is absent
	// costs, in score per unit; 0 for nothing. Told scores stay what they are.
	L1 float64
	// Threshold removes the terms whose coefficient is smaller than that
	// fraction of the largest it can have when an ascent ends, and goes on
	// with the others until there are none; 0 for never, below 1.
	Threshold float64
	// Rate is the learning rate of Adam, about the distance of the first
	// moves; 0.1 by default.
	Rate float64
	// Patience is the number of moves without a better score after which the
	// ascent returns to its best point and Rate is halved; 5 by default.
	Patience int
	// Halvings of Rate end an ascent; 5 by default, negative for none.
	Halvings int
	// Steps limits the moves of one ascent; 200 by default.
	Steps int
	// Starts is the number of ascents, each from another point; 4 by default,
	// negative for no limit.
	Starts int
	// Start holds rules to begin the first ascents from, before the rule of
	// the template itself and random points.
	Start []*rulespace.Rule
}

func (o Options) withDefaults() (Options, error) {
	if o.Step == 0 {
		o.Step = 0.05
	}
	if o.Rate == 0 {
		o.Rate = 0.1
	}
	if o.Patience == 0 {
		o.Patience = 5
	}
	if o.Halvings == 0 {
		o.Halvings = 5
	}
	if o.Steps == 0 {
		o.Steps = 200
	}
	if o.Starts == 0 {
		o.Starts = 4
	}
	switch {
	case !(o.Step >= 0.001 && o.Step <= 0.5):
		return o, fmt.Errorf("fd-gradient: step is %g; it has to be between 0.001 and 0.5", o.Step)
	case !(o.Rate > 0 && o.Rate <= 2):
		return o, fmt.Errorf("fd-gradient: rate is %g; it has to be above 0 and at most 2", o.Rate)
	case o.Directions < 0:
		return o, fmt.Errorf("fd-gradient: directions is %d; it cannot be negative", o.Directions)
	case !(o.L1 >= 0 && o.L1 <= math.MaxFloat64):
		return o, fmt.Errorf("fd-gradient: l1 is %g; it has to be a number that is not negative", o.L1)
	case !(o.Threshold >= 0 && o.Threshold < 1):
		return o, fmt.Errorf("fd-gradient: threshold is %g; it has to be at least 0 and below 1", o.Threshold)
	case o.Patience < 0:
		return o, fmt.Errorf("fd-gradient: patience is %d; it has to be positive", o.Patience)
	case o.Steps < 0:
		return o, fmt.Errorf("fd-gradient: steps is %d; it has to be positive", o.Steps)
	}
	return o, nil
}

// Searcher is gradient ascent with Adam from several points in turn.
type Searcher struct {
	space *rulespace.Space
	opts  Options
	key   key.Key

	absent []float64 // where each coefficient is 0
	spare  []bool    // whether it can be
	fixed  []bool    // removed in this ascent

	start  [][]float64 // points to begin ascents from, before random ones
	ascent int         // number of the ascent, from 1
	moves  int         // of this ascent
	stall  int         // moves since best
	halved int
	adam   adam

	point     []float64
	best      []float64
	bestTold  outer.Result // less the penalty
	bestSlope []float64

	gen      pending.Generation
	asked    []string // digests of gen
	center   string   // digest of the rule at point
	stencils []stencil
	pairs    []pair
	drawn    uint64 // directions so far
	told     map[string]outer.Result
	barren   int // moves in a row that asked for nothing new
	done     outer.Reason
}

// stencil is the formula by which one coordinate of the gradient is
// estimated, and the rules at its locations.
type stencil struct {
	formula fd.Formula
	step    float64
	digest  []string
}

// barrenMoves in a row without a new rule end the search.
const barrenMoves = 1000

// New returns a search of a template or a pool of terms.
func New(space *rulespace.Space, opts Options, k key.Key) (*Searcher, error) {
	start, err := points.Start("fd-gradient", space, opts.Start)
	if err != nil {
		return nil, err
	}
	opts, err = opts.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Searcher{space: space, opts: opts, key: k, start: start, told: map[string]outer.Result{}}
	n := space.Dims()
	s.absent, s.spare, s.fixed = make([]float64, n), make([]bool, n), make([]bool, n)
	for i := range n {
		s.absent[i], s.spare[i] = space.Absent(i)
	}
	return s, nil
}

// Unraced implements outer.Unraced.
func (s *Searcher) Unraced() {}

// Seed makes the ascents begin from rules found before, most complex first,
// as far as they lie in the space.
func (s *Searcher) Seed(found []outer.Candidate) error {
	inside := points.Inside(s.space, found)
	slices.Reverse(inside)
	s.start = append(s.start, inside...)
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
func (s *Searcher) Status() string {
	return fmt.Sprintf("start %d, move %d, rate %.3g", s.ascent, s.moves, s.adam.rate)
}

// advance moves on from a point whose probes have been told, or begins an
// ascent, and queues the next probes.
func (s *Searcher) advance() error {
	if s.point == nil {
		s.begin()
	} else {
		s.move()
	}
	if s.done == "" && s.point != nil {
		s.queue()
	}
	return nil
}

// begin starts the next ascent.
func (s *Searcher) begin() {
	if s.opts.Starts > 0 && s.ascent == s.opts.Starts || s.space.Dims() == 0 && s.ascent == 1 {
		s.done = outer.Converged
		return
	}
	if s.ascent < len(s.start) {
		s.point = slices.Clone(s.start[s.ascent])
	} else {
		rng := s.key.Child("start", uint64(s.ascent)).Stream()
		s.point = make([]float64, s.space.Dims())
		for i := range s.point {
			s.point[i] = rng.Uniform(-1, 1)
		}
	}
	s.ascent++
	clear(s.fixed)
	s.climb()
}

// climb begins to climb from the point.
func (s *Searcher) climb() {
	s.moves, s.stall, s.halved = 0, 0, 0
	s.best, s.bestTold = nil, outer.Result{}
	s.adam = newAdam(len(s.point), s.opts.Rate)
}

// move takes one step of Adam, or ends the ascent.
func (s *Searcher) move() {
	here, slope := s.told[s.center], s.slope()
	here.Score -= s.penalty(s.point)
	if s.best == nil || pending.Compare(here, s.bestTold) > 0 {
		s.best, s.bestTold, s.bestSlope = slices.Clone(s.point), here, slope
		s.stall = 0
	} else {
		s.stall++
	}
	if s.stall >= s.opts.Patience || s.stall > 0 && pending.Failed(here) {
		s.stall = 0
		s.halved++
		s.adam = newAdam(len(s.point), s.adam.rate/2)
		s.point, slope = slices.Clone(s.best), s.bestSlope
	}
	s.moves++
	if s.moves > s.opts.Steps || s.halved > max(s.opts.Halvings, 0) {
		if s.point = s.cut(s.best); s.point != nil {
			s.climb()
		}
		return
	}
	s.adam.step(s.point, slope, s.shrink)
}

// queue asks for the rule at the point and its probes, as far as they have
// not been told about.
func (s *Searcher) queue() {
	var rules []*rulespace.Rule
	s.asked = s.asked[:0]
	add := func(r *rulespace.Rule, digest string) {
		if _, ok := s.told[digest]; !ok && !slices.Contains(s.asked, digest) {
			s.asked = append(s.asked, digest)
			rules = append(rules, r)
		}
	}
	rule := s.space.Decode(s.point)
	s.center = rule.Digest()
	add(rule, s.center)
	s.stencils, s.pairs = s.stencils[:0], s.pairs[:0]
	for range s.opts.Directions {
		p, up, down := s.pair()
		s.pairs = append(s.pairs, p)
		add(up, p.up)
		add(down, p.down)
	}
	for i := range s.point {
		if s.opts.Directions > 0 {
			break
		}
		st, probes := s.stencil(i)
		s.stencils = append(s.stencils, st)
		for j, r := range probes {
			add(r, st.digest[j])
		}
	}
	s.gen.Start(rules)
	if len(rules) > 0 {
		s.barren = 0
	} else if s.barren++; s.barren == barrenMoves {
		s.done = outer.Exhausted
	}
}

// stencil chooses the probes of a coordinate: inside the space, and wider
// where the rule does not change, as where an optional term is absent.
func (s *Searcher) stencil(i int) (stencil, []*rulespace.Rule) {
	u := slices.Clone(s.point)
	for h := s.opts.Step; ; h *= 2 {
		st := stencil{formula: fd.Central, step: h}
		switch {
		case s.point[i]+h > 1:
			st.formula = fd.Backward
		case s.point[i]-h < -1 || s.opts.Forward:
			st.formula = fd.Forward
		}
		var rules []*rulespace.Rule
		changed := false
		for _, p := range st.formula.Stencil {
			u[i] = s.point[i] + float64(p.Loc*h)
			r := s.space.Decode(u)
			rules = append(rules, r)
			st.digest = append(st.digest, r.Digest())
			changed = changed || st.digest[len(st.digest)-1] != s.center
		}
		if changed || h > 0.5 {
			return st, rules
		}
	}
}

// slope estimates the gradient of the score.
func (s *Searcher) slope() []float64 {
	g := s.coordinateSlope()
	if s.opts.Directions > 0 {
		g = s.simultaneousSlope()
	}
	for i, fixed := range s.fixed {
		if fixed {
			g[i] = 0
		}
	}
	return g
}

// coordinateSlope takes the gradient from stencils. Where a probe has no score that
// compares with the others, the coordinate leads away from it as steeply as
// any other.
func (s *Searcher) coordinateSlope() []float64 {
	g := make([]float64, len(s.stencils))
	lead := make([]int, len(g))
	steepest := 0.0
	for i, st := range s.stencils {
		ref := s.told[st.digest[0]]
		lowest, highest := 0, 0
		for j, p := range st.formula.Stencil {
			r := s.told[st.digest[j]]
			if pending.Failed(r) || r.Rung != ref.Rung || r.Full != ref.Full {
				lead[i] = 1
			}
			g[i] += float64(p.Coeff * r.Score)
			if p.Loc < st.formula.Stencil[lowest].Loc {
				lowest = j
			}
			if p.Loc > st.formula.Stencil[highest].Loc {
				highest = j
			}
		}
		if lead[i] != 0 {
			lead[i] = pending.Compare(s.told[st.digest[highest]], s.told[st.digest[lowest]])
			g[i] = 0
			continue
		}
		g[i] /= st.step
		steepest = max(steepest, math.Abs(g[i]))
	}
	if steepest == 0 {
		steepest = 1
	}
	for i, sign := range lead {
		if sign != 0 {
			g[i] = float64(sign) * steepest
		}
	}
	return g
}
