package checkpoints

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Last is the reference to the run that was created last.
const Last = "@last"

// Find returns the directory of a run: ref is a directory, the name of one
// below root, the beginning of an id, or Last.
func Find(root, ref string) (string, error) {
	if ref == "" {
		return "", &ErrNotFound{Ref: ref, Why: "the reference is empty"}
	}
	if isRun(ref) {
		return filepath.Clean(ref), nil
	}
	if s, err := os.Stat(ref); err == nil && s.IsDir() && strings.ContainsRune(filepath.ToSlash(ref), '/') {
		return "", &ErrNotFound{Ref: ref, Why: "the directory holds no " + manifestName}
	}
	runs, err := List(root)
	if err != nil {
		return "", err
	}
	if len(runs) == 0 {
		return "", &ErrNotFound{Ref: ref, Why: fmt.Sprintf("there are no runs in %s", root)}
	}
	if ref == Last {
		last := runs[0]
		for _, r := range runs[1:] {
			if r.Manifest.Created.After(last.Manifest.Created) ||
				r.Manifest.Created.Equal(last.Manifest.Created) && r.Dir > last.Dir {
				last = r
			}
		}
		return last.Dir, nil
	}
	var found []string
	for _, r := range runs {
		if filepath.Base(r.Dir) == ref {
			return r.Dir, nil
		}
		if strings.HasPrefix(r.Manifest.ID, ref) {
			found = append(found, r.Dir)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return "", &ErrNotFound{Ref: ref, Why: fmt.Sprintf("it is no directory with a run, and no id in %s begins so; `%s` is the latest", root, Last)}
	}
	return "", &ErrNotFound{Ref: ref, Why: "several ids begin so: " + strings.Join(found, ", ")}
}

// Listed is a run in a directory of runs.
type Listed struct {
	Dir      string
	Manifest Manifest // only the id where the manifest is damaged
}

// List returns the runs below root by name. Where root does not exist there
// are none.
func List(root string) ([]Listed, error) {
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	var runs []Listed
	for _, e := range entries {
		dir := filepath.Join(root, e.Name())
		if !isRun(dir) {
			continue
		}
		m, err := ReadManifest(dir)
		if err != nil {
			_, id, _ := cutLast(e.Name(), "-")
			m = Manifest{ID: id}
		}
		runs = append(runs, Listed{dir, m})
	}
	return runs, nil
}

// isRun reports whether dir looks like a run, even a damaged one.
func isRun(dir string) bool {
	for _, name := range []string{manifestName, filepath.Join(journalDir, segmentName(1))} {
		if s, err := os.Stat(filepath.Join(dir, name)); err == nil && s.Mode().IsRegular() {
			return true
		}
	}
	return false
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
