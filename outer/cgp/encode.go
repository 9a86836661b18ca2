package cgp

import (
	"fmt"
	"slices"

	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// program is an expression as a list of nodes, each reading values before it.
type program struct {
	shape *shape
	op    []int32
	in    [][]int32 // leaves as in the genome, node i as len(leaves)+i
	seen  map[*rulespace.Expr]int32
}

// encode returns a genome that stands for e: its nodes at random places among
// random ones, so that mutation can extend it anywhere.
func (s *shape) encode(e *rulespace.Expr, rng *key.Stream) (*genome, error) {
	p := program{shape: s, seen: map[*rulespace.Expr]int32{}}
	root, err := p.add(e)
	if err != nil {
		return nil, err
	}
	if len(p.op) > s.columns {
		return nil, fmt.Errorf("it needs %d nodes, a genome has %d", len(p.op), s.columns)
	}
	perm := make([]int, s.columns)
	rng.Perm(perm)
	place := perm[:len(p.op)]
	slices.Sort(place)
	leaves := int32(len(s.leaves))
	at := func(v int32) int32 {
		if v < leaves {
			return v
		}
		return leaves + int32(place[v-leaves])
	}
	g := s.random(rng)
	for i, to := range place {
		g.op[to] = p.op[i]
		for a, v := range p.in[i] {
			g.in[to*s.arity+a] = at(v)
		}
	}
	g.out = at(root)
	return g, nil
}

// add appends the nodes of e and returns the number of its value. Powers and
// negation are spelled out where the search has no primitive for them.
func (p *program) add(e *rulespace.Expr) (int32, error) {
	if v, ok := p.seen[e]; ok {
		return v, nil
	}
	v, err := p.addNew(e)
	if err == nil {
		p.seen[e] = v
	}
	return v, err
}

func (p *program) addNew(e *rulespace.Expr) (int32, error) {
	if e.Kind() != rulespace.KindApply {
		i := slices.IndexFunc(p.shape.leaves, e.Equal)
		if i < 0 {
			return 0, fmt.Errorf("it reads %s, which is not among the signals and constants of the space", e)
		}
		return int32(i), nil
	}
	op := e.Op()
	if i := slices.Index(p.shape.ops, op); i >= 0 {
		in := make([]int32, e.NumArgs())
		for a := range in {
			v, err := p.add(e.Arg(a))
			if err != nil {
				return 0, err
			}
			in[a] = v
		}
		p.op = append(p.op, int32(i))
		p.in = append(p.in, in)
		return int32(len(p.shape.leaves) + len(p.op) - 1), nil
	}
	x := func() *rulespace.Expr { return e.Arg(0) }
	hasMul := slices.Contains(p.shape.ops, rulespace.Mul)
	switch {
	case op == rulespace.Square && hasMul:
		return p.add(rulespace.Apply(rulespace.Mul, x(), x()))
	case op == rulespace.Cube && hasMul:
		return p.add(rulespace.Apply(rulespace.Mul, rulespace.Apply(rulespace.Mul, x(), x()), x()))
	case op == rulespace.Neg && slices.Contains(p.shape.ops, rulespace.Sub):
		zero := rulespace.Apply(rulespace.Sub, p.shape.leaves[0], p.shape.leaves[0])
		return p.add(rulespace.Apply(rulespace.Sub, zero, x()))
	}
	return 0, fmt.Errorf("it uses %s, which is not among the primitives of the space", op)
}
