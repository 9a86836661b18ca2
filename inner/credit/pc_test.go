package credit_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// differences compares what two circuits present as the weight change err·pre
// of a batch of one: the largest |a − b|/|b| over the connections, and the
// smallest cosine.
func differences(a, b *recorder) (rel, cos float64) {
	cos = 1
	for l := range b.values {
		u, v := outer(a.values[l]), outer(b.values[l])
		var d, n float64
		for i := range v {
			d += (u[i] - v[i]) * (u[i] - v[i])
			n += v[i] * v[i]
		}
		rel = math.Max(rel, math.Sqrt(d/n))
		cos = math.Min(cos, cosine(u, v))
	}
	return rel, cos
}

// outer is err·pre of the first sample, flat.
func outer(v map[rulespace.Signal][][]float64) []float64 {
	var p []float64
	for _, x := range v[rulespace.SigPre][0] {
		for _, e := range v[rulespace.SigErr][0] {
			p = append(p, e*x)
		}
	}
	return p
}

// presented is what a circuit presents to one batch.
func presented(t *testing.T, n *network.Network, b *tasks.Batch, cfg credit.Config) *recorder {
	t.Helper()
	var r recorder
	newCircuit(t, cfg, n, rulespace.SigErr, rulespace.SigErrPre).Learn(n, b, &r)
	return &r
}

// With fixed predictions, and with zero-divergence inference, predictive
// coding is backprop. The former does the very same operations; the latter
// takes its errors as differences of potentials, which are of order 1 and
// rounded to float32 (6e-8), hence the tolerance.
func TestExactPredictiveCodingIsBackprop(t *testing.T) {
	for _, cfg := range []network.Config{
		{Hidden: network.Activation{Name: "tanh"}},
		{Hidden: network.Activation{Name: "sigmoid"}, Loss: network.CrossEntropy},
		{Hidden: network.Activation{Name: "softplus", Beta: 2}, Output: network.Activation{Name: "sigmoid"}},
		{Hidden: network.Activation{Name: "relu"}, Output: network.Activation{Name: "sigmoid"}, Loss: network.CrossEntropy},
	} {
		cfg.Sizes, cfg.Bias = []int{7, 9, 8, 6, 4}, true
		n := newNetwork(t, cfg, 3)
		b := randomBatch(key.Root(31).Stream(), n.Config, 3)
		bp := presented(t, n, b, credit.Config{Name: "bp"})
		for name, tolerance := range map[string]float64{"pc-fixed": 0, "pc-zil": 1e-6} {
			r := presented(t, n, b, credit.Config{Name: name})
			for l := range n.Conns {
				for _, s := range []rulespace.Signal{rulespace.SigPre, rulespace.SigErr, rulespace.SigErrPre} {
					for q, row := range bp.values[l][s] {
						for i, want := range row {
							allowed := tolerance * (1 + math.Abs(want))
							if l == 0 && s == rulespace.SigErrPre { // inputs of order 1 are no activities: derivatives up to 60
								allowed *= 60
							}
							if got := r.values[l][s][q][i]; math.Abs(got-want) > allowed {
								t.Errorf("%s, %v: %v of connection %d is %v, bp has %v", name, cfg.Hidden, s, l, got, want)
							}
						}
					}
				}
			}
		}
		// Small steps arrive at the same place, e^(−0.1·400) away.
		slow := presented(t, n, b, credit.Config{Name: "pc-fixed", Options: map[string]string{"rate": "0.1", "steps": "400"}})
		if rel, _ := differences(slow, bp); rel > 1e-5 {
			t.Errorf("pc-fixed in small steps is %g away from bp", rel)
		}
	}
}

// Connections learn from the top down in zero-divergence inference, and what
// rules do to them does not reach the errors below.
func TestZeroDivergenceOrder(t *testing.T) {
	n := newNetwork(t, network.Config{Sizes: []int{4, 5, 5, 3}}, 1)
	b := randomBatch(key.Root(3).Stream(), n.Config, 1)
	bp := presented(t, n, b, credit.Config{Name: "bp"})
	var r recorder
	newCircuit(t, credit.Config{Name: "pc-zil"}, n, rulespace.SigErr).Learn(n, b, plasticity(func(c *network.Connection, s *credit.Signals) {
		c.InPlace.Zero()
		r.Present(c, s)
	}))
	if fmt.Sprint(r.order) != "[2 1 0]" {
		t.Errorf("connections are presented in order %v", r.order)
	}
	if rel, _ := differences(&r, bp); rel > 1e-6 {
		t.Errorf("%g away from bp", rel)
	}
}

