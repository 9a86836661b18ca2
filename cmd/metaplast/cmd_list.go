package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/device"
	"github.com/metaplast/metaplast/inner/learner"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/outer/method"
	"github.com/metaplast/metaplast/rulespace/classic"
	"github.com/metaplast/metaplast/rulespace/render"
	"github.com/metaplast/metaplast/tasks"
)

// listing is one kind of thing that can be listed.
type listing struct {
	kind  string
	doc   string
	items func() []listItem
}

// listItem is one thing: as a row of the table, as JSON, and in full.
type listItem struct {
	name   string
	row    []string
	json   any
	detail func() (string, error)
}

func listings() []listing {
	return []listing{
		{"learners", "credit circuit and rule joined: what people use, and what rules are compared with", listLearners},
		{"rules", "classic plasticity rules with equation and source", listRules},
		{"tasks", "what there is to learn", listTasks},
		{"devices", "what holds the weights", listDevices},
		{"searchers", "search methods", listSearchers},
		{"signals", "what rules may read", listSignals},
		{"primitives", "what rules may compute", listPrimitives},
	}
}

func (a *app) listCommand() *cobra.Command {
	var asJSON bool
	kinds := namesOf(listings(), func(l listing) string { return l.kind })
	cmd := &cobra.Command{
		Use:       "list " + strings.Join(kinds, "|") + " [NAME]",
		Short:     "Show what can be named: learners, rules, tasks, signals, …",
		ValidArgs: kinds,
		Args:      cobra.MaximumNArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				t := newTable(a.stdout)
				for _, l := range listings() {
					t.row("metaplast list "+l.kind, l.doc)
				}
				return t.flush()
			}
			name := ""
			if len(args) == 2 {
				name = args[1]
			}
			return a.list(args[0], name, asJSON)
		},
	}
	addJSON(cmd, &asJSON)
	return cmd
}

func (a *app) list(kind, name string, asJSON bool) error {
	all := listings()
	i := slices.IndexFunc(all, func(l listing) bool { return l.kind == kind || l.kind == kind+"s" })
	if i < 0 {
		kinds := namesOf(all, func(l listing) string { return l.kind })
		return usagef("list %s: there is no such list.%s There are %s", kind, suggest(kind, kinds), strings.Join(kinds, ", "))
	}
	items := all[i].items()
	if name != "" {
		names := namesOf(items, func(it listItem) string { return it.name })
		at := slices.Index(names, name)
		if at < 0 {
			return usagef("list %s: %q is not there.%s", all[i].kind, name, suggest(name, names))
		}
		items = items[at : at+1]
		if !asJSON && items[0].detail != nil {
			text, err := items[0].detail()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(a.stdout, strings.TrimRight(text, "\n"))
			return err
		}
	}
	if asJSON {
		for _, it := range items {
			if err := jsonLine(a.stdout, it.json); err != nil {
				return err
			}
		}
		return jsonLine(a.stdout, listResult{"result", len(items)})
	}
	t := newTable(a.stdout)
	for _, it := range items {
		t.row(it.row...)
	}
	return t.flush()
}

// listResult is the last line of list --json.
type listResult struct {
	Type  string `json:"type"` // "result"
	Count int    `json:"count"`
}

