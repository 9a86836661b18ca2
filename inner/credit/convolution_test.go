package credit_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// convolve is connection l of a convolutional network, index by index: the
// potentials of the filters by position, and the image that pooling leaves.
func (m *mlp) convolve(l int, x []float64) (pot, image []float64) {
	height, width, depth := m.cfg.Image.Height, m.cfg.Image.Width, m.cfg.Image.Channels
	var c network.Convolution
	var rows, cols int
	for i := range l + 1 {
		if i > 0 {
			height = (rows-c.Pooling.Size.Height)/c.Pooling.Stride.Height + 1
			width = (cols-c.Pooling.Size.Width)/c.Pooling.Stride.Width + 1
			depth = c.Filters
		}
		c = m.cfg.Convolutions[i]
		rows = (height+2*c.Padding.Height-c.Kernel.Height)/c.Stride.Height + 1
		cols = (width+2*c.Padding.Width-c.Kernel.Width)/c.Stride.Width + 1
	}
	for r := range rows {
		for q := range cols {
			for f := range c.Filters {
				z := m.b[l][f]
				for y := range c.Kernel.Height {
					for x0 := range c.Kernel.Width {
						for d := range depth {
							iy, ix := r*c.Stride.Height-c.Padding.Height+y, q*c.Stride.Width-c.Padding.Width+x0
							if 0 <= iy && iy < height && 0 <= ix && ix < width {
								z += m.w[l][(y*c.Kernel.Width+x0)*depth+d][f] * x[(iy*width+ix)*depth+d]
							}
						}
					}
				}
				pot = append(pot, z)
			}
		}
	}
	act := value(m.activation(l), pot)
	p := c.Pooling
	for r := 0; r+p.Size.Height <= rows; r += p.Stride.Height {
		for q := 0; q+p.Size.Width <= cols; q += p.Stride.Width {
			for f := range c.Filters {
				most, sum := math.Inf(-1), 0.0
				for y := range p.Size.Height {
					for x := range p.Size.Width {
						v := act[((r+y)*cols+q+x)*c.Filters+f]
						most, sum = math.Max(most, v), sum+v
					}
				}
				if p.Average {
					most = sum / float64(p.Size.Height*p.Size.Width)
				}
				image = append(image, most)
			}
		}
	}
	return pot, image
}

