package rulespace

import "slices"

// SynapticCost is what the rule computes for every synapse and update, in
// additions (see OpInfo.Cost): its energy where synapses outnumber units.
// Operations on values of one unit are done once per unit and count nothing,
// equal ones once, and factors and summands of a unit are gathered: so
// lr·pre·post·w is two products, of w with lr·pre and with post. States count
// like assignments; what biases do not.
func (r *Rule) SynapticCost() float64 {
	c := synaptic{rule: r, done: map[string]bool{}}
	for _, s := range r.States {
		if s.Scope == Synapse {
			c.count(s.Update)
		}
	}
	c.count(r.DW)
	if r.DFB != nil {
		clear(c.done) // feedback weights are other synapses
		c.count(r.DFB)
	}
	return c.sum
}

type synaptic struct {
	rule *Rule
	done map[string]bool // expressions that have been counted
	sum  float64
}

func (c *synaptic) scope(e *Expr) Scope {
	return e.Scope(func(name string) Scope {
		for _, s := range c.rule.States {
			if s.Name == name {
				return s.Scope
			}
		}
		return Global // a parameter
	})
}

// count adds what an expression costs at a synapse.
func (c *synaptic) count(e *Expr) {
	if e.Kind() != KindApply || c.scope(e) != Synapse {
		return
	}
	text := e.String()
	if c.done[text] {
		return
	}
	c.done[text] = true
	switch e.Op() {
	case Add, Sub, Mul:
		chain := []Op{Add, Sub}
		if e.Op() == Mul {
			chain = []Op{Mul}
		}
		var met [Synapse + 1]bool
		parts := 0
		var gather func(*Expr)
		gather = func(x *Expr) {
			if x.Kind() == KindApply && slices.Contains(chain, x.Op()) {
				for _, a := range x.args {
					gather(a)
				}
				return
			}
			s := c.scope(x)
			if s == Synapse {
				parts++
				c.count(x)
			}
			met[s] = true
		}
		gather(e)
		for _, s := range []Scope{Pre, Post} {
			if met[s] {
				parts++
			}
		}
		if met[Global] && !met[Pre] && !met[Post] {
			parts++
		}
		c.sum += float64(parts - 1)
	default:
		for _, a := range e.args {
			c.count(a)
		}
		c.sum += e.Op().Info().Cost
	}
}
