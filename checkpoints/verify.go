package checkpoints

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Report is what Verify found or Repair did.
type Report struct {
	Dir      string
	Manifest Manifest // zero when it is lost
	Segments int
	Records  int   // intact ones, the first (which repeats the manifest) included
	Lost     int   // lines that are no records
	Torn     int64 // bytes of a record whose writing was interrupted; harmless
	Files    int   // published files that are as written
	Problems []*ErrDamaged

	// Of a repair:
	Moved    []string // damaged files, kept under these names
	Restored []string // files written anew
}

// OK reports whether everything is as it was written.
func (r *Report) OK() bool { return len(r.Problems) == 0 }

func (r *Report) problem(file string, line int, why string) {
	r.Problems = append(r.Problems, &ErrDamaged{Dir: r.Dir, File: file, Line: line, Why: why})
}

// Verify checks every byte of the run in dir and changes nothing. The error
// is for a run that cannot be read at all; problems are in the report.
func Verify(dir string) (*Report, error) { return verify(osDisk{}, dir) }

func verify(d disk, dir string) (*Report, error) {
	rep := &Report{Dir: dir}
	m, err := readManifest(d, dir)
	var damaged *ErrDamaged
	switch {
	case errors.As(err, &damaged):
		rep.Problems = append(rep.Problems, damaged)
	case err != nil:
		return nil, err
	default:
		rep.Manifest = m
		for _, name := range slices.Sorted(maps.Keys(m.Files)) {
			one := Manifest{Files: map[string]string{name: m.Files[name]}}
			err := checkConfigs(d, dir, one)
			if errors.As(err, &damaged) {
				rep.Problems = append(rep.Problems, damaged)
			} else if err != nil {
				return nil, err
			}
		}
	}
	s, err := readSegments(d, dir, rep)
	if err != nil {
		return nil, err
	}
	if rep.Records == 0 {
		rep.problem(journalDir, 0, "has no records")
	}
	if o, ok := findOrigin(s); ok && rep.Manifest.ID != "" && o.Manifest.ID != rep.Manifest.ID {
		rep.problem(journalDir, 0, fmt.Sprintf("belongs to run %s, the manifest to %s", o.Manifest.ID, rep.Manifest.ID))
	}
	return rep, verifyFiles(d, dir, rep)
}

// salvaged is a segment with the records that are intact.
type salvaged struct {
	name    string // as it should be
	from    string // as it is
	data    []byte
	records []Record
	rewrite bool // its records are not those on disk, or not numbered so
	damaged bool
}

// readSegments reads the whole journal past any damage, which it reports.
func readSegments(d disk, dir string, rep *Report) ([]salvaged, error) {
	names, err := segments(d, dir)
	if err != nil {
		return nil, err
	}
	var out []salvaged
	var seq uint64
	for i, name := range names {
		file := filepath.Join(journalDir, name)
		s := salvaged{name: segmentName(i + 1), from: name}
		if name != s.name && !anyDamaged(out) {
			rep.problem(filepath.Join(journalDir, s.name), 0, "is missing")
			s.rewrite, s.damaged = true, true
		}
		if s.data, err = d.ReadFile(filepath.Join(dir, file), maxSegment); err != nil {
			return nil, fmt.Errorf("read run %s: %w", dir, err)
		}
		for e := range entries(s.data) {
			if e.Why != "" {
				if i == len(names)-1 && isTorn(s.data, e) {
					rep.Torn = int64(len(s.data) - e.Start)
					s.rewrite = true
					break
				}
				rep.problem(file, e.Line, e.Why)
				rep.Lost++
				s.rewrite, s.damaged = true, true
				continue
			}
			// A lost line explains the gap in numbers that it leaves.
			if e.Record.Seq != seq+1 && !s.damaged && !anyDamaged(out) {
				rep.problem(file, e.Line, fmt.Sprintf("holds record %d where %d is expected", e.Record.Seq, seq+1))
				s.damaged = true
			}
			if e.Record.Seq != uint64(rep.Records)+1 {
				s.rewrite = true
			}
			seq = e.Record.Seq
			rep.Records++
			s.records = append(s.records, e.Record)
		}
		out = append(out, s)
	}
	rep.Segments = len(out)
	return out, nil
}

