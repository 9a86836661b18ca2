package main

import (
	"fmt"
	"math"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/tasks"
)

// Config is a search as a person writes it. Tags say what a setting is
// called, where its values end and what it means; the decoder, the JSON Schema
// and the resolved config are made from them. Zero values are defaults, which
// resolve fills in.
type Config struct {
	Name       string           `key:"name" doc:"names the run directory; the name of the file by default"`
	Seed       uint64           `key:"seed" doc:"all randomness comes from it"`
	Task       []TaskConfig     `key:"task" doc:"what to learn: one or more; scores are averaged"`
	HeldOut    []TaskConfig     `key:"held_out" doc:"tasks that are never searched on, only scored at the end"`
	Learner    LearnerConfig    `key:"learner" doc:"network and credit circuit that candidates work in"`
	Rule       RuleConfig       `key:"rule" doc:"the rules to search: signals and primitives, or a template, or terms"`
	Search     SearchConfig     `key:"search" doc:"how to search"`
	Budget     BudgetConfig     `key:"budget" doc:"when to end"`
	Baselines  []BaselineConfig `key:"baselines" doc:"learners to compare with, each at its own best rate; chosen by circuit and task when absent"`
	Rediscover RediscoverConfig `key:"rediscover" doc:"how metaplast rediscover judges what this search finds; the reference is the baseline of that name"`
	Fresh      int              `key:"fresh" min:"1" max:"1000" doc:"seeds of the final validation, which the search never sees; default 10"`
	Device     string           `key:"device" doc:"what holds the weights; default ideal"`
	Data       string           `key:"data" doc:"directory of data sets; looked at before METAPLAST_DATA, ./data and the user's cache"`
	Workers    Workers          `key:"workers" doc:"trials at a time, or auto for one per core; results do not depend on it"`
}

// TaskConfig is a task with its options, written "pca:dims=8" or
// {name: pca, dims: 8, steps: 4000}.
type TaskConfig struct {
	Name    string  `key:"name" doc:"name of the task; metaplast list tasks shows them with their options"`
	Steps   int     `key:"steps" min:"1" doc:"samples of one life; the task's own number by default"`
	Epochs  float64 `key:"epochs" min:"0" doc:"the same in passes over the training set"`
	Batch   int     `key:"batch" min:"1" max:"65536" doc:"samples per update; the learner's by default"`
	Network Sizes   `key:"network" doc:"layers for this task; the learner's by default"`

	options map[string]string
}

// LearnerConfig is a network and its credit circuit.
type LearnerConfig struct {
	Credit    string  `key:"credit" doc:"circuit that provides the signals; by default the cheapest that covers the rule"`
	Network   Sizes   `key:"network" doc:"layers, input to output, such as 784-128-10 or 28x28-c8k5p2-64-10; in and out stand for those of the task; see metaplast help networks"`
	Hidden    string  `key:"hidden" doc:"activation of hidden layers; default tanh"`
	Output    string  `key:"output" doc:"activation of the output; softmax for classification, else linear"`
	Beta      float64 `key:"beta" min:"0" max:"1000" doc:"sharpness of softplus; default 1"`
	Loss      string  `key:"loss" enum:"squared,cross-entropy" doc:"cross-entropy for softmax outputs, else squared"`
	Bias      *bool   `key:"bias" doc:"units have a bias; default false"`
	Init      string  `key:"init" enum:"glorot,he,normal,zero" doc:"initial weights; default glorot"`
	InitScale float64 `key:"init_scale" min:"0" max:"1e6" doc:"factor on the initial weights; default 1"`
	Batch     int     `key:"batch" min:"1" max:"65536" doc:"samples per update; default 1"`

	OutputRule string  `key:"output_rule" doc:"a fixed rule for the connection to the output; the candidate's by default"`
	MaxWeight  float64 `key:"max_weight" min:"0" doc:"a larger weight counts as divergence; default 1e4"`
	MaxRate    float64 `key:"max_rate" min:"0" doc:"a larger activity counts as divergence; default 1e6"`

	Prune     float64  `key:"prune" min:"0" max:"0.999999" doc:"share of the weights to prune; default 0"`
	PruneBy   string   `key:"prune_by" enum:"global,layer,random" doc:"how to choose them; default global: the smallest of the network"`
	PruneFrom *float64 `key:"prune_from" min:"0" max:"1" doc:"when, as share of the life; default 1: after learning"`
	PruneTo   *float64 `key:"prune_to" min:"0" max:"1" doc:"until when, for gradual pruning"`
	PruneKeep int      `key:"prune_keep" min:"0" max:"1000000000" doc:"weights that each connection keeps at least; default 0"`

	options map[string]string // of the circuit
}

