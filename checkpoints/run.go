package checkpoints

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// pace says when records reach the disk and where segments end.
type pace struct {
	group   time.Duration // records that come faster than this are handed to the system together
	records int           // at most so many records wait for the disk
	delay   time.Duration // and at most so long
	segment int64         // bytes
}

func defaultPace() pace {
	return pace{group: time.Millisecond, records: 4096, delay: 100 * time.Millisecond, segment: segmentBytes}
}

// Run is an open, locked run. It is safe for concurrent use. After an error
// of the disk every further write returns that error: what was synced before
// stays readable, and nothing is written after a gap.
type Run struct {
	dir      string
	d        disk
	pace     pace
	lock     *lock
	manifest Manifest
	cut      int64

	mu      sync.Mutex
	err     error // why writing stopped
	segment file
	number  int // of the segment
	size    int64
	seq     uint64
	waiting int // records that are written and not synced
	timer   *time.Timer
	syncing *syncing // in the background; nil without one
	line    []byte   // of the last record; its memory is used again

	group     []byte // lines that the system does not have yet
	grouped   int    // records in it
	handed    time.Time
	handTimer *time.Timer

	files map[string]string // digests of published files
}

// Create makes a run in dir and opens it. The files are its config files,
// ConfigName and ResolvedName; m.Format and m.Files are filled in. Where dir
// already holds a run, errors.Is(err, fs.ErrExist).
func Create(dir string, m Manifest, files map[string][]byte) (*Run, error) {
	return create(osDisk{}, dir, m, files, defaultPace())
}

// Open locks the run in dir and readies it for more records. What a killed
// process left behind is cleared away: the torn end of the journal (see Cut)
// and temporary files. Where numerics is not empty and not the run's, the
// arithmetic has changed and the error is *ErrIncompatible.
func Open(dir, numerics string) (*Run, error) {
	return open(osDisk{}, dir, numerics, defaultPace())
}

// origin is the data of the first record.
type origin struct {
	Manifest Manifest          `json:"manifest"` // without Created: journals of equal runs are equal
	Files    map[string]string `json:"files"`
}

func create(d disk, dir string, m Manifest, files map[string][]byte, p pace) (*Run, error) {
	for _, sub := range []string{"", journalDir, rulesDir} {
		if err := d.MkdirAll(filepath.Join(dir, sub)); err != nil {
			return nil, writeError(dir, err)
		}
	}
	l, err := acquire(dir)
	if err != nil {
		return nil, err
	}
	r := &Run{dir: dir, d: d, pace: p, lock: l, files: map[string]string{}}
	if err := r.begin(m, files); err != nil {
		r.halt()
		return nil, err
	}
	return r, nil
}

// begin writes everything that a new run consists of, the manifest last.
func (r *Run) begin(m Manifest, files map[string][]byte) error {
	_, err := readManifest(r.d, r.dir)
	var missing *ErrNotFound
	switch {
	case err == nil:
		return fmt.Errorf("run %s: %w", r.dir, fs.ErrExist)
	case !errors.As(err, &missing):
		return err
	}
	m.Format = Format
	m.Files = map[string]string{}
	o := origin{Manifest: m, Files: map[string]string{}}
	for name, data := range files {
		if name != ConfigName && name != ResolvedName {
			panic("checkpoints: " + name + " is not a config file")
		}
		if err := replace(r.d, filepath.Join(r.dir, name), data); err != nil {
			return err
		}
		m.Files[name] = digest(data)
		o.Files[name] = string(data)
	}
	o.Manifest.Created = time.Time{}
	if r.segment, err = r.d.Create(r.segmentPath(1)); err != nil {
		return writeError(r.segmentPath(1), err)
	}
	r.number = 1
	if err := r.Append(kindRun, "", o); err != nil {
		return err
	}
	if err := r.Sync(); err != nil {
		return err
	}
	if err := r.d.SyncDir(filepath.Join(r.dir, journalDir)); err != nil {
		return writeError(filepath.Join(r.dir, journalDir), err)
	}
	r.manifest = m
	text, err := encodeManifest(m)
	if err != nil {
		return fmt.Errorf("run %s: %w", r.dir, err)
	}
	if err := replace(r.d, filepath.Join(r.dir, manifestName), text); err != nil {
		return err
	}
	return r.syncParent()
}

