package kernel

import (
	"fmt"

	"github.com/metaplast/metaplast/internal/vec/program"
	"github.com/metaplast/metaplast/rulespace"
)

// Program is a compiled rule. It is immutable; any number of connections and
// goroutines may share it.
type Program struct {
	rule   *rulespace.Rule
	nodes  []node
	chains [][]pair
	fresh  []int // by state: its new value; none for synapse scope
	biased []int // by state: the new value of the biases' row, if db needs it
	db     int   // mean change of the biases, none if they stay
	// What is done for one sample and for a batch.
	online, batch schedule
	needs         rulespace.SignalSet
	registers     int
	hoisted       []bool         // by node: a schedule computes it once per unit or less
	sole          [chain + 1]int // the node of kinds that have one, or none
}

// schedule is the work of one presentation.
type schedule struct {
	hoisted [sections][]int // values of one unit or none, in order
	inputs  [sections][]input
	// states and weights in order; dfb is last where it exists.
	steps []assignment
	// All steps but dfb in one pass, or nil: weights are added to, or their
	// change is stored.
	thread, threadStore *program.Code
}

// The sections of a schedule: what weights and states need, and what biases
// and feedback weights need beyond that.
const (
	forWeights = iota
	forBiases
	forFeedback
	sections
)

// assignment changes one matrix of the connection.
type assignment struct {
	state int // which state, or none
	dfb   bool
	outer bool // by the outer plan
	root  int
	do    code // adds to weights, stores states
	store code // of dw only: stores the change
	// The same for the machine, or nil.
	thread, threadStore *program.Code
	rank                rank
	chains              []int // that do and store read
	sum                 int   // the chain whose mean over the batch is all of root, or none
	// A row in which every node of silent is zero is left alone, as long as
	// the nodes of bounded are finite. Both empty: no row is.
	silent, bounded []int
}

// Compile turns a rule into a program. Parameters keep their names: each
// Instance sets its own values.
func Compile(r *rulespace.Rule) (*Program, error) { return translate(r, false) }

// CompileLanes is Compile for a program that will be bound to Lanes alone,
// which takes less than half of the time.
func CompileLanes(r *rulespace.Rule) (*Program, error) { return translate(r, true) }

func translate(r *rulespace.Rule, lanes bool) (*Program, error) {
	c := &compiler{rule: r, g: &graph{index: map[node]int{}}, lanes: lanes}
	p, err := c.compile()
	if err != nil {
		name := r.Name
		if name == "" {
			name = "rule"
		}
		return nil, fmt.Errorf("compiling %s: %w", name, err)
	}
	return p, nil
}

type compiler struct {
	rule  *rulespace.Rule
	g     *graph
	now   map[string]int // nodes of the states as read by the next assignment
	then  map[string]int // the same for the biases' row
	lanes bool           // see CompileLanes
}

func (c *compiler) compile() (*Program, error) {
	r, g := c.rule, c.g
	if err := c.declare(); err != nil {
		return nil, err
	}
	p := &Program{rule: r, db: none}
	type aim struct{ state, root, dest int }
	var targets []aim
	needed := c.statesOf(r.DB)
	for k, s := range r.States {
		root, err := c.build(s.Update, g.leaf(weight, 0, rulespace.Synapse, false), false)
		if err != nil {
			return nil, fmt.Errorf("state %s: %w", s.Name, err)
		}
		if sc := g.nodes[root].scope; sc != rulespace.Global && sc != s.Scope && s.Scope != rulespace.Synapse {
			return nil, fmt.Errorf("state %s of %s scope has an update of %s scope", s.Name, s.Scope, sc)
		}
		row := none
		if needed[s.Name] && s.Scope != rulespace.Post {
			row, err = c.build(s.Update, g.leaf(bias, 0, rulespace.Post, false), true)
			if err != nil {
				return nil, fmt.Errorf("state %s: %w", s.Name, err)
			}
			row = g.own(g.mean(row))
			c.then[s.Name] = row
		}
		p.biased = append(p.biased, row)

		if s.Scope == rulespace.Synapse {
			targets = append(targets, aim{k, root, c.now[s.Name]})
			p.fresh = append(p.fresh, none)
			c.now[s.Name] = g.leaf(state, k+len(r.States), rulespace.Synapse, false)
			continue
		}
		root = g.own(g.mean(root))
		p.fresh = append(p.fresh, root)
		c.now[s.Name] = root
		if s.Scope == rulespace.Post {
			c.then[s.Name] = root
		}
	}

	dw, err := c.build(r.DW, g.leaf(weight, 0, rulespace.Synapse, false), false)
	if err != nil {
		return nil, fmt.Errorf("dw: %w", err)
	}
	targets = append(targets, aim{none, dw, g.leaf(weight, 0, rulespace.Synapse, false)})
	if r.DFB != nil {
		fb := g.leaf(feedback, 0, rulespace.Synapse, false)
		root, err := c.build(r.DFB, fb, false)
		if err != nil {
			return nil, fmt.Errorf("dfb: %w", err)
		}
		targets = append(targets, aim{none, root, fb})
	}
	if r.DB != nil {
		root, err := c.build(r.DB, g.leaf(bias, 0, rulespace.Post, false), true)
		if err != nil {
			return nil, fmt.Errorf("db: %w", err)
		}
		p.db = g.mean(root)
	}

	d := &decomposer{graph: g, memo: map[int][]term{}}
	stateful := len(targets) > 1 && targets[0].state != none
	for _, t := range targets {
		one, many := c.plans(d, t.state, t.root, t.dest, stateful)
		p.online.steps = append(p.online.steps, one)
		p.batch.steps = append(p.batch.steps, many)
	}
	if !c.lanes {
		g.threads(&p.online, stateful)
		g.threads(&p.batch, stateful)
	}
	c.finish(p)
	return p, nil
}

