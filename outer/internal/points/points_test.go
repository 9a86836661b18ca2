package points_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/internal/points"
	"github.com/metaplast/metaplast/outer/searchtest"
	"github.com/metaplast/metaplast/rulespace"
)

// What is decoded from a point is found there again; what lies elsewhere is
// refused as a start and left out of what was found before.
func TestPoints(t *testing.T) {
	space := &rulespace.Space{Template: searchtest.Template()}
	at := [][]float64{{0.5, -1, 0, 0.25}, {0, 0, 1, -0.5}}
	inside := []*rulespace.Rule{space.Decode(at[0]), space.Decode(at[1])}
	other := &rulespace.Rule{Name: "other", DW: searchtest.MustParse("tanh(pre)")}

	got, err := points.Start("ga", space, inside)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(at, got); diff != "" {
		t.Error(diff)
	}
	found := []outer.Candidate{{Rule: inside[0]}, {Rule: other}, {Rule: inside[1]}}
	if diff := cmp.Diff(at, points.Inside(space, found)); diff != "" {
		t.Error(diff)
	}
	for text, c := range map[string]struct {
		space *rulespace.Space
		rules []*rulespace.Rule
	}{
		"ga: cannot start from rule other: it lies outside": {space, []*rulespace.Rule{inside[0], other}},
		"method ga tunes coefficients":                      {searchtest.Symbolic()[0], nil},
		"parameter":                                         {&rulespace.Space{Template: other}, nil},
	} {
		if _, err := points.Start("ga", c.space, c.rules); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%v, want %q", err, text)
		}
	}
}
