// Package kernel turns rules into programs that change weight matrices.
//
// Interpret is the definition: it evaluates a rule synapse by synapse in
// float64. Compile makes the program that training runs, in strict float32:
// every operation rounds, products and sums apart, in an order that depends
// on the rule and the number of samples alone. So results are the same on
// every machine, and differ from those of Interpret by rounding only.
//
// # Plans
//
// The outer plan applies to an assignment that can be written as
//
//	Σ_h h(w, synapse states) · Σ_k f_k(post) ⊗ g_k(pre)
//
// with single values (parameters, reward, …) folded into f or g. Products
// that share f or g are merged first, so that lr·err·pre + a·err·err_pre is
// the one product err ⊗ (lr·pre + a·err_pre). For a mini-batch each inner sum
// is one matrix product; products in which f or g is the same for all samples
// take the mean of the other. A row of weights is
//
//	M_h = ((Σ_samples,k f_k·g_k)·(1/B) + products of means) + row + column
//	dw  = (M_1 + h_2·M_2) + h_3·M_3 …
//
// with samples in order and, within a sample, terms in the order in which the
// rule states them. A product whose g is exactly zero is left out unless an f
// is not finite, and a row without any product is not touched: silent inputs
// cost nothing. (A weight of -0 in such a row keeps its sign, an infinite one
// is not turned into NaN by a term that multiplies it with zero.)
//
// The accumulator plan evaluates anything else synapse by synapse and sample
// by sample, in strips of a row; what depends on one unit only is computed
// once per unit, and what depends on the weight but not on the sample once
// per synapse. Where there is a machine for it (internal/vec/program), a
// program computes blocks of a row in registers instead, all states of synapse
// scope and the weights in one pass; the operations and bits are the same.
//
// # Biases and feedback weights
//
// A bias is the weight from a unit that is always 1. In db, pre, pre_trace
// and pre_prev are therefore 1 and w is the bias; other signals of pre scope
// and other signals of synapse scope are 0. Declared states of pre and
// synapse scope have one more row that belongs to the biases and is updated
// under the same readings. In dfb, w is the feedback weight, which is laid
// out like the forward weight.
//
// The package imports rulespace and internal packages only.
package kernel
