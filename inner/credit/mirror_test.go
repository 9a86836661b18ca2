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

// feedbackPlasticity changes feedback weights alone.
type feedbackPlasticity func(f *credit.Feedback, s *credit.Signals)

func (p feedbackPlasticity) Present(*network.Connection, *credit.Signals) {}

func (p feedbackPlasticity) PresentFeedback(f *credit.Feedback, s *credit.Signals) { p(f, s) }

// track makes feedback weights a running mean of pre·post/variance, as the
// rule of weight mirrors does, and keeps them.
func track(rate, variance float32, weights map[int]*vec.Matrix) feedbackPlasticity {
	return func(f *credit.Feedback, s *credit.Signals) {
		weights[f.Index] = f.W
		pre, post := s.Values[rulespace.SigPre], s.Values[rulespace.SigPost]
		product := vec.New(f.W.Rows, f.W.Cols)
		vec.MulTA(product, pre, post)
		for j := range f.W.Rows {
			for i, v := range product.Row(j) {
				w := &f.W.Row(j)[i]
				*w += rate * (v/(variance*float32(s.Batch)) - *w)
			}
		}
	}
}

func norm(u []float64) float64 { return math.Sqrt(cosineNorm(u)) }

// Feedback that decays while it learns from noise becomes the weights, and
// credit then goes back through it. (A float64 program of our own found a
// cosine of .994.) With n = 30 units below, the mean of N = 2·16/0.01 samples
// leaves the cosine 1/√(1 + n/N) = .995.
func TestWeightMirror(t *testing.T) {
	const rows = 16
	n := newNetwork(t, toy, rows)
	c := newCircuit(t, credit.Config{Name: "mirror"}, n, rulespace.SigErr, rulespace.SigErrPre)
	s := key.Root(7).Stream()
	b := randomBatch(s, n.Config, rows)
	weights := map[int]*vec.Matrix{}
	p := track(0.01, 0.1*0.1, weights)
	for range 1000 {
		c.Learn(n, b, p)
	}
	for l, conn := range n.Conns {
		w, f := flat(float(conn.W)), flat(float(weights[l]))
		cos, size := cosine(w, f), norm(f)/norm(w)
		t.Logf("connection %d: cosine %.4f, norm ratio %.3f", l, cos, size)
		// tanh of potentials of order 0.1 takes 2 % of the response, sampling adds 1 %.
		if cos < 0.99 || math.Abs(size-1) > 0.04 {
			t.Errorf("connection %d: feedback has cosine %.4f with the weights, and %.3f of their norm", l, cos, size)
		}
	}
	var r recorder
	c.Learn(n, b, &r)
	for l, f := range weights {
		for q := range rows {
			for j := range f.Rows {
				sum, y := 0.0, r.values[l][rulespace.SigPre][q][j]
				for i, v := range f.Row(j) {
					sum += float64(v) * r.values[l][rulespace.SigErr][q][i]
				}
				near(t, "err_pre", r.values[l][rulespace.SigErrPre][q][j], sum*(1-y*y))
			}
		}
	}
}

// The response is that of one layer to noise alone.
func TestMirrorMode(t *testing.T) {
	n := newNetwork(t, network.Config{Sizes: []int{4, 6, 5, 3}, Hidden: network.Activation{Name: "sigmoid"}, Loss: network.CrossEntropy, Bias: true}, 3)
	c := newCircuit(t, credit.Config{Name: "mirror"}.With("sigma", "2"), n, rulespace.SigErrPre)
	m := reference(n)
	seen := ""
	c.Learn(n, randomBatch(key.Root(7).Stream(), n.Config, 3), feedbackPlasticity(func(f *credit.Feedback, s *credit.Signals) {
		seen += fmt.Sprint(f.Index)
		pre, post := float(s.Values[rulespace.SigPre]), float(s.Values[rulespace.SigPost])
		for q := range 3 {
			for i, got := range post[q] {
				z := m.b[f.Index][i]
				for j, x := range pre[q] {
					z += x * m.w[f.Index][j][i]
				}
				want := z - m.b[f.Index][i]
				if !f.Conn.Output {
					want = 1/(1+math.Exp(-z)) - 1/(1+math.Exp(-m.b[f.Index][i]))
				}
				near(t, "response", got, want)
			}
		}
	}))
	if seen != "012" {
		t.Errorf("feedback weights are presented in order %q", seen)
	}
}
