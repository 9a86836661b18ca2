package rulespace

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Limits of a rule file, so that no file can hang or exhaust the program.
// Those of expressions are ParseExpr's.
const (
	ruleFormat     = 1
	maxRuleFile    = 256 << 10 // bytes
	maxRuleNesting = 8         // levels of YAML; a well-formed file has 4
	maxParams      = 64
	maxStates      = 16
	// What a rule holds is limited too, such that Encode stays below
	// maxRuleFile whatever has to be escaped.
	maxRuleText  = 16 << 10 // bytes of title, equation, symbols, source and notes
	maxRuleExprs = MaxText  // bytes of all expressions
)

// FileError is a mistake in a rule file.
type FileError struct {
	File string
	Line int // from 1; 0 when the mistake is in no particular line
	Err  error
}

func (e *FileError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %v", e.File, e.Err)
	}
	return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err)
}

func (e *FileError) Unwrap() error { return e.Err }

// Decode reads a rule file of format 1. The name of the file is for messages
// only. Decode is strict: what it does not know it refuses, with the line and
// the nearest thing that it does know, so that no misspelled key is ever
// ignored. Errors are of type *FileError.
func Decode(name string, data []byte) (*Rule, error) {
	d := &decoder{file: name, lines: map[string]int{}}
	root, err := d.parse(data)
	if err != nil {
		return nil, err
	}
	if err := d.decode(root); err != nil {
		return nil, err
	}
	return &d.rule, nil
}

// decoder walks the YAML tree of a rule file.
type decoder struct {
	file     string
	rule     Rule
	lines    map[string]int // where each field stands
	exprs    []pendingExpr
	locality *yaml.Node
}

// pendingExpr is an expression that is parsed once all names are known.
type pendingExpr struct {
	field string
	node  *yaml.Node
	set   func(*Expr)
}

func (d *decoder) errorf(n *yaml.Node, format string, args ...any) error {
	return &FileError{d.file, n.Line, fmt.Errorf(format, args...)}
}

var yamlError = regexp.MustCompile(`^yaml: (?:line ([0-9]+): )?((?s).*)$`)

