package tasks

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace/key"
)

// The area average against painting both grids on a common one, on which
// every pixel of either is a whole number of cells.
func TestResize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, w := rapid.IntRange(1, 9).Draw(t, "h"), rapid.IntRange(1, 9).Draw(t, "w")
		side := rapid.IntRange(1, min(h, w)).Draw(t, "side")
		pixels := rapid.SliceOfN(rapid.Byte(), h*w, h*w).Draw(t, "pixels")
		sum := make([]int, side*side)
		for y := range h * side {
			for x := range w * side {
				sum[y/h*side+x/w] += int(pixels[y/side*w+x/side])
			}
		}
		tab := byteTable(1, h*w, pixels)
		tab.resize(h, w, side)
		for i, s := range sum {
			if want := float32(float64(s) / float64(h*w)); tab.floats[i] != want {
				t.Fatalf("pixel %d is %v, want %v", i, tab.floats[i], want)
			}
		}
	})
}

func TestStandardize(t *testing.T) {
	make := func() *dataset {
		d := &dataset{pixels: true, classes: 2, chance: 0.5}
		d.train = part{x: byteTable(3, 2, []byte{0, 51, 102, 51, 204, 51}), labels: []int32{0, 1, 0}}
		d.test = part{x: byteTable(1, 2, []byte{255, 52}), labels: []int32{1}}
		return d
	}
	mean, sd := 76.5, math.Sqrt((76.5*76.5+25.5*25.5*4+127.5*127.5)/6)
	columnSD := math.Sqrt((102.0*102 + 102*102) / 3)
	for how, want := range map[string][2][]float64{
		"none":    {{0, 51, 102, 51, 204, 51}, {255, 52}},
		"unit":    {{0, 0.2, 0.4, 0.2, 0.8, 0.2}, {1, 52 / 255.0}},
		"global":  {{-mean / sd, (51 - mean) / sd, (102 - mean) / sd, (51 - mean) / sd, (204 - mean) / sd, (51 - mean) / sd}, {(255 - mean) / sd, (52 - mean) / sd}},
		"feature": {{-102 / columnSD, 0, 0, 0, 102 / columnSD, 0}, {153 / columnSD, 1}}, // a constant is only centred
	} {
		d := make()
		d.standardize(how)
		for p, tab := range []*table{&d.train.x, &d.test.x} {
			for i, v := range want[p] {
				if got := tab.at(i/2, i%2); math.Abs(got-v) > 1e-6 { // float32 values up to 255
					t.Errorf("%s: part %d value %d is %v, want %v", how, p, i, got, v)
				}
			}
		}
	}
	d := make()
	d.pixels = false
	d.train.x.toFloats()
	d.test.x.toFloats()
	d.standardize("unit") // of floats: least and greatest of the training part
	if d.train.x.floats[4] != 1 || d.test.x.floats[0] != 1.25 {
		t.Errorf("unit of floats: %v, %v", d.train.x.floats, d.test.x.floats)
	}
}

// The samples of lives with limit are uniform over all training samples, and
// each position of an epoch is uniform over the samples of the life.
func TestOrderIsUniform(t *testing.T) {
	d := &dataset{classes: 2, chance: 0.5}
	const n, val, limit, lives = 12, 3, 5, 6000
	f := make([]float32, n)
	for i := range f {
		f[i] = float32(i)
	}
	d.train = part{x: table{n: n, d: 1, floats: f}, labels: make([]int32, n)}
	d.test = d.train
	s := &set{load: func() *dataset { return d }, validation: val, size: limit, test: n,
		info: Info{Kind: Classification, In: 1, Out: 2, TrainSize: limit, Ceiling: 1}}
	var first, last, held [n]int
	b := NewBatch(s.info, limit)
	for l := range uint64(lives) {
		e, err := s.Start(key.Root(1).Child("life", l))
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range e.(*setEpisode).held {
			held[i]++
		}
		e.Next(b)
		first[int(b.X.Row(0)[0])]++
		e.Next(b) // the second epoch
		last[int(b.X.Row(limit - 1)[0])]++
	}
	for i := range n { // binomial standard deviations 21, 21 and 34; five of them
		if math.Abs(float64(first[i])-lives/n) > 106 || math.Abs(float64(last[i])-lives/n) > 106 || math.Abs(float64(held[i])-lives*val/n) > 168 {
			t.Errorf("sample %d: %d times first, %d times last, %d times held", i, first[i], last[i], held[i])
		}
	}
}

