package checkpoints

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// keys returns the keys of the records, which the tests number.
func keys(t testing.TB, dir string) []string {
	t.Helper()
	var out []string
	if err := Read(dir, func(r Record) error { out = append(out, r.Key); return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}

func numbered(n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprint(i))
	}
	return out
}

func appendN(r *Run, from, n int) error {
	for i := range n {
		if err := r.Append("outcome", fmt.Sprint(from+i), map[string]any{"score": float64(from+i) / 7, "rule": "pre<post"}); err != nil {
			return err
		}
	}
	return nil
}

// newRun makes a run with n records, closed.
func newRun(t testing.TB, n int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	r, err := create(newTestDisk(), dir, testManifest(), testConfigs, small())
	if err != nil {
		t.Fatal(err)
	}
	if err := appendN(r, 0, n); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestCreateAppendReplay(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "runs", "test")
	r, err := Create(dir, testManifest(), testConfigs)
	if err != nil {
		t.Fatal(err)
	}
	if err := appendN(r, 0, 5); err != nil {
		t.Fatal(err)
	}
	if err := r.Append("nan", "", map[string]float64{"x": nan()}); err == nil {
		t.Error("a record that JSON cannot hold was taken")
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Error("closing twice:", err)
	}
	if err := r.Append("late", "", 1); err == nil {
		t.Error("a closed run took a record")
	}
	r, err = Open(dir, "a91c")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if r.Len() != 5 || r.Cut() != 0 {
		t.Errorf("reopened: %d records, %d bytes cut", r.Len(), r.Cut())
	}
	if err := appendN(r, 5, 2); err != nil {
		t.Fatal(err)
	}
	n := 0
	err = r.Replay(func(rec Record) error {
		var v struct {
			Score float64
			Rule  string
		}
		if err := json.Unmarshal(rec.Data, &v); err != nil {
			return err
		}
		if rec.Kind != "outcome" || rec.Seq != uint64(n+2) || v.Score != float64(n)/7 || v.Rule != "pre<post" {
			return fmt.Errorf("record %d is %+v", n, rec)
		}
		n++
		return nil
	})
	if err != nil || n != 7 {
		t.Errorf("replayed %d records: %v", n, err)
	}
	if m := r.Manifest(); !m.Created.Equal(testManifest().Created) || m.Seed != 1 || m.Format != Format {
		t.Errorf("manifest came back as %+v", m)
	}
	if _, err := Create(dir+"2", testManifest(), testConfigs); err != nil {
		t.Error(err)
	}
}

func nan() float64 { var zero float64; return zero / zero }

func TestCreateRefusesExistingRun(t *testing.T) {
	dir := newRun(t, 3)
	if _, err := Create(dir, testManifest(), testConfigs); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(numbered(3), keys(t, dir)); diff != "" {
		t.Error(diff)
	}
}

func TestCreateNeverOverwritesAJournalWithoutManifest(t *testing.T) {
	dir := newRun(t, 3)
	if err := os.Remove(filepath.Join(dir, manifestName)); err != nil {
		t.Fatal(err)
	}
	var damaged *ErrDamaged
	if _, err := Create(dir, testManifest(), testConfigs); !errors.As(err, &damaged) {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(numbered(3), keys(t, dir)); diff != "" {
		t.Error(diff)
	}
}

// The bytes of the journal depend on the records alone: not on when they were
// synced, or how often the run was closed and opened.
func TestJournalBytesDependOnRecordsAlone(t *testing.T) {
	read := func(dir string) []byte {
		var all bytes.Buffer
		names, err := segments(osDisk{}, dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(names) < 3 {
			t.Fatalf("want several segments, have %v", names)
		}
		for _, n := range names {
			data, err := os.ReadFile(filepath.Join(dir, journalDir, n))
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&all, "%s\n%s", n, data)
		}
		return all.Bytes()
	}
	want := read(newRun(t, 20))
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		d := newTestDisk()
		m := testManifest()
		m.Created = m.Created.Add(time.Hour)
		r, err := create(d, dir, m, testConfigs, small())
		if err != nil {
			rt.Fatal(err)
		}
		for i := range 20 {
			if err := appendN(r, i, 1); err != nil {
				rt.Fatal(err)
			}
			switch rapid.IntRange(0, 3).Draw(rt, "then") {
			case 0:
				if err := r.Sync(); err != nil {
					rt.Fatal(err)
				}
			case 1:
				r.halt()
				if r, err = open(d, dir, "", small()); err != nil {
					rt.Fatal(err)
				}
			}
		}
		if err := r.Close(); err != nil {
			rt.Fatal(err)
		}
		if !bytes.Equal(want, read(dir)) {
			rt.Error("the journal differs")
		}
	})
}

