package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"

	"github.com/metaplast/metaplast/internal/fmath"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace/key"
)

// numerics is a digest of what the arithmetic of this build gives. It is the
// same on every machine; a run made with another one is not continued, since
// that would mix two kinds of results. That of other than strict numerics says
// so.
func numerics() string {
	h := sha256.New()
	put := func(bits uint64) {
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], bits)
		h.Write(b[:])
	}
	put32 := func(x float32) { put(uint64(math.Float32bits(x))) }
	put64 := func(x float64) { put(math.Float64bits(x)) }
	rng := key.Root(0).Child("numerics", 0).Stream()
	for range 200 {
		x := rng.Normal() * 10
		for _, f := range []func(float64) float64{fmath.Exp, fmath.Tanh, fmath.Sigmoid, fmath.Log1pExp} {
			put64(f(x))
		}
		put64(fmath.Log(math.Abs(x)))
		for _, f := range []func(float32) float32{fmath.Exp32, fmath.Tanh32, fmath.Sigmoid32, fmath.Log1pExp32} {
			put32(f(float32(x)))
		}
		put32(fmath.Log32(fmath.Abs32(float32(x))))
	}
	fill := func(rows, cols int) *vec.Matrix {
		m := vec.New(rows, cols)
		for i := range rows {
			for j := range m.Row(i) {
				m.Row(i)[j] = float32(rng.Normal())
			}
		}
		return m
	}
	a, b, c := fill(7, 53), fill(53, 37), fill(7, 37)
	forward, backward, update := vec.New(7, 37), vec.New(7, 53), vec.New(53, 37)
	vec.Mul(forward, a, b)
	vec.MulTB(backward, c, b)
	vec.MulTA(update, a, c)
	for _, m := range []*vec.Matrix{forward, backward, update} {
		for i := range m.Rows {
			for _, x := range m.Row(i) {
				put32(x)
			}
			put32(vec.Sum(m.Row(i)))
			put32(vec.Dot(m.Row(i), m.Row(0)))
		}
	}
	digest := hex.EncodeToString(h.Sum(nil)[:8])
	if mode := vec.Numerics(); mode != "strict" {
		return mode + "-" + digest
	}
	return digest
}