// RuleConfig says which rules are searched.
type RuleConfig struct {
	Signals    []string      `key:"signals" doc:"what the rule may read: the locality budget"`
	Search     Assignments   `key:"search" enum:"dw,dfb,state" doc:"the assignment that is searched: the change of the weights, that of the feedback weights, or the update of a state; a list for dw and dfb at once; default dw"`
	State      string        `key:"state" doc:"name of the state whose update is searched: a number per synapse that starts at 0"`
	Given      string        `key:"given" doc:"the rest of the rule, which is not searched, such as dw: lr*err*pre; db: lr*err"`
	Primitives []string      `key:"primitives" doc:"what the rule may compute"`
	Constants  []float64     `key:"constants" doc:"numbers the rule may contain"`
	Template   string        `key:"template" doc:"a rule whose parameters are searched, such as lr*post*(pre - a*post*w) or dw: lr*err*pre - a*w; dfb: lr*err*pre - b*w"`
	Params     []ParamConfig `key:"params" doc:"parameters of the template, or values of those of the given part"`
	Terms      []TermConfig  `key:"terms" doc:"expressions of which the rule is a weighted sum"`
}

// Assignments of a rule, written dfb or [dw, dfb].
type Assignments []string

func (a Assignments) encodeConfig() any {
	if len(a) == 1 {
		return a[0]
	}
	return []string(a)
}

// ParamConfig is a parameter of a template.
type ParamConfig struct {
	Name  string   `key:"name" doc:"as it stands in the template"`
	Value *float64 `key:"value" doc:"value to start from, and to keep where there is no range"`
	Low   *float64 `key:"low" doc:"end of the range to search"`
	High  *float64 `key:"high" doc:"end of the range to search"`
	Scale string   `key:"scale" enum:"linear,log" doc:"how the range is divided; default linear"`
}

// TermConfig is a summand, written pre*post or {term: pre*post, low: 0.001, …}.
type TermConfig struct {
	Name     string   `key:"name" doc:"name of its coefficient; c1, c2, … by default"`
	Term     string   `key:"term" doc:"an expression over signals"`
	In       string   `key:"in" enum:"dw,dfb" doc:"the assignment that it is a summand of; that of search by default"`
	Low      *float64 `key:"low" doc:"end of the coefficient's range, or of its magnitude; default 0.0001"`
	High     *float64 `key:"high" doc:"end of the coefficient's range, or of its magnitude; default 1"`
	Scale    string   `key:"scale" enum:"linear,log" doc:"how the range is divided; default log, linear where the range is not positive"`
	Sign     string   `key:"sign" enum:"positive,negative,either" doc:"sign of the coefficient on a log scale; default either"`
	Optional *bool    `key:"optional" doc:"the term may be absent; default true where only term is given"`
}

// RediscoverConfig says when a rule counts as the reference found again.
type RediscoverConfig struct {
	Match     string  `key:"match" enum:"equation,support,signs" doc:"equation: the same monomials with coefficients of the same ratios, the default; support: the same monomials with the same signs; signs: the monomials of the reference with its signs, and perhaps more"`
	Tolerance float64 `key:"tolerance" min:"0" max:"1" doc:"relative error of the ratios; default 0.05"`
	Against   string  `key:"against" doc:"the baseline that the score is compared with; default reference"`
	Margin    float64 `key:"margin" min:"0" max:"1" doc:"by how much the score may be lower; default 0.02"`
}

