package classic_test

import (
	"fmt"

	"github.com/metaplast/metaplast/rulespace/classic"
)

func Example() {
	oja, _ := classic.Get("oja")
	fmt.Println(oja.DW)
	fmt.Println(oja.Source)
	// Output:
	// lr*post*(pre - post*w)
	// E. Oja, J. Math. Biol. 15:267 (1982)
}
