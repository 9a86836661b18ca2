package cgp

import (
	"fmt"
	"sort"
	"testing"
	"time"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/searchtest"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)



func TestZZ(t *testing.T) {
	pre, post, w := rulespace.SigPre, rulespace.SigPost, rulespace.SigW
	A, S, M := rulespace.Add, rulespace.Sub, rulespace.Mul
	parse := func(s string) *rulespace.Rule { e, err := rulespace.ParseExpr(s); if err != nil { t.Fatal(err) }; return &rulespace.Rule{DW: e} }
	sp := func(k []float64, max int, ops []rulespace.Op, sig ...rulespace.Signal) *rulespace.Space {
		return &rulespace.Space{Signals: rulespace.Signals(sig...), Constants: k, Primitives: ops, MaxComplexity: max}
	}
	for _, c := range []struct {
		name   string
		target *rulespace.Rule
		space  *rulespace.Space
	}{
		{"oja +-*1", parse("post*(pre-post*w)"), sp([]float64{1}, 12, []rulespace.Op{A, S, M}, pre, post, w)},
		{"oja big", parse("post*(pre-post*w)"), sp([]float64{1}, 12, []rulespace.Op{A, S, M, rulespace.Square, rulespace.Tanh, rulespace.Abs}, pre, post, w)},
		{"pert", parse("(reward-reward_mean)*noise*pre"), sp([]float64{1}, 12, []rulespace.Op{A, S, M}, pre, post, w, rulespace.SigNoise, rulespace.SigReward, rulespace.SigRewardMean)},
	} {
		for _, o := range opts {
		for _, ZZ = range zzs {
			f := searchtest.NewFit(c.target, true)
			ok := 0
			var ns []int
			total := 0
			t0 := time.Now()
			for seed := range uint64(40) {
				s, err := New(c.space, o, key.Root(seed))
				if err != nil {
					t.Fatal(err)
				}
				found := false
				all, err := searchtest.Drive(s, f.Result, func(r outer.Result) bool { found = found || r.Score > 1-1e-9; return found }, 4, 5000)
				if err != nil {
					t.Fatal(err)
				}
				if found {
					ok++
					ns = append(ns, len(all))
				}
				total += len(all)
			}
			sort.Ints(ns)
			fmt.Printf("%s %d %+v: %d/40 median %v max %v ERT %.0f  %v\n", c.name, ZZ, o, ok, ns[len(ns)/2:][:1], ns[len(ns)-1:], float64(total)/float64(max(ok,1)), time.Since(t0).Round(time.Millisecond))
		}}
	}
}

var opts = []Options{{}, {Columns: 15}, {Columns: 60}, {Plateau: 100}, {Plateau: 600},{Lambda:1}, {Lambda:10}, {Tries: 10}, {Tries: 100}, {Mu: 4, Lambda: 4},{Mu:3,Lambda:12}}
var zzs = []int{10}

var ZZ = 10
