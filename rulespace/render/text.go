package render

import (
	"strings"

	"github.com/metaplast/metaplast/rulespace"
)

// text writes a rule for a terminal or a mail.
func text(r *rulespace.Rule) string {
	n := textNotation()
	lines := header(r)
	lines = append(lines, "")
	var rows [][2]string
	for _, s := range r.States {
		rows = append(rows, [2]string{s.Name, "<- " + n.expr(s.Update) + "   (per " + scopeText(s.Scope) + ", from " + shortest(s.Init) + ")"})
	}
	for _, c := range changes(r) {
		rows = append(rows, [2]string{c.name, "=  " + n.expr(c.expr)})
	}
	lines = append(lines, aligned(rows)...)
	lines = append(lines, "")
	rows = nil
	for _, p := range r.Params {
		rows = append(rows, [2]string{p.Name, shortest(p.Value)})
	}
	for _, s := range r.Needs().List() {
		rows = append(rows, [2]string{s.String(), s.Info().Doc})
	}
	lines = append(lines, aligned(rows)...)
	return strings.Join(lines, "\n") + "\n"
}

func textNotation() *notation {
	return &notation{
		format:   func(f rulespace.Format) string { return f.Text },
		signal:   rulespace.Signal.String,
		name:     func(s string) string { return s },
		number:   shortest,
		paren:    roundParen,
		callPrec: precPrimary,
	}
}

// Expr writes an expression on one line as people would: lr·post·(pre − w).
// ParseExpr reads it back.
func Expr(e *rulespace.Expr) string {
	n := textNotation()
	n.polish = func(format string) string {
		format = strings.NewReplacer("^2", "²", "^3", "³", "*", "·", " - ", " − ").Replace(format)
		if strings.HasPrefix(format, "-") {
			format = "−" + format[1:]
		}
		return format
	}
	return n.expr(e)
}

func scopeText(s rulespace.Scope) string {
	switch s {
	case rulespace.Pre:
		return "presynaptic unit"
	case rulespace.Post:
		return "postsynaptic unit"
	}
	return "synapse"
}
