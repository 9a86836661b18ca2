package identify

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/metaplast/metaplast/rulespace"
)

// Data are rows of signal values and the weight change of each.
type Data struct {
	Signals []rulespace.Signal
	Values  [][]float64 // Values[i][n] is Signals[i] in row n
	DW      []float64
	// Unit numbers, from 0, what rows belong together: folds and resamples
	// never divide a unit. nil: each row is a unit.
	Unit []int
	// Follows tells rows that come directly after the row before them, in one
	// trajectory. nil: none does.
	Follows []bool
}

func (d *Data) check() error {
	n := len(d.DW)
	if n < minRows {
		return fmt.Errorf("%d rows are too few; at least %d are needed", n, minRows)
	}
	if len(d.Signals) != len(d.Values) || d.Unit != nil && len(d.Unit) != n || d.Follows != nil && len(d.Follows) != n {
		return fmt.Errorf("data of %d signals, %d columns, %d rows and %d units do not fit together", len(d.Signals), len(d.Values), n, len(d.Unit))
	}
	for i, v := range d.Values {
		if len(v) != n {
			return fmt.Errorf("%d values of %s for %d rows", len(v), d.Signals[i], n)
		}
		if at := notFinite(v); at >= 0 {
			return fmt.Errorf("%s is not finite in row %d", d.Signals[i], at)
		}
		if slices.Index(d.Signals, d.Signals[i]) != i {
			return fmt.Errorf("two columns of %s", d.Signals[i])
		}
	}
	if at := notFinite(d.DW); at >= 0 {
		return fmt.Errorf("dw is not finite in row %d", at)
	}
	return nil
}

func notFinite(v []float64) int {
	return slices.IndexFunc(v, func(x float64) bool { return x-x != 0 })
}

// StepError is a row of a trajectory that repeats the step of another.
type StepError struct {
	Row, First int // from 0
}

func (e *StepError) Error() string {
	return fmt.Sprintf("row %d has the synapse and step of row %d", e.Row, e.First)
}

// Trajectories are weight changes taken from weights over time.
type Trajectories struct {
	Rows    []int // the rows from which each change starts, by synapse and step
	DW      []float64
	Unit    []int
	Follows []bool
	Gaps    int // pairs of rows too far apart to be one change
}

// blockRows is the length of the units into which trajectories are cut when
// there are too few synapses: rows this near may share slow fluctuations.
const blockRows = 20

// Differences takes weight changes from trajectories: row n holds the weight
// w[n] of a synapse at a step, before the change of that step, and
//
//	Δw(t) = w(t+δ) − w(t)
//
// where δ is the smallest distance of two steps of one synapse. Rows may
// stand in any order; pairs that lie further apart are left out and counted.
// Units are synapses where there are at least as many as folds, else blocks of
// successive rows.
func Differences(synapse []int, step, w []float64, folds int) (*Trajectories, error) {
	order := make([]int, len(w))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(synapse[a], synapse[b]), cmp.Compare(step[a], step[b]))
	})
	delta := 0.0
	synapses := 0
	for i := range order {
		if i == 0 || synapse[order[i]] != synapse[order[i-1]] {
			synapses++
			continue
		}
		a, b := order[i-1], order[i]
		d := step[b] - step[a]
		if d == 0 {
			return nil, &StepError{Row: b, First: a}
		}
		if delta == 0 || d < delta {
			delta = d
		}
	}
	out := &Trajectories{}
	bySynapse := synapses >= folds
	unit, length, last := -1, 0, -1
	for i := 1; i < len(order); i++ {
		a, b := order[i-1], order[i]
		if synapse[a] != synapse[b] {
			continue
		}
		// Steps may be times with rounding errors.
		if step[b]-step[a] > 1.001*delta {
			out.Gaps++
			continue
		}
		first := last < 0 || synapse[order[last]] != synapse[a]
		if first || !bySynapse && length == blockRows {
			unit++
			length = 0
		}
		length++
		out.Rows = append(out.Rows, a)
		out.DW = append(out.DW, w[b]-w[a])
		out.Unit = append(out.Unit, unit)
		out.Follows = append(out.Follows, !first && last == i-1)
		last = i
	}
	return out, nil
}
