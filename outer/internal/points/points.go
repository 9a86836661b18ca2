// Package points has what searchers of coefficients have in common: the rules
// that they begin with, as points of their space.
//
// May import outer and rulespace.
package points

import (
	"fmt"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/rulespace"
)

// Start returns the coordinates of the rules that a method is to start from, in
// a space of coefficients; errors bear the name of the method.
func Start(method string, space *rulespace.Space, rules []*rulespace.Rule) ([][]float64, error) {
	if space.Symbolic() {
		return nil, fmt.Errorf("method %s tunes coefficients; this space is %s: use cgp or discover", method, space.Kind())
	}
	if err := space.Validate(); err != nil {
		return nil, err
	}
	var start [][]float64
	for _, r := range rules {
		u, ok := space.Coordinates(r)
		if !ok {
			return nil, fmt.Errorf("%s: cannot start from rule %s: it lies outside the space", method, r.Name)
		}
		start = append(start, u)
	}
	return start, nil
}

// Inside returns the coordinates of rules found before, as far as they lie in
// the space.
func Inside(space *rulespace.Space, found []outer.Candidate) [][]float64 {
	var inside [][]float64
	for _, c := range found {
		if u, ok := space.Coordinates(c.Rule); ok {
			inside = append(inside, u)
		}
	}
	return inside
}
