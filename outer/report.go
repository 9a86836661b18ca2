package outer

import (
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/classic"
)

// Report is what a search found. Apart from Replayed it depends on the plan
// alone.
type Report struct {
	Name string
	Seed uint64

	Reason  Reason         // of the last method, or Stopped
	Methods []MethodReport // those that ended

	Evaluations int // candidates trialled
	Asked       int // candidates proposed
	Unique      int // distinct behaviours among them
	Cached      int // proposals of a behaviour that was known
	Failed      []Count
	Trials      int
	Replayed    int // trials whose outcome was in the store already

	Validated bool     // scores are from fresh replicates and the test split
	Tasks     []string // searched on
	HeldOut   []string
	Front     []Row // simplest first
	Pick      int   // index into Front of the rule to look at first; -1 when it is empty
	Baselines []BaselineRow
	Families  []Elite // the best of every kind of rule, by search score
	// Certificate says what an enumeration has not missed; nil without one.
	Certificate *Certificate
}

// MethodReport says how a method ended.
type MethodReport struct {
	Name        string
	Reason      Reason
	Evaluations int
}

// Row is a rule of the front: none that is simpler, and costs no more, scored
// as well, in the search and, once there is evidence, on fresh replicates.
type Row struct {
	Rank       int // from 1
	Rule       *rulespace.Rule
	Complexity int
	Objective  string  // the third, "" for none
	Cost       float64 // what that is for the rule
	DW         string
	DB, DFB    string // empty where the rule leaves biases or feedback weights alone
	Canonical  string
	Digest     string
	Near       string // the classic rule it equals up to scale; may be empty

	Search Interval // what the search saw; flattered by selection
	Evidence
	Gain    float64 // mean score over that of the row above, 0 in the first row
	Pick    bool
	Against []Difference // to each baseline, in their order
}

// BaselineRow is a baseline at its best value.
type BaselineRow struct {
	Name, Title string
	Rule        *rulespace.Rule
	Param       string // what was tuned; empty for nothing
	Value       float64
	Search      Interval
	Evidence
}

// Evidence is how a rule did on fresh replicates and the test split, which
// the search has not seen. A trial that went wrong counts as −1. It is zero
// until a search is validated.
type Evidence struct {
	Score   Interval // mean over tasks; 95 % interval over replicates
	HeldOut Interval // the same over held-out tasks; N is 0 when there are none
	Failed  int      // trials that went wrong
	Tasks   []TaskScore

	se float64 // of Score
}

// TaskScore is the part of one task in Evidence.
type TaskScore struct {
	Task    string
	HeldOut bool
	Metric  string   // what Raw is
	Value   Interval // normalised
	Raw     Interval // a trial that went wrong counts as chance
}

// Difference is by how much a rule is better than a baseline, on the same
// replicates.
type Difference struct {
	Baseline string
	Score    Interval
	Tasks    []Interval // of Raw, in the order of Evidence.Tasks
}

// Rows describes results as rows of a front, without evidence; for showing a
// search that is running.
func Rows(front []Result, objective string) []Row {
	classics := classic.All()
	rows := make([]Row, len(front))
	for i, r := range front {
		near, _ := rulespace.Near(r.Rule, classics)
		rows[i] = Row{
			Rank: i + 1, Rule: r.Rule, Complexity: r.Complexity, Objective: objective, Cost: r.Cost,
			DW: r.Rule.DW.String(), DB: textOrNone(r.Rule.DB), DFB: textOrNone(r.Rule.DFB),
			Canonical: r.Rule.CanonicalText(), Digest: r.Digest, Near: near,
			Search: intervalOf(r.Score, r.SE, r.N),
		}
		rows[i].se = r.SE
	}
	choose(rows)
	return rows
}

func textOrNone(e *rulespace.Expr) string {
	if e == nil {
		return ""
	}
	return e.String()
}

// Best is the score to show: that of the validation, or that of the search
// before there is one.
func (r *Row) Best() Interval {
	if r.Score.N > 0 {
		return r.Score
	}
	return r.Search
}

// choose fills in gains and the pick: the simplest rule whose mean is within
// one standard error of the best mean. It returns the index of the pick, -1
// when there are no rows.
func choose(rows []Row) int {
	best := -1
	for i := range rows {
		rows[i].Gain, rows[i].Pick = 0, false
		if i > 0 {
			rows[i].Gain = rows[i].Best().Mean - rows[i-1].Best().Mean
		}
		if best < 0 || rows[i].Best().Mean > rows[best].Best().Mean {
			best = i
		}
	}
	for i := range rows {
		if rows[i].Best().Mean >= rows[best].Best().Mean-rows[best].se {
			rows[i].Pick = true
			return i
		}
	}
	return -1
}
