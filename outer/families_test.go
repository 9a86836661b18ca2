package outer

import (
	"context"
	"encoding/csv"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

func TestHebbian(t *testing.T) {
	for text, want := range map[string]int{
		"lr*pre*post":                            1,
		"lr*post*(pre - post*w)":                 1,
		"-lr*post*pre":                           -1,
		"lr*(w - 2*pre)*post":                    -1,
		"lr*(pre*post - w) - lr*post*pre":        0, // cancels
		"lr*pre*post*post":                       0,
		"lr*pre*post/w":                          0,
		"lr*pre*post*err":                        0,
		"lr*tanh(pre*post)":                      0, // opaque
		"lr*(pre*pre + post)":                    0,
		"lr*pre*tanh(post)":                      0,
		"lr*w":                                   0,
		"0":                                      0,
		"dw: lr*err*pre; dfb: lr*post*pre":       0, // in dw only
		"dw: lr*err*pre - lr*pre*post; db: lr":   -1,
		"lr*((pre + post)*(pre + post) - w*w)":   1,
		"lr*((pre - post)^2*w - pre*post*0.001)": -1,
	} {
		if got := hebbian(mustRule(t, text)); got != want {
			t.Errorf("pre·post in %s has sign %d, want %d", text, got, want)
		}
	}
	negative, err := rulespace.ParseRule("lr*(w + a*pre*post)", rulespace.Param{Name: "lr", Value: 0.01}, rulespace.Param{Name: "a", Value: -2})
	if err != nil {
		t.Fatal(err)
	}
	if got := hebbian(negative); got != -1 {
		t.Errorf("a negative parameter gives sign %d", got)
	}
}

// The map holds the cells with the best results, and the best of each,
// whatever order they come in.
func TestFamiliesKeepTheBest(t *testing.T) {
	s := key.Root(1).Stream()
	type found struct {
		cell Cell
		r    Result
	}
	var all []found
	best := map[Cell]Result{}
	for i := range 20000 {
		f := found{
			Cell{Signals: rulespace.SignalSet(s.IntN(1 << 8)), Hebb: s.IntN(3) - 1, Complexity: 1 + s.IntN(8), Diverged: s.IntN(2) == 0},
			Result{Digest: fmt.Sprint(i), Rung: s.IntN(3), Score: s.Float64()},
		}
		f.r.Complexity, f.r.Full = f.cell.Complexity, f.r.Rung == 2
		all = append(all, f)
		if b, ok := best[f.cell]; !ok || Better(f.r, b) {
			best[f.cell] = f.r
		}
	}
	var want []Result
	for _, r := range best {
		want = append(want, r)
	}
	slices.SortFunc(want, func(a, b Result) int {
		if Better(a, b) {
			return -1
		}
		return 1
	})
	if len(want) < 2*maxCells {
		t.Fatalf("only %d cells", len(want))
	}
	want = want[:maxCells]
	kept := map[Cell]Result{}
	for c, r := range best {
		if !Better(want[maxCells-1], r) {
			kept[c] = r
		}
	}
	for range 2 {
		f := families{}
		for _, x := range all {
			f.add(x.cell, x.r)
			if len(f) >= 2*maxCells {
				t.Fatalf("the map has %d cells", len(f))
			}
		}
		got := f.members()
		have := map[Cell]Result{}
		for i, e := range got {
			have[e.Cell] = e.Result
			if i > 0 && got[i-1].Cell.compare(e.Cell) >= 0 {
				t.Fatalf("cell %+v comes before %+v", got[i-1].Cell, e.Cell)
			}
		}
		if !maps.EqualFunc(kept, have, func(a, b Result) bool { return reflect.DeepEqual(a, b) }) {
			t.Fatal("the map differs from the best of all")
		}
		for i := range all {
			j := i + s.IntN(len(all)-i)
			all[i], all[j] = all[j], all[i]
		}
	}
}

// The map of a search has the best of what the searcher was told in every
// cell, rules that never reached the last rung included.
func TestFamiliesOfASearch(t *testing.T) {
	rules := someRules(t, 150)
	p := fakePlan(t, rules, 3)
	list := &listSearcher{rules: rules, ends: Exhausted}
	p.Methods[0].New = func() (Searcher, error) { return list, nil }
	r, err := Run(context.Background(), p, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	type kind struct {
		signals    rulespace.SignalSet
		hebb, size int
	}
	best := map[kind]Result{}
	for _, x := range list.told {
		k := kind{x.Candidate.Rule.Needs(), hebbian(x.Candidate.Rule), x.Complexity}
		if b, ok := best[k]; x.Status == OK && (!ok || Better(x, b)) {
			best[k] = x
		}
	}
	onMap := map[kind]Result{}
	partial := 0
	for _, e := range r.Families {
		k := kind{e.Cell.Signals, e.Cell.Hebb, e.Cell.Complexity}
		if b, ok := onMap[k]; !ok || Better(e.Result, b) {
			onMap[k] = e.Result
		}
		if !e.Full {
			partial++
		}
	}
	if partial == 0 || len(onMap) == len(r.Front) {
		t.Errorf("%d cells, %d of rules that stopped early", len(onMap), partial)
	}
	polished := 0
	for k, want := range best {
		got, ok := onMap[k]
		switch {
		case !ok || Better(want, got):
			t.Errorf("%+v: has %+v, want %+v", k, got, want)
		case got.Digest != want.Digest:
			polished++ // at a finer value of the learning rate
			if !slices.ContainsFunc(r.Front, func(row Row) bool { return row.Digest == got.Digest }) && got.Score <= want.Score {
				t.Errorf("%+v: has %s, want %s", k, got.Rule.DW, want.Rule.DW)
			}
		}
	}
	if len(onMap) != len(best) || polished > len(rules) {
		t.Errorf("%d kinds of rules, want %d", len(onMap), len(best))
	}
}

func TestFamiliesCSV(t *testing.T) {
	oja, three := mustRule(t, "lr*post*(pre - post*w)"), mustRule(t, "dw: lr*err*pre; db: lr*err; dfb: -lr*w")
	got := string(FamiliesCSV([]Elite{
		{Cell{Signals: oja.Needs(), Hebb: 1, Complexity: 7}, Result{Candidate: Candidate{oja}, Digest: "d1", Complexity: 7, Score: 0.9876, Rung: 1}},
		{Cell{Signals: three.Needs(), Complexity: 6, Diverged: true}, Result{Candidate: Candidate{three}, Digest: "d2", Complexity: 6, Score: -0.5}},
	}))
	want := `signals,hebb,diverged,complexity,score,rung,dw,db,dfb,params,canonical,digest
pre post w,+,none,7,0.9876,1,lr*post*(pre - post*w),,,lr=0.01,CANON,d1
pre err w,absent,some,6,-0.5,0,lr*err*pre,lr*err,-lr*w,lr=0.01,CANON,d2
`
	for _, r := range []*rulespace.Rule{oja, three} {
		want = strings.Replace(want, "CANON", r.CanonicalText(), 1)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("families.csv:\n%s", diff)
	}
	if lines, err := csv.NewReader(strings.NewReader(got)).ReadAll(); err != nil || len(lines) != 3 {
		t.Errorf("%d lines, %v", len(lines), err)
	}
}
