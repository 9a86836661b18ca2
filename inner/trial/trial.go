package trial

import (
	"context"

	"github.com/metaplast/metaplast/inner/learner"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// Trial is one life: a network that starts from random weights and learns a
// task. Everything random in it comes from Key, so trials that share a key
// share data, initial weights, feedback weights and noise.
type Trial struct {
	Task    tasks.Task
	Network network.Config
	Learner learner.Learner
	Batch   int // samples per update; 0 means 1
	Steps   int // samples in all; 0 means the task's own number
	Key     key.Key
	Split   tasks.Split // what Outcome.Score is measured on
	Limits  Limits
	// MeasureAlignment compares weight changes with the loss gradient, at
	// some cost; see Outcome.Alignment.
	MeasureAlignment bool
	// ScoreTrain asks for Outcome.Train.
	ScoreTrain bool
	// Observe, when not nil, is called after every ObserveEvery samples (or at
	// the first update boundary after) with the number of samples so far. It
	// may score the model and must not change it.
	Observe      func(steps int, e tasks.Episode, m tasks.Model)
	ObserveEvery int
}

// Limits say when a network has diverged.
type Limits struct {
	Weight   float64 // largest |w|; 0 means 1e4
	Activity float64 // largest |activity| and |potential|; 0 means 1e6
}

// Status says how a trial ended.
type Status string

const (
	OK       Status = "ok"
	Diverged Status = "diverged" // NaN, infinity, or beyond Limits
	Silent   Status = "silent"   // a layer died or no weight ever changed
	Failed   Status = "failed"   // bad configuration, cancelled, or a panic; see Outcome.Err
)

// DivergedValue is Score.Value of a diverged or failed trial: as far below
// chance as perfection is above it.
const DivergedValue = -1

// Outcome is what came of a trial.
type Outcome struct {
	Score  tasks.Score
	Train  tasks.Score // only with Trial.ScoreTrain
	Status Status
	Reason string // for people; empty when Status is ok
	Err    error  // set when Status is failed; wraps context.Canceled or a ConfigError
	Steps  int    // samples learned from
	// Alignment is, for each connection, the mean angle in degrees between the
	// change of its weights and minus the gradient of the loss on the same
	// batch; NaN where a connection never changed. Only with MeasureAlignment.
	Alignment []float64
}

// ConfigError is a trial that cannot be run as configured.
type ConfigError struct{ Err error }

func (e *ConfigError) Error() string { return e.Err.Error() }
func (e *ConfigError) Unwrap() error { return e.Err }

// Runner runs trials one after another, reusing memory and compiled rules
// between them. It is used by one goroutine. The zero value is ready.
type Runner struct {
	net *network.Network
}

// NewRunner returns a fresh Runner.
func NewRunner() *Runner { return &Runner{} }

// Network returns the network of the last trial, valid until the next.
func (r *Runner) Network() *network.Network { return r.net }

// Run runs a trial. It never panics; cancelling ctx ends the trial at the
// next update boundary with Status failed and ctx's error.
func (r *Runner) Run(ctx context.Context, t Trial) Outcome {
	return Outcome{Status: Failed, Reason: "trial: rules cannot be compiled yet"}
}
