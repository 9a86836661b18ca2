package outer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/tasks"
)

func TestPoolStreamsInOrder(t *testing.T) {
	jobs := make([]Job, 200)
	for i := range jobs {
		jobs[i].Rep = i
	}
	for _, workers := range []int{1, 2, 7} {
		p := newPool(workers, nil, nil, singly(func() single {
			return func(_ context.Context, j Job) Outcome {
				if j.Rep%17 == 0 {
					time.Sleep(time.Millisecond)
				}
				if j.Rep == 50 {
					panic("at 50")
				}
				return Outcome{Status: OK, Steps: j.Rep}
			}
		}))
		next := 0
		err := p.Stream(context.Background(), jobs, func(i int, o Outcome) error {
			if i != next {
				t.Fatalf("%d workers: outcome %d after %d", workers, i, next-1)
			}
			next++
			if i == 50 {
				if o.Status != Failed || o.Value != worst || o.Reason != "panic: at 50" {
					t.Errorf("a panic gives %+v", o)
				}
			} else if o.Steps != i {
				t.Errorf("outcome %d is that of job %d", i, o.Steps)
			}
			return nil
		})
		if err != nil || next != len(jobs) {
			t.Errorf("%d workers: %d of %d outcomes, %v", workers, next, len(jobs), err)
		}
	}
}

func TestPoolStops(t *testing.T) {
	jobs := make([]Job, 100)
	boom := errors.New("disk full")
	for _, how := range []string{"soft", "hard", "error"} {
		stop := make(chan struct{})
		ctx, cancel := context.WithCancel(context.Background())
		var started, ended atomic.Int64
		p := newPool(3, stop, nil, singly(func() single {
			return func(context.Context, Job) Outcome {
				started.Add(1)
				time.Sleep(100 * time.Microsecond)
				ended.Add(1)
				return Outcome{Status: OK}
			}
		}))
		got := 0
		err := p.Stream(ctx, jobs, func(i int, o Outcome) error {
			if got++; got == 10 {
				switch how {
				case "soft":
					close(stop)
				case "hard":
					cancel()
				case "error":
					return boom
				}
			}
			return nil
		})
		cancel()
		want := map[string]error{"soft": ErrStopped, "hard": context.Canceled, "error": boom}[how]
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", how, err)
		}
		if s := started.Load(); s != ended.Load() || s == int64(len(jobs)) {
			t.Errorf("%s: %d started, %d ended", how, s, ended.Load())
		}
		// Everything that was started before a soft stop is handed over.
		if how == "soft" && int64(got) != started.Load() {
			t.Errorf("%d outcomes of %d trials", got, started.Load())
		}
		if how == "error" && got != 10 {
			t.Errorf("%d outcomes handed over after an error", got-10)
		}
	}
}

// A stop does not wait for trials that nobody has asked for yet, and those that
// were asked for after all are handed over.
func TestPoolDropsWhatWasForeseen(t *testing.T) {
	stop := make(chan struct{})
	ready, begun, cut := make(chan struct{}), make(chan struct{}), 0
	p := newPool(2, stop, nil, singly(func() single {
		return func(ctx context.Context, j Job) Outcome {
			switch j.Key {
			case "recalled":
				close(ready)
			case "foreseen":
				close(begun)
				<-ctx.Done() // a life without end
				cut++
			default:
				<-stop
			}
			return named(j)
		}
	}))
	p.Foresee(context.Background(), []Job{{Key: "recalled"}, {Key: "foreseen"}}, false)
	<-ready
	<-begun
	jobs := []Job{{Key: "recalled"}}
	for i := range 100 {
		jobs = append(jobs, Job{Key: fmt.Sprint(i)})
	}
	var got []string
	err := p.Stream(context.Background(), jobs, func(i int, o Outcome) error {
		if o.Reason != jobs[i].Key {
			t.Errorf("outcome of %s for %s", o.Reason, jobs[i].Key)
		}
		if got = append(got, o.Reason); len(got) == 1 {
			close(stop)
		}
		return nil
	})
	if !errors.Is(err, ErrStopped) || len(got) == len(jobs) || cut != 1 {
		t.Errorf("%v after %d outcomes, %d foreseen trials cut short", err, len(got), cut)
	}
}

// named is an outcome that tells its job.
func named(j Job) Outcome { return Outcome{Status: OK, Reason: j.Key} }

