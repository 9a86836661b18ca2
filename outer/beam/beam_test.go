package beam

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/enumerate"
	"github.com/metaplast/metaplast/outer/internal/spell"
	"github.com/metaplast/metaplast/outer/searchtest"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

const (
	pre, post, w, lower, recon = rulespace.SigPre, rulespace.SigPost, rulespace.SigW, rulespace.SigLower, rulespace.SigRecon
	add, sub, mul              = rulespace.Add, rulespace.Sub, rulespace.Mul
)

func TestConformance(t *testing.T) {
	for name, opts := range map[string]Options{"wide": {}, "narrow": {Width: 1, KeepScale: true}} {
		t.Run(name, func(t *testing.T) {
			searchtest.Run(t, searchtest.Suite{
				Make: func(space *rulespace.Space, k key.Key) (outer.Searcher, error) {
					return New(space, opts, k)
				},
				Spaces: searchtest.Symbolic(), Misfit: searchtest.Cubes()[0], Asks: 80,
			})
		})
	}
}

func pcaSpace() *rulespace.Space {
	return &rulespace.Space{
		Signals: rulespace.Signals(pre, post, w, lower, recon), Primitives: []rulespace.Op{add, sub, mul},
		Constants: []float64{1}, MaxComplexity: 13,
	}
}

// The landscape is that of symbolic regression, on which every monomial of
// these rules is a step of the staircase. The rules have 7, 9 and 13 nodes;
// there are more than 10^5 and 10^8 distinct ones of the last two sizes.
func TestClimbs(t *testing.T) {
	for _, c := range []struct {
		rule   string
		within int
	}{
		{"post*(pre - post*w)", 1000},
		{"post*(pre - lower - post*w)", 1000},
		{"post*(pre - recon) + lower*(w - pre*post)", 3000},
	} {
		t.Run(c.rule, func(t *testing.T) {
			s, err := New(pcaSpace(), Options{}, key.Root(1))
			if err != nil {
				t.Fatal(err)
			}
			fit := searchtest.NewFit(&rulespace.Rule{DW: searchtest.MustParse(c.rule)}, true)
			found := func(r outer.Result) bool { return r.Score > 1-1e-9 }
			told, err := searchtest.Drive(s, fit.Result, found, 64, c.within)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d evaluations; %s", len(told), s.Status())
			if !slices.ContainsFunc(told, found) {
				t.Errorf("not found in %d evaluations", len(told))
			}
		})
	}
}

// A beam that drops nothing asks for what an enumeration asks for: every rule
// can be reached by edits through rules that are no larger.
func TestWideBeamIsComplete(t *testing.T) {
	for _, keep := range []bool{false, true} {
		space := &rulespace.Space{
			Signals: rulespace.Signals(pre, post), Primitives: []rulespace.Op{sub, mul, rulespace.Tanh},
			Constants: []float64{1}, MaxComplexity: 4,
		}
		fit := searchtest.NewFit(&rulespace.Rule{DW: searchtest.MustParse("tanh(pre*post)")}, true)
		probe := rulespace.FixedProbe(space.Signals)
		asked := func(s outer.Searcher) map[rulespace.FP]bool {
			ids := map[rulespace.FP]bool{}
			_, err := searchtest.Drive(s, func(r *rulespace.Rule) outer.Result {
				id, ok := rulespace.Fingerprint(r.DW.Arg(1), probe, !keep)
				if ids[id] || !ok {
					t.Errorf("%s was asked for twice or is no rule", r.DW)
				}
				ids[id] = true
				res := fit.Result(r)
				res.Score = 0 // whatever comes first is kept
				return res
			}, nil, 50, 100000)
			if reason, done := s.Done(); err != nil || !done || reason != outer.Exhausted {
				t.Fatalf("ended %v (%s), %v", done, reason, err)
			}
			return ids
		}
		wide, err := New(space, Options{Width: maxWidth, KeepScale: keep}, key.Key{})
		if err != nil {
			t.Fatal(err)
		}
		all, err := enumerate.New(space, enumerate.Options{KeepScale: keep}, key.Key{})
		if err != nil {
			t.Fatal(err)
		}
		got, want := asked(wide), asked(all)
		missing := 0
		for id := range want {
			if !got[id] {
				missing++
			}
		}
		if missing > 0 || len(want) < 40 {
			t.Errorf("of %d rules %d are missing", len(want), missing)
		}
		t.Logf("enumeration %d, beam %d: %s", len(want), len(got), wide.Status())
	}
}

