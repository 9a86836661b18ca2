package credit_test

import (
	"math"
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/kernel"
	"github.com/metaplast/metaplast/rulespace/key"
)

// pool is the pool of plasticity terms of N. Shervani-Tabar and R. Rosenbaum,
// Nat. Commun. 14 (2023), as rule text. Their errors e point uphill, err
// downhill, so that e = −err and e' = −err_pre; x are pre, y post, and W is
// [post][pre]. The sums go over all other indices, one at a time.
var pool = []struct {
	name, text string
	naive      func(s layer, i, j int) float64
}{
	{"F0 = -e x'", "err*pre", func(s layer, i, j int) float64 { return -s.e[i] * s.x[j] }},
	{"F1 = -y e'", "post*err_pre", func(s layer, i, j int) float64 { return -s.y[i] * s.below[j] }},
	{"F2 = -e e'", "-err*err_pre", func(s layer, i, j int) float64 { return -s.e[i] * s.below[j] }},
	{"F3 = -W", "-w", func(s layer, i, j int) float64 { return -s.w[j][i] }},
	{"F4 = -1 e'", "err_pre", func(s layer, _, j int) float64 { return -s.below[j] }},
	{"F5 = -e (1·y) x", "err*pre*sum_post", func(s layer, i, j int) float64 {
		return s.sum(func(k, _ int) float64 { return -s.e[i] * s.y[k] * s.x[j] }) / float64(len(s.x))
	}},
	{"F6 = -y (y·We') e'", "-post*err_pre*credit_recon", func(s layer, i, j int) float64 {
		return s.sum(func(k, m int) float64 { return -s.y[i] * s.y[k] * s.w[m][k] * s.below[m] * s.below[j] })
	}},
	{"F7 = -e (y·We') x", "-err*pre*credit_recon", func(s layer, i, j int) float64 {
		return s.sum(func(k, m int) float64 { return -s.e[i] * s.y[k] * s.w[m][k] * s.below[m] * s.x[j] })
	}},
	{"F8 = -y (x·W'e) e'", "-post*err_pre*credit_pot", func(s layer, i, j int) float64 {
		return s.sum(func(k, m int) float64 { return -s.y[i] * s.x[m] * s.w[m][k] * s.e[k] * s.below[j] })
	}},
	{"F9 = y x' - (y y')W", "post*(pre - recon)", func(s layer, i, j int) float64 {
		return s.y[i]*s.x[j] - s.sum(func(k, _ int) float64 { return s.y[i] * s.y[k] * s.w[j][k] })/float64(len(s.x))
	}},
}

// layer is what the terms are about: activities, errors and weights [in][out]
// around one connection, for one sample.
type layer struct {
	x, y, e, below []float64
	w              [][]float64
}

// sum adds f over all pairs of a postsynaptic and a presynaptic unit.
func (s layer) sum(f func(k, m int) float64) float64 {
	total := 0.0
	for k := range s.y {
		for m := range s.x {
			total += f(k, m)
		}
	}
	return total
}

// Every term of the pool is what triple loops in float64 give, on a network
// with random feedback whose errors are found by loops too. float32 leaves a
// relative error of about 1e-6 of the largest element.
func TestMetaPlasticityPool(t *testing.T) {
	const rows = 3
	cfg := network.Config{Sizes: []int{6, 5, 7, 4}, Hidden: network.Activation{Name: "softplus", Beta: 10},
		Output: network.Activation{Name: "softmax"}, Loss: network.CrossEntropy}
	n := newNetwork(t, cfg, rows)
	fa, _ := credit.ByName("fa")
	needs := fa.Provides.Minus(rulespace.Signals(rulespace.SigLower))
	c := newCircuit(t, credit.Config{Name: "fa"}, n, needs.List()...)
	b := randomBatch(key.Root(3).Stream(), n.Config, rows)

	frames := make([]kernel.Frame, len(n.Conns))
	feedback := make([][][]float64, len(n.Conns))
	c.Learn(n, b, plasticity(func(conn *network.Connection, s *credit.Signals) {
		frames[conn.Index] = s.Frame
		feedback[conn.Index] = float(s.Feedback)
	}))
	m := reference(n)
	errors := make([][][]float64, rows) // by sample and layer, uphill
	acts := make([][][]float64, rows)
	for q := range rows {
		_, act := m.forward(float(b.X)[q])
		e := make([][]float64, len(act))
		e[3] = make([]float64, 4)
		for k := range e[3] {
			e[3][k] = act[3][k] - float64(b.Y.Row(q)[k])
		}
		for l := 2; l >= 0; l-- {
			e[l] = make([]float64, len(act[l]))
			for j := range e[l] {
				for i := range e[l+1] {
					e[l][j] += feedback[l][j][i] * e[l+1][i]
				}
				e[l][j] *= 1 - math.Exp(-10*act[l][j]) // the slope, by the activity
			}
		}
		errors[q], acts[q] = e, act
	}
	for l, conn := range n.Conns {
		for _, term := range pool {
			rule, err := rulespace.ParseRule(term.text)
			if err != nil {
				t.Fatal(err)
			}
			program, err := kernel.Compile(rule)
			if err != nil {
				t.Fatal(err)
			}
			got := vec.New(conn.In, conn.Out)
			program.Bind(conn.In, conn.Out, rows).Delta(&frames[l], conn.W, got)
			largest, worst := 0.0, 0.0
			for j := range conn.In {
				for i := range conn.Out {
					want := 0.0
					for q := range rows {
						want += term.naive(layer{acts[q][l], acts[q][l+1], errors[q][l+1], errors[q][l], m.w[l]}, i, j) / rows
					}
					largest = math.Max(largest, math.Abs(want))
					worst = math.Max(worst, math.Abs(want-float64(got.Row(j)[i])))
				}
			}
			if worst > 3e-6*largest {
				t.Errorf("%s of connection %d: off by %.2g of %.2g", term.name, l, worst, largest)
			}
		}
	}
}

// With the transposed weights as feedback, the first term alone is
// backpropagation: the same credit, bit for bit.
func TestPoolIsBackprop(t *testing.T) {
	cfg := network.Config{Sizes: []int{6, 5, 7, 4}, Hidden: network.Activation{Name: "softplus", Beta: 10},
		Output: network.Activation{Name: "softmax"}, Loss: network.CrossEntropy}
	n := newNetwork(t, cfg, 2)
	c := newCircuit(t, credit.Config{Name: "fa"}, n, rulespace.SigErr, rulespace.SigErrPre)
	exact := newCircuit(t, credit.Config{Name: "bp"}, n, rulespace.SigErr, rulespace.SigErrPre)
	s := key.Root(3).Stream()
	c.Learn(n, randomBatch(s, n.Config, 2), plasticity(func(conn *network.Connection, s *credit.Signals) {
		s.Feedback.CopyFrom(conn.W)
	}))
	b := randomBatch(s, n.Config, 2)
	var got, want recorder
	c.Learn(n, b, &got)
	exact.Learn(n, b, &want)
	for l := range n.Conns {
		for _, signal := range []rulespace.Signal{rulespace.SigErr, rulespace.SigErrPre} {
			for q, row := range want.values[l][signal] {
				for j, v := range row {
					if got.values[l][signal][q][j] != v {
						t.Fatalf("%v of connection %d is %v, backprop's %v", signal, l, got.values[l][signal][q][j], v)
					}
				}
			}
		}
	}
}
