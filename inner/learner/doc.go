// Package learner joins a credit circuit with plasticity rules and lists the
// known learners. A discovered rule and a hand-made learner are the same kind
// of thing and run through the same code.
package learner
