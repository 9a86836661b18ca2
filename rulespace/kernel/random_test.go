package kernel

import (
	"fmt"

	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// pick returns one of the arguments.
func pick[T any](s *key.Stream, from ...T) T { return from[s.IntN(len(from))] }

// randomExpr makes an expression of at most size nodes over the given leaves.
func randomExpr(s *key.Stream, size int, leaves []*rulespace.Expr) *rulespace.Expr {
	if size <= 1 {
		return pick(s, leaves...)
	}
	var op rulespace.Op
	if s.IntN(4) > 0 {
		op = pick(s, rulespace.Add, rulespace.Sub, rulespace.Mul, rulespace.Mul)
	} else {
		op = rulespace.Op(s.IntN(rulespace.NumOps))
	}
	args := make([]*rulespace.Expr, op.Info().Arity)
	rest := size - 1
	for k := range args {
		n := rest / (len(args) - k)
		if k < len(args)-1 && rest > 1 {
			n = 1 + s.IntN(rest-1)
		}
		rest -= n
		args[k] = randomExpr(s, n, leaves)
	}
	return rulespace.Apply(op, args...)
}

// signalsOf lists the signals of the given scopes as expressions.
func signalsOf(scopes ...rulespace.Scope) []*rulespace.Expr {
	var r []*rulespace.Expr
	for k := range rulespace.NumSignals {
		for _, sc := range scopes {
			if s := rulespace.Signal(k); s.Info().Scope == sc {
				r = append(r, rulespace.Sig(s))
			}
		}
	}
	return r
}

// randomRule makes a rule with states, biases and feedback weights. Common
// leaves are repeated so that terms share factors.
func randomRule(s *key.Stream) *rulespace.Rule {
	r := &rulespace.Rule{Name: "random"}
	common := []*rulespace.Expr{
		rulespace.Sig(rulespace.SigPre), rulespace.Sig(rulespace.SigPost), rulespace.Sig(rulespace.SigErr),
		rulespace.Sig(rulespace.SigErrPre), rulespace.Sig(rulespace.SigW),
	}
	leaves := func(scopes ...rulespace.Scope) []*rulespace.Expr {
		l := signalsOf(append(scopes, rulespace.Global)...)
		for range 4 {
			for _, c := range common {
				for _, sc := range scopes {
					if c.Signal().Info().Scope == sc {
						l = append(l, c)
					}
				}
			}
		}
		l = append(l, rulespace.Const(0.5), rulespace.Const(-2), rulespace.Const(s.Normal()))
		for _, p := range r.Params {
			l = append(l, rulespace.Name(p.Name), rulespace.Name(p.Name))
		}
		for _, st := range r.States {
			for _, sc := range scopes {
				if st.Scope == sc {
					l = append(l, rulespace.Name(st.Name), rulespace.Name(st.Name))
				}
			}
		}
		return l
	}
	for k := range s.IntN(3) {
		r.Params = append(r.Params, rulespace.Param{Name: fmt.Sprintf("p%d", k), Value: s.Normal()})
	}
	n := max(0, s.IntN(6)-2)
	for k := range n {
		r.States = append(r.States, rulespace.State{
			Name: fmt.Sprintf("s%d", k), Scope: pick(s, rulespace.Pre, rulespace.Post, rulespace.Synapse), Init: s.Normal()})
	}
	all := []rulespace.Scope{rulespace.Pre, rulespace.Post, rulespace.Synapse}
	for k := range r.States {
		scopes := []rulespace.Scope{r.States[k].Scope}
		if scopes[0] == rulespace.Synapse {
			scopes = all
		}
		r.States[k].Update = randomExpr(s, 1+s.IntN(8), leaves(scopes...))
	}
	r.DW = randomExpr(s, 1+s.IntN(14), leaves(all...))
	if s.IntN(2) == 0 {
		r.DB = randomExpr(s, 1+s.IntN(8), leaves(all...))
	}
	if s.IntN(3) == 0 {
		r.DFB = randomExpr(s, 1+s.IntN(8), leaves(all...))
	}
	return r
}

// randomMatrix holds normal numbers, of which a quarter are exactly zero.
func randomMatrix(s *key.Stream, rows, cols int) *vec.Matrix {
	m := vec.New(rows, cols)
	for i := range rows {
		r := m.Row(i)
		for j := range r {
			if s.IntN(4) > 0 {
				r[j] = float32(s.Normal())
			}
		}
	}
	return m
}

// randomFrame presents every signal for batch samples, in matrices that may
// be larger.
func randomFrame(s *key.Stream, in, out, batch int) *Frame {
	f := &Frame{Batch: batch}
	rows := batch + s.IntN(2)
	for k := range rulespace.NumSignals {
		switch sig := rulespace.Signal(k); sig.Info().Scope {
		case rulespace.Pre:
			f.Values[k] = randomMatrix(s, rows, in)
			if s.IntN(2) == 0 { // silent units
				for i := range in {
					if s.IntN(2) == 0 {
						for b := range rows {
							f.Values[k].Row(b)[i] = 0
						}
					}
				}
			}
		case rulespace.Post:
			f.Values[k] = randomMatrix(s, rows, out)
		case rulespace.Synapse:
			f.Values[k] = randomMatrix(s, in, out)
		default:
			f.Values[k] = randomMatrix(s, 1, rows)
			for _, v := range sig.Info().Values {
				for b := range rows {
					if s.IntN(2) == 0 || f.Values[k].Row(0)[b] == 0 {
						f.Values[k].Row(0)[b] = float32(v)
					}
				}
			}
		}
	}
	f.Values[rulespace.SigStep].Row(0)[0] = float32(1 + s.IntN(1000))
	return f
}
