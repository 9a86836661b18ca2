package bench

import (
	"bytes"
	"context"
	"math"
	"os"
	"testing"
	"time"

	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/internal/vec"
)

// What is measured is the example that users have.
func TestExample(t *testing.T) {
	want, err := os.ReadFile("../../../examples/oja.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(Example, want) {
		t.Error("oja.yaml is not examples/oja.yaml any more: copy it")
	}
}

// The table of the documentation has a row for every figure.
func TestDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../../docs/performance.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range Figures(nil, false) {
		if !bytes.Contains(doc, []byte("| "+f.Name+" |")) {
			t.Errorf("docs/performance.md has no row %q: make its table again", f.Name)
		}
	}
}

// steady is an entrant that takes times known beforehand.
func steady(name string, work float64, perCall ...time.Duration) Entrant {
	n := -1
	return Entrant{Name: name, Work: work, Run: func(calls int) (Time, error) {
		n++
		d := time.Duration(calls) * perCall[n%len(perCall)]
		return Time{Wall: 2 * d, CPU: d}, nil
	}}
}

// The figures of entrants that are twice or four times as slow are known.
func TestRace(t *testing.T) {
	f := Figure{Name: "known", Unit: "GB/s", Enter: func() ([]Entrant, error) {
		return []Entrant{
			steady("ours", 6e3, 10*time.Millisecond),
			steady("theirs", 6e3, 20*time.Millisecond, 20*time.Millisecond, 40*time.Millisecond),
			{}, // a limit that this machine does not have
		}, nil
	}}
	r, err := Race(context.Background(), f, Options{Repetitions: 3})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Entrants) != 2 {
		t.Fatalf("%d entrants, want 2", len(r.Entrants))
	}
	near := func(what string, got Spread, median, low, high float64) {
		t.Helper()
		for i, v := range [][2]float64{{got.Median, median}, {got.Low, low}, {got.High, high}} {
			if math.Abs(v[0]/v[1]-1) > 1e-9 { // float64 quotients
				t.Errorf("%s, number %d: %v, want %v", what, i, v[0], v[1])
			}
		}
	}
	near("ours", r.Entrants[0].CPU, 6e5, 6e5, 6e5)
	near("theirs", r.Entrants[1].CPU, 3e5, 1.5e5, 3e5)
	near("ratio", r.Entrants[1].CPURatio, 2, 2, 4)
	near("wall", r.Entrants[0].Wall, 3e5, 3e5, 3e5)

	f.Cost = true
	if r, err = Race(context.Background(), f, Options{Repetitions: 3}); err != nil {
		t.Fatal(err)
	}
	near("cost", r.Entrants[0].CPU, 1/6e5, 1/6e5, 1/6e5)
	near("ratio of costs", r.Entrants[1].CPURatio, 0.5, 0.25, 0.5)
}

// The learner written by hand is the one that the rule describes: both end at
// the same weights, up to rounding in another order.
func TestHand(t *testing.T) {
	for _, c := range []struct {
		rule  string
		batch int
	}{{gradientRule, 1}, {gradientRule, 16}, {decayingRule, 1}} {
		s := shape{c.batch, 40, 64}
		x, err := trialOf(s, "bp", c.rule)
		if err != nil {
			t.Fatal(err)
		}
		const steps = 20
		x.Task, x.Steps = canned{s.in, &stopwatch{}}, steps*c.batch
		runner := trial.NewRunner()
		if out := runner.Run(context.Background(), x); out.Status != trial.OK {
			t.Fatal(out.Reason)
		}
		cfg, err := x.Network.Resolve()
		if err != nil {
			t.Fatal(err)
		}
		n := newHand(s, c.rule == decayingRule)
		n.fb = n.w2
		for i, w := range []*vec.Matrix{n.w1, n.w2} {
			network.Initialise(w, cfg.Init, cfg.InitScale, x.Key.Child("init", 0).Child("connection", uint64(i)))
		}
		if n.episode, err = x.Task.Start(x.Key.Child("data", 0)); err != nil {
			t.Fatal(err)
		}
		start := vec.New(n.w1.Rows, n.w1.Cols)
		start.CopyFrom(n.w1)
		for range steps {
			n.learn()
		}
		for i, w := range []*vec.Matrix{n.w1, n.w2} {
			theirs, apart := runner.Network().Conns[i].W, 0.0
			for j, v := range w.Data {
				apart = max(apart, math.Abs(float64(v-theirs.Data[j])))
			}
			if apart > 1e-5 { // float32 rounding of weights below 1, 20 times
				t.Errorf("%s, batch %d: weights %d differ by %v", c.rule, c.batch, i, apart)
			}
		}
		if start.Data[0] == n.w1.Data[0] {
			t.Errorf("%s: nothing was learned", c.rule)
		}
	}
}

// Those peers that are here answer for every figure that has a case for them.
func TestPeers(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Python")
	}
	peers, statuses, err := StartPeers(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer peers.Close()
	here := map[string]bool{}
	for _, s := range statuses {
		if here[s.Name] = s.Found(); !s.Found() && s.Why == "" {
			t.Errorf("%s is missing and nobody says why", s.Name)
		}
	}
	for _, f := range Figures(nil, true) {
		entrants, err := peers.entrants(f.Cases)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		n := 0
		for _, c := range f.Cases {
			if here[c.Peer] {
				n++
			}
		}
		if len(entrants) != n {
			t.Errorf("%s: %d peers take part, want %d", f.Name, len(entrants), n)
		}
		for _, e := range entrants {
			if d, err := e.Run(1); err != nil || d.Wall <= 0 {
				t.Errorf("%s: %s: %v, %v", f.Name, e.Name, d, err)
			}
		}
	}
}

// Kernels, rules and training do not allocate once they run.
func TestAllocations(t *testing.T) {
	for _, f := range append(kernels(), rules()...) {
		entrants, err := f.Enter()
		if err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(3, func() { entrants[0].Run(1) }); n > 0 {
			t.Errorf("%s allocates %v times", f.Name, n)
		}
	}
}

func TestLevel(t *testing.T) {
	for bytes, want := range map[int]string{4 << 10: "L1", 784 * 128 * 4: "L2", 4 << 20: "L3", 64 << 20: "memory"} {
		if got := level(bytes); got != want {
			t.Errorf("%d bytes are in %s, want %s", bytes, got, want)
		}
	}
}
