package main

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/metaplast/metaplast/analysis"
	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/method"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/tasks"
)

// problemFiles are the problems of metaplast rediscover: searches, each with a
// baseline named reference that has to be found again.
//
//go:embed problems/*.yaml
var problemFiles embed.FS

// referenceName is the baseline that a problem wants found.
const referenceName = "reference"

func problemNames() []string {
	files, err := fs.Glob(problemFiles, "problems/*.yaml")
	if err != nil {
		panic(err) // the pattern is right
	}
	var names []string
	for _, f := range files {
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(f, "problems/"), ".yaml"))
	}
	return names
}

// readProblem reads a problem by name, or any config that has a reference.
func readProblem(name string) (file string, data []byte, err error) {
	if data, err := problemFiles.ReadFile("problems/" + name + ".yaml"); err == nil {
		return name + ".yaml", data, nil
	}
	if isFile(name) {
		data, err := readLimited(name, maxConfig)
		return name, data, err
	}
	return "", nil, usagef("%q is neither a problem nor a config.%s Problems are %s", name, suggest(name, problemNames()), strings.Join(problemNames(), ", "))
}

// problemSearch is a problem searched by a method.
type problemSearch struct {
	*search
	match     analysis.Match
	tolerance float64
	reference int // the baseline to be found
	against   int // the baseline that scores are compared with
	margin    float64
	scaleFree bool
	lane      string // "structure", or "coefficients" where structures became weighted monomials
}

// loadProblem resolves a problem for a method, that of its config where none is
// given. A method that searches coefficients gets the space of all weighted
// monomials up to the degree of the reference.
func loadProblem(name, by string, over []override, src func(data string) tasks.Source) (*problemSearch, error) {
	file, data, err := readProblem(name)
	if err != nil {
		return nil, err
	}
	load := func(data []byte) (*search, error) {
		s, err := mergeSettings(file, data, scalarPaths(reflect.TypeFor[Config](), ""), os.Environ(), over)
		if err != nil {
			return nil, err
		}
		return resolve(s, src)
	}
	p := &problemSearch{lane: "structure"}
	if p.search, err = load(data); err != nil {
		return nil, err
	}
	if e, ok := method.ByName(by); ok {
		var tree map[string]any
		if err := yaml.Unmarshal(data, &tree); err != nil {
			return nil, err
		}
		if !slices.Contains(e.Spaces, p.space.Kind()) && slices.Contains(e.Spaces, "terms") {
			if err := coefficients(tree, p.search); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			p.lane = "coefficients"
		}
		searchBy(tree, e, p.config.Budget.Evaluations)
		if data, err = yaml.Marshal(tree); err != nil {
			return nil, err
		}
		if p.search, err = load(data); err != nil {
			return nil, err
		}
	}
	return p, p.judge(file)
}

// searchBy makes a config search by another method, with those of the options
// beside it that this one has. Half of the evaluations of a method that
// searches coefficients are for the removal of terms that add nothing, without
// which there would be no equation to compare.
func searchBy(tree map[string]any, e method.Entry, evaluations int) {
	search, _ := tree["search"].(map[string]any)
	if search == nil {
		search = map[string]any{}
		tree["search"] = search
	}
	search["method"] = e.Name
	if rule, _ := tree["rule"].(map[string]any); rule["terms"] != nil && e.Pipeline == nil && e.Name != "eliminate" {
		search["method"] = []any{map[string]any{"name": e.Name, "evaluations": max(1, evaluations/2)}, "eliminate"}
	}
	known := append(keysOf(reflect.TypeFor[SearchConfig]()), optionsOf(e)...)
	for k := range search {
		if !slices.Contains(known, k) {
			delete(search, k)
		}
	}
}

// optionsOf lists the options of a method, those of its stages where it is a
// pipeline.
func optionsOf(e method.Entry) []string {
	names := namesOf(e.Options, func(o method.Option) string { return o.Name })
	if e.Pipeline != nil {
		for _, kind := range e.Spaces {
			for _, stage := range e.Pipeline(kind) {
				if s, ok := method.ByName(stage.Name); ok {
					names = append(names, optionsOf(s)...)
				}
			}
		}
	}
	return names
}

// judge reads how a problem wants to be judged.
func (p *problemSearch) judge(file string) error {
	c := p.config.Rediscover
	if c.Match != "" {
		var err error
		if p.match, err = analysis.ParseMatch(c.Match); err != nil {
			return err
		}
	}
	p.tolerance, p.margin = c.Tolerance, c.Margin
	set(&p.tolerance, analysis.RatioTolerance)
	set(&p.margin, 0.02)
	find := func(name string) (int, error) {
		i := slices.IndexFunc(p.plan.Baselines, func(b outer.Baseline) bool { return b.Name == name })
		if i < 0 {
			return 0, invalidf("%s: baselines: none is named %s: which rule is to be found again?", file, name)
		}
		return i, nil
	}
	var err error
	if p.reference, err = find(referenceName); err != nil {
		return err
	}
	set(&c.Against, referenceName)
	if p.against, err = find(c.Against); err != nil {
		return err
	}
	p.scaleFree = p.plan.Tune.Param != "" && !p.space.ScaleMatters()
	return nil
}

