package rulespace

import "fmt"

// Unit is a physical unit as exponents of the base units. Weights are
// dimensionless gains, so a potential has the unit of the rates it sums.
type Unit struct{ Rate, Error, Reward int8 }

var (
	One        = Unit{}          // dimensionless
	Rate       = Unit{Rate: 1}   // activity of a unit
	ErrorUnit  = Unit{Error: 1}  // credit: change of potential that is asked for
	RewardUnit = Unit{Reward: 1} // reward
)

// Mul is the unit of a product. Exponents saturate at ±127.
func (u Unit) Mul(v Unit) Unit {
	return Unit{
		exponent(int(u.Rate) + int(v.Rate)),
		exponent(int(u.Error) + int(v.Error)),
		exponent(int(u.Reward) + int(v.Reward)),
	}
}

// Pow is the unit of an integer power.
func (u Unit) Pow(n int) Unit {
	return Unit{exponent(int(u.Rate) * n), exponent(int(u.Error) * n), exponent(int(u.Reward) * n)}
}

func exponent(n int) int8 { return int8(max(-127, min(127, n))) }

func (u Unit) String() string {
	s := ""
	for _, b := range []struct {
		name string
		exp  int8
	}{{"rate", u.Rate}, {"err", u.Error}, {"reward", u.Reward}} {
		switch {
		case b.exp == 0:
			continue
		case s != "":
			s += "·"
		}
		s += b.name
		if b.exp != 1 {
			s += fmt.Sprintf("^%d", b.exp)
		}
	}
	if s == "" {
		return "1"
	}
	return s
}
