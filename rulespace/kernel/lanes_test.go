package kernel

import (
	"testing"

	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// Every lane has the bits of an instance of its own, also after others were
// taken out, as long as its weights are finite: an instance leaves a row alone
// whose inputs are silent, whatever its weights.
func TestLanesAgreeWithInstances(t *testing.T) {
	s := key.Root(23).Stream()
	bound, compared := 0, 0
	for n := range 300 {
		r := randomRule(s)
		r.States, r.DFB = nil, nil
		p, err := Compile(r)
		if err != nil {
			continue // it read a state
		}
		in, out, lanes := 1+s.IntN(9), 1+s.IntN(4), 1+s.IntN(20)
		q, err := CompileLanes(r)
		if err != nil {
			t.Fatal(err)
		}
		x := q.Lanes(in, out, lanes)
		if x == nil {
			t.Fatalf("rule %d has no lanes", n)
		}
		if whole := p.Lanes(in, out, lanes); whole.Inert() != x.Inert() || whole.Needs() != x.Needs() {
			t.Errorf("%s: compiled for lanes the program is another", r.DW)
		}
		bound++
		type single struct {
			i *Instance
			w *vec.Matrix

			spoilt bool
		}
		var all []single
		w := make([]float32, in*out*lanes)
		for l := range lanes {
			c := single{i: p.Bind(in, out, 1), w: randomMatrix(s, in, out)}
			for _, v := range r.Params {
				value := s.Normal()
				c.i.SetParam(v.Name, value)
				x.SetParam(l, v.Name, value)
			}
			for i := range in {
				for j := range out {
					w[(j*in+i)*lanes+l] = c.w.Row(i)[j]
				}
			}
			all = append(all, c)
		}
		for range 3 {
			var values [rulespace.NumSignals][]float32
			m := len(all)
			for l, c := range all {
				f := randomFrame(s, in, out, 1)
				for k, v := range f.Values {
					sig := rulespace.Signal(k)
					at := func(i int, x float32) {
						for len(values[k]) <= i*m+l {
							values[k] = append(values[k], 0)
						}
						values[k][i*m+l] = x
					}
					switch sig.Info().Scope {
					case rulespace.Pre:
						for i := range in {
							at(i, v.Row(0)[i])
						}
					case rulespace.Post:
						for j := range out {
							at(j, v.Row(0)[j])
						}
					case rulespace.Synapse:
						for i := range in {
							for j := range out {
								at(j*in+i, v.Row(i)[j])
							}
						}
					default:
						at(0, v.Row(0)[0])
					}
				}
				all[l].spoilt = !vec.Finite(c.w.Data)
				c.i.Apply(f, c.w, nil, nil)
			}
			x.bound = false // the slices are new
			x.Apply(&values, w)
			for l, c := range all {
				for i := range in {
					for j := range out {
						if c.spoilt {
							continue
						}
						compared++
						sameFloat(t, r.DW.String(), i, j, w[(j*in+i)*m+l], c.w.Row(i)[j])
					}
				}
			}
			if m > 1 { // take one out
				gone := s.IntN(m)
				x.Drop(gone)
				all[gone] = all[m-1]
				all = all[:m-1]
				for row := range in * out {
					for l := range m - 1 {
						from := l
						if l == gone {
							from = m - 1
						}
						w[row*(m-1)+l] = w[row*m+from]
					}
				}
				w = w[:in*out*(m-1)]
			}
		}
	}
	if bound < 100 || compared < 10000 {
		t.Errorf("only %d rules were tried, and %d weights compared", bound, compared)
	}
}
