package outer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/metaplast/metaplast/checkpoints"
)

// RecordKind is the kind of the journal records that hold outcomes.
const RecordKind = "trial"

// Journal is the store of a run on disk. It remembers what the journal held
// when it was opened: a search does not ask for the same trial twice, so what
// is appended from then on takes no memory.
type Journal struct {
	run   *checkpoints.Run
	n     int
	known map[textID]score   // by key
	wrong map[textID]Outcome // trials that did not end well
	last  Outcome            // that was appended
}

// score is an outcome that is OK.
type score struct {
	value, raw float64
	steps      int
}

// NewJournal returns a store that knows the outcomes in the journal of a run.
// Records of other kinds are left alone.
func NewJournal(run *checkpoints.Run) (*Journal, error) {
	j := &Journal{run: run, known: map[textID]score{}, wrong: map[textID]Outcome{}}
	err := run.Replay(func(r checkpoints.Record) error {
		if r.Kind != RecordKind {
			return nil
		}
		var o Outcome
		dec := json.NewDecoder(bytes.NewReader(r.Data))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&o); err != nil {
			return fmt.Errorf("run %s: journal record %d (%s) holds no outcome: %w", run.Dir(), r.Seq, r.Key, err)
		}
		j.remember(textOf(r.Key), o)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return j, nil
}

// remember keeps an outcome, the first of a key.
func (j *Journal) remember(id textID, o Outcome) {
	if _, ok := j.lookup(id); ok {
		return
	}
	j.n++
	if o.Status == OK && o.Reason == "" {
		j.known[id] = score{o.Value, o.Raw, o.Steps}
	} else {
		j.wrong[id] = o
	}
}

func (j *Journal) lookup(id textID) (Outcome, bool) {
	if s, ok := j.known[id]; ok {
		return Outcome{Status: OK, Value: s.value, Raw: s.raw, Steps: s.steps}, true
	}
	o, ok := j.wrong[id]
	return o, ok
}

// Len is the number of outcomes in the journal.
func (j *Journal) Len() int { return j.n }

// Lookup implements Store.
func (j *Journal) Lookup(key string) (Outcome, bool) {
	if len(j.known)+len(j.wrong) == 0 {
		return Outcome{}, false
	}
	return j.lookup(textOf(key))
}

// Append implements Store.
func (j *Journal) Append(key string, o Outcome) error {
	j.last = o
	if err := j.run.Append(RecordKind, key, &j.last); err != nil {
		return err
	}
	j.n++
	return nil
}

// Sync implements Store.
func (j *Journal) Sync() error { return j.run.Sync() }

// AppendJSON implements checkpoints.Appender.
func (o Outcome) AppendJSON(b []byte) ([]byte, error) {
	if !finite(o.Value) || !finite(o.Raw) {
		return nil, errors.New("an outcome holds a number that is not finite")
	}
	b = append(b, `{"status":`...)
	b = appendText(b, string(o.Status))
	if o.Reason != "" {
		b = append(b, `,"reason":`...)
		b = appendText(b, o.Reason)
	}
	b = append(b, `,"value":`...)
	b = appendNumber(b, o.Value)
	b = append(b, `,"raw":`...)
	b = appendNumber(b, o.Raw)
	b = append(b, `,"steps":`...)
	b = strconv.AppendInt(b, int64(o.Steps), 10)
	return append(b, '}'), nil
}

// appendText writes s as json.Marshal does.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			text, _ := json.Marshal(s) // every string can be written
			return append(b, text...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// appendNumber writes v as json.Marshal does, so that the bytes of a journal
// do not depend on who wrote them.
func appendNumber(b []byte, v float64) []byte {
	if a := math.Abs(v); a == 0 || a >= 1e-6 && a < 1e21 {
		return strconv.AppendFloat(b, v, 'f', -1, 64)
	}
	b = strconv.AppendFloat(b, v, 'e', -1, 64)
	if n := len(b); b[n-4] == 'e' && b[n-3] == '-' && b[n-2] == '0' { // e-09 is e-9
		b[n-2] = b[n-1]
		b = b[:n-1]
	}
	return b
}

// noStore forgets.
type noStore struct{}

func (noStore) Lookup(string) (Outcome, bool) { return Outcome{}, false }
func (noStore) Append(string, Outcome) error  { return nil }
func (noStore) Sync() error                   { return nil }
