package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/metaplast/metaplast/rulespace"
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

// A pair is found again at any scale of both its changes, not at one of each; a
// method that searches coefficients gets the monomials of both.
func TestPairProblem(t *testing.T) {
	const file = "../../examples/kolen-pollack-pair.yaml"
	p, err := loadProblem(file, "cgp", nil, testSource)
	if err != nil {
		t.Fatal(err)
	}
	lr := rulespace.Param{Name: "lr", Value: 0.3}
	for text, want := range map[string]bool{
		"dw: lr*(err*pre - 0.1*w); dfb: lr*(err*pre - 0.1*w)":       true,
		"dw: lr*(2*err*pre - 0.2*w); dfb: lr*(2*err*pre - 0.2*w)":   true,
		"dw: lr*(2*err*pre - 0.2*w); dfb: lr*(err*pre - 0.1*w)":     false,
		"dw: lr*(w*0.1 - err*pre); dfb: lr*(0.1*w - err*pre)":       false,
		"dw: lr*(err*pre - 0.1*w)":                                  false,
		"dw: lr*(err*pre - 0.1*w); dfb: lr*(err*pre - 0.1*w - pre)": false,
	} {
		r, err := rulespace.ParseRule(text, lr)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.hit(r); got != want {
			t.Errorf("%s is the reference: %v", text, got)
		}
	}
	p, err = loadProblem(file, "ga", nil, testSource)
	if err != nil {
		t.Fatal(err)
	}
	// Of three signals 3 + 6 products of at most two, and the constant.
	if n := len(p.space.Terms); p.lane != "coefficients" || n != 20 || p.space.Terms[19].Slot != rulespace.SlotDFB {
		t.Errorf("%d terms (%s)", n, p.lane)
	}
	if _, err := loadProblem(file, "enumerate", nil, testSource); err == nil || !strings.Contains(err.Error(), "use cgp or random") {
		t.Errorf("enumerate: %v", err)
	}
}
