package credit_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

func signSymmetry(magnitude string) credit.Config {
	return credit.Config{Name: "sign-symmetry"}.With("magnitude", magnitude)
}

// Shared signs are enough for credit to lie within 60° of the gradient from
// the start, and to stay there. (A float64 program of our own found
// 49/37 → 27/26 degrees for uniform magnitudes with weights of normal law;
// those of uniform law here start nearer.)
func TestSignSymmetryAligns(t *testing.T) {
	for _, magnitude := range []string{"uniform", "batch", "fixed"} {
		n := newNetwork(t, toy, 1)
		sample := linearTeacher(key.Root(12).Child(magnitude, 0).Stream())
		probe := make([]*tasks.Batch, 50)
		for i := range probe {
			probe[i] = sample()
		}
		c := newCircuit(t, signSymmetry(magnitude), n, rulespace.SigErr)
		bp := newCircuit(t, credit.Config{Name: "bp"}, n, rulespace.SigErr)
		before := angles(n, c, bp, probe)
		for range 3000 {
			c.Learn(n, sample(), descend(0.01))
		}
		after := angles(n, c, bp, probe)
		t.Logf("%s: angles %.0f → %.0f", magnitude, before, after)
		for l := range before {
			if !(before[l] < 60 && after[l] < 60) {
				t.Errorf("%s: angle of layer %d goes from %.0f to %.0f", magnitude, l+1, before[l], after[l])
			}
		}
	}
}

// Where all weights have the magnitude of the feedback, one magnitude is
// backpropagation to the last bit; a zero weight counts as positive.
func TestSignSymmetryOfEvenWeightsIsBackprop(t *testing.T) {
	cfg := network.Config{Sizes: []int{5, 7, 6, 3}, Hidden: network.Activation{Name: "sigmoid"}, Loss: network.CrossEntropy}
	n := newNetwork(t, cfg, 4)
	for _, c := range n.Conns {
		s := float32(math.Sqrt(2 / float64(c.In+c.Out)))
		for j := range c.In {
			for i, w := range c.W.Row(j) {
				if c.InPlace.Row(j)[i] = s; w < 0 {
					c.InPlace.Row(j)[i] = -s
				}
			}
		}
	}
	b := randomBatch(key.Root(3).Stream(), n.Config, 4)
	var r, s recorder
	newCircuit(t, credit.Config{Name: "bp"}, n, rulespace.SigErr, rulespace.SigErrPre).Learn(n, b, &r)
	even := newCircuit(t, signSymmetry("uniform"), n, rulespace.SigErr, rulespace.SigErrPre)
	even.Learn(n, b, &s)
	for l := range r.values {
		for _, sig := range []rulespace.Signal{rulespace.SigErr, rulespace.SigErrPre} {
			if a, b := fmt.Sprint(r.values[l][sig]), fmt.Sprint(s.values[l][sig]); a != b {
				t.Errorf("%v of connection %d: bp %s, sign symmetry %s", sig, l, a, b)
			}
		}
	}

	last := n.Conns[2]
	last.InPlace.Zero()
	last.InPlace.Row(1)[0] = float32(math.Copysign(0, -1))
	even.Learn(n, b, &s)
	for q := range 4 {
		sum := 0.0
		for _, e := range s.values[2][rulespace.SigErr][q] {
			sum += e * math.Sqrt(2/9.0)
		}
		for j, v := range s.values[2][rulespace.SigErrPre][q] {
			y := s.values[2][rulespace.SigPre][q][j]
			near(t, "credit through zero weights", v, sum*y*(1-y))
		}
	}
}

// Magnitudes are drawn for every batch or once.
func TestSignSymmetryMagnitudes(t *testing.T) {
	n := newNetwork(t, network.Config{Sizes: []int{4, 6, 3}}, 1)
	b := randomBatch(key.Root(3).Stream(), n.Config, 1)
	for _, c := range []struct {
		magnitude string
		same      bool
	}{{"uniform", true}, {"batch", false}, {"fixed", true}} {
		circuit := newCircuit(t, signSymmetry(c.magnitude), n, rulespace.SigErr)
		var first, second recorder
		circuit.Learn(n, b, &first)
		circuit.Learn(n, b, &second)
		if same := fmt.Sprint(first.values) == fmt.Sprint(second.values); same != c.same {
			t.Errorf("%s: two batches have the same credit: %v", c.magnitude, same)
		}
	}
}
