//go:build linux

package vec

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/metaplast/metaplast/rulespace/key"
)

// clock is the CPU time of this thread: other processes do not count.
func clock() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic(err)
	}
	return time.Duration(t.Nano())
}

// contest times functions turn by turn and returns the median time of each.
func contest(fs []func()) []float64 {
	const turns = 15
	times := make([][]float64, len(fs))
	calls := make([]int, len(fs))
	for i, f := range fs {
		f()
		for calls[i] = 1; ; calls[i] *= 2 {
			t := clock()
			for range calls[i] {
				f()
			}
			if clock()-t > 2*time.Millisecond {
				break
			}
		}
	}
	for range turns {
		for i, f := range fs {
			t := clock()
			for range calls[i] {
				f()
			}
			times[i] = append(times[i], (clock()-t).Seconds()/float64(calls[i]))
		}
	}
	m := make([]float64, len(fs))
	for i := range m {
		slices.Sort(times[i])
		m[i] = times[i][turns/2]
	}
	return m
}

// TestSpeed prints how fast kernels are, in figures of their own and as a
// part of a limit that is measured in the same run.
func TestSpeed(t *testing.T) {
	if os.Getenv("METAPLAST_SPEED") == "" {
		t.Skip("set METAPLAST_SPEED to measure")
	}
	use(t, active)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	s := key.Root(1).Stream()
	full := func(rows, cols int) *Matrix {
		m := New(rows, cols)
		for i := range rows {
			for j := range m.Row(i) {
				m.Row(i)[j] = float32(s.Uniform(0.1, 1)) * 0.01
			}
		}
		return m
	}
	const (
		flops = iota
		reads
		updates
	)
	large := full(784, 128)
	limits := func(p path) [3]func() {
		adds256, adds512 := mulAdds256, mulAdds512
		if fast {
			adds256, adds512 = mulAdds256Fused, mulAdds512Fused
		}
		if p == avx512 {
			return [3]func(){
				func() { adds512(5000) }, func() { reads512(784, &large.Data[0]) }, func() { updates512(784, &large.Data[0]) },
			}
		}
		return [3]func(){
			func() { adds256(5000) }, func() { reads256(2*784, &large.Data[0]) }, func() { updates256(2*784, &large.Data[0]) },
		}
	}
	type entry struct {
		name  string
		limit int
		work  float64 // flops, or bytes read or updated in place
		run   func()
	}
	var entries []entry
	for _, shape := range [][3]int{{1, 784, 128}, {4, 784, 128}, {16, 784, 128}, {64, 784, 128},
		{1, 40, 64}, {4, 40, 64}, {16, 40, 64}, {64, 40, 64}, {16, 128, 10}, {1, 64, 10}, {1, 784, 170}, {16, 784, 170}} {
		b, k, n := shape[0], shape[1], shape[2]
		x, w, y, e, g, back := full(b, k), full(k, n), New(b, n), full(b, n), New(k, n), New(b, k)
		size, work := fmt.Sprintf(" %d: %d×%d", b, k, n), float64(2*b*k*n)
		if b == 1 {
			entries = append(entries, entry{"Mul" + size, reads, float64(4 * k * n), func() { Mul(y, x, w) }})
		} else {
			entries = append(entries, entry{"Mul" + size, flops, work, func() { Mul(y, x, w) }},
				entry{"MulTA" + size, flops, work, func() { MulTA(g, x, e) }})
		}
		entries = append(entries, entry{"MulTB" + size, flops, work, func() { MulTB(back, e, w) }})
	}
	for _, shape := range [][2]int{{784, 128}, {40, 64}, {64, 10}} {
		k, n := shape[0], shape[1]
		w, g, h, u := full(k, n), full(1, k).Data, full(1, k).Data, full(1, k).Data
		f, f2, v := full(1, n).Data, full(1, n).Data, full(1, n).Data
		clear(v)
		add := func(name string, run func()) {
			entries = append(entries, entry{fmt.Sprintf("%s %d×%d", name, k, n), updates, float64(4 * k * n), run})
		}
		add("Rank1", func() { Rank1(w, g, f, false) })
		add("Rank1Column", func() { Rank1Column(w, g, f, u, false) })
		add("Rank2", func() { Rank2(w, g, f, h, f2, false) })
		add("Rank1Decay", func() { Rank1Decay(w, g, f, v) })
		add("Rank2Decay", func() { Rank2Decay(w, g, f, h, f2, v) })
		add("Rank1Gated", func() { Rank1Gated(w, g, f, u, false) })
	}
	{ // inputs like those of MNIST: 19 % are not silent
		const k, n = 784, 128
		x, w, y, e, g := full(16, k), full(k, n), New(16, n), full(16, n), New(k, n)
		for i := range x.Rows {
			for j := range x.Row(i) {
				if s.IntN(100) >= 19 {
					x.Row(i)[j] = 0
				}
			}
		}
		out, turn := New(1, n), 0
		next := func() int { turn++; return turn % x.Rows } // hard to predict
		entries = append(entries,
			entry{"Mul 1 of 19 %", reads, 0.19 * 4 * k * n, func() { i := next(); Mul(out, &Matrix{1, k, x.Stride, x.Data[i*x.Stride:][:x.Stride]}, w) }},
			entry{"Rank1 of 19 %", updates, 0.19 * 4 * k * n, func() { Rank1(w, x.Row(next()), e.Row(0), false) }},
			entry{"Mul 16 of 19 %", flops, 0.19 * 2 * 16 * k * n, func() { Mul(y, x, w) }},
			entry{"MulTA 16 of 19 %", flops, 0.19 * 2 * 16 * k * n, func() { MulTA(g, x, e) }})
	}
	for _, n := range []int{64, 1024, 16384} {
		d, x := full(1, n).Data, full(1, n).Data
		entries = append(entries, entry{fmt.Sprintf("Axpy %d", n), updates, float64(4 * n), func() { Axpy(d, 1e-9, x) }})
	}

	{
		const n = 256
		d, a, b := full(1, n).Data, full(1, n).Data, full(1, n).Data
		add := func(name string, run func()) {
			entries = append(entries, entry{fmt.Sprintf("%s %d", name, n), updates, 4 * n, run})
		}
		add("AddVV", func() { AddVV(d, a, b) })
		add("MulAddVVV", func() { MulAddVVV(d, a, b, a) })
		add("MinVS", func() { MinVS(d, a, 0.005) })
		add("DivVV", func() { DivVV(d, a, b) })
		add("Sqrt", func() { Sqrt(d, a) })
		add("Exp", func() { Exp(d, a) })
		add("Log", func() { Log(d, a) })
		add("Tanh", func() { Tanh(d, a) })
		add("Sigmoid", func() { Sigmoid(d, a) })
		add("Softplus", func() { Softplus(d, a) })
	}

	fmt.Printf("%-22s", "")
	for _, p := range native() {
		fmt.Printf("%28s", pathNames[p])
	}
	fmt.Println()
	for _, e := range entries {
		if f := os.Getenv("METAPLAST_SPEED"); f != "1" && !strings.Contains(e.name, f) {
			continue
		}
		var fs []func()
		for _, p := range native() {
			fs = append(fs, func() { active = p; e.run() }, limits(p)[e.limit])
		}
		m := contest(fs)
		fmt.Printf("%-22s", e.name)
		for i, p := range native() {
			lanes := 8.0
			if p == avx512 {
				lanes = 16
			}
			unit := "GB/s"
			limit := 4 * 784 * 128 / m[2*i+1]
			if e.limit == flops {
				limit, unit = 5000*12*2*lanes/m[2*i+1], "GF/s"
			}
			rate := e.work / m[2*i]
			fmt.Printf("%9.1f %s %4.0f%% ×%4.1f", rate/1e9, unit, 100*rate/limit, m[0]/m[2*i])
		}
		fmt.Println()
	}
}
