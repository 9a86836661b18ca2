package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/learner"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/method"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/classic"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// search is a config made ready to run.
type search struct {
	config   Config // with every default written out
	settings *settings
	plan     outer.Plan
	space    *rulespace.Space
}

// loadSearch reads, checks and resolves a config file.
func loadSearch(file string, over []override, src func(data string) tasks.Source) (*search, error) {
	s, err := loadSettings(file, scalarPaths(reflect.TypeFor[Config](), ""), over)
	if err != nil {
		return nil, err
	}
	return resolve(s, src)
}

// resolver turns settings into a plan. It goes on after a mistake, so that
// all are reported at once.
type resolver struct {
	decoder
	c        *Config
	src      tasks.Source
	dataErrs []error
	settings []outer.Setting // tasks, then held-out ones
	credit   credit.Config
	space    *rulespace.Space
}

// resolve makes a plan. The error is a *configError with everything that is
// wrong, or, where only data are missing, a *tasks.DataError.
func resolve(s *settings, src func(data string) tasks.Source) (*search, error) {
	c := &Config{}
	r := &resolver{decoder: decoder{s: s}, c: c}
	r.decode("", s.tree, c)
	if len(r.problems) > 0 {
		// What was not understood would only cause more complaints.
		return nil, r.err()
	}
	r.src = src(c.Data)
	r.defaults()
	held := r.tasks("held_out", c.HeldOut)
	searched := r.tasks("task", c.Task)
	r.settings = slices.Concat(searched, held)
	r.rule()
	r.circuit()
	r.networks()
	plan := outer.Plan{
		Name: c.Name, Seed: c.Seed,
		Limits:  trial.Limits{Weight: c.Learner.MaxWeight, Activity: c.Learner.MaxRate},
		Pruning: c.Learner.pruning(),
		Cohort:  c.Search.Cohort, Evaluations: c.Budget.Evaluations, Fresh: c.Fresh,
		Workers: c.Workers.count(),
		Learner: learner.Learner{Credit: r.credit, OutputRule: r.outputRule()},
		Rungs:   r.rungs(),
		Tune:    r.tune(),

		Objective: c.Search.Objective,
	}
	if len(r.problems) == 0 && len(r.dataErrs) == 0 {
		plan.Tasks, plan.HeldOut = r.settings[:len(searched)], r.settings[len(searched):]
		plan.Signals = r.space.Reads()
		r.candidates(&plan)
		r.methods(&plan)
		r.baselines(&plan)
	}
	if len(r.problems) == 0 && len(r.dataErrs) == 0 {
		if _, err := plan.Resolve(); err != nil {
			r.fail("", "%v", err)
		}
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	if len(r.dataErrs) > 0 {
		return nil, errors.Join(r.dataErrs...)
	}
	return &search{config: *c, settings: s, plan: plan, space: r.space}, nil
}

var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// defaults fills in what depends on nothing else.
func (r *resolver) defaults() {
	c := r.c
	if c.Name == "" {
		c.Name = strings.TrimSuffix(filepath.Base(r.s.file), filepath.Ext(r.s.file))
	}
	if !namePattern.MatchString(c.Name) {
		r.fail("name", "%q cannot name a directory: use letters, digits, dots, dashes and underscores, up to 64 of them", c.Name)
	}
	set(&c.Seed, 1)
	set(&c.Learner.Batch, 1)
	set(&c.Learner.Hidden, "tanh")
	set(&c.Learner.Init, "glorot")
	set(&c.Device, "ideal")
	set(&c.Search.Cohort, 64)
	set(&c.Budget.Evaluations, 10000)
	set(&c.Fresh, 10)
	if len(c.Task) == 0 {
		r.fail("task", "is missing: what is to be learned? For example task: [{name: pca, dims: 8}]; metaplast list tasks shows all")
	}
}

// set gives a setting its default.
func set[T comparable](v *T, standard T) {
	var zero T
	if *v == zero {
		*v = standard
	}
}

// tasks opens tasks.
func (r *resolver) tasks(path string, list []TaskConfig) []outer.Setting {
	var out []outer.Setting
	for i := range list {
		t := &list[i]
		at := fmt.Sprintf("%s[%d]", path, i)
		s, err := r.task(t)
		var spec *tasks.SpecError
		switch {
		case errors.As(err, &spec):
			where := at
			if _, ok := r.s.lines[join(at, spec.Option)]; ok && spec.Option != "" {
				where = join(at, spec.Option)
			}
			r.fail(where, "%s", spec.Msg)
		case is[*tasks.DataError](err):
			r.dataErrs = append(r.dataErrs, err)
		case err != nil:
			r.fail(at, "%v", err)
		default:
			out = append(out, s)
			continue
		}
		out = append(out, outer.Setting{})
	}
	return out
}

func (r *resolver) task(t *TaskConfig) (outer.Setting, error) {
	opened, err := tasks.Open(t.spec(), r.src)
	if err != nil {
		return outer.Setting{}, err
	}
	info := opened.Info()
	s := outer.Setting{Task: opened, Batch: t.Batch, Steps: t.Steps}
	set(&s.Batch, r.c.Learner.Batch)
	switch {
	case t.Epochs > 0 && t.Steps > 0:
		return s, errors.New("give steps or epochs, not both")
	case t.Epochs > 0 && info.TrainSize == 0:
		return s, fmt.Errorf("task %s never ends, so it has no epochs; give steps", info.Name)
	case t.Epochs > 0:
		s.Steps = int(math.Round(t.Epochs * float64(info.TrainSize)))
	}
	set(&s.Steps, info.Steps)
	t.Steps, t.Epochs, t.Batch = s.Steps, 0, s.Batch
	return s, nil
}

// circuit resolves the credit circuit, once the rules are known.
func (r *resolver) circuit() {
	l := &r.c.Learner
	if l.Credit == "" && r.space != nil {
		name, ok := cheapestCircuit(func(e credit.Entry) bool {
			return missingSignals(r.space, e, r.connections()) == 0 && (e.Feedback || !r.plasticFeedback())
		})
		if !ok {
			r.fail("learner.credit", "no circuit provides all of %s", r.space.Reads())
			return
		}
		l.Credit = name
	}
	names := namesOf(credit.Catalogue(), func(e credit.Entry) string { return e.Name })
	if !slices.Contains(names, l.Credit) {
		if l.Credit != "" {
			r.fail("learner.credit", "%q is not a circuit.%s Circuits are %s", l.Credit, suggest(l.Credit, names), strings.Join(names, ", "))
		}
		return
	}
	r.circuitOptions()
	r.credit = l.circuit(l.Credit)
	if _, err := r.credit.Resolve(); err != nil {
		r.fail("learner", "%s", plainText(err))
	}
	r.signals()
}

// circuitOptions complains about options that neither the circuit nor that of
// a baseline has.
func (r *resolver) circuitOptions() {
	l := &r.c.Learner
	known := keysOf(reflect.TypeFor[LearnerConfig]())
	var options []string
	circuits := []string{l.Credit}
	for _, b := range r.c.Baselines {
		circuits = append(circuits, b.Credit)
		if e, ok := learner.ByName(b.Name); ok {
			circuits = append(circuits, e.Circuit)
		}
	}
	for _, name := range circuits {
		if e, ok := credit.ByName(name); ok {
			options = append(options, option.Names(e.Settings())...)
		}
	}
	for _, k := range sortedKeys(l.options) {
		if !slices.Contains(options, k) {
			r.unknown("learner."+k, k, append(known, options...))
			delete(l.options, k)
		}
	}
}

// circuit is the circuit of that name with those of the options given that it
// has.
func (l LearnerConfig) circuit(name string) credit.Config {
	return credit.Config{Options: l.options}.For(name)
}

// prefer takes what a learner asks of its network where nothing is said.
func (l *LearnerConfig) prefer(n learner.Network) {
	for _, v := range []struct {
		to   *string
		from string
	}{{&l.Hidden, n.Hidden}, {&l.Output, n.Output}, {&l.Loss, n.Loss}, {&l.Init, n.Init}} {
		if *v.to == "" {
			*v.to = v.from
		}
	}
	if l.InitScale == 0 {
		l.InitScale = n.InitScale
	}
	if l.Bias == nil && n.NoBias {
		l.Bias = new(bool)
	}
}

// pruning is what is asked for; where nothing is said about when, it comes
// after learning.
func (l *LearnerConfig) pruning() trial.Pruning {
	p := trial.Pruning{Sparsity: l.Prune, From: 1, To: 1, By: l.PruneBy, Keep: l.PruneKeep}
	if l.PruneFrom != nil {
		p.From = *l.PruneFrom
		p.To = p.From
	}
	if l.PruneTo != nil {
		p.To = *l.PruneTo
		p.From = min(p.From, p.To)
	}
	return p
}

// plainText is an error without the name of the package that found it.
func plainText(err error) string {
	text := err.Error()
	for _, p := range []string{"network: ", "credit: ", "trial: ", "learner: ", "plan: "} {
		text = strings.TrimPrefix(text, p)
	}
	return text
}

// cheapestCircuit is the first circuit in the catalogue that will do in the
// fewest passes. A cheaper one than the plain ones does not take their place,
// as its credit is another: nobody means a random projection of the target by
// err without saying so.
func cheapestCircuit(do func(credit.Entry) bool) (string, bool) {
	for _, name := range []string{"none", "bp", "fa", "perturb"} {
		if e, ok := credit.ByName(name); ok && do(e) {
			return name, true
		}
	}
	best := -1
	all := credit.Catalogue()
	for i, e := range all {
		if do(e) && (best < 0 || e.Passes < all[best].Passes) {
			best = i
		}
	}
	if best < 0 {
		return "", false
	}
	return all[best].Name, true
}

// missingSignals are those that rules of the space read and the circuit does
// not provide.
func missingSignals(space *rulespace.Space, e credit.Entry, connections int) rulespace.SignalSet {
	return (space.ReadsIn(rulespace.SlotDW) | space.ReadsIn(rulespace.SlotState)).Minus(provided(e, connections)) |
		space.ReadsIn(rulespace.SlotDFB).Minus(providedTo(rulespace.SlotDFB, e, connections))
}

// providedTo is what an assignment of a rule may read.
func providedTo(slot rulespace.Slot, e credit.Entry, connections int) rulespace.SignalSet {
	if slot == rulespace.SlotDFB && e.OwnFeedback != 0 {
		return e.OwnFeedback | rulespace.Signals(rulespace.SigW)
	}
	return provided(e, connections)
}

// provided is what a rule of every connection may read in a network with so
// many of them.
func provided(e credit.Entry, connections int) rulespace.SignalSet {
	if connections == 1 {
		return e.Provides | e.Output
	}
	return e.Provides
}

// connections is the largest number in any of the networks.
func (r *resolver) connections() int {
	n := 1
	for i := range r.settings {
		if t := r.taskConfig(i); len(t.Network) > 0 {
			n = max(n, len(t.Network)-1)
		} else if len(r.c.Learner.Network) > 0 {
			n = max(n, len(r.c.Learner.Network)-1)
		} else if r.settings[i].Task != nil {
			n = max(n, len(defaultSizes(r.settings[i].Task.Info()))-1)
		}
	}
	return n
}

// signals holds the rule to what the circuit provides.
func (r *resolver) signals() {
	e, ok := credit.ByName(r.credit.Name)
	if !ok || r.space == nil {
		return
	}
	var provides rulespace.SignalSet
	for _, slot := range r.space.Searches() {
		provides |= providedTo(slot, e, r.connections())
	}
	if r.space.Template != nil {
		provides = provided(e, r.connections())
	}
	complain := func(path string, s rulespace.Signal) {
		hint := ""
		if e.Output.Has(s) {
			hint = " to hidden units"
		}
		if other, ok := cheapestCircuit(func(e credit.Entry) bool { return provided(e, r.connections()).Has(s) }); hint == "" && ok {
			hint = fmt.Sprintf("; circuit %s does", other)
		}
		r.fail(path, "circuit %s does not provide %s%s. It provides: %s", e.Name, s, hint, provides)
	}
	for i, name := range r.c.Rule.Signals {
		if s, ok := rulespace.SignalByName(name); ok && !provides.Has(s) {
			complain(fmt.Sprintf("rule.signals[%d]", i), s)
		}
	}
	for i := range r.space.Outputs {
		o := &r.space.Outputs[i]
		o.Signals = r.space.Signals & providedTo(o.Slot, e, r.connections())
		if o.Signals == 0 {
			r.fail("rule.signals", "circuit %s provides none of them to %s. It provides: %s", e.Name, o.Slot, providedTo(o.Slot, e, r.connections()))
		}
	}
	for i, t := range r.space.Terms {
		for _, s := range t.Expr.Signals().Minus(providedTo(t.Slot, e, r.connections())).List() {
			complain(fmt.Sprintf("rule.terms[%d]", i), s)
		}
	}
	if t := r.space.Template; t != nil {
		for _, s := range missingSignals(r.space, e, r.connections()).List() {
			complain("rule.template", s)
		}
	}
	if g := r.space.Given; g != nil {
		for _, s := range missingSignals(&rulespace.Space{Template: g}, e, r.connections()).List() {
			complain("rule.given", s)
		}
	}
}

// taskConfig is the config of a setting.
func (r *resolver) taskConfig(i int) *TaskConfig {
	if i < len(r.c.Task) {
		return &r.c.Task[i]
	}
	return &r.c.HeldOut[i-len(r.c.Task)]
}

// networks fills in the network of every setting.
func (r *resolver) networks() {
	l := &r.c.Learner
	if l.Bias == nil {
		l.Bias = new(bool)
	}
	for i := range r.settings {
		s, t := &r.settings[i], r.taskConfig(i)
		if s.Task == nil {
			continue
		}
		path, sizes := "learner.network", l.Network
		switch {
		case len(t.Network) > 0 && i < len(r.c.Task):
			path, sizes = fmt.Sprintf("task[%d].network", i), t.Network
		case len(t.Network) > 0:
			path, sizes = fmt.Sprintf("held_out[%d].network", i-len(r.c.Task)), t.Network
		case len(sizes) == 0:
			sizes = defaultSizes(s.Task.Info())
		}
		fitted, err := sizes.fit(s.Task.Info())
		if err != nil {
			r.fail(path, "%v", err)
			continue
		}
		if s.Network, err = l.network(fitted, s.Task.Info(), r.c.Device); err != nil {
			r.fail("learner", "%s", plainText(err))
			continue
		}
		t.Network = fitted
	}
	l.Network = nil // every task has its own now
	if len(r.settings) > 0 && r.settings[0].Task != nil {
		first := r.settings[0]
		for _, s := range r.settings {
			if s.Network.Output != first.Network.Output || s.Network.Loss != first.Network.Loss {
				return // each task's own
			}
		}
		set(&l.Output, first.Network.Output.String())
		set(&l.Loss, first.Network.Loss)
	}
}

// network is the learner's network in the given sizes.
func (l *LearnerConfig) network(sizes Sizes, info tasks.Info, device string) (network.Config, error) {
	n := network.Config{
		Loss: l.Loss, Init: l.Init, InitScale: l.InitScale, Device: device,
		Bias: l.Bias != nil && *l.Bias,
	}
	output := l.Output
	if output == "" {
		output = "linear"
		if info.Kind == tasks.Classification {
			output = "softmax"
		}
	}
	n, err := n.WithLayers(sizes)
	if err != nil {
		return n, err
	}
	if n.Hidden, err = activation(l.Hidden, l.Beta); err != nil {
		return n, invalidf("hidden: %s", plainText(err))
	}
	if n.Output, err = activation(output, l.Beta); err != nil {
		return n, invalidf("output: %s", plainText(err))
	}
	if n.Loss == "" && n.Output.Name == "softmax" {
		n.Loss = network.CrossEntropy
	}
	return n.Resolve()
}

// activation reads softplus(10), or softplus with beta given apart.
func activation(text string, beta float64) (network.Activation, error) {
	if text == "softplus" && beta > 0 {
		text = fmt.Sprintf("softplus(%v)", beta)
	}
	if text == "" {
		text = "tanh"
	}
	return network.ParseActivation(text)
}

func (r *resolver) outputRule() *rulespace.Rule {
	text := r.c.Learner.OutputRule
	if text == "" {
		return nil
	}
	rule, err := findRule(text)
	if err != nil {
		r.fail("learner.output_rule", "%v", err)
	}
	return rule
}

// rule makes the space of rules.
func (r *resolver) rule() {
	c := &r.c.Rule
	space := &rulespace.Space{}
	before := len(r.problems)
	space.Signals = r.signalSet()
	names := namesOf(allOps(), rulespace.Op.String)
	for i, name := range c.Primitives {
		op, ok := rulespace.OpByName(name)
		if !ok {
			r.fail(fmt.Sprintf("rule.primitives[%d]", i), "%q is not a primitive.%s Primitives are %s", name, suggest(name, names), strings.Join(names, ", "))
			continue
		}
		space.Primitives = append(space.Primitives, op)
	}
	space.Constants = c.Constants
	r.given(space)
	switch {
	case c.State != "" && !slices.Contains(c.Search, rulespace.SlotState.String()):
		r.fail("rule.state", "names the state whose update is searched; say search: state as well")
	case c.Template != "" && (len(c.Search) > 0 || c.Given != ""):
		r.fail("rule.template", "a template says itself what of the rule is searched; leave out search and given")
	case c.Template != "" && len(c.Terms) > 0:
		r.fail("rule.terms", "a rule is searched by template or by terms, not both")
	case c.Template != "":
		r.template(space)
	case len(c.Terms) > 0:
		r.terms(space)
	case len(c.Params) > 0 && c.Given == "":
		r.fail("rule.params", "parameters belong to a template or to the given part of a rule, which is missing")
	case len(c.Signals) == 0:
		r.fail("rule", "which rules are to be searched? Give signals and primitives, or a template, or terms")
	default:
		if len(c.Primitives) == 0 {
			c.Primitives = []string{"add", "sub", "mul"}
			space.Primitives = []rulespace.Op{rulespace.Add, rulespace.Sub, rulespace.Mul}
		}
		set(&r.c.Search.MaxComplexity, 7)
		space.MaxComplexity = r.c.Search.MaxComplexity
		for _, name := range c.Search {
			space.Outputs = append(space.Outputs, rulespace.Output{Slot: slot(name)})
		}
		space.State = c.State
		r.scale(space)
	}
	if len(r.problems) > before {
		return
	}
	if err := space.Validate(); err != nil {
		for line := range strings.Lines(err.Error()) {
			r.fail("rule", "%s", strings.TrimSpace(line))
		}
		return
	}
	r.space = space
}

// given reads the part of the rule that is not searched.
func (r *resolver) given(space *rulespace.Space) {
	c := &r.c.Rule
	if c.Given == "" {
		return
	}
	before := len(r.problems)
	params := r.params()
	for i, p := range params {
		if p.HasRange() {
			r.fail(fmt.Sprintf("rule.params[%d]", i), "%s: what is given is not searched; leave out low and high", p.Name)
		}
	}
	if len(r.problems) > before {
		return
	}
	rule, err := rulespace.ParseGiven(c.Given, c.State, params...)
	if err != nil {
		r.fail("rule.given", "%v", err)
		return
	}
	space.Given = rule
}

// params are the parameters of a template or of the given part of a rule.
func (r *resolver) params() []rulespace.Param {
	c := &r.c.Rule
	params := make([]rulespace.Param, len(c.Params))
	for i := range c.Params {
		p, err := c.Params[i].param()
		if err != nil {
			r.fail(fmt.Sprintf("rule.params[%d]", i), "%v", err)
		}
		params[i] = p
	}
	return params
}

// slot is the assignment of that name, dw by default.
func slot(name string) rulespace.Slot {
	for _, s := range []rulespace.Slot{rulespace.SlotDFB, rulespace.SlotState} {
		if name == s.String() {
			return s
		}
	}
	return rulespace.SlotDW
}

func (r *resolver) signalSet() rulespace.SignalSet {
	var set rulespace.SignalSet
	all := namesOf(allSignals(), rulespace.Signal.String)
	for i, name := range r.c.Rule.Signals {
		s, ok := rulespace.SignalByName(name)
		if !ok {
			offer := ""
			if e, ok := credit.ByName(r.c.Learner.Credit); ok {
				offer = fmt.Sprintf(" Circuit %s provides: %s", e.Name, provided(e, r.connections()))
			} else {
				offer = " Signals are " + strings.Join(all, ", ")
			}
			r.fail(fmt.Sprintf("rule.signals[%d]", i), "%q is not a signal.%s%s", name, suggest(name, all), offer)
			continue
		}
		if set.Has(s) {
			r.fail(fmt.Sprintf("rule.signals[%d]", i), "%s is given twice", name)
		}
		set |= rulespace.Signals(s)
	}
	return set
}

func (r *resolver) template(space *rulespace.Space) {
	before := len(r.problems)
	params := r.params()
	if len(r.problems) > before {
		return
	}
	rule, err := rulespace.ParseRule(r.c.Rule.Template, params...)
	if err != nil {
		r.fail("rule.template", "%v", err)
		return
	}
	space.Template = rule
}

func (p *ParamConfig) param() (rulespace.Param, error) {
	out := rulespace.Param{Name: p.Name, Log: p.Scale == "log"}
	switch {
	case p.Name == "":
		return out, errors.New("the name is missing")
	case (p.Low == nil) != (p.High == nil):
		return out, fmt.Errorf("%s: give both low and high, or neither", p.Name)
	case p.Low == nil && p.Value == nil:
		return out, fmt.Errorf("%s: give a value to keep, or low and high to search between", p.Name)
	case p.Low != nil:
		out.Low, out.High = *p.Low, *p.High
		if !(out.Low < out.High) {
			return out, fmt.Errorf("%s: low (%v) has to be below high (%v)", p.Name, out.Low, out.High)
		}
		if out.Log && out.Low <= 0 {
			return out, fmt.Errorf("%s: a log scale needs low above 0, it is %v", p.Name, out.Low)
		}
		out.Value = (out.Low + out.High) / 2
		if out.Log {
			out.Value = math.Sqrt(out.Low * out.High)
		}
	}
	if p.Value != nil {
		out.Value = *p.Value
	}
	return out, nil
}

func (r *resolver) terms(space *rulespace.Space) {
	for i := range r.c.Rule.Terms {
		c := &r.c.Rule.Terms[i]
		switch search := r.c.Rule.Search; {
		case len(search) == 1:
			set(&c.In, search[0])
		case len(search) > 1 && c.In == "":
			r.fail(fmt.Sprintf("rule.terms[%d]", i), "of which assignment is it a summand? Say in: %s", strings.Join(search, " or in: "))
		}
		t, err := c.term()
		if err != nil {
			r.fail(fmt.Sprintf("rule.terms[%d]", i), "%v", err)
			continue
		}
		space.Terms = append(space.Terms, t)
	}
	if len(r.c.Search.Tune.Params) > 0 {
		r.scale(space)
	}
}

func (t *TermConfig) term() (rulespace.Term, error) {
	out := rulespace.Term{Name: t.Name, Low: 1e-4, High: 1, Slot: slot(t.In)}
	bare := t.Low == nil && t.High == nil && t.Scale == "" && t.Sign == "" && t.Name == ""
	if t.Low != nil {
		out.Low = *t.Low
	}
	if t.High != nil {
		out.High = *t.High
	}
	switch {
	case t.Term == "":
		return out, errors.New("the term is missing, such as {term: pre*post}")
	case t.Scale == "log" && !(out.Low > 0):
		return out, fmt.Errorf("a log scale needs low above 0, it is %v", out.Low)
	}
	out.Log = t.Scale == "log" || t.Scale == "" && out.Low > 0
	out.Sign = map[string]int{"positive": 1, "negative": -1}[t.Sign]
	out.Optional = bare
	if t.Optional != nil {
		out.Optional = *t.Optional
	}
	var err error
	out.Expr, err = rulespace.ParseExpr(t.Term)
	return out, err
}

// scale gives the space a learning rate in the range that is tuned.
func (r *resolver) scale(space *rulespace.Space) {
	scale := rulespace.Param{Name: "lr", Value: 0.01}
	given := false
	if space.Given != nil {
		if p, ok := space.Given.Param("lr"); ok {
			scale, given = p, true
		}
	}
	if slices.Contains(space.Searches(), rulespace.SlotState) && !given {
		return // nothing has a rate
	}
	space.Scale = scale
	t := r.c.Search.Tune
	if t.Low > 0 && t.High > t.Low {
		space.Scale.Value = math.Sqrt(t.Low * t.High)
	}
}

// candidates checks that rules of the space can be learners in every setting.
func (r *resolver) candidates(plan *outer.Plan) {
	sample := r.sampleRule()
	for i := range r.settings {
		s := &r.settings[i]
		l := plan.Learner
		l.Rule = sample
		t := trial.Trial{Task: s.Task, Network: s.Network, Learner: l, Batch: s.Batch, Steps: s.Steps, Limits: plan.Limits, Pruning: plan.Pruning}
		if err := t.Check(); err != nil {
			r.fail("learner", "%s", plainText(err))
			return
		}
	}
}

// sampleRule reads everything that rules of the space may read.
func (r *resolver) sampleRule() *rulespace.Rule {
	if r.space.Template != nil {
		return r.space.Template
	}
	sum := func(slot rulespace.Slot) *rulespace.Expr {
		e := rulespace.Const(0)
		for _, s := range r.space.ReadsIn(slot).List() {
			e = rulespace.Apply(rulespace.Add, e, rulespace.Sig(s))
		}
		return e
	}
	rule := &rulespace.Rule{DW: sum(rulespace.SlotDW)}
	if name := r.space.State; name != "" {
		rule.States = []rulespace.State{{Name: name, Scope: rulespace.Synapse, Update: sum(rulespace.SlotState)}}
		rule.DW = rulespace.Apply(rulespace.Add, rule.DW, rulespace.Name(name))
	}
	if r.space.Given != nil {
		rule.DB = r.space.Given.DB
		rule.Params = r.space.Given.Params
	}
	if r.plasticFeedback() {
		rule.DFB = sum(rulespace.SlotDFB)
	}
	return rule
}

// plasticFeedback reports whether rules of the space have a dfb.
func (r *resolver) plasticFeedback() bool {
	s := r.space
	switch {
	case s.Template != nil:
		return s.Template.DFB != nil
	case s.Given != nil && s.Given.DFB != nil:
		return true
	}
	return slices.Contains(s.Searches(), rulespace.SlotDFB)
}

func (r *resolver) rungs() []outer.Rung {
	var out []outer.Rung
	for i := range r.c.Search.Rungs {
		c := &r.c.Search.Rungs[i]
		path := fmt.Sprintf("search.rungs[%d]", i)
		set(&c.Steps, 1)
		set(&c.Seeds, 1)
		if i == len(r.c.Search.Rungs)-1 && c.Steps != 1 {
			r.fail(path, "the last rung has steps %v, it must have 1: a whole life", c.Steps)
		}
		if i == len(r.c.Search.Rungs)-1 && c.Seeds*len(r.c.Task) < 2 && r.c.Search.Objective == "robustness" {
			r.fail(path, "one trial on the last rung says nothing of robustness: seeds: 2 or more")
		}
		out = append(out, outer.Rung{Steps: c.Steps, Seeds: c.Seeds, Keep: c.Keep})
	}
	return out
}

// tune resolves what is tuned: the learning rate, unless the space searches
// it itself.
func (r *resolver) tune() outer.Tune {
	if r.space == nil {
		return outer.Tune{}
	}
	c := &r.c.Search.Tune
	if c.Params == nil {
		c.Params = []string{}
		if lr, ok := r.rate(); ok && !lr.HasRange() {
			c.Params = []string{"lr"}
		}
	}
	t := r.line("search.tune", c, 5)
	if t.Param == "" {
		return t
	}
	p, ok := r.tunable(t.Param)
	switch {
	case !ok:
		r.fail("search.tune.params", "rules of this search have no parameter %s", t.Param)
	case p.HasRange():
		r.fail("search.tune.params", "%s is searched already: it has a range", t.Param)
	}
	return t
}

func (r *resolver) rate() (rulespace.Param, bool) { return r.tunable("lr") }

// tunable finds a parameter that all rules of the space share.
func (r *resolver) tunable(name string) (rulespace.Param, bool) {
	if r.space.Template != nil {
		return r.space.Template.Param(name)
	}
	return r.space.Scale, r.space.Scale.Name == name
}

// line resolves a line search.
func (r *resolver) line(path string, c *TuneConfig, points int) outer.Tune {
	switch {
	case len(c.Params) == 0:
		if c.Points != 0 || c.Low != 0 || c.High != 0 {
			r.fail(path, "nothing is tuned, so points, low and high have no meaning here")
		}
		return outer.Tune{}
	case len(c.Params) > 1:
		r.fail(path+".params", "one parameter can be tuned along a line, not %d", len(c.Params))
	case (c.Low == 0) != (c.High == 0):
		r.fail(path, "give both low and high, or neither")
	case c.Low != 0 && !(c.Low < c.High):
		r.fail(path, "low (%v) has to be below high (%v)", c.Low, c.High)
	}
	set(&c.Method, "line")
	set(&c.Points, points)
	return outer.Tune{Param: c.Params[0], Points: c.Points, Low: c.Low, High: c.High}
}

// methods resolves the methods and makes each searcher once, to see whether
// its options are right.
func (r *resolver) methods(plan *outer.Plan) {
	c := &r.c.Search
	if len(c.Method) == 0 {
		c.Method = []MethodConfig{{Name: "discover", options: map[string]string{}}}
	}
	r.pipelines()
	names := namesOf(method.Catalogue(), func(e method.Entry) string { return e.Name })
	used := map[string]bool{}
	for i := range c.Method {
		m := &c.Method[i]
		path := fmt.Sprintf("search.method[%d]", i)
		if len(c.Method) == 1 {
			path = "search.method"
		}
		e, ok := method.ByName(m.Name)
		if !ok {
			r.fail(path, "%q is not a method.%s Methods are %s", m.Name, suggest(m.Name, names), strings.Join(names, ", "))
			continue
		}
		for _, o := range e.Options { // options that stand beside the list
			if v, ok := c.options[o.Name]; ok {
				used[o.Name] = true
				if _, own := m.options[o.Name]; !own {
					m.options[o.Name] = v
				}
			}
		}
		opts := method.Options{Values: m.options, KeepScale: plan.Tune.Param == "" || r.space.ScaleMatters()}
		space, root := r.space, plan.MethodKey(i)
		build := func() (outer.Searcher, error) { return e.New(space, opts, root) }
		if _, err := build(); err != nil {
			for line := range strings.Lines(err.Error()) {
				r.fail(path, "%s", strings.TrimSpace(line))
			}
		}
		plan.Methods = append(plan.Methods, outer.Method{Name: e.Name, New: build, Evaluations: m.Evaluations})
	}
	known := keysOf(reflect.TypeFor[SearchConfig]())
	for _, m := range c.Method {
		if e, ok := method.ByName(m.Name); ok {
			known = append(known, namesOf(e.Options, func(o method.Option) string { return o.Name })...)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(c.options)) {
		if !used[k] {
			r.unknown("search."+k, k, known)
		}
	}
	c.options = nil
}

// pipelines writes the stages of a pipeline in its place.
func (r *resolver) pipelines() {
	c := &r.c.Search
	var out []MethodConfig
	for _, m := range c.Method {
		e, ok := method.ByName(m.Name)
		if !ok || e.Pipeline == nil {
			out = append(out, m)
			continue
		}
		if len(m.options) > 0 {
			r.fail("search.method", "method %s has no options; list its stages to set theirs: %s", m.Name, e.Doc)
		}
		budget := r.c.Budget.Evaluations
		if m.Evaluations > 0 {
			budget = m.Evaluations
		}
		for _, stage := range e.Pipeline(r.space.Kind()) {
			s := MethodConfig{Name: stage.Name, options: maps.Clone(stage.Values)}
			if s.options == nil {
				s.options = map[string]string{}
			}
			if stage.Share > 0 {
				s.Evaluations = max(1, int(stage.Share*float64(budget)))
			}
			out = append(out, s)
		}
	}
	c.Method = out
}

// baselines resolves what to compare with.
func (r *resolver) baselines(plan *outer.Plan) {
	c := r.c
	chosen := c.Baselines == nil
	if chosen {
		for _, b := range outer.DefaultBaselines(plan) {
			c.Baselines = append(c.Baselines, BaselineConfig{Name: b.Name})
		}
	}
	kept := []BaselineConfig{}
	for i := range c.Baselines {
		path := fmt.Sprintf("baselines[%d]", i)
		b, err := r.baseline(path, &c.Baselines[i])
		if err == nil {
			err = r.fits(b.Learner, plan)
		}
		switch {
		case err == nil:
			plan.Baselines = append(plan.Baselines, b)
			kept = append(kept, c.Baselines[i])
		case !chosen:
			r.fail(path, "%s", plainText(err))
		}
	}
	c.Baselines = kept
}

func (r *resolver) baseline(path string, c *BaselineConfig) (outer.Baseline, error) {
	b := outer.Baseline{Name: c.Name}
	text := c.Rule
	if text == "" {
		text = c.Name
	}
	e, known := learner.ByName(c.Name)
	_, isRule := classic.Get(c.Name)
	switch {
	case c.Name == "":
		return b, errors.New("the name is missing")
	case c.Rule == "" && known && !(isRule && e.Circuit == r.credit.Name):
		b.Title = e.Title
		b.Learner = e.Learner()
		b.Learner.Credit = r.c.Learner.circuit(e.Circuit)
	case c.Rule == "" && !isRule:
		names := append(namesOf(learner.Catalogue(), func(e learner.Entry) string { return e.Name }),
			namesOf(classic.All(), func(r *rulespace.Rule) string { return r.Name })...)
		return b, fmt.Errorf("%q is neither a learner nor a classic rule.%s", c.Name, suggest(c.Name, names))
	default:
		rule, err := findRule(text)
		if err != nil {
			return b, err
		}
		b.Title = rule.Title
		b.Learner = learner.Learner{Credit: r.credit, Rule: rule}
		if known {
			b.Title, b.Learner.FreezeHidden = e.Title, e.Frozen
		}
	}
	if c.Credit != "" {
		if _, ok := credit.ByName(c.Credit); !ok {
			return b, fmt.Errorf("%q is not a circuit", c.Credit)
		}
		b.Learner.Credit = r.c.Learner.circuit(c.Credit)
	}
	if c.Tune.Params == nil {
		c.Tune.Params = []string{}
		if _, ok := b.Learner.Rule.Param("lr"); ok {
			c.Tune.Params = []string{"lr"}
		}
	}
	b.Tune = r.line(path+".tune", &c.Tune, 9)
	return b, nil
}

// fits reports why a learner cannot work in some setting.
func (r *resolver) fits(l learner.Learner, plan *outer.Plan) error {
	for _, s := range r.settings {
		t := trial.Trial{Task: s.Task, Network: s.Network, Learner: l, Batch: s.Batch, Steps: s.Steps, Limits: plan.Limits, Pruning: plan.Pruning}
		if err := t.Check(); err != nil {
			return err
		}
	}
	return nil
}

// digest identifies everything that results depend on.
func (s *search) digest() string {
	c := s.config
	c.Workers, c.Data = 0, ""
	sum := sha256.Sum256(c.encode(nil))
	return hex.EncodeToString(sum[:16])
}

// root is where the randomness of a verb other than search comes from.
func root(verb string, seed uint64) key.Key { return key.Root(seed).Child(verb, 0) }
