package main

import (
	"path/filepath"
	"testing"

	"github.com/metaplast/metaplast/tasks"
)

// Every problem of the benchmark is a config that search can run as it is, and
// compares with its reference rule first.
func TestProblemFiles(t *testing.T) {
	files, err := filepath.Glob("problems/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d problems: %v", len(files), err)
	}
	for _, file := range files {
		s, err := loadSearch(file, nil, source)
		if is[*tasks.DataError](err) {
			t.Logf("%s needs data: %v", file, err)
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if b := s.plan.Baselines; len(b) < 2 || b[0].Name != "reference" {
			t.Errorf("%s: the first baseline is not the reference, or there is no other", file)
		}
	}
}
