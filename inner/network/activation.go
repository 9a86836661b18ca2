package network

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/metaplast/metaplast/internal/vec"
)

// Activation is the nonlinearity of a layer.
//
//	linear    y = z                      y' = 1
//	tanh      y = tanh z                 y' = 1 − y²
//	relu      y = max(z, 0)              y' = 1 where y > 0, else 0
//	softplus  y = ln(1 + e^{βz})/β       y' = 1 − e^{−βy}
//	sigmoid   y = 1/(1 + e^{−z})         y' = y(1 − y)
//	sign      y = −1, 0 or 1             y' = 0
//	softmax   y = e^z/Σe^z               y' = y(1 − y), the diagonal of the Jacobian
//
// Derivatives are written in the activity y, so that they are defined for
// any unit whose activity is known, the inputs included.
type Activation struct {
	Name string
	Beta float64 // sharpness of softplus, default 1; unused by the others
}

// softmax comes last: it is for the output only.
var activationNames = []string{"linear", "tanh", "relu", "softplus", "sigmoid", "sign", "softmax"}

const (
	linear = iota
	tanh
	relu
	softplus
	sigmoid
	sign
	softmax
)

// Activations lists the names of the activations.
func Activations() []string { return slices.Clone(activationNames) }

// ParseActivation reads "tanh" or "softplus(10)".
func ParseActivation(text string) (Activation, error) {
	a := Activation{Name: strings.TrimSpace(text)}
	if name, arg, ok := strings.Cut(a.Name, "("); ok && strings.HasSuffix(arg, ")") {
		beta, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(arg, ")")), 64)
		if err != nil {
			return a, configErrorf("activation %q: the sharpness in parentheses is not a number", text)
		}
		if name != "softplus" {
			return a, configErrorf("activation %q: only softplus has a sharpness", text)
		}
		a = Activation{Name: name, Beta: beta}
		if beta == 0 {
			return a, configErrorf("softplus needs a positive sharpness, not 0")
		}
	}
	return a.resolve()
}

func (a Activation) String() string {
	if a.Name == "softplus" && a.Beta != 0 && a.Beta != 1 {
		return "softplus(" + strconv.FormatFloat(a.Beta, 'g', -1, 64) + ")"
	}
	return a.Name
}

func (a Activation) resolve() (Activation, error) {
	if !slices.Contains(activationNames, a.Name) {
		return a, configErrorf("%q is not an activation; activations are %s", a.Name, strings.Join(activationNames, ", "))
	}
	if a.Name != "softplus" {
		a.Beta = 0
		return a, nil
	}
	if a.Beta == 0 {
		a.Beta = 1
	}
	if !(a.Beta > 0) || math.IsInf(a.Beta, 0) {
		return a, configErrorf("softplus needs a positive finite sharpness, not %v", a.Beta)
	}
	return a, nil
}

// nonlinearity is an Activation made ready for loops.
type nonlinearity struct {
	kind    int
	beta    float32
	inverse float32 // 1/beta
}

func (a Activation) compile() nonlinearity {
	n := nonlinearity{kind: slices.Index(activationNames, a.Name), beta: float32(a.Beta)}
	if n.kind == softplus {
		n.inverse = 1 / n.beta
	}
	return n
}

// values computes one row of activities from potentials; dst may be src.
func (n nonlinearity) values(dst, src []float32) {
	dst = dst[:len(src)]
	switch n.kind {
	case linear:
		copy(dst, src)
	case tanh:
		vec.Tanh(dst, src)
	case relu:
		vec.Relu(dst, src)
	case softplus:
		vec.MulVS(dst, src, n.beta)
		vec.Softplus(dst, dst)
		vec.MulVS(dst, dst, n.inverse)
	case sigmoid:
		vec.Sigmoid(dst, src)
	case sign:
		for j, z := range src {
			dst[j] = positive(z) - positive(-z)
		}
	case softmax:
		Softmax(dst, src, 1)
	}
}

// derivatives computes one row of derivatives from activities.
func (n nonlinearity) derivatives(dst, act []float32) {
	dst = dst[:len(act)]
	switch n.kind {
	case linear:
		vec.Fill(dst, 1)
	case tanh:
		vec.Square(dst, act)
		vec.SubSV(dst, 1, dst)
	case relu:
		for j, y := range act {
			dst[j] = positive(y)
		}
	case softplus:
		vec.MulVS(dst, act, -n.beta)
		vec.Exp(dst, dst)
		vec.SubSV(dst, 1, dst)
	case sign:
		clear(dst[:len(act)])
	case sigmoid, softmax:
		vec.SubSV(dst, 1, act)
		vec.MulVV(dst, act, dst)
	}
}

// positive is 1 where y > 0, else 0, without a branch that is hard to predict:
// the bits of positive numbers go from 1 to those of infinity.
func positive(y float32) float32 {
	const one, inf = 0x3f800000, 0x7f800000
	below := int64(math.Float32bits(y)-1) - inf
	return math.Float32frombits(uint32(below>>63) & one)
}

// damp multiplies errors by the derivatives at the activities.
func (n nonlinearity) damp(err, act []float32) {
	if n.kind == tanh {
		vec.TanhSlope(err, err, act)
		return
	}
	var d [256]float32
	for len(act) > 0 {
		k := min(len(act), len(d))
		n.derivatives(d[:k], act[:k])
		vec.MulVV(err[:k], err[:k], d[:k])
		err, act = err[k:], act[k:]
	}
}

// Softmax sets dst to e^{gain·z}/Σe^{gain·z}; dst may be src.
func Softmax(dst, src []float32, gain float32) { vec.Softmax(dst[:len(src)], src, gain) }
