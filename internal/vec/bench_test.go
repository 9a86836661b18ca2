package vec

import (
	"fmt"
	"testing"

	"github.com/metaplast/metaplast/rulespace/key"
)

// BenchmarkProducts are the products of training at the shapes of the
// performance table; metaplast bench races the same ones with other programs.
func BenchmarkProducts(b *testing.B) {
	for _, shape := range [][3]int{{1, 784, 128}, {16, 784, 128}, {64, 784, 128}, {1, 40, 64}, {4, 40, 64}, {16, 40, 64}, {64, 40, 64}} {
		batch, in, out := shape[0], shape[1], shape[2]
		s := key.Root(1).Stream()
		x, w, e := random(s, batch, in), random(s, in, out), random(s, batch, out)
		y, g, back := New(batch, out), New(in, out), New(batch, in)
		for _, p := range []struct {
			name string
			run  func()
		}{
			{"forward", func() { Mul(y, x, w) }}, {"gradient", func() { MulTA(g, x, e) }}, {"backward", func() { MulTB(back, e, w) }},
		} {
			b.Run(fmt.Sprintf("%s-%d-%dx%d", p.name, batch, in, out), func(b *testing.B) {
				bench(b, func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						p.run()
					}
					b.ReportMetric(2e-9*float64(batch*in*out)*float64(b.N)/b.Elapsed().Seconds(), "GFLOP/s")
				})
			})
		}
	}
}

func BenchmarkElementwise(b *testing.B) {
	s := key.Root(1).Stream()
	const n = 1024
	d, x := New(1, n).Row(0), random(s, 1, n).Row(0)
	for _, f := range []struct {
		name string
		run  func()
	}{
		{"axpy", func() { Axpy(d, 1e-9, x) }}, {"exp", func() { Exp(d, x) }}, {"log", func() { Log(d, x) }},
		{"sigmoid", func() { Sigmoid(d, x) }}, {"softplus", func() { Softplus(d, x) }},
	} {
		b.Run(f.name, func(b *testing.B) {
			bench(b, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					f.run()
				}
				b.ReportMetric(1e-9*n*float64(b.N)/b.Elapsed().Seconds(), "Gel/s")
			})
		})
	}
}

// The loops that kernels are compared with count what they do.
func TestLimits(t *testing.T) { each(t, limits) }

func limits(t *testing.T) {
	x := New(3, LimitStep*40).Data
	for i := range x {
		x[i] = float32(i)
	}
	LimitRead(x)
	LimitUpdate(x)
	for i := range x {
		if x[i] != float32(i) {
			t.Fatalf("element %d is changed to %v", i, x[i])
		}
	}
	if a, b := LimitMulAdd(1), LimitMulAdd(10); b != 10*a {
		t.Errorf("1 turn is %d operations, 10 are %d", a, b)
	}
	if n := testing.AllocsPerRun(3, func() { LimitRead(x); LimitUpdate(x); LimitMulAdd(3) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
