package vec

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"testing"

	"github.com/metaplast/metaplast/rulespace/key"
)

// use makes p the active path for the rest of a test.
func use(t testing.TB, p path) {
	old := active
	active = p
	t.Cleanup(func() { active = old })
}

// hasten chooses fast numerics, or strict ones, for the rest of a test.
func hasten(t testing.TB, yes bool) {
	old := fast
	fast = yes
	t.Cleanup(func() { fast = old })
}

// each runs a test on every path of this machine.
func each(t *testing.T, test func(t *testing.T)) {
	for _, p := range native() {
		t.Run(pathNames[p], func(t *testing.T) {
			use(t, p)
			test(t)
		})
	}
}

// bench runs a benchmark on every path of this machine.
func bench(b *testing.B, run func(b *testing.B)) {
	for _, p := range native() {
		b.Run(pathNames[p], func(b *testing.B) {
			use(b, p)
			run(b)
		})
	}
}

func TestChoose(t *testing.T) {
	both := []path{portable, avx2}
	for _, c := range []struct {
		name string
		want path
		err  bool
	}{
		{"", avx2, false}, {"portable", portable, false}, {"avx2", avx2, false},
		{"avx512", avx2, true}, {"neon", avx2, true}, {"AVX2", avx2, true}, {"sse", avx2, true},
	} {
		p, err := choose(c.name, both)
		if p != c.want || (err != nil) != c.err {
			t.Errorf("%q chooses %s, error %v", c.name, pathNames[p], err)
		}
	}
	for name, want := range map[string]bool{"": false, "strict": false, "fast": true, "Fast": false, "fma": false} {
		got, err := chooseNumerics(name)
		if got != want || (err != nil) != (name == "Fast" || name == "fma") {
			t.Errorf("numerics %q: fast %v, error %v", name, got, err)
		}
	}
	if got := Available(); got[0] != "portable" || !slices.Contains(got, CPU()) {
		t.Errorf("%s is not one of %v", CPU(), got)
	}
}

// source makes operands: numbers of all kinds, or moderate ones with zeros.
// Both come from pools, in runs that start anywhere.
type source struct {
	s    *key.Stream
	wild bool
}

var pools = map[bool][]float32{
	false: random(key.Root(8).Stream(), 1, 5003).Row(0),
	true:  numbers(key.Root(9).Stream(), 5003),
}

func (x source) row(n int) []float32 { return x.matrix(1, n).Row(0) }

func (x source) matrix(rows, cols int) *Matrix {
	pool := pools[x.wild]
	m := New(rows, cols)
	for i := range rows {
		at := x.s.IntN(len(pool))
		for j := range m.Row(i) {
			m.Row(i)[j] = pool[(at+j)%len(pool)]
		}
	}
	return m
}

// sparse is a matrix of which keep of 8 elements are not zero.
func (x source) sparse(rows, cols, keep int) *Matrix {
	m := x.matrix(rows, cols)
	for i := range rows {
		for j := range m.Row(i) {
			if r := x.s.IntN(16); r/2 >= keep {
				m.Row(i)[j] = float32(math.Copysign(0, float64(r%2)-0.5))
			}
		}
	}
	return m
}

