package classic

import (
	"io/fs"
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
