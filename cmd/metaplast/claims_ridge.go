package main

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/internal/fmath"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/tasks"
)

// layered is a trained network by one of its layers, the potentials of its
// output or the activities of its last hidden layer.
type layered struct {
	net    *network.Network
	hidden bool
	block  vec.Matrix
	out    *vec.Matrix
}

// Outputs implements tasks.Model.
func (m *layered) Outputs(x *vec.Matrix) *vec.Matrix {
	last := len(m.net.Conns)
	layer := m.net.Pot[last]
	if m.hidden {
		layer = m.net.Act[last-1]
	}
	if m.out == nil || m.out.Rows < x.Rows {
		m.out = vec.New(x.Rows, layer.Cols)
	}
	for start := 0; start < x.Rows; start += m.net.MaxBatch() {
		end := min(start+m.net.MaxBatch(), x.Rows)
		m.block = *rowsOf(x, start, end)
		m.net.Forward(&m.block)
		for i := start; i < end; i++ {
			copy(m.out.Row(i), layer.Row(i-start))
		}
	}
	return rowsOf(m.out, 0, x.Rows)
}

// rowsOf is a view of some rows.
func rowsOf(m *vec.Matrix, start, end int) *vec.Matrix {
	return &vec.Matrix{Rows: end - start, Cols: m.Cols, Stride: m.Stride, Data: m.Data[start*m.Stride : end*m.Stride]}
}

// hiddenModel is a network that computes its hidden layer in its own way.
type hiddenModel interface {
	Hidden(x *vec.Matrix) *vec.Matrix
}

// ridged is a linear classifier of hidden activities.
type ridged struct {
	hidden func(x *vec.Matrix) *vec.Matrix
	w      *vec.Matrix // hidden × classes
	bias   []float32
	out    *vec.Matrix
}

// Outputs implements tasks.Model.
func (r *ridged) Outputs(x *vec.Matrix) *vec.Matrix {
	if r.out == nil || r.out.Rows < x.Rows {
		r.out = vec.New(x.Rows, r.w.Cols)
	}
	out := rowsOf(r.out, 0, x.Rows)
	vec.Mul(out, r.hidden(x), r.w)
	for i := range x.Rows {
		vec.AddVV(out.Row(i), out.Row(i), r.bias)
	}
	return out
}

// ridgeReadout fits a linear classifier to the hidden activities of a model
// for all training samples of a fresh episode, by ridge regression on targets
// of 0 and 1.
//
//	W = (FᵀF + λ·I)⁻¹FᵀY,  λ = 10⁻³ of the mean diagonal
func ridgeReadout(m tasks.Model, e tasks.Episode, info tasks.Info) *ridged {
	r := &ridged{}
	switch m := m.(type) {
	case hiddenModel:
		r.hidden = m.Hidden
	case *network.Network:
		r.hidden = (&layered{net: m, hidden: true}).Outputs
	default:
		panic("claims: a model without a hidden layer to read out")
	}
	batch := tasks.NewBatch(info, 64)
	var f []float64
	var gram *mat.SymDense
	var cross *mat.Dense
	n := 0
	for seen := 0; seen < info.TrainSize; {
		e.Next(batch)
		seen += batch.N
		h := r.hidden(rowsOf(batch.X, 0, batch.N))
		if gram == nil {
			n = h.Cols + 1
			f, gram, cross = make([]float64, n), mat.NewSymDense(n, nil), mat.NewDense(n, info.Out, nil)
		}
		for i := range batch.N {
			for j, v := range h.Row(i) {
				f[j] = float64(v)
			}
			f[n-1] = 1
			gram.SymRankOne(gram, 1, mat.NewVecDense(n, f))
			for j, v := range f {
				cross.Set(j, batch.Labels[i], cross.At(j, batch.Labels[i])+v)
			}
		}
	}
	ridge := 1e-3*mat.Trace(gram)/float64(n) + 1e-12
	for i := range n {
		gram.SetSym(i, i, gram.At(i, i)+ridge)
	}
	var c mat.Cholesky
	var w mat.Dense
	r.w, r.bias = vec.New(n-1, info.Out), make([]float32, info.Out)
	if !c.Factorize(gram) || c.SolveTo(&w, cross) != nil {
		return r // of activities that are not finite: it says nothing
	}
	for j := range info.Out {
		for i := range n - 1 {
			r.w.Row(i)[j] = float32(w.At(i, j))
		}
		r.bias[j] = float32(w.At(n-1, j))
	}
	return r
}

