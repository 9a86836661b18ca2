// Package bench measures how fast metaplast is on this machine: its kernels,
// its rules, training and search.
//
// A figure is a race. Its entrants (ours, a loop that does nothing but reach a
// limit of the machine, the same by hand in Go, the same in Python) run in
// turn, over and over, so that all meet the same noise, and medians are
// compared. Times differ between machines and hours; the ratios hardly do.
package bench

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"
)

// Groups are the kinds of figures, in the order they are measured in.
func Groups() []string { return []string{"kernels", "rules", "training", "search"} }

// Figure is a speed, or a cost, and what it is compared with.
type Figure struct {
	Group, Name string
	Unit        string
	// Cost says that the unit is one of time: less is better.
	Cost bool
	// ByWall says that the figure is about waiting, whatever clock is asked for.
	ByWall bool
	// Least is the CPU time that a repetition of each entrant takes at least;
	// 0 stands for a few milliseconds.
	Least time.Duration
	// Most limits the repetitions of what takes long; 0 is no limit.
	Most int
	// Cases are what peers have for this figure.
	Cases []Case
	// Enter makes the entrants; the first is ours.
	Enter func() ([]Entrant, error)
}

// Entrant is one side of a race.
type Entrant struct {
	Name string
	Kind Kind
	// Work is what one call does: figures are Work per second, and where they
	// are costs, seconds per Work.
	Work float64
	// Long says that one call is enough for a repetition.
	Long bool
	Run  func(calls int) (Time, error)
}

// Kind says what an entrant is to a figure.
type Kind string

const (
	Own   Kind = "own"
	Limit Kind = "limit" // of the machine
	Other Kind = "other" // another way of doing it, in Go
	Peer  Kind = "peer"  // another program
)

// Case is a name by which a peer knows what to run.
type Case struct {
	Peer  string // module
	Name  string // of the entrant; empty for that of the peer
	Kind  string
	Sizes []int
	Work  float64
}

// Time is what calls took: on the clock of the wall, and of the processor
// where there is one, which does not count other programs.
type Time struct{ Wall, CPU time.Duration }

// Options say how a race is run. The zero value is good.
type Options struct {
	Repetitions int  // 0 means 15
	Quick       bool // short repetitions and few, to see that it works
	Peers       *Peers
}

// Spread is a median with the smallest and largest value.
type Spread struct{ Median, Low, High float64 }

// Measured is the outcome of an entrant: figures by the processor's clock and
// by that on the wall. Ratios are ours to this, of medians, with the range
// over the repetitions.
type Measured struct {
	Name                string
	Kind                Kind
	CPU, Wall           Spread
	CPURatio, WallRatio Spread
}

// Result is the outcome of a race; the first of Entrants is ours.
type Result struct {
	Figure      Figure
	Repetitions int
	Entrants    []Measured
}

const (
	repetitions      = 15
	quickRepetitions = 2
	leastTime        = 4 * time.Millisecond
	quickPart        = 20 // of the time of a repetition
)

// Race runs a figure.
func Race(ctx context.Context, f Figure, o Options) (*Result, error) {
	entrants, err := f.Enter()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	if o.Peers != nil {
		guests, err := o.Peers.entrants(f.Cases)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		entrants = append(entrants, guests...)
	}
	entrants = slices.DeleteFunc(entrants, func(e Entrant) bool { return e.Run == nil })
	// The processor's clock is that of a thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	times := make([][]Time, len(entrants))
	calls := make([]int, len(entrants))
	n := f.repetitions(o)
	for i, e := range entrants {
		if calls[i], err = e.calibrate(f.least(o)); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", f.Name, e.Name, err)
		}
	}
	for range n {
		for i, e := range entrants {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			t, err := e.Run(calls[i])
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", f.Name, e.Name, err)
			}
			times[i] = append(times[i], t)
		}
	}
	r := &Result{Figure: f, Repetitions: n}
	wall := func(t Time) time.Duration { return t.Wall }
	cpu := func(t Time) time.Duration { return t.CPU }
	var ours Measured
	var ownCPU, ownWall []float64
	for i, e := range entrants {
		m := Measured{Name: e.Name, Kind: e.Kind}
		c, w := f.values(e, calls[i], times[i], cpu), f.values(e, calls[i], times[i], wall)
		m.CPU, m.Wall = spread(c), spread(w)
		if i == 0 {
			ours, ownCPU, ownWall = m, c, w
		}
		m.CPURatio = ratio(ours.CPU, m.CPU, ownCPU, c)
		m.WallRatio = ratio(ours.Wall, m.Wall, ownWall, w)
		r.Entrants = append(r.Entrants, m)
	}
	return r, nil
}

func (f *Figure) repetitions(o Options) int {
	n := repetitions
	if o.Quick {
		n = quickRepetitions
	}
	if o.Repetitions > 0 {
		return o.Repetitions
	}
	if f.Most > 0 {
		n = min(n, f.Most)
	}
	return n
}

func (f *Figure) least(o Options) time.Duration {
	least := max(f.Least, leastTime)
	if o.Quick {
		least /= quickPart
	}
	return least
}

// calibrate finds how many calls take that long, and warms up.
func (e *Entrant) calibrate(least time.Duration) (int, error) {
	if e.Long {
		return 1, nil
	}
	for calls := 1; ; {
		t, err := e.Run(calls)
		if err != nil || t.CPU >= least {
			return calls, err
		}
		// Not more than ten times as many: the first calls are slow.
		part := float64(least) / float64(max(t.CPU, 1))
		calls = int(float64(calls)*min(10, 1.1*part)) + 1
	}
}

func (f *Figure) values(e Entrant, calls int, times []Time, clock func(Time) time.Duration) []float64 {
	out := make([]float64, len(times))
	for i, t := range times {
		out[i] = e.Work * float64(calls) / clock(t).Seconds()
		if f.Cost {
			out[i] = 1 / out[i]
		}
	}
	return out
}

func spread(v []float64) Spread {
	s := slices.Sorted(slices.Values(v))
	n := len(s)
	return Spread{(s[(n-1)/2] + s[n/2]) / 2, s[0], s[n-1]}
}

// ratio compares entrants turn by turn for the range, by their medians else.
func ratio(a, b Spread, as, bs []float64) Spread {
	turns := make([]float64, len(as))
	for i := range as {
		turns[i] = as[i] / bs[i]
	}
	s := spread(turns)
	s.Median = a.Median / b.Median
	return s
}

// timed makes a run of a function that stays in one thread.
func timed(f func()) func(int) (Time, error) {
	return func(calls int) (Time, error) {
		wall, cpu := time.Now(), threadTime()
		for range calls {
			f()
		}
		return Time{time.Since(wall), threadTime() - cpu}, nil
	}
}

// timedAll makes a run of a function that uses several workers at a time; its
// CPU time is that of each on average.
func timedAll(workers int, f func() error) func(int) (Time, error) {
	return func(calls int) (Time, error) {
		wall, cpu := time.Now(), processTime()
		// Not in the thread of the race: to hand something over to a goroutine
		// that is bound to a thread is slow.
		done := make(chan error)
		go func() {
			var err error
			for i := 0; i < calls && err == nil; i++ {
				err = f()
			}
			done <- err
		}()
		err := <-done
		return Time{time.Since(wall), (processTime() - cpu) / time.Duration(workers)}, err
	}
}
