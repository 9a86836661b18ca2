package checkpoints

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFind(t *testing.T) {
	root := t.TempDir()
	start := testManifest().Created
	make := func(name, id string, after time.Duration) string {
		m := testManifest()
		m.Name, m.ID, m.Created = name, id, start.Add(after)
		dir := filepath.Join(root, m.DirName())
		r, err := create(newTestDisk(), dir, m, testConfigs, small())
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	a := make("oja", "7f3a0001", 0)
	b := make("delta", "7f3b0002", 2*time.Hour)
	c := make("a", "11110003", time.Hour)
	for ref, want := range map[string]string{
		a: a, "7f3a": a, "7f3b": b, "1": c, "oja-7f3a0001": a, Last: b, c + "/": c,
	} {
		if got, err := Find(root, ref); err != nil || got != want {
			t.Errorf("Find(%q) = %q, %v; want %q", ref, got, err, want)
		}
	}
	for ref, want := range map[string]string{"7f3": "several", "9": "no id", "": "empty", root: "no manifest.json"} {
		_, err := Find(root, ref)
		var missing *ErrNotFound
		if !errors.As(err, &missing) || !strings.Contains(err.Error(), want) {
			t.Errorf("Find(%q): %v", ref, err)
		}
	}
	if _, err := Find(filepath.Join(root, "none"), Last); err == nil {
		t.Error("found a run in a directory that does not exist")
	}
}

func TestNewID(t *testing.T) {
	seen := map[string]bool{}
	for _, id := range []string{NewID("a", 1, 0), NewID("a", 2, 0), NewID("b", 1, 0), NewID("a", 1, 1)} {
		if seen[id] || len(id) != 8 {
			t.Errorf("id %q", id)
		}
		seen[id] = true
	}
	// Ids stand in the names of directories: they may never change.
	if id := NewID("a", 1, 0); id != "3c80a684" {
		t.Errorf("the id of a config has become %s", id)
	}
}
