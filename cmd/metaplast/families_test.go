package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metaplast/metaplast/checkpoints"
)

const familiesHeader = "signals,hebb,diverged,complexity,score,rung,dw,db,dfb,params,canonical,digest\n"

// Cells of a family are one line, its best rule in it; what got further comes
// before what scored better on the way.
func TestReadFamilies(t *testing.T) {
	dir := t.TempDir()
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, checkpoints.FamiliesName), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(familiesHeader +
		",absent,none,1,-0.9,1,lr,,,lr=0.1,lr,d0\n" +
		"pre post,+,none,3,0.5,1,lr*pre*post,,,lr=0.1,lr*post*pre,d1\n" +
		"pre post,+,some,5,0.7,1,lr*pre*(post + 1),lr*post,,lr=0.1 a=2,…,d2\n" +
		"pre post,+,none,7,0.9,0,lr*pre*(post + 2),,,lr=0.1,…,d3\n" +
		"pre post,-,none,3,0.8,0,-lr*pre*post,,,lr=0.1,-lr*post*pre,d4\n")
	got, err := readFamilies(dir)
	if err != nil {
		t.Fatal(err)
	}
	rate := map[string]float64{"lr": 0.1}
	want := []familyJSON{
		{Type: "family", Signals: []string{"pre", "post"}, Hebb: "+", Sizes: [2]int{3, 7}, Complexity: 5, Score: 0.7, Rung: 1, Diverged: true,
			DW: "lr*pre*(post + 1)", DB: "lr*post", Params: map[string]float64{"lr": 0.1, "a": 2}, Canonical: "…", Digest: "d2"},
		{Type: "family", Signals: []string{}, Hebb: "absent", Sizes: [2]int{1, 1}, Complexity: 1, Score: -0.9, Rung: 1,
			DW: "lr", Params: rate, Canonical: "lr", Digest: "d0"},
		{Type: "family", Signals: []string{"pre", "post"}, Hebb: "-", Sizes: [2]int{3, 3}, Complexity: 3, Score: 0.8,
			DW: "-lr*pre*post", Params: rate, Canonical: "-lr*post*pre", Digest: "d4"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("families (-want +got):\n%s", diff)
	}

	for text, why := range map[string]string{
		"":                      "is not a table",
		"signals,hebb\n":        "",
		"signals,hebb\npre,+\n": "has no column",
		familiesHeader + "pre,+,none,three,0.5,1,lr*pre,,,lr=0.1,lr*pre,d1\n": `complexity is "three", not a number`,
	} {
		write(text)
		_, err := readFamilies(dir)
		var damaged *checkpoints.ErrDamaged
		if why == "" && err != nil || why != "" && (!errors.As(err, &damaged) || !strings.Contains(err.Error(), why)) {
			t.Errorf("%q: error %v, want %q", text, err, why)
		}
	}
}
