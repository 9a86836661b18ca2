package method_test

import (
	"fmt"
	"log"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/method"
	"github.com/metaplast/metaplast/outer/searchtest"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// Cartesian genetic programming finds Oja's rule from its values alone.
func Example() {
	space := &rulespace.Space{
		Signals:       rulespace.Signals(rulespace.SigPre, rulespace.SigPost, rulespace.SigW),
		Primitives:    []rulespace.Op{rulespace.Add, rulespace.Sub, rulespace.Mul},
		MaxComplexity: 9,
	}
	s, err := method.New("cgp", space, method.Options{Values: map[string]string{"lambda": "6"}}, key.Root(1))
	if err != nil {
		log.Fatal(err)
	}
	oja := &rulespace.Rule{DW: searchtest.MustParse("post*(pre - post*w)")}
	fit := searchtest.NewFit(oja, true)
	perfect := func(r outer.Result) bool { return r.Score > 1-1e-9 }
	told, err := searchtest.Drive(s, fit.Result, perfect, 6, 3000)
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range told {
		if perfect(r) {
			fmt.Println(rulespace.Simplify(r.Rule.DW.Arg(1)))
		}
	}
	// Output: post*(pre - post*w)
}
