package credit_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// naive recomputes the local signals of connection l from plain numbers. Its
// running means follow the definition in the documentation.
type naive struct {
	pre, post, theta []float64
	elig             [][]float64
	w0, before       [][]float64
	t                float64
}

// Where settled is given, pre, post and pot are what it says, not those of the
// forward pass.
func (s *naive) expect(m *mlp, l int, x [][]float64, beta float64, settled map[rulespace.Signal][][]float64) map[rulespace.Signal][][]float64 {
	w := m.w[l]
	in, out := len(w), len(w[0])
	if s.t == 0 {
		s.pre, s.post, s.theta = make([]float64, in), make([]float64, out), make([]float64, out)
		for range in {
			s.elig = append(s.elig, make([]float64, out))
		}
		s.w0, s.before = clone(w), clone(w)
	}
	s.t++
	n := float64(len(x))
	v := map[rulespace.Signal][][]float64{}
	global := func(sig rulespace.Signal, value float64) {
		if v[sig] == nil {
			v[sig] = [][]float64{nil}
		}
		v[sig][0] = append(v[sig][0], value)
	}
	pres, posts := make([]float64, in), make([]float64, out)
	squares := make([]float64, out)
	products := clone(w)
	for j := range products {
		clear(products[j])
	}
	change := 0.0
	for j := range w {
		for i := range w[j] {
			change = math.Max(change, math.Abs(w[j][i]-s.before[j][i]))
		}
	}
	s.before = clone(w)
	for q := range x {
		pot, act := m.forward(x[q])
		pre, post := act[l], act[l+1]
		if settled != nil {
			pre, post, pot[l+1] = settled[rulespace.SigPre][q], settled[rulespace.SigPost][q], settled[rulespace.SigPot][q]
		}
		v[rulespace.SigPre] = append(v[rulespace.SigPre], pre)
		v[rulespace.SigPost] = append(v[rulespace.SigPost], post)
		v[rulespace.SigPot] = append(v[rulespace.SigPot], pot[l+1])
		d, norm, recon := make([]float64, out), make([]float64, out), make([]float64, in)
		gain := make([]float64, out)
		mean, square := 0.0, 0.0
		for i := range post {
			d[i] = derivative(m.activation(l), pot[l+1][i])
			if m.activation(l).Name == "softmax" {
				p := post[i]
				if settled[rulespace.SigPred] != nil { // stochastic units
					p = settled[rulespace.SigPred][q][i]
				}
				d[i] = p * (1 - p)
			}
			gain[i] = beta * pot[l+1][i]
			for j := range w {
				norm[i] += w[j][i] * w[j][i]
				recon[j] += post[i] * w[j][i]
				products[j][i] += pre[j] * post[i] / n
			}
			norm[i] = math.Sqrt(norm[i])
			mean += post[i] / float64(out)
			square += post[i] * post[i] / float64(out)
			posts[i] += post[i] / n
			squares[i] += post[i] * post[i] / n
		}
		for j := range pre {
			pres[j] += pre[j] / n
		}
		v[rulespace.SigDPost] = append(v[rulespace.SigDPost], d)
		v[rulespace.SigNormW] = append(v[rulespace.SigNormW], norm)
		v[rulespace.SigRecon] = append(v[rulespace.SigRecon], recon)
		v[rulespace.SigComp] = append(v[rulespace.SigComp], value(network.Activation{Name: "softmax"}, gain))
		global(rulespace.SigMeanPost, mean)
		global(rulespace.SigGoodness, square)
		global(rulespace.SigStep, s.t)
		global(rulespace.SigMaxDW, change)
	}
	toward := func(m, x []float64, tau float64) {
		for i := range m {
			m[i] += (x[i] - m[i]) / math.Min(s.t, tau)
		}
	}
	toward(s.pre, pres, 2)
	toward(s.post, posts, 2)
	toward(s.theta, squares, 3)
	for j := range s.elig {
		toward(s.elig[j], products[j], 1.5)
	}
	for range x {
		v[rulespace.SigPreTrace] = append(v[rulespace.SigPreTrace], s.pre)
		v[rulespace.SigPostTrace] = append(v[rulespace.SigPostTrace], s.post)
		v[rulespace.SigTheta] = append(v[rulespace.SigTheta], s.theta)
	}
	v[rulespace.SigElig], v[rulespace.SigW0] = s.elig, s.w0
	if len(x) == 1 {
		lower := clone(w)
		for j := range lower {
			sum := 0.0
			for i := range lower[j] {
				lower[j][i] = sum
				sum += v[rulespace.SigPost][0][i] * w[j][i]
			}
		}
		v[rulespace.SigLower] = lower
	}
	return v
}

