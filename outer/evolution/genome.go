package evolution

import (
	"errors"
	"math"
	"math/rand"
	"slices"

	"github.com/MaxHalford/eaopt"

	"github.com/metaplast/metaplast/internal/fmath"
	"github.com/metaplast/metaplast/rulespace"
)

// genome is a point of the space. It knows which rule that is unless it was
// changed since.
type genome struct {
	u  []float64
	s  *Searcher
	id string // digest of rule
	// rule is nil from the moment the point changes until the brood is
	// flushed.
	rule *rulespace.Rule
}

// newGenome registers a point with the brood.
func (s *Searcher) newGenome(u []float64) *genome {
	g := &genome{u: u, s: s}
	g.touch()
	return g
}

// touch registers a created or changed genome with the brood.
func (g *genome) touch() {
	g.rule, g.id = nil, ""
	g.s.touched = append(g.s.touched, g)
}

var errNotTold = errors.New("evolution: fitness is told, not computed")

// Evaluate implements eaopt.Genome. Fitness is set when results are told, so
// eaopt never has a reason to call it.
func (g *genome) Evaluate() (float64, error) { return math.Inf(1), errNotTold }

// Clone implements eaopt.Genome.
func (g *genome) Clone() eaopt.Genome {
	c := *g
	c.u = slices.Clone(g.u)
	return &c
}

// Crossover implements eaopt.Genome: half of the time the parents exchange
// coordinates (uniform crossover), else each child is drawn from the box
// around them (BLX-α with α = 1/2; Eshelman and Schaffer, 1993).
func (g *genome) Crossover(mate eaopt.Genome, _ *rand.Rand) {
	h := mate.(*genome)
	rng := g.s.rng
	blend := rng.IntN(2) == 0
	for i := range g.u {
		if !blend {
			if rng.IntN(2) == 0 {
				g.u[i], h.u[i] = h.u[i], g.u[i]
			}
			continue
		}
		lo, hi := min(g.u[i], h.u[i]), max(g.u[i], h.u[i])
		margin := float64((hi - lo) / 2)
		g.u[i] = clamp(rng.Uniform(lo-margin, hi+margin))
		h.u[i] = clamp(rng.Uniform(lo-margin, hi+margin))
	}
	g.touch()
	h.touch()
}

// Mutate implements eaopt.Genome. Steps are normal with a width drawn
// log-uniformly over eight octaves, so that coarse and fine moves are tried at
// any time; now and then a coordinate starts anew, and an optional term is
// switched off or on.
func (g *genome) Mutate(*rand.Rand) {
	rng := g.s.rng
	if len(g.u) == 0 {
		return
	}
	sure := rng.IntN(len(g.u))
	for i := range g.u {
		if i != sure && rng.Float64() >= g.s.opts.Mutation {
			continue
		}
		switch p := rng.Float64(); {
		case g.s.terms[i].optional && p < 0.2:
			if off := g.s.terms[i].absent; g.u[i] != off {
				g.u[i] = off
			} else {
				g.u[i] = rng.Uniform(-1, 1)
			}
		case p > 0.95:
			g.u[i] = rng.Uniform(-1, 1)
		default:
			width := float64(g.s.opts.Sigma * fmath.Exp(-8*math.Ln2*rng.Float64()))
			g.u[i] = clamp(g.u[i] + float64(width*rng.Normal()))
		}
	}
	g.touch()
}

func clamp(v float64) float64 { return max(-1, min(1, v)) }
