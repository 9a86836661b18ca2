package credit_test

import (
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// outputs are the potentials of the output for the activities of layer l,
// moved at every layer from there on by some of its tangent.
func (m *mlp) outputs(l int, act []float64, tangent map[int][]float64, some float64) []float64 {
	for ; ; l++ {
		h := append([]float64(nil), act...)
		for j, v := range tangent[l] {
			h[j] += some * v
		}
		if l < len(m.cfg.Convolutions) {
			_, act = m.convolve(l, h)
			continue
		}
		z := append([]float64(nil), m.b[l]...)
		for j := range h {
			for i := range z {
				z[i] += m.w[l][j][i] * h[j]
			}
		}
		if l == len(m.w)-1 {
			return z
		}
		act = value(m.activation(l), z)
	}
}

// jacobian is the derivative of the output potentials in the activities of a
// layer, laid out as feedback weights are.
func (m *mlp) jacobian(l int, act []float64) [][]float64 {
	const h = 1e-5
	var rows [][]float64
	for j := range act {
		e := make([]float64, len(act))
		e[j] = 1
		up, down := m.outputs(l, act, map[int][]float64{l: e}, h), m.outputs(l, act, map[int][]float64{l: e}, -h)
		for k := range up {
			up[k] = (up[k] - down[k]) / (2 * h)
		}
		rows = append(rows, up)
	}
	return rows
}

// What is presented to feedback weights is a direction and the derivative of
// the output along it, all layers at once.
func TestForwardTangents(t *testing.T) {
	for _, x := range []struct{ name, layers string }{
		{"tanh", "4-6-5-3"}, {"relu", "4-6-5-3"}, {"softplus", "4-6-5-3"},
		{"tanh", "5x6-c3k3-4-2"},                    // no pooling
		{"tanh", "7x7x2-c3k2p2-c4k2-3"},             // maxima; tangents go through a second convolution
		{"softplus", "7x7-c2k3z1p3/2-c3k2a2-3"},     // windows that overlap, then means
		{"linear", "6x7x2-c3k2x3s1x2a2x1/1-c2k2-3"}, // strides
	} {
		name := x.name + " " + x.layers
		n := newNetwork(t, convolutional(t, x.layers, network.Config{Hidden: network.Activation{Name: x.name}, Loss: network.CrossEntropy, Bias: true}), 2)
		c := newCircuit(t, credit.Config{Name: "fdfa"}.With("sigma", "1"), n, rulespace.SigErr)
		b := randomBatch(key.Root(7).Stream(), n.Config, 2)
		tangents := []map[int][]float64{{}, {}}
		var ends [][]float64
		c.Learn(n, b, feedbackPlasticity(func(f *credit.Feedback, s *credit.Signals) {
			for q, row := range float(s.Values[rulespace.SigPre]) {
				tangents[q][f.Index] = row
			}
			ends = float(s.Values[rulespace.SigPost])
		}))
		m := reference(n)
		const h = 1e-6
		for q, x := range float(b.X) {
			if len(tangents[q]) != len(n.Conns)-1 {
				t.Fatalf("%s: %d layers have feedback, want the hidden ones", name, len(tangents[q]))
			}
			up, down := m.outputs(0, x, tangents[q], h), m.outputs(0, x, tangents[q], -h)
			for k, d := range ends[q] {
				near(t, name+": tangent of the output", d, (up[k]-down[k])/(2*h))
			}
		}
	}
}

// Direct feedback becomes the mean Jacobian, and credit goes through it. (A
// float64 program of our own found a cosine of .992 for layers of 8 and 7
// units after 1000 single samples at rate 0.001.)
func TestForwardDirectFeedbackIsTheJacobian(t *testing.T) {
	const rows = 4
	n := newNetwork(t, network.Config{Sizes: []int{6, 8, 7, 3}, Hidden: network.Activation{Name: "tanh"}}, rows)
	c := newCircuit(t, credit.Config{Name: "fdfa"}, n, rulespace.SigErr)
	s := key.Root(8).Stream()
	m := reference(n)
	weights := map[int]*vec.Matrix{}
	p := track(0.001, 0.1*0.1, weights)
	mean := map[int][]float64{1: make([]float64, 8*3), 2: make([]float64, 7*3)}
	for range 1000 {
		b := randomBatch(s, n.Config, rows)
		c.Learn(n, b, p)
		for _, x := range float(b.X)[:1] {
			_, act := m.forward(x)
			for l := 1; l <= 2; l++ {
				for j, row := range m.jacobian(l, act[l]) {
					for k, d := range row {
						mean[l][3*j+k] += d
					}
				}
			}
		}
	}
	for l, j := range mean {
		cos := cosine(flat(float(weights[l])), j)
		t.Logf("layer %d: cosine %.4f", l, cos)
		if cos < 0.99 {
			t.Errorf("feedback to layer %d has cosine %.4f with the mean Jacobian", l, cos)
		}
	}
	var r recorder
	b := randomBatch(s, n.Config, rows)
	c.Learn(n, b, &r)
	for l, f := range weights {
		for q := range rows {
			for j := range f.Rows {
				sum, y := 0.0, r.values[l][rulespace.SigPre][q][j]
				for k, v := range f.Row(j) {
					sum += float64(v) * r.values[2][rulespace.SigErr][q][k]
				}
				near(t, "err", r.values[l-1][rulespace.SigErr][q][j], sum*(1-y*y))
			}
		}
	}
}

// Behind convolutions and pooling, too, feedback becomes the mean Jacobian.
// Where units are linear and pooling takes means the Jacobian is the same for
// all samples, and the changes of shared weights become those of backprop.
func TestForwardDirectFeedbackThroughConvolutions(t *testing.T) {
	for _, x := range []struct {
		layers, hidden string
		least          float64 // cosine of the changes of weights with those of backprop
	}{
		{"6x6-c3k3a2-4-3", "linear", 0.99},
		{"6x6-c2k3-c3k2a2-3", "linear", 0.99},
		{"6x6-c3k3p2-4-3", "tanh", 0.9},
	} {
		const rows = 4
		n := newNetwork(t, convolutional(t, x.layers, network.Config{Hidden: network.Activation{Name: x.hidden}}), rows)
		c := newCircuit(t, credit.Config{Name: "fdfa"}, n, rulespace.SigErr, rulespace.SigPre)
		s := key.Root(8).Stream()
		m := reference(n)
		weights := map[int]*vec.Matrix{}
		p := track(0.001, 0.1*0.1, weights)
		for range 3000 {
			c.Learn(n, randomBatch(s, n.Config, rows), p)
		}
		mean := map[int][]float64{}
		for range 200 {
			_, act := m.forward(float(randomBatch(s, n.Config, 1).X)[0])
			for l := range weights {
				j := flat(m.jacobian(l, act[l]))
				if mean[l] == nil {
					mean[l] = make([]float64, len(j))
				}
				for k, d := range j {
					mean[l][k] += d
				}
			}
		}
		for l, w := range weights {
			if cos := cosine(flat(float(w)), mean[l]); cos < 0.99 {
				t.Errorf("%s: feedback to layer %d has cosine %.4f with the mean Jacobian", x.layers, l, cos)
			}
		}
		b := randomBatch(s, n.Config, rows)
		bp := newCircuit(t, credit.Config{Name: "bp"}, n, rulespace.SigErr, rulespace.SigPre)
		changes := func(c credit.Circuit) (dw [][]float64) {
			c.Learn(n, b, plasticity(func(_ *network.Connection, s *credit.Signals) {
				sum := vec.New(s.Values[rulespace.SigPre].Cols, s.Values[rulespace.SigErr].Cols)
				vec.MulTA(sum, s.Values[rulespace.SigPre], s.Values[rulespace.SigErr])
				dw = append(dw, flat(float(sum)))
			}))
			return dw
		}
		own, gradient := changes(c), changes(bp)
		for l := range own[:len(own)-1] {
			cos := cosine(own[l], gradient[l])
			t.Logf("%s: connection %d changes at cosine %.4f to backprop", x.layers, l, cos)
			if cos < x.least {
				t.Errorf("%s: connection %d changes at cosine %.4f to backprop", x.layers, l, cos)
			}
		}
	}
}
