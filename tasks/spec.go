package tasks

import (
	"fmt"
	"slices"
	"strings"
)

// Spec names a task and sets its options.
type Spec struct {
	Name    string
	Options map[string]string // only those that were given; tasks by path have "path"
}

// ParseSpec reads a task description. Generated tasks and named sets are
// written NAME or NAME:option=value,option=value; sets by path are written
// idx:DIR, npz:FILE or csv:FILE, and their options follow the last #:
// csv:flowers.csv#label=species,val=30.
func ParseSpec(text string) (Spec, error) {
	text = strings.TrimSpace(text)
	name, rest, colon := strings.Cut(text, ":")
	s := Spec{Name: name, Options: map[string]string{}}
	if name == "" {
		return s, &SpecError{Spec: fmt.Sprintf("%q", text), Msg: "want NAME or NAME:option=value,…"}
	}
	if colon && rest == "" {
		return s, &SpecError{Spec: text, Msg: "nothing follows the colon; leave it out or write NAME:option=value,…"}
	}
	if e, ok := entry(name); ok && e.Path != "" {
		path, options := rest, ""
		if i := strings.LastIndexByte(rest, '#'); i >= 0 {
			path, options = rest[:i], rest[i+1:]
		}
		if path != "" {
			s.Options["path"] = path
		}
		rest = options
	}
	if rest == "" {
		return s, nil
	}
	for _, o := range strings.Split(rest, ",") {
		k, v, ok := strings.Cut(o, "=")
		k, v = strings.TrimSpace(k), strings.TrimSpace(v)
		switch {
		case !ok || k == "" || v == "":
			return s, &SpecError{Spec: text, Msg: fmt.Sprintf("%q is not of the form option=value", o)}
		case s.Options[k] != "":
			return s, &SpecError{Spec: text, Option: k, Msg: "given twice"}
		}
		s.Options[k] = v
	}
	return s, nil
}

// String is the text that ParseSpec reads back, options in alphabetical order.
func (s Spec) String() string {
	keys := make([]string, 0, len(s.Options))
	for k := range s.Options {
		if k != "path" {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	for i, k := range keys {
		keys[i] = k + "=" + s.Options[k]
	}
	options := strings.Join(keys, ",")
	if path := s.Options["path"]; path != "" {
		if options != "" || strings.Contains(path, "#") {
			path += "#"
		}
		return s.Name + ":" + path + options
	}
	if options == "" {
		return s.Name
	}
	return s.Name + ":" + options
}
