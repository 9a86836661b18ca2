package device

import "github.com/metaplast/metaplast/internal/vec"

// Ideal is an array without any imperfection.
type Ideal struct{ w *vec.Matrix }

// NewIdeal returns an ideal array of zeros.
func NewIdeal(in, out int) *Ideal { return &Ideal{vec.New(in, out)} }

func (a *Ideal) Shape() (in, out int)          { return a.w.Rows, a.w.Cols }
func (a *Ideal) Weights() *vec.Matrix          { return a.w }
func (a *Ideal) InPlace() *vec.Matrix          { return a.w }
func (a *Ideal) Forward(dst, src *vec.Matrix)  { vec.Mul(dst, src, a.w) }
func (a *Ideal) Backward(dst, src *vec.Matrix) { vec.MulTB(dst, src, a.w) }

// Update adds dw element by element.
func (a *Ideal) Update(dw *vec.Matrix) {
	if dw.Rows != a.w.Rows || dw.Cols != a.w.Cols {
		panic("device: Update: shapes differ")
	}
	for i := range a.w.Rows {
		vec.AddVV(a.w.Row(i), a.w.Row(i), dw.Row(i))
	}
}
