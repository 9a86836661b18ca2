package credit_test

import (
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// Feedback weights that learn from signals of their own are presented with all
// signals that the circuit declares, in the shape of the weights.
func TestFeedbackFrames(t *testing.T) {
	for _, e := range credit.Catalogue() {
		if e.OwnFeedback == 0 {
			continue
		}
		const rows = 3
		cfg := network.Config{Sizes: []int{4, 6, 5, 3}, Loss: network.CrossEntropy}
		n := newNetwork(t, cfg, rows)
		needs := e.Provides.Minus(rulespace.Signals(rulespace.SigLower))
		c, err := credit.New(credit.Config{Name: e.Name}, n, credit.Needs{Hidden: needs, Output: needs | e.Output}, key.Root(9))
		if err != nil {
			continue // made for other networks
		}
		presented := 0
		for _, size := range []int{rows, rows - 1} {
			c.Learn(n, randomBatch(key.Root(8).Stream(), n.Config, size), feedbackPlasticity(func(f *credit.Feedback, s *credit.Signals) {
				presented++
				if s.Batch != size {
					t.Errorf("%s: frame of %d samples, want %d", e.Name, s.Batch, size)
				}
				for _, sig := range e.OwnFeedback.List() {
					m := s.Values[sig]
					if m == nil {
						t.Errorf("%s: %v is declared and not presented", e.Name, sig)
						continue
					}
					want := [2]int{size, 0}
					switch sig.Info().Scope {
					case rulespace.Pre:
						want[1] = f.W.Rows
					case rulespace.Post:
						want[1] = f.W.Cols
					case rulespace.Synapse:
						want = [2]int{f.W.Rows, f.W.Cols}
					default:
						want = [2]int{1, size}
					}
					if got := [2]int{m.Rows, m.Cols}; got != want {
						t.Errorf("%s: %v is %d, want %d", e.Name, sig, got, want)
					}
				}
			}))
		}
		if presented == 0 {
			t.Errorf("%s presents no feedback weights", e.Name)
		}
	}
}

// Direct feedback weights see their layer below and the output above.
func TestDirectFeedbackFrame(t *testing.T) {
	cfg := network.Config{Sizes: []int{4, 6, 5, 3}, Hidden: network.Activation{Name: "sigmoid"}, Loss: network.CrossEntropy}
	n := newNetwork(t, cfg, 2)
	c := newCircuit(t, credit.Config{Name: "dfa"}, n, rulespace.SigErr, rulespace.SigErrPre)
	b := randomBatch(key.Root(8).Stream(), n.Config, 2)
	m := reference(n)
	var r recorder
	c.Learn(n, b, &r)
	c.Learn(n, b, feedbackPlasticity(func(f *credit.Feedback, s *credit.Signals) {
		l := f.Index
		if want := max(l-1, 0); f.Conn.Index != want {
			t.Errorf("feedback to layer %d has the rule of connection %d, want %d", l, f.Conn.Index, want)
		}
		v := &s.Values
		for q, x := range float(b.X) {
			pot, act := m.forward(x)
			for j, h := range act[l] {
				near(t, "pre", float64(v[rulespace.SigPre].Row(q)[j]), h)
				near(t, "err_pre", float64(v[rulespace.SigErrPre].Row(q)[j]), r.values[l][rulespace.SigErrPre][q][j])
				sum := 0.0
				for k, e := range v[rulespace.SigErr].Row(q) {
					sum += float64(e) * float64(f.W.Row(j)[k])
				}
				near(t, "credit", r.values[l][rulespace.SigErrPre][q][j], sum*h*(1-h))
			}
			for k, y := range act[3] {
				near(t, "post", float64(v[rulespace.SigPost].Row(q)[k]), y)
				near(t, "pot", float64(v[rulespace.SigPot].Row(q)[k]), pot[3][k])
				near(t, "err", float64(v[rulespace.SigErr].Row(q)[k]), float64(b.Y.Row(q)[k])-y)
			}
		}
	}))
}

// With option sign, hidden layers learn from the signs of the output credit
// alone: errors ten times as large change nothing but the output's own credit.
func TestSignedDirectFeedback(t *testing.T) {
	n := newNetwork(t, network.Config{Sizes: []int{4, 6, 3}}, 1)
	b := randomBatch(key.Root(8).Stream(), n.Config, 1)
	n.Forward(b.X)
	learn := func(scale float32) *recorder {
		for k, y := range n.Act[2].Row(0) {
			b.Y.Row(0)[k] = y + scale*float32(k-1)
		}
		var r recorder
		newCircuit(t, credit.Config{Name: "dfa"}.With("sign", "yes"), n, rulespace.SigErr).Learn(n, b, &r)
		return &r
	}
	small, large := learn(0.1), learn(1)
	for i, e := range small.values[0][rulespace.SigErr][0] {
		near(t, "hidden credit", large.values[0][rulespace.SigErr][0][i], e)
	}
	for k, e := range large.values[1][rulespace.SigErr][0] {
		near(t, "output credit", e, float64(k-1))
	}
}