// Pulled softly to its target, predictive coding approaches backprop in
// proportion to the force. A float64 program of our own with other weights of
// the same law measured .262, .034, .0036 and cosines .9937, .9999, 1.0000 at
// forces .1, .01, .001; with ten times less force the difference has to be
// ten times less, give or take what the second order adds at .1. Held hard it
// does not approach backprop however near the target is (that program: cosine
// .77 at a thousandth of the distance).
func TestNudgedPredictiveCodingApproachesBackprop(t *testing.T) {
	n := newNetwork(t, network.Config{Sizes: []int{7, 9, 8, 6, 4}, Hidden: network.Activation{Name: "tanh"}}, 1)
	s := key.Root(33).Stream()
	for l, c := range n.Conns { // normal with variance 1/in, as in that program
		for j := range c.In {
			for i := range c.InPlace.Row(j) {
				c.InPlace.Row(j)[i] = float32(s.Normal() / math.Sqrt(float64(n.Conns[l].In)))
			}
		}
	}
	b := randomBatch(key.Root(32).Stream(), n.Config, 1)
	bp := presented(t, n, b, credit.Config{Name: "bp"})
	var rel [3]float64
	for i, nudge := range []string{"0.1", "0.01", "0.001"} {
		var cos float64
		r := presented(t, n, b, credit.Config{Name: "pc-strict", Options: map[string]string{"nudge": nudge, "steps": "3000", "rate": "0.1"}})
		rel[i], cos = differences(r, bp)
		t.Logf("force %s: %.4f away from backprop, cosine %.5f", nudge, rel[i], cos)
		if bound := []float64{0.97, 0.9995, 0.99999}[i]; cos < bound {
			t.Errorf("force %s: cosine %v", nudge, cos)
		}
	}
	if rel[0] > 0.4 || rel[1] > rel[0]/5 || rel[2] > rel[1]/8 || rel[2] > 0.006 {
		t.Errorf("differences %v do not fall with the force", rel)
	}

	near := *b // a thousandth of the way
	near.Y = vec.New(1, 4)
	n.Forward(b.X)
	for k, y := range n.Act[4].Row(0) {
		near.Y.Row(0)[k] = y + 0.001*(b.Y.Row(0)[k]-y)
	}
	bp = presented(t, n, &near, credit.Config{Name: "bp"})
	held := presented(t, n, &near, credit.Config{Name: "pc-strict", Options: map[string]string{"steps": "3000"}})
	if _, cos := differences(held, bp); cos > 0.95 {
		t.Errorf("with a hard target the cosine is %v: it should not be backprop", cos)
	}
}

// Settled, strict predictive coding is where the energy ½Σ|ε|² is least, its
// signals are as defined there, and the rule err·pre goes down that energy.
func TestStrictPredictiveCodingEquilibrium(t *testing.T) {
	n := newNetwork(t, network.Config{Sizes: []int{4, 6, 5, 3}, Hidden: network.Activation{Name: "tanh"}, Bias: true}, 1)
	b := randomBatch(key.Root(35).Stream(), n.Config, 1)
	r := presented(t, n, b, credit.Config{Name: "pc-strict", Options: map[string]string{"steps": "2000", "tolerance": "1e-8"}})
	m := reference(n)
	u := [][]float64{nil, r.values[0][rulespace.SigPot][0], r.values[1][rulespace.SigPot][0]}
	x, y := float(b.X)[0], float(b.Y)[0]
	energy := func() float64 {
		sum, pre := 0.0, x
		for l := range m.w {
			target := y
			if l < 2 {
				target = u[l+1]
			}
			for i := range m.b[l] {
				z := m.b[l][i]
				for j := range pre {
					z += m.w[l][j][i] * pre[j]
				}
				sum += (target[i] - z) * (target[i] - z) / 2
			}
			pre = value(network.Activation{Name: "tanh"}, target)
		}
		return sum
	}
	slope := func(v *float64) float64 {
		const h = 1e-5
		old := *v
		*v = old + h
		up := energy()
		*v = old - h
		down := energy()
		*v = old
		return (up - down) / (2 * h)
	}
	for l := 1; l <= 2; l++ {
		for i := range u[l] {
			if s := slope(&u[l][i]); math.Abs(s) > 2e-6 {
				t.Errorf("the energy still falls with potential %d of layer %d: slope %g", i, l, s)
			}
			near(t, "post", r.values[l-1][rulespace.SigPost][0][i], math.Tanh(u[l][i]))
			near(t, "pre", r.values[l][rulespace.SigPre][0][i], math.Tanh(u[l][i]))
			near(t, "err_pre", r.values[l][rulespace.SigErrPre][0][i], r.values[l-1][rulespace.SigErr][0][i])
		}
	}
	for l := range m.w {
		err, pre := r.values[l][rulespace.SigErr][0], r.values[l][rulespace.SigPre][0]
		for i := range m.b[l] {
			near(t, "err", err[i], -slope(&m.b[l][i]))
			for j := range m.w[l] {
				near(t, "err·pre", err[i]*pre[j], -slope(&m.w[l][j][i]))
			}
		}
	}
}

