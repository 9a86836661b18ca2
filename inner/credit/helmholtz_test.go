package credit_test

import (
	"math"
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/tasks"
)

// wakeSleep adds rate·err·pre to weights and biases, rate·err_pre·post to
// feedback weights, and keeps the latter.
type wakeSleep struct {
	rate       float32
	generative []*vec.Matrix // by connection
	biases     []*vec.Matrix // by layer
}

func (w *wakeSleep) Present(c *network.Connection, s *credit.Signals) {
	v := &s.Values
	rate := w.rate / float32(s.Batch)
	for q := range s.Batch {
		for i, e := range v[rulespace.SigErr].Row(q) {
			c.Bias[i] += rate * e
			for j, x := range v[rulespace.SigPre].Row(q) {
				c.InPlace.Row(j)[i] += rate * e * x
				s.Feedback.Row(j)[i] += rate * v[rulespace.SigErrPre].Row(q)[j] * v[rulespace.SigPost].Row(q)[i]
			}
		}
	}
	for len(w.generative) <= c.Index {
		w.generative = append(w.generative, nil)
	}
	w.generative[c.Index] = s.Feedback
}

func (w *wakeSleep) PresentFeedback(f *credit.Feedback, s *credit.Signals) {
	for len(w.biases) <= f.Index {
		w.biases = append(w.biases, nil)
	}
	w.biases[f.Index] = f.W
	for q := range s.Batch {
		for j, e := range s.Values[rulespace.SigErrPre].Row(q) {
			f.W.Row(j)[0] += w.rate / float32(s.Batch) * e * s.Values[rulespace.SigPost].Row(q)[0]
		}
	}
}

func logBernoulli(p, s float64) float64 { return s*math.Log(p) + (1-s)*math.Log(1-p) }

func logistic(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

// bound is Σ_h Q(h|x)·(ln P(x, h) − ln Q(h|x)), by enumeration of the states h
// of two layers above the input.
func (w *wakeSleep) bound(m *mlp, x []float64) float64 {
	generated := func(l int, above []float64) []float64 {
		p := make([]float64, w.biases[l].Rows)
		for j := range p {
			z := float64(w.biases[l].Row(j)[0])
			for i, s := range above {
				z += float64(w.generative[l].Row(j)[i]) * s
			}
			p[j] = logistic(z)
		}
		return p
	}
	recognised := func(l int, below []float64) []float64 {
		z := append([]float64(nil), m.b[l]...)
		for j, s := range below {
			for i := range z {
				z[i] += m.w[l][j][i] * s
			}
		}
		for i := range z {
			z[i] = logistic(z[i])
		}
		return z
	}
	log := func(p, s []float64) float64 {
		sum := 0.0
		for i := range s {
			sum += logBernoulli(p[i], s[i])
		}
		return sum
	}
	total := 0.0
	for _, h1 := range binary(len(m.b[0]), false) {
		q1 := log(recognised(0, x), h1)
		for _, h2 := range binary(len(m.b[1]), false) {
			q := q1 + log(recognised(1, h1), h2)
			p := log(generated(2, nil), h2) + log(generated(1, h2), h1) + log(generated(0, h1), x)
			total += math.Exp(q) * (p - q)
		}
	}
	return total
}

// Wake-sleep raises the bound on the log-likelihood of three bits of which the
// third is the exclusive or of the others: from below that of independent fair
// bits, −3 ln 2, towards the entropy of the four patterns, −2 ln 2.
func TestWakeSleepRaisesTheBound(t *testing.T) {
	cfg := network.Config{Sizes: []int{3, 5, 2}, Hidden: network.Activation{Name: "sigmoid"}, Output: network.Activation{Name: "sigmoid"}, Bias: true}
	const rows = 4
	n := newNetwork(t, cfg, rows)
	b := &tasks.Batch{N: rows, X: vec.New(rows, 3), Y: vec.New(rows, 2)}
	for q := range rows {
		copy(b.X.Row(q), []float32{float32(q & 1), float32(q >> 1), float32(q&1 ^ q>>1)})
	}
	c := newCircuit(t, credit.Config{Name: "helmholtz"}, n, rulespace.SigErr, rulespace.SigErrPre, rulespace.SigPhase)
	w := &wakeSleep{}
	mean := func() float64 {
		m := reference(n)
		sum := 0.0
		for _, x := range float(b.X) {
			sum += w.bound(m, x) / rows
		}
		return sum
	}
	c.Learn(n, b, w)
	bounds := []float64{mean()}
	w.rate = 0.2
	for range 3 {
		for range 6000 {
			c.Learn(n, b, w)
		}
		bounds = append(bounds, mean())
	}
	t.Logf("bound %.3f; independent bits %.3f, best %.3f", bounds, -3*math.Ln2, -2*math.Ln2)
	last := bounds[len(bounds)-1]
	if bounds[0] > -3*math.Ln2 || last < bounds[0]+0.3 || last < -3*math.Ln2+0.2 || last > -2*math.Ln2 {
		t.Errorf("bound %.3f", bounds)
	}
}
