package credit_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// inverseMaps lets a test write and teach the inverse maps of a circuit.
type inverseMaps func(f *credit.Feedback, s *credit.Signals)

func (inverseMaps) Present(*network.Connection, *credit.Signals) {}

func (m inverseMaps) PresentFeedback(f *credit.Feedback, s *credit.Signals) { m(f, s) }

// teach is the rule dV = rate·err_pre·post − decay·V as plain loops.
func teach(rate, decay float32) inverseMaps {
	return func(f *credit.Feedback, s *credit.Signals) {
		err, post := s.Values[rulespace.SigErrPre], s.Values[rulespace.SigPost]
		for j := range f.W.Rows {
			row := f.W.Row(j)
			for i := range row {
				sum := float32(0)
				for q := range s.Batch {
					sum += err.Row(q)[j] * post.Row(q)[i]
				}
				row[i] += rate*sum/float32(s.Batch) - decay*row[i]
			}
		}
	}
}

// solve returns the inverse of a square matrix, by Gauss and Jordan.
func solve(m [][]float64) [][]float64 {
	n := len(m)
	a, b := clone(m), make([][]float64, n)
	for i := range b {
		b[i] = make([]float64, n)
		b[i][i] = 1
	}
	for i := range n {
		p := i
		for k := i; k < n; k++ {
			if math.Abs(a[k][i]) > math.Abs(a[p][i]) {
				p = k
			}
		}
		a[i], a[p], b[i], b[p] = a[p], a[i], b[p], b[i]
		d := a[i][i]
		for j := range n {
			a[i][j] /= d
			b[i][j] /= d
		}
		for k := range n {
			if k == i {
				continue
			}
			f := a[k][i]
			for j := range n {
				a[k][j] -= f * a[i][j]
				b[k][j] -= f * b[i][j]
			}
		}
	}
	return b
}

func product(a, b [][]float64) [][]float64 {
	c := make([][]float64, len(a))
	for i := range a {
		c[i] = make([]float64, len(b[0]))
		for k, v := range a[i] {
			for j, w := range b[k] {
				c[i][j] += v * w
			}
		}
	}
	return c
}

func transposed(a [][]float64) [][]float64 {
	t := make([][]float64, len(a[0]))
	for j := range t {
		for i := range a {
			t[j] = append(t[j], a[i][j])
		}
	}
	return t
}

// square is a linear network of five units per layer with well-conditioned
// weights, the identity and a fifth of what it would start with.
func square(t *testing.T) (*network.Network, [][][]float64) {
	n := newNetwork(t, network.Config{Sizes: []int{5, 5, 5, 5}, Hidden: network.Activation{Name: "linear"}}, 1)
	var w [][][]float64
	for _, c := range n.Conns {
		for j := range 5 {
			for i := range 5 {
				c.InPlace.Row(j)[i] *= 0.2
			}
			c.InPlace.Row(j)[j]++
		}
		w = append(w, float(c.W))
	}
	return n, w
}

// With exact linear inverses the way to the target is the Gauss–Newton step
// −J⁻¹e, J the Jacobian from the layer to the output, and outputs that start
// from the targets have the lower loss. A step of 1 keeps clear of the
// cancellation in t − h; what is left is a dozen float32 roundings of
// products of order 1, hence 1e-5 (a float64 program of our own: 7e-14).
func TestTargetsAreGaussNewton(t *testing.T) {
	n, w := square(t)
	b := randomBatch(key.Root(61).Stream(), n.Config, 1)
	exact := inverseMaps(func(f *credit.Feedback, _ *credit.Signals) {
		// h_l = h_{l+1}·W⁻¹ by rows, and maps are applied transposed.
		f.W.CopyFrom(matrix(transposed(solve(w[f.Index]))))
	})
	for _, name := range []string{"tp", "dtp"} {
		c := newCircuit(t, credit.Config{Name: name, Options: map[string]string{"step": "1"}}, n, rulespace.SigErr)
		c.Learn(n, b, exact)
		var r recorder
		c.Learn(n, b, &r)
		e := r.values[2][rulespace.SigErr] // −e
		for l, to := range []([][]float64){product(w[1], w[2]), w[2]} {
			want := product(e, solve(to))[0]
			got := r.values[l][rulespace.SigErr][0]
			h := float(n.Act[l+1])[0]
			var moved []float64
			for i := range want {
				if math.Abs(got[i]-want[i]) > 1e-5*(1+math.Abs(want[i])) {
					t.Errorf("%s: target of unit %d of layer %d is %v away, want %v", name, i, l+1, got[i], want[i])
				}
				moved = append(moved, h[i]+0.1*got[i])
			}
			out := product([][]float64{moved}, to)[0]
			loss := 0.0
			for k, y := range b.Y.Row(0) {
				loss += math.Pow(out[k]-float64(y), 2) / 2
			}
			// A tenth of a Gauss–Newton step on a linear network leaves 0.9² of the loss.
			if want := 0.81 * n.Loss(b.Y); math.Abs(loss-want) > 1e-5*want {
				t.Errorf("%s: replacing layer %d by a tenth of the way to its target gives loss %v, want %v", name, l+1, loss, want)
			}
		}
	}
}

