package kernel

import (
	"math"

	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
)

// Lanes is a program bound to many copies of one connection that learn side
// by side, one sample each at a time: lane l has its own inputs, weights and
// parameters. What a lane computes has the bits of an Instance of its own.
//
// Values of all lanes lie next to each other: those of pre scope at
// [i*N+l], of post scope at [j*N+l], of synapse scope at [(j*In+i)*N+l] and
// single ones at [l], for unit i before and j behind the connection and N
// lanes.
type Lanes struct {
	p       *Program
	in, out int
	n       int // lanes
	values  [][]float32
	units   []laneCode // values of one unit or none, in order
	synapse []laneCode // for one postsynaptic unit
	params  [][]float32
	signals []int // nodes
	calls   []laneCall
	bound   bool // calls point to the values in use
	arena   []float32
}

// laneCode computes the value of a node from those of others.
type laneCode struct {
	op     opcode
	kernel vec.Kernel
	direct bool // there is a kernel
	node   int  // none for w
	scope  rulespace.Scope
	args   []laneArg
}

// laneCall is code bound to the values that it works on.
type laneCall struct {
	code    *laneCode
	m       int // rows
	direct  vec.Call
	d       vec.Rows
	operand [3]vec.Rows
}

// laneArg says where the rows of an operand lie: row r for postsynaptic unit j
// at (j*unit + r*row)·N.
type laneArg struct{ node, row, unit int }

// Lanes binds the program to as many lanes. It is nil where the rule does more
// than change weights: keeps states, or changes feedback weights. Biases stay
// as they are.
func (p *Program) Lanes(in, out, lanes int) *Lanes {
	if len(p.rule.States) > 0 || p.rule.DFB != nil {
		return nil
	}
	x := &Lanes{p: p, in: in, out: out, n: lanes, values: make([][]float32, len(p.nodes)), params: make([][]float32, len(p.rule.Params))}
	a := p.dw(1)
	marked := make([]bool, len(p.nodes))
	(&graph{nodes: p.nodes, chains: p.chains}).reach(marked, a.root)
	uses := make([]int, len(p.nodes))
	for id := range p.nodes {
		if marked[id] {
			for _, arg := range p.nodes[id].args() {
				uses[x.alias(arg)]++
			}
		}
	}
	uses[x.alias(a.root)]++
	fused := make([]bool, len(p.nodes))
	for id, n := range p.nodes {
		if marked[id] {
			x.place(id, n, uses, fused)
		}
	}
	x.finish(a.root, uses, fused)
	for id, n := range p.nodes {
		if n.kind == signal && marked[id] {
			x.signals = append(x.signals, id)
		}
	}
	return x
}

// alias is the node that a node repeats.
func (x *Lanes) alias(id int) int {
	for {
		switch n := x.p.nodes[id]; n.kind {
		case mean, copied, spread:
			id = n.arg[0]
		default:
			return id
		}
	}
}

// place gives a node memory and code.
func (x *Lanes) place(id int, n node, uses []int, fused []bool) {
	switch n.kind {
	case constant:
		x.values[id] = x.memory(1)
		vec.Fill(x.values[id], math.Float32frombits(n.bits))
	case param:
		x.values[id] = x.memory(1)
		x.params[n.at] = x.values[id]
	case apply:
		c := laneCode{op: opcode(n.op), node: id, scope: n.scope}
		ids := make([]int, 0, 3)
		for _, a := range n.args() {
			ids = append(ids, x.alias(a))
		}
		c.op, ids = x.fuse(c.op, ids, n.scope, uses, fused)
		x.add(c, ids)
	}
}

// fuse joins a sum with a product in it that nothing else needs; both round.
func (x *Lanes) fuse(op opcode, ids []int, scope rulespace.Scope, uses []int, fused []bool) (opcode, []int) {
	product := func(id int) bool {
		n := x.p.nodes[id]
		return n.kind == apply && n.op == rulespace.Mul && n.scope == scope && uses[id] == 1 && !fused[id]
	}
	sum, other, joined := none, none, op
	switch {
	case op == opcode(rulespace.Add) && product(ids[0]):
		sum, other, joined = ids[0], ids[1], opMulAdd
	case op == opcode(rulespace.Add) && product(ids[1]):
		sum, other, joined = ids[1], ids[0], opMulAdd
	case op == opcode(rulespace.Sub) && product(ids[1]):
		sum, other, joined = ids[1], ids[0], opSubMul
	default:
		return op, ids
	}
	fused[sum] = true
	x.drop(sum)
	a, b := x.alias(x.p.nodes[sum].arg[0]), x.alias(x.p.nodes[sum].arg[1])
	if joined == opSubMul {
		return joined, []int{other, a, b} // c - a·b
	}
	return joined, []int{a, b, other}
}

// drop takes back the code of a node.
func (x *Lanes) drop(id int) {
	for _, list := range []*[]laneCode{&x.units, &x.synapse} {
		for k, c := range *list {
			if c.node == id {
				*list = append((*list)[:k], (*list)[k+1:]...)
				return
			}
		}
	}
}

