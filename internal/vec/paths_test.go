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
	{"AddRows", func(x source, n int) []float32 {
		d, e := x.row(n), x.row(11)
		s, w := x.sparse(1, 3*9, 4), x.matrix(9, n)
		AddRows(d, 9, s.Data, 3, w.Data, w.Stride, n%2 == 0)
		v := x.matrix(n, 11)
		AddRows(e, n, x.sparse(1, n, 4).Data, 1, v.Data, v.Stride, n%2 == 1)
		return append(d, e...)
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
	for at, k := range kernels {
		digest := fnv.New64a()
		for _, n := range sizes() {
			for _, wild := range []bool{false, true} {
				var want []float32
				for _, p := range native() {
					use(t, p)
					x := source{key.Root(uint64(at)).Child("size", uint64(n)).Stream(), wild}
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
	"Mul":             0x687c7a201c6ec2d8,
	"Mul of n rows":   0x0f1a706c11e90b27,
	"MulTA":           0x492197dfa9febba9,
	"MulTA of n rows": 0x7817c5b999f6aade,
	"AddRows":         0xe22e099e84895e6e,
	"Finite":          0xcaa84ab11419be05,
}
