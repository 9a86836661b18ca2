package rulespace_test

import (
	"fmt"

	"github.com/metaplast/metaplast/rulespace"
)

func ExampleParseExpr() {
	e, err := rulespace.ParseExpr("lr·post×(pre − post*w)", "lr")
	if err != nil {
		panic(err)
	}
	fmt.Println(e)
	_, err = rulespace.ParseExpr("lr*(rewrd - post)", "lr")
	fmt.Println(err)
	// Output:
	// lr*post*(pre - post*w)
	// column 5: "rewrd" is not a signal or parameter. Did you mean reward?
}

// However an expression is written, it has one canonical form; simplifying
// finds a short way of writing it, whose nodes Complexity counts.
func ExampleCanon() {
	for _, text := range []string{"post*(pre - post*w)", "pre*post - w*post^2", "-(w*post - pre)*post"} {
		e, err := rulespace.ParseExpr(text)
		if err != nil {
			panic(err)
		}
		fmt.Println(rulespace.Canon(e), "|", rulespace.Simplify(e), "|", rulespace.Complexity(e))
	}
	// Output:
	// post*pre - post^2*w | post*(pre - post*w) | 7
	// post*pre - post^2*w | post*(pre - post*w) | 7
	// post*pre - post^2*w | post*(pre - post*w) | 7
}

func ExampleDerivative() {
	e, err := rulespace.ParseExpr("post*(pre - post*w)")
	if err != nil {
		panic(err)
	}
	d := rulespace.Derivative(e, rulespace.Sig(rulespace.SigPost))
	fmt.Println(rulespace.Simplify(d))
	// Output:
	// pre - 2*post*w
}

func ExampleCheckUnits() {
	e, err := rulespace.ParseExpr("post*pre + err")
	if err != nil {
		panic(err)
	}
	fmt.Println(rulespace.CheckUnits(e))
	// Output:
	// cannot add post*pre [rate^2] and err [err]
}
