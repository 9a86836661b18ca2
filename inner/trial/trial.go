package trial

import (
	"fmt"
	"math"

	"github.com/metaplast/metaplast/inner/credit"
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
	Pruning Pruning
	// MeasureAlignment compares weight changes with the loss gradient, at
	// some cost; see Outcome.Alignment.
	MeasureAlignment bool
	// ScoreTrain asks for Outcome.Train.
	ScoreTrain bool
	// Observe, when not nil, is called after every ObserveEvery samples (or at
	// the first update boundary after) with the number of samples so far. It
	// may score the model and must not change it. The episode is that of this
	// trial only as long as the trial runs.
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
	Err    error  // set when Status is failed: a *ConfigError, a *PanicError, what the task said, or the context's error
	Steps  int    // samples learned from
	Cost   credit.Cost
	// Alignment is, for each connection, the mean angle in degrees between the
	// change of its weights and minus the gradient of the loss on the same
	// batch; NaN where a connection never changed. Only with MeasureAlignment.
	Alignment []float64
}

// Check reports what is wrong with the trial's configuration, as a
// *ConfigError.
func (t Trial) Check() error {
	_, err := t.resolve()
	return err
}

// resolve fills in defaults and checks the result.
func (t Trial) resolve() (Trial, error) {
	fail := func(err error) (Trial, error) { return t, &ConfigError{err} }
	if t.Task == nil {
		return fail(fmt.Errorf("trial: a task is missing"))
	}
	info := t.Task.Info()
	var err error
	if t.Network, err = t.Network.Resolve(); err != nil {
		return fail(err)
	}
	sizes := t.Network.Sizes
	if first, last := sizes[0], sizes[len(sizes)-1]; first != info.In || info.Out > 0 && last != info.Out {
		return fail(fmt.Errorf("trial: network %v does not fit task %s, which has %d inputs and %d outputs", sizes, info.Name, info.In, info.Out))
	}
	if err := t.Learner.Check(len(sizes) - 1); err != nil {
		return fail(err)
	}
	if info.Kind == tasks.Unsupervised && t.Learner.Supervised(len(sizes)-1) {
		return fail(fmt.Errorf("trial: circuit %s and its rules need targets, which task %s does not have", t.Learner.Credit.Name, info.Name))
	}
	if info.Kind == tasks.Unsupervised && t.MeasureAlignment {
		return fail(fmt.Errorf("trial: alignment needs a loss, which task %s does not have", info.Name))
	}
	if t.Batch == 0 {
		t.Batch = 1
	}
	if t.Steps == 0 {
		t.Steps = info.Steps
	}
	if t.Batch < 1 || t.Steps < 1 {
		return fail(fmt.Errorf("trial: batch %d and steps %d must be at least 1", t.Batch, t.Steps))
	}
	if t.Batch > t.Steps {
		t.Batch = t.Steps
	}
	if t.Pruning, err = t.Pruning.resolve(); err != nil {
		return fail(err)
	}
	if err := t.Learner.Credit.Fits(t.Network, t.Batch); err != nil {
		return fail(err)
	}
	if t.Limits.Weight == 0 {
		t.Limits.Weight = 1e4
	}
	if t.Limits.Activity == 0 {
		t.Limits.Activity = 1e6
	}
	if !(t.Limits.Weight > 0) || !(t.Limits.Activity > 0) {
		return fail(fmt.Errorf("trial: limits %v must be positive", t.Limits))
	}
	return t, nil
}

// worst is the score of a trial that diverged or failed.
func worst() tasks.Score {
	nan := math.NaN()
	return tasks.Score{Value: DivergedValue, Raw: nan, Accuracy: nan, Loss: nan}
}

// ConfigError is a trial that cannot be run as configured.
type ConfigError struct{ Err error }

func (e *ConfigError) Error() string { return e.Err.Error() }
func (e *ConfigError) Unwrap() error { return e.Err }
