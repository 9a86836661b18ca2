package rulespace_test

import (
	"testing"

	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/classic"
)

func nearRule(t *testing.T, dw string, params map[string]float64) *rulespace.Rule {
	t.Helper()
	names := []string{}
	for n := range params {
		names = append(names, n)
	}
	e, err := rulespace.ParseExpr(dw, names...)
	if err != nil {
		t.Fatal(err)
	}
	r := &rulespace.Rule{DW: e}
	for n, v := range params {
		r.Params = append(r.Params, rulespace.Param{Name: n, Value: v})
	}
	return r
}

func TestNear(t *testing.T) {
	lr := map[string]float64{"lr": 0.02, "a": 0.5, "b": 0.001}
	for _, x := range []struct{ dw, want string }{
		{"lr*(post*pre - w*post^2)", "oja"},
		{"2*lr*(post*pre - w*post^2)", "oja"},
		{"-lr*(w*post^2 - post*pre)", "oja"},
		{"post*pre - w*post^2", "oja"},
		{"lr*(post*pre - 1.001*w*post^2)", ""},
		{"-lr*(post*pre - w*post^2)", ""},
		{"lr*post*pre", "hebb"},
		{"a*b*pre*post/lr", "hebb"},
		{"-lr*post*pre", "anti-hebb"},
		{"a*post*pre - b*w", "hebb-decay"},
		{"a*post*pre + b*w", ""},
		{"post*(a*pre - 3*w)", "instar"},
		{"lr*(err*pre - b*w)", "error-decay"},
		{"lr*err*pre", "error"},
		{"err*pre*lr + a*err_pre*err + b*post*(pre - recon)", "error-hebb-oja"},
		{"lr*(0.3 - post*pre)", "foldiak"},
		{"lr*(-0.3 - post*pre)", ""},
		{"lr*pre*post + a*pre - b*post + 1", "abcd-hebb"},
		{"lr*pre*post + a*pre - b*post", ""},
		{"lr*post*pre*(post - theta)", "bcm"},
		{"lr*(target - a*step(2*pot))*pre", "perceptron"},
		{"lr*(reward - reward_mean)*noise*pre", "node-perturbation"},
		{"lr*0*w", ""},
		{"pre/(w - w)", ""},
	} {
		got, ok := rulespace.Near(nearRule(t, x.dw, lr), classic.All())
		if got != x.want || ok != (x.want != "") {
			t.Errorf("%s is near %q, want %q", x.dw, got, x.want)
		}
	}
	for _, x := range []struct{ dw, want string }{
		{"pre*post", "hebb"},
		{"0.3*post*pre", "hebb"},
		{"-3*post*pre", "anti-hebb"},
		{"-2*b*post*pre", "anti-hebb"},
		{"0.2*pre*post - 0.03*w", "hebb-decay"},
		{"0.2*pre*post + 0.03*w", ""},
		{"3*post*(pre - 2*w)", "instar"},
		{"tanh(post)*pre", ""},
		{"pre", ""},
	} {
		if got, _ := rulespace.Near(nearRule(t, x.dw, lr), classic.All()); got != x.want {
			t.Errorf("%s is near %q, want %q", x.dw, got, x.want)
		}
	}
	// Constants within atoms count.
	known := nearRule(t, "lr*tanh(a*post)*pre", map[string]float64{"lr": 0.01, "a": 2})
	known.Name = "tanh-hebb"
	for dw, want := range map[string]string{"tanh(post + post)*pre*5": "tanh-hebb", "tanh(post)*pre": "", "tanh(4*post)*pre": "", "tanh(post*c)*pre": "tanh-hebb"} {
		r := nearRule(t, dw, map[string]float64{"c": 3})
		if got, _ := rulespace.Near(r, []*rulespace.Rule{known}); got != want {
			t.Errorf("%s is near %q, want %q", dw, got, want)
		}
	}
	if got, _ := rulespace.Near(nearRule(t, "a*post*pre + b*w", map[string]float64{"a": 1, "b": -0.1}), classic.All()); got != "hebb-decay" {
		t.Errorf("a negative parameter is near %q", got)
	}
}