// kernels are all that have more than one path: each computes something of
// size n from x.
var kernels = []struct {
	name string
	run  func(x source, n int) []float32
}{
	{"Mul", func(x source, n int) []float32 {
		r := []float32{}
		for _, batch := range []int{1, 2, 7} {
			for _, keep := range []int{1, 6, 8} {
				k := 1 + (n*7+batch)%19
				d, a, b := x.matrix(batch, n), x.sparse(batch, k, keep), x.matrix(k, n)
				Mul(d, a, b)
				r = append(r, d.Data...)
			}
		}
		return r
	}},
	{"Mul of n rows", func(x source, n int) []float32 {
		k := 1 + n%40
		d, b := x.matrix(n, 21), x.matrix(k, 21)
		Mul(d, x.sparse(n, k, 5), b)
		e := x.matrix(3, 13)
		Mul(e, x.sparse(3, n, 7), x.matrix(n, 13))
		return append(d.Data, e.Data...)
	}},
	{"MulTA", func(x source, n int) []float32 {
		r := []float32{}
		for _, batch := range []int{1, 4, 9} {
			for _, keep := range []int{1, 5, 8} {
				m := 1 + (n*5+batch)%17
				d, a, b := x.matrix(m, n), x.sparse(batch, m, keep), source{x.s, false}.matrix(batch, n)
				for i := range batch { // a silent unit, and sums of zeros
					a.Row(i)[m/2] = 0
				}
				if n%3 == 0 {
					b = x.matrix(batch, n)
				}
				MulTA(d, a, b)
				r = append(r, d.Data...)
			}
		}
		return r
	}},
	{"MulTA of n rows", func(x source, n int) []float32 {
		d, e := x.matrix(n, 5), x.matrix(7, 18)
		MulTA(d, x.sparse(3, n, 6), source{x.s, false}.matrix(3, 5))
		MulTA(e, x.sparse(n, 7, 2), x.matrix(n, 18))
		return append(d.Data, e.Data...)
	}},
	{"Products", func(x source, n int) []float32 {
		r := []float32{}
		for k := range 4 {
			m, kn, all := 1+(n+k)%7, 1+(n*9+k)%33, k%2 == 0
			d, g, f := x.matrix(m, n), x.sparse(kn, m, 1+2*k), x.matrix(kn, n)
			if !all {
				f = source{x.s, false}.matrix(kn, n)
			}
			Products(Rows{d.Data, d.Stride}, m, n, kn, g.Data, g.Stride, f.Data, f.Stride, all)
			r = append(r, d.Data...)
		}
		return r
	}},
	{"AddProducts", func(x source, n int) []float32 {
		r := []float32{}
		for k := range 4 {
			m, kn, all := 1+(n+k)%14, 1+(n*9+k)%33, k%2 == 0
			d, g, f := x.matrix(m, n), x.sparse(kn, m, 1+2*k), x.matrix(kn, n)
			if !all {
				f = source{x.s, false}.matrix(kn, n)
			}
			AddProducts(Rows{d.Data, d.Stride}, m, n, kn, g.Data, g.Stride, f.Data, f.Stride, all, x.row(1), make([]float32, n))
			r = append(r, d.Data...)
		}
		return r
	}},
	{"AddRows", func(x source, n int) []float32 {
		d, e := x.row(n), x.row(11)
		s, w := x.sparse(1, 3*9, 4), x.matrix(9, n)
		AddRows(d, 9, s.Data, 3, w.Data, w.Stride, n%2 == 0)
		v := x.matrix(n, 11)
		AddRows(e, n, x.sparse(1, n, 4).Data, 1, v.Data, v.Stride, n%2 == 1)
		return append(d, e...)
	}},
	{"MulTB", func(x source, n int) []float32 {
		r := []float32{}
		for _, rows := range [][2]int{{1, 1}, {1, 9}, {2, 3}, {3, 4}, {4, 7}, {7, 6}} {
			d, a, b := x.matrix(rows[0], rows[1]), x.matrix(rows[0], n), x.matrix(rows[1], n)
			MulTB(d, a, b)
			r = append(r, d.Data...)
		}
		d := x.matrix(3, n)
		MulTB(d, x.matrix(3, 20), x.matrix(n, 20))
		return append(r, d.Data...)
	}},
	{"MulTB in blocks", func(x source, n int) []float32 {
		r := []float32{}
		for _, rows := range [][2]int{{6, 4}, {9, 8}, {10, 12}, {14, 4}, {6, 5}} {
			d, a, b := x.matrix(rows[0], rows[1]), x.matrix(rows[0], n), x.matrix(rows[1], n)
			MulTB(d, a, b)
			r = append(r, d.Data...)
		}
		return r
	}},
	{"Dot and Sum", func(x source, n int) []float32 {
		a, b := x.row(n), x.row(n+1)
		return []float32{Dot(a, b), Dot(a, b[1:]), Sum(a), Sum(b)}
	}},
	{"Apply", func(x source, n int) []float32 {
		r := []float32{}
		for k := range kernelKinds {
			m := 1 + (n+k)%5
			d, a, b, c := x.matrix(m, n), x.matrix(m, n), x.row(n+m), x.matrix(m, n+1)
			s, row := Rows{Data: c.Data, Stride: 1}, Rows{Data: b}
			args := [][2]Rows{{{a.Data, a.Stride}, s}, {row, s}, {{c.Data, c.Stride}, s}}
			var args3 [3]Rows
			for i, kind := range kernelKinds[k] {
				args3[i] = args[i][0]
				if kind == 'S' {
					args3[i] = args[i][1]
				}
			}
			Apply(Kernel(k), m, n, Rows{d.Data, d.Stride}, args3[0], args3[1], args3[2])
			r = append(r, d.Data...)
		}
		return r
	}},
	{"Rank", func(x source, n int) []float32 {
		r := []float32{}
		for _, shape := range [][2]int{{n, 1 + n%23}, {1 + n%13, n}} {
			m, n := shape[0], shape[1]
			w, all := x.matrix(m, n), n%2 == 0
			g, h, u := x.sparse(1, m, 5).Data, x.sparse(1, m, 2).Data, x.sparse(1, m, 1).Data
			f, k, v := x.row(n), x.row(n), x.row(n)
			again := func() { r = append(r, w.Data...) }
			Rank1(w, g, f, all)
			again()
			Rank1Column(w, g, f, u, all)
			again()
			Rank2(w, g, f, h, k, all)
			again()
			Rank1Gated(w, h, f, u, all)
			again()
			w = x.matrix(m, n)
			Rank1Decay(w, g, f, v)
			again()
			Rank2Decay(w, h, f, g, k, v)
			again()
			Rank1(w, u, k, all)
			again()
		}
		return r
	}},
	{"Rank scaled", func(x source, n int) []float32 {
		r := []float32{}
		for _, shape := range [][2]int{{n, 1 + n%23}, {1 + n%13, n}} {
			m, n := shape[0], shape[1]
			for _, keep := range []int{1, 6, 8} {
				w, g, scratch, more := x.matrix(m, n), x.sparse(1, m, keep).Data, make([]float32, n), make([]float32, n)
				Rank1Scaled(w, g, source{x.s, false}.row(n), 0.37, scratch)
				r = append(r, w.Data...)
				Rank1Scaled(w, g, x.row(n), x.row(1)[0], scratch)
				r = append(r, w.Data...)
				w = x.matrix(m, n)
				Rank1DecayScaled(w, g, x.row(n), x.row(1)[0], x.row(n), 0.4, scratch, more)
				r = append(r, w.Data...)
			}
		}
		return r
	}},
	{"AddVV", func(x source, n int) []float32 {
		d, a, b := x.row(n), x.row(n), x.row(n)
		AddVV(d, a, b)
		return d
	}},
	{"AddVS", func(x source, n int) []float32 {
		d, a, s := x.row(n), x.row(n), x.row(2)[1]
		AddVS(d, a, s)
		return d
	}},
	{"SubVV", func(x source, n int) []float32 {
		d, a, b := x.row(n), x.row(n), x.row(n)
		SubVV(d, a, b)
		return d
	}},
	{"SubVS", func(x source, n int) []float32 {
		d, a, s := x.row(n), x.row(n), x.row(2)[1]
		SubVS(d, a, s)
		return d
	}},
	{"SubSV", func(x source, n int) []float32 {
		d, a, s := x.row(n), x.row(n), x.row(2)[1]
		SubSV(d, s, a)
		return d
	}},
	{"MulVV", func(x source, n int) []float32 {
		d, a, b := x.row(n), x.row(n), x.row(n)
		MulVV(d, a, b)
		return d
	}},
	{"MulVS", func(x source, n int) []float32 {
		d, a, s := x.row(n), x.row(n), x.row(2)[1]
		MulVS(d, a, s)
		return d
	}},
	{"DivVV", func(x source, n int) []float32 {
		d, a, b := x.row(n), x.row(n), x.row(n)
		DivVV(d, a, b)
		return d
	}},
	{"DivVS", func(x source, n int) []float32 {
		d, a, s := x.row(n), x.row(n), x.row(2)[1]
		DivVS(d, a, s)
		return d
	}},
	{"DivSV", func(x source, n int) []float32 {
		d, a, s := x.row(n), x.row(n), x.row(2)[1]
		DivSV(d, s, a)
		return d
	}},
	{"MinVV", func(x source, n int) []float32 {
		d, a, b := x.row(n), x.row(n), x.row(n)
		MinVV(d, a, b)
		return d
	}},
	{"MinVS", func(x source, n int) []float32 {
		d, a, s := x.row(n), x.row(n), x.row(2)[1]
		MinVS(d, a, s)
		return d
	}},
	{"MinSV", func(x source, n int) []float32 {
		d, a, s := x.row(n), x.row(n), x.row(2)[1]
		MinSV(d, s, a)
		return d
	}},
	{"MaxVV", func(x source, n int) []float32 {
		d, a, b := x.row(n), x.row(n), x.row(n)
		MaxVV(d, a, b)
		return d
	}},
	{"MaxVS", func(x source, n int) []float32 {
		d, a, s := x.row(n), x.row(n), x.row(2)[1]
		MaxVS(d, a, s)
		return d
	}},
	{"MaxSV", func(x source, n int) []float32 {
		d, a, s := x.row(n), x.row(n), x.row(2)[1]
		MaxSV(d, s, a)
		return d
	}},
	{"MulAddVVV", func(x source, n int) []float32 {
		d, a, b, c := x.row(n), x.row(n), x.row(n), x.row(n)
		MulAddVVV(d, a, b, c)
		return d
	}},
	{"MulAddVSV", func(x source, n int) []float32 {
		d, a, c, s := x.row(n), x.row(n), x.row(n), x.row(2)[1]
		MulAddVSV(d, a, s, c)
		return d
	}},
	{"SubMulVVV", func(x source, n int) []float32 {
		d, a, b, c := x.row(n), x.row(n), x.row(n), x.row(n)
		SubMulVVV(d, c, a, b)
		return d
	}},
	{"SubMulVVS", func(x source, n int) []float32 {
		d, a, c, s := x.row(n), x.row(n), x.row(n), x.row(2)[1]
		SubMulVVS(d, c, a, s)
		return d
	}},
	{"Axpy", func(x source, n int) []float32 {
		d, a, s := x.row(n), x.row(n), x.row(2)[1]
		Axpy(d, s, a)
		return d
	}},
	{"Relu", func(x source, n int) []float32 {
		d, a := x.row(n), x.row(n)
		Relu(d, a)
		return d
	}},
	{"Neg", func(x source, n int) []float32 {
		d, a := x.row(n), x.row(n)
		Neg(d, a)
		return d
	}},
	{"Abs", func(x source, n int) []float32 {
		d, a := x.row(n), x.row(n)
		Abs(d, a)
		return d
	}},
	{"Square", func(x source, n int) []float32 {
		d, a := x.row(n), x.row(n)
		Square(d, a)
		return d
	}},
	{"Cube", func(x source, n int) []float32 {
		d, a := x.row(n), x.row(n)
		Cube(d, a)
		return d
	}},
	{"Sqrt", func(x source, n int) []float32 {
		d, a := x.row(n), x.row(n)
		Sqrt(d, a)
		return d
	}},
	{"Exp", func(x source, n int) []float32 {
		d, a := x.row(n), x.row(n)
		Exp(d, a)
		return d
	}},
	{"Log", func(x source, n int) []float32 {
		d, a := x.row(n), x.row(n)
		Log(d, a)
		return d
	}},
	{"Tanh", func(x source, n int) []float32 {
		d, a := x.row(n), x.row(n)
		Tanh(d, a)
		return d
	}},
	{"Sigmoid", func(x source, n int) []float32 {
		d, a := x.row(n), x.row(n)
		Sigmoid(d, a)
		return d
	}},
	{"Softplus", func(x source, n int) []float32 {
		d, a := x.row(n), x.row(n)
		Softplus(d, a)
		return d
	}},
	{"Softmax", func(x source, n int) []float32 {
		d, a := x.row(n), x.row(n)
		Softmax(d, a, x.row(1)[0])
		e := x.matrix(3, n)
		SoftmaxRows(e, source{x.s, false}.matrix(3, n), 1)
		return append(d, e.Data...)
	}},
	{"TanhSlope", func(x source, n int) []float32 {
		d, a, b := x.row(n), x.row(n), x.row(n)
		TanhSlope(d, a, b)
		return d
	}},
	{"Finite", func(x source, n int) []float32 {
		r := x.row(n)
		if !Finite(r) {
			return []float32{0}
		}
		for i := range r {
			v := r[i]
			r[i] = special[10+i%3]
			if Finite(r) {
				return []float32{1, float32(i)}
			}
			r[i] = v
		}
		return []float32{2}
	}},
}

