package searchtest

import "github.com/metaplast/metaplast/rulespace"

// Symbolic returns symbolic spaces to run a suite on: an ordinary one, one
// with primitives of every arity and partial functions, and one with a single
// rule.
func Symbolic() []*rulespace.Space {
	return []*rulespace.Space{
		{
			Signals:    rulespace.Signals(rulespace.SigPre, rulespace.SigPost, rulespace.SigW),
			Primitives: []rulespace.Op{rulespace.Add, rulespace.Sub, rulespace.Mul},
			Constants:  []float64{1}, MaxComplexity: 7,
		},
		{
			Signals: rulespace.Signals(rulespace.SigPre, rulespace.SigErr, rulespace.SigPhase),
			Primitives: []rulespace.Op{rulespace.Clip, rulespace.Log, rulespace.Div, rulespace.Mul, rulespace.Min,
				rulespace.Step},
			Constants: []float64{0, -1}, MaxComplexity: 6,
		},
		{Signals: rulespace.Signals(rulespace.SigPre), Primitives: []rulespace.Op{rulespace.Abs}, MaxComplexity: 1},
	}
}

// Tuples returns symbolic spaces of several assignments: one whose dfb may not
// read all that dw may, and one of few pairs.
func Tuples() []*rulespace.Space {
	return []*rulespace.Space{
		{
			Signals:    rulespace.Signals(rulespace.SigPre, rulespace.SigPost, rulespace.SigErr, rulespace.SigW),
			Primitives: []rulespace.Op{rulespace.Sub, rulespace.Mul}, Constants: []float64{0.5}, MaxComplexity: 10,
			Outputs: []rulespace.Output{
				{Slot: rulespace.SlotDW},
				{Slot: rulespace.SlotDFB, Signals: rulespace.Signals(rulespace.SigPre, rulespace.SigPost, rulespace.SigW)},
			},
		},
		{
			Signals: rulespace.Signals(rulespace.SigPre), Primitives: []rulespace.Op{rulespace.Abs}, MaxComplexity: 4,
			Outputs: []rulespace.Output{{Slot: rulespace.SlotDW}, {Slot: rulespace.SlotDFB}},
		},
	}
}

// Cubes returns template and term spaces to run a suite on, the last with a
// single rule.
func Cubes() []*rulespace.Space {
	one := rulespace.Param{Name: "a", Value: 1, Low: 1, High: 1.00001}
	return []*rulespace.Space{
		{Template: Template()},
		{Terms: []rulespace.Term{
			{Name: "lr", Expr: MustParse("err*pre"), Low: 0.001, High: 0.06, Log: true, Sign: 1},
			{Name: "a", Expr: MustParse("err*err_pre"), Low: 0.001, High: 1, Log: true, Optional: true},
			{Name: "b", Expr: MustParse("w"), Low: -1, High: 0, Optional: true},
		}},
		{Template: &rulespace.Rule{
			DW:     rulespace.Apply(rulespace.Mul, rulespace.Name("a"), rulespace.Sig(rulespace.SigPre)),
			Params: []rulespace.Param{one},
		}},
	}
}

// Template returns the rule a·pre·post + b·pre + c·post - d·post²·w with
// ranges for its parameters.
func Template() *rulespace.Rule {
	return &rulespace.Rule{
		DW: MustParse("a*pre*post + b*pre + c*post - d*post^2*w", "a", "b", "c", "d"),
		Params: []rulespace.Param{
			{Name: "a", Value: 0, Low: -2, High: 2}, {Name: "b", Value: 0, Low: -1, High: 1},
			{Name: "c", Value: 0, Low: -1, High: 1}, {Name: "d", Value: 0, Low: -2, High: 2},
		},
	}
}

// MustParse is rulespace.ParseExpr for texts that are known to be right.
func MustParse(text string, names ...string) *rulespace.Expr {
	e, err := rulespace.ParseExpr(text, names...)
	if err != nil {
		panic(err)
	}
	return e
}
