package kernel

import (
	"fmt"

	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
)

// Frame holds the signals of one connection at one presentation. Values of
// pre scope are Batch×In, of post scope Batch×Out, of synapse scope In×Out
// (w is bound by the program), global ones 1×Batch; matrices may have more
// rows (for global signals, columns) than there are samples. Signals that are
// not presented are nil.
//
// norm_w, max_dw and step hold for the whole batch: only the first row or
// entry of them is read.
type Frame struct {
	Batch  int
	Values [rulespace.NumSignals]*vec.Matrix
}

// varies reports whether a signal differs between the samples of a batch.
func varies(s rulespace.Signal) bool {
	switch s {
	case rulespace.SigNormW, rulespace.SigMaxDW, rulespace.SigStep:
		return false
	}
	return s.Info().Scope != rulespace.Synapse
}

// check panics when the frame does not present s in the right shape.
func (f *Frame) check(s rulespace.Signal, in, out int) *vec.Matrix {
	m := f.Values[s]
	if m == nil {
		panic(fmt.Sprintf("kernel: signal %s is not presented", s))
	}
	samples := f.Batch
	if !varies(s) {
		samples = 1
	}
	var ok bool
	switch s.Info().Scope {
	case rulespace.Pre:
		ok = m.Rows >= samples && m.Cols == in
	case rulespace.Post:
		ok = m.Rows >= samples && m.Cols == out
	case rulespace.Synapse:
		ok = m.Rows == in && m.Cols == out
	default:
		ok = m.Rows >= 1 && m.Cols >= samples
	}
	if !ok {
		panic(fmt.Sprintf("kernel: signal %s (%s) is %d×%d for %d samples of a %d×%d connection",
			s, s.Info().Scope, m.Rows, m.Cols, f.Batch, in, out))
	}
	return m
}