// Every known rule is near itself, whatever its constants.
func TestNearKnowsAll(t *testing.T) {
	for _, r := range classic.All() {
		if got, _ := rulespace.Near(r, classic.All()); got != r.Name {
			t.Errorf("%s is near %q", r.Name, got)
		}
		values := map[string]float64{}
		for i, p := range r.Params {
			values[p.Name] = p.Value * (0.5 + 0.07*float64(i))
		}
		s, err := r.WithParams(values)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := rulespace.Near(s, classic.All()); got != r.Name {
			t.Errorf("%s with other constants is near %q", r.Name, got)
		}
	}
}

// States are told apart by what they do, not by their names.
func TestNearComparesStates(t *testing.T) {
	for _, x := range []struct{ text, want string }{
		{"dw: lr*v\nstate: {v: {scope: synapse, init: 0, update: 0.5*v + err*pre}}", "momentum"},
		{"dw: lr*v\nstate: {v: {scope: synapse, init: 0, update: err*pre - 0.5*v}}", ""},
		{"dw: lr*v\nstate: {v: {scope: synapse, init: 1, update: 0.5*v + err*pre}}", ""},
		{"dw: lr*v\nstate: {v: {scope: synapse, init: 0, update: 0.5*v + post*pre}}", ""},
		{"dw: lr*v\nstate: {v: {scope: synapse, init: 0, update: 0.9*(v + err*pre)}}", "momentum"},
		{"dw: lr*v\nstate: {v: {scope: synapse, init: 0, update: 0.5*v - 2*err*pre}}", ""},
		{"dw: -lr*v\nstate: {v: {scope: synapse, init: 0, update: 0.5*v - 2*err*pre}}", ""},
	} {
		r, err := rulespace.Decode("x.rule.yaml", []byte("format: 1\nname: x\nparams: {lr: 0.1}\n"+x.text+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := rulespace.Near(r, classic.All()); got != x.want {
			t.Errorf("%s is near %q, want %q", x.text, got, x.want)
		}
	}
}

// In units of 1/2, v' = 0.9·v − v³ + err and dw = v is v' = 0.9·v − 4·v³ + err/2
// and dw = 2·v; where the state stands within a primitive its unit is fixed.
func TestNearInOtherUnits(t *testing.T) {
	decode := func(dw, update string) *rulespace.Rule {
		r, err := rulespace.Decode("x.rule.yaml", []byte("format: 1\nname: x\ndw: \""+dw+"\"\nstate: {v: {scope: synapse, init: 0, update: \""+update+"\"}}\n"))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	cubic, bounded := decode("v", "0.9*v - v^3 + err"), decode("v", "tanh(v) + err")
	for _, x := range []struct {
		dw, update string
		of         *rulespace.Rule
		want       bool
	}{
		{"2*v", "0.9*v - 4*v^3 + 0.5*err", cubic, true},
		{"v", "0.9*v - 4*v^3 + 0.5*err", cubic, true}, // dw has a scale of its own
		{"2*v", "0.9*v - 3*v^3 + 0.5*err", cubic, false},
		{"3*v", "tanh(v) + err", bounded, true},
		{"v", "tanh(v) + 2*err", bounded, false},
	} {
		if _, got := rulespace.Near(decode(x.dw, x.update), []*rulespace.Rule{x.of}); got != x.want {
			t.Errorf("v: %s; dw: %s: near %v, want %v", x.update, x.dw, got, x.want)
		}
	}
}

func BenchmarkNear(b *testing.B) {
	all := classic.All()
	e, _ := rulespace.ParseExpr("lr*(post*pre - w*post^2)", "lr")
	r := &rulespace.Rule{DW: e, Params: []rulespace.Param{{Name: "lr", Value: 0.1}}}
	for b.Loop() {
		rulespace.Near(r, all)
	}
}
