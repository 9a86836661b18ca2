package trial_test

import (
	"math"
	"slices"
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/learner"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/kernel"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// ellipsoid is a stream of Gaussians with standard deviations 2, 1.4, 0.98, …
// along axes that are a random rotation: returned too, longest first.
func ellipsoid(dims, out int) (stream, [][]float64) {
	s := key.Root(77).Stream()
	var axes [][]float64
	for len(axes) < dims { // Gram–Schmidt
		v := make([]float64, dims)
		for i := range v {
			v[i] = s.Normal()
		}
		for _, a := range axes {
			p := inner(v, a)
			for i := range v {
				v[i] -= p * a[i]
			}
		}
		n := math.Sqrt(inner(v, v))
		for i := range v {
			v[i] /= n
		}
		axes = append(axes, v)
	}
	return stream{in: dims, out: out, next: func(s *key.Stream, x []float32) {
		clear(x)
		sd := 2.0
		for _, a := range axes {
			z := sd * s.Normal()
			for i := range x {
				x[i] += float32(z * a[i])
			}
			sd *= 0.7
		}
	}}, axes
}

func inner(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

func cosine(a, b []float64) float64 { return inner(a, b) / math.Sqrt(inner(a, a)*inner(b, b)) }

// incoming returns the weights into one unit.
func incoming(c *network.Connection, unit int) []float64 {
	var w []float64
	for j := range c.In {
		w = append(w, float64(c.W.Row(j)[unit]))
	}
	return w
}

func train(t *testing.T, x trial.Trial) (*network.Network, trial.Outcome) {
	t.Helper()
	r := trial.NewRunner()
	out := r.Run(ctx, x)
	if out.Status != trial.OK {
		t.Fatalf("%s: %s", out.Status, out.Reason)
	}
	return r.Network(), out
}

// Oja's rule finds the first principal component with norm 1, Sanger's all of
// them in order, the subspace rule an orthonormal basis of their span that
// need not be the components. A constant rate leaves a jitter of the order of
// √(rate·variance), 2 % here.
func TestPrincipalComponents(t *testing.T) {
	task, axes := ellipsoid(6, 1)
	oja, _ := train(t, trial.Trial{Task: task, Network: linear(6, 1), Learner: withRate(t, "oja", 0.001), Steps: 20000, Key: key.Root(1)})
	w := incoming(oja.Conns[0], 0)
	if c, n := math.Abs(cosine(w, axes[0])), math.Sqrt(inner(w, w)); c < 0.995 || math.Abs(n-1) > 0.03 {
		t.Errorf("oja: |cos| with the first component %.4f, norm %.4f", c, n)
	}

	task, axes = ellipsoid(6, 3)
	gha, _ := train(t, trial.Trial{Task: task, Network: linear(6, 3), Learner: withRate(t, "gha", 0.001), Steps: 40000, Key: key.Root(1)})
	for i := range 3 {
		w := incoming(gha.Conns[0], i)
		if c := math.Abs(cosine(w, axes[i])); c < 0.99 {
			t.Errorf("gha: |cos| of unit %d with component %d is %.4f", i, i, c)
		}
	}

	sub, _ := train(t, trial.Trial{Task: task, Network: linear(6, 3), Learner: withRate(t, "subspace", 0.001), Steps: 40000, Key: key.Root(1)})
	ordered := true
	for i := range 3 {
		w := incoming(sub.Conns[0], i)
		span := 0.0
		for k := range 3 {
			span += inner(w, axes[k]) * inner(w, axes[k])
		}
		if energy := span / inner(w, w); energy < 0.99 {
			t.Errorf("subspace: energy of unit %d in the principal span is %.4f", i, energy)
		}
		for k := range 3 {
			want := 0.0
			if i == k {
				want = 1
			}
			if g := inner(w, incoming(sub.Conns[0], k)); math.Abs(g-want) > 0.05 {
				t.Errorf("subspace: product of units %d and %d is %.3f", i, k, g)
			}
		}
		ordered = ordered && math.Abs(cosine(w, axes[i])) > 0.99
	}
	if ordered {
		t.Error("subspace found the components themselves: gha and subspace are confused")
	}
}

// Plain Hebbian growth points along the first component when it explodes.
func TestHebbExplodesAlongTheFirstComponent(t *testing.T) {
	task, axes := ellipsoid(6, 1)
	r := trial.NewRunner()
	out := r.Run(ctx, trial.Trial{Task: task, Network: linear(6, 1), Learner: withRate(t, "hebb", 0.005), Steps: 20000, Key: key.Root(1)})
	if out.Status != trial.Diverged {
		t.Fatalf("status %s", out.Status)
	}
	if c := math.Abs(cosine(incoming(r.Network().Conns[0], 0), axes[0])); c < 0.99 {
		t.Errorf("|cos| with the first component %.4f", c)
	}
}

// BCM becomes selective: of two orthogonal patterns shown equally often one
// gets the response 1/probability = 2, the other none.
func TestBCMSelectivity(t *testing.T) {
	patterns := [2][2]float32{{0.8, 0.6}, {-0.6, 0.8}}
	task := stream{in: 2, out: 1, next: func(s *key.Stream, x []float32) { copy(x, patterns[s.IntN(2)][:]) }}
	for _, name := range []string{"bcm", "bcm-law-cooper"} {
		n, _ := train(t, trial.Trial{Task: task, Network: linear(2, 1), Learner: withRate(t, name, 0.0005), Steps: 60000, Key: key.Root(4)})
		w := incoming(n.Conns[0], 0)
		y := []float64{inner(w, []float64{0.8, 0.6}), inner(w, []float64{-0.6, 0.8})}
		slices.Sort(y)
		if selectivity := 1 - y[0]/y[1]; selectivity < 0.9 || selectivity > 1.1 || math.Abs(y[1]-2) > 0.2 {
			t.Errorf("%s: responses %.3f, want 0 and 2", name, y)
		}
	}
}

// constant has targets whose loss no weight can change: the one softmax unit
// always gives 1.
type constant struct{ stream }

func (c constant) Info() tasks.Info {
	i := c.stream.Info()
	i.Kind = tasks.Regression
	return i
}

func (c constant) Start(k key.Key) (tasks.Episode, error) {
	e, err := c.stream.Start(k)
	return constantEpisode{e}, err
}

type constantEpisode struct{ tasks.Episode }

func (e constantEpisode) Next(b *tasks.Batch) {
	e.Episode.Next(b)
	for i := range b.N {
		b.Y.Row(i)[0] = 3
	}
}

// With constant reward a centred three-factor rule does not drift at all, one
// without baseline does.
func TestThreeFactorCentring(t *testing.T) {
	x := trial.Trial{Task: constant{gaussian(4, 1)}, Network: network.Config{Sizes: []int{4, 1}, Output: network.Activation{Name: "softmax"}},
		Learner: named(t, "three-factor"), Steps: 500, Key: key.Root(1)}
	x.Learner.Credit = x.Learner.Credit.With("baseline", "running")
	if out := trial.NewRunner().Run(ctx, x); out.Status != trial.Silent || out.Reason != "no weight changed" {
		t.Errorf("centred rule: %s: %s", out.Status, out.Reason)
	}
	x.Learner.Rule = inline(t, "lr*reward*elig")
	if out := trial.NewRunner().Run(ctx, x); out.Status != trial.OK {
		t.Errorf("rule without baseline: %s: %s", out.Status, out.Reason)
	}
}

// Supervised learners lower the loss of a linear teacher to a small part of
// what it is to begin with.
func TestSupervisedLearners(t *testing.T) {
	for _, c := range []struct {
		name  string
		rate  float64
		batch int
		sizes []int
		most  float64 // of the initial loss
	}{
		{"bp", 0.05, 4, []int{6, 20, 3}, 0.1},
		{"fa", 0.05, 4, []int{6, 20, 3}, 0.1},
		{"dfa", 0.05, 4, []int{6, 20, 3}, 0.1},
		{"momentum", 0.01, 4, []int{6, 20, 3}, 0.1},
		{"nesterov", 0.01, 4, []int{6, 20, 3}, 0.1},
		{"adam", 0.01, 4, []int{6, 20, 3}, 0.1},
		{"kolen-pollack", 0.05, 4, []int{6, 20, 3}, 0.1},
		{"readout", 0.05, 4, []int{6, 20, 3}, 0.3},
		{"delta", 0.05, 1, []int{6, 3}, 0.01},
		{"node-perturbation", 1, 4, []int{6, 3}, 0.1},
	} {
		x := trial.Trial{Task: regression, Network: linear(c.sizes...), Learner: withRate(t, c.name, c.rate), Batch: c.batch, Steps: 12000, Key: key.Root(8)}
		initial := 0.0
		x.Observe, x.ObserveEvery = func(steps int, e tasks.Episode, m tasks.Model) {
			if initial == 0 {
				initial = e.Score(m, tasks.Validation).Loss
			}
		}, 1
		_, out := train(t, x)
		if !(out.Score.Loss <= c.most*initial) {
			t.Errorf("%s: loss %.4f → %.4f", c.name, initial, out.Score.Loss)
		}
	}
}

// Under the Kolen–Pollack rule weights and feedback see the same change and
// the same decay, so that their difference shrinks by 1 − decay per step.
func TestKolenPollack(t *testing.T) {
	n, err := network.New(linear(6, 10, 3), key.Root(1), 1)
	if err != nil {
		t.Fatal(err)
	}
	l := named(t, "kolen-pollack")
	if l.Rule, err = l.Rule.WithParams(map[string]float64{"lr": 0.02, "decay": 0.01}); err != nil {
		t.Fatal(err)
	}
	circuit, err := credit.New(l.Credit, n, l.Needs(2), key.Root(1))
	if err != nil {
		t.Fatal(err)
	}
	program, err := kernel.Compile(l.Rule)
	if err != nil {
		t.Fatal(err)
	}
	p := &bound{hidden: program.Bind(6, 10, 1), output: program.Bind(10, 3, 1)}
	episode, _ := regression.Start(key.Root(2))
	b := tasks.NewBatch(regression.Info(), 1)
	var first float64
	for step := range 501 {
		episode.Next(b)
		circuit.Learn(n, b, p)
		if step == 0 {
			first = p.distance
		}
	}
	// 0.99^500 = 0.00657; 500 roundings of weights of order 0.3 leave about
	// 1e-7·√500 of the initial distance of order 1, a thousandth of that.
	if ratio := p.distance / first; math.Abs(ratio/0.00657-1) > 0.01 {
		t.Errorf("distance between weights and feedback shrinks to %.5f, want 0.00657", ratio)
	}
}

// bound applies a rule and notes how far feedback lay from the weights.
type bound struct {
	hidden, output *kernel.Instance
	distance       float64
}

func (p *bound) PresentFeedback(*credit.Feedback, *credit.Signals) {}

func (p *bound) Present(c *network.Connection, s *credit.Signals) {
	if !c.Output {
		p.hidden.Apply(&s.Frame, c.InPlace, c.Bias, s.Feedback)
		return
	}
	sum := 0.0
	for j := range c.In {
		for i, w := range c.W.Row(j) {
			d := float64(w) - float64(s.Feedback.Row(j)[i])
			sum += d * d
		}
	}
	p.distance = math.Sqrt(sum)
	p.output.Apply(&s.Frame, c.InPlace, c.Bias, s.Feedback)
}

// threeTerms trains 784-…-10 style networks as plain float64 loops do: online,
// random feedback B, dW = lr·err·pre + a·err·err_pre + b·post·(pre − recon).
func threeTerms(w, fb [][][]float64, x, y []float64, beta, lr, a, b float64) {
	last := len(w)
	act := [][]float64{x}
	for l := range w {
		z := make([]float64, len(w[l][0]))
		for j := range w[l] {
			for i := range z {
				z[i] += w[l][j][i] * act[l][j]
			}
		}
		sum := 0.0
		for i := range z {
			if l < last-1 {
				z[i] = math.Log1p(math.Exp(beta*z[i])) / beta
			} else {
				z[i] = math.Exp(z[i])
				sum += z[i]
			}
		}
		for i := range z {
			if l == last-1 {
				z[i] /= sum
			}
		}
		act = append(act, z)
	}
	err := make([][]float64, last+1)
	for i, p := range act[last] {
		err[last] = append(err[last], y[i]-p)
	}
	for l := last - 1; l >= 0; l-- {
		err[l] = make([]float64, len(act[l]))
		for j := range err[l] {
			for i := range err[l+1] {
				err[l][j] += fb[l][j][i] * err[l+1][i]
			}
			err[l][j] *= 1 - math.Exp(-beta*act[l][j])
		}
	}
	for l := range w {
		recon := make([]float64, len(act[l]))
		for j := range recon {
			for i := range act[l+1] {
				recon[j] += act[l+1][i] * w[l][j][i]
			}
		}
		for j := range w[l] {
			for i := range w[l][j] {
				w[l][j][i] += lr*err[l+1][i]*act[l][j] + a*err[l+1][i]*err[l][j] + b*act[l+1][i]*(act[l][j]-recon[j])
			}
		}
	}
}

// recordFeedback reads the feedback weights that a trial's key leads to.
type recordFeedback [][][]float64

func (r *recordFeedback) PresentFeedback(*credit.Feedback, *credit.Signals) {}

func (r *recordFeedback) Present(c *network.Connection, s *credit.Signals) {
	var m [][]float64
	for j := range c.In {
		var row []float64
		for _, v := range s.Feedback.Row(j) {
			row = append(row, float64(v))
		}
		m = append(m, row)
	}
	*r = append(*r, m)
}

func TestThreeTermRuleAgainstLoops(t *testing.T) {
	task := classification{8, 4}
	cfg := network.Config{Sizes: []int{8, 9, 7, 4}, Hidden: network.Activation{Name: "softplus", Beta: 10}, Loss: network.CrossEntropy}
	k := key.Root(33)
	rule := inline(t, "dw: lr*err*pre + 0.03*err*err_pre + 0.004*post*(pre - recon)")
	l := learner.Learner{Credit: credit.Config{Name: "fa"}, Rule: rule}
	const steps = 200
	n, _ := train(t, trial.Trial{Task: task, Network: cfg, Learner: l, Steps: steps, Key: k})

	start, err := network.New(cfg, k.Child("init", 0), 1)
	if err != nil {
		t.Fatal(err)
	}
	w := make([][][]float64, len(start.Conns))
	for l, c := range start.Conns {
		for j := range c.In {
			var row []float64
			for _, v := range c.W.Row(j) {
				row = append(row, float64(v))
			}
			w[l] = append(w[l], row)
		}
	}
	circuit, err := credit.New(l.Credit, start, l.Needs(3), k)
	if err != nil {
		t.Fatal(err)
	}
	episode, _ := task.Start(k.Child("data", 0))
	b := tasks.NewBatch(task.Info(), 1)
	var fb recordFeedback
	for range steps {
		episode.Next(b)
		if fb == nil {
			circuit.Learn(start, b, &fb)
		}
		var x, y []float64
		for _, v := range b.X.Row(0) {
			x = append(x, float64(v))
		}
		for _, v := range b.Y.Row(0) {
			y = append(y, float64(v))
		}
		threeTerms(w, fb, x, y, 10, 0.01, 0.03, 0.004)
	}
	for l, c := range n.Conns {
		for j := range c.In {
			for i, v := range c.W.Row(j) {
				// 200 float32 steps of order 1e-3 each, errors of one part in 10^6.
				if math.Abs(float64(v)-w[l][j][i]) > 1e-5 {
					t.Fatalf("weight %d→%d of connection %d is %v, want %v", j, i, l, v, w[l][j][i])
				}
			}
		}
	}
}

func TestOutputRule(t *testing.T) {
	x := trial.Trial{Task: regression, Network: linear(6, 5, 3), Key: key.Root(8), Steps: 100,
		Learner: learner.Learner{Credit: credit.Config{Name: "none"}, Rule: inline(t, "lr*post*pre*0"), OutputRule: inline(t, "lr*(target - post)*pre")}}
	n, _ := train(t, x)
	start, err := network.New(x.Network, x.Key.Child("init", 0), 1)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(start.Conns[0].W.Data, n.Conns[0].W.Data) || slices.Equal(start.Conns[1].W.Data, n.Conns[1].W.Data) {
		t.Error("each connection should follow its own rule")
	}
}

// A rule with state starts afresh in every trial.
func TestStateDoesNotLeak(t *testing.T) {
	r := trial.NewRunner()
	x := trial.Trial{Task: regression, Network: linear(6, 5, 3), Learner: named(t, "adam"), Batch: 4, Steps: 200, Key: key.Root(8)}
	first := r.Run(ctx, x)
	second := r.Run(ctx, x)
	if first.Score.Value != second.Score.Value {
		t.Errorf("scores %v, then %v", first.Score.Value, second.Score.Value)
	}
	slow := x
	slow.Learner = withRate(t, "adam", 1e-5)
	r.Run(ctx, slow)
	if third := r.Run(ctx, x); third.Score.Value != first.Score.Value {
		t.Errorf("scores %v, then %v after a trial with another rate", first.Score.Value, third.Score.Value)
	}
}

// classification shows one of Out noisy prototypes.
type classification struct{ in, out int }

func (c classification) Info() tasks.Info {
	return tasks.Info{Name: "prototypes", Kind: tasks.Classification, In: c.in, Out: c.out, Steps: 500, Ceiling: 1}
}

func (c classification) Start(k key.Key) (tasks.Episode, error) {
	return &prototypes{classification: c, s: k.Child("samples", 0).Stream(), k: k}, nil
}

type prototypes struct {
	classification
	s *key.Stream
	k key.Key
}

func (p *prototypes) Next(b *tasks.Batch) {
	b.N = b.X.Rows
	for i := range b.N {
		label := p.s.IntN(p.out)
		b.Labels[i] = label
		clear(b.Y.Row(i))
		b.Y.Row(i)[label] = 1
		proto := p.k.Child("prototype", uint64(label)).Stream()
		for j := range b.X.Row(i) {
			b.X.Row(i)[j] = float32(proto.Float64() + 0.2*p.s.Float64())
		}
	}
}

func (p *prototypes) Score(m tasks.Model, _ tasks.Split) tasks.Score {
	b := tasks.NewBatch(p.Info(), 100)
	p.Next(b)
	out, right := m.Outputs(b.X), 0
	for i := range out.Rows {
		best := 0
		for j, v := range out.Row(i) {
			if v > out.Row(i)[best] {
				best = j
			}
		}
		if best == b.Labels[i] {
			right++
		}
	}
	a := float64(right) / 100
	return tasks.Score{Value: a, Raw: a, Accuracy: a}
}

// Classifiers of several layers learn to tell prototypes apart.
func TestClassification(t *testing.T) {
	for _, name := range []string{"bp", "fa", "dfa", "readout"} {
		for _, output := range []string{"softmax", "sigmoid"} {
			cfg := network.Config{Sizes: []int{12, 30, 20, 5}, Hidden: network.Activation{Name: "relu"}, Output: network.Activation{Name: output},
				Loss: network.CrossEntropy, Bias: true, Init: "he"}
			_, out := train(t, trial.Trial{Task: classification{12, 5}, Network: cfg, Learner: withRate(t, name, 0.1), Batch: 8, Steps: 4000, Key: key.Root(2)})
			if out.Score.Accuracy < 0.9 {
				t.Errorf("%s with %s output: accuracy %v", name, output, out.Score.Accuracy)
			}
		}
	}
}

// In a narrow deep network with large random feedback, feedback that learns as
// the forward weights do pays: this is what examples/kolen-pollack.yaml
// searches, and these are its closest rivals there.
func TestKolenPollackPays(t *testing.T) {
	spec, err := tasks.ParseSpec("regression:dims=8,outputs=4,cond=2,noise=0")
	if err != nil {
		t.Fatal(err)
	}
	task, err := tasks.Open(spec, tasks.Source{})
	if err != nil {
		t.Fatal(err)
	}
	score := func(dfb string) float64 {
		text := "dw: lr*(err*pre - 0.05*w)"
		if dfb != "" {
			text += "; dfb: " + dfb
		}
		rule, err := rulespace.ParseRule(text, rulespace.Param{Name: "lr", Value: 0.03})
		if err != nil {
			t.Fatal(err)
		}
		mean := 0.0
		for seed := range uint64(3) {
			tk := trial.Trial{
				Task:    task,
				Network: network.Config{Sizes: []int{8, 10, 10, 10, 10, 4}, Hidden: network.Activation{Name: "tanh"}},
				Learner: learner.Learner{Credit: credit.Config{Name: "fa", Options: map[string]string{"feedback_scale": "3"}}, Rule: rule},
				Steps:   5000, Key: key.Root(seed),
			}
			o := trial.NewRunner().Run(t.Context(), tk)
			if o.Err != nil {
				t.Fatal(o.Err)
			}
			mean += o.Score.Value / 3
		}
		return mean
	}
	pair := score("lr*(err*pre - 0.05*w)")
	if pair < 0.88 {
		t.Errorf("with the pair the score is %.3f", pair)
	}
	for _, dfb := range []string{"", "lr*err*pre", "lr*pre*(err - pre*w)", "lr*w*(0.05 - w*w)", "lr*0.05*pre*(err - post)", "0.05*lr*(err - w)"} {
		if s := score(dfb); s > pair-0.03 {
			t.Errorf("with dfb %q the score is %.3f, with the pair %.3f", dfb, s, pair)
		} else {
			t.Logf("%q: %.3f, pair %.3f", dfb, s, pair)
		}
	}
}
