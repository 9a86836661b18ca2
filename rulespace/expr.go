package rulespace

// Kind tells the forms of an expression apart.
type Kind uint8

const (
	KindConst  Kind = iota // a number
	KindSignal             // a signal of the vocabulary
	KindName               // a parameter or a declared state, by name
	KindApply              // a primitive applied to arguments
)

// Expr is an immutable expression over signals, constants, named parameters
// and states. Expressions may share sub-expressions. Limits that keep every
// operation on them bounded are enforced by Parse, not by the constructors.
type Expr struct {
	kind   Kind
	op     Op
	signal Signal
	name   string
	value  float64
	args   []*Expr
	size   int // nodes of the tree, saturating
	depth  int
}

// maxSize is where size saturates: shared sub-expressions can stand for
// exponentially large trees.
const maxSize = 1 << 30

// Const returns a number.
func Const(v float64) *Expr { return &Expr{kind: KindConst, value: v, size: 1, depth: 1} }

// Sig returns a signal.
func Sig(s Signal) *Expr { return &signalExprs[s] }

// signalExprs are shared by all expressions.
var signalExprs = func() (all [NumSignals]Expr) {
	for i := range all {
		all[i] = Expr{kind: KindSignal, signal: Signal(i), size: 1, depth: 1}
	}
	return all
}()

// Name returns a parameter or state.
func Name(name string) *Expr { return &Expr{kind: KindName, name: name, size: 1, depth: 1} }

// Apply applies a primitive; it panics when the number of arguments is wrong.
func Apply(op Op, args ...*Expr) *Expr {
	if len(args) != op.Info().Arity {
		panic("rulespace: wrong number of arguments for " + op.String())
	}
	return node(op, args...)
}

// node is Apply without its look-up in the primitive table, which itself
// builds derivatives with it.
func node(op Op, args ...*Expr) *Expr {
	var e *Expr
	// An expression and its list of arguments are one piece of memory.
	switch len(args) {
	case 1:
		n := &struct {
			Expr
			args [1]*Expr
		}{}
		e, n.Expr.args = &n.Expr, n.args[:]
	case 2:
		n := &struct {
			Expr
			args [2]*Expr
		}{}
		e, n.Expr.args = &n.Expr, n.args[:]
	default:
		e = &Expr{args: make([]*Expr, len(args))}
	}
	copy(e.args, args)
	e.kind, e.op, e.size = KindApply, op, 1
	for _, a := range e.args {
		e.size = min(e.size+a.size, maxSize)
		e.depth = max(e.depth, a.depth)
	}
	e.depth++
	return e
}

func (e *Expr) Kind() Kind      { return e.kind }
func (e *Expr) Op() Op          { return e.op }
func (e *Expr) Signal() Signal  { return e.signal }
func (e *Expr) Name() string    { return e.name }
func (e *Expr) Value() float64  { return e.value }
func (e *Expr) NumArgs() int    { return len(e.args) }
func (e *Expr) Arg(i int) *Expr { return e.args[i] }

// Size is the number of nodes of the expression written as a tree.
func (e *Expr) Size() int { return e.size }

// Depth is the number of nodes on the longest path; a leaf has depth 1.
func (e *Expr) Depth() int { return e.depth }

// IsConst reports whether e is the number v.
func (e *Expr) IsConst(v float64) bool { return e.kind == KindConst && e.value == v }

// Signals returns the signals that e reads.
func (e *Expr) Signals() SignalSet {
	switch e.kind {
	case KindSignal:
		return Signals(e.signal)
	case KindApply:
		var s SignalSet
		for _, a := range e.args {
			s |= a.Signals()
		}
		return s
	}
	return 0
}

// Substitute replaces each name that with knows by its expression.
func (e *Expr) Substitute(with func(name string) (*Expr, bool)) *Expr {
	switch e.kind {
	case KindName:
		if r, ok := with(e.name); ok {
			return r
		}
	case KindApply:
		args := make([]*Expr, len(e.args))
		changed := false
		for i, a := range e.args {
			args[i] = a.Substitute(with)
			changed = changed || args[i] != a
		}
		if changed {
			return Apply(e.op, args...)
		}
	}
	return e
}

// Equal reports whether two expressions are the same tree.
func (e *Expr) Equal(f *Expr) bool {
	if e == f {
		return true
	}
	if e.kind != f.kind || e.size != f.size {
		return false
	}
	switch e.kind {
	case KindConst:
		return e.value == f.value
	case KindSignal:
		return e.signal == f.signal
	case KindName:
		return e.name == f.name
	}
	if e.op != f.op {
		return false
	}
	for i := range e.args {
		if !e.args[i].Equal(f.args[i]) {
			return false
		}
	}
	return true
}

// Env supplies the values that an expression reads.
type Env interface {
	SignalValue(s Signal) float64
	NamedValue(name string) float64
}

// Eval computes the expression in float64, node by node as written.
func (e *Expr) Eval(env Env) float64 {
	switch e.kind {
	case KindConst:
		return e.value
	case KindSignal:
		return env.SignalValue(e.signal)
	case KindName:
		return env.NamedValue(e.name)
	}
	var v [3]float64
	for i, a := range e.args {
		v[i] = a.Eval(env)
	}
	return e.op.Info().Value(v[0], v[1], v[2])
}
