package main

import "math"

// Sums over vectors, with every product rounded, so that they are the same on
// all machines.

func dot(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += float64(v * b[i])
	}
	return sum
}

// addTo adds factor·src to dst.
func addTo(dst []float64, factor float64, src []float64) {
	for i, v := range src {
		dst[i] += float64(factor * v)
	}
}

func scale(v []float64, factor float64) {
	for i := range v {
		v[i] *= factor
	}
}

func length(v []float64) float64 { return math.Sqrt(dot(v, v)) }

// largest is the largest size of an element.
func largest(v []float64) float64 {
	m := 0.0
	for _, x := range v {
		m = max(m, math.Abs(x))
	}
	return m
}

func minus(a, b []float64) []float64 {
	out := append([]float64{}, a...)
	addTo(out, -1, b)
	return out
}

// cosine is that of the angle between two vectors.
func cosine(a, b []float64) float64 { return dot(a, b) / (length(a) * length(b)) }
