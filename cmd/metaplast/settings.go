package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/viper"
	"go.yaml.in/yaml/v3"
)

// origin says where a value comes from.
type origin struct {
	kind originKind
	text string // for people: "x.yaml:14", "METAPLAST_SEED", "--set seed=1", "--seed"
}

// originKind is in order of precedence.
type originKind int

const (
	fromDefault originKind = iota
	fromFile
	fromEnv
	fromSet
	fromFlag
)

func (o origin) String() string {
	if o.kind == fromDefault {
		return "default"
	}
	return o.text
}

// settings are the merged sources of a config: flag > --set > environment >
// file. Defaults are the decoder's business.
type settings struct {
	file  string
	tree  map[string]any
	lines map[string]int    // line of each path of the file; none for TOML
	over  map[string]origin // paths given elsewhere than in the file
}

// override is a value given on the command line.
type override struct {
	path   string // dots and indices: search.rungs[0].steps
	value  any
	origin origin
}

// problem is a mistake in a config, with its place and the way out.
type problem struct {
	line  int // for sorting
	place string
	path  string
	msg   string
}

func (p problem) String() string {
	parts := make([]string, 0, 3)
	for _, s := range []string{p.place, p.path, p.msg} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, ": ")
}

// configError is everything that is wrong with a config, one line each.
type configError struct{ problems []problem }

