package trial_test

import (
	"context"
	"fmt"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/learner"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// A rule written on the spot, tried on principal components.
func Example() {
	spec, err := tasks.ParseSpec("pca:dims=8")
	if err != nil {
		panic(err)
	}
	task, err := tasks.Open(spec, tasks.Source{})
	if err != nil {
		panic(err)
	}
	rule, err := rulespace.ParseRule("lr*post*(pre - post*w)")
	if err != nil {
		panic(err)
	}
	out := trial.NewRunner().Run(context.Background(), trial.Trial{
		Task:    task,
		Network: network.Config{Sizes: []int{8, 1}},
		Learner: learner.Learner{Credit: credit.Config{Name: "none"}, Rule: rule},
		Steps:   4000,
		Key:     key.Root(1),
		Split:   tasks.Validation,
	})
	fmt.Printf("%s, at least nine tenths of perfect: %v\n", out.Status, out.Score.Value > 0.9)
	// Output: ok, at least nine tenths of perfect: true
}
