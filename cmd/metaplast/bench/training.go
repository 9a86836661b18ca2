package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/learner"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// The learners of the races: backpropagation, and direct feedback alignment
// whose hidden weights decay as Oja's do, with the numbers of the peers.
const (
	rate, decay = 0.01, 0.1

	gradientRule = "0.01*err*pre"
	decayingRule = "0.01*(err*pre - 0.1*post^2*w)"
)

// training is whole trials of networks with a hidden layer of tanh units and
// a softmax of ten classes, from text to trained weights.
func training() []Figure {
	var figures []Figure
	for _, size := range []shape{{0, 784, 128}, {0, 40, 64}} {
		for _, how := range []struct {
			name, circuit, rule string
			batch               int
			cases               []Case
		}{
			{"online, rule of 7 nodes", "dfa", decayingRule, 1, []Case{{Peer: "torch", Kind: "rule"}, {Peer: "numpy", Kind: "rule"}}},
			{"backprop, batch 1", "bp", gradientRule, 1, backpropCases()},
			{"backprop, batch 64", "bp", gradientRule, 64, backpropCases()},
		} {
			s := shape{how.batch, size.in, size.out}
			f := Figure{
				Group: "training", Name: fmt.Sprintf("%d-%d-%d %s", s.in, s.out, classes, how.name), Unit: "samples/s",
				Least: 20 * time.Millisecond,
			}
			for _, c := range how.cases {
				c.Sizes, c.Work = []int{s.batch, s.in, s.out, classes}, float64(s.batch)
				f.Cases = append(f.Cases, c)
			}
			f.Enter = func() ([]Entrant, error) {
				t, err := trialOf(s, how.circuit, how.rule)
				if err != nil {
					return nil, err
				}
				byHand := newHand(s, how.circuit == "dfa")
				return []Entrant{
					{Kind: Own, Name: "metaplast", Work: float64(s.batch), Run: runTrial(t)},
					trainingLimit(s),
					{Kind: Other, Name: "Go, same kernels", Work: float64(s.batch), Run: timed(byHand.learn)},
				}, nil
			}
			figures = append(figures, f)
		}
	}
	return figures
}

func backpropCases() []Case {
	return []Case{{Peer: "torch", Kind: "backprop"}, {Peer: "torch", Name: "torch autograd", Kind: "autograd"}, {Peer: "numpy", Kind: "backprop"}}
}

const classes = 10

func trialOf(s shape, circuit, rule string) (trial.Trial, error) {
	hidden, err := rulespace.ParseRule(rule)
	if err != nil {
		return trial.Trial{}, err
	}
	output, err := rulespace.ParseRule(gradientRule)
	return trial.Trial{
		Network: network.Config{Sizes: []int{s.in, s.out, classes}, Hidden: network.Activation{Name: "tanh"}, Loss: network.CrossEntropy},
		Learner: learner.Learner{Credit: credit.Config{Name: circuit}, Rule: hidden, OutputRule: output},
		Batch:   s.batch,
		Key:     key.Root(1),
	}, err
}

// runTrial learns from as many batches as there are calls.
func runTrial(t trial.Trial) func(int) (Time, error) {
	r := trial.NewRunner()
	return func(calls int) (Time, error) {
		watch := &stopwatch{}
		t.Task, t.Steps = canned{t.Network.Sizes[0], watch}, calls*t.Batch
		if out := r.Run(context.Background(), t); out.Status != trial.OK {
			return Time{}, fmt.Errorf("trial %s: %s", out.Status, out.Reason)
		}
		return watch.taken, nil
	}
}

// stopwatch takes the time from the first sample of a trial to its score, so
// that making a network, which other entrants do beforehand, does not count.
type stopwatch struct {
	running bool
	wall    time.Time
	cpu     time.Duration
	taken   Time
}

func (s *stopwatch) start() {
	if s != nil && !s.running {
		s.running, s.wall, s.cpu = true, time.Now(), threadTime()
	}
}

func (s *stopwatch) stop() { s.taken = Time{time.Since(s.wall), threadTime() - s.cpu} }

// trainingLimit is what a sample costs at least: online, that all weights are
// read and then changed; in batches, the products.
func trainingLimit(s shape) Entrant {
	if s.batch > 1 {
		forward := s.in*s.out + s.out*classes
		limit := arithmetic(1 / float64(2*(2*forward+s.out*classes)))
		return limit
	}
	if vec.LimitMulAdd(1) == 0 {
		return Entrant{}
	}
	x := random(1, s.in*s.out/vec.LimitStep*vec.LimitStep).Data
	return Entrant{Kind: Limit, Name: level(4*len(x)) + " read, update", Work: 1, Run: timed(func() {
		vec.LimitRead(x)
		vec.LimitUpdate(x)
	})}
}

