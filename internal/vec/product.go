package vec

// Mul sets dst = a·b for a of shape B×K and b of shape K×N. Each element is
// one chain of additions over k in ascending order, in which an a[i,k] that
// is exactly zero contributes nothing (silent inputs are skipped).
func Mul(dst, a, b *Matrix) {
	if a.Cols != b.Rows || dst.Rows != a.Rows || dst.Cols != b.Cols {
		panic("vec: Mul: shapes do not fit")
	}
	for i := range a.Rows {
		d := dst.Row(i)
		clear(d)
		addRows(d, a.Row(i), b)
	}
}

// addRows adds Σ_k s[k]·b[k] to d, skipping zero factors. Four rows at a time
// keep d in cache; the additions stay in the order of k.
func addRows(d, s []float32, b *Matrix) {
	k := 0
	var idx [4]int
	for k < len(s) {
		n := 0
		for k < len(s) && n < 4 {
			if s[k] != 0 {
				idx[n] = k
				n++
			}
			k++
		}
		if n < 4 {
			for _, j := range idx[:n] {
				Axpy(d, s[j], b.Row(j))
			}
			return
		}
		s0, s1, s2, s3 := s[idx[0]], s[idx[1]], s[idx[2]], s[idx[3]]
		r0 := b.Row(idx[0])[:len(d)]
		r1 := b.Row(idx[1])[:len(d)]
		r2 := b.Row(idx[2])[:len(d)]
		r3 := b.Row(idx[3])[:len(d)]
		for j := range d {
			v := d[j] + float32(s0*r0[j])
			v += float32(s1 * r1[j])
			v += float32(s2 * r2[j])
			d[j] = v + float32(s3*r3[j])
		}
	}
}

// MulTA adds aᵀ·b to dst for a of shape B×M and b of shape B×N: the sum of
// the outer products of their rows, added to dst in ascending order of the
// row, in which an a[i,m] that is exactly zero contributes nothing.
func MulTA(dst, a, b *Matrix) {
	if a.Rows != b.Rows || dst.Rows != a.Cols || dst.Cols != b.Cols {
		panic("vec: MulTA: shapes do not fit")
	}
	for m := range a.Cols {
		d := dst.Row(m)
		for i := range a.Rows {
			if s := a.Data[i*a.Stride+m]; s != 0 {
				Axpy(d, s, b.Row(i))
			}
		}
	}
}

// MulTB sets dst = a·bᵀ for a of shape B×N and b of shape M×N. Each element
// is the Dot of a row of a with a row of b.
func MulTB(dst, a, b *Matrix) {
	if a.Cols != b.Cols || dst.Rows != a.Rows || dst.Cols != b.Rows {
		panic("vec: MulTB: shapes do not fit")
	}
	for i := range a.Rows {
		x, d := a.Row(i), dst.Row(i)
		for m := range d {
			d[m] = Dot(x, b.Row(m))
		}
	}
}

// Axpy adds s·x to d, element by element.
func Axpy(d []float32, s float32, x []float32) {
	x = x[:len(d)]
	for j := range d {
		d[j] += float32(s * x[j])
	}
}

// Dot returns Σ x[i]·y[i] summed in 16 lanes: lane l adds the products with
// i ≡ l (mod 16) in ascending order, then lane l takes lane l+8, l+4, l+2
// and l+1 in turn.
func Dot(x, y []float32) float32 {
	y = y[:len(x)]
	var a [16]float32
	i := 0
	for ; i+16 <= len(x); i += 16 {
		u, v := (*[16]float32)(x[i:]), (*[16]float32)(y[i:])
		a[0] += float32(u[0] * v[0])
		a[1] += float32(u[1] * v[1])
		a[2] += float32(u[2] * v[2])
		a[3] += float32(u[3] * v[3])
		a[4] += float32(u[4] * v[4])
		a[5] += float32(u[5] * v[5])
		a[6] += float32(u[6] * v[6])
		a[7] += float32(u[7] * v[7])
		a[8] += float32(u[8] * v[8])
		a[9] += float32(u[9] * v[9])
		a[10] += float32(u[10] * v[10])
		a[11] += float32(u[11] * v[11])
		a[12] += float32(u[12] * v[12])
		a[13] += float32(u[13] * v[13])
		a[14] += float32(u[14] * v[14])
		a[15] += float32(u[15] * v[15])
	}
	for l := 0; i < len(x); i, l = i+1, l+1 {
		a[l] += float32(x[i] * y[i])
	}
	return tree(&a)
}

// Sum returns Σ x[i] in the lanes and tree of Dot.
func Sum(x []float32) float32 {
	var a [16]float32
	for i, v := range x {
		a[i%16] += v
	}
	return tree(&a)
}

func tree(a *[16]float32) float32 {
	for n := 8; n >= 1; n /= 2 {
		for l := range n {
			a[l] += a[l+n]
		}
	}
	return a[0]
}
