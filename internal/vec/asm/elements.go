package main

import (
	"fmt"
	"go/format"
	"math"
	"os"
	"strconv"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
	"github.com/mmcloughlin/avo/x86"
)

// element is an elementwise kernel: name, the kinds of its operands in the
// order of package vec (V a vector, S a scalar), and its value.
type element struct {
	name, kinds string
	value       func(s *isa, x []bundle) bundle
}

// bundle is several vectors on which the same operations are carried out in
// turn, since one alone would wait for itself. Constants are bundles of one.
type bundle []reg.Register

func (b bundle) at(i int) reg.Register {
	if len(b) == 1 {
		return b[0]
	}
	return b[i]
}

// bundle returns n fresh vectors.
func (s *isa) bundle(n int) bundle {
	b := make(bundle, n)
	for i := range b {
		b[i] = s.vec()
	}
	return b
}

// fn is a vector instruction of two operands; f(s, a, b) is a op b.
type fn func(ops ...Op)

func (s *isa) do(op fn, a, b bundle) bundle {
	d := s.bundle(max(len(a), len(b)))
	for i := range d {
		op(b.at(i), a.at(i), d[i])
	}
	return d
}

func (s *isa) add(a, b bundle) bundle { return s.do(VADDPS, a, b) }
func (s *isa) sub(a, b bundle) bundle { return s.do(VSUBPS, a, b) }
func (s *isa) mul(a, b bundle) bundle { return s.do(VMULPS, a, b) }
func (s *isa) div(a, b bundle) bundle { return s.do(VDIVPS, a, b) }

func plain(op fn) func(s *isa, x []bundle) bundle {
	return func(s *isa, x []bundle) bundle { return s.do(op, x[0], x[1]) }
}

var elementwise = []element{
	{"addVV", "VV", plain(VADDPS)},
	{"addVS", "VS", plain(VADDPS)},
	{"subVV", "VV", plain(VSUBPS)},
	{"subVS", "VS", plain(VSUBPS)},
	{"subSV", "SV", plain(VSUBPS)},
	{"mulVV", "VV", plain(VMULPS)},
	{"mulVS", "VS", plain(VMULPS)},
	{"divVV", "VV", plain(VDIVPS)},
	{"divVS", "VS", plain(VDIVPS)},
	{"divSV", "SV", plain(VDIVPS)},
	// The minimum of x86 is a < b ? a : b, the maximum a > b ? a : b.
	{"minVV", "VV", plain(VMINPS)},
	{"minVS", "VS", plain(VMINPS)},
	{"minSV", "SV", plain(VMINPS)},
	{"maxVV", "VV", plain(VMAXPS)},
	{"maxVS", "VS", plain(VMAXPS)},
	{"maxSV", "SV", plain(VMAXPS)},
	{"mulAddVVV", "VVV", func(s *isa, x []bundle) bundle { return s.add(s.mul(x[0], x[1]), x[2]) }},
	{"mulAddVSV", "VSV", func(s *isa, x []bundle) bundle { return s.add(s.mul(x[0], x[1]), x[2]) }},
	{"subMulVVV", "VVV", func(s *isa, x []bundle) bundle { return s.sub(x[0], s.mul(x[1], x[2])) }},
	{"subMulVVS", "VVS", func(s *isa, x []bundle) bundle { return s.sub(x[0], s.mul(x[1], x[2])) }},
	{"relu", "V", func(s *isa, x []bundle) bundle { return s.do(VMAXPS, s.number(0), x[0]) }},
	{"neg", "V", func(s *isa, x []bundle) bundle { return s.xor(x[0], 1<<31) }},
	{"abs", "V", func(s *isa, x []bundle) bundle { return s.and(x[0], 1<<31-1) }},
	{"square", "V", func(s *isa, x []bundle) bundle { return s.mul(x[0], x[0]) }},
	{"cube", "V", func(s *isa, x []bundle) bundle { return s.mul(s.mul(x[0], x[0]), x[0]) }},
	{"sqrt", "V", func(s *isa, x []bundle) bundle {
		d := s.bundle(len(x[0]))
		for i, v := range x[0] {
			VSQRTPS(v, d[i])
		}
		return d
	}},
	{"exp", "V", func(s *isa, x []bundle) bundle { return s.exp(x[0]) }},
	{"log", "V", func(s *isa, x []bundle) bundle { return s.log(x[0]) }},
	{"tanh", "V", func(s *isa, x []bundle) bundle { return s.tanh(x[0]) }},
	{"sigmoid", "V", func(s *isa, x []bundle) bundle { return s.sigmoid(x[0]) }},
	{"softplus", "V", func(s *isa, x []bundle) bundle { return s.softplus(x[0]) }},
}

