package trial

import (
	"math"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// alignmentSamples is the number of updates, evenly spread, at which the
// angle between weight change and gradient is measured.
const alignmentSamples = 32

// angles measures the angle between what a learner does and the gradient.
type angles struct {
	every    int
	bp       credit.Circuit
	gradient []*vec.Matrix // minus the gradient of the loss, by connection
	weights  []*vec.Matrix // before the update
	sum      []float64
	count    []int
}

func newAngles(net *network.Network, updates int) (*angles, error) {
	need := rulespace.Signals(rulespace.SigErr, rulespace.SigPre)
	bp, err := credit.New(credit.Config{Name: "bp"}, net, credit.Needs{Hidden: need, Output: need}, key.Key{})
	if err != nil {
		return nil, err
	}
	a := &angles{every: max(1, updates/alignmentSamples), bp: bp,
		sum: make([]float64, len(net.Conns)), count: make([]int, len(net.Conns))}
	for _, c := range net.Conns {
		a.gradient = append(a.gradient, vec.New(c.In, c.Out))
		a.weights = append(a.weights, vec.New(c.In, c.Out))
	}
	return a, nil
}

func (a *angles) due(update int) bool { return update%a.every == 0 }

// before computes the gradient on the batch that is about to be learned from.
func (a *angles) before(net *network.Network, b *tasks.Batch) {
	a.bp.Learn(net, b, a)
	for l, c := range net.Conns {
		a.weights[l].CopyFrom(c.W)
	}
}

// Present makes angles the credit.Plasticity of its bp circuit.
func (a *angles) Present(c *network.Connection, s *credit.Signals) {
	g := a.gradient[c.Index]
	g.Zero()
	vec.MulTA(g, s.Values[rulespace.SigPre], s.Values[rulespace.SigErr])
}

// PresentFeedback implements credit.Plasticity; bp has no such weights.
func (a *angles) PresentFeedback(*credit.Feedback, *credit.Signals) {}

func (a *angles) after(net *network.Network) {
	for l, c := range net.Conns {
		var dot, gg, dd float64
		for i := range c.In {
			g, old := a.gradient[l].Row(i), a.weights[l].Row(i)
			for j, w := range c.W.Row(i) {
				d := float64(w) - float64(old[j])
				v := float64(g[j])
				dot += float64(d * v)
				gg += float64(v * v)
				dd += float64(d * d)
			}
		}
		if n := math.Sqrt(gg) * math.Sqrt(dd); n > 0 {
			a.sum[l] += float64(math.Acos(min(max(dot/n, -1), 1)) * (180 / math.Pi))
			a.count[l]++
		}
	}
}

func (a *angles) mean() []float64 {
	m := make([]float64, len(a.sum))
	for l := range m {
		m[l] = a.sum[l] / float64(a.count[l]) // NaN where nothing was measured
	}
	return m
}
