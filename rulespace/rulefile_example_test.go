package rulespace_test

import (
	"fmt"

	"github.com/metaplast/metaplast/rulespace"
)

// A rule is the same however it is written.
func Example() {
	oja, err := rulespace.ParseRule("lr*post*(pre - post*w)")
	if err != nil {
		panic(err)
	}
	other, err := rulespace.Decode("mine.rule.yaml", []byte(`
format: 1
name: mine
dw: a*pre*post - a*w*post^2
params: {a: 0.01}
`))
	if err != nil {
		panic(err)
	}
	fmt.Println(oja.CanonicalText())
	fmt.Println(oja.Complexity(), oja.Needs(), oja.Locality())
	fmt.Println(oja.Digest() == other.Digest())
	// Output:
	// lr*post*pre - lr*post^2*w
	// 7 pre, post, w [local]
	// true
}

func ExampleDecode() {
	_, err := rulespace.Decode("mine.rule.yaml", []byte("format: 1\nname: mine\ndw: lr*(rewrd - pre)\nparams: {lr: 1}\n"))
	fmt.Println(err)
	// Output:
	// mine.rule.yaml:3: dw: column 5: "rewrd" is not a signal or parameter. Did you mean reward?
}