// declare checks the declarations and names the states' old values.
func (c *compiler) declare() error {
	r, g := c.rule, c.g
	if r.DW == nil {
		return fmt.Errorf("there is no dw")
	}
	c.now, c.then = map[string]int{}, map[string]int{}
	for k, s := range r.States {
		if s.Scope == rulespace.Global {
			return fmt.Errorf("state %s has global scope; a state is of pre, post or synapse scope", s.Name)
		}
		if s.Update == nil {
			return fmt.Errorf("state %s has no update", s.Name)
		}
		if _, ok := c.now[s.Name]; ok {
			return fmt.Errorf("state %s is declared twice", s.Name)
		}
		c.now[s.Name] = g.leaf(state, k, s.Scope, false)
		switch s.Scope {
		case rulespace.Pre:
			c.then[s.Name] = g.leaf(biasState, k, rulespace.Global, false)
		case rulespace.Synapse:
			c.then[s.Name] = g.leaf(biasState, k, rulespace.Post, false)
		default:
			c.then[s.Name] = c.now[s.Name]
		}
	}
	return nil
}

// statesOf returns the states that e reads, directly or through the updates
// of others.
func (c *compiler) statesOf(e *rulespace.Expr) map[string]bool {
	found := map[string]bool{}
	seen := map[*rulespace.Expr]bool{}
	var walk func(e *rulespace.Expr)
	walk = func(e *rulespace.Expr) {
		if e == nil || seen[e] {
			return
		}
		seen[e] = true
		for k := range e.NumArgs() {
			walk(e.Arg(k))
		}
		if e.Kind() == rulespace.KindName && !found[e.Name()] {
			for _, s := range c.rule.States {
				if s.Name == e.Name() {
					found[s.Name] = true
					walk(s.Update)
				}
			}
		}
	}
	walk(e)
	return found
}

// build adds an expression to the graph; w is the node that w stands for, and
// forBias selects the readings of the biases' row.
func (c *compiler) build(e *rulespace.Expr, w int, forBias bool) (int, error) {
	memo := map[*rulespace.Expr]int{}
	var walk func(e *rulespace.Expr) (int, error)
	walk = func(e *rulespace.Expr) (int, error) {
		if id, ok := memo[e]; ok {
			return id, nil
		}
		id, err := 0, error(nil)
		switch e.Kind() {
		case rulespace.KindConst:
			id = c.g.constant(float32(e.Value()))
		case rulespace.KindName:
			id, err = c.name(e.Name(), forBias)
		case rulespace.KindSignal:
			s := e.Signal()
			switch scope := s.Info().Scope; {
			case s == rulespace.SigW:
				id = w
			case forBias && (scope == rulespace.Pre || scope == rulespace.Synapse):
				id = c.g.constant(biasReading(s))
			default:
				id = c.g.signal(s)
			}
		default:
			args := make([]int, e.NumArgs())
			for k := range args {
				if args[k], err = walk(e.Arg(k)); err != nil {
					return 0, err
				}
			}
			id = c.g.apply(e.Op(), args...)
		}
		memo[e] = id
		return id, err
	}
	return walk(e)
}

func (c *compiler) name(name string, forBias bool) (int, error) {
	states := c.now
	if forBias {
		states = c.then
	}
	if id, ok := states[name]; ok {
		return id, nil
	}
	for k, p := range c.rule.Params {
		if p.Name == name {
			return c.g.leaf(param, k, rulespace.Global, false), nil
		}
	}
	return 0, fmt.Errorf("%q is neither a signal nor a parameter nor a state", name)
}

// typicalBatch is the number of samples for which the plan of mini-batches is
// chosen.
const typicalBatch = 16

