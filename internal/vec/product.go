package vec

import "math/bits"

// Assembly cannot be preempted, so that no call is given more than about
// workload elements, which take it up to a tenth of a millisecond, or chunk
// where an element may cost more.
const (
	workload = 1 << 17
	chunk    = 1 << 14

	longest = 2560 // products in a chain of multiply per call
	briefly = 1024 // products in a row that are sooner done than looked through for zeros
)

// What the kernel addRows takes: at most listed rows at a time, and a mode
// that is a sum of these.
const (
	listed = 256

	fresh      = 1 // the chains start at +0 instead of d
	increase   = 2 // and are added to d at their end
	everything = 4 // factors of zero count too
	closed     = 8 // +0 is added at the end of chains that are fused; see fused.go
)

// Mul sets dst = a·b for a of shape B×K and b of shape K×N. Each element is
// one chain of additions over k in ascending order that starts at +0, in which
// an a[i,k] that is exactly zero contributes nothing (silent inputs are
// skipped).
//
// All products of this file are fused with their additions if Numerics is
// fast.
func Mul(dst, a, b *Matrix) {
	if a.Cols != b.Rows || dst.Rows != a.Rows || dst.Cols != b.Cols {
		panic("vec: Mul: shapes do not fit")
	}
	if dst.Cols == 1 {
		mulColumn(dst, a, b)
		return
	}
	if active != portable && a.Rows > 1 && a.Cols > 0 && dst.Cols > 0 {
		if zeros := a.zeros(); 10*zeros < 7*a.Rows*a.Cols || a.Cols*dst.Stride <= briefly {
			// A chain that starts at +0 never becomes -0, so adding the product
			// of a zero and a finite number changes nothing. Any other product
			// with zero is a NaN, which shows in the result.
			multiply(dst, a.Data, a.Stride, 1, a.Cols, b, 0, dst.Rows, false, nil)
			if zeros > 0 && !Finite(dst.Data[:dst.Rows*dst.Stride]) {
				for i := range a.Rows {
					mulRow(dst.Row(i), a, i, b)
				}
			}
			return
		}
	}
	for i := range a.Rows {
		mulRow(dst.Row(i), a, i, b)
	}
}

func mulRow(d []float32, a *Matrix, i int, b *Matrix) {
	if active != portable {
		addRowsNative(d, a.Cols, a.Data[i*a.Stride:], 1, b.Data, b.Stride, fresh|closed)
		return
	}
	clear(d)
	addRows(d, a.Cols, a.Data[i*a.Stride:], 1, b.Data, b.Stride, false)
	closeFused(d)
}

// zeros counts the elements that are zero, without those beyond the columns.
func (m *Matrix) zeros() int {
	return zerosNative(m.Data[:m.Rows*m.Stride]) - m.Rows*(m.Stride-m.Cols)
}

// MulTA adds aᵀ·b to dst for a of shape B×M and b of shape B×N: each element
// of the product is one chain over the rows in ascending order that starts at
// +0, in which an a[i,m] that is exactly zero contributes nothing. Rows m of
// dst for which all a[i,m] are zero are not touched.
func MulTA(dst, a, b *Matrix) {
	if a.Rows != b.Rows || dst.Rows != a.Cols || dst.Cols != b.Cols {
		panic("vec: MulTA: shapes do not fit")
	}
	if a.Rows == 0 || dst.Cols == 0 {
		return
	}
	if active != portable && a.Rows <= longest {
		// The list of the factors in a column takes about as long as 2000
		// products that are not left out.
		zeros := a.zeros()
		if zeros == 0 || dst.Cols*zeros < a.Cols*2000 && Finite(b.Data[:b.Rows*b.Stride]) {
			// See Mul; here only an infinity or a NaN in b tells products with
			// zero from nothing.
			if zeros == 0 {
				multiply(dst, a.Data, 1, a.Stride, a.Rows, b, 0, a.Cols, true, nil)
				return
			}
			var live [64]uint16
			for j := 0; j < a.Cols; j += 16 * len(live) {
				n := min(16*len(live), a.Cols-j)
				liveNative(live[:], a, j, j+n)
				for m := 0; m < n; {
					from := next(live[:], m, n, 0)
					m = next(live[:], from, n, 1<<16-1)
					multiply(dst, a.Data, 1, a.Stride, a.Rows, b, j+from, j+m, true, nil)
				}
			}
			return
		}
	}
	for m := range a.Cols {
		addColumn(dst.Row(m), a, m, b)
	}
}

// addColumn adds the product of column m of a, transposed, with b to d.
func addColumn(d []float32, a *Matrix, m int, b *Matrix) {
	if active != portable && a.Rows <= listed {
		addRowsNative(d, a.Rows, a.Data[m:], a.Stride, b.Data, b.Stride, fresh|increase|closed)
		return
	}
	if a.silent(m) {
		return
	}
	var sum [256]float32
	for j := 0; j < len(d); j += len(sum) {
		n := min(len(sum), len(d)-j)
		clear(sum[:n])
		AddRows(sum[:n], a.Rows, a.Data[m:], a.Stride, b.Data[j:], b.Stride, false)
		closeFused(sum[:n])
		AddVV(d[j:j+n], d[j:j+n], sum[:n])
	}
}

