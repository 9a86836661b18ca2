package checkpoints

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
)

const (
	rulesDir = "rules"
	frontCSV = "front.csv"

	// ResultName is what the search reports when it ends.
	ResultName = "result.json"

	// FamiliesName is the best rule of every kind that the search has met.
	FamiliesName = "families.csv"
)

// publishable reports whether a file may be published under that name.
func publishable(name string) bool {
	return name == frontCSV || name == ResultName || name == FamiliesName ||
		path.Dir(name) == rulesDir && filepath.IsLocal(filepath.FromSlash(name))
}

// fileIndex is files.json: the digests that each published file may have.
// There are two while a file is being replaced, and the empty digest stands
// for no file, so that the index is right at every moment.
type fileIndex map[string][]string

// Publish makes front.csv, families.csv, result.json and the files in rules/ (names with a
// slash) exactly these. Each is replaced in one step; unchanged ones are not touched.
func (r *Run) Publish(files map[string][]byte) error {
	for name := range files {
		if !publishable(name) {
			return fmt.Errorf("publish %q: only %s, %s, %s and files in %s/ are published", name, frontCSV, FamiliesName, ResultName, rulesDir)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return r.err
	}
	next := map[string]string{}
	during := fileIndex{}
	var changed, gone []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		next[name] = digest(files[name])
		during[name] = []string{next[name]}
		if old := r.files[name]; old != next[name] {
			during[name] = append(during[name], old)
			changed = append(changed, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.files)) {
		if _, ok := files[name]; !ok {
			during[name] = []string{"", r.files[name]}
			gone = append(gone, name)
		}
	}
	if len(changed)+len(gone) == 0 {
		return nil
	}
	if err := r.writeIndex(during); err != nil {
		return err
	}
	for _, name := range changed {
		if err := replace(r.d, r.path(name), files[name]); err != nil {
			return err
		}
		r.files[name] = next[name]
	}
	for _, name := range gone {
		if err := r.d.Remove(r.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return writeError(r.path(name), err)
		}
		delete(r.files, name)
	}
	after := fileIndex{}
	for name, sum := range next {
		after[name] = []string{sum}
	}
	return r.writeIndex(after)
}

func (r *Run) path(name string) string { return filepath.Join(r.dir, filepath.FromSlash(name)) }

func (r *Run) writeIndex(x fileIndex) error {
	text, err := json.MarshalIndent(x, "", "  ")
	if err != nil {
		return fmt.Errorf("run %s: %w", r.dir, err)
	}
	return replace(r.d, filepath.Join(r.dir, filesName), append(text, '\n'))
}

// readIndex returns the index, empty where there is none yet.
func readIndex(d disk, dir string) (fileIndex, error) {
	data, err := d.ReadFile(filepath.Join(dir, filesName), maxSmallFile)
	if errors.Is(err, fs.ErrNotExist) {
		return fileIndex{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read run %s: %w", dir, err)
	}
	x := fileIndex{}
	if err := json.Unmarshal(data, &x); err != nil {
		return nil, &ErrDamaged{Dir: dir, File: filesName, Why: "is not an index of files: " + err.Error()}
	}
	for name := range x {
		if !publishable(name) {
			return nil, &ErrDamaged{Dir: dir, File: filesName, Why: fmt.Sprintf("names %q", name)}
		}
	}
	return x, nil
}

// currentFiles returns the digests of the published files as they are. The
// next Publish replaces what was changed by another hand.
func currentFiles(d disk, dir string) (map[string]string, error) {
	x, err := readIndex(d, dir)
	var damaged *ErrDamaged
	if errors.As(err, &damaged) {
		return map[string]string{}, nil // Publish rewrites the index as well
	}
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(x)) {
		data, err := d.ReadFile(filepath.Join(dir, filepath.FromSlash(name)), maxSmallFile)
		switch {
		case err == nil:
			files[name] = digest(data)
		case !errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("read run %s: %w", dir, err)
		}
	}
	return files, nil
}
