// Package identify fits plasticity rules to recorded data: values of signals
// beside the weight change that followed them.
//
// A rule is sought as a sparse sum of monomials over the signals,
//
//	Δw = Σ_k c_k · Π_s s^n_ks
//
// as in the sparse identification of dynamics (S. L. Brunton, J. L. Proctor,
// J. N. Kutz, PNAS 113:3932, 2016). Fit chooses the monomials by forward
// selection with exchanges, their number by cross-validation, gives the
// coefficients bootstrap intervals, and says which monomials the data cannot
// tell apart. Differences turns weight trajectories into weight changes.
//
// Results depend on data and options only: sums have a fixed order and random
// numbers come from rulespace/key.
//
// It reads no files and imports rulespace, its sub-packages and internal ones.
package identify
