package tasks_test

import (
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/metaplast/metaplast/tasks"
	"github.com/metaplast/metaplast/tasks/taskstest"
)

// tolerance is that of the published set's description; ours differ from it
// by rounding in another order, at most about 1e-13.
const tolerance = 1e-9

// The vectors come with the description of the generator.
func TestMNIST1DVectors(t *testing.T) {
	data, err := os.ReadFile("testdata/mnist1d-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Words      []uint32    `json:"mt19937_seed42_first_u32"`
		Uniform    []float64   `json:"mt19937_seed42_first_rand"`
		Normal     []float64   `json:"mt19937_seed42_first_gauss"`
		Below48    []int       `json:"mt19937_seed42_first_below48"`
		Perm       []int       `json:"mt19937_seed42_permutation10"`
		Templates  [][]float64 `json:"templates_after_scaling"`
		Kernel     []float64   `json:"gaussian_kernel_17"`
		FirstRow   []float64   `json:"first_row_after_everything_x0"`
		Labels     []int32     `json:"first_labels"`
		TestLabels []int32     `json:"first_test_labels"`
		Sample     struct {
			Final []float64 `json:"final40_before_standardising"`
		} `json:"sample0_class0"`
	}
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	near := func(name string, got, want []float64, tolerance float64) {
		t.Helper()
		if len(got) != len(want) || len(want) == 0 {
			t.Fatalf("%s: %d numbers, want %d", name, len(got), len(want))
		}
		for i := range got {
			if !(math.Abs(got[i]-want[i]) <= tolerance) {
				t.Errorf("%s[%d] = %v, want %v", name, i, got[i], want[i])
			}
		}
	}
	r := tasks.NewMT19937(42)
	for i, want := range v.Words {
		if got := r.Word(); got != want {
			t.Errorf("word %d is %d, want %d", i, got, want)
		}
	}
	draw := func(n int, f func(tasks.MT19937) float64) []float64 {
		r, out := tasks.NewMT19937(42), make([]float64, n)
		for i := range out {
			out[i] = f(r)
		}
		return out
	}
	near("uniform", draw(len(v.Uniform), tasks.MT19937.Uniform), v.Uniform, 0)
	near("normal", draw(len(v.Normal), tasks.MT19937.Normal), v.Normal, 1e-15)
	r = tasks.NewMT19937(42)
	for i, want := range v.Below48 {
		if got := r.Below(48); got != want {
			t.Errorf("integer %d below 48 is %d, want %d", i, got, want)
		}
	}
	for i, got := range tasks.NewMT19937(42).Perm(10) {
		if got != v.Perm[i] {
			t.Errorf("element %d of the permutation is %d, want %d", i, got, v.Perm[i])
		}
	}
	templates, kernel, first := tasks.MNIST1DStages(42)
	for c, want := range v.Templates {
		near("template", templates[c], want, 1e-14)
	}
	near("kernel", kernel, v.Kernel, 1e-15)
	near("first example", first, v.Sample.Final, 1e-13)
	x, labels := tasks.GenerateMNIST1D(42, false)
	near("first row", x[:40], v.FirstRow, tolerance)
	for i, want := range v.Labels {
		if labels[i] != want {
			t.Errorf("label %d is %d, want %d", i, labels[i], want)
		}
	}
	for i, want := range v.TestLabels {
		if labels[4000+i] != want {
			t.Errorf("test label %d is %d, want %d", i, labels[4000+i], want)
		}
	}
}

func TestMNIST1DFrozenSet(t *testing.T) {
	dir := filepath.Join(taskstest.Data(t), "mnist1d")
	x, labels := tasks.GenerateMNIST1D(42, false)
	at, worst := 0, 0.0
	for _, name := range []string{"x-train-4000x40.f64le.gz", "x-test-1000x40.f64le.gz"} {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		for ; len(raw) > 0; raw = raw[8:] {
			want := math.Float64frombits(binary.LittleEndian.Uint64(raw))
			worst = max(worst, math.Abs(x[at]-want))
			at++
		}
	}
	if at != len(x) || !(worst <= tolerance) {
		t.Errorf("%d values of %d, off by up to %g", at, len(x), worst)
	}
	at = 0
	for _, name := range []string{"y-train.idx1-ubyte", "y-test.idx1-ubyte"} {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range raw[8:] {
			if labels[at] != int32(want) {
				t.Fatalf("label %d is %d, want %d", at, labels[at], want)
			}
			at++
		}
	}
	if at != len(labels) {
		t.Errorf("%d labels of %d", at, len(labels))
	}
}

// The shuffled variant holds the same values in another order of the points.
func TestMNIST1DShuffled(t *testing.T) {
	a, _ := tasks.GenerateMNIST1D(42, false)
	b, _ := tasks.GenerateMNIST1D(42, true)
	from := make([]int, 40)
	for j := range from {
		from[j] = -1
		for k := range 40 {
			if math.Abs(b[j]-a[k]) < 1e-9 {
				from[j] = k
			}
		}
		if from[j] < 0 {
			t.Fatalf("point %d comes from nowhere", j)
		}
	}
	moved := 0
	for i := 0; i < len(a); i += 40 {
		for j, k := range from {
			if math.Abs(b[i+j]-a[i+k]) > 1e-9 {
				t.Fatalf("signal %d has another order", i/40)
			}
		}
	}
	for j, k := range from {
		if j != k {
			moved++
		}
	}
	if moved < 20 {
		t.Errorf("only %d points moved", moved)
	}
}
