package rulespace

import (
	"math"

	"github.com/metaplast/metaplast/internal/fmath"
)

// Op is a primitive. The table below is the single source of its name, value,
// derivative, unit rule, cost and notation; a coverage test holds every other
// package to it.
type Op uint8

// The primitives. Order is part of the canonical form: never reorder, append.
const (
	Add Op = iota
	Sub
	Mul
	Div
	PDiv
	Neg
	Square
	Cube
	Abs
	Sign
	Sqrt
	Exp
	Log
	Tanh
	Sigmoid
	Relu
	Min
	Max
	Step
	Clip
	NumOps int = iota
)

// unitRule says how the unit of a result follows from those of the arguments.
type unitRule uint8

const (
	unitSame    unitRule = iota // all arguments share one unit, which is the result's
	unitProduct                 // units multiply
	unitRatio                   // units divide
	unitPower2                  // square of the argument's unit
	unitPower3                  // cube of the argument's unit
	unitRoot                    // square root of the argument's unit
	unitSign                    // any argument, dimensionless result
	unitPure                    // dimensionless argument and result
)

// OpInfo describes a primitive.
type OpInfo struct {
	Name  string
	Arity int
	Doc   string
	// Cost in units of one addition, for estimates of run time.
	Cost        float64
	Commutative bool
	Value       func(a, b, c float64) float64
	Value32     func(a, b, c float32) float32
	// Derivative is ∂op/∂arg[i] as an expression of the arguments. At a kink
	// it lies between the derivatives from either side; jumps do not count.
	Derivative func(arg []*Expr, i int) *Expr
	Format     Format
	unit       unitRule
}

// Format is how each language writes a primitive, with a, b and c standing
// for %[1]s, %[2]s and %[3]s. Infix operators are parenthesised by the
// renderer, so Format is used for everything that is not + - * / or a power.
type Format struct{ Text, LaTeX, NumPy, Torch, Go string }

// PDivEps is the magnitude below which a protected division returns 0.
const PDivEps = 1e-6

func sel(cond bool, a, b float64) float64 {
	if cond {
		return a
	}
	return b
}

func sel32(cond bool, a, b float32) float32 {
	if cond {
		return a
	}
	return b
}