// Neighbours worked out by hand; tanh(abs(pre)) is abs(tanh(pre)).
func TestNeighbours(t *testing.T) {
	for _, c := range []struct {
		ops  []rulespace.Op
		of   string
		want []string
	}{
		{[]rulespace.Op{mul}, "pre", []string{
			"post", "pre*post", "pre^2", "post^2", "pre^3", "pre^2*post", "pre*post^2", "post^3",
		}},
		{[]rulespace.Op{sub}, "pre", []string{"post", "post - pre", "pre - post"}},
		{[]rulespace.Op{rulespace.Tanh, rulespace.Abs}, "tanh(pre)", []string{
			"abs(pre)", "abs(tanh(pre))", "pre", "post", "tanh(post)", "tanh(tanh(pre))",
		}},
		// Monomials of up to three signals, each with either sign, two of which
		// are leaves; 2·pre is a multiple of pre, and pre - pre nothing.
		{[]rulespace.Op{add, sub, mul}, "pre", []string{
			"post", "post - pre", "post + pre", "post^2*pre + pre", "post^2*pre - pre", "post^2 + pre", "post^2 - pre",
			"post^3 + pre", "post^3 - pre", "post*pre", "post*pre + pre", "post*pre - pre", "post*pre^2 + pre",
			"post*pre^2 - pre", "pre - post", "pre - post^2", "pre - post^2*pre", "pre - post^3", "pre - post*pre",
			"pre - post*pre^2", "pre - pre^2", "pre - pre^3", "pre^2", "pre^2 + pre", "pre^2 - pre", "pre^3 + pre",
			"pre^3 - pre", "post^2", "pre^3", "pre^2*post", "pre*post^2", "post^3",
		}},
	} {
		space := &rulespace.Space{Signals: rulespace.Signals(pre, post), Primitives: c.ops, MaxComplexity: 7}
		s, err := New(space, Options{}, key.Key{})
		if err != nil {
			t.Fatal(err)
		}
		e := searchtest.MustParse(c.of)
		s.met[identify(t, s, e)] = true
		var got, want []string
		for _, n := range s.around(&member{expr: e}) {
			got = append(got, rulespace.Canon(n.expr).Scaled().String())
		}
		for _, text := range c.want {
			want = append(want, rulespace.Canon(searchtest.MustParse(text)).Scaled().String())
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("neighbours of %s by %v (-want +got):\n%s", c.of, c.ops, diff)
		}
	}
}

func identify(t *testing.T, s *Searcher, e *rulespace.Expr) rulespace.FP {
	t.Helper()
	id, ok := s.same.Identify(e)
	if !ok {
		t.Fatalf("%s is no rule", e)
	}
	return id
}

// Each rule is one edit away from the one before it, however that is written.
func TestStaircases(t *testing.T) {
	s, err := New(pcaSpace(), Options{}, key.Key{})
	if err != nil {
		t.Fatal(err)
	}
	for _, steps := range [][]string{
		{"post*pre", "post*pre - post^2*w", "post*(pre - lower - post*w)"},
		{"post*(pre - recon)", "post*(pre - lower)", "post*(pre - lower) - post^2*w"},
		{"post*(pre - recon - lower)", "post*(pre - lower - post*w)"},
		{"post*pre - post^2*w", "post*(pre - w*post) + lower", "(pre - w*post)*post - lower"},
		{"2*post*pre - w", "post*pre - w", "post*pre + w", "post*pre - w + 1"},
	} {
		for i := range steps[1:] {
			from, err := s.spell.Expr(rulespace.Simplify(searchtest.MustParse(steps[i])))
			if err != nil {
				t.Fatal(err)
			}
			to := identify(t, s, searchtest.MustParse(steps[i+1]))
			if !slices.ContainsFunc(s.around(&member{expr: from}), func(n neighbour) bool { return n.id == to }) {
				t.Errorf("%s is not a neighbour of %s", steps[i+1], steps[i])
			}
		}
	}
}

