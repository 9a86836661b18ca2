package main

import (
	"os"
	"strconv"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// tmpfs DIR SIZE makes a small file system.
func tmpfsCommand(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	ts.Check(syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+args[1]))
	ts.Defer(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
}

// readonly DIR makes the file system at DIR read-only.
func readonlyCommand(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(syscall.Mount("tmpfs", ts.MkAbs(args[0]), "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
}

// fill FILE ROOM writes until only ROOM bytes are left on its file system.
func fillCommand(ts *testscript.TestScript, _ bool, args []string) {
	room, err := strconv.ParseUint(args[1], 10, 64)
	ts.Check(err)
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	for {
		var s syscall.Statfs_t
		ts.Check(syscall.Fstatfs(int(f.Fd()), &s))
		if free := s.Bavail * uint64(s.Bsize); free <= room {
			return
		}
		_, err := f.Write(make([]byte, 4096))
		ts.Check(err)
	}
}

func canMount(t *testing.T) bool {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		return false
	}
	return syscall.Unmount(dir, syscall.MNT_DETACH) == nil
}
