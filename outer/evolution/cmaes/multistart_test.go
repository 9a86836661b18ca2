package cmaes

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metaplast/metaplast/internal/problem"
	"github.com/metaplast/metaplast/rulespace/key"
)

func anywhere(k key.Key, n int) func(int) Begin {
	return func(run int) Begin {
		rng := k.Child("start", uint64(run)).Stream()
		x := make([]float64, n)
		for i := range x {
			x[i] = rng.Uniform(-5, 5)
		}
		return Begin{Mean: x}
	}
}

// drive runs a series until the cost is below the target.
func drive(t *testing.T, m *Multistart, f func([]float64) float64, target float64, limit int, each func()) (int, bool) {
	t.Helper()
	n := 0
	for n < limit {
		points, err := m.Ask()
		if err != nil {
			t.Fatal(err)
		}
		if len(points) == 0 {
			break
		}
		var costs []float64
		for _, x := range points {
			costs = append(costs, f(x))
			if n++; costs[len(costs)-1] < target {
				return n, true
			}
		}
		if err := m.Run().Tell(costs); err != nil {
			t.Fatal(err)
		}
		if each != nil {
			each()
		}
	}
	return n, false
}

// Rastrigin's function in three dimensions has 11³ minima near the starts. One run
// misses the least almost always; with restarts all find it.
func TestRestartsFindTheLeastMinimum(t *testing.T) {
	for _, restart := range []Restart{NoRestart, IPOP, BIPOP} {
		solved, total := 0, 0
		for seed := range uint64(5) {
			k := key.Root(seed)
			m, err := NewMultistart(restart, 3, Options{Sigma: 2}, anywhere(k, 3), k)
			if err != nil {
				t.Fatal(err)
			}
			n, ok := drive(t, m, problem.Rastrigin, 1e-6, 80000, nil)
			if ok {
				solved++
			}
			total += n
		}
		t.Logf("%s: %d of 5, %d evaluations per success", restart, solved, total/max(solved, 1))
		if want := 5; restart != NoRestart && solved < want || restart == NoRestart && solved > 2 {
			t.Errorf("%s: %d of 5 solved", restart, solved)
		}
	}
}

// IPOP doubles λ. BIPOP does so too, and before each doubling but the first
// spends as many evaluations on small runs, whose λ lies between the default
// and half of the large one.
func TestSchedule(t *testing.T) {
	lambdas := func(restart Restart, runs int) (out []int, small []bool) {
		m, err := NewMultistart(restart, 2, Options{Sigma: 2}, anywhere(key.Root(1), 2), key.Root(1))
		if err != nil {
			t.Fatal(err)
		}
		last := 0
		drive(t, m, problem.Rastrigin, -1, 1e6, func() {
			if m.Run().Stopped() == "" || m.Runs() == last {
				return
			}
			last = m.Runs()
			out, small = append(out, m.Run().Lambda), append(small, m.small)
			if len(out) == runs {
				m.restart = NoRestart
			}
		})
		return out, small
	}
	ipop, _ := lambdas(IPOP, 4)
	if diff := cmp.Diff([]int{6, 12, 24, 48}, ipop); diff != "" {
		t.Errorf("IPOP (-want +got):\n%s", diff)
	}
	bipop, small := lambdas(BIPOP, 12)
	large := 6
	for i, lambda := range bipop {
		switch {
		case i == 0:
		case small[i] && (lambda < 6*9/10 || lambda > max(6, large/2)):
			t.Errorf("run %d is small with λ %d after a large one with %d", i, lambda, large)
		case !small[i]:
			if large *= 2; lambda != large {
				t.Errorf("run %d is large with λ %d, want %d", i, lambda, large)
			}
		}
	}
	if large < 24 || large > 6<<8 {
		t.Errorf("runs of BIPOP have λ %v, small: %v", bipop, small)
	}
	if _, err := NewMultistart("twice", 2, Options{Sigma: 1}, anywhere(key.Root(1), 2), key.Root(1)); err == nil {
		t.Error("no error for an unknown restart")
	}
}
