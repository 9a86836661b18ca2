// Package identity tells whether two expressions of a symbolic space are the
// same rule for a search: whether they behave alike.
package identity

import "github.com/metaplast/metaplast/rulespace"

// ID is what makes two expressions the same rule.
type ID = rulespace.FP

// Relation identifies the expressions of a space.
type Relation struct {
	probe     *rulespace.Probe
	keepScale bool
}

// New returns the relation over the points of a probe; nil means
// rulespace.FixedProbe. Unless keepScale is set, expressions that differ by a
// positive factor are the same.
func New(space *rulespace.Space, probe *rulespace.Probe, keepScale bool) Relation {
	if probe == nil {
		probe = rulespace.FixedProbe(space.Signals)
	}
	return Relation{probe, keepScale}
}

// Identify reports false for expressions that are no rule: constants, and
// those that are undefined at most points.
func (r Relation) Identify(e *rulespace.Expr) (ID, bool) {
	if e.Signals() == 0 {
		return ID{}, false
	}
	return rulespace.Fingerprint(e, r.probe, !r.keepScale)
}

// IdentifyColumn is Identify for an expression that reads a signal, by its
// values.
func (r Relation) IdentifyColumn(c rulespace.Column) (ID, bool) {
	id, class := r.probe.Hash(c, !r.keepScale)
	return id, class == rulespace.Generic
}

// Leaf returns the values of a signal, state or constant.
func (r Relation) Leaf(e *rulespace.Expr) rulespace.Column { return r.probe.Leaf(e) }

// Apply computes the values of a primitive into dst.
func (r Relation) Apply(dst rulespace.Column, op rulespace.Op, args []rulespace.Column) {
	r.probe.ApplyTo(dst, op, args...)
}
