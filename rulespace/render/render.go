package render

import (
	"fmt"
	"sort"
	"strings"

	"github.com/metaplast/metaplast/rulespace"
)

// Formats returns the names of the output formats.
func Formats() []string { return []string{"text", "latex", "numpy", "torch", "go"} }

// Extension returns the usual ending of a file of the format, with its dot.
func Extension(format string) string {
	return map[string]string{"text": ".txt", "latex": ".tex", "numpy": ".py", "torch": ".py", "go": ".go"}[format]
}

// Render writes a rule in one of the formats. The rule has to be valid.
func Render(r *rulespace.Rule, format string) (string, error) {
	if err := r.Validate(); err != nil {
		return "", err
	}
	switch format {
	case "text":
		return text(r), nil
	case "latex":
		return latex(r), nil
	case "numpy":
		return python(r, numpy), nil
	case "torch":
		return python(r, torch), nil
	case "go":
		return golang(r)
	}
	msg := fmt.Sprintf("%q is not an output format", format)
	if near, ok := rulespace.Closest(format, Formats()); ok {
		return "", fmt.Errorf("%s. Did you mean %s?", msg, near)
	}
	return "", fmt.Errorf("%s; formats are %s", msg, strings.Join(Formats(), ", "))
}

// header lists what a reader wants to know of a rule before its code: one
// string per line, without comment signs.
func header(r *rulespace.Rule) []string {
	var lines []string
	paragraph := func(text string) {
		if text == "" {
			return
		}
		if len(lines) > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, strings.Split(strings.TrimRight(text, "\n"), "\n")...)
	}
	paragraph(title(r))
	paragraph(r.Equation)
	if len(r.Symbols) > 0 {
		paragraph(strings.Join(aligned(symbolRows(r)), "\n"))
	}
	paragraph(r.Source)
	paragraph(r.Notes)
	return lines
}

func title(r *rulespace.Rule) string {
	switch {
	case r.Title != "":
		return r.Title
	case r.Name != "":
		return r.Name
	}
	return "Plasticity rule"
}

// symbolRows lists the symbols of the equation with their meanings.
func symbolRows(r *rulespace.Rule) [][2]string {
	var rows [][2]string
	for k, v := range r.Symbols {
		rows = append(rows, [2]string{k, v})
	}
	sort.Slice(rows, func(i, j int) bool { return rows[i][0] < rows[j][0] })
	return rows
}

// aligned writes two columns.
func aligned(rows [][2]string) []string {
	width := 0
	for _, row := range rows {
		width = max(width, len([]rune(row[0])))
	}
	lines := make([]string, len(rows))
	for i, row := range rows {
		lines[i] = row[0] + strings.Repeat(" ", width-len([]rune(row[0]))+2) + row[1]
	}
	return lines
}

// comment puts a sign before each line.
func comment(sign string, lines []string) string {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(strings.TrimRight(sign+" "+line, " ") + "\n")
	}
	return b.String()
}

// assignment is a named expression of a rule.
type assignment struct {
	name string
	expr *rulespace.Expr
}

// changes lists dw, db and dfb where the rule has them.
func changes(r *rulespace.Rule) []assignment {
	list := []assignment{{"dw", r.DW}}
	if r.DB != nil {
		list = append(list, assignment{"db", r.DB})
	}
	if r.DFB != nil {
		list = append(list, assignment{"dfb", r.DFB})
	}
	return list
}

// walk calls visit for every node of e.
func walk(e *rulespace.Expr, visit func(*rulespace.Expr)) {
	visit(e)
	for i := range e.NumArgs() {
		walk(e.Arg(i), visit)
	}
}

// stateOf returns the state of that name.
func stateOf(r *rulespace.Rule, name string) (rulespace.State, bool) {
	for _, s := range r.States {
		if s.Name == name {
			return s, true
		}
	}
	return rulespace.State{}, false
}

// readsState reports whether e reads a declared state.
func readsState(r *rulespace.Rule, e *rulespace.Expr) bool {
	found := false
	walk(e, func(n *rulespace.Expr) {
		if n.Kind() == rulespace.KindName {
			_, ok := stateOf(r, n.Name())
			found = found || ok
		}
	})
	return found
}

// constant reports whether e reads neither signals nor states.
func constant(r *rulespace.Rule, e *rulespace.Expr) bool {
	return e.Signals() == 0 && !readsState(r, e)
}

// asBias is e as a bias reads it, without the ones and zeros that leaves.
func asBias(e *rulespace.Expr) *rulespace.Expr {
	b := e.AsBias()
	if b.Equal(e) {
		return e
	}
	return rulespace.Simplify(b)
}
