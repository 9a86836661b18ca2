package rulespace

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// Encode writes the rule as a rule file that Decode reads back to an equal
// rule. The bytes depend on the rule alone.
func (r *Rule) Encode() ([]byte, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "format: %d\n", ruleFormat)
	text := func(key, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s: %s\n", key, quote(value))
		}
	}
	expr := func(key string, e *Expr) {
		if e != nil {
			fmt.Fprintf(&b, "%s: %s\n", key, quoteExpr(e))
		}
	}
	text("name", r.Name)
	text("title", r.Title)
	expr("dw", r.DW)
	expr("db", r.DB)
	expr("dfb", r.DFB)
	r.encodeParams(&b)
	if len(r.States) > 0 {
		b.WriteString("state:\n")
	}
	for _, s := range r.States {
		fmt.Fprintf(&b, "  %s:\n    scope: %s\n    init: %s\n    update: %s\n",
			quote(s.Name), s.Scope, formatFloat(s.Init), quoteExpr(s.Update))
	}
	text("equation", r.Equation)
	if len(r.Symbols) > 0 {
		b.WriteString("symbols:\n")
	}
	for _, k := range sortedKeys(r.Symbols) {
		fmt.Fprintf(&b, "  %s: %s\n", quote(k), quote(r.Symbols[k]))
	}
	fmt.Fprintf(&b, "locality: %s\n", localityText(r.Locality()))
	text("source", r.Source)
	text("notes", r.Notes)
	return []byte(b.String()), nil
}

// encodeParams writes plain values on one line as long as they fit there.
func (r *Rule) encodeParams(b *strings.Builder) {
	if len(r.Params) == 0 {
		return
	}
	short := make([]string, len(r.Params))
	plain := true
	for i, p := range r.Params {
		short[i] = quote(p.Name) + ": " + formatFloat(p.Value)
		plain = plain && !p.HasRange()
	}
	if line := "params: {" + strings.Join(short, ", ") + "}\n"; plain && len(line) <= 80 {
		b.WriteString(line)
		return
	}
	b.WriteString("params:\n")
	for i, p := range r.Params {
		switch {
		case p.Log:
			fmt.Fprintf(b, "  %s: {value: %s, low: %s, high: %s, scale: log}\n", quote(p.Name), formatFloat(p.Value), formatFloat(p.Low), formatFloat(p.High))
		case p.HasRange():
			fmt.Fprintf(b, "  %s: {value: %s, low: %s, high: %s}\n", quote(p.Name), formatFloat(p.Value), formatFloat(p.Low), formatFloat(p.High))
		default:
			fmt.Fprintf(b, "  %s\n", short[i])
		}
	}
}

// quoteExpr leaves an expression bare where YAML would read the same text.
func quoteExpr(e *Expr) string {
	s := e.String()
	if reads, tag := asYAML(s); reads == s && tag != "!!null" {
		return s
	}
	return strconv.Quote(s)
}

// quote writes text as YAML: bare where that reads back as the same text, as
// a block where it has lines, else in double quotes. Go's escapes of valid
// UTF-8 are a subset of YAML's.
func quote(s string) string {
	if strings.Contains(s, "\n") {
		if block, ok := literal(s); ok {
			return block
		}
		return strconv.Quote(s)
	}
	if reads, tag := asYAML(s); reads == s && tag == "!!str" && strings.IndexFunc(s, unprintable) < 0 {
		return s
	}
	return strconv.Quote(s)
}

func unprintable(c rune) bool { return !unicode.IsPrint(c) }

// asYAML says how YAML reads a bare value on a line of its own.
func asYAML(s string) (value, tag string) {
	if s == "" || strings.ContainsAny(s, "\t\r\n") || strings.ContainsAny(s[:1], "\"'&*!|>%@`") {
		return "", ""
	}
	var doc yaml.Node
	if yaml.Unmarshal([]byte("k: "+s+"\n"), &doc) != nil || len(doc.Content) != 1 || len(doc.Content[0].Content) != 2 {
		return "", ""
	}
	n := doc.Content[0].Content[1]
	if n.Kind != yaml.ScalarNode {
		return "", ""
	}
	return n.Value, n.ShortTag()
}

// literal writes lines as a block scalar, unless their white space would not
// survive.
func literal(s string) (string, bool) {
	head := "|-"
	if strings.HasSuffix(s, "\n") {
		head, s = "|", strings.TrimSuffix(s, "\n")
	}
	var b strings.Builder
	b.WriteString(head)
	for i, line := range strings.Split(s, "\n") {
		if i == 0 && line == "" || strings.TrimSpace(line) != line || strings.IndexFunc(line, unprintable) >= 0 {
			return "", false
		}
		b.WriteByte('\n')
		if line != "" {
			b.WriteString("  " + line)
		}
	}
	return b.String(), !strings.HasSuffix(s, "\n")
}
