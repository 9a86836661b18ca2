package outer

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metaplast/metaplast/rulespace"
)

// sizeLister lists products of signals by size.
type sizeLister struct {
	listSearcher
	space *rulespace.Space
	sizes []SizeCount
}

func (s *sizeLister) Covered() Coverage {
	c := Coverage{Space: s.space, Sizes: s.sizes}
	for left := s.at; c.Size < len(s.sizes) && left >= s.sizes[c.Size].Rules; c.Size++ {
		left -= s.sizes[c.Size].Rules
	}
	c.Whole = c.Size == len(s.sizes)
	return c
}

func newSizeLister() *sizeLister {
	s := &sizeLister{space: &rulespace.Space{
		Signals:    rulespace.Signals(rulespace.SigPre, rulespace.SigPost, rulespace.SigW),
		Primitives: []rulespace.Op{rulespace.Mul}, MaxComplexity: 5,
	}}
	s.ends = Exhausted
	level := s.space.Leaves()
	for size := 1; size <= 5; size++ {
		if size%2 == 0 {
			s.sizes = append(s.sizes, SizeCount{})
			continue
		}
		if size > 1 {
			var next []*rulespace.Expr
			for _, e := range level {
				for _, leaf := range s.space.Leaves() {
					product := rulespace.Apply(rulespace.Mul, e, leaf)
					if !slices.ContainsFunc(next, func(o *rulespace.Expr) bool { return alike(o, product) }) {
						next = append(next, product)
					}
				}
			}
			level = next
		}
		s.sizes = append(s.sizes, SizeCount{Tried: len(level), Rules: len(level)})
		for _, e := range level {
			s.rules = append(s.rules, s.space.Wrap(e))
		}
	}
	return s
}

func alike(a, b *rulespace.Expr) bool { return rulespace.Canon(a).Equal(rulespace.Canon(b)) }

// The certificate says what the results of all rules of complete sizes say, and
// nothing of the others, wherever the budget ends.
func TestCertificate(t *testing.T) {
	if whole := newSizeLister(); len(whole.rules) != 3+6+10 {
		t.Fatalf("%d products of up to three of three signals", len(whole.rules))
	}
	for _, c := range []struct{ budget, size, rules int }{
		{2, 0, 0}, {3, 2, 3}, {8, 2, 3}, {9, 4, 9}, {18, 4, 9}, {19, 5, 19}, {100, 5, 19},
	} {
		var lister *sizeLister
		p := fakePlan(t, nil, 2)
		for _, text := range []string{"lr*post*w", "lr*w*w*pre", "lr*tanh(post)"} {
			p.Baselines = append(p.Baselines, Baseline{Name: text, Learner: fakeLearner(mustRule(t, text))})
		}
		p.Evaluations, p.Cohort = c.budget, 4
		p.Methods = []Method{{Name: "sizes", New: func() (Searcher, error) {
			lister = newSizeLister()
			return lister, nil
		}}}
		r, err := Run(context.Background(), p, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := r.Certificate
		if c.size == 0 {
			if got != nil {
				t.Errorf("%d evaluations complete no size, and certify %+v", c.budget, got)
			}
			continue
		}
		if got == nil {
			t.Errorf("%d evaluations: no certificate", c.budget)
			continue
		}
		want := Certificate{Coverage: lister.Covered(), Rules: c.rules, Rungs: make([]int, len(p.Rungs))}
		best := map[int]Result{}
		for _, r := range lister.told[:c.rules] {
			if r.Status != OK {
				want.Failed++
				continue
			}
			for k := range r.Rung + 1 {
				want.Rungs[k]++
			}
			if old, ok := best[r.Complexity]; !ok || Better(r, old) {
				best[r.Complexity] = r
			}
		}
		for _, b := range p.Baselines {
			rank := Rank{Baseline: b.Name, Of: c.rules}
			known := slices.IndexFunc(lister.told, func(r Result) bool { return alike(r.Rule.DW, b.Learner.Rule.DW) })
			if known >= 0 && known < c.rules {
				rank.Rank = 1
				k := lister.told[known]
				for i, r := range lister.told[:c.rules] {
					switch {
					case i == known:
					case r.Status == OK && k.Status != OK,
						r.Status == OK && r.Rung > k.Rung,
						r.Status == OK && r.Rung == k.Rung && r.Score > k.Score:
						rank.Rank++
					case r.Status != OK && k.Status != OK:
						rank.Equal++
					}
				}
			}
			want.Ranks = append(want.Ranks, rank)
		}
		if want.Size != c.size {
			t.Fatalf("%d evaluations complete size %d", c.budget, want.Size)
		}
		if got.Size != want.Size || got.Whole != (c.size == 5) || got.Rules != want.Rules || got.Failed != want.Failed {
			t.Errorf("%d evaluations: size %d whole %v rules %d failed %d, want %d %v %d %d", c.budget,
				got.Size, got.Whole, got.Rules, got.Failed, want.Size, c.size == 5, want.Rules, want.Failed)
		}
		if d := cmp.Diff(want.Rungs, got.Rungs); d != "" {
			t.Errorf("%d evaluations, rungs: %s", c.budget, d)
		}
		if d := cmp.Diff(want.Ranks, got.Ranks); d != "" {
			t.Errorf("%d evaluations, ranks: %s", c.budget, d)
		}
		if len(got.Best) != len(best) {
			t.Errorf("%d evaluations: best of %d complexities, want %d", c.budget, len(got.Best), len(best))
		}
		for _, b := range got.Best {
			if r := best[b.Complexity]; r.Score != b.Score || r.Rung != b.Rung {
				t.Errorf("%d evaluations: best of complexity %d is %+v, want %+v", c.budget, b.Complexity, b, r)
			}
		}
	}
}