// fitting is a network that a circuit can work in.
func fitting(t *testing.T, circuit string, batch int) network.Config {
	t.Helper()
	softplus := network.Activation{Name: "softplus", Beta: 3}
	for _, cfg := range []network.Config{{Hidden: softplus, Loss: network.CrossEntropy}, {Hidden: softplus},
		{Hidden: network.Activation{Name: "sigmoid"}, Loss: network.CrossEntropy}, {Hidden: network.Activation{Name: "linear"}}} {
		cfg.Sizes, cfg.Bias = []int{4, 5, 3}, true
		resolved, err := cfg.Resolve()
		if err != nil {
			t.Fatal(err)
		}
		if (credit.Config{Name: circuit}).Fits(resolved, batch) == nil {
			return cfg
		}
	}
	t.Fatalf("no network for circuit %s", circuit)
	return network.Config{}
}

func clone(m [][]float64) [][]float64 {
	var c [][]float64
	for _, r := range m {
		c = append(c, append([]float64(nil), r...))
	}
	return c
}

// settles are circuits that present activities of an equilibrium, once.
var settles = map[string]bool{"ep-vector-field": true, "rbp": true}

// Every circuit's local signals are what plain float64 loops say, over
// several presentations between which the weights change and the batch
// shrinks. The tolerance is that of near: float32 on values of order 1.
func TestLocalSignals(t *testing.T) {
	for _, e := range credit.Catalogue() {
		if e.Phases > 1 || settles[e.Name] {
			continue // they present other activities than those of a forward pass
		}
		for _, rows := range []int{1, 3} {
			n := newNetwork(t, fitting(t, e.Name, rows), rows)
			needs := e.Provides
			if rows > 1 {
				needs = needs.Minus(rulespace.Signals(rulespace.SigLower))
			}
			c := newCircuit(t, credit.Config{Name: e.Name, Options: map[string]string{"tau": "2", "theta_tau": "3", "elig_tau": "1.5", "competition": "2"}}, n, needs.List()...)
			states := make([]naive, 2)
			s := key.Root(11).Stream()
			for _, size := range []int{rows, rows, (rows + 1) / 2, rows} {
				b := randomBatch(s, n.Config, size)
				var r recorder
				c.Learn(n, b, &r)
				m := reference(n)
				x := float(b.X)
				if e.Provides.Has(rulespace.SigPrePrev) { // a pass on an input of the circuit's own
					x = r.values[0][rulespace.SigPre]
				}
				for l := range states {
					var settled map[rulespace.Signal][][]float64
					if e.Settles {
						settled = r.values[l]
					}
					want := states[l].expect(m, l, x, 2, settled)
					for sig, rowsWanted := range want {
						got := r.values[l][sig]
						if len(got) != len(rowsWanted) {
							t.Fatalf("%s: %v of connection %d has %d rows, want %d", e.Name, sig, l, len(got), len(rowsWanted))
						}
						for i := range rowsWanted {
							if len(got[i]) != len(rowsWanted[i]) {
								t.Fatalf("%s: %v of connection %d has %d columns, want %d", e.Name, sig, l, len(got[i]), len(rowsWanted[i]))
							}
							for j := range rowsWanted[i] {
								near(t, e.Name+": "+sig.String(), got[i][j], rowsWanted[i][j])
							}
						}
					}
					for _, sig := range needs.List() {
						if sig != rulespace.SigW && r.values[l][sig] == nil {
							t.Errorf("%s declares %v and does not present it", e.Name, sig)
						}
					}
				}
				for _, c := range n.Conns {
					for j := range c.In {
						for i := range c.InPlace.Row(j) {
							c.InPlace.Row(j)[i] += float32(0.1 * s.Normal())
						}
					}
				}
			}
		}
	}
}

// Batches present targets at the output, and clamped outputs act as told.
func TestTargetAndClamp(t *testing.T) {
	n := newNetwork(t, network.Config{Sizes: []int{4, 3, 2}}, 3)
	c := newCircuit(t, credit.Config{Name: "none"}.With("clamp", "yes"), n, rulespace.SigTarget, rulespace.SigPost)
	b := randomBatch(key.Root(2).Stream(), n.Config, 2)
	var r recorder
	c.Learn(n, b, &r)
	for i := range 2 {
		for j, y := range b.Y.Row(i) {
			near(t, "target", r.values[1][rulespace.SigTarget][i][j], float64(y))
			near(t, "post", r.values[1][rulespace.SigPost][i][j], float64(y))
		}
	}
	if r.values[0][rulespace.SigTarget] != nil {
		t.Error("hidden units are told a target")
	}
	near(t, "hidden post", r.values[0][rulespace.SigPost][1][2], float64(n.Act[1].Row(1)[2]))
}

