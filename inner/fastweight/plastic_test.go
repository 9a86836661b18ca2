package fastweight_test

import (
	"math"
	"strings"
	"testing"

	"github.com/metaplast/metaplast/inner/fastweight"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

func plastic(t testing.TB, units int, rule *rulespace.Rule) *fastweight.Plastic {
	t.Helper()
	p, err := fastweight.NewPlastic(units, rule)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func pattern(s *key.Stream, units int) []float32 {
	x := make([]float32, units)
	for i := range x {
		x[i] = float32(2*s.IntN(2) - 1)
	}
	return x
}

func scaled(x []float32, by float32) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = by * v
	}
	return y
}

// With α set by hand and no slow weights, a network that has seen a pattern
// completes it from half of its bits. The first step shows a silent network,
// so that after two H is η times the outer product.
func TestRecall(t *testing.T) {
	const units, eta = 100, 0.01
	for name, rule := range map[string]*rulespace.Rule{
		"decaying": fastweight.Decaying(eta), "oja": fastweight.Oja(eta),
		"simple": fastweight.Simple(eta), "retroactive": fastweight.Retroactive(eta),
	} {
		p := plastic(t, units, rule)
		for j := range units {
			for i := range p.Alpha.Row(j) {
				p.Alpha.Row(j)[i] = 10
			}
		}
		s := key.Root(1).Stream()
		worst := 1.0
		for range 10 {
			x := pattern(s, units)
			p.Reset()
			p.Step(scaled(x, 20))
			p.Step(scaled(x, 20))
			for j := range units {
				for i, h := range p.H.Row(j) {
					if want := float32(eta) * x[i] * x[j]; math.Abs(float64(h-want)) > 1e-9 {
						t.Fatalf("%s: H of %d to %d is %v, want %v", name, j, i, h, want)
					}
				}
			}
			for range 3 {
				p.Step(make([]float32, units)) // the pattern itself is not to be carried over
			}
			h := vec.New(units, units)
			h.CopyFrom(p.H)
			p.Reset()
			p.H.CopyFrom(h)
			cue := scaled(x, 1)
			order := make([]int, units)
			s.Perm(order)
			for _, i := range order[:units/2] {
				cue[i] = 0
			}
			var y []float32
			for range 3 {
				y = p.Step(cue)
			}
			right := 0.0
			for i := range y {
				if y[i]*x[i] > 0 {
					right += 1.0 / units
				}
			}
			worst = math.Min(worst, right)
		}
		if worst < 0.95 {
			t.Errorf("%s: %.2f of the bits are right", name, worst)
		}
	}
}

// Every rule is what loops in float64 give over a random life. The tolerance
// is that of float32 on weights of order 1 that are summed up 30 times.
func TestPlasticEquations(t *testing.T) {
	const units, steps, eta = 6, 30, 0.2
	clip := func(x float64) float64 { return math.Max(-fastweight.Limit, math.Min(fastweight.Limit, x)) }
	for name, c := range map[string]struct {
		rule *rulespace.Rule
		next func(h, e *float64, m, yi, yj float64)
	}{
		"decaying": {fastweight.Decaying(eta), func(h, _ *float64, _, yi, yj float64) { *h = (1-eta)**h + eta*yi*yj }},
		"oja":      {fastweight.Oja(eta), func(h, _ *float64, _, yi, yj float64) { *h += eta * yi * (yj - yi**h) }},
		"simple":   {fastweight.Simple(1), func(h, _ *float64, m, yi, yj float64) { *h = clip(*h + m*yi*yj) }},
		"retroactive": {fastweight.Retroactive(eta), func(h, e *float64, m, yi, yj float64) {
			*e = (1-eta)**e + eta*yi*yj
			*h = clip(*h + m**e)
		}},
	} {
		s := key.Root(2).Stream()
		p := plastic(t, units, c.rule)
		p.Modulator = make([]float32, units)
		for j := range units {
			p.Modulator[j] = float32(s.Normal())
			for i := range units {
				p.W.Row(j)[i], p.Alpha.Row(j)[i] = float32(s.Normal()), float32(s.Normal())
			}
		}
		h, e := make([]float64, units*units), make([]float64, units*units)
		y := make([]float64, units)
		p.Reset()
		for range steps {
			in := make([]float32, units)
			now := make([]float64, units)
			for i := range in {
				in[i] = float32(s.Normal())
				now[i] = float64(in[i])
				for j := range units {
					now[i] += (float64(p.W.Row(j)[i]) + float64(p.Alpha.Row(j)[i])*h[j*units+i]) * y[j]
				}
			}
			m := 0.0
			for i := range now {
				now[i] = math.Tanh(now[i])
				m += float64(p.Modulator[i]) * now[i]
			}
			m = math.Tanh(m)
			for j := range units {
				for i := range units {
					c.next(&h[j*units+i], &e[j*units+i], m, now[i], y[j])
				}
			}
			got := p.Step(in)
			y = now
			for i := range y {
				if math.Abs(y[i]-float64(got[i])) > 1e-4 || math.Abs(m-float64(p.M())) > 1e-4 {
					t.Fatalf("%s: unit %d is %v, want %v; M is %v, want %v", name, i, got[i], y[i], p.M(), m)
				}
				for j := range units {
					if d := math.Abs(h[j*units+i] - float64(p.H.Row(j)[i])); d > 1e-4 {
						t.Fatalf("%s: H is off by %v", name, d)
					}
				}
			}
		}
	}
}

// With M = 1 the retroactive rule sums up what the simple one would sum up of
// low-passed products. Small products keep H inside its limit.
func TestRetroactiveIsLowPassed(t *testing.T) {
	const units, eta = 5, 0.1
	s := key.Root(3).Stream()
	late := plastic(t, units, fastweight.Retroactive(eta))
	var low, sum [units][units]float64
	var before []float32
	for range 40 {
		in := make([]float32, units)
		for i := range in {
			in[i] = float32(0.3 * s.Normal())
		}
		y := append([]float32(nil), late.Step(in)...)
		for j := range before {
			for i := range y {
				low[j][i] += eta * (float64(y[i])*float64(before[j]) - low[j][i])
				sum[j][i] += low[j][i]
				if d := math.Abs(sum[j][i] - float64(late.H.Row(j)[i])); d > 1e-6 {
					t.Fatalf("off by %v", d)
				}
			}
		}
		before = y
	}
}

func TestPlasticErrors(t *testing.T) {
	for text, want := range map[string]string{
		"lr*err*pre": "reads err", "dw: lr*pre; db: lr": "biases",
	} {
		r, err := rulespace.ParseRule(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fastweight.NewPlastic(3, r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := fastweight.NewPlastic(0, fastweight.Oja(1)); err == nil {
		t.Error("a network without units")
	}
	p := plastic(t, 4, fastweight.Retroactive(0.1))
	in := make([]float32, 4)
	if n := testing.AllocsPerRun(10, func() { p.Step(in) }); n > 0 {
		t.Errorf("%v allocations a step", n)
	}
}