// SearchConfig says how to search. Options of the methods stand beside its
// own settings, or with the method in a list.
type SearchConfig struct {
	Method        []MethodConfig `key:"method" doc:"how to search, or a list of methods run in turn; metaplast list searchers shows them; default discover"`
	MaxComplexity int            `key:"max_complexity" min:"1" max:"100" doc:"nodes of the largest rule; default 7"`
	Rungs         []RungConfig   `key:"rungs" doc:"stages of the race, cheapest first"`
	Tune          TuneConfig     `key:"tune" doc:"what is tuned for every structure, apart from it"`
	Objective     string         `key:"objective" enum:"locality,energy,robustness" doc:"what to keep small besides the size of rules: signals that are not at the synapse, operations per synapse, or the distance of the worst trial from the mean; the front then weighs three things, and nsga2 searches for all of it"`
	Cohort        int            `key:"cohort" min:"1" max:"100000" doc:"rules that race together; default 64"`

	options map[string]string
}

// MethodConfig is a method with its options, written cgp or
// {name: cgp, columns: 30, evaluations: 1000}.
type MethodConfig struct {
	Name        string `key:"name" doc:"name of the method"`
	Evaluations int    `key:"evaluations" min:"1" doc:"what it may spend; all that is left by default"`

	options map[string]string
}

// RungConfig is a stage of the race.
type RungConfig struct {
	Steps float64 `key:"steps" min:"0" max:"1" doc:"fraction of a life"`
	Seeds int     `key:"seeds" min:"1" max:"10000" doc:"replicates; default 1"`
	Keep  float64 `key:"keep" min:"0" max:"1" doc:"fraction that goes on to the next stage; default all"`
}

// TuneConfig is a search along one parameter.
type TuneConfig struct {
	Params []string `key:"params" doc:"parameter to tune, [lr] by default; [] for none"`
	Method string   `key:"method" enum:"line" doc:"a line search on a logarithmic scale"`
	Points int      `key:"points" min:"2" max:"100" doc:"values of the first rung; default 5"`
	Low    float64  `key:"low" min:"0" doc:"smallest value; default 0.0001"`
	High   float64  `key:"high" min:"0" doc:"largest value; default 1"`
}

// BudgetConfig ends a search.
type BudgetConfig struct {
	Evaluations int `key:"evaluations" min:"1" doc:"rules to try at most, those known already not counted; default 10000"`
}

// BaselineConfig is a learner to compare with: the name of a learner (bp) or
// of a classic rule (error), which then runs in the circuit of the search, or
// {name: …, rule: …, tune: …}.
type BaselineConfig struct {
	Name   string     `key:"name" doc:"learner, classic rule, or a name for rule"`
	Rule   string     `key:"rule" doc:"a rule file, a classic rule or text"`
	Credit string     `key:"credit" doc:"its circuit; that of the learner or the search by default"`
	Tune   TuneConfig `key:"tune" doc:"[lr] at 9 values by default"`
}

// Workers is a number of workers; 0 stands for auto, one per core.
type Workers int

func (w *Workers) decodeConfig(d *decoder, path string, in any) {
	if in == "auto" {
		*w = 0
		return
	}
	n, ok := integer(in)
	if !ok || n < 1 || n > 4096 {
		d.fail(path, "want auto or a number from 1 to 4096, not %s", describe(in))
		return
	}
	*w = Workers(n)
}

func (w Workers) encodeConfig() any {
	if w == 0 {
		return "auto"
	}
	return int(w)
}

// count is the number of workers on this machine.
func (w Workers) count() int {
	if w == 0 {
		return runtime.GOMAXPROCS(0)
	}
	return int(w)
}

// Sizes are the layers of a network, written [784, 128, 10] or 784-128-10, and
// with convolutions [28x28, c8k5p2, 64, 10] (see network.ParseLayer). The words
// in and out, zero here, stand for what the task has.
type Sizes []network.Layer

// maxLayers keeps a typing error from taking all memory.
const maxLayers = 1000

