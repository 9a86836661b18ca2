package tasks

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"slices"
	"testing"

	"github.com/metaplast/metaplast/internal/fmath"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace/key"
)

// linear is y = W·x + b with W[o] one row per output.
type linear struct {
	w    [][]float64
	bias float64
}

func (m linear) Outputs(x *vec.Matrix) *vec.Matrix {
	y := vec.New(x.Rows, len(m.w))
	for i := range x.Rows {
		for o, w := range m.w {
			v := m.bias
			for j, f := range x.Row(i) {
				v += w[j] * float64(f)
			}
			y.Row(i)[o] = float32(v)
		}
	}
	return y
}

func TestOrthonormal(t *testing.T) {
	q := orthonormal(key.Root(1).Stream(), 20, 30)
	for i, u := range q {
		for j, v := range q[:i+1] {
			want := 0.0
			if i == j {
				want = 1
			}
			if got := dot(u, v); math.Abs(got-want) > 1e-14 {
				t.Errorf("product of vectors %d and %d is %g", i, j, got)
			}
		}
	}
}

// The sample covariance must have the axes and variances that Score holds
// against a model; power iteration finds them anew.
func TestPCAMeasuresThePrincipalComponents(t *testing.T) {
	task := mustOpen(t, "pca:dims=4,units=2")
	seen := map[float64]bool{}
	for l := range uint64(12) {
		ep, err := task.Start(key.Root(2).Child("life", l))
		if err != nil {
			t.Fatal(err)
		}
		e := ep.(*pcaEpisode)
		seen[math.Round(e.sd[0]*e.sd[0]*100)] = true
		for i := 1; i < 4; i++ {
			if r := e.sd[i] * e.sd[i] / (e.sd[i-1] * e.sd[i-1]); r < 0.4-1e-12 || r > 0.6+1e-12 {
				t.Errorf("variance %d is %g of the one before", i, r)
			}
		}
		if l > 1 {
			continue
		}
		const n = 40000
		var c [4][4]float64
		b := NewBatch(task.Info(), 100)
		for range n / 100 {
			e.Next(b)
			for r := range b.N {
				x := b.X.Row(r)
				for i := range 4 {
					for j := range 4 {
						c[i][j] += float64(x[i]) * float64(x[j]) / n
					}
				}
			}
		}
		pc := make([][]float64, 2)
		for i := range pc {
			v := []float64{1, 0.5, -0.3, 0.2}
			var size float64
			for range 500 {
				u := make([]float64, 4)
				for a := range 4 {
					u[a] = dot(c[a][:], v)
				}
				for _, p := range pc[:i] {
					d := dot(u, p)
					for a := range u {
						u[a] -= d * p[a]
					}
				}
				size = math.Sqrt(dot(u, u))
				for a := range u {
					v[a] = u[a] / size
				}
			}
			pc[i] = v
			if want := e.sd[i] * e.sd[i]; math.Abs(size/want-1) > 0.05 { // standard error √(2/n) = 0.7 %
				t.Errorf("variance along component %d is %g, want %g", i, size, want)
			}
		}
		// The sample's components lie within an angle² of about λ1λ2/(n·gap²) ≈ 1e-4.
		if got := e.Score(linear{w: pc, bias: 3}, Test); got.Value < 0.998 {
			t.Errorf("components of a large sample score %+v", got)
		}
		swapped := linear{w: [][]float64{pc[1], pc[0]}}
		if got := e.Score(swapped, Test); got.Raw > 0.01 {
			t.Errorf("components in the wrong order score %+v", got)
		}
	}
	if !seen[50] || !seen[100] || !seen[200] || len(seen) != 3 {
		t.Errorf("scales %v; want 0.5, 1 and 2", seen)
	}
}

// Closed form: cos² − (|w|−1)² for w = r·(cos a·PC1 + sin a·PC2).
func TestPCAScore(t *testing.T) {
	task := mustOpen(t, "pca:dims=8")
	ep, err := task.Start(key.Root(3))
	if err != nil {
		t.Fatal(err)
	}
	e := ep.(*pcaEpisode)
	for _, c := range []struct{ r, cos, want float64 }{
		{1, 1, 1}, {-1, 1, 1}, {1, 0, 0}, {1.5, 1, 0.75}, {0.5, 0.6, 0.11}, {3, 1, -1}, {0, 1, -1},
	} {
		w, sin := make([]float64, 8), math.Sqrt(1-c.cos*c.cos)
		for j := range w {
			w[j] = c.r * (c.cos*e.axes[0][j] + sin*e.axes[1][j])
		}
		got := e.Score(linear{w: [][]float64{w}}, Validation)
		value := max((c.want-0.125)/0.875, -1)
		if math.Abs(got.Raw-c.want) > 1e-6 || math.Abs(got.Value-value) > 1e-6 { // float32 outputs
			t.Errorf("|w|=%g, cos=%g: %+v, want %g", c.r, c.cos, got, c.want)
		}
	}
}

