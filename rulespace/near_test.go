package rulespace

import "testing"

func TestNear(t *testing.T) {
	inline := func(text string, params ...Param) *Rule {
		t.Helper()
		var names []string
		for _, p := range params {
			names = append(names, p.Name)
		}
		e, err := ParseExpr(text, names...)
		if err != nil {
			t.Fatal(err)
		}
		return &Rule{Name: text, DW: e, Params: params}
	}
	lr := Param{Name: "lr", Value: 0.01}
	named := func(name string, r *Rule) *Rule { r.Name = name; return r }
	classics := []*Rule{
		named("hebb", inline("lr*post*pre", lr)),
		named("anti-hebb", inline("-lr*post*pre", lr)),
		named("oja", inline("lr*post*(pre - post*w)", lr)),
		named("hebb-decay", inline("lr*post*pre - decay*w", lr, Param{Name: "decay", Value: 0.001})),
		named("instar", inline("lr*post*(pre - rate*w)", lr, Param{Name: "rate", Value: 1})),
		named("tanh-hebb", inline("lr*tanh(2*post)*pre", lr)),
	}
	for _, c := range []struct {
		text   string
		params []Param
		want   string
	}{
		{"pre*post", nil, "hebb"},
		{"0.3*post*pre", nil, "hebb"},
		{"-3*post*pre", nil, "anti-hebb"},
		{"a*post*pre", []Param{{Name: "a", Value: -2}}, "anti-hebb"},
		{"lr*(post*pre - w*post^2)", []Param{lr}, "oja"},
		{"2*lr*(post*pre - w*post^2)", []Param{lr}, "oja"},
		{"a*post*pre - b*w*post^2", []Param{{Name: "a", Value: 0.5}, {Name: "b", Value: 0.5}}, "oja"},
		{"a*post*pre - b*w*post^2", []Param{{Name: "a", Value: 0.5}, {Name: "b", Value: 0.6}}, ""},
		{"lr*(post*pre + w*post^2)", []Param{lr}, ""},
		{"0.2*pre*post - 0.03*w", nil, "hebb-decay"},
		{"0.2*pre*post + 0.03*w", nil, ""},
		{"3*post*(pre - 2*w)", nil, "instar"},
		{"tanh(post + post)*pre*5", nil, "tanh-hebb"},
		{"tanh(post)*pre", nil, ""},
		{"pre", nil, ""},
	} {
		got, ok := Near(inline(c.text, c.params...), classics)
		if got != c.want || ok != (c.want != "") {
			t.Errorf("%s %v: near %q, want %q", c.text, c.params, got, c.want)
		}
	}
}
