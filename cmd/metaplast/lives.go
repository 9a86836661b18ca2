package main

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
	"time"

	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// life is one network trained from one seed.
type life struct {
	seed  uint64
	trial trial.Trial
	// After, when not nil, sees the trained network before it is reused.
	after func(*network.Network)

	outcome trial.Outcome
	parts   partScores // where the task comes in parts and they are watched
	seconds float64
}

// lives makes one life per seed of a setup in a setting. Setups compared in
// one setting share seeds, and so data, initial weights and noise.
func lives(s setup, at outer.Setting, verb string, seed uint64, n int) []*life {
	out := make([]*life, n)
	for i := range out {
		t := s.trial(at)
		t.Key = key.Root(seed+uint64(i)).Child(verb, 0)
		out[i] = &life{seed: seed + uint64(i), trial: t}
	}
	return out
}

// runLives trains in parallel. Report is called as each life ends, in order
// of ending, never twice at a time.
func runLives(ctx context.Context, all []*life, workers int, report func(*life)) error {
	next := make(chan *life)
	var wg sync.WaitGroup
	var mu sync.Mutex
	for range min(workers, len(all)) {
		wg.Go(func() {
			runner := trial.NewRunner()
			for l := range next {
				start := time.Now()
				l.outcome = runner.Run(ctx, l.trial)
				l.seconds = time.Since(start).Seconds()
				if l.after != nil && runner.Network() != nil && l.outcome.Status != trial.Failed {
					l.after(runner.Network())
				}
				if ctx.Err() == nil && report != nil {
					mu.Lock()
					report(l)
					mu.Unlock()
				}
			}
		})
	}
	for _, l := range all {
		if ctx.Err() != nil {
			break
		}
		next <- l
	}
	close(next)
	wg.Wait()
	if ctx.Err() != nil {
		return errInterrupted
	}
	for _, l := range all {
		if l.outcome.Status == trial.Failed {
			return fmt.Errorf("training failed: %w", l.outcome.Err)
		}
	}
	return nil
}

func workers() int { return runtime.GOMAXPROCS(0) }

// measure collects one number per life. A life that diverged counts as
// guessing: what it would be worth to someone who had to use it.
func measure(all []*life, of func(tasks.Score) float64, diverged float64) []float64 {
	out := make([]float64, len(all))
	for i, l := range all {
		if out[i] = of(l.outcome.Score); l.outcome.Status == trial.Diverged {
			out[i] = diverged
		}
	}
	return out
}

func accuracy(s tasks.Score) float64 { return s.Accuracy }
func raw(s tasks.Score) float64      { return s.Raw }
func value(s tasks.Score) float64    { return s.Value }

// intervalOf is the 95 % interval of a measure over seeds.
func intervalOf(values []float64) outer.Interval {
	for _, v := range values {
		if math.IsNaN(v) {
			return outer.Interval{}
		}
	}
	return outer.NewInterval(values)
}

// fraction limits the bounds of a mean of fractions to what fractions can be:
// with few seeds Student's t reaches beyond.
func fraction(i outer.Interval) outer.Interval {
	i.Low, i.High = max(i.Low, 0), min(i.High, 1)
	return i
}

// differences are a minus b on the same seeds.
func differences(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] - b[i]
	}
	return out
}

// angles is the mean alignment of each connection over lives.
func angles(all []*life) []float64 {
	var out []float64
	for _, l := range all {
		if out == nil {
			out = make([]float64, len(l.outcome.Alignment))
		}
		for i, a := range l.outcome.Alignment {
			out[i] += a / float64(len(all))
		}
	}
	return out
}
