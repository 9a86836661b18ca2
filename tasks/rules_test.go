package tasks

import (
	"math"
	"slices"
	"testing"

	"github.com/metaplast/metaplast/rulespace/key"
)

// The products of patterns of length s are s² and c·s², each pattern comes
// once in a round, and the inputs are silent after the light.
func TestSelectivityPatterns(t *testing.T) {
	const p, light, c, noise = 5, 100, 0.3, 0.2
	task := mustOpen(t, "selectivity:dims=9,overlap=0.3,noise=0.2,light=100")
	seen := map[float64]bool{}
	var power float64
	for l := range uint64(12) {
		ep, err := task.Start(key.Root(9).Child("life", l))
		if err != nil {
			t.Fatal(err)
		}
		e := ep.(*selectivityEpisode)
		x := make([][]float64, p)
		for k := range x {
			for _, v := range e.patterns.Row(k) {
				x[k] = append(x[k], float64(v))
			}
		}
		square := math.Round(dot(x[0], x[0])*1e5) / 1e5
		seen[square] = true
		for i := range x {
			for j := range x[:i] {
				if got := dot(x[i], x[j]); math.Abs(got-c*square) > 1e-6 { // float32
					t.Errorf("product of patterns %d and %d of square %g is %g", i, j, square, got)
				}
			}
		}
		b := NewBatch(task.Info(), p)
		for range light / p {
			e.Next(b)
			came := make([]int, p)
			for i := range p {
				best, nearest := 0, math.Inf(1)
				for k := range x {
					var d float64
					for j, v := range b.X.Row(i) {
						d += (float64(v) - x[k][j]) * (float64(v) - x[k][j])
					}
					if d < nearest {
						best, nearest = k, d
					}
				}
				came[best]++
				power += nearest / square / (12 * light)
			}
			if slices.Max(came) > 1 {
				t.Errorf("patterns came %v times in a round", came)
			}
		}
		e.Next(b)
		for i := range p {
			if slices.Max(b.X.Row(i)) != 0 || slices.Min(b.X.Row(i)) != 0 {
				t.Error("there is light after the light")
			}
		}
	}
	if !seen[0.5] || !seen[1] || !seen[2] || len(seen) != 3 {
		t.Errorf("squares %v; want 0.5, 1 and 2", seen)
	}
	if math.Abs(power/(noise*noise)-1) > 0.06 { // standard error √(2/(9·1200)) = 1.4 %
		t.Errorf("noise has the power %g, want %g", power, noise*noise)
	}
}

// Closed form: the weights that answer the patterns with given y are
// Σ_k (G⁻¹y)_k·x_k, where the products of the patterns are
// G = s²((1−c)·1 + c·J) and G⁻¹ = (1 − c·J/(1+(P−1)c))/(s²(1−c)).
func TestSelectivityScore(t *testing.T) {
	const p, c = 5, 0.1
	ep, err := mustOpen(t, "selectivity:units=1").Start(key.Root(10))
	if err != nil {
		t.Fatal(err)
	}
	e := ep.(*selectivityEpisode)
	var square float64
	for _, v := range e.patterns.Row(0) {
		square += float64(v) * float64(v)
	}
	for _, test := range []struct {
		y    []float64
		want float64 // 1 − mean/max − penalty
	}{
		{[]float64{0, 0, 5, 0, 0}, 0.8},               // where BCM ends
		{[]float64{-3, -1, 24.9, 0, -2}, 0.8},         // below the upper limit
		{[]float64{0, 50, 0, 0, 0}, 0.8 - 0.5},        // twice that
		{[]float64{0.5, 0, 0, 0, 0}, 0.8 - 0.5},       // half the lower limit
		{[]float64{2, 2, 2, 2, 2}, 0},                 // all alike
		{[]float64{4, 2, 2, 0, 0}, 1 - 1.6/4},         // to several
		{[]float64{-1, -2, -1, -3, -1}, -1},           // silent
		{[]float64{0.1, 0.1, 0.1, 0.1, 0.1}, 0.1 - 1}, // faint
	} {
		var sum float64
		for _, y := range test.y {
			sum += y
		}
		w := make([]float64, e.info.In)
		for k, y := range test.y {
			a := (y - c*sum/(1+(p-1)*c)) / (square * (1 - c))
			for j, v := range e.patterns.Row(k) {
				w[j] += a * float64(v)
			}
		}
		got := e.Score(linear{w: [][]float64{w}}, Validation)
		if math.Abs(got.Raw-test.want) > 2e-5 || math.Abs(got.Value-max(test.want/0.8, -1)) > 2e-5 { // float32 patterns and outputs
			t.Errorf("answers %v score %+v, want %g", test.y, got, test.want)
		}
	}
}

// The plane of the axes tells the classes apart, with the margin; least
// squares, solved from the normal equations, does not, and nor does the mean
// of target·input.
func TestOutliersMisleadLeastSquares(t *testing.T) {
	task := mustOpen(t, "outliers")
	d := task.Info().In
	for l := range uint64(3) {
		ep, err := task.Start(key.Root(11).Child("life", l))
		if err != nil {
			t.Fatal(err)
		}
		e := ep.(*outliersEpisode)
		plane, hebb := make([]float64, d), make([]float64, d)
		for j := range plane {
			plane[j] = e.axes[0][j] + 2*e.axes[1][j]
		}
		const n = 20000
		var far, ones float64
		a := make([][]float64, d) // normal equations, the right side last
		for i := range a {
			a[i] = make([]float64, d+1)
		}
		b := NewBatch(task.Info(), 1)
		for range n {
			e.Next(b)
			y, pot := float64(b.Y.Row(0)[0]), 0.0
			x := b.X.Row(0)
			for j, v := range x {
				pot += plane[j] * float64(v)
			}
			if pot*y < 0.5-1e-5 { // float32 inputs
				t.Fatalf("a sample of class %g at %g", y, pot)
			}
			if y > 0 {
				ones++
			}
			if pot > 8 {
				far++
			}
			for i := range a {
				for j, v := range x {
					a[i][j] += float64(x[i]) * float64(v)
				}
				a[i][d] += y * float64(x[i])
				hebb[i] += y * float64(x[i]) / n
			}
		}
		if math.Abs(ones/n-0.5) > 0.015 || math.Abs(far/ones-0.2) > 0.017 { // four standard errors
			t.Errorf("%g of class 1, %g of them outliers", ones/n, far/ones)
		}
		if got := e.Score(linear{w: [][]float64{plane}}, Test); got.Value != 1 {
			t.Errorf("the plane scores %+v", got)
		}
		for i := range a { // Gauss and Jordan; a is positive definite
			for k := range a {
				if k == i {
					continue
				}
				f := a[k][i] / a[i][i]
				for j := range a[k] {
					a[k][j] -= f * a[i][j]
				}
			}
		}
		squares := make([]float64, d)
		for i := range a {
			squares[i] = a[i][d] / a[i][i]
		}
		if got := e.Score(linear{w: [][]float64{squares}}, Test); got.Raw > 0.9 {
			t.Errorf("least squares scores %+v", got)
		}
		if got := e.Score(linear{w: [][]float64{hebb}}, Test); got.Raw > 0.8 {
			t.Errorf("target·input scores %+v", got)
		}
	}
}
