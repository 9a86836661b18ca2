package rulespace

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/metaplast/metaplast/internal/fmath"
)

// Near returns the name of the known rule that r is: one whose assignments
// have the same canonical form, dw, db and dfb up to a positive scale of
// each, and states that start at 0 up to a unit: 0.9·(v + err·pre) is momentum
// in units of 0.9. Parameters of r count by their values. Those of the known rule are
// free: they match any value other than 0 that has the sign of the given one,
// or either sign where their range holds both. db counts where both rules
// have one. Where several rules match, the one with the fewest free
// coefficients is returned, then the first by name.
//
// A parameter of the known rule that cannot be read off a coefficient, such
// as a summand within a root, is tried at the value given and at the values
// of r's parameters.
func Near(r *Rule, classics []*Rule) (name string, ok bool) {
	own := nearProgram(r, func(p Param) *Expr { return Const(p.Value) })
	for _, l := range own {
		if l.form.literal != nil || l.head == "dw" && l.form.IsZero() {
			return "", false
		}
	}
	fewest := 0
	for _, c := range classics {
		free, matches := matchKnown(r, own, c)
		if matches && (!ok || free < fewest || free == fewest && c.Name < name) {
			name, fewest, ok = c.Name, free, true
		}
	}
	return name, ok
}

// nearLine is an assignment in canonical form.
type nearLine struct {
	head string
	form *Canonical
}

func nearProgram(r *Rule, param func(Param) *Expr) []nearLine {
	var out []nearLine
	with := r.renamed(param)
	for _, l := range r.lines() {
		out = append(out, nearLine{l.head, CanonWith(l.expr, with)})
	}
	return out
}

func without(lines []nearLine, head string) []nearLine {
	return slices.DeleteFunc(slices.Clone(lines), func(l nearLine) bool { return l.head == head })
}

// freePrefix sets the names of a known rule's parameters apart from those of
// states.
const freePrefix = "param_"

// maxTrials bounds the combinations of values that are tried.
const maxTrials = 256

func matchKnown(r *Rule, own []nearLine, known *Rule) (free int, ok bool) {
	if len(r.States) != len(known.States) || (r.DFB == nil) != (known.DFB == nil) {
		return 0, false
	}
	if known.DW.Signals().Minus(r.DW.Signals()) != 0 {
		return 0, false // known rules read no signal in vain
	}
	symbolic := func(p Param) *Expr { return Name(freePrefix + p.Name) }
	lines := nearProgram(known, symbolic)
	dw := slices.IndexFunc(lines, func(l nearLine) bool { return l.head == "dw" })
	if lines[dw].form.IsZero() {
		return 0, false
	}
	_, overall := lines[dw].form.terms.common()
	free = len(known.Params) - len(freeNames(overall))

	if r.DB == nil || known.DB == nil {
		own, lines = without(own, "db"), without(lines, "db")
	}
	hidden := entangled(lines)
	if len(hidden) == 0 {
		return free, solvable(own, lines, known)
	}
	// Count through the combinations like an odometer.
	trials := 1
	for range hidden {
		trials *= 1 + len(r.Params)
		if trials > maxTrials {
			trials = 1 // the values given only
			break
		}
	}
	for t := range trials {
		values := map[string]float64{}
		for _, h := range hidden {
			i := t % (1 + len(r.Params))
			t /= 1 + len(r.Params)
			p, _ := known.Param(h)
			if i > 0 {
				p = r.Params[i-1]
			}
			values[h] = p.Value
		}
		lines := nearProgram(known, func(p Param) *Expr {
			if v, ok := values[p.Name]; ok {
				return Const(v)
			}
			return symbolic(p)
		})
		if r.DB == nil || known.DB == nil {
			lines = without(lines, "db")
		}
		if solvable(own, lines, known) {
			return free, true
		}
	}
	return 0, false
}

// freeNames lists the parameters among factors.
func freeNames(fs []factor) []string {
	var names []string
	for _, f := range fs {
		if f.a.class == className && strings.HasPrefix(f.a.text, freePrefix) {
			names = append(names, strings.TrimPrefix(f.a.text, freePrefix))
		}
	}
	return names
}

// entangled lists the parameters that stand within atoms or in coefficients
// of several terms.
func entangled(lines []nearLine) []string {
	var hidden []string
	var within func(p poly, opaque bool)
	within = func(p poly, opaque bool) {
		for _, t := range p {
			if opaque {
				hidden = append(hidden, freeNames(t.f)...)
			}
			for _, f := range t.f {
				within(f.a.sum, true)
				for _, a := range f.a.args {
					within(a, true)
				}
			}
		}
	}
	for _, l := range lines {
		within(l.form.terms, false)
		shares := l.form.shares()
		for i, s := range shares {
			for j, t := range shares {
				if i != j && s.key == t.key {
					hidden = append(hidden, freeNames(s.free)...)
				}
			}
		}
	}
	slices.Sort(hidden)
	return slices.Compact(hidden)
}

// share is a term: a number times powers of free parameters times the
// monomial that key writes.
type share struct {
	key    string
	c      float64
	free   []factor
	states []factor // also part of key
}

