// Package identity tells whether two expressions of a symbolic space, or two
// tuples of them, are the same rule for a search: whether they behave alike.
package identity

import "github.com/metaplast/metaplast/rulespace"

// ID is what makes two expressions or tuples the same rule.
type ID = rulespace.FP

// Relation identifies the expressions of a space.
type Relation struct {
	probe     *rulespace.Probe
	keepScale bool
}

// New returns the relation over the points of a probe; nil means
// rulespace.FixedProbe. Unless keepScale is set, what differs by a positive
// factor is the same: for a tuple one factor of all its expressions.
func New(space *rulespace.Space, probe *rulespace.Probe, keepScale bool) Relation {
	if probe == nil {
		probe = rulespace.FixedProbe(space.Signals)
	}
	return Relation{probe, keepScale}
}

// Identify reports false for what is no rule: constants, and what is undefined
// at most points. Expressions of a tuple may be 0, but not all.
func (r Relation) Identify(exprs ...*rulespace.Expr) (ID, bool) {
	columns := make([]rulespace.Column, len(exprs))
	for i, e := range exprs {
		if e.Signals() == 0 {
			return ID{}, false
		}
		columns[i] = r.probe.Column(e)
	}
	return r.IdentifyColumns(columns...)
}

// IdentifyColumns is Identify for expressions that read a signal, by their
// values.
func (r Relation) IdentifyColumns(columns ...rulespace.Column) (ID, bool) {
	id, class := r.probe.Hash(!r.keepScale, columns...)
	return id, class == rulespace.Generic
}

// Leaf returns the values of a signal, state or constant.
func (r Relation) Leaf(e *rulespace.Expr) rulespace.Column { return r.probe.Leaf(e) }

// Apply computes the values of a primitive into dst.
func (r Relation) Apply(dst rulespace.Column, op rulespace.Op, args []rulespace.Column) {
	r.probe.ApplyTo(dst, op, args...)
}
