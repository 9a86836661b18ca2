package vec

import (
	"math"
	"testing"
	"unsafe"

	"github.com/metaplast/metaplast/rulespace/key"
)

func random(s *key.Stream, rows, cols int) *Matrix {
	m := New(rows, cols)
	for i := range rows {
		r := m.Row(i)
		for j := range r {
			if s.IntN(4) > 0 { // a quarter stays exactly zero
				r[j] = float32(s.Normal())
			}
		}
	}
	return m
}

// naive is the product in float64 and the sum of absolute terms, which bounds
// the rounding error of any order of additions.
func naive(n int, term func(k int) (x, y float32)) (sum, abs float64) {
	for k := range n {
		x, y := term(k)
		p := float64(x) * float64(y)
		sum += p
		abs += math.Abs(p)
	}
	return sum, abs
}

func TestProductsAgainstFloat64(t *testing.T) { each(t, productsAgainstFloat64) }

func productsAgainstFloat64(t *testing.T) {
	s := key.Root(1).Stream()
	for _, d := range [][3]int{{1, 1, 1}, {1, 5, 17}, {3, 16, 10}, {7, 33, 40}, {16, 100, 65}} {
		b, k, n := d[0], d[1], d[2]
		near := func(name string, got float32, sum, abs float64, terms int) {
			t.Helper()
			// |error| ≤ γ_terms·Σ|x·y| with unit roundoff 2^-24 (Higham 2002, 3.1).
			if math.Abs(float64(got)-sum) > float64(terms+1)*0x1p-24*abs {
				t.Fatalf("%s %v: got %v, want %v", name, d, got, sum)
			}
		}
		x, w := random(s, b, k), random(s, k, n)
		y := New(b, n)
		Mul(y, x, w)
		for i := range b {
			for j := range n {
				sum, abs := naive(k, func(q int) (float32, float32) { return x.Row(i)[q], w.Row(q)[j] })
				near("Mul", y.Row(i)[j], sum, abs, k)
			}
		}
		e := random(s, b, n)
		back := New(b, k)
		MulTB(back, e, w)
		for i := range b {
			for q := range k {
				sum, abs := naive(n, func(j int) (float32, float32) { return e.Row(i)[j], w.Row(q)[j] })
				near("MulTB", back.Row(i)[q], sum, abs, n)
			}
		}
		g := New(k, n)
		MulTA(g, x, e)
		for q := range k {
			for j := range n {
				sum, abs := naive(b, func(i int) (float32, float32) { return x.Row(i)[q], e.Row(i)[j] })
				near("MulTA", g.Row(q)[j], sum, abs, b)
			}
		}
	}
}

// A row of a batch must get the bits that it gets alone.
func TestBatchInvariance(t *testing.T) { each(t, batchInvariance) }

func batchInvariance(t *testing.T) {
	s := key.Root(2).Stream()
	x, w := random(s, 9, 50), random(s, 50, 37)
	all, one := New(9, 37), New(1, 37)
	Mul(all, x, w)
	for i := range 9 {
		r := New(1, 50)
		copy(r.Row(0), x.Row(i))
		Mul(one, r, w)
		for j, v := range one.Row(0) {
			if math.Float32bits(v) != math.Float32bits(all.Row(i)[j]) {
				t.Fatalf("row %d differs at %d", i, j)
			}
		}
	}
}

func TestLayout(t *testing.T) {
	for _, n := range []int{1, 10, 16, 17, 784} {
		m := New(3, n)
		if m.Stride%16 != 0 || m.Stride < n || m.Stride >= n+16 {
			t.Errorf("%d columns get stride %d", n, m.Stride)
		}
		if uintptr(unsafe.Pointer(&m.Data[0]))%64 != 0 {
			t.Errorf("%d columns: data is not aligned", n)
		}
	}
}

func BenchmarkMul784x128(b *testing.B) { bench(b, runMul784x128) }

func runMul784x128(b *testing.B) {
	s := key.Root(1).Stream()
	x, w, y := random(s, 1, 784), random(s, 784, 128), New(1, 128)
	b.ReportAllocs()
	for b.Loop() {
		Mul(y, x, w)
	}
	b.ReportMetric(2*784*128*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}

func BenchmarkMulTB784x128(b *testing.B) { bench(b, runMulTB784x128) }

func runMulTB784x128(b *testing.B) {
	s := key.Root(1).Stream()
	e, w, d := random(s, 1, 128), random(s, 784, 128), New(1, 784)
	b.ReportAllocs()
	for b.Loop() {
		MulTB(d, e, w)
	}
	b.ReportMetric(2*784*128*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}

// Runs of silent columns longer than what is looked at in one go.
func TestSilentColumns(t *testing.T) {
	x := source{key.Root(4).Stream(), false}
	const k, n = 2600, 5
	a, e := x.matrix(3, k), x.matrix(3, n)
	for from := 0; from < k; {
		to := min(k, from+1+x.s.IntN(300))
		for i := range a.Rows {
			clear(a.Row(i)[from:to])
		}
		from = to + 1 + x.s.IntN(300)
	}
	a.Row(1)[1024], a.Row(2)[k-1] = 1, 1
	negative := float32(math.Copysign(0, -1)) // what a row that is not touched keeps
	var want *Matrix
	for _, p := range native() {
		use(t, p)
		g := New(k, n)
		for m := range k {
			Fill(g.Row(m), negative)
		}
		MulTA(g, a, e)
		if want == nil {
			want = g
			continue
		}
		check(t, "MulTA on "+pathNames[p], g.Data, want.Data)
	}
	for m := range k {
		if bits := math.Float32bits(want.Row(m)[0]); a.silent(m) != (bits == math.Float32bits(negative)) {
			t.Fatalf("row %d of the increase is touched, or not, against its column: %#x", m, bits)
		}
	}
}
