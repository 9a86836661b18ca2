package gradient

import (
	"math"
	"slices"
)

// penalty is λ·Σ|u_i − a_i| over the coordinates that have a point of absence
// a_i: the lasso (R. Tibshirani, J. R. Stat. Soc. B 58:267, 1996), each
// coefficient measured by its own range.
func (s *Searcher) penalty(u []float64) float64 {
	if s.opts.L1 == 0 {
		return 0
	}
	sum := 0.0
	for i := range u {
		if s.spare[i] {
			sum += math.Abs(u[i] - s.absent[i])
		}
	}
	return float64(s.opts.L1 * sum)
}

// shrink is the proximal operator of the penalty for a step of that length,
// soft thresholding towards absence (ISTA; I. Daubechies, M. Defrise and C. De
// Mol, Commun. Pure Appl. Math. 57:1413, 2004).
func (s *Searcher) shrink(i int, v, length float64) float64 {
	if !s.spare[i] || s.opts.L1 == 0 {
		return v
	}
	d := v - s.absent[i]
	t := float64(s.opts.L1 * length)
	switch {
	case d > t:
		return s.absent[i] + (d - t)
	case d < -t:
		return s.absent[i] + (d + t)
	}
	return s.absent[i]
}

// cut returns the point without the terms whose coefficients are below the
// threshold and keeps them out for the rest of the ascent, nil when none is
// below it or nothing would be left. Climbing from there again is sequential
// thresholding (S. L. Brunton, J. L. Proctor and J. N. Kutz, PNAS 113:3932,
// 2016).
func (s *Searcher) cut(u []float64) []float64 {
	small := make([]bool, len(u))
	cuts, left := 0, 0
	for i := range u {
		c := math.Abs(s.space.Coefficient(i, u[i]))
		largest := max(math.Abs(s.space.Coefficient(i, -1)), math.Abs(s.space.Coefficient(i, 1)))
		small[i] = s.spare[i] && c < float64(s.opts.Threshold*largest)
		switch {
		case !small[i]:
			left++
		case c > 0:
			cuts++
		}
	}
	if cuts == 0 || left == 0 {
		return nil
	}
	u = slices.Clone(u)
	for i := range u {
		if small[i] {
			u[i], s.fixed[i] = s.absent[i], true
		}
	}
	return u
}
