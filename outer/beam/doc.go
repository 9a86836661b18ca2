// Package beam searches symbolic rules by beam search: it keeps the best rules
// of every complexity and asks for all rules one edit away from them, those of
// the best first, until no neighbour of a rule that is kept is unknown.
//
// It is for what lies beyond the reach of package enumerate. Known rules are
// staircases: Oja's rule is Hebb's with one more term, the generalised Hebbian
// algorithm is Oja's with one more signal, and each step scores better than
// the one before it. So a few hundred neighbours per step lead to rules that
// billions of others are as small as.
//
// An edit replaces a leaf, replaces an operator, exchanges its arguments,
// applies an operator to a part and a leaf, puts an argument in the place of
// its operator, or adds, removes or replaces a monomial. Edits are made to a rule as it
// was found, as it is when simplified, and as a sum of monomials.
//
// May import outer, rulespace and internal packages.
package beam
