// Package credit assigns credit: a Circuit runs a network on a batch and
// presents to each connection the signals that plasticity rules read. It
// never touches a weight itself; what a rule makes of the signals is not its
// business. There is one file per circuit.
//
// Signs: err points downhill, so a rule that adds lr·err·pre lowers the loss.
// Order: all credit is computed with the weights from before the batch, then
// the connections are presented from the input to the output.
//
// It imports network, tasks and the frames of rulespace/kernel, but neither
// compiles nor applies a rule.
package credit
