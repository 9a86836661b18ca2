package tasks_test

import (
	"testing"

	"github.com/metaplast/metaplast/tasks"
	"github.com/metaplast/metaplast/tasks/taskstest"
)

// open parses and opens a task, looking for files in the given directories.
func open(t testing.TB, text string, dirs ...string) tasks.Task {
	t.Helper()
	spec, err := tasks.ParseSpec(text)
	if err != nil {
		t.Fatal(err)
	}
	task, err := tasks.Open(spec, tasks.Source{Dirs: dirs})
	if err != nil {
		t.Fatal(err)
	}
	return task
}

// conformant are tasks that need no data sets. Every generated entry of the
// catalogue must occur.
var conformant = []string{
	"bandit", "decorrelation", "decorrelation:dims=2,units=2", "familiarity", "familiarity:dims=5,units=3,interval=2",
	"pca", "pca:dims=5,units=3", "hetero", "hetero:dims=4,pairs=4,outputs=1", "regression", "regression:outputs=3,noise=0",
	"selectivity", "selectivity:light=25,patterns=3,units=1", "outliers", "outliers:dims=2,offset=0,margin=0",
	"xor", "xor:bits=4,noise=0.3", "mnist1d:test=200", "mnist1d:val=0,limit=500,shuffled=yes", "mnist1d:classes=0-2,standardize=global",
	"glyphs:train=300,samples=100,side=14", "glyphs:train=300,samples=200,classes=1+7,limit=50",
	"npz:testdata/images.npz", "npz:testdata/table.npz#standardize=unit", "npz:testdata/values.npz#standardize=feature,holdout=0.3",
}

func TestConformance(t *testing.T) {
	covered := map[string]bool{}
	for _, text := range conformant {
		spec, err := tasks.ParseSpec(text)
		if err != nil {
			t.Fatal(err)
		}
		covered[spec.Name] = true
		t.Run(text, func(t *testing.T) { taskstest.Run(t, open(t, text), taskstest.Options{}) })
	}
	for _, e := range tasks.Catalogue() {
		if !e.Files && !covered[e.Name] {
			t.Errorf("%s is not tested", e.Name)
		}
	}
}

func TestConformanceOfFiles(t *testing.T) {
	dir := taskstest.Data(t)
	for _, c := range []struct {
		text string
		opt  taskstest.Options
	}{
		{"mnist:side=7,limit=300,val=200,test=300", taskstest.Options{}},
		{"fashion-mnist:limit=100,val=100,test=200,classes=0-4", taskstest.Options{Duplicates: true}},
		{"idx:fashion-mnist#limit=100,test=100,side=5,standardize=feature", taskstest.Options{Duplicates: true}},
		{"csv:tabular/iris.data", taskstest.Options{Duplicates: true}},
		{"csv:tabular/iris.sklearn.csv", taskstest.Options{Duplicates: true}},
		{"csv:tabular/wine.data#label=0", taskstest.Options{Duplicates: true}},
		{"csv:tabular/wine_data.sklearn.csv#label=-2", taskstest.Options{Duplicates: true}}, // proline, a value to predict
	} {
		t.Run(c.text, func(t *testing.T) { taskstest.Run(t, open(t, c.text, dir), c.opt) })
	}
}
