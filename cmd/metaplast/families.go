package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/metaplast/metaplast/checkpoints"
)

// maxFamilies is more than families.csv of any search has, in bytes.
const maxFamilies = 16 << 20

// familyJSON is a family of rules, those that read the same signals and whose
// Hebbian terms have the same sign, and its best rule.
type familyJSON struct {
	Type       string             `json:"type"` // "family"
	Signals    []string           `json:"signals"`
	Hebb       string             `json:"hebb"`  // sign of pre*post in dw: +, - or absent
	Sizes      [2]int             `json:"sizes"` // smallest and largest complexity that was met
	Complexity int                `json:"complexity"`
	Score      num                `json:"score"`    // of the search, at the rung reached
	Rung       int                `json:"rung"`     // from 0
	Diverged   bool               `json:"diverged"` // some of the trials of the score did
	DW         string             `json:"dw"`
	DB         string             `json:"db,omitempty"`
	DFB        string             `json:"dfb,omitempty"`
	Params     map[string]float64 `json:"params"`
	Canonical  string             `json:"canonical"`
	Digest     string             `json:"digest"`
}

// familiesEndJSON is the last line of inspect --families --json.
type familiesEndJSON struct {
	Type     string `json:"type"` // "result"
	Run      string `json:"run"`
	Families int    `json:"families"`
}

// readFamilies reads the families of a run from families.csv, best first: by
// the rung that their best rule reached, then by its score.
func readFamilies(dir string) ([]familyJSON, error) {
	table, err := readTable(dir, checkpoints.FamiliesName, maxFamilies)
	if notExist(err) {
		return nil, nil // it is written when a search ends
	}
	if err != nil {
		return nil, err
	}
	var families []familyJSON
	for n, r := range table {
		f := familyJSON{
			Type: "family", Signals: notNil(strings.Fields(r.text("signals"))), Hebb: r.text("hebb"),
			Complexity: int(r.number("complexity")), Score: num(r.number("score")), Rung: int(r.number("rung")),
			Diverged: r.text("diverged") == "some", DW: r.text("dw"), DB: r.text("db"), DFB: r.text("dfb"),
			Params: r.params("params"), Canonical: r.text("canonical"), Digest: r.text("digest"),
		}
		f.Sizes = [2]int{f.Complexity, f.Complexity}
		if r.err != nil {
			return nil, &checkpoints.ErrDamaged{Dir: dir, File: checkpoints.FamiliesName, Line: n + 2, Why: r.err.Error()}
		}
		i := slices.IndexFunc(families, func(g familyJSON) bool { return g.Hebb == f.Hebb && slices.Equal(g.Signals, f.Signals) })
		if i < 0 {
			families = append(families, f)
			continue
		}
		f.Sizes = [2]int{min(f.Complexity, families[i].Sizes[0]), max(f.Complexity, families[i].Sizes[1])}
		if compareFamilies(f, families[i]) < 0 {
			families[i] = f
		}
		families[i].Sizes = f.Sizes
	}
	slices.SortStableFunc(families, compareFamilies)
	return families, nil
}

// compareFamilies orders as outer.Better does.
func compareFamilies(f, g familyJSON) int {
	return cmp.Or(
		cmp.Compare(g.Rung, f.Rung),
		cmp.Compare(g.Score, f.Score),
		cmp.Compare(f.Complexity, g.Complexity),
		cmp.Compare(f.Digest, g.Digest),
	)
}

// inspectFamilies prints one line per family of rules.
func (a *app) inspectFamilies(dir string, o inspectOptions) error {
	m, err := checkpoints.ReadManifest(dir)
	if err != nil {
		return err
	}
	all, err := readFamilies(dir)
	if err != nil {
		return err
	}
	families := all
	if !o.all && o.top > 0 && len(families) > o.top {
		families = families[:o.top]
	}
	if o.json {
		for _, f := range families {
			if err := jsonLine(a.stdout, f); err != nil {
				return err
			}
		}
		return jsonLine(a.stdout, familiesEndJSON{"result", dir, len(all)})
	}
	fmt.Fprintf(a.stdout, "%s · run %s · seed %d · %d families of rules, by signals and sign of pre·post in Δw\n", m.Name, m.ID, m.Seed, len(all))
	if len(all) == 0 {
		fmt.Fprintf(a.stdout, "families are there when a search has ended; metaplast resume %s goes on\n", dir)
		return nil
	}
	if len(families) < len(all) {
		fmt.Fprintf(a.stdout, "the best %d; --all shows all\n", len(families))
	}
	fmt.Fprintln(a.stdout)
	t := newTable(a.stdout)
	t.row("signals", "pre·post", "sizes", "rung", "score", "size", "Δw of the best")
	for _, f := range families {
		sizes := fmt.Sprint(f.Sizes[0])
		if f.Sizes[1] > f.Sizes[0] {
			sizes += fmt.Sprintf("–%d", f.Sizes[1])
		}
		signals, notes := strings.Join(f.Signals, " "), ""
		if signals == "" {
			signals = "—"
		}
		if f.Diverged {
			notes = "   some trials diverged"
		}
		t.row(signals, strings.Replace(f.Hebb, "-", "−", 1), sizes, fmt.Sprint(f.Rung), fixed(float64(f.Score)), fmt.Sprintf("%4d", f.Complexity),
			assigned(f.DW, f.DB, f.DFB)+notes)
	}
	return t.flush()
}
