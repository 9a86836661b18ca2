package checkpoints

import (
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// testDisk is the real file system with three differences: it does not wait
// for the hardware, it knows what a power failure would leave, and it fails
// when told to.
type testDisk struct {
	osDisk
	mu     sync.Mutex
	synced map[string]int64 // bytes of each file that are on the disk
	bytes  int64            // bytes that still fit; negative: no limit
	calls  int              // changing calls that still succeed; negative: no limit
	err    error            // what fails then
}

func newTestDisk() *testDisk {
	return &testDisk{synced: map[string]int64{}, bytes: -1, calls: -1, err: syscall.ENOSPC}
}

func (d *testDisk) fail(op, name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.calls == 0 {
		return &os.PathError{Op: op, Path: name, Err: d.err}
	}
	if d.calls > 0 {
		d.calls--
	}
	return nil
}

func (d *testDisk) heal() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.bytes, d.calls = -1, -1
}

func (d *testDisk) Create(name string) (file, error) {
	if err := d.fail("open", name); err != nil {
		return nil, err
	}
	f, err := d.osDisk.Create(name)
	if err != nil {
		return nil, err
	}
	return &testFile{d, name, f.(*os.File)}, nil
}

func (d *testDisk) Append(name string) (file, error) {
	if err := d.fail("open", name); err != nil {
		return nil, err
	}
	f, err := d.osDisk.Append(name)
	if err != nil {
		return nil, err
	}
	return &testFile{d, name, f.(*os.File)}, nil
}

func (d *testDisk) Rename(from, to string) error {
	if err := d.fail("rename", from); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.synced[to] = d.synced[from]
	delete(d.synced, from)
	return d.osDisk.Rename(from, to)
}

func (d *testDisk) Remove(name string) error {
	if err := d.fail("remove", name); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.synced, name)
	return d.osDisk.Remove(name)
}

func (d *testDisk) MkdirAll(name string) error {
	if err := d.fail("mkdir", name); err != nil {
		return err
	}
	return d.osDisk.MkdirAll(name)
}

func (d *testDisk) SyncDir(name string) error { return d.fail("sync", name) }

type testFile struct {
	d    *testDisk
	name string
	f    *os.File
}

func (f *testFile) Write(p []byte) (int, error) {
	if err := f.d.fail("write", f.name); err != nil {
		return 0, err
	}
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if f.d.bytes >= 0 && int64(len(p)) > f.d.bytes {
		n, _ := f.f.Write(p[:f.d.bytes])
		f.d.bytes = 0
		return n, &os.PathError{Op: "write", Path: f.name, Err: f.d.err}
	}
	if f.d.bytes > 0 {
		f.d.bytes -= int64(len(p))
	}
	return f.f.Write(p)
}

func (f *testFile) Truncate(size int64) error {
	if err := f.d.fail("truncate", f.name); err != nil {
		return err
	}
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	f.d.synced[f.name] = min(f.d.synced[f.name], size)
	return f.f.Truncate(size)
}

func (f *testFile) Sync() error {
	if err := f.d.fail("sync", f.name); err != nil {
		return err
	}
	s, err := f.f.Stat()
	if err != nil {
		return err
	}
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	f.d.synced[f.name] = s.Size()
	return nil
}

func (f *testFile) Close() error { return f.f.Close() }

// powerFailure leaves of every journal segment what was synced and as much of
// the rest as keep says; zeros, when hole, where the rest did not arrive.
func (d *testDisk) powerFailure(t testing.TB, dir string, keep func(unsynced int64) int64, hole bool) {
	names, err := segments(d, dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		path := filepath.Join(dir, journalDir, n)
		s, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		synced := d.synced[path]
		if synced == s.Size() {
			continue
		}
		kept := synced + keep(s.Size()-synced)
		if err := os.Truncate(path, kept); err != nil {
			t.Fatal(err)
		}
		if hole && kept < s.Size() {
			if err := os.Truncate(path, s.Size()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// small makes segments of a few records and leaves syncing to the test.
func small() pace { return pace{records: 1 << 20, delay: time.Hour, segment: 400} }

var testConfigs = map[string][]byte{
	ConfigName:   []byte("name: test\n"),
	ResolvedName: []byte("name: test\nseed: 1\n"),
}

func testManifest() Manifest {
	return Manifest{
		Program: "v0.1.0", Name: "test", ID: NewID("abc", 1, 0), Seed: 1, Numerics: "a91c", Config: "abc",
		Created: time.Date(2026, 11, 22, 14, 0, 0, 0, time.UTC),
	}
}
