package taskstest

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// Model makes a function of one input row a tasks.Model with n outputs.
func Model(n int, f func(x, y []float32)) tasks.Model { return model{n, f} }

type model struct {
	n int
	f func(x, y []float32)
}

func (m model) Outputs(x *vec.Matrix) *vec.Matrix {
	y := vec.New(x.Rows, m.n)
	for i := range x.Rows {
		m.f(x.Row(i), y.Row(i))
	}
	return y
}

// Options relax the suite for data that are what they are.
type Options struct {
	Duplicates bool // samples may occur twice, as in real tables
	// Disturbed says that samples are noisy, mislabelled or come in parts, so
	// that epochs differ and nobody can know them by heart.
	Disturbed bool
}

// Run checks a task against the contract of its interfaces.
func Run(t *testing.T, task tasks.Task, opt Options) {
	s := suite{task, task.Info(), opt}
	for _, c := range []struct {
		name string
		f    func(*testing.T)
	}{
		{"info", s.testInfo}, {"samples", s.testSamples}, {"keys", s.testKeys}, {"epochs", s.testEpochs},
		{"splits", s.testSplits}, {"ignorance", s.testIgnorance}, {"memory", s.testMemory},
		{"undisturbed", s.testUndisturbed}, {"allocations", s.testAllocations}, {"concurrency", s.testConcurrency}, {"rewind", s.testRewind},
	} {
		if opt.Disturbed && slices.Contains([]string{"epochs", "splits", "ignorance", "memory"}, c.name) {
			continue
		}

		t.Run(c.name, c.f)
	}
}

type suite struct {
	task tasks.Task
	info tasks.Info
	opt  Options
}

