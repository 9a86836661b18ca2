// Package cgp searches symbolic rules by Cartesian genetic programming: an
// expression is a row of nodes that read signals, constants or nodes before
// them, and evolution changes one gene that matters at a time. Where several
// assignments of a rule are searched, each is an output of the same row.
//
// It is for spaces too large for package enumerate. Rules that behave like
// one already scored cost nothing: the search walks over them for free.
// Offspring that are as good as their parent replace it, so that the search
// drifts over what is neutral, and nodes change places between generations,
// so that all of a genome is used. Where a space has too few constants a
// genome can have numbers of its own.
//
// J. F. Miller, P. Thomson, EuroGP (2000); B. W. Goldman, W. F. Punch,
// EuroGP (2013) and IEEE Trans. Evol. Comput. 19:359 (2015).
//
// May import outer, rulespace and internal packages.
package cgp
