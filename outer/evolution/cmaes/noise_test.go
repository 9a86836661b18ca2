package cmaes

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metaplast/metaplast/internal/problem"
	"github.com/metaplast/metaplast/rulespace/key"
)

// By hand for λ = 3: from rank 1 the changes possible among six places are 0, 1,
// 2, 3, 4, of which a tenth of the way is 0.4; from rank 3 they are 0, 1, 1, 2,
// 2, again 0.4.
func TestLimit(t *testing.T) {
	for r, want := range map[float64]float64{1: 0.4, 3: 0.4} {
		if got := limit(r, 3); math.Abs(got-want) > 1e-12 {
			t.Errorf("Δ^lim(%v) is %v, want %v", r, got, want)
		}
	}
}

// Three points of which the first is told twice.
func TestMeasure(t *testing.T) {
	for _, c := range []struct {
		order []int // 3 is the second evaluation of 0
		want  float64
		rank  []int
	}{
		// Next to each other: no change, 0 - 0.4 - 0.4.
		{[]int{0, 3, 1, 2}, -0.8, []int{0, 1, 2}},
		// Ranks 1 and 6: a change of 4, twice, less Δ^lim(5) = Δ^lim(1) = 0.4.
		{[]int{0, 1, 2, 3}, 7.2, []int{1, 0, 2}},
		// Ranks 6 and 3, by 1 each less for the other: Δ^lim(5) + Δ^lim(3).
		{[]int{1, 3, 2, 0}, 3.2, []int{1, 2, 0}},
	} {
		var u noise
		u.init(Noise{On: true})
		u.measure(c.order, 3, 1)
		if math.Abs(u.level-c.want) > 1e-12 {
			t.Errorf("%v: the noise level is %v, want %v", c.order, u.level, c.want)
		}
		if diff := cmp.Diff(c.rank, u.selection(c.order, 3, 1)); diff != "" {
			t.Errorf("%v:\n%s", c.order, diff)
		}
	}
}

// A sphere whose costs have noise of standard deviation 1: without uncertainty
// handling the step size collapses far from the minimum, with it the run stays
// able to move and its mean gets closer. Without noise it does not interfere.
func TestNoise(t *testing.T) {
	final := func(on bool, level float64) (distance, sigma float64) {
		for seed := range uint64(5) {
			rng := key.Root(seed).Child("noise", 0).Stream()
			o := newOptimizer(t, Options{Start: fill(5, 3), Sigma: 1, Noise: Noise{On: on}}, seed)
			for o.Evaluations() < 6000 {
				step(t, o, func(x []float64) float64 { return problem.Sphere(x) + level*rng.Normal() })
			}
			distance += math.Log(problem.Sphere(o.Mean())) / 5
			sigma += math.Log(o.Axes()[0].Width) / 5
		}
		return math.Exp(distance), math.Exp(sigma)
	}
	plain, plainSigma := final(false, 1)
	handled, handledSigma := final(true, 1)
	t.Logf("noisy: mean cost %.2g, step size %.2g; handled: %.2g, %.2g", plain, plainSigma, handled, handledSigma)
	if handled > plain/2 || handledSigma < 10*plainSigma {
		t.Errorf("uncertainty handling leads to %g with step size %g, without it to %g with %g",
			handled, handledSigma, plain, plainSigma)
	}
	if exact, _ := final(true, 0); exact > 1e-20 {
		t.Errorf("without noise, uncertainty handling ends at %g", exact)
	}
}

// Where the caller takes the mean of several evaluations, their number grows
// before the step size does, and falls when the noise is gone.
func TestRepeats(t *testing.T) {
	rng := key.Root(1).Stream()
	o := newOptimizer(t, Options{Start: fill(5, 3), Sigma: 1, Noise: Noise{On: true, MaxEvaluations: 10}}, 1)
	for range 50 {
		step(t, o, func([]float64) float64 { return rng.Normal() })
	}
	if got := o.Repeats(); got != 10 {
		t.Errorf("%d evaluations per point under noise, want 10", got)
	}
	for range 50 {
		step(t, o, problem.Sphere)
	}
	if got := o.Repeats(); got != 1 {
		t.Errorf("%d evaluations per point without noise, want 1", got)
	}
}