func (s *suite) start(t testing.TB, seed uint64) tasks.Episode {
	t.Helper()
	e, err := s.task.Start(key.Root(seed))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (s *suite) testInfo(t *testing.T) {
	i := s.info
	if i.In < 1 || i.Out < 1 || i.Steps < 1 || i.TrainSize < 0 || i.Metric == "" || i.Name == "" {
		t.Errorf("incomplete: %+v", i)
	}
	if !(i.Chance < i.Ceiling) {
		t.Errorf("chance %g is not below the ceiling %g", i.Chance, i.Ceiling)
	}
	if i.Height*i.Width != 0 && i.Height*i.Width != i.In {
		t.Errorf("images of %d×%d have %d inputs", i.Height, i.Width, i.In)
	}
	if i.Classes != nil && len(i.Classes) != i.Out {
		t.Errorf("%d names for %d classes", len(i.Classes), i.Out)
	}
}

// draw returns n samples as text, one line each, asking for them in batches.
func (s *suite) draw(e tasks.Episode, n, batch int) []string {
	var out []string
	for b := tasks.NewBatch(s.info, batch); len(out) < n; {
		e.Next(b)
		for i := range b.N {
			line := fmt.Sprint(b.X.Row(i))
			if b.Y != nil {
				line += fmt.Sprint(" -> ", b.Y.Row(i))
			}
			out = append(out, line)
		}
	}
	return out[:n]
}

func (s *suite) testSamples(t *testing.T) {
	e := s.start(t, 1)
	b := tasks.NewBatch(s.info, 7)
	for range 20 {
		e.Next(b)
		if b.N < 1 || b.N > 7 || s.info.TrainSize == 0 && b.N != 7 {
			t.Fatalf("a batch of 7 got %d samples", b.N)
		}
		for i := range b.N {
			for j, v := range b.X.Row(i) {
				if v-v != 0 {
					t.Fatalf("input %d is %v", j, v)
				}
			}
			if s.info.Kind == tasks.Unsupervised {
				continue
			}
			hot := -1
			for j, v := range b.Y.Row(i) {
				if v-v != 0 {
					t.Fatalf("target %d is %v", j, v)
				}
				if v == 1 {
					hot = j
				}
			}
			if s.info.Kind == tasks.Classification {
				if hot != b.Labels[i] || vec.Sum(b.Y.Row(i)) != 1 {
					t.Fatalf("label %d, target %v", b.Labels[i], b.Y.Row(i))
				}
			}
		}
	}
	for _, m := range []*vec.Matrix{b.X, b.Y} {
		if m == nil {
			continue
		}
		for i, v := range m.Data {
			if i%m.Stride >= m.Cols && v != 0 {
				t.Fatal("the padding of a row is not zero")
			}
		}
	}
}

// A life depends on its key alone, not on the batch size.
func (s *suite) testKeys(t *testing.T) {
	const n = 40
	a := s.draw(s.start(t, 1), n, 1)
	if !slices.Equal(a, s.draw(s.start(t, 1), n, 1)) {
		t.Error("one key gives two lives")
	}
	if !slices.Equal(a, s.draw(s.start(t, 1), n, 9)) {
		t.Error("the batch size changes the samples")
	}
	if slices.Equal(a, s.draw(s.start(t, 2), n, 1)) {
		t.Error("two keys give one life")
	}
}

func (s *suite) testEpochs(t *testing.T) {
	n := s.info.TrainSize
	if n == 0 {
		t.Skip("endless")
	}
	e := s.start(t, 3)
	b := tasks.NewBatch(s.info, max(2, n/3))
	for range 2 {
		for left := n; left > 0; left -= b.N {
			e.Next(b)
			if b.N != min(left, b.X.Rows) {
				t.Fatalf("with %d samples left in the epoch a batch of %d got %d", left, b.X.Rows, b.N)
			}
		}
	}
	e = s.start(t, 3)
	first, second := s.draw(e, n, 13), s.draw(e, n, 13)
	if n > 8 && slices.Equal(first, second) {
		t.Error("the second epoch repeats the order of the first")
	}
	slices.Sort(first)
	slices.Sort(second)
	if !slices.Equal(first, second) {
		t.Error("epochs differ in their samples")
	}
	if !s.opt.Duplicates && len(slices.Compact(first)) != n {
		t.Error("a sample occurs twice in an epoch")
	}
}

// presented collects the inputs of a split.
func (s *suite) presented(e tasks.Episode, split tasks.Split) []string {
	var rows []string
	e.Score(Model(s.info.Out, func(x, _ []float32) { rows = append(rows, fmt.Sprint(x)) }), split)
	return rows
}

func (s *suite) testSplits(t *testing.T) {
	if s.info.TrainSize == 0 || s.info.Kind != tasks.Classification {
		t.Skip("no finite split")
	}
	e := s.start(t, 4)
	seen := map[string]string{}
	for _, l := range s.draw(e, s.info.TrainSize, 16) {
		x, _, _ := strings.Cut(l, " -> ")
		seen[x] = "training"
	}
	for _, split := range []tasks.Split{tasks.Validation, tasks.Test} {
		rows := s.presented(e, split)
		want := s.info.ValidationSize
		if split == tasks.Test {
			want = s.info.TestSize
		}
		if len(rows) != want {
			t.Errorf("%v presents %d samples, want %d", split, len(rows), want)
		}
		for _, r := range rows {
			if other, ok := seen[r]; ok && !s.opt.Duplicates && other != split.String() {
				t.Fatalf("a sample of %v is also in %s", split, other)
			}
			seen[r] = split.String()
		}
	}
	if s.info.ValidationSize > 0 {
		if a, b := s.presented(s.start(t, 5), tasks.Validation), s.presented(e, tasks.Validation); slices.Equal(a, b) {
			t.Error("two lives have one validation part")
		}
	}
}

// Models that know nothing score no more than chance, broken ones no better.
func (s *suite) testIgnorance(t *testing.T) {
	e := s.start(t, 6)
	inf := float32(math.Inf(1))
	for name, v := range map[string]float32{"zero": 0, "one": 1, "NaN": float32(math.NaN()), "infinite": inf} {
		m := Model(s.info.Out, func(_, y []float32) {
			for j := range y {
				y[j] = v
			}
		})
		for _, split := range []tasks.Split{tasks.Train, tasks.Validation, tasks.Test} {
			if split == tasks.Validation && s.info.TrainSize > 0 && s.info.ValidationSize == 0 {
				continue
			}
			got := e.Score(m, split)
			if !(got.Value >= -1 && got.Value <= s.luck(split)) {
				t.Errorf("a model of %s outputs scores %g on %v", name, got.Value, split)
			}
			if (s.info.Kind == tasks.Classification) == math.IsNaN(got.Accuracy) {
				t.Errorf("accuracy is %g", got.Accuracy)
			}
		}
	}
}

// luck is how far above chance guessing may score on a split: four standard
// errors of a share of so many samples.
func (s *suite) luck(split tasks.Split) float64 {
	n := map[tasks.Split]int{tasks.Train: s.info.TrainSize, tasks.Validation: s.info.ValidationSize, tasks.Test: s.info.TestSize}[split]
	if split == tasks.Train && n == 0 { // streams score it on fresh samples
		n = s.info.ValidationSize
	}
	c := s.info.Chance
	if n == 0 || s.info.Kind != tasks.Classification {
		return 0.02
	}
	return 4 * math.Sqrt(c*(1-c)/float64(n)) / (s.info.Ceiling - c)
}

// A model that remembers the training samples scores 1 on them.
func (s *suite) testMemory(t *testing.T) {
	if s.info.TrainSize == 0 || s.info.TrainSize > 10000 {
		t.Skip("too much to remember")
	}
	e := s.start(t, 7)
	known := map[string][]float32{}
	b := tasks.NewBatch(s.info, 1)
	for range s.info.TrainSize {
		e.Next(b)
		known[fmt.Sprint(b.X.Row(0))] = slices.Clone(b.Y.Row(0))
	}
	got := e.Score(Model(s.info.Out, func(x, y []float32) { copy(y, known[fmt.Sprint(x)]) }), tasks.Train)
	if math.Abs(got.Value-1) > 1e-12 || math.Abs(got.Loss) > 1e-12 {
		t.Errorf("score %+v, want 1 without loss", got)
	}
}

// Scoring neither changes the samples that follow nor the next score.
func (s *suite) testUndisturbed(t *testing.T) {
	a, b := s.start(t, 8), s.start(t, 8)
	w := key.Root(9).Stream()
	weights := make([]float32, s.info.In*s.info.Out)
	for i := range weights {
		weights[i] = float32(w.Normal())
	}
	m := Model(s.info.Out, func(x, y []float32) {
		for j := range y {
			y[j] = vec.Dot(x, weights[j*len(x):(j+1)*len(x)])
		}
	})
	same := func(x, y float64) bool { return x == y || x != x && y != y }
	for range 3 {
		for _, split := range []tasks.Split{tasks.Validation, tasks.Test} {
			p, q := a.Score(m, split), a.Score(m, split)
			if !same(p.Value, q.Value) || !same(p.Raw, q.Raw) || !same(p.Accuracy, q.Accuracy) || !same(p.Loss, q.Loss) {
				t.Fatalf("two scores of one model: %+v and %+v", p, q)
			}
		}
		if !slices.Equal(s.draw(a, 11, 3), s.draw(b, 11, 3)) {
			t.Fatal("scoring changes the samples")
		}
	}
}

// A life lived again is the same life, however long it was before.
func (s *suite) testRewind(t *testing.T) {
	e, ok := s.start(t, 12).(tasks.Rewinder)
	if !ok {
		t.Skip("no second life")
	}
	m := Model(s.info.Out, func(x, y []float32) {
		for j := range y {
			y[j] = x[j%len(x)] + 0.25
		}
	})
	longest := 2*min(s.info.TrainSize, 100) + 30
	want := s.draw(s.start(t, 12), longest, 1)
	for i, n := range []int{5, 0, 9, 9, 4, longest, 9, longest, longest} {
		if got := s.draw(e, n, 3); !slices.Equal(got, want[:n]) {
			t.Fatalf("life %d differs from the first", i)
		}
		fresh := s.start(t, 12)
		s.draw(fresh, n, 3)
		for _, split := range []tasks.Split{tasks.Train, tasks.Validation, tasks.Test} {
			if p, q := e.Score(m, split), fresh.Score(m, split); fmt.Sprint(p) != fmt.Sprint(q) {
				t.Fatalf("life %d scores %+v on %v, a fresh one %+v", i, p, split, q)
			}
		}
		e.Rewind()
	}
	b := tasks.NewBatch(s.info, 3)
	if n := testing.AllocsPerRun(200, func() { e.Next(b) }); n != 0 {
		t.Errorf("Next allocates %g times in a later life", n)
	}
}

func (s *suite) testAllocations(t *testing.T) {
	e := s.start(t, 10)
	b := tasks.NewBatch(s.info, 16)
	if n := testing.AllocsPerRun(200, func() { e.Next(b) }); n != 0 {
		t.Errorf("Next allocates %g times", n)
	}
}

func (s *suite) testConcurrency(t *testing.T) {
	want := s.draw(s.start(t, 11), 20, 4)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if got := s.draw(s.start(t, 11), 20, 4); !slices.Equal(got, want) {
				t.Error("a life differs between goroutines")
			}
		})
	}
	wg.Wait()
}
