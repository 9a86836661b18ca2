package checkpoints

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"
)

// The line of a record, written by hand; its checksum is that of a
// bitwise CRC-32C over {"seq":1,"kind":"k","key":"a<b","data":[1,2.5]}.
const goldenLine = `{"crc":"bdad4700","seq":1,"kind":"k","key":"a<b","data":[1,2.5]}` + "\n"

func TestRecordFormat(t *testing.T) {
	line, err := encodeRecord(Record{Seq: 1, Kind: "k", Key: "a<b", Data: []byte("[1,2.5]")})
	if err != nil || string(line) != goldenLine {
		t.Errorf("got %s, %v", line, err)
	}
}

func TestRecordRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := Record{
			Seq:  rapid.Uint64().Draw(rt, "seq"),
			Kind: rapid.StringMatching(`[a-z]{0,8}`).Draw(rt, "kind"),
			Key:  rapid.String().Draw(rt, "key"),
			Data: []byte(rapid.SampledFrom([]string{"null", "1", `"x\ny"`, `{"a":[1,2]}`}).Draw(rt, "data")),
		}
		line, err := encodeRecord(r)
		if err != nil {
			rt.Fatal(err)
		}
		if bytes.IndexByte(line, '\n') != len(line)-1 {
			rt.Fatalf("%q is not one line", line)
		}
		back, err := decodeRecord(line[:len(line)-1])
		if err != nil || back.Seq != r.Seq || back.Kind != r.Kind || back.Key != r.Key || !bytes.Equal(back.Data, r.Data) {
			rt.Fatalf("%+v came back as %+v, %v", r, back, err)
		}
	})
}

// The line is what encoding/json makes of the record, with the checksum in
// front.
func TestRecordIsJSON(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := Record{
			Seq:  rapid.Uint64().Draw(rt, "seq"),
			Kind: rapid.String().Draw(rt, "kind"),
			Key:  rapid.OneOf(rapid.String(), rapid.StringMatching(`[ -~]{0,40}`)).Draw(rt, "key"),
			Data: []byte(`{"a":"<b>"}`),
		}
		var want bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(r); err != nil {
			rt.Fatal(err)
		}
		line, err := encodeRecord(r)
		if err != nil || "{"+string(line[prefixLen:]) != want.String() {
			rt.Fatalf("got %s, want %s, %v", line, &want, err)
		}
	})
}

// FuzzJournal reads any bytes as a segment: no panic, and whatever opens takes
// records; whatever does not is made usable by Repair with all intact records.
func FuzzJournal(f *testing.F) {
	base := newRun(f, 1)
	good, err := os.ReadFile(filepath.Join(base, journalDir, segmentName(1)))
	if err != nil {
		f.Fatal(err)
	}
	flipped := bytes.Clone(good)
	flipped[len(flipped)/2] ^= 1
	for _, seed := range [][]byte{good, good[:len(good)-3], flipped, nil, []byte("\n\n"), []byte(goldenLine), append(bytes.Clone(good), 0, 0, 0)} {
		f.Add(seed)
	}
	files := snapshot(f, base)
	f.Fuzz(func(t *testing.T, segment []byte) {
		dir := filepath.Join(t.TempDir(), "run")
		moved := map[string][]byte{}
		for path, data := range files {
			rel, err := filepath.Rel(base, path)
			if err != nil {
				t.Fatal(err)
			}
			moved[filepath.Join(dir, rel)] = data
		}
		moved[filepath.Join(dir, journalDir, segmentName(1))] = segment
		delete(moved, filepath.Join(dir, journalDir, segmentName(2)))
		restore(t, dir, moved)

		d := newTestDisk()
		r, err := open(d, dir, "", small())
		if err == nil {
			r.Close()
			checkOpens(t, d, dir)
			return
		}
		if _, err := repair(d, dir); err != nil {
			return // says what to restore from a copy
		}
		checkOpens(t, d, dir)
	})
}

func checkOpens(t *testing.T, d disk, dir string) {
	r, err := open(d, dir, "", small())
	if err != nil {
		t.Fatal(err)
	}
	n := r.Len()
	if err := r.Append("outcome", "new", 1); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if r, err = open(d, dir, "", small()); err != nil || r.Len() != n+1 {
		t.Fatalf("%d records before, then %v", n, err)
	}
	r.halt()
}
