package outer

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/learner"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/tasks"
)

func openTask(t testing.TB, text string) tasks.Task {
	t.Helper()
	spec, err := tasks.ParseSpec(text)
	if err != nil {
		t.Fatal(err)
	}
	task, err := tasks.Open(spec, tasks.Source{})
	if err != nil {
		t.Fatal(err)
	}
	return task
}

// pcaPlan searches a list of rules for one that finds principal components.
func pcaPlan(t testing.TB, workers int) Plan {
	var rules []*rulespace.Rule
	for _, text := range []string{
		"pre", "post", "w", "pre*post", "pre - w", "post*(pre - w)", "post*(pre - post*w)", "post^2*w", "w*(1 - w)",
		"post*(pre - post*w) + 0.01*w", "-pre*post", "pre*post - w", "2*pre*post", "post*(w - pre)", "0*pre", "w/post",
	} {
		rules = append(rules, mustRule(t, "lr*("+text+")"))
	}
	setting := func(task string, dims int) Setting {
		return Setting{Task: openTask(t, task), Network: network.Config{
			Sizes: []int{dims, 1}, Output: network.Activation{Name: "linear"},
		}}
	}
	p := Plan{
		Name: "pca", Seed: 11,
		Tasks:       []Setting{setting("pca:dims=4,steps=1000", 4)},
		HeldOut:     []Setting{setting("pca:dims=6,steps=1000", 6)},
		Learner:     learner.Learner{Credit: credit.Config{Name: "none"}},
		Methods:     []Method{{Name: "list", New: func() (Searcher, error) { return &listSearcher{rules: rules, ends: Exhausted}, nil }}},
		Tune:        Tune{Param: "lr"},
		Evaluations: 100,
		Workers:     workers,
	}
	p.Baselines = DefaultBaselines(&p)
	return p
}

func TestSearchWithTrials(t *testing.T) {
	var first string
	for _, workers := range []int{1, 2} {
		r, err := Run(context.Background(), pcaPlan(t, workers), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := files(t, r)
		if first == "" {
			first = got
			t.Log(got)
		}
		if d := cmp.Diff(first, got); d != "" {
			t.Errorf("%d workers give other files:\n%s", workers, d)
		}
		pick := r.Front[r.Pick]
		if pick.Near != "oja" || pick.Score.Mean < 0.9 || pick.HeldOut.Mean < 0.8 {
			t.Errorf("picked %s (%s), score %v, held out %v", pick.DW, pick.Near, pick.Score, pick.HeldOut)
		}
		if r.Unique != 15 || r.Cached != 1 || r.Evaluations != 14 {
			t.Errorf("%d unique, %d cached, %d evaluations", r.Unique, r.Cached, r.Evaluations)
		}
		if silent(r) != 1 {
			t.Errorf("failures %+v", r.Failed)
		}
		if len(r.Baselines) != 2 || r.Baselines[0].Name != "hebb" || r.Baselines[1].Name != "oja" {
			t.Fatalf("baselines %+v", r.Baselines)
		}
		if d := pick.Against[0].Score; d.Low <= 0 {
			t.Errorf("better than Hebb's rule by %v", d)
		}
	}
}

// A rule file trains the networks that its rule was scored with.
func TestSavedRuleHasItsScore(t *testing.T) {
	p := pcaPlan(t, 1)
	r, err := Run(context.Background(), p, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	fs, err := r.RuleFiles()
	if err != nil {
		t.Fatal(err)
	}
	if p, err = p.Resolve(); err != nil {
		t.Fatal(err)
	}
	run := newTrialWorker(&p)
	work := func(ctx context.Context, j Job) Outcome { return run(ctx, []Job{j})[0] }
	for i, f := range fs {
		rule, err := rulespace.Decode(f.Name, f.Data)
		if err != nil {
			t.Fatal(err)
		}
		l := p.Learner
		l.Rule = rule
		var scores []float64
		for rep := range p.Fresh {
			o := work(context.Background(), Job{Learner: l, Steps: 1000, Split: tasks.Test, Fresh: true, Rep: rep})
			scores = append(scores, o.Value)
		}
		if got := NewInterval(scores); got != r.Front[i].Score {
			t.Errorf("%s scores %v, the front says %v", f.Name, got, r.Front[i].Score)
		}
	}
}

func TestProbeHasValuesOfTheTask(t *testing.T) {
	p, err := pcaPlan(t, 1).Resolve()
	if err != nil {
		t.Fatal(err)
	}
	s := newSession(&p, nil, nil)
	probe, err := s.probe(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	// Oja's rule and Hebb's run on one task.
	if n := probe.Len() - rulespace.FixedProbe(p.Signals).Len(); n != 2*sampledPoints {
		t.Errorf("%d points of the task", n)
	}
	again, err := s.probe(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	w := rulespace.Sig(rulespace.SigW)
	if d := cmp.Diff(probe.Leaf(w), again.Leaf(w)); d != "" {
		t.Errorf("points differ:\n%s", d)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if r, err := Run(ctx, pcaPlan(t, 1), nil, nil); err != nil || r.Reason != Stopped || r.Pick != -1 {
		t.Errorf("a cancelled search gives %+v, %v", r, err)
	}
}

func TestDefaultBaselines(t *testing.T) {
	setting := func(task string, sizes ...int) Setting {
		return Setting{Task: openTask(t, task), Network: network.Config{Sizes: sizes}}
	}
	for _, c := range []struct {
		circuit string
		setting Setting
		want    []string
	}{
		{"none", setting("pca:dims=4", 4, 1), []string{"hebb", "oja"}},
		{"none", setting("regression:dims=4", 4, 1), []string{"delta"}},
		{"fa", setting("mnist1d", 40, 20, 10), []string{"error", "readout", "bp"}},
		{"bp", setting("mnist1d", 40, 20, 10), []string{"error", "readout"}},
		{"perturb", setting("mnist1d", 40, 10), []string{"node-perturbation"}},
	} {
		p := Plan{Tasks: []Setting{c.setting}, Learner: learner.Learner{Credit: credit.Config{Name: c.circuit}.With("tau", "2")}}
		var got []string
		for _, b := range DefaultBaselines(&p) {
			got = append(got, b.Name)
			if _, ok := b.Learner.Rule.Param("lr"); !ok || b.Title == "" || b.Tune.Param != "lr" {
				t.Errorf("%s: %+v", b.Name, b)
			}
			if err := b.Learner.Check(len(c.setting.Network.Sizes) - 1); err != nil {
				t.Error(err)
			}
			if same := b.Learner.Credit.Name == c.circuit; same != (b.Learner.Credit.Options["tau"] == "2") {
				t.Errorf("%s on %s has credit %+v", b.Name, c.circuit, b.Learner.Credit)
			}
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("baselines for %s:\n%s", c.circuit, d)
		}
	}
}
