package checkpoints

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"iter"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Record is one line of the journal.
type Record struct {
	Seq  uint64          `json:"seq"`
	Kind string          `json:"kind"`
	Key  string          `json:"key"`
	Data json.RawMessage `json:"data"`
}

// kindRun is the kind of the first record, which repeats the manifest.
const kindRun = "run"

const (
	segmentBytes = 8 << 20
	maxRecord    = 16 << 20
	maxSegment   = segmentBytes + maxRecord
)

const (
	crcOpen   = `{"crc":"`
	crcClose  = `",`
	crcDigits = 8
	prefixLen = len(crcOpen) + crcDigits + len(crcClose)
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(payload []byte) uint32 { return crc32.Checksum(payload, castagnoli) }

// encodeRecord returns the line of a record, with its newline.
func encodeRecord(r Record) ([]byte, error) {
	var data bytes.Buffer
	if r.Data == nil {
		data.WriteString("null")
	} else if err := json.Compact(&data, r.Data); err != nil {
		return nil, err
	}
	return sealRecord(append(beginRecord(nil, r.Seq, r.Kind, r.Key), data.Bytes()...)), nil
}

// beginRecord replaces b by the line of a record up to its data; the checksum
// is still to come.
func beginRecord(b []byte, seq uint64, kind, key string) []byte {
	b = append(b[:0], crcOpen+"00000000"+crcClose+`"seq":`...)
	b = strconv.AppendUint(b, seq, 10)
	b = append(b, `,"kind":`...)
	b = appendString(b, kind)
	b = append(b, `,"key":`...)
	b = appendString(b, key)
	return append(b, `,"data":`...)
}

// sealRecord ends a line after its data.
func sealRecord(b []byte) []byte {
	b = append(b, '}')
	// The checksum is that of the object without its first member.
	b[prefixLen-1] = '{'
	sum := checksum(b[prefixLen-1:])
	b[prefixLen-1] = ','
	const digits = "0123456789abcdef"
	for i := range crcDigits {
		b[len(crcOpen)+i] = digits[sum>>(4*(crcDigits-1-i))&15]
	}
	return append(b, '\n')
}

// appendString writes s as JSON, such that rule text stays readable.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return appendEscaped(b, s)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

func appendEscaped(b []byte, s string) []byte {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // every string can be written to a buffer
	return append(b, bytes.TrimSuffix(text.Bytes(), []byte("\n"))...)
}

// decodeRecord reads a line without its newline.
func decodeRecord(line []byte) (Record, error) {
	if len(line) <= prefixLen || string(line[:len(crcOpen)]) != crcOpen ||
		string(line[prefixLen-len(crcClose):prefixLen]) != crcClose {
		return Record{}, errors.New("is not a journal record")
	}
	payload := make([]byte, 0, len(line)-prefixLen+1)
	payload = append(payload, '{')
	payload = append(payload, line[prefixLen:]...)
	if fmt.Sprintf("%08x", checksum(payload)) != string(line[len(crcOpen):len(crcOpen)+crcDigits]) {
		return Record{}, errors.New("checksum does not match")
	}
	var r Record
	dec := json.NewDecoder(bytes.NewReader(payload))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		return Record{}, errors.New("is not a journal record: " + strings.TrimPrefix(err.Error(), "json: "))
	}
	return r, nil
}

// entry is one line of a segment: a record, or why it is none.
type entry struct {
	Line       int
	Start, End int // bytes, with the newline
	Record     Record
	Why        string
}

// entries splits a segment into lines.
func entries(segment []byte) iter.Seq[entry] {
	return func(yield func(entry) bool) {
		at := 0
		for line := 1; at < len(segment); line++ {
			e := entry{Line: line, Start: at}
			n := bytes.IndexByte(segment[at:], '\n')
			if n < 0 {
				e.End, e.Why = len(segment), "is cut off"
			} else {
				e.End = at + n + 1
				var err error
				if e.Record, err = decodeRecord(segment[at : at+n]); err != nil {
					e.Why = err.Error()
				}
			}
			if !yield(e) {
				return
			}
			at = e.End
		}
	}
}

var segmentPattern = regexp.MustCompile(`^[0-9]{6}\.jsonl$`)

func segmentName(n int) string { return fmt.Sprintf("%06d.jsonl", n) }

// segments lists the segments of a run in order.
func segments(d disk, dir string) ([]string, error) {
	names, err := d.ReadDir(filepath.Join(dir, journalDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read journal of run %s: %w", dir, err)
	}
	var out []string
	for _, n := range names {
		if segmentPattern.MatchString(n) {
			out = append(out, n)
		}
	}
	return out, nil
}

// tail is where a journal ends.
type tail struct {
	segments int
	size     int64  // intact bytes of the last segment
	torn     int64  // bytes after them, left by a killed process
	seq      uint64 // number of the last record
}

// readJournal calls visit for every record in order and returns the end.
// The last line of the last segment may be torn, see isTorn; anything else
// that is not as written is damage.
func readJournal(d disk, dir string, visit func(Record) error) (tail, error) {
	names, err := segments(d, dir)
	if err != nil {
		return tail{}, err
	}
	var t tail
	for i, name := range names {
		file := filepath.Join(journalDir, name)
		damaged := func(line int, why string) (tail, error) {
			return tail{}, &ErrDamaged{Dir: dir, File: file, Line: line, Why: why}
		}
		if name != segmentName(i+1) {
			return tail{}, &ErrDamaged{Dir: dir, File: filepath.Join(journalDir, segmentName(i+1)), Why: "is missing"}
		}
		data, err := d.ReadFile(filepath.Join(dir, file), maxSegment)
		if err != nil {
			return damaged(0, err.Error())
		}
		t.segments, t.size, t.torn = i+1, 0, 0
		for e := range entries(data) {
			if e.Why != "" {
				if i == len(names)-1 && isTorn(data, e) {
					t.torn = int64(len(data) - e.Start)
					break
				}
				return damaged(e.Line, e.Why)
			}
			if e.Record.Seq != t.seq+1 {
				return damaged(e.Line, fmt.Sprintf("holds record %d where %d is expected", e.Record.Seq, t.seq+1))
			}
			t.seq, t.size = e.Record.Seq, int64(e.End)
			if visit != nil {
				if err := visit(e.Record); err != nil {
					return tail{}, err
				}
			}
		}
	}
	return t, nil
}

// isTorn reports whether the bad entry e is what an interruption leaves at the
// end of data: a last line without its newline (the process was killed), or
// one with a hole of zeros (the machine was).
func isTorn(data []byte, e entry) bool {
	if e.End != len(data) {
		return false
	}
	return data[e.End-1] != '\n' || bytes.IndexByte(data[e.Start:], 0) >= 0
}
