package credit_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// extent is the number of positions of the first convolution of a network.
func extent(cfg network.Config) (height, width int) {
	c := cfg.Convolutions[0]
	return (cfg.Image.Height+2*c.Padding.Height-c.Kernel.Height)/c.Stride.Height + 1,
		(cfg.Image.Width+2*c.Padding.Width-c.Kernel.Width)/c.Stride.Width + 1
}

// patches are the patches of images, position by position.
func patches(cfg network.Config, images [][]float64) (rows [][]float64) {
	c, depth := cfg.Convolutions[0], cfg.Image.Channels
	height, width := extent(cfg)
	for _, x := range images {
		for p := range height * width {
			var patch []float64
			for k := range c.Kernel.Height * c.Kernel.Width * depth {
				y := p/width*c.Stride.Height - c.Padding.Height + k/depth/c.Kernel.Width
				z := p%width*c.Stride.Width - c.Padding.Width + k/depth%c.Kernel.Width
				v := 0.0
				if 0 <= y && y < cfg.Image.Height && 0 <= z && z < cfg.Image.Width {
					v = x[(y*cfg.Image.Width+z)*depth+k%depth]
				}
				patch = append(patch, v)
			}
			rows = append(rows, patch)
		}
	}
	return rows
}

// pooled are the images that pooling makes of rows of filters.
func pooled(cfg network.Config, rows [][]float64) (images [][]float64) {
	height, width := extent(cfg)
	p := cfg.Convolutions[0].Pooling
	for start := 0; start < len(rows); start += height * width {
		var image []float64
		for y := 0; y+p.Size.Height <= height; y += p.Stride.Height {
			for x := 0; x+p.Size.Width <= width; x += p.Stride.Width {
				for f := range rows[start] {
					most, sum := math.Inf(-1), 0.0
					for k := range p.Size.Height * p.Size.Width {
						v := rows[start+(y+k/p.Size.Width)*width+x+k%p.Size.Width][f]
						most, sum = math.Max(most, v), sum+v
					}
					if p.Average {
						most = sum / float64(p.Size.Height*p.Size.Width)
					}
					image = append(image, most)
				}
			}
		}
		images = append(images, image)
	}
	return images
}

// Filters that compete are units that compete at every position, each of
// which is a sample, with pooling before the layer above.
func TestCompetingFilters(t *testing.T) {
	signals := []rulespace.Signal{rulespace.SigPre, rulespace.SigPost, rulespace.SigPot, rulespace.SigDPost, rulespace.SigComp}
	for _, c := range []struct {
		competition
		layers  string
		options map[string]string
	}{
		{competition{compete: "soft", triangle: true, power: 1}, "4x5-c4k2p2-3", map[string]string{"transfer": "triangle"}},
		{competition{compete: "soft", prior: true, centre: true, triangle: true, length: 3, power: 1.5}, "5x4x2-c4k2x3s1x2a2x1/1-3",
			map[string]string{"prior": "yes", "centre": "yes", "transfer": "triangle", "length": "3", "power": "1.5"}},
		{competition{compete: "anti", whiten: "variance", epsilon: 1, triangle: true, power: 1}, "5x5-c5k3z1p3/2-3",
			map[string]string{"compete": "anti", "whiten": "variance", "epsilon": "1", "transfer": "triangle"}},
		{competition{compete: "hard", whiten: "zca", epsilon: 0.1, normalise: true, equalise: 2, triangle: true, power: 1}, "6x5-c4k2a2-3",
			map[string]string{"compete": "hard", "whiten": "zca", "normalise": "yes", "equalise": "2", "transfer": "triangle"}},
		{competition{compete: "rank", rank: 3, penalty: 0.5, power: 2}, "4x4-c6k3-3",
			map[string]string{"compete": "rank", "rank": "3", "penalty": "0.5", "transfer": "power", "power": "2"}},
	} {
		for _, hidden := range []string{"linear", "tanh"} {
			n := newNetwork(t, convolutional(t, c.layers, network.Config{Bias: true, Hidden: network.Activation{Name: hidden}}), 3)
			options := map[string]string{"competition": "2", "tau": "2"}
			for k, v := range c.options {
				options[k] = v
			}
			circuit := newCircuit(t, credit.Config{Name: "wta", Options: options}, n, signals...)
			want := c.competition
			want.beta = 2
			m := reference(n)
			s := key.Root(61).Stream()
			for _, rows := range []int{3, 2, 3} {
				want.t++
				b := randomBatch(s, n.Config, rows)
				var r recorder
				circuit.Learn(n, b, &r)
				pre, pot, comp, post, slope := want.connection(m, 0, patches(n.Config, float(b.X)))
				for sig, v := range map[rulespace.Signal][][]float64{rulespace.SigPre: pre, rulespace.SigPot: pot,
					rulespace.SigComp: comp, rulespace.SigPost: post, rulespace.SigDPost: slope} {
					compare(t, c.layers+" "+sig.String(), r.values[0][sig], v)
				}
				pre, pot, _, _, _ = want.connection(m, 1, pooled(n.Config, post))
				compare(t, c.layers+" output pre", r.values[1][rulespace.SigPre], pre)
				compare(t, c.layers+" output pot", r.values[1][rulespace.SigPot], pot)
			}
			x := randomBatch(s, n.Config, 3).X
			compare(t, c.layers+" prediction", float(circuit.(credit.Predictor).Outputs(x)), want.predict(m, float(x)))
		}
	}
}

