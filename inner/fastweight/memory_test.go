package fastweight_test

import (
	"math"
	"testing"

	"github.com/metaplast/metaplast/inner/fastweight"
	"github.com/metaplast/metaplast/rulespace/key"
)

func normals(s *key.Stream, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = s.Normal()
	}
	return x
}

func product(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// What fast weights return is attention over the pairs written so far, without
// its softmax: Σ_s v_s·(k_s·q).
func TestLinearAttention(t *testing.T) {
	const keys, values, steps = 7, 4, 50
	s := key.Root(1).Stream()
	m := fastweight.NewMemory(keys, values)
	var ks, vs [][]float64
	got := make([]float64, values)
	for range steps {
		k, v, q := normals(s, keys), normals(s, values), normals(s, keys)
		ks, vs = append(ks, k), append(vs, v)
		m.Add(k, v)
		m.Read(got, q)
		for i := range got {
			want := 0.0
			for n := range ks {
				want += vs[n][i] * product(ks[n], q)
			}
			if math.Abs(got[i]-want) > 1e-10 {
				t.Fatalf("%v, want %v", got[i], want)
			}
		}
	}
	m.Reset()
	if m.Read(got, ks[0]); product(got, got) != 0 {
		t.Error("an empty memory remembers")
	}
}

// The delta form is attention too, over values from which what their keys
// already read has been taken off; with unit keys the last value is read back
// exactly.
func TestDeltaAttention(t *testing.T) {
	const keys, values, steps = 6, 3, 40
	s := key.Root(2).Stream()
	m := fastweight.NewMemory(keys, values)
	var ks, new [][]float64
	got := make([]float64, values)
	for n := range steps {
		k, v, q := normals(s, keys), normals(s, values), normals(s, keys)
		length := math.Sqrt(product(k, k))
		for j := range k {
			k[j] /= length
		}
		rate := s.Uniform(0, 1)
		if n%2 == 0 {
			rate = 1
		}
		fresh := make([]float64, values)
		for i := range fresh {
			known := 0.0
			for p := range ks {
				known += new[p][i] * product(ks[p], k)
			}
			fresh[i] = rate * (v[i] - known)
		}
		ks, new = append(ks, k), append(new, fresh)
		m.Replace(k, v, rate)
		if m.Read(got, k); rate == 1 && math.Abs(got[0]-v[0]) > 1e-12 {
			t.Errorf("what was written reads %v, not %v", got[0], v[0])
		}
		m.Read(got, q)
		for i := range got {
			want := 0.0
			for p := range ks {
				want += new[p][i] * product(ks[p], q)
			}
			if math.Abs(got[i]-want) > 1e-10 {
				t.Fatalf("step %d: %v, want %v", n, got[i], want)
			}
		}
	}
}

// A self-referential matrix is what its equations say, in plain loops.
func TestSelfReferential(t *testing.T) {
	const in, out = 4, 3
	rows := out + 2*in + 1
	s := key.Root(3).Stream()
	start := normals(s, fastweight.StartSize(in, out))
	m := fastweight.NewSelfReferential(in, out, start)
	w := append([]float64(nil), start...)
	times := func(x []float64) []float64 { // W·softmax(x)
		sum := 0.0
		for _, v := range x {
			sum += math.Exp(v)
		}
		y := make([]float64, rows)
		for i := range y {
			for j, v := range x {
				y[i] += w[i*in+j] * math.Exp(v) / sum
			}
		}
		return y
	}
	var first []float64
	for step := range 30 {
		x := normals(s, in)
		if step == 0 {
			first = x
		}
		got := m.Step(x)
		y := times(x)
		for i, v := range got {
			if math.Abs(v-y[i]) > 1e-10 {
				t.Fatalf("step %d: output %v, want %v", step, v, y[i])
			}
		}
		q, k := y[out:out+in], y[out+in:out+2*in]
		value, known := times(q), times(k)
		rate := 1 / (1 + math.Exp(-y[rows-1]))
		sum := 0.0
		for _, v := range k {
			sum += math.Exp(v)
		}
		for i := range rows {
			for j := range in {
				w[i*in+j] += rate * (value[i] - known[i]) * math.Exp(k[j]) / sum
			}
		}
	}
	m.Reset()
	copy(w, start)
	if got := m.Step(first)[0]; math.Abs(got-times(first)[0]) > 1e-12 {
		t.Error("an episode does not begin at the start")
	}
}
