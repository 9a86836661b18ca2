package credit

import (
	"slices"

	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/rulespace/key"
)

var pcPositiveEntry = Entry{
	Name: "pc-positive", Title: "predictive coding with positive rates and one-way synapses",
	Doc: "as pc-strict, with errors that come back through synapses of their own, which a rule's dfb may change; " +
		"our reconstruction of the constraints, not the authors' equations",
	Provides: local | credit, Output: target, Feedback: true, Supervised: true, Passes: 41, Settles: true,
	Locality: []string{Settling},
	Options: []option.Option{pcSteps("20"), pcRate("0.1"), pcNudge, feedbackScale,
		option.Float("error_baseline", "0", 0, 1e9, "0 gives each unit an error cell for either sign; b > 0 one cell that fires b where there is no error, and so tells none below −b"),
	},
	Convolves: true,
	Reference: "N. Alonso, E. Neftci, ICONS (2021); equations reconstructed",
	fits: func(net network.Config, _ int, _ option.Values) error {
		if positive := []string{"relu", "softplus", "sigmoid"}; len(net.Sizes) > 2 && !slices.Contains(positive, net.Hidden.Name) {
			return configErrorf("circuit pc-positive needs hidden activities that are never negative: relu, softplus or sigmoid, not %s", net.Hidden.Name)
		}
		return nil
	},
	make: newPositive,
}

// newPositive makes predictive coding of which every signal between cells is
// a rate of at least zero and every synapse goes one way. Value cells fire
// f(u) ≥ 0. Errors are told by two cells, ε⁺ = max(u − μ, 0) and
// ε⁻ = max(μ − u, 0), which excite and inhibit, or by one with a baseline b
// that its targets take off again,
//
//	r = max(ε + b, 0),   ε ≈ r − b,
//
// and return by feedback synapses V_l, which start at random like fresh glorot
// weights, in place of the transposed weights:
//
//	u_l ← u_l + γ(f'(u_l) ⊙ V_l(ε⁺_{l+1} − ε⁻_{l+1}) − (ε⁺_l − ε⁻_l))
//
// As ε⁺ − ε⁻ is ε itself, the pair computes what signed errors do. A
// Kolen–Pollack rule (dw and dfb alike, with decay) makes V_l follow W.
//
// That the constraints hardly cost accuracy is the result of N. Alonso and E.
// Neftci, ICONS (2021); the equations here are our reconstruction.
func newPositive(b *base, k key.Key) Circuit {
	c := newPredictive(b)
	c.settle()
	c.floor = -float32(b.options.Float("error_baseline"))
	k = k.Child("feedback", 0)
	for l, conn := range c.net.Conns {
		if l == 0 && c.err[0] == nil {
			continue
		}
		f := c.synapses(conn.In, conn.Out)
		network.Initialise(f, "glorot", c.options.Float("feedback_scale"), k.Child("connection", uint64(l)))
		c.feedback[l] = f
		c.conns[l].sig.Feedback = f
	}
	return c
}
