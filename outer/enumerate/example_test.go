package enumerate_test

import (
	"fmt"
	"log"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/enumerate"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// All rules of at most three nodes over two signals.
func Example() {
	space := &rulespace.Space{
		Signals:       rulespace.Signals(rulespace.SigPre, rulespace.SigPost),
		Primitives:    []rulespace.Op{rulespace.Sub, rulespace.Mul},
		MaxComplexity: 3,
	}
	s, err := enumerate.New(space, enumerate.Options{}, key.Root(1))
	if err != nil {
		log.Fatal(err)
	}
	for {
		asked, err := s.Ask(4)
		if err != nil {
			log.Fatal(err)
		}
		if len(asked) == 0 {
			break
		}
		for _, c := range asked {
			fmt.Println(c.Rule.DW)
		}
		// A search would train networks with the rules here.
		if err := s.Tell(make([]outer.Result, len(asked))); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(s.Status())
	// Output:
	// lr*pre
	// lr*post
	// lr*(pre - post)
	// lr*(post - pre)
	// lr*(pre*pre)
	// lr*(pre*post)
	// lr*(post*post)
	// size 3 of 3, distinct 7
}
