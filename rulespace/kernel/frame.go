// Package kernel turns rules into programs that change weight matrices.
//
// Interpret is the definition: it evaluates a rule synapse by synapse in
// float64. Compile makes the program that training runs: strict float32, with
// sub-expressions hoisted to the scope they depend on and, where the rule is
// a sum of products, one outer product per term for the whole mini-batch.
package kernel

import (
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
)

// Frame holds the signals of one connection at one presentation. Values of
// pre scope are Batch×In, of post scope Batch×Out, of synapse scope In×Out
// (w is bound by the program), global ones 1×Batch. Signals that are not
// presented are nil.
type Frame struct {
	Batch  int
	Values [rulespace.NumSignals]*vec.Matrix
}
