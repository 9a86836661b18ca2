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

// input is a signal that a program reads, with what is known about it.
type input struct {
	signal rulespace.Signal
	node   int
	scope  rulespace.Scope
	varies bool
}

// view finds the values of a signal in the frame. It panics when they are not
// there or do not have the shape of the connection.
func (f *Frame) view(s input, in, out int) view {
	m := f.Values[s.signal]
	samples := f.Batch
	if !s.varies {
		samples = 1
	}
	if m != nil {
		switch s.scope {
		case rulespace.Pre:
			if m.Rows >= samples && m.Cols == in {
				return unitView(m, s.scope, s.varies)
			}
		case rulespace.Post:
			if m.Rows >= samples && m.Cols == out {
				return unitView(m, s.scope, s.varies)
			}
		case rulespace.Synapse:
			if m.Rows == in && m.Cols == out {
				return matrixView(m, s.scope)
			}
		default:
			if m.Rows >= 1 && m.Cols >= samples {
				return globalView(m, s.varies)
			}
		}
	}
	if m == nil {
		panic(fmt.Sprintf("kernel: signal %s is not presented", s.signal))
	}
	panic(fmt.Sprintf("kernel: signal %s (%s) is %d×%d for %d samples of a %d×%d connection",
		s.signal, s.scope, m.Rows, m.Cols, f.Batch, in, out))
}
