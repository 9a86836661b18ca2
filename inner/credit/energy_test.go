package credit_test

import (
	"math"
	"testing"

	"github.com/metaplast/metaplast/rulespace/key"
)

// systemEnergy is an energy of a state of three hidden values and two outputs
// for inputs x and parameters w: nine weights from input to hidden, six to the
// output.
type systemEnergy func(w, s, x []float64) float64

func predictiveEnergy(w, s, x []float64) float64 {
	e := 0.0
	for i := range 3 {
		mu := 0.0
		for j := range 3 {
			mu += w[3*i+j] * x[j]
		}
		e += (s[i] - mu) * (s[i] - mu) / 2
	}
	for k := range 2 {
		mu := 0.0
		for i := range 3 {
			mu += w[9+3*k+i] * math.Tanh(s[i])
		}
		e += (s[3+k] - mu) * (s[3+k] - mu) / 2
	}
	return e
}

// hopfieldEnergy is that of equilibrium propagation and contrastive Hebbian
// learning: units that act on each other both ways.
func hopfieldEnergy(w, s, x []float64) float64 {
	e := 0.0
	for _, v := range s {
		e += v * v / 2
	}
	for i := range 3 {
		for j := range 3 {
			e -= math.Tanh(s[i]) * w[3*i+j] * x[j]
		}
		for k := range 2 {
			e -= math.Tanh(s[3+k]) * w[9+3*k+i] * math.Tanh(s[i])
		}
	}
	return e
}

// anharmonicEnergy belongs to no learner.
func anharmonicEnergy(w, s, x []float64) float64 {
	e := predictiveEnergy(w, s, x)
	for i := range 3 {
		e += 0.1*math.Pow(s[i], 4) + 0.05*s[i]*s[3+i%2]*w[i]
	}
	return e
}

// What makes energies learn, whichever they are: where the loss λ·ℓ pulls the
// free equilibrium s_0 to s_λ, the contrast of ∂E/∂w between the two over λ is
// the gradient of ℓ(s_0(w)) up to O(λ), and up to O(λ²) between s_λ and s_−λ.
// For predictive coding ∂E/∂w is zero in the free phase, so that one phase is
// enough. (B. Millidge et al., arXiv:2206.02629, 2022.)
func TestEnergyCondition(t *testing.T) {
	s := key.Root(81).Stream()
	draw := func(n int, scale float64) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = scale * s.Normal()
		}
		return v
	}
	w, x, target := draw(15, 0.4), draw(3, 1), draw(2, 1)
	loss := func(s []float64) float64 {
		return (math.Pow(s[3]-target[0], 2) + math.Pow(s[4]-target[1], 2)) / 2
	}
	for name, energy := range map[string]systemEnergy{"predictive coding": predictiveEnergy, "Hopfield": hopfieldEnergy, "anharmonic": anharmonicEnergy} {
		settle := func(lambda float64) []float64 {
			s := make([]float64, 5)
			total := func() float64 { return energy(w, s, x) + lambda*loss(s) }
			for range 200 {
				var g [5]float64
				for i := range s {
					g[i] = central(&s[i], total)
				}
				for i := range s {
					s[i] -= 0.3 * g[i]
				}
			}
			return s
		}
		slopes := func(s []float64) []float64 {
			g := make([]float64, len(w))
			for i := range w {
				g[i] = central(&w[i], func() float64 { return energy(w, s, x) })
			}
			return g
		}
		want := make([]float64, len(w))
		for i := range w {
			// A wider difference than central's, since s_0 is known to 1e-10 only.
			const h = 1e-3
			old := w[i]
			w[i] = old + h
			up := loss(settle(0))
			w[i] = old - h
			down := loss(settle(0))
			w[i] = old
			want[i] = (up - down) / (2 * h)
		}
		free := slopes(settle(0))
		if name == "predictive coding" {
			for i, g := range free {
				if math.Abs(g) > 1e-8 {
					t.Errorf("%s: in the free phase ∂E/∂w%d is %g", name, i, g)
				}
			}
		}
		var oneSided, centred [2]float64
		for i, lambda := range []float64{0.03, 0.003} {
			pulled, pushed := slopes(settle(lambda)), slopes(settle(-lambda))
			var a, b, n float64
			for k, g := range want {
				a += math.Pow((pulled[k]-free[k])/lambda-g, 2)
				b += math.Pow((pulled[k]-pushed[k])/(2*lambda)-g, 2)
				n += g * g
			}
			oneSided[i], centred[i] = math.Sqrt(a/n), math.Sqrt(b/n)
		}
		t.Logf("%s: one-sided %.2g → %.2g, centred %.2g → %.2g", name, oneSided[0], oneSided[1], centred[0], centred[1])
		if r := oneSided[0] / oneSided[1]; r < 7 || r > 14 {
			t.Errorf("%s: one-sided contrasts are %.3g away at 0.03 and %.3g at 0.003", name, oneSided[0], oneSided[1])
		}
		if r := centred[0] / centred[1]; r < 70 || r > 140 {
			t.Errorf("%s: centred contrasts are %.3g away at 0.03 and %.3g at 0.003", name, centred[0], centred[1])
		}
	}
}
