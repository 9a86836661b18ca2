package tasks_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/metaplast/metaplast/tasks"
	"github.com/metaplast/metaplast/tasks/taskstest"
)

// table writes text to a file and returns its path.
func table(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "table.csv")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// rows repeats lines so that there is enough to split.
func rows(n int, lines ...string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(lines[i%len(lines)] + "\n")
	}
	return b.String()
}

func TestCSV(t *testing.T) {
	for _, c := range []struct {
		name, text, options string
		kind                tasks.Kind
		in                  int
		classes             []string
	}{
		{"names of classes", rows(20, "1,2.5,red", "2,-3e-1,green"), "", tasks.Classification, 2, []string{"green", "red"}},
		{"numbers of classes", rows(20, "1,2,7", "2,3,-1", "3,1,10"), "", tasks.Classification, 2, []string{"-1", "7", "10"}},
		{"header", "width,kind,height\n" + rows(20, "1,a,2", "2,b,1"), "label=kind", tasks.Classification, 2, []string{"a", "b"}},
		{"column from the front", rows(20, "b;1;2", "a;2;1"), "label=0", tasks.Classification, 2, []string{"a", "b"}},
		{"column from the end", rows(20, "1\ta\t2", "2\tb\t1"), "label=-2", tasks.Classification, 2, []string{"a", "b"}},
		{"quotes, blanks, byte order mark, empty last lines", "\ufeff" + rows(20, `"1", 2 ,"x, y"`, "2,1, z") + "\n\n", "", tasks.Classification, 2, []string{"x, y", "z"}},
		{"line ends of DOS", strings.ReplaceAll(rows(20, "1,2,x", "2,1,y"), "\n", "\r\n"), "", tasks.Classification, 2, []string{"x", "y"}},
		{"scikit-learn", "20,2,no,yes\n" + rows(20, "1,2,0", "2,1,1"), "", tasks.Classification, 2, []string{"no", "yes"}},
		{"values", rows(20, "1,2,0.5", "2,1,1.5", "2,3,7"), "", tasks.Regression, 2, nil},
		{"whole numbers that differ", rows(4, "1,2,100", "2,1,200", "3,1,300", "4,1,400") + "5,1,500\n6,1,600\n7,1,700\n8,2,800\n9,0,900\n10,2,999\n", "", tasks.Regression, 2, nil},
		{"values on request", rows(20, "1,2,0", "2,1,1"), "target=value", tasks.Regression, 2, nil},
		{"classes on request", rows(20, "1,2,0.5", "2,1,1.5"), "target=class", tasks.Classification, 2, []string{"0.5", "1.5"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := "csv:" + table(t, c.text)
			if c.options != "" {
				text += "#" + c.options
			}
			task := open(t, text)
			info := task.Info()
			if info.Kind != c.kind || info.In != c.in || !slices.Equal(info.Classes, c.classes) {
				t.Errorf("%+v", info)
			}
			taskstest.Run(t, task, taskstest.Options{Duplicates: true})
		})
	}
}

func TestCSVDamage(t *testing.T) {
	good := rows(20, "1,2,a", "2,1,b")
	for _, c := range []struct{ name, text, options, want string }{
		{"empty", "", "", "fewer than two rows"},
		{"one row", "1,2,a\n", "", "fewer than two rows"},
		{"one column", "1\n2\n3\n", "", "one column only"},
		{"missing value", good + "?,1,a\n", "", `line 21, column 0: "?" is not a number`},
		{"word", good, "label=0", `line 1, column 2: "a" is not a number`},
		{"infinite", good + "1,inf,a\n", "", `line 21, column 1: "inf" is not a number`},
		{"beyond float32", good + "1,1e39,a\n", "", "is not a number"},
		{"short row", good + "1,2\n", "", "line 21 has 2 fields, those before have 3"},
		{"no label", good + "1,2,\n", "", "line 21 has no label"},
		{"quote", good + "1,2,\"a\n", "", "line 2"},
		{"announced rows", "21,2,no,yes\n" + rows(20, "1,2,0", "2,1,1"), "", "the header announces 21 rows, the file has 20"},
		{"announced classes", "20,2,no,yes\n" + rows(20, "1,2,0", "2,1,2"), "", "label 2 of sample 1 is outside 0 to 1"},
		{"one class", rows(20, "1,2,a"), "", "nothing to tell apart"},
		{"one value", rows(20, "1,2,3"), "target=value", "nothing to predict"},
		{"words as values", good, "target=value", `label "a" is not a number`},
		{"binary", "\x00\x01\x02,\n\xff,\xfe\n", "", "is not a number"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := table(t, c.text)
			err := openError(t, "csv:"+path+"#"+c.options)
			var data *tasks.DataError
			if !errors.As(err, &data) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("%T %v; want %q", err, err, c.want)
			}
		})
	}
	named := "width,height,kind\n" + good
	for _, c := range []struct{ text, options, want string }{
		{named, "label=knd", `"knd" is not a column. Did you mean kind? Columns are width, height, kind`},
		{good, "label=kind", "no names of columns; give a number from 0 to 2"},
		{good, "label=3", "column 3 is outside 0 to 2"},
		{good, "label=-4", "column -4 is outside 0 to 2"},
		{good, "val=17", "17 leaves nothing of 16 samples"},
		{good, "classes=0-2", "2 is not a class; classes are 0 to 1"},
		{good, "classes=1", "at least two"},
	} {
		err := openError(t, "csv:"+table(t, c.text)+"#"+c.options)
		var spec *tasks.SpecError
		if !errors.As(err, &spec) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%T %v; want %q", err, err, c.want)
		}
	}
	err := openError(t, "csv:nowhere.csv,label=3", "some", "place")
	if want := "not found; looked at nowhere.csv,label=3, " + filepath.Join("some", "nowhere.csv"); !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "follow a #") {
		t.Errorf("%v; want %q", err, want)
	}
	openError(t, "csv:"+t.TempDir()) // a directory
}

// The held-out part keeps the proportions of the classes and does not depend
// on the life.
func TestHoldoutIsStratified(t *testing.T) {
	task := open(t, "csv:"+table(t, rows(100, "1,2,a", "2,1,b", "3,1,b", "4,4,b"))+"#val=0,holdout=0.12")
	if i := task.Info(); i.TestSize != 12 || i.TrainSize != 88 || i.Chance != 0.75 {
		t.Errorf("%+v", i)
	}
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte(rows(4, "1,2,a", "2,1,b")), "-1")
	f.Add([]byte("20,2,no,yes\n"+rows(20, "1,2,0", "2,1,1")), "2")
	f.Add([]byte("a;b\n1;2\n3;4\n"), "a")
	f.Fuzz(func(t *testing.T, data []byte, label string) {
		if n, err := tasks.DecodeCSV(data, label, "auto"); err == nil && n > len(data) {
			t.Errorf("%d samples from %d bytes", n, len(data))
		}
	})
}
