package main

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// decoder fills config structs from settings: strict, and collecting all
// problems. Fields name their key in a tag; further tags limit and describe:
//
//	Points int `key:"points" min:"2" max:"100" doc:"values to try"`
//
// The same tags make the JSON Schema.
type decoder struct {
	s        *settings
	problems []problem
}

// configDecoder is a value that can be written in more than one way.
type configDecoder interface {
	decodeConfig(d *decoder, path string, in any)
}

func (d *decoder) fail(path, format string, args ...any) {
	place, line := d.s.place(path)
	d.problems = append(d.problems, problem{line, place, path, fmt.Sprintf(format, args...)})
}

// err returns the problems in the order of the file, each once.
func (d *decoder) err() error {
	if len(d.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(d.problems, func(a, b problem) int { return a.line - b.line })
	return &configError{slices.Compact(d.problems)}
}

// decode reads in, the value at path, into the pointer out.
func (d *decoder) decode(path string, in, out any) {
	if c, ok := out.(configDecoder); ok {
		c.decodeConfig(d, path, in)
		return
	}
	v := reflect.ValueOf(out).Elem()
	switch v.Kind() {
	case reflect.Struct:
		d.decodeStruct(path, in, v)
	case reflect.Slice:
		list, ok := in.([]any)
		if !ok {
			list = []any{in} // one item may stand without its list
		}
		s := reflect.MakeSlice(v.Type(), len(list), len(list))
		for i, item := range list {
			d.decode(fmt.Sprintf("%s[%d]", path, i), item, s.Index(i).Addr().Interface())
		}
		v.Set(s)
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		d.decode(path, in, p.Interface())
		v.Set(p)
	default:
		d.decodeScalar(path, in, v)
	}
}

func (d *decoder) decodeStruct(path string, in any, v reflect.Value) {
	m, ok := in.(map[string]any)
	if !ok {
		d.fail(path, "want settings (%s), not %s", strings.Join(keysOf(v.Type()), ", "), describe(in))
		return
	}
	known := keysOf(v.Type())
	for _, k := range sortedKeys(m) {
		i := slices.Index(known, k)
		if i < 0 {
			d.unknown(join(path, k), k, known)
			continue
		}
		f, tag := fieldOf(v, k)
		p := join(path, k)
		before := len(d.problems)
		d.decode(p, m[k], f.Addr().Interface())
		if len(d.problems) == before {
			d.checkRange(p, f, tag)
		}
	}
}

// unknown reports a key that does not exist.
func (d *decoder) unknown(path, key string, known []string) {
	hint := suggest(key, known)
	if hint == "" {
		hint = " Settings here are " + strings.Join(known, ", ") + "."
	}
	d.fail(path, "%q is not a setting.%s", key, hint)
}

func (d *decoder) decodeScalar(path string, in any, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		s, ok := in.(string)
		if !ok {
			d.fail(path, "want text, not %s; put it in quotes if that is what it is", describe(in))
			return
		}
		v.SetString(s)
	case reflect.Bool:
		b, ok := in.(bool)
		if !ok {
			d.fail(path, "want true or false, not %s", describe(in))
			return
		}
		v.SetBool(b)
	case reflect.Int:
		n, ok := integer(in)
		if !ok || n < math.MinInt32 || n > 1<<53 {
			d.fail(path, "want a whole number, not %s", describe(in))
			return
		}
		v.SetInt(int64(n))
	case reflect.Uint64:
		n, ok := unsigned(in)
		if !ok {
			d.fail(path, "want a whole number from 0 to %d, not %s", uint64(math.MaxUint64), describe(in))
			return
		}
		v.SetUint(n)
	case reflect.Float64:
		f, ok := float(in)
		if !ok || math.IsNaN(f) || math.IsInf(f, 0) {
			d.fail(path, "want a finite number, not %s", describe(in))
			return
		}
		v.SetFloat(f)
	default:
		panic("config: no decoder for " + v.Type().String())
	}
}

// checkRange holds a number to the min and max of its tag, a word to enum.
func (d *decoder) checkRange(path string, v reflect.Value, tag reflect.StructTag) {
	if e := tag.Get("enum"); e != "" && v.Kind() == reflect.String {
		words := strings.Split(e, ",")
		if !slices.Contains(words, v.String()) {
			d.fail(path, "%q is not one of %s.%s", v.String(), strings.Join(words, ", "), suggest(v.String(), words))
		}
		return
	}
	if v.Kind() == reflect.Slice {
		for i := range v.Len() {
			d.checkRange(fmt.Sprintf("%s[%d]", path, i), v.Index(i), tag)
		}
		return
	}
	var x float64
	switch v.Kind() {
	case reflect.Int:
		x = float64(v.Int())
	case reflect.Float64:
		x = v.Float()
	default:
		return
	}
	low, high := tagFloat(tag, "min", math.Inf(-1)), tagFloat(tag, "max", math.Inf(1))
	switch {
	case x >= low && x <= high:
	case math.IsInf(high, 0):
		d.fail(path, "%v is below %v", x, low)
	case math.IsInf(low, 0):
		d.fail(path, "%v is above %v", x, high)
	default:
		d.fail(path, "%v is not between %v and %v", x, low, high)
	}
}

func tagFloat(tag reflect.StructTag, name string, otherwise float64) float64 {
	f, err := strconv.ParseFloat(tag.Get(name), 64)
	if err != nil {
		return otherwise
	}
	return f
}

// keysOf lists the keys of a config struct, in the order of its fields.
func keysOf(t reflect.Type) []string {
	var keys []string
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			keys = append(keys, keysOf(f.Type)...)
		} else if k := f.Tag.Get("key"); k != "" {
			keys = append(keys, k)
		}
	}
	return keys
}

func fieldOf(v reflect.Value, key string) (reflect.Value, reflect.StructTag) {
	t := v.Type()
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			if slices.Contains(keysOf(f.Type), key) {
				return fieldOf(v.Field(i), key)
			}
		} else if f.Tag.Get("key") == key {
			return v.Field(i), f.Tag
		}
	}
	panic("config: no field " + key)
}

// scalarPaths lists the settings that are not below a list: those that the
// environment can give.
func scalarPaths(t reflect.Type, path string) []string {
	var out []string
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			out = append(out, scalarPaths(f.Type, path)...)
			continue
		}
		k := f.Tag.Get("key")
		switch {
		case k == "":
		case f.Type.Kind() == reflect.Struct:
			out = append(out, scalarPaths(f.Type, join(path, k))...)
		default:
			out = append(out, join(path, k))
		}
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func integer(in any) (int64, bool) {
	switch n := in.(type) {
	case int:
		return int64(n), true
	case int64:
		return n, true
	case uint64:
		return int64(n), n <= math.MaxInt64
	case float64:
		return int64(n), n == math.Trunc(n) && math.Abs(n) <= 1<<53
	}
	return 0, false
}

func unsigned(in any) (uint64, bool) {
	if n, ok := in.(uint64); ok {
		return n, true
	}
	n, ok := integer(in)
	return uint64(n), ok && n >= 0
}

func float(in any) (float64, bool) {
	switch n := in.(type) {
	case float64:
		return n, true
	case int:
		return float64(n), true
	case int64:
		return float64(n), true
	case uint64:
		return float64(n), true
	}
	return 0, false
}

// describe names a value in a message.
func describe(in any) string {
	switch v := in.(type) {
	case nil:
		return "nothing"
	case string:
		if len(v) > 40 {
			v = v[:40] + "…"
		}
		return strconv.Quote(v)
	case map[string]any:
		return "settings"
	case []any:
		return "a list"
	}
	return fmt.Sprint(in)
}
