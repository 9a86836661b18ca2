package credit_test

import (
	"fmt"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// printer shows what a connection is told instead of changing it.
type printer struct{}

func (printer) PresentFeedback(*credit.Feedback, *credit.Signals) {}

func (printer) Present(c *network.Connection, s *credit.Signals) {
	fmt.Printf("connection %d: pre %v, err %v\n", c.Index, s.Values[rulespace.SigPre].Row(0), s.Values[rulespace.SigErr].Row(0))
}

func Example() {
	n, err := network.New(network.Config{Sizes: []int{2, 1}, Init: "zero"}, key.Root(1), 1)
	if err != nil {
		panic(err)
	}
	reads := rulespace.Signals(rulespace.SigErr)
	bp, err := credit.New(credit.Config{Name: "bp"}, n, credit.Needs{Output: reads}, key.Root(1))
	if err != nil {
		panic(err)
	}
	b := &tasks.Batch{N: 1, X: vec.New(1, 2), Y: vec.New(1, 1)}
	b.X.Row(0)[0], b.X.Row(0)[1], b.Y.Row(0)[0] = 1, 2, 3
	bp.Learn(n, b, printer{})
	// Output: connection 0: pre [1 2], err [3]
}
