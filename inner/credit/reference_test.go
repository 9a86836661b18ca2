package credit_test

import (
	"math"
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// mlp is a multi-layer perceptron in float64, loop by loop: what the tests
// hold the real one to.
type mlp struct {
	cfg network.Config
	w   [][][]float64 // by connection, [in][out]
	b   [][]float64
}

func reference(n *network.Network) *mlp {
	m := &mlp{cfg: n.Config}
	for _, c := range n.Conns {
		w := make([][]float64, c.In)
		for j := range w {
			for _, v := range c.W.Row(j) {
				w[j] = append(w[j], float64(v))
			}
		}
		b := make([]float64, c.Out)
		for i, v := range c.Bias {
			b[i] = float64(v)
		}
		m.w, m.b = append(m.w, w), append(m.b, b)
	}
	return m
}

func (m *mlp) activation(l int) network.Activation {
	if l == len(m.w)-1 {
		return m.cfg.Output
	}
	return m.cfg.Hidden
}

func value(a network.Activation, z []float64) []float64 {
	y := make([]float64, len(z))
	sum := 0.0
	for _, v := range z {
		sum += math.Exp(v)
	}
	for i, v := range z {
		switch a.Name {
		case "linear":
			y[i] = v
		case "tanh":
			y[i] = math.Tanh(v)
		case "relu":
			y[i] = math.Max(v, 0)
		case "softplus":
			y[i] = math.Log1p(math.Exp(a.Beta*v)) / a.Beta
		case "sigmoid":
			y[i] = 1 / (1 + math.Exp(-v))
		case "softmax":
			y[i] = math.Exp(v) / sum
		}
	}
	return y
}

// derivative at potential z, of a unit of a hidden layer.
func derivative(a network.Activation, z float64) float64 {
	switch a.Name {
	case "tanh":
		return 1 - math.Tanh(z)*math.Tanh(z)
	case "relu":
		if z > 0 {
			return 1
		}
		return 0
	case "softplus":
		return 1 / (1 + math.Exp(-a.Beta*z))
	case "sigmoid":
		s := 1 / (1 + math.Exp(-z))
		return s * (1 - s)
	}
	return 1
}

func (m *mlp) forward(x []float64) (pot, act [][]float64) {
	pot, act = append(pot, nil), append(act, x)
	for l, w := range m.w {
		if l < len(m.cfg.Convolutions) {
			z, h := m.convolve(l, act[l])
			pot, act = append(pot, z), append(act, h)
			continue
		}
		z := append([]float64(nil), m.b[l]...)
		for j := range w {
			for i := range z {
				z[i] += w[j][i] * act[l][j]
			}
		}
		pot, act = append(pot, z), append(act, value(m.activation(l), z))
	}
	return pot, act
}

func (m *mlp) loss(x, t []float64) float64 {
	_, act := m.forward(x)
	return m.lossOf(act[len(act)-1], t)
}

// lossOf is the loss of outputs.
func (m *mlp) lossOf(y, t []float64) float64 {
	loss := 0.0
	for k := range y {
		switch {
		case m.cfg.Loss == network.Squared:
			loss += (y[k] - t[k]) * (y[k] - t[k]) / 2
		case m.cfg.Output.Name == "softmax":
			loss -= t[k] * math.Log(y[k])
		default:
			loss -= t[k]*math.Log(y[k]) + (1-t[k])*math.Log(1-y[k])
		}
	}
	return loss
}

// slope is the central difference of the loss at *v.
func (m *mlp) slope(v *float64, x, t []float64) float64 {
	const h = 1e-5
	old := *v
	*v = old + h
	up := m.loss(x, t)
	*v = old - h
	down := m.loss(x, t)
	*v = old
	return (up - down) / (2 * h)
}

// recorder keeps copies of what is presented.
type recorder struct {
	values []map[rulespace.Signal][][]float64 // by connection
	order  []int
}

func (r *recorder) PresentFeedback(*credit.Feedback, *credit.Signals) {}

func (r *recorder) Present(c *network.Connection, s *credit.Signals) {
	for len(r.values) <= c.Index {
		r.values = append(r.values, nil)
	}
	r.order = append(r.order, c.Index)
	v := map[rulespace.Signal][][]float64{}
	for i, m := range s.Values {
		if m != nil {
			v[rulespace.Signal(i)] = float(m)
		}
	}
	r.values[c.Index] = v
}

func float(m *vec.Matrix) [][]float64 {
	rows := make([][]float64, m.Rows)
	for i := range rows {
		for _, v := range m.Row(i) {
			rows[i] = append(rows[i], float64(v))
		}
	}
	return rows
}

func randomBatch(s *key.Stream, cfg network.Config, n int) *tasks.Batch {
	in, out := cfg.Sizes[0], cfg.Sizes[len(cfg.Sizes)-1]
	b := &tasks.Batch{N: n, X: vec.New(n, in), Y: vec.New(n, out)}
	for i := range n {
		for j := range b.X.Row(i) {
			b.X.Row(i)[j] = float32(s.Normal())
		}
		for j := range b.Y.Row(i) {
			b.Y.Row(i)[j] = float32(s.Normal())
		}
		if cfg.Loss == network.CrossEntropy {
			clear(b.Y.Row(i))
			b.Y.Row(i)[s.IntN(out)] = 1
		}
	}
	return b
}

func newNetwork(t *testing.T, cfg network.Config, batch int) *network.Network {
	t.Helper()
	n, err := network.New(cfg, key.Root(5).Child("init", 0), batch)
	if err != nil {
		t.Fatal(err)
	}
	s := key.Root(6).Stream()
	for _, c := range n.Conns {
		for i := range c.Bias {
			c.Bias[i] = float32(s.Uniform(-0.3, 0.3))
		}
	}
	return n
}

func newCircuit(t *testing.T, cfg credit.Config, n *network.Network, needs ...rulespace.Signal) credit.Circuit {
	t.Helper()
	set := rulespace.Signals(needs...)
	c, err := credit.New(cfg, n, credit.Needs{Hidden: set.Minus(rulespace.Signals(rulespace.SigTarget)), Output: set}, key.Root(9))
	if err != nil {
		t.Fatal(err)
	}
	return c
}
