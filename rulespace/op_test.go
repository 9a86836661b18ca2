package rulespace

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// samples are arguments in the domain of every primitive and away from kinks,
// a few of them outside the domain of sqrt and log.
var samples = []float64{-37.5, -2.25, -1, -0.4375, 0.0625, 0.5, 0.9375, 1.75, 3, 20.125}

// arguments visits triples of samples that are not close to each other.
func arguments(arity int, visit func(x [3]float64)) {
	for _, a := range samples {
		for j, b := range samples {
			for k, c := range samples {
				if arity < 3 && k > 0 || arity < 2 && j > 0 {
					continue
				}
				if arity > 1 && (a == b || arity > 2 && (a == c || b == c)) {
					continue
				}
				visit([3]float64{a, b, c})
			}
		}
	}
}

// Every primitive has all that the rest of the program takes from the table.
func TestPrimitiveTableIsComplete(t *testing.T) {
	seen := map[string]bool{}
	for op := range Op(NumOps) {
		info := op.Info()
		if info.Name == "" || info.Name != op.String() || seen[info.Name] {
			t.Errorf("primitive %d: name %q is missing or taken", op, info.Name)
		}
		seen[info.Name] = true
		if got, ok := OpByName(info.Name); !ok || got != op {
			t.Errorf("%s: not found by name", op)
		}
		if info.Arity < 1 || info.Arity > 3 || info.Doc == "" || info.Cost <= 0 || info.unit > unitPure {
			t.Errorf("%s: arity %d, doc %q, cost %v, unit rule %d", op, info.Arity, info.Doc, info.Cost, info.unit)
		}
		if info.Value == nil || info.Value32 == nil || info.Derivative == nil {
			t.Errorf("%s: no value or derivative", op)
			continue
		}
		for lang, f := range map[string]string{"text": info.Format.Text, "LaTeX": info.Format.LaTeX,
			"NumPy": info.Format.NumPy, "PyTorch": info.Format.Torch, "Go": info.Format.Go} {
			args := []any{"ARG1", "ARG2", "ARG3"}[:info.Arity]
			text := fmt.Sprintf(f, args...)
			for _, a := range args {
				if !strings.Contains(text, a.(string)) {
					t.Errorf("%s in %s: %q leaves out %v", op, lang, f, a)
				}
			}
			if strings.Contains(text, "%!") {
				t.Errorf("%s in %s: %q does not format %d arguments", op, lang, f, info.Arity)
			}
		}
		// Called by name, each gives a tree of itself that prints and reads.
		names := []string{"a", "b", "decay"}[:info.Arity]
		e := mustParse(t, info.Name+"("+strings.Join(names, ",")+")")
		if e.Op() != op || e.NumArgs() != info.Arity || !mustParse(t, e.String()).Equal(e) {
			t.Errorf("%s: reads as %s", op, e)
		}
	}
}

// In float32 a primitive is what it is in float64 to within the rounding of
// its result: half an ULP (6e-8) for arithmetic, 3 ULP for the functions of
// fmath, whose own tests say so. The samples are exact in float32, but a cube
// rounds twice.
func TestValue32(t *testing.T) {
	for op := range Op(NumOps) {
		info := op.Info()
		arguments(info.Arity, func(x [3]float64) {
			want := info.Value(x[0], x[1], x[2])
			got := info.Value32(float32(x[0]), float32(x[1]), float32(x[2]))
			if math.IsNaN(want) || math.Abs(want) < 1e-30 || math.Abs(want) > 1e30 {
				if w := float32(want); got != w && !(got != got && w != w) && math.Abs(float64(got-w)) > 1e-30 {
					t.Errorf("%s%v: %v in float32, %v in float64", op, x[:info.Arity], got, want)
				}
				return
			}
			if math.Abs(float64(got)-want) > 3*1.2e-7*math.Abs(want) {
				t.Errorf("%s%v: %v in float32, %v in float64", op, x[:info.Arity], got, want)
			}
		})
	}
}