// elements writes the elementwise kernels.
func elements(s *isa) {
	s.masks()
	for _, e := range elementwise {
		s.element(e)
	}
}

// element writes a kernel for m rows of n columns. Every operand comes with
// the bytes from a row to the next; that of a scalar is its place.
func (s *isa) element(e element) {
	signature := "m, n int, d *float32, ds int"
	for k := range e.kinds {
		signature += fmt.Sprintf(", %[1]c *float32, %[1]cs int", 'a'+rune(k))
	}
	s.text(e.name, signature)
	m, d := param("m"), param("d")
	rows := make([]reg.Register, len(e.kinds))
	for k := range rows {
		rows[k] = param(string('a' + rune(k)))
	}
	group := 4
	if strings.Contains("exp log tanh sigmoid softplus", e.name) {
		group = 2
		if e.name == "tanh" || s.wide() && e.name != "softplus" {
			group = 4
		}
	}
	s.loop(m, func() {
		to := GP64()
		MOVQ(d, to)
		at := make([]reg.Register, len(rows))
		x := make([]bundle, len(rows))
		for k, kind := range e.kinds {
			if kind == 'S' {
				x[k] = s.bundle(1)
				VBROADCASTSS(Mem{Base: rows[k]}, x[k][0])
				continue
			}
			p := GP64()
			MOVQ(rows[k], p)
			at[k] = p
		}
		s.blocks(param("n"), group, func(count int, last bool) {
			for k := range at {
				if at[k] == nil {
					continue
				}
				x[k] = s.bundle(count)
				for j, v := range x[k] {
					s.load(s.at(at[k], j), v, last && j == count-1)
				}
			}
			for j, v := range e.value(s, x) {
				s.store(v, s.at(to, j), last && j == count-1)
			}
		}, func(count int) {
			ADDQ(U32(uint32(count*s.size())), to)
			for _, p := range at {
				if p != nil {
					ADDQ(U32(uint32(count*s.size())), p)
				}
			}
		})
		ADDQ(param("ds"), d)
		for k, r := range rows {
			ADDQ(param(string('a'+rune(k))+"s"), r)
		}
	})
	s.end()
}

var numbers = map[uint32]Mem{}

// memory is a constant in memory, eight times.
func memory(bits uint32) Mem {
	m, ok := numbers[bits]
	if !ok {
		m = GLOBL(fmt.Sprintf("x%08x", bits), RODATA|NOPTR)
		for i := range 8 {
			DATA(4*i, U32(bits))
		}
		numbers[bits] = m
	}
	return m
}

// bitsOf returns a constant as a vector in a register.
func (s *isa) bitsOf(bits uint32) bundle {
	v := s.bundle(1)
	if bits == 0 {
		s.zero(v[0])
	} else {
		VBROADCASTSS(memory(bits), v[0])
	}
	return v
}

func (s *isa) number(v float32) bundle { return s.bitsOf(math.Float32bits(v)) }

// with applies op to a vector and a constant: a op c.
func (s *isa) with(op, bcst fn, a bundle, c float32) bundle {
	d, m := s.bundle(len(a)), memory(math.Float32bits(c))
	for i, v := range a {
		if s.wide() {
			bcst(m, v, d[i])
		} else {
			op(m, v, d[i])
		}
	}
	return d
}

