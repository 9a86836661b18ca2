package tasks_test

import (
	"math"
	"strings"
	"testing"

	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
	"github.com/metaplast/metaplast/tasks/taskstest"
)

const small = "glyphs:train=700,samples=1000,side=8,limit=400,val=200,test=200"

func TestProtocolsKeepThePromisesOfTasks(t *testing.T) {
	for _, text := range []string{
		small + ",noise=0.3,test_noise=0.1", small + ",label_noise=0.4", small + ",stream=classes",
		small + ",stream=split", small + ",stream=permuted,parts=3,part_steps=70",
	} {
		t.Run(text, func(t *testing.T) { taskstest.Run(t, open(t, text), taskstest.Options{Disturbed: true}) })
	}
}

// draw returns the next n samples of an episode.
func draw(e tasks.Episode, info tasks.Info, n int) (x [][]float32, labels []int) {
	b := tasks.NewBatch(info, 7)
	for len(x) < n {
		e.Next(b)
		for i := range b.N {
			x = append(x, append([]float32(nil), b.X.Row(i)...))
			labels = append(labels, b.Labels[i])
		}
	}
	return x, labels
}

func start(t *testing.T, task tasks.Task) tasks.Episode {
	t.Helper()
	e, err := task.Start(key.Root(3))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// The parts of a class-incremental stream show their classes only, one part
// after the other; those of a split stream number them from 0.
func TestStreamsOfClasses(t *testing.T) {
	for _, stream := range []string{"classes", "split"} {
		task := open(t, small+",stream="+stream+",part_steps=60")
		info := task.Info()
		if info.Steps != 300 {
			t.Errorf("%s: %d steps, want 5 parts of 60", stream, info.Steps)
		}
		if want := map[string]int{"classes": 10, "split": 2}[stream]; info.Out != want || math.Abs(info.Chance*float64(want)-1) > 1e-12 {
			t.Errorf("%s: %d outputs, chance %v", stream, info.Out, info.Chance)
		}
		_, labels := draw(start(t, task), info, 400)
		for i, l := range labels[:400] {
			part := min(i/60, 4)
			low, high := 2*part, 2*part+1
			if stream == "split" {
				low, high = 0, 1
			}
			if l != low && l != high {
				t.Fatalf("%s: sample %d has label %d, want %d or %d", stream, i, l, low, high)
			}
		}
	}
}

// A permuted stream shows the same pixels in another order in each part, and
// scores undo nothing: they are shown in that order too.
func TestPermutedStream(t *testing.T) {
	task := open(t, small+",stream=permuted,parts=3,part_steps=400,standardize=none")
	info := task.Info()
	x, _ := draw(start(t, task), info, 1200)
	plain, _ := draw(start(t, open(t, small+",standardize=none,label_noise=1e-9")), info, 400)
	sum := func(rows [][]float32) map[float64]int {
		m := map[float64]int{}
		for _, r := range rows {
			s := 0.0
			for _, v := range r {
				s += float64(v)
			}
			m[math.Round(s)]++
		}
		return m
	}
	want := sum(plain)
	for part := range 3 {
		got := sum(x[400*part : 400*(part+1)])
		for k, n := range want {
			if got[k] != n {
				t.Fatalf("part %d does not show the same samples", part)
			}
		}
	}
	if means := [3][]float64{}; true {
		for part := range 3 {
			means[part] = make([]float64, info.In)
			for _, r := range x[400*part : 400*(part+1)] {
				for j, v := range r {
					means[part][j] += float64(v) / 400
				}
			}
		}
		for part := 1; part < 3; part++ {
			moved := 0
			for j := range means[0] {
				if math.Abs(means[part][j]-means[0][j]) > 1e-9 {
					moved++
				}
			}
			if moved < info.In/2 {
				t.Errorf("part %d: only %d of %d inputs have moved", part, moved, info.In)
			}
		}
	}
}

// Noise has the standard deviation asked for, and comes anew in every pass;
// wrong labels are as many as asked for and stay.
func TestNoise(t *testing.T) {
	clean := open(t, small+",standardize=none,label_noise=1e-9")
	noisy := open(t, small+",standardize=none,noise=0.5")
	a, la := draw(start(t, clean), clean.Info(), 400)
	b, lb := draw(start(t, noisy), noisy.Info(), 400)
	sum, sq, n := 0.0, 0.0, 0.0
	for i := range a {
		if la[i] != lb[i] {
			t.Fatal("noise changes labels or the order of samples")
		}
		for j := range a[i] {
			d := float64(b[i][j]) - float64(a[i][j])
			sum, sq, n = sum+d, sq+d*d, n+1
		}
	}
	// 25,600 draws: the deviation is known to about half a percent.
	if sd := math.Sqrt(sq / n); math.Abs(sd-0.5) > 0.01 || math.Abs(sum/n) > 0.01 {
		t.Errorf("noise has mean %v and deviation %v", sum/n, sd)
	}

	wrong := open(t, small+",standardize=none,label_noise=0.4")
	e := start(t, wrong)
	c, lc := draw(e, wrong.Info(), 400)
	different := 0
	for i := range a {
		for j := range a[i] {
			if a[i][j] != c[i][j] {
				t.Fatal("label noise changes inputs")
			}
		}
		if la[i] != lc[i] {
			different++
		}
	}
	// 0.4·400 = 160, standard deviation 10.
	if different < 130 || different > 190 {
		t.Errorf("%d of 400 labels are wrong, want about 160", different)
	}
	again, lagain := draw(e, wrong.Info(), 400)
	seen := map[string]int{}
	for i := range c {
		seen[string(bytesOf(c[i]))] = lc[i]
	}
	for i := range again {
		if l, ok := seen[string(bytesOf(again[i]))]; !ok || l != lagain[i] {
			t.Fatal("labels are not the same in the second pass")
		}
	}
}

func bytesOf(row []float32) []byte {
	var out []byte
	for _, v := range row {
		bits := math.Float32bits(v)
		out = append(out, byte(bits), byte(bits>>8), byte(bits>>16), byte(bits>>24))
	}
	return out
}

// constantModel always says the same class.
type constantModel struct{ out, class int }

func (c constantModel) Outputs(x *vec.Matrix) *vec.Matrix {
	y := vec.New(x.Rows, c.out)
	for i := range x.Rows {
		y.Row(i)[c.class] = 1
	}
	return y
}

// Who always says class 0 is right for one of ten in a class-incremental
// stream, for half of the samples of each part of a split one.
func TestStreamScores(t *testing.T) {
	for _, c := range []struct {
		stream string
		want   float64
	}{{"classes", 0.1}, {"split", 0.5}} {
		task := open(t, "glyphs:train=700,samples=1000,side=8,limit=400,val=200,test=1000,stream="+c.stream)
		e := start(t, task)
		got := e.Score(constantModel{task.Info().Out, 0}, tasks.Test).Accuracy
		// 1,000 samples: three standard errors are 0.03 and 0.05.
		if math.Abs(got-c.want) > 0.05 {
			t.Errorf("%s: accuracy %v of a constant answer", c.stream, got)
		}
		parts := e.(tasks.Parted).Parts(constantModel{task.Info().Out, 0}, tasks.Test)
		if len(parts) != 5 || c.stream == "classes" && (parts[0].Accuracy < 0.3 || parts[1].Accuracy != 0) {
			t.Errorf("%s: parts score %v", c.stream, parts)
		}
		if n := e.(tasks.Parted).PartSteps(); n != 80 {
			t.Errorf("%s: %d samples in a part of 400 in 5", c.stream, n)
		}
	}
}

func TestProtocolErrors(t *testing.T) {
	for text, want := range map[string]string{
		small + ",stream=split,parts=3":        "do not fall into 3 parts",
		small + ",stream=split,parts=10":       "leave nothing to tell apart",
		small + ",parts=3":                     "give stream as well",
		small + ",noise=-1":                    "number from 0",
		small + ",label_noise=2":               "number from 0 to 1",
		small + ",stream=classes,part_steps=0": "whole number",
	} {
		spec, err := tasks.ParseSpec(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tasks.Open(spec, tasks.Source{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