// Prospective configuration: activities move first and weights follow, so that
// one update moves the output more nearly towards the target than an update
// by backprop does (target alignment), in deep linear networks most of all. Y.
// Song et al., Nat. Neurosci. 27:348 (2024), find the same.
func TestProspectiveConfigurationAlignsWithTargets(t *testing.T) {
	sum := map[string]float64{}
	const trials = 20
	for seed := range uint64(trials) {
		for _, cfg := range []credit.Config{{Name: "bp"}, {Name: "pc-strict", Options: map[string]string{"steps": "300", "tolerance": "1e-5"}}} {
			n, err := network.New(network.Config{Sizes: []int{8, 8, 8, 8, 8}, Hidden: network.Activation{Name: "linear"}}, key.Root(seed), 1)
			if err != nil {
				t.Fatal(err)
			}
			b := randomBatch(key.Root(seed).Child("batch", 0).Stream(), n.Config, 1)
			n.Forward(b.X)
			before := float(n.Act[4])[0]
			newCircuit(t, cfg, n, rulespace.SigErr).Learn(n, b, descend(0.001))
			n.Forward(b.X)
			var moved, wanted []float64
			for k, y := range n.Act[4].Row(0) {
				moved = append(moved, float64(y)-before[k])
				wanted = append(wanted, float64(b.Y.Row(0)[k])-before[k])
			}
			sum[cfg.Name] += cosine(moved, wanted) / trials
		}
	}
	t.Logf("cosine with the way to the target: %.3f by predictive coding, %.3f by backprop", sum["pc-strict"], sum["bp"])
	if sum["pc-strict"] < sum["bp"]+0.05 {
		t.Errorf("target alignment is %v", sum)
	}
}

// One step of incremental predictive coding with a rule that does nothing is
// one step of settling, and synapses that change are felt at the next.
func TestIncrementalPredictiveCoding(t *testing.T) {
	n := newNetwork(t, network.Config{Sizes: []int{4, 6, 5, 3}, Hidden: network.Activation{Name: "tanh"}, Bias: true}, 2)
	b := randomBatch(key.Root(36).Stream(), n.Config, 2)
	strict := presented(t, n, b, credit.Config{Name: "pc-strict"})
	still := presented(t, n, b, credit.Config{Name: "pc-incremental"})
	for l := range n.Conns {
		for _, s := range []rulespace.Signal{rulespace.SigPre, rulespace.SigErr, rulespace.SigErrPre} {
			if a, b := fmt.Sprint(strict.values[l][s]), fmt.Sprint(still.values[l][s]); a != b {
				t.Errorf("%v of connection %d: strict %s, incremental without changes %s", s, l, a, b)
			}
		}
	}
	if len(still.order) != 20*3 {
		t.Errorf("%d presentations", len(still.order))
	}
	loss := func() float64 {
		n.Forward(b.X)
		return n.Loss(b.Y)
	}
	before := loss()
	c := newCircuit(t, credit.Config{Name: "pc-incremental"}, n, rulespace.SigErr)
	for range 20 {
		c.Learn(n, b, descend(0.01))
	}
	if after := loss(); after > before/4 {
		t.Errorf("loss goes from %.3f to %.3f", before, after)
	}
}

// Without slope, potentials settle as if hidden units were linear in what they
// are told from above: no different for linear units, and units without a
// derivative hear of the target.
func TestPredictiveCodingWithoutSlope(t *testing.T) {
	flat := credit.Config{Name: "pc-strict", Options: map[string]string{"slope": "no"}}
	for _, c := range []struct {
		hidden string
		same   bool
	}{{"linear", true}, {"tanh", false}, {"sign", false}} {
		n := newNetwork(t, network.Config{Sizes: []int{5, 6, 4}, Hidden: network.Activation{Name: c.hidden}}, 2)
		b := randomBatch(key.Root(34).Stream(), n.Config, 2)
		with, without := presented(t, n, b, credit.Config{Name: "pc-strict"}), presented(t, n, b, flat)
		if rel, _ := differences(without, with); (rel == 0) != c.same {
			t.Errorf("%s: slope=no is %v away", c.hidden, rel)
		}
		norm := 0.0
		for _, row := range without.values[0][rulespace.SigErr] {
			for _, v := range row {
				norm += v * v
			}
		}
		if norm == 0 {
			t.Errorf("%s: hidden units hear nothing", c.hidden)
		}
	}
}