func (e *configError) Error() string {
	lines := make([]string, len(e.problems))
	for i, p := range e.problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

const (
	maxConfig = 1 << 20
	envPrefix = "METAPLAST_"
	// delimiter separates keys within viper. A dot would let a key with a dot
	// in it pass for a nested one.
	delimiter = "::"
)

// loadSettings reads a config file and merges the environment and overrides
// over it. Scalars lists the paths that the environment may set.
func loadSettings(file string, scalars []string, over []override) (*settings, error) {
	data, err := readLimited(file, maxConfig)
	if err != nil {
		return nil, &configError{[]problem{{place: file, msg: cause(err)}}}
	}
	return mergeSettings(file, data, scalars, os.Environ(), over)
}

// readLimited reads a file that has to be small.
func readLimited(file string, limit int64) ([]byte, error) {
	s, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if s.IsDir() {
		return nil, errors.New("is a directory")
	}
	if s.Size() > limit {
		return nil, fmt.Errorf("%d bytes are too many: at most %d are read", s.Size(), limit)
	}
	return os.ReadFile(file)
}

// cause is an error without the path and the system call.
func cause(err error) string {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

func mergeSettings(file string, data []byte, scalars, environ []string, over []override) (*settings, error) {
	s := &settings{file: file, over: map[string]origin{}}
	kind, err := configKind(file)
	if err != nil {
		return nil, err
	}
	v := viper.NewWithOptions(viper.KeyDelimiter(delimiter))
	v.SetConfigType(kind)
	if kind != "toml" {
		if err := s.locate(data, kind); err != nil {
			return nil, err
		}
	}
	if err := v.ReadConfig(bytes.NewReader(data)); err != nil {
		return nil, &configError{s.syntaxProblems(err)}
	}
	env, err := readEnvironment(scalars, environ)
	if err != nil {
		return nil, err
	}
	for _, o := range slices.Concat(env, over) {
		if err := s.set(v, o); err != nil {
			return nil, err
		}
	}
	s.tree = v.AllSettings()
	return s, nil
}

func configKind(file string) (string, error) {
	switch ext := strings.ToLower(filepath.Ext(file)); ext {
	case ".yaml", ".yml":
		return "yaml", nil
	case ".toml", ".json":
		return ext[1:], nil
	default:
		return "", &configError{[]problem{{place: file, msg: fmt.Sprintf("a config ends in .yaml, .toml or .json, not %q", ext)}}}
	}
}

// locate notes the line of every path. JSON is read as the subset of YAML
// that it is; where the two disagree there are no lines.
func (s *settings) locate(data []byte, kind string) error {
	var root yaml.Node
	s.lines = map[string]int{}
	if err := yaml.Unmarshal(data, &root); err != nil {
		if kind == "json" {
			return nil
		}
		return &configError{s.syntaxProblems(err)}
	}
	if len(root.Content) == 0 {
		return nil
	}
	if top := root.Content[0]; top.Kind != yaml.MappingNode {
		return &configError{[]problem{{place: s.at(top.Line), msg: "a config is a list of settings, one `key: value` per line"}}}
	}
	s.walk("", root.Content[0])
	return nil
}

// walk does not follow aliases: their line is where they are used.
func (s *settings) walk(path string, n *yaml.Node) {
	if path != "" {
		if _, again := s.lines[path]; !again {
			s.lines[path] = n.Line
		}
	}
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			p := join(path, strings.ToLower(n.Content[i].Value))
			s.lines[p] = n.Content[i].Line
			s.walk(p, n.Content[i+1])
		}
	case yaml.SequenceNode:
		for i, c := range n.Content {
			s.walk(fmt.Sprintf("%s[%d]", path, i), c)
		}
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func (s *settings) at(line int) string {
	if line == 0 {
		return s.file
	}
	return fmt.Sprintf("%s:%d", s.file, line)
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?line (\d+): (.*)$`)

// syntaxProblems turns what the parsers say into places and messages.
func (s *settings) syntaxProblems(err error) []problem {
	var parse viper.ConfigParseError
	if errors.As(err, &parse) {
		err = errors.Unwrap(parse)
	}
	text := strings.TrimSpace(err.Error())
	text = strings.TrimPrefix(text, "yaml: unmarshal errors:\n")
	var out []problem
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if m := yamlLine.FindStringSubmatch(line); m != nil {
			n, _ := strconv.Atoi(m[1]) // digits
			out = append(out, problem{line: n, place: s.at(n), msg: m[2]})
		} else if line != "" {
			out = append(out, problem{place: s.file, msg: strings.TrimPrefix(strings.TrimPrefix(line, "yaml: "), "toml: ")})
		}
	}
	return out
}

// environment variables that are no settings of a config.
var otherVariables = []string{"METAPLAST_CPU", "METAPLAST_DATA", "METAPLAST_NUMERICS", "METAPLAST_RUNS"}

func envName(path string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

// readEnvironment returns the settings that METAPLAST_ variables give.
func readEnvironment(scalars, environ []string) ([]override, error) {
	known := map[string]string{}
	names := slices.Clone(otherVariables)
	for _, path := range scalars {
		if name := envName(path); !slices.Contains(otherVariables, name) {
			known[name] = path
			names = append(names, name)
		}
	}
	var over []override
	var bad []problem
	environ = slices.Sorted(slices.Values(environ))
	for _, e := range environ {
		name, text, _ := strings.Cut(e, "=")
		if !strings.HasPrefix(name, envPrefix) || slices.Contains(otherVariables, name) {
			continue
		}
		path, ok := known[name]
		if !ok {
			bad = append(bad, problem{place: name, msg: "is not a setting that the environment can give." + suggest(name, names)})
			continue
		}
		value, err := parseValue(text)
		if err != nil {
			bad = append(bad, problem{place: name, path: path, msg: err.Error()})
			continue
		}
		over = append(over, override{path, value, origin{fromEnv, name}})
	}
	if len(bad) > 0 {
		return nil, &configError{bad}
	}
	return over, nil
}

// parseValue reads a value as YAML would: a number, a word, [a, list].
func parseValue(text string) (any, error) {
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		return nil, fmt.Errorf("cannot read %q: %s", text, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if v == nil {
		return nil, errors.New("the value is missing")
	}
	return v, nil
}

// parseSet reads an argument of --set.
func parseSet(arg string) (override, error) {
	path, text, ok := strings.Cut(arg, "=")
	path = strings.ToLower(strings.TrimSpace(path))
	if !ok || path == "" {
		return override{}, usagef("--set %s: want path=value, such as --set search.method=cgp", arg)
	}
	v, err := parseValue(text)
	if err != nil {
		return override{}, usagef("--set %s: %v", arg, err)
	}
	return override{path, v, origin{fromSet, "--set " + path}}, nil
}

// step is a part of a path: a key, or an index into a list.
type step struct {
	key   string
	index int // -1 for keys
}

var pathStep = regexp.MustCompile(`^([a-z0-9_-]+)|^\[(\d{1,6})\]`)

// parsePath reads search.rungs[0].steps; rungs.0.steps is the same.
func parsePath(path string) ([]step, error) {
	var steps []step
	rest := path
	for rest != "" {
		m := pathStep.FindStringSubmatch(rest)
		if m == nil {
			return nil, fmt.Errorf("%q is not a path; write search.rungs[0].steps", path)
		}
		rest = strings.TrimPrefix(rest[len(m[0]):], ".")
		digits := m[2]
		if len(steps) > 0 && m[1] != "" && strings.Trim(m[1], "0123456789") == "" {
			digits = m[1]
		}
		if digits == "" {
			steps = append(steps, step{m[1], -1})
			continue
		}
		n, err := strconv.Atoi(digits)
		if err != nil || len(steps) == 0 {
			return nil, fmt.Errorf("%q is not a path; write search.rungs[0].steps", path)
		}
		steps = append(steps, step{"", n})
	}
	if len(steps) == 0 {
		return nil, errors.New("the path is empty")
	}
	return steps, nil
}

func pathString(steps []step) string {
	p := ""
	for _, s := range steps {
		if s.index >= 0 {
			p += fmt.Sprintf("[%d]", s.index)
		} else {
			p = join(p, s.key)
		}
	}
	return p
}

// set puts a value over what viper has. viper knows nested maps; within lists
// the whole list is replaced by a changed copy.
func (s *settings) set(v *viper.Viper, o override) error {
	if m, ok := o.value.(map[string]any); ok && len(m) > 0 && !strings.HasSuffix(o.path, "]") {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if err := s.set(v, override{join(o.path, strings.ToLower(k)), m[k], o.origin}); err != nil {
				return err
			}
		}
		return nil
	}
	steps, err := parsePath(o.path)
	if err != nil {
		return usagef("%s: %v", o.origin.text, err)
	}
	path := pathString(steps)
	n := 0
	var keys []string
	for n < len(steps) && steps[n].index < 0 {
		keys = append(keys, steps[n].key)
		n++
	}
	key := strings.Join(keys, delimiter)
	value := o.value
	if n < len(steps) {
		if value, err = replaced(v.Get(key), steps[n:], o.value); err != nil {
			return usagef("%s: %v", o.origin.text, err)
		}
	}
	v.Set(key, value)
	for p := range s.over { // what was given below is gone
		if strings.HasPrefix(p, path+".") || strings.HasPrefix(p, path+"[") {
			delete(s.over, p)
		}
	}
	s.over[path] = o.origin
	return nil
}

// replaced returns a copy of tree with one value changed.
func replaced(tree any, steps []step, value any) (any, error) {
	if len(steps) == 0 {
		return value, nil
	}
	at := steps[0]
	if at.index < 0 {
		m, ok := tree.(map[string]any)
		if !ok && tree != nil {
			return nil, fmt.Errorf("there is no %s in %v", at.key, tree)
		}
		out := map[string]any{}
		for k, v := range m {
			out[k] = v
		}
		var err error
		out[at.key], err = replaced(out[at.key], steps[1:], value)
		return out, err
	}
	list, ok := tree.([]any)
	if !ok && tree != nil {
		list = []any{tree} // one item may stand without its list
	}
	if at.index > len(list) {
		return nil, fmt.Errorf("index %d is beyond the list, which has %d items", at.index, len(list))
	}
	out := slices.Clone(list)
	if at.index == len(list) {
		out = append(out, nil)
	}
	var err error
	out[at.index], err = replaced(out[at.index], steps[1:], value)
	return out, err
}

// origin says where the value at path comes from.
func (s *settings) origin(path string) origin {
	if o, ok := s.overridden(path); ok {
		return o
	}
	steps, err := parsePath(path)
	if err != nil || !present(s.tree, steps) {
		return origin{}
	}
	place, _ := s.place(path)
	return origin{fromFile, place}
}

func (s *settings) overridden(path string) (origin, bool) {
	for p := path; p != ""; p = parent(p) {
		if o, ok := s.over[p]; ok {
			return o, true
		}
	}
	return origin{}, false
}

// place says where a mistake at path is to be corrected, with the line as a
// number where it is in the file.
func (s *settings) place(path string) (place string, line int) {
	if o, ok := s.overridden(path); ok {
		return o.text, 0
	}
	for p := path; p != ""; p = parent(p) {
		if n, ok := s.lines[p]; ok {
			return s.at(n), n
		}
	}
	return s.file, 0
}

func present(tree any, steps []step) bool {
	for _, st := range steps {
		switch t := tree.(type) {
		case map[string]any:
			v, ok := t[st.key]
			if !ok || st.index >= 0 {
				return false
			}
			tree = v
		case []any:
			if st.index < 0 || st.index >= len(t) {
				return false
			}
			tree = t[st.index]
		default:
			return st.index == 0 // one item without its list
		}
	}
	return true
}

// parent is the path without its last step.
func parent(path string) string {
	i := strings.LastIndexAny(path, ".[")
	if i < 0 {
		return ""
	}
	return path[:i]
}