// NaN must not get lost on the way to the divergence guard.
func TestPrimitivesPassNaNOn(t *testing.T) {
	nan := math.NaN()
	for op := range Op(NumOps) {
		info := op.Info()
		switch op {
		case PDiv, Min, Max, Clip: // defined by comparison
			continue
		}
		for i := range info.Arity {
			x := [3]float64{0.5, 0.25, 0.75}
			x[i] = nan
			if v := info.Value(x[0], x[1], x[2]); v == v {
				t.Errorf("%s of NaN is %v", op, v)
			}
			if v := info.Value32(float32(x[0]), float32(x[1]), float32(x[2])); v == v {
				t.Errorf("%s of NaN is %v in float32", op, v)
			}
		}
	}
}

func TestCommutativePrimitives(t *testing.T) {
	for op := range Op(NumOps) {
		info := op.Info()
		if info.Arity != 2 {
			if info.Commutative {
				t.Errorf("%s: commutative with %d arguments", op, info.Arity)
			}
			continue
		}
		same := true
		arguments(2, func(x [3]float64) {
			same = same && info.Value(x[0], x[1], 0) == info.Value(x[1], x[0], 0)
		})
		if same != info.Commutative {
			t.Errorf("%s: commutative is %v, values say %v", op, info.Commutative, same)
		}
	}
}

// The derivative of each primitive by each argument is the limit of central
// differences. Their error is h²·|f‴|/6 + 1e-16·|f|/h. Two step sizes show the
// first part, which is a third of the difference between them; six times that
// is allowed, and the second part with a factor of 1e4 for cancellation.
func TestDerivativeOfPrimitives(t *testing.T) {
	for op := range Op(NumOps) {
		info := op.Info()
		checked := 0
		arguments(info.Arity, func(x [3]float64) {
			args := make([]*Expr, info.Arity)
			env := &testEnv{names: map[string]float64{}}
			for i := range args {
				args[i] = Name(testNames[i])
				env.names[testNames[i]] = x[i]
			}
			e := Apply(op, args...)
			for i := range args {
				want, slack := difference(e, args[i], env)
				if math.IsNaN(slack) {
					continue
				}
				checked++
				if got := Derivative(e, args[i]).Eval(env); !(math.Abs(got-want) <= slack) {
					t.Errorf("d %s%v/d%s = %v, differences say %v ± %g", op, x[:info.Arity], args[i], got, want, slack)
				}
			}
		})
		if checked < 5 {
			t.Errorf("%s: only %d derivatives could be checked", op, checked)
		}
	}
}

// difference estimates ∂e/∂x and a bound of the estimate's error, NaN where
// there is none: near kinks, poles and the edge of the domain.
func difference(e, x *Expr, env *testEnv) (slope, slack float64) {
	value := env.names[x.name]
	at := func(d float64) float64 {
		env.names[x.name] = value + d
		v := e.Eval(env)
		env.names[x.name] = value
		return v
	}
	size := 0.0
	slopeOf := func(h float64) float64 {
		hi, lo := at(h), at(-h)
		size = max(size, math.Abs(hi), math.Abs(lo))
		return (hi - lo) / (2 * h)
	}
	const h = 1e-4
	wide, narrow := slopeOf(2*h), slopeOf(h)
	// A kink within reach shows as one-sided slopes that differ by more than
	// curvature can explain at half the reach.
	right, left := (at(2*h)-at(0))/(2*h), (at(0)-at(-2*h))/(2*h)
	halfRight, halfLeft := (at(h)-at(0))/h, (at(0)-at(-h))/h
	bend, halfBend := math.Abs(right-left), math.Abs(halfRight-halfLeft)
	if !(halfBend <= 0.6*bend+1e-9*(1+size/h)) || math.IsInf(narrow, 0) {
		return 0, math.NaN()
	}
	if math.Abs(wide-narrow) > 1e-4*(1+math.Abs(narrow)) {
		return 0, math.NaN() // too close to a pole for the estimate of the error
	}
	return narrow, 2*math.Abs(wide-narrow) + 1e-12*(1+size)/h
}
