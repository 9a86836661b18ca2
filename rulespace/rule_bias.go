package rulespace

// AsBias returns e as a bias reads it. A bias is the weight from a unit that
// is always 1: pre and its past are 1, other signals of that unit or of the
// synapse are 0, and w is the bias.
func (e *Expr) AsBias() *Expr {
	return e.replaceSignals(func(s Signal) *Expr {
		switch scope := s.Info().Scope; {
		case s == SigPre || s == SigPreTrace || s == SigPrePrev:
			return Const(1)
		case s != SigW && (scope == Pre || scope == Synapse):
			return Const(0)
		}
		return nil
	})
}

// replaceSignals replaces each signal for which with returns an expression.
func (e *Expr) replaceSignals(with func(Signal) *Expr) *Expr {
	switch e.kind {
	case KindSignal:
		if r := with(e.signal); r != nil {
			return r
		}
	case KindApply:
		args := make([]*Expr, len(e.args))
		for i, a := range e.args {
			args[i] = a.replaceSignals(with)
		}
		return Apply(e.op, args...)
	}
	return e
}