func (s *isa) addC(a bundle, c float32) bundle {
	return s.with(VADDPS, VADDPS_BCST, a, c)
}
func (s *isa) subC(a bundle, c float32) bundle {
	return s.with(VSUBPS, VSUBPS_BCST, a, c)
}
func (s *isa) mulC(a bundle, c float32) bundle {
	return s.with(VMULPS, VMULPS_BCST, a, c)
}

// intC is op for a vector of integers and a constant.
func (s *isa) intC(op, bcst fn, a bundle, c uint32) bundle {
	return s.with(op, bcst, a, math.Float32frombits(c))
}

func (s *isa) addI(a bundle, c uint32) bundle {
	return s.intC(VPADDD, VPADDD_BCST, a, c)
}

func (s *isa) xor(a bundle, c uint32) bundle {
	return s.intC(VXORPS, VXORPS_BCST, a, c)
}

func (s *isa) and(a bundle, c uint32) bundle {
	return s.intC(VANDPS, VANDPS_BCST, a, c)
}

func (s *isa) or(a bundle, c uint32) bundle {
	return s.intC(VORPS, VORPS_BCST, a, c)
}

func (s *isa) shift(op fn, a bundle, by uint8) bundle {
	d := s.bundle(len(a))
	for i, v := range a {
		op(Imm(uint64(by)), v, d[i])
	}
	return d
}

// Predicates of compare: an unordered pair is less, equal, greater: no;
// unordered, not equal: yes.
const (
	equal     = 0
	less      = 1
	unordered = 3
	notEqual  = 4
	greater   = 14
)

// compare returns where a op b, a mask for pick.
func (s *isa) compare(predicate uint8, a, b bundle) bundle {
	d := make(bundle, len(a))
	for i := range d {
		if s.wide() {
			d[i] = K()
		} else {
			d[i] = YMM()
		}
		VCMPPS(Imm(uint64(predicate)), b.at(i), a[i], d[i])
	}
	return d
}

func (s *isa) compareC(predicate uint8, a bundle, c float32) bundle {
	d, m := make(bundle, len(a)), memory(math.Float32bits(c))
	for i := range d {
		if s.wide() {
			d[i] = K()
			VCMPPS_BCST(Imm(uint64(predicate)), m, a[i], d[i])
		} else {
			d[i] = YMM()
			VCMPPS(Imm(uint64(predicate)), m, a[i], d[i])
		}
	}
	return d
}

// blend adds a blend, of which avo believes that it reads d.
func blend(op func(ops ...Op) (*ir.Instruction, error), yes Op, no, mask, d reg.Register) {
	i, err := op(yes, no, mask, d)
	if err != nil {
		panic(err)
	}
	i.Inputs = []Op{yes, no, mask}
	Instruction(i)
}

// pick returns yes where the mask is set, else no.
func (s *isa) pick(mask, yes, no bundle) bundle {
	d := s.bundle(len(mask))
	for i, v := range d {
		if s.wide() {
			blend(x86.VBLENDMPS, yes.at(i), no.at(i), mask[i], v)
		} else {
			VBLENDVPS(mask[i], yes.at(i), no.at(i), v)
		}
	}
	return d
}

// pickC is pick with a constant for yes.
func (s *isa) pickC(mask bundle, yes uint32, no bundle) bundle {
	d, m := s.bundle(len(mask)), memory(yes)
	for i, v := range d {
		if s.wide() {
			blend(x86.VBLENDMPS_BCST, m, no.at(i), mask[i], v)
		} else {
			VBLENDVPS(mask[i], m, no.at(i), v)
		}
	}
	return d
}

// horner evaluates a polynomial, the highest coefficient first.
func (s *isa) horner(x bundle, c ...float32) bundle {
	p := s.mulC(x, c[0])
	for k, v := range c[1:] {
		p = s.addC(p, v)
		if k < len(c)-2 {
			p = s.mul(p, x)
		}
	}
	return p
}

// The following are fmath's functions, operation by operation; see there for
// the methods. Where those branch, these choose at the end.

