package network_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace/key"
)

func Example() {
	n, err := network.New(network.Config{
		Sizes:  []int{784, 128, 10},
		Hidden: network.Activation{Name: "softplus", Beta: 10},
		Loss:   network.CrossEntropy,
	}, key.Root(1), 32)
	if err != nil {
		panic(err)
	}
	x := vec.New(5, 784)
	p := n.Outputs(x)
	fmt.Printf("%v then %v, %d samples, output of class 0: %.1f\n", n.Config.Hidden, n.Config.Output, p.Rows, p.Row(0)[0])
	// Output: softplus(10) then softmax, 5 samples, output of class 0: 0.1
}

func random(s *key.Stream, rows, cols int) *vec.Matrix {
	m := vec.New(rows, cols)
	for i := range rows {
		for j := range m.Row(i) {
			m.Row(i)[j] = float32(s.Normal())
		}
	}
	return m
}

func create(t *testing.T, cfg network.Config, batch int) *network.Network {
	t.Helper()
	n, err := network.New(cfg, key.Root(1), batch)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Outputs gives each row the bits that Forward gives it, alone or in any
// batch, and leaves the state of learning alone.
func TestOutputsAndBatchInvariance(t *testing.T) {
	for _, act := range network.Activations() {
		cfg := network.Config{Sizes: []int{9, 20, 7, 4}, Output: network.Activation{Name: act}, Bias: true}
		if act != "softmax" {
			cfg.Hidden.Name = act
		}
		n := create(t, cfg, 8)
		for _, c := range n.Conns {
			for i := range c.Bias {
				c.Bias[i] = float32(i) / 10
			}
		}
		x := random(key.Root(2).Stream(), 150, 9)
		first := x.Head(3)
		n.Forward(&first)
		before := slices.Clone(n.Act[3].Data)
		out := n.Outputs(x)
		if out.Rows != 150 || out.Cols != 4 {
			t.Fatalf("%s: outputs are %d×%d, want 150×4", act, out.Rows, out.Cols)
		}
		if !slices.Equal(before, n.Act[3].Data) {
			t.Errorf("%s: Outputs changed Act", act)
		}
		for i := 0; i < 150; i += 1 + i%8 {
			rows := min(1+i%8, 150-i)
			part := vec.Matrix{Rows: rows, Cols: 9, Stride: x.Stride, Data: x.Data[i*x.Stride : (i+rows)*x.Stride]}
			n.Forward(&part)
			for r := range rows {
				if !slices.Equal(n.Act[3].Row(r), out.Row(i+r)) {
					t.Fatalf("%s: sample %d differs between batches", act, i+r)
				}
			}
		}
	}
}

func TestActivations(t *testing.T) {
	reference := map[string]func(float64) (y, d float64){
		"linear": func(z float64) (float64, float64) { return z, 1 },
		"tanh":   func(z float64) (float64, float64) { y := math.Tanh(z); return y, 1 - y*y },
		"relu": func(z float64) (float64, float64) {
			if z > 0 {
				return z, 1
			}
			return 0, 0
		},
		"softplus(3)": func(z float64) (float64, float64) {
			return math.Log1p(math.Exp(3*z)) / 3, 1 / (1 + math.Exp(-3*z))
		},
		"sigmoid": func(z float64) (float64, float64) { y := 1 / (1 + math.Exp(-z)); return y, y * (1 - y) },
		"sign": func(z float64) (float64, float64) {
			switch {
			case z > 0:
				return 1, 0
			case z < 0:
				return -1, 0
			}
			return 0, 0
		},
	}
	for name, f := range reference {
		act, err := network.ParseActivation(name)
		if err != nil {
			t.Fatal(err)
		}
		if act.String() != name {
			t.Errorf("%s prints as %s", name, act)
		}
		n := create(t, network.Config{Sizes: []int{41, 41}, Output: act}, 1)
		pot, y, d := vec.New(1, 41), vec.New(1, 41), vec.New(1, 41)
		damped := vec.New(1, 41)
		for i := range 41 {
			pot.Row(0)[i] = float32(i-20) / 4
			damped.Row(0)[i] = 2
		}
		n.Activate(1, y, pot)
		n.Derivative(1, d, y)
		n.Damp(1, damped, y)
		for i := range 41 {
			wantY, wantD := f(float64(pot.Row(0)[i]))
			// Value: 3 ULP. Derivative: rounding of y enters as 1 − e^{−βy} or
			// 1 − y² and is at most a few 2^-24 of 1.
			if math.Abs(float64(y.Row(0)[i])-wantY) > 3e-7*math.Abs(wantY) || math.Abs(float64(d.Row(0)[i])-wantD) > 5e-7 {
				t.Errorf("%s at %v: %v, %v, want %v, %v", name, pot.Row(0)[i], y.Row(0)[i], d.Row(0)[i], wantY, wantD)
			}
			if got, want := damped.Row(0)[i], 2*d.Row(0)[i]; got != want {
				t.Errorf("%s at %v: damped %v, want %v", name, pot.Row(0)[i], got, want)
			}
		}
	}
}

func TestSoftmaxExtremes(t *testing.T) {
	x := []float32{1e30, -1e30, 1e30, 0}
	network.Softmax(x, x, 5)
	if !slices.Equal(x, []float32{0.5, 0, 0.5, 0}) {
		t.Errorf("softmax of extremes is %v", x)
	}
}

// The variance of n uniform or normal weights has relative standard error
// √(0.8/n) or √(2/n); the bounds are five of the larger.
func TestInitialWeights(t *testing.T) {
	const in, out = 200, 120
	for init, want := range map[string]float64{"glorot": 2.0 / (in + out), "he": 2.0 / in, "normal": 1, "zero": 0} {
		n := create(t, network.Config{Sizes: []int{in, out, 3}, Init: init, InitScale: 0.5}, 1)
		sum, square, most := 0.0, 0.0, 0.0
		for j := range in {
			for _, w := range n.Conns[0].W.Row(j) {
				sum += float64(w)
				square += float64(w) * float64(w)
				most = max(most, math.Abs(float64(w)))
			}
		}
		want *= 0.25
		if got := square / (in * out); math.Abs(got-want) > want*5*math.Sqrt(2.0/(in*out)) {
			t.Errorf("%s: variance %v, want %v", init, got, want)
		}
		if math.Abs(sum) > 5*math.Sqrt(want*in*out) {
			t.Errorf("%s: sum of weights %v", init, sum)
		}
		if limit := 0.5 * math.Sqrt(6.0/(in+out)); init == "glorot" && most > limit {
			t.Errorf("glorot weight %v lies outside ±%v", most, limit)
		}
	}
}

func TestResetRepeats(t *testing.T) {
	cfg := network.Config{Sizes: []int{4, 5, 2}, Bias: true}
	a, b := create(t, cfg, 1), create(t, cfg, 1)
	a.Conns[0].InPlace.Row(1)[1] = 7
	a.Conns[1].Bias[0] = 7
	if err := a.Reset(key.Root(1)); err != nil {
		t.Fatal(err)
	}
	for l := range a.Conns {
		if !slices.Equal(a.Conns[l].W.Data, b.Conns[l].W.Data) || !slices.Equal(a.Conns[l].Bias, b.Conns[l].Bias) {
			t.Errorf("connection %d is not as new", l)
		}
	}
	if slices.Equal(a.Conns[0].W.Row(0)[:2], a.Conns[1].W.Row(0)[:2]) {
		t.Error("connections share their random numbers")
	}
}

func TestConfigErrors(t *testing.T) {
	act := func(name string) network.Activation { return network.Activation{Name: name} }
	for want, cfg := range map[string]network.Config{
		"network: 1 sizes given, at least 2 needed":                                 {Sizes: []int{3}},
		"network: layer 1 has 0 units":                                              {Sizes: []int{3, 0, 2}},
		"network: loss cross-entropy needs a softmax or sigmoid output, not linear": {Sizes: []int{3, 2}, Loss: "cross-entropy", Output: act("linear")},
		`network: "mse" is not a loss; losses are squared, cross-entropy`:           {Sizes: []int{3, 2}, Loss: "mse"},
		"network: softmax is for the output layer only":                             {Sizes: []int{3, 4, 2}, Hidden: act("softmax")},
		`network: "selu" is not an activation; activations are linear, tanh`:        {Sizes: []int{3, 2}, Output: act("selu")},
		"network: softplus needs a positive finite sharpness, not -1":               {Sizes: []int{3, 2}, Output: network.Activation{Name: "softplus", Beta: -1}},
		`network: "xavier" is not an initialisation; those are glorot, he`:          {Sizes: []int{3, 2}, Init: "xavier"},
		"network: initial scale -1 must be positive":                                {Sizes: []int{3, 2}, InitScale: -1},
		`network: device: "pcm" is not a device; devices are ideal`:                 {Sizes: []int{3, 2}, Device: "pcm"},
	} {
		_, err := network.New(cfg, key.Root(1), 1)
		var c *network.ConfigError
		if !errors.As(err, &c) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", cfg, err, want)
		}
	}
	for _, text := range []string{"softplus(", "softplus(x)", "softplus(0)", "tanh(2)", "", "soft plus"} {
		if a, err := network.ParseActivation(text); err == nil {
			t.Errorf("activation %q is read as %v", text, a)
		}
	}
	if _, err := network.New(network.Config{Sizes: []int{2, 2}}, key.Root(1), 0); err == nil {
		t.Error("a batch of 0 is accepted")
	}
}

func TestNoAllocation(t *testing.T) {
	n := create(t, network.Config{Sizes: []int{20, 30, 10}, Bias: true, Loss: network.CrossEntropy}, 4)
	x := random(key.Root(1).Stream(), 4, 20)
	three := x.Head(3)
	y, losses := vec.New(4, 10), make([]float64, 4)
	err := vec.New(3, 10)
	n.Outputs(x)
	if allocs := testing.AllocsPerRun(10, func() {
		n.Forward(x)
		n.Losses(losses, y)
		n.Forward(&three)
		n.OutputCredit(err, y)
		n.Outputs(x)
	}); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}
