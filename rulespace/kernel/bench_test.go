package kernel

import (
	"testing"
	"time"

	"github.com/metaplast/metaplast/internal/fmath"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// operations counts the primitives of an expression written as a tree.
func operations(e *rulespace.Expr) int {
	n := 0
	for k := range e.NumArgs() {
		n += operations(e.Arg(k))
	}
	if e.Kind() == rulespace.KindApply {
		n++
	}
	return n
}

// versus times a rule against a loop written by hand, turn by turn, so that
// both meet the same noise. Gnode/s counts the primitives of the rule and the
// addition to the weight for every synapse and sample.
func versus(b *testing.B, text string, in, out, batch int, hand func(f *Frame, w *vec.Matrix)) {
	r, err := rulespace.ParseRule(text)
	if err != nil {
		b.Fatal(err)
	}
	p := compile(b, r)
	i := p.Bind(in, out, batch)
	s := key.Root(1).Stream()
	f := randomFrame(s, in, out, batch)
	for k := range f.Values { // small, so that weights stay finite
		m := f.Values[k]
		for x := range m.Rows {
			row := m.Row(x)
			for y := range row {
				row[y] = 0.1 * (row[y] + 1) // and without exact zeros
			}
		}
	}
	w, v := randomMatrix(s, in, out), randomMatrix(s, in, out)
	turns := max(1, 200000/(in*out*batch))
	var ours, theirs time.Duration
	b.ReportAllocs()
	for b.Loop() {
		t := time.Now()
		for range turns {
			i.Apply(f, w, nil, nil)
		}
		ours += time.Since(t)
		if hand != nil {
			t = time.Now()
			for range turns {
				hand(f, v)
			}
			theirs += time.Since(t)
		}
	}
	n := float64(b.N) * float64(turns)
	updates := n * float64(in*out*batch) / ours.Seconds() / 1e9
	b.ReportMetric(ours.Seconds()/n*1e6, "µs/apply")
	b.ReportMetric(updates, "Gsynapse/s")
	b.ReportMetric(updates*float64(operations(r.DW)+1), "Gnode/s")
	if hand != nil {
		b.ReportMetric(theirs.Seconds()/ours.Seconds(), "×hand")
	}
	b.ReportMetric(0, "ns/op")
}

func row0(f *Frame, s rulespace.Signal) []float32 { return f.Values[s].Row(0) }

func handOja(f *Frame, w *vec.Matrix) {
	post := row0(f, rulespace.SigPost)
	for i, x := range row0(f, rulespace.SigPre) {
		r := w.Row(i)
		post := post[:len(r)]
		for j := range r {
			y := post[j]
			r[j] += 0.01 * (y * (x - y*r[j]))
		}
	}
}

func handError(f *Frame, w *vec.Matrix) {
	err := row0(f, rulespace.SigErr)
	for i, x := range row0(f, rulespace.SigPre) {
		r := w.Row(i)
		err := err[:len(r)]
		for j := range r {
			r[j] += 0.01 * err[j] * x
		}
	}
}

func handThreeTerms(f *Frame, w *vec.Matrix) {
	err, post := row0(f, rulespace.SigErr), row0(f, rulespace.SigPost)
	errPre, recon := row0(f, rulespace.SigErrPre), row0(f, rulespace.SigRecon)
	for i, x := range row0(f, rulespace.SigPre) {
		r := w.Row(i)
		err, post := err[:len(r)], post[:len(r)]
		a, b := errPre[i], x-recon[i]
		for j := range r {
			e := err[j]
			r[j] += 0.01*e*x + 0.02*e*a + 0.03*post[j]*b
		}
	}
}

const (
	threeTerms = "lr*err*pre + 0.02*err*err_pre + 0.03*post*(pre - recon)"
	bigRule    = "0.001*(tanh(pre*post) - 0.1*(abs(w)*w) + max(pre - elig, 0)*err - 0.01*min(post, w))"
)

func handBig(f *Frame, w *vec.Matrix) {
	err, post := row0(f, rulespace.SigErr), row0(f, rulespace.SigPost)
	for i, x := range row0(f, rulespace.SigPre) {
		r := w.Row(i)
		e := f.Values[rulespace.SigElig].Row(i)[:len(r)]
		err, post := err[:len(r)], post[:len(r)]
		for j, v := range r {
			y := post[j]
			r[j] = v + 0.001*(fmath.Tanh32(x*y)-0.1*(fmath.Abs32(v)*v)+max(x-e[j], 0)*err[j]-0.01*min(y, v))
		}
	}
}

// handBatch is the gradient of a mini-batch, sample by sample.
func handBatch(f *Frame, w *vec.Matrix) {
	rate := 0.01 / float32(f.Batch)
	for i := range w.Rows {
		r := w.Row(i)
		for b := range f.Batch {
			x := rate * f.Values[rulespace.SigPre].Row(b)[i]
			err := f.Values[rulespace.SigErr].Row(b)[:len(r)]
			for j := range r {
				r[j] += x * err[j]
			}
		}
	}
}

func handOjaBatch(f *Frame, w *vec.Matrix) {
	rate := 0.01 / float32(f.Batch)
	var sum [256]float32
	for i := range w.Rows {
		r := w.Row(i)
		d := sum[:len(r)]
		clear(d)
		for b := range f.Batch {
			x := f.Values[rulespace.SigPre].Row(b)[i]
			post := f.Values[rulespace.SigPost].Row(b)[:len(r)]
			for j := range r {
				y := post[j]
				d[j] += y * (x - y*r[j])
			}
		}
		for j := range r {
			r[j] += rate * d[j]
		}
	}
}

func BenchmarkOja784x128(b *testing.B) { versus(b, "lr*post*(pre - post*w)", 784, 128, 1, handOja) }
func BenchmarkOja40x64(b *testing.B)   { versus(b, "lr*post*(pre - post*w)", 40, 64, 1, handOja) }
func BenchmarkError784x128(b *testing.B) {
	versus(b, "lr*err*pre", 784, 128, 1, handError)
}
func BenchmarkError40x64(b *testing.B)    { versus(b, "lr*err*pre", 40, 64, 1, handError) }
func BenchmarkError64x10(b *testing.B)    { versus(b, "lr*err*pre", 64, 10, 1, handError) }
func BenchmarkThree784x170(b *testing.B)  { versus(b, threeTerms, 784, 170, 1, handThreeTerms) }
func BenchmarkBig15_784x128(b *testing.B) { versus(b, bigRule, 784, 128, 1, handBig) }
func BenchmarkBig15_40x64(b *testing.B)   { versus(b, bigRule, 40, 64, 1, handBig) }
func BenchmarkErrorBatch16_784x128(b *testing.B) {
	versus(b, "lr*err*pre", 784, 128, 16, handBatch)
}
func BenchmarkOjaBatch16_784x128(b *testing.B) {
	versus(b, "lr*post*(pre - post*w)", 784, 128, 16, handOjaBatch)
}
func BenchmarkThreeBatch16_784x170(b *testing.B) { versus(b, threeTerms, 784, 170, 16, nil) }
func BenchmarkQuotient784x128(b *testing.B) {
	versus(b, "0.001*err*pre/(sqrt(elig) + 0.1)", 784, 128, 1, nil)
}

func BenchmarkCompile(b *testing.B) {
	r := parse(b, threeTerms)
	b.ReportAllocs()
	for b.Loop() {
		compile(b, r)
	}
}