// Target propagation is held to plain float64 loops of its equations.
func TestTargetEquations(t *testing.T) {
	const step = 0.3
	cfg := network.Config{Sizes: []int{4, 6, 5, 3}, Hidden: network.Activation{Name: "tanh"}, Loss: network.CrossEntropy, Bias: true}
	n := newNetwork(t, cfg, 1)
	b := randomBatch(key.Root(62).Stream(), n.Config, 1)
	tanh := network.Activation{Name: "tanh"}
	for _, c := range []struct {
		name, top string
		correct   float64 // whether reconstruction errors are taken off
	}{{"tp", "output", 0}, {"dtp", "output", 1}, {"fw-dtp", "hidden", 1}} {
		maps := map[int][][]float64{}
		fixed := inverseMaps(func(f *credit.Feedback, _ *credit.Signals) { maps[f.Index] = float(f.W) })
		name := c.name
		if name == "fw-dtp" { // shows its maps to nobody; they are those of dtp
			name = "dtp"
		}
		o := map[string]string{"step": fmt.Sprint(step), "top": c.top}
		newCircuit(t, credit.Config{Name: name, Options: o}, n, rulespace.SigErr, rulespace.SigErrPre).Learn(n, b, fixed)
		r := presented(t, n, b, credit.Config{Name: c.name, Options: o})
		m := reference(n)
		pot, act := m.forward(float(b.X)[0])
		above := append([]float64(nil), pot[3]...)
		act[3] = pot[3]
		err := r.values[2][rulespace.SigErr][0]
		for i := range above {
			near(t, "output err", err[i], float64(b.Y.Row(0)[i])-value(n.Config.Output, pot[3])[i])
			above[i] += step * err[i]
		}
		apply := func(l int, y []float64) []float64 {
			z := make([]float64, len(maps[l]))
			for j, row := range maps[l] {
				for i, v := range row {
					z[j] += v * y[i]
				}
			}
			return value(tanh, z)
		}
		for l := 2; l >= 0; l-- {
			var target []float64
			if c.top == "hidden" && l == 2 {
				for j := range act[2] {
					d := 0.0
					for i, w := range m.w[2][j] {
						d += w * err[i]
					}
					target = append(target, act[2][j]+step*d)
				}
			} else {
				target = apply(l, above)
				for j, v := range apply(l, act[l+1]) {
					target[j] += c.correct * (act[l][j] - v)
				}
			}
			got := r.values[l][rulespace.SigErrPre][0]
			for j, v := range target {
				want := (v - act[l][j]) / step * inputDerivative(tanh, act[l][j])
				if math.Abs(got[j]-want) > 1e-5*(1+math.Abs(want)) { // roundings of targets, divided by the step
					t.Errorf("%s: err of unit %d of layer %d is %v, want %v", c.name, j, l, got[j], want)
				}
			}
			above = target
		}
	}
}

// What the inverse maps of dtp are shown makes a rule that adds err_pre·post
// go down the reconstruction error, by central differences in a map's weights;
// taught for a while they reconstruct.
func TestInverseMapsLearnToReconstruct(t *testing.T) {
	n := newNetwork(t, network.Config{Sizes: []int{4, 6, 5, 3}, Hidden: network.Activation{Name: "tanh"}, Bias: true}, 8)
	b := randomBatch(key.Root(63).Stream(), n.Config, 8)
	c := newCircuit(t, credit.Config{Name: "dtp", Options: map[string]string{"feedback_steps": "1"}}, n, rulespace.SigErr)
	sum := func(s *credit.Signals) (e float64) {
		for q := range s.Batch {
			for j, x := range s.Values[rulespace.SigPre].Row(q) {
				e += math.Pow(float64(x-s.Values[rulespace.SigRecon].Row(q)[j]), 2) / 2
			}
		}
		return e
	}
	seen := 0
	c.Learn(n, b, inverseMaps(func(f *credit.Feedback, s *credit.Signals) {
		seen++
		v := float(f.W)
		error := func() float64 {
			e := 0.0
			for q := range s.Batch {
				for j, x := range s.Values[rulespace.SigPre].Row(q) {
					z := 0.0
					for i, y := range s.Values[rulespace.SigPost].Row(q) {
						z += v[j][i] * float64(y)
					}
					e += math.Pow(float64(x)-math.Tanh(z), 2) / 2
				}
			}
			return e
		}
		for j := range v {
			for i := range v[j] {
				got := 0.0
				for q := range s.Batch {
					got += float64(s.Values[rulespace.SigErrPre].Row(q)[j]) * float64(s.Values[rulespace.SigPost].Row(q)[i])
				}
				near(t, "err_pre·post", got, -central(&v[j][i], error))
			}
		}
	}))
	if seen != 2 {
		t.Errorf("%d inverse maps are presented, want those of the two hidden layers", seen)
	}
	errors := map[int][]float64{}
	rule := inverseMaps(func(f *credit.Feedback, s *credit.Signals) {
		errors[f.Index] = append(errors[f.Index], sum(s))
		teach(0.2, 0)(f, s)
	})
	for range 500 {
		c.Learn(n, b, rule)
	}
	for l, e := range errors {
		if e[len(e)-1] > e[0]/2 {
			t.Errorf("reconstruction error of layer %d goes from %v to %v", l, e[0], e[len(e)-1])
		}
	}
}

