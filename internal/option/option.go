// Package option describes the settings of things that are chosen by name,
// such as tasks and circuits, and reads them from text. It is a leaf: it
// imports the standard library only.
package option

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Option is a setting.
type Option struct {
	Name    string
	Default string // a value or a word such as "all"; the word itself may be given too
	Range   string // what may be given: "1 to 28", "none, unit, feature or global"
	Doc     string

	// check returns the canonical text of a value that may be given.
	check func(string) (string, bool)
}

// Int is a whole number from low to high.
func Int(name, def string, low, high int, doc string) Option {
	return Option{name, def, fmt.Sprintf("a whole number from %d to %d", low, high), doc, func(s string) (string, bool) {
		v, err := strconv.Atoi(s)
		return strconv.Itoa(v), err == nil && v >= low && v <= high
	}}
}

// Float is a number from low to high.
func Float(name, def string, low, high float64, doc string) Option {
	return Option{name, def, fmt.Sprintf("a number from %g to %g", low, high), doc, func(s string) (string, bool) {
		v, err := strconv.ParseFloat(s, 64)
		return strconv.FormatFloat(v, 'g', -1, 64), err == nil && v >= low && v <= high && !math.IsNaN(v)
	}}
}

// Choice is one of several words.
func Choice(name, def string, choices []string, doc string) Option {
	n := len(choices) - 1
	return Option{name, def, strings.Join(choices[:n], ", ") + " or " + choices[n], doc, func(s string) (string, bool) {
		return s, slices.Contains(choices, s)
	}}
}

// Switch is on or off.
func Switch(name, def, doc string) Option {
	return Option{name, def, "yes or no", doc, func(s string) (string, bool) {
		switch s {
		case "yes", "true", "on":
			return "yes", true
		case "no", "false", "off":
			return "no", true
		}
		return s, false
	}}
}

// Text is one line of any text; what says what it means.
func Text(name, def, what, doc string) Option {
	return Option{name, def, what, doc, func(s string) (string, bool) { return s, s != "" && !strings.ContainsAny(s, "\n\r") }}
}

// Custom is read by a function, which returns the canonical text of a value
// and whether it may be given.
func Custom(name, def, what, doc string, check func(string) (string, bool)) Option {
	return Option{name, def, what, doc, check}
}

// Check returns the canonical text of a value, and whether it may be given.
func (o Option) Check(text string) (string, bool) {
	if text == o.Default {
		return text, true
	}
	return o.check(text)
}

// Find returns the option of that name.
func Find(options []Option, name string) (Option, bool) {
	i := slices.IndexFunc(options, func(o Option) bool { return o.Name == name })
	if i < 0 {
		return Option{}, false
	}
	return options[i], true
}

// Names lists the names of options.
func Names(options []Option) []string {
	names := make([]string, len(options))
	for i, o := range options {
		names[i] = o.Name
	}
	return names
}

// Error is a setting that cannot be taken.
type Error struct {
	Name    string
	Unknown bool // there is no such option
	Msg     string
}

func (e *Error) Error() string { return e.Msg }

// Values are checked settings.
type Values struct {
	options []Option
	given   map[string]string // canonical, those that differ from their default
}

// Read checks settings against the options there are. Its error is an *Error,
// always about the first name in order that is wrong.
func Read(options []Option, given map[string]string) (Values, error) {
	v := Values{options: options}
	names := make([]string, 0, len(given))
	for name := range given {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		o, ok := Find(options, name)
		if !ok {
			return v, &Error{name, true, fmt.Sprintf("%q is not an option; options are %s", name, strings.Join(Names(options), ", "))}
		}
		text, ok := o.Check(given[name])
		if !ok {
			return v, &Error{name, false, fmt.Sprintf("%s is %q; it has to be %s", name, given[name], o.Range)}
		}
		if text != o.Default {
			if v.given == nil {
				v.given = map[string]string{}
			}
			v.given[name] = text
		}
	}
	return v, nil
}

// Given returns the settings that differ from their defaults; do not change it.
func (v Values) Given() map[string]string { return v.given }

// Text returns the value of an option. It panics when there is none of that
// name, as Int, Float and On do.
func (v Values) Text(name string) string {
	if s, ok := v.given[name]; ok {
		return s
	}
	o, ok := Find(v.options, name)
	if !ok {
		panic("option: there is no option " + name)
	}
	return o.Default
}

// Int returns a whole number, or word where the option is left at a default
// that is a word.
func (v Values) Int(name string, word int) int {
	n, err := strconv.Atoi(v.Text(name))
	if err != nil {
		return word
	}
	return n
}

// Float returns a number.
func (v Values) Float(name string) float64 {
	f, err := strconv.ParseFloat(v.Text(name), 64)
	if err != nil {
		panic("option: " + name + " is no number")
	}
	return f
}

// On reports whether a switch is on.
func (v Values) On(name string) bool { return v.Text(name) == "yes" }