// A run against a model: whatever is synced survives a power failure, whatever
// was handed to the system survives a kill, and what comes back is always a prefix.
func TestModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		d := newTestDisk()
		p := small()
		if rapid.Bool().Draw(rt, "grouped") {
			p.group = time.Hour
		}
		r, err := create(d, dir, testManifest(), testConfigs, p)
		if err != nil {
			rt.Fatal(err)
		}
		var model []string
		synced, next := 0, 0
		reopen := func(atLeast int) {
			if r, err = open(d, dir, "a91c", p); err != nil {
				rt.Fatalf("reopen: %v", err)
			}
			got := []string{}
			if err := r.Replay(func(rec Record) error { got = append(got, rec.Key); return nil }); err != nil {
				rt.Fatal(err)
			}
			if len(got) < atLeast || len(got) > len(model) {
				rt.Fatalf("%d records came back of %d, %d of them safe", len(got), len(model), atLeast)
			}
			if diff := cmp.Diff(model[:len(got)], got); diff != "" {
				rt.Fatal(diff)
			}
			if r.Len() != len(got) {
				rt.Fatalf("Len is %d, want %d", r.Len(), len(got))
			}
			model, synced = got, len(got)
		}
		model = []string{}
		rt.Repeat(map[string]func(*rapid.T){
			"append": func(rt *rapid.T) {
				key := fmt.Sprint(next)
				next++
				if err := r.Append("outcome", key, strings.Repeat("x", rapid.IntRange(0, 300).Draw(rt, "bytes"))); err != nil {
					rt.Fatal(err)
				}
				model = append(model, key)
			},
			"sync": func(rt *rapid.T) {
				if err := r.Sync(); err != nil {
					rt.Fatal(err)
				}
				synced = len(model)
			},
			"close": func(rt *rapid.T) {
				if err := r.Close(); err != nil {
					rt.Fatal(err)
				}
				reopen(len(model))
			},
			"kill": func(rt *rapid.T) {
				handed := len(model) - r.grouped
				r.halt()
				reopen(handed)
			},
			"power failure": func(rt *rapid.T) {
				r.halt()
				hole := rapid.Bool().Draw(rt, "hole")
				d.powerFailure(t, dir, func(n int64) int64 { return rapid.Int64Range(0, n).Draw(rt, "kept") }, hole)
				reopen(synced)
			},
			"publish": func(rt *rapid.T) {
				files := map[string][]byte{frontCSV: []byte(strings.Join(model, "\n"))}
				for i := range rapid.IntRange(0, 3).Draw(rt, "rules") {
					files[fmt.Sprintf("rules/%d.rule.yaml", i)] = []byte(fmt.Sprint(len(model)))
				}
				if err := r.Publish(files); err != nil {
					rt.Fatal(err)
				}
				names, err := d.ReadDir(filepath.Join(dir, rulesDir))
				if err != nil || len(names) != len(files)-1 {
					rt.Fatalf("rules/ holds %v, want %d files (%v)", names, len(files)-1, err)
				}
			},
			"": func(rt *rapid.T) {
				if p.group > 0 && rapid.Bool().Draw(rt, "leave") {
					return
				}
				if err := r.handAll(); err != nil {
					rt.Fatal(err)
				}
				rep, err := verify(d, dir)
				if err != nil {
					rt.Fatal(err)
				}
				if !rep.OK() || rep.Torn != 0 || rep.Records != len(model)+1 {
					rt.Fatalf("a healthy run of %d records verifies as %+v", len(model), rep)
				}
			},
		})
		r.halt()
	})
}

