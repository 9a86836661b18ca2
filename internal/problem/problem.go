// Package problem has functions with a known minimum of 0, by which
// optimisers are compared.
//
// It is imported by tests only.
package problem

import (
	"math"
)

// Sphere is Σx_i²; its minimum lies at 0.
func Sphere(x []float64) float64 {
	s := 0.0
	for _, v := range x {
		s += v * v
	}
	return s
}

// Ellipsoid is Σ10^(6(i-1)/(n-1))·x_i², of condition 10⁶; its minimum lies at 0.
func Ellipsoid(x []float64) float64 {
	s := 0.0
	for i, v := range x {
		s += math.Pow(10, 6*float64(i)/float64(len(x)-1)) * v * v
	}
	return s
}

// Rosenbrock is Σ100(x_i² - x_{i+1})² + (x_i - 1)²; its minimum lies at 1.
func Rosenbrock(x []float64) float64 {
	s := 0.0
	for i := range len(x) - 1 {
		a, b := x[i]*x[i]-x[i+1], x[i]-1
		s += 100*a*a + b*b
	}
	return s
}

// Rastrigin is 10n + Σ(x_i² - 10·cos 2πx_i), with about 10ⁿ minima between -5
// and 5; the least lies at 0.
func Rastrigin(x []float64) float64 {
	s := 10 * float64(len(x))
	for _, v := range x {
		s += v*v - 10*math.Cos(2*math.Pi*v)
	}
	return s
}
