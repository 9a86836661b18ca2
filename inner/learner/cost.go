package learner

import (
	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// Cost is what a learner takes in a network, counted on one update.
type Cost struct {
	MultiplyAdds float64 // of matrix products for a sample, as multiples of those of a forward pass
	SynapseBytes float64 // state of circuit and rule besides the weight, per synapse
	UnitBytes    float64 // state for a sample besides the activity, per unit behind the input
}

// Cost learns from one batch of random samples in a network of that
// configuration and counts.
func (e Entry) Cost(cfg network.Config, batch int) (Cost, error) {
	l := e.Learner()
	net, err := network.New(cfg, key.Root(1), batch)
	if err != nil {
		return Cost{}, err
	}
	circuit, err := credit.New(l.Credit, net, l.Needs(len(net.Conns)), key.Root(1))
	if err != nil {
		return Cost{}, err
	}
	s := key.Root(2).Stream()
	b := &tasks.Batch{N: batch, X: vec.New(batch, net.Config.Sizes[0]), Y: vec.New(batch, net.Conns[len(net.Conns)-1].Out), Labels: make([]int, batch)}
	for i := range batch {
		for j := range b.X.Row(i) {
			b.X.Row(i)[j] = float32(s.Float64())
		}
		b.Labels[i] = s.IntN(b.Y.Cols)
		b.Y.Row(i)[b.Labels[i]] = 1
	}
	circuit.Learn(net, b, idle{})
	counted := circuit.Cost()
	weights, products := net.Config.Weights()
	units, state := 0, 0
	for _, c := range net.Conns {
		units += c.Out * c.Positions
		if r := l.RuleOf(c); r != nil {
			for _, st := range r.States {
				if st.Scope == rulespace.Synapse {
					state += 4 * c.In * c.Out
				}
			}
		}
	}
	return Cost{
		MultiplyAdds: counted.MultiplyAdds / float64(max(counted.Samples, 1)) / float64(products),
		SynapseBytes: float64(counted.SynapseBytes+state) / float64(weights),
		UnitBytes:    float64(counted.UnitBytes) / float64(units),
	}, nil
}

// idle leaves everything as it is.
type idle struct{}

func (idle) Present(*network.Connection, *credit.Signals)      {}
func (idle) PresentFeedback(*credit.Feedback, *credit.Signals) {}
