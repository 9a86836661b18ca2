package outer

import (
	"testing"

	"github.com/metaplast/metaplast/rulespace"
)

func TestIdentity(t *testing.T) {
	probe := rulespace.FixedProbe(rulespace.Signals(rulespace.SigPre, rulespace.SigPost, rulespace.SigW, rulespace.SigPhase))
	same := func(a, b, tuned string) bool {
		c := newCache(probe)
		parse := func(text string) *entry {
			r, err := rulespace.ParseRule(text, rulespace.Param{Name: "a", Value: 0.5})
			if err != nil {
				t.Fatal(err)
			}
			return c.entry(r, tuned)
		}
		e := parse(a)
		c.put(e)
		return c.find(parse(b)) == e
	}
	for _, x := range []struct {
		a, b  string
		tuned string
		want  bool
	}{
		{"lr*a*pre*post", "lr*a*post*pre", "", true},
		{"lr*(a*pre*post)", "lr*pre*(2*a*post)", "lr", true},
		{"lr*a*pre*post", "lr*2*a*pre*post", "", false},
		{"lr*a*pre*post", "-lr*a*pre*post", "lr", false},
		{"lr*(pre - a*w)", "lr*(2*a*pre - a*w)", "lr", true},
		{"lr*(pre - a*w)", "lr*(pre - w*a^2)", "lr", false},
		{"lr*pre - a*w", "lr*pre - 2*a*w", "lr", false}, // lr is no overall factor
		{"lr*a*pre*phase", "lr*a*pre/phase", "", true},  // phase is −1 or 1
		{"lr*a*pre*phase", "lr*a*pre/phase^3", "lr", true},
		{"lr*a*tanh(pre)", "lr*a*(1 - exp(-2*pre))/(1 + exp(-2*pre))", "lr", true},
		{"lr*a*pre; db: lr", "lr*a*pre", "lr", false},
		{"lr*a*pre; db: lr", "lr*a*pre; db: lr*pre", "", true}, // pre of a bias is 1
		{"a*pre; dfb: lr*pre*post", "a*pre; dfb: lr*post*pre", "", true},
		{"a*pre; dfb: lr*pre*phase", "a*pre; dfb: lr*pre/phase", "", true},
		{"a*pre; dfb: lr*pre*phase", "a*pre; dfb: 2*lr*pre/phase", "", false},
		{"a*pre; dfb: lr*pre*phase", "a*pre; dfb: 2*lr*pre/phase", "lr", true},
		{"a*pre; dfb: lr*pre*post", "2*a*pre; dfb: lr*pre*post", "lr", false},
		{"lr*a*pre; dfb: lr*pre", "lr*a*pre; dfb: 2*lr*pre", "lr", false}, // a ratio of rates
		{"lr*a*pre; dfb: w - w", "lr*a*pre", "", true},
		{"lr*a*pre; dfb: lr*post", "lr*a*pre; db: lr*post", "", false},
	} {
		if got := same(x.a, x.b, x.tuned); got != x.want {
			t.Errorf("tuning %q, %s and %s are the same: %v", x.tuned, x.a, x.b, got)
		}
	}
	// The known rule is the more complex one: the simpler one is tried too.
	if same("lr*a*(1 - exp(-2*pre))/(1 + exp(-2*pre))", "lr*a*tanh(pre)", "lr") {
		t.Error("a rule hides a simpler one that behaves alike")
	}
}

func TestPrepare(t *testing.T) {
	r, err := rulespace.ParseRule("dw: lr*(pre + a*post - post*a + w - w); dfb: lr*(a*w - w*a)", rulespace.Param{Name: "a", Value: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	got, _, _ := prepare(r)
	if got.DW.String() != "lr*pre" || got.DFB != nil || len(got.Params) != 1 || got.Params[0].Name != "lr" {
		t.Errorf("prepared as %s with %v", got.CanonicalText(), got.Params)
	}
	if err := got.Validate(); err != nil {
		t.Error(err)
	}
	if len(r.Params) != 2 || r.DFB == nil {
		t.Error("the candidate was changed")
	}
}

func TestScales(t *testing.T) {
	for text, want := range map[string]bool{
		"lr*pre": true, "-lr*pre": true, "pre*(lr*post)": true, "lr*pre/w": true, "lr": true,
		"pre/lr": false, "lr^2*pre": false, "lr*pre + w": false, "lr*(pre*lr)": false, "tanh(lr*pre)": false, "lr*pre; db: lr": false,
		"pre; dfb: lr*post": true, "lr*pre; dfb: lr*post": false,
	} {
		if got := scales(mustRule(t, text), "lr"); got != want {
			t.Errorf("lr is an overall factor of %s: %v", text, got)
		}
	}
}
