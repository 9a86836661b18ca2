// Package eliminate finds out which terms of a rule it can do without.
//
// From the best rule known it asks for every rule with one term less, keeps
// the best of them, and goes on until one term is left. Where a removal is
// missed it fits the coefficients of both rules first and, where it still is,
// looks whether another term should come in, or take the place of one. The
// archive of the search then holds the whole path of score against number of
// terms, which is the evidence that a pick rests on: each term left out costs
// less than the noise, each one kept costs more.
//
// This is sequential floating backward selection (P. Pudil, J. Novovičová and
// J. Kittler, Pattern Recogn. Lett. 15:1119, 1994) with exchanges (S.
// Nakariyakul and D. P. Casasent, Pattern Recogn. 42:1932, 2009) and fits.
// Departures from the papers: terms come in only where a removal costs more
// than noise, twice the standard error of the difference over the same lives,
// and have to be worth more than that.
//
// May import outer, rulespace and internal packages.
package eliminate