// sizes are all up to 130 and a few that cross the limits of blocks.
func sizes() []int {
	var n []int
	for i := range 131 {
		n = append(n, i)
	}
	return append(n, 255, 256, 257, 300, 527, 784)
}

// Every path has to give the bits of the portable one, and that the bits of
// the day when the digests were taken, on any architecture.
func TestPathsAgree(t *testing.T) {
	hasten(t, false)
	pathsAgree(t, golden)
}

// The same for fused products.
func TestFastPathsAgree(t *testing.T) {
	hasten(t, true)
	pathsAgree(t, goldenFast)
}

func pathsAgree(t *testing.T, golden map[string]uint64) {
	for _, k := range kernels {
		if _, ok := golden[k.name]; !ok {
			continue
		}
		digest := fnv.New64a()
		for _, n := range sizes() {
			for _, wild := range []bool{false, true} {
				var want []float32
				for _, p := range native() {
					use(t, p)
					x := source{key.Root(1).Child(k.name, uint64(n)).Stream(), wild}
					got := k.run(x, n)
					if p == portable {
						want = got
						for _, v := range got {
							bits := math.Float32bits(v)
							if v != v {
								bits = 0x7fc00000
							}
							digest.Write(binary.LittleEndian.AppendUint32(nil, bits))
						}
						continue
					}
					check(t, fmt.Sprintf("%s(%d) on %s, wild %v", k.name, n, pathNames[p], wild), got, want)
				}
			}
		}
		if got := digest.Sum64(); got != golden[k.name] {
			t.Errorf("%q: %#016x,", k.name, got)
		}
	}
}

