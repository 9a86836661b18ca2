package nsga2

import (
	"cmp"
	"math"
	"slices"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/internal/pending"
)

// Value is how good a point is.
type Value struct {
	// Level orders points before objectives do, the highest first: those whose
	// objectives cannot be compared, as they failed or were given up early.
	Level int
	// Objectives are to be small.
	Objectives []float64
}

// ValueOf is how good a rule is: by score, complexity and the third objective
// of the search.
func ValueOf(r outer.Result) Value {
	if pending.Failed(r) {
		return Value{Level: -1, Objectives: []float64{0, float64(r.Complexity), 0}}
	}
	return Value{Level: r.Rung, Objectives: []float64{-r.Score, float64(r.Complexity), r.Cost}}
}

// dominates says that a is nowhere worse than b and somewhere better.
func dominates(a, b Value) bool {
	if a.Level != b.Level {
		return a.Level > b.Level
	}
	better := false
	for i, v := range a.Objectives {
		switch w := b.Objectives[i]; {
		case v > w:
			return false
		case v < w:
			better = true
		}
	}
	return better
}

// Fronts sorts values into fronts: the first has those that no other dominates,
// each further one those that only points of earlier fronts dominate. Indices
// within a front ascend.
func Fronts(values []Value) [][]int {
	below := make([][]int, len(values)) // those that one dominates
	above := make([]int, len(values))   // how many dominate one
	var front []int
	for i, a := range values {
		for j, b := range values {
			switch {
			case dominates(a, b):
				below[i] = append(below[i], j)
			case dominates(b, a):
				above[i]++
			}
		}
		if above[i] == 0 {
			front = append(front, i)
		}
	}
	var fronts [][]int
	for len(front) > 0 {
		fronts = append(fronts, front)
		var next []int
		for _, i := range front {
			for _, j := range below[i] {
				if above[j]--; above[j] == 0 {
					next = append(next, j)
				}
			}
		}
		slices.Sort(next)
		front = next
	}
	return fronts
}

// Crowding is the crowding distance of each point of a front: the sum over
// objectives of the distance between its neighbours there, in ranges of the
// front, infinite for the ends.
func Crowding(values []Value, front []int) []float64 {
	distance := make([]float64, len(front))
	if len(front) == 0 {
		return distance
	}
	order := make([]int, len(front)) // into front
	for m := range values[front[0]].Objectives {
		at := func(k int) float64 { return values[front[order[k]]].Objectives[m] }
		for k := range order {
			order[k] = k
		}
		slices.SortStableFunc(order, func(a, b int) int {
			return cmp.Compare(values[front[a]].Objectives[m], values[front[b]].Objectives[m])
		})
		last := len(order) - 1
		distance[order[0]], distance[order[last]] = math.Inf(1), math.Inf(1)
		width := at(last) - at(0)
		if !(width > 0) || math.IsInf(width, 0) {
			continue
		}
		for k := 1; k < last; k++ {
			distance[order[k]] += (at(k+1) - at(k-1)) / width
		}
	}
	return distance
}

// Place is where a value stands among others.
type Place struct {
	Index    int // of the value
	Front    int // from 0
	Crowding float64
}

// Rank orders values by front and, within a front, those in sparse regions
// first: the crowded comparison.
func Rank(values []Value) []Place {
	places := make([]Place, 0, len(values))
	for n, front := range Fronts(values) {
		crowding := Crowding(values, front)
		from := len(places)
		for k, i := range front {
			places = append(places, Place{i, n, crowding[k]})
		}
		slices.SortStableFunc(places[from:], func(a, b Place) int { return cmp.Compare(b.Crowding, a.Crowding) })
	}
	return places
}