// parse returns the top level of the only document in data.
func (d *decoder) parse(data []byte) (*yaml.Node, error) {
	if len(data) > maxRuleFile {
		return nil, &FileError{File: d.file, Err: fmt.Errorf("%d bytes are too many: a rule file has at most %d", len(data), maxRuleFile)}
	}
	if !utf8.Valid(data) {
		line := 1
		for rest := data; len(rest) > 0; {
			c, n := utf8.DecodeRune(rest)
			if c == utf8.RuneError && n == 1 {
				break
			}
			if c == '\n' {
				line++
			}
			rest = rest[n:]
		}
		return nil, &FileError{d.file, line, fmt.Errorf("not UTF-8 text")}
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	err := dec.Decode(&doc)
	if err == io.EOF {
		return nil, &FileError{File: d.file, Err: fmt.Errorf("empty: a rule file starts with format: %d", ruleFormat)}
	}
	if err == nil {
		if err = dec.Decode(&more); err == nil {
			return nil, d.errorf(&more, "a second document: a rule file holds one rule")
		} else if err == io.EOF {
			err = nil
		}
	}
	if err != nil {
		m := yamlError.FindStringSubmatch(err.Error())
		if m == nil {
			return nil, &FileError{File: d.file, Err: err}
		}
		line, _ := strconv.Atoi(m[1])
		return nil, &FileError{d.file, line, fmt.Errorf("not YAML: %s", m[2])}
	}
	root := doc.Content[0]
	return root, d.screen(root, 1)
}

// screen refuses the parts of YAML that a rule file has no use for: deep
// nesting, anchors and aliases (which can stand for exponentially large
// trees) and tags.
func (d *decoder) screen(n *yaml.Node, depth int) error {
	switch {
	case depth > maxRuleNesting:
		return d.errorf(n, "nested more than %d levels deep", maxRuleNesting)
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		return d.errorf(n, "anchors and aliases are not allowed in a rule file")
	case n.Style&yaml.TaggedStyle != 0:
		return d.errorf(n, "tags such as %s are not allowed in a rule file", n.Tag)
	}
	for _, c := range n.Content {
		if err := d.screen(c, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// fields calls visit for each key of a mapping, in the order of the file.
func (d *decoder) fields(n *yaml.Node, what, example string, visit func(key string, k, v *yaml.Node) error) error {
	if n.Kind != yaml.MappingNode {
		return d.errorf(n, "%s has to be a mapping such as %s", what, example)
	}
	seen := map[string]int{}
	for i := 0; i < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.Kind != yaml.ScalarNode {
			return d.errorf(k, "%s: a key has to be text", what)
		}
		if line, ok := seen[k.Value]; ok {
			return d.errorf(k, "%q is given twice, first in line %d", k.Value, line)
		}
		seen[k.Value] = k.Line
		if err := visit(k.Value, k, v); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) unknown(k *yaml.Node, where string, known ...string) error {
	return d.errorf(k, "%s%q is not a key of a rule file%s", where, k.Value, didYouMean(k.Value, known))
}

// text accepts what YAML reads as text without quotes or tags: a number or
// true where text is due is more often a slip than a wish.
func (d *decoder) text(n *yaml.Node, field string, into *string) error {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" {
		return d.errorf(n, "%s has to be text; quote it if it looks like a number or is empty", field)
	}
	*into = n.Value
	return nil
}

func (d *decoder) number(n *yaml.Node, field string, into *float64) error {
	tag := n.ShortTag()
	v, err := strconv.ParseFloat(n.Value, 64)
	switch {
	case n.Style == 0 && errors.Is(err, strconv.ErrRange):
		return d.errorf(n, "%s: %s is not a finite number", field, n.Value)
	case n.Kind != yaml.ScalarNode || tag != "!!int" && tag != "!!float":
		return d.errorf(n, "%s has to be a number", field)
	case math.IsInf(v, 0) || math.IsNaN(v):
		return d.errorf(n, "%s: %s is not a finite number", field, n.Value)
	case err != nil:
		return d.errorf(n, "%s: %q is not a decimal number", field, n.Value)
	}
	*into = v
	return nil
}

// expr notes an expression; dw: 1 and dw: "pre" are expressions too.
func (d *decoder) expr(n *yaml.Node, field string, set func(*Expr)) error {
	if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
		return d.errorf(n, "%s has to be an expression such as lr*pre*post", field)
	}
	d.exprs = append(d.exprs, pendingExpr{field, n, set})
	return nil
}

func (d *decoder) decode(root *yaml.Node) error {
	if err := d.format(root); err != nil {
		return err
	}
	r := &d.rule
	err := d.fields(root, "a rule file", "dw: lr*pre*post", func(key string, k, v *yaml.Node) error {
		d.lines[key] = k.Line
		switch key {
		case "format":
			return nil
		case "name":
			return d.text(v, key, &r.Name)
		case "title":
			return d.text(v, key, &r.Title)
		case "equation":
			return d.text(v, key, &r.Equation)
		case "source":
			return d.text(v, key, &r.Source)
		case "notes":
			return d.text(v, key, &r.Notes)
		case "dw":
			return d.expr(v, key, func(e *Expr) { r.DW = e })
		case "db":
			return d.expr(v, key, func(e *Expr) { r.DB = e })
		case "dfb":
			return d.expr(v, key, func(e *Expr) { r.DFB = e })
		case "params":
			return d.fields(v, key, "{lr: 0.01}", d.param)
		case "state":
			return d.fields(v, key, "{trace: {scope: synapse, update: 0.9*trace + pre*post}}", d.state)
		case "symbols":
			return d.fields(v, key, "{x_j: presynaptic rate}", d.symbol)
		case "locality":
			d.locality = v
			return nil
		}
		return d.unknown(k, "", "format", "name", "title", "dw", "db", "dfb", "params", "state",
			"equation", "symbols", "locality", "source", "notes")
	})
	if err != nil {
		return err
	}
	if err := d.parseExprs(); err != nil {
		return err
	}
	if r.DW == nil {
		return d.errorf(root, "dw is missing: a rule has to say how the weight changes")
	}
	if p := r.check(); p != nil {
		return &FileError{d.file, d.line(p.field), p}
	}
	return d.checkLocality()
}

// format comes first: the keys of a newer format are not mistakes.
func (d *decoder) format(root *yaml.Node) error {
	if root.Kind != yaml.MappingNode {
		return d.errorf(root, "a rule file has to be a mapping that starts with format: %d", ruleFormat)
	}
	for i := 0; i < len(root.Content); i += 2 {
		if root.Content[i].Value != "format" {
			continue
		}
		n := root.Content[i+1]
		v, err := strconv.Atoi(n.Value)
		switch {
		case n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" || err != nil || v < 1:
			return d.errorf(n, "format has to be %d", ruleFormat)
		case v > ruleFormat:
			return d.errorf(n, "format %d is newer than this program reads (%d)", v, ruleFormat)
		}
		return nil
	}
	return d.errorf(root, "format is missing: a rule file starts with format: %d", ruleFormat)
}

func (d *decoder) param(name string, k, v *yaml.Node) error {
	field := "params." + name
	d.lines[field] = k.Line
	if len(d.rule.Params) == maxParams {
		return d.errorf(k, "more than %d params", maxParams)
	}
	if err := checkName(name); err != nil {
		return d.errorf(k, "%s: %w", field, err)
	}
	p := Param{Name: name}
	if v.Kind != yaml.MappingNode {
		if err := d.number(v, field, &p.Value); err != nil {
			return err
		}
		d.rule.Params = append(d.rule.Params, p)
		return nil
	}
	given := map[string]bool{}
	err := d.fields(v, field, "{value: 0.5, low: 0, high: 1}", func(key string, k, v *yaml.Node) error {
		given[key] = true
		d.lines[field+"."+key] = k.Line
		switch key {
		case "value":
			return d.number(v, field+".value", &p.Value)
		case "low":
			return d.number(v, field+".low", &p.Low)
		case "high":
			return d.number(v, field+".high", &p.High)
		case "scale":
			if v.Value != "log" && v.Value != "linear" {
				return d.errorf(v, "%s.scale has to be log or linear", field)
			}
			p.Log = v.Value == "log"
			return nil
		}
		return d.unknown(k, field+": ", "value", "low", "high", "scale")
	})
	switch {
	case err != nil:
		return err
	case !given["value"]:
		return d.errorf(k, "%s: value is missing", field)
	case given["low"] != given["high"]:
		return d.errorf(k, "%s: a range has both low and high", field)
	case given["low"] && p.Low >= p.High:
		return d.errorf(k, "%s: low has to be below high", field)
	}
	d.rule.Params = append(d.rule.Params, p)
	return nil
}

func (d *decoder) state(name string, k, v *yaml.Node) error {
	field := "state." + name
	d.lines[field] = k.Line
	i := len(d.rule.States)
	if i == maxStates {
		return d.errorf(k, "more than %d states", maxStates)
	}
	if err := checkName(name); err != nil {
		return d.errorf(k, "%s: %w", field, err)
	}
	s := State{Name: name}
	given := map[string]bool{}
	err := d.fields(v, field, "{scope: synapse, update: 0.9*trace + pre*post}", func(key string, k, v *yaml.Node) error {
		given[key] = true
		d.lines[field+"."+key] = k.Line
		switch key {
		case "scope":
			var err error
			if s.Scope, err = ParseScope(v.Value); err != nil || v.Kind != yaml.ScalarNode || s.Scope == Global {
				return d.errorf(v, "%s.scope has to be pre, post or synapse", field)
			}
			return nil
		case "init":
			return d.number(v, field+".init", &s.Init)
		case "update":
			return d.expr(v, field+".update", func(e *Expr) { d.rule.States[i].Update = e })
		}
		return d.unknown(k, field+": ", "scope", "init", "update")
	})
	switch {
	case err != nil:
		return err
	case !given["scope"]:
		return d.errorf(k, "%s: scope is missing: pre, post or synapse", field)
	case !given["update"]:
		return d.errorf(k, "%s: update is missing: the expression of the new value", field)
	}
	d.rule.States = append(d.rule.States, s)
	return nil
}

func (d *decoder) symbol(name string, k, v *yaml.Node) error {
	d.lines["symbols."+name] = k.Line
	var meaning string
	if err := d.text(v, "symbols."+name, &meaning); err != nil {
		return err
	}
	if d.rule.Symbols == nil {
		d.rule.Symbols = map[string]string{}
	}
	d.rule.Symbols[name] = meaning
	return nil
}

func (d *decoder) parseExprs() error {
	names := d.rule.names()
	for _, p := range d.exprs {
		e, err := ParseExpr(p.node.Value, names...)
		if err != nil {
			return d.errorf(p.node, "%s: %w", p.field, err)
		}
		p.set(e)
	}
	return nil
}

// line finds where a field stands, or failing that what it is a part of.
func (d *decoder) line(field string) int {
	for {
		if line, ok := d.lines[field]; ok {
			return line
		}
		dot := strings.LastIndexByte(field, '.')
		if dot < 0 {
			return 0
		}
		field = field[:dot]
	}
}

// checkLocality compares what the file says about locality with what the rule
// reads: the one thing in a rule file that a reader takes on trust.
func (d *decoder) checkLocality() error {
	n := d.locality
	if n == nil {
		return nil
	}
	var said []string
	switch n.Kind {
	case yaml.ScalarNode:
		said = []string{n.Value}
	case yaml.SequenceNode:
		for _, c := range n.Content {
			if c.Kind != yaml.ScalarNode {
				return d.errorf(c, "locality has to be local or a list of the signals that are not")
			}
			said = append(said, c.Value)
		}
	default:
		return d.errorf(n, "locality has to be local or a list of the signals that are not")
	}
	if is := d.rule.Locality(); !sameSet(said, is) {
		return d.errorf(n, "locality: the file says %s, but by what it reads the rule is %s",
			localityText(said), localityText(is))
	}
	return nil
}

func localityText(l []string) string {
	if len(l) == 1 && l[0] == "local" {
		return "local"
	}
	return "[" + strings.Join(l, ", ") + "]"
}

func sameSet(a, b []string) bool {
	in := map[string]bool{}
	for _, s := range a {
		in[s] = true
	}
	if len(in) != len(a) || len(a) != len(b) {
		return false
	}
	for _, s := range b {
		if !in[s] {
			return false
		}
	}
	return true
}
