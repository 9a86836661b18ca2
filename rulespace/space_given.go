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

// searched reports whether the space searches the assignment.
func (s *Space) searched(slot Slot) bool {
	switch s.Kind() {
	case "symbolic":
		return s.Slot == slot
	case "terms":
		for _, t := range s.Terms {
			if t.Slot == slot {
				return true
			}
		}
	}
	return false
}

// Searched returns the assignment of r that a symbolic space searches, nil
// where r has none.
func (s *Space) Searched(r *Rule) *Expr {
	if s.Slot == SlotState && len(r.States) == 0 {
		return nil
	}
	return *s.Slot.of(r)
}

// ScaleMatters reports whether rules that differ by a positive factor in what
// is searched differ even when Scale is tuned: where the given part has the
// same learning rate, that factor is a ratio of two rates, and in the update
// of a state it says how fast that grows or is forgotten.
func (s *Space) ScaleMatters() bool {
	return s.Slot == SlotState || s.Given != nil && s.Given.reads(s.scale().Name)
}

// frame is the rule without what is searched, at the overall scale.
func (s *Space) frame() *Rule {
	r := &Rule{}
	if g := s.Given; g != nil {
		r.DW, r.DB, r.DFB = g.DW, g.DB, g.DFB
		r.States = append(r.States, g.States...)
		for _, p := range g.Params {
			if s.hasScale() && p.Name == s.scale().Name {
				p = s.scale()
			}
			r.Params = append(r.Params, p)
		}
	}
	if s.Slot == SlotState {
		r.States = append(r.States, State{Name: s.State, Scope: Synapse})
	}
	return r
}

// hasScale reports whether there is an overall factor.
func (s *Space) hasScale() bool { return s.Kind() == "symbolic" || s.Scale.Name != "" }

// withScale makes the overall factor the first of a rule's parameters.
func (s *Space) withScale(r *Rule) {
	p := s.scale()
	if _, ok := r.Param(p.Name); !ok {
		r.Params = append([]Param{p}, r.Params...)
	}
}

func (s *Space) validateGiven(add func(string, ...any)) {
	if s.Slot > SlotState {
		add("%v is not an assignment that can be searched", s.Slot)
		return
	}
	if (s.Slot == SlotState) != (s.State != "") {
		add("a state has to be named where its update is searched, and only there")
		return
	}
	if s.Kind() == "template" {
		if s.Given != nil || s.Slot != SlotDW {
			add("a template says itself what of the rule is searched; a given part belongs to a symbolic space or to terms")
		}
		return
	}
	if s.Kind() == "terms" && s.Slot != SlotDW {
		add("each term says itself which assignment it is of")
	}
	if g := s.Given; g != nil {
		for _, slot := range []Slot{SlotDW, SlotDFB} {
			if *slot.of(g) != nil && s.searched(slot) {
				add("%v is both given and searched", slot)
			}
		}
		whole := *g
		if whole.DW == nil {
			whole.DW = Const(0)
		}
		if s.Slot == SlotState {
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
	if !s.searched(SlotDW) && (s.Given == nil || s.Given.DW == nil) {
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
		(s.searched(SlotDW) || same(r.DW, given.DW)) &&
		(s.searched(SlotDFB) || same(r.DFB, given.DFB))
}
