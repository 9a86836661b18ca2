package main

import (
	"context"
	"fmt"

	"github.com/metaplast/metaplast/inner/fastweight"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/inner/topdown"
	"github.com/metaplast/metaplast/inner/vsml"
	"github.com/metaplast/metaplast/internal/es"
	"github.com/metaplast/metaplast/internal/fmath"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// metaLearner is a learner whose outer loop changes slow parameters instead of
// a rule, on a small task of the kind that its source has.
type metaLearner struct {
	name, title string
	task        string // with what counts as right
	learned     string // what the outer loop changes
	source      string
	// run is one run of the outer loop and its test on fresh lives. The first
	// arm is the control; all runs have the same arms.
	run func(m *metaLab, k key.Key) ([]metaArm, error)
}

// metaArm is one way to go about a task.
type metaArm struct {
	what     string
	slow     int // parameters that the outer loop has changed
	accuracy float64
}

// metaLearners lists them by name.
func metaLearners() []metaLearner {
	return []metaLearner{deltaMemory, gatedPlasticity, lateGatedPlasticity, decayingPlasticity, ojaPlasticity, selfReferential, topDown, sharedSynapses}
}

// metaLab is where they are tried.
type metaLab struct {
	ctx   context.Context
	quick bool
}

func (m *metaLab) n(full, quick int) int {
	if m.quick {
		return quick
	}
	return full
}

// evolve moves slow parameters by an evolution strategy to what is best in the
// mean of some lives, which all members of a generation share.
func (m *metaLab) evolve(start []float64, s es.Options, generations, lives int, k key.Key, life func(slow []float64, k key.Key) float64) []float64 {
	s.Start, s.Momentum = start, -1
	slow, err := es.Evolve(s, m.n(generations, 2), k.Child("evolution", 0), func(slow []float64, generation int) float64 {
		if m.ctx.Err() != nil {
			return 0
		}
		return mean(k.Child("generation", uint64(generation)), m.n(lives, 1), func(k key.Key) float64 { return life(slow, k) })
	})
	if err != nil {
		panic("bench meta: " + err.Error()) // options do not depend on the user
	}
	return slow
}

// test is the mean over fresh lives.
func (m *metaLab) test(lives int, k key.Key, life func(k key.Key) float64) float64 {
	return mean(k.Child("test", 0), m.n(lives, 2), life)
}

func mean(k key.Key, n int, of func(k key.Key) float64) float64 {
	sum := 0.0
	for i := range n {
		sum += of(k.Child("life", uint64(i))) / float64(n)
	}
	return sum
}

const (
	plasticUnits = 40
	plasticNoise = 0.5
	shown        = 3.0 // input of a bit that is shown, times its sign
)

// plasticLife shows patterns of ±1 to a network with fast weights, three steps
// each, then half of the bits of one; the share of the other half that is
// right after three steps. One more unit tells which pattern will be asked
// for, while it is shown or, late, in the step after. It acts on the modulator
// alone. All other units hear noise.
func plasticLife(p *fastweight.Plastic, patterns int, late bool, k key.Key) float64 {
	s := k.Stream()
	bits := make([][]float32, patterns)
	for i := range bits {
		bits[i] = make([]float32, plasticUnits)
		for j := range bits[i] {
			bits[i][j] = float32(2*s.IntN(2) - 1)
		}
	}
	asked := s.IntN(patterns)
	in := make([]float32, plasticUnits+1)
	step := func(x []float32, known int, order []int, flag bool) []float32 {
		for j := range plasticUnits {
			in[j] = float32(plasticNoise * s.Normal())
		}
		for _, j := range order[:known] {
			in[j] += float32(shown * x[j])
		}
		in[plasticUnits] = 0
		if flag {
			in[plasticUnits] = shown
		}
		return p.Step(in)
	}
	order := make([]int, plasticUnits)
	s.Perm(order)
	h := vec.New(plasticUnits+1, plasticUnits+1)
	p.Reset()
	const steps = 3
	for i, x := range bits {
		for n := range steps {
			step(x, plasticUnits, order, !late && i == asked || late && i == asked+1 && n == 0)
		}
	}
	step(bits[0], 0, order, late && asked == patterns-1)
	h.CopyFrom(p.H)
	p.Reset() // what is active now is no cue
	p.H.CopyFrom(h)
	known := plasticUnits / 2
	var y []float32
	for range steps {
		y = step(bits[asked], known, order, false)
	}
	right := 0.0
	for _, j := range order[known:] {
		if y[j]*bits[asked][j] > 0 {
			right++
		}
	}
	return right / float64(plasticUnits-known)
}

// plasticNetwork has the slow parameters ln η, ln α and, where it has a
// modulator, that of the unit which tells.
func plasticNetwork(rule func(eta float64) *rulespace.Rule, slow []float64) *fastweight.Plastic {
	p, err := fastweight.NewPlastic(plasticUnits+1, rule(fmath.Exp(slow[0])))
	if err != nil {
		panic("bench meta: " + err.Error()) // the rules are those of the package
	}
	alpha := float32(fmath.Exp(slow[1]))
	for j := range plasticUnits {
		for i := range plasticUnits {
			p.Alpha.Row(j)[i] = alpha
		}
	}
	if len(slow) > 2 {
		p.Modulator = make([]float32, plasticUnits+1)
		p.Modulator[plasticUnits] = float32(slow[2])
	}
	return p
}

var slowPlastic = es.Options{Population: 12, Sigma: 0.3, Rate: 3.333}

func runPlastic(rule func(eta float64) *rulespace.Rule, patterns int, gated, late bool) func(m *metaLab, k key.Key) ([]metaArm, error) {
	return func(m *metaLab, k key.Key) ([]metaArm, error) {
		life := func(slow []float64, k key.Key) float64 {
			return plasticLife(plasticNetwork(rule, slow), patterns, late, k)
		}
		evolved := func(slow ...float64) float64 {
			slow = m.evolve(slow, slowPlastic, 30, 4, k, life)
			return m.test(100, k, func(k key.Key) float64 { return life(slow, k) })
		}
		start := []float64{fmath.Log(0.01), 0}
		still := m.test(100, k, func(k key.Key) float64 {
			p := plasticNetwork(rule, start)
			p.Alpha.Zero()
			return plasticLife(p, patterns, late, k)
		})
		first := append([]float64(nil), start...)
		if gated {
			first = append(first, 0.1)
		}
		arms := []metaArm{
			{"no plasticity", 0, still},
			{"plasticity before the outer loop", 0, m.test(100, k, func(k key.Key) float64 { return life(first, k) })},
		}
		if gated {
			arms = append(arms, metaArm{"plasticity without a modulator, evolved", 2, evolved(start...)})
		}
		return append(arms, metaArm{"plasticity, evolved", len(first), evolved(first...)}), nil
	}
}

const plasticTask = "40 tanh units with noise of 0.5 are shown %s of ±1, then half of the bits of one; share of the other bits that are right"

var decayingPlasticity = metaLearner{
	name: "plasticity-decaying", title: "differentiable plasticity with decaying fast weights",
	task: fmt.Sprintf(plasticTask, "2 patterns"), learned: "η and one α for all synapses; the paper learns an α and a weight for each by gradient",
	source: "T. Miconi, J. Clune, K. Stanley, ICML (2018)",
	run:    runPlastic(fastweight.Decaying, 2, false, false),
}

var ojaPlasticity = metaLearner{
	name: "plasticity-oja", title: "differentiable plasticity by Oja's rule",
	task: fmt.Sprintf(plasticTask, "2 patterns"), learned: "η and one α for all synapses; the paper learns an α and a weight for each by gradient",
	source: "T. Miconi, J. Clune, K. Stanley, ICML (2018)",
	run:    runPlastic(fastweight.Oja, 2, false, false),
}

var gatedPlasticity = metaLearner{
	name: "modulated-plasticity", title: "plasticity that a neuromodulator gates as it happens",
	task:    fmt.Sprintf(plasticTask, "8 patterns") + "; a unit that drives the modulator is on while that pattern is shown",
	learned: "η, one α for all synapses, and the weight of the modulator; the paper learns all weights by gradient",
	source:  "T. Miconi et al., ICLR (2019)",
	run:     runPlastic(fastweight.Simple, 8, true, false),
}

var lateGatedPlasticity = metaLearner{
	name: "modulated-plasticity-late", title: "plasticity that a neuromodulator decides on later (retroactive)",
	task:    fmt.Sprintf(plasticTask, "8 patterns") + "; a unit that drives the modulator is on in the step after that pattern",
	learned: "η, one α for all synapses, and the weight of the modulator; the paper learns all weights by gradient",
	source:  "T. Miconi et al., ICLR (2019)",
	run:     runPlastic(fastweight.Retroactive, 8, true, true),
}

// deltaMemory is a memory of fast weights that is written by the delta rule.
var deltaMemory = metaLearner{
	name: "fast-weight-memory", title: "fast weights written by keys",
	task:    "60 writes of 8 bits of ±1 at 12 random unit keys of 16 numbers, most of them over an older value; share of the bits last written that are read",
	learned: "the rate β of the delta rule",
	source:  "I. Schlag, K. Irie, J. Schmidhuber, ICML (2021)",
	run: func(m *metaLab, k key.Key) ([]metaArm, error) {
		life := func(write func(m *fastweight.Memory, key, value []float64)) func(k key.Key) float64 {
			return func(k key.Key) float64 { return memoryLife(write, k) }
		}
		replace := func(slow []float64) func(k key.Key) float64 {
			beta := fmath.Sigmoid(slow[0])
			return life(func(m *fastweight.Memory, key, value []float64) { m.Replace(key, value, beta) })
		}
		slow := m.evolve([]float64{0}, es.Options{Population: 8, Sigma: 0.3, Rate: 3.333}, 30, 8, k, func(slow []float64, k key.Key) float64 { return replace(slow)(k) })
		return []metaArm{
			{"sums (linear attention)", 0, m.test(200, k, life((*fastweight.Memory).Add))},
			{"delta rule before the outer loop, β = ½", 0, m.test(200, k, replace([]float64{0}))},
			{"delta rule, evolved", 1, m.test(200, k, replace(slow))},
		}, nil
	},
}

func memoryLife(write func(m *fastweight.Memory, key, value []float64), k key.Key) float64 {
	const keys, size, bits, writes = 12, 16, 8, 60
	s := k.Stream()
	m := fastweight.NewMemory(size, bits)
	var at, last [keys][]float64
	for i := range at {
		at[i] = make([]float64, size)
		for j := range at[i] {
			at[i][j] = s.Normal()
		}
		scale(at[i], 1/length(at[i]))
	}
	for range writes {
		i := s.IntN(keys)
		last[i] = make([]float64, bits)
		for j := range last[i] {
			last[i][j] = float64(2*s.IntN(2) - 1)
		}
		write(m, at[i], last[i])
	}
	right, asked := 0.0, 0.0
	out := make([]float64, bits)
	for i, v := range last {
		if v == nil {
			continue
		}
		m.Read(out, at[i])
		for j, x := range out {
			asked++
			if x*v[j] > 0 {
				right++
			}
		}
	}
	return right / asked
}

// selfReferential binds values to keys with nothing but its own writing.
var selfReferential = metaLearner{
	name: "self-referential", title: "self-referential weight matrix",
	task:    "3 of 4 keys are each shown once with one of 2 values, then one of them alone; share of right values",
	learned: fmt.Sprintf("all %d weights at the start of an episode", fastweight.StartSize(bindIn, 2)),
	source:  "K. Irie, I. Schlag, R. Csordás, J. Schmidhuber, ICML (2022)",
	run: func(m *metaLab, k key.Key) ([]metaArm, error) {
		s := k.Child("start", 0).Stream()
		start := make([]float64, fastweight.StartSize(bindIn, 2))
		for i := range start {
			start[i] = s.Normal()
		}
		slow := m.evolve(start, es.Options{Population: 64, Sigma: 0.2, Rate: 25}, 400, 8, k, func(slow []float64, k key.Key) float64 { return bindingLife(slow, true, false, k) })
		answer := func(slow []float64, rewrites bool) float64 {
			return m.test(500, k, func(k key.Key) float64 { return bindingLife(slow, rewrites, true, k) })
		}
		return []metaArm{
			{"evolved, weights held still in the test", len(slow), answer(slow, false)},
			{"before the outer loop", 0, answer(start, true)},
			{"evolved", len(slow), answer(slow, true)},
		}, nil
	},
}

const bindIn = 6 // four keys and two values

// bindingLife is whether the last answer is right or, for the outer loop, by
// how much.
func bindingLife(start []float64, rewrites, test bool, k key.Key) float64 {
	s := k.Stream()
	w := fastweight.NewSelfReferential(bindIn, 2, start)
	order := make([]int, 4)
	s.Perm(order)
	var value [4]int
	x := make([]float64, bindIn)
	const strength = 4
	for _, i := range order[:3] {
		value[i] = s.IntN(2)
		clear(x)
		x[i], x[4+value[i]] = strength, strength
		if w.Step(x); !rewrites {
			w.Reset()
		}
	}
	asked := order[s.IntN(3)]
	clear(x)
	x[asked] = strength
	y := w.Step(x)
	lead := y[value[asked]] - y[1-value[asked]]
	if !test {
		return fmath.Tanh(lead)
	}
	if lead > 0 {
		return 1
	}
	return 0
}

// topDown is the credit of a network that an outer loop has found.
var topDown = metaLearner{
	name: "tdca", title: "top-down credit assignment (our reconstruction)",
	task:    "a fresh 2-8-1 tanh network has 50 batches of 4 samples to learn the sign of a random function a·x + b·y + c·xy; share of right signs afterwards",
	learned: fmt.Sprintf("all %d weights of the top-down network", topdown.NewNetwork(teachSizes(), 12, 2).Size()),
	source:  "the levels, the evolution strategy and the credit diffusion of TDCA; its equations were not at hand",
	run: func(m *metaLab, k key.Key) ([]metaArm, error) {
		g := topdown.NewNetwork(teachSizes(), 12, 2)
		taught, err := newTeaching(g)
		if err != nil {
			return nil, err
		}
		exact, err := newTeaching(topdown.Exact{})
		if err != nil {
			return nil, err
		}
		life := func(slow []float64, k key.Key) (right, loss float64) {
			g.Set(slow)
			return taught.life(k)
		}
		start := g.Start(k.Child("start", 0))
		slow := m.evolve(start, es.Options{Population: 32, Sigma: 0.05, Rate: 20}, 120, 2, k, func(slow []float64, k key.Key) float64 {
			_, loss := life(slow, k)
			return -loss
		})
		answer := func(slow []float64) float64 {
			return m.test(100, k, func(k key.Key) float64 {
				right, _ := life(slow, k)
				return right
			})
		}
		return []metaArm{
			{"before the outer loop: no credit", 0, answer(start)},
			{"evolved credit", len(slow), answer(slow)},
			{"backprop at the same rate", 0, m.test(100, k, func(k key.Key) float64 {
				right, _ := exact.life(k)
				return right
			})},
		}, nil
	},
}

func teachSizes() []int { return []int{2, 8, 1} }

// teaching is a network that learns with somebody's credit.
type teaching struct {
	net     *network.Network
	learner *topdown.Learner
	batch   *tasks.Batch
}

func newTeaching(source topdown.Source) (*teaching, error) {
	const samples = 4
	net, err := network.New(network.Config{Sizes: teachSizes(), Hidden: network.Activation{Name: "tanh"}, Bias: true}, key.Root(1), samples)
	if err != nil {
		return nil, err
	}
	rule, err := rulespace.ParseRule("dw: lr*err*pre; db: lr*err", rulespace.Param{Name: "lr", Value: 0.1})
	if err != nil {
		return nil, err
	}
	l, err := topdown.New(net, source, rule)
	return &teaching{net, l, &tasks.Batch{N: samples, X: vec.New(samples, 2), Y: vec.New(samples, 1)}}, err
}

// life is the share of right signs and the mean loss after a life.
func (t *teaching) life(k key.Key) (right, loss float64) {
	if err := t.net.Reset(k.Child("init", 0)); err != nil {
		panic("bench meta: " + err.Error()) // it was made before
	}
	s := k.Child("data", 0).Stream()
	a, b, c := s.Normal(), s.Normal(), s.Normal()
	next := func() {
		for q := range t.batch.N {
			x, y := s.Uniform(-1, 1), s.Uniform(-1, 1)
			t.batch.X.Row(q)[0], t.batch.X.Row(q)[1] = float32(x), float32(y)
			t.batch.Y.Row(q)[0] = -1
			if float64(a*x)+float64(b*y)+float64(c*x*y) > 0 {
				t.batch.Y.Row(q)[0] = 1
			}
		}
	}
	for range 50 {
		next()
		t.learner.Learn(t.batch)
	}
	const batches = 10
	for range batches {
		next()
		t.net.Forward(t.batch.X)
		loss += t.net.Loss(t.batch.Y) / batches
		y := t.net.Act[len(t.net.Conns)]
		for q := range t.batch.N {
			if y.Row(q)[0]*t.batch.Y.Row(q)[0] > 0 {
				right += 1 / float64(batches*t.batch.N)
			}
		}
	}
	return right, loss
}

// sharedSynapses is variable shared meta learning.
var sharedSynapses = metaLearner{
	name: "vsml", title: "variable shared meta learning",
	task:    "two digits of the glyphs set at 7×7 pixels, shown once each, 100 in all, to 49 synapses that know nothing; share of right answers to the second half",
	learned: fmt.Sprintf("the four numbers of a delta rule written into the %d parameters that all synapses share, on random linear teachers of 16 inputs; the paper learns all parameters by gradient", vsml.Size),
	source:  "L. Kirsch, J. Schmidhuber, NeurIPS (2021), with smaller synapses",
	run: func(m *metaLab, k key.Key) ([]metaArm, error) {
		var digits []tasks.Task
		for _, classes := range []string{"0+1", "3+8", "4+9"}[:m.n(3, 1)] {
			t, err := openTask(fmt.Sprintf("glyphs:side=7,train=%d,samples=10,standardize=global,classes=%s", m.n(1000, 100), classes), 0, "")
			if err != nil {
				return nil, err
			}
			digits = append(digits, t)
		}
		unit := func(slow []float64, inputs int) online {
			return &linearUnit{make([]float64, inputs), fmath.Exp(slow[0])}
		}
		synapses := func(slow []float64, inputs int) online {
			return &synapseUnit{n: vsml.New([]int{inputs, 1}, slow), out: make([]float64, 1), errors: make([]float64, 1)}
		}
		rule := func(slow []float64, inputs int) online {
			return synapses(vsml.DeltaRule(fmath.Exp(slow[0]), fmath.Exp(slow[1]), fmath.Exp(slow[2]), fmath.Exp(slow[3])), inputs)
		}
		evolved := func(start []float64, s es.Options, make func(slow []float64, inputs int) online) []float64 {
			return m.evolve(start, s, 40, 2, k, func(slow []float64, k key.Key) float64 {
				_, loss := onlineLife(make(slow, teacherInputs), linearTeacher(k))
				return -loss
			})
		}
		answer := func(slow []float64, make func(slow []float64, inputs int) online) float64 {
			return m.test(20, k, func(k key.Key) float64 {
				right := 0.0
				for i, t := range digits {
					next, err := digitStream(t, k.Child("digits", uint64(i)))
					if err != nil {
						panic("bench meta: " + err.Error()) // the task is made on the spot
					}
					r, _ := onlineLife(make(slow, t.Info().In), next)
					right += r / float64(len(digits))
				}
				return right
			})
		}
		hand := vsml.DeltaRule(1, 0.02, 1, 10)
		random, s := make([]float64, vsml.Size), k.Child("start", 0).Stream()
		for i := range random {
			random[i] = 0.3 * s.Normal()
		}
		slow := evolved([]float64{0, fmath.Log(0.02), 0, fmath.Log(10)}, es.Options{Population: 16, Sigma: 0.3, Rate: 3.333}, rule)
		rate := evolved([]float64{fmath.Log(0.01)}, es.Options{Population: 8, Sigma: 0.3, Rate: 3.333}, unit)
		return []metaArm{
			{"random parameters", 0, answer(random, synapses)},
			{"the delta rule, by hand", 0, answer(hand, synapses)},
			{"its four numbers, evolved", len(slow), answer(slow, rule)},
			{"a linear unit by gradient, its rate evolved", 1, answer(rate, unit)},
		}, nil
	},
}

// online is a unit that answers, then is told by how much it was wrong.
type online interface {
	answer(x []float64) float64
	learn(x []float64, wrong float64)
}

type linearUnit struct {
	w    []float64
	rate float64
}

func (u *linearUnit) answer(x []float64) float64       { return dot(u.w, x) }
func (u *linearUnit) learn(x []float64, wrong float64) { addTo(u.w, u.rate*wrong, x) }

type synapseUnit struct {
	n           *vsml.Network
	out, errors []float64
}

func (u *synapseUnit) answer(x []float64) float64 {
	u.n.Predict(u.out, x)
	return u.out[0]
}

func (u *synapseUnit) learn(_ []float64, wrong float64) {
	u.errors[0] = wrong
	u.n.Learn(u.errors)
}

// onlineLife is the share of right answers to the second half of 100 samples,
// and their mean squared error.
func onlineLife(u online, next func() (x []float64, label float64)) (right, loss float64) {
	const samples = 100
	for i := range samples {
		x, label := next()
		y := u.answer(x)
		if i >= samples/2 {
			if y*label > 0 {
				right += 2.0 / samples
			}
			loss += 2 * float64((label-y)*(label-y)) / samples
		}
		u.learn(x, label-y)
	}
	return right, loss
}

const teacherInputs = 16

func linearTeacher(k key.Key) func() ([]float64, float64) {
	s := k.Stream()
	draw := func() []float64 {
		x := make([]float64, teacherInputs)
		for i := range x {
			x[i] = s.Normal()
		}
		return x
	}
	teacher := draw()
	return func() ([]float64, float64) {
		x := draw()
		if dot(x, teacher) > 0 {
			return x, 1
		}
		return x, -1
	}
}

// digitStream is samples of two classes as labels of −1 and 1.
func digitStream(t tasks.Task, k key.Key) (func() ([]float64, float64), error) {
	e, err := t.Start(k)
	if err != nil {
		return nil, err
	}
	b := tasks.NewBatch(t.Info(), 1)
	return func() ([]float64, float64) {
		e.Next(b)
		x := make([]float64, t.Info().In)
		for i, v := range b.X.Row(0) {
			x[i] = float64(v)
		}
		return x, float64(2*b.Labels[0] - 1)
	}, nil
}
