// Package trial trains one network with one learner on one task and scores
// it, guarding against everything that a bad rule can do: divergence,
// silence, panics. A Runner reuses its memory from trial to trial.
//
// It may import the rest of inner, rulespace and tasks; it knows nothing of
// searches.
package trial
