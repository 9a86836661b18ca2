// Package fmath holds the elementary functions whose bits results depend on,
// in float32 for the inner loop and float64 for everything else. They are
// written in basic operations with explicit rounding, so that every
// architecture returns the same bits; package math does not promise that.
package fmath
