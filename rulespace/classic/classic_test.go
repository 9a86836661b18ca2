package classic

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/metaplast/metaplast/rulespace"
)

func TestLibrary(t *testing.T) {
	names, err := fs.Glob(files, "*.rule.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range names {
		data, err := files.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r, err := rulespace.Decode(file, data)
		if err != nil {
			t.Error(err)
			continue
		}
		if r.Name+".rule.yaml" != file {
			t.Errorf("%s: holds the rule %q", file, r.Name)
		}
		if r.Title == "" || r.Equation == "" || r.Source == "" || len(r.Symbols) == 0 {
			t.Errorf("%s: title, equation, symbols and source are needed", file)
		}
		// Decode checks locality only where the file states it.
		if !strings.Contains(string(data), "\nlocality: ") {
			t.Errorf("%s: locality is missing", file)
		}
	}
}

func TestUnits(t *testing.T) {
	for _, r := range All() {
		exprs := []*rulespace.Expr{r.DW}
		for _, s := range r.States {
			exprs = append(exprs, s.Update)
		}
		for _, e := range []*rulespace.Expr{r.DB, r.DFB} {
			if e != nil {
				exprs = append(exprs, e)
			}
		}
		for _, e := range exprs {
			if err := rulespace.CheckUnits(e); err != nil {
				t.Errorf("%s: %v: %v", r.Name, e, err)
			}
		}
	}
}

// Each rule is its own nearest, whatever the values of its parameters.
func TestNear(t *testing.T) {
	for _, r := range All() {
		values := map[string]float64{}
		for i, p := range r.Params {
			values[p.Name] = p.Value * (1.5 + 0.25*float64(i))
		}
		other, err := r.WithParams(values)
		if err != nil {
			t.Fatal(err)
		}
		if name, ok := rulespace.Near(other, All()); !ok || name != r.Name {
			t.Errorf("%s with other values is near %q, %v", r.Name, name, ok)
		}
	}
}

func TestAllAndGet(t *testing.T) {
	all := All()
	if !slices.IsSortedFunc(all, func(a, b *rulespace.Rule) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("not sorted")
	}
	all[0] = nil
	if All()[0] == nil {
		t.Error("callers share the list")
	}
	if _, ok := Get("no-such-rule"); ok {
		t.Error("found a rule that is not there")
	}
}
