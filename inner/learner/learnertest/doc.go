// Package learnertest is the conformance suite that every entry of the
// learner catalogue runs, and that a new learner should run in its own tests.
package learnertest
