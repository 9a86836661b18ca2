package outer

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/metaplast/metaplast/checkpoints"
	"github.com/metaplast/metaplast/rulespace"
)

// BenchmarkLoop measures what the loop itself costs: trials take no time.
func BenchmarkLoop(b *testing.B) {
	rules := someRules(b, 1000)
	for b.Loop() {
		p := fakePlan(b, rules, 1)
		p.Rungs = nil
		p.Tasks = p.Tasks[:1]
		p.Evaluator = newPool(1, nil, nil, singly(func() single {
			return func(_ context.Context, j Job) Outcome {
				return Outcome{Status: OK, Value: float64(j.Learner.Rule.DW.Size()) * 1e-3}
			}
		}))
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

// BenchmarkMeet measures what it takes to find out what a candidate is.
func BenchmarkMeet(b *testing.B) {
	r := mustRule(b, "lr*(post*pre - w*post*post)")
	c := newCache(rulespace.FixedProbe(rulespace.Signals(rulespace.SigPre, rulespace.SigPost, rulespace.SigW)))
	b.ReportAllocs()
	for b.Loop() {
		c.entry(r, "lr")
	}
}

// BenchmarkJournal measures the record of a trial.
func BenchmarkJournal(b *testing.B) {
	run, err := checkpoints.Create(filepath.Join(b.TempDir(), "run"), checkpoints.Manifest{Name: "bench", ID: "0001"}, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer run.Close()
	j, err := NewJournal(run)
	if err != nil {
		b.Fatal(err)
	}
	o := Outcome{Status: OK, Value: -0.10788572895752924, Raw: 0.030599987162161918, Steps: 4000}
	b.ReportAllocs()
	for b.Loop() {
		if err := j.Append("71d9e9e0ac0e01c2d31d41158776ba9e/lr=0.01702/pca:dims=4/2000/validation/eval4", o); err != nil {
			b.Fatal(err)
		}
	}
}

// A search that has met many candidates keeps little of each.
func TestMemoryPerCandidate(t *testing.T) {
	const n = 3000
	rules := make([]*rulespace.Rule, n)
	for i := range rules {
		rules[i] = mustRule(t, fmt.Sprintf("lr*post*(pre - %v*post*w)", 1+float64(i)/n))
	}
	p := fakePlan(t, rules, 1)
	p.Evaluations = n
	plan, err := p.Resolve()
	if err != nil {
		t.Fatal(err)
	}
	s := newSession(&plan, noStore{}, nil)
	s.cache = newCache(rulespace.FixedProbe(rulespace.Signals(rulespace.SigPre, rulespace.SigPost, rulespace.SigW)))
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for i := 0; i < n; i += 50 {
		var asked []Candidate
		for _, r := range rules[i : i+50] {
			asked = append(asked, Candidate{r})
		}
		if _, err := s.cohort(context.Background(), asked); err != nil {
			t.Fatal(err)
		}
	}
	each := (heap() - before) / n
	t.Logf("%d bytes per candidate", each)
	if each > 2000 || s.progress.Evaluations != n {
		t.Errorf("%d bytes are kept of each of %d candidates, 2000 would do", each, s.progress.Evaluations)
	}
	runtime.KeepAlive(s)
}
