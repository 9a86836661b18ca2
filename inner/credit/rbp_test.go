package credit_test

import (
	"fmt"
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// At the fixed point, err·pre is minus the slope of the loss in each weight and
// err_pre·post that in each recurrent weight, by float64 central differences of
// a fixed point found with plain loops; near is a dozen float32 roundings.
func TestRecurrentBackpropIsTheGradient(t *testing.T) {
	for _, output := range []string{"tanh", "linear", "softmax"} {
		cfg := network.Config{Sizes: []int{5, 6, 5, 3}, Hidden: network.Activation{Name: "tanh"}, Output: network.Activation{Name: output}, Bias: true, InitScale: 0.5}
		n := newNetwork(t, cfg, 2)
		batch := randomBatch(key.Root(7).Stream(), n.Config, 2)
		c := newCircuit(t, credit.Config{Name: "rbp", Options: map[string]string{"steps": "60", "adjoint_steps": "60", "feedback_scale": "0.5"}}, n,
			rulespace.SigErr, rulespace.SigErrPre)
		var r recorder
		down := make([][][]float64, 3)
		c.Learn(n, batch, plasticity(func(c *network.Connection, s *credit.Signals) {
			if s.Feedback != nil {
				down[c.Index] = float(s.Feedback)
			}
			r.Present(c, s)
		}))
		m := reference(n)
		for q := range 2 {
			weights, feedback := equilibriumGradient(m, down, float(batch.X)[q], float(batch.Y)[q])
			for l := range m.w {
				v := r.values[l]
				k := 0
				for j, x := range v[rulespace.SigPre][q] {
					for i, y := range v[rulespace.SigPost][q] {
						near(t, fmt.Sprintf("%s: weight %d→%d of connection %d", output, j, i, l), v[rulespace.SigErr][q][i]*x, weights[l][k])
						if l > 0 {
							near(t, fmt.Sprintf("%s: recurrent weight %d→%d along connection %d", output, i, j, l), v[rulespace.SigErrPre][q][j]*y, feedback[l][k])
						}
						k++
					}
				}
			}
		}
	}
}
