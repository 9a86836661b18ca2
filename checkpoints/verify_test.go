package checkpoints

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// published makes a closed run with n records, a front and a rule.
func published(t testing.TB, n int) string {
	dir := newRun(t, n)
	r, err := open(newTestDisk(), dir, "", small())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Publish(map[string][]byte{frontCSV: []byte("size,score\n"), "rules/a.rule.yaml": []byte("format: 1\n")}); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func flip(t testing.TB, path string, at int) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[at] ^= 0x10
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// A flipped byte of a journal is seen; repairing keeps all other records.
func TestFlippedByteAnywhere(t *testing.T) {
	dir := published(t, 5)
	first := filepath.Join(dir, journalDir, segmentName(1))
	second := filepath.Join(dir, journalDir, segmentName(2))
	d := newTestDisk()
	for _, path := range []string{first, second} {
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines := bytes.SplitAfter(whole, []byte("\n"))
		start, hit := 0, 0
		for at := range whole {
			if at >= start+len(lines[hit]) {
				start += len(lines[hit])
				hit++
			}
			if at%7 != 0 && whole[at] != '\n' {
				continue // a seventh of the bytes, and every line's end
			}
			saved := snapshot(t, dir)
			flip(t, path, at)
			var damaged *ErrDamaged
			_, err := open(d, dir, "", small())
			if !errors.As(err, &damaged) || damaged.Line != hit+1 || damaged.File != filepath.Join(journalDir, filepath.Base(path)) {
				t.Fatalf("byte %d of line %d: %v", at, hit+1, err)
			}
			if !strings.Contains(err.Error(), "metaplast verify "+dir+" --repair") {
				t.Fatalf("the message shows no way out: %v", err)
			}
			rep, err := verify(d, dir)
			if err != nil || rep.OK() {
				t.Fatalf("byte %d: verified as %+v, %v", at, rep, err)
			}
			before := rep.Records
			rep, err = repair(d, dir)
			if err != nil || len(rep.Moved) != 1 {
				t.Fatalf("byte %d: repaired as %+v, %v", at, rep, err)
			}
			// A flipped newline joins its line to the next one; a flip that
			// makes a newline splits one line into two bad ones.
			lost := 6 - before
			if lost < 1 || lost > 2 || lost == 2 && at != start+len(lines[hit])-1 {
				t.Fatalf("byte %d: %d records of 6 are intact", at, before)
			}
			checkHealthy(t, d, dir)
			restore(t, dir, saved)
		}
	}
}

// checkHealthy demands a run that opens, verifies and takes records.
func checkHealthy(t *testing.T, d disk, dir string) {
	t.Helper()
	rep, err := verify(d, dir)
	if err != nil || !rep.OK() {
		t.Fatalf("verified as %v, %v", rep.Problems, err)
	}
	r, err := open(d, dir, "a91c", small())
	if err != nil {
		t.Fatal(err)
	}
	n := r.Len()
	if err := r.Append("outcome", "new", 1); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if got := keys(t, dir); len(got) != n+1 || got[n] != "new" {
		t.Fatalf("records are %v", got)
	}
}

func snapshot(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		files[path], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func restore(t testing.TB, dir string, files map[string][]byte) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	for path, data := range files {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Any one file can be lost or changed; the journal brings it back, or, where
// it is the journal, what is left of it stays.
func TestRepairEachFile(t *testing.T) {
	damage := map[string]func(t *testing.T, path string){
		"removed": func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		},
		"flipped": func(t *testing.T, path string) { flip(t, path, 3) },
		"emptied": func(t *testing.T, path string) {
			if err := os.WriteFile(path, nil, 0o644); err != nil {
				t.Fatal(err)
			}
		},
	}
	files := []string{
		manifestName, ConfigName, ResolvedName, frontCSV, "rules/a.rule.yaml",
		"journal/000001.jsonl", "journal/000002.jsonl",
	}
	for how, do := range damage {
		for _, file := range files {
			t.Run(how+"/"+file, func(t *testing.T) {
				dir := published(t, 5)
				d := newTestDisk()
				do(t, filepath.Join(dir, file))
				rep, err := verify(d, dir)
				if err != nil || rep.OK() {
					t.Fatalf("verified as %+v, %v", rep, err)
				}
				want := rep.Records
				rep, err = repair(d, dir)
				if err != nil {
					t.Fatal(err)
				}
				if rep.Records < want {
					t.Errorf("%d intact records, %d after the repair", want, rep.Records)
				}
				checkHealthy(t, d, dir)
				m, err := ReadManifest(dir)
				if err != nil || m.ID != testManifest().ID || m.Seed != 1 {
					t.Errorf("manifest %+v, %v", m, err)
				}
				for name, data := range testConfigs {
					if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(got, data) {
						t.Errorf("%s is %q, %v", name, got, err)
					}
				}
				rep, err = repair(d, dir)
				if err != nil || !rep.OK() || len(rep.Moved)+len(rep.Restored) > 0 {
					t.Errorf("a second repair does %+v, %v", rep, err)
				}
			})
		}
	}
}

// A repair that is interrupted at any call can be repeated and loses nothing.
func TestRepairInterrupted(t *testing.T) {
	for calls := 0; ; calls++ {
		dir := published(t, 9)
		flip(t, filepath.Join(dir, journalDir, segmentName(2)), 40)
		flip(t, filepath.Join(dir, frontCSV), 1)
		d := newTestDisk()
		want, err := verify(d, dir)
		if err != nil {
			t.Fatal(err)
		}
		d.calls = calls
		_, err = repair(d, dir)
		done := err == nil
		d.heal()
		if !done {
			if _, err := repair(d, dir); err != nil {
				t.Fatalf("call %d: %v", calls, err)
			}
		}
		if got := len(keys(t, dir)) + 1; got != want.Records {
			t.Fatalf("call %d: %d records of %d are left", calls, got, want.Records)
		}
		checkHealthy(t, d, dir)
		if done {
			return
		}
	}
}

func TestVerifyReportsTornTail(t *testing.T) {
	dir := newRun(t, 3)
	path := filepath.Join(dir, journalDir, segmentName(2))
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data[:len(data)-5], 0o644); err != nil {
		t.Fatal(err)
	}
	before := snapshot(t, dir)
	rep, err := Verify(dir)
	if err != nil || !rep.OK() || rep.Torn == 0 {
		t.Errorf("verified as %+v, %v", rep, err)
	}
	if diff := cmp.Diff(before, snapshot(t, dir)); diff != "" {
		t.Error("verify changed the run: ", diff)
	}
	if rep, err = Repair(dir); err != nil || len(rep.Moved) > 0 {
		t.Errorf("repaired as %+v, %v", rep, err)
	}
	if rep, err = Verify(dir); err != nil || rep.Torn != 0 {
		t.Errorf("verified again as %+v, %v", rep, err)
	}
}

func TestJournalOfAnotherRun(t *testing.T) {
	dir := newRun(t, 3)
	other := filepath.Join(t.TempDir(), "other")
	m := testManifest()
	m.ID = NewID("other", 2, 0)
	r, err := create(newTestDisk(), other, m, testConfigs, small())
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	data, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(other, manifestName), data, 0o644); err != nil {
		t.Fatal(err)
	}
	rep, err := Verify(other)
	if err != nil || rep.OK() || !slices.ContainsFunc(rep.Problems, func(e *ErrDamaged) bool { return strings.Contains(e.Why, "belongs to run") }) {
		t.Errorf("verified as %v, %v", rep, err)
	}
}
