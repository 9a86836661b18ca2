package kernel_test

import (
	"math"
	"testing"

	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/kernel"
)

// Where the inputs of the first sample are dense nothing is left out, which
// shows no other bits than the sums written out here: zeros of later samples
// change nothing as long as credit is finite, and make NaN of an infinity.
func TestDenseFirstSample(t *testing.T) {
	const in, out, batch = 5, 20, 4
	if vec.Numerics() != "strict" {
		t.Skip("sums are those of strict numerics")
	}
	rule, err := rulespace.ParseRule("err*pre")
	if err != nil {
		t.Fatal(err)
	}
	program, err := kernel.Compile(rule)
	if err != nil {
		t.Fatal(err)
	}
	for _, infinite := range []bool{false, true} {
		pre, credit, w := vec.New(batch, in), vec.New(batch, out), vec.New(in, out)
		for b := range batch {
			for i := range in {
				pre.Row(b)[i] = float32(b+1) / float32(i+3)
				if b > 0 && i < 3 {
					pre.Row(b)[i] = float32(math.Copysign(0, float64(i-1)))
				}
			}
			for j := range out {
				credit.Row(b)[j] = float32((7*b+3*j)%11-5) / 7
			}
		}
		if infinite {
			credit.Row(2)[4] = float32(math.Inf(-1))
		}
		want := vec.New(in, out)
		for i := range in {
			for j := range out {
				sum := float32(0)
				for b := range batch {
					sum += float32(credit.Row(b)[j] * pre.Row(b)[i])
				}
				w.Row(i)[j] = float32(i-j) / 13
				want.Row(i)[j] = w.Row(i)[j] + float32(sum*(1/float32(batch)))
			}
		}
		f := &kernel.Frame{Batch: batch}
		f.Values[rulespace.SigPre], f.Values[rulespace.SigErr] = pre, credit
		program.Bind(in, out, batch).Apply(f, w, nil, nil)
		for i := range in {
			for j, v := range want.Row(i) {
				if got := w.Row(i)[j]; math.Float32bits(got) != math.Float32bits(v) && !(got != got && v != v) {
					t.Errorf("infinite %v: w[%d][%d] = %v, want %v", infinite, i, j, got, v)
				}
			}
		}
	}
}
