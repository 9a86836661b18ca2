package outer

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/metaplast/metaplast/checkpoints"
)

func TestJournal(t *testing.T) {
	rules := someRules(t, 40)
	want, err := Run(context.Background(), fakePlan(t, rules, 2), newMemory(), nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "run")
	run, err := checkpoints.Create(dir, checkpoints.Manifest{Name: "fake", ID: "0001"}, map[string][]byte{
		checkpoints.ConfigName: []byte("name: fake\n"), checkpoints.ResolvedName: []byte("name: fake\n"),
	})
	if err != nil {
		t.Fatal(err)
	}
	store, err := NewJournal(run)
	if err != nil {
		t.Fatal(err)
	}
	p := fakePlan(t, rules, 2)
	p.Evaluations = 20 // ends early
	if _, err := Run(context.Background(), p, store, nil); err != nil {
		t.Fatal(err)
	}
	n := store.Len()
	if err := run.Append("note", "", "not an outcome"); err != nil {
		t.Fatal(err)
	}
	if err := run.Close(); err != nil {
		t.Fatal(err)
	}

	// A process that is killed tears the last line.
	segment := filepath.Join(dir, "journal", "000001.jsonl")
	f, err := os.OpenFile(segment, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"crc":"00`); err != nil {
		t.Fatal(err)
	}
	f.Close()

	if run, err = checkpoints.Open(dir, ""); err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	if store, err = NewJournal(run); err != nil {
		t.Fatal(err)
	}
	if store.Len() != n || n == 0 {
		t.Errorf("%d outcomes of %d read back", store.Len(), n)
	}
	got, err := Run(context.Background(), fakePlan(t, rules, 2), store, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(files(t, want), files(t, got)); d != "" {
		t.Errorf("resumed run differs:\n%s", d)
	}
	if got.Replayed == 0 || got.Replayed > n {
		t.Errorf("replayed %d outcomes of %d", got.Replayed, n)
	}

	if err := run.Append(RecordKind, "bad", "no outcome"); err != nil {
		t.Fatal(err)
	}
	if _, err := NewJournal(run); err == nil || !strings.Contains(err.Error(), "(bad) holds no outcome") {
		t.Errorf("a record that is no outcome gives %v", err)
	}
}

// Outcomes are written as json.Marshal writes them.
func TestOutcomeIsJSON(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		number := rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, 1e-6, 1e-7, -9.99e-7, 1e21, 1e20, 1e-10, 1e-100, 5e-324, math.MaxFloat64}))
		o := Outcome{
			Status: Status(rapid.SampledFrom([]string{"ok", "diverged", "<odd>"}).Draw(rt, "status")),
			Reason: rapid.OneOf(rapid.Just(""), rapid.String(), rapid.StringMatching(`[ -~]*`)).Draw(rt, "reason"),
			Value:  number.Draw(rt, "value"), Raw: number.Draw(rt, "raw"),
			Steps: rapid.Int().Draw(rt, "steps"),
		}
		want, err := json.Marshal(o)
		if err != nil {
			rt.Fatal(err)
		}
		if got, err := o.AppendJSON(nil); err != nil || string(got) != string(want) {
			rt.Fatalf("got %s, want %s, %v", got, want, err)
		}
	})
	if _, err := (Outcome{Value: math.NaN()}).AppendJSON(nil); err == nil {
		t.Error("NaN is written")
	}
}
