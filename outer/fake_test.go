package outer

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"runtime"
	"testing"

	"github.com/metaplast/metaplast/inner/learner"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// fakeTask is a task that only has a name; fake workers score without it.
type fakeTask struct{ name string }

func (t fakeTask) Info() tasks.Info {
	return tasks.Info{Name: t.name, In: 2, Out: 1, Metric: "points", Ceiling: 1, Steps: 2000}
}

func (t fakeTask) Start(key.Key) (tasks.Episode, error) {
	return nil, errors.New("not to be trained on")
}

// hash maps its arguments to [0, 1).
func hash(args ...any) float64 {
	h := fnv.New64a()
	fmt.Fprint(h, args...)
	x := h.Sum64() * 0x9e3779b97f4a7c15 // FNV alone hardly moves the high bits
	return float64(x>>11) * 0x1p-53
}

// quality is what a fake trial measures, apart from rate and noise. Longer
// rules are better on average.
func quality(r *rulespace.Rule) float64 {
	s := r.DW.String()
	return 0.5*hash(s) + 0.02*float64(len(s))
}

// single is a worker that runs one job at a time.
type single func(context.Context, Job) Outcome

func singly(make func() single) func() worker {
	return func() worker {
		one := make()
		return func(ctx context.Context, jobs []Job) []Outcome {
			var out []Outcome
			for _, j := range jobs {
				out = append(out, one(ctx, j))
			}
			return out
		}
	}
}

// fakeTrial scores a rule by its text, with the best rate at 0.01, divergence
// from 0.5, and noise that differs between replicates.
func fakeTrial(p *Plan) single {
	names := p.taskNames()
	return func(ctx context.Context, j Job) Outcome {
		if hash(j.Key) < 0.1 {
			runtime.Gosched() // finish out of order
		}
		r := j.Learner.Rule
		lr, _ := r.Param("lr")
		if lr.Value >= 0.5 || hash("bad", r.DW) < 0.1 {
			o := failure(Diverged, "too fast")
			o.Raw = 0.1
			return o
		}
		d := math.Log10(lr.Value) + 2
		v := quality(r) - 0.1*d*d
		v += 0.05 * (hash(names[j.Task], j.Fresh, j.Rep) - 0.5)
		v += 0.01 * (hash(r.DW, names[j.Task], j.Fresh, j.Rep, j.Split, j.Steps) - 0.5)
		return Outcome{Status: OK, Value: v, Raw: 10 * v, Steps: j.Steps}
	}
}

// listSearcher asks for a list of rules, once each.
type listSearcher struct {
	rules []*rulespace.Rule
	at    int
	asked []int // at a time, of what is still to be told
	told  []Result
	ends  Reason // when the list is used up
	loop  bool   // begin again instead
	seeds []Candidate
}

func (s *listSearcher) Ask(limit int) ([]Candidate, error) {
	var out []Candidate
	for len(out) < limit && s.at < len(s.rules) {
		out = append(out, Candidate{s.rules[s.at]})
		s.at++
		if s.loop {
			s.at %= len(s.rules)
		}
	}
	if len(out) > 0 {
		s.asked = append(s.asked, len(out))
	}
	return out, nil
}

func (s *listSearcher) AskAhead(limit int) ([]Candidate, error) {
	if len(s.asked) != 1 {
		return nil, fmt.Errorf("%d questions are open", len(s.asked))
	}
	return s.Ask(limit)
}

func (s *listSearcher) Tell(r []Result) error {
	if len(s.asked) == 0 || len(r) != s.asked[0] {
		return fmt.Errorf("told %d results of %v", len(r), s.asked)
	}
	s.asked = s.asked[1:]
	s.told = append(s.told, r...)
	return nil
}

func (s *listSearcher) Done() (Reason, bool) { return s.ends, s.at >= len(s.rules) }

func (s *listSearcher) Seed(c []Candidate) error {
	s.seeds = c
	return nil
}

func fakeLearner(r *rulespace.Rule) learner.Learner { return learner.Learner{Rule: r} }

