package method

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/classic"
)

// values reads the options of a method and remembers what is wrong with them.
type values struct {
	entry Entry
	given map[string]string
	errs  []error
}

func (v *values) text(name string) (string, bool) {
	if !slices.ContainsFunc(v.entry.Options, func(o Option) bool { return o.Name == name }) {
		panic("method: " + v.entry.Name + " does not declare its option " + name)
	}
	s, ok := v.given[name]
	return s, ok
}

func (v *values) wrong(name, value, want string) {
	v.errs = append(v.errs, fmt.Errorf("method %s: option %s is %q; it has to be %s", v.entry.Name, name, value, want))
}

// int reads a whole number above zero, or zero where that is the default.
func (v *values) int(name string) int {
	s, ok := v.text(name)
	if !ok {
		return 0
	}
	n, err := strconv.Atoi(s)
	switch {
	case err != nil:
		v.wrong(name, s, "a whole number")
	case n < 0 || n == 0 && v.standard(name) != "0":
		v.wrong(name, s, "above 0")
	case n > maxInt:
		v.wrong(name, s, "at most "+strconv.Itoa(maxInt))
	}
	return n
}

// maxInt is more than any option can use.
const maxInt = 1 << 20

// float reads a finite number above zero.
func (v *values) float(name string) float64 {
	s, ok := v.text(name)
	if !ok {
		return 0
	}
	f, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil || f-f != 0:
		v.wrong(name, s, "a number")
	case f <= 0:
		v.wrong(name, s, "above 0")
	}
	return f
}

// intOrNone reads a whole number of which 0 means none. To the searchers 0
// means the default and a negative number none.
func (v *values) intOrNone(name string) int {
	if s, ok := v.text(name); ok && s == "0" {
		return -1
	}
	return v.int(name)
}

// floatOrNone is intOrNone for numbers with a fraction.
func (v *values) floatOrNone(name string) float64 {
	if s, ok := v.text(name); ok {
		if f, err := strconv.ParseFloat(s, 64); err == nil && f == 0 {
			return -1
		}
	}
	return v.float(name)
}

// floatOrZero reads a finite number that is not negative.
func (v *values) floatOrZero(name string) float64 { return max(0, v.floatOrNone(name)) }

// standard is the default of an option.
func (v *values) standard(name string) string {
	i := slices.IndexFunc(v.entry.Options, func(o Option) bool { return o.Name == name })
	return v.entry.Options[i].Default
}

func (v *values) bool(name string) bool {
	s, ok := v.text(name)
	if !ok {
		s = v.standard(name)
	}
	b, err := strconv.ParseBool(s)
	if err != nil {
		v.wrong(name, s, "true or false")
	}
	return b
}

// oneOf reads one of a few words, the default where none is given.
func (v *values) oneOf(name string, words ...string) string {
	s, ok := v.text(name)
	if ok && !slices.Contains(words, s) {
		v.wrong(name, s, "one of "+strings.Join(words, ", "))
	}
	return s
}

// rules adds classic rules, given by their names, to others.
func (v *values) rules(name string, others []*rulespace.Rule) []*rulespace.Rule {
	s, ok := v.text(name)
	if !ok || s == v.standard(name) {
		return others
	}
	rules := slices.Clone(others)
	for known := range strings.SplitSeq(s, ",") {
		known = strings.TrimSpace(known)
		r, ok := classic.Get(known)
		if !ok {
			v.wrong(name, s, "names of classic rules, which "+strconv.Quote(known)+" is not")
			continue
		}
		rules = append(rules, r)
	}
	return rules
}

// err reports everything that is wrong, unknown options first.
func (v *values) err() error {
	var names, unknown []string
	for _, o := range v.entry.Options {
		names = append(names, o.Name)
	}
	for name := range v.given {
		if !slices.Contains(names, name) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	var errs []error
	for _, name := range unknown {
		options := "it has none"
		if len(names) > 0 {
			options = suggest(name, names) + "options are " + strings.Join(names, ", ")
		}
		errs = append(errs, fmt.Errorf("method %s has no option %q; %s", v.entry.Name, name, options))
	}
	return errors.Join(append(errs, v.errs...)...)
}

// suggest is the start of a sentence that names what was probably meant.
func suggest(word string, names []string) string {
	if best, ok := rulespace.Closest(word, names); ok {
		return "did you mean " + best + "? "
	}
	return ""
}