// expCore is fmath.Exp32 where the result is not zero or infinite.
func (s *isa) expCore(x bundle) bundle {
	const round = 12582912
	t := s.addC(s.mulC(x, 1.44269504088896341), round)
	f := s.subC(t, round)
	r := s.sub(x, s.mulC(f, 0.693359375))
	r = s.sub(r, s.mulC(f, -2.12194440e-4))
	p := s.horner(r, 1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
	p = s.add(s.mul(p, s.mul(r, r)), r)
	p = s.addC(p, 1)
	if s.wide() {
		// p is near 1: scaling in one step rounds like the second of two.
		return s.do(VSCALEFPS, p, f)
	}
	n := s.addI(t, 0xffffffff-0x4B400000+1)
	h := s.shift(VPSRAD, n, 1)
	n = s.do(VPSUBD, n, h)
	p = s.mul(p, s.shift(VPSLLD, s.addI(h, 127), 23))
	return s.mul(p, s.shift(VPSLLD, s.addI(n, 127), 23))
}

const (
	infinity = 0x7f800000
	minusInf = 0xff800000
	nan      = 0x7fc00000
)

func (s *isa) exp(x bundle) bundle {
	p := s.expCore(x)
	p = s.pickC(s.compareC(less, x, -103.97283), 0, p)
	p = s.pickC(s.compareC(13, x, 88.72284), infinity, p) // not less, ordered
	return s.pick(s.compare(unordered, x, x), x, p)
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

// tanhRow loads a row of it, twice for vectors of sixteen.
func (s *isa) tanhRow(k int) reg.Register {
	name := "tanh" + strconv.Itoa(k)
	m, ok := tables[name]
	if !ok {
		m = GLOBL(name, RODATA|NOPTR)
		for i := range 16 {
			DATA(4*i, F32(tanhTable[k][i%8]))
		}
		tables[name] = m
	}
	v := s.vec()
	VMOVUPS(m, v)
	return v
}

var tables = map[string]Mem{}

// tanh works on several vectors at a time, since each has to wait for itself.
// For AVX2, and for more than four vectors, to have registers enough, the sign
// travels with the index, of which the lookup reads three or four bits of a
// table that is there twice.
func (s *isa) tanh(x bundle) bundle {
	a := s.do(VMINPS, s.number(9.02), s.and(x, 1<<31-1)) // NaN stays
	index := s.shift(VPSRLD, s.addC(a, 0.75), 22)
	many := s.wide() && len(x) > 4
	switch {
	case many:
		s.addSign(index, x)
	case !s.wide():
		index = s.do(VORPS, index, s.and(x, 1<<31))
		x = index
	}
	t := s.sub(a, s.coefficient(0, index))
	p := s.coefficient(8, index)
	for k := 7; k >= 1; k-- {
		row := s.tanhRow(k)
		for j, v := range p {
			c := s.vec()
			VMULPS(t[j], v, v)
			VPERMPS(row, index[j], c)
			VADDPS(c, v, v)
		}
	}
	if many {
		s.addSign(p, index)
		return p
	}
	return s.do(VORPS, p, s.and(x, 1<<31))
}

// addSign sets in d the signs that are set in x, with AVX-512.
func (s *isa) addSign(d, x bundle) {
	const orAnd = 0xf8 // d or x and the mask
	m := memory(1 << 31)
	for i, v := range d {
		VPTERNLOGD_BCST(Imm(orAnd), m, x[i], v)
	}
}

// coefficient looks coefficients of fmath.Tanh32 up by the lowest three bits
// of index.
func (s *isa) coefficient(k int, index bundle) bundle {
	row, d := s.tanhRow(k), s.bundle(len(index))
	for i, v := range index {
		VPERMPS(row, v, d[i])
	}
	return d
}

// expMinus is fmath.Exp32(-|x|).
func (s *isa) expMinus(x bundle) bundle {
	m := s.or(x, 1<<31)
	e := s.expCore(m)
	return s.pickC(s.compareC(less, m, -103.97283), 0, e)
}

func (s *isa) sigmoid(x bundle) bundle {
	e := s.expMinus(x)
	one := s.number(1)
	return s.div(s.pick(s.compare(less, x, s.number(0)), e, one), s.add(e, one))
}

// logCore is fmath.Log32 for normal numbers u, plus more times ln 2.
func (s *isa) logCore(u, more bundle) bundle {
	e := s.addI(s.shift(VPSRLD, u, 23), 0xffffffff-126+1)
	if more != nil {
		e = s.do(VPADDD, e, more)
	}
	m := s.or(s.and(u, 0x7fffff), 0x3f000000)
	low := s.compareC(less, m, 0.707106781186547524)
	e = s.pick(low, s.addI(e, 0xffffffff), e)
	m = s.subC(s.pick(low, s.add(m, m), m), 1)
	z := s.mul(m, m)
	y := s.horner(m, 7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
		-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1)
	y = s.mul(s.mul(y, m), z)
	f := s.bundle(len(e))
	for i, v := range e {
		VCVTDQ2PS(v, f[i])
	}
	y = s.add(y, s.mulC(f, -2.12194440e-4))
	y = s.sub(y, s.mulC(z, 0.5))
	return s.add(s.add(m, y), s.mulC(f, 0.693359375))
}

func (s *isa) log(x bundle) bundle {
	tiny := s.compareC(less, x, 0x1p-126)
	u := s.pick(tiny, s.mulC(x, 0x1p23), x)
	more := s.pickC(tiny, 0xffffffff-23+1, s.number(0))
	y := s.logCore(u, more)
	y = s.pickC(s.compareC(greater, x, math.MaxFloat32), infinity, y)
	zero := s.number(0)
	y = s.pickC(s.compare(equal, x, zero), minusInf, y)
	return s.pickC(s.compare(9, x, zero), nan, y) // less or unordered
}

func (s *isa) softplus(x bundle) bundle {
	e := s.expMinus(x)
	u := s.addC(e, 1)
	l := s.div(s.mul(s.logCore(u, nil), e), s.subC(u, 1))
	l = s.pick(s.compareC(equal, u, 1), e, l)
	l = s.pick(s.compare(greater, x, s.number(0)), s.add(x, l), l)
	return s.pick(s.compare(unordered, x, x), x, l)
}

// dispatch writes the Go functions that call the elementwise kernels.
func dispatch(path string) {
	var b, one strings.Builder
	b.WriteString(`// Code generated by asm. DO NOT EDIT.

//go:build amd64

package vec

// applyNative is Apply for rows that are not empty.
func applyNative(k Kernel, m, n int, d *float32, ds int, a *float32, as int, b *float32, bs int, c *float32, cs int) {
`)
	cases := map[string]*strings.Builder{"512": {}, "256": {}}
	for _, e := range elementwise {
		strided, params, cut := "", []string{}, "d = d[chunk:]"
		calls := ""
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
		for bits, c := range cases {
			fmt.Fprintf(c, "\t\tcase %s:\n\t\t\t%s%s(m, n, d, ds%s)\n", strings.ToUpper(e.name[:1])+e.name[1:]+"Kernel", e.name, bits, strided)
		}
		fmt.Fprintf(&one, `
func %[1]sNative(d []float32, %[2]s) {
	for len(d) > 0 {
		n := min(len(d), chunk)
		if active == avx512 {
			%[1]s512(1, n, first(d), 0%[3]s)
		} else {
			%[1]s256(1, n, first(d), 0%[3]s)
		}
		if n == len(d) {
			return
		}
		%[4]s
	}
}
`, e.name, strings.Join(params, ", "), calls, cut)
	}
	fmt.Fprintf(&b, "\tif active == avx512 {\n\t\tswitch k {\n%s\t\t}\n\t} else {\n\t\tswitch k {\n%s\t\t}\n\t}\n}\n%s",
		cases["512"], cases["256"], &one)
	text, err := format.Source([]byte(b.String()))
	if err == nil {
		err = os.WriteFile(path, text, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "asm:", err)
		os.Exit(1)
	}
}
