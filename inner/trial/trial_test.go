package trial_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/learner"
	"github.com/metaplast/metaplast/inner/learner/learnertest"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

var ctx = context.Background()

func inline(t testing.TB, text string) *rulespace.Rule {
	t.Helper()
	r, err := rulespace.ParseRule(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func named(t testing.TB, name string) learner.Learner {
	t.Helper()
	e, ok := learner.ByName(name)
	if !ok {
		t.Fatalf("no learner %s", name)
	}
	return e.Learner()
}

func withRate(t testing.TB, name string, lr float64) learner.Learner {
	t.Helper()
	l := named(t, name)
	r, err := l.Rule.WithParams(map[string]float64{"lr": lr})
	if err != nil {
		t.Fatal(err)
	}
	l.Rule = r
	return l
}

func linear(sizes ...int) network.Config { return network.Config{Sizes: sizes} }

var regression = learnertest.Task{Kind: tasks.Regression, In: 6, Out: 3}

// stream turns a function into an unsupervised task.
type stream struct {
	in, out int
	next    func(s *key.Stream, x []float32)
	score   func(m tasks.Model) tasks.Score
}

func (t stream) Info() tasks.Info {
	return tasks.Info{Name: "stream", In: t.in, Out: t.out, Steps: 1000, Ceiling: 1}
}

func (t stream) Start(k key.Key) (tasks.Episode, error) { return &streamEpisode{t, k.Stream()}, nil }

type streamEpisode struct {
	stream
	s *key.Stream
}

func (e *streamEpisode) Next(b *tasks.Batch) {
	b.N = b.X.Rows
	for i := range b.N {
		e.next(e.s, b.X.Row(i))
	}
}

func (e *streamEpisode) Score(m tasks.Model, _ tasks.Split) tasks.Score {
	if e.score == nil {
		return tasks.Score{Value: 0.5}
	}
	return e.score(m)
}

func gaussian(in, out int) stream {
	return stream{in: in, out: out, next: func(s *key.Stream, x []float32) {
		for j := range x {
			x[j] = float32(s.Normal())
		}
	}}
}

func TestDivergence(t *testing.T) {
	hebb := withRate(t, "hebb", 0.1)
	r := trial.NewRunner()
	for _, c := range []struct {
		limits trial.Limits
		want   string
	}{
		{trial.Limits{Weight: 10}, "weight of connection 0 reaches"},
		{trial.Limits{Activity: 10, Weight: 1e9}, "activity of layer 1 reaches"},
		{trial.Limits{Activity: math.Inf(1), Weight: math.Inf(1)}, "is infinite"},
	} {
		out := r.Run(ctx, trial.Trial{Task: gaussian(4, 2), Network: linear(4, 2), Learner: hebb, Steps: 100000, Key: key.Root(1), Limits: c.limits})
		if out.Status != trial.Diverged || !strings.Contains(out.Reason, c.want) || out.Err != nil {
			t.Errorf("%+v: %s: %s, want diverged: %s", c.limits, out.Status, out.Reason, c.want)
		}
		if out.Score.Value != trial.DivergedValue || !math.IsNaN(out.Score.Raw) {
			t.Errorf("score of a diverged trial is %+v", out.Score)
		}
		if out.Steps >= 1000 {
			t.Errorf("ran %d samples before it stopped", out.Steps)
		}
	}
	nan := learner.Learner{Credit: credit.Config{Name: "none"}, Rule: inline(t, "lr*pre*log(-1 - post^2)")}
	out := r.Run(ctx, trial.Trial{Task: gaussian(4, 2), Network: linear(4, 2), Learner: nan, Key: key.Root(1)})
	if out.Status != trial.Diverged || !strings.Contains(out.Reason, "is not a number") {
		t.Errorf("NaN gives %s: %s", out.Status, out.Reason)
	}
}

func TestSilence(t *testing.T) {
	r := trial.NewRunner()
	still := learner.Learner{Credit: credit.Config{Name: "none"}, Rule: inline(t, "lr*(post - post)*pre")}
	out := r.Run(ctx, trial.Trial{Task: gaussian(4, 2), Network: linear(4, 2), Learner: still, Key: key.Root(1)})
	if out.Status != trial.Silent || out.Reason != "no weight changed" || out.Score.Value != 0.5 {
		t.Errorf("a rule that does nothing gives %s: %s, score %v", out.Status, out.Reason, out.Score.Value)
	}
	// Decay kills rectified units for good once their biases cannot help.
	dead := learner.Learner{Credit: credit.Config{Name: "none"}, Rule: inline(t, "-lr*pre^2")}
	positive := stream{in: 3, out: 2, next: func(s *key.Stream, x []float32) {
		for j := range x {
			x[j] = float32(s.Float64())
		}
	}}
	relu := network.Activation{Name: "relu"}
	out = r.Run(ctx, trial.Trial{Task: positive, Network: network.Config{Sizes: []int{3, 4, 2}, Hidden: relu}, Learner: dead, Key: key.Root(1)})
	if out.Status != trial.Silent || out.Reason != "all activities of layer 1 were zero" {
		t.Errorf("dead units give %s: %s", out.Status, out.Reason)
	}
}

type panicking struct{ tasks.Task }

func (p panicking) Start(k key.Key) (tasks.Episode, error) {
	e, err := p.Task.Start(k)
	return panickingEpisode{e}, err
}

type panickingEpisode struct{ tasks.Episode }

func (panickingEpisode) Score(tasks.Model, tasks.Split) tasks.Score { panic("no score today") }

type broken struct{ tasks.Task }

var errBroken = errors.New("disk on fire")

func (broken) Start(key.Key) (tasks.Episode, error) { return nil, errBroken }

func TestFailures(t *testing.T) {
	r := trial.NewRunner()
	good := trial.Trial{Task: regression, Network: linear(6, 3), Learner: named(t, "bp"), Key: key.Root(1), Steps: 50}

	bad := good
	bad.Task = panicking{regression}
	out := r.Run(ctx, bad)
	var p *trial.PanicError
	if out.Status != trial.Failed || !errors.As(out.Err, &p) || out.Reason != r.Run(ctx, bad).Reason ||
		!strings.HasPrefix(out.Reason, "trial: panic: no score today\n\ttrial_test.panickingEpisode.Score (trial_test.go:") {
		t.Errorf("a panic gives %s: %s", out.Status, out.Reason)
	}
	if _, err := r.Sample(ctx, bad, 3); err != nil {
		t.Errorf("sampling does not score, and fails: %v", err)
	}
	bad.Task = broken{regression}
	if out := r.Run(ctx, bad); out.Status != trial.Failed || !errors.Is(out.Err, errBroken) {
		t.Errorf("a broken task gives %s: %v", out.Status, out.Err)
	}

	stop, cancel := context.WithCancel(ctx)
	cancelled := good
	cancelled.ObserveEvery = 10
	cancelled.Observe = func(steps int, _ tasks.Episode, _ tasks.Model) {
		if steps >= 20 {
			cancel()
		}
	}
	out = r.Run(stop, cancelled)
	if out.Status != trial.Failed || !errors.Is(out.Err, context.Canceled) || out.Steps != 20 {
		t.Errorf("cancelling gives %s after %d samples: %v", out.Status, out.Steps, out.Err)
	}
	if out := r.Run(ctx, good); out.Status != trial.OK {
		t.Errorf("a good trial after bad ones: %s: %s", out.Status, out.Reason)
	}
}

func TestConfigErrors(t *testing.T) {
	good := trial.Trial{Task: regression, Network: linear(6, 3), Learner: named(t, "bp"), Key: key.Root(1)}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*trial.Trial){
		"a task is missing":                  func(x *trial.Trial) { x.Task = nil },
		"has 6 inputs and 3 outputs":         func(x *trial.Trial) { x.Network.Sizes = []int{5, 3} },
		"6 inputs and 3 outputs":             func(x *trial.Trial) { x.Network.Sizes = []int{6, 2} },
		"at least 2 needed":                  func(x *trial.Trial) { x.Network.Sizes = nil },
		"a rule is missing":                  func(x *trial.Trial) { x.Learner.Rule = nil },
		"must be at least 1":                 func(x *trial.Trial) { x.Batch = -1 },
		"steps -5 must be at least 1":        func(x *trial.Trial) { x.Steps = -5 },
		"must be positive":                   func(x *trial.Trial) { x.Limits.Weight = -1 },
		"need targets, which task stream":    func(x *trial.Trial) { x.Task = gaussian(6, 3) },
		"reads noise, which circuit bp does": func(x *trial.Trial) { x.Learner.Rule = inline(t, "lr*noise*pre") },
		"use batch 1": func(x *trial.Trial) {
			x.Learner.Rule, x.Batch = inline(t, "lr*post*lower"), 2
		},
		"alignment needs a loss": func(x *trial.Trial) {
			x.Task, x.Learner, x.MeasureAlignment = gaussian(6, 3), named(t, "oja"), true
		},
	} {
		bad := good
		change(&bad)
		var c *trial.ConfigError
		out := trial.NewRunner().Run(ctx, bad)
		if out.Status != trial.Failed || !errors.As(out.Err, &c) || !strings.Contains(out.Reason, want) {
			t.Errorf("%s: got %v", want, out.Err)
		}
	}
}

// Batches cover exactly Steps samples, observers see the boundaries, and the
// training score is there when asked for.
func TestStepsAndObservers(t *testing.T) {
	var seen []int
	out := trial.NewRunner().Run(ctx, trial.Trial{
		Task: regression, Network: linear(6, 3), Learner: named(t, "bp"), Batch: 8, Steps: 50, Key: key.Root(1), ScoreTrain: true,
		ObserveEvery: 16,
		Observe: func(steps int, e tasks.Episode, m tasks.Model) {
			seen = append(seen, steps)
			e.Score(m, tasks.Validation)
		},
	})
	if out.Status != trial.OK || out.Steps != 50 || fmt.Sprint(seen) != "[16 32 48]" || out.Train.Loss == 0 {
		t.Errorf("%s %s, %d samples, observed at %v, training score %+v", out.Status, out.Reason, out.Steps, seen, out.Train)
	}
}

func TestAlignment(t *testing.T) {
	deep := network.Config{Sizes: []int{6, 20, 15, 3}, Bias: true}
	angle := func(name string, lr float64, batch int) []float64 {
		out := trial.NewRunner().Run(ctx, trial.Trial{Task: regression, Network: deep, Learner: withRate(t, name, lr),
			Batch: batch, Steps: 2000, Key: key.Root(3), MeasureAlignment: true})
		if out.Status != trial.OK {
			t.Fatalf("%s: %s: %s", name, out.Status, out.Reason)
		}
		return out.Alignment
	}
	for l, a := range angle("bp", 0.05, 4) {
		// Rounding of weights of order 0.3 against changes of 1e-3: 0.02° or less.
		if a > 0.2 {
			t.Errorf("backprop is %.2f° off its gradient at connection %d", a, l)
		}
	}
	fa := angle("fa", 0.05, 4)
	if !(fa[0] > 5 && fa[0] < 88 && fa[1] > 5 && fa[1] < 88 && fa[2] < 0.2) {
		t.Errorf("angles of feedback alignment are %.1f: hidden ones should lie below 90, the last at 0", fa)
	}
	frozen := angle("readout", 0.05, 4)
	if !math.IsNaN(frozen[0]) || !(frozen[2] < 0.2) {
		t.Errorf("angles of the readout are %.1f", frozen)
	}
}

func TestMeasuringChangesNothing(t *testing.T) {
	plain := trial.Trial{Task: regression, Network: linear(6, 5, 3), Learner: named(t, "fa"), Batch: 4, Steps: 400, Key: key.Root(3)}
	measured := plain
	measured.MeasureAlignment = true
	r := trial.NewRunner()
	a, b := r.Run(ctx, plain), r.Run(ctx, measured)
	if a.Score.Value != b.Score.Value {
		t.Errorf("score %v without and %v with measurement", a.Score.Value, b.Score.Value)
	}
}

// With one synapse post = w·pre, whatever is sampled.
func TestSample(t *testing.T) {
	r := trial.NewRunner()
	one := trial.Trial{Task: gaussian(1, 1), Network: linear(1, 1), Learner: named(t, "oja"), Steps: 500, Key: key.Root(5)}
	rows, err := r.Sample(ctx, one, 40)
	if err != nil || len(rows) != 40 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	distinct := map[float64]bool{}
	for _, v := range rows {
		if got, want := v[rulespace.SigPost], v[rulespace.SigPre]*v[rulespace.SigW]; math.Abs(got-want) > 1e-6*math.Abs(want) {
			t.Errorf("post %v, pre·w %v", got, want)
		}
		if !math.IsNaN(v[rulespace.SigErr]) || !math.IsNaN(v[rulespace.SigTarget]) {
			t.Errorf("signals that are not there have values: %v", v)
		}
		distinct[v[rulespace.SigW]] = true
	}
	if len(distinct) < 20 {
		t.Errorf("only %d different weights in 40 tuples", len(distinct))
	}

	deep := trial.Trial{Task: regression, Network: linear(6, 5, 3), Learner: named(t, "fa"), Batch: 8, Steps: 300, Key: key.Root(5)}
	rows, err = r.Sample(ctx, deep, 60)
	again, _ := r.Sample(ctx, deep, 60)
	if err != nil || len(rows) != 60 || fmt.Sprint(rows) != fmt.Sprint(again) {
		t.Fatalf("%d rows, again %d: %v", len(rows), len(again), err)
	}
	targets := 0
	for _, v := range rows {
		if !math.IsNaN(v[rulespace.SigTarget]) {
			targets++
		}
		if math.IsNaN(v[rulespace.SigErrPre]) || math.IsNaN(v[rulespace.SigRecon]) {
			t.Errorf("a provided signal is missing: %v", v)
		}
	}
	if targets == 0 || targets == 60 {
		t.Errorf("%d of 60 tuples come from the output connection", targets)
	}
	stop, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := r.Sample(stop, deep, 5); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelling gives %v", err)
	}
}
