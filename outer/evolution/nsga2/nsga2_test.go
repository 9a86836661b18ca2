package nsga2

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/searchtest"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

func TestConformance(t *testing.T) {
	for name, opts := range map[string]SearchOptions{
		"defaults": {},
		"extreme":  {Population: 4, Crossover: -1, Mutation: 1, CrossoverIndex: 0.01, MutationIndex: 1000},
	} {
		t.Run(name, func(t *testing.T) {
			searchtest.Run(t, searchtest.Suite{
				Make: func(space *rulespace.Space, k key.Key) (outer.Searcher, error) {
					return NewSearcher(space, opts, k)
				},
				Spaces: searchtest.Cubes(), Misfit: searchtest.Symbolic()[0], Stochastic: true,
			})
		})
	}
}

// Each front is what the definition says, on values with ties and levels.
func TestFronts(t *testing.T) {
	rng := key.Root(1).Stream()
	for range 200 {
		values := make([]Value, 1+rng.IntN(30))
		for i := range values {
			values[i].Level = rng.IntN(2)
			for range 3 {
				values[i].Objectives = append(values[i].Objectives, float64(rng.IntN(5)))
			}
		}
		var left []int
		for i := range values {
			left = append(left, i)
		}
		var want [][]int
		for len(left) > 0 {
			var front, rest []int
			for _, i := range left {
				dominated := slices.ContainsFunc(left, func(j int) bool {
					a, b := values[j], values[i]
					if a.Level != b.Level {
						return a.Level > b.Level
					}
					no, yes := false, false
					for m := range a.Objectives {
						no = no || a.Objectives[m] > b.Objectives[m]
						yes = yes || a.Objectives[m] < b.Objectives[m]
					}
					return yes && !no
				})
				if dominated {
					rest = append(rest, i)
				} else {
					front = append(front, i)
				}
			}
			want, left = append(want, front), rest
		}
		if diff := cmp.Diff(want, Fronts(values)); diff != "" {
			t.Fatalf("%v\n%s", values, diff)
		}
	}
}

// By hand: along the front 0, 1, 3, 4 in one objective and 9, 4, 1, 0 in the
// other, the second point has neighbours 3 of 4 and 8 of 9 apart.
func TestCrowding(t *testing.T) {
	var values []Value
	for _, o := range [][]float64{{3, 1}, {100, 100}, {0, 9}, {1, 4}, {4, 0}} {
		values = append(values, Value{Objectives: o})
	}
	inf := math.Inf(1)
	want := []float64{3.0/4 + 4.0/9, inf, 3.0/4 + 8.0/9, inf}
	if diff := cmp.Diff(want, Crowding(values, []int{0, 2, 3, 4})); diff != "" {
		t.Error(diff)
	}
}

// run lets an optimizer spend generations and returns what is on its front.
func run(t *testing.T, opts Options, k key.Key, generations int, f func([]float64) []float64) []Member {
	t.Helper()
	o, err := New(opts, k)
	if err != nil {
		t.Fatal(err)
	}
	for range generations {
		var values []Value
		for _, x := range o.Ask() {
			for i, v := range x {
				if v < opts.Low[i] || v > opts.High[i] {
					t.Fatalf("coordinate %d is %v, outside %v to %v", i, v, opts.Low[i], opts.High[i])
				}
			}
			values = append(values, Value{Objectives: f(x)})
		}
		if err := o.Tell(values); err != nil {
			t.Fatal(err)
		}
	}
	return slices.DeleteFunc(o.Members(), func(m Member) bool { return m.Front > 0 })
}

