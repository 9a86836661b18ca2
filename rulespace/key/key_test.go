package key

import (
	"math"
	"testing"
)

func TestChildrenDiffer(t *testing.T) {
	seen := map[Key]string{}
	for _, label := range []string{"a", "b", "ab", ""} {
		for i := range uint64(100) {
			k := Root(1).Child(label, i)
			if prev, ok := seen[k]; ok {
				t.Fatalf("%s/%d equals %s", label, i, prev)
			}
			seen[k] = label
		}
	}
	if Root(1) == Root(2) {
		t.Fatal("different seeds give one root")
	}
}

// The golden numbers pin the streams: a change here changes every result.
const golden = 6268581087685234095

func TestGolden(t *testing.T) {
	s := Root(20261122).Child("golden", 0).Stream()
	if got := s.Uint64(); got != golden {
		t.Errorf("first word %d, want %d", got, uint64(golden))
	}
}

func TestMoments(t *testing.T) {
	s := Root(7).Stream()
	const n = 200000
	var m, v, u float64
	for range n {
		x := s.Normal()
		m += x
		v += x * x
		u += s.Float64()
	}
	// Standard errors are 0.0022, 0.0032 and 0.00065; the bounds are five of them.
	if math.Abs(m/n) > 0.011 || math.Abs(v/n-1) > 0.016 || math.Abs(u/n-0.5) > 0.0033 {
		t.Errorf("mean %g, variance %g, uniform mean %g", m/n, v/n, u/n)
	}
}

func TestPermAndIntN(t *testing.T) {
	s := Root(3).Stream()
	count := make([]int, 6)
	p := make([]int, 3)
	const n = 60000
	for range n {
		s.Perm(p)
		count[p[0]*2+map[bool]int{p[1] > p[2]: 1}[true]]++
	}
	for i, c := range count { // binomial standard deviation 91; five of them
		if math.Abs(float64(c)-n/6) > 456 {
			t.Errorf("permutation %d drawn %d times of %d", i, c, n)
		}
	}
}
