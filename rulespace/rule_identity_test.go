package rulespace_test

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/classic"
)

func inline(t testing.TB, text string, params ...rulespace.Param) *rulespace.Rule {
	t.Helper()
	r, err := rulespace.ParseRule(text, params...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The digest is what its comment says, so that others can compute it.
func TestDigestIsSpecified(t *testing.T) {
	r, _ := classic.Get("three-factor")
	text := "metaplast rule 1\n" +
		"state s1 synapse 0 " + canonical(t, "0.9*s1 + post*pre", "s1") + "\n" +
		"dw " + canonical(t, "0.01*(reward - reward_mean)*s1", "s1") + "\n"
	sum := sha256.Sum256([]byte(text))
	if got, want := r.Digest(), hex.EncodeToString(sum[:16]); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func canonical(t *testing.T, text string, names ...string) string {
	e, err := rulespace.ParseExpr(text, names...)
	if err != nil {
		t.Fatal(err)
	}
	return rulespace.Canon(e).String()
}

func TestIdentity(t *testing.T) {
	p := func(name string, v float64) rulespace.Param { return rulespace.Param{Name: name, Value: v} }
	oja := inline(t, "lr*post*(pre - post*w)")
	for _, c := range []struct {
		name              string
		rule, other       *rulespace.Rule
		digest, structure bool
	}{
		{"notation", oja, inline(t, "(pre - w*post)*post*lr"), true, true},
		{"factoring", oja, inline(t, "lr*pre*post - lr*post^2*w"), true, true},
		{"number for parameter", oja, inline(t, "0.01*post*(pre - post*w)"), true, true},
		{"name of parameter", oja, inline(t, "a*post*(pre - post*w)", p("a", 0.01)), true, true},
		{"learning rate", oja, inline(t, "lr*post*(pre - post*w)", p("lr", 0.02)), false, true},
		{"split learning rate", oja, inline(t, "2*lr*post*(pre - post*w)"), false, true},
		{"sign of the learning rate", oja, inline(t, "lr*post*(pre - post*w)", p("lr", -0.01)), false, false},
		{"sign in the text", oja, inline(t, "-lr*post*(post*w - pre)"), true, true},
		{"free coefficient", oja, inline(t, "lr*post*(pre - a*post*w)", p("a", 1)), true, false},
		{"other coefficient", inline(t, "lr*post*(pre - b*post*w)", p("b", 3)), inline(t, "lr*post*(pre - a*post*w)", p("a", 2)), false, true},
		{"order of parameters", inline(t, "a*pre + b*post", p("a", 1), p("b", 2)), inline(t, "b*pre + a*post", p("a", 2), p("b", 1)), true, true},
		{"exchanged values", inline(t, "a*pre + b*post", p("a", 1), p("b", 2)), inline(t, "a*pre + b*post", p("a", 2), p("b", 1)), false, true},
		{"bias", oja, inline(t, "lr*post*(pre - post*w); db: lr*post"), false, false},
		{"bias of zero", oja, inline(t, "lr*post*(pre - post*w); db: post - post; dfb: 0*w"), true, true},
		{"bias rate", inline(t, "lr*pre; db: 2*lr"), inline(t, "lr*pre; db: lr"), false, true},
		{"feedback", inline(t, "err*pre; dfb: err*pre"), inline(t, "err*pre; db: err"), false, false},
	} {
		if got := c.rule.Digest() == c.other.Digest(); got != c.digest {
			t.Errorf("%s: same digest: %v", c.name, got)
		}
		if got := c.rule.Structure() == c.other.Structure(); got != c.structure {
			t.Errorf("%s: same structure: %v", c.name, got)
		}
	}
}

func TestStatesAreRenamed(t *testing.T) {
	read := func(file string) *rulespace.Rule {
		r, err := rulespace.Decode("x", []byte("format: 1\n"+file))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	a := read("dw: a*w\nstate: {a: {scope: pre, update: s1 + pre}, s1: {scope: pre, update: 0.5*s1}}\n")
	b := read("dw: s1*w\nstate: {s1: {scope: pre, update: b + pre}, b: {scope: pre, update: b/2}}\n")
	if a.Digest() != b.Digest() || a.Structure() != b.Structure() {
		t.Error("names of states count")
	}
	c := read("dw: a*w\nstate: {s1: {scope: pre, update: 0.5*s1}, a: {scope: pre, update: s1 + pre}}\n")
	d := read("dw: a*w\nstate: {a: {scope: pre, init: 1, update: s1 + pre}, s1: {scope: pre, update: 0.5*s1}}\n")
	for _, x := range []*rulespace.Rule{c, d} {
		if a.Digest() == x.Digest() || a.Structure() == x.Structure() {
			t.Error("order or initial value of states does not count")
		}
	}
}

// Neither names nor values of parameters, nor metadata, change the structure.
func TestStructureIgnoresNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawRule(t)
		if r.Validate() != nil {
			t.Skip()
		}
		renamed := rename(r, map[string]string{"lr": "z", "y": "lr", "null": "a1", "_2": "p1"})
		if r.Digest() != renamed.Digest() {
			t.Error("digest changed")
		}
		if len(r.Params) > 3 {
			return // parameters that stand alike may swap
		}
		slices.Reverse(renamed.Params)
		if r.Digest() != renamed.Digest() {
			t.Error("digest changed with the order of parameters")
		}
		if r.Structure() != renamed.Structure() {
			t.Errorf("structure changed: %s", r.CanonicalText())
		}
	})
}

func rename(r *rulespace.Rule, names map[string]string) *rulespace.Rule {
	sub := func(e *rulespace.Expr) *rulespace.Expr {
		if e == nil {
			return nil
		}
		return e.Substitute(func(n string) (*rulespace.Expr, bool) {
			m, ok := names[n]
			return rulespace.Name(m), ok
		})
	}
	c := &rulespace.Rule{Name: "other", Title: "other", DW: sub(r.DW), DB: sub(r.DB), DFB: sub(r.DFB)}
	for _, p := range r.Params {
		c.Params = append(c.Params, rulespace.Param{Name: names[p.Name], Value: p.Value})
	}
	for _, s := range r.States {
		s.Update = sub(s.Update)
		c.States = append(c.States, s)
	}
	return c
}

func TestCanonicalText(t *testing.T) {
	for name, want := range map[string]string{
		"hebb":         canonical(t, "lr*post*pre", "lr"),
		"error":        "dw: " + canonical(t, "lr*err*pre", "lr") + "; db: " + canonical(t, "lr*err", "lr"),
		"three-factor": "trace: " + canonical(t, "decay*trace + post*pre", "decay", "trace") + "; dw: " + canonical(t, "lr*(reward - reward_mean)*trace", "lr", "trace"),
	} {
		r, _ := classic.Get(name)
		if got := r.CanonicalText(); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// Counted by hand; lr is no part of it.
func TestRuleComplexity(t *testing.T) {
	for name, want := range map[string]int{
		"hebb":         3,  // post*pre
		"oja":          7,  // post*(pre - post*w)
		"error":        3,  // err*pre; the bias rule is implied
		"error-decay":  8,  // err*pre - decay*w; err, as the bias does not decay
		"momentum":     8,  // v; mu*v + err*pre
		"three-factor": 12, // trace*(reward - reward_mean); decay*trace + post*pre
	} {
		r, _ := classic.Get(name)
		if got := r.Complexity(); got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
}

func TestClassicsAreDistinct(t *testing.T) {
	seen := map[string]string{}
	for _, r := range classic.All() {
		if other, ok := seen[r.Structure()]; ok {
			t.Errorf("%s and %s are one rule", r.Name, other)
		}
		seen[r.Structure()] = r.Name
	}
}
