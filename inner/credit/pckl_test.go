package credit_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// kl is KL[f(u)‖f(μ)] of a categorical layer or of binary units.
func kl(output string, u, mu []float64) float64 {
	p, q := value(network.Activation{Name: output}, u), value(network.Activation{Name: output}, mu)
	sum := 0.0
	for i := range p {
		sum += p[i] * math.Log(p[i]/q[i])
		if output == "sigmoid" {
			sum += (1 - p[i]) * math.Log((1-p[i])/(1-q[i]))
		}
	}
	return sum
}

// central is the central difference of f at *v.
func central(v *float64, f func() float64) float64 {
	const h = 1e-5
	old := *v
	*v = old + h
	up := f()
	*v = old - h
	down := f()
	*v = old
	return (up - down) / (2 * h)
}

// Both partial derivatives of the relative entropies against central
// differences, which err by 1e-9. An output alone, pulled to its target with
// force 2, shows them: err is that in the prediction, and from one step to
// the next the potential moves by the other and by the pull. Its difference
// quotient divides float32 roundings of 6e-8 by the step 0.5.
func TestRelativeEntropyPartials(t *testing.T) {
	const nudge, rate = 2, 0.5
	for _, output := range []string{"softmax", "sigmoid"} {
		n := newNetwork(t, network.Config{Sizes: []int{4, 5}, Output: network.Activation{Name: output}, Loss: network.CrossEntropy, Bias: true}, 1)
		b := randomBatch(key.Root(41).Stream(), n.Config, 1)
		n.Forward(b.X)
		mu, target := float(n.Pot[1])[0], float(b.Y)[0]
		u := func(steps int) (pot, err []float64) {
			r := presented(t, n, b, credit.Config{Name: "pc-kl", Options: map[string]string{"nudge": fmt.Sprint(nudge), "rate": fmt.Sprint(rate), "steps": fmt.Sprint(steps)}})
			return r.values[0][rulespace.SigPot][0], r.values[0][rulespace.SigErr][0]
		}
		for steps := range 4 {
			if steps == 0 {
				continue
			}
			pot, err := u(steps)
			next, _ := u(steps + 1)
			y := value(network.Activation{Name: output}, pot)
			energy := func() float64 { return kl(output, pot, mu) }
			for i := range pot {
				near(t, output+": err", nudge*err[i], -central(&mu[i], energy))
				near(t, output+": step", (next[i]-pot[i])/rate, nudge*(target[i]-y[i])-central(&pot[i], energy))
			}
		}
	}
}

// Settled, every potential is where the relative entropies of all layers with
// the target held are least, and err·pre goes down that sum.
func TestRelativeEntropyEquilibrium(t *testing.T) {
	sigmoid := network.Activation{Name: "sigmoid"}
	for _, output := range []string{"softmax", "sigmoid"} {
		n := newNetwork(t, network.Config{Sizes: []int{4, 6, 5, 3}, Hidden: sigmoid, Output: network.Activation{Name: output}, Loss: network.CrossEntropy, Bias: true}, 1)
		b := randomBatch(key.Root(42).Stream(), n.Config, 1)
		r := presented(t, n, b, credit.Config{Name: "pc-kl", Options: map[string]string{"steps": "2000", "rate": "1"}})
		m := reference(n)
		x, y := float(b.X)[0], float(b.Y)[0]
		u := [][]float64{nil, r.values[0][rulespace.SigPot][0], r.values[1][rulespace.SigPot][0]}
		energy := func() float64 {
			sum, pre := 0.0, x
			for l := range m.w {
				mu := append([]float64(nil), m.b[l]...)
				for j := range pre {
					for i := range mu {
						mu[i] += m.w[l][j][i] * pre[j]
					}
				}
				if l == 2 {
					q := value(network.Activation{Name: output}, mu)
					for k := range q {
						sum -= y[k] * math.Log(q[k])
						if output == "sigmoid" {
							sum -= (1 - y[k]) * math.Log(1-q[k])
						}
					}
					break
				}
				sum += kl("sigmoid", u[l+1], mu)
				pre = value(sigmoid, u[l+1])
			}
			return sum
		}
		for l := 1; l <= 2; l++ {
			for i := range u[l] {
				if s := central(&u[l][i], energy); math.Abs(s) > 2e-6 {
					t.Errorf("%s: the energy still falls with potential %d of layer %d: slope %g", output, i, l, s)
				}
			}
		}
		for l := range m.w {
			err, pre := r.values[l][rulespace.SigErr][0], r.values[l][rulespace.SigPre][0]
			for i := range m.b[l] {
				near(t, output+": err", err[i], -central(&m.b[l][i], energy))
				for j := range m.w[l] {
					near(t, output+": err·pre", err[i]*pre[j], -central(&m.w[l][j][i], energy))
				}
			}
		}
	}
}

// Softly pulled, logits approach backprop as potentials do: the curvature of
// a relative entropy in its two arguments is the same where they meet, so that
// one linear response theory holds for all energies.
func TestRelativeEntropyApproachesBackprop(t *testing.T) {
	n := newNetwork(t, network.Config{Sizes: []int{5, 8, 7, 4}, Hidden: network.Activation{Name: "sigmoid"}, Loss: network.CrossEntropy, InitScale: 2}, 1)
	b := randomBatch(key.Root(43).Stream(), n.Config, 1)
	bp := presented(t, n, b, credit.Config{Name: "bp"})
	var last float64
	for i, nudge := range []string{"0.1", "0.01", "0.001"} {
		r := presented(t, n, b, credit.Config{Name: "pc-kl", Options: map[string]string{"nudge": nudge, "steps": "3000", "rate": "1"}})
		rel, cos := differences(r, bp)
		t.Logf("force %s: %.4f away from backprop, cosine %.5f", nudge, rel, cos)
		if i > 0 && rel > last/4 || i == 2 && (rel > last/8 || rel > 0.01) {
			t.Errorf("difference goes from %v to %v with ten times less force", last, rel)
		}
		last = rel
	}
}

// The variances are the mean squared errors: shown one sample for as long as
// it takes, each unit's is the square of its own error, so that its err is the
// inverse of that error and a tenth of it once the least variance, here 0.1,
// is reached.
func TestLearnedVariance(t *testing.T) {
	n := newNetwork(t, network.Config{Sizes: []int{4, 5}, Bias: true}, 2)
	b := randomBatch(key.Root(44).Stream(), n.Config, 2)
	n.Forward(b.X)
	c := newCircuit(t, credit.Config{Name: "pc-gaussian", Options: map[string]string{"variance_tau": "10"}}, n, rulespace.SigErr)
	var r recorder
	c.Learn(n, b, &r)
	mu, y := float(n.Pot[1]), float(b.Y)
	for q := range mu {
		for i := range mu[q] {
			near(t, "first err", r.values[0][rulespace.SigErr][q][i], y[q][i]-mu[q][i])
		}
	}
	for range 400 {
		c.Learn(n, b, &r)
	}
	for i := range mu[0] {
		variance := 0.0
		for q := range mu {
			variance += (y[q][i] - mu[q][i]) * (y[q][i] - mu[q][i]) / 2
		}
		variance = math.Max(variance, 0.1)
		for q := range mu {
			// −∂/∂μ of (t − μ)²/(2s²) + log s; the variance has a few roundings of its own.
			want, got := (y[q][i]-mu[q][i])/variance, r.values[0][rulespace.SigErr][q][i]
			if math.Abs(got-want) > 1e-5*(1+math.Abs(want)) {
				t.Errorf("err of unit %d is %v, want %v", i, got, want)
			}
		}
	}
}