func (r *Run) syncParent() error {
	parent := filepath.Dir(filepath.Clean(r.dir))
	if err := r.d.SyncDir(parent); err != nil {
		return writeError(parent, err)
	}
	return nil
}

func open(d disk, dir, numerics string, p pace) (*Run, error) {
	m, err := readManifest(d, dir)
	if err != nil {
		return nil, err
	}
	if numerics != "" && numerics != m.Numerics {
		return nil, &ErrIncompatible{dir, fmt.Sprintf("it was made with other arithmetic (numerics %s, this program has %s); continuing would mix results; start a new run with --fresh", m.Numerics, numerics)}
	}
	l, err := acquire(dir)
	if err != nil {
		return nil, err
	}
	r := &Run{dir: dir, d: d, pace: p, lock: l, manifest: m}
	if err := r.ready(); err != nil {
		r.halt()
		return nil, err
	}
	return r, nil
}

// ready clears what a killed process left and opens the last segment.
func (r *Run) ready() error {
	if err := checkConfigs(r.d, r.dir, r.manifest); err != nil {
		return err
	}
	t, err := readJournal(r.d, r.dir, nil)
	if err != nil {
		return err
	}
	if t.seq == 0 {
		return &ErrDamaged{Dir: r.dir, File: journalDir, Why: "has no records"}
	}
	if err := r.sweep(); err != nil {
		return err
	}
	r.number, r.size, r.seq, r.cut = t.segments, t.size, t.seq, t.torn
	path := r.segmentPath(r.number)
	if r.segment, err = r.d.Append(path); err != nil {
		return writeError(path, err)
	}
	if t.torn > 0 {
		if err := r.segment.Truncate(t.size); err != nil {
			return writeError(path, err)
		}
	}
	// Records that the system wrote and nobody synced become durable before
	// anything is built on them.
	if err := r.segment.Sync(); err != nil {
		return writeError(path, err)
	}
	r.files, err = currentFiles(r.d, r.dir)
	return err
}

// checkConfigs compares the config files with the manifest.
func checkConfigs(d disk, dir string, m Manifest) error {
	for _, name := range []string{ConfigName, ResolvedName} {
		want, ok := m.Files[name]
		if !ok {
			continue
		}
		data, err := d.ReadFile(filepath.Join(dir, name), maxSmallFile)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return &ErrDamaged{Dir: dir, File: name, Why: "is missing"}
		case err != nil:
			return fmt.Errorf("read run %s: %w", dir, err)
		case digest(data) != want:
			return &ErrDamaged{Dir: dir, File: name, Why: "is not what the run was started with"}
		}
	}
	return nil
}

// sweep removes temporary files.
func (r *Run) sweep() error {
	for _, sub := range []string{"", rulesDir, journalDir} {
		dir := filepath.Join(r.dir, sub)
		names, err := r.d.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read run %s: %w", r.dir, err)
		}
		for _, n := range names {
			if strings.HasPrefix(n, ".") && strings.HasSuffix(n, tempSuffix) {
				if err := r.d.Remove(filepath.Join(dir, n)); err != nil {
					return writeError(dir, err)
				}
			}
		}
	}
	return nil
}

// Dir returns the directory of the run.
func (r *Run) Dir() string { return r.dir }

// Manifest returns what the run is.
func (r *Run) Manifest() Manifest { return r.manifest }

// Cut returns how many bytes of an unfinished record Open removed from the
// end of the journal.
func (r *Run) Cut() int64 { return r.cut }

