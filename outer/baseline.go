package outer

import (
	"github.com/metaplast/metaplast/inner/learner"
)

// Baseline is a learner that found rules are compared with, at its own best
// value of a parameter.
type Baseline struct {
	Name    string // unique among the baselines of a plan
	Title   string // one line for people
	Learner learner.Learner
	Tune    Tune // Points 0 means 9
}

const (
	// Half a decade apart over the default range, and twice halved again:
	// finer than what candidates get, so that a baseline is not beaten for
	// want of a learning rate.
	baselinePoints = 9
	baselineRounds = 2
)
