package bench

import (
	"fmt"

	"github.com/metaplast/metaplast/internal/fmath"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/kernel"
)

// ruleRace is a rule with the loop that a programmer would write for it.
type ruleRace struct {
	name, kind, text string
	hand             func(f *kernel.Frame, w *vec.Matrix)
}

var ruleRaces = [...]ruleRace{
	{"Oja's rule", "oja", "1e-7*(pre*post - post^2*w)", handOja},
	{"rule with tanh", "tanh_rule", "1e-7*(tanh(pre*post) - 0.1*(abs(w)*w) + max(pre - elig, 0)*err - 0.01*min(post, w))", handTanh},
}

// rules are compiled rules, online. A node is a primitive of the rule as it is
// written, or the addition to the weight.
func rules() []Figure {
	var figures []Figure
	for _, r := range ruleRaces {
		for _, s := range []shape{{1, 784, 128}, {1, 40, 64}} {
			rule, err := rulespace.ParseRule(r.text)
			if err != nil {
				panic(err)
			}
			nodes := primitives(rule.DW) + 1
			work := 1e-9 * float64(nodes*s.in*s.out)
			f := Figure{Group: "rules", Name: fmt.Sprintf("%s, %d nodes, %d×%d", r.name, nodes, s.in, s.out), Unit: "Gnode/s"}
			f.Cases = everywhere([]string{"numpy", "numexpr", "numba", "torch"}, r.kind, work, s.in, s.out)
			if r.kind == "oja" {
				f.Cases = append(f.Cases, Case{Peer: "numpy", Name: "numpy, out=", Kind: "oja_out", Sizes: []int{s.in, s.out}, Work: work})
			}
			f.Enter = func() ([]Entrant, error) {
				p, err := kernel.Compile(rule)
				if err != nil {
					return nil, err
				}
				frame := &kernel.Frame{Batch: 1}
				frame.Values[rulespace.SigPre] = random(1, s.in)
				frame.Values[rulespace.SigPost] = random(1, s.out)
				frame.Values[rulespace.SigErr] = random(1, s.out)
				frame.Values[rulespace.SigElig] = random(s.in, s.out)
				w, v := random(s.in, s.out), random(s.in, s.out)
				i := p.Bind(s.in, s.out, 1)
				return []Entrant{
					{Kind: Own, Name: "metaplast", Work: work, Run: timed(func() { i.Apply(frame, w, nil, nil) })},
					memory("update", s, work),
					{Kind: Other, Name: "Go loop", Work: work, Run: timed(func() { r.hand(frame, v) })},
				}, nil
			}
			figures = append(figures, f)
		}
	}
	return figures
}

// primitives counts the primitives of an expression written as a tree.
func primitives(e *rulespace.Expr) int {
	n := 0
	for k := range e.NumArgs() {
		n += primitives(e.Arg(k))
	}
	if e.Kind() == rulespace.KindApply {
		n++
	}
	return n
}

func handOja(f *kernel.Frame, w *vec.Matrix) {
	post := f.Values[rulespace.SigPost].Row(0)
	for i, x := range f.Values[rulespace.SigPre].Row(0) {
		r := w.Row(i)
		post := post[:len(r)]
		for j := range r {
			y := post[j]
			r[j] += 1e-7 * (x*y - y*y*r[j])
		}
	}
}

func handTanh(f *kernel.Frame, w *vec.Matrix) {
	err, post := f.Values[rulespace.SigErr].Row(0), f.Values[rulespace.SigPost].Row(0)
	for i, x := range f.Values[rulespace.SigPre].Row(0) {
		r := w.Row(i)
		e := f.Values[rulespace.SigElig].Row(i)[:len(r)]
		err, post := err[:len(r)], post[:len(r)]
		for j, v := range r {
			y := post[j]
			r[j] = v + 1e-7*(fmath.Tanh32(x*y)-0.1*(fmath.Abs32(v)*v)+max(x-e[j], 0)*err[j]-0.01*min(y, v))
		}
	}
}
