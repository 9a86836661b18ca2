package kernel

import (
	"fmt"
	"math"

	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
)

// Instance is a program bound to one connection: the values of its parameters
// and states, and all the memory that it needs. It is used by one goroutine.
type Instance struct {
	p            *Program
	in, out, max int
	views        []view
	home         []view // where nodes have memory of their own
	params       []float32
	states       []*vec.Matrix // by state: 1×In, 1×Out or In×Out
	biases       []*vec.Matrix // the biases' rows of states: 1×1 or 1×Out
	chains       []products
	packed       []packed
	skip         []bool // by step: whether silent rows are left alone
	online       [sections]section
	batch        [sections]section // empty when there are no batches
	stateful     bool              // a state of synapse scope
	height       int               // rows of a block
	chained      int               // the same where there are chains
	pass         *pass             // nil where present does more
	span         int               // rows that a pass takes
	columns      *columns          // of matrices of very few columns
	threads      [2]threads        // for one sample and for a batch
	running      []*thread         // by step: the program that carries it out, if any
	invert       [1]float32        // 1/B
	row          []float32         // scratch
	none         view              // of operands that are not there
	one          view              // the number 1
}

// threads are the programs of a schedule for the machine, nil where there are
// none: all steps together, and each step.
type threads struct {
	do, store         *thread
	steps, storeSteps []*thread
}

// packed holds the factors of a chain of several pairs, sample by sample.
type packed struct{ f, g *vec.Matrix }

// Bind makes an instance for a connection of in presynaptic and out
// postsynaptic units that is presented up to maxBatch samples at a time.
// Nothing is allocated afterwards.
func (p *Program) Bind(in, out, maxBatch int) *Instance {
	if in < 1 || out < 1 || maxBatch < 1 {
		panic(fmt.Sprintf("kernel: Bind(%d, %d, %d): sizes have to be positive", in, out, maxBatch))
	}
	i := &Instance{p: p, in: in, out: out, max: maxBatch}
	i.none.data, i.one.data = []float32{0}, []float32{1}
	i.views = make([]view, len(p.nodes)+p.registers)
	i.params = make([]float32, len(p.rule.Params))
	for k, v := range p.rule.Params {
		i.params[k] = float32(v.Value)
	}
	for _, s := range p.rule.States {
		rows, cols, row := 1, in, 1
		switch s.Scope {
		case rulespace.Post:
			cols = out
		case rulespace.Synapse:
			rows, cols, row = in, out, out
			i.stateful = true
		}
		i.states = append(i.states, vec.New(rows, cols))
		i.biases = append(i.biases, vec.New(1, row))
	}
	for id := range p.nodes {
		i.place(id)
	}
	width := min(strip, vec.New(1, out).Stride)
	i.height = max(1, min(in, block/width))
	i.chained = i.height
	if len(p.chains) > 0 {
		i.chained = max(2*productRows, chainBlock/width/productRows*productRows)
	}
	i.span = i.height
	if out <= fewColumns && in > out {
		i.span, i.columns = min(in, block), &columns{}
		for k := range i.columns.scratch {
			i.columns.scratch[k] = vec.New(1, i.span).Data
		}
	}
	for r := range p.registers {
		i.views[len(p.nodes)+r] = view{data: vec.New(1, max(i.height*width, i.chained*width, i.span)).Data, block: width}
	}
	i.chains = make([]products, len(p.chains))
	i.packed = make([]packed, len(p.chains))
	for k, pairs := range p.chains {
		if len(pairs) > 1 {
			i.packed[k] = packed{vec.New(len(pairs)*maxBatch, out), vec.New(len(pairs)*maxBatch, in)}
		}
	}
	i.row = vec.New(1, out).Data
	i.skip = make([]bool, len(p.online.steps))
	i.running = make([]*thread, len(i.skip))
	i.home = append([]view(nil), i.views...)
	for k := range sections {
		i.online[k] = i.section(p.online.inputs[k], p.online.hoisted[k], false)
		if maxBatch > 1 {
			i.batch[k] = i.section(p.batch.inputs[k], p.batch.hoisted[k], true)
		}
	}
	i.pass = i.onePass()
	i.threads[0] = i.bindThreads(&p.online)
	if maxBatch > 1 {
		i.threads[1] = i.bindThreads(&p.batch)
	}
	i.Reset()
	return i
}

// bindThreads binds the programs of a schedule that presentations may use.
func (i *Instance) bindThreads(s *schedule) threads {
	t := threads{steps: make([]*thread, len(s.steps)), storeSteps: make([]*thread, len(s.steps))}
	if i.columns != nil {
		return t
	}
	t.do, t.store = i.thread(s.thread), i.thread(s.threadStore)
	for k := range s.steps {
		if a := &s.steps[k]; t.do == nil || a.dfb {
			t.steps[k], t.storeSteps[k] = i.thread(a.thread), i.thread(a.threadStore)
		}
	}
	return t
}

