package metaplast_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/metaplast/metaplast/"

// mayImport is the house rule of ARCHITECTURE.md: for each top-level folder,
// the others it may import. Every folder may import itself and internal.
var mayImport = map[string][]string{
	"internal":    {"rulespace/key"},
	"rulespace":   {},
	"tasks":       {"rulespace"},
	"inner":       {"rulespace", "tasks"},
	"checkpoints": {"rulespace"},
	"outer":       {"inner", "tasks", "rulespace", "checkpoints"},
	"analysis":    {"checkpoints", "rulespace"},
	"cmd":         {"rulespace", "tasks", "inner", "outer", "checkpoints", "analysis"},
}

// onlyIn confines third-party modules to the folders that hide them.
var onlyIn = map[string][]string{
	"github.com/MaxHalford/eaopt": {"outer/evolution"},
	"github.com/spf13/viper":      {"cmd/metaplast"},
	"github.com/spf13/cobra":      {"cmd/metaplast"},
	"go.uber.org/zap":             {"cmd/metaplast"},
}

func TestImportsPointDown(t *testing.T) {
	files := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || path != "." && strings.HasPrefix(d.Name(), ".")) {
			return filepath.SkipDir
		}
		folder, _, nested := strings.Cut(filepath.ToSlash(path), "/")
		if d.IsDir() || !strings.HasSuffix(path, ".go") || !nested {
			return nil
		}
		files++
		allowed, known := mayImport[folder]
		if !known {
			t.Errorf("%s: %q is not a folder of the house", path, folder)
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		isTest := strings.HasSuffix(path, "_test.go")
		for _, spec := range file.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			checkConfined(t, path, imported)
			local, ours := strings.CutPrefix(imported, module)
			if !ours {
				if strings.Contains(strings.Split(imported, "/")[0], ".") && folder == "rulespace" && !isTest &&
					imported != "go.yaml.in/yaml/v3" {
					t.Errorf("%s imports %s; rulespace reads YAML and otherwise uses the standard library", path, imported)
				}
				continue
			}
			if !within(local, folder) && !within(local, "internal") && !withinAny(local, allowed) {
				t.Errorf("%s imports %s; %s may import %v", path, local, folder, allowed)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 50 {
		t.Errorf("only %d Go files found: the walk does not see the project", files)
	}
}

func checkConfined(t *testing.T, path, imported string) {
	for mod, folders := range onlyIn {
		if within(imported, mod) && !withinAny(filepath.ToSlash(path), folders) {
			t.Errorf("%s imports %s, which only %v may", path, imported, folders)
		}
	}
}

func within(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, folder+"/")
}

func withinAny(path string, folders []string) bool {
	for _, f := range folders {
		if within(path, f) {
			return true
		}
	}
	return false
}
