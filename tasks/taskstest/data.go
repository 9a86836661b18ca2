package taskstest

import (
	"os"
	"path/filepath"
	"testing"
)

// Data returns the directory of real data sets for tests: METAPLAST_DATA, or
// shared/data beside the module. A relative path counts from the working
// directory or any directory above it. The test is skipped where there is
// none.
func Data(tb testing.TB) string {
	tb.Helper()
	candidates := []string{filepath.Join("..", "shared", "data")}
	if env := os.Getenv("METAPLAST_DATA"); env != "" {
		candidates = []string{env}
	}
	wd, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for _, c := range candidates {
		if filepath.IsAbs(c) {
			if isDir(c) {
				return c
			}
			continue
		}
		for at := wd; ; at = filepath.Dir(at) {
			if p := filepath.Join(at, c); isDir(p) {
				return p
			}
			if at == filepath.Dir(at) {
				break
			}
		}
	}
	tb.Skip("no data sets here: set METAPLAST_DATA to their directory")
	return ""
}

func isDir(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.IsDir()
}
