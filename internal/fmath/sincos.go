package fmath

import "math"

// SinCos returns sin x and cos x (fdlibm's k_sin and k_cos after a reduction
// by multiples of π/2 in three parts), with an error below 1e-15 for |x| up to
// 1e5; it loses precision beyond.
func SinCos(x float64) (sin, cos float64) {
	if x != x || math.IsInf(x, 0) {
		return math.NaN(), math.NaN()
	}
	const (
		hi  = 1.57079632673412561417e+00 // π/2 in pieces of 33 bits
		mid = 6.07710050630396597660e-11
		lo  = 2.02226624879595063154e-21
	)
	k := math.RoundToEven(float64(x * (2 / math.Pi)))
	r := x - float64(k*hi)
	r -= float64(k * mid)
	r -= float64(k * lo)
	z := float64(r * r)

	s := float64(z * 1.58969099521155010221e-10)
	s = float64(z * (s - 2.50507602534068634195e-08))
	s = float64(z * (s + 2.75573137070700676789e-06))
	s = float64(z * (s - 1.98412698298579493134e-04))
	s = float64(z * (s + 8.33333333332248946124e-03))
	s = float64(z * (s - 1.66666666666666324348e-01))
	s = r + float64(r*s)

	c := float64(z * -1.13596475577881948265e-11)
	c = float64(z * (c + 2.08757232129817482790e-09))
	c = float64(z * (c - 2.75573143513906633035e-07))
	c = float64(z * (c + 2.48015872894767294178e-05))
	c = float64(z * (c - 1.38888888888741095749e-03))
	c = float64(z * (c + 4.16666666666666019037e-02))
	c = 1 - (float64(z/2) - float64(z*c))

	switch int64(math.Mod(k, 4)+4) % 4 {
	case 1:
		return c, -s
	case 2:
		return -s, -c
	case 3:
		return -c, s
	}
	return s, c
}
