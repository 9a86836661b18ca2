package tasks_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/metaplast/metaplast/tasks"
)

func TestParseSpec(t *testing.T) {
	type options = map[string]string
	for _, c := range []struct {
		text, print string
		want        tasks.Spec
	}{
		{"pca", "pca", tasks.Spec{Name: "pca", Options: options{}}},
		{"mnist:side=14,limit=5000", "mnist:limit=5000,side=14", tasks.Spec{Name: "mnist", Options: options{"side": "14", "limit": "5000"}}},
		{" mnist: side = 14 ", "mnist:side=14", tasks.Spec{Name: "mnist", Options: options{"side": "14"}}},
		{"idx:a,b/c=d", "idx:a,b/c=d", tasks.Spec{Name: "idx", Options: options{"path": "a,b/c=d"}}},
		{`csv:C:\iris.csv#label=species,val=3`, `csv:C:\iris.csv#label=species,val=3`, tasks.Spec{Name: "csv", Options: options{"path": `C:\iris.csv`, "label": "species", "val": "3"}}},
		{"npz:a#b.npz#", "npz:a#b.npz#", tasks.Spec{Name: "npz", Options: options{"path": "a#b.npz"}}},
		{"npz:a#b.npz#val=1", "npz:a#b.npz#val=1", tasks.Spec{Name: "npz", Options: options{"path": "a#b.npz", "val": "1"}}},
	} {
		got, err := tasks.ParseSpec(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", c.text, d)
		}
		if got.String() != c.print {
			t.Errorf("%s prints as %s", c.text, got)
		}
	}
}

// Specs of known tasks are read back from their text.
func TestSpecRoundTrip(t *testing.T) {
	catalogue := tasks.Catalogue()
	rapid.Check(t, func(t *rapid.T) {
		e := catalogue[rapid.IntRange(0, len(catalogue)-1).Draw(t, "entry")]
		s := tasks.Spec{Name: e.Name, Options: map[string]string{}}
		for _, o := range e.Options {
			if rapid.Bool().Draw(t, o.Name) {
				s.Options[o.Name] = rapid.StringMatching(`[a-z0-9.+-]{1,5}`).Draw(t, "value")
			}
		}
		if e.Path != "" {
			s.Options["path"] = rapid.StringMatching(`[a-z#/=,:.]{1,9}`).Draw(t, "path")
		}
		got, err := tasks.ParseSpec(s.String())
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(s, got); d != "" {
			t.Fatal(d)
		}
	})
}

func TestSpecErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", `task "": want NAME or NAME:option=value,…`},
		{":side=3", "want NAME"},
		{"mnist:", "nothing follows the colon"},
		{"mnist:side", `"side" is not of the form option=value`},
		{"mnist:side=14,side=7", "option side: given twice"},
		{"mnsit", `"mnsit" is not a task. Did you mean mnist? Tasks are bandit, csv, `},
		{"zzzzzzzzz", `"zzzzzzzzz" is not a task. Tasks are`},
		{"pca:dim=4", `"dim" is not an option. Did you mean dims? Options of pca are dims, units, steps`},
		{"pca:dims=1", `task pca:dims=1: option dims: "1" is not a whole number from 2 to 256`},
		{"pca:dims=x", `"x" is not a whole number`},
		{"pca:dims=3,units=4", "option units: more units than dimensions"},
		{"hetero:dims=4,pairs=5", "option pairs: more orthonormal inputs"},
		{"regression:cond=NaN", `"NaN" is not a number from 1 to 1e+06`},
		{"mnist1d:standardize=max", `"max" is not none, unit, feature or global`},
		{"mnist1d:classes=3-1", "is not class numbers such as"},
		{"mnist1d:classes=9-10", "10 is not a class; classes are 0 to 9"},
		{"mnist1d:side=3", `"side" is not an option`},
		{"mnist1d:val=4000", "4000 leaves nothing of 4000 samples"},
		{"glyphs:side=29", "29 is more than the native 28×28 pixels"},
		{"idx", "write idx:DIR"},
		{"csv:#label=2", "write csv:FILE"},
	} {
		err := openError(t, c.text)
		var spec *tasks.SpecError
		if !errors.As(err, &spec) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %T %v; want %q", c.text, err, err, c.want)
		}
	}
}

// Two ways to say one thing give one name.
func TestCanonicalName(t *testing.T) {
	for text, want := range map[string]string{
		"pca":                              "pca",
		"pca:dims=08,steps=4000":           "pca",
		"pca:steps=100,dims=5":             "pca:dims=5,steps=100",
		"regression:noise=0.10,cond=3e1":   "regression",
		"regression:noise=.5":              "regression:noise=0.5",
		"mnist1d:classes=3+0+1+2,val=auto": "mnist1d:classes=0-3",
		"mnist1d:limit=all,classes=5+7":    "mnist1d:classes=5+7",
	} {
		if got := open(t, text).Info().Name; got != want {
			t.Errorf("%s is named %s, want %s", text, got, want)
		}
	}
}

// Every option of every entry has its default in its range, or a word.
func TestCatalogue(t *testing.T) {
	last := ""
	for _, e := range tasks.Catalogue() {
		if e.Name <= last || e.Title == "" || e.Doc == "" || e.Kind == "" {
			t.Errorf("entry %+v is incomplete or out of order", e)
		}
		last = e.Name
		if e.Files && e.Path == "" && e.Get == "" {
			t.Errorf("%s does not say where to get its files", e.Name)
		}
		for _, o := range e.Options {
			if o.Name == "" || o.Default == "" || o.Range == "" || o.Doc == "" {
				t.Errorf("option %+v of %s is incomplete", o, e.Name)
			}
		}
	}
}

func TestDefaultSource(t *testing.T) {
	home := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", home)
	t.Setenv("HOME", home)
	list := strings.Join([]string{"b", "c"}, string(os.PathListSeparator))
	got := tasks.DefaultSource("a", list).Dirs
	if len(got) < 4 || strings.Join(got[:4], " ") != "a b c data" {
		t.Errorf("%v", got)
	}
	if got := tasks.DefaultSource("", "").Dirs; got[0] != "data" {
		t.Errorf("%v", got)
	}
}
