package credit_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// With white noise, coloured noise and while the weights drift, feedback
// learns to lie along the weights without any phase of its own, as
// f'·W·f' of the two layers; the drift moves weights by as much as they are
// in size, within four time constants of the feedback.
func TestPhaselessAlignment(t *testing.T) {
	for _, c := range []struct {
		options map[string]string
		drift   float64 // per update
		least   float64
	}{
		{map[string]string{"steps": "4"}, 0, 0.95},
		{map[string]string{"steps": "12", "noise_tau": "2"}, 0, 0.95},
		{map[string]string{"steps": "4"}, 0.0025, 0.9},
	} {
		const rows = 4
		n := newNetwork(t, toy, rows)
		circuit := newCircuit(t, credit.Config{Name: "pal", Options: c.options}, n, rulespace.SigErr, rulespace.SigErrPre)
		s := key.Root(7).Stream()
		weights := map[int]*vec.Matrix{}
		p := track(0.0025, 0.1*0.1, weights)
		var drift [][]float64
		for _, conn := range n.Conns {
			sd := norm(flat(float(conn.W))) / math.Sqrt(float64(conn.In*conn.Out))
			var d []float64
			for range conn.In * conn.Out {
				d = append(d, sd*s.Normal())
			}
			drift = append(drift, d)
		}
		for range 400 {
			circuit.Learn(n, randomBatch(s, n.Config, rows), p)
			for l, conn := range n.Conns {
				for j := range conn.In {
					for i := range conn.Out {
						conn.InPlace.Row(j)[i] += float32(c.drift * drift[l][j*conn.Out+i])
					}
				}
			}
		}
		for l, conn := range n.Conns {
			cos := cosine(flat(float(conn.W)), flat(float(weights[l])))
			t.Logf("%v, drift %v, connection %d: cosine %.4f", c.options, c.drift, l, cos)
			if cos < c.least {
				t.Errorf("%v, drift %v, connection %d: cosine %.4f of feedback and weights", c.options, c.drift, l, cos)
			}
		}
	}
}

// Two time steps as plain loops have them: noise of all layers below reaches
// the filtered rates.
func TestPhaselessFilter(t *testing.T) {
	cfg := network.Config{Sizes: []int{4, 6, 5, 3}, Hidden: network.Activation{Name: "sigmoid"}, Loss: network.CrossEntropy, Bias: true}
	for _, needs := range [][]rulespace.Signal{{rulespace.SigErr}, {rulespace.SigErrPre}} {
		n := newNetwork(t, cfg, 2)
		c := newCircuit(t, credit.Config{Name: "pal", Options: map[string]string{"steps": "2", "highpass_tau": "4", "sigma": "0.5"}}, n, needs...)
		m := reference(n)
		b := randomBatch(key.Root(8).Stream(), n.Config, 2)
		var noise, high []map[int][][]float64 // by time step, by connection
		seen := ""
		c.Learn(n, b, feedbackPlasticity(func(f *credit.Feedback, s *credit.Signals) {
			if len(noise) == 0 || noise[len(noise)-1][f.Index] != nil {
				noise, high = append(noise, map[int][][]float64{}), append(high, map[int][][]float64{})
			}
			seen += fmt.Sprint(f.Index)
			noise[len(noise)-1][f.Index] = float(s.Values[rulespace.SigPre])
			high[len(high)-1][f.Index] = float(s.Values[rulespace.SigPost])
		}))
		if want := map[rulespace.Signal]string{rulespace.SigErr: "1212", rulespace.SigErrPre: "012012"}[needs[0]]; seen != want {
			t.Fatalf("feedback weights are presented in order %q, want %q", seen, want)
		}
		for q, x := range float(b.X) {
			pot, act := m.forward(x)
			before := append(append([][]float64(nil), act[:3]...), pot[3])
			filtered := [][]float64{nil, make([]float64, 6), make([]float64, 5), make([]float64, 3)}
			for step := range noise {
				h := append([]float64(nil), x...)
				if xi := noise[step][0]; xi != nil {
					for j := range h {
						h[j] += xi[q][j]
					}
				}
				for l := range 3 {
					z := append([]float64(nil), m.b[l]...)
					for j := range h {
						for i := range z {
							z[i] += h[j] * m.w[l][j][i]
						}
					}
					if l < 2 {
						for i := range z {
							z[i] += noise[step][l+1][q][i]
						}
						z = value(m.cfg.Hidden, z)
					}
					for i := range z {
						filtered[l+1][i] = 0.75*filtered[l+1][i] + z[i] - before[l+1][i]
						if got := high[step][l]; got != nil {
							near(t, "filtered rate", got[q][i], filtered[l+1][i])
						}
					}
					before[l+1] = z
					h = z
				}
			}
		}
	}
}

// The noise has the correlation of an Ornstein-Uhlenbeck process.
func TestPhaselessNoise(t *testing.T) {
	n := newNetwork(t, network.Config{Sizes: []int{2, 50, 2}}, 1)
	c := newCircuit(t, credit.Config{Name: "pal", Options: map[string]string{"steps": "5000", "noise_tau": "5", "sigma": "2"}}, n, rulespace.SigErr)
	var last []float64
	var variance, covariance, count float64
	c.Learn(n, randomBatch(key.Root(8).Stream(), n.Config, 1), feedbackPlasticity(func(f *credit.Feedback, s *credit.Signals) {
		xi := float(s.Values[rulespace.SigPre])[0]
		for j := range last {
			variance += xi[j] * xi[j]
			covariance += xi[j] * last[j]
			count++
		}
		last = xi
	}))
	// 50·5000 samples, about a tenth of them independent: 1 % of the variance.
	if want := 4 / (2 - 1/5.0); math.Abs(variance/count/want-1) > 0.03 || math.Abs(covariance/variance-0.8) > 0.01 {
		t.Errorf("variance %.3f, want %.3f; correlation of a time step %.3f, want 0.8", variance/count, want, covariance/variance)
	}
}
