package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/metaplast/metaplast/checkpoints"
	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/learner"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/classic"
	"github.com/metaplast/metaplast/tasks"
)

// setup is a learner and the kind of network it works in; the task is still
// open.
type setup struct {
	name    string
	learner learner.Learner
	config  LearnerConfig // of the network
	sizes   Sizes         // nil: follow the task
	batch   int
	steps   int // samples of one life; 0: the task's own
	device  string
	limits  trial.Limits
}

// on joins a setup with a task.
func (s setup) on(task tasks.Task) (outer.Setting, error) {
	info := task.Info()
	out := outer.Setting{Task: task, Batch: s.batch, Steps: s.steps}
	sizes := s.sizes
	if sizes == nil {
		sizes = defaultSizes(info)
	}
	sizes, err := sizes.fit(info)
	if err != nil {
		return out, invalidf("%w", err)
	}
	if out.Network, err = s.config.network(sizes, info, s.device); err != nil {
		return out, err
	}
	set(&out.Steps, info.Steps)
	set(&out.Batch, 1)
	return out, s.trial(out).Check()
}

// trial is the trial of a setup in a setting, without its key.
func (s setup) trial(at outer.Setting) trial.Trial {
	return trial.Trial{Task: at.Task, Network: at.Network, Learner: s.learner, Batch: at.Batch, Steps: at.Steps, Split: tasks.Test, Limits: s.limits, Pruning: s.config.pruning()}
}

// readoutRate is the learning rate of outputs that are added to learners
// without targets.
const readoutRate = 0.01

// addReadout gives learners of hidden layers that know no targets an output
// connection that learns by the delta rule, where the task has targets.
func (s *setup) addReadout(info tasks.Info) {
	sizes := s.sizes
	if sizes == nil {
		sizes = defaultSizes(info)
	}
	connections := len(sizes) - 1
	if !supervised(info) || connections < 2 || s.learner.OutputRule != nil || s.learner.Supervised(connections) {
		return
	}
	e, _ := learner.ByName("delta")
	s.learner.OutputRule = e.Learner().Rule
	if r, err := withParams(s.learner.OutputRule, []rulespace.Param{{Name: "lr", Value: readoutRate}}); err == nil {
		s.learner.OutputRule = r
	}
}

// learnerFlags choose a learner and its network on the command line.
type learnerFlags struct {
	learner, network, hidden, output, loss, device string
	bias                                           string
	batch, epochs, steps                           int
	lr                                             float64
	prune, pruneFrom, pruneTo                      float64
	pruneBy                                        string
	pruneKeep                                      int
	params, options                                []string
}

func (f *learnerFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.learner, "learner", "", "a learner `L` (metaplast list learners); with a rule, only its circuit")
	flags.StringVar(&f.network, "network", "", "`LAYERS` from input to output, such as 784-128-10 or in-c8k5p2-64-out (metaplast help networks)")
	flags.StringVar(&f.hidden, "hidden", "", "`ACTIVATION` of hidden layers: linear, tanh, relu, softplus(10), sigmoid, sign")
	flags.StringVar(&f.output, "activation", "", "`ACTIVATION` of the output, softmax for classification by default")
	flags.StringVar(&f.loss, "loss", "", "squared or cross-entropy")
	flags.StringVar(&f.bias, "bias", "auto", "units have a bias: yes, no, or auto: where the rule changes it")
	flags.StringVar(&f.device, "device", "ideal", "what holds the weights `D`")
	flags.IntVar(&f.batch, "batch", 0, "samples per update `N`; the learner's by default")
	flags.IntVar(&f.epochs, "epochs", 0, "passes over the training samples `N`")
	flags.IntVar(&f.steps, "steps", 0, "samples to learn from `N`, instead of epochs")
	flags.Float64Var(&f.lr, "lr", 0, "learning rate `X`; the learner's or the rule's by default")
	flags.StringArrayVar(&f.params, "param", nil, "set a parameter of the rule, `name=value`")
	flags.Float64Var(&f.prune, "prune", 0, "prune the share `X` of the weights")
	flags.StringVar(&f.pruneBy, "prune-by", "", "global (the smallest of the network), layer or random")
	flags.Float64Var(&f.pruneFrom, "prune-from", 1, "prune after the share `X` of the life; after learning by default")
	flags.Float64Var(&f.pruneTo, "prune-to", 0, "prune gradually until the share `X` of the life; at once by default")
	flags.IntVar(&f.pruneKeep, "prune-keep", 0, "weights `N` that each connection keeps at least")
	flags.StringArrayVar(&f.options, "option", nil, "set an option of the circuit, `name=value` (metaplast list learners NAME)")
	cmd.MarkFlagsMutuallyExclusive("epochs", "steps")
}