// Err returns the error that stopped writing, nil while all is well.
func (r *Run) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Len returns the number of records that Append has taken, now and earlier.
func (r *Run) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return int(r.seq) - 1
}

// Replay calls visit for every record so far, in order, until it fails.
// It must not run at the same time as Append.
func (r *Run) Replay(visit func(Record) error) error {
	if err := r.handAll(); err != nil {
		return err
	}
	_, err := readJournal(r.d, r.dir, skipOrigin(visit))
	return err
}

func (r *Run) handAll() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return nil // what there is can be read
	}
	if err := r.hand(); err != nil {
		return r.stop(err)
	}
	return nil
}

// Read calls visit for every record of the run in dir without locking it, so
// that a run can be looked at while it grows.
func Read(dir string, visit func(Record) error) error {
	_, err := readJournal(osDisk{}, dir, skipOrigin(visit))
	return err
}

func skipOrigin(visit func(Record) error) func(Record) error {
	return func(rec Record) error {
		if rec.Kind == kindRun {
			return nil
		}
		return visit(rec)
	}
}

// Appender writes itself as JSON without the detour over reflection: the bytes
// are those of json.Marshal.
type Appender interface {
	AppendJSON(b []byte) ([]byte, error)
}

// Append adds a record with v as its data, as json.Marshal writes it or as an
// Appender does itself. Within a millisecond the system has it: it survives
// the death of this process. Sync makes it survive that of the machine.
func (r *Run) Append(kind, key string, v any) error {
	a, ok := v.(Appender)
	if !ok {
		data, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("journal record %s %q: %w", kind, key, err)
		}
		a = rawData(data)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return r.err
	}
	line, err := a.AppendJSON(beginRecord(r.line, r.seq+1, kind, key))
	if err != nil {
		return fmt.Errorf("journal record %s %q: %w", kind, key, err)
	}
	line = sealRecord(line)
	if len(line) > maxRecord {
		return fmt.Errorf("journal record %s %q has %d bytes; at most %d are allowed", kind, key, len(line), maxRecord)
	}
	r.line = line
	if size := r.size + int64(len(r.group)); size > 0 && size+int64(len(line)) > r.pace.segment {
		if err := r.rotate(); err != nil {
			return r.stop(err)
		}
	}
	r.group = append(r.group, line...)
	r.grouped++
	r.seq++
	r.waiting++
	switch {
	case time.Since(r.handed) >= r.pace.group:
		if err := r.hand(); err != nil {
			return r.stop(err)
		}
	case r.handTimer == nil:
		r.handTimer = time.AfterFunc(r.pace.group, r.handBehind)
	}
	if r.waiting >= r.pace.records {
		return r.sync()
	}
	if r.timer == nil && r.syncing == nil {
		r.timer = time.AfterFunc(r.pace.delay, r.syncBehind)
	}
	return nil
}

// hand gives the system the records that it does not have yet.
func (r *Run) hand() error {
	if r.grouped == 0 {
		return nil
	}
	if _, err := r.segment.Write(r.group); err != nil {
		// What was written of the records is taken back; should that fail too,
		// the next Open does it. The records before them get their last chance.
		r.seq -= uint64(r.grouped)
		r.waiting -= r.grouped
		r.grouped = 0
		r.await()
		_ = r.segment.Truncate(r.size)
		if r.segment.Sync() == nil {
			r.waiting = 0
		}
		return err
	}
	r.size += int64(len(r.group))
	r.group, r.grouped, r.handed = r.group[:0], 0, time.Now()
	return nil
}

// handBehind hands over what Append has left to it.
func (r *Run) handBehind() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.handTimer = nil
	if r.err != nil {
		return
	}
	if err := r.hand(); err != nil {
		_ = r.stop(err) // kept in r.err for whoever writes next
	}
}

// rawData is JSON that is written already.
type rawData []byte

func (d rawData) AppendJSON(b []byte) ([]byte, error) { return append(b, d...), nil }