// The teacher itself scores 1, however the inputs are correlated; the best
// guess without inputs scores 0.
func TestRegressionTeacher(t *testing.T) {
	task := mustOpen(t, "regression:dims=6,outputs=2,cond=100,noise=0.5")
	ep, err := task.Start(key.Root(4))
	if err != nil {
		t.Fatal(err)
	}
	e := ep.(*regressionEpisode)
	w := make([][]float64, 2)
	for o := range w {
		w[o] = make([]float64, 6)
		for k, a := range e.axes { // y = Σ_k teacher_k · (axis_k·x)/sd_k
			for j := range a {
				w[o][j] += e.teacher[o][k] * a[j] / e.sd[k]
			}
		}
	}
	for _, s := range []Split{Train, Validation, Test} {
		if got := e.Score(linear{w: w}, s); got.Value < 1-1e-9 || got.Loss > 1e-9 {
			t.Errorf("the teacher scores %+v on %v", got, s)
		}
	}
	if r := e.sd[0] / e.sd[5]; math.Abs(r*r-100) > 1e-9 {
		t.Errorf("condition number %g", r*r)
	}
	// Clean targets have variance 1, training targets noise of 0.5 on top.
	b := NewBatch(task.Info(), 1000)
	var sum, n, power float64
	for range 20 {
		e.Next(b)
		y := linear{w: w}.Outputs(b.X)
		for i := range b.N {
			for o := range 2 {
				d := float64(b.Y.Row(i)[o]) - float64(y.Row(i)[o])
				sum += d * d
				power += float64(y.Row(i)[o]) * float64(y.Row(i)[o])
				n++
			}
		}
	}
	if math.Abs(sum/n-0.25) > 0.01 || math.Abs(power/n-1) > 0.04 { // standard errors 0.0018 and 0.007
		t.Errorf("noise %g, power %g", sum/n, power/n)
	}
}

// Hebb's rule at rate 1 from zero weights recalls every pair exactly.
func TestHeteroIsHebbs(t *testing.T) {
	task := mustOpen(t, "hetero")
	info := task.Info()
	e, err := task.Start(key.Root(5))
	if err != nil {
		t.Fatal(err)
	}
	w := make([][]float64, info.Out)
	for o := range w {
		w[o] = make([]float64, info.In)
	}
	b := NewBatch(info, 1)
	for range info.Steps {
		e.Next(b)
		for o, y := range b.Y.Row(0) {
			for j, x := range b.X.Row(0) {
				w[o][j] += float64(x) * float64(y)
			}
		}
	}
	if info.Steps != 10 {
		t.Errorf("%d steps", info.Steps)
	}
	if got := e.Score(linear{w: w}, Validation); math.Abs(got.Value-1) > 1e-10 {
		t.Errorf("%+v", got)
	}
}

// A linear model stays at chance on parity, the product of two bits does not.
func TestXOR(t *testing.T) {
	e, err := mustOpen(t, "xor").Start(key.Root(6))
	if err != nil {
		t.Fatal(err)
	}
	if got := e.Score(linear{w: [][]float64{{1, 2}, {-1, 1}}}, Test); math.Abs(got.Value) > 0.13 && got.Value > 0 { // four standard errors
		t.Errorf("a linear model scores %+v", got)
	}
	if got := e.Score(product{}, Test); got.Value != 1 { // noise of 0.1 on ±1
		t.Errorf("the product scores %+v", got)
	}
}

type product struct{}

func (product) Outputs(x *vec.Matrix) *vec.Matrix {
	y := vec.New(x.Rows, 2)
	for i := range x.Rows {
		y.Row(i)[0] = x.Row(i)[0] * x.Row(i)[1]
	}
	return y
}

// glyphDigest pins the set: a change here changes every result on glyphs.
const glyphDigest = "31a56d66ef45f908"

func TestGlyphsAreTheSameEverywhere(t *testing.T) {
	g := newGlyphMaker()
	p := g.part(key.Root(1).Child("glyphs/train", 0), 50)
	sum := sha256.Sum256(p.x.bytes)
	if got := hex.EncodeToString(sum[:8]); got != glyphDigest {
		t.Errorf("digest %s, want %s", got, glyphDigest)
	}
	// Image i does not depend on how many are made.
	if q := g.part(key.Root(1).Child("glyphs/train", 0), 20); !slices.Equal(q.x.bytes, p.x.bytes[:len(q.x.bytes)]) {
		t.Error("a smaller set has other images")
	}
}

