package network_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace/key"
)

func layers(text string) ([]network.Layer, error) {
	var out []network.Layer
	for _, p := range strings.Split(text, "-") {
		l, err := network.ParseLayer(p)
		if err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

func convolutional(t *testing.T, text string, cfg network.Config) network.Config {
	t.Helper()
	l, err := layers(text)
	if err == nil {
		cfg, err = cfg.WithLayers(l)
	}
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

var shapes = []string{
	"5x6-c3k3-4", "6x7x2-c3k3p2-4", "6x6-c3k3a2-4", "7x7-c2k3z1p3/2-c3k2-5-4",
	"6x9x2-c3k2x3s1x2a2x1/1-4", "8x8-c2k3s2z2-c3k2p2-3", "1x40-c20k1x5z0x2p1x2-3", "4x4x3-c17k1-3",
}

// Convolution and its adjoint: ⟨conv(x), y⟩ = ⟨x, convᵀ(y)⟩, and the same for
// pooling, which is linear but for the choice of its maxima. Sums of a few
// hundred products of order 1 in float32 err by less than 1e-4.
func TestConvolutionAdjoint(t *testing.T) {
	s := key.Root(3).Stream()
	for _, text := range shapes {
		const rows = 3
		n := create(t, convolutional(t, text, network.Config{Hidden: network.Activation{Name: "linear"}}), rows)
		n.Forward(random(s, rows, n.Config.Sizes[0]))
		for l, c := range n.Conns[:len(n.Config.Convolutions)] {
			y := random(s, rows*c.Positions, c.Out)
			patches, back := vec.New(rows*c.Positions, c.In), vec.New(rows, n.Config.Sizes[l])
			c.Array.Backward(patches, y)
			c.Geometry.Scatter(back, patches)
			compare(t, text+": convolution", dot(c.Pot, y), dot(n.Act[l], back))

			g := random(s, rows, n.Config.Sizes[l+1])
			c.Unpool(y, g)
			compare(t, text+": pooling", dot(n.Act[l+1], g), dot(c.Post, y))
		}
	}
}

func dot(a, b *vec.Matrix) float64 {
	sum := 0.0
	for i := range a.Rows {
		for j, v := range a.Row(i) {
			sum += float64(v) * float64(b.Row(i)[j])
		}
	}
	return sum
}

func compare(t *testing.T, what string, a, b float64) {
	t.Helper()
	if a == 0 || !(math.Abs(a-b) <= 1e-4*(1+math.Abs(a))) {
		t.Errorf("%s: %v and %v", what, a, b)
	}
}

// Filters of 1×1 over an image of 1×1 are a layer of units, to the last bit.
func TestPointConvolutionIsDense(t *testing.T) {
	cfg := network.Config{Bias: true, Loss: network.CrossEntropy}
	c := create(t, convolutional(t, "1x1x9-c20k1-c7k1-4", cfg), 8)
	cfg.Sizes = []int{9, 20, 7, 4}
	d := create(t, cfg, 8)
	x := random(key.Root(2).Stream(), 8, 9)
	c.Forward(x)
	d.Forward(x)
	for l := range d.Act {
		if !slices.Equal(c.Act[l].Data, d.Act[l].Data) {
			t.Errorf("layer %d differs", l)
		}
	}
	if !slices.Equal(c.Outputs(x).Data, d.Outputs(x).Data) {
		t.Error("outputs differ")
	}
}

// Outputs gives each sample the bits that Forward gives it, in any batch.
func TestConvolutionalOutputs(t *testing.T) {
	for _, text := range shapes {
		n := create(t, convolutional(t, text, network.Config{Hidden: network.Activation{Name: "relu"}, Bias: true}), 4)
		x := random(key.Root(2).Stream(), 70, n.Config.Sizes[0])
		out := n.Outputs(x)
		for i := 0; i < 70; i += 1 + i%4 {
			rows := min(1+i%4, 70-i)
			part := vec.Matrix{Rows: rows, Cols: x.Cols, Stride: x.Stride, Data: x.Data[i*x.Stride : (i+rows)*x.Stride]}
			n.Forward(&part)
			for r := range rows {
				if !slices.Equal(n.Act[len(n.Act)-1].Row(r), out.Row(i+r)) {
					t.Fatalf("%s: sample %d differs between batches", text, i+r)
				}
			}
		}
		if allocs := testing.AllocsPerRun(3, func() { n.Outputs(x) }); allocs != 0 {
			t.Errorf("%s: %v allocations", text, allocs)
		}
	}
}

func TestLayersAsText(t *testing.T) {
	for _, text := range append(shapes, "28x28-c8k5p2-c16k5p2-64-10", "32x32x3-c96k5z2p4/2-c384k3z1a2-10") {
		cfg, err := convolutional(t, text, network.Config{}).Resolve()
		if err != nil {
			t.Fatal(err)
		}
		var parts []string
		for _, l := range cfg.Layers() {
			parts = append(parts, l.String())
		}
		if got := strings.Join(parts, "-"); got != text {
			t.Errorf("%s prints as %s", text, got)
		}
	}
	cfg, err := convolutional(t, "28x28-c8k5p2-c16k5p2-64-10", network.Config{}).Resolve()
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{784, 12 * 12 * 8, 4 * 4 * 16, 64, 10}; !slices.Equal(cfg.Sizes, want) {
		t.Errorf("sizes %v, want %v", cfg.Sizes, want)
	}
	weights, products := cfg.Weights()
	if weights != 25*8+200*16+256*64+640 || products != 576*25*8+64*200*16+256*64+640 {
		t.Errorf("%d weights, %d products", weights, products)
	}
	for text, want := range map[string]string{
		"c8":          `network: "c8" has no kernel; write c8k3 for one of 3×3`,
		"c8q5":        `network: "c8q5": q is not a part of a convolution; those are k (kernel), s (stride)`,
		"c8k5p":       `network: "c8k5p": p needs a number or HEIGHTxWIDTH, such as c8k5p2`,
		"c8k0":        `network: "c8k0": k0 needs a number`,
		"c8k5p2a2":    `network: "c8k5p2a2": a2 says again what stands before it`,
		"c8k3p2/2/2":  `network: "c8k3p2/2/2": p2/2/2 needs`,
		"c0k3":        `network: "c0k3": c0 needs`,
		"k5":          `network: "k5" is not a layer: a convolution begins with its filters, such as c8k5`,
		"16k5":        `network: "16k5" is not a layer: a convolution begins with c, as in c16k5`,
		"28x":         `network: "28x" is not an image`,
		"2000x2000x3": `network: "2000x2000x3" is not an image`,
		"1x2x3x4":     `network: "1x2x3x4" is not an image`,
		"x":           `network: "x" is not a number of units from 1 to`,
		"":            `network: "" is not a number of units from 1 to`,
		"-1":          `network: "-1" is not a number of units from 1 to`,
	} {
		if _, err := network.ParseLayer(text); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	for text, want := range map[string]string{
		"36-c8k3-10":        "network: layer 1, c8k3, is a convolution and needs an image below",
		"6x6-20-c8k3-10":    "network: layer 2, c8k3, is a convolution and needs an image below",
		"6x6-c8k3-9-c8k1-3": "network: layer 3, c8k1, is a convolution and needs an image below",
		"c8k3-10":           "network: layer 0, c8k3, is a convolution and needs an image below",
		"6x6-5x5-3":         "network: layer 1, 5x5, is an image; only the input is written so",
		"6x6-c8k7-3":        "network: layer 1: a kernel of 7×7 does not fit into an image of 6×6",
		"6x6-c8k3p5-3":      "network: layer 1: a pooling window of 5×5 does not fit into the 4×4 positions of its filters",
		"6x6-c8k3z3-3":      "network: layer 1: padding of 3×3 has to be smaller than the kernel of 3×3",
		"6x6-c8k3":          "network: the output is not a convolution; give it a number of units",
	} {
		l, err := layers(text)
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := network.Config{}.WithLayers(l)
		if err == nil {
			_, err = cfg.Resolve()
		}
		var c *network.ConfigError
		if !errors.As(err, &c) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	bad := convolutional(t, "6x6-c8k3-3", network.Config{})
	bad.Sizes[1] = 7
	if _, err := bad.Resolve(); err == nil || err.Error() != "network: layer 1 is an image of 4×4×8, 128 units, not 7" {
		t.Error(err)
	}
}
