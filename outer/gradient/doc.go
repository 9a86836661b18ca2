// Package gradient climbs the score of a rule's coefficients along a gradient
// that it estimates by finite differences over whole learning lives.
//
// The estimate is useful because every candidate of a search learns from the
// same random numbers, so that most of the noise cancels in a difference.
//
// May import outer, rulespace and internal packages.
package gradient
