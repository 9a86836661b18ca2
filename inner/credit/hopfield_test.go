package credit_test

import (
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