// atEnd calls back with the model that a life has become, before it is scored.
// What the call returns is the score of the life.
func (l *life) atEnd(of func(e tasks.Episode, m tasks.Model) tasks.Score) {
	var score tasks.Score
	l.trial.ObserveEvery = l.trial.Steps
	l.trial.Observe = func(_ int, e tasks.Episode, m tasks.Model) { score = of(e, m) }
	l.after = func(*network.Network) {
		if l.outcome.Status != trial.Diverged {
			l.outcome.Score = score
		}
	}
}

// scoreByRidge makes a life count with a ridge readout of its hidden layer in
// place of its output.
func scoreByRidge(l *life, _ bool) {
	l.atEnd(func(e tasks.Episode, m tasks.Model) tasks.Score { return e.Score(l.ridge(m), l.trial.Split) })
}

// ridge reads a model out on the samples of the life.
func (l *life) ridge(m tasks.Model) tasks.Model {
	e, err := l.trial.Task.Start(l.trial.Key.Child("data", 0))
	if err != nil { // it did start before
		panic("claims: " + err.Error())
	}
	return ridgeReadout(m, e, l.trial.Task.Info())
}

// attacker moves the inputs of a model along the sign of the gradient of the
// cross entropy of what it says about them (the fast gradient sign method
// against its own answer). Gradients are central differences, so that any
// model can be attacked; they are kept, for the same inputs in the same order.
type attacker struct {
	model   tasks.Model // by its logits
	epsilon float64
	known   []*vec.Matrix // signs, by call
	calls   int
}

// at returns the model under attacks of a size.
func (a *attacker) at(epsilon float64) tasks.Model {
	a.epsilon, a.calls = epsilon, 0
	return a
}

// Outputs implements tasks.Model.
func (a *attacker) Outputs(x *vec.Matrix) *vec.Matrix {
	if a.calls == len(a.known) {
		a.known = append(a.known, a.signs(x))
	}
	signs := a.known[a.calls]
	a.calls++
	moved := vec.New(x.Rows, x.Cols)
	for i := range x.Rows {
		for j, s := range signs.Row(i) {
			moved.Row(i)[j] = x.Row(i)[j] + float32(float64(s)*a.epsilon)
		}
	}
	return a.model.Outputs(moved)
}

func (a *attacker) signs(x *vec.Matrix) *vec.Matrix {
	const h = 0.01
	out, tried := vec.New(x.Rows, x.Cols), vec.New(2*x.Cols, x.Cols)
	for i := range x.Rows {
		row := x.Row(i)
		answer := a.model.Outputs(rowsOf(x, i, i+1)).Row(0)
		best := 0
		for k, v := range answer {
			if v > answer[best] {
				best = k
			}
		}
		for j := range row {
			for side, d := range []float32{h, -h} {
				t := tried.Row(2*j + side)
				copy(t, row)
				t[j] += d
			}
		}
		y := a.model.Outputs(tried)
		for j := range row {
			if d := crossEntropy(y.Row(2*j), best) - crossEntropy(y.Row(2*j+1), best); d != 0 {
				out.Row(i)[j] = float32(math.Copysign(1, d))
			}
		}
	}
	return out
}

// crossEntropy is that of the softmax of logits with a class.
func crossEntropy(logits []float32, class int) float64 {
	sum := 0.0
	for _, v := range logits {
		sum += fmath.Exp(float64(v) - float64(logits[class]))
	}
	return fmath.Log(sum)
}