// syncing is a sync of the segment that others do not wait for.
type syncing struct {
	covers int // records
	done   chan struct{}
	err    error // once done is closed
}

// syncBehind syncs while others append: a search does not wait for the disk.
func (r *Run) syncBehind() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.timer = nil
	if r.err != nil || r.waiting == 0 || r.syncing != nil {
		return
	}
	if err := r.hand(); err != nil {
		_ = r.stop(err) // kept in r.err for whoever writes next
		return
	}
	s := &syncing{covers: r.waiting, done: make(chan struct{})}
	r.syncing = s
	segment := r.segment
	r.mu.Unlock()
	s.err = segment.Sync()
	close(s.done)
	r.mu.Lock()
	if r.syncing == s {
		r.await()
	}
	if r.err == nil && r.waiting > 0 && r.timer == nil {
		r.timer = time.AfterFunc(r.pace.delay, r.syncBehind)
	}
}

// await waits for the end of a sync in the background and takes note of it.
// Without that nobody may sync, cut or close the segment.
func (r *Run) await() {
	s := r.syncing
	if s == nil {
		return
	}
	<-s.done
	r.syncing = nil
	if s.err != nil {
		_ = r.stop(s.err) // kept in r.err for whoever writes next
		return
	}
	r.waiting -= s.covers
}

// rotate begins the next segment. The old one is on the disk before the new
// one exists, so only the last segment can be torn.
func (r *Run) rotate() error {
	if err := r.sync(); err != nil {
		return err
	}
	next, err := r.d.Create(r.segmentPath(r.number + 1))
	if err != nil {
		return err
	}
	if err := r.d.SyncDir(filepath.Join(r.dir, journalDir)); err != nil {
		next.Close()
		return err
	}
	if err := r.segment.Close(); err != nil {
		next.Close()
		return err
	}
	r.segment, r.number, r.size = next, r.number+1, 0
	return nil
}

// Sync puts all records on the disk.
func (r *Run) Sync() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return r.err
	}
	return r.sync()
}

func (r *Run) sync() error {
	if r.timer != nil {
		r.timer.Stop()
		r.timer = nil
	}
	if r.await(); r.err != nil {
		return r.err
	}
	if r.waiting == 0 {
		return nil
	}
	if err := r.hand(); err != nil {
		return r.stop(err)
	}
	if err := r.segment.Sync(); err != nil {
		return r.stop(err)
	}
	r.waiting = 0
	return nil
}

// stop ends writing for good.
func (r *Run) stop(err error) error {
	if r.err != nil {
		return r.err
	}
	r.err = writeError(r.segmentPath(r.number), err)
	if safe := int(r.seq) - r.waiting - 1; safe >= 0 {
		r.err = fmt.Errorf("%w; %d results are safe: `metaplast resume %s` continues once this is solved", r.err, safe, r.dir)
	}
	return r.err
}

// Close syncs and unlocks the run. It returns the error that stopped writing,
// if one did.
func (r *Run) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lock == nil {
		return nil
	}
	err := r.err
	if err == nil {
		err = r.sync()
	}
	if cerr := r.release(); err == nil && cerr != nil {
		err = writeError(r.dir, cerr)
	}
	return err
}

// halt ends the run without another word to the disk, as a kill would.
func (r *Run) halt() {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = r.release()
}

func (r *Run) release() error {
	if r.timer != nil {
		r.timer.Stop()
		r.timer = nil
	}
	if r.handTimer != nil {
		r.handTimer.Stop()
		r.handTimer = nil
	}
	r.await()
	r.err = errClosed
	var err error
	if r.segment != nil {
		err = r.segment.Close()
	}
	if lerr := r.lock.release(); err == nil {
		err = lerr
	}
	r.segment, r.lock = nil, nil
	return err
}

var errClosed = errors.New("the run is closed")

func (r *Run) segmentPath(n int) string {
	return filepath.Join(r.dir, journalDir, segmentName(n))
}
