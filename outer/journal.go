package outer

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/metaplast/metaplast/checkpoints"
)

// RecordKind is the kind of the journal records that hold outcomes.
const RecordKind = "trial"

// Journal is the store of a run on disk.
type Journal struct {
	run      *checkpoints.Run
	outcomes map[string]Outcome
}

// NewJournal returns a store that knows the outcomes in the journal of a run.
// Records of other kinds are left alone.
func NewJournal(run *checkpoints.Run) (*Journal, error) {
	j := &Journal{run, map[string]Outcome{}}
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
		if _, ok := j.outcomes[r.Key]; !ok {
			j.outcomes[r.Key] = o
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return j, nil
}

// Len is the number of outcomes known.
func (j *Journal) Len() int { return len(j.outcomes) }

// Lookup implements Store.
func (j *Journal) Lookup(key string) (Outcome, bool) {
	o, ok := j.outcomes[key]
	return o, ok
}

// Append implements Store.
func (j *Journal) Append(key string, o Outcome) error {
	if err := j.run.Append(RecordKind, key, o); err != nil {
		return err
	}
	j.outcomes[key] = o
	return nil
}

// Sync implements Store.
func (j *Journal) Sync() error { return j.run.Sync() }

// memoryStore keeps outcomes for as long as the search runs.
type memoryStore map[string]Outcome

func (m memoryStore) Lookup(key string) (Outcome, bool) {
	o, ok := m[key]
	return o, ok
}

func (m memoryStore) Append(key string, o Outcome) error {
	m[key] = o
	return nil
}

func (m memoryStore) Sync() error { return nil }
