// Package gradient climbs the score of a rule's coefficients along a gradient
// that it estimates by finite differences over whole learning lives.
//
// The estimate is useful because every candidate of a search learns from the
// same random numbers, so that most of the noise cancels in a difference.
//
// The formulas are those of gonum's diff/fd; its functions call the function
// that they differentiate, which a searcher that asks and is told cannot give
// them.
//
// May import outer, rulespace and internal packages.
package gradient