func anyDamaged(s []salvaged) bool {
	return slices.ContainsFunc(s, func(x salvaged) bool { return x.damaged })
}

// findOrigin returns the first record's copy of manifest and configs.
func findOrigin(s []salvaged) (origin, bool) {
	var o origin
	if len(s) == 0 || len(s[0].records) == 0 {
		return o, false
	}
	first := s[0].records[0]
	return o, first.Kind == kindRun && json.Unmarshal(first.Data, &o) == nil
}

func verifyFiles(d disk, dir string, rep *Report) error {
	x, err := readIndex(d, dir)
	var damaged *ErrDamaged
	if errors.As(err, &damaged) {
		rep.Problems = append(rep.Problems, damaged)
		return nil
	}
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(x)) {
		sum := ""
		data, err := d.ReadFile(filepath.Join(dir, filepath.FromSlash(name)), maxSmallFile)
		switch {
		case err == nil:
			sum = digest(data)
		case !errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("read run %s: %w", dir, err)
		}
		switch {
		case slices.Contains(x[name], sum):
			rep.Files++
		case sum == "":
			rep.problem(name, 0, "is missing")
		default:
			rep.problem(name, 0, "is not what was written there")
		}
	}
	return nil
}

// Repair makes a damaged run usable again: every intact record stays, damaged
// files are kept beside under a new name, lost manifests and configs come back
// from the journal, and lost front and rule files from the next resume. A run
// without damage is left as it is.
func Repair(dir string) (*Report, error) { return repair(osDisk{}, dir) }

func repair(d disk, dir string) (*Report, error) {
	l, err := acquire(dir)
	if err != nil {
		return nil, err
	}
	defer l.release()
	rep, err := verify(d, dir)
	if err != nil || rep.OK() && rep.Torn == 0 {
		return rep, err
	}
	s, err := readSegments(d, dir, &Report{Dir: dir})
	if err != nil {
		return rep, err
	}
	o, ok := findOrigin(s)
	if !ok && rep.Manifest.ID == "" {
		return rep, fmt.Errorf("run %s: both %s and the journal's copy of it are lost; restore %s from a copy of the run", dir, manifestName, manifestName)
	}
	if !ok {
		if s, err = restoreOrigin(d, dir, s, rep.Manifest); err != nil {
			return rep, err
		}
	}
	if err := repairJournal(d, dir, s, rep); err != nil {
		return rep, err
	}
	if ok {
		if err := repairConfigs(d, dir, o, rep); err != nil {
			return rep, err
		}
	}
	return rep, repairFiles(d, dir, rep)
}

// restoreOrigin puts a first record back in front of the others.
func restoreOrigin(d disk, dir string, s []salvaged, m Manifest) ([]salvaged, error) {
	o := origin{Manifest: m, Files: map[string]string{}}
	o.Manifest.Created = time.Time{}
	for _, name := range []string{ConfigName, ResolvedName} {
		data, err := d.ReadFile(filepath.Join(dir, name), maxSmallFile)
		if err != nil || digest(data) != m.Files[name] {
			return nil, fmt.Errorf("run %s: both %s and the journal's copy of it are lost; restore %s from a copy of the run", dir, name, name)
		}
		o.Files[name] = string(data)
	}
	data, err := json.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", dir, err)
	}
	if len(s) == 0 {
		s = []salvaged{{name: segmentName(1), from: segmentName(1)}}
	}
	s[0].rewrite = true
	s[0].records = append([]Record{{Kind: kindRun, Data: data}}, s[0].records...)
	return s, nil
}

