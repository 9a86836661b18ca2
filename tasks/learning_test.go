package tasks

import (
	"math"
	"testing"

	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace/key"
)

func start(t *testing.T, text string, seed uint64) Episode {
	t.Helper()
	e, err := mustOpen(t, text).Start(key.Root(seed))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// The covariance that scores are computed from is that of samples, and the
// solution of the equations in the comment of the task scores 1: T = D^½·O·Λ^−½
// over the principal directions with the D that makes the diagonal of 1 + M one.
// Two units with one response score as the closed form says.
func TestDecorrelation(t *testing.T) {
	e := start(t, "decorrelation:dims=5,units=2", 1).(*decorrelationEpisode)
	const n = 40000
	b := NewBatch(e.info, 100)
	along := make([]float64, 5)
	for range n / 100 {
		e.Next(b)
		for i := range b.N {
			for k, axis := range e.axes {
				var p float64
				for j, a := range axis {
					p += a * float64(b.X.Row(i)[j])
				}
				along[k] += p * p / n
			}
		}
	}
	for k, v := range along {
		if want := e.sd[k] * e.sd[k]; math.Abs(v/want-1) > 0.04 { // standard error √(2/n) = 0.7 %
			t.Errorf("variance %d is %g, want %g", k, v, want)
		}
	}
	if want := e.sd[0]*e.sd[0] + e.sd[1]*e.sd[1]; math.Abs(e.variance-want) > 1e-12 || e.sd[2]*e.sd[2] > 0.1001 {
		t.Errorf("variance of the subspace %g, want %g", e.variance, want)
	}

	rows := func(c [2][2]float64) linear { // in units of one standard deviation
		w := linear{w: [][]float64{make([]float64, 5), make([]float64, 5)}, bias: 2}
		for i := range c {
			for k, v := range c[i] {
				for j, a := range e.axes[k] {
					w.w[i][j] += v * a / e.sd[k]
				}
			}
		}
		return w
	}
	l0, l1 := e.sd[0]*e.sd[0], e.sd[1]*e.sd[1]
	for _, angle := range []float64{0, 0.4, 1.2} {
		cos, sin := math.Cos(angle), math.Sin(angle)
		d0, d1 := cos*cos*l0+sin*sin*l1, sin*sin*l0+cos*cos*l1 // diagonal of O·Λ·Oᵀ
		got := e.Score(rows([2][2]float64{{math.Sqrt(d0) * cos, -math.Sqrt(d0) * sin}, {math.Sqrt(d1) * sin, math.Sqrt(d1) * cos}}), Validation)
		if math.Abs(got.Value-1) > 1e-5 { // float32 outputs
			t.Errorf("the fixed point at angle %g scores %+v", angle, got)
		}
	}
	same := e.Score(rows([2][2]float64{{e.sd[0]}, {e.sd[0]}}), Test)
	excess := 2*l0/(l0+l1) - 1
	if want := -excess * excess; math.Abs(same.Raw-want) > 1e-5 {
		t.Errorf("two units on the first component score %g, want %g", same.Raw, want)
	}
}

// watch shows a model that does not learn a life.
func watch(e Episode, info Info, steps, batch int, m Model) Score {
	b := NewBatch(info, batch)
	for i := 0; i < steps; i += batch {
		e.Next(b)
		e.(Watcher).Watch(b, m)
	}
	return e.Score(m, Validation)
}

// Nobody knows the patterns of a life beforehand. A memory for all of them
// tells repetitions perfectly, whichever way it answers, and every repetition
// is of the pattern shown interval samples before.
func TestFamiliarity(t *testing.T) {
	task := mustOpen(t, "familiarity:dims=30,units=2,interval=7")
	info := task.Info()
	fixed := linear{w: [][]float64{make([]float64, 30), make([]float64, 30)}}
	fixed.w[0][3], fixed.w[1][4], fixed.w[1][5] = 1, 1, -1
	// |2A − 1| has a standard error of about 2/√(6·n) for n = 500.
	if got := watch(start(t, "familiarity:dims=30,units=2,interval=7", 1), info, 1000, 10, fixed); got.Value > 0.15 {
		t.Errorf("weights that do not learn score %+v", got)
	}
	var shown []string
	for _, sign := range []float32{1, -1} {
		shown = nil
		seen := map[string]int{}
		m := strengths(func(x []float32) float32 {
			at := string(bits(x))
			before, known := seen[at]
			if known && len(shown)-before != 7 {
				t.Fatalf("a pattern comes again after %d", len(shown)-before)
			}
			seen[at] = len(shown)
			shown = append(shown, at)
			if known == (sign > 0) {
				return 2
			}
			return 1
		})
		if got := watch(start(t, "familiarity:dims=30,units=2,interval=7", 1), info, 1000, 1, m); got.Value != 1 {
			t.Errorf("a perfect memory scores %+v", got)
		}
	}
}

func bits(x []float32) []byte {
	out := make([]byte, len(x))
	for i, v := range x {
		if v > 0 {
			out[i] = 1
		}
	}
	return out
}

// strengths is a model of two units that answer each input alike.
type strengths func(x []float32) float32

func (f strengths) Outputs(x *vec.Matrix) *vec.Matrix {
	y := vec.New(x.Rows, 2)
	for i := range x.Rows {
		y.Row(i)[0] = f(x.Row(i))
		y.Row(i)[1] = y.Row(i)[0]
	}
	return y
}

// By hand: of 2 repetitions and 2 new patterns, 2 pairs are won, 1 is tied and 1
// lost.
func TestGreater(t *testing.T) {
	got := greater([]response{{3, true}, {1, true}, {1, false}, {2, false}})
	if got != 2.5/4 {
		t.Errorf("%g, want 0.625", got)
	}
	if got := greater([]response{{3, true}}); got != 0.5 {
		t.Errorf("%g without a new pattern", got)
	}
}

// A second subject, written down from the equations, that sees what the model
// is shown chooses with the same probabilities, so that it scores 1; one that
// does not forget, or a coin, does worse. The subject takes the better arm more
// often.
func TestBandit(t *testing.T) {
	info := mustOpen(t, "bandit").Info()
	for _, c := range []struct {
		forget, low, high float64
	}{{0.05, 1 - 1e-6, 1 + 1e-6}, {0, -2, 0.5}, {0.2, -2, 0.95}} {
		e := start(t, "bandit", 3).(*banditEpisode)
		w, mean := [2]float64{}, 0.0
		b := NewBatch(info, 1)
		var offered, better int
		for n := 1; n <= 2000; n++ {
			e.Next(b)
			x := b.X.Row(0)
			e.Watch(b, probability(func(x []float32) float64 {
				return 1 / (1 + math.Exp(-w[0]*float64(x[0])-w[1]*float64(x[1])))
			}))
			if x[(n-1)/50%2] == 1 {
				offered++
				if e.choices[0].taken {
					better++
				}
			}
			r := float64(b.Y.Row(0)[0])
			mean += (r - mean) / math.Min(float64(n), 10)
			for j := range w {
				w[j] += 1*float64(x[j])*(r-mean) - c.forget*w[j]
			}
		}
		got := e.Score(nil, Validation)
		if !(got.Value > c.low && got.Value < c.high) {
			t.Errorf("forgetting %g scores %g, want %g to %g", c.forget, got.Value, c.low, c.high)
		}
		if share := float64(better) / float64(offered); share < 0.55 { // 0.5 without learning, give or take 0.016
			t.Errorf("the better arm is taken in %.2f of the trials", share)
		}
	}
	coin := watch(start(t, "bandit", 3), info, 500, 5, probability(func([]float32) float64 { return 0.5 }))
	if math.Abs(coin.Value) > 1e-12 || math.Abs(coin.Loss-math.Ln2) > 1e-12 {
		t.Errorf("a coin scores %+v", coin)
	}
}

type probability func(x []float32) float64

func (f probability) Outputs(x *vec.Matrix) *vec.Matrix {
	y := vec.New(x.Rows, 1)
	for i := range x.Rows {
		y.Row(i)[0] = float32(f(x.Row(i)))
	}
	return y
}

// A life that is lived again is watched anew, with the same score, also when
// it is longer than the one before; watching does not change the samples.
func TestWatchedAgain(t *testing.T) {
	for _, text := range []string{"bandit", "familiarity:dims=10,units=2"} {
		info := mustOpen(t, text).Info()
		w := linear{w: [][]float64{make([]float64, info.In), make([]float64, info.In)}[:info.Out]}
		for o := range w.w {
			w.w[o][0] = 1
		}
		e := start(t, text, 5).(Rewinder)
		for _, steps := range []int{40, 40, 90, 60, 200} {
			got := watch(e, info, steps, 1, w)
			want := watch(start(t, text, 5), info, steps, 5, w)
			if got.Raw != want.Raw || got.Value != want.Value {
				t.Errorf("%s: %d samples score %g again, %g at first", text, steps, got.Raw, want.Raw)
			}
			e.Rewind()
			if e.Score(w, Test).Value != 0 {
				t.Errorf("%s: a life that has not begun is above chance", text)
			}
		}
	}
}
