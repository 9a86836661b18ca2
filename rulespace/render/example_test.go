package render_test

import (
	"fmt"

	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/render"
)

func ExampleRender() {
	r, err := rulespace.ParseRule("lr*post*(pre - post*w)")
	if err != nil {
		panic(err)
	}
	latex, err := render.Render(r, "latex")
	if err != nil {
		panic(err)
	}
	fmt.Println(render.Expr(r.DW))
	fmt.Print(latex)
	// Output:
	// lr·post·(pre − post·w)
	// % Plasticity rule
	// %
	// % \eta    0.01
	// % x_j     activity of the presynaptic unit
	// % y_i     activity of the postsynaptic unit
	// % w_{ij}  weight
	// \[
	// \Delta w_{ij} = \eta\,y_i\,(x_j - y_i\,w_{ij})
	// \]
}