// The published convergence after 25,000 evaluations, the mean distance to the
// front, is 0.0335 on ZDT1, with the same settings (Deb et al., 2002, table II;
// 30 coordinates, η = 20). Ours is the mean of three runs. Points also cover
// the front: no gap between neighbours is above a tenth.
func TestZDT1(t *testing.T) {
	n := 30
	opts := Options{Low: make([]float64, n), High: make([]float64, n)}
	for i := range opts.High {
		opts.High[i] = 1
	}
	zdt1 := func(x []float64) []float64 {
		g := 1.0
		for _, v := range x[1:] {
			g += 9 * v / float64(n-1)
		}
		return []float64{x[0], g * (1 - math.Sqrt(x[0]/g))}
	}
	mean := 0.0
	for seed := range uint64(3) {
		front := run(t, opts, key.Root(seed), 250, zdt1)
		distance := 0.0
		for _, m := range front {
			nearest := math.Inf(1)
			for k := range 501 {
				x := float64(k) / 500
				nearest = min(nearest, math.Hypot(m.Value.Objectives[0]-x, m.Value.Objectives[1]-(1-math.Sqrt(x))))
			}
			distance += nearest / float64(len(front))
		}
		slices.SortFunc(front, func(a, b Member) int {
			return int(math.Copysign(1, a.Value.Objectives[0]-b.Value.Objectives[0]))
		})
		gap := max(front[0].Value.Objectives[0], 1-front[len(front)-1].Value.Objectives[0])
		for i := range front[1:] {
			gap = max(gap, front[i+1].Value.Objectives[0]-front[i].Value.Objectives[0])
		}
		t.Logf("seed %d: distance %.4f, gap %.3f, %d points", seed, distance, gap, len(front))
		if gap > 0.1 {
			t.Errorf("seed %d: a gap of %v", seed, gap)
		}
		mean += distance / 3
	}
	if mean > 0.0335 {
		t.Errorf("distance to the front %v, published 0.0335", mean)
	}
}

// Far from bounds a crossing keeps the mean of the parents, and its children lie
// as far from it as bits would: half of them between the parents. A mutation
// has no direction, and the published relation of its size to η holds:
// E|δ| = 1/(η+2).
func TestOperators(t *testing.T) {
	wide := Options{Low: []float64{-1e9}, High: []float64{1e9}, CrossoverIndex: 2, Mutation: 1}
	o, err := New(wide, key.Root(1))
	if err != nil {
		t.Fatal(err)
	}
	inside, crossed := 0, 0
	for range 20000 {
		a, b := []float64{1}, []float64{3}
		o.cross(a, b)
		if math.Abs(a[0]+b[0]-4) > 1e-12*math.Abs(a[0]) { // rounding of a difference
			t.Fatalf("children %v and %v of 1 and 3", a, b)
		}
		if a[0] != 1 && a[0] != 3 {
			crossed++
			if a[0] > 1 && a[0] < 3 {
				inside++
			}
		}
	}
	if crossed < 9500 || crossed > 10500 || math.Abs(float64(inside)/float64(crossed)-0.5) > 0.02 { // four standard errors of 10,000 draws
		t.Errorf("%d of 20000 coordinates crossed, %d children between their parents", crossed, inside)
	}

	unit := Options{Low: []float64{-1e6}, High: []float64{1e6}, MutationIndex: 18, Mutation: 1}
	if o, err = New(unit, key.Root(2)); err != nil {
		t.Fatal(err)
	}
	size, drift := 0.0, 0.0
	for range 20000 {
		x := []float64{0}
		o.mutate(x)
		size += math.Abs(x[0]) / 2e6 / 20000
		drift += x[0] / 2e6 / 20000
	}
	// In the middle of bounds δ₁ = δ₂ = 1/2 hardly matters: (1-δ)^19 is 2e-6.
	if math.Abs(size-1.0/20) > 0.002 || math.Abs(drift) > 0.002 { // four standard errors
		t.Errorf("mutations of size %v and drift %v, want 1/20 and none", size, drift)
	}
}

// A pool of terms of which two are in the target: the rule of these two is
// found, and rules with fewer and with more.
func TestFrontOfTerms(t *testing.T) {
	space := searchtest.Cubes()[1]
	fit := searchtest.NewFit(&rulespace.Rule{DW: searchtest.MustParse("0.01*err*pre - 0.4*w")}, false)
	s, err := NewSearcher(space, SearchOptions{}, key.Root(1))
	if err != nil {
		t.Fatal(err)
	}
	told, err := searchtest.Drive(s, fit.Result, nil, 8, 1500)
	if err != nil {
		t.Fatal(err)
	}
	absent, ok := space.Absent(1)
	if !ok {
		t.Fatal("the second term is always there")
	}
	both := space.Decode([]float64{0, absent, 0}).Complexity()
	best := map[int]float64{}
	for _, r := range told {
		if v, ok := best[r.Complexity]; !ok || r.Score > v {
			best[r.Complexity] = r.Score
		}
	}
	if best[both] < 0.999 || len(best) < 3 {
		t.Errorf("best scores by complexity are %v; rules of the two terms have %d", best, both)
	}
}