func mustRule(t testing.TB, text string) *rulespace.Rule {
	t.Helper()
	r, err := rulespace.ParseRule(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// someRules returns different rules of different complexity.
func someRules(t testing.TB, n int) []*rulespace.Rule {
	signals := []string{"pre", "post", "w"}
	var out []*rulespace.Rule
	for i := 0; len(out) < n; i++ {
		text := signals[i%3]
		for k := i / 3; k > 0; k /= 6 {
			text += []string{" + ", "*"}[k%2] + signals[k/2%3]
		}
		if i%3 > 0 { // as many again with a function
			text = "tanh(" + text + ")"
		}
		out = append(out, mustRule(t, "lr*("+text+")"))
	}
	return out
}

// memory is a store in memory that can be made to fail.
type memory struct {
	outcomes map[string]Outcome
	log      []record
	room     int // appends that succeed; negative for any number
	syncs    int
}

type record struct {
	key  string
	data []byte
}

var errFull = errors.New("no space left on device")

func newMemory(log ...record) *memory {
	m := &memory{outcomes: map[string]Outcome{}, room: -1}
	for _, r := range log {
		var o Outcome
		if err := json.Unmarshal(r.data, &o); err != nil {
			panic(err)
		}
		m.outcomes[r.key] = o
		m.log = append(m.log, r)
	}
	return m
}

func (m *memory) Lookup(key string) (Outcome, bool) {
	o, ok := m.outcomes[key]
	return o, ok
}

func (m *memory) Append(key string, o Outcome) error {
	if m.room == 0 {
		return errFull
	}
	m.room--
	if _, ok := m.outcomes[key]; ok {
		return fmt.Errorf("%s appended twice", key)
	}
	data, err := json.Marshal(o)
	if err != nil {
		return err
	}
	m.outcomes[key] = o
	m.log = append(m.log, record{key, data})
	return nil
}

func (m *memory) Sync() error {
	m.syncs++
	return nil
}

func (m *memory) bytes() []byte {
	var b []byte
	for _, r := range m.log {
		b = binary.AppendUvarint(b, uint64(len(r.key)))
		b = append(b, r.key...)
		b = append(b, r.data...)
	}
	return b
}

// fakePlan is a plan whose trials are fake.
func fakePlan(t testing.TB, rules []*rulespace.Rule, workers int) Plan {
	p := Plan{
		Name: "fake", Seed: 7,
		Tasks:       []Setting{{Task: fakeTask{"a"}}, {Task: fakeTask{"b"}}},
		HeldOut:     []Setting{{Task: fakeTask{"c"}}},
		Signals:     rulespace.Signals(rulespace.SigPre, rulespace.SigPost, rulespace.SigW),
		Methods:     []Method{{Name: "list", New: func() (Searcher, error) { return &listSearcher{rules: rules, ends: Exhausted}, nil }}},
		Rungs:       []Rung{{Steps: 0.1, Seeds: 1, Keep: 0.25}, {Steps: 1, Seeds: 2, Keep: 0.5}, {Steps: 1, Seeds: 3}},
		Tune:        Tune{Param: "lr"},
		Evaluations: 1000,
		Cohort:      16,
		Baselines:   []Baseline{{Name: "hebb", Learner: learner.Learner{Rule: mustRule(t, "lr*pre*post")}, Tune: Tune{Param: "lr"}}},
	}
	return withFakeTrials(t, p, workers)
}

func withFakeTrials(t testing.TB, p Plan, workers int) Plan {
	t.Helper()
	p.Workers = workers
	resolved, err := p.Resolve()
	if err != nil {
		t.Fatal(err)
	}
	p.Evaluator = newPool(workers, p.Stop, nil, singly(func() single { return fakeTrial(&resolved) }))
	return p
}

// files renders everything of a report that is written to disk.
func files(t testing.TB, r *Report) string {
	t.Helper()
	out := string(FrontCSV(r.Front)) + string(FamiliesCSV(r.Families))
	fs, err := r.RuleFiles()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fs {
		out += f.Name + "\n" + string(f.Data)
	}
	return out
}