func (c *Canonical) shares() []share {
	out := make([]share, len(c.terms))
	for i, t := range c.terms {
		out[i].c = t.c
		var rest []factor
		for _, f := range t.f {
			if len(freeNames([]factor{f})) > 0 {
				out[i].free = append(out[i].free, f)
				continue
			}
			if f.a.class == className { // parameters apart, only states have names
				out[i].states = append(out[i].states, f)
			}
			rest = append(rest, f)
		}
		out[i].key = poly{{1, rest}}.String()
	}
	return out
}

// nearTolerance is the relative error up to which coefficients agree. Found
// ones are rounded to a few digits or not at all.
const nearTolerance = 1e-6

// scaled are the assignments that have a scale.
var scaled = []string{"dw", "db", "dfb"}

// solvable reports whether there are positive scales, units of the states and
// values of the free parameters with which the known lines equal r's own. The logarithms of the
// coefficients' ratios are linear in those of the unknowns, and so are their
// signs over the field of two elements.
func solvable(own, known []nearLine, rule *Rule) bool {
	if len(own) != len(known) {
		return false
	}
	units := len(scaled) + len(rule.Params) // where those of states begin
	n := units + len(rule.States)
	var sizes, signs [][]float64 // equations: n coefficients and the right-hand side
	for i, l := range known {
		if l.head != own[i].head || l.form.literal != nil {
			return false
		}
		a, b := own[i].form.shares(), l.form.shares()
		if len(a) != len(b) {
			return false
		}
		for _, s := range b {
			j := slices.IndexFunc(a, func(t share) bool { return t.key == s.key })
			if j < 0 {
				return false
			}
			ratio := a[j].c / s.c
			size, sign := make([]float64, n+1), make([]float64, n+1)
			if k := slices.Index(scaled, l.head); k >= 0 {
				size[k] = 1
			}
			negative := ratio < 0
			for _, f := range s.free {
				k := slices.IndexFunc(rule.Params, func(p Param) bool { return freePrefix+p.Name == f.a.text })
				size[len(scaled)+k] = float64(f.p)
				switch p := rule.Params[k]; {
				case f.p%2 == 0:
				case p.Low < 0 && p.High > 0:
					sign[len(scaled)+k] = 1
				case p.Value < 0:
					negative = !negative
				}
			}
			if i < len(rule.States) {
				size[units+i]++
			}
			for _, f := range s.states {
				size[units+stateIndex(f.a)] -= float64(f.p)
			}
			size[n] = fmath.Log(math.Abs(ratio))
			if negative {
				sign[n] = 1
			}
			sizes, signs = append(sizes, size), append(signs, sign)
		}
	}
	for _, k := range unitless(known, rule) {
		one := make([]float64, n+1)
		one[units+k] = 1
		sizes = append(sizes, one)
	}
	return consistent(sizes, nearTolerance, func(v float64) float64 { return v }) &&
		consistent(signs, 0, func(v float64) float64 { return math.Abs(math.Mod(v, 2)) })
}

// stateIndex is the number in the name of a state, see Rule.lines, from 0.
func stateIndex(a *atom) int {
	k, err := strconv.Atoi(strings.TrimPrefix(a.text, "s"))
	if err != nil {
		panic("rulespace: the name " + a.text + " in a rule is neither a parameter nor a state")
	}
	return k - 1
}

// unitless lists the states of a known rule whose unit is not free: those that
// do not start at 0 and those that stand within atoms.
func unitless(lines []nearLine, rule *Rule) []int {
	var fixed []int
	for k, s := range rule.States {
		if s.Init != 0 {
			fixed = append(fixed, k)
		}
	}
	var within func(p poly, opaque bool)
	within = func(p poly, opaque bool) {
		for _, t := range p {
			for _, f := range t.f {
				if opaque && f.a.class == className && !strings.HasPrefix(f.a.text, freePrefix) {
					fixed = append(fixed, stateIndex(f.a))
				}
				within(f.a.sum, true)
				for _, a := range f.a.args {
					within(a, true)
				}
			}
		}
	}
	for _, l := range lines {
		within(l.form.terms, false)
	}
	return fixed
}

// consistent eliminates the unknowns of linear equations and reports whether
// no contradiction is left.
func consistent(rows [][]float64, tolerance float64, normal func(float64) float64) bool {
	if len(rows) == 0 {
		return true
	}
	n := len(rows[0]) - 1
	done := 0
	for col := range n {
		pivot := done
		for i := done; i < len(rows); i++ {
			if math.Abs(rows[i][col]) > math.Abs(rows[pivot][col]) {
				pivot = i
			}
		}
		if done == len(rows) || math.Abs(rows[pivot][col]) < 1e-9 {
			continue
		}
		rows[done], rows[pivot] = rows[pivot], rows[done]
		for i := done + 1; i < len(rows); i++ {
			f := rows[i][col] / rows[done][col]
			for j := col; j <= n; j++ {
				rows[i][j] = normal(rows[i][j] - float64(f*rows[done][j]))
			}
		}
		done++
	}
	for _, r := range rows[done:] {
		if math.Abs(r[n]) > tolerance {
			return false
		}
	}
	return true
}