// A kill can leave the journal cut at any byte.
func TestTruncatedAnywhere(t *testing.T) {
	dir := newRun(t, 6)
	names, err := segments(osDisk{}, dir)
	if err != nil {
		t.Fatal(err)
	}
	last := filepath.Join(dir, journalDir, names[len(names)-1])
	whole, err := os.ReadFile(last)
	if err != nil {
		t.Fatal(err)
	}
	inLast := bytes.Count(whole, []byte("\n"))
	for cut := range len(whole) + 1 {
		if err := os.WriteFile(last, whole[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		want := 6 - inLast + bytes.Count(whole[:cut], []byte("\n"))
		if diff := cmp.Diff(numbered(want), keys(t, dir)); diff != "" {
			t.Fatalf("cut at %d, read: %s", cut, diff)
		}
		d := newTestDisk()
		r, err := open(d, dir, "", small())
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		if err := appendN(r, want, 1); err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(numbered(want+1), keys(t, dir)); diff != "" {
			t.Fatalf("cut at %d, continued: %s", cut, diff)
		}
		if names, err := segments(d, dir); err == nil && filepath.Base(last) != names[len(names)-1] {
			os.Remove(filepath.Join(dir, journalDir, names[len(names)-1]))
		}
	}
}

// Whatever byte the disk fills up at, what was appended before stays, nothing
// half-written stays, the message names the place, and the run continues when
// there is room again.
func TestDiskFullAtAnyByte(t *testing.T) {
	for room := int64(0); ; room += 7 {
		dir := filepath.Join(t.TempDir(), "run")
		d := newTestDisk()
		d.bytes = room
		r, err := create(d, dir, testManifest(), testConfigs, small())
		if err != nil {
			checkFull(t, err, dir)
			d.heal()
			if r, err = create(d, dir, testManifest(), testConfigs, small()); err != nil {
				t.Fatalf("room %d: creating again: %v", room, err)
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			continue
		}
		taken := 0
		for err == nil && taken < 4 {
			if err = appendN(r, taken, 1); err == nil {
				taken++
			}
		}
		if err == nil {
			err = r.Publish(map[string][]byte{frontCSV: []byte("a\n"), "rules/a.rule.yaml": []byte("b\n")})
		}
		if err == nil {
			r.Close()
			return
		}
		checkFull(t, err, dir)
		if taken < 4 {
			if again := r.Append("outcome", "more", 1); again == nil || again.Error() != err.Error() {
				t.Errorf("room %d: after %v comes %v", room, err, again)
			}
		}
		r.Close()
		rep, err := verify(d, dir)
		if err != nil || !rep.OK() || rep.Torn != 0 || rep.Records != taken+1 {
			t.Fatalf("room %d: %d records taken, verified %+v, %v", room, taken, rep, err)
		}
		noTemporaries(t, dir)
		d.heal()
		if r, err = open(d, dir, "", small()); err != nil {
			t.Fatal(err)
		}
		if err := appendN(r, taken, 1); err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(numbered(taken+1), keys(t, dir)); diff != "" {
			t.Fatal(diff)
		}
	}
}

func checkFull(t *testing.T, err error, dir string) {
	t.Helper()
	if !errors.Is(err, syscall.ENOSPC) || !strings.HasPrefix(err.Error(), "cannot write "+dir) {
		t.Fatalf("the message is %q", err)
	}
}

func noTemporaries(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, tempSuffix) {
			t.Errorf("%s was left behind", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Any single call to the disk may fail, here for good from then on.
func TestAnyCallFails(t *testing.T) {
	for calls := 0; ; calls++ {
		dir := filepath.Join(t.TempDir(), "run")
		d := newTestDisk()
		d.calls, d.err = calls, syscall.EIO
		synced, taken := 0, 0
		r, err := create(d, dir, testManifest(), testConfigs, small())
		if err == nil {
			for err == nil && taken < 6 {
				if err = appendN(r, taken, 1); err == nil {
					taken++
				}
				if err == nil && taken%2 == 0 {
					if err = r.Sync(); err == nil {
						synced = taken
					}
					if err == nil {
						err = r.Publish(map[string][]byte{frontCSV: []byte(fmt.Sprint(taken)), fmt.Sprintf("rules/%d", taken): nil})
					}
				}
			}
			if cerr := r.Close(); err == nil {
				err = cerr
			}
		}
		if err == nil {
			if calls < 40 {
				t.Fatalf("only %d calls were tried", calls)
			}
			return
		}
		if !errors.Is(err, syscall.EIO) {
			t.Fatalf("call %d: %v", calls, err)
		}
		d.heal()
		if r, err = open(d, dir, "", small()); err != nil {
			var missing *ErrNotFound
			if !errors.As(err, &missing) {
				t.Fatalf("call %d: reopen: %v", calls, err)
			}
			if r, err = create(d, dir, testManifest(), testConfigs, small()); err != nil {
				t.Fatalf("call %d: create: %v", calls, err)
			}
		}
		got := len(keys(t, dir))
		if got < synced {
			t.Fatalf("call %d: %d records of %d synced ones came back", calls, got, synced)
		}
		noTemporaries(t, dir)
		if err := r.Publish(map[string][]byte{frontCSV: []byte("end")}); err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		rep, err := verify(d, dir)
		if err != nil || !rep.OK() {
			t.Fatalf("call %d: %+v %v", calls, rep, err)
		}
	}
}

func TestBackgroundSync(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	d := newTestDisk()
	p := small()
	p.delay = time.Millisecond
	r, err := create(d, dir, testManifest(), testConfigs, p)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := appendN(r, 0, 1); err != nil {
		t.Fatal(err)
	}
	for range 2000 {
		r.mu.Lock()
		waiting := r.waiting
		r.mu.Unlock()
		if waiting == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Error("the record was not synced within two seconds")
}

// slowDisk syncs a journal segment only when told to.
type slowDisk struct {
	*testDisk
	syncs, proceed chan struct{}
}

type slowFile struct {
	file
	d *slowDisk
}

func (d *slowDisk) Create(name string) (file, error) {
	f, err := d.testDisk.Create(name)
	if filepath.Ext(name) != ".jsonl" {
		return f, err
	}
	return &slowFile{f, d}, err
}

func (f *slowFile) Sync() error {
	f.d.syncs <- struct{}{}
	<-f.d.proceed
	return f.file.Sync()
}

// While the disk is busy records are taken; they are not called safe, and
// Sync waits for them.
func TestAppendDoesNotWaitForTheDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	d := &slowDisk{newTestDisk(), make(chan struct{}, 9), make(chan struct{}, 9)}
	d.proceed <- struct{}{} // for Create
	p := small()
	p.delay, p.segment = time.Millisecond, 1<<20
	r, err := create(d, dir, testManifest(), testConfigs, p)
	if err != nil {
		t.Fatal(err)
	}
	<-d.syncs
	if err := appendN(r, 0, 1); err != nil {
		t.Fatal(err)
	}
	<-d.syncs // in the background, and it takes its time
	if err := appendN(r, 1, 9); err != nil {
		t.Fatal(err)
	}
	synced := make(chan error)
	go func() { synced <- r.Sync() }()
	select {
	case <-synced:
		t.Error("Sync has returned before the disk")
	case <-time.After(20 * time.Millisecond):
	}
	d.proceed <- struct{}{} // the first record
	d.proceed <- struct{}{} // the others
	if err := <-synced; err != nil {
		t.Fatal(err)
	}
	r.halt()
	d.powerFailure(t, dir, func(int64) int64 { return 0 }, false)
	if diff := cmp.Diff(numbered(10), keys(t, dir)); diff != "" {
		t.Error(diff)
	}
}

// Records that come fast are handed over together, soon, and by Sync at once.
func TestGroups(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	d := newTestDisk()
	p := small()
	p.group, p.segment = time.Hour, 1<<20
	r, err := create(d, dir, testManifest(), testConfigs, p)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := appendN(r, 0, 10); err != nil {
		t.Fatal(err)
	}
	if n := len(keys(t, dir)); n != 0 {
		t.Errorf("%d records are there at once", n)
	}
	d.mu.Lock()
	d.bytes = 150 // not enough for ten
	d.mu.Unlock()
	if err := r.Sync(); !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "0 results are safe") {
		t.Errorf("got %v", err)
	}
	if n := len(keys(t, dir)); n != 0 || r.Len() != 0 {
		t.Errorf("%d records, Len %d after a failure", n, r.Len())
	}
	d.heal()
	r.Close()
	p.group = time.Millisecond
	if r, err = open(d, dir, "", p); err != nil {
		t.Fatal(err)
	}
	if err := appendN(r, 0, 10); err != nil {
		t.Fatal(err)
	}
	for range 2000 {
		if len(keys(t, dir)) == 10 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if diff := cmp.Diff(numbered(10), keys(t, dir)); diff != "" {
		t.Error(diff)
	}
}

// An error of a sync in the background ends writing.
func TestBackgroundSyncFails(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	d := newTestDisk()
	p := small()
	p.delay, p.segment = time.Millisecond, 1<<20
	r, err := create(d, dir, testManifest(), testConfigs, p)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	d.mu.Lock()
	d.calls = 1 // the write; not the sync
	d.mu.Unlock()
	if err := appendN(r, 0, 1); err != nil {
		t.Fatal(err)
	}
	for range 2000 {
		if r.Err() != nil {
			break
		}
		time.Sleep(time.Millisecond)
	}
	d.heal()
	if err := r.Append("outcome", "1", 1); !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "0 results are safe") {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(numbered(1), keys(t, dir)); diff != "" {
		t.Error(diff)
	}
}

func TestConcurrentAppend(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	p := small()
	p.records, p.delay = 7, time.Millisecond
	r, err := create(newTestDisk(), dir, testManifest(), testConfigs, p)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 50 {
				if err := r.Append("outcome", fmt.Sprintf("%d/%d", g, i), i); err != nil {
					t.Error(err)
				}
				if i%20 == 0 {
					if err := r.Publish(map[string][]byte{frontCSV: fmt.Append(nil, g, i)}); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if n := len(keys(t, dir)); n != 200 {
		t.Errorf("%d records", n)
	}
}

func TestIncompatible(t *testing.T) {
	dir := newRun(t, 1)
	var bad *ErrIncompatible
	if _, err := Open(dir, "ffff"); !errors.As(err, &bad) || !strings.Contains(err.Error(), "a91c") {
		t.Errorf("other arithmetic: %v", err)
	}
	path := filepath.Join(dir, manifestName)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data = bytes.Replace(data, []byte(`"format": 1`), []byte(`"format": 2, "shape": "new"`), 1)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, ""); !errors.As(err, &bad) || !strings.Contains(err.Error(), "newer") {
		t.Errorf("newer format: %v", err)
	}
}

func TestLocked(t *testing.T) {
	if os.Getenv("CHECKPOINTS_HOLD") != "" {
		holdRun(t, os.Getenv("CHECKPOINTS_HOLD"))
		return
	}
	dir := newRun(t, 1)
	r, err := Open(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	var locked *ErrLocked
	if _, err := Open(dir, ""); !errors.As(err, &locked) || locked.Owner.PID != os.Getpid() {
		t.Errorf("second open: %v", err)
	}
	if _, err := Repair(dir); !errors.As(err, &locked) {
		t.Errorf("repair: %v", err)
	}
	if rep, err := Verify(dir); err != nil || !rep.OK() {
		t.Errorf("verify needs no lock: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}

	// The lock of a killed process is free.
	cmd := exec.Command(os.Args[0], "-test.run=^TestLocked$")
	cmd.Env = append(os.Environ(), "CHECKPOINTS_HOLD="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, ""); !errors.As(err, &locked) || locked.Owner.PID != cmd.Process.Pid ||
		!strings.Contains(err.Error(), fmt.Sprintf("process %d", cmd.Process.Pid)) {
		t.Errorf("held elsewhere: %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	r, err = Open(dir, "")
	if err != nil {
		t.Fatal("after the kill:", err)
	}
	defer r.Close()
	if diff := cmp.Diff([]string{"0", "held"}, keys(t, dir)); diff != "" {
		t.Error(diff)
	}
}

// holdRun is the other process: it appends without syncing and waits.
func holdRun(t *testing.T, dir string) {
	r, err := open(osDisk{}, dir, "", small())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Append("outcome", "held", 1); err != nil {
		t.Fatal(err)
	}
	fmt.Print("x")
	time.Sleep(time.Minute)
}

func TestReadOnlyDirectory(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may write anywhere")
	}
	dir := newRun(t, 2)
	for _, d := range []string{dir, filepath.Join(dir, journalDir)} {
		if err := os.Chmod(d, 0o555); err != nil {
			t.Fatal(err)
		}
		defer os.Chmod(d, 0o755)
	}
	for _, f := range []string{lockName, "journal/000001.jsonl"} {
		if err := os.Chmod(filepath.Join(dir, f), 0o444); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Open(dir, ""); !errors.Is(err, fs.ErrPermission) || !strings.HasPrefix(err.Error(), "cannot write "+dir) {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(numbered(2), keys(t, dir)); diff != "" {
		t.Error(diff)
	}
}

func TestPublishRefusesOtherPlaces(t *testing.T) {
	dir := newRun(t, 0)
	r, err := Open(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, name := range []string{"manifest.json", "../x", "rules/../x", "rules/a/b", "/etc/x", "rules"} {
		if err := r.Publish(map[string][]byte{name: nil}); err == nil {
			t.Errorf("%q was published", name)
		}
	}
}

func TestPublishKeepsFilesOfOthers(t *testing.T) {
	dir := newRun(t, 0)
	r, err := Open(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	mine := filepath.Join(dir, rulesDir, "mine.rule.yaml")
	if err := os.WriteFile(mine, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := r.Publish(map[string][]byte{frontCSV: nil, "rules/a": nil}); err != nil {
		t.Fatal(err)
	}
	r.Close()
	if r, err = Open(dir, ""); err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Publish(map[string][]byte{frontCSV: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	names, err := osDisk{}.ReadDir(filepath.Join(dir, rulesDir))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"mine.rule.yaml"}, names); diff != "" {
		t.Error(diff)
	}
}

func BenchmarkAppend(b *testing.B) {
	r, err := Create(filepath.Join(b.TempDir(), "run"), testManifest(), testConfigs)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Append("outcome", "key", map[string]float64{"score": 0.5}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