// notNil keeps empty lists from becoming null.
func notNil(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

func listLearners() []listItem {
	type learnerJSON struct {
		Type       string            `json:"type"` // "learner"
		Name       string            `json:"name"`
		Title      string            `json:"title"`
		Circuit    string            `json:"circuit"`
		Rule       string            `json:"rule"`
		DW         string            `json:"dw"`
		DB         string            `json:"db"`
		DFB        string            `json:"dfb"`
		Supervised bool              `json:"supervised"`
		Locality   []string          `json:"locality"`
		Passes     float64           `json:"passes"`
		LR         float64           `json:"lr"`
		Batch      int               `json:"batch"`
		Reference  string            `json:"reference"`
		Output     string            `json:"output_rule,omitempty"` // of the connection to the output, where it is another one
		Options    map[string]string `json:"options"`               // of the circuit, where they are not the default
		Check      string            `json:"check"`
	}
	var out []listItem
	for _, e := range learner.Catalogue() {
		local := "local"
		if len(e.Locality) > 0 {
			local = strings.Join(e.Locality, ", ")
		}
		out = append(out, listItem{
			name: e.Name,
			row:  []string{e.Name, e.Circuit, "Δw = " + e.DW, e.Title},
			json: learnerJSON{"learner", e.Name, e.Title, e.Circuit, e.RuleName, e.DW, e.DB, e.DFB, e.Supervised,
				notNil(e.Locality), e.Passes, e.Rate, e.Batch, e.Reference,
				e.OutputRule, notNilMap(e.Options), e.Check},
			detail: func() (string, error) {
				lines := []string{e.Name + ": " + e.Title, "circuit " + e.Circuit, "dw  " + e.DW}
				if e.DB != "" {
					lines = append(lines, "db  "+e.DB)
				}
				if e.DFB != "" {
					lines = append(lines, "dfb "+e.DFB)
				}
				if e.OutputRule != "" {
					lines = append(lines, fmt.Sprintf("output connection: rule %s, lr %v", e.OutputRule, e.OutputRate))
				}
				lines = append(lines, "locality: "+local, fmt.Sprintf("%v forward passes per sample; default lr %v, batch %d", e.Passes, e.Rate, e.Batch))
				lines = append(lines, learnerCost(e)...)
				if e.Frozen {
					lines = append(lines, "hidden layers do not learn")
				}
				circuit, _ := credit.ByName(e.Circuit)
				settings := circuit.Settings()
				return strings.Join(append(lines, e.Reference), "\n") + optionTable(len(settings), func(i int) []string {
					o := settings[i]
					if v, ok := e.Options[o.Name]; ok {
						o.Default = v
					}
					return []string{o.Name, o.Default, o.Range, o.Doc}
				}), nil
			},
		})
	}
	return out
}

// learnerCost says what a learner takes in a network of two hidden layers, or
// of one or none where it cannot work in that.
func learnerCost(e learner.Entry) []string {
	var sorry error
	for _, sizes := range [][]int{{784, 256, 256, 10}, {784, 256, 10}, {784, 10}} {
		cfg := network.Config{Sizes: sizes, Hidden: network.Activation{Name: e.Network.Hidden}, Output: network.Activation{Name: e.Network.Output},
			Loss: e.Network.Loss, Bias: !e.Network.NoBias}
		cost, err := e.Cost(cfg, e.Batch)
		if err == nil {
			return []string{fmt.Sprintf("in %s: products of %s multiply-adds per weight and sample (a forward pass is 1), state of %s bytes per synapse and %s per unit and sample",
				Sizes(cfg.Layers()), short(cost.MultiplyAdds), short(cost.SynapseBytes), short(cost.UnitBytes))}
		}
		sorry = err
	}
	return []string{"cost not counted: " + plainText(sorry)}
}

func notNilMap(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

func listRules() []listItem {
	type ruleJSON struct {
		Type  string `json:"type"` // "rule"
		Name  string `json:"name"`
		Title string `json:"title"`
		slotsJSON
		Params     map[string]float64 `json:"params"`
		Complexity int                `json:"complexity"`
		Canonical  string             `json:"canonical"`
		Digest     string             `json:"digest"`
		Locality   []string           `json:"locality"`
		Source     string             `json:"source"`
	}
	var out []listItem
	for _, r := range classic.All() {
		out = append(out, listItem{
			name: r.Name,
			row:  []string{r.Name, "Δw = " + r.DW.String(), r.Title},
			json: ruleJSON{"rule", r.Name, r.Title, slotsOf(r), paramsOf(r), r.Complexity(), r.CanonicalText(), r.Digest(),
				notNil(r.Locality()), r.Source},
			detail: func() (string, error) { return render.Render(r, "text") },
		})
	}
	return out
}

func listTasks() []listItem {
	type optionJSON struct {
		Name    string `json:"name"`
		Default string `json:"default"`
		Range   string `json:"range"`
		Doc     string `json:"doc"`
	}
	type taskJSON struct {
		Type    string       `json:"type"` // "task"
		Name    string       `json:"name"`
		Title   string       `json:"title"`
		Kind    string       `json:"kind"`
		Doc     string       `json:"doc"`
		Files   bool         `json:"files"`
		Get     string       `json:"get,omitempty"`
		Options []optionJSON `json:"options"`
	}
	var out []listItem
	for _, e := range tasks.Catalogue() {
		j := taskJSON{"task", e.Name, e.Title, e.Kind, e.Doc, e.Files, e.Get, []optionJSON{}}
		for _, o := range e.Options {
			j.Options = append(j.Options, optionJSON{o.Name, o.Default, o.Range, o.Doc})
		}
		name := e.Name
		if e.Path != "" {
			name += ":" + e.Path
		}
		out = append(out, listItem{
			name: e.Name, row: []string{name, e.Kind, e.Title}, json: j,
			detail: func() (string, error) {
				lines := []string{name + ": " + e.Title, e.Doc}
				if e.Get != "" {
					lines = append(lines, e.Get)
				}
				return strings.Join(lines, "\n") + optionTable(len(e.Options), func(i int) []string {
					o := e.Options[i]
					return []string{o.Name, o.Default, o.Range, o.Doc}
				}), nil
			},
		})
	}
	return out
}

// optionTable lists options below what they belong to.
func optionTable(n int, row func(int) []string) string {
	if n == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("\n\n")
	t := newTable(&b)
	header := []string{"option", "default", "range", "meaning"}
	if len(row(0)) == 3 {
		header = []string{"option", "default", "meaning"}
	}
	t.row(header...)
	for i := range n {
		t.row(row(i)...)
	}
	if err := t.flush(); err != nil {
		return "" // a strings.Builder does not fail
	}
	return b.String()
}

func listDevices() []listItem {
	type deviceJSON struct {
		Type  string `json:"type"` // "device"
		Name  string `json:"name"`
		Title string `json:"title"`
		Doc   string `json:"doc"`
	}
	var out []listItem
	for _, e := range device.Catalogue() {
		out = append(out, listItem{name: e.Name, row: []string{e.Name, e.Title, e.Doc}, json: deviceJSON{"device", e.Name, e.Title, e.Doc}})
	}
	return out
}

func listSearchers() []listItem {
	type optionJSON struct {
		Name    string `json:"name"`
		Default string `json:"default"`
		Doc     string `json:"doc"`
	}
	type searcherJSON struct {
		Type    string       `json:"type"` // "searcher"
		Name    string       `json:"name"`
		Title   string       `json:"title"`
		Doc     string       `json:"doc"`
		Spaces  []string     `json:"spaces"`
		Options []optionJSON `json:"options"`
	}
	var out []listItem
	for _, e := range method.Catalogue() {
		j := searcherJSON{"searcher", e.Name, e.Title, e.Doc, e.Spaces, []optionJSON{}}
		for _, o := range e.Options {
			j.Options = append(j.Options, optionJSON{o.Name, o.Default, o.Doc})
		}
		out = append(out, listItem{
			name: e.Name, row: []string{e.Name, strings.Join(e.Spaces, ", "), e.Title}, json: j,
			detail: func() (string, error) {
				return e.Name + ": " + e.Title + "\n" + e.Doc + "\nsearches: " + strings.Join(e.Spaces, ", ") +
					optionTable(len(e.Options), func(i int) []string {
						o := e.Options[i]
						return []string{o.Name, o.Default, o.Doc}
					}), nil
			},
		})
	}
	return out
}

func listSignals() []listItem {
	type signalJSON struct {
		Type     string   `json:"type"` // "signal"
		Name     string   `json:"name"`
		Scope    string   `json:"scope"`
		Unit     string   `json:"unit"`
		Local    bool     `json:"local"`
		Doc      string   `json:"doc"`
		Circuits []string `json:"circuits"`
	}
	var out []listItem
	for _, s := range allSignals() {
		info := s.Info()
		circuits := []string{}
		for _, c := range credit.Catalogue() {
			if (c.Provides | c.Output).Has(s) {
				circuits = append(circuits, c.Name)
			}
		}
		out = append(out, listItem{
			name: info.Name,
			row:  []string{info.Name, info.Scope.String(), info.Unit.String(), info.Doc, strings.Join(circuits, " ")},
			json: signalJSON{"signal", info.Name, info.Scope.String(), info.Unit.String(), info.Local, info.Doc, circuits},
		})
	}
	return out
}

func listPrimitives() []listItem {
	type primitiveJSON struct {
		Type  string `json:"type"` // "primitive"
		Name  string `json:"name"`
		Arity int    `json:"arity"`
		Doc   string `json:"doc"`
	}
	var out []listItem
	for _, op := range allOps() {
		i := op.Info()
		out = append(out, listItem{name: i.Name, row: []string{i.Name, fmt.Sprint(i.Arity), i.Doc}, json: primitiveJSON{"primitive", i.Name, i.Arity, i.Doc}})
	}
	return out
}
