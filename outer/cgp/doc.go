// Package cgp searches symbolic rules by Cartesian genetic programming: an
// expression is a row of nodes that read signals, constants or nodes before
// them, and evolution changes one gene that matters at a time.
//
// It is for spaces too large for package enumerate. Rules that behave like
// one already scored cost nothing: the search walks over them for free.
//
// J. F. Miller, P. Thomson, EuroGP (2000); B. W. Goldman, W. F. Punch,
// EuroGP (2013).
//
// May import outer, rulespace and internal packages.
package cgp
