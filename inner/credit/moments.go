package credit

import (
	"github.com/metaplast/metaplast/internal/fmath"
	"github.com/metaplast/metaplast/internal/vec"
)

// moments are running statistics of the presynaptic side of a connection,
// which its activities are centred and scaled by. For a batch with mean b and
// second moments S about the mean m so far, at rate r:
//
//	d = b − m
//	m ← m + r·d
//	C ← (1 − r)·C + r·S − r²·d·dᵀ
//
// At the rates 1/t they are mean and covariance of all that was seen.
type moments struct {
	mean, step []float32
	variance   []float32 // v, the diagonal of C; nil where only means are taken
	inverse    []float32 // 1/√(v + ε⟨v⟩)
	epsilon    float32

	covariance *vec.Matrix // C; nil unless its root is taken
	root       *vec.Matrix // (C + ε⟨v⟩)^−½
	y, t, u    *vec.Matrix // scratch
	due        int         // update at which the root is taken again
}

// newMoments returns statistics of so many units for an option whiten.
func newMoments(b *base, units int, whiten string) *moments {
	m := &moments{mean: make([]float32, units), step: make([]float32, units), epsilon: float32(b.options.Float("epsilon"))}
	switch whiten {
	case "variance":
		m.variance, m.inverse = make([]float32, units), make([]float32, units)
		vec.Fill(m.inverse, 1)
	case "zca":
		m.covariance, m.root = b.synapses(units, units), b.synapses(units, units)
		m.y, m.t, m.u = vec.New(units, units), vec.New(units, units), vec.New(units, units)
		identity(m.root)
	}
	return m
}

// observe takes in the rows of x in an update, counted from 1; scratch is as
// large as x.
func (m *moments) observe(b *base, x, scratch *vec.Matrix, rate float32, update int) {
	d := m.step
	clear(d)
	for i := range x.Rows {
		vec.AddVV(d, d, x.Row(i))
	}
	for j, sum := range d {
		d[j] = sum/float32(x.Rows) - m.mean[j]
	}
	switch {
	case m.variance != nil:
		m.spread(x, rate)
	case m.covariance != nil:
		m.covary(b, x, scratch, rate)
		if update >= m.due {
			m.due = update + max(1, min(update, int(b.tau))/10)
			m.takeRoot(b)
		}
	}
	for j, v := range d {
		m.mean[j] += float32(rate * v)
	}
}

func (m *moments) spread(x *vec.Matrix, rate float32) {
	rows := float32(x.Rows)
	second := m.inverse
	clear(second)
	for i := range x.Rows {
		for j, v := range x.Row(i) {
			v -= m.mean[j]
			second[j] += float32(v * v)
		}
	}
	sum := float32(0)
	for j, d := range m.step {
		v := float32((1-rate)*m.variance[j]) + float32(rate*(second[j]/rows)) - float32(float32(rate*d)*float32(rate*d))
		m.variance[j] = max(v, 0)
		sum += m.variance[j]
	}
	least := float32(m.epsilon * (sum / float32(len(second))))
	for j, v := range m.variance {
		m.inverse[j] = 1
		if v+least > 0 {
			m.inverse[j] = 1 / fmath.Sqrt32(v+least)
		}
	}
}

func (m *moments) covary(b *base, x, scratch *vec.Matrix, rate float32) {
	for i := range x.Rows {
		vec.SubVV(scratch.Row(i), x.Row(i), m.mean)
	}
	m.t.Zero()
	vec.MulTA(m.t, scratch, scratch)
	b.count(2*x.Rows, x.Cols, x.Cols) // and as much when the root is applied
	share := rate / float32(x.Rows)
	for j, d := range m.step {
		c := m.covariance.Row(j)
		vec.MulVS(c, c, 1-rate)
		vec.MulAddVSV(c, m.t.Row(j), share, c)
		vec.MulAddVSV(c, m.step, -float32(float32(rate*rate)*d), c)
	}
}

// takeRoot takes the inverse root of A = C + ε⟨v⟩ by the iteration of Newton
// and Schulz, from Y = A/|A| and Z = 1:
//
//	T = (3 − ZY)/2,  Y ← YT,  Z ← TZ
//
// Z goes to (A/|A|)^−½. The smallest eigenvalue of ZY more than doubles while
// it is small, so the number of steps grows with the logarithm of 1/ε.
func (m *moments) takeRoot(b *base) {
	n := len(m.mean)
	sum := float32(0)
	for j := range n {
		sum += m.covariance.Row(j)[j]
	}
	least := float32(m.epsilon * (sum / float32(n)))
	norm := float32(0)
	for j := range n {
		a := m.y.Row(j)
		copy(a, m.covariance.Row(j))
		a[j] += least
		norm += vec.Dot(a, a)
	}
	identity(m.root)
	if !(norm > 0) {
		return
	}
	norm = fmath.Sqrt32(norm)
	vec.MulVS(whole(m.y), whole(m.y), 1/norm)
	for range maxRootSteps {
		b.count(3*n, n, n)
		vec.Mul(m.t, m.root, m.y)
		vec.MulVS(whole(m.t), whole(m.t), -0.5)
		off := float32(0)
		for j := range n {
			row := m.t.Row(j)
			row[j] += 1.5
			off = max(off, fmath.Abs32(row[j]-1))
		}
		vec.Mul(m.u, m.y, m.t)
		m.y, m.u = m.u, m.y
		vec.Mul(m.u, m.t, m.root)
		m.root, m.u = m.u, m.root
		if off < 1e-5 {
			break
		}
	}
	vec.MulVS(whole(m.root), whole(m.root), 1/fmath.Sqrt32(norm))
}

// maxRootSteps is enough for the smallest ε in a thousand units.
const maxRootSteps = 40

func identity(m *vec.Matrix) {
	m.Zero()
	for j := range m.Rows {
		m.Row(j)[j] = 1
	}
}

// standardise sets dst to what x is in these statistics; dst may be x unless
// a root is taken. It leaves x centred then.
func (m *moments) standardise(dst, x *vec.Matrix) {
	for i := range x.Rows {
		if m.root != nil {
			vec.SubVV(x.Row(i), x.Row(i), m.mean)
			continue
		}
		row := dst.Row(i)
		vec.SubVV(row, x.Row(i), m.mean)
		if m.inverse != nil {
			vec.MulVV(row, row, m.inverse)
		}
	}
	if m.root != nil {
		vec.Mul(dst, x, m.root)
	}
}
