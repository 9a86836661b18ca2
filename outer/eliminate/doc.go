// Package eliminate finds out which terms of a rule it can do without.
//
// From the best rule known it goes down: it asks for every rule with one term
// less, leaves out as many of the terms that are not missed as can go together,
// one, two, four and so on, and where all are missed the one that is missed
// least, having fitted the coefficients of both rules. From the smallest rule it
// goes up again: it looks whether a term should come in that was never there, or
// take the place of one, fits the two most promising rules, and goes down from
// what is better. The archive of the search then holds the best rules of all
// sizes that matter, which is the evidence that a pick rests on: what was left
// out costs less than the noise, each term kept costs more.
//
// This is sequential floating selection (P. Pudil, J. Novovičová and J. Kittler,
// Pattern Recogn. Lett. 15:1119, 1994), backward, then forward, with exchanges
// (S. Nakariyakul and D. P. Casasent, Pattern Recogn. 42:1932, 2009) and fits.
// Departures from the papers: several terms may leave at once, and terms count
// only by what is more than noise, twice the standard error of the difference
// over the same lives.
//
// May import outer, rulespace and internal packages.
package eliminate
