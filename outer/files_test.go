package outer

import (
	"encoding/csv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metaplast/metaplast/rulespace"
)

func someReport(t *testing.T) *Report {
	hebb, oja := mustRule(t, "lr*pre*post"), mustRule(t, "lr*post*(pre - post*w)")
	r := &Report{
		Name: "x", Seed: 3, Tasks: []string{"pca:dims=8"}, HeldOut: []string{"pca:dims=4"},
		Front: []Row{{
			Rank: 1, Rule: hebb, Complexity: 3, DW: "lr*pre*post", Canonical: "lr*post*pre", Digest: "d1", Near: "hebb",
			Search: Interval{0.25, 0.2, 0.3, 3},
		}, {
			Rank: 2, Rule: oja, Complexity: 7, DW: "lr*post*(pre - post*w)", DB: "lr*post", DFB: "lr*err*pre", Canonical: "…", Digest: "d2", Near: "oja",
			Search:   Interval{0.987654321, 0.9, 1, 3},
			Evidence: Evidence{Score: Interval{0.9712345678, 0.96, 0.98, 10}, HeldOut: Interval{0.5, 0.4, 0.6, 10}, se: 0.004},
			Against:  []Difference{{Baseline: "bp", Score: Interval{-0.1, -0.2, -0.05, 10}}},
		}},
	}
	r.Pick = choose(r.Front)
	return r
}

func TestFrontCSV(t *testing.T) {
	got := string(FrontCSV(someReport(t).Front))
	want := `rank,complexity,score,low,high,n,search_score,held_out,gain,dw,db,dfb,params,canonical,digest,near,pick
1,3,,,,,0.25,,0,lr*pre*post,,,lr=0.01,lr*post*pre,d1,hebb,0
2,7,0.9712345678,0.96,0.98,10,0.987654321,0.5,0.7212345678,lr*post*(pre - post*w),lr*post,lr*err*pre,lr=0.01,…,d2,oja,1
`
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("front.csv:\n%s", d)
	}
	lines, err := csv.NewReader(strings.NewReader(got)).ReadAll()
	if err != nil || len(lines) != 3 {
		t.Errorf("%d lines, %v", len(lines), err)
	}
}

func TestRuleFiles(t *testing.T) {
	r := someReport(t)
	r.Front[0].Rule.Params = []rulespace.Param{{Name: "lr", Value: 0.003, Low: 1e-4, High: 1, Log: true}}
	fs, err := r.RuleFiles()
	if err != nil {
		t.Fatal(err)
	}
	if len(fs) != 2 || fs[0].Name != "01-3.rule.yaml" || fs[1].Name != "02-7.rule.yaml" {
		t.Fatalf("files %v", fs)
	}
	for i, f := range fs {
		back, err := rulespace.Decode(f.Name, f.Data)
		if err != nil {
			t.Fatal(err)
		}
		if !back.DW.Equal(r.Front[i].Rule.DW) || back.Digest() != r.Front[i].Rule.Digest() {
			t.Errorf("%s reads back as %s", f.Name, back.DW)
		}
		if back.Params[0].HasRange() {
			t.Errorf("%s still has a range to search", f.Name)
		}
	}
	for _, want := range []string{
		"metaplast search x, seed 3, on pca:dims=8",
		"equals up to scale: oja",
		"score: 0.971235 [0.96, 0.98] on 10 fresh seeds",
		"held-out: 0.5 [0.4, 0.6] on pca:dims=4",
		"better than bp by: -0.1 [-0.2, -0.05]",
	} {
		if !strings.Contains(string(fs[1].Data), want) {
			t.Errorf("%q is missing in\n%s", want, fs[1].Data)
		}
	}
	if r.Front[0].Rule.Params[0].Low != 1e-4 {
		t.Error("writing a file changed the rule")
	}
}

func TestChoose(t *testing.T) {
	row := func(mean, se float64) Row {
		return Row{Evidence: Evidence{Score: Interval{mean, mean - 2*se, mean + 2*se, 10}, se: se}}
	}
	for _, c := range []struct {
		rows []Row
		want int
	}{
		{nil, -1},
		{[]Row{row(0.1, 0)}, 0},
		{[]Row{row(0.1, 0.5), row(0.5, 0.01), row(0.505, 0.01), row(0.3, 0.5)}, 1},
		{[]Row{row(0.1, 0.5), row(0.5, 0.01), row(0.52, 0.01)}, 2},
		{[]Row{row(0.5, 0), row(0.5, 0)}, 0},
		{[]Row{{Search: Interval{Mean: 0.4}}, {Search: Interval{Mean: 0.5}}}, 1},
	} {
		if got := choose(c.rows); got != c.want {
			t.Errorf("picked row %d of %+v, want %d", got, c.rows, c.want)
		}
		for i, r := range c.rows {
			if r.Pick != (i == c.want) {
				t.Errorf("row %d: pick %v", i, r.Pick)
			}
		}
	}
}
