// Package eliminate finds out which terms of a rule it can do without.
//
// From the best rule known it asks for every rule with one term less, keeps
// the best of them, fits the coefficients that are left, and goes on until one
// term is left. After a removal that costs something it looks whether another
// term should come back. The archive of the search then holds the whole path
// of score against number of terms, which is the evidence that a pick rests
// on: each term left out costs less than the noise, each one kept costs more.
//
// This is sequential floating backward selection (P. Pudil, J. Novovičová and
// J. Kittler, Pattern Recogn. Lett. 15:1119, 1994) with a refit at every step.
// Departures from the paper: nothing comes back after a removal that costs no
// more than a standard error, coming back has to be worth more than one, and
// without a rule to start with terms are added first, from the middle of the
// space.
//
// May import outer, rulespace and internal packages.
package eliminate
