package checkpoints

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"
)

// ErrDamaged says that a file of a run is not what was written there.
type ErrDamaged struct {
	Dir  string // the run
	File string // within Dir
	Line int    // 0 when it concerns the whole file
	Why  string
}

func (e *ErrDamaged) Error() string {
	return fmt.Sprintf("%s: %s; `metaplast verify %s --repair` keeps every intact record", e.Place(), e.Why, e.Dir)
}

// Place returns file and line.
func (e *ErrDamaged) Place() string {
	place := filepath.Join(e.Dir, e.File)
	if e.Line > 0 {
		place = fmt.Sprintf("%s:%d", place, e.Line)
	}
	return place
}

// ErrLocked says that another process works on the run.
type ErrLocked struct {
	Dir   string
	Owner Owner // zero when it could not be read
}

func (e *ErrLocked) Error() string {
	if e.Owner.PID == 0 {
		return fmt.Sprintf("run %s is in use by another process", e.Dir)
	}
	return fmt.Sprintf("run %s is in use by process %d on %s since %s; wait for it or stop it",
		e.Dir, e.Owner.PID, e.Owner.Host, e.Owner.Started.Format(time.RFC3339))
}

// ErrIncompatible says that this program would not continue the run with the
// results it would have had.
type ErrIncompatible struct {
	Dir string
	Why string
}

func (e *ErrIncompatible) Error() string { return fmt.Sprintf("run %s: %s", e.Dir, e.Why) }

// ErrNotFound says that a reference names no run.
type ErrNotFound struct {
	Ref string
	Why string
}

func (e *ErrNotFound) Error() string { return fmt.Sprintf("no run %q: %s", e.Ref, e.Why) }

// writeError says what could not be written and why, without the name of the
// temporary file or the system call.
func writeError(path string, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return fmt.Errorf("cannot write %s: %w", path, err)
}