// add appends code.
func (x *Lanes) add(c laneCode, ids []int) {
	for _, id := range ids {
		n := x.p.nodes[id]
		a := laneArg{node: id}
		switch n.scope {
		case rulespace.Pre:
			a.row = 1
		case rulespace.Post:
			if a.unit = 1; c.scope == rulespace.Post {
				a.row, a.unit = 1, 0
			}
		case rulespace.Synapse:
			if a.row = 1; n.kind != apply { // those of all units are there
				a.unit = x.in
			}
		}
		c.args = append(c.args, a)
	}
	switch c.op {
	case opMulAdd:
		c.kernel, c.direct = vec.MulAddVVVKernel, true
	case opSubMul:
		c.kernel, c.direct = vec.SubMulVVVKernel, true
	default:
		c.kernel, c.direct = kernels[rulespace.Op(c.op)]
	}
	if c.node != none {
		x.values[c.node] = x.memory(x.rows(c.scope))
	}
	if c.scope == rulespace.Synapse {
		x.synapse = append(x.synapse, c)
	} else {
		x.units = append(x.units, c)
	}
}

// rows is how many rows of lanes code computes at a time.
func (x *Lanes) rows(s rulespace.Scope) int {
	switch s {
	case rulespace.Post:
		return x.out
	case rulespace.Global:
		return 1
	}
	return x.in
}

// finish adds the code that changes the weights.
func (x *Lanes) finish(root int, uses []int, fused []bool) {
	w := x.p.sole[weight]
	c := laneCode{node: w, scope: rulespace.Synapse}
	var ids []int
	c.op, ids = x.fuse(opcode(rulespace.Add), []int{x.alias(root), w}, rulespace.Synapse, uses, fused)
	x.add(c, ids)
}

// N is the number of lanes.
func (x *Lanes) N() int { return x.n }

// SetParam sets a parameter of a lane; names that the rule does not have, or
// does not need, are ignored.
func (x *Lanes) SetParam(lane int, name string, value float64) {
	for k, p := range x.p.rule.Params {
		if p.Name == name && x.params[k] != nil {
			x.params[k][lane] = float32(value)
		}
	}
}

// Drop takes a lane out; the last one takes its place.
func (x *Lanes) Drop(lane int) {
	for _, v := range x.params {
		if v != nil {
			v[lane] = v[x.n-1]
		}
	}
	x.n--
	x.bound = false
}

// Needs returns the signals that Apply reads besides w.
func (x *Lanes) Needs() rulespace.SignalSet {
	var needs rulespace.SignalSet
	for _, id := range x.signals {
		needs |= rulespace.Signals(rulespace.Signal(x.p.nodes[id].at))
	}
	return needs
}

// Inert reports whether a row whose pre is zero is left alone or keeps its
// finite weights anyway, whichever plan the program follows.
func (x *Lanes) Inert() bool {
	for _, id := range x.p.dw(1).silent {
		if n := x.p.nodes[x.alias(id)]; n.kind != signal {
			return false
		}
	}
	return true
}

// Apply changes the weights of all lanes by one sample each. The slices are
// those of the first call until a lane is dropped.
func (x *Lanes) Apply(values *[rulespace.NumSignals][]float32, w []float32) {
	if !x.bound {
		x.bind(values, w)
	}
	for k := range x.calls {
		if c := &x.calls[k]; c.code.direct {
			c.direct.Run()
		} else {
			x.run(c)
		}
	}
}

func (x *Lanes) bind(values *[rulespace.NumSignals][]float32, w []float32) {
	for _, id := range x.signals {
		x.values[id] = values[x.p.nodes[id].at]
	}
	x.values[x.p.sole[weight]] = w
	x.calls = x.calls[:0]
	for k := range x.units {
		x.calls = append(x.calls, x.call(&x.units[k], 0))
	}
	for j := range x.out {
		for k := range x.synapse {
			x.calls = append(x.calls, x.call(&x.synapse[k], j))
		}
	}
	x.bound = true
}

// call binds code for a postsynaptic unit.
func (x *Lanes) call(c *laneCode, unit int) laneCall {
	n := x.n
	call := laneCall{code: c, m: x.rows(c.scope), d: vec.Rows{Data: x.values[c.node], Stride: n}}
	if x.p.nodes[c.node].kind == weight {
		call.d.Data = call.d.Data[unit*x.in*n:]
	}
	for k, arg := range c.args {
		call.operand[k] = vec.Rows{Data: x.values[arg.node][arg.unit*unit*n:], Stride: arg.row * n}
	}
	if c.direct {
		call.direct = vec.Prepare(c.kernel, call.m, n, call.d, call.operand[0], call.operand[1], call.operand[2])
	}
	return call
}

// run carries out a primitive that has no kernel.
func (x *Lanes) run(c *laneCall) {
	info := rulespace.Op(c.code.op).Info()
	at := func(v *vec.Rows, r, l int) float32 {
		if v.Data == nil {
			return 0
		}
		return v.Data[r*v.Stride+l]
	}
	for r := range c.m {
		for l := range x.n {
			c.d.Data[r*x.n+l] = info.Value32(at(&c.operand[0], r, l), at(&c.operand[1], r, l), at(&c.operand[2], r, l))
		}
	}
}

// memory returns zeros for so many rows of all lanes.
func (x *Lanes) memory(rows int) []float32 {
	n := rows * x.n
	if len(x.arena) < n {
		x.arena = make([]float32, max(n, 32*x.n))
	}
	v := x.arena[:n:n]
	x.arena = x.arena[n:]
	return v
}
