// Package enumerate searches a symbolic space completely: it asks for every
// rule that behaves differently from all others, smallest first.
//
// That is what makes a statement such as "no rule of up to seven nodes does
// better on this task" possible, and published rules are small: they lie
// among the first few thousand. Two expressions are one rule when their
// values agree at all probe points (nine significant digits), by default up
// to a positive factor, since the learning rate is tuned apart.
//
// Larger expressions are built from the values of smaller ones, so that an
// expression costs a few hundred nanoseconds, whatever its size.
//
// May import outer, rulespace and internal packages.
package enumerate
