package kernel

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/metaplast/metaplast/rulespace"
)

// Describe says how the program computes each assignment, for people.
func (p *Program) Describe() string {
	var t strings.Builder
	for _, s := range []struct {
		title string
		s     *schedule
	}{{"one sample", &p.online}, {"mini-batch", &p.batch}} {
		fmt.Fprintf(&t, "%s\n", s.title)
		section := [sections]string{"once per unit", "for biases", "for feedback weights"}
		for k, ids := range s.s.hoisted {
			var list []string
			for _, id := range ids {
				if p.nodes[id].kind == apply {
					list = append(list, p.text(id))
				}
			}
			if len(list) > 0 {
				fmt.Fprintf(&t, "  %s: %s\n", section[k], strings.Join(list, ", "))
			}
		}
		for k, id := range p.fresh {
			if id != none {
				fmt.Fprintf(&t, "  %s = %s\n", p.rule.States[k].Name, p.text(id))
			}
		}
		for k := range s.s.steps {
			a := &s.s.steps[k]
			name := "dw"
			switch {
			case a.state != none:
				name = p.rule.States[a.state].Name
			case a.dfb:
				name = "dfb"
			}
			plan := "accumulator"
			if a.outer {
				plan = "outer"
			}
			notes := ""
			if a.rank.kind != noRank {
				notes = ", one pass"
			}
			if len(a.silent) > 0 {
				notes += ", skips silent rows"
			}
			fmt.Fprintf(&t, "  %s = %s  [%s%s]\n", name, p.text(a.root), plan, notes)
		}
		if p.db != none {
			fmt.Fprintf(&t, "  db = %s\n", p.text(p.db))
		}
	}
	return t.String()
}

// maxText is the size beyond which an expression is not written out.
const maxText = 200

// text writes a node as an expression. Σ is a sum over samples, ⟨ ⟩ a mean, f ⊗ g
// an outer product.
func (p *Program) text(id int) string { return p.expr(id, map[int]*rulespace.Expr{}).String() }

func (p *Program) expr(id int, memo map[int]*rulespace.Expr) *rulespace.Expr {
	if e, ok := memo[id]; ok {
		return e
	}
	n := &p.nodes[id]
	var e *rulespace.Expr
	switch n.kind {
	case constant:
		e = number(math.Float32frombits(n.bits))
	case signal:
		e = rulespace.Sig(rulespace.Signal(n.at))
	case apply:
		var args []*rulespace.Expr
		for _, a := range n.args() {
			args = append(args, p.expr(a, memo))
		}
		e = rulespace.Apply(n.op, args...)
		if e.Size() > maxText {
			e = rulespace.Name("…")
		}
	default:
		e = rulespace.Name(p.name(n, memo))
	}
	memo[id] = e
	return e
}

// name writes a node that no expression has.
func (p *Program) name(n *node, memo map[int]*rulespace.Expr) string {
	arg := func(id int) string { return p.expr(id, memo).String() }
	switch n.kind {
	case param:
		return p.rule.Params[n.at].Name
	case state, biasState:
		return p.rule.States[n.at%len(p.rule.States)].Name
	case weight, feedback:
		return "w"
	case bias:
		return "b"
	case invBatch:
		return "(1/B)"
	case mean:
		return "⟨" + arg(n.arg[0]) + "⟩"
	case total:
		return "Σ(" + arg(n.arg[0]) + ")"
	case chain:
		var list []string
		for _, x := range p.chains[n.at] {
			list = append(list, "("+arg(x.f)+") ⊗ ("+arg(x.g)+")")
		}
		return "Σ[" + strings.Join(list, " + ") + "]"
	}
	return arg(n.arg[0]) // copied, spread
}

// number writes a constant with the digits that a float32 needs.
func number(v float32) *rulespace.Expr {
	text := strconv.FormatFloat(float64(v), 'g', -1, 32)
	d, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(d, 0) || d != d {
		return rulespace.Name(text)
	}
	return rulespace.Const(d)
}
