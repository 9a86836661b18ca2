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
	columns []rulespace.Column    // of the leaves, the numbers, then the nodes
	size    []int                 // of the tree
	reads   []rulespace.SignalSet // in the tree
	may     []rulespace.SignalSet // each output read
	out     []rulespace.Column    // of each output
}

func newPhenotype(s *shape, space *rulespace.Space, same identity.Relation) phenotype {
	n := s.first() + s.columns
	p := phenotype{columns: make([]rulespace.Column, n), size: make([]int, n), reads: make([]rulespace.SignalSet, n)}
	for _, slot := range space.Searches() {
		p.may = append(p.may, space.ReadsIn(slot))
	}
	p.out = make([]rulespace.Column, len(p.may))
	for i, leaf := range s.leaves {
		p.columns[i], p.size[i], p.reads[i] = same.Leaf(leaf), 1, leaf.Signals()
	}
	for i := len(s.leaves); i < n; i++ {
		p.columns[i], p.size[i] = make(rulespace.Column, len(p.columns[0])), 1
	}
	return p
}

// measure computes the sizes of the live nodes of g and returns that of the
// outputs together, and whether each reads a signal and none that it may not.
func (p *phenotype) measure(s *shape, g *genome, l live) (size int, reads bool) {
	for i, on := range l.node {
		if !on {
			continue
		}
		n, set := 1, rulespace.SignalSet(0)
		for _, v := range g.in[i*s.arity:][:s.ops[g.op[i]].Info().Arity] {
			n = min(n+p.size[v], math.MaxInt32)
			set |= p.reads[v]
		}
		p.size[s.first()+i], p.reads[s.first()+i] = n, set
	}
	reads = true
	for i, v := range g.out {
		size = min(size+p.size[v], math.MaxInt32)
		reads = reads && p.reads[v] != 0 && p.reads[v].Minus(p.may[i]) == 0
	}
	return size, reads
}

// evaluate returns the values of the outputs of g on the probe.
func (p *phenotype) evaluate(s *shape, g *genome, l live, same identity.Relation) []rulespace.Column {
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
	for i, v := range g.out {
		p.out[i] = p.columns[v]
	}
	return p.out
}
