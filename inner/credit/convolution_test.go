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
	for _, pool := range []string{"", "p2", "a2", "p3/1"} {
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
	if want := "credit: circuit perturb does not work through convolutions; circuits that do are bp, dfa, fa, none"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	lower := rulespace.Signals(rulespace.SigLower)
	if _, err := credit.New(credit.Config{Name: "none"}, n, credit.Needs{Hidden: lower}, key.Root(1)); err == nil {
		t.Error("a convolution presents lower")
	}
}

func TestConvolutionsDoNotAllocate(t *testing.T) {
	for _, name := range []string{"bp", "fa", "dfa", "none"} {
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
