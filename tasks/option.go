package tasks

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/metaplast/metaplast/internal/option"
)

// Option is a setting of a task.
type Option = option.Option

// values are the checked options of one task; those left at their default are
// absent.
type values struct {
	spec  Spec // canonical: defaults dropped, numbers in shortest form
	entry *Entry
}

// resolve checks a spec against its entry.
func resolve(spec Spec, e *Entry) (*values, error) {
	v := &values{Spec{Name: e.Name, Options: map[string]string{}}, e}
	given := make([]string, 0, len(spec.Options))
	for k := range spec.Options {
		given = append(given, k)
	}
	slices.Sort(given) // so that the first complaint is always the same
	var names []string
	for _, o := range e.Options {
		names = append(names, o.Name)
	}
	for _, k := range given {
		text := spec.Options[k]
		if k == "path" && e.Path != "" {
			v.spec.Options[k] = text
			continue
		}
		i := slices.Index(names, k)
		if i < 0 {
			return nil, &SpecError{Spec: spec.String(), Msg: fmt.Sprintf("%q is not an option.%s Options of %s are %s",
				k, suggest(k, names), e.Name, strings.Join(names, ", "))}
		}
		o := e.Options[i]
		if text == o.Default {
			continue
		}
		c, ok := o.Check(text)
		if !ok {
			return nil, v.fail(spec, k, fmt.Sprintf("%q is not %s", text, o.Range))
		}
		if c != o.Default {
			v.spec.Options[k] = c
		}
	}
	if e.Path != "" && v.spec.Options["path"] == "" {
		return nil, &SpecError{Spec: spec.String(), Msg: fmt.Sprintf("write %s:%s", e.Name, e.Path)}
	}
	return v, nil
}

func (v *values) fail(spec Spec, option, msg string) *SpecError {
	return &SpecError{Spec: spec.String(), Option: option, Msg: msg}
}

func (v *values) text(name string) string {
	if s, ok := v.spec.Options[name]; ok {
		return s
	}
	for _, o := range v.entry.Options {
		if o.Name == name {
			return o.Default
		}
	}
	panic("tasks: " + v.entry.Name + " has no option " + name)
}

// int returns the value of an option, or word when it is left at a default
// that is a word.
func (v *values) int(name string, word int) int {
	n, err := strconv.Atoi(v.text(name))
	if err != nil {
		return word
	}
	return n
}

func (v *values) float(name string) float64 {
	f, err := strconv.ParseFloat(v.text(name), 64)
	if err != nil {
		panic("tasks: option " + name + " has a default that is no number")
	}
	return f
}
