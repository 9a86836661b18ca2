package fastweight

import "github.com/metaplast/metaplast/internal/fmath"

// Memory is a matrix of fast weights that is written and read by keys. Written
// by Add it is linear attention: what it returns for a query q after writing
// (k_s, v_s) is Σ_s v_s·(k_s·q), without keeping the pairs. As rules these are
// supervised Hebb and the delta rule, with v as the teacher.
//
// I. Schlag, K. Irie, J. Schmidhuber, ICML (2021).
type Memory struct {
	keys, values int
	w            []float64 // a row for each value
}

// NewMemory returns an empty memory.
func NewMemory(keys, values int) *Memory {
	return &Memory{keys, values, make([]float64, keys*values)}
}

// Reset empties the memory.
func (m *Memory) Reset() { clear(m.w) }

// Add writes a pair on top of what is there.
//
//	W ← W + v·kᵀ
func (m *Memory) Add(key, value []float64) {
	for i, v := range value {
		row := m.row(i)
		for j, k := range key {
			row[j] += float64(v * k)
		}
	}
}

// Replace writes a pair in place of what the key reads so far, to the degree
// of rate; wholly at 1 for keys of length 1.
//
//	W ← W + β·(v − W·k)·kᵀ
func (m *Memory) Replace(key, value []float64, rate float64) {
	for i, v := range value {
		row := m.row(i)
		change := rate * (v - dot(row, key))
		for j, k := range key {
			row[j] += float64(change * k)
		}
	}
}

// Read sets out to what is stored for a query.
func (m *Memory) Read(out, query []float64) {
	for i := range out {
		out[i] = dot(m.row(i), query)
	}
}

func (m *Memory) row(i int) []float64 { return m.w[i*m.keys : (i+1)*m.keys] }

func dot(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += float64(v * b[i])
	}
	return sum
}

// SelfReferential is a self-referential weight matrix: one matrix computes the
// output and a query, a key and a rate with which it replaces its own weights.
//
//	(y, q, k, b) = W·φ(x)
//	W ← W + σ(b)·(W·φ(q) − W·φ(k))·φ(k)ᵀ
//
//	x, y   input and output
//	φ      softmax
//	σ      logistic function
//
// Outputs are those of the weights before the step's change. Its start, W(0),
// is what an outer loop learns.
//
// K. Irie, I. Schlag, R. Csordás, J. Schmidhuber, ICML (2022). There the rate
// may have an entry for each of the four parts; here it is one for all.
type SelfReferential struct {
	in, out int
	start   []float64 // W(0)
	w       Memory

	y, q, phi []float64
}

// NewSelfReferential returns a matrix for inputs and outputs of these sizes,
// with the start W(0) given row by row: those of the output, the query, the
// key, and the one of the rate. See StartSize.
func NewSelfReferential(in, out int, start []float64) *SelfReferential {
	if len(start) != StartSize(in, out) {
		panic("fastweight: NewSelfReferential: the start has another size than StartSize")
	}
	rows := out + 2*in + 1
	s := &SelfReferential{
		in: in, out: out, start: append([]float64(nil), start...), w: *NewMemory(in, rows),
		y: make([]float64, rows), phi: make([]float64, in), q: make([]float64, rows),
	}
	s.Reset()
	return s
}

// StartSize is the number of weights.
func StartSize(in, out int) int { return (out + 2*in + 1) * in }

// Reset begins an episode at W(0).
func (s *SelfReferential) Reset() { copy(s.w.w, s.start) }

// Step returns the output for an input, valid until the next, and lets the
// matrix change itself.
func (s *SelfReferential) Step(x []float64) []float64 {
	softmax(s.phi, x)
	s.w.Read(s.y, s.phi)
	query, key := s.y[s.out:s.out+s.in], s.y[s.out+s.in:s.out+2*s.in]
	softmax(s.phi, query)
	s.w.Read(s.q, s.phi)
	softmax(s.phi, key)
	s.w.Replace(s.phi, s.q, fmath.Sigmoid(s.y[len(s.y)-1]))
	return s.y[:s.out]
}

func softmax(dst, x []float64) {
	most := x[0]
	for _, v := range x {
		most = max(most, v)
	}
	sum := 0.0
	for i, v := range x {
		dst[i] = fmath.Exp(v - most)
		sum += dst[i]
	}
	for i := range dst {
		dst[i] /= sum
	}
}
