package trial

import (
	"math"
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/learner"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace/kernel"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// Weights that a device changes by itself end where weights changed in place
// do, biases and feedback included.
func TestDeviceUpdate(t *testing.T) {
	e, _ := learner.ByName("kolen-pollack")
	l := e.Learner()
	program, err := kernel.Compile(l.Rule)
	if err != nil {
		t.Fatal(err)
	}
	run := func(inPlace bool) *network.Network {
		n, err := network.New(network.Config{Sizes: []int{4, 5, 3}, Bias: true}, key.Root(1), 2)
		if err != nil {
			t.Fatal(err)
		}
		p := &plasticity{net: n}
		for _, c := range n.Conns {
			s := slot{program: program, in: c.In, out: c.Out, batch: 2, instance: program.Bind(c.In, c.Out, 2)}
			if !inPlace {
				c.InPlace = nil
				s.dw = vec.New(c.In, c.Out)
			}
			p.slots = append(p.slots, s)
		}
		if err := n.Reset(key.Root(1)); err != nil {
			t.Fatal(err)
		}
		circuit, err := credit.New(l.Credit, n, l.Needs(2), key.Root(1))
		if err != nil {
			t.Fatal(err)
		}
		s := key.Root(2).Stream()
		b := &tasks.Batch{N: 2, X: vec.New(2, 4), Y: vec.New(2, 3)}
		for range 100 {
			for i := range 2 {
				for j := range b.X.Row(i) {
					b.X.Row(i)[j] = float32(s.Normal())
				}
				b.Y.Row(i)[0] = b.X.Row(i)[0]
			}
			circuit.Learn(n, b, p)
		}
		return n
	}
	a, b := run(true), run(false)
	for l := range a.Conns {
		for j := range a.Conns[l].In {
			for i, w := range a.Conns[l].W.Row(j) {
				// The same sums in another order: 100 roundings of one part in 10^7.
				if v := b.Conns[l].W.Row(j)[i]; math.Abs(float64(w-v)) > 1e-5 {
					t.Fatalf("weight %v in place, %v through the device", w, v)
				}
			}
		}
		for i, v := range a.Conns[l].Bias {
			if v == 0 || math.Abs(float64(v-b.Conns[l].Bias[i])) > 1e-5 {
				t.Errorf("bias %v in place, %v through the device", v, b.Conns[l].Bias[i])
			}
		}
	}
}