func TestPoolOfNothing(t *testing.T) {
	p := newPool(2, nil, nil, singly(func() single { return nil }))
	if o, err := p.Evaluate(context.Background(), nil); len(o) != 0 || err != nil {
		t.Errorf("no jobs give %v, %v", o, err)
	}
}

func TestOutcomeContainsBadScores(t *testing.T) {
	score := func(v, raw float64) trial.Outcome {
		return trial.Outcome{Status: OK, Score: tasks.Score{Value: v, Raw: raw}, Steps: 5}
	}
	for _, c := range []struct {
		in     trial.Outcome
		status Status
		value  float64
	}{
		{score(0.5, 3), OK, 0.5},
		{score(-7, 3), OK, -1},
		{score(math.NaN(), 3), Diverged, -1},
		{score(math.Inf(1), 3), Diverged, -1},
		{score(0.5, math.NaN()), Diverged, -1},
		{trial.Outcome{Status: Diverged, Reason: "w", Score: tasks.Score{Value: math.NaN()}}, Diverged, -1},
		{trial.Outcome{Status: Silent, Score: tasks.Score{Value: 0.3}}, Silent, -1},
		{trial.Outcome{Status: Failed, Reason: strings.Repeat("é", 300) + "\nstack"}, Failed, -1},
	} {
		got := outcome(c.in)
		if got.Status != c.status || got.Value != c.value || !finite(got.Raw) || len(got.Reason) > 210 || strings.Contains(got.Reason, "\n") {
			t.Errorf("%+v becomes %+v", c.in, got)
		}
	}
}

func TestBetter(t *testing.T) {
	// From best to worst.
	order := []Result{
		{Status: OK, Full: true, Rung: 1, Score: 0.5, Complexity: 3, Digest: "a"},
		{Status: OK, Full: true, Rung: 1, Score: 0.5, Complexity: 3, Digest: "b"},
		{Status: OK, Full: true, Rung: 1, Score: 0.5, Complexity: 4},
		{Status: OK, Full: true, Rung: 1, Score: 0.4},
		{Status: OK, Rung: 1, Score: 0.9},
		{Status: OK, Score: 0.95},
		{Status: Diverged, Full: true, Rung: 1, Score: 2},
	}
	for i := range order {
		for j := range order {
			if got := Better(order[i], order[j]); got != (i < j) {
				t.Errorf("Better(%d, %d) is %v", i, j, got)
			}
		}
	}
}

// Trials that were foreseen run once, whatever they are asked for with, and
// are handed over where they belong.
func TestPoolForesees(t *testing.T) {
	var jobs []Job
	for i := range 60 {
		jobs = append(jobs, Job{Rep: i, Key: strconv.Itoa(i)})
	}
	for _, workers := range []int{1, 3} {
		var ran [60]atomic.Int64
		p := newPool(workers, nil, func(a, b Job) bool { return a.Rep/4 == b.Rep/4 }, func() worker {
			return func(_ context.Context, jobs []Job) []Outcome {
				out := make([]Outcome, len(jobs))
				for i, j := range jobs {
					ran[j.Rep].Add(1)
					out[i] = Outcome{Status: OK, Steps: j.Rep}
				}
				return out
			}
		})
		ctx := context.Background()
		stream := func(want []Job) {
			t.Helper()
			next := 0
			err := p.Stream(ctx, want, func(i int, o Outcome) error {
				if i != next || o.Steps != want[i].Rep {
					t.Errorf("outcome %d is %d, that of job %d", i, o.Steps, want[i].Rep)
				}
				next++
				return nil
			})
			if err != nil || next != len(want) {
				t.Errorf("%d of %d outcomes, %v", next, len(want), err)
			}
		}
		p.Foresee(ctx, jobs[8:40], false)
		p.Foresee(ctx, jobs[4:8], true)
		stream(jobs[:24])
		stream(jobs[24:32])
		p.Foresee(ctx, jobs[40:48], true)
		// What comes otherwise than was foreseen runs again where it has to.
		stream(jobs[42:])
		p.Forget()
		if len(p.foreseen) > 0 || p.running > 0 || len(p.idle) != workers {
			t.Errorf("%d workers: something is left", workers)
		}
		for i := range ran {
			if n := ran[i].Load(); n != 1 && (i < 32 || i >= 48 || n > 2) {
				t.Errorf("%d workers: job %d ran %d times", workers, i, n)
			}
		}
	}
}
