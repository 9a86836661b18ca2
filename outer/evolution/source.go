package evolution

import (
	"math/rand"

	"github.com/metaplast/metaplast/rulespace/key"
)

// source lets eaopt draw from a key's stream.
type source struct{ stream *key.Stream }

func (s source) Uint64() uint64 { return s.stream.Uint64() }
func (s source) Int63() int64   { return int64(s.stream.Uint64() >> 1) }

// Seed implements rand.Source; the key is the seed.
func (s source) Seed(int64) { panic("evolution: a keyed stream cannot be seeded") }

func newRand(s *key.Stream) *rand.Rand { return rand.New(source{s}) }
