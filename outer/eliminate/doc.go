// Package eliminate finds out which terms of a rule it can do without.
//
// From the best rule known it asks for every rule with one term less, keeps
// the best of them, fits the coefficients that are left, and goes on until one
// term is left. Before a removal that costs something it looks whether another
// term should come in, or take the place of one. The archive of the search
// then holds the whole path of score against number of terms, which is the
// evidence that a pick rests on: each term left out costs less than the noise,
// each one kept costs more.
//
// This is sequential floating backward selection (P. Pudil, J. Novovičová and
// J. Kittler, Pattern Recogn. Lett. 15:1119, 1994) with exchanges (S.
// Nakariyakul and D. P. Casasent, Pattern Recogn. 42:1932, 2009) and a refit at
// every step. Departures from the papers: terms come in only where a removal
// costs more than a standard error, and have to be worth more than one.
//
// May import outer, rulespace and internal packages.
package eliminate
