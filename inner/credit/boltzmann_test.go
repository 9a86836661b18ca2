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

// binary lists all states of n units of 0 and 1, or of one unit of n states.
func binary(n int, oneHot bool) [][]float64 {
	var all [][]float64
	if oneHot {
		for k := range n {
			s := make([]float64, n)
			s[k] = 1
			all = append(all, s)
		}
		return all
	}
	for bits := range 1 << n {
		s := make([]float64, n)
		for k := range s {
			s[k] = float64(bits >> k & 1)
		}
		all = append(all, s)
	}
	return all
}

// products are the averages of h_l h_{l−1}ᵀ, and of the input, under the
// Boltzmann distribution of all states for which keep holds.
func products(m *mlp, layers [][][]float64, keep func(h [][]float64) bool) [][]float64 {
	out := make([][]float64, len(m.w)+1)
	for l := range m.w {
		out[l] = make([]float64, len(m.w[l])*len(m.w[l][0]))
	}
	out[len(m.w)] = make([]float64, len(m.w[0]))
	norm := 0.0
	h := make([][]float64, len(layers))
	var visit func(l int)
	visit = func(l int) {
		if l < len(layers) {
			for _, s := range layers[l] {
				h[l] = s
				visit(l + 1)
			}
			return
		}
		if !keep(h) {
			return
		}
		energy := 0.0
		for l := range m.w {
			for i, y := range h[l+1] {
				energy -= m.b[l][i] * y
				for j, x := range h[l] {
					energy -= m.w[l][j][i] * x * y
				}
			}
		}
		p := math.Exp(-energy)
		norm += p
		for l := range m.w {
			for i, y := range h[l+1] {
				for j, x := range h[l] {
					out[l][j*len(h[l+1])+i] += p * x * y
				}
			}
		}
		for j, x := range h[0] {
			out[len(m.w)][j] += p * x
		}
	}
	visit(0)
	for l := range out {
		for i := range out[l] {
			out[l][i] /= norm
		}
	}
	return out
}

func same(a, b []float64) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// gibbsSum is hebbian with the biases of the inputs as one more connection.
type gibbsSum struct {
	hebbian
	inputs []float64
}

func (g *gibbsSum) PresentFeedback(f *credit.Feedback, s *credit.Signals) {
	if g.inputs == nil {
		g.inputs = make([]float64, f.W.Rows)
	}
	for q := range s.Batch {
		gate := float64(s.Values[rulespace.SigPhase].Row(0)[q]) * float64(s.Values[rulespace.SigPost].Row(q)[0])
		for j, x := range s.Values[rulespace.SigPre].Row(q) {
			g.inputs[j] += gate * float64(x)
		}
	}
}

