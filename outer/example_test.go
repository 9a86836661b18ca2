package outer_test

import (
	"context"
	"fmt"
	"log"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/learner"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/enumerate"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// Which local rule makes a linear neuron find the first principal component
// of its input and keep its weights bounded? Oja's.
func Example() {
	pca, err := tasks.Open(tasks.Spec{Name: "pca", Options: map[string]string{"dims": "4", "steps": "500"}}, tasks.Source{})
	if err != nil {
		log.Fatal(err)
	}
	space := &rulespace.Space{
		Signals:       rulespace.Signals(rulespace.SigPre, rulespace.SigPost, rulespace.SigW),
		Primitives:    []rulespace.Op{rulespace.Sub, rulespace.Mul},
		MaxComplexity: 7,
		Scale:         rulespace.Param{Name: "lr", Value: 0.01},
	}
	plan := outer.Plan{
		Name: "oja", Seed: 1,
		Tasks: []outer.Setting{{Task: pca, Network: network.Config{
			Sizes: []int{4, 1}, Output: network.Activation{Name: "linear"},
		}}},
		Learner: learner.Learner{Credit: credit.Config{Name: "none"}},
		Signals: space.Signals,
		Methods: []outer.Method{{Name: "enumerate", New: func() (outer.Searcher, error) {
			return enumerate.New(space, enumerate.Options{}, key.Root(1))
		}}},
		Tune:        outer.Tune{Param: "lr"},
		Evaluations: 2000,
		Workers:     2,
	}
	report, err := outer.Run(context.Background(), plan, nil, nil)
	if err != nil {
		log.Fatal(err)
	}
	pick := report.Front[report.Pick]
	fmt.Printf("%d rules tried: %s, which is %s, scores %.2f\n", report.Evaluations, pick.DW, pick.Near, pick.Score.Mean)
	// Output: 673 rules tried: lr*post*(pre - post*w), which is oja, scores 0.98
}
