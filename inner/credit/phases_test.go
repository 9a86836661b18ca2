package credit_test

import (
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// The local signals of circuits that present activities of their own, once or
// in phases, belong to the activities, potentials and weights presented with
// them.
func TestLocalSignalsOfPhases(t *testing.T) {
	tried := 0
	for _, e := range credit.Catalogue() {
		if e.Phases == 0 && !settles[e.Name] {
			continue
		}
		const rows = 3
		cfg := network.Config{Sizes: []int{6, 5, 3}, Hidden: network.Activation{Name: "sigmoid"}, Output: network.Activation{Name: "sigmoid"}, Bias: true}
		if (credit.Config{Name: e.Name}).Fits(cfg, rows) != nil {
			continue
		}
		tried++
		n := newNetwork(t, cfg, rows)
		needs := e.Provides.Minus(rulespace.Signals(rulespace.SigLower))
		c := newCircuit(t, credit.Config{Name: e.Name}.With("competition", "2"), n, needs.List()...)
		trace := map[int][]float64{}
		shown := map[int]float64{}
		c.Learn(n, randomBatch(key.Root(11).Stream(), n.Config, rows), plasticity(func(conn *network.Connection, s *credit.Signals) {
			v := map[rulespace.Signal][][]float64{}
			for i, m := range s.Values {
				if m != nil {
					v[rulespace.Signal(i)] = float(m)
				}
			}
			shown[conn.Index]++
			if trace[conn.Index] == nil {
				trace[conn.Index] = make([]float64, conn.In)
			}
			for j := range conn.In {
				mean := 0.0
				for q := range rows {
					mean += v[rulespace.SigPre][q][j] / rows
				}
				trace[conn.Index][j] += (mean - trace[conn.Index][j]) / shown[conn.Index]
			}
			for q := range rows {
				post, pot := v[rulespace.SigPost][q], v[rulespace.SigPot][q]
				square, mean := 0.0, 0.0
				gain := make([]float64, conn.Out)
				for i, y := range post {
					square += y * y / float64(conn.Out)
					mean += y / float64(conn.Out)
					gain[i] = 2 * pot[i]
					if e.Name != "ep-holomorphic" { // its slopes are those of the free phase
						near(t, e.Name+": dpost", v[rulespace.SigDPost][q][i], y*(1-y))
					}
				}
				near(t, e.Name+": goodness", v[rulespace.SigGoodness][0][q], square)
				near(t, e.Name+": mean_post", v[rulespace.SigMeanPost][0][q], mean)
				for i, p := range value(network.Activation{Name: "softmax"}, gain) {
					near(t, e.Name+": comp", v[rulespace.SigComp][q][i], p)
				}
				for j := range conn.In {
					sum := 0.0
					for i, y := range post {
						sum += y * float64(conn.W.Row(j)[i])
					}
					near(t, e.Name+": recon", v[rulespace.SigRecon][q][j], sum)
					near(t, e.Name+": pre_trace", v[rulespace.SigPreTrace][q][j], trace[conn.Index][j])
				}
			}
		}))
	}
	if tried < 8 {
		t.Errorf("%d circuits tried", tried)
	}
}