// The mean update of contrastive divergence points along the gradient of the
// log-likelihood, found by enumeration of all states, and approaches it as the
// sampling gets longer: cosine above .9 for CD-1 (as proposed), above .99 for
// CD-20. 4×3 units without labels; 4-3-2 with labels, given the input or
// jointly with it; 4-3-3-2 with two hidden layers.
func TestBoltzmannGradientByEnumeration(t *testing.T) {
	for _, c := range []struct {
		name, circuit, model string
		sizes                []int
		one                  float64 // least cosine of CD-1
	}{
		{"restricted", "rbm", "", []int{4, 3}, 0.9},
		{"joint", "boltzmann", "joint", []int{4, 3, 2}, 0.9},
		{"conditional", "boltzmann", "conditional", []int{4, 3, 2}, 0.9},
		{"two hidden layers", "boltzmann", "joint", []int{4, 3, 3, 2}, 0.9},
	} {
		cfg := network.Config{Sizes: c.sizes, Hidden: network.Activation{Name: "sigmoid"}, Output: network.Activation{Name: "sigmoid"}, Bias: true}
		labels := c.circuit == "boltzmann"
		if labels {
			cfg.Output.Name, cfg.Loss = "softmax", network.CrossEntropy
		}
		const rows = 5
		n := newNetwork(t, cfg, rows)
		last := len(c.sizes) - 1
		layers := [][][]float64{binary(4, false)}
		for l := 1; l <= last; l++ {
			layers = append(layers, binary(c.sizes[l], labels && l == last))
		}
		b := &tasks.Batch{N: rows, X: vec.New(rows, 4), Y: vec.New(rows, c.sizes[last])}
		s := key.Root(41).Stream()
		for q := range rows {
			for j := range b.X.Row(q) {
				b.X.Row(q)[j] = float32(s.IntN(2))
			}
			b.Y.Row(q)[q%c.sizes[last]] = 1
		}
		m := reference(n)
		want := products(m, layers, func([][]float64) bool { return true })
		for l := range want {
			for i := range want[l] {
				want[l][i] *= -rows
			}
		}
		add := func(sign float64, keep func([][]float64) bool) {
			for l, v := range products(m, layers, keep) {
				for i := range v {
					want[l][i] += sign * v[i]
				}
			}
		}
		if c.model == "conditional" {
			for l := range want {
				clear(want[l])
			}
		}
		for q, x := range float(b.X) {
			y := float(b.Y)[q]
			add(1, func(h [][]float64) bool { return same(h[0], x) && (!labels || same(h[last], y)) })
			if c.model == "conditional" {
				add(-1, func(h [][]float64) bool { return same(h[0], x) })
			}
		}
		for _, steps := range []string{"1", "20"} {
			o := map[string]string{"steps": steps, "data_steps": "20"}
			if labels {
				o["model"] = c.model
			}
			circuit := newCircuit(t, credit.Config{Name: c.circuit, Options: o}, n, rulespace.SigPhase)
			var g gibbsSum
			const draws = 500
			for range draws {
				circuit.Learn(n, b, &g)
			}
			got := g.sums
			exact := want[:last]
			if c.model != "conditional" {
				got, exact = append(got, g.inputs), want
			}
			flatGot, flatWant := flatten(got, 1/float64(draws)), flatten(exact, 1)
			cos := cosine(flatGot, flatWant)
			ratio := math.Sqrt(cosineNorm(flatGot) / cosineNorm(flatWant))
			t.Logf("%s, CD-%s: cosine %.4f, norm ratio %.3f", c.name, steps, cos, ratio)
			if steps == "1" && cos < c.one || steps == "20" && (cos < 0.99 || math.Abs(ratio-1) > 0.1) {
				t.Errorf("%s, CD-%s: cosine %.4f, norm ratio %.3f", c.name, steps, cos, ratio)
			}
		}
	}
}

func flatten(m [][]float64, scale float64) (out []float64) {
	for _, r := range m {
		for _, v := range r {
			out = append(out, scale*v)
		}
	}
	return out
}

// Labels are predicted with their exact probabilities given the input.
func TestBoltzmannPredictsByEnumeration(t *testing.T) {
	cfg := network.Config{Sizes: []int{4, 5, 3}, Hidden: network.Activation{Name: "sigmoid"}, Loss: network.CrossEntropy, Bias: true}
	n := newNetwork(t, cfg, 2)
	p := newCircuit(t, credit.Config{Name: "boltzmann"}, n, rulespace.SigPhase).(credit.Predictor)
	b := randomBatch(key.Root(3).Stream(), n.Config, 2)
	out := p.Outputs(b.X)
	m := reference(n)
	for q, x := range float(b.X) {
		var weights []float64
		total := 0.0
		for _, y := range binary(3, true) {
			sum := 0.0
			for _, h := range binary(5, false) {
				e := 0.0
				for i := range h {
					z := m.b[0][i]
					for j := range x {
						z += m.w[0][j][i] * x[j]
					}
					for k := range y {
						z += m.w[1][i][k] * y[k]
					}
					e += h[i] * z
				}
				for k := range y {
					e += m.b[1][k] * y[k]
				}
				sum += math.Exp(e)
			}
			weights = append(weights, sum)
			total += sum
		}
		for k := range weights {
			near(t, "probability", float64(out.Row(q)[k]), weights[k]/total)
		}
	}
}
