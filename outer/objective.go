package outer

import (
	"slices"

	"github.com/metaplast/metaplast/rulespace"
)

// Objective is what a search keeps small besides complexity while scores grow.
// With one, the front has all rules that no other equals or beats in score,
// complexity and cost at once.
type Objective struct {
	Name string
	Doc  string // what the cost is

	cost func(r *rulespace.Rule, t tally) float64
}

// Objectives are those there are.
func Objectives() []Objective {
	return []Objective{
		{"locality", "signals that the rule reads though they are not at the synapse", func(r *rulespace.Rule, _ tally) float64 {
			far := 0
			for _, s := range r.Needs().List() {
				if !s.Info().Local {
					far++
				}
			}
			return float64(far)
		}},
		{"energy", "operations per synapse and update, in additions; those on values of one unit count nothing", func(r *rulespace.Rule, _ tally) float64 {
			return r.SynapticCost()
		}},
		{"robustness", "distance of the worst trial, over replicates and tasks, from the mean score", func(_ *rulespace.Rule, t tally) float64 {
			return t.mean - t.worst
		}},
	}
}

// ObjectiveByName finds an objective.
func ObjectiveByName(name string) (Objective, bool) {
	all := Objectives()
	i := slices.IndexFunc(all, func(o Objective) bool { return o.Name == name })
	if i < 0 {
		return Objective{}, false
	}
	return all[i], true
}

// of is the cost of a rule that has been tried, 0 where there is no objective.
func (o Objective) of(r *rulespace.Rule, t tally) float64 {
	if o.cost == nil || t.ok == 0 {
		return 0
	}
	return o.cost(r, t)
}
