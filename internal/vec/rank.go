package vec

// The rank kernels change a whole matrix by outer products in one pass, which
// is what learning one sample at a time spends its time on. g and h are
// columns (one factor per row of w), f, k and v rows. Unless all is set, rows
// whose column factors are all zero are not touched.

// Rank1 sets w[i][j] += g[i]·f[j].
func Rank1(w *Matrix, g, f []float32, all bool) {
	f = f[:w.Cols]
	if len(f) >= 16 {
		for i, s := range g[:w.Rows] {
			if s != 0 || all {
				Axpy(w.Row(i), s, f)
			}
		}
		return
	}
	// Rows too narrow for a call each.
	for i, s := range g[:w.Rows] {
		if s != 0 || all {
			d := w.Data[i*w.Stride:]
			d = d[:len(f)]
			for j, x := range f {
				d[j] += float32(s * x)
			}
		}
	}
}

// Rank1Column sets w[i][j] += g[i]·f[j] + u[i].
func Rank1Column(w *Matrix, g, f, u []float32, all bool) {
	f, u = f[:w.Cols], u[:w.Rows]
	for i, s := range g[:w.Rows] {
		if t := u[i]; s != 0 || t != 0 || all {
			d := w.Row(i)
			x := f[:len(d)]
			for j := range d {
				d[j] += float32(s*x[j]) + t
			}
		}
	}
}

// Rank2 sets w[i][j] += g[i]·f[j] + h[i]·k[j].
func Rank2(w *Matrix, g, f, h, k []float32, all bool) {
	f, k, h = f[:w.Cols], k[:w.Cols], h[:w.Rows]
	for i, s := range g[:w.Rows] {
		t := h[i]
		if s == 0 && t == 0 && !all {
			continue
		}
		d := w.Row(i)
		x, y := f[:len(d)], k[:len(d)]
		for j := range d {
			d[j] += float32(s*x[j]) + float32(t*y[j])
		}
	}
}

// Rank1Decay sets w[i][j] += g[i]·f[j] + w[i][j]·v[j].
func Rank1Decay(w *Matrix, g, f, v []float32) {
	f, v = f[:w.Cols], v[:w.Cols]
	for i, s := range g[:w.Rows] {
		d := w.Row(i)
		x, y := f[:len(d)], v[:len(d)]
		for j, a := range d {
			d[j] = a + (float32(s*x[j]) + float32(a*y[j]))
		}
	}
}

// Rank2Decay sets w[i][j] += (g[i]·f[j] + h[i]·k[j]) + w[i][j]·v[j].
func Rank2Decay(w *Matrix, g, f, h, k, v []float32) {
	f, k, v, h = f[:w.Cols], k[:w.Cols], v[:w.Cols], h[:w.Rows]
	for i, s := range g[:w.Rows] {
		t := h[i]
		d := w.Row(i)
		x, y, z := f[:len(d)], k[:len(d)], v[:len(d)]
		for j, a := range d {
			d[j] = a + ((float32(s*x[j]) + float32(t*y[j])) + float32(a*z[j]))
		}
	}
}

// Rank1Gated sets w[i][j] += g[i]·f[j] + w[i][j]·u[i].
func Rank1Gated(w *Matrix, g, f, u []float32, all bool) {
	f, u = f[:w.Cols], u[:w.Rows]
	for i, s := range g[:w.Rows] {
		t := u[i]
		if s == 0 && t == 0 && !all {
			continue
		}
		d := w.Row(i)
		x := f[:len(d)]
		for j, a := range d {
			d[j] = a + (float32(s*x[j]) + float32(a*t))
		}
	}
}
