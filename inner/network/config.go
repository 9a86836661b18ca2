package network

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/metaplast/metaplast/inner/device"
)

// Config describes a multi-layer perceptron, or a convolutional network.
type Config struct {
	// Sizes are the numbers of units, input first and output last; at least
	// two, each at least 1. Those of images may be 0: they follow from Image
	// and Convolutions.
	Sizes []int
	// Image is the shape of the input where there are convolutions.
	Image Image
	// Convolutions are the connections from the input up that are convolutions;
	// at most all but that to the output.
	Convolutions []Convolution
	// Hidden is the activation of every hidden layer; tanh when empty.
	Hidden Activation
	// Output is the activation of the output layer; softmax when empty and
	// Loss is cross-entropy, else linear.
	Output Activation
	// Loss is "squared" (½Σ(y−t)², the default) or "cross-entropy" (of a
	// softmax or sigmoid output).
	Loss string
	// Bias gives every unit behind the input a bias that starts at 0.
	Bias bool
	// Init is "glorot" (the default: uniform in ±√(6/(in+out))), "he" (normal,
	// variance 2/in), "normal" (variance 1) or "zero". A convolution has the
	// units of a patch as in and its filters as out.
	Init string
	// InitScale multiplies the initial weights; 0 means 1.
	InitScale float64
	// Device is the kind of array that holds the weights; ideal when empty.
	Device string
}

// ConfigError is a configuration that no network can have.
type ConfigError struct{ Msg string }

func (e *ConfigError) Error() string { return "network: " + e.Msg }

func configErrorf(format string, args ...any) error {
	return &ConfigError{fmt.Sprintf(format, args...)}
}

// The losses.
const (
	Squared      = "squared"
	CrossEntropy = "cross-entropy"
)

var inits = []string{"glorot", "he", "normal", "zero"}

// Resolve fills in defaults and checks the result.
func (c Config) Resolve() (Config, error) {
	if len(c.Sizes) < 2 {
		return c, configErrorf("%d sizes given, at least 2 needed: input and output", len(c.Sizes))
	}
	if len(c.Convolutions) > 0 {
		var err error
		if c, err = c.resolveImages(); err != nil {
			return c, err
		}
	}
	for i, n := range c.Sizes {
		if n < 1 {
			return c, configErrorf("layer %d has %d units, at least 1 needed", i, n)
		}
	}
	if c.Loss == "" {
		c.Loss = Squared
	}
	if c.Loss != Squared && c.Loss != CrossEntropy {
		return c, configErrorf("%q is not a loss; losses are %s, %s", c.Loss, Squared, CrossEntropy)
	}
	if c.Hidden.Name == "" {
		c.Hidden.Name = "tanh"
	}
	if c.Output.Name == "" {
		c.Output.Name = "linear"
		if c.Loss == CrossEntropy {
			c.Output.Name = "softmax"
		}
	}
	var err error
	if c.Hidden, err = c.Hidden.resolve(); err != nil {
		return c, err
	}
	if c.Output, err = c.Output.resolve(); err != nil {
		return c, err
	}
	if c.Hidden.Name == "softmax" && len(c.Sizes) > 2 {
		return c, configErrorf("softmax is for the output layer only; hidden layers take %s",
			strings.Join(activationNames[:len(activationNames)-1], ", "))
	}
	if c.Loss == CrossEntropy && c.Output.Name != "softmax" && c.Output.Name != "sigmoid" {
		return c, configErrorf("loss cross-entropy needs a softmax or sigmoid output, not %s", c.Output.Name)
	}
	if c.Init == "" {
		c.Init = inits[0]
	}
	if !slices.Contains(inits, c.Init) {
		return c, configErrorf("%q is not an initialisation; those are %s", c.Init, strings.Join(inits, ", "))
	}
	if c.InitScale == 0 {
		c.InitScale = 1
	}
	if !(c.InitScale > 0) || math.IsInf(c.InitScale, 0) {
		return c, configErrorf("initial scale %v must be positive and finite", c.InitScale)
	}
	if c.Device == "" {
		c.Device = "ideal"
	}
	if _, err := device.New(c.Device, 1, 1); err != nil {
		return c, configErrorf("%v", err)
	}
	return c, nil
}

// resolveImages fills in convolutions and the sizes of the layers that are
// images, and checks them.
func (c Config) resolveImages() (Config, error) {
	if i := c.Image; min(i.Height, i.Width, i.Channels) < 1 {
		return c, configErrorf("an input image of %d×%d×%d has no units; convolutions need one, such as 28×28×1", i.Height, i.Width, i.Channels)
	}
	if len(c.Convolutions) > len(c.Sizes)-2 {
		return c, configErrorf("the output is not a convolution; give it a number of units")
	}
	c.Sizes, c.Convolutions = slices.Clone(c.Sizes), slices.Clone(c.Convolutions)
	image := c.Image
	for l := range c.Convolutions {
		if err := c.resolveSize(l, image); err != nil {
			return c, err
		}
		g, err := c.Convolutions[l].over(image, l+1)
		if err != nil {
			return c, err
		}
		c.Convolutions[l], image = g.Convolution, g.Above
	}
	return c, c.resolveSize(len(c.Convolutions), image)
}

func (c Config) resolveSize(layer int, i Image) error {
	if c.Sizes[layer] == 0 {
		c.Sizes[layer] = i.Units()
	}
	if n := c.Sizes[layer]; n != i.Units() {
		return configErrorf("layer %d is an image of %d×%d×%d, %d units, not %d", layer, i.Height, i.Width, i.Channels, i.Units(), n)
	}
	return nil
}

// geometry is that of connection l of a resolved config, nil where it is not
// a convolution.
func (c Config) geometry(l int) *Geometry {
	if l >= len(c.Convolutions) {
		return nil
	}
	image := c.Image
	for i := range l {
		g, _ := c.Convolutions[i].over(image, i+1)
		image = g.Above
	}
	g, _ := c.Convolutions[l].over(image, l+1)
	g.cut()
	return &g
}

// Weights counts the weights of a resolved config, biases apart, and the
// products of a forward pass, which is more where convolutions share weights.
func (c Config) Weights() (weights, products int) {
	for l := range len(c.Sizes) - 1 {
		n, positions := c.Sizes[l]*c.Sizes[l+1], 1
		if g := c.geometry(l); g != nil {
			n, positions = g.Patch()*g.Filters, g.Positions.area()
		}
		weights += n
		products += n * positions
	}
	return weights, products
}
