package main

import (
	"fmt"
	"go/format"
	"math"
	"os"
	"strings"
)

// element is an elementwise kernel: name, the kinds of its operands in the
// order of package vec (V a vector, S a scalar), and its value.
type element struct {
	name, kinds string
	value       func(b *block, x []bundle) bundle
}

func direct(op string) func(b *block, x []bundle) bundle {
	return func(b *block, x []bundle) bundle { return b.three(op, x[0], x[1]) }
}

func single(op string) func(b *block, x []bundle) bundle {
	return func(b *block, x []bundle) bundle { return b.two(op, x[0]) }
}

// The minimum is a < b ? a : b, the maximum a > b ? a : b, which is not what
// the instructions of these names do with NaN and zeros.

func minimum(b *block, x []bundle) bundle { return b.pick(b.greater(x[1], x[0]), x[0], x[1]) }
func maximum(b *block, x []bundle) bundle { return b.pick(b.greater(x[0], x[1]), x[0], x[1]) }

func mulAdd(b *block, x []bundle) bundle { return b.sum(b.mul(x[0], x[1]), x[2]) }
func subMul(b *block, x []bundle) bundle { return b.sub(x[0], b.mul(x[1], x[2])) }

var elementwise = []element{
	{"addVV", "VV", direct("fadd")},
	{"addVS", "VS", direct("fadd")},
	{"subVV", "VV", direct("fsub")},
	{"subVS", "VS", direct("fsub")},
	{"subSV", "SV", direct("fsub")},
	{"mulVV", "VV", direct("fmul")},
	{"mulVS", "VS", direct("fmul")},
	{"divVV", "VV", direct("fdiv")},
	{"divVS", "VS", direct("fdiv")},
	{"divSV", "SV", direct("fdiv")},
	{"minVV", "VV", minimum},
	{"minVS", "VS", minimum},
	{"minSV", "SV", minimum},
	{"maxVV", "VV", maximum},
	{"maxVS", "VS", maximum},
	{"maxSV", "SV", maximum},
	{"mulAddVVV", "VVV", mulAdd},
	{"mulAddVSV", "VSV", mulAdd},
	{"subMulVVV", "VVV", subMul},
	{"subMulVVS", "VVS", subMul},
	{"relu", "V", func(b *block, x []bundle) bundle { return b.pick(b.two("fcmlt", x[0]), b.bits(0), x[0]) }},
	{"neg", "V", single("fneg")},
	{"abs", "V", single("fabs")},
	{"square", "V", func(b *block, x []bundle) bundle { return b.mul(x[0], x[0]) }},
	{"cube", "V", func(b *block, x []bundle) bundle { return b.mul(b.mul(x[0], x[0]), x[0]) }},
	{"sqrt", "V", single("fsqrt")},
	{"exp", "V", func(b *block, x []bundle) bundle { return b.exp(x[0]) }},
	{"log", "V", func(b *block, x []bundle) bundle { return b.log(x[0]) }},
	{"tanh", "V", func(b *block, x []bundle) bundle { return b.tanh(x[0]) }},
	{"sigmoid", "V", func(b *block, x []bundle) bundle { return b.sigmoid(x[0]) }},
	{"softplus", "V", func(b *block, x []bundle) bundle { return b.softplus(x[0]) }},
}

// elements writes the elementwise kernels.
func elements(a *asm) {
	for _, e := range elementwise {
		a.element(e)
	}
}

// element writes a kernel for m rows of n columns. Every operand comes with
// the bytes from a row to the next; that of a scalar is its place.
func (a *asm) element(e element) {
	params := []string{"m int", "n int", "d *float32", "ds int"}
	for k := range e.kinds {
		params = append(params, fmt.Sprintf("%c *float32", 'a'+k), fmt.Sprintf("%cs int", 'a'+k))
	}
	a.text(e.name, params, "")
	m, d, ds := a.param("m"), a.param("d"), a.param("ds")
	n, to := a.gp(), a.gp()
	var rows, strides, at []gp
	x := make([]bundle, len(e.kinds))
	taken := vec(0)
	if e.name == "tanh" {
		taken = pairs + 2
	}
	for k, kind := range e.kinds {
		rows = append(rows, a.param(string('a'+rune(k))))
		strides = append(strides, a.param(string('a'+rune(k))+"s"))
		at = append(at, a.gp())
		if kind == 'S' {
			x[k] = bundle{fixed(taken)}
			taken++
		}
	}
	group := 4
	if strings.Contains("exp log tanh sigmoid softplus", e.name) {
		a.op("MOVD", "$numbers<>(SB)", table)
		if e.name == "softplus" {
			group = 3
		}
	}
	a.loop(m, func() {
		a.load64("n", n)
		a.op("MOVD", d, to)
		for k, kind := range e.kinds {
			if kind == 'S' {
				a.broadcast(rows[k], x[k][0].at)
			} else {
				a.op("MOVD", rows[k], at[k])
			}
		}
		a.singles(n, group, func(count int, last bool) {
			b := a.straight()
			operands := append([]bundle(nil), x...)
			for k, kind := range e.kinds {
				if kind == 'V' {
					operands[k] = b.load(at[k], count, last)
				}
			}
			b.store(e.value(b, operands), to, last)
			b.flush(taken)
		}, func(count int) {
			a.op("ADD", count*size, to)
			for k, kind := range e.kinds {
				if kind == 'V' {
					a.op("ADD", count*size, at[k])
				}
			}
		})
		a.op("ADD", ds, d)
		for k := range rows {
			a.op("ADD", strides[k], rows[k])
		}
	})
	a.end()
}

