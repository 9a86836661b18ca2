package rulespace

import (
	"math"
	"slices"
	"strings"
)

// nearTolerance is the relative error up to which two ratios of coefficients
// are one: found coefficients are rounded to four digits at the most, exact
// ones to the twelve of Canon.
const nearTolerance = 1e-6

// Near returns the name of the classic rule that r equals: the same monomials
// in dw and dfb with the same ratios of coefficients, up to a positive factor
// of each. Coefficients that the classic leaves open (parameters that do not
// multiply the whole) match any value of the sign they have in it. Biases do
// not count where r has no db; rules with states have to agree in structure.
// Of several classics the one that leaves fewest coefficients open is
// returned, then the first.
func Near(r *Rule, classics []*Rule) (name string, ok bool) {
	fewest := math.MaxInt
	for _, c := range classics {
		if open, match := nearOne(r, c); match && open < fewest {
			name, ok, fewest = c.Name, true, open
		}
	}
	return name, ok
}

func nearOne(r, c *Rule) (open int, match bool) {
	if len(r.States) > 0 || len(c.States) > 0 || (r.DFB == nil) != (c.DFB == nil) {
		return 0, r.Structure() == c.Structure()
	}
	open, match = nearExpr(r, r.DW, c, c.DW)
	if match && r.DFB != nil {
		var more int
		more, match = nearExpr(r, r.DFB, c, c.DFB)
		open += more
	}
	if match && r.DB != nil && c.DB != nil {
		var more int
		more, match = nearExpr(r, r.DB, c, c.DB)
		open += more
	}
	return open, match
}

func nearExpr(r *Rule, re *Expr, c *Rule, ce *Expr) (open int, match bool) {
	found, ok := coefficients(r, re)
	if !ok {
		return 0, false
	}
	known, ok := coefficients(c, ce)
	if !ok || len(found) != len(known) {
		return 0, false
	}
	// The parameters that multiply every term belong to the scale.
	shared := known[0].params
	for _, k := range known {
		if k.params != shared {
			shared = ""
			break
		}
	}
	scale := 0.0
	for i, k := range known {
		f := found[i]
		if f.monomial != k.monomial || f.value == 0 || k.value == 0 || math.Signbit(f.value) != math.Signbit(k.value) {
			return 0, false
		}
		ratio := f.value / k.value
		switch {
		case k.params != shared || k.mixed:
			open++
		case scale == 0:
			scale = ratio
		case math.Abs(ratio-scale) > nearTolerance*scale:
			return 0, false
		}
	}
	return open, true
}

// coefficient is what stands before a product of signals.
type coefficient struct {
	monomial string  // the product, canonical
	value    float64 // at the values of the parameters
	params   string  // the parameters in it, canonical; "" for none
	mixed    bool    // a sum of terms with different parameters
}

// coefficients lists the monomials of an expression over signals in canonical
// order.
func coefficients(r *Rule, e *Expr) ([]coefficient, bool) {
	terms, ok := Canon(e).Monomials()
	if !ok || len(terms) == 0 {
		return nil, false
	}
	common := commonParams(r, terms)
	var out []coefficient
	for _, t := range terms {
		product, value := Const(1), t.Coefficient
		var params []string
		for _, f := range t.Factors {
			if p, ok := r.param(f.Base); ok {
				for range max(f.Power, -f.Power) {
					if f.Power > 0 {
						value = float64(value * p.Value)
					} else {
						value /= p.Value
					}
				}
				if !common[p.Name] {
					params = append(params, p.Name)
				}
				continue
			}
			for range max(f.Power, -f.Power) {
				if f.Power > 0 {
					product = Apply(Mul, product, f.Base)
				} else {
					product = Apply(Div, product, f.Base)
				}
			}
		}
		c := coefficient{Canon(product).String(), value, strings.Join(params, "*"), false}
		merged := false
		for i := range out {
			if out[i].monomial == c.monomial {
				out[i].mixed = out[i].mixed || out[i].params != c.params
				out[i].value += c.value
				merged = true
			}
		}
		if !merged {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b coefficient) int { return strings.Compare(a.monomial, b.monomial) })
	return out, true
}

// commonParams are the parameters that every term has as a factor, to the
// same power.
func commonParams(r *Rule, terms []Monomial) map[string]bool {
	powers := make([]map[string]int, len(terms))
	for i, t := range terms {
		powers[i] = map[string]int{}
		for _, f := range t.Factors {
			if p, ok := r.param(f.Base); ok {
				powers[i][p.Name] = f.Power
			}
		}
	}
	common := map[string]bool{}
	for _, p := range r.Params {
		all := true
		for i := range powers {
			all = all && powers[i][p.Name] != 0 && powers[i][p.Name] == powers[0][p.Name]
		}
		common[p.Name] = all
	}
	return common
}

// param returns the parameter that an atom is.
func (r *Rule) param(e *Expr) (Param, bool) {
	if e.kind != KindName {
		return Param{}, false
	}
	return r.Param(e.name)
}
