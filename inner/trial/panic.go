package trial

import (
	"fmt"
	"path"
	"runtime"
	"strings"
)

// PanicError is a panic that a trial contained.
type PanicError struct {
	Value any
	// Stack lists the functions that were active below the Runner, innermost
	// first, one per line with file and line. It holds no addresses and no
	// folders: the same panic gives the same text on every machine.
	Stack string
}

func (e *PanicError) Error() string { return fmt.Sprintf("trial: panic: %v\n%s", e.Value, e.Stack) }

// Unwrap returns the value of the panic if that is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// stack describes the calls between the Runner and the panic being handled.
func stack() string {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	var b strings.Builder
	for {
		f, more := frames.Next()
		if strings.HasSuffix(f.Function, ".(*Runner).Run") || strings.HasSuffix(f.Function, ".(*Runner).Sample") || !more {
			return strings.TrimSuffix(b.String(), "\n")
		}
		if !strings.HasPrefix(f.Function, "runtime.") {
			fmt.Fprintf(&b, "\t%s (%s:%d)\n", path.Base(f.Function), path.Base(f.File), f.Line)
		}
	}
}
