package credit

import (
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

var noneEntry = Entry{
	Name: "none", Title: "no credit",
	Doc:      "only what the two units and their layers know; target at the output where the task has one",
	Provides: local, Output: target, Passes: 1, Convolves: true,
	make: newNone,
}

// none runs the network and presents what is there: for Hebbian rules and,
// with targets at the output, for supervised ones of a single layer.
type none struct{ *base }

func newNone(b *base, _ key.Key) Circuit { return &none{b} }

func (c *none) Learn(net *network.Network, b *tasks.Batch, p Plasticity) {
	c.forward(net, b)
	c.present(p)
}
