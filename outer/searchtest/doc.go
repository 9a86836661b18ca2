// Package searchtest holds searchers to their contract, and to finding rules
// that are known.
//
// Run is the conformance suite that every searcher passes. Fit is a score
// that needs no training: how well a rule agrees with a known one on random
// signal values, as in symbolic regression. Drive puts the two together.
//
// It is imported by tests only, and may import outer, rulespace and internal
// packages.
package searchtest
