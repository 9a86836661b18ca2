package cgp

import (
	"math"

	"github.com/metaplast/metaplast/outer/internal/identity"
	"github.com/metaplast/metaplast/rulespace"
)

// phenotype computes what a genome stands for without writing it as an
// expression: most genomes are looked at only to find that they are known.
// Its memory is used again for every genome.
type phenotype struct {
	columns []rulespace.Column // of the leaves, the numbers, then the nodes
	size    []int              // of the tree
	reads   []bool             // a signal
}

func newPhenotype(s *shape, same identity.Relation) phenotype {
	n := s.first() + s.columns
	p := phenotype{make([]rulespace.Column, n), make([]int, n), make([]bool, n)}
	for i, leaf := range s.leaves {
		p.columns[i], p.size[i], p.reads[i] = same.Leaf(leaf), 1, leaf.Signals() != 0
	}
	for i := len(s.leaves); i < n; i++ {
		p.columns[i], p.size[i] = make(rulespace.Column, len(p.columns[0])), 1
	}
	return p
}

// measure computes the sizes of the live nodes of g and returns that of the
// output, and whether it reads a signal.
func (p *phenotype) measure(s *shape, g *genome, l live) (size int, reads bool) {
	for i, on := range l.node {
		if !on {
			continue
		}
		n, any := 1, false
		for _, v := range g.in[i*s.arity:][:s.ops[g.op[i]].Info().Arity] {
			n = min(n+p.size[v], math.MaxInt32)
			any = any || p.reads[v]
		}
		p.size[s.first()+i], p.reads[s.first()+i] = n, any
	}
	return p.size[g.out], p.reads[g.out]
}

// evaluate returns the values of g on the probe.
func (p *phenotype) evaluate(s *shape, g *genome, l live, same identity.Relation) rulespace.Column {
	for i, on := range l.number {
		if on {
			col := p.columns[len(s.leaves)+i]
			for j := range col {
				col[j] = g.number[i]
			}
		}
	}
	for i, on := range l.node {
		if !on {
			continue
		}
		op := s.ops[g.op[i]]
		var args [3]rulespace.Column
		n := op.Info().Arity
		for a, v := range g.in[i*s.arity:][:n] {
			args[a] = p.columns[v]
		}
		same.Apply(p.columns[s.first()+i], op, args[:n])
	}
	return p.columns[g.out]
}
