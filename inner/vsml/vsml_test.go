package vsml_test

import (
	"math"
	"testing"

	"github.com/metaplast/metaplast/inner/vsml"
	"github.com/metaplast/metaplast/rulespace/key"
)

func normals(s *key.Stream, n int, sd float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = sd * s.Normal()
	}
	return x
}

// The network is what its equations say, in loops over plain maps.
func TestEquations(t *testing.T) {
	const S, M = vsml.State, vsml.Message
	s := key.Root(1).Stream()
	p := normals(s, vsml.Size, 0.5)
	sizes := []int{3, 4, 2}
	n := vsml.New(sizes, p)
	type synapse struct{ l, a, b int }
	h, c := map[synapse][S]float64{}, map[synapse][S]float64{}
	up, down := make([][][M]float64, 3), make([][][M]float64, 3)
	for l, units := range sizes {
		up[l], down[l] = make([][M]float64, units), make([][M]float64, units)
	}
	sigmoid := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	tick := func(l int) {
		for a := range sizes[l] {
			for b := range sizes[l+1] {
				at := synapse{l, a, b}
				var newH, newC [S]float64
				for k := range S {
					var z [4]float64
					for g := range 4 {
						q := p[(g*S+k)*(2*M+S+1):]
						for i := range M {
							z[g] += q[i]*up[l][a][i] + q[M+i]*down[l+1][b][i]
						}
						for i := range S {
							z[g] += q[2*M+i] * h[at][i]
						}
						z[g] += q[2*M+S]
					}
					newC[k] = sigmoid(z[1])*c[at][k] + sigmoid(z[0])*math.Tanh(z[3])
					newH[k] = sigmoid(z[2]) * math.Tanh(newC[k])
				}
				h[at], c[at] = newH, newC
			}
		}
		messages := p[4*S*(2*M+S+1):]
		for b := range sizes[l+1] {
			up[l+1][b] = [M]float64{}
			for a := range sizes[l] {
				for m := range M {
					for k := range S {
						up[l+1][b][m] += messages[m*S+k] * h[synapse{l, a, b}][k] / math.Sqrt(float64(sizes[l]))
					}
				}
			}
		}
		for a := range sizes[l] {
			down[l][a] = [M]float64{}
			for b := range sizes[l+1] {
				for m := range M {
					for k := range S {
						down[l][a][m] += messages[M*S+m*S+k] * h[synapse{l, a, b}][k] / math.Sqrt(float64(sizes[l+1]))
					}
				}
			}
		}
	}
	got := make([]float64, 2)
	for range 5 {
		x, e := normals(s, 3, 1), normals(s, 2, 1)
		n.Predict(got, x)
		for a := range x {
			up[0][a][0] = x[a]
		}
		down[2] = make([][M]float64, 2)
		tick(0)
		tick(1)
		for b, v := range got {
			if math.Abs(v-up[2][b][0]) > 1e-6 { // the root of a number of terms is a float32
				t.Fatalf("output %v, want %v", v, up[2][b][0])
			}
		}
		n.Learn(e)
		for b := range e {
			down[2][b][0] = e[b]
		}
		tick(1)
		tick(0)
	}
}

// With the parameters of the delta rule fresh networks of any size learn linear classification
// within an episode: what learns is in the shared parameters, what was learned
// in the states.
func TestDeltaRule(t *testing.T) {
	const examples, lives = 100, 30
	params := vsml.DeltaRule(1, 0.02, 1, 10)
	out, wrong := make([]float64, 1), make([]float64, 1)
	for _, inputs := range []int{2, 4, 16} {
		early, late := 0.0, 0.0
		for life := range uint64(lives) {
			s := key.Root(5).Child("life", life).Stream()
			n := vsml.New([]int{inputs, 1}, params)
			teacher := normals(s, inputs, 1)
			for i := range examples {
				x := normals(s, inputs, 1)
				label, z := 1.0, 0.0
				for j := range x {
					z += teacher[j] * x[j]
				}
				if z < 0 {
					label = -1
				}
				n.Predict(out, x)
				if i == 0 && out[0] != 0 {
					t.Fatalf("a network that has learned nothing says %v", out[0])
				}
				if right := out[0]*label > 0; right && i >= 1 && i <= 5 {
					early += 1.0 / (5 * lives)
				} else if right && i >= examples/2 {
					late += 1.0 / (examples / 2 * lives)
				}
				wrong[0] = label - out[0]
				n.Learn(wrong)
			}
		}
		t.Logf("%d inputs: %.3f of the first answers are right, %.3f of the late ones", inputs, early, late)
		if late < 0.8 || late < early+0.05 {
			t.Errorf("%d inputs: %.3f of the first answers are right, %.3f of the late ones", inputs, early, late)
		}
	}
}

// A network that is reset has forgotten, and running it does not allocate.
func TestReset(t *testing.T) {
	s := key.Root(6).Stream()
	n := vsml.New([]int{3, 4, 2}, normals(s, vsml.Size, 0.5))
	x, e := normals(s, 3, 1), normals(s, 2, 1)
	first, again := make([]float64, 2), make([]float64, 2)
	n.Predict(first, x)
	for range 5 {
		n.Learn(e)
		n.Predict(again, x)
	}
	if again[0] == first[0] {
		t.Error("learning changes nothing")
	}
	n.Reset()
	if n.Predict(again, x); again[0] != first[0] || again[1] != first[1] {
		t.Errorf("after a reset %v, at first %v", again, first)
	}
	if k := testing.AllocsPerRun(5, func() { n.Predict(again, x); n.Learn(e) }); k > 0 {
		t.Errorf("%v allocations", k)
	}
}
