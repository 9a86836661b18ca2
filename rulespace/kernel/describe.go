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

// text writes a node as an expression. Σ is a sum over samples, ⟨ ⟩ a mean.
func (p *Program) text(id int) string {
	n := &p.nodes[id]
	switch n.kind {
	case constant:
		return strconv.FormatFloat(float64(math.Float32frombits(n.bits)), 'g', -1, 32)
	case param:
		return p.rule.Params[n.at].Name
	case signal:
		return rulespace.Signal(n.at).String()
	case state:
		return p.rule.States[n.at%len(p.rule.States)].Name
	case biasState:
		return p.rule.States[n.at].Name
	case weight, feedback:
		return "w"
	case bias:
		return "b"
	case invBatch:
		return "1/B"
	case mean:
		return "⟨" + p.text(n.arg[0]) + "⟩"
	case copied, spread:
		return p.text(n.arg[0])
	case total:
		return "Σ(" + p.text(n.arg[0]) + ")"
	case chain:
		var list []string
		for _, x := range p.chains[n.at] {
			list = append(list, p.text(x.f)+" ⊗ "+p.text(x.g))
		}
		return "Σ(" + strings.Join(list, " + ") + ")"
	}
	var args []any
	for _, a := range n.args() {
		s := p.text(a)
		if strings.ContainsAny(s, " ") && !strings.HasPrefix(s, "(") && (len(n.args()) > 1 || n.op == rulespace.Neg || n.op == rulespace.Square) {
			s = "(" + s + ")"
		}
		args = append(args, s)
	}
	return fmt.Sprintf(n.op.Info().Format.Text, args...)
}
