package trial_test

import (
	"math"
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/learner"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/internal/fmath"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/kernel"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// Learners that feed errors back lower the loss of a linear teacher to a small
// part of what it is to begin with.
func TestFeedbackLearners(t *testing.T) {
	for _, name := range []string{"usf", "brsf", "frsf", "weight-mirror", "direct-kolen-pollack", "fdfa", "pal", "align-ada", "align-prop"} {
		x := trial.Trial{Task: regression, Network: linear(6, 20, 3), Learner: withRate(t, name, 0.05), Batch: 4, Steps: 6000, Key: key.Root(8)}
		initial := 0.0
		x.Observe, x.ObserveEvery = func(_ int, e tasks.Episode, m tasks.Model) {
			if initial == 0 {
				initial = e.Score(m, tasks.Validation).Loss
			}
		}, 1
		_, out := train(t, x)
		t.Logf("%s: loss %.4f → %.4f", name, initial, out.Score.Loss)
		if !(out.Score.Loss <= 0.1*initial) {
			t.Errorf("%s: loss %.4f → %.4f", name, initial, out.Score.Loss)
		}
	}
}

// Direct feedback to the last hidden layer sees what the weights from there
// see, so that under the Kolen-Pollack rule their difference shrinks by
// 1 − decay per step.
func TestDirectKolenPollack(t *testing.T) {
	n, err := network.New(linear(6, 10, 3), key.Root(1), 1)
	if err != nil {
		t.Fatal(err)
	}
	l := named(t, "direct-kolen-pollack")
	if l.Rule, err = l.Rule.WithParams(map[string]float64{"lr": 0.02, "decay": 0.01}); err != nil {
		t.Fatal(err)
	}
	circuit, err := credit.New(l.Credit, n, l.Needs(2), key.Root(1))
	if err != nil {
		t.Fatal(err)
	}
	forward, err := kernel.Compile(l.Rule)
	if err != nil {
		t.Fatal(err)
	}
	back, err := kernel.Compile(&rulespace.Rule{DW: l.Rule.DFB, Params: l.Rule.Params})
	if err != nil {
		t.Fatal(err)
	}
	p := &boundDirect{bound: bound{hidden: forward.Bind(6, 10, 1), output: forward.Bind(10, 3, 1)}, back: back.Bind(10, 3, 1), net: n}
	episode, _ := regression.Start(key.Root(2))
	b := tasks.NewBatch(regression.Info(), 1)
	var first float64
	for range 501 {
		episode.Next(b)
		circuit.Learn(n, b, p)
		if first == 0 {
			first = p.distance
		}
	}
	// As in TestKolenPollack: rounding leaves a thousandth of 0.99^500.
	if ratio := p.distance / first; math.Abs(ratio/0.00657-1) > 0.01 {
		t.Errorf("distance between weights and feedback shrinks to %.5f, want 0.00657", ratio)
	}
}

type boundDirect struct {
	bound
	back *kernel.Instance
	net  *network.Network
}

func (p *boundDirect) Present(c *network.Connection, s *credit.Signals) {
	if c.Output {
		p.output.Apply(&s.Frame, c.InPlace, c.Bias, nil)
	} else {
		p.hidden.Apply(&s.Frame, c.InPlace, c.Bias, nil)
	}
}

func (p *boundDirect) PresentFeedback(f *credit.Feedback, s *credit.Signals) {
	p.back.Apply(&s.Frame, f.W, nil, nil)
	sum := 0.0
	for j := range f.W.Rows {
		for i, w := range p.net.Conns[1].W.Row(j) {
			d := float64(w) - float64(f.W.Row(j)[i])
			sum += d * d
		}
	}
	p.distance = math.Sqrt(sum)
}

// teacher is a classification task: the largest output of a random network
// 16-12-4 of tanh units, 3000 samples to learn from and 2000 to be scored on.
type teacher struct{}

func (teacher) Info() tasks.Info {
	return tasks.Info{Name: "teacher", Kind: tasks.Classification, In: 16, Out: 4, Metric: "accuracy", Chance: 0.25, Ceiling: 1, Steps: 60000}
}

func (teacher) Start(k key.Key) (tasks.Episode, error) {
	s := key.Root(5).Stream()
	first, second := vec.New(16, 12), vec.New(12, 4)
	for j := range 16 {
		for i := range 12 {
			first.Row(j)[i] = float32(1.5 / 4 * s.Normal())
		}
	}
	for j := range 12 {
		for i := range 4 {
			second.Row(j)[i] = float32(s.Normal())
		}
	}
	x, h, y := vec.New(5000, 16), vec.New(5000, 12), vec.New(5000, 4)
	for i := range x.Rows {
		for j := range x.Row(i) {
			x.Row(i)[j] = float32(s.Normal())
		}
	}
	vec.Mul(h, x, first)
	for i := range h.Rows {
		for j, v := range h.Row(i) {
			h.Row(i)[j] = fmath.Tanh32(v)
		}
	}
	vec.Mul(y, h, second)
	e := &lesson{x: x, order: make([]int, 3000), s: k.Child("order", 0).Stream()}
	for i := range y.Rows {
		best := 0
		for c, v := range y.Row(i) {
			if v > y.Row(i)[best] {
				best = c
			}
		}
		e.labels = append(e.labels, best)
	}
	return e, nil
}

type lesson struct {
	x      *vec.Matrix
	labels []int
	order  []int
	next   int
	s      *key.Stream
}

func (e *lesson) Next(b *tasks.Batch) {
	b.N = b.X.Rows
	for i := range b.N {
		if e.next%len(e.order) == 0 {
			e.s.Perm(e.order)
		}
		q := e.order[e.next%len(e.order)]
		e.next++
		copy(b.X.Row(i), e.x.Row(q))
		b.Labels[i] = e.labels[q]
		clear(b.Y.Row(i))
		b.Y.Row(i)[e.labels[q]] = 1
	}
}

func (e *lesson) Score(m tasks.Model, _ tasks.Split) tasks.Score {
	test := vec.Matrix{Rows: 2000, Cols: e.x.Cols, Stride: e.x.Stride, Data: e.x.Data[3000*e.x.Stride:]}
	out, right := m.Outputs(&test), 0
	for i := range out.Rows {
		best := 0
		for c, v := range out.Row(i) {
			if v > out.Row(i)[best] {
				best = c
			}
		}
		if best == e.labels[3000+i] {
			right++
		}
	}
	a := float64(right) / 2000
	return tasks.Score{Value: a, Raw: a, Accuracy: a}
}

// Projected targets for a hidden layer of 64 relu units beat a frozen one by 2
// points after ten epochs online, the output learning from its error at one
// rate; means of two networks. (A float64 program of our own found 79.8 % for
// the frozen layer, 85.2 for drtp, 86.8 for tpsgd after twenty, with one seed
// and the best of five rates. With tanh units, of which the teacher is made, a
// frozen layer is as good as any that only knows the class.)
func TestTargetProjectionBeatsReadout(t *testing.T) {
	output, err := named(t, "bp").Rule.WithParams(map[string]float64{"lr": 0.009})
	if err != nil {
		t.Fatal(err)
	}
	cfg := network.Config{Sizes: []int{16, 64, 4}, Hidden: network.Activation{Name: "relu"}, Loss: network.CrossEntropy}
	accuracy := func(l learner.Learner) float64 {
		l.OutputRule = output
		sum := 0.0
		for seed := range uint64(2) {
			_, o := train(t, trial.Trial{Task: teacher{}, Network: cfg, Learner: l, Batch: 1, Steps: 30000, Key: key.Root(9 + seed)})
			sum += o.Score.Accuracy / 2
		}
		return sum
	}
	readout := accuracy(named(t, "readout"))
	for _, c := range []struct {
		name string
		rate float64
	}{{"drtp", 0.03}, {"drtp-momentum", 0.003}, {"tpsgd-l2", 0.001}, {"tpsgd-l1", 0.0005}} {
		a := accuracy(withRate(t, c.name, c.rate))
		t.Logf("%s %.3f, readout %.3f", c.name, a, readout)
		if a < readout+0.02 {
			t.Errorf("%s has accuracy %.3f, readout %.3f", c.name, a, readout)
		}
	}
}

// The difference of two passes beats a frozen hidden layer on small images.
// (On the teacher of 16 inputs it does so with some matrices F and not with
// others: over six seeds it lost 2 points on average, single ones from −6 to
// +5. Up to their gates all units there learn by one matrix of rank 3 on their
// inputs, F E[e xᵀ], which may be why; that was not tested.)
func TestPepitaBeatsReadout(t *testing.T) {
	task, err := tasks.Open(tasks.Spec{Name: "glyphs", Options: map[string]string{"side": "14", "train": "2000", "samples": "500"}}, tasks.Source{})
	if err != nil {
		t.Fatal(err)
	}
	cfg := network.Config{Sizes: []int{196, 64, 10}, Hidden: network.Activation{Name: "relu"}, Loss: network.CrossEntropy, Init: "he"}
	accuracy := func(l learner.Learner) float64 {
		_, o := train(t, trial.Trial{Task: task, Network: cfg, Learner: l, Batch: 10, Steps: 8000, Key: key.Root(9)})
		return o.Score.Accuracy
	}
	for _, name := range []string{"pepita", "pepita-momentum"} {
		pepita := named(t, name)
		readout := pepita
		readout.FreezeHidden = true
		a, control := accuracy(pepita), accuracy(readout)
		t.Logf("%s %.3f, readout %.3f", name, a, control)
		if a < control+0.02 {
			t.Errorf("%s has accuracy %.3f, readout %.3f", name, a, control)
		}
	}
}
