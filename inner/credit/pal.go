package credit

import (
	"math"

	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

var palEntry = Entry{
	Name: "pal", Title: "feedback weights that learn from the noise of the network",
	Doc:      "err is sent back layer by layer through weights that learn while the network works: in dfb, pre is the noise of the lower layer and post the fast part of the activity of the upper one, once for each time step; reconstructed at the level of rates",
	Provides: local | credit, Output: target, Supervised: true, Passes: 4,
	Locality:   []string{BackwardLocking},
	Stochastic: true,
	Feedback:   true, OwnFeedback: rulespace.Signals(rulespace.SigPre, rulespace.SigPost),
	Options: []option.Option{
		option.Float("sigma", "0.1", 1e-9, 1e9, "standard deviation of white noise; coloured noise has σ/√(2 − 1/noise_tau)"),
		option.Int("steps", "2", 1, 10000, "time steps for which a sample is shown"),
		option.Float("noise_tau", "1", 1, 1e9, "time constant of the noise, in time steps; 1 is white"),
		option.Float("highpass_tau", "10", 1, 1e9, "time constant of the high-pass filter, in time steps"),
		feedbackScale,
	},
	Reference: "K. Max et al., Nat. Mach. Intell. (2024), arXiv:2212.10249",
	make:      newPAL,
}

// pal is feedback alignment whose feedback weights learn all the time from
// noise that rides on the activities (phaseless alignment learning).
//
//	ξ_l ← ξ_l + (σ√τ_ξ·w − ξ_l)/τ_ξ,  w ~ N(0, 1)     presented to dfb as pre
//	z_l = W_{l−1} r_{l−1} + b + ξ_l,  r_l = f(z_l)
//	r̂_l ← r̂_l + Δr_l − r̂_l/τ_HP                       presented to dfb as post
//
//	ξ_l  noise of layer l, an Ornstein-Uhlenbeck process; none at the output
//	r̂_l  high-pass filtered rate; at the output, filtered potential
//	τ    time constants, in time steps
//
// dfb is presented once for each of the time steps for which a sample is
// shown, with the mean over the batch. The correlation of ξ_l and r̂_{l+1} is
// the noise's variance times W_l f'_l f'_{l+1}, up to a factor, so that ΔB =
// η·(ξ r̂) − λ·B points along the weights, weighted by derivatives.
//
// Reconstruction. Prospective coding is taken at its limit, in which rates
// follow their input without delay, and errors do not act on potentials.
// Weights see rates and errors without noise: that is what low-pass filters
// with time constants far above those of the noise leave of them. Each sample
// is taken up where the high-pass filters have forgotten its onset.
//
// K. Max, L. Kriener, G. Pineda García, T. Nowotny, I. Jaras, W. Senn,
// M. A. Petrovici, Nat. Mach. Intell. (2024).
type pal struct {
	*backprop
	learning     []*learnedFeedback // pre is the noise of the layer below the connection
	noise        []*vec.Matrix      // by layer: pre of the connection behind it, nil without
	pot, act     []*vec.Matrix      // with noise, by layer, from the lowest that has any
	before       []*vec.Matrix      // what passes the high-pass filter, a time step ago, by layer
	stream       *key.Stream
	steps        int
	drive, leak  float32 // of the noise: σ/√τ_ξ, 1/τ_ξ
	forget       float32 // 1/τ_HP
}