// Of linear layers that narrow, drl learns the pseudo-inverse of the whole way
// to the output and l-drl the transpose of each layer. 3000 presentations at
// rate 0.02 leave a jitter of a few per cent.
func TestDifferenceReconstruction(t *testing.T) {
	cfg := network.Config{Sizes: []int{4, 7, 5, 3}, Hidden: network.Activation{Name: "linear"}}
	n := newNetwork(t, cfg, 8)
	b := randomBatch(key.Root(64).Stream(), n.Config, 8)
	w1, w2 := float(n.Conns[1].W), float(n.Conns[2].W)
	way := product(w1, w2) // from layer 1 to the output, by rows
	gram := product(transposed(way), way)
	pseudo := product(way, solve(gram)) // (J⁺)ᵀ by rows of layer 1: n_1 × n_3
	for _, name := range []string{"drl", "l-drl"} {
		c := newCircuit(t, credit.Config{Name: name, Options: map[string]string{"feedback_steps": "1"}}, n, rulespace.SigErr)
		v := map[int]*vec.Matrix{}
		rule := inverseMaps(func(f *credit.Feedback, s *credit.Signals) {
			v[f.Index] = f.W
			teach(0.02, 0)(f, s)
		})
		for range 3000 {
			c.Learn(n, b, rule)
		}
		v1, v2 := float(v[1]), float(v[2])
		down := cosine(flat(product(v1, v2)), flat(pseudo))
		alike := math.Min(cosine(flat(v1), flat(w1)), cosine(flat(v2), flat(w2)))
		t.Logf("%s: cosine of the maps down with the pseudo-inverse %.4f, of each with the weights %.4f", name, down, alike)
		switch {
		case name == "drl" && down < 0.97:
			t.Errorf("drl: cosine of the maps down with the pseudo-inverse is %v", down)
		case name == "l-drl" && alike < 0.97:
			t.Errorf("l-drl: cosine of the maps with the weights is %v", alike)
		}
	}
}

func flat(m [][]float64) []float64 {
	var v []float64
	for _, r := range m {
		v = append(v, r...)
	}
	return v
}

// Fixed inverse maps stay as they are while the network learns, so that what
// they make of given weights, their reconstruction error included, does not
// change by a bit; and no rule is shown them.
func TestFixedInverseMaps(t *testing.T) {
	cfg := network.Config{Sizes: []int{4, 6, 5, 3}, Hidden: network.Activation{Name: "tanh"}, Loss: network.CrossEntropy, Bias: true}
	n := newNetwork(t, cfg, 4)
	s := key.Root(65).Stream()
	probe := randomBatch(s, n.Config, 4)
	c := newCircuit(t, credit.Config{Name: "fw-dtp"}, n, rulespace.SigErr, rulespace.SigErrPre)
	errs := func() string {
		var r recorder
		c.Learn(n, probe, &r)
		return fmt.Sprint(r.values[0][rulespace.SigErrPre], r.values[1][rulespace.SigErrPre])
	}
	loss := func() float64 {
		n.Forward(probe.X)
		return n.Loss(probe.Y)
	}
	before, lossBefore := errs(), loss()
	for range 300 {
		c.Learn(n, probe, descend(0.1))
	}
	if after := loss(); after > lossBefore/2 {
		t.Errorf("loss goes from %v to %v", lossBefore, after)
	}
	if err := n.Reset(key.Root(5).Child("init", 0)); err != nil {
		t.Fatal(err)
	}
	restored := newNetwork(t, cfg, 4) // draws the biases again
	for l, conn := range n.Conns {
		copy(conn.Bias, restored.Conns[l].Bias)
	}
	if after := errs(); after != before {
		t.Errorf("with the same weights err is %s before learning and %s after", before, after)
	}
	if e, _ := credit.ByName("fw-dtp"); e.Feedback {
		t.Error("fw-dtp offers its inverse maps to rules")
	}
}
