package network

import (
	"math"
	"testing"

	"github.com/metaplast/metaplast/internal/vec"
)

func TestPositive(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, y := range []float32{1, 1e-45, math.MaxFloat32, inf, 0, float32(math.Copysign(0, -1)), -1e-45, -1, -inf,
		float32(math.NaN()), math.Float32frombits(0xffc00000), math.Float32frombits(0x7f800001)} {
		want := float32(0)
		if y > 0 {
			want = 1
		}
		if got := positive(y); got != want {
			t.Errorf("positive(%v) = %v", y, got)
		}
	}
}

// Many rows at once give the bits of one after the other, and leave the
// padding at zero.
func TestRowsTogether(t *testing.T) {
	for _, name := range activationNames {
		for _, cols := range []int{3, 16, 21, 70} {
			f := Activation{Name: name, Beta: 2}.compile()
			n := &Network{f: []nonlinearity{f}}
			pot, act, err := vec.New(5, cols), vec.New(5, cols), vec.New(5, cols)
			for i := range pot.Rows {
				for j := range pot.Row(i) {
					pot.Row(i)[j] = float32((i*7+j*3)%11-5) / 3
					err.Row(i)[j] = float32((i*5+j)%7-3) / 2
				}
			}
			want, damped := vec.New(5, cols), vec.New(5, cols)
			damped.CopyFrom(err)
			for i := range pot.Rows {
				f.values(want.Row(i), pot.Row(i))
				f.damp(damped.Row(i), want.Row(i))
			}
			n.Activate(0, act, pot)
			n.Damp(0, err, act)
			for k := range want.Data {
				if math.Float32bits(act.Data[k]) != math.Float32bits(want.Data[k]) || math.Float32bits(err.Data[k]) != math.Float32bits(damped.Data[k]) {
					t.Fatalf("%s, %d columns: element %d is %v and %v, want %v and %v", name, cols, k, act.Data[k], err.Data[k], want.Data[k], damped.Data[k])
				}
			}
		}
	}
}
