// Package topdown trains a bottom-up network with credit that a second,
// top-down network emits: TDCA, top-down credit assignment. Neither the loss
// nor its gradient is used in the inner loop; the top-down network is learned
// by an outer one, an evolution strategy, from how well the bottom-up network
// has learned.
//
// This is a reconstruction. The source's two levels, its evolution strategy
// and its credit diffusion are described; the equations of the top-down
// network were not at hand, and those of Network are ours.
//
// It is a learner of another type than those of package learner, since its
// outer loop changes the weights of the top-down network and not a rule.
//
// May import inner/network, tasks, rulespace and internal packages.
package topdown