// A search of the feedback's rule leaves the given part alone.
func TestSlot(t *testing.T) {
	given, err := rulespace.ParseGiven("dw: lr*(pre*post - 0.05*w)", "", rulespace.Param{Name: "lr", Value: 0.03})
	if err != nil {
		t.Fatal(err)
	}
	space := &rulespace.Space{
		Signals: rulespace.Signals(pre, post, w), Primitives: []rulespace.Op{sub, mul}, Constants: []float64{0.05},
		MaxComplexity: 9, Outputs: []rulespace.Output{{Slot: rulespace.SlotDFB}}, Given: given, Scale: rulespace.Param{Name: "lr", Value: 0.03},
	}
	if err := space.Validate(); err != nil {
		t.Fatal(err)
	}
	fit := searchtest.NewFit(&rulespace.Rule{DW: searchtest.MustParse("pre*post - 0.05*w")}, false)
	s, err := New(space, Options{KeepScale: true, Start: []*rulespace.Rule{space.Wrap(rulespace.Sig(pre))}}, key.Key{})
	if err != nil {
		t.Fatal(err)
	}
	found := func(r outer.Result) bool { return r.Score > 1-1e-9 }
	told, err := searchtest.Drive(s, func(r *rulespace.Rule) outer.Result {
		if r.DW != given.DW || r.DFB == nil {
			t.Fatalf("asked for dw: %v, dfb: %v", r.DW, r.DFB)
		}
		res := fit.Result(&rulespace.Rule{DW: r.DFB.Arg(1)})
		res.Rule = r
		return res
	}, found, 64, 2000)
	if err != nil || !slices.ContainsFunc(told, found) {
		t.Errorf("the Kolen-Pollack pair was not found in %d evaluations (%v)", len(told), err)
	}
	if first := told[0].Rule.DFB.Arg(1); !first.Equal(rulespace.Sig(pre)) {
		t.Errorf("began with %s", first)
	}
}

func TestStart(t *testing.T) {
	space := pcaSpace()
	oja := &rulespace.Rule{
		DW:     searchtest.MustParse("lr*post*(pre - post*w)", "lr"),
		Params: []rulespace.Param{{Name: "lr", Value: 0.3}},
	}
	s, err := New(space, Options{Start: []*rulespace.Rule{oja}}, key.Root(1))
	if err != nil {
		t.Fatal(err)
	}
	err = s.Seed([]outer.Candidate{
		{Rule: &rulespace.Rule{DW: searchtest.MustParse("tanh(pre)")}}, // outside the space
		{Rule: &rulespace.Rule{DW: searchtest.MustParse("3*pre*post - w")}},
		{Rule: &rulespace.Rule{DW: searchtest.MustParse("-pre^3")}},
		{Rule: oja},
	})
	if err != nil {
		t.Fatal(err)
	}
	asked, err := s.Ask(10)
	if err != nil || len(asked) != 3 {
		t.Fatalf("asked for %d rules (%v)", len(asked), err)
	}
	for i, want := range []string{"post*(pre - post*w)", "3*pre*post - w", "-pre^3"} {
		if got := rulespace.Canon(asked[i].Rule.DW.Arg(1)); !got.Equal(rulespace.Canon(searchtest.MustParse(want))) {
			t.Errorf("start %d is %s, want %s", i, got, want)
		}
	}
	for _, dw := range []string{"tanh(pre)", "pre*err", "0.5*pre + post", "pre^3*post^3*(w - lower*recon)"} {
		if _, err := New(space, Options{Start: []*rulespace.Rule{{DW: searchtest.MustParse(dw)}}}, key.Root(1)); err == nil {
			t.Errorf("no error for a start from %s", dw)
		}
	}
}

// Among equals the simpler rules, then those asked for first, are kept.
func TestKeeps(t *testing.T) {
	s, err := New(pcaSpace(), Options{Width: 2}, key.Key{})
	if err != nil {
		t.Fatal(err)
	}
	result := func(score float64, full bool) outer.Result {
		return outer.Result{Status: outer.OK, Full: full, Score: score}
	}
	for i, m := range []member{
		{complexity: 3, result: result(0.5, true)},
		{complexity: 3, result: result(0.5, true)},
		{complexity: 3, result: result(0.5, true)},
		{complexity: 3, result: result(0.9, false)},
		{complexity: 1, result: result(0.5, true)},
		{complexity: 5, result: result(0.6, true)},
		{complexity: 5, result: outer.Result{Status: outer.Diverged, Full: true, Score: 9}},
	} {
		m.order = i
		s.keep(&m)
	}
	var got []int
	for _, m := range s.beam() {
		got = append(got, m.order)
	}
	if diff := cmp.Diff([]int{5, 4, 0, 1}, got); diff != "" {
		t.Errorf("the beam is (-want +got):\n%s", diff)
	}
}

func TestOptions(t *testing.T) {
	for _, width := range []int{-1, maxWidth + 1} {
		if _, err := New(pcaSpace(), Options{Width: width}, key.Key{}); err == nil {
			t.Errorf("no error for a width of %d", width)
		}
	}
}

func BenchmarkExpand(b *testing.B) {
	s, err := New(pcaSpace(), Options{}, key.Key{})
	if err != nil {
		b.Fatal(err)
	}
	e, err := spell.New(pcaSpace(), false).Expr(searchtest.MustParse("post*(pre - lower - post*w)"))
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	for b.Loop() {
		n += len(s.around(&member{expr: e}))
		clear(s.large)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rules/s")
}
