package searchtest

import (
	"math"
	"slices"
	"testing"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// Fit scores rules by their agreement with a target rule in dw, and in dfb
// where the target has one.
type Fit struct {
	// AnyScale makes a positive overall factor of the rule irrelevant, as the
	// tuning of the learning rate does: the score is then the squared cosine
	// between the two, negative when they point apart. Otherwise it is the
	// fraction of the target's mean square that the rule explains, which is
	// strictly concave in the coefficients of a template.
	AnyScale bool

	points   []point
	feedback bool
	target   []float64
}

// fitPoints is the number of random points at which rules are compared.
const fitPoints = 100

// NewFit returns the fit to a target over uniform signal values in [-2, 2).
func NewFit(target *rulespace.Rule, anyScale bool) *Fit {
	f := &Fit{AnyScale: anyScale, feedback: target.DFB != nil}
	rng := key.Root(1).Child("searchtest", 0).Stream()
	for range fitPoints {
		var p point
		for s := range p.signals {
			p.signals[s] = rng.Uniform(-2, 2)
			if v := rulespace.Signal(s).Info().Values; v != nil {
				p.signals[s] = v[rng.IntN(len(v))]
			}
		}
		f.points = append(f.points, p)
	}
	f.target = f.values(target)
	return f
}

// Score returns the agreement of a rule, 1 when it is perfect.
func (f *Fit) Score(r *rulespace.Rule) float64 {
	var vv, vt, tt, dd float64
	for i, v := range f.values(r) {
		t := f.target[i]
		vv += v * v
		vt += v * t
		tt += t * t
		dd += (v - t) * (v - t)
	}
	if f.AnyScale {
		return vt * math.Abs(vt) / (vv * tt)
	}
	return 1 - dd/tt
}

// Result is what a searcher is told about a rule; rules that are not finite
// at some point have diverged.
func (f *Fit) Result(r *rulespace.Rule) outer.Result {
	out := outer.Result{
		Candidate: outer.Candidate{Rule: r}, Digest: r.Digest(), Complexity: r.Complexity(),
		Score: f.Score(r), N: 1, Full: true, Status: outer.OK,
	}
	if math.IsNaN(out.Score) || math.IsInf(out.Score, 0) {
		out.Score, out.Status, out.Reason = 0, outer.Diverged, "not finite"
	}
	return out
}

func (f *Fit) values(r *rulespace.Rule) []float64 {
	out := make([]float64, 0, 2*len(f.points))
	for i := range f.points {
		f.points[i].params = r.Params
		out = append(out, r.DW.Eval(&f.points[i]))
	}
	for i := range f.points {
		switch {
		case !f.feedback:
		case r.DFB == nil:
			out = append(out, 0)
		default:
			out = append(out, r.DFB.Eval(&f.points[i]))
		}
	}
	return out
}

// point is one assignment of values to signals.
type point struct {
	signals [rulespace.NumSignals]float64
	params  []rulespace.Param
}

func (p *point) SignalValue(s rulespace.Signal) float64 { return p.signals[s] }

func (p *point) NamedValue(name string) float64 {
	for _, q := range p.params {
		if q.Name == name {
			return q.Value
		}
	}
	return math.NaN()
}

// Drive runs a search without trials: it asks for batch candidates at a time,
// tells what score says, and stops when found does, the search is done, or
// the budget of different rules is spent. It returns every result in order.
func Drive(s outer.Searcher, score func(*rulespace.Rule) outer.Result, found func(outer.Result) bool,
	batch, budget int) ([]outer.Result, error) {
	var all []outer.Result
	seen := map[string]bool{}
	for len(seen) < budget {
		asked, err := s.Ask(batch)
		if err != nil {
			return all, err
		}
		if len(asked) == 0 {
			break
		}
		results := make([]outer.Result, len(asked))
		stop := false
		for i, c := range asked {
			results[i] = score(c.Rule)
			results[i].Cached = seen[results[i].Digest]
			seen[results[i].Digest] = true
			stop = stop || found != nil && found(results[i])
		}
		all = append(all, results...)
		if err := s.Tell(results); err != nil {
			return all, err
		}
		if stop {
			break
		}
	}
	return all, nil
}

// RecoversCoefficients is a test of a searcher of templates: within 3,000
// evaluations 20 of 20 seeds come within 2 % of every coefficient of a target.
// The score is a parabola in the coefficients with its peak there.
func RecoversCoefficients(t *testing.T, create Make) {
	want := map[string]float64{"a": 0.8, "b": 0.3, "c": -0.4, "d": 1.2}
	target, err := Template().WithParams(want)
	if err != nil {
		t.Fatal(err)
	}
	fit := NewFit(target, false)
	near := func(r outer.Result) bool {
		for _, p := range r.Rule.Params {
			if math.Abs(p.Value-want[p.Name]) > 0.02*math.Abs(want[p.Name]) {
				return false
			}
		}
		return true
	}
	total, most := 0, 0
	for seed := range uint64(20) {
		s, err := create(&rulespace.Space{Template: Template()}, key.Root(seed))
		if err != nil {
			t.Fatal(err)
		}
		told, err := Drive(s, fit.Result, near, 8, 3000)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(told, near) {
			t.Errorf("seed %d: not within 2 %% after %d evaluations", seed, len(told))
		}
		total += len(told)
		most = max(most, len(told))
	}
	t.Logf("%d evaluations on average, at most %d", total/20, most)
}
