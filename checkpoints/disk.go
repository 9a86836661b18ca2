package checkpoints

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sort"
)

// disk is the file system as a run needs it. Tests replace it by one that
// fails or forgets.
type disk interface {
	ReadFile(name string, limit int64) ([]byte, error)
	ReadDir(name string) ([]string, error) // sorted
	Create(name string) (file, error)      // empty
	Append(name string) (file, error)      // existing or empty
	Rename(from, to string) error
	Remove(name string) error
	MkdirAll(name string) error
	SyncDir(name string) error // makes names in it durable
}

type file interface {
	io.Writer
	Truncate(size int64) error
	Sync() error
	Close() error
}

type osDisk struct{}

func (osDisk) ReadFile(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fmt.Errorf("longer than %d bytes", limit)}
	}
	return data, nil
}

func (osDisk) ReadDir(name string) ([]string, error) {
	entries, err := os.ReadDir(name)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	sort.Strings(names)
	return names, nil
}

func (osDisk) Create(name string) (file, error) {
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
}

func (osDisk) Append(name string) (file, error) {
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
}

func (osDisk) Rename(from, to string) error { return os.Rename(from, to) }
func (osDisk) Remove(name string) error     { return os.Remove(name) }
func (osDisk) MkdirAll(name string) error   { return os.MkdirAll(name, 0o755) }

func (osDisk) SyncDir(name string) error {
	if runtime.GOOS == "windows" { // directories cannot be flushed there
		return nil
	}
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

const tempSuffix = ".tmp"

// replace makes path hold data in one step: afterwards, and after a crash at
// any moment, it holds the old bytes or the new ones.
func replace(d disk, path string, data []byte) error {
	temp := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+tempSuffix)
	if err := writeAll(d, temp, data); err != nil {
		d.Remove(temp)
		return writeError(path, err)
	}
	if err := d.Rename(temp, path); err != nil {
		d.Remove(temp)
		return writeError(path, err)
	}
	if err := d.SyncDir(filepath.Dir(path)); err != nil {
		return writeError(path, err)
	}
	return nil
}

// writeAll creates name with data on the disk.
func writeAll(d disk, name string, data []byte) error {
	f, err := d.Create(name)
	if err != nil {
		return err
	}
	if _, err = f.Write(data); err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

// WriteFileAtomic makes path hold data in one step, on the disk.
func WriteFileAtomic(path string, data []byte) error { return replace(osDisk{}, path, data) }