// next returns the first of the bits from m to n that differs from those of
// skip, or n.
func next(live []uint16, m, n int, skip uint16) int {
	for m < n {
		if w := (live[m/16] ^ skip) >> (m % 16); w != 0 {
			return min(n, m+bits.TrailingZeros16(w))
		}
		m = m&^15 + 16
	}
	return n
}

// silent reports whether a column is zero.
func (m *Matrix) silent(column int) bool {
	for i := column; i < len(m.Data); i += m.Stride {
		if m.Data[i] != 0 {
			return false
		}
	}
	return true
}

// AddRows adds Σ_k s_k·x_k to d for k < n, where s_k is s[k*ss] and x_k the
// row that starts at x[k*xs]. Each element is one chain of additions in
// ascending order of k. A factor s_k that is exactly zero contributes nothing
// unless all is set.
func AddRows(d []float32, n int, s []float32, ss int, x []float32, xs int, all bool) {
	if active == portable {
		addRows(d, n, s, ss, x, xs, all)
		return
	}
	mode := 0
	if all {
		mode = everything
	}
	addRowsNative(d, n, s, ss, x, xs, mode)
}

// Products sets rows 0 to m of d, n columns wide, to Σ_k g_k·x_k for k < kn,
// where row i has the factors g[k*gs+i] and x_k starts at x[k*xs]: AddRows to
// rows of zeros. Unless all is set, x has to be finite, so that factors of
// zero make no difference.
func Products(d Rows, m, n, kn int, g []float32, gs int, x []float32, xs int, all bool) {
	if active != portable && kn > 0 && m > 1 && n > 0 && (all || !sparse(m, kn, g, gs)) {
		multiply(&Matrix{m, n, d.Stride, d.Data}, g, 1, gs, kn, &Matrix{kn, n, xs, x}, 0, m, false, nil)
		return
	}
	for i := range m {
		r := d.row(i, n)
		clear(r)
		AddRows(r, kn, g[i:], gs, x, xs, all)
		closeFused(r)
	}
}

// AddProducts adds to d the Products of the other arguments times scale[0]:
// products and increase round separately, as in MulAddVSV. scratch is as long
// as a row.
func AddProducts(d Rows, m, n, kn int, g []float32, gs int, x []float32, xs int, all bool, scale, scratch []float32) {
	if active != portable && small && kn > 0 && kn <= longest && m > 0 && n > 0 && (all || !sparse(m, kn, g, gs)) {
		multiply(&Matrix{m, n, d.Stride, d.Data}, g, 1, gs, kn, &Matrix{kn, n, xs, x}, 0, m, true, &scale[0])
		return
	}
	r := scratch[:n]
	for i := range m {
		clear(r)
		AddRows(r, kn, g[i:], gs, x, xs, all)
		MulAddVSV(d.row(i, n), r, scale[0], d.row(i, n))
	}
}

// sparse guesses from a few factors whether it pays to look at all.
func sparse(m, kn int, g []float32, gs int) bool {
	if kn < 24 {
		return false
	}
	zeros, i := 0, 0
	for k := range 16 {
		if g[k*kn/16*gs+i] == 0 {
			zeros++
		}
		for i += 5; i >= m; i -= m {
		}
	}
	return zeros >= 11
}

func addRows(d []float32, n int, s []float32, ss int, x []float32, xs int, all bool) {
	if fast {
		addRowsFused(d, n, s, ss, x, xs, all)
		return
	}
	// Four rows at a time keep d in registers; that leaves the order alone.
	var f [4]float32
	var at [4]int
	m := 0
	for k := range n {
		v := s[k*ss]
		if v == 0 && !all {
			continue
		}
		f[m], at[m] = v, k*xs
		if m++; m == 4 {
			addFour(d, &f, x[at[0]:], x[at[1]:], x[at[2]:], x[at[3]:])
			m = 0
		}
	}
	for k := range m {
		axpy(d, f[k], x[at[k]:])
	}
}

func addFour(d []float32, s *[4]float32, r0, r1, r2, r3 []float32) {
	r0, r1, r2, r3 = r0[:len(d)], r1[:len(d)], r2[:len(d)], r3[:len(d)]
	s0, s1, s2, s3 := s[0], s[1], s[2], s[3]
	for j := range d {
		v := d[j] + float32(s0*r0[j])
		v += float32(s1 * r1[j])
		v += float32(s2 * r2[j])
		d[j] = v + float32(s3*r3[j])
	}
}

// Axpy adds s·x to d, element by element.
func Axpy(d []float32, s float32, x []float32) {
	if active != portable {
		mulAddVSVNative(d, x[:len(d)], s, d)
		return
	}
	axpy(d, s, x)
}

func axpy(d []float32, s float32, x []float32) {
	n := len(d)
	x = x[:n]
	j := 0
	for ; j <= n-8; j += 8 {
		p, q := (*[8]float32)(d[j:]), (*[8]float32)(x[j:])
		p[0] += float32(s * q[0])
		p[1] += float32(s * q[1])
		p[2] += float32(s * q[2])
		p[3] += float32(s * q[3])
		p[4] += float32(s * q[4])
		p[5] += float32(s * q[5])
		p[6] += float32(s * q[6])
		p[7] += float32(s * q[7])
	}
	for ; j < n; j++ {
		d[j] += float32(s * x[j])
	}
}

