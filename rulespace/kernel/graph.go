package kernel

import (
	"math"

	"github.com/metaplast/metaplast/rulespace"
)

// kind tells the nodes of a graph apart.
type kind uint8

const (
	constant  kind = iota // a number
	param                 // parameter at
	signal                // signal at
	state                 // state at before its update; of synapse scope also after it
	biasState             // the biases' row of state at, before its update
	weight                // w
	feedback              // w of dfb
	bias                  // w of db
	target                // where a change is stored instead of added
	invBatch              // 1/B
	apply                 // a primitive
	mean                  // mean over the samples of arg[0]
	copied                // arg[0], in memory of its own
	spread                // a single value as a row
	total                 // Σ over samples of arg[0], which is of synapse scope
	chain                 // Σ over samples and pairs at f·g
)

// node is a value that the program computes or reads.
type node struct {
	kind   kind
	op     rulespace.Op
	at     int
	bits   uint32 // of a constant
	arg    [3]int // none where unused
	scope  rulespace.Scope
	varies bool // differs between the samples of a batch
}

const none = -1

// graph holds the values of a program, each once, arguments before results.
type graph struct {
	nodes  []node
	index  map[node]int
	chains [][]pair
}

func (g *graph) add(n node) int {
	if id, ok := g.index[n]; ok {
		return id
	}
	id := len(g.nodes)
	g.nodes = append(g.nodes, n)
	g.index[n] = id
	return id
}

// leaf adds a node without arguments.
func (g *graph) leaf(k kind, at int, scope rulespace.Scope, varies bool) int {
	return g.add(node{kind: k, at: at, arg: [3]int{none, none, none}, scope: scope, varies: varies})
}

func (g *graph) constant(v float32) int {
	return g.add(node{kind: constant, bits: math.Float32bits(v), arg: [3]int{none, none, none}})
}

func (g *graph) signal(s rulespace.Signal) int {
	return g.leaf(signal, int(s), s.Info().Scope, varies(s))
}

// apply adds op(args…). Constants are folded by the operation itself, and
// factors and divisors of 1 dropped, neither of which changes a bit.
func (g *graph) apply(op rulespace.Op, args ...int) int {
	n := node{kind: apply, op: op, arg: [3]int{none, none, none}}
	folded := true
	for k, a := range args {
		n.arg[k] = a
		n.scope = n.scope.Join(g.nodes[a].scope)
		n.varies = n.varies || g.nodes[a].varies
		folded = folded && g.nodes[a].kind == constant
	}
	if folded {
		var v [3]float32
		for k, a := range args {
			v[k] = math.Float32frombits(g.nodes[a].bits)
		}
		return g.constant(op.Info().Value32(v[0], v[1], v[2]))
	}
	switch op {
	case rulespace.Add, rulespace.Mul:
		n.arg[0], n.arg[1] = min(args[0], args[1]), max(args[0], args[1])
		if op == rulespace.Mul {
			for k, a := range args {
				if g.isOne(a) {
					return args[1-k]
				}
			}
			if args[0] == args[1] {
				return g.apply(rulespace.Square, args[0])
			}
		}
	case rulespace.Div:
		if g.isOne(args[1]) {
			return args[0]
		}
	case rulespace.Neg:
		if m := g.nodes[args[0]]; m.kind == apply && m.op == rulespace.Neg {
			return m.arg[0]
		}
	}
	return g.add(n)
}

func (g *graph) isOne(id int) bool {
	n := g.nodes[id]
	return n.kind == constant && n.bits == math.Float32bits(1)
}

// mean adds the mean over the samples of a value that is not of synapse scope.
func (g *graph) mean(id int) int {
	n := g.nodes[id]
	if !n.varies {
		return id
	}
	return g.add(node{kind: mean, arg: [3]int{id, none, none}, scope: n.scope})
}

// batchMean adds the mean over the samples of a value of synapse scope.
func (g *graph) batchMean(id int) int {
	if !g.nodes[id].varies {
		return id
	}
	sum := g.add(node{kind: total, arg: [3]int{id, none, none}, scope: rulespace.Synapse})
	return g.apply(rulespace.Mul, sum, g.leaf(invBatch, 0, rulespace.Global, false))
}

// own makes sure that the value of id does not lie in the memory of a state.
func (g *graph) own(id int) int {
	if n := g.nodes[id]; n.kind == state || n.kind == biasState {
		return g.add(node{kind: copied, arg: [3]int{id, none, none}, scope: n.scope})
	}
	return id
}

// args lists the arguments of a node.
func (n *node) args() []int {
	for k, a := range n.arg {
		if a == none {
			return n.arg[:k]
		}
	}
	return n.arg[:]
}

// reach marks everything that the given nodes need.
func (g *graph) reach(marked []bool, ids ...int) {
	for _, id := range ids {
		if id == none || marked[id] {
			continue
		}
		marked[id] = true
		n := &g.nodes[id]
		g.reach(marked, n.args()...)
		if n.kind == chain {
			for _, p := range g.chains[n.at] {
				g.reach(marked, p.f, p.g)
			}
		}
	}
}
