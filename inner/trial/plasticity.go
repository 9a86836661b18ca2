package trial

import (
	"fmt"
	"slices"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/kernel"
)

// plasticity applies each connection's rule to what the circuit presents.
type plasticity struct {
	net   *network.Network
	slots []slot // by connection
}

// slot is the bound rule of one connection.
type slot struct {
	program        *kernel.Program
	in, out, batch int
	instance       *kernel.Instance // nil where the connection is frozen
	dw             *vec.Matrix      // for arrays that cannot be written in place
}

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
		if s.program == program && s.in == c.In && s.out == c.Out && s.batch == t.Batch {
			s.instance.Reset()
		} else {
			*s = slot{program: program, in: c.In, out: c.Out, batch: t.Batch, instance: program.Bind(c.In, c.Out, t.Batch)}
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
// search compares side by side; more would only keep old rules alive.
const cachedPrograms = 16

// programs remembers the last rules compiled. Rules that differ in the values
// of their parameters alone share a program.
type programs struct {
	rules    [cachedPrograms]*rulespace.Rule
	programs [cachedPrograms]*kernel.Program
	next     int
}

func (p *programs) get(r *rulespace.Rule) (*kernel.Program, error) {
	for i, known := range p.rules {
		if known == r || known != nil && sameProgram(known, r) {
			return p.programs[i], nil
		}
	}
	program, err := kernel.Compile(r)
	if err != nil {
		return nil, err
	}
	p.rules[p.next], p.programs[p.next] = r, program
	p.next = (p.next + 1) % cachedPrograms
	return program, nil
}

// sameProgram reports whether two rules are copies of each other up to the
// values of parameters; it compares expressions by identity only.
func sameProgram(a, b *rulespace.Rule) bool {
	return a.DW == b.DW && a.DB == b.DB && a.DFB == b.DFB && slices.Equal(a.States, b.States) &&
		slices.EqualFunc(a.Params, b.Params, func(p, q rulespace.Param) bool { return p.Name == q.Name })
}
