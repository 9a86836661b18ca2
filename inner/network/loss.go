package network

import (
	"math"

	"github.com/metaplast/metaplast/internal/fmath"
	"github.com/metaplast/metaplast/internal/vec"
)

// OutputCredit sets dst to minus the gradient of the loss with respect to the
// potentials of the output layer, for targets y.
//
//	cross-entropy            err = t − y
//	squared                  err = f'(z)·(t − y)
//	squared after softmax    err_i = y_i·((t_i − y_i) − Σ_k y_k·(t_k − y_k))
func (n *Network) OutputCredit(dst, y *vec.Matrix) { n.OutputCreditOf(dst, n.Act[len(n.Act)-1], y) }

// OutputCreditOf is OutputCredit for given activities of the output layer.
func (n *Network) OutputCreditOf(dst, act, y *vec.Matrix) {
	last := len(n.Act) - 1
	if y.Rows < act.Rows || y.Cols != act.Cols || dst.Rows != act.Rows || dst.Cols != act.Cols {
		panic("network: OutputCredit: shapes do not fit")
	}
	f := n.f[last]
	for i := range act.Rows {
		e, t, a := dst.Row(i), y.Row(i), act.Row(i)
		vec.SubVV(e, t, a)
		if n.Config.Loss != CrossEntropy && f.kind == softmax {
			vec.SubVS(e, e, vec.Dot(a, e))
			vec.MulVV(e, a, e)
		}
	}
	if n.Config.Loss != CrossEntropy && f.kind != softmax {
		n.Damp(last, dst, act)
	}
}

// Losses sets dst[i] to the loss of row i of the last Forward for targets y.
func (n *Network) Losses(dst []float64, y *vec.Matrix) {
	last := len(n.Act) - 1
	n.LossesOf(dst, n.Act[last], n.Pot[last], y)
}

// LossesOf is Losses for given activities and potentials of the output layer.
func (n *Network) LossesOf(dst []float64, act, pot, y *vec.Matrix) {
	kind := n.f[len(n.f)-1].kind
	for i := range act.Rows {
		t := y.Row(i)
		switch {
		case n.Config.Loss == Squared:
			dst[i] = squared(act.Row(i), t)
		case kind == softmax:
			dst[i] = crossEntropy(pot.Row(i), t)
		default:
			dst[i] = binaryCrossEntropy(pot.Row(i), t)
		}
	}
}

// Loss is the mean loss of the last Forward for targets y.
func (n *Network) Loss(y *vec.Matrix) float64 {
	rows := n.Act[0].Rows
	losses := make([]float64, rows)
	n.Losses(losses, y)
	sum := 0.0
	for _, l := range losses {
		sum += l
	}
	return sum / float64(rows)
}

func squared(y, t []float32) float64 {
	sum := 0.0
	for j := range y {
		d := float64(t[j]) - float64(y[j])
		sum += float64(d * d)
	}
	return sum / 2
}

// crossEntropy is −Σ t·ln softmax(z), from the potentials so that no
// probability can underflow.
func crossEntropy(z, t []float32) float64 {
	top := math.Inf(-1)
	for _, v := range z {
		top = max(top, float64(v))
	}
	sum := 0.0
	for _, v := range z {
		sum += fmath.Exp(float64(v) - top)
	}
	norm := top + fmath.Log(sum)
	loss := 0.0
	for j, v := range z {
		loss += float64(float64(t[j]) * (norm - float64(v)))
	}
	return loss
}

// binaryCrossEntropy is −Σ t·ln σ(z) + (1−t)·ln(1−σ(z)).
func binaryCrossEntropy(z, t []float32) float64 {
	loss := 0.0
	for j, v := range z {
		loss += fmath.Log1pExp(float64(v)) - float64(float64(t[j])*float64(v))
	}
	return loss
}
