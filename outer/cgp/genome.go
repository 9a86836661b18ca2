package cgp

import (
	"math"
	"strconv"

	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// shape is what all genomes of a search have in common. Values are numbered:
// the leaves first, then the genome's own numbers, then the nodes, each of
// which reads values before it. A genome has an output per expression of a rule.
type shape struct {
	leaves  []*rulespace.Expr
	numbers int
	ops     []rulespace.Op
	columns int
	arity   int // of the primitive with the most arguments
	outputs int
}

// first is the value that the first node computes.
func (s *shape) first() int { return len(s.leaves) + s.numbers }

// genome is a graph: for each node its function and as many connections as
// the widest primitive has arguments (a narrower one ignores the rest), then
// the values that are the outputs. Its numbers are values to read like leaves.
type genome struct {
	op     []int32
	in     []int32
	number []float64
	out    []int32
}

func (s *shape) newGenome() *genome {
	return &genome{
		op: make([]int32, s.columns), in: make([]int32, s.columns*s.arity), number: make([]float64, s.numbers),
		out: make([]int32, s.outputs),
	}
}

func (g *genome) copyFrom(h *genome) {
	copy(g.op, h.op)
	copy(g.in, h.in)
	copy(g.number, h.number)
	copy(g.out, h.out)
}

func (s *shape) clone(g *genome) *genome {
	c := s.newGenome()
	c.copyFrom(g)
	return c
}

// random draws every gene uniformly, numbers from a normal distribution.
func (s *shape) random(rng *key.Stream) *genome {
	g := s.newGenome()
	for i := range g.op {
		g.op[i] = int32(rng.IntN(len(s.ops)))
		for a := range s.arity {
			g.in[i*s.arity+a] = int32(rng.IntN(s.first() + i))
		}
	}
	for i := range g.number {
		g.number[i] = short(rng.Normal())
	}
	for i := range g.out {
		g.out[i] = int32(rng.IntN(s.first() + s.columns))
	}
	return g
}

// short rounds to the two digits that numbers of a rule are written with: a
// change that matters to a rule is larger.
func short(v float64) float64 {
	r, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 2, 64), 64)
	return r
}

// live says what the outputs of a genome depend on.
type live struct {
	node   []bool
	number []bool
}

func (s *shape) newLive() live { return live{make([]bool, s.columns), make([]bool, s.numbers)} }

// mark finds what the outputs of g depend on.
func (s *shape) mark(g *genome, l live) {
	clear(l.node)
	clear(l.number)
	reach := func(v int32) {
		switch i := int(v) - len(s.leaves); {
		case i >= s.numbers:
			l.node[i-s.numbers] = true
		case i >= 0:
			l.number[i] = true
		}
	}
	for _, v := range g.out {
		reach(v)
	}
	for i := s.columns - 1; i >= 0; i-- {
		if l.node[i] {
			for a := range s.ops[g.op[i]].Info().Arity {
				reach(g.in[i*s.arity+a])
			}
		}
	}
}

// genes is how many genes a genome has.
func (s *shape) genes() int { return s.columns*(1+s.arity) + s.numbers + s.outputs }

// matters reports whether an output of g depends on gene k.
func (s *shape) matters(g *genome, l live, k int) bool {
	perNode := 1 + s.arity
	switch node := k / perNode; {
	case k >= s.genes()-s.outputs:
		return true
	case node >= s.columns:
		return l.number[k-s.columns*perNode]
	default:
		return l.node[node] && k%perNode <= s.ops[g.op[node]].Info().Arity
	}
}

// change gives gene k another value, each as likely, and reports whether
// there is one. A number moves by a normal step, relative to its size.
func (s *shape) change(g *genome, k int, rng *key.Stream) bool {
	perNode := 1 + s.arity
	node, gene := k/perNode, k%perNode
	switch {
	case k >= s.genes()-s.outputs:
		return other(&g.out[k-s.genes()+s.outputs], s.first()+s.columns, rng)
	case node >= s.columns:
		return step(&g.number[k-s.columns*perNode], rng)
	case gene == 0:
		return other(&g.op[node], len(s.ops), rng)
	}
	return other(&g.in[node*s.arity+gene-1], s.first()+node, rng)
}

