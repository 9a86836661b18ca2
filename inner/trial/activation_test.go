package trial_test

import (
	"math"
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/rulespace/kernel"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// keepFeedback applies a rule to a connection and to the weights of targets,
// as a life does.
type keepFeedback struct {
	net, feedback *kernel.Instance
	targets       *credit.Feedback
}

func (p *keepFeedback) Present(c *network.Connection, s *credit.Signals) {
	p.net.Apply(&s.Frame, c.InPlace, nil, nil)
}

func (p *keepFeedback) PresentFeedback(f *credit.Feedback, s *credit.Signals) {
	p.targets = f
	p.feedback.Apply(&s.Frame, f.W, nil, nil)
}

// A layer with targets in its input comes to an orthonormal basis, W Wᵀ = 1,
// of the subspace in which its input has the most energy: as much as the
// largest eigenvalues, to 1e-3. The input has length 1, two orthogonal
// directions per class that the target tells apart, and some noise.
func TestActivationLearning(t *testing.T) {
	const in, classes, units, batch = 6, 2, 3, 20
	net, err := network.New(network.Config{Sizes: []int{in, units}, InitScale: 0.3}, key.Root(1), batch)
	if err != nil {
		t.Fatal(err)
	}
	l := withRate(t, "activation", 0.02)
	circuit, err := credit.New(l.Credit, net, l.Needs(1), key.Root(1))
	if err != nil {
		t.Fatal(err)
	}
	program, err := kernel.Compile(l.Rule)
	if err != nil {
		t.Fatal(err)
	}
	s := key.Root(3).Stream()
	b := tasks.NewBatch(tasks.Info{Kind: tasks.Regression, In: in, Out: units}, batch)
	p := &keepFeedback{net: program.Bind(in, units, batch), feedback: program.Bind(units, units, batch)}
	draw := func() {
		b.N = batch
		for i := range batch {
			class := s.IntN(classes)
			x, y := b.X.Row(i), b.Y.Row(i)
			for j := range x {
				x[j] = float32(0.1 * s.Normal())
			}
			x[2*class] += float32(s.Normal())
			x[2*class+1] += float32((0.7 - 0.5*float64(class)) * s.Normal())
			clear(y)
			y[class] = 1
		}
	}
	for range 20000 {
		draw()
		circuit.Learn(net, b, p)
	}
	// All of W: a row for each unit, the weights of targets last.
	var w [][]float64
	for i := range units {
		row := incoming(net.Conns[0], i)
		for k := range units {
			row = append(row, float64(p.targets.W.Row(k)[i]))
		}
		w = append(w, row)
	}
	for i := range units {
		for k := range units {
			want := 0.0
			if i == k {
				want = 1
			}
			if g := inner(w[i], w[k]); math.Abs(g-want) > 1e-3 {
				t.Errorf("product of units %d and %d is %.4f, want %v", i, k, g, want)
			}
		}
	}
	// The second moment of what the layer sees, λ = 0.5.
	moment := make([][]float64, in+units)
	for j := range moment {
		moment[j] = make([]float64, in+units)
	}
	energy, samples := 0.0, 0.0
	for range 2000 {
		draw()
		for i := range batch {
			x := floats(b.X.Row(i))
			norm := math.Sqrt(inner(x, x))
			for j := range x {
				x[j] /= norm * math.Sqrt(1.25)
			}
			for _, y := range floats(b.Y.Row(i)) {
				x = append(x, 0.5*y/math.Sqrt(1.25))
			}
			for j := range x {
				for k := range x {
					moment[j][k] += x[j] * x[k]
				}
			}
			for _, row := range w {
				energy += inner(row, x) * inner(row, x)
			}
			samples++
		}
	}
	most := 0.0
	for range units {
		value, axis := largestEigen(moment)
		most += value
		for j := range moment {
			for k := range moment {
				moment[j][k] -= value * axis[j] * axis[k]
			}
		}
	}
	t.Logf("energy %.5f, largest eigenvalues %.5f", energy/samples, most/samples)
	if math.Abs(energy/most-1) > 1e-3 {
		t.Errorf("energy %.5f of the input, want that of the largest eigenvalues, %.5f", energy/samples, most/samples)
	}
}

// largestEigen returns the largest eigenvalue of a symmetric matrix and its
// axis, by power iteration.
func largestEigen(m [][]float64) (float64, []float64) {
	v := make([]float64, len(m))
	for j := range v {
		v[j] = 1 + 0.1*float64(j)
	}
	value := 0.0
	for range 5000 {
		u := make([]float64, len(m))
		for j := range u {
			u[j] = inner(m[j], v)
		}
		value = math.Sqrt(inner(u, u))
		for j := range u {
			v[j] = u[j] / value
		}
	}
	return value, v
}

// Trying every label tells prototypes apart, with one layer and with two.
func TestActivationLearningClassifies(t *testing.T) {
	for _, sizes := range [][]int{{12, 8, 5}, {12, 20, 10, 5}} {
		cfg := network.Config{Sizes: sizes, Hidden: network.Activation{Name: "linear"}, Loss: network.CrossEntropy, InitScale: 0.05}
		_, out := train(t, trial.Trial{Task: classification{12, 5}, Network: cfg, Learner: named(t, "activation"), Batch: 10, Steps: 20000, Key: key.Root(2)})
		t.Logf("%v: accuracy %.2f", sizes, out.Score.Accuracy)
		if out.Score.Accuracy < 0.9 {
			t.Errorf("%v: accuracy %v", sizes, out.Score.Accuracy)
		}
	}
}
