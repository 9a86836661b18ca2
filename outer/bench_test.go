package outer

import (
	"context"
	"testing"
)

// BenchmarkLoop measures what the loop itself costs: trials take no time.
func BenchmarkLoop(b *testing.B) {
	rules := someRules(b, 1000)
	for b.Loop() {
		p := fakePlan(b, rules, 1)
		p.Rungs = nil
		p.Tasks = p.Tasks[:1]
		p.Evaluator = newPool(1, nil, func() worker {
			return func(_ context.Context, j Job) Outcome {
				return Outcome{Status: OK, Value: float64(j.Learner.Rule.DW.Size()) * 1e-3}
			}
		})
		r, err := Run(context.Background(), p, nil, nil)
		if err != nil {
			b.Fatal(err)
		}
		if r.Asked != len(rules) {
			b.Fatalf("asked %d", r.Asked)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*len(rules)), "µs/candidate")
}
