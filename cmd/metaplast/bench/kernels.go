package bench

import (
	"fmt"
	"slices"

	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace/key"
)

// shape is a connection and a batch.
type shape struct{ batch, in, out int }

// kernels are the products that training needs, at the shapes it needs them.
func kernels() []Figure {
	var figures []Figure
	for _, s := range []shape{{1, 784, 128}, {16, 784, 128}, {64, 784, 128}, {1, 40, 64}, {4, 40, 64}, {16, 40, 64}, {64, 40, 64}} {
		flops := 2e-9 * float64(s.batch*s.in*s.out)
		bytes := 4e-9 * float64(s.in*s.out)
		add := func(name, kind string, run func(x, w, e, y, g, back *vec.Matrix)) {
			f := Figure{Group: "kernels", Unit: "GFLOP/s", Name: fmt.Sprintf("%s %d×%d, batch %d", name, s.in, s.out, s.batch)}
			work := flops
			if s.batch == 1 {
				f.Unit, work = "GB/s", bytes
				f.Name = fmt.Sprintf("%s %d×%d", name, s.in, s.out)
			}
			f.Cases = everywhere([]string{"numpy", "torch"}, kind, work, s.batch, s.in, s.out)
			f.Enter = func() ([]Entrant, error) {
				x, w, e := random(s.batch, s.in), random(s.in, s.out), random(s.batch, s.out)
				y, g, back := vec.New(s.batch, s.out), vec.New(s.in, s.out), vec.New(s.batch, s.in)
				own := Entrant{Kind: Own, Name: "metaplast", Work: work, Run: timed(func() { run(x, w, e, y, g, back) })}
				limit := arithmetic(1e-9)
				if s.batch == 1 && kind == "gradient" {
					limit = memory("update", s, bytes)
				} else if s.batch == 1 {
					limit = memory("read", s, bytes)
				}
				return []Entrant{own, limit}, nil
			}
			figures = append(figures, f)
		}
		names := []string{"forward", "gradient", "backward"}
		if s.batch == 1 {
			names = []string{"vector-matrix", "rank-1 update", "matrix-vector"}
		}
		add(names[0], "forward", func(x, w, _, y, _, _ *vec.Matrix) { vec.Mul(y, x, w) })
		add(names[1], "gradient", func(x, _, e, _, g, _ *vec.Matrix) {
			if s.batch == 1 {
				vec.Rank1(g, x.Data, e.Data, false)
			} else {
				vec.MulTA(g, x, e)
			}
		})
		add(names[2], "backward", func(_, w, e, _, _, back *vec.Matrix) { vec.MulTB(back, e, w) })
	}
	for _, n := range []int{784 * 128, 1024} {
		bytes := 4e-9 * float64(n)
		figures = append(figures, Figure{
			Group: "kernels", Name: fmt.Sprintf("axpy %d", n), Unit: "GB/s",
			Cases: everywhere([]string{"numpy", "torch"}, "axpy", bytes, n),
			Enter: func() ([]Entrant, error) {
				d, x := random(1, n).Data, random(1, n).Data
				return []Entrant{
					{Kind: Own, Name: "metaplast", Work: bytes, Run: timed(func() { vec.Axpy(d, 1e-9, x) })},
					memory("update", shape{1, 1, n}, bytes),
				}, nil
			},
		})
	}
	for _, m := range []struct {
		name string
		run  func(d, x []float32)
	}{{"exp", vec.Exp}, {"log", vec.Log}, {"tanh", vec.Tanh}, {"sigmoid", vec.Sigmoid}} {
		const n = 1024
		figures = append(figures, Figure{
			Group: "kernels", Name: fmt.Sprintf("%s %d", m.name, n), Unit: "Gel/s",
			Cases: everywhere([]string{"numpy", "torch"}, m.name, 1e-9*n, n),
			Enter: func() ([]Entrant, error) {
				d, x := vec.New(1, n).Data, random(1, n).Data
				return []Entrant{
					{Kind: Own, Name: "metaplast", Work: 1e-9 * n, Run: timed(func() { m.run(d, x) })},
					memory("update", shape{1, 1, n}, 1e-9*n),
				}, nil
			},
		})
	}
	return figures
}

// everywhere is one case for several peers.
func everywhere(peers []string, kind string, work float64, sizes ...int) []Case {
	out := make([]Case, len(peers))
	for i, p := range peers {
		out[i] = Case{Peer: p, Kind: kind, Sizes: sizes, Work: work}
	}
	return out
}

// random is a matrix of small numbers that are not zero.
func random(rows, cols int) *vec.Matrix {
	s := key.Root(uint64(rows)).Child("bench", uint64(cols)).Stream()
	m := vec.New(rows, cols)
	for i := range rows {
		for j := range m.Row(i) {
			m.Row(i)[j] = float32(s.Uniform(0.001, 0.01))
		}
	}
	return m
}

// arithmetic is the limit of multiplying and adding in registers; an operation
// is worth that much.
func arithmetic(worth float64) Entrant {
	const n = 2000
	flops := vec.LimitMulAdd(1)
	if flops == 0 {
		return Entrant{}
	}
	name := "mul+add"
	if vec.Numerics() == "fast" {
		name = "fused mul+add"
	}
	return Entrant{Kind: Limit, Name: name, Work: worth * float64(n*flops), Run: timed(func() { vec.LimitMulAdd(n) })}
}

// memory is the limit of reading a matrix, or of changing it in place, in the
// level of the cache where it fits.
func memory(what string, s shape, work float64) Entrant {
	if vec.LimitMulAdd(1) == 0 {
		return Entrant{}
	}
	n := s.in * s.out
	n -= n % vec.LimitStep
	x := random(1, n).Data
	run := func() { vec.LimitRead(x) }
	if what == "update" {
		run = func() { vec.LimitUpdate(x) }
	}
	return Entrant{Kind: Limit, Name: level(4*n) + " " + what, Work: work, Run: timed(run)}
}

// level is the cache that so many bytes stay in on most machines.
func level(bytes int) string {
	sizes := []int{24 << 10, 1 << 20, 8 << 20}
	i, _ := slices.BinarySearch(sizes, bytes)
	return []string{"L1", "L2", "L3", "memory"}[i]
}
