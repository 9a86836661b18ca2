package kernel

import (
	"sort"

	"github.com/metaplast/metaplast/rulespace"
)

// code computes one value of synapse scope strip by strip: once before, each
// for every sample, and done after the loop over samples, which is empty when
// each is.
type code struct {
	once, each, done []instr
	registers        int
}

// phase of an instruction of a code.
const (
	inOnce = iota
	inEach
	inDone
)

// emitter makes the code for one root.
type emitter struct {
	*graph
	uses  map[int]int
	phase map[int]int
	order []int
	reg   map[int]int // register of a node
	last  map[int]int // position in order of the last reader
	free  []int
	code  code
}

// emit makes the code that leaves the value of root in the view dest.
func (g *graph) emit(root, dest int) code {
	e := &emitter{graph: g, uses: map[int]int{}, phase: map[int]int{}, reg: map[int]int{}, last: map[int]int{}}
	if !e.computed(root) {
		op, mask := opCopy, uint8(0)
		if e.isScalar(root) {
			op, mask = opFill, 1
		}
		e.code.once = []instr{{op: op, scalar: mask, d: dest, arg: [3]int{root}, operand: 1}}
		return e.code
	}
	e.visit(root)
	e.fuse()
	sort.SliceStable(e.order, func(i, j int) bool { return e.phase[e.order[i]] < e.phase[e.order[j]] })
	e.lifetimes()
	for at, id := range e.order {
		e.place(at, id, root, dest)
	}
	return e.code
}

// computed reports whether the code itself computes a node.
func (g *graph) computed(id int) bool {
	n := &g.nodes[id]
	return n.scope == rulespace.Synapse && (n.kind == apply || n.kind == total || n.kind == chain)
}

// isScalar reports whether a value is the same for a whole row.
func (g *graph) isScalar(id int) bool {
	s := g.nodes[id].scope
	return s == rulespace.Global || s == rulespace.Pre
}

// visit lists what has to be computed, in order, and finds its phase.
func (e *emitter) visit(id int) int {
	if !e.computed(id) {
		return inOnce
	}
	e.uses[id]++
	if p, ok := e.phase[id]; ok {
		return p
	}
	n := &e.nodes[id]
	p := inOnce
	for _, a := range n.args() {
		p = max(p, e.visit(a))
	}
	switch {
	case n.kind == total:
		p = inDone
	case n.varies:
		p = inEach
	}
	e.phase[id] = p
	e.order = append(e.order, id)
	return p
}

// fused marks a product that is computed by the addition which reads it.
const fused = -2

// fuse joins products with the sum that alone reads them.
func (e *emitter) fuse() {
	for _, id := range e.order {
		if _, m, _ := e.joined(id); m != none {
			e.phase[m] = fused
		}
	}
	kept := e.order[:0]
	for _, id := range e.order {
		if e.phase[id] != fused {
			kept = append(kept, id)
		}
	}
	e.order = kept
}

// joined returns the product and the other operand when id can be computed as
// c + a·b or c - a·b: the product has no other reader and c is a vector.
func (e *emitter) joined(id int) (op opcode, m, c int) {
	n := &e.nodes[id]
	if n.kind != apply || n.op != rulespace.Add && n.op != rulespace.Sub {
		return 0, none, none
	}
	op, first := opMulAdd, 0
	if n.op == rulespace.Sub {
		op, first = opSubMul, 1
	}
	for k := 1; k >= first; k-- {
		m, c := n.arg[k], n.arg[1-k]
		p := &e.nodes[m]
		if e.computed(m) && p.kind == apply && p.op == rulespace.Mul && e.uses[m] == 1 && m != c &&
			!e.isScalar(c) && (e.phase[m] == e.phase[id] || e.phase[m] == fused) {
			return op, m, c
		}
	}
	return 0, none, none
}

// operands lists what the instruction of a node reads.
func (e *emitter) operands(id int) []int {
	if _, m, c := e.joined(id); m != none {
		return append(append([]int(nil), e.nodes[m].args()...), c)
	}
	return e.nodes[id].args()
}

