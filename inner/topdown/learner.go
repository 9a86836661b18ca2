package topdown

import (
	"fmt"

	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/kernel"
	"github.com/metaplast/metaplast/tasks"
)

// Source emits the credit of every layer of a network that has just seen a
// batch: the direction in which potentials should move, by layer from 1, one
// row for each sample.
type Source interface {
	Emit(credit []*vec.Matrix, net *network.Network, target *vec.Matrix)
}

// Learner trains a network with the credit of a source.
//
//	Δw_l = η·c_l·h_{l−1}ᵀ, Δb_l = η·c_l      or another rule over err
//
// It is used by one goroutine.
type Learner struct {
	net    *network.Network
	source Source
	credit []*vec.Matrix // by layer; nil for the input
	rules  []*kernel.Instance
	frames []kernel.Frame

	buffers *network.Buffers
	x, y    vec.Matrix
}

// reads are the signals that rules may read.
var reads = rulespace.Signals(rulespace.SigPre, rulespace.SigPost, rulespace.SigPot, rulespace.SigErr, rulespace.SigW)

// New returns a learner. The rule, such as the classic one named error, is
// that of every connection.
func New(net *network.Network, source Source, rule *rulespace.Rule) (*Learner, error) {
	if outside := rule.Needs().Minus(reads); outside != 0 {
		return nil, fmt.Errorf("top-down learner: the rule reads %v; there are %v", outside, reads)
	}
	program, err := kernel.Compile(rule)
	if err != nil {
		return nil, fmt.Errorf("top-down learner: %w", err)
	}
	l := &Learner{
		net: net, source: source, credit: make([]*vec.Matrix, len(net.Conns)+1),
		frames: make([]kernel.Frame, len(net.Conns)), buffers: network.NewBuffers(net.MaxBatch()),
	}
	for i, c := range net.Conns {
		if c.InPlace == nil {
			return nil, fmt.Errorf("top-down learner: device %s does not hold plain weights", net.Config.Device)
		}
		l.credit[i+1] = l.buffers.Matrix(c.Out)
		v := &l.frames[i].Values
		v[rulespace.SigPre], v[rulespace.SigPost], v[rulespace.SigPot] = net.Act[i], net.Act[i+1], net.Pot[i+1]
		v[rulespace.SigErr] = l.credit[i+1]
		instance := program.Bind(c.In, c.Out, net.MaxBatch())
		for _, p := range rule.Params {
			instance.SetParam(p.Name, p.Value)
		}
		l.rules = append(l.rules, instance)
	}
	return l, nil
}

// Learn changes the network once, after a batch.
func (l *Learner) Learn(b *tasks.Batch) {
	l.x, l.y = b.X.Head(b.N), b.Y.Head(b.N)
	l.buffers.Resize(b.N)
	l.net.Forward(&l.x)
	l.source.Emit(l.credit, l.net, &l.y)
	for i, c := range l.net.Conns {
		l.frames[i].Batch = b.N
		l.rules[i].Apply(&l.frames[i], c.InPlace, c.Bias, nil)
	}
}

// Exact is the source whose credit is minus the gradient of the loss: with it
// a Learner is backpropagation.
type Exact struct{}

// Emit implements Source.
func (Exact) Emit(credit []*vec.Matrix, net *network.Network, target *vec.Matrix) {
	last := len(net.Conns)
	net.OutputCredit(credit[last], target)
	for l := last - 1; l > 0; l-- {
		net.Conns[l].Array.Backward(credit[l], credit[l+1])
		net.Damp(l, credit[l], net.Act[l])
	}
}