// place gives a node its memory, where that does not depend on the frame.
func (i *Instance) place(id int) {
	p := i.p
	n := &p.nodes[id]
	v := &i.views[id]
	switch n.kind {
	case constant:
		v.data = []float32{math.Float32frombits(n.bits)}
	case param:
		v.data = i.params[n.at : n.at+1]
	case invBatch:
		v.data = i.invert[:]
	case state:
		m := i.states[n.at%len(i.states)]
		*v = matrixView(m, n.scope)
	case biasState:
		m := i.biases[n.at]
		*v = view{data: m.Data, column: 1}
		if n.scope == rulespace.Global {
			v.column = 0
		}
	case apply, mean, copied, spread:
		if !p.hoisted[id] {
			return
		}
		rows, cols := 1, 1
		switch n.scope {
		case rulespace.Pre:
			cols = i.in
		case rulespace.Post:
			cols = i.out
		}
		if n.varies {
			rows = i.max
		}
		if n.scope == rulespace.Global {
			*v = globalView(vec.New(1, rows), n.varies)
		} else {
			*v = unitView(vec.New(rows, cols), n.scope, n.varies)
		}
	}
}

// matrixView is the view of a state, which has no samples.
func matrixView(m *vec.Matrix, s rulespace.Scope) view {
	switch s {
	case rulespace.Pre:
		return view{data: m.Data, row: 1}
	case rulespace.Post:
		return view{data: m.Data, column: 1}
	}
	return view{data: m.Data, row: m.Stride, column: 1}
}

// unitView is the view of values of one unit, a row per sample.
func unitView(m *vec.Matrix, s rulespace.Scope, varies bool) view {
	v := matrixView(m, s)
	if varies {
		v.sample = m.Stride
	}
	return v
}

// globalView is the view of single values, a column per sample.
func globalView(m *vec.Matrix, varies bool) view {
	v := view{data: m.Data}
	if varies {
		v.sample = 1
	}
	return v
}

// SetParam sets a parameter of the rule. It panics when there is none of that
// name.
func (i *Instance) SetParam(name string, v float64) {
	for k, p := range i.p.rule.Params {
		if p.Name == name {
			i.params[k] = float32(v)
			return
		}
	}
	panic(fmt.Sprintf("kernel: the rule has no parameter %q", name))
}

// Reset sets the states to their initial values. Parameters keep theirs.
func (i *Instance) Reset() {
	for k, s := range i.p.rule.States {
		for r := range i.states[k].Rows {
			vec.Fill(i.states[k].Row(r), float32(s.Init))
		}
		vec.Fill(i.biases[k].Row(0), float32(s.Init))
	}
}

// Apply carries out the rule for one presentation: it updates the states and
// adds dw to w, db to b and dfb to fb. b and fb may be nil, and are left alone
// where the rule has no db or dfb.
func (i *Instance) Apply(f *Frame, w *vec.Matrix, b []float32, fb *vec.Matrix) {
	if i.pass != nil && f.Batch == 1 {
		i.pass.apply(i, f, w, b)
		return
	}
	i.present(f, w, nil, b, fb)
}

// Delta is Apply for weights that are changed by other means: it updates the
// states, reads w, and sets dw to its change.
func (i *Instance) Delta(f *Frame, w, dw *vec.Matrix) {
	i.present(f, w, dw, nil, nil)
}

// DeltaAll is Delta that also adds db to b and dfb to fb. b and fb may be nil.
func (i *Instance) DeltaAll(f *Frame, w, dw *vec.Matrix, b []float32, fb *vec.Matrix) {
	i.present(f, w, dw, b, fb)
}