// golden are the digests of TestPathsAgree.
var golden = map[string]uint64{
	"Mul":             0x547f44502dcd7af8,
	"Mul of n rows":   0x03be97fa14c8b50a,
	"MulTA":           0x8d83854431c60f02,
	"MulTA of n rows": 0xd028083a4b554a06,
	"AddProducts":     0x5b5f39ebf59f44ed,
	"AddRows":         0x4e5711342a6f837b,
	"Finite":          0x6a6a6b0fbac73485,
	"Rank":            0xe0a6b93d9992df71,
	"Rank scaled":     0x275ec1c0d16d5043,
	"AddVV":           0xd27353490a690cd6,
	"AddVS":           0x43702f3b746d1b1b,
	"SubVV":           0x988beef3921c39c0,
	"SubVS":           0x13d5875c6c93cacf,
	"SubSV":           0xa312cb82dfc557b1,
	"MulVV":           0x727e1e5837d1ac91,
	"MulVS":           0x55f6a4ad79b09613,
	"DivVV":           0x30882e9508b9877b,
	"DivVS":           0xf2dc7c1ac8bbc45c,
	"DivSV":           0xe72eb064ed929798,
	"MinVV":           0xfaa9034435b2aa57,
	"MinVS":           0x205333901df49b5b,
	"MinSV":           0xf64d1d43c574a5a5,
	"MaxVV":           0x3fc1eff6863c5fe1,
	"MaxVS":           0xd77866c48142944d,
	"MaxSV":           0x22887ab6befec680,
	"MulAddVVV":       0xc7a181efdaa80385,
	"MulAddVSV":       0x8a8039104515b8be,
	"SubMulVVV":       0x8e09aeb7f7095013,
	"SubMulVVS":       0x40a557c3f29e514b,
	"Axpy":            0x8e5023a934662b48,
	"Relu":            0x0ffe3071e489e956,
	"Neg":             0x071b2533ebef0976,
	"Abs":             0x527df457d9dc3f73,
	"Square":          0xb534c1c6740d2ed2,
	"Cube":            0xb862987b10e0e1e7,
	"Sqrt":            0x8b5caf5b1eb22e0e,
	"Exp":             0xbee693e221b4d313,
	"Log":             0x0fa1887de6a0f10f,
	"Tanh":            0x84c40f245c0f4655,
	"Sigmoid":         0x557a3f13258edcec,
	"Softplus":        0x4c8c2e4a37130fee,
	"Softmax":         0x4f8a1016b41829b4,
	"TanhSlope":       0xaf25680a8162d5b2,
	"MulTB":           0x437853645305970b,
	"MulTB in blocks": 0x237b6bf40b8f2d1f,
	"Dot and Sum":     0x9414f4e6e4c163fa,
	"Apply":           0xa64ae411b1409fbd,
	"Products":        0xab2d44b6bfdfdc31,
}

