package kernel

import (
	"math"

	"github.com/metaplast/metaplast/internal/vec/program"
	"github.com/metaplast/metaplast/rulespace"
)

// result is a value and the matrix that it goes to.
type result struct{ root, dest int }

// threader writes programs for the machine of package program. The order of
// the operations may differ from that of the strips, but not the operations.
type threader struct {
	*graph
	code   program.Code
	uses   map[int]int
	temp   map[int]int // temporary block of a node
	acc    int         // node whose value the accumulators hold, or none
	inLoop bool        // there is a loop over samples
	failed bool
}

// threaded returns a program that computes results in turn in one pass over
// the matrices, or nil when it cannot be written.
func (g *graph) threaded(results ...result) *program.Code {
	t := &threader{graph: g, uses: map[int]int{}, temp: map[int]int{}, acc: none}
	totals := make([][]int, len(results))
	for k, x := range results {
		t.count(x.root, &totals[k])
	}
	for k, x := range results {
		if len(totals[k]) > 0 {
			t.loop(totals[k])
		}
		t.store(x)
	}
	if t.failed {
		return nil
	}
	return &t.code
}

// store computes a result and stores it. Sums with what is there before and
// scaled sums are common: they have operations of their own.
func (t *threader) store(x result) {
	dest := program.Operand{Kind: program.Matrix, At: x.dest}
	sum := &t.nodes[x.root]
	if t.inMemory(x.root) || sum.kind != apply || sum.op != rulespace.Add || t.uses[x.root] > 1 || sum.arg[0] != x.dest && sum.arg[1] != x.dest {
		t.value(x.root)
		t.emit(program.Store, none, none)
		t.last().A = dest
		return
	}
	t.code.Cost += rulespace.Add.Info().Cost
	id := sum.arg[0]
	if id == x.dest {
		id = sum.arg[1]
	}
	if p := t.product(id); p != nil {
		// Either operand in memory may be the one that the other is scaled by.
		t.code.Cost += rulespace.Mul.Info().Cost
		a, b := p.arg[0], p.arg[1]
		if t.inMemory(a) {
			a, b = b, a
		}
		if t.inMemory(b) {
			t.value(a)
			t.emit(program.ScaleAddStore, b, none)
			t.last().B = dest
			return
		}
	}
	t.value(id)
	t.emit(program.AddStore, none, none)
	t.last().A = dest
}

func (t *threader) last() *program.Instr { return &t.code.Instrs[len(t.code.Instrs)-1] }

// count finds how often values are read, and the sums over samples.
func (t *threader) count(id int, totals *[]int) {
	if !t.computed(id) {
		return
	}
	t.uses[id]++
	if t.uses[id] > 1 {
		return
	}
	n := &t.nodes[id]
	t.failed = t.failed || n.kind == chain
	for _, a := range n.args() {
		t.count(a, totals)
	}
	if n.kind == total {
		*totals = append(*totals, id)
	}
}

// loop adds what all samples share, and the loop over them, which leaves sums
// in temporary blocks.
func (t *threader) loop(totals []int) {
	seen := map[int]bool{}
	for _, id := range totals {
		t.shared(t.nodes[id].arg[0], seen)
	}
	t.inLoop = true
	zero := t.constant(0)
	for _, id := range totals {
		t.value(zero)
		t.keep(id)
	}
	t.acc = none
	l := program.Loop{From: len(t.code.Instrs)}
	for _, id := range totals {
		x := t.nodes[id].arg[0]
		if p := t.product(x); p != nil {
			a, b := t.factors(p)
			t.load(id)
			t.emit(program.AddProduct, a, b)
		} else {
			t.value(x)
			t.emit(program.Add, id, none)
		}
		t.emit(program.Store, id, none)
	}
	l.To = len(t.code.Instrs)
	t.code.Loops = append(t.code.Loops, l)
	t.acc = none
	for id := range t.temp {
		if t.nodes[id].varies {
			delete(t.temp, id) // the value for the last sample
		}
	}
}

// shared computes what is read for every sample and the same for all.
func (t *threader) shared(id int, seen map[int]bool) {
	if !t.computed(id) || seen[id] {
		return
	}
	seen[id] = true
	if !t.nodes[id].varies {
		if _, ok := t.temp[id]; !ok {
			t.value(id)
			t.keep(id)
		}
		return
	}
	for _, a := range t.nodes[id].args() {
		t.shared(a, seen)
	}
}

// inMemory reports whether a value can be an operand.
func (t *threader) inMemory(id int) bool {
	_, kept := t.temp[id]
	return kept || !t.computed(id)
}

