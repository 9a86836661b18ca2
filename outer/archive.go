package outer

import "slices"

// archive keeps the best result of every complexity, and of those that cost
// less the best too.
type archive struct {
	best  []Result // by complexity, then cost
	front []Result // cached
}

// add takes a result and reports whether no other of its complexity that costs
// as little is better.
func (a *archive) add(r Result) bool {
	if r.Status != OK {
		return false
	}
	from, _ := slices.BinarySearchFunc(a.best, r.Complexity, func(b Result, c int) int { return b.Complexity - c })
	to, at := from, from
	for ; to < len(a.best) && a.best[to].Complexity == r.Complexity; to++ {
		b := a.best[to]
		if b.Cost <= r.Cost && !Better(r, b) {
			return false
		}
		if b.Cost < r.Cost {
			at++
		}
	}
	// Those that cost as much or more and are worse make room.
	end := at
	for end < to && !Better(a.best[end], r) {
		end++
	}
	a.best = slices.Replace(a.best, at, end, r)
	a.front = nil
	return true
}

// members returns the results that no other of the same complexity or less
// equals or beats at the same cost or less, simplest first. The slice is never
// changed afterwards.
func (a *archive) members() []Result {
	if a.front == nil && len(a.best) > 0 {
		for _, r := range a.best {
			if !slices.ContainsFunc(a.front, func(m Result) bool { return m.Cost <= r.Cost && m.Score >= r.Score }) {
				a.front = append(a.front, r)
			}
		}
	}
	return a.front
}

// holds reports whether r is a member.
func (a *archive) holds(r Result) bool {
	return slices.ContainsFunc(a.members(), func(m Result) bool { return m.Digest == r.Digest && m.Complexity == r.Complexity })
}
