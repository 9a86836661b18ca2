package trial_test

import (
	"context"
	"fmt"
	"os"

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

// A rule file, such as a search writes, trains a network on digits through
// random feedback.
func Example_ruleFile() {
	data, err := os.ReadFile("testdata/decaying-error.rule.yaml")
	if err != nil {
		panic(err)
	}
	rule, err := rulespace.Decode("decaying-error.rule.yaml", data)
	if err != nil {
		panic(err)
	}
	task, err := tasks.Open(tasks.Spec{Name: "glyphs", Options: map[string]string{"side": "14", "train": "4000"}}, tasks.Source{})
	if err != nil {
		panic(err)
	}
	out := trial.NewRunner().Run(context.Background(), trial.Trial{
		Task:    task,
		Network: network.Config{Sizes: []int{196, 64, 10}, Loss: network.CrossEntropy, Bias: true},
		Learner: learner.Learner{Credit: credit.Config{Name: "fa"}, Rule: rule},
		Batch:   8, Steps: 8000,
		Key:   key.Root(1),
		Split: tasks.Test,
	})
	fmt.Printf("%s, more than 80 %% right: %v\n", out.Status, out.Score.Accuracy > 0.8)
	// Output: ok, more than 80 % right: true
}
