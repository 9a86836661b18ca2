package rulespace

import "fmt"

// UnitError is a sum, comparison or function of quantities that do not fit.
type UnitError struct{ Msg string }

func (e *UnitError) Error() string { return e.Msg }

// measure is a unit, or free: what contains a constant, parameter or state as
// a factor takes any unit, as such a factor may carry one.
type measure struct {
	unit Unit
	free bool
}

// CheckUnits reports an expression that adds, compares or takes functions of
// quantities whose units do not fit. Constants, parameters and states adopt
// whatever unit is needed, and so does what they multiply.
func CheckUnits(e *Expr) error {
	_, err := measureOf(e, map[*Expr]measure{})
	return err
}

func measureOf(e *Expr, memo map[*Expr]measure) (measure, error) {
	if m, ok := memo[e]; ok {
		return m, nil
	}
	m, err := measureAfresh(e, memo)
	if err == nil {
		memo[e] = m
	}
	return m, err
}

func measureAfresh(e *Expr, memo map[*Expr]measure) (measure, error) {
	switch e.kind {
	case KindSignal:
		return measure{unit: e.signal.Info().Unit}, nil
	case KindApply:
	default:
		return measure{free: true}, nil
	}
	var a [3]measure
	for i, arg := range e.args {
		var err error
		if a[i], err = measureOf(arg, memo); err != nil {
			return measure{}, err
		}
	}
	switch e.op.Info().unit {
	case unitProduct:
		return measure{a[0].unit.Mul(a[1].unit), a[0].free || a[1].free}, nil
	case unitRatio:
		return measure{a[0].unit.Mul(a[1].unit.Pow(-1)), a[0].free || a[1].free}, nil
	case unitPower2:
		return measure{a[0].unit.Pow(2), a[0].free}, nil
	case unitPower3:
		return measure{a[0].unit.Pow(3), a[0].free}, nil
	case unitRoot:
		u := a[0].unit
		if !a[0].free && (u.Rate%2 != 0 || u.Error%2 != 0 || u.Reward%2 != 0) {
			return measure{}, &UnitError{fmt.Sprintf("cannot take the root of %s [%s]", brief(e.args[0]), u)}
		}
		return measure{Unit{u.Rate / 2, u.Error / 2, u.Reward / 2}, a[0].free}, nil
	case unitSign:
		return measure{}, nil
	case unitPure:
		if !a[0].free && a[0].unit != One {
			return measure{}, &UnitError{fmt.Sprintf("%s needs a number without unit; %s is in [%s]", e.op, brief(e.args[0]), a[0].unit)}
		}
		return measure{}, nil
	}
	// All arguments share one unit; the first that has one sets it.
	same := measure{free: true}
	var setBy *Expr
	for i, arg := range e.args {
		switch {
		case a[i].free:
		case same.free:
			same, setBy = a[i], arg
		case same.unit != a[i].unit:
			return measure{}, &UnitError{fmt.Sprintf("cannot %s %s [%s] and %s [%s]", joins(e.op), brief(setBy), same.unit, brief(arg), a[i].unit)}
		}
	}
	return same, nil
}

// joins is what a primitive whose arguments share a unit does to them.
func joins(op Op) string {
	switch op {
	case Add:
		return "add"
	case Sub:
		return "subtract"
	}
	return "compare"
}

// brief is an expression in a message: shared ones can be of any size.
func brief(e *Expr) string {
	if e.size > 64 {
		return fmt.Sprintf("an expression of %d nodes", e.size)
	}
	return e.String()
}
