package vec

import "math"

// The portable products of fast numerics, which define the bits of all others:
// the chains and trees of the strict ones, with every product rounded together
// with its addition. Where strict chains start at +0, fused ones also end by
// adding +0: a product too small for a float32 can round to -0, and whether
// the sign survives would depend on factors of zero being skipped.

// fma returns a·b + c, rounded once.
func fma(a, b, c float32) float32 {
	p := float64(float64(a) * float64(b)) // exact
	s := p + float64(c)
	// Rounding to 53 bits first does harm only if that ends half way between
	// two numbers of 24 bits, which is at one place unless they are subnormal.
	bits := math.Float64bits(s)
	const normal = 1023 - 126
	if bits&(1<<29-1) != 1<<28 && bits>>52&0x7ff >= normal {
		return float32(s)
	}
	// The last bit takes what was lost, so that half way is never exact.
	q := s - p
	if lost := (p - (s - q)) + (float64(c) - q); lost != 0 && bits&1 == 0 {
		if (lost > 0) == (s > 0) {
			bits++
		} else {
			bits--
		}
	}
	return float32(math.Float64frombits(bits))
}

func addRowsFused(d []float32, n int, s []float32, ss int, x []float32, xs int, all bool) {
	for k := range n {
		v := s[k*ss]
		if v == 0 && !all {
			continue
		}
		row := x[k*xs:][:len(d)]
		for j, u := range row {
			d[j] = fma(v, u, d[j])
		}
	}
}

func dotFused(x, y []float32) float32 {
	y = y[:len(x)]
	var a [16]float32
	for i, v := range x {
		a[i%16] = fma(v, y[i], a[i%16])
	}
	return tree(&a) + 0
}

// closeFused ends chains that started at +0.
func closeFused(d []float32) {
	if fast {
		AddVS(d, d, 0)
	}
}
