package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/rulespace"
)

// testView is a search under way, with made-up numbers.
func testView(t testing.TB, start time.Time) view {
	t.Helper()
	result := func(text string, size int, score, se float64) outer.Result {
		r, err := rulespace.ParseRule(text, rulespace.Param{Name: "a", Value: 1})
		if err != nil {
			r, err = rulespace.ParseRule(text)
		}
		if err != nil {
			t.Fatal(err)
		}
		return outer.Result{Candidate: outer.Candidate{Rule: r}, Digest: text, Complexity: size, Score: score, SE: se, N: 3, Full: true, Status: outer.OK}
	}
	front := []outer.Result{
		result("lr*err*pre", 3, 0.246, 0.0055),
		result("lr*err*(pre + a*err_pre)", 6, 0.401, 0.0065),
		result("lr*err*(pre + a*err_pre) + post*(pre - recon)", 10, 0.583, 0.006),
	}
	return view{
		Name: "fashion-mnist-fa", ID: "7f3a91c0", Seed: 20261122, Workers: 2, Numerics: "a91c0f3e", Started: start,
		Progress: outer.Progress{
			Phase: outer.PhaseSearch, Method: "enumerate", Status: "size 5 of 7", Evaluations: 41280, Budget: 100000, Asked: 66580, Unique: 41823,
			Cached: 25300, Failed: []outer.Count{{Status: outer.Diverged, N: 512}, {Status: outer.Silent, N: 31}}, Trials: 90000, Front: front,
			Baselines: []outer.BaselineScore{{Name: "error", Param: "lr", Value: 0.0123, Score: 0.246, SE: 0.005, N: 3}, {Name: "bp", Param: "lr", Value: 0.04, Score: 0.605, SE: 0.005, N: 3}},
		},
		Best: front[2], BestAt: start.Add(143 * time.Second), History: []float64{0.1, 0.2, 0.25, 0.4, 0.4, 0.5, 0.583},
		fresh: start, baseline: 0,
	}
}

func TestScreen(t *testing.T) {
	start := time.Date(2026, 11, 22, 14, 0, 0, 0, time.UTC)
	now := start.Add(157 * time.Second)
	v := testView(t, start)
	u := &ui{mode: "tty"}
	golden(t, "testdata/screen.txt", strings.Join(u.lines(v, now, 100, 30), "\n")+"\n")
	want := `2026-11-22T14:02:37Z evals=41280 best=0.583 size=10 rate=263/s eta=223s trials=90000 phase=search dw="lr*err*(pre + a*err_pre) + post*(pre - recon)"`
	if got := plainLine(v, now); got != want {
		t.Errorf("plain line\n%s\nwant\n%s", got, want)
	}
}

// No line is wider than the terminal, which would wrap and spoil the drawing,
// and the screen is never higher; at any size and state.
func TestScreenFits(t *testing.T) {
	start := time.Now()
	for _, v := range []view{{Numerics: "a"}, testView(t, start)} {
		for width := 20; width < 160; width += 7 {
			for height := 8; height < 40; height += 5 {
				u := &ui{mode: "tty", color: true, notice: "stopping"}
				lines := u.lines(v, start.Add(time.Hour), width, height)
				if len(lines) > height-1 {
					t.Errorf("%d lines of %d", len(lines), height)
				}
				for _, l := range lines {
					plain := strings.NewReplacer("\x1b[1m", "", "\x1b[2m", "", "\x1b[0m", "").Replace(l)
					if n := len([]rune(plain)); n > width {
						t.Errorf("line of %d in %d: %s", n, width, l)
					}
				}
			}
		}
	}
}

// The screen is drawn in place: up by as many lines as were drawn.
func TestDraw(t *testing.T) {
	var out bytes.Buffer
	u := &ui{mode: "tty", out: &out, size: func() (int, int) { return 100, 30 }}
	v := testView(t, time.Now())
	u.show(v, time.Now())
	first := strings.Count(out.String(), "\n")
	if strings.Contains(out.String(), "A") && strings.HasPrefix(out.String(), "\x1b[") {
		t.Error("the first drawing moves up")
	}
	out.Reset()
	u.show(v, time.Now())
	if want := fmt.Sprintf("\x1b[%dA", first); !strings.HasPrefix(out.String(), want) {
		t.Errorf("the second drawing begins %q, want %q", out.String()[:8], want)
	}
	if strings.Contains(out.String(), "\x1b[1m") {
		t.Error("colours without a terminal that has them")
	}
}

func TestSpark(t *testing.T) {
	if got := spark([]float64{0, 1, 2, 3, 4, 5, 6, 7}, 8); got != "▁▂▃▄▅▆▇█" {
		t.Error(got)
	}
	if got := spark([]float64{1, 1}, 8); got != "▁▁" {
		t.Error(got)
	}
	if got := bar(0.5, 4); got != "▕██  ▏" {
		t.Errorf("%q", got)
	}
}

// syncBuffer is a buffer that two goroutines may use.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// One interrupt finishes what is in flight, two stop at once; both keep what
// there is and end well.
func TestInterrupts(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "long.yaml")
	text := `
task: [{name: pca, dims: 4, steps: 2000}]
rule: {signals: [pre, post, w], primitives: [add, sub, mul]}
search: {method: random, max_complexity: 9, rungs: [{seeds: 3}]}
budget: {evaluations: 100000}
baselines: []
`
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 2; n++ {
		var stdout, stderr syncBuffer
		signals := make(chan os.Signal, 2)
		a := &app{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr,
			interrupts: func() (<-chan os.Signal, func()) { return signals, func() {} }}
		done := make(chan int)
		go func() {
			done <- a.run(context.Background(), []string{"search", config, "--out", filepath.Join(dir, "runs"), "--ui", "plain", "--workers", "2"})
		}()
		for !strings.Contains(stderr.String(), "phase=search") {
			select {
			case code := <-done:
				t.Fatalf("exit code %d before the search began\n%s\n%s", code, stdout.String(), stderr.String())
			case <-time.After(10 * time.Millisecond):
			}
		}
		for range n {
			signals <- os.Interrupt
		}
		select {
		case code := <-done:
			if code != exitOK || !strings.Contains(stdout.String(), "stopped safely after") || !strings.Contains(stderr.String(), "stopping: trials in flight") {
				t.Errorf("%d interrupts: exit code %d\n%s\n%s", n, code, stdout.String(), stderr.String())
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("%d interrupts did not end the search", n)
		}
	}
}
