// Package rulespace says what a plasticity rule is: a small program of
// assignments over named signals.
//
// Signals, units and primitives are tables (Signal, Unit, Op). Expressions
// over them are immutable trees (Expr) with a notation (ParseExpr) and a
// canonical form (Canon) that decides which rules are the same. A Rule
// assigns expressions to the changes of weights, biases and feedback weights
// and to its own states; it is read from a file (Decode) or from a line of
// text (ParseRule), and is known by what it does (Rule.Digest). A Space is a
// set of rules to search.
//
// The package computes no weight changes: that is rulespace/kernel. Known
// rules are in rulespace/classic, output for other languages in
// rulespace/render, seeds in rulespace/key.
//
// It imports the standard library, YAML and internal packages only.
package rulespace
