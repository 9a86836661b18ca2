package enumerate

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metaplast/metaplast/rulespace"
)

// With one signal, a state and addition the rules are, by hand, the sums
// a·err + b·v of whole numbers a, b ≥ 0: one for each a + b = 1, 2, 3, …
func TestStatesAreLeaves(t *testing.T) {
	given, err := rulespace.ParseGiven("dw: lr*v", "v")
	if err != nil {
		t.Fatal(err)
	}
	space := &rulespace.Space{Signals: rulespace.Signals(rulespace.SigErr), Primitives: []rulespace.Op{add}, MaxComplexity: 5,
		Outputs: []rulespace.Output{{Slot: rulespace.SlotState}}, State: "v", Given: given}
	_, rules := all(t, space, Options{KeepScale: space.ScaleMatters()})
	var got []string
	for _, r := range rules {
		if err := r.Validate(); err != nil {
			t.Fatal(err)
		}
		got = append(got, r.CanonicalText())
	}
	var want []string
	for _, update := range []string{"err", "v", "2*err", "v + err", "2*v", "3*err", "v + 2*err", "2*v + err", "3*v"} {
		want = append(want, fmt.Sprintf("v: %s; dw: lr*v", update))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// At rest the state is 0 too: it may decay, and not grow from nothing.
func TestStatesAtRest(t *testing.T) {
	given, err := rulespace.ParseGiven("dw: lr*v", "v")
	if err != nil {
		t.Fatal(err)
	}
	space := &rulespace.Space{Signals: rulespace.Signals(rulespace.SigErr, rulespace.SigPre), Primitives: []rulespace.Op{mul}, MaxComplexity: 3,
		Constants: []float64{0.5}, Outputs: []rulespace.Output{{Slot: rulespace.SlotState}}, State: "v", Given: given}
	_, rules := all(t, space, Options{KeepScale: true, AtRest: true})
	got := map[string]bool{}
	for _, r := range rules {
		got[space.Searched(r)[0].String()] = true
	}
	for text, want := range map[string]bool{"v": true, "pre": true, "err": false, "v*0.5": true, "err*0.5": false} {
		e, err := rulespace.ParseExpr(text, "v")
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, r := range rules {
			found = found || rulespace.Canon(space.Searched(r)[0]).String() == rulespace.Canon(e).String()
		}
		if found != want {
			t.Errorf("%s is among the rules: %v, want %v; they are %v", text, found, want, got)
		}
	}
}