func parseSizes(text string) (Sizes, error) {
	parts := strings.Split(text, "-")
	var s Sizes
	for i, p := range parts {
		p = strings.TrimSpace(p)
		if p == "in" && i == 0 || p == "out" && i == len(parts)-1 {
			s = append(s, network.Layer{})
			continue
		}
		l, err := network.ParseLayer(p)
		if err != nil {
			return nil, fmt.Errorf("network %q: %s; write 784-128-10, in-128-out or in-c8k5p2-64-out; see metaplast help networks", text, plainText(err))
		}
		s = append(s, l)
	}
	if len(s) < 2 || len(s) > maxLayers {
		return nil, fmt.Errorf("network %q has %d layers; write input to output, such as 784-128-10", text, len(s))
	}
	return s, nil
}

func (s *Sizes) decodeConfig(d *decoder, path string, in any) {
	text, ok := in.(string)
	if list, isList := in.([]any); isList {
		parts := make([]string, len(list))
		for i, p := range list {
			parts[i] = strings.Trim(describe(p), `"`)
		}
		text, ok = strings.Join(parts, "-"), true
	}
	if !ok {
		d.fail(path, "want layer sizes, such as [784, 128, 10], not %s", describe(in))
		return
	}
	sizes, err := parseSizes(text)
	if err != nil {
		d.fail(path, "%v", err)
		return
	}
	*s = sizes
}

func (s Sizes) encodeConfig() any {
	out := make([]any, len(s))
	for i, l := range s {
		switch {
		case l.Units > 0:
			out[i] = l.Units
		case l != network.Layer{}:
			out[i] = l.String()
		case i == 0:
			out[i] = "in"
		default:
			out[i] = "out"
		}
	}
	return out
}

func (s Sizes) String() string {
	parts := make([]string, len(s))
	for i, v := range s.encodeConfig().([]any) {
		parts[i] = fmt.Sprint(v)
	}
	return strings.Join(parts, "-")
}

// fit replaces in and out by the sizes of a task and holds the others to it.
func (s Sizes) fit(info tasks.Info) (Sizes, error) {
	out := slices.Clone(s)
	last := len(out) - 1
	convolution := out[1].Convolution.Filters > 0
	if (out[0] == network.Layer{}) {
		out[0].Units = info.In
		if pixels := info.Height * info.Width; convolution && pixels > 0 {
			out[0] = network.Layer{Image: network.Image{Height: info.Height, Width: info.Width, Channels: info.In / pixels}}
		}
	}
	if (out[last] == network.Layer{}) {
		out[last].Units = max(info.Out, 1)
	}
	in := max(out[0].Units, out[0].Image.Units())
	switch {
	case in != info.In:
		return nil, fmt.Errorf("network %v begins with %d units, but task %s has %d inputs; write in-… to follow the task", s, in, info.Name, info.In)
	case info.Out > 0 && last > 0 && out[last].Units > 0 && out[last].Units != info.Out:
		return nil, fmt.Errorf("network %v ends with %d units, but task %s has %d outputs; write …-out to follow the task", s, out[last].Units, info.Name, info.Out)
	case convolution && out[0].Units > 0:
		return nil, fmt.Errorf("network %v has a convolution over %d inputs without a shape; write it, such as 1x%d-%v-…", s, info.In, info.In, out[1])
	}
	return out, nil
}

// defaultSizes is a network for a task when nobody says otherwise.
func defaultSizes(info tasks.Info) Sizes {
	if info.Kind == tasks.Classification {
		return Sizes{{}, {Units: 128}, {}}
	}
	return Sizes{{}, {}}
}

func (t *TaskConfig) decodeConfig(d *decoder, path string, in any) {
	t.options = map[string]string{}
	switch v := in.(type) {
	case string:
		t.setSpec(d, path, v)
	case map[string]any:
		type plain TaskConfig
		rest := d.decodePart(path, v, (*plain)(t))
		if _, ok := v["name"]; !ok {
			d.fail(path, "the name of the task is missing")
			return
		}
		t.setSpec(d, join(path, "name"), t.Name)
		for _, k := range sortedKeys(rest) {
			text, ok := scalarText(rest[k], "no", "yes")
			if !ok {
				d.fail(join(path, k), "want a value, not %s", describe(rest[k]))
				continue
			}
			if old, twice := t.options[k]; twice && old != text {
				d.fail(join(path, k), "given twice: also in the name as %s", old)
			}
			t.options[k] = text
		}
	default:
		d.fail(path, "want a task, such as pca:dims=8 or {name: pca, dims: 8}, not %s", describe(in))
	}
}