// fa and dfa send credit through their feedback weights as plain loops would.
func TestFeedbackEquations(t *testing.T) {
	cfg := network.Config{Sizes: []int{4, 6, 5, 3}, Hidden: network.Activation{Name: "sigmoid"}, Loss: network.CrossEntropy}
	n := newNetwork(t, cfg, 2)
	b := randomBatch(key.Root(2).Stream(), n.Config, 2)
	c := newCircuit(t, credit.Config{Name: "fa"}.With("feedback_scale", "2"), n, rulespace.SigErr, rulespace.SigErrPre)
	var r recorder
	feedback := make([][][]float64, 3)
	c.Learn(n, b, plasticity(func(c *network.Connection, s *credit.Signals) {
		feedback[c.Index] = float(s.Feedback)
		r.Present(c, s)
	}))
	for q := range 2 {
		for l, w := range feedback {
			in := len(w)
			limit := 2 * math.Sqrt(6/float64(in+len(w[0])))
			for j := range w {
				sum := 0.0
				for i, v := range w[j] {
					if math.Abs(v) > limit {
						t.Errorf("feedback weight %v lies outside ±%v", v, limit)
					}
					sum += v * r.values[l][rulespace.SigErr][q][i]
				}
				y := r.values[l][rulespace.SigPre][q][j]
				near(t, "fa err_pre", r.values[l][rulespace.SigErrPre][q][j], sum*y*(1-y))
			}
		}
	}
	directEquation(t, n)
}

// directEquation checks that dfa's credit of every layer, its derivative taken
// out, is one linear map of the output credit: cross-entropy credits of three
// units sum to zero, so that of a third sample is a combination of those of
// two others, and the hidden credits have to combine alike.
func directEquation(t *testing.T, n *network.Network) {
	t.Helper()
	n = newNetwork(t, n.Config, 3)
	c := newCircuit(t, credit.Config{Name: "dfa"}, n, rulespace.SigErr, rulespace.SigErrPre)
	var r recorder
	c.Learn(n, randomBatch(key.Root(8).Stream(), n.Config, 3), &r)
	e := r.values[2][rulespace.SigErr]
	det := e[0][0]*e[1][1] - e[0][1]*e[1][0]
	a := (e[2][0]*e[1][1] - e[2][1]*e[1][0]) / det
	b := (e[0][0]*e[2][1] - e[0][1]*e[2][0]) / det
	for l := range n.Conns {
		plain := func(q, j int) float64 {
			y := r.values[l][rulespace.SigPre][q][j]
			return r.values[l][rulespace.SigErrPre][q][j] / (y * (1 - y))
		}
		for j := range n.Conns[l].In {
			near(t, "dfa credit", plain(2, j), a*plain(0, j)+b*plain(1, j))
		}
	}
	for l := range 2 {
		for q := range 3 {
			for j, v := range r.values[l][rulespace.SigErr][q] {
				near(t, "dfa err", v, r.values[l+1][rulespace.SigErrPre][q][j])
			}
		}
	}
}

func TestSignalErrors(t *testing.T) {
	for _, c := range []struct {
		circuit string
		needs   credit.Needs
		plastic bool
		want    string
	}{
		{"fa", credit.Needs{Output: rulespace.Signals(rulespace.SigReward)}, false,
			"rule reads reward, which circuit fa does not provide; it provides: pre, "},
		{"none", credit.Needs{Hidden: rulespace.Signals(rulespace.SigTarget)}, false,
			"rule reads target, which circuit none does not provide to hidden units (only the output connection has it)"},
		{"bp", credit.Needs{}, true, "circuit bp does not have; circuit fa does"},
		{"bq", credit.Needs{}, false, `"bq" is not a circuit; circuits are `},
	} {
		err := credit.Check(c.circuit, c.needs, 0, c.plastic)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.circuit, err, c.want)
		}
	}
	var s *credit.SignalError
	if err := credit.Check("none", credit.Needs{Output: rulespace.Signals(rulespace.SigErr)}, 0, false); !errors.As(err, &s) || s.Signal != rulespace.SigErr {
		t.Errorf("missing signal gives %v", err)
	}
	n := newNetwork(t, network.Config{Sizes: []int{2, 2}}, 2)
	for _, c := range []struct{ circuit, option, value string }{{"none", "tau", "0.5"}, {"none", "sigma", "1"}, {"perturb", "sigma", "-1"},
		{"perturb", "baseline", "x"}, {"perturb", "noise", "x"}, {"none", "competition", "Inf"}, {"fa", "feedback_scale", "NaN"}} {
		if _, err := credit.New(credit.Config{Name: c.circuit}.With(c.option, c.value), n, credit.Needs{}, key.Key{}); err == nil {
			t.Errorf("%+v is accepted", c)
		}
	}
	if _, err := credit.New(credit.Config{Name: "none"}, n, credit.Needs{Output: rulespace.Signals(rulespace.SigLower)}, key.Key{}); err == nil {
		t.Error("lower is accepted in batches")
	}
}
