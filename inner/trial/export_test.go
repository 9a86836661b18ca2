package trial

import "context"

// Alone returns which of the trials RunAll would not run beside the others,
// all of which are to differ in keys and parameters alone.
func (r *Runner) Alone(trials []Trial) []int {
	return r.crowd(context.Background(), trials, make([]Outcome, len(trials)))
}