func (i *Instance) present(f *Frame, w, dw *vec.Matrix, b []float32, fb *vec.Matrix) {
	p := i.p
	if f.Batch < 1 || f.Batch > i.max {
		panic(fmt.Sprintf("kernel: %d samples presented to an instance for 1 to %d", f.Batch, i.max))
	}
	s := p.schedule(f.Batch)
	steps := s.steps
	if n := len(steps) - 1; !steps[n].dfb {
		fb = nil
	} else if fb == nil {
		steps = steps[:n]
	}
	if p.db == none {
		b = nil
	}
	if !i.fits(w) || dw != nil && !i.fits(dw) || fb != nil && !i.fits(fb) || b != nil && len(b) != i.out {
		panic("kernel: weights, biases or feedback weights do not have the shape of the connection")
	}
	i.invert[0] = 1 / float32(f.Batch)
	i.bind(weight, matrixView(w, rulespace.Synapse))
	hoisted := &i.online
	if f.Batch > 1 {
		hoisted = &i.batch
	}
	i.hoist(&hoisted[forWeights], f)
	if b != nil {
		i.bind(bias, view{data: b, column: 1})
		i.hoist(&hoisted[forBiases], f)
	}
	if fb != nil {
		i.bind(feedback, matrixView(fb, rulespace.Synapse))
		i.hoist(&hoisted[forFeedback], f)
	}
	if dw != nil {
		i.bind(target, matrixView(dw, rulespace.Synapse))
	}
	threads := &i.threads[0]
	if f.Batch > 1 {
		threads = &i.threads[1]
	}
	all := threads.do
	if dw != nil {
		all = threads.store
	}
	first := 0 // step that is not done
	if all != nil && all.point(i.in, i.out, f.Batch) {
		all.run(0, i.in, i.in, i.out, f.Batch)
		for first < len(steps) && !steps[first].dfb {
			first++
		}
	}
	for k := first; k < len(steps); k++ {
		i.prepare(k, &steps[k], threads, f.Batch, dw != nil)
	}
	if i.stateful && first == 0 {
		// One pass over all matrices: a state is read soon after its update.
		for r := 0; r < i.in; r += i.span {
			for k := range steps {
				i.rows(k, &steps[k], r, min(r+i.span, i.in), f.Batch, dw)
			}
		}
	} else {
		for k := first; k < len(steps); k++ {
			i.sweep(k, &steps[k], f.Batch, w, dw, fb)
		}
	}

	if b != nil {
		i.change(b)
		i.commit(p.biased, i.biases)
	}
	i.commit(p.fresh, i.states)
}

// change adds db to the biases.
func (i *Instance) change(b []float32) {
	if v := &i.views[i.p.db]; i.p.nodes[i.p.db].scope == rulespace.Global {
		vec.AddVS(b, b, v.data[0])
	} else {
		vec.AddVV(b, b, v.data)
	}
}

func (i *Instance) fits(m *vec.Matrix) bool { return m.Rows == i.in && m.Cols == i.out }

// bind points the node of a kind, if there is one, to its values.
func (i *Instance) bind(k kind, v view) {
	if id := i.p.sole[k]; id != none {
		i.views[id] = v
	}
}

// commit stores the new values of states of one unit.
func (i *Instance) commit(values []int, to []*vec.Matrix) {
	for k, id := range values {
		if id == none {
			continue
		}
		if i.p.nodes[id].scope == rulespace.Global {
			vec.Fill(to[k].Row(0), i.views[id].data[0])
		} else {
			copy(to[k].Row(0), i.views[id].data)
		}
	}
}

// prepare points the program of an assignment to the presentation, gathers
// the factors of its chains and finds out whether its silent rows may be left
// alone.
func (i *Instance) prepare(k int, a *assignment, t *threads, batch int, storing bool) {
	i.running[k] = t.steps[k]
	if storing && a.state == none && !a.dfb {
		i.running[k] = t.storeSteps[k]
	}
	if i.running[k] != nil && !i.running[k].point(i.in, i.out, batch) {
		i.running[k] = nil
	}
	lively := i.lively(a)
	i.skip[k] = len(a.silent) > 0 && !lively
	for _, id := range a.bounded {
		i.skip[k] = i.skip[k] && i.finite(id, batch)
	}
	for _, c := range a.chains {
		i.gather(c, batch, i.skip[k], lively)
	}
}

// lively reports that no row is silent, which the first sample shows where
// inputs are dense.
func (i *Instance) lively(a *assignment) bool {
	if len(a.silent) == 0 {
		return false
	}
	for _, x := range i.views[a.silent[0]].data[:i.in] {
		if x == 0 {
			return false
		}
	}
	return true
}

// gather points a chain to its factors, which lie in one matrix each. Where
// the assignment's bounds hold, all of them are finite; where no row is silent,
// there is little to leave out and no need to know.
func (i *Instance) gather(c, batch int, bounded, lively bool) {
	pairs := i.p.chains[c]
	p := &i.chains[c]
	p.n, p.all = batch*len(pairs), lively
	for _, x := range pairs {
		p.all = p.all || !bounded && !i.finite(x.f, batch)
	}
	if len(pairs) == 1 {
		f, g := &i.views[pairs[0].f], &i.views[pairs[0].g]
		p.f, p.fs, p.g, p.gs = f.data, f.sample, g.data, g.sample
		return
	}
	m := i.packed[c]
	for b := range batch {
		for k, x := range pairs {
			copy(m.f.Row(b*len(pairs)+k), i.views[x.f].from(b, 0, 0))
			copy(m.g.Row(b*len(pairs)+k), i.views[x.g].from(b, 0, 0))
		}
	}
	p.f, p.fs, p.g, p.gs = m.f.Data, m.f.Stride, m.g.Data, m.g.Stride
}

