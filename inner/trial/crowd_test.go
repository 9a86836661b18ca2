package trial_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/learner"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// Trials side by side end as each does on its own, in every bit: rules of all
// signals that lanes know, at rates from too small to divergent, on tasks with
// and without targets, one output and several.
func TestRunAllIsRun(t *testing.T) {
	rules := []string{
		"dw: lr*post*(pre - post*w)", "dw: lr*pre*post", "dw: lr*(target - post)*pre", "dw: lr*pre*(target - post) - lr*a*w",
		"dw: lr*post*(pre - lower - post*w)", "dw: lr*post*(pre - recon)", "dw: lr*pre*post*(post - theta)",
		"dw: lr*(pre - pre_trace)*(post - post_trace)", "dw: lr*elig*(norm_w - 1)", "dw: lr*(w0 - w)*dpost + a*pot/step",
		"dw: lr*tanh(pre*w) - a*sign(post)*abs(w)", "dw: lr*clip(pre*post, -0.1, 0.1)", "dw: lr*max(pre, w)/post", "dw: lr*pre", "dw: lr - lr",
		"dw: lr*w*w*pre", "dw: lr*sqrt(pre)*w",
	}
	for _, c := range []struct {
		task    string
		network network.Config
		options map[string]string
	}{
		{"pca:dims=8", network.Config{Sizes: []int{8, 1}, Output: network.Activation{Name: "linear"}}, nil},
		{"pca:dims=5,units=3", network.Config{Sizes: []int{5, 3}, Output: network.Activation{Name: "linear"}}, map[string]string{"tau": "7", "theta_tau": "5", "elig_tau": "3"}},
		{"regression:dims=6,outputs=2", network.Config{Sizes: []int{6, 2}, Output: network.Activation{Name: "tanh"}}, nil},
		{"hetero", network.Config{Output: network.Activation{Name: "linear"}}, map[string]string{"clamp": "yes"}},
		{"pca:dims=3", network.Config{Sizes: []int{3, 1}, Output: network.Activation{Name: "relu"}}, nil},
		{"pca:dims=3,units=2", network.Config{Sizes: []int{3, 2}, Output: network.Activation{Name: "softplus", Beta: 3}}, nil},
	} {
		spec, err := tasks.ParseSpec(c.task)
		if err != nil {
			t.Fatal(err)
		}
		task, err := tasks.Open(spec, tasks.Source{})
		if err != nil {
			t.Fatal(err)
		}
		info := task.Info()
		if c.network.Sizes == nil {
			c.network.Sizes = []int{info.In, info.Out}
		}
		ends := map[trial.Status]int{}
		for _, text := range rules {
			rule, err := rulespace.ParseRule(strings.ReplaceAll(text, "a*", "0.01*"), rulespace.Param{Name: "lr", Value: 0.1})
			if err != nil {
				t.Fatal(err)
			}
			if rule.DW.Signals().Has(rulespace.SigTarget) && info.Kind == tasks.Unsupervised {
				continue
			}
			var all []trial.Trial
			for rep := range 3 {
				for _, lr := range []float64{1e-3, 0.02, 0.3, 50} {
					r := rule
					if _, ok := r.Param("lr"); ok {
						if r, err = rule.WithParam("lr", lr); err != nil {
							t.Fatal(err)
						}
					}
					all = append(all, trial.Trial{
						Task: task, Network: c.network, Learner: learner.Learner{Credit: credit.Config{Name: "none", Options: c.options}, Rule: r},
						Batch: 1, Steps: 150 + 37*(rep/2), Split: tasks.Validation, Key: key.Root(7).Child("crowd", uint64(rep)),
					})
				}
			}
			runner := trial.NewRunner()
			alone := runner.Alone(all)
			switch few := strings.Contains(text, "recon"); { // read again where it overflows
			case strings.Contains(text, "sqrt"): // there are no lanes for it
				if len(alone) != len(all) {
					t.Errorf("%s, %s: trials live side by side now, and have to be tested so", c.task, text)
				}
			case len(alone) > 3 || !few && len(alone) > 0:
				t.Errorf("%s, %s: trials %v of %d do not live side by side", c.task, text, alone, len(all))
			}
			got := runner.RunAll(context.Background(), all)
			again := runner.RunAll(context.Background(), all) // with the data laid out
			for i, x := range all {
				want := trial.NewRunner().Run(context.Background(), x)
				want.Cost = credit.Cost{}
				ends[want.Status]++
				if diff := cmp.Diff(want, got[i], cmpopts.EquateNaNs()); diff != "" {
					t.Fatalf("%s, %s, trial %d (-alone +side by side):\n%s", c.task, text, i, diff)
				}
				if diff := cmp.Diff(want, again[i], cmpopts.EquateNaNs()); diff != "" {
					t.Fatalf("%s, %s, trial %d (-alone +side by side once more):\n%s", c.task, text, i, diff)
				}
			}
		}
		if ends[trial.OK] < 20 || ends[trial.Diverged] < 10 {
			t.Errorf("%s: ends were %v", c.task, ends)
		}
	}
}
