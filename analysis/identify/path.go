package identify

import "slices"

const (
	// dependent is the share of a column's square below which the columns
	// chosen so far explain it.
	dependent = 1e-9
	// exact is the share of the weight change's square below which what is
	// left of it is rounding.
	exact = 1e-13
)

// path returns the best subsets found of 1, 2, … of the allowed columns: each
// column is added that takes most off the residual, as in orthogonal matching
// pursuit (Y. C. Pati, R. Rezaiifar, P. S. Krishnaprasad, Asilomar Conf.
// Signals, Systems and Computers 27:40, 1993), and then columns are exchanged
// as long as that helps, so that an early mistake does not stay.
func path(g *gram, allowed []int, most int) [][]int {
	whole, g := g, g.clone()
	y := g.n - 1
	total := g.at(y, y)
	var set []int
	var out [][]int
	// gain is what column j takes off the residual.
	gain := func(j int) float64 {
		left := g.at(j, j)
		if left <= dependent*whole.at(j, j) {
			return 0
		}
		return g.at(j, y) * g.at(j, y) / left
	}
	best := func() (int, float64) {
		at, most := -1, 0.0
		for _, j := range allowed {
			if slices.Contains(set, j) {
				continue
			}
			// Columns that differ by rounding go to the simpler one.
			if v := gain(j); v > most*(1+1e-9) {
				at, most = j, v
			}
		}
		return at, most
	}
	for len(set) < most && g.at(y, y) > exact*total {
		j, v := best()
		if j < 0 || v <= 1e-15*total {
			break
		}
		g.sweep(j)
		set = append(set, j)
		for improved, rounds := len(set) > 1, 0; improved && rounds < 10; rounds++ {
			improved = false
			for i, old := range set {
				before := g.at(y, y)
				g.sweep(old)
				set[i] = -1
				j, v := best()
				if j >= 0 && j != old && g.at(y, y)-v < before-float64(1e-6*before)-float64(1e-15*total) {
					improved = true
				} else {
					j = old
				}
				g.sweep(j)
				set[i] = j
			}
		}
		s := slices.Clone(set)
		slices.Sort(s)
		out = append(out, s)
	}
	return out
}
