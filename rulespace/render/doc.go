// Package render writes rules for people and for other programs: as text, as
// LaTeX, and as complete functions for NumPy, PyTorch and Go.
//
// How a primitive is written in each language stands in the primitive table
// of rulespace; this package adds parentheses, names and the frame around an
// expression. Rules are written as they are: simplify first where that is
// wanted.
//
// It imports rulespace and the standard library only.
package render
