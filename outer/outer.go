package outer

import (
	"context"
	"errors"

	"github.com/metaplast/metaplast/inner/learner"
	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/tasks"
)

// Candidate is a rule that a searcher wants to know the score of.
type Candidate struct {
	Rule *rulespace.Rule
}

// Status says how the trials of a candidate ended.
type Status = trial.Status

const (
	OK       = trial.OK
	Diverged = trial.Diverged // not a number, infinite, or beyond the limits of a trial
	Silent   = trial.Silent   // the rule changes nothing
	Failed   = trial.Failed   // the trial could not be run
)

// Result is what a searcher is told about a candidate.
type Result struct {
	// Candidate is the rule that was scored: simplified, its tuned parameters
	// at their best values. For a cached result it is the equivalent rule
	// that was scored earlier; results come in ask order, so a searcher knows
	// what it asked for by position.
	Candidate
	Digest     string // identity of Rule
	Complexity int    // of Rule

	Score float64 // mean normalised score at the last rung reached; never NaN
	SE    float64 // standard error of Score over replicates; 0 for one replicate
	N     int     // replicates
	// Each is the score of every replicate, the same ones for all rules of a
	// rung, so that two rules can be compared life by life. It is known to
	// methods that are Unraced only.
	Each   []float64
	Cost   float64 // what the plan's Objective makes of it; 0 where there is none
	Rung   int     // last rung reached, from 0
	Full   bool    // reached the last rung
	Status Status  // OK when at least one trial at the chosen parameters ended well
	Reason string  // why Status is not OK
	Cached bool    // scored before, at no cost
}

// Better orders results: those that ended well, then those that went further
// up the rungs, then by score, then the simpler, then by digest.
func Better(a, b Result) bool {
	switch {
	case (a.Status == OK) != (b.Status == OK):
		return a.Status == OK
	case a.Full != b.Full:
		return a.Full
	case a.Rung != b.Rung:
		return a.Rung > b.Rung
	case a.Score != b.Score:
		return a.Score > b.Score
	case a.Complexity != b.Complexity:
		return a.Complexity < b.Complexity
	}
	return a.Digest < b.Digest
}

// Reason says why a search ended.
type Reason string

const (
	Exhausted   Reason = "exhausted"    // the searcher has nothing left to ask
	Converged   Reason = "converged"    // the searcher sees no point in going on
	OutOfEvals  Reason = "budget"       // the evaluations of the plan are spent
	NoNewRules  Reason = "no new rules" // the searcher keeps asking for rules already scored
	NothingLeft Reason = "nothing left" // an earlier method has tried the whole space
	Stopped     Reason = "stopped"      // the user asked to stop
)

// Searcher proposes rules and is told how they did. It is a pure function of
// its construction and the results told so far: no clock, no other
// randomness. Run calls Ask and Tell in turn, from one goroutine.
type Searcher interface {
	// Ask returns at most max candidates. None, without Done, is an error.
	Ask(max int) ([]Candidate, error)
	// Tell gives one result per candidate of the last Ask, in its order.
	Tell([]Result) error
	Done() (Reason, bool)
}

// Seeder is a Searcher that can start from rules found before it, best per
// complexity, simplest first. Run calls Seed once before the first Ask.
type Seeder interface {
	Seed([]Candidate) error
}

// Steady is a Searcher that asks for the same rules whatever it is told, so
// that the next ones can be got ready while others are trialled.
type Steady interface {
	Searcher
	// AskAhead is Ask while the results of the last one, and of no other, are
	// still to be told. They are told in the order of the questions.
	AskAhead(max int) ([]Candidate, error)
}

// Enumerator is a Searcher that asks for every distinct rule of its space, by
// size, and so can say what has not been missed.
type Enumerator interface {
	Covered() Coverage
}

// Coverage is what an Enumerator has asked for so far.
type Coverage struct {
	Space *rulespace.Space
	// Size is that of the largest expressions all of which have been looked
	// at, in nodes without the learning rate; Sizes[n] is about size n+1.
	Size  int
	Sizes []SizeCount
	Whole bool   // there is nothing larger in the space
	Only  string // restriction on the rules, such as "that leave weights alone while pre is silent"; may be empty
}

// SizeCount counts the expressions of a size.
type SizeCount struct {
	Tried int `json:"tried"` // that were looked at
	Rules int `json:"rules"` // that differ from each other and from all smaller ones
}

// Unraced is a Searcher that goes by differences between scores, which those of
// different rungs do not have: all its candidates that end well reach the last
// rung.
type Unraced interface {
	Searcher
	Unraced()
}

// Reporter is a Searcher that can say in a few words where it is, such as
// "size 5 of 7, distinct 8,145".
type Reporter interface {
	Status() string
}

// Method is a searcher of a plan. Methods run in turn and share cache and
// archive.
type Method struct {
	Name string
	// New makes the searcher, again at every resume. Its random numbers come
	// from Plan.MethodKey.
	New func() (Searcher, error)
	// Evaluations limits what this method may spend; 0 means what is left.
	Evaluations int
}

// Job is one trial to be run.
type Job struct {
	Learner learner.Learner // its rules at the parameter values to try
	Task    int             // index into the plan's tasks, then its held-out tasks
	Steps   int             // samples to learn from
	Split   tasks.Split
	Fresh   bool // a replicate of the final validation, which no search has seen
	Rep     int  // replicate
	// Key says the above in words: jobs of one plan have the same key only if
	// they have the same outcome.
	Key string
}

// Outcome is the result of a job. Its JSON reads back exactly.
type Outcome struct {
	Status Status  `json:"status"`
	Reason string  `json:"reason,omitempty"`
	Value  float64 `json:"value"` // normalised score, at least −1, which is also that of a trial that went wrong
	Raw    float64 `json:"raw"`   // in the unit of the task; chance where the trial went wrong
	Steps  int     `json:"steps"` // samples learned from
}

// Evaluator runs jobs. Outcomes come in job order and depend on the jobs
// alone. The slice of jobs is the caller's again when Evaluate has returned.
type Evaluator interface {
	Evaluate(ctx context.Context, jobs []Job) ([]Outcome, error)
}

// Streamer is an Evaluator that hands over outcomes while others are still
// running, so that a journal can keep them: done is called in job order, from
// the goroutine that called Stream. An error of done ends the evaluation.
type Streamer interface {
	Stream(ctx context.Context, jobs []Job, done func(i int, o Outcome) error) error
}

// Foreseer is a Streamer that begins with trials before it is asked for them,
// where there is nothing else to do. That changes no outcome.
type Foreseer interface {
	Streamer
	// Foresee names jobs that will be asked for, neighbours in this order: in
	// the next call of Stream, or in a later one.
	Foresee(ctx context.Context, jobs []Job, next bool)
	// Forget drops what was foreseen and returns when nothing runs any more.
	Forget()
}

// Store remembers outcomes by the key of their job. A resumed search asks
// its way through a store again instead of running trials. Run calls it from
// one goroutine, and does not ask for what it has appended itself.
type Store interface {
	Lookup(key string) (Outcome, bool)
	Append(key string, o Outcome) error // buffered
	Sync() error                        // makes everything appended durable
}

// ErrStopped is returned by an evaluator whose user asked it to stop; the
// outcomes handed over before it are complete.
var ErrStopped = errors.New("stopped")
