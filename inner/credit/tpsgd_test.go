package credit_test

import (
	"math"
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// Hidden credit, its derivative taken out, is a function of the class alone
// under drtp and the distance to one under tpsgd; the output has its gradient.
func TestTargetProjectionEquations(t *testing.T) {
	cfg := network.Config{Sizes: []int{4, 6, 5, 3}, Hidden: network.Activation{Name: "tanh"}, Loss: network.CrossEntropy}
	const rows = 12
	n := newNetwork(t, cfg, rows)
	b := randomBatch(key.Root(8).Stream(), n.Config, rows)
	learn := func(c credit.Config) *recorder {
		var r recorder
		newCircuit(t, c, n, rulespace.SigErr, rulespace.SigErrPre).Learn(n, b, &r)
		return &r
	}
	drtp := learn(credit.Config{Name: "drtp"})
	twice := learn(credit.Config{Name: "drtp"}.With("feedback_scale", "2"))
	l2 := learn(credit.Config{Name: "tpsgd"})
	l1 := learn(credit.Config{Name: "tpsgd"}.With("distance", "l1"))
	bp := learn(credit.Config{Name: "bp"})
	class := func(q int) (k int) {
		for i, y := range b.Y.Row(q) {
			if y == 1 {
				k = i
			}
		}
		return k
	}
	for l := range 3 {
		limit := math.Sqrt(6 / float64(n.Conns[l].In+3))
		pushes, targets := map[[2]int]float64{}, map[[2]int]float64{}
		for q := range rows {
			for j, h := range l2.values[l][rulespace.SigPre][q] {
				slope := 1 - h*h
				if math.Abs(slope) < 0.1 {
					continue // the derivative cannot be taken out again
				}
				at := [2]int{class(q), j}
				push := drtp.values[l][rulespace.SigErrPre][q][j]
				near(t, "drtp, scaled", twice.values[l][rulespace.SigErrPre][q][j], 2*push)
				push /= slope
				target := l2.values[l][rulespace.SigErrPre][q][j]/slope + h
				if _, ok := pushes[at]; !ok {
					pushes[at], targets[at] = push, target
				}
				// Dividing by the derivative magnifies the rounding tenfold at most.
				if math.Abs(push-pushes[at]) > 1e-5 || math.Abs(target-targets[at]) > 1e-5 {
					t.Errorf("class %d has push %v and %v, target %v and %v for unit %d", at[0], pushes[at], push, targets[at], target, j)
				}
				if math.Abs(push) > limit+1e-5 || math.Abs(target) > math.Tanh(1.5)+1e-5 {
					t.Errorf("push %v beyond %v, or target %v beyond tanh 1.5", push, limit, target)
				}
				near(t, "tpsgd l1", l1.values[l][rulespace.SigErrPre][q][j], slope*math.Copysign(1, target-h))
				if l > 0 {
					near(t, "err", l2.values[l-1][rulespace.SigErr][q][j], l2.values[l][rulespace.SigErrPre][q][j])
				}
			}
			for i, e := range bp.values[2][rulespace.SigErr][q] {
				near(t, "output", drtp.values[2][rulespace.SigErr][q][i], e)
				near(t, "output", l1.values[2][rulespace.SigErr][q][i], e)
			}
		}
		if pushes[[2]int{0, 0}] == pushes[[2]int{1, 0}] || targets[[2]int{0, 0}] == targets[[2]int{1, 0}] {
			t.Error("classes share a projection")
		}
	}
}
