package outer

import "slices"

// archive keeps the best result of every complexity.
type archive struct {
	best  []Result // by complexity
	front []Result // cached
}

// add takes a result and reports whether it is the best of its complexity.
func (a *archive) add(r Result) bool {
	if r.Status != OK {
		return false
	}
	i, found := slices.BinarySearchFunc(a.best, r.Complexity, func(b Result, c int) int { return b.Complexity - c })
	switch {
	case !found:
		a.best = slices.Insert(a.best, i, r)
	case Better(r, a.best[i]):
		a.best[i] = r
	default:
		return false
	}
	a.front = nil
	return true
}

// members returns the results that no simpler one equals or beats, simplest
// first. The slice is never changed afterwards.
func (a *archive) members() []Result {
	if a.front == nil && len(a.best) > 0 {
		for _, r := range a.best {
			if n := len(a.front); n == 0 || r.Score > a.front[n-1].Score {
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
