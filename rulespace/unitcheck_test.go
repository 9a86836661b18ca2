package rulespace

import "testing"

func TestCheckUnits(t *testing.T) {
	for text, want := range map[string]string{
		"post*(pre - post*w)":            "",
		"a*err*pre - w":                  "",
		"pre + err":                      "cannot add pre [rate] and err [err]",
		"post - pre*post":                "cannot subtract post [rate] and pre*post [rate^2]",
		"max(reward, w)":                 "cannot compare reward [reward] and w [1]",
		"tanh(pre)":                      "tanh needs a number without unit; pre is in [rate]",
		"tanh(a*pre)":                    "",
		"exp(w) + sign(pre)":             "",
		"sqrt(pre)":                      "cannot take the root of pre [rate]",
		"sqrt(pre*post) + pre":           "",
		"pre/post + w":                   "",
		"clip(pre, 0, post)":             "",
		"clip(pre, err, post)":           "cannot compare pre [rate] and err [err]",
		"reward_mean*pre + reward*err/w": "cannot add reward_mean*pre [rate·reward] and reward*err/w [err·reward]",
		"1 + pre + pre^2":                "cannot add 1 + pre [rate] and pre^2 [rate^2]",
	} {
		e, err := ParseExpr(text, "a")
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := CheckUnits(e); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// Exponents saturate instead of running around to a unit that fits.
func TestUnitsSaturate(t *testing.T) {
	if err := CheckUnits(mustParse(t, "(pre^16)^16 + w")); err == nil {
		t.Error("rate^256 went for dimensionless")
	}
	shared := Apply(Tanh, Sig(SigW))
	for range 100 {
		shared = Apply(Add, shared, shared)
	}
	if err := CheckUnits(Apply(Add, shared, Sig(SigPre))); err == nil || err.Error() != "cannot add an expression of 1073741824 nodes [1] and pre [rate]" {
		t.Error(err)
	}
}
