package method_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/method"
	"github.com/metaplast/metaplast/outer/searchtest"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

func space(kind string) *rulespace.Space {
	for _, s := range slices.Concat(searchtest.Symbolic(), searchtest.Tuples(), searchtest.Cubes()) {
		if s.Kind() == kind {
			return s
		}
	}
	panic(kind)
}

// searchers are the methods that are not pipelines of others.
func searchers() []method.Entry {
	return slices.DeleteFunc(method.Catalogue(), func(e method.Entry) bool { return e.Pipeline != nil })
}

// A pipeline runs, on every kind of space it names, methods that search it,
// with options that they have, and leaves evaluations to the last.
func TestPipelines(t *testing.T) {
	for _, e := range method.Catalogue() {
		if e.Pipeline == nil {
			continue
		}
		if _, err := e.New(space("symbolic"), method.Options{}, key.Root(1)); err == nil {
			t.Errorf("%s is a searcher and a pipeline", e.Name)
		}
		for _, kind := range e.Spaces {
			share := 0.0
			stages := e.Pipeline(kind)
			for i, stage := range stages {
				share += stage.Share
				if _, err := method.New(stage.Name, space(kind), method.Options{Values: stage.Values}, key.Root(1)); err != nil {
					t.Errorf("%s on a %s space: %v", e.Name, kind, err)
				}
				if last := i == len(stages)-1; last != (stage.Share == 0) {
					t.Errorf("%s on a %s space: stage %s has a share of %v", e.Name, kind, stage.Name, stage.Share)
				}
			}
			if share >= 1 || len(stages) == 0 {
				t.Errorf("%s on a %s space: shares sum to %v", e.Name, kind, share)
			}
		}
	}
}

// Every method works on the spaces it names and refuses the others.
func TestSpaces(t *testing.T) {
	for _, e := range searchers() {
		for _, kind := range []string{"symbolic", "symbolic tuple", "template", "terms"} {
			s, err := e.New(space(kind), method.Options{}, key.Root(1))
			if fits := slices.Contains(e.Spaces, kind); fits != (err == nil) {
				t.Errorf("%s on a %s space: %v", e.Name, kind, err)
			} else if !fits && !strings.Contains(err.Error(), ": use ") {
				t.Errorf("%s on a %s space: no way out in %q", e.Name, kind, err)
			}
			if err != nil && s != nil {
				t.Errorf("%s: a searcher and an error", e.Name)
			}
		}
	}
}

// Writing out the documented defaults changes nothing.
func TestDefaults(t *testing.T) {
	formulas := []string{
		"max_complexity", "1/dimensions", "4 + 3 ln(dimensions)", "4 + 3 ln(dimensions), made even", "3 dimensions, at least 16",
	}
	for _, e := range searchers() {
		values := map[string]string{}
		for _, o := range e.Options {
			if o.Doc == "" {
				t.Errorf("%s: option %s has no documentation", e.Name, o.Name)
			}
			if !slices.Contains(formulas, o.Default) {
				values[o.Name] = o.Default
			}
		}
		sp := space(e.Spaces[0])
		want := asks(t, e, sp, nil)
		if diff := cmp.Diff(want, asks(t, e, sp, values)); diff != "" {
			t.Errorf("%s: with %v rules differ from those by default:\n%s", e.Name, values, diff)
		}
		if e.Title == "" || e.Doc == "" {
			t.Errorf("%s is not documented", e.Name)
		}
		if found, ok := method.ByName(e.Name); !ok || found.Title != e.Title {
			t.Errorf("%s cannot be found", e.Name)
		}
	}
}

func asks(t *testing.T, e method.Entry, sp *rulespace.Space, values map[string]string) []string {
	t.Helper()
	s, err := method.New(e.Name, sp, method.Options{Values: values}, key.Root(4))
	if err != nil {
		t.Fatal(err)
	}
	fit := searchtest.NewFit(&rulespace.Rule{DW: searchtest.MustParse("tanh(pre*post)")}, true)
	told, err := searchtest.Drive(s, fit.Result, nil, 10, 200)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range told {
		out = append(out, r.Digest)
	}
	return out
}

