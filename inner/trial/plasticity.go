package trial

import (
	"fmt"
	"slices"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/learner"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/kernel"
)

// plasticity applies each connection's rule to what the circuit presents.
type plasticity struct {
	net      *network.Network
	slots    []slot         // by connection
	feedback []feedbackSlot // by index of the feedback matrix
	learner  learner.Learner
	batch    int
	programs *programs
}

// feedbackSlot is the bound dfb of feedback weights apart from connections.
type feedbackSlot struct {
	program  *kernel.Program
	rows     int
	cols     int
	batch    int
	instance *kernel.Instance // nil where they are fixed
	ready    bool             // in this trial
}

// PresentFeedback implements credit.Plasticity.
func (p *plasticity) PresentFeedback(f *credit.Feedback, s *credit.Signals) {
	for len(p.feedback) <= f.Index {
		p.feedback = append(p.feedback, feedbackSlot{})
	}
	slot := &p.feedback[f.Index]
	if !slot.ready {
		p.bindFeedback(slot, f)
	}
	if slot.instance != nil {
		slot.instance.Apply(&s.Frame, f.W, nil, nil)
	}
}

// bindFeedback makes the dfb of the connection's rule the dw of a rule for
// the feedback weights.
func (p *plasticity) bindFeedback(slot *feedbackSlot, f *credit.Feedback) {
	rule := p.learner.RuleOf(f.Conn)
	if rule == nil || rule.DFB == nil {
		*slot = feedbackSlot{ready: true}
		return
	}
	program, err := p.programs.get(feedbackRule(rule))
	if err != nil {
		panic(err) // it was compiled with its rule
	}
	if slot.program == program && slot.rows == f.W.Rows && slot.cols == f.W.Cols && slot.batch == p.batch {
		slot.instance.Reset()
		slot.ready = true
	} else {
		*slot = feedbackSlot{program, f.W.Rows, f.W.Cols, p.batch, program.Bind(f.W.Rows, f.W.Cols, p.batch), true}
	}
	for _, v := range rule.Params {
		slot.instance.SetParam(v.Name, v.Value)
	}
}

// feedbackRule is the rule that changes weights as dfb changes feedback.
func feedbackRule(r *rulespace.Rule) *rulespace.Rule {
	return &rulespace.Rule{Name: r.Name, DW: r.DFB, Params: r.Params}
}

// slot is the bound rule of one connection.
type slot struct {
	program        *kernel.Program
	in, out, batch int
	instance       *kernel.Instance // nil where the connection is frozen
	dw             *vec.Matrix      // for arrays that cannot be written in place
}

// Present implements credit.Plasticity.
func (p *plasticity) Present(c *network.Connection, s *credit.Signals) {
	slot := &p.slots[c.Index]
	switch {
	case slot.instance == nil:
	case c.InPlace != nil:
		slot.instance.Apply(&s.Frame, c.InPlace, c.Bias, s.Feedback)
	default:
		slot.instance.DeltaAll(&s.Frame, c.W, slot.dw, c.Bias, s.Feedback)
		c.Array.Update(slot.dw)
		c.W = c.Array.Weights()
	}
}

// prepareRules compiles the trial's rules and binds them to the connections.
func (r *Runner) prepareRules(t Trial) error {
	p := &r.rules
	p.learner, p.batch, p.programs = t.Learner, t.Batch, &r.programs
	for i := range p.feedback {
		p.feedback[i].ready = false
	}
	for len(p.slots) < len(r.net.Conns) {
		p.slots = append(p.slots, slot{})
	}
	p.slots = p.slots[:len(r.net.Conns)]
	for l, c := range r.net.Conns {
		s := &p.slots[l]
		rule := t.Learner.RuleOf(c)
		if rule == nil {
			*s = slot{}
			continue
		}
		program, err := r.programs.get(rule)
		if err != nil {
			return &ConfigError{fmt.Errorf("trial: rule %s: %w", rule.Name, err)}
		}
		rows := t.Batch * c.Positions
		if s.program == program && s.in == c.In && s.out == c.Out && s.batch == rows {
			s.instance.Reset()
		} else {
			*s = slot{program: program, in: c.In, out: c.Out, batch: rows, instance: program.Bind(c.In, c.Out, rows)}
		}
		if c.InPlace == nil && s.dw == nil {
			s.dw = vec.New(c.In, c.Out)
		}
		for _, v := range rule.Params {
			s.instance.SetParam(v.Name, v.Value)
		}
	}
	return nil
}

// cachedPrograms is enough for the rules of one learner and those that a
// search compares side by side, cachedLanes for a cohort of a search; more
// would only keep old rules alive.
const (
	cachedPrograms = 16
	cachedLanes    = 64
)

// programs remembers the last rules compiled. Rules that differ in the values
// of their parameters alone share a program.
type programs struct {
	rules    []*rulespace.Rule
	programs []*kernel.Program
	next     int
}

func (p *programs) get(r *rulespace.Rule) (*kernel.Program, error) {
	return p.compiled(r, kernel.Compile, cachedPrograms)
}

// lanes is get for programs that are bound to lanes alone.
func (p *programs) lanes(r *rulespace.Rule) (*kernel.Program, error) {
	return p.compiled(r, kernel.CompileLanes, cachedLanes)
}

func (p *programs) compiled(r *rulespace.Rule, compile func(*rulespace.Rule) (*kernel.Program, error), most int) (*kernel.Program, error) {
	for i, known := range p.rules {
		if known == r || sameProgram(known, r) {
			return p.programs[i], nil
		}
	}
	program, err := compile(r)
	if err != nil {
		return nil, err
	}
	if len(p.rules) < most {
		p.rules, p.programs = append(p.rules, r), append(p.programs, program)
		return program, nil
	}
	p.rules[p.next], p.programs[p.next] = r, program
	p.next = (p.next + 1) % most
	return program, nil
}

// sameProgram reports whether two rules are copies of each other up to the
// values of parameters; it compares expressions by identity only.
func sameProgram(a, b *rulespace.Rule) bool {
	return a.DW == b.DW && a.DB == b.DB && a.DFB == b.DFB && slices.Equal(a.States, b.States) &&
		slices.EqualFunc(a.Params, b.Params, func(p, q rulespace.Param) bool { return p.Name == q.Name })
}