// coefficients turns a problem of structures into one of coefficients: all
// monomials of its signals up to the degree of the reference, each of which
// may be absent.
func coefficients(tree map[string]any, s *search) error {
	i := slices.IndexFunc(s.plan.Baselines, func(b outer.Baseline) bool { return b.Name == referenceName })
	if i < 0 {
		return errors.New("baselines: none is named " + referenceName)
	}
	slots := s.space.Searches()
	degrees := make([]int, len(slots))
	for k, target := range s.space.Searched(s.plan.Baselines[i].Learner.Rule) {
		if target == nil || slots[k] == rulespace.SlotState {
			return invalidf("the update of a state is searched, which has no weighted terms")
		}
		form, ok := rulespace.Canon(target).Monomials()
		if !ok {
			return invalidf("the reference is no polynomial, so a method that searches coefficients has nothing to search")
		}
		degrees[k] = 1
		for _, m := range form {
			n := 0
			for _, f := range m.Factors {
				if f.Base.Kind() == rulespace.KindSignal {
					n += f.Power
				}
			}
			degrees[k] = max(degrees[k], n)
		}
	}
	rule, _ := tree["rule"].(map[string]any)
	search, _ := tree["search"].(map[string]any)
	if rule == nil || search == nil {
		return errors.New("a problem of structures needs rule and search")
	}
	var terms []any
	for k, slot := range slots {
		for _, m := range monomials(s.space.ReadsIn(slot).List(), degrees[k]) {
			t := map[string]any{"term": m, "low": -1, "high": 1, "scale": "linear", "optional": true}
			if len(slots) > 1 {
				t["in"] = slot.String()
			}
			terms = append(terms, t)
		}
	}
	if len(terms) > maxCoefficients {
		return invalidf("%d monomials of degree %d over %s are too many for a method that searches coefficients; at most %d", len(terms), slices.Max(degrees), s.space.Signals, maxCoefficients)
	}
	for _, k := range []string{"signals", "primitives", "constants"} {
		delete(rule, k)
	}
	rule["terms"] = terms
	delete(search, "max_complexity")
	return nil
}

// maxCoefficients is how many terms a space can have.
const maxCoefficients = 64

// monomials writes all products of up to degree of the signals, the constant
// last.
func monomials(signals []rulespace.Signal, degree int) []string {
	var out []string
	var grow func(from int, text string, left int)
	grow = func(from int, text string, left int) {
		if text != "" {
			out = append(out, text)
		}
		if left == 0 {
			return
		}
		for i := from; i < len(signals); i++ {
			next := signals[i].String()
			if text != "" {
				next = text + "*" + next
			}
			grow(i, next, left-1)
		}
	}
	grow(0, "", degree)
	slices.SortStableFunc(out, func(a, b string) int { return strings.Count(a, "*") - strings.Count(b, "*") })
	return append(out, "1")
}

// hit reports whether a rule is the reference written down again, at the
// learning rate that the rule has. Where several assignments are searched and
// scale is free, it is so for all of them together: the rate is the one at
// which the first agrees.
func (p *problemSearch) hit(r *rulespace.Rule) bool {
	b := p.plan.Baselines[p.reference]
	reference := b.Learner.Rule
	at := func(rate float64) {
		if ref, err := reference.WithParam(b.Tune.Param, rate); err == nil {
			reference = ref
		}
	}
	v, ok := r.Param(b.Tune.Param)
	if ok {
		at(v.Value)
	}
	joint := p.scaleFree && len(p.space.Searches()) > 1
	if x, y := p.leading(r), p.leading(reference); ok && joint && x*y > 0 {
		at(v.Value * (x / y))
	}
	return p.match.Symbolic(r, reference, p.scaleFree && !joint, p.tolerance)
}

// leading is the first coefficient of the first assignment that is searched, 0
// where it has none.
func (p *problemSearch) leading(r *rulespace.Rule) float64 {
	e := p.space.Searched(r)[0]
	if e == nil {
		return 0
	}
	form, ok := rulespace.CanonWith(e, func(name string) (*rulespace.Expr, bool) {
		q, ok := r.Param(name)
		return rulespace.Const(q.Value), ok
	}).Monomials()
	if !ok || len(form) == 0 {
		return 0
	}
	return form[0].Coefficient
}

// functional reports whether a rule does what the reference does at points
// that networks visit that learn with the reference.
func (p *problemSearch) functional(found, reference *rulespace.Rule, points [][]float64) bool {
	c := analysis.Cosine(found, reference, p.space.Searched(found), p.space.Searched(reference), points)
	return c >= sameFunction && !math.IsNaN(c)
}

// sameFunction is the cosine from which on two rules do the same.
const sameFunction = 0.999