// MulTB sets dst = a·bᵀ for a of shape B×N and b of shape M×N. Each element
// is the Dot of a row of a with a row of b.
func MulTB(dst, a, b *Matrix) {
	if a.Cols != b.Cols || dst.Rows != a.Rows || dst.Cols != b.Rows {
		panic("vec: MulTB: shapes do not fit")
	}
	// Whole strides: zero padding adds +0 to lanes that are never -0.
	if active != portable && a.Rows > 0 && a.Cols > 0 && b.Rows > 0 {
		mulTBNative(dst, a, b)
		return
	}
	if fast {
		for i := range a.Rows {
			for m := range b.Rows {
				dst.Data[i*dst.Stride+m] = dotFused(a.Data[i*a.Stride:(i+1)*a.Stride], b.Data[m*b.Stride:(m+1)*b.Stride])
			}
		}
		return
	}
	for i := range a.Rows {
		x, d := a.Data[i*a.Stride:(i+1)*a.Stride], dst.Row(i)
		m := 0
		for ; m+1 < len(d); m += 2 {
			d[m], d[m+1] = dotTwo(x, b.Data[m*b.Stride:(m+1)*b.Stride], b.Data[(m+1)*b.Stride:(m+2)*b.Stride])
		}
		if m < len(d) {
			d[m] = Dot(x, b.Data[m*b.Stride:(m+1)*b.Stride])
		}
	}
}

// Dot returns Σ x[i]·y[i] summed in 16 lanes: lane l adds the products with
// i ≡ l (mod 16) in ascending order, then lane l takes lane l+8, l+4, l+2
// and l+1 in turn.
func Dot(x, y []float32) float32 {
	y = y[:len(x)]
	if active != portable {
		return dotNative(x, y)
	}
	if fast {
		return dotFused(x, y)
	}
	var a [16]float32
	whole := len(x) &^ 15
	// Eight lanes per pass fit the registers.
	for l := 0; l < 16; l += 8 {
		var a0, a1, a2, a3, a4, a5, a6, a7 float32
		for i := l; i < whole; i += 16 {
			u, v := (*[8]float32)(x[i:]), (*[8]float32)(y[i:])
			a0 += float32(u[0] * v[0])
			a1 += float32(u[1] * v[1])
			a2 += float32(u[2] * v[2])
			a3 += float32(u[3] * v[3])
			a4 += float32(u[4] * v[4])
			a5 += float32(u[5] * v[5])
			a6 += float32(u[6] * v[6])
			a7 += float32(u[7] * v[7])
		}
		a[l], a[l+1], a[l+2], a[l+3] = a0, a1, a2, a3
		a[l+4], a[l+5], a[l+6], a[l+7] = a4, a5, a6, a7
	}
	for l, v := range x[whole:] {
		a[l] += float32(v * y[whole+l])
	}
	return tree(&a)
}

// dotTwo is Dot of x with y and with z, all of the same length, a multiple of
// 16: four lanes of both per pass.
func dotTwo(x, y, z []float32) (float32, float32) {
	y, z = y[:len(x)], z[:len(x)]
	var a, b [16]float32
	for l := 0; l < 16; l += 4 {
		var a0, a1, a2, a3, b0, b1, b2, b3 float32
		for i := l; i <= len(x)-4; i += 16 {
			u, v, w := (*[4]float32)(x[i:]), (*[4]float32)(y[i:]), (*[4]float32)(z[i:])
			u0, u1, u2, u3 := u[0], u[1], u[2], u[3]
			a0 += float32(u0 * v[0])
			a1 += float32(u1 * v[1])
			a2 += float32(u2 * v[2])
			a3 += float32(u3 * v[3])
			b0 += float32(u0 * w[0])
			b1 += float32(u1 * w[1])
			b2 += float32(u2 * w[2])
			b3 += float32(u3 * w[3])
		}
		a[l], a[l+1], a[l+2], a[l+3] = a0, a1, a2, a3
		b[l], b[l+1], b[l+2], b[l+3] = b0, b1, b2, b3
	}
	return tree(&a), tree(&b)
}

// Sum returns Σ x[i] in the lanes and tree of Dot.
func Sum(x []float32) float32 {
	if active != portable {
		return sumNative(x)
	}
	var a [16]float32
	for i, v := range x {
		a[i%16] += v
	}
	return tree(&a)
}

func tree(a *[16]float32) float32 {
	b0, b1, b2, b3 := a[0]+a[8], a[1]+a[9], a[2]+a[10], a[3]+a[11]
	b4, b5, b6, b7 := a[4]+a[12], a[5]+a[13], a[6]+a[14], a[7]+a[15]
	b0, b1, b2, b3 = b0+b4, b1+b5, b2+b6, b3+b7
	b0, b1 = b0+b2, b1+b3
	return b0 + b1
}
