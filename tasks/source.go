package tasks

import (
	"os"
	"path/filepath"
)

// Source says where the files of data sets are looked for.
type Source struct {
	Dirs []string // in order; each may hold NAME/files or the files themselves
}

// DefaultSource looks in the directory given by a flag, those given by the
// environment (METAPLAST_DATA, a list in the form of PATH), ./data, and the
// user's cache. Empty arguments are left out.
func DefaultSource(flag, env string) Source {
	var s Source
	if flag != "" {
		s.Dirs = append(s.Dirs, flag)
	}
	for _, d := range filepath.SplitList(env) {
		if d != "" {
			s.Dirs = append(s.Dirs, d)
		}
	}
	s.Dirs = append(s.Dirs, "data")
	if cache, err := os.UserCacheDir(); err == nil {
		s.Dirs = append(s.Dirs, filepath.Join(cache, "metaplast"))
	}
	return s
}

// locate finds a file or directory given by path: as it is, or below one of
// the directories of s when it is relative. tried lists the places looked at.
func (s Source) locate(path string) (found string, tried []string) {
	places := []string{path}
	if !filepath.IsAbs(path) {
		for _, d := range s.Dirs {
			places = append(places, filepath.Join(d, path))
		}
	}
	for _, p := range places {
		if _, err := os.Stat(p); err == nil {
			return p, nil
		}
	}
	return "", places
}
