package main

import (
	"errors"
	"fmt"

	"github.com/metaplast/metaplast/checkpoints"
	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/tasks"
)

// Exit codes are part of the interface: scripts rely on them.
const (
	exitOK      = 0 // done, or stopped safely by the user
	exitFailure = 1 // unexpected failure
	exitUsage   = 2
	exitConfig  = 3 // config or rule invalid
	exitData    = 4 // data missing or corrupt
	exitRun     = 5 // run damaged, locked or incompatible
)

// usageError is a mistake on the command line.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// invalidError is a rule, a learner or a network that cannot be.
type invalidError struct{ err error }

func (e *invalidError) Error() string { return e.err.Error() }
func (e *invalidError) Unwrap() error { return e.err }

func invalidf(format string, args ...any) error {
	return &invalidError{fmt.Errorf(format, args...)}
}

// exitCode is what a command that ended with err returns.
func exitCode(err error) int {
	switch {
	case err == nil:
		return exitOK
	case is[*usageError](err), is[*checkpoints.ErrNotFound](err):
		return exitUsage
	case is[*tasks.DataError](err):
		return exitData
	case is[*checkpoints.ErrDamaged](err), is[*checkpoints.ErrLocked](err), is[*checkpoints.ErrIncompatible](err):
		return exitRun
	case is[*configError](err), is[*invalidError](err),
		is[*rulespace.ParseError](err), is[*rulespace.FileError](err),
		is[*tasks.SpecError](err), is[*network.ConfigError](err),
		is[*credit.ConfigError](err), is[*credit.SignalError](err), is[*trial.ConfigError](err):
		return exitConfig
	}
	return exitFailure
}

func is[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}