// plans makes the cheaper plan of an assignment for one sample and for a
// mini-batch. With equal cost it is the outer one.
func (c *compiler) plans(d *decomposer, k, root, dest int, stateful bool) (one, many assignment) {
	g := c.g
	plain := g.mean(root)
	if g.nodes[root].scope == rulespace.Synapse {
		plain = root
	}
	a := c.assign(k, plain, dest)
	var b, y assignment
	if !c.lanes {
		b = c.assign(k, g.batchMean(plain), dest)
	}
	terms := d.terms(root)
	if terms == nil {
		return a, b
	}
	groups := g.groups(terms)
	x := c.assign(k, g.outer(groups, false), dest)
	if !c.lanes {
		y = c.assign(k, g.outer(groups, true), dest)
	}
	for _, o := range []*assignment{&x, &y} {
		o.outer = true
		if k == none {
			o.silent, o.bounded = g.silence(groups, dest)
		}
	}
	costX := g.cost(x.do, 1)
	if k == none && !stateful {
		x.rank = g.rank(groups, dest)
		if x.rank.kind != noRank {
			costX = 0 // one pass over the weights: nothing is cheaper
		}
	}
	if costX <= g.cost(a.do, 1) {
		a = x
	}
	if !c.lanes && g.cost(y.do, typicalBatch) <= g.cost(b.do, typicalBatch) {
		b = y
	}
	return a, b
}

// assign makes the code that assigns root to state k, or adds it to dest.
func (c *compiler) assign(k, root, dest int) assignment {
	g := c.g
	a := assignment{state: k, root: root, dfb: g.nodes[dest].kind == feedback}
	if k != none {
		a.do = g.emit(root, dest)
		return a
	}
	a.do = g.emit(g.apply(rulespace.Add, root, dest), dest)
	if !a.dfb && !c.lanes {
		a.store = g.emit(root, g.leaf(target, 0, rulespace.Synapse, false))
	}
	return a
}

// silence finds the factors that make a row of an outer plan keep its values
// when they are all zero. It asks for a factor of pre scope in every product
// and for factors h of 1 or w, which are finite when w is.
func (g *graph) silence(groups []group, w int) (silent, bounded []int) {
	for _, gr := range groups {
		if gr.h != none && gr.h != w {
			return nil, nil
		}
		for _, p := range gr.pairs {
			f, h, _ := g.factors(p)
			if h == none {
				return nil, nil
			}
			silent = append(silent, h)
			if f != none {
				bounded = append(bounded, f)
			}
		}
	}
	return silent, bounded
}

// finish collects what the schedules need and freezes the graph.
func (c *compiler) finish(p *Program) {
	p.nodes, p.chains = c.g.nodes, c.g.chains
	p.hoisted = make([]bool, len(p.nodes))
	for k := range p.sole {
		p.sole[k] = none
	}
	for id, n := range p.nodes {
		switch n.kind {
		case weight, feedback, bias, target:
			p.sole[n.kind] = id
		}
	}
	if c.lanes { // nothing is emitted and nothing reads the schedules
		return
	}
	for _, s := range []*schedule{&p.online, &p.batch} {
		roots := [sections][]int{forWeights: append([]int(nil), p.fresh...), forBiases: append([]int{p.db}, p.biased...)}
		for i := range s.steps {
			a := &s.steps[i]
			for _, code := range []*code{&a.do, &a.store} {
				code.link(len(p.nodes))
				p.registers = max(p.registers, code.registers)
			}
			for _, in := range a.do.once {
				if in.op == opChain {
					a.chains = append(a.chains, in.arg[0])
				}
			}
			a.sum = c.g.meanChain(a.root)
			to := forWeights
			if a.dfb {
				to = forFeedback
			}
			roots[to] = append(append(roots[to], a.root), a.rank.nodes()...)
			roots[to] = append(append(roots[to], a.silent...), a.bounded...)
		}
		done := make([]bool, len(p.nodes))
		for k := range sections {
			marked := append([]bool(nil), done...)
			c.g.reach(marked, roots[k]...)
			for id, n := range p.nodes {
				if !marked[id] || done[id] {
					continue
				}
				switch {
				case n.kind == signal:
					s.inputs[k] = append(s.inputs[k], input{rulespace.Signal(n.at), id, n.scope, n.varies})
					p.needs |= rulespace.Signals(rulespace.Signal(n.at))
				case n.scope != rulespace.Synapse && (n.kind == apply || n.kind == mean || n.kind == copied || n.kind == spread):
					s.hoisted[k] = append(s.hoisted[k], id)
					p.hoisted[id] = true
				}
			}
			done = marked
		}
	}
}

// Needs returns the signals that a circuit has to present; w is bound by the
// program itself.
func (p *Program) Needs() rulespace.SignalSet { return p.needs }

// Plan names the plan by which weights change for a given number of samples,
// "outer" or "accumulator". It depends on the rule and on whether there is
// one sample or several.
func (p *Program) Plan(batch int) string {
	if p.dw(batch).outer {
		return "outer"
	}
	return "accumulator"
}

// dw returns the assignment of the weights.
func (p *Program) dw(batch int) *assignment {
	s := p.schedule(batch)
	for i := range s.steps {
		if s.steps[i].state == none {
			return &s.steps[i]
		}
	}
	panic("kernel: program without dw")
}

func (p *Program) schedule(batch int) *schedule {
	if batch == 1 {
		return &p.online
	}
	return &p.batch
}