// canned is a task of 64 samples, without zeros, in a fixed order, so that
// nothing but learning is measured.
type canned struct {
	in    int
	watch *stopwatch // may be nil
}

const cannedSamples = 64

func (c canned) Info() tasks.Info {
	return tasks.Info{Name: "canned", Kind: tasks.Classification, In: c.in, Out: classes, Steps: cannedSamples, Ceiling: 1}
}

func (c canned) Start(k key.Key) (tasks.Episode, error) {
	e := &cannedEpisode{watch: c.watch, x: vec.New(cannedSamples, c.in)}
	s := k.Stream()
	for i := range cannedSamples {
		for j := range e.x.Row(i) {
			e.x.Row(i)[j] = float32(s.Uniform(0.001, 1))
		}
	}
	return e, nil
}

type cannedEpisode struct {
	watch *stopwatch
	x     *vec.Matrix
	at    int
}

func (e *cannedEpisode) Next(b *tasks.Batch) {
	e.watch.start()
	b.N = b.X.Rows
	for i := range b.N {
		e.at = (e.at + 1) % cannedSamples
		copy(b.X.Row(i), e.x.Row(e.at))
		b.Labels[i] = e.at % classes
		clear(b.Y.Row(i))
		b.Y.Row(i)[b.Labels[i]] = 1
	}
}

func (e *cannedEpisode) Score(tasks.Model, tasks.Split) tasks.Score {
	e.watch.stop()
	return tasks.Score{}
}

// hand is what a programmer would write for one learner and one size of
// network on the same kernels.
type hand struct {
	episode    tasks.Episode
	batch      *tasks.Batch
	w1, w2, fb *vec.Matrix
	h, y, d1   *vec.Matrix
	shrink     []float32
	scratch    []float32 // of kernels, as is more
	more       []float32
	decays     bool
}

func newHand(s shape, decays bool) *hand {
	task := canned{in: s.in}
	episode, err := task.Start(key.Root(1))
	if err != nil {
		panic(err) // never
	}
	n := &hand{
		episode: episode, batch: tasks.NewBatch(task.Info(), s.batch), decays: decays,
		w1: vec.New(s.in, s.out), w2: vec.New(s.out, classes),
		h: vec.New(s.batch, s.out), y: vec.New(s.batch, classes), d1: vec.New(s.batch, s.out),
		shrink: vec.New(1, s.out).Data, scratch: vec.New(1, s.out).Data, more: vec.New(1, s.out).Data,
	}
	network.Initialise(n.w1, "glorot", 1, key.Root(1))
	network.Initialise(n.w2, "glorot", 1, key.Root(2))
	n.fb = n.w2
	if decays {
		n.fb = vec.New(s.out, classes)
		network.Initialise(n.fb, "glorot", 1, key.Root(3))
	}
	return n
}

// learn learns from the next batch.
func (n *hand) learn() {
	b := n.batch
	n.episode.Next(b)
	vec.Mul(n.h, b.X, n.w1)
	vec.Tanh(n.h.Data, n.h.Data)
	vec.Mul(n.y, n.h, n.w2)
	vec.SoftmaxRows(n.y, n.y, 1)
	vec.SubVV(n.y.Data, b.Y.Data, n.y.Data)
	if b.N > 1 {
		vec.MulVS(n.y.Data, n.y.Data, rate/float32(b.N))
	}
	vec.MulTB(n.d1, n.y, n.fb)
	vec.TanhSlope(n.d1.Data, n.d1.Data, n.h.Data)
	switch {
	case n.decays:
		vec.Square(n.shrink, n.h.Row(0))
		vec.Rank1DecayScaled(n.w1, b.X.Row(0), n.d1.Row(0), rate, n.shrink, -rate*decay, n.scratch, n.more)
		vec.Rank1Scaled(n.w2, n.h.Row(0), n.y.Row(0), rate, n.scratch)
	case b.N == 1:
		vec.Rank1Scaled(n.w1, b.X.Row(0), n.d1.Row(0), rate, n.scratch)
		vec.Rank1Scaled(n.w2, n.h.Row(0), n.y.Row(0), rate, n.scratch)
	default:
		vec.MulTA(n.w1, b.X, n.d1)
		vec.MulTA(n.w2, n.h, n.y)
	}
}
