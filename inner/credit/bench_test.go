package credit_test

import (
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// What forward pass and presentation cost before any rule runs.
func BenchmarkPresent(b *testing.B) {
	for _, c := range []struct {
		circuit string
		cfg     network.Config
		need    rulespace.SignalSet
	}{
		{"none", network.Config{Sizes: []int{8, 1}}, rulespace.Signals(rulespace.SigPre, rulespace.SigPost)},
		{"fa", network.Config{Sizes: []int{8, 8, 4}}, rulespace.Signals(rulespace.SigPre, rulespace.SigErr)},
	} {
		b.Run(c.circuit, func(b *testing.B) {
			n, err := network.New(c.cfg, key.Root(1), 1)
			if err != nil {
				b.Fatal(err)
			}
			circuit, err := credit.New(credit.Config{Name: c.circuit}, n, credit.Needs{Hidden: c.need, Output: c.need}, key.Root(1))
			if err != nil {
				b.Fatal(err)
			}
			batch := randomBatch(key.Root(2).Stream(), n.Config, 1)
			nothing := plasticity(func(*network.Connection, *credit.Signals) {})
			b.ReportAllocs()
			for b.Loop() {
				circuit.Learn(n, batch, nothing)
			}
		})
	}
}