// finite reports whether a value of post scope is finite for all samples.
func (i *Instance) finite(id, batch int) bool {
	v := &i.views[id]
	if !i.p.nodes[id].varies {
		batch = 1
	}
	if batch > 1 && vec.Finite(v.data[:(batch-1)*v.sample+i.out]) {
		return true // and so is what lies between the rows
	}
	for b := range batch {
		if !vec.Finite(v.from(b, 0, 0)[:i.out]) {
			return false
		}
	}
	return true
}

// silent reports whether all pre factors of a row are zero.
func (i *Instance) silent(a *assignment, row, batch int) bool {
	for _, id := range a.silent {
		v := &i.views[id]
		samples := batch
		if v.sample == 0 {
			samples = 1
		}
		for b := range samples {
			if v.data[b*v.sample+row] != 0 {
				return false
			}
		}
	}
	return true
}

// sweep carries out an assignment on a whole matrix.
func (i *Instance) sweep(k int, a *assignment, batch int, w, dw, fb *vec.Matrix) {
	switch {
	case a.rank.kind != noRank && a.dfb:
		i.update(&a.rank, fb, !i.skip[k])
	case a.rank.kind != noRank && dw == nil:
		i.update(&a.rank, w, !i.skip[k])
	case a.sum != none && a.dfb:
		i.accumulate(k, a, batch, fb)
	case a.sum != none && dw == nil:
		i.accumulate(k, a, batch, w)
	case i.running[k] != nil:
		i.rows(k, a, 0, i.in, batch, dw)
	default:
		span := i.span
		if len(a.chains) > 0 {
			span = i.in
		}
		for r := 0; r < i.in; r += span {
			i.rows(k, a, r, min(r+span, i.in), batch, dw)
		}
	}
}

// accumulate adds the mean of a chain to m, what code would do in two passes.
func (i *Instance) accumulate(k int, a *assignment, batch int, m *vec.Matrix) {
	p := &i.chains[a.sum]
	for from, to := 0, i.in; from < i.in; from, to = to, i.in {
		if i.skip[k] {
			for from < i.in && i.silent(a, from, batch) {
				from++
			}
			for to = from; to < i.in && !i.silent(a, to, batch); {
				to++
			}
		}
		if from < to {
			d := vec.Rows{Data: m.Data[from*m.Stride:], Stride: m.Stride}
			vec.AddProducts(d, to-from, i.out, p.n, p.g[from:], p.gs, p.f, p.fs, p.all, i.invert[:], i.row)
		}
	}
}

// rows carries out an assignment on a block of rows, without those that it
// leaves alone.
func (i *Instance) rows(k int, a *assignment, from, to, batch int, dw *vec.Matrix) {
	c := &a.do
	storing := dw != nil && a.state == none && !a.dfb
	if storing {
		c = &a.store
	}
	if !i.skip[k] {
		i.part(k, c, a, from, to, batch)
		return
	}
	for r := from; r < to; {
		if i.silent(a, r, batch) {
			if storing {
				clear(dw.Row(r))
			}
			r++
			continue
		}
		start := r
		for r++; r < to && !i.silent(a, r, batch); r++ {
		}
		i.part(k, c, a, start, r, batch)
	}
}

// part runs the code of step k on rows from to to: by the machine, column by
// column, or block by block and strip by strip.
func (i *Instance) part(k int, c *code, a *assignment, from, to, batch int) {
	if t := i.running[k]; t != nil {
		t.run(from, to, i.in, i.out, batch)
		return
	}
	if i.columns != nil && len(a.chains) == 0 {
		for j := range i.out {
			i.columns.last = none
			i.column(c.once, 0, from, to-from, j)
			if len(c.each) > 0 {
				for b := range batch {
					i.column(c.each, b, from, to-from, j)
				}
				i.column(c.done, 0, from, to-from, j)
			}
		}
		return
	}
	height := i.height
	if len(a.chains) > 0 {
		height = i.chained
	}
	for ; from < to; from += height {
		m := min(height, to-from)
		for j := 0; j < i.out; j += strip {
			n := min(strip, i.out-j)
			i.run(c.once, 0, from, m, j, n)
			if len(c.each) > 0 {
				for b := range batch {
					i.run(c.each, b, from, m, j, n)
				}
				i.run(c.done, 0, from, m, j, n)
			}
		}
	}
}
