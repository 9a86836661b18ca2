package cgp

import (
	"fmt"
	"slices"

	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// program is expressions as a list of nodes, each reading values before it.
type program struct {
	shape  *shape
	op     []int32
	in     [][]int32 // values as in the genome, node i as first()+i
	number []float64
	seen   map[*rulespace.Expr]int32
}

// encode returns a genome that stands for expressions, one per output: their
// nodes at random places among random ones, so that mutation can extend them
// anywhere.
func (s *shape) encode(exprs []*rulespace.Expr, rng *key.Stream) (*genome, error) {
	p := program{shape: s, seen: map[*rulespace.Expr]int32{}}
	roots := make([]int32, len(exprs))
	for i, e := range exprs {
		var err error
		if roots[i], err = p.add(e); err != nil {
			return nil, err
		}
	}
	if len(p.op) > s.columns {
		return nil, fmt.Errorf("it needs %d nodes, a genome has %d", len(p.op), s.columns)
	}
	perm := make([]int, s.columns)
	rng.Perm(perm)
	place := perm[:len(p.op)]
	slices.Sort(place)
	first := int32(s.first())
	at := func(v int32) int32 {
		if v < first {
			return v
		}
		return first + int32(place[v-first])
	}
	g := s.random(rng)
	copy(g.number, p.number)
	for i, to := range place {
		g.op[to] = p.op[i]
		for a, v := range p.in[i] {
			g.in[to*s.arity+a] = at(v)
		}
	}
	for i, root := range roots {
		g.out[i] = at(root)
	}
	return g, nil
}

// add appends the nodes of e and returns the number of its value.
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
		return p.leaf(e)
	}
	op := slices.Index(p.shape.ops, e.Op())
	if op < 0 {
		return 0, fmt.Errorf("it uses %s, which is not among the primitives of the space", e.Op())
	}
	in := make([]int32, e.NumArgs())
	for a := range in {
		v, err := p.add(e.Arg(a))
		if err != nil {
			return 0, err
		}
		in[a] = v
	}
	p.op = append(p.op, int32(op))
	p.in = append(p.in, in)
	return int32(p.shape.first() + len(p.op) - 1), nil
}

// leaf finds a leaf among those of the space, or makes it a number of the
// genome.
func (p *program) leaf(e *rulespace.Expr) (int32, error) {
	if i := slices.IndexFunc(p.shape.leaves, e.Equal); i >= 0 {
		return int32(i), nil
	}
	if e.Kind() != rulespace.KindConst {
		return 0, fmt.Errorf("it reads %s, which is not among the signals of the space", e)
	}
	i := slices.Index(p.number, e.Value())
	if i < 0 {
		if i = len(p.number); i == p.shape.numbers {
			return 0, fmt.Errorf("it has the number %s, which is neither among the constants of the space nor one of %d numbers of a genome",
				e, p.shape.numbers)
		}
		p.number = append(p.number, e.Value())
	}
	return int32(len(p.shape.leaves) + i), nil
}