var ops = [NumOps]OpInfo{
	Add: {Name: "add", Arity: 2, Doc: "a + b", Cost: 1, Commutative: true, unit: unitSame,
		Value:      func(a, b, _ float64) float64 { return a + b },
		Value32:    func(a, b, _ float32) float32 { return a + b },
		Derivative: func([]*Expr, int) *Expr { return Const(1) },
		Format:     Format{"%[1]s + %[2]s", "%[1]s + %[2]s", "%[1]s + %[2]s", "%[1]s + %[2]s", "%[1]s + %[2]s"}},
	Sub: {Name: "sub", Arity: 2, Doc: "a - b", Cost: 1, unit: unitSame,
		Value:      func(a, b, _ float64) float64 { return a - b },
		Value32:    func(a, b, _ float32) float32 { return a - b },
		Derivative: func(_ []*Expr, i int) *Expr { return Const(float64(1 - 2*i)) },
		Format:     Format{"%[1]s - %[2]s", "%[1]s - %[2]s", "%[1]s - %[2]s", "%[1]s - %[2]s", "%[1]s - %[2]s"}},
	Mul: {Name: "mul", Arity: 2, Doc: "a·b", Cost: 1, Commutative: true, unit: unitProduct,
		Value:      func(a, b, _ float64) float64 { return float64(a * b) },
		Value32:    func(a, b, _ float32) float32 { return float32(a * b) },
		Derivative: func(x []*Expr, i int) *Expr { return x[1-i] },
		Format:     Format{"%[1]s*%[2]s", `%[1]s\,%[2]s`, "%[1]s*%[2]s", "%[1]s*%[2]s", "%[1]s*%[2]s"}},
	Div: {Name: "div", Arity: 2, Doc: "a/b", Cost: 4, unit: unitRatio,
		Value:   func(a, b, _ float64) float64 { return a / b },
		Value32: func(a, b, _ float32) float32 { return a / b },
		Derivative: func(x []*Expr, i int) *Expr {
			if i == 0 {
				return node(Div, Const(1), x[1])
			}
			return node(Neg, node(Div, x[0], node(Square, x[1])))
		},
		Format: Format{"%[1]s/%[2]s", `\frac{%[1]s}{%[2]s}`, "%[1]s/%[2]s", "%[1]s/%[2]s", "%[1]s/%[2]s"}},
	PDiv: {Name: "pdiv", Arity: 2, Doc: "protected division: a/b, 0 where |b| < 1e-6", Cost: 5, unit: unitRatio,
		Value:   func(a, b, _ float64) float64 { return sel(math.Abs(b) < PDivEps, 0, a/b) },
		Value32: func(a, b, _ float32) float32 { return sel32(fmath.Abs32(b) < PDivEps, 0, a/b) },
		Derivative: func(x []*Expr, i int) *Expr {
			if i == 0 {
				return node(PDiv, Const(1), x[1])
			}
			return node(Neg, node(PDiv, node(PDiv, x[0], x[1]), x[1]))
		},
		Format: Format{"pdiv(%[1]s, %[2]s)", `\operatorname{pdiv}\left(%[1]s, %[2]s\right)`,
			"pdiv(%[1]s, %[2]s)", "pdiv(%[1]s, %[2]s)", "pdiv(%[1]s, %[2]s)"}},
	Neg: {Name: "neg", Arity: 1, Doc: "-a", Cost: 1, unit: unitSame,
		Value:      func(a, _, _ float64) float64 { return -a },
		Value32:    func(a, _, _ float32) float32 { return -a },
		Derivative: func([]*Expr, int) *Expr { return Const(-1) },
		Format:     Format{"-%[1]s", "-%[1]s", "-%[1]s", "-%[1]s", "-%[1]s"}},
	Square: {Name: "square", Arity: 1, Doc: "a²", Cost: 1, unit: unitPower2,
		Value:      func(a, _, _ float64) float64 { return float64(a * a) },
		Value32:    func(a, _, _ float32) float32 { return float32(a * a) },
		Derivative: func(x []*Expr, _ int) *Expr { return node(Mul, Const(2), x[0]) },
		Format:     Format{"%[1]s^2", "%[1]s^{2}", "%[1]s**2", "%[1]s**2", "square(%[1]s)"}},
	Cube: {Name: "cube", Arity: 1, Doc: "a³", Cost: 2, unit: unitPower3,
		Value:      func(a, _, _ float64) float64 { return float64(float64(a*a) * a) },
		Value32:    func(a, _, _ float32) float32 { return float32(float32(a*a) * a) },
		Derivative: func(x []*Expr, _ int) *Expr { return node(Mul, Const(3), node(Square, x[0])) },
		Format:     Format{"%[1]s^3", "%[1]s^{3}", "%[1]s**3", "%[1]s**3", "cube(%[1]s)"}},
	Abs: {Name: "abs", Arity: 1, Doc: "|a|", Cost: 1, unit: unitSame,
		Value:      func(a, _, _ float64) float64 { return math.Abs(a) },
		Value32:    func(a, _, _ float32) float32 { return fmath.Abs32(a) },
		Derivative: func(x []*Expr, _ int) *Expr { return node(Sign, x[0]) },
		Format: Format{"abs(%[1]s)", `\left|%[1]s\right|`, "np.abs(%[1]s)", "torch.abs(%[1]s)",
			"abs(%[1]s)"}},
	Sign: {Name: "sign", Arity: 1, Doc: "-1, 0 or 1", Cost: 2, unit: unitSign,
		Value:      func(a, _, _ float64) float64 { return sel(a > 0, 1, sel(a < 0, -1, a)) },
		Value32:    func(a, _, _ float32) float32 { return sel32(a > 0, 1, sel32(a < 0, -1, a)) },
		Derivative: func([]*Expr, int) *Expr { return Const(0) },
		Format: Format{"sign(%[1]s)", `\operatorname{sgn}\left(%[1]s\right)`, "np.sign(%[1]s)",
			"torch.sign(%[1]s)", "sign(%[1]s)"}},
	Sqrt: {Name: "sqrt", Arity: 1, Doc: "√a", Cost: 6, unit: unitRoot,
		Value:      func(a, _, _ float64) float64 { return math.Sqrt(a) },
		Value32:    func(a, _, _ float32) float32 { return fmath.Sqrt32(a) },
		Derivative: func(x []*Expr, _ int) *Expr { return node(Div, Const(0.5), node(Sqrt, x[0])) },
		Format: Format{"sqrt(%[1]s)", `\sqrt{%[1]s}`, "np.sqrt(%[1]s)", "torch.sqrt(%[1]s)",
			"sqrt(%[1]s)"}},
	Exp: {Name: "exp", Arity: 1, Doc: "e^a", Cost: 12, unit: unitPure,
		Value:      func(a, _, _ float64) float64 { return fmath.Exp(a) },
		Value32:    func(a, _, _ float32) float32 { return fmath.Exp32(a) },
		Derivative: func(x []*Expr, _ int) *Expr { return node(Exp, x[0]) },
		Format: Format{"exp(%[1]s)", `\exp\left(%[1]s\right)`, "np.exp(%[1]s)", "torch.exp(%[1]s)",
			"exp(%[1]s)"}},
	Log: {Name: "log", Arity: 1, Doc: "natural logarithm", Cost: 12, unit: unitPure,
		Value:      func(a, _, _ float64) float64 { return fmath.Log(a) },
		Value32:    func(a, _, _ float32) float32 { return fmath.Log32(a) },
		Derivative: func(x []*Expr, _ int) *Expr { return node(Div, Const(1), x[0]) },
		Format: Format{"log(%[1]s)", `\ln\left(%[1]s\right)`, "np.log(%[1]s)", "torch.log(%[1]s)",
			"log(%[1]s)"}},
	Tanh: {Name: "tanh", Arity: 1, Doc: "hyperbolic tangent", Cost: 15, unit: unitPure,
		Value:   func(a, _, _ float64) float64 { return fmath.Tanh(a) },
		Value32: func(a, _, _ float32) float32 { return fmath.Tanh32(a) },
		Derivative: func(x []*Expr, _ int) *Expr {
			return node(Sub, Const(1), node(Square, node(Tanh, x[0])))
		},
		Format: Format{"tanh(%[1]s)", `\tanh\left(%[1]s\right)`, "np.tanh(%[1]s)", "torch.tanh(%[1]s)",
			"tanh(%[1]s)"}},
	Sigmoid: {Name: "sigmoid", Arity: 1, Doc: "1/(1+e^-a)", Cost: 15, unit: unitPure,
		Value:   func(a, _, _ float64) float64 { return fmath.Sigmoid(a) },
		Value32: func(a, _, _ float32) float32 { return fmath.Sigmoid32(a) },
		Derivative: func(x []*Expr, _ int) *Expr {
			s := node(Sigmoid, x[0])
			return node(Mul, s, node(Sub, Const(1), s))
		},
		Format: Format{"sigmoid(%[1]s)", `\sigma\left(%[1]s\right)`, "1/(1 + np.exp(-(%[1]s)))",
			"torch.sigmoid(%[1]s)", "sigmoid(%[1]s)"}},
	Relu: {Name: "relu", Arity: 1, Doc: "a where positive, else 0", Cost: 1, unit: unitSame,
		Value:      func(a, _, _ float64) float64 { return sel(a < 0, 0, a) },
		Value32:    func(a, _, _ float32) float32 { return sel32(a < 0, 0, a) },
		Derivative: func(x []*Expr, _ int) *Expr { return node(Step, x[0]) },
		Format: Format{"relu(%[1]s)", `\operatorname{relu}\left(%[1]s\right)`, "np.maximum(%[1]s, 0)",
			"torch.relu(%[1]s)", "relu(%[1]s)"}},
	Min: {Name: "min", Arity: 2, Doc: "a where a < b, else b", Cost: 1, Commutative: true, unit: unitSame,
		Value:   func(a, b, _ float64) float64 { return sel(a < b, a, b) },
		Value32: func(a, b, _ float32) float32 { return sel32(a < b, a, b) },
		Derivative: func(x []*Expr, i int) *Expr {
			s := node(Step, node(Sub, x[1], x[0]))
			if i == 0 {
				return s
			}
			return node(Sub, Const(1), s)
		},
		Format: Format{"min(%[1]s, %[2]s)", `\min\left(%[1]s, %[2]s\right)`, "np.minimum(%[1]s, %[2]s)",
			"torch.minimum(%[1]s, %[2]s)", "min(%[1]s, %[2]s)"}},
	Max: {Name: "max", Arity: 2, Doc: "a where a > b, else b", Cost: 1, Commutative: true, unit: unitSame,
		Value:   func(a, b, _ float64) float64 { return sel(a > b, a, b) },
		Value32: func(a, b, _ float32) float32 { return sel32(a > b, a, b) },
		Derivative: func(x []*Expr, i int) *Expr {
			s := node(Step, node(Sub, x[0], x[1]))
			if i == 0 {
				return s
			}
			return node(Sub, Const(1), s)
		},
		Format: Format{"max(%[1]s, %[2]s)", `\max\left(%[1]s, %[2]s\right)`, "np.maximum(%[1]s, %[2]s)",
			"torch.maximum(%[1]s, %[2]s)", "max(%[1]s, %[2]s)"}},
	Step: {Name: "step", Arity: 1, Doc: "1 where a > 0, else 0", Cost: 1, unit: unitSign,
		Value:      func(a, _, _ float64) float64 { return sel(a > 0, 1, sel(a != a, a, 0)) },
		Value32:    func(a, _, _ float32) float32 { return sel32(a > 0, 1, sel32(a != a, a, 0)) },
		Derivative: func([]*Expr, int) *Expr { return Const(0) },
		Format: Format{"step(%[1]s)", `H\left(%[1]s\right)`, "np.heaviside(%[1]s, 0)",
			"heaviside(%[1]s)", "step(%[1]s)"}},
	Clip: {Name: "clip", Arity: 3, Doc: "a limited to b..c", Cost: 2, unit: unitSame,
		Value:   func(a, b, c float64) float64 { return sel(a < b, b, sel(a > c, c, a)) },
		Value32: func(a, b, c float32) float32 { return sel32(a < b, b, sel32(a > c, c, a)) },
		Derivative: func(x []*Expr, i int) *Expr {
			below := node(Step, node(Sub, x[1], x[0]))
			above := node(Mul, node(Sub, Const(1), below), node(Step, node(Sub, x[0], x[2])))
			switch i {
			case 1:
				return below
			case 2:
				return above
			}
			return node(Sub, node(Sub, Const(1), below), above)
		},
		Format: Format{"clip(%[1]s, %[2]s, %[3]s)", `\operatorname{clip}\left(%[1]s, %[2]s, %[3]s\right)`,
			"clip(%[1]s, %[2]s, %[3]s)", "clip(%[1]s, %[2]s, %[3]s)", "clip(%[1]s, %[2]s, %[3]s)"}},
}

// Info describes the primitive.
func (o Op) Info() *OpInfo { return &ops[o] }

func (o Op) String() string { return ops[o].Name }

// OpByName finds a primitive.
func OpByName(name string) (Op, bool) {
	for i := range ops {
		if ops[i].Name == name {
			return Op(i), true
		}
	}
	return 0, false
}