var goldenFast = map[string]uint64{
	"Mul":             0x0d4a69063f98b4ed,
	"Mul of n rows":   0x141f8b4be503f868,
	"MulTA":           0x581b252d181989b7,
	"MulTA of n rows": 0x37c88277c3fe23a2,
	"AddRows":         0xb951e2b6fd50aea2,
	"MulTB":           0xcb13b67a2ee874e1,
	"MulTB in blocks": 0x378ea25816e36a33,
	"Dot and Sum":     0x0753a1c687637a25,
	"Products":        0xa414fce6e80a8cc0,
}

// The functions that are compositions of many operations, at numbers of all
// sizes and signs.
func TestFunctionsOnAllPaths(t *testing.T) {
	step := uint32(9973)
	if testing.Short() {
		step *= 10
	}
	functions := map[string]struct{ kernel, portable func(d, a []float32) }{
		"exp": {Exp, exp}, "log": {Log, log}, "tanh": {Tanh, tanh}, "sigmoid": {Sigmoid, sigmoid}, "softplus": {Softplus, softplus},
	}
	var a []float32
	for u := uint32(0); u < math.MaxUint32-step; u += step {
		a = append(a, math.Float32frombits(u))
	}
	// Where the definitions branch.
	for _, v := range []float32{88.72284, -103.97283, 0x1p-126, 0.707106781186547524, math.MaxFloat32, 0.625, 9.02, 1, 2, 0.5} {
		for range 2 {
			low := v
			for range 40 {
				low = math.Nextafter32(low, float32(math.Inf(-1)))
			}
			for range 80 {
				a = append(a, low)
				low = math.Nextafter32(low, float32(math.Inf(1)))
			}
			v = -v
		}
	}
	got, want := make([]float32, len(a)), make([]float32, len(a))
	for name, f := range functions {
		f.portable(want, a)
		for _, p := range native()[1:] {
			use(t, p)
			f.kernel(got, a)
			for i := range a {
				if !same(got[i], want[i]) {
					t.Fatalf("%s(%v) is %v on %s, want %v", name, a[i], got[i], pathNames[p], want[i])
				}
			}
		}
	}
}
