package main

import (
	"context"
	"reflect"
	"slices"
	"testing"

	"github.com/metaplast/metaplast/inner/fastweight"
	"github.com/metaplast/metaplast/internal/es"
	"github.com/metaplast/metaplast/rulespace/key"
)

func TestMetaLearnersAreComplete(t *testing.T) {
	if names := metaNames(metaLearners()); !slices.IsSorted(names) {
		t.Errorf("not sorted: %v", names)
	}
	m := &metaLab{ctx: context.Background(), quick: true}
	for _, l := range metaLearners() {
		if l.title == "" || l.task == "" || l.learned == "" || l.source == "" {
			t.Errorf("%s: something is missing", l.name)
		}
		arms, err := l.run(m, key.Root(1))
		again, _ := l.run(m, key.Root(1))
		if err != nil || len(arms) < 3 || !reflect.DeepEqual(arms, again) {
			t.Errorf("%s: %v, then %v (%v)", l.name, arms, again, err)
		}
		for _, a := range arms {
			if a.what == "" || a.slow < 0 || !(a.accuracy >= 0 && a.accuracy <= 1+1e-9) {
				t.Errorf("%s: %+v", l.name, a)
			}
		}
	}
}

// Values that replace others are read back better than sums of all, and what the
// modulator marks is recalled where it acts.
func TestMetaTasks(t *testing.T) {
	k := key.Root(2)
	replace := mean(k, 50, func(k key.Key) float64 {
		return memoryLife(func(m *fastweight.Memory, key, value []float64) { m.Replace(key, value, 1) }, k)
	})
	add := mean(k, 50, func(k key.Key) float64 { return memoryLife((*fastweight.Memory).Add, k) })
	if replace < add+0.1 {
		t.Errorf("%.3f of the bits are read where values are replaced, %.3f where they are summed", replace, add)
	}
	for _, late := range []bool{false, true} {
		rule := fastweight.Simple
		if late {
			rule = fastweight.Retroactive
		}
		with := func(slow ...float64) float64 {
			return mean(k, 30, func(k key.Key) float64 { return plasticLife(plasticNetwork(rule, slow), 8, late, k) })
		}
		if marked, none := with(-2.3, 1.5, 1), with(-2.3, 1.5, 0); marked < 0.9 || none > 0.6 {
			t.Errorf("late %v: %.3f of the bits are right with a modulator, %.3f with one that is 0", late, marked, none)
		}
	}
}

// The outer loop of the simplest of them, at full length: what is evolved beats
// where it began, which beats the control, on lives that evolution has not seen.
func TestEvolutionLearns(t *testing.T) {
	if testing.Short() {
		t.Skip("four seconds")
	}
	arms, err := deltaMemory.run(&metaLab{ctx: context.Background()}, key.Root(1))
	if err != nil {
		t.Fatal(err)
	}
	if len(arms) != 3 || arms[2].slow != 1 || !(arms[0].accuracy+0.1 < arms[1].accuracy) || !(arms[1].accuracy+0.005 < arms[2].accuracy) {
		t.Errorf("%+v", arms)
	}
	m, seen := &metaLab{ctx: context.Background()}, map[key.Key]bool{}
	m.evolve([]float64{0}, es.Options{Population: 4, Sigma: 1, Rate: 1}, 3, 2, key.Root(1), func(_ []float64, k key.Key) float64 {
		seen[k] = true
		return 0
	})
	if len(seen) != 3*2 {
		t.Errorf("3 generations of 2 lives have %d keys", len(seen))
	}
	m.test(50, key.Root(1), func(k key.Key) float64 {
		if seen[k] {
			t.Errorf("a life of the test was one of evolution")
		}
		return 0
	})
}
