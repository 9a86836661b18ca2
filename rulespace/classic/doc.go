// Package classic is the library of known plasticity rules: one embedded rule
// file each, with the paper's equation and its source. They are baselines,
// starting points and what a discovered rule is compared with; which of them a
// network can be trained with depends on its credit circuit.
//
// It imports rulespace and the standard library only.
package classic
