package vec

// The rank kernels change a whole matrix by outer products in one pass, which
// is what learning one sample at a time spends its time on. g and h are
// columns (one factor per row of w), f, k and v rows. Unless all is set, rows
// whose column factors are all zero are not touched.

// Rank1 sets w[i][j] += g[i]·f[j].
func Rank1(w *Matrix, g, f []float32, all bool) {
	if active != portable {
		rank1Native(w, g, f, all)
		return
	}
	rank1(w, g, f, all)
}

// Rank1Column sets w[i][j] += g[i]·f[j] + u[i].
func Rank1Column(w *Matrix, g, f, u []float32, all bool) {
	if active != portable {
		rank1ColumnNative(w, g, f, u, all)
		return
	}
	rank1Column(w, g, f, u, all)
}

// Rank2 sets w[i][j] += g[i]·f[j] + h[i]·k[j].
func Rank2(w *Matrix, g, f, h, k []float32, all bool) {
	if active != portable {
		rank2Native(w, g, f, h, k, all)
		return
	}
	rank2(w, g, f, h, k, all)
}

// Rank1Decay sets w[i][j] += g[i]·f[j] + w[i][j]·v[j].
func Rank1Decay(w *Matrix, g, f, v []float32) {
	if active != portable {
		rank1DecayNative(w, g, f, v)
		return
	}
	rank1Decay(w, g, f, v)
}

// Rank2Decay sets w[i][j] += (g[i]·f[j] + h[i]·k[j]) + w[i][j]·v[j].
func Rank2Decay(w *Matrix, g, f, h, k, v []float32) {
	if active != portable {
		rank2DecayNative(w, g, f, h, k, v)
		return
	}
	rank2Decay(w, g, f, h, k, v)
}

// Rank1Gated sets w[i][j] += g[i]·f[j] + w[i][j]·u[i].
func Rank1Gated(w *Matrix, g, f, u []float32, all bool) {
	if active != portable {
		rank1GatedNative(w, g, f, u, all)
		return
	}
	rank1Gated(w, g, f, u, all)
}

// fewColumns is how many columns the kernels of scaled factors take: their
// rows are short enough for registers.
const fewColumns = 64

// Rank1Scaled sets w[i][j] += g[i]·(f[j]·by). Rows of a g of zero are not
// touched unless a scaled factor is not finite. scratch is as long as f.
func Rank1Scaled(w *Matrix, g, f []float32, by float32, scratch []float32) {
	if small && active != portable && w.Cols > 0 && w.Cols <= fewColumns {
		rank1ScaledNative(w, g, f, by)
		return
	}
	MulVS(scratch[:w.Cols], f, by)
	Rank1(w, g, scratch, !Finite(scratch[:w.Cols]))
}

// Rank1DecayScaled sets w[i][j] += g[i]·(f[j]·by) + w[i][j]·(v[j]·of). The
// scratches are as long as f.
func Rank1DecayScaled(w *Matrix, g, f []float32, by float32, v []float32, of float32, scratch, more []float32) {
	if small && active != portable && w.Cols > 0 && w.Cols <= fewColumns {
		rank1DecayScaledNative(w, g, f, by, v, of)
		return
	}
	MulVS(scratch[:w.Cols], f, by)
	MulVS(more[:w.Cols], v, of)
	Rank1Decay(w, g, scratch, more)
}

// The portable rank kernels, which define the bits of all others.

func rank1(w *Matrix, g, f []float32, all bool) {
	f = f[:w.Cols]
	if len(f) >= 16 {
		for i, s := range g[:w.Rows] {
			if s != 0 || all {
				axpy(w.Row(i), s, f)
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

func rank1Column(w *Matrix, g, f, u []float32, all bool) {
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

func rank2(w *Matrix, g, f, h, k []float32, all bool) {
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

func rank1Decay(w *Matrix, g, f, v []float32) {
	f, v = f[:w.Cols], v[:w.Cols]
	for i, s := range g[:w.Rows] {
		d := w.Row(i)
		x, y := f[:len(d)], v[:len(d)]
		for j, a := range d {
			d[j] = a + (float32(s*x[j]) + float32(a*y[j]))
		}
	}
}

func rank2Decay(w *Matrix, g, f, h, k, v []float32) {
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

func rank1Gated(w *Matrix, g, f, u []float32, all bool) {
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
