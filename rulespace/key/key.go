// Package key derives every random number of a run from its seed.
//
// Keys form a tree: a child is the SHA-256 of its parent, a label and an
// index, so a random stream is addressed by what it is for
// ("eval", replicate 3, "data") and never by when it was asked for. That is
// what makes results independent of worker count and order of completion.
package key

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/rand/v2"

	"github.com/metaplast/metaplast/internal/fmath"
)

// Key is a node of the seed tree.
type Key [sha256.Size]byte

// Root returns the key of a seed.
func Root(seed uint64) Key { return Key{}.Child("metaplast", seed) }

// Child returns the key with the given label and index below k.
func (k Key) Child(label string, index uint64) Key {
	h := sha256.New()
	h.Write(k[:])
	var n [16]byte
	binary.LittleEndian.PutUint64(n[:8], uint64(len(label)))
	binary.LittleEndian.PutUint64(n[8:], index)
	h.Write(n[:])
	h.Write([]byte(label))
	var c Key
	h.Sum(c[:0])
	return c
}

// String returns the first 16 hexadecimal digits, enough to tell keys apart.
func (k Key) String() string { return hex.EncodeToString(k[:8]) }

// Stream returns a fresh random stream; two streams of one key are equal.
func (k Key) Stream() *Stream { return &Stream{src: rand.NewChaCha8(k)} }

// Stream is a sequence of random numbers. It is not safe for concurrent use.
type Stream struct {
	src   *rand.ChaCha8
	spare float64
	has   bool
}

// Uint64 returns 64 random bits.
func (s *Stream) Uint64() uint64 { return s.src.Uint64() }

// Float64 returns a uniform number in [0, 1) with 53 random bits.
func (s *Stream) Float64() float64 { return float64(float64(s.src.Uint64()>>11) * 0x1p-53) }

// Uniform returns a uniform number in [lo, hi).
func (s *Stream) Uniform(lo, hi float64) float64 {
	lo, hi = float64(lo), float64(hi) // bounds that are products, where this is inlined
	return lo + float64((hi-lo)*s.Float64())
}

// IntN returns a uniform integer in [0, n) without bias; n must be positive.
func (s *Stream) IntN(n int) int {
	m := uint64(n)
	limit := math.MaxUint64 - math.MaxUint64%m
	for {
		if v := s.src.Uint64(); v < limit {
			return int(v % m)
		}
	}
}

// Normal returns a standard normal number (Marsaglia's polar method).
func (s *Stream) Normal() float64 {
	if s.has {
		s.has = false
		return s.spare
	}
	for {
		x := s.Uniform(-1, 1)
		y := s.Uniform(-1, 1)
		r := float64(x*x) + float64(y*y)
		if r >= 1 || r == 0 {
			continue
		}
		f := math.Sqrt(-2 * fmath.Log(r) / r)
		s.spare, s.has = x*f, true
		return y * f
	}
}

// Perm fills p with a random permutation of 0..len(p)-1.
func (s *Stream) Perm(p []int) {
	for i := range p {
		p[i] = i
	}
	for i := len(p) - 1; i > 0; i-- {
		j := s.IntN(i + 1)
		p[i], p[j] = p[j], p[i]
	}
}