// horner evaluates a polynomial, the highest coefficient first.
func (b *block) horner(x bundle, c ...float32) bundle {
	p := b.mul(x, b.number(c[0]))
	for k, v := range c[1:] {
		p = b.sum(p, b.number(v))
		if k < len(c)-2 {
			p = b.mul(p, x)
		}
	}
	return p
}

// The following are fmath's functions, operation by operation; see there for
// the methods. Where those branch, these choose at the end.

// expCore is fmath.Exp32 where the result is not zero or infinite.
func (b *block) expCore(x bundle) bundle {
	round := float32(12582912)
	start := math.Float32bits(round)
	t := b.sum(b.mul(x, b.number(1.44269504088896341)), b.number(round))
	f := b.sub(t, b.number(round))
	r := b.sub(x, b.mul(f, b.number(0.693359375)))
	r = b.sub(r, b.mul(f, b.number(-2.12194440e-4)))
	p := b.horner(r, 1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
	p = b.sum(b.mul(p, b.mul(r, r)), r)
	p = b.sum(p, b.number(1))
	n := b.subI(t, b.bits(start))
	h := b.shiftSigned(n, 1)
	n = b.subI(n, h)
	p = b.mul(p, b.shift("VSHL", b.addI(h, b.bits(127)), 23))
	return b.mul(p, b.shift("VSHL", b.addI(n, b.bits(127)), 23))
}

const (
	infinity = 0x7f800000
	minusInf = 0xff800000
	nan      = 0x7fc00000
)

func (b *block) exp(x bundle) bundle {
	p := b.expCore(x)
	p = b.pick(b.greater(b.number(-103.97283), x), b.bits(0), p)
	p = b.pick(b.atLeast(x, b.number(88.72284)), b.bits(infinity), p)
	return b.pick(b.equal(x, x), p, x)
}

// tanhTable is that of fmath by coefficient: first the middles of the
// intervals.
var tanhTable = [9][8]float32{
	{1.7500572, 2.7356567, 4.2604294, 6.2461967, 8.115034, 0, 0.5010071, 1.0067062},
	{0.94138205, 0.9916238, 0.99960154, 0.9999925, 0.9999998, 0, 0.4629088, 0.76439625},
	{0.11379986, 0.016682204, 0.00079672, 1.5019859e-05, 3.576273e-07, 1, 0.78571546, 0.41569838},
	{-0.107126705, -0.016542468, -0.00079691305, -1.50298e-05, -3.5773172e-07, -3.516535e-08, -0.36371437, -0.3177585},
	{0.06291463, 0.010843077, 0.0005309852, 1.001938e-05, 2.3842892e-07, -0.33333054, -0.09354228, 0.104327396},
	{-0.02357742, -0.0052382005, -0.00026198768, -4.9489677e-06, -1.1839846e-07, -7.0726055e-05, 0.16450898, 0.026197523},
	{0.003717485, 0.0019518817, 0.00010421091, 1.9819731e-06, 4.757809e-08, 0.13412978, -0.027358243, -0.045579918},
	{0.0023889674, -0.0005559447, -3.982342e-05, -7.646838e-07, -1.7668258e-08, -0.004284048, -0.049286544, 0.018269286},
	{-0.0020445979, 0.000100511206, 1.1371693e-05, 2.1640845e-07, 4.8484e-09, -0.044394575, 0.026021376, 0.0027820328},
}

func (b *block) tanh(x bundle) bundle {
	a := b.three("fmin", b.two("fabs", x), b.number(9.02)) // NaN stays
	index := b.shift("VUSHR", b.sum(a, b.number(0.75)), 22)
	spots := b.spots(b.and(index, b.bits(7)))
	t := b.sub(a, b.look(tanhTable[0], spots))
	p := b.look(tanhTable[8], spots)
	for k := 7; k >= 1; k-- {
		p = b.sum(b.mul(p, t), b.look(tanhTable[k], spots))
	}
	return b.or(p, b.and(x, b.bits(1<<31)))
}

// expMinus is fmath.Exp32(-|x|).
func (b *block) expMinus(x bundle) bundle {
	m := b.or(x, b.bits(1<<31))
	e := b.expCore(m)
	return b.pick(b.greater(b.number(-103.97283), m), b.bits(0), e)
}

func (b *block) sigmoid(x bundle) bundle {
	e := b.expMinus(x)
	return b.div(b.pick(b.two("fcmlt", x), e, b.number(1)), b.sum(e, b.number(1)))
}

// logCore is fmath.Log32 for normal numbers u, plus more times ln 2.
func (b *block) logCore(u, more bundle) bundle {
	e := b.subI(b.shift("VUSHR", u, 23), b.bits(126))
	if more != nil {
		e = b.addI(e, more)
	}
	m := b.or(b.and(u, b.bits(0x7fffff)), b.bits(0x3f000000))
	low := b.greater(b.number(0.707106781186547524), m)
	e = b.addI(e, low) // where set, the mask is -1
	m = b.sub(b.pick(low, b.sum(m, m), m), b.number(1))
	z := b.mul(m, m)
	y := b.horner(m, 7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
		-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1)
	y = b.mul(b.mul(y, m), z)
	f := b.two("scvtf", e)
	y = b.sum(y, b.mul(f, b.number(-2.12194440e-4)))
	y = b.sub(y, b.mul(z, b.number(0.5)))
	return b.sum(b.sum(m, y), b.mul(f, b.number(0.693359375)))
}

func (b *block) log(x bundle) bundle {
	tiny := b.greater(b.number(0x1p-126), x)
	u := b.pick(tiny, b.mul(x, b.number(0x1p23)), x)
	y := b.logCore(u, b.and(tiny, b.bits(0xffffffff-23+1)))
	y = b.pick(b.greater(x, b.number(math.MaxFloat32)), b.bits(infinity), y)
	y = b.pick(b.two("fcmeq", x), b.bits(minusInf), y)
	return b.pick(b.atLeast(x, b.bits(0)), y, b.bits(nan))
}

func (b *block) softplus(x bundle) bundle {
	e := b.expMinus(x)
	u := b.sum(e, b.number(1))
	l := b.div(b.mul(b.logCore(u, nil), e), b.sub(u, b.number(1)))
	l = b.pick(b.equal(u, b.number(1)), e, l)
	l = b.pick(b.greater(x, b.bits(0)), b.sum(x, l), l)
	return b.pick(b.equal(x, x), l, x)
}

// dispatch writes the Go functions that call the elementwise kernels.
func dispatch(path string) error {
	var apply, one strings.Builder
	for _, e := range elementwise {
		strided, params, calls, cut := "", []string{}, "", "d = d[chunk:]"
		for k, kind := range e.kinds {
			name := string('a' + rune(k))
			strided += fmt.Sprintf(", %[1]s, %[1]ss", name)
			if kind == 'V' {
				params = append(params, name+" []float32")
				calls += ", first(" + name + "), 0"
				cut += "\n\t\t" + name + " = " + name + "[chunk:]"
			} else {
				params = append(params, name+" float32")
				calls += ", &" + name + ", 0"
			}
		}
		fmt.Fprintf(&apply, "\tcase %s:\n\t\t%s%s(m, n, d, ds%s)\n", strings.ToUpper(e.name[:1])+e.name[1:]+"Kernel", e.name, suffix, strided)
		fmt.Fprintf(&one, `
func %[1]sNative(d []float32, %[2]s) {
	for len(d) > 0 {
		n := min(len(d), chunk)
		%[1]s%[5]s(1, n, first(d), 0%[3]s)
		if n == len(d) {
			return
		}
		%[4]s
	}
}
`, e.name, strings.Join(params, ", "), calls, cut, suffix)
	}
	text, err := format.Source([]byte(`// Code generated by neon. DO NOT EDIT.

package vec

// applyNative is Apply for rows that are not empty.
func applyNative(k Kernel, m, n int, d *float32, ds int, a *float32, as int, b *float32, bs int, c *float32, cs int) {
	switch k {
` + apply.String() + "\t}\n}\n" + one.String()))
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}
