// Package inner is the root of how a network learns within its life: device
// holds weights, network computes with them, credit produces the signals that
// rules read, learner joins a credit circuit with rules, trial trains a
// network and scores it. The root itself holds no code.
//
// These packages import rulespace and tasks, never a search.
package inner
