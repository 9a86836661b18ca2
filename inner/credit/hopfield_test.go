package credit_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// What is stored are signs, the two groups within present themselves as
// feedback, whose diagonal stays 0, and a prediction does not allocate.
func TestHopfieldPresentsSigns(t *testing.T) {
	n := newNetwork(t, network.Config{Sizes: []int{4, 3, 2}, Hidden: network.Activation{Name: "tanh"}}, 2)
	c := newCircuit(t, credit.Config{Name: "hopfield"}, n, rulespace.SigPre, rulespace.SigPost)
	b := randomBatch(key.Root(2).Stream(), n.Config, 2)
	var r recorder
	p := &storing{Plasticity: &r}
	c.Learn(n, b, p)
	sign := func(v, threshold float32) float64 {
		if v > threshold {
			return 1
		}
		return -1
	}
	for q := range 2 {
		for j, v := range n.Act[1].Row(q) {
			near(t, "pre", r.values[1][rulespace.SigPre][q][j], sign(v, 0))
		}
		for j, v := range b.Y.Row(q) {
			near(t, "post", r.values[1][rulespace.SigPost][q][j], sign(v, 0.5))
		}
	}
	if len(p.seen) != 2 || p.seen[0].W.Rows != 3 || p.seen[1].W.Rows != 2 {
		t.Fatalf("%d matrices within groups", len(p.seen))
	}
	for _, f := range p.seen {
		for i := range f.W.Rows {
			for j, w := range f.W.Row(i) {
				if (w == 0) != (i == j) {
					t.Errorf("weight %d to %d within a group is %v", i, j, w)
				}
			}
		}
	}
	model, x := c.(credit.Predictor), vec.New(100, 4)
	model.Outputs(x)
	if k := testing.AllocsPerRun(5, func() { model.Outputs(x) }); k > 0 {
		t.Errorf("%v allocations", k)
	}
	cfg, err := network.Config{Sizes: []int{4, 2}, Loss: network.CrossEntropy}.Resolve()
	if err != nil {
		t.Fatal(err)
	}
	if err := (credit.Config{Name: "hopfield"}).Fits(cfg, 1); err == nil || !strings.Contains(err.Error(), "use linear") {
		t.Error(err)
	}
}

// storing adds 1 to all feedback weights.
type storing struct {
	credit.Plasticity
	seen []*credit.Feedback
}

func (p *storing) PresentFeedback(f *credit.Feedback, _ *credit.Signals) {
	p.seen = append(p.seen, f)
	for i := range f.W.Rows {
		for j := range f.W.Row(i) {
			f.W.Row(i)[j]++
		}
	}
}

// Predictions of a network with a hidden layer are those of the equations, in
// float64 and one unit at a time: signs of the hidden layer above a threshold, held
// or free, outputs that begin unknown, and potentials over the largest.
func TestHopfieldPrediction(t *testing.T) {
	free := 0
	for seed := range uint64(20) {
		for _, cue := range []string{"held", "free"} {
			n := newNetwork(t, network.Config{Sizes: []int{4, 6, 3}, Hidden: network.Activation{Name: "tanh"}}, 1)
			s := key.Root(seed).Stream()
			for _, conn := range n.Conns {
				for i := range conn.W.Rows {
					for j := range conn.W.Row(i) {
						conn.W.Row(i)[j] = float32(s.Normal())
					}
				}
			}
			c := newCircuit(t, credit.Config{Name: "hopfield", Options: map[string]string{"threshold": "0.3", "cue": cue}}, n, rulespace.SigPre)
			var r recorder
			p := &storing{Plasticity: &r}
			c.Learn(n, randomBatch(s, n.Config, 1), p)
			for _, f := range p.seen { // symmetric, without a diagonal
				for i := range f.W.Rows {
					for j := range i {
						v := float32(s.Normal())
						f.W.Row(i)[j], f.W.Row(j)[i] = v, v
					}
				}
			}
			x := vec.New(1, 4)
			for j := range x.Row(0) {
				x.Row(0)[j] = float32(s.Normal())
			}
			got := c.(credit.Predictor).Outputs(x).Row(0)

			below, y := make([]float64, 6), make([]float64, 3)
			for j := range below {
				u := 0.0
				for i, v := range x.Row(0) {
					u += float64(v) * float64(n.Conns[0].W.Row(i)[j])
				}
				below[j] = -1
				if math.Tanh(u) > 0.3 {
					below[j] = 1
				}
			}
			before := slices.Clone(below)
			potential := func(own []float64, within *vec.Matrix, other []float64, i int, w func(i, j int) float32) float64 {
				u := 0.0
				for j, v := range own {
					u += v * float64(within.Row(j)[i])
				}
				for j, v := range other {
					u += v * float64(w(i, j))
				}
				return u
			}
			top := n.Conns[1].W
			toOutput := func(i, j int) float32 { return top.Row(j)[i] }
			toHidden := func(i, j int) float32 { return top.Row(i)[j] }
			settle := func(own []float64, within *vec.Matrix, other []float64, w func(i, j int) float32) (changed bool) {
				for i := range own {
					if v := math.Copysign(1, potential(own, within, other, i, w)); v != own[i] {
						own[i], changed = v, true
					}
				}
				return changed
			}
			for range 20 {
				changed := settle(y, p.seen[1].W, below, toOutput)
				if cue == "free" {
					changed = settle(below, p.seen[0].W, y, toHidden) || changed
				}
				if !changed {
					break
				}
			}
			if !slices.Equal(before, below) {
				free++
			}
			most, want := 0.0, make([]float64, 3)
			for i := range want {
				want[i] = potential(y, p.seen[1].W, below, i, toOutput)
				most = max(most, math.Abs(want[i]))
			}
			for i, v := range got {
				if math.Abs(float64(v)-want[i]/most) > 1e-5 { // float32 sums of nine numbers of order 1
					t.Fatalf("seed %d, cue %s: %v, want %v over %v", seed, cue, got, want, most)
				}
			}
		}
	}
	if free < 5 {
		t.Errorf("only %d free cues change when they settle", free)
	}
}
