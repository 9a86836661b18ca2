package main

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/tasks"
)

var update = flag.Bool("update", false, "write golden files anew")

// golden compares got with a file, which -update writes.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; go test -update writes it anew):\n%s", file, diff)
	}
}

// testSource finds the data sets of the environment only.
func testSource(data string) tasks.Source { return source(data) }

func resolveText(t testing.TB, file, text string, environ []string, over ...override) (*search, error) {
	t.Helper()
	s, err := mergeSettings(file, []byte(text), scalarPaths(reflect.TypeFor[Config](), ""), environ, over)
	if err != nil {
		return nil, err
	}
	return resolve(s, testSource)
}

const goodConfig = `
name: good
task: [{name: pca, dims: 4, steps: 100}]
learner: {credit: none, network: [4, 1], output: linear}
rule: {signals: [pre, post, w], primitives: [add, sub, mul]}
search: {method: cgp, max_complexity: 5}
budget: {evaluations: 10}
`

// Each file of testdata/config is a config with the messages it gives below
// a line of dashes; OK stands for none.
func TestConfigMessages(t *testing.T) {
	files, err := filepath.Glob("testdata/config/*")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d fixtures: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			text, want, ok := strings.Cut(string(data), "\n----\n")
			if !ok {
				t.Fatal("the fixture has no line of four dashes")
			}
			name := strings.TrimSuffix(filepath.Base(file), ".txt")
			_, err = resolveText(t, name, text, nil)
			got := "OK\n"
			if err != nil {
				got = err.Error() + "\n"
				if exitCode(err) != exitConfig {
					t.Errorf("exit code %d", exitCode(err))
				}
			}
			if *update {
				if err := os.WriteFile(file, []byte(text+"\n----\n"+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestPrecedence(t *testing.T) {
	seed := func(environ []string, over ...override) uint64 {
		s, err := resolveText(t, "x.yaml", goodConfig+"seed: 2\n", environ, over...)
		if err != nil {
			t.Fatal(err)
		}
		return s.config.Seed
	}
	bySet, err := parseSet("seed=4")
	if err != nil {
		t.Fatal(err)
	}
	env := []string{"METAPLAST_SEED=3", "HOME=/"}
	byFlag := override{"seed", uint64(5), origin{fromFlag, "--seed"}}
	for _, c := range []struct {
		want uint64
		got  uint64
	}{{2, seed(nil)}, {3, seed(env)}, {4, seed(env, bySet)}, {5, seed(env, bySet, byFlag)}} {
		if c.want != c.got {
			t.Errorf("seed %d, want %d", c.got, c.want)
		}
	}
	s, err := resolveText(t, "x.yaml", strings.Replace(goodConfig, "name: good", "", 1), nil)
	if err != nil || s.config.Seed != 1 || s.config.Name != "x" {
		t.Errorf("defaults: %+v, %v", s, err)
	}
}

// The environment may give anything that is not in a list, and lists whole.
func TestEnvironment(t *testing.T) {
	s, err := resolveText(t, "x.yaml", goodConfig, []string{
		"METAPLAST_SEARCH_MAX_COMPLEXITY=9", "METAPLAST_RULE_SIGNALS=[pre, post]", "METAPLAST_WORKERS=3", "METAPLAST_DATA=/nowhere", "METAPLAST_CPU=portable", "METAPLAST_NUMERICS=strict",
	})
	if err != nil {
		t.Fatal(err)
	}
	if c := s.config; c.Search.MaxComplexity != 9 || len(c.Rule.Signals) != 2 || c.Workers != 3 || c.Data != "" {
		t.Errorf("got %+v", c)
	}
	if o := s.settings.origin("search.max_complexity"); o.text != "METAPLAST_SEARCH_MAX_COMPLEXITY" {
		t.Errorf("origin %v", o)
	}
	_, err = resolveText(t, "x.yaml", goodConfig, []string{"METAPLAST_SEDE=3"})
	if err == nil || !strings.Contains(err.Error(), "Did you mean METAPLAST_SEED?") {
		t.Errorf("got %v", err)
	}
}

func TestSet(t *testing.T) {
	over := func(args ...string) []override {
		var out []override
		for _, a := range args {
			o, err := parseSet(a)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, o)
		}
		return out
	}
	s, err := resolveText(t, "x.yaml", goodConfig, nil, over(
		"task[0].dims=6", "learner.network=[6, 1]", "search.rungs=[{steps: 0.5, keep: 0.5}, {steps: 1}]",
		"search.rungs[0].seeds=2", "search.rungs.1.seeds=4", "search={columns: 12}")...)
	if err != nil {
		t.Fatal(err)
	}
	c := s.config
	if c.Task[0].options["dims"] != "6" || len(c.Search.Rungs) != 2 || c.Search.Rungs[0].Seeds != 2 || c.Search.Rungs[1].Seeds != 4 ||
		c.Search.Method[0].options["columns"] != "12" || c.Search.MaxComplexity != 5 {
		t.Errorf("got %+v", c)
	}
	for path, want := range map[string]string{
		"task[0].dims": "--set task[0].dims", "name": "x.yaml:2", "search.rungs[0].seeds": "--set search.rungs[0].seeds",
		"search.max_complexity": "x.yaml:6", "fresh": "default",
	} {
		if got := s.settings.origin(path).String(); got != want {
			t.Errorf("origin of %s is %q, want %q", path, got, want)
		}
	}
	for _, bad := range []string{"seed", "=3", "seed=", "seed=[1", "a b=1"} {
		o, err := parseSet(bad)
		if err == nil {
			_, err = resolveText(t, "x.yaml", goodConfig, nil, o)
		}
		if exitCode(err) != exitUsage {
			t.Errorf("--set %s: %v", bad, err)
		}
	}
	for _, bad := range []string{"task[3].dims=4", "seed.x=1", "search.rungs[0].stps=1"} {
		if _, err := resolveText(t, "x.yaml", goodConfig, nil, over(bad)...); err == nil {
			t.Errorf("--set %s was taken", bad)
		}
	}
}

// The same config in three languages is the same search.
func TestLanguages(t *testing.T) {
	toml := `
name = "good"
[[task]]
name = "pca"
dims = 4
steps = 100
[learner]
credit = "none"
network = [4, 1]
output = "linear"
[rule]
signals = ["pre", "post", "w"]
primitives = ["add", "sub", "mul"]
[search]
method = "cgp"
max_complexity = 5
[budget]
evaluations = 10
`
	json := `{"name": "good", "task": [{"name": "pca", "dims": 4, "steps": 100}],
	"learner": {"credit": "none", "network": [4, 1], "output": "linear"},
	"rule": {"signals": ["pre", "post", "w"], "primitives": ["add", "sub", "mul"]},
	"search": {"method": "cgp", "max_complexity": 5}, "budget": {"evaluations": 10}}`
	want, err := resolveText(t, "x.yaml", goodConfig, nil)
	if err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string]string{"x.toml": toml, "x.json": json} {
		got, err := resolveText(t, file, text, nil)
		if err != nil {
			t.Fatal(file, err)
		}
		if got.digest() != want.digest() {
			t.Errorf("%s resolves to\n%s\nwant\n%s", file, got.config.encode(nil), want.config.encode(nil))
		}
	}
	_, err = resolveText(t, "x.json", strings.Replace(json, `"pre"`, `"pree"`, 1), nil)
	if err == nil || !strings.HasPrefix(err.Error(), `x.json:3: rule.signals[0]: "pree" is not a signal. Did you mean pre?`) {
		t.Errorf("got %v", err)
	}
	_, err = resolveText(t, "x.toml", strings.Replace(toml, `"pre"`, `"pree"`, 1), nil)
	if err == nil || !strings.HasPrefix(err.Error(), `x.toml: rule.signals[0]: "pree" is not a signal. Did you mean pre?`) {
		t.Errorf("got %v", err)
	}
	if _, err = resolveText(t, "x.ini", "", nil); exitCode(err) != exitConfig {
		t.Errorf("got %v", err)
	}
}

// What a run keeps as config.resolved.yaml is complete: it resolves to itself
// and to the same identity. So do the examples, as far as their data are here.
func TestResolvedConfigIsComplete(t *testing.T) {
	files, err := filepath.Glob("../../examples/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{"good.yaml": goodConfig}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		texts[f] = string(data)
	}
	for file, text := range texts {
		first, err := resolveText(t, file, text, nil)
		var data *tasks.DataError
		if errors.As(err, &data) {
			t.Logf("%s: %v", file, err)
			continue
		}
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		resolved := first.config.encode(nil)
		again, err := resolveText(t, "config.resolved.yaml", string(resolved), nil)
		if err != nil {
			t.Errorf("%s resolved:\n%s\n%v", file, resolved, err)
			continue
		}
		if diff := cmp.Diff(string(resolved), string(again.config.encode(nil))); diff != "" {
			t.Errorf("%s changes when it is resolved again:\n%s", file, diff)
		}
		if first.digest() != again.digest() {
			t.Errorf("%s changes its identity when it is resolved again", file)
		}
	}
}

// Workers and the place of data do not make another search; all else does.
func TestDigest(t *testing.T) {
	digest := func(sets ...string) string {
		var over []override
		for _, s := range sets {
			o, err := parseSet(s)
			if err != nil {
				t.Fatal(err)
			}
			over = append(over, o)
		}
		s, err := resolveText(t, "x.yaml", goodConfig, nil, over...)
		if err != nil {
			t.Fatal(err)
		}
		return s.digest()
	}
	same := digest()
	for _, s := range []string{"workers=3", "data=elsewhere", "seed=1", "learner.hidden=tanh"} {
		if digest(s) != same {
			t.Errorf("%s makes another search", s)
		}
	}
	for _, s := range []string{"seed=2", "name=other", "budget.evaluations=11", "search.cohort=8", "rule.constants=[1]", "task[0].steps=101", "baselines=[]"} {
		if digest(s) == same {
			t.Errorf("%s makes no other search", s)
		}
	}
}

func TestSchemaIsShipped(t *testing.T) {
	const file = "../../metaplast.schema.json"
	if *update {
		if err := os.WriteFile(file, schema(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	shipped, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(shipped, schema()) {
		t.Error("metaplast.schema.json is not what check --schema prints; go test ./cmd/metaplast -run Schema -update writes it")
	}
}

// Any bytes are a config or an error; neither panics nor hangs.
func FuzzConfig(f *testing.F) {
	f.Add("x.yaml", goodConfig)
	f.Add("x.yaml", "task: [pca, {name: xor, bits: 3}]\nrule: {terms: [pre*post, {term: w, low: 1e-6, high: 1}]}\nsearch: {method: [ga, {name: random, evaluations: 5}]}\n")
	f.Add("x.yaml", "rule: {template: 'lr*pre*a', params: [{name: a, low: -1, high: 1}]}\ntask: pca\n")
	f.Add("x.yaml", "a: &a [1, *a]\n")
	f.Add("x.yaml", "task: !!binary aGk=\nseed: 2026-11-22\nname: ~\n")
	f.Add("x.yaml", "search: {method: [a, {}, {columns: 3}]}\n")
	f.Add("x.toml", "seed = 3\n[[task]]\nname = \"pca\"\n")
	f.Add("x.json", `{"task": ["pca"], "rule": {"signals": ["pre"]}, "seed": 1e400}`)
	f.Fuzz(func(t *testing.T, file, text string) {
		file = "x" + filepath.Ext(file)
		if len(text) > 1<<14 || strings.Contains(text, ":/") || strings.Contains(text, "..") {
			return // no files of this machine
		}
		s, err := mergeSettings(file, []byte(text), scalarPaths(reflect.TypeFor[Config](), ""), nil, nil)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without a message")
			}
			return
		}
		d := decoder{s: s}
		var c Config
		d.decode("", s.tree, &c)
		if d.err() != nil {
			return
		}
		// What was read is written so that it reads back.
		out := c.encode(nil)
		again, err := mergeSettings("again.yaml", out, nil, nil, nil)
		if err != nil {
			t.Fatalf("%s\nis written as\n%s\nwhich is no config: %v", text, out, err)
		}
		d = decoder{s: again}
		var back Config
		d.decode("", again.tree, &back)
		if err := d.err(); err != nil {
			t.Fatalf("%s\nis written as\n%s\nwhich does not decode: %v", text, out, err)
		}
		if diff := cmp.Diff(string(out), string(back.encode(nil))); diff != "" {
			t.Errorf("%s\nchanges: %s", text, diff)
		}
	})
}

// The word list of the config is that of the objectives there are.
func TestObjectiveNames(t *testing.T) {
	field, _ := reflect.TypeFor[SearchConfig]().FieldByName("Objective")
	var names []string
	for _, o := range outer.Objectives() {
		names = append(names, o.Name)
	}
	if got, want := field.Tag.Get("enum"), strings.Join(names, ","); got != want {
		t.Errorf("the config allows %s, objectives are %s", got, want)
	}
}
