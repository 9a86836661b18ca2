package rulespace

// Derivative returns ∂e/∂x for a signal or name x, by the chain rule over the
// primitives' own derivatives, simplified only where a factor is 0 or 1.
func Derivative(e, x *Expr) *Expr {
	if x.kind != KindSignal && x.kind != KindName {
		panic("rulespace: Derivative with respect to what is no signal or name")
	}
	return derivative(e, x, map[*Expr]*Expr{})
}

// derivative keeps what it has found, so that shared sub-expressions are
// differentiated once.
func derivative(e, x *Expr, memo map[*Expr]*Expr) *Expr {
	if d, ok := memo[e]; ok {
		return d
	}
	d := Const(0)
	switch {
	case e.kind != KindApply:
		if e.Equal(x) {
			d = Const(1)
		}
	default:
		for i, a := range e.args {
			inner := derivative(a, x, memo)
			if inner.IsConst(0) {
				continue
			}
			d = sumOf(d, productOf(e.op.Info().Derivative(e.args, i), inner))
		}
	}
	memo[e] = d
	return d
}

func sumOf(a, b *Expr) *Expr {
	switch {
	case a.IsConst(0):
		return b
	case b.IsConst(0):
		return a
	}
	return Apply(Add, a, b)
}

func productOf(a, b *Expr) *Expr {
	switch {
	case a.IsConst(0) || b.IsConst(0):
		return Const(0)
	case a.IsConst(1):
		return b
	case b.IsConst(1):
		return a
	}
	return Apply(Mul, a, b)
}