// convolutional makes a config of text such as 6x6-c3k3-4.
func convolutional(t *testing.T, text string, cfg network.Config) network.Config {
	t.Helper()
	var layers []network.Layer
	for _, p := range strings.Split(text, "-") {
		l, err := network.ParseLayer(p)
		if err != nil {
			t.Fatal(err)
		}
		layers = append(layers, l)
	}
	cfg, err := cfg.WithLayers(layers)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// Backpropagation through convolutions and pooling is the gradient: the mean
// of err·pre over the positions of a sample, which is what rules take, is the
// slope of the loss in the weight that they share.
func TestBackpropThroughConvolutions(t *testing.T) {
	for _, text := range []string{
		"5x6-c3k3-4",              // no pooling
		"6x7x2-c3k3p2-4",          // maxima; a row and a column are left over
		"6x6-c3k3a2-4",            // means
		"7x7-c2k3z1p3/2-c3k2-5-4", // zeros around, windows that overlap, two in a row
		"6x9x2-c3k2x3s1x2a2x1/1-4",
		"8x8-c2k3s2z2-c3k2p2-3",
	} {
		for _, h := range []network.Activation{{Name: "tanh"}, {Name: "softplus", Beta: 2}, {Name: "linear"}} {
			for _, loss := range []string{network.Squared, network.CrossEntropy} {
				t.Run(fmt.Sprintf("%s/%v/%s", text, h, loss), func(t *testing.T) {
					const rows = 2
					n := newNetwork(t, convolutional(t, text, network.Config{Hidden: h, Loss: loss, Bias: true}), rows)
					c := newCircuit(t, credit.Config{Name: "bp"}, n, rulespace.SigErr, rulespace.SigErrPre)
					b := randomBatch(key.Root(7).Stream(), n.Config, rows)
					var r recorder
					c.Learn(n, b, &r)
					checkSharedGradient(t, n, float(b.X), float(b.Y), &r)
				})
			}
		}
	}
}

func checkSharedGradient(t *testing.T, n *network.Network, x, y [][]float64, r *recorder) {
	t.Helper()
	m := reference(n)
	losses := make([]float64, len(x))
	n.Losses(losses, matrix(y))
	for q := range x {
		near(t, "loss", losses[q], m.loss(x[q], y[q]))
		for l, c := range n.Conns {
			each := c.Positions
			err, pre := r.values[l][rulespace.SigErr][q*each:(q+1)*each], r.values[l][rulespace.SigPre][q*each:(q+1)*each]
			for i := range m.b[l] {
				mean := 0.0
				for p := range each {
					mean += err[p][i] / float64(each)
				}
				near(t, fmt.Sprintf("bias %d of connection %d", i, l), mean, -m.slope(&m.b[l][i], x[q], y[q]))
				for j := range m.w[l] {
					mean = 0
					for p := range each {
						mean += err[p][i] * pre[p][j] / float64(each)
					}
					near(t, fmt.Sprintf("weight %d→%d of connection %d", j, i, l), mean, -m.slope(&m.w[l][j][i], x[q], y[q]))
				}
			}
		}
		// err_pre of the first connection has the slope in each input wherever it
		// is part of a patch. The derivative of softplus at a negative input is
		// large and magnifies rounding.
		g := n.Conns[0].Geometry
		slopes, derivatives := vec.New(1, g.Below.Units()), vec.New(1, g.Below.Units())
		for j, v := range x[q] {
			slopes.Row(0)[j] = float32(-m.slope(&x[q][j], x[q], y[q]))
			derivatives.Row(0)[j] = float32(inputDerivative(m.cfg.Hidden, v))
		}
		want, by := vec.New(n.Conns[0].Positions, n.Conns[0].In), vec.New(n.Conns[0].Positions, n.Conns[0].In)
		g.Gather(want, slopes)
		g.Gather(by, derivatives)
		for p := range want.Rows {
			for j, v := range r.values[0][rulespace.SigErrPre][q*want.Rows+p] {
				d := float64(by.Row(p)[j])
				scale := math.Max(1, math.Abs(d))
				near(t, "err_pre of the input", v/scale, float64(want.Row(p)[j])*d/scale)
			}
		}
	}
}

// Feedback through the weights themselves is backpropagation, to the last
// bit, and plastic feedback has the shape of the filters.
func TestAlignedFeedbackThroughConvolutions(t *testing.T) {
	n := newNetwork(t, convolutional(t, "8x8-c3k3p2-c4k2-5-3", network.Config{Loss: network.CrossEntropy, Bias: true}), 4)
	b := randomBatch(key.Root(3).Stream(), n.Config, 4)
	bp := newCircuit(t, credit.Config{Name: "bp"}, n, rulespace.SigErr, rulespace.SigErrPre)
	fa := newCircuit(t, credit.Config{Name: "fa"}, n, rulespace.SigErr, rulespace.SigErrPre)
	var r, s recorder
	bp.Learn(n, b, &r)
	fa.Learn(n, b, &s)
	if fmt.Sprint(r.values[0][rulespace.SigErr]) == fmt.Sprint(s.values[0][rulespace.SigErr]) {
		t.Error("random feedback gives the gradient")
	}
	fa.Learn(n, b, plasticity(func(c *network.Connection, s *credit.Signals) { s.Feedback.CopyFrom(c.W) }))
	fa.Learn(n, b, &s)
	for l := range r.values {
		for _, sig := range []rulespace.Signal{rulespace.SigErr, rulespace.SigErrPre} {
			if a, b := fmt.Sprint(r.values[l][sig]), fmt.Sprint(s.values[l][sig]); a != b {
				t.Errorf("%v of connection %d: bp %s, fa %s", sig, l, a, b)
			}
		}
	}
}

// Direct feedback reaches the units that pooling left, from there the filters
// as credit from above does: with linear units err_pre of the connection above
// is what arrives.
func TestDirectFeedbackThroughConvolutions(t *testing.T) {
	for _, pool := range []string{"", "p2", "a2", "p3"} {
		n := newNetwork(t, convolutional(t, "7x7-c3k2"+pool+"-5-3", network.Config{Hidden: network.Activation{Name: "linear"}}), 2)
		c := newCircuit(t, credit.Config{Name: "dfa"}, n, rulespace.SigErr, rulespace.SigErrPre)
		b := randomBatch(key.Root(3).Stream(), n.Config, 2)
		var r recorder
		c.Learn(n, b, &r)
		conn := n.Conns[0]
		want := vec.New(2*conn.Positions, conn.Out)
		conn.Unpool(want, matrix(r.values[1][rulespace.SigErrPre]))
		sum := 0.0
		for i, row := range r.values[0][rulespace.SigErr] {
			for f, v := range row {
				near(t, "err", v, float64(conn.Positions)*float64(want.Row(i)[f]))
				sum += math.Abs(v)
			}
		}
		if sum == 0 {
			t.Errorf("pooling %q: no credit", pool)
		}
	}
}

// Hebbian rules see a patch and what competes at its position.
func TestLocalSignalsOfConvolutions(t *testing.T) {
	n := newNetwork(t, convolutional(t, "6x5-c4k3p2-3", network.Config{Hidden: network.Activation{Name: "relu"}, Bias: true}), 2)
	c := newCircuit(t, credit.Config{Name: "none"}, n, rulespace.SigPre, rulespace.SigPost, rulespace.SigPot, rulespace.SigDPost, rulespace.SigComp,
		rulespace.SigRecon, rulespace.SigPreTrace, rulespace.SigElig, rulespace.SigMeanPost, rulespace.SigStep)
	b := randomBatch(key.Root(3).Stream(), n.Config, 2)
	var r recorder
	c.Learn(n, b, &r)
	m, v := reference(n), r.values[0]
	positions := n.Conns[0].Positions
	trace, product := make([]float64, 9), 0.0
	for q := range 2 {
		x := float(b.X)[q]
		pot, _ := m.forward(x)
		for p := range positions {
			row := q*positions + p
			z := pot[1][p*4 : p*4+4]
			comp := value(network.Activation{Name: "softmax"}, z)
			recon, mean := make([]float64, 9), 0.0
			for f := range z {
				y := math.Max(z[f], 0)
				near(t, "pot", v[rulespace.SigPot][row][f], z[f])
				near(t, "post", v[rulespace.SigPost][row][f], y)
				near(t, "dpost", v[rulespace.SigDPost][row][f], derivative(n.Config.Hidden, z[f]))
				near(t, "comp", v[rulespace.SigComp][row][f], comp[f])
				mean += y / 4
				for j := range recon {
					recon[j] += y * m.w[0][j][f]
				}
			}
			near(t, "mean_post", v[rulespace.SigMeanPost][0][row], mean)
			for j := range recon {
				patch := x[(p/3+j/3)*5+p%3+j%3]
				near(t, "pre", v[rulespace.SigPre][row][j], patch)
				near(t, "recon", v[rulespace.SigRecon][row][j], recon[j])
				trace[j] += patch / float64(2*positions)
			}
			product += x[(p/3)*5+p%3] * math.Max(z[0], 0) / float64(2*positions)
		}
	}
	for j := range trace {
		near(t, "pre_trace", v[rulespace.SigPreTrace][2*positions-1][j], trace[j])
	}
	near(t, "elig", v[rulespace.SigElig][0][0], product)
	near(t, "step", v[rulespace.SigStep][0][0], 1)
}

func TestCircuitsWithoutConvolutions(t *testing.T) {
	n := newNetwork(t, convolutional(t, "6x6-c2k3-3", network.Config{}), 1)
	_, err := credit.New(credit.Config{Name: "perturb"}, n, credit.Needs{}, key.Root(1))
	if want := "credit: circuit perturb does not work through convolutions; circuits that do are bp, dfa, fa, fdfa, none, pc-"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
	lower := rulespace.Signals(rulespace.SigLower)
	if _, err := credit.New(credit.Config{Name: "none"}, n, credit.Needs{Hidden: lower}, key.Root(1)); err == nil {
		t.Error("a convolution presents lower")
	}
}

func TestConvolutionsDoNotAllocate(t *testing.T) {
	for _, name := range []string{"bp", "fa", "dfa", "fdfa", "none", "pc-strict", "pc-incremental", "pc-fixed", "pc-zil"} {
		n := newNetwork(t, convolutional(t, "8x8-c3k3p2-c4k2a2-5-3", network.Config{Bias: true}), 4)
		signals := []rulespace.Signal{rulespace.SigPre, rulespace.SigComp, rulespace.SigStep}
		if name != "none" {
			signals = append(signals, rulespace.SigErr, rulespace.SigErrPre)
		}
		c := newCircuit(t, credit.Config{Name: name}, n, signals...)
		b := randomBatch(key.Root(3).Stream(), n.Config, 4)
		nothing := plasticity(func(*network.Connection, *credit.Signals) {})
		if allocs := testing.AllocsPerRun(5, func() {
			b.N = 4
			c.Learn(n, b, nothing)
			b.N = 3
			c.Learn(n, b, nothing)
		}); allocs != 0 {
			t.Errorf("%s: %v allocations", name, allocs)
		}
	}
}

// Predictive coding over filters of 1×1 on an image of 1×1 is that over units,
// to the last bit.
func TestPointPredictiveCodingIsDense(t *testing.T) {
	signals := []rulespace.Signal{rulespace.SigErr, rulespace.SigErrPre, rulespace.SigPre, rulespace.SigPost, rulespace.SigPot, rulespace.SigDPost}
	for name, hidden := range map[string]string{"pc-strict": "tanh", "pc-incremental": "tanh", "pc-fixed": "tanh", "pc-zil": "tanh", "pc-positive": "relu", "pc-gaussian": "relu", "pc-kl": "sigmoid"} {
		cfg := network.Config{Hidden: network.Activation{Name: hidden}, Bias: true}
		if name == "pc-kl" {
			cfg.Loss = network.CrossEntropy
		}
		filters := newNetwork(t, convolutional(t, "1x1x5-c7k1-c6k1-3", cfg), 2)
		cfg.Sizes = []int{5, 7, 6, 3}
		units := newNetwork(t, cfg, 2)
		var r [2]recorder
		for i, n := range []*network.Network{filters, units} {
			c := newCircuit(t, credit.Config{Name: name}, n, signals...)
			for range 2 {
				c.Learn(n, randomBatch(key.Root(4).Stream(), n.Config, 2), &r[i])
			}
		}
		for l := range r[0].values {
			for _, sig := range signals {
				if a, b := fmt.Sprint(r[0].values[l][sig]), fmt.Sprint(r[1].values[l][sig]); a != b {
					t.Errorf("%s, connection %d: filters present %v %s, units %s", name, l, sig, a, b)
				}
			}
		}
	}
}

// Through convolutions and pooling, too, predictive coding goes to backprop as
// the force on its output goes to nothing. The differences are those of the
// credit of all layers, relative to that of backprop; for a force λ they are
// of order λ. Smaller forces leave differences of potentials that are little
// more than rounding, as many positions share the credit.
func TestNudgedPredictiveCodingThroughConvolutions(t *testing.T) {
	for _, text := range []string{"7x7-c3k3p2-5-3", "6x6-c3k2z1a2-c4k2-3", "7x6x2-c3k2p3/2-3"} {
		n := newNetwork(t, convolutional(t, text, network.Config{Hidden: network.Activation{Name: "tanh"}, Bias: true}), 2)
		b := randomBatch(key.Root(32).Stream(), n.Config, 2)
		all := func(cfg credit.Config) []float64 {
			c := newCircuit(t, cfg, n, rulespace.SigErr, rulespace.SigErrPre, rulespace.SigPre)
			var r recorder
			c.Learn(n, b, &r)
			var v []float64
			for l := range r.values {
				for _, s := range []rulespace.Signal{rulespace.SigErr, rulespace.SigErrPre} {
					for _, row := range r.values[l][s] {
						v = append(v, row...)
					}
				}
			}
			return v
		}
		bp := all(credit.Config{Name: "bp"})
		var rel [2]float64
		for i, nudge := range []string{"0.1", "0.01"} {
			pc := all(credit.Config{Name: "pc-strict", Options: map[string]string{"nudge": nudge, "steps": "1500", "rate": "0.1"}})
			sum, norm := 0.0, 0.0
			for k := range bp {
				sum += (pc[k] - bp[k]) * (pc[k] - bp[k])
				norm += bp[k] * bp[k]
			}
			rel[i] = math.Sqrt(sum / norm)
		}
		t.Logf("%s: %.4f and %.4f away from backprop", text, rel[0], rel[1])
		if rel[1] > 0.05 || rel[1] > rel[0]/5 {
			t.Errorf("%s: differences %v do not fall with the force", text, rel)
		}
	}
}

// Fixed predictions and zero divergence are backprop through convolutions,
// too. Errors are differences of potentials of order 1 in zero divergence: they
// round at 1e-7, times the number of positions in err.
func TestExactPredictiveCodingThroughConvolutions(t *testing.T) {
	for _, text := range []string{"7x7-c3k3p2-5-3", "6x6-c3k2z1a2-c4k2-3", "7x6x2-c3k2p3/2-3"} {
		n := newNetwork(t, convolutional(t, text, network.Config{Hidden: network.Activation{Name: "tanh"}, Bias: true}), 2)
		b := randomBatch(key.Root(32).Stream(), n.Config, 2)
		all := func(name string) recorder {
			c := newCircuit(t, credit.Config{Name: name}, n, rulespace.SigErr, rulespace.SigErrPre, rulespace.SigPre)
			var r recorder
			c.Learn(n, b, &r)
			return r
		}
		bp := all("bp")
		for _, name := range []string{"pc-fixed", "pc-zil"} {
			r := all(name)
			for l := range bp.values {
				for _, s := range []rulespace.Signal{rulespace.SigErr, rulespace.SigErrPre, rulespace.SigPre} {
					for i, row := range bp.values[l][s] {
						for j, want := range row {
							scale := math.Max(1, float64(n.Conns[l].Positions)/10)
							near(t, fmt.Sprintf("%s, %s: %v of connection %d", text, name, s, l), r.values[l][s][i][j]/scale, want/scale)
						}
					}
				}
			}
		}
	}
}
