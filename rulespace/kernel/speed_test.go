//go:build linux

package kernel

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// TestSpeed prints Gnode/s in CPU time of this thread, so that a busy machine
// counts less; see METAPLAST_CPU for the kernels.
func TestSpeed(t *testing.T) {
	which := os.Getenv("METAPLAST_SPEED")
	if which == "" {
		t.Skip("set METAPLAST_SPEED to measure")
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	clock := func() time.Duration {
		var c unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &c); err != nil {
			t.Fatal(err)
		}
		return time.Duration(c.Nano())
	}
	for _, x := range []struct {
		name, text     string
		in, out, batch int
	}{
		{"oja", "lr*post*(pre - post*w)", 784, 128, 1},
		{"oja", "lr*post*(pre - post*w)", 40, 64, 1},
		{"error", "lr*err*pre", 784, 128, 1},
		{"error", "lr*err*pre", 40, 64, 1},
		{"error", "lr*err*pre", 64, 10, 1},
		{"three", threeTerms, 784, 170, 1},
		{"big", bigRule, 784, 128, 1},
		{"big", bigRule, 40, 64, 1},
		{"error", "lr*err*pre", 784, 128, 16},
		{"oja", "lr*post*(pre - post*w)", 784, 128, 16},
		{"quotient", "0.001*err*pre/(sqrt(elig) + 0.1)", 784, 128, 1},
	} {
		name := fmt.Sprintf("%s %d×%d batch %d", x.name, x.in, x.out, x.batch)
		if which != "1" && !strings.Contains(name, which) {
			continue
		}
		r, err := rulespace.ParseRule(x.text)
		if err != nil {
			t.Fatal(err)
		}
		i := compile(t, r).Bind(x.in, x.out, x.batch)
		s := key.Root(1).Stream()
		f := randomFrame(s, x.in, x.out, x.batch)
		for _, m := range f.Values {
			for i := range m.Rows {
				for j := range m.Row(i) {
					m.Row(i)[j] = 0.1 * (m.Row(i)[j] + 1)
				}
			}
		}
		w := randomMatrix(s, x.in, x.out)
		turns := max(1, 2000000/(x.in*x.out*x.batch))
		var times []float64
		for range 15 {
			c := clock()
			for range turns {
				i.Apply(f, w, nil, nil)
			}
			times = append(times, (clock()-c).Seconds()/float64(turns))
		}
		slices.Sort(times)
		rate := float64(x.in*x.out*x.batch) / times[7] / 1e9
		fmt.Printf("%-24s %-9s %8.2f µs %7.2f Gsynapse/s %7.2f Gnode/s\n", name, vec.CPU(), times[7]*1e6, rate, rate*float64(operations(r.DW)+1))
	}
}
