package fastweight

import (
	"fmt"

	"github.com/metaplast/metaplast/rulespace"
)

// Limit is the largest fast weight of the neuromodulated rules in the source.
const Limit = 2

// Decaying returns the plain rule of differentiable plasticity, a running
// mean of products. The source's rate is 0.01.
//
//	H_ij ← (1 − η)·H_ij + η·y_i(t)·y_j(t−1)
func Decaying(eta float64) *rulespace.Rule {
	return mustRule(eta, "eta*(pre*post - w)", "")
}

// Oja returns the stable variant, whose fast weights stay bounded without
// decay at rest.
//
//	H_ij ← H_ij + η·y_i·(y_j − y_i·H_ij)
func Oja(eta float64) *rulespace.Rule {
	return mustRule(eta, "eta*post*(pre - post*w)", "")
}

// Simple returns plasticity that the modulator gates as it happens.
//
//	H_ij ← clip(H_ij + η·M(t)·y_i·y_j, ±2)
//
// The source has η = 1 and takes the scale into the learned fan-out of M.
func Simple(eta float64) *rulespace.Rule {
	return mustRule(eta, fmt.Sprintf("clip(w + eta*mod*pre*post, -%d, %d) - w", Limit, Limit), "")
}

// Retroactive returns plasticity in which the modulator decides on what has
// happened lately. The trace holds the products up to and with the present.
//
//	E_ij ← (1 − η)·E_ij + η·y_i·y_j
//	H_ij ← clip(H_ij + M(t)·E_ij, ±2)
func Retroactive(eta float64) *rulespace.Rule {
	return mustRule(eta, fmt.Sprintf("clip(w + mod*trace, -%d, %d) - w", Limit, Limit),
		"state: {trace: {scope: synapse, update: (1 - eta)*trace + eta*pre*post}}\n")
}

func mustRule(eta float64, dw, state string) *rulespace.Rule {
	r, err := rulespace.Decode("fast weights", []byte(fmt.Sprintf("format: 1\ndw: %q\n%sparams: {eta: %v}\n", dw, state, eta)))
	if err != nil {
		panic(err) // only an eta that is no number
	}
	return r
}
