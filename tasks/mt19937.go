package tasks

import (
	"math"

	"github.com/metaplast/metaplast/internal/fmath"
)

// mt19937 is the Mersenne Twister with the draws of numpy's legacy
// RandomState, which published data sets were made with.
//
// M. Matsumoto, T. Nishimura, ACM Trans. Model. Comput. Simul. 8:3 (1998).
type mt19937 struct {
	state [624]uint32
	next  int
	spare float64
	has   bool
}

func newMT19937(seed uint32) *mt19937 {
	m := &mt19937{next: 624}
	m.state[0] = seed
	for i := 1; i < len(m.state); i++ {
		p := m.state[i-1]
		m.state[i] = 1812433253*(p^p>>30) + uint32(i)
	}
	return m
}

func (m *mt19937) uint32() uint32 {
	if m.next == len(m.state) {
		for i := range m.state {
			y := m.state[i]&0x80000000 | m.state[(i+1)%624]&0x7fffffff
			v := m.state[(i+397)%624] ^ y>>1
			if y&1 == 1 {
				v ^= 0x9908b0df
			}
			m.state[i] = v
		}
		m.next = 0
	}
	y := m.state[m.next]
	m.next++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

// float64 returns a uniform number in [0, 1) with 53 random bits.
func (m *mt19937) float64() float64 {
	a, b := m.uint32()>>5, m.uint32()>>6
	return (float64(float64(a)*67108864) + float64(b)) / 9007199254740992
}

// normal is the polar method, which makes two numbers and keeps one.
func (m *mt19937) normal() float64 {
	if m.has {
		m.has = false
		return m.spare
	}
	for {
		x := float64(2*m.float64()) - 1
		y := float64(2*m.float64()) - 1
		r := float64(x*x) + float64(y*y)
		if r >= 1 || r == 0 {
			continue
		}
		f := math.Sqrt(-2 * fmath.Log(r) / r)
		m.spare, m.has = f*x, true
		return f * y
	}
}

// below returns a uniform integer in [0, n) by masking and rejection.
func (m *mt19937) below(n int) int {
	mask := uint32(n - 1)
	for s := 1; s < 32; s *= 2 {
		mask |= mask >> s
	}
	for {
		if v := m.uint32() & mask; v <= uint32(n-1) {
			return int(v)
		}
	}
}

func (m *mt19937) perm(n int) []int {
	p := make([]int, n)
	for i := range p {
		p[i] = i
	}
	for i := n - 1; i > 0; i-- {
		j := m.below(i + 1)
		p[i], p[j] = p[j], p[i]
	}
	return p
}