// lifetimes finds the last reader of every register. What is computed before
// the loop over samples and read in it is never released.
func (e *emitter) lifetimes() {
	for at, id := range e.order {
		for _, a := range e.operands(id) {
			if e.phase[id] == inEach && e.phase[a] == inOnce {
				e.last[a] = len(e.order)
			}
			e.last[a] = max(e.last[a], at)
		}
	}
}

func (e *emitter) take() int {
	if n := len(e.free); n > 0 {
		r := e.free[n-1]
		e.free = e.free[:n-1]
		return r
	}
	e.code.registers++
	return firstRegister + e.code.registers - 1
}

// place emits the instruction of one node.
func (e *emitter) place(at, id, root, dest int) {
	n := &e.nodes[id]
	if n.kind == total {
		e.accumulate(id)
		return
	}
	in := instr{op: opcode(n.op)}
	if n.kind == chain {
		in.op, in.arg[0] = opChain, n.at
	} else {
		if op, m, _ := e.joined(id); m != none {
			in.op = op
		}
		for k, a := range e.operands(id) {
			in.operand++
			in.arg[k] = e.where(a)
			if e.isScalar(a) {
				in.scalar |= 1 << k
			}
		}
	}
	for _, a := range e.operands(id) {
		e.release(a, at)
	}
	if id == root {
		in.d = dest
	} else {
		in.d = e.take()
		e.reg[id] = in.d
	}
	switch e.phase[id] {
	case inOnce:
		e.code.once = append(e.code.once, in)
	case inEach:
		e.code.each = append(e.code.each, in)
	default:
		e.code.done = append(e.code.done, in)
	}
}

// release frees the register of a after its last reader.
func (e *emitter) release(a, at int) {
	if r, ok := e.reg[a]; ok && e.last[a] == at {
		e.free = append(e.free, r)
		delete(e.reg, a)
	}
}

func (e *emitter) where(id int) int {
	if r, ok := e.reg[id]; ok {
		return r
	}
	return id
}

// accumulate emits the sum over samples: cleared before the loop, added to at
// its end.
func (e *emitter) accumulate(id int) {
	x := e.nodes[id].arg[0]
	e.code.registers++
	sum := firstRegister + e.code.registers - 1
	e.reg[id] = sum
	e.code.once = append(e.code.once, instr{op: opFill, scalar: 1, d: sum, arg: [3]int{e.constant(0)}, operand: 1})
	from := e.where(x)
	if k := len(e.code.each) - 1; e.code.each[k].op == opcode(rulespace.Mul) && e.code.each[k].d == from && e.uses[x] == 1 {
		in := &e.code.each[k]
		in.op, in.d, in.arg[2], in.operand = opMulAdd, sum, sum, 3
		return
	}
	e.code.each = append(e.code.each, instr{op: opcode(rulespace.Add), d: sum, arg: [3]int{sum, from}, operand: 2})
}

// firstRegister is where registers are numbered from until link moves them
// behind the nodes, whose number is known last.
const firstRegister = 1 << 30

// link gives the registers of a code their places in the table of views.
func (c *code) link(nodes int) {
	for _, list := range [][]instr{c.once, c.each, c.done} {
		for k := range list {
			in := &list[k]
			if in.d >= firstRegister {
				in.d += nodes - firstRegister
			}
			for m := range in.arg {
				if in.arg[m] >= firstRegister {
					in.arg[m] += nodes - firstRegister
				}
			}
			in.choose()
		}
	}
}

// cost estimates the time per synapse of a code, in additions.
func (g *graph) cost(c code, samples int) float64 {
	list := func(code []instr) float64 {
		sum := 0.0
		for _, in := range code {
			switch {
			case in.op == opChain:
				// Four products share one pass over the strip.
				sum += 1 + float64(0.5*float64(samples*len(g.chains[in.arg[0]])))
			case in.op < opcode(rulespace.NumOps):
				sum += rulespace.Op(in.op).Info().Cost
			default:
				sum++
			}
		}
		return sum
	}
	return list(c.once) + float64(float64(samples)*list(c.each)) + list(c.done)
}