// keep stores the accumulators, which hold the value of a node.
func (t *threader) keep(id int) {
	if _, ok := t.temp[id]; ok {
		return
	}
	t.temp[id] = t.code.Temps
	t.code.Temps++
	t.emit(program.Store, id, none)
	t.acc = id
}

// product returns the node of a product that nothing else reads, or nil.
func (t *threader) product(id int) *node {
	n := &t.nodes[id]
	if t.inMemory(id) || n.kind != apply || n.op != rulespace.Mul || t.uses[id] > 1 {
		return nil
	}
	return n
}

// factors makes sure that the operands of a product are in memory.
func (t *threader) factors(p *node) (a, b int) {
	t.code.Cost += rulespace.Mul.Info().Cost
	for _, id := range p.args() {
		if !t.inMemory(id) {
			t.value(id)
			t.keep(id)
		}
	}
	return p.arg[0], p.arg[1]
}

func (t *threader) load(id int) {
	if t.acc != id {
		t.emit(program.Load, id, none)
		t.acc = id
	}
}

// value leaves the value of a node in the accumulators.
func (t *threader) value(id int) {
	if t.acc == id {
		return
	}
	if t.inMemory(id) {
		t.load(id)
		return
	}
	t.compute(&t.nodes[id])
	t.acc = id
	if t.uses[id] > 1 {
		t.keep(id)
	}
}

// machineOps gives the operations of the machine for primitives: acc op a, and
// for those of two arguments a op acc.
var machineOps = map[rulespace.Op][2]program.Op{
	rulespace.Add: {program.Add, program.Add}, rulespace.Sub: {program.Sub, program.SubFrom},
	rulespace.Mul: {program.Mul, program.Mul}, rulespace.Div: {program.Div, program.DivInto},
	rulespace.PDiv: {program.PDiv, program.PDivInto},
	rulespace.Min:  {program.Min, program.MinOf}, rulespace.Max: {program.Max, program.MaxOf},
	rulespace.Neg: {program.Neg}, rulespace.Abs: {program.Abs}, rulespace.Sign: {program.Sign},
	rulespace.Square: {program.Square}, rulespace.Cube: {program.Cube}, rulespace.Sqrt: {program.Sqrt},
	rulespace.Exp: {program.Exp}, rulespace.Log: {program.Log}, rulespace.Tanh: {program.Tanh},
	rulespace.Sigmoid: {program.Sigmoid}, rulespace.Relu: {program.Relu}, rulespace.Step: {program.Step},
}

func (t *threader) compute(n *node) {
	a, b := n.arg[0], n.arg[1]
	op, known := machineOps[n.op]
	switch {
	case n.kind != apply:
		t.failed = true
	case n.op == rulespace.Clip:
		t.clip(n)
	case !known:
		t.failed = true
	case len(n.args()) == 1:
		t.value(a)
		t.emit(op[0], none, none)
	case (n.op == rulespace.Add || n.op == rulespace.Sub) && t.product(b) != nil:
		p, q := t.factors(t.product(b))
		t.value(a)
		fused := program.AddProduct
		if n.op == rulespace.Sub {
			fused = program.SubProduct
		}
		t.emit(fused, p, q)
	case (n.op == rulespace.Add || n.op == rulespace.Sub) && t.product(a) != nil:
		p, q := t.factors(t.product(a))
		t.value(b)
		fused := program.AddProduct
		if n.op == rulespace.Sub {
			fused = program.ProductSub
		}
		t.emit(fused, p, q)
	case n.op == rulespace.Mul && t.inMemory(a) && t.inMemory(b) && t.acc != a && t.acc != b:
		t.emit(program.Product, a, b)
	case t.acc == b && t.inMemory(a):
		t.emit(op[1], a, none)
	case t.inMemory(b):
		t.value(a)
		t.emit(op[0], b, none)
	case t.inMemory(a):
		t.value(b)
		t.emit(op[1], a, none)
	default:
		t.value(b)
		t.keep(b)
		t.value(a)
		t.emit(op[0], b, none)
	}
	if known {
		t.code.Cost += n.op.Info().Cost
	}
}

// clip is min and max if the bounds are numbers in order.
func (t *threader) clip(n *node) {
	t.code.Cost += n.op.Info().Cost
	x, low, high := n.arg[0], n.arg[1], n.arg[2]
	if l, h := &t.nodes[low], &t.nodes[high]; l.kind == constant && h.kind == constant && math.Float32frombits(l.bits) <= math.Float32frombits(h.bits) {
		t.value(x)
		t.emit(program.MinOf, high, none)
		t.emit(program.MaxOf, low, none)
		return
	}
	for _, id := range [2]int{low, high} {
		t.value(id)
		t.keep(id)
	}
	t.value(x)
	t.emit(program.Clip, low, high)
}

