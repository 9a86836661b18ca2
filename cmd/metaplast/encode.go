package main

import (
	"bytes"
	"fmt"
	"reflect"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// configEncoder is a value that is written in a form of its own.
type configEncoder interface{ encodeConfig() any }

// optioned is a setting with options that its struct does not know.
type optioned interface{ extraOptions() map[string]string }

func (t TaskConfig) extraOptions() map[string]string   { return t.options }
func (m MethodConfig) extraOptions() map[string]string { return m.options }

func (l LearnerConfig) extraOptions() map[string]string { return l.options }

// encode writes the config as YAML that reads back the same. Where origins is
// not nil, comments say where each value comes from.
func (c Config) encode(origins func(path string) origin) []byte {
	e := encoder{origins}
	var b bytes.Buffer
	y := yaml.NewEncoder(&b)
	y.SetIndent(2)
	if err := y.Encode(e.value("", reflect.ValueOf(c), false)); err != nil {
		panic(err) // the nodes are well-formed
	}
	return b.Bytes()
}

type encoder struct{ origins func(string) origin }

// value returns the node of a value; within a flow node everything is flow.
func (e encoder) value(path string, v reflect.Value, flow bool) *yaml.Node {
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	var n *yaml.Node
	switch c, ok := v.Interface().(configEncoder); {
	case ok:
		n = plainNode(c.encodeConfig())
	case v.Kind() == reflect.Struct:
		n = e.mapping(path, v, flow)
		if !flow {
			return n
		}
	case v.Kind() == reflect.Slice:
		n = &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for i := range v.Len() {
			item := v.Index(i)
			n.Content = append(n.Content, e.value(fmt.Sprintf("%s[%d]", path, i), item, true))
			if item.Kind() == reflect.Struct {
				n.Style = 0 // one item per line
			}
		}
		if v.Len() == 0 {
			n.Style = yaml.FlowStyle
		}
		if n.Style == 0 {
			return n
		}
	default:
		n = plainNode(v.Interface())
	}
	if e.origins != nil && (!flow || isItem(path) && v.Kind() == reflect.Struct) {
		n.LineComment = "# " + e.origins(path).String()
	}
	return n
}

// isItem reports whether path is an item of a list.
func isItem(path string) bool { return path != "" && path[len(path)-1] == ']' }

func (e encoder) mapping(path string, v reflect.Value, flow bool) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	if flow {
		n.Style = yaml.FlowStyle
	}
	e.fields(n, path, v, flow)
	if o, ok := v.Interface().(optioned); ok {
		m := o.extraOptions()
		var extra []*yaml.Node
		for _, k := range sortedKeys(m) {
			extra = append(extra, plainNode(k), textNode(m[k]))
		}
		name := min(2, len(n.Content)) // options come behind the name
		n.Content = append(n.Content[:name:name], append(extra, n.Content[name:]...)...)
	}
	return n
}

func (e encoder) fields(n *yaml.Node, path string, v reflect.Value, flow bool) {
	t := v.Type()
	for i := range t.NumField() {
		f, fv := t.Field(i), v.Field(i)
		k := f.Tag.Get("key")
		if f.Anonymous {
			e.fields(n, path, fv, flow)
		}
		if k == "" {
			continue
		}
		if _, special := fv.Interface().(configEncoder); fv.IsZero() && !special {
			continue
		}
		child := e.value(join(path, k), fv, flow)
		if child.Kind == yaml.MappingNode && len(child.Content) == 0 || child.Kind == yaml.SequenceNode && fv.IsZero() {
			continue
		}
		n.Content = append(n.Content, plainNode(k), child)
	}
}

func plainNode(v any) *yaml.Node {
	if f, ok := v.(float64); ok { // in the shortest form that reads back exactly
		return &yaml.Node{Kind: yaml.ScalarNode, Value: strconv.FormatFloat(f, 'g', -1, 64)}
	}
	n := &yaml.Node{}
	if err := n.Encode(v); err != nil {
		panic(err) // scalars and lists of them
	}
	if n.Kind == yaml.SequenceNode {
		n.Style = yaml.FlowStyle
	}
	return n
}

// textNode writes an option: as a number where it is one.
func textNode(text string) *yaml.Node {
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		return &yaml.Node{Kind: yaml.ScalarNode, Value: text}
	}
	return plainNode(text)
}
