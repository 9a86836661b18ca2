package rulespace

import (
	"fmt"
	"slices"
)

// Slot is an assignment of a rule that a space can search.
type Slot uint8

const (
	SlotDW    Slot = iota // the weight change
	SlotDFB               // the change of the feedback weights
	SlotState             // the update of a state
)

var slotNames = [...]string{"dw", "dfb", "state"}

func (s Slot) String() string {
	if int(s) < len(slotNames) {
		return slotNames[s]
	}
	return fmt.Sprintf("Slot(%d)", uint8(s))
}

// of returns the assignment of a rule; for SlotState the update of its last
// state, which there has to be.
func (s Slot) of(r *Rule) **Expr {
	switch s {
	case SlotDFB:
		return &r.DFB
	case SlotState:
		return &r.States[len(r.States)-1].Update
	}
	return &r.DW
}

// Output is an assignment that a symbolic space searches.
type Output struct {
	Slot    Slot
	Signals SignalSet // that it may read, of those of the space; 0 means all
}

// outputs are the assignments of a symbolic space with the signals that each
// may read.
func (s *Space) outputs() []Output {
	if len(s.Outputs) == 0 {
		return []Output{{SlotDW, s.Signals}}
	}
	outputs := slices.Clone(s.Outputs)
	for i, o := range outputs {
		if o.Signals == 0 {
			outputs[i].Signals = s.Signals
		}
	}
	return outputs
}

// Searches returns the assignments that the space searches, none for a
// template, which says that itself.
func (s *Space) Searches() []Slot {
	var slots []Slot
	if s.Symbolic() {
		for _, o := range s.outputs() {
			slots = append(slots, o.Slot)
		}
		return slots
	}
	for _, slot := range []Slot{SlotDW, SlotDFB} {
		if slices.ContainsFunc(s.Terms, func(t Term) bool { return t.Slot == slot }) {
			slots = append(slots, slot)
		}
	}
	return slots
}

func (s *Space) searches(slot Slot) bool { return slices.Contains(s.Searches(), slot) }

// Searched returns the assignments of r that the space searches, in the order
// of Searches, nil for those that r does not have.
func (s *Space) Searched(r *Rule) []*Expr {
	var exprs []*Expr
	for _, slot := range s.Searches() {
		var e *Expr
		if slot != SlotState || len(r.States) > 0 {
			e = *slot.of(r)
		}
		exprs = append(exprs, e)
	}
	return exprs
}

// ScaleMatters reports whether rules that differ by a positive factor in what
// is searched differ even when Scale is tuned: where the given part has the
// same learning rate, that factor is a ratio of two rates, and in the update
// of a state it says how fast that grows or is forgotten.
func (s *Space) ScaleMatters() bool {
	return s.searches(SlotState) || s.Given != nil && s.Given.reads(s.Rate().Name)
}

// frame is the rule without what is searched, at the overall scale.
func (s *Space) frame() *Rule {
	r := &Rule{}
	if g := s.Given; g != nil {
		r.DW, r.DB, r.DFB = g.DW, g.DB, g.DFB
		r.States = append(r.States, g.States...)
		for _, p := range g.Params {
			if s.hasScale() && p.Name == s.Rate().Name {
				p = s.Rate()
			}
			r.Params = append(r.Params, p)
		}
	}
	if s.searches(SlotState) {
		r.States = append(r.States, State{Name: s.State, Scope: Synapse})
	}
	return r
}

// hasScale reports whether there is an overall factor.
func (s *Space) hasScale() bool { return s.Symbolic() || s.Scale.Name != "" }

// withScale makes the overall factor the first of a rule's parameters.
func (s *Space) withScale(r *Rule) {
	p := s.Rate()
	if _, ok := r.Param(p.Name); !ok {
		r.Params = append([]Param{p}, r.Params...)
	}
}

func (s *Space) validateGiven(add func(string, ...any)) {
	for i, o := range s.Outputs {
		switch {
		case o.Slot > SlotState:
			add("%v is not an assignment that can be searched", o.Slot)
			return
		case slices.ContainsFunc(s.Outputs[:i], func(p Output) bool { return p.Slot == o.Slot }):
			add("%v is searched twice", o.Slot)
		case o.Slot == SlotState && len(s.Outputs) > 1:
			add("the update of a state is searched by itself")
		case len(s.Outputs) == 1 && o.Signals != 0 && o.Signals != s.Signals:
			add("%v is all that is searched and reads %v: these are the signals of the space", o.Slot, o.Signals)
		case o.Signals.Minus(s.Signals) != 0:
			add("%v reads %v, which is not among the signals %v", o.Slot, o.Signals.Minus(s.Signals), s.Signals)
		}
	}
	if s.searches(SlotState) != (s.State != "") {
		add("a state has to be named where its update is searched, and only there")
		return
	}
	if s.Kind() == "template" {
		if s.Given != nil || len(s.Outputs) > 0 {
			add("a template says itself what of the rule is searched; a given part belongs to a symbolic space or to terms")
		}
		return
	}
	if s.Kind() == "terms" && len(s.Outputs) > 0 {
		add("each term says itself which assignment it is of")
	}
	if g := s.Given; g != nil {
		for _, slot := range s.Searches() {
			if slot != SlotState && *slot.of(g) != nil {
				add("%v is both given and searched", slot)
			}
		}
		whole := *g
		if whole.DW == nil {
			whole.DW = Const(0)
		}
		if s.searches(SlotState) {
			whole.States = append(slices.Clone(g.States), State{Name: s.State, Scope: Synapse, Update: Const(0)})
		}
		if err := whole.Validate(); err != nil {
			add("given part: %w", err)
		}
		for _, p := range g.Params {
			if p.HasRange() {
				add("given part: %s has a range; what is given is not searched", p.Name)
			}
		}
	}
	if !s.searches(SlotDW) && (s.Given == nil || s.Given.DW == nil) {
		add("dw is neither searched nor given: a rule has to say how the weight changes")
	}
}

// fits reports whether r agrees with the given part in everything that is
// not searched.
func (s *Space) fits(r *Rule) bool {
	if len(r.States) > 0 {
		return false
	}
	given := s.frame()
	if len(given.States) > 0 {
		return false
	}
	if p, ok := r.Param(s.Scale.Name); ok {
		for i := range given.Params {
			if given.Params[i].Name == p.Name {
				given.Params[i].Value = p.Value
			}
		}
	}
	value := func(of *Rule) func(string) (*Expr, bool) {
		return func(name string) (*Expr, bool) {
			p, ok := of.Param(name)
			return Const(p.Value), ok
		}
	}
	same := func(a, b *Expr) bool {
		if a == nil || b == nil {
			return a == b
		}
		return CanonWith(a, value(r)).String() == CanonWith(b, value(given)).String()
	}
	return same(r.DB, given.DB) &&
		(s.searches(SlotDW) || same(r.DW, given.DW)) &&
		(s.searches(SlotDFB) || same(r.DFB, given.DFB))
}