// outputs replays rows of outputs.
type outputs [][]float32

func (o outputs) Outputs(x *vec.Matrix) *vec.Matrix {
	y := vec.New(x.Rows, len(o[0]))
	for i := range x.Rows {
		copy(y.Row(i), o[int(x.Row(i)[0])])
	}
	return y
}

func TestAccuracyAndLoss(t *testing.T) {
	info := Info{In: 1, Out: 3, Chance: 0.25, Ceiling: 0.75}
	index := func(i int, x []float32) { x[0] = float32(i) }
	for _, c := range []struct {
		name   string
		out    outputs
		labels []int
		want   Score
	}{
		{"probabilities", outputs{{0.5, 0.25, 0.25}, {0.25, 0.25, 0.5}}, []int{0, 1},
			Score{Value: 0.5, Raw: 0.5, Accuracy: 0.5, Loss: (math.Ln2 + math.Log(4)) / 2}},
		{"sure and wrong", outputs{{1, 0, 0}, {0, 1, 0}}, []int{0, 0}, Score{Value: 0.5, Raw: 0.5, Accuracy: 0.5, Loss: 126 * math.Ln2 / 2}},
		{"other outputs", outputs{{2, 1, -1}, {0, 0, 0}}, []int{0, 0}, // ties go to the first
			Score{Value: 1.5, Raw: 1, Accuracy: 1, Loss: ((1+1+1)/2.0 + 0.5) / 2}},
		{"not finite", outputs{{float32(math.Inf(1)), 0, 0}, {1, 0, 0}}, []int{0, 0},
			Score{Value: 0.5, Raw: 0.5, Accuracy: 0.5, Loss: math.Inf(1)}},
	} {
		var k chunk
		got := k.accuracy(c.out, info, len(c.out), index, func(i int) int { return c.labels[i] })
		for _, v := range [][2]float64{{got.Value, c.want.Value}, {got.Raw, c.want.Raw}, {got.Accuracy, c.want.Accuracy}, {got.Loss, c.want.Loss}} {
			if v[0] != v[1] && !(math.Abs(v[0]-v[1]) < 1e-12) {
				t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
				break
			}
		}
	}
}

func TestExplained(t *testing.T) {
	info := Info{In: 1, Out: 2, Ceiling: 1}
	index := func(i int, x []float32) { x[0] = float32(i) }
	targets := [][]float32{{1, 0}, {3, 4}, {5, 8}} // variance 8/3 + 32/3
	for _, c := range []struct {
		out  outputs
		want float64
		loss float64
	}{
		{outputs(targets), 1, 0},
		{outputs{{3, 4}, {3, 4}, {3, 4}}, 0, 0.5 * 40 / 3},
		{outputs{{1, 0}, {3, 4}, {5, 6}}, 1 - 4.0/40, 0.5 * 4 / 3},
		{outputs{{1000, 0}, {3, 4}, {5, 8}}, -1, 0.5 * 999 * 999 / 3},
	} {
		var k chunk
		got := k.explained(c.out, info, 3, index, func(i int, y []float32) { copy(y, targets[i]) })
		if math.Abs(got.Value-c.want) > 1e-12 || math.Abs(got.Loss-c.loss) > 1e-9 || !math.IsNaN(got.Accuracy) {
			t.Errorf("%+v, want %v with loss %v", got, c.want, c.loss)
		}
	}
}
