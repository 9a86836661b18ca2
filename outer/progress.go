package outer

// Phase says what a search is doing.
type Phase string

const (
	PhaseBaselines Phase = "baselines" // tuning the baselines
	PhaseSearch    Phase = "search"
	PhaseValidate  Phase = "validate" // scoring what was found on fresh seeds and held-out tasks
)

// Progress is a snapshot of a running search.
type Progress struct {
	Phase  Phase
	Method string // name of the method that is running
	Status string // where it is, in its own words

	Evaluations int // candidates trialled
	Budget      int
	Asked       int     // candidates proposed
	Unique      int     // distinct behaviours among them
	Cached      int     // proposals of a behaviour that was known, at no cost
	Failed      []Count // candidates without a score, by status, most frequent first
	Trials      int     // trials finished, replayed ones included
	Replayed    int     // trials found in the store
	Pending     int     // trials of the current batch still to come

	Front     []Result // best rule per complexity, by search score
	Baselines []BaselineScore
}

// Count is how many candidates ended with a status.
type Count struct {
	Status Status `json:"status"`
	N      int    `json:"n"`
	Reason string `json:"reason"` // of the first of them
}

// BaselineScore is what a baseline reached on the trials that searches see.
type BaselineScore struct {
	Name  string
	Param string  // what was tuned; empty for nothing
	Value float64 // its best value
	Score float64
	SE    float64
	N     int // replicates
}

// Observer is shown how a search goes. Run calls it from its own goroutine,
// after every cohort and a few times a second in between. The slices are its
// to keep and not to change.
type Observer interface {
	Observe(Progress)
}
