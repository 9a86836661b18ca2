package gradient

import (
	"math"

	"github.com/metaplast/metaplast/outer/internal/pending"
	"github.com/metaplast/metaplast/rulespace"
)

// pair is a simultaneous perturbation: two points on both sides of the middle
// along a direction of random signs, by the digests of their rules.
type pair struct {
	span     []float64 // up − down in each coordinate, 0 where nothing is to move
	up, down string
}

// pair draws a direction Δ of random signs and returns the rules at u ± cΔ,
// kept inside the space (J. C. Spall, IEEE Trans. Autom. Control 37:332, 1992).
// c is wider where the rule does not change, as where an optional term is
// absent.
func (s *Searcher) pair() (pair, *rulespace.Rule, *rulespace.Rule) {
	rng := s.key.Child("direction", s.drawn).Stream()
	s.drawn++
	n := len(s.point)
	up, down := make([]float64, n), make([]float64, n)
	p := pair{span: make([]float64, n)}
	for i, u := range s.point {
		c := s.width(i)
		if rng.IntN(2) == 0 {
			c = -c
		}
		if s.fixed[i] {
			c = 0
		}
		up[i], down[i] = max(-1, min(1, u+c)), max(-1, min(1, u-c))
		p.span[i] = up[i] - down[i]
	}
	upper, lower := s.space.Decode(up), s.space.Decode(down)
	p.up, p.down = upper.Digest(), lower.Digest()
	return p, upper, lower
}

// width is how far to probe a coordinate for its coefficient to change.
func (s *Searcher) width(i int) float64 {
	u := s.point[i]
	here := s.space.Coefficient(i, u)
	for h := s.opts.Step; ; h *= 2 {
		if h > 0.5 || s.space.Coefficient(i, u+h) != here || s.space.Coefficient(i, u-h) != here {
			return h
		}
	}
}

// simultaneousSlope averages over the pairs the estimates
//
//	ĝ_i = (f(u + cΔ) − f(u − cΔ)) / 2cΔ_i
//
// of which each has the gradient as its mean, up to c². Where a probe has no
// score that compares with its partner's, the direction leads away from it as
// steeply as any other.
func (s *Searcher) simultaneousSlope() []float64 {
	rise := make([]float64, len(s.pairs))
	lead := make([]int, len(s.pairs))
	steepest := 0.0
	for k, p := range s.pairs {
		up, down := s.told[p.up], s.told[p.down]
		if pending.Failed(up) || pending.Failed(down) || up.Rung != down.Rung || up.Full != down.Full {
			lead[k] = pending.Compare(up, down)
			continue
		}
		rise[k] = up.Score - down.Score
		steepest = max(steepest, math.Abs(rise[k]))
	}
	if steepest == 0 {
		steepest = 2 * s.opts.Step
	}
	g := make([]float64, len(s.point))
	for k, p := range s.pairs {
		if lead[k] != 0 {
			rise[k] = float64(lead[k]) * steepest
		}
		for i, span := range p.span {
			if span != 0 {
				g[i] += rise[k] / span / float64(len(s.pairs))
			}
		}
	}
	return g
}
