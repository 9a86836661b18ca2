package main

import (
	"math"
	"testing"
)

func TestForgetting(t *testing.T) {
	p := partScores{{0.9, 0.1, 0}, {0.5, 0.8, 0}, {0.6, 0.6, 0.9}}
	if got, want := p.forgetting(), (0.3+0.2)/2; math.Abs(got-want) > 1e-15 {
		t.Errorf("forgetting %v, want %v", got, want)
	}
	if got := p.average(); math.Abs(got-0.7) > 1e-15 {
		t.Errorf("average %v, want 0.7", got)
	}
	if got := (partScores{{0.9, 0.1, 0}}).forgetting(); !math.IsNaN(got) {
		t.Errorf("one part alone is forgotten by %v", got)
	}
}