// On images that a kernel covers, filters are units, to the last bit: images
// of 1×1, and kernels as large as the image.
func TestPointFiltersAreUnits(t *testing.T) {
	all := map[string][]rulespace.Signal{
		"wta":  {rulespace.SigPre, rulespace.SigPost, rulespace.SigPot, rulespace.SigDPost, rulespace.SigComp},
		"fdfa": {rulespace.SigPre, rulespace.SigPost, rulespace.SigPot, rulespace.SigErr, rulespace.SigErrPre},
	}
	for _, cfg := range []credit.Config{
		{Name: "wta"},
		{Name: "wta", Options: map[string]string{"compete": "anti", "whiten": "variance", "scale": "yes", "transfer": "triangle"}},
		{Name: "wta", Options: map[string]string{"compete": "hard", "whiten": "zca", "normalise": "yes", "equalise": "0.5", "transfer": "triangle"}},
		{Name: "wta", Options: map[string]string{"prior": "yes", "centre": "yes", "length": "5"}},
		{Name: "fdfa", Options: map[string]string{"start": "random"}},
	} {
		signals := all[cfg.Name]
		for layers, sizes := range map[string][]int{"1x1x5-c7k1-c6k1-3": {5, 7, 6, 3}, "2x3x2-c7k2x3-6-3": {12, 7, 6, 3}} {
			var presented [2]string
			for i, shape := range []network.Config{convolutional(t, layers, network.Config{Bias: true}), {Sizes: sizes, Bias: true}} {
				n := newNetwork(t, shape, 3)
				c := newCircuit(t, cfg, n, signals...)
				s := key.Root(4).Stream()
				var r recorder
				for _, rows := range []int{3, 2} {
					c.Learn(n, randomBatch(s, n.Config, rows), &r)
					for l := range r.values {
						for _, sig := range signals {
							presented[i] += fmt.Sprintln(l, sig, r.values[l][sig])
						}
					}
				}
				if p, ok := c.(credit.Predictor); ok {
					presented[i] += fmt.Sprint(float(p.Outputs(randomBatch(s, n.Config, 2).X)))
				}
			}
			if presented[0] != presented[1] {
				t.Errorf("%v, %s: filters present\n%s\nunits\n%s", cfg, layers, presented[0], presented[1])
			}
		}
	}
}

// Whitened patches have no correlations: the covariance of what is presented
// is the unit matrix where nothing is added to variances. Statistics are over
// all that was seen until tau, so that the same batch again leaves them.
func TestWhitenedPatches(t *testing.T) {
	n := newNetwork(t, convolutional(t, "8x8-c4k3-3", network.Config{}), 8)
	c := newCircuit(t, credit.Config{Name: "wta", Options: map[string]string{"whiten": "zca", "epsilon": "0.0001"}}, n, rulespace.SigPre)
	b := randomBatch(key.Root(3).Stream(), n.Config, 8)
	for i := range b.N { // neighbours go together, as in images
		x := b.X.Row(i)
		for j := 1; j < len(x); j++ {
			x[j] = 0.9*x[j-1] + 0.4*x[j] + 0.1
		}
	}
	var r recorder
	c.Learn(n, b, &r)
	first := slices.Clone(r.values[0][rulespace.SigPre])
	units := len(first[0])
	for j := range units {
		for k := range units {
			mean, other := 0.0, 0.0
			for _, x := range first {
				mean, other = mean+x[j]*x[k]/float64(len(first)), other+x[j]/float64(len(first))
			}
			want := 0.0
			if j == k {
				want = 1
			}
			// The smallest variances are a hundredth of the mean one: 1e-4 of
			// that, added, takes a hundredth away.
			if math.Abs(mean-want) > 0.02 || math.Abs(other) > 1e-4 {
				t.Errorf("covariance of %d and %d is %.4f, mean %.5f", j, k, mean, other)
			}
		}
	}
	c.Learn(n, b, &r)
	for i, x := range r.values[0][rulespace.SigPre] {
		for j := range x {
			if math.Abs(x[j]-first[i][j]) > 1e-4 {
				t.Fatalf("patch %d is %v, then %v", i, first[i], x)
			}
		}
	}
}