// mutateSingle changes genes, chosen uniformly, until one that matters has
// changed: all changes before it fall on genes that no output depends on. It
// reports false when there is only one genome.
//
// B. W. Goldman, W. F. Punch, EuroGP (2013).
func (s *shape) mutateSingle(g *genome, l live, rng *key.Stream) bool {
	if s.first()+s.columns < 2 {
		return false
	}
	for {
		k := rng.IntN(s.genes())
		if m := s.matters(g, l, k); s.change(g, k, rng) && m {
			return true
		}
	}
}

// mutateRate changes every gene with a probability, and reports whether one
// that matters has changed. Offspring of which none has are skipped: they are
// their parent.
//
// B. W. Goldman, W. F. Punch, EuroGP (2013).
func (s *shape) mutateRate(g *genome, l live, rate float64, rng *key.Stream) bool {
	any := false
	for k := s.genes() - 1; k >= 0; k-- { // arguments before their primitive
		if rng.Float64() >= rate {
			continue
		}
		m := s.matters(g, l, k)
		any = s.change(g, k, rng) && m || any
	}
	return any
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

// stride and smallest give the width of the steps of a number.
const (
	stride   = 0.3
	smallest = 0.1
	largest  = 1e6
)

// step moves a number.
func step(v *float64, rng *key.Stream) bool {
	for {
		width := stride * max(math.Abs(*v), smallest)
		if w := short(*v + float64(width*rng.Normal())); w != *v && math.Abs(w) < largest {
			*v = w
			return true
		}
	}
}

// reorder puts the nodes of g in a random order in which each still reads
// only values before it. The genome means what it did; but nodes that are
// near the end only because others read nothing behind them can become
// arguments, which is the bias that keeps genomes from using their length.
//
// B. W. Goldman, W. F. Punch, IEEE Trans. Evol. Comput. 19:359 (2015).
func (s *shape) reorder(g *genome, rng *key.Stream) {
	first := s.first()
	missing := make([]int, s.columns)     // arguments that have no place yet
	readers := make([][]int32, s.columns) // of each node
	var ready []int32
	for i := range s.columns {
		for _, v := range g.in[i*s.arity:][:s.arity] {
			if v := int(v) - first; v >= 0 {
				missing[i]++
				readers[v] = append(readers[v], int32(i))
			}
		}
		if missing[i] == 0 {
			ready = append(ready, int32(i))
		}
	}
	place := make([]int32, s.columns)
	old := s.clone(g)
	at := func(v int32) int32 {
		if int(v) < first {
			return v
		}
		return int32(first) + place[int(v)-first]
	}
	for to := range s.columns {
		pick := rng.IntN(len(ready))
		i := ready[pick]
		ready[pick] = ready[len(ready)-1]
		ready = ready[:len(ready)-1]
		place[i] = int32(to)
		g.op[to] = old.op[i]
		for a := range s.arity {
			g.in[to*s.arity+a] = at(old.in[int(i)*s.arity+a])
		}
		for _, r := range readers[i] {
			if missing[r]--; missing[r] == 0 {
				ready = append(ready, r)
			}
		}
	}
	for i, v := range old.out {
		g.out[i] = at(v)
	}
}

// express returns the expressions that g stands for; nodes that are used more
// than once are shared.
func (s *shape) express(g *genome, l live) []*rulespace.Expr {
	values := make([]*rulespace.Expr, s.first()+s.columns)
	copy(values, s.leaves)
	for i, on := range l.number {
		if on {
			values[len(s.leaves)+i] = rulespace.Const(g.number[i])
		}
	}
	for i, on := range l.node {
		if !on {
			continue
		}
		op := s.ops[g.op[i]]
		args := make([]*rulespace.Expr, op.Info().Arity)
		for a := range args {
			args[a] = values[g.in[i*s.arity+a]]
		}
		values[s.first()+i] = rulespace.Apply(op, args...)
	}
	exprs := make([]*rulespace.Expr, len(g.out))
	for i, v := range g.out {
		exprs[i] = values[v]
	}
	return exprs
}