// Every option can be set and is refused when it is no number.
func TestValues(t *testing.T) {
	var names []string
	for _, e := range method.Catalogue() {
		names = append(names, e.Name)
	}
	all := strings.Join(names, ", ")
	for _, e := range method.Catalogue() {
		for _, o := range e.Options {
			_, err := e.New(space(e.Spaces[0]), method.Options{Values: map[string]string{o.Name: "many"}}, key.Root(1))
			if err == nil || !strings.Contains(err.Error(), o.Name) || !strings.Contains(err.Error(), `"many"`) {
				t.Errorf("%s: %s: many gives %v", e.Name, o.Name, err)
			}
		}
	}
	for _, c := range []struct {
		method, option, value, want string
	}{
		{"cgp", "lambada", "4", `method cgp has no option "lambada"; did you mean lambda? options are columns, mu, lambda, initial, plateau, tries, mutation, reorder, numbers, start`},
		{"cgp", "mutation", "2", `cgp: mutation is 2; it has to be between 0 and 1`},
		{"cgp", "mutation", "0", ""},
		{"cgp", "start", "oja, ojo", `method cgp: option start is "oja, ojo"; it has to be names of classic rules, which "ojo" is not`},
		{"beam", "start", "hebb,oja", ""},
		{"random", "x", "4", `method random has no option "x"; it has none`},
		{"ga", "population", "0", `method ga: option population is "0"; it has to be above 0`},
		{"ga", "sigma", "-1", `method ga: option sigma is "-1"; it has to be above 0`},
		{"ga", "elites", "0", ""},
		{"cmaes", "restart", "twice", `method cmaes: option restart is "twice"; it has to be one of none, ipop, bipop`},
		{"cmaes", "restart", "ipop", ""},
		{"cmaes", "lambda", "3", "cmaes: lambda is 3; it has to be between 4 and 10000"},
		{"es", "population", "7", "es: population is 7; it has to be even and between 4 and 10000"},
		{"es", "momentum", "0", ""},
		{"de", "greed", "1.5", "de: greed is 1.5; it has to be above 0 and at most 1"},
		{"ga", "generations", "0", ""},
		{"ga", "crossover", "0.0", ""},
		{"fd-gradient", "starts", "0", ""},
		{"enumerate", "memory", "99999999999999", `method enumerate: option memory is "99999999999999"; it has to be at most 1048576`},
		{"enumrate", "", "", `"enumrate" is not a method; did you mean enumerate? methods are ` + all},
		{"anneal", "", "", `"anneal" is not a method; methods are ` + all},
	} {
		kind := "symbolic"
		if slices.Contains([]string{"cmaes", "ga", "de", "es", "fd-gradient"}, c.method) {
			kind = "template"
		}
		var values map[string]string
		if c.option != "" {
			values = map[string]string{c.option: c.value}
		}
		s, err := method.New(c.method, space(kind), method.Options{Values: values}, key.Root(1))
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != c.want || (s == nil) != (err != nil) {
			t.Errorf("%s with %s: %s gives %q, want %q", c.method, c.option, c.value, got, c.want)
		}
	}
}

// Every method searches dfb where the space says so, and leaves alone what is
// given.
func TestFeedback(t *testing.T) {
	given, err := rulespace.ParseGiven("dw: lr*err*pre - 0.001*w; db: lr*err", "")
	if err != nil {
		t.Fatal(err)
	}
	symbolic := &rulespace.Space{
		Signals:    rulespace.Signals(rulespace.SigPre, rulespace.SigErr, rulespace.SigW),
		Primitives: []rulespace.Op{rulespace.Mul, rulespace.Sub}, MaxComplexity: 5,
		Outputs: []rulespace.Output{{Slot: rulespace.SlotDFB}}, Given: given,
	}
	e, err := rulespace.ParseExpr("err*pre")
	if err != nil {
		t.Fatal(err)
	}
	terms := &rulespace.Space{Given: given, Terms: []rulespace.Term{
		{Name: "a", Expr: e, Low: 0.1, High: 1, Slot: rulespace.SlotDFB},
	}}
	for _, entry := range searchers() {
		searched := 0
		for _, space := range []*rulespace.Space{symbolic, terms} {
			s, err := entry.New(space, method.Options{KeepScale: true}, key.Root(1))
			if err != nil {
				continue // of a kind that it does not search
			}
			searched++
			asked, err := s.Ask(5)
			if err != nil || len(asked) == 0 {
				t.Fatalf("%s: asked for %d rules, %v", entry.Name, len(asked), err)
			}
			for _, c := range asked {
				if c.Rule.DFB == nil || c.Rule.DW != given.DW || c.Rule.DB != given.DB || c.Rule.Validate() != nil {
					t.Errorf("%s: %s, %v", entry.Name, c.Rule.CanonicalText(), c.Rule.Validate())
				}
			}
		}
		if searched == 0 {
			t.Errorf("%s searches neither space", entry.Name)
		}
	}
}

// A pool of terms of which two are in the target: the third goes away, and the
// coefficients are found to four digits.
func TestDropsTerms(t *testing.T) {
	fit := searchtest.NewFit(&rulespace.Rule{DW: searchtest.MustParse("0.01*err*pre - 0.4*w")}, false)
	exact := func(r outer.Result) bool {
		_, extra := r.Rule.Param("a")
		return r.Score == 1 && !extra
	}
	for _, name := range []string{"cmaes", "de"} {
		for seed := range uint64(3) {
			s, err := method.New(name, searchtest.Cubes()[1], method.Options{}, key.Root(seed))
			if err != nil {
				t.Fatal(err)
			}
			told, err := searchtest.Drive(s, fit.Result, exact, 8, 800)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(told, exact) {
				t.Errorf("%s: seed %d does not find the rule in %d evaluations", name, seed, len(told))
			}
		}
	}
}