// emit adds an instruction with nodes or none as operands.
func (t *threader) emit(op program.Op, a, b int) {
	t.acc = none
	t.code.Cost++
	t.code.Instrs = append(t.code.Instrs, program.Instr{Op: op, A: t.operand(a), B: t.operand(b)})
}

func (t *threader) operand(id int) program.Operand {
	if id == none {
		return program.Operand{}
	}
	if k, ok := t.temp[id]; ok {
		return program.Operand{Kind: program.Temp, At: k}
	}
	n := &t.nodes[id]
	kind := [...]program.Kind{rulespace.Global: program.Single, rulespace.Pre: program.Column,
		rulespace.Post: program.Row, rulespace.Synapse: program.Matrix}[n.scope]
	if t.inLoop && n.varies {
		kind = sampled[kind]
	}
	return program.Operand{Kind: kind, At: id}
}

// sampled gives the kinds of operands that vary between samples.
var sampled = map[program.Kind]program.Kind{program.Single: program.SingleSample,
	program.Column: program.ColumnSample, program.Row: program.RowSample}

// thread is a program bound to an instance.
type thread struct {
	*program.Program
	refs []ref
}

// ref is an operand whose place may change from presentation to presentation.
type ref struct {
	k    int // which
	kind program.Kind
	at   *view
}

// thread binds a program; nil stays nil.
func (i *Instance) thread(c *program.Code) *thread {
	if c == nil {
		return nil
	}
	t := &thread{Program: program.New(c, i.out)}
	for k, o := range t.Operands() {
		switch i.p.nodes[o.At].kind {
		case signal, weight, feedback, target, mean:
			t.refs = append(t.refs, ref{k, o.Kind, &i.views[o.At]})
		default:
			t.Point(k, i.views[o.At].data)
		}
	}
	return t
}

// threads writes the programs of a schedule. Where states of synapse scope and
// weights change together, one program does all of them in one pass; feedback
// weights have their own, since they may be left alone.
func (g *graph) threads(s *schedule, stateful bool) {
	if !program.Available() {
		return
	}
	var do, store []result
	together := stateful
	for k := range s.steps {
		a := &s.steps[k]
		dest := g.leaf(weight, 0, rulespace.Synapse, false)
		switch {
		case a.state != none:
			dest = g.leaf(state, a.state, rulespace.Synapse, false)
		case a.dfb:
			dest = g.leaf(feedback, 0, rulespace.Synapse, false)
		}
		x, y := result{a.root, dest}, result{a.root, dest}
		if a.state == none {
			x.root = g.apply(rulespace.Add, a.root, dest)
			y.dest = g.leaf(target, 0, rulespace.Synapse, false)
		}
		if a.rank.kind == noRank {
			a.thread = g.threaded(x)
		}
		if a.state == none && !a.dfb {
			a.threadStore = g.threaded(y)
		}
		if !a.dfb {
			do, store = append(do, x), append(store, y)
			together = together && len(a.silent) == 0
		}
	}
	if together {
		s.thread, s.threadStore = g.threaded(do...), g.threaded(store...)
	}
}

// padded is the floats of a row of n columns.
func padded(n int) int { return (n + 15) &^ 15 }

// point points a program to the values of a presentation. It reports false
// where these do not lie as the machine needs them.
func (t *thread) point(in, out, batch int) bool {
	for k := range t.refs {
		r := &t.refs[k]
		v := r.at
		need := 0
		switch r.kind {
		case program.Matrix:
			if v.row != padded(out) {
				return false
			}
			need = in * v.row
		case program.Row:
			need = padded(out)
		case program.Column:
			need = in
		case program.Single:
			need = 1
		case program.RowSample:
			if v.sample != padded(out) {
				return false
			}
			need = batch * v.sample
		case program.ColumnSample:
			if v.sample != padded(in) {
				return false
			}
			need = (batch-1)*v.sample + in
		case program.SingleSample:
			if v.sample != 1 {
				return false
			}
			need = batch
		}
		if len(v.data) < need {
			return false
		}
		t.Point(r.k, v.data)
	}
	return true
}

func (t *thread) run(from, to, in, out, batch int) {
	t.Run(from, to, program.Samples{N: batch, Row: padded(out), Column: padded(in)})
}
