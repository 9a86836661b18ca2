package kernel_test

import (
	"fmt"

	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/kernel"
)

// Oja's rule turns the weights of one linear unit towards the direction in
// which its two inputs vary together, and gives them length one.
func Example() {
	rule, err := rulespace.ParseRule("lr*post*(pre - post*w)", rulespace.Param{Name: "lr", Value: 0.05})
	if err != nil {
		fmt.Println(err)
		return
	}
	program, err := kernel.Compile(rule)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("needs:", program.Needs())
	fmt.Println("plan:", program.Plan(1))

	unit := program.Bind(2, 1, 1)
	w, pre, post := vec.New(2, 1), vec.New(1, 2), vec.New(1, 1)
	w.Row(0)[0] = 0.1
	frame := &kernel.Frame{Batch: 1}
	frame.Values[rulespace.SigPre] = pre
	frame.Values[rulespace.SigPost] = post
	for step := range 400 {
		x := float32(1 - 2*(step%2)) // 1, -1, 1, …
		pre.Row(0)[0], pre.Row(0)[1] = 0.6*x, 0.8*x
		vec.Mul(post, pre, w)
		unit.Apply(frame, w, nil, nil)
	}
	fmt.Printf("weights: %.3f %.3f\n", w.Row(0)[0], w.Row(1)[0])
	// Output:
	// needs: pre, post
	// plan: outer
	// weights: 0.600 0.800
}

func ExampleProgram_Describe() {
	rule, err := rulespace.ParseRule("lr*err*pre + 0.1*err*err_pre")
	if err != nil {
		fmt.Println(err)
		return
	}
	program, err := kernel.Compile(rule)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(program.Describe())
	// Output:
	// one sample
	//   once per unit: lr*pre, 0.1*err_pre, lr*pre + 0.1*err_pre
	//   dw = err*(lr*pre + 0.1*err_pre)  [outer, one pass, skips silent rows]
	// mini-batch
	//   once per unit: lr*pre, 0.1*err_pre, lr*pre + 0.1*err_pre
	//   dw = (1/B)*Σ[(err) ⊗ (lr*pre + 0.1*err_pre)]  [outer, skips silent rows]
}