func (f *learnerFlags) check() error {
	for _, v := range []struct {
		name  string
		value float64
	}{{"batch", float64(f.batch)}, {"epochs", float64(f.epochs)}, {"steps", float64(f.steps)}, {"lr", f.lr}} {
		if v.value < 0 {
			return usagef("--%s %v: it cannot be negative", v.name, v.value)
		}
	}
	if !slices.Contains([]string{"auto", "yes", "no"}, f.bias) {
		return usagef("--bias %s: want yes, no or auto", f.bias)
	}
	return nil
}

// ruleParams are the parameters that flags set.
func (f *learnerFlags) ruleParams() ([]rulespace.Param, error) {
	params, err := parseParams(f.params)
	if err != nil {
		return nil, err
	}
	if f.lr > 0 {
		params = append(params, rulespace.Param{Name: "lr", Value: f.lr})
	}
	return params, nil
}

// setup makes a setup of flags and a rule, which may be a reference to none.
func (f *learnerFlags) setup(ref ruleRef) (setup, error) {
	s := setup{device: f.device}
	var err error
	if ref.run != "" {
		if s, err = runSetup(ref.run); err != nil {
			return s, err
		}
	}
	s.name = ref.text
	if f.learner != "" {
		e, ok := learner.ByName(f.learner)
		if !ok {
			names := namesOf(learner.Catalogue(), func(e learner.Entry) string { return e.Name })
			return s, invalidf("%q is not a learner.%s Learners are %s", f.learner, suggest(f.learner, names), strings.Join(names, ", "))
		}
		own := s.learner.Credit
		s.learner = e.Learner()
		if own.Name == s.learner.Credit.Name {
			s.learner.Credit = own // with the constants of the run
		}
		if s.batch == 0 {
			s.batch = e.Batch
		}
		s.config.prefer(e.Network)
		if ref.rule == nil {
			s.name = e.Name
			params, err := f.ruleParams()
			if err != nil {
				return s, err
			}
			if s.learner.Rule, err = withParams(s.learner.Rule, params); err != nil {
				return s, err
			}
		}
	}
	if ref.rule != nil {
		s.learner.Rule = ref.rule
	}
	if err := f.applyNetwork(&s); err != nil {
		return s, err
	}
	if s.learner.Credit.Name == "" {
		space := &rulespace.Space{Template: s.learner.Rule}
		for connections := 2; connections > 0 && s.learner.Credit.Name == ""; connections-- {
			s.learner.Credit.Name, _ = cheapestCircuit(func(e credit.Entry) bool {
				return missingSignals(space, e, connections) == 0 && (e.Feedback || s.learner.Rule.DFB == nil)
			})
		}
		if s.learner.Credit.Name == "" {
			return s, invalidf("rule %s reads %s; no circuit provides all of these", shorten(ref.text), s.learner.Rule.Needs())
		}
	}
	for _, text := range f.options {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return s, usagef("--option %s: want name=value, such as --option sigma=0.01", text)
		}
		s.learner.Credit = s.learner.Credit.With(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	if _, err := s.learner.Credit.Resolve(); err != nil {
		return s, invalidf("%s", plainText(err))
	}
	return s, nil
}

// applyNetwork takes what flags say about the network.
func (f *learnerFlags) applyNetwork(s *setup) error {
	c := &s.config
	if f.prune > 0 {
		c.Prune, c.PruneBy, c.PruneKeep = f.prune, f.pruneBy, f.pruneKeep
		c.PruneFrom, c.PruneTo = &f.pruneFrom, &f.pruneTo
		if f.pruneTo == 0 {
			c.PruneTo = c.PruneFrom
		}
	}
	for _, v := range []struct{ to, from *string }{{&c.Hidden, &f.hidden}, {&c.Output, &f.output}, {&c.Loss, &f.loss}} {
		if *v.from != "" {
			*v.to = *v.from
		}
	}
	bias := s.learner.Rule.DB != nil
	switch {
	case f.bias != "auto":
		bias = f.bias == "yes"
		c.Bias = &bias
	case c.Bias == nil:
		c.Bias = &bias
	}
	if f.network != "" {
		sizes, err := parseSizes(f.network)
		if err != nil {
			return usagef("--network: %v", err)
		}
		s.sizes = sizes
	}
	if f.batch > 0 {
		s.batch = f.batch
	}
	if f.device != "" {
		s.device = f.device
	}
	return nil
}

// length says how many samples a life has.
func (f *learnerFlags) length(s *setup, info tasks.Info) error {
	switch {
	case f.steps > 0:
		s.steps = f.steps
	case f.epochs > 0 && info.TrainSize == 0:
		return usagef("--epochs: task %s never ends, so it has no epochs; give --steps", info.Name)
	case f.epochs > 0:
		s.steps = f.epochs * info.TrainSize
	}
	return nil
}

// runSetup is the learner of a run, without its rule, for tasks of any size.
func runSetup(dir string) (setup, error) {
	c, err := readRunConfig(dir)
	if err != nil {
		return setup{}, err
	}
	s := setup{
		config: c.Learner, batch: c.Learner.Batch, device: c.Device,
		learner: learner.Learner{Credit: c.Learner.circuit(c.Learner.Credit)},
		limits:  trial.Limits{Weight: c.Learner.MaxWeight, Activity: c.Learner.MaxRate},
	}
	if len(c.Task) > 0 {
		s.sizes = slices.Clone(c.Task[0].Network)
		s.steps = c.Task[0].Steps
		s.batch = c.Task[0].Batch
	}
	if len(s.sizes) > 0 { // the ends follow the task, but for the shape of an image
		if s.sizes[0].Units > 0 {
			s.sizes[0] = network.Layer{}
		}
		s.sizes[len(s.sizes)-1] = network.Layer{}
	}
	if c.Learner.OutputRule != "" {
		s.learner.OutputRule, err = findRule(c.Learner.OutputRule)
	}
	return s, err
}

// readRunConfig reads the resolved config of a run.
func readRunConfig(dir string) (Config, error) {
	file := filepath.Join(dir, checkpoints.ResolvedName)
	data, err := os.ReadFile(file)
	if err != nil {
		return Config{}, fmt.Errorf("read run %s: %w", dir, err)
	}
	s, err := mergeSettings(file, data, scalarPaths(reflect.TypeFor[Config](), ""), nil, nil)
	if err != nil {
		return Config{}, err
	}
	d := decoder{s: s}
	var c Config
	d.decode("", s.tree, &c)
	return c, d.err()
}

// baselineSetups are what a rule is compared with: by name, or, for a rule of
// a run, the baselines of that run at the values they had there.
func baselineSetups(names []string, ref ruleRef, main setup) ([]setup, error) {
	if slices.Equal(names, []string{"none"}) {
		return nil, nil
	}
	var tuned []baselineJSON
	if ref.run != "" {
		out, _, err := readOutcome(ref.run)
		if err != nil {
			return nil, err
		}
		tuned = out.Baselines
		if names == nil {
			names = namesOf(tuned, func(b baselineJSON) string { return b.Name })
		}
	}
	var out []setup
	for _, name := range names {
		s := main
		s.name = name
		e, known := learner.ByName(name)
		rule, isRule := classic.Get(name)
		switch {
		case known && !(isRule && e.Circuit == main.learner.Credit.Name):
			s.learner = e.Learner()
			s.learner.Credit = main.config.circuit(e.Circuit)
		case isRule:
			s.learner = learner.Learner{Credit: main.learner.Credit, Rule: rule}
		default:
			return nil, invalidf("baseline %q is neither a learner nor a classic rule", name)
		}
		for _, b := range tuned {
			if b.Name != name || b.Value == nil {
				continue
			}
			var err error
			if s.learner.Rule, err = withParams(s.learner.Rule, []rulespace.Param{{Name: b.Param, Value: float64(*b.Value)}}); err != nil {
				return nil, err
			}
		}
		out = append(out, s)
	}
	return out, nil
}

// openTask opens a task by its short form. Sets of data give all their
// training samples, unless some are set apart on request: nothing is chosen
// by the validation part here.
func openTask(text string, limit int, data string) (tasks.Task, error) {
	spec, err := tasks.ParseSpec(text)
	if err != nil {
		return nil, err
	}
	e, ok := taskEntry(spec.Name)
	has := func(name string) bool {
		return ok && slices.ContainsFunc(e.Options, func(o tasks.Option) bool { return o.Name == name })
	}
	if _, given := spec.Options["val"]; has("val") && !given {
		spec.Options["val"] = "0"
	}
	if limit > 0 {
		if !has("limit") {
			return nil, usagef("--limit: task %s makes its samples as it goes; give --steps", spec.Name)
		}
		spec.Options["limit"] = fmt.Sprint(limit)
	}
	return tasks.Open(spec, source(data))
}

func taskEntry(name string) (tasks.Entry, bool) {
	for _, e := range tasks.Catalogue() {
		if e.Name == name {
			return e, true
		}
	}
	return tasks.Entry{}, false
}

// taskName is the name of a task without what openTask added.
func taskName(info tasks.Info) string {
	name := strings.TrimSuffix(strings.ReplaceAll(info.Name, "val=0,", ""), ",val=0")
	return strings.TrimSuffix(strings.TrimSuffix(name, ":val=0"), "#val=0")
}

// supervised reports whether a task has targets, and so a loss.
func supervised(info tasks.Info) bool { return info.Kind != tasks.Unsupervised }

var errNoRule = errors.New("which rule? Give --learner, --rule or both")
