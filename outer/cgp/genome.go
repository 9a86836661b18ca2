package cgp

import (
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// shape is what all genomes of a search have in common. Values are numbered:
// the leaves first, then the nodes, each of which reads values before it.
type shape struct {
	leaves  []*rulespace.Expr
	ops     []rulespace.Op
	columns int
	arity   int // of the primitive with the most arguments
}

// genome is a graph: for each node its function and as many connections as
// the widest primitive has arguments (a narrower one ignores the rest), then
// the value that is the output.
type genome struct {
	op  []int32
	in  []int32
	out int32
}

func (s *shape) newGenome() *genome {
	return &genome{op: make([]int32, s.columns), in: make([]int32, s.columns*s.arity)}
}

func (g *genome) copyFrom(h *genome) {
	copy(g.op, h.op)
	copy(g.in, h.in)
	g.out = h.out
}

func (s *shape) clone(g *genome) *genome {
	c := s.newGenome()
	c.copyFrom(g)
	return c
}

// random draws every gene uniformly.
func (s *shape) random(rng *key.Stream) *genome {
	g := s.newGenome()
	for i := range g.op {
		g.op[i] = int32(rng.IntN(len(s.ops)))
		for a := range s.arity {
			g.in[i*s.arity+a] = int32(rng.IntN(len(s.leaves) + i))
		}
	}
	g.out = int32(rng.IntN(len(s.leaves) + s.columns))
	return g
}

// markActive sets active[i] for each node that the output depends on.
func (s *shape) markActive(g *genome, active []bool) {
	clear(active)
	leaves := int32(len(s.leaves))
	if g.out >= leaves {
		active[g.out-leaves] = true
	}
	for i := s.columns - 1; i >= 0; i-- {
		if !active[i] {
			continue
		}
		for a := range s.ops[g.op[i]].Info().Arity {
			if v := g.in[i*s.arity+a]; v >= leaves {
				active[v-leaves] = true
			}
		}
	}
}

// mutateSingle changes genes, chosen uniformly, until one that matters has
// changed: all changes before it fall on genes that the output does not
// depend on. active must hold the active nodes of g; it reports false when
// there is only one genome.
//
// B. W. Goldman, W. F. Punch, EuroGP (2013).
func (s *shape) mutateSingle(g *genome, active []bool, rng *key.Stream) bool {
	perNode := 1 + s.arity
	genes := s.columns*perNode + 1
	if len(s.leaves)+s.columns < 2 {
		return false
	}
	for {
		k := rng.IntN(genes)
		if k == genes-1 {
			if other(&g.out, len(s.leaves)+s.columns, rng) {
				return true
			}
			continue
		}
		node, gene := k/perNode, k%perNode
		if gene == 0 {
			if other(&g.op[node], len(s.ops), rng) && active[node] {
				return true
			}
			continue
		}
		used := active[node] && gene <= s.ops[g.op[node]].Info().Arity
		if other(&g.in[node*s.arity+gene-1], len(s.leaves)+node, rng) && used {
			return true
		}
	}
}

// other replaces v by another of the n values, each as likely.
func other(v *int32, n int, rng *key.Stream) bool {
	if n < 2 {
		return false
	}
	w := int32(rng.IntN(n - 1))
	if w >= *v {
		w++
	}
	*v = w
	return true
}

// express returns the expression that g stands for; nodes that are used more
// than once are shared.
func (s *shape) express(g *genome, active []bool) *rulespace.Expr {
	values := make([]*rulespace.Expr, len(s.leaves)+s.columns)
	copy(values, s.leaves)
	for i, on := range active {
		if !on {
			continue
		}
		op := s.ops[g.op[i]]
		args := make([]*rulespace.Expr, op.Info().Arity)
		for a := range args {
			args[a] = values[g.in[i*s.arity+a]]
		}
		values[len(s.leaves)+i] = rulespace.Apply(op, args...)
	}
	return values[g.out]
}
