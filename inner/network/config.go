package network

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/metaplast/metaplast/inner/device"
)

// Config describes a multi-layer perceptron.
type Config struct {
	// Sizes are the numbers of units, input first and output last; at least
	// two, each at least 1.
	Sizes []int
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
	// variance 2/in), "normal" (variance 1) or "zero".
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
