package trial_test

import (
	"math"
	"testing"

	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// sample is what one update of one connection may depend on.
type sample struct {
	t       float64     // number of the update, from 1
	x, u, y []float64   // inputs, potentials, activities
	d       []float64   // targets
	xm, ym  []float64   // means of x and y up to and with this sample
	w       [][]float64 // weights before the update
}

func (s sample) softmax(i int) float64 {
	sum := 0.0
	for _, u := range s.u {
		sum += math.Exp(u - s.u[i])
	}
	return 1 / sum
}

// One connection learns five samples online, and plain loops in float64 that
// follow the papers' equations must come to the same weights. The tolerance is
// that of a few float32 roundings on weights of order 1.
func TestEquations(t *testing.T) {
	const steps, lr = 5, 0.05
	type law func(s sample, j, i int, state []float64) float64 // state of the synapse: two numbers
	for name, f := range map[string]law{
		"covariance":      func(s sample, j, i int, _ []float64) float64 { return (s.y[i] - s.ym[i]) * (s.x[j] - s.xm[j]) },
		"hebb-decay":      func(s sample, j, i int, _ []float64) float64 { return s.y[i]*s.x[j] - 0.1*s.w[j][i] },
		"instar":          func(s sample, j, i int, _ []float64) float64 { return s.y[i] * (s.x[j] - s.w[j][i]) },
		"competitive":     func(s sample, j, i int, _ []float64) float64 { return s.softmax(i) * (s.x[j] - s.w[j][i]) },
		"softhebb":        func(s sample, j, i int, _ []float64) float64 { return s.softmax(i) * (s.x[j] - s.u[i]*s.w[j][i]) },
		"softhebb-plain":  func(s sample, j, i int, _ []float64) float64 { return s.softmax(i) * (s.x[j] - s.u[i]*s.w[j][i]) },
		"supervised-hebb": func(s sample, j, i int, _ []float64) float64 { return s.d[i] * s.x[j] },
		"perceptron": func(s sample, j, i int, _ []float64) float64 {
			if s.u[i] > 0 {
				return (s.d[i] - 1) * s.x[j]
			}
			return s.d[i] * s.x[j]
		},
		"momentum": func(s sample, j, i int, v []float64) float64 {
			v[0] = 0.9*v[0] + (s.d[i]-s.y[i])*s.x[j]
			return v[0]
		},
		"nesterov": func(s sample, j, i int, v []float64) float64 {
			g := (s.d[i] - s.y[i]) * s.x[j]
			v[0] = 0.9*v[0] + g
			return g + 0.9*v[0]
		},
		"adam": func(s sample, j, i int, m []float64) float64 {
			g := (s.d[i] - s.y[i]) * s.x[j]
			m[0], m[1] = 0.9*m[0]+0.1*g, 0.999*m[1]+0.001*g*g
			return m[0] / (1 - math.Pow(0.9, s.t)) / (math.Sqrt(m[1]/(1-math.Pow(0.999, s.t))) + 1e-8)
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := key.Root(4)
			l := withRate(t, name, lr)
			if l.Credit.Name == "wta" {
				l.Credit.Options = nil // those that suit images
			}
			n, _ := train(t, trial.Trial{Task: regression, Network: linear(regression.In, regression.Out),
				Learner: l, Steps: steps, Key: k})
			got := n.Conns[0].W

			start, err := network.New(linear(regression.In, regression.Out), k.Child("init", 0), 1)
			if err != nil {
				t.Fatal(err)
			}
			s := sample{xm: make([]float64, regression.In), ym: make([]float64, regression.Out)}
			var state [][][]float64
			for j := range regression.In {
				s.w = append(s.w, floats(start.Conns[0].W.Row(j)))
				state = append(state, nil)
				for range regression.Out {
					state[j] = append(state[j], make([]float64, 2))
				}
			}
			episode, err := regression.Start(k.Child("data", 0))
			if err != nil {
				t.Fatal(err)
			}
			b := tasks.NewBatch(regression.Info(), 1)
			for range steps {
				episode.Next(b)
				s.t++
				s.x, s.d = floats(b.X.Row(0)), floats(b.Y.Row(0))
				s.u = make([]float64, regression.Out)
				for j, x := range s.x {
					s.xm[j] += (x - s.xm[j]) / s.t
					for i := range s.u {
						s.u[i] += x * s.w[j][i]
					}
				}
				s.y = s.u
				for i, y := range s.y {
					s.ym[i] += (y - s.ym[i]) / s.t
				}
				next := make([][]float64, len(s.w))
				for j := range s.w {
					for i, w := range s.w[j] {
						next[j] = append(next[j], w+lr*f(s, j, i, state[j][i]))
					}
				}
				s.w = next
			}
			for j := range s.w {
				for i, want := range s.w[j] {
					if v := float64(got.Row(j)[i]); math.Abs(v-want) > 2e-6*max(1, math.Abs(want)) {
						t.Fatalf("weight %d→%d is %v, want %v", j, i, v, want)
					}
				}
			}
		})
	}
}

func floats(row []float32) []float64 {
	out := make([]float64, len(row))
	for i, v := range row {
		out[i] = float64(v)
	}
	return out
}
