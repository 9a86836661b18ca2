//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package checkpoints

import (
	"errors"
	"os"
	"syscall"
)

// openLocked opens path with an exclusive lock that lives as long as the file
// is open; busy means that someone else holds it.
func openLocked(path string) (f *os.File, busy bool, err error) {
	f, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, false, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, true, nil
		}
		return nil, false, &os.PathError{Op: "flock", Path: path, Err: err}
	}
	return f, false, nil
}