// setSpec takes name and options from a task's short form.
func (t *TaskConfig) setSpec(d *decoder, path, text string) {
	if text == "" {
		d.fail(path, "the name of the task is missing")
		return
	}
	spec, err := tasks.ParseSpec(text)
	if err != nil {
		d.fail(path, "%v", err)
		return
	}
	t.Name = spec.Name
	for k, v := range spec.Options {
		t.options[k] = v
	}
}

// spec is the task as the tasks package opens it.
func (t *TaskConfig) spec() tasks.Spec { return tasks.Spec{Name: t.Name, Options: t.options} }

func (m *MethodConfig) decodeConfig(d *decoder, path string, in any) {
	m.options = map[string]string{}
	switch v := in.(type) {
	case string:
		m.Name = v
	case map[string]any:
		type plain MethodConfig
		rest := d.decodePart(path, v, (*plain)(m))
		d.decodeOptions(path, rest, m.options)
	default:
		d.fail(path, "want the name of a method, not %s", describe(in))
	}
}

func (l *LearnerConfig) decodeConfig(d *decoder, path string, in any) {
	l.options = map[string]string{}
	m, ok := in.(map[string]any)
	if !ok {
		d.fail(path, "want settings, such as {credit: none, network: [8, 1]}, not %s", describe(in))
		return
	}
	type plain LearnerConfig
	d.decodeOptions(path, d.decodePart(path, m, (*plain)(l)), l.options)
}

func (s *SearchConfig) decodeConfig(d *decoder, path string, in any) {
	s.options = map[string]string{}
	m, ok := in.(map[string]any)
	if !ok {
		d.fail(path, "want settings, such as {method: enumerate}, not %s", describe(in))
		return
	}
	type plain SearchConfig
	d.decodeOptions(path, d.decodePart(path, m, (*plain)(s)), s.options)
}

func (t *TermConfig) decodeConfig(d *decoder, path string, in any) {
	switch v := in.(type) {
	case string:
		t.Term = v
	case int, float64:
		t.Term = fmt.Sprint(v) // the constant term
	case map[string]any:
		type plain TermConfig
		d.decode(path, in, (*plain)(t))
	default:
		d.fail(path, "want an expression, such as pre*post, not %s", describe(in))
	}
}

func (b *BaselineConfig) decodeConfig(d *decoder, path string, in any) {
	switch v := in.(type) {
	case string:
		b.Name = v
	case map[string]any:
		type plain BaselineConfig
		d.decode(path, in, (*plain)(b))
	default:
		d.fail(path, "want a learner or a rule, such as bp, not %s", describe(in))
	}
}

// decodePart decodes the keys that out has and returns the others.
func (d *decoder) decodePart(path string, m map[string]any, out any) map[string]any {
	known := keysOf(reflect.TypeOf(out).Elem())
	mine, rest := map[string]any{}, map[string]any{}
	for k, v := range m {
		if slices.Contains(known, k) {
			mine[k] = v
		} else {
			rest[k] = v
		}
	}
	d.decode(path, mine, out)
	return rest
}

func (d *decoder) decodeOptions(path string, in map[string]any, out map[string]string) {
	for _, k := range sortedKeys(in) {
		text, ok := scalarText(in[k], "false", "true")
		if !ok {
			d.fail(join(path, k), "want a value, not %s", describe(in[k]))
			continue
		}
		out[k] = text
	}
}

// scalarText is a value as it would be written behind option=.
func scalarText(in any, no, yes string) (string, bool) {
	switch v := in.(type) {
	case string:
		return v, v != ""
	case bool:
		if v {
			return yes, true
		}
		return no, true
	case int, int64, uint64:
		return fmt.Sprint(v), true
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), !math.IsNaN(v) && !math.IsInf(v, 0)
	}
	return "", false
}
