package learner_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/learner"
	"github.com/metaplast/metaplast/inner/learner/learnertest"
	"github.com/metaplast/metaplast/rulespace"
)

func Example() {
	e, _ := learner.ByName("fa")
	fmt.Printf("%s: %s with %s\n", e.Title, e.Circuit, e.DW)
	// Output: feedback alignment: fa with lr*err*pre
}

func TestConformance(t *testing.T) {
	for _, e := range learner.Catalogue() {
		t.Run(e.Name, func(t *testing.T) { learnertest.Run(t, e) })
	}
}

// Every learner names a test that is there.
func TestChecksExist(t *testing.T) {
	var tests strings.Builder
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		data, err := os.ReadFile(path)
		tests.Write(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range learner.Catalogue() {
		if !strings.Contains(tests.String(), "func "+e.Check+"(t *testing.T)") {
			t.Errorf("%s: there is no test %q", e.Name, e.Check)
		}
	}
}

func TestCatalogueIsSorted(t *testing.T) {
	all := learner.Catalogue()
	if !slices.IsSortedFunc(all, func(a, b learner.Entry) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("the catalogue is not sorted by name")
	}
	for _, e := range all {
		if found, ok := learner.ByName(e.Name); !ok || found.Name != e.Name {
			t.Errorf("%s is not found", e.Name)
		}
	}
	if _, ok := learner.ByName("backprop"); ok {
		t.Error("an unknown name is found")
	}
}

// Locality flags of the catalogue against the known facts about the learners.
func TestLocality(t *testing.T) {
	for name, want := range map[string][]string{
		"bp":       {credit.WeightTransport, credit.ForwardLocking, credit.BackwardLocking, credit.BackwardPhase},
		"fa":       {credit.ForwardLocking, credit.BackwardLocking, credit.BackwardPhase},
		"dfa":      {credit.ForwardLocking, credit.ErrorBroadcast, credit.BackwardPhase},
		"usf":      {credit.SignTransport, credit.ForwardLocking, credit.BackwardLocking, credit.BackwardPhase},
		"drtp":     {credit.TargetBroadcast},
		"pepita":   {credit.ForwardLocking, credit.SecondPass},
		"pal":      nil,
		"oja":      nil,
		"bcm":      nil,
		"subspace": {"reads recon"},
		"gha":      {"reads lower"},
		"delta":    {"reads target"},
	} {
		e, ok := learner.ByName(name)
		if !ok || !slices.Equal(e.Locality, want) {
			t.Errorf("%s asks for %q, want %q", name, e.Locality, want)
		}
	}
}

func TestCheck(t *testing.T) {
	rule := func(dw *rulespace.Expr) *rulespace.Rule { return &rulespace.Rule{DW: dw} }
	reward, target := rule(rulespace.Sig(rulespace.SigReward)), rule(rulespace.Sig(rulespace.SigTarget))
	pre := rule(rulespace.Sig(rulespace.SigPre))
	plastic := rule(rulespace.Sig(rulespace.SigPre))
	plastic.DFB = rulespace.Sig(rulespace.SigPre)
	of := func(circuit string, hidden, output *rulespace.Rule, frozen bool) learner.Learner {
		return learner.Learner{Credit: credit.Config{Name: circuit}, Rule: hidden, OutputRule: output, FreezeHidden: frozen}
	}
	for _, c := range []struct {
		l           learner.Learner
		connections int
		want        string // "" is no error
	}{
		{of("fa", reward, nil, false), 1, "rule reads reward, which circuit fa does not provide; it provides: pre"},
		{of("fa", reward, pre, false), 1, ""}, // no hidden connection has the rule
		{of("fa", reward, pre, false), 2, "rule reads reward"},
		{of("fa", reward, pre, true), 2, ""},
		{of("none", target, nil, false), 1, ""},
		{of("none", target, nil, false), 2, "to hidden units"},
		{of("none", pre, target, false), 2, ""},
		{of("bp", plastic, nil, false), 2, "dfb"},
		{of("fa", plastic, nil, false), 2, ""},
		{of("none", nil, nil, false), 1, "a rule is missing"},
		{of("none", nil, pre, true), 2, ""},
		{of("nil", pre, nil, false), 1, `"nil" is not a circuit`},
	} {
		err := c.l.Check(c.connections)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v in %d connections: %v, want %q", c.l, c.connections, err, c.want)
		}
	}
	var s *credit.SignalError
	if err := of("fa", reward, nil, false).Check(1); !errors.As(err, &s) || s.Signal != rulespace.SigReward || s.Circuit != "fa" {
		t.Errorf("error is %#v", err)
	}
}