// The ink of a mask is the area of its outline (shoelace formula), which
// the winding rule, the scan lines and the blur must conserve.
func TestMaskArea(t *testing.T) {
	square := func(a, b float64) [][2]point {
		return [][2]point{{{a, a}, {b, a}}, {{b, a}, {b, b}}, {{b, b}, {a, b}}, {{a, b}, {a, a}}}
	}
	total := func(edges [][2]point) (sum float64) {
		for _, v := range renderMask(edges).ink {
			sum += v
		}
		return sum
	}
	hole := square(40.5, 50)
	for i, e := range hole {
		hole[i] = [2]point{e[1], e[0]}
	}
	for _, c := range []struct {
		name  string
		edges [][2]point
		want  float64
	}{
		{"square", square(30, 60), 900},
		{"between grid points", square(30.5, 60.25), 29.75 * 29.75},
		{"with a hole", append(square(30, 60), hole...), 900 - 9.5*9.5},
		{"overlap", append(square(30, 60), square(40, 50)...), 900},
		{"triangle", [][2]point{{{20, 20}, {80, 20}}, {{80, 20}, {20, 80}}, {{20, 80}, {20, 20}}}, 1800},
	} {
		// Scan lines between the corners integrate straight edges exactly.
		if got := total(c.edges); math.Abs(got-c.want) > 1e-9*c.want {
			t.Errorf("%s: area %g, want %g", c.name, got, c.want)
		}
	}
}

// A linear classifier learns glyphs to some 80 %, so the set is neither
// trivial nor hopeless; without hidden units it stays there.
func TestGlyphsAreLearnable(t *testing.T) {
	if testing.Short() {
		t.Skip("trains a classifier")
	}
	task := mustOpen(t, "glyphs:train=4000,samples=500,side=14,val=0")
	info := task.Info()
	e, err := task.Start(key.Root(7))
	if err != nil {
		t.Fatal(err)
	}
	w := make([][]float64, info.Out)
	for o := range w {
		w[o] = make([]float64, info.In)
	}
	b, p := NewBatch(info, 1), make([]float64, info.Out)
	const epochs = 8
	for range epochs * info.TrainSize {
		e.Next(b)
		var sum float64
		for o := range w {
			p[o] = 0
			for j, x := range b.X.Row(0) {
				p[o] += w[o][j] * float64(x)
			}
			p[o] = fmath.Exp(p[o])
			sum += p[o]
		}
		for o := range w {
			d := 0.05 * (float64(b.Y.Row(0)[o]) - p[o]/sum)
			for j, x := range b.X.Row(0) {
				w[o][j] += d * float64(x)
			}
		}
	}
	if got := e.Score(linear{w: w}, Test); got.Accuracy < 0.7 || got.Accuracy > 0.95 {
		t.Errorf("a linear classifier gets %+v", got)
	}
}

// The digests pin the bits of what is generated on every machine; a change
// here changes every result on that task.
func TestGeneratedBits(t *testing.T) {
	for text, want := range map[string]string{ // made here, equal with and without fused instructions and on 386
		"pca":                          "54fdec776cda816f",
		"hetero":                       "7076edd9821fe2c5",
		"regression:dims=12,outputs=2": "f32a4fac06c1952a",
		"xor:bits=3":                   "7ccd0af95f6e9c9d",
		"selectivity":                  "bb6722c995887e6e",
		"outliers":                     "ef7506a4c63c4e84",
		"mnist1d":                      "8c404d2bb55ffaeb",
		"mnist1d:standardize=feature":  "9d790e352b826d92",
		"glyphs:train=60,samples=10":   "5e67096f4b4d7515",
		"glyphs:train=60,samples=10,side=9,standardize=global": "94ddea037b644acc",
	} {
		task := mustOpen(t, text)
		e, err := task.Start(key.Root(8))
		if err != nil {
			t.Fatal(err)
		}
		h := sha256.New()
		b := NewBatch(task.Info(), 1)
		for range 40 {
			e.Next(b)
			for _, m := range []*vec.Matrix{b.X, b.Y} {
				if m == nil {
					continue
				}
				for _, v := range m.Row(0) {
					h.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
				}
			}
		}
		w := make([][]float64, task.Info().Out)
		for o := range w {
			w[o] = make([]float64, task.Info().In)
			for j := range w[o] {
				w[o][j] = float64((o*7+j*3)%11)/8 - 0.5
			}
		}
		for _, s := range []Split{Train, Validation, Test} {
			score := e.Score(exact{w}, s)
			h.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(score.Value)))
			if !math.IsNaN(score.Loss) {
				h.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(score.Loss)))
			}
		}
		if got := hex.EncodeToString(h.Sum(nil)[:8]); got != want {
			t.Errorf("%q: %q,", text, got)
		}
	}
}

// exact is a linear model with rounded arithmetic.
type exact struct{ w [][]float64 }

func (m exact) Outputs(x *vec.Matrix) *vec.Matrix {
	y := vec.New(x.Rows, len(m.w))
	for i := range x.Rows {
		for o, w := range m.w {
			var v float64
			for j, f := range x.Row(i) {
				v += float64(w[j] * float64(f))
			}
			y.Row(i)[o] = float32(v)
		}
	}
	return y
}
