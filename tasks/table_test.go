package tasks_test

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/metaplast/metaplast/tasks"
)

func fileWith(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTableOfText(t *testing.T) {
	path := fileWith(t, "a.csv", []byte("\ufeffpre; dw;cell\n1; -2.5e-3;s1\n\n0.1;4;2\n"))
	tab, err := tasks.ReadTable(path)
	if err != nil {
		t.Fatal(err)
	}
	pre, _ := tab.Column("pre")
	dw, _ := tab.Column("dw")
	cell, ok := tab.Column("cell")
	if !ok || tab.Rows != 2 || !slices.Equal(pre.Values, []float64{1, 0.1}) || !slices.Equal(dw.Values, []float64{-2.5e-3, 4}) {
		t.Errorf("%+v", tab)
	}
	if pre.Bad != nil || pre.Words != nil || cell.Bad == nil || !slices.Equal(cell.Words, []string{"s1", "2"}) {
		t.Errorf("%+v", cell)
	}
	if got := tab.Place(1); got != path+":4" {
		t.Errorf("place %s", got)
	}
	if got := cell.Bad.Error(); got != path+`:2:12: "s1" in column cell is not a finite number` {
		t.Error(got)
	}
	if _, ok := tab.Column("w"); ok {
		t.Error("a column that is not there")
	}
}

func TestTableOfArrays(t *testing.T) {
	data := zipped(map[string][]byte{
		"pre": npy("<f4", "(3,)", floats(1, 2, 3)),
		"dw":  npy("<f4", "(3, 1)", floats(-1, 0.5, float32(math.NaN()))),
	}, "pre", "dw")
	tab, err := tasks.ReadTable(fileWith(t, "a.npz", data))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(tab.Names(), []string{"pre", "dw"}) || !slices.Equal(tab.Columns[0].Values, []float64{1, 2, 3}) || tab.Columns[0].Bad != nil {
		t.Errorf("%+v", tab)
	}
	if bad := tab.Columns[1].Bad; bad == nil || !strings.Contains(bad.Error(), "value 2 of array dw is not finite") {
		t.Error(bad)
	}
}

func TestTableRefuses(t *testing.T) {
	for _, c := range []struct{ name, data, want string }{
		{"empty.csv", "", "empty"},
		{"bare.csv", "1,2\n3,4\n", `bare.csv:1:1: "1" is not the name of a column`},
		{"unnamed.csv", "pre,,dw\n", `unnamed.csv:1:5: "" is not the name`},
		{"twice.csv", "pre,dw,pre\n", "twice.csv:1:8: two columns are named pre"},
		{"short.csv", "pre,dw\n1,2\n1\n", "short.csv:3: 1 fields, but the first line names 2 columns"},
		{"quote.csv", "pre,dw\n1,\"2\n", "quote.csv:2:6: extraneous"},
		{"nozip.npz", "pre,dw\n", "not a table: zip"},
		{"shape.npz", string(zipped(map[string][]byte{"a": npy("<f4", "(1, 2)", floats(1, 2))}, "a")), "array a has shape [1 2]"},
		{"rows.npz", string(zipped(map[string][]byte{"a": npy("<f4", "(1,)", floats(1)), "b": npy("<f4", "(2,)", floats(1, 2))}, "a", "b")), "array b has 2 rows, a has 1"},
	} {
		_, err := tasks.ReadTable(fileWith(t, c.name, []byte(c.data)))
		if data := new(tasks.DataError); !errors.As(err, &data) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := tasks.ReadTable(filepath.Join(t.TempDir(), "none.csv")); err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Error(err)
	}
}

func FuzzTable(f *testing.F) {
	f.Add([]byte("pre,dw\n1,2\n3,x\n"))
	f.Add([]byte("a;b\n\n1;\"2\"\n"))
	f.Add(zipped(map[string][]byte{"pre": npy("<f4", "(3,)", floats(1, 2, 3))}, "pre"))
	f.Fuzz(func(t *testing.T, data []byte) {
		tab, err := tasks.ReadTable(fileWith(t, "a", data))
		if err != nil {
			return
		}
		for _, c := range tab.Columns {
			if len(c.Values) != tab.Rows || c.Words != nil && len(c.Words) != tab.Rows {
				t.Fatalf("%d values in %d rows", len(c.Values), tab.Rows)
			}
			finite := !slices.ContainsFunc(c.Values, func(v float64) bool { return v-v != 0 })
			if !finite && c.Bad == nil {
				t.Fatal("a value that is not finite passes")
			}
		}
		if tab.Lines != nil && !bytes.Contains(data, []byte("\n")) {
			t.Fatal("rows without a line of names")
		}
	})
}
