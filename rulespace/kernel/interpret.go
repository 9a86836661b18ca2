package kernel

import (
	"fmt"

	"github.com/metaplast/metaplast/rulespace"
)

// NaiveState holds the declared states of one connection for Interpret:
// Values[k][i][j] is state k at presynaptic unit i and postsynaptic unit j.
// States of pre scope have one column and those of post scope one row. The
// last row of pre and synapse states belongs to the biases.
type NaiveState struct {
	Values [][][]float64
}

// NewNaiveState returns the states of r at their initial values.
func NewNaiveState(r *rulespace.Rule, in, out int) *NaiveState {
	st := &NaiveState{}
	for _, s := range r.States {
		rows, cols := in+1, out
		switch s.Scope {
		case rulespace.Pre:
			cols = 1
		case rulespace.Post:
			rows = 1
		}
		v := make([][]float64, rows)
		for i := range v {
			v[i] = make([]float64, cols)
			for j := range v[i] {
				v[i][j] = s.Init
			}
		}
		st.Values = append(st.Values, v)
	}
	return st
}

// Interpret carries out a rule for one presentation in float64: it updates st
// and adds dw to w, db to bias and dfb to fb. bias and fb may be nil. It is
// the definition that compiled programs are tested against, and slow.
func Interpret(r *rulespace.Rule, f *Frame, st *NaiveState, w [][]float64, bias []float64, fb [][]float64) {
	in, out := len(w), 0
	if in > 0 {
		out = len(w[0])
	}
	e := &naiveEnv{rule: r, frame: f, state: st}
	for k, s := range r.States {
		old := st.Values[k]
		new := make([][]float64, len(old))
		for i := range old {
			new[i] = append([]float64(nil), old[i]...)
			if i == in && bias == nil {
				continue // the row of the biases
			}
			for j := range old[i] {
				if i == in {
					e.place(i, j, bias[j], true)
				} else {
					e.place(i, j, w[i][j], false)
				}
				new[i][j] = e.mean(s.Update)
			}
		}
		st.Values[k] = new
	}

	dw := table(in, out)
	dfb := table(in, out)
	for i := range in {
		for j := range out {
			e.place(i, j, w[i][j], false)
			dw[i][j] = e.mean(r.DW)
			if fb != nil && r.DFB != nil {
				e.place(i, j, fb[i][j], false)
				dfb[i][j] = e.mean(r.DFB)
			}
		}
	}
	if bias != nil && r.DB != nil {
		for j := range out {
			e.place(in, j, bias[j], true)
			bias[j] += e.mean(r.DB)
		}
	}
	for i := range in {
		for j := range out {
			w[i][j] += dw[i][j]
			if fb != nil {
				fb[i][j] += dfb[i][j]
			}
		}
	}
}

func table(rows, cols int) [][]float64 {
	t := make([][]float64, rows)
	for i := range t {
		t[i] = make([]float64, cols)
	}
	return t
}

// naiveEnv is the view of one synapse in one sample.
type naiveEnv struct {
	rule   *rulespace.Rule
	frame  *Frame
	state  *NaiveState
	sample int
	i, j   int
	w      float64
	bias   bool
}

func (e *naiveEnv) place(i, j int, w float64, bias bool) {
	e.i, e.j, e.w, e.bias = i, j, w, bias
}

// mean is the mean of x over the samples.
func (e *naiveEnv) mean(x *rulespace.Expr) float64 {
	samples := 1
	for _, s := range x.Signals().List() {
		if varies(s) {
			samples = e.frame.Batch
		}
	}
	sum := 0.0
	for e.sample = range samples {
		sum += x.Eval(e)
	}
	return sum / float64(samples)
}

func (e *naiveEnv) SignalValue(s rulespace.Signal) float64 {
	if s == rulespace.SigW {
		return e.w
	}
	scope := s.Info().Scope
	if e.bias && (scope == rulespace.Pre || scope == rulespace.Synapse) {
		return float64(biasReading(s))
	}
	m := e.frame.Values[s]
	sample := e.sample
	if !varies(s) {
		sample = 0
	}
	switch scope {
	case rulespace.Pre:
		return float64(m.Row(sample)[e.i])
	case rulespace.Post:
		return float64(m.Row(sample)[e.j])
	case rulespace.Synapse:
		return float64(m.Row(e.i)[e.j])
	}
	return float64(m.Row(0)[sample])
}

// biasReading is what a signal of pre or synapse scope other than w is worth
// to a bias, the weight from a unit that is always 1.
func biasReading(s rulespace.Signal) float32 {
	switch s {
	case rulespace.SigPre, rulespace.SigPreTrace, rulespace.SigPrePrev:
		return 1
	}
	return 0
}

func (e *naiveEnv) NamedValue(name string) float64 {
	for k, s := range e.rule.States {
		if s.Name == name {
			switch s.Scope {
			case rulespace.Pre:
				return e.state.Values[k][e.i][0]
			case rulespace.Post:
				return e.state.Values[k][0][e.j]
			}
			return e.state.Values[k][e.i][e.j]
		}
	}
	for _, p := range e.rule.Params {
		if p.Name == name {
			return p.Value
		}
	}
	panic(fmt.Sprintf("kernel: %q is neither a state nor a parameter", name))
}
