package credit_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// With feedback equal to the weights, error cells of both signs compute what
// signed errors do: strict predictive coding, to the last bit. All rates are
// at least zero.
func TestOneWayPredictiveCodingIsStrict(t *testing.T) {
	for _, hidden := range []string{"relu", "softplus", "sigmoid"} {
		n := newNetwork(t, network.Config{Sizes: []int{5, 7, 6, 3}, Hidden: network.Activation{Name: hidden}, Loss: network.CrossEntropy, Bias: true}, 4)
		b := randomBatch(key.Root(51).Stream(), n.Config, 4)
		all := []rulespace.Signal{rulespace.SigPre, rulespace.SigPost, rulespace.SigPot, rulespace.SigErr, rulespace.SigErrPre}
		var r, s recorder
		newCircuit(t, credit.Config{Name: "pc-strict"}, n, all...).Learn(n, b, &r)
		c := newCircuit(t, credit.Config{Name: "pc-positive"}, n, all...)
		c.Learn(n, b, plasticity(func(c *network.Connection, s *credit.Signals) { s.Feedback.CopyFrom(c.W) }))
		c.Learn(n, b, &s)
		for l := range r.values {
			for _, sig := range all {
				if a, b := fmt.Sprint(r.values[l][sig]), fmt.Sprint(s.values[l][sig]); a != b {
					t.Errorf("%s: %v of connection %d: strict %s, one-way %s", hidden, sig, l, a, b)
				}
			}
			for _, row := range s.values[l][rulespace.SigPost] {
				for _, y := range row {
					if y < 0 {
						t.Errorf("%s: a cell behind connection %d fires at rate %v", hidden, l, y)
					}
				}
			}
		}
	}
	tanh, err := network.Config{Sizes: []int{2, 2, 2}}.Resolve()
	if err != nil {
		t.Fatal(err)
	}
	if err := (credit.Config{Name: "pc-positive"}).Fits(tanh, 1); err == nil {
		t.Error("tanh rates are accepted as positive")
	}
}

// A single error cell with a baseline tells errors down to minus that and no
// further; a large one tells all.
func TestErrorCellBaseline(t *testing.T) {
	n := newNetwork(t, network.Config{Sizes: []int{5, 7, 3}, Hidden: network.Activation{Name: "relu"}, Bias: true}, 4)
	b := randomBatch(key.Root(52).Stream(), n.Config, 4)
	errs := func(baseline string) [][][]float64 {
		r := presented(t, n, b, credit.Config{Name: "pc-positive", Options: map[string]string{"error_baseline": baseline}})
		return [][][]float64{r.values[0][rulespace.SigErr], r.values[1][rulespace.SigErr]}
	}
	if a, b := fmt.Sprint(errs("0")), fmt.Sprint(errs("100")); a != b {
		t.Errorf("two cells tell %s, one with a high baseline %s", a, b)
	}
	least := math.Inf(1)
	for _, layer := range errs("0.05") {
		for _, row := range layer {
			for _, e := range row {
				least = math.Min(least, e)
			}
		}
	}
	if math.Abs(least+0.05) > 1e-7 {
		t.Errorf("the least error is %v, want the baseline of 0.05 below zero", least)
	}
}

// The Kolen–Pollack pair makes feedback follow the weights: their difference
// shrinks by 1 − decay at every update, whatever the errors are. Each update
// rounds weights of order 1 to float32, 6e-8, which 200 updates at decay 0.05
// accumulate to about 1e-6.
func TestOneWayFeedbackFollowsWeights(t *testing.T) {
	const decay, updates = 0.05, 200
	n := newNetwork(t, network.Config{Sizes: []int{5, 7, 3}, Hidden: network.Activation{Name: "sigmoid"}}, 1)
	c := newCircuit(t, credit.Config{Name: "pc-positive"}, n, rulespace.SigErr)
	distance := 0.0
	rule := plasticity(func(c *network.Connection, s *credit.Signals) {
		if s.Feedback == nil {
			return
		}
		distance = 0
		pre, err := s.Values[rulespace.SigPre].Row(0), s.Values[rulespace.SigErr].Row(0)
		for j, x := range pre {
			w, v := c.InPlace.Row(j), s.Feedback.Row(j)
			for i, e := range err {
				distance += math.Pow(float64(w[i])-float64(v[i]), 2)
				w[i] += 0.1*e*x - decay*w[i]
				v[i] += 0.1*e*x - decay*v[i]
			}
		}
		distance = math.Sqrt(distance)
	})
	s := key.Root(53).Stream()
	c.Learn(n, randomBatch(s, n.Config, 1), rule)
	start := distance
	for range updates {
		c.Learn(n, randomBatch(s, n.Config, 1), rule)
	}
	if want := start * math.Pow(1-decay, updates); math.Abs(distance-want) > 5e-6 {
		t.Errorf("distance of feedback and weights goes from %g to %g, want %g", start, distance, want)
	}
}
