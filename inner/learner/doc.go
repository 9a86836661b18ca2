// Package learner joins a credit circuit with plasticity rules and lists the
// known learners. A discovered rule and a hand-made learner are the same kind
// of thing and run through the same code.
//
// It imports credit and the classic rules; training is the business of package
// trial. A new learner is one line of the table in catalogue.go and has to
// pass learnertest.
package learner