// repairJournal rewrites the segments that are damaged or whose records have
// other numbers now. A crash in between leaves a gap in the numbers and all
// records, so that repairing again finishes the work.
func repairJournal(d disk, dir string, s []salvaged, rep *Report) error {
	var seq uint64
	rep.Records = 0
	for _, seg := range s {
		var data []byte
		for _, rec := range seg.records {
			seq++
			seg.rewrite = seg.rewrite || rec.Seq != seq
			rec.Seq = seq
			line, err := encodeRecord(rec)
			if err != nil {
				return fmt.Errorf("run %s: %w", dir, err)
			}
			data = append(data, line...)
			rep.Records++
		}
		if !seg.rewrite && seg.name == seg.from {
			continue
		}
		file := filepath.Join(journalDir, seg.name)
		if seg.damaged && len(seg.data) > 0 {
			if err := keepDamaged(d, dir, filepath.Join(journalDir, seg.from), seg.data, rep); err != nil {
				return err
			}
		}
		if err := replace(d, filepath.Join(dir, file), data); err != nil {
			return err
		}
		rep.Restored = append(rep.Restored, file)
	}
	for _, seg := range s {
		if !slices.ContainsFunc(s, func(x salvaged) bool { return x.name == seg.from }) {
			path := filepath.Join(dir, journalDir, seg.from)
			if err := d.Remove(path); err != nil {
				return writeError(path, err)
			}
		}
	}
	return nil
}

// repairConfigs writes lost manifests and config files from the journal.
func repairConfigs(d disk, dir string, o origin, rep *Report) error {
	m := o.Manifest
	m.Files = map[string]string{}
	for name, text := range o.Files {
		m.Files[name] = digest([]byte(text))
	}
	m.Created = createdAt(dir)
	if rep.Manifest.ID != "" && maps.Equal(rep.Manifest.Files, m.Files) {
		m = rep.Manifest
	}
	text, err := encodeManifest(m)
	if err != nil {
		return fmt.Errorf("run %s: %w", dir, err)
	}
	want := map[string][]byte{manifestName: text}
	for _, name := range []string{ConfigName, ResolvedName} {
		if text, ok := o.Files[name]; ok {
			want[name] = []byte(text)
		}
	}
	rep.Manifest = m
	for _, name := range slices.Sorted(maps.Keys(want)) {
		have, err := d.ReadFile(filepath.Join(dir, name), maxSmallFile)
		if err == nil && string(have) == string(want[name]) {
			continue
		}
		if err == nil {
			if err := keepDamaged(d, dir, name, have, rep); err != nil {
				return err
			}
		}
		if err := replace(d, filepath.Join(dir, name), want[name]); err != nil {
			return err
		}
		rep.Restored = append(rep.Restored, name)
	}
	return nil
}

// createdAt guesses when a run was made.
func createdAt(dir string) time.Time {
	s, err := os.Stat(filepath.Join(dir, ConfigName))
	if err != nil {
		return time.Time{}
	}
	return s.ModTime().UTC().Truncate(time.Second)
}

// repairFiles drops published files that are not as written; resuming the run
// writes them anew.
func repairFiles(d disk, dir string, rep *Report) error {
	x, err := readIndex(d, dir)
	var damaged *ErrDamaged
	if errors.As(err, &damaged) {
		x = fileIndex{}
		rep.Restored = append(rep.Restored, filesName)
	} else if err != nil {
		return err
	}
	after := fileIndex{}
	for _, name := range slices.Sorted(maps.Keys(x)) {
		data, err := d.ReadFile(filepath.Join(dir, filepath.FromSlash(name)), maxSmallFile)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return fmt.Errorf("read run %s: %w", dir, err)
		}
		if slices.Contains(x[name], digest(data)) {
			after[name] = []string{digest(data)}
			continue
		}
		if err := keepDamaged(d, dir, name, data, rep); err != nil {
			return err
		}
		if err := d.Remove(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			return writeError(filepath.Join(dir, name), err)
		}
	}
	r := &Run{dir: dir, d: d}
	return r.writeIndex(after)
}

// keepDamaged copies a damaged file to a name that is free.
func keepDamaged(d disk, dir, file string, data []byte, rep *Report) error {
	name := file + ".damaged"
	for n := 2; ; n++ {
		old, err := d.ReadFile(filepath.Join(dir, name), maxSegment)
		if err == nil && string(old) == string(data) {
			break // kept by a repair that was interrupted
		}
		if errors.Is(err, fs.ErrNotExist) {
			if err := replace(d, filepath.Join(dir, name), data); err != nil {
				return err
			}
			break
		}
		name = fmt.Sprintf("%s.damaged%d", file, n)
	}
	rep.Moved = append(rep.Moved, name)
	return nil
}
