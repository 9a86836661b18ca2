package identity

import (
	"testing"

	"github.com/metaplast/metaplast/outer/searchtest"
	"github.com/metaplast/metaplast/rulespace"
)

// A tuple is the same up to one factor of all its expressions, and not up to
// one of each; some of it may be 0.
func TestTuples(t *testing.T) {
	space := &rulespace.Space{Signals: rulespace.Signals(rulespace.SigPre, rulespace.SigPost, rulespace.SigW)}
	identify := func(r Relation, texts [2]string) (ID, bool) {
		return r.Identify(searchtest.MustParse(texts[0]), searchtest.MustParse(texts[1]))
	}
	free, exact := New(space, nil, false), New(space, nil, true)
	pair := [2]string{"pre*post - w", "pre - post*w"}
	for _, c := range []struct {
		other       [2]string
		free, exact bool // the same
	}{
		{pair, true, true},
		{[2]string{"post*pre - w", "pre - w*post"}, true, true},
		{[2]string{"2*pre*post - 2*w", "2*pre - 2*post*w"}, true, false},
		{[2]string{"2*pre*post - 2*w", "pre - post*w"}, false, false},
		{[2]string{"w - pre*post", "post*w - pre"}, false, false},
		{[2]string{"pre - post*w", "pre*post - w"}, false, false},
		{[2]string{"pre*post - w", "pre - pre"}, false, false},
	} {
		for r, want := range map[Relation]bool{free: c.free, exact: c.exact} {
			a, okA := identify(r, pair)
			b, okB := identify(r, c.other)
			if !okA || !okB || (a == b) != want {
				t.Errorf("%q is %v the same (scale kept: %v), %v, %v", c.other, a == b, r.keepScale, okA, okB)
			}
		}
	}
	for _, none := range [][2]string{{"pre - pre", "w - w"}, {"pre", "1"}, {"pre/pre", "w"}, {"pre", "log(0*w)/0"}} {
		if _, ok := identify(free, none); ok {
			t.Errorf("%q is a rule", none)
		}
	}
}
