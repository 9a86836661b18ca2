package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The machine of package program is threaded code: every operation is a
// function that ends in a jump to the next one. It works on a block of
// vectors that stay in registers, the accumulators; see that package for what
// the operations do and for the layout of the memory that is read here.

// block is the vectors of a block: rows × columns. Where there are several
// rows, each row is as wide as the matrix.
type shape struct{ rows, columns int }

func (b shape) vectors() int { return b.rows * b.columns }

// shapes lists the blocks of an instruction set in the order of package
// program. Rows are padded to 16 floats, which is one or two vectors.
func (s *isa) shapes() []shape {
	if s.wide() {
		return []shape{{1, 8}, {1, 6}, {1, 4}, {1, 3}, {1, 2}, {1, 1}, {2, 4}, {2, 3}, {4, 2}, {8, 1}}
	}
	return []shape{{1, 8}, {1, 6}, {1, 4}, {1, 2}, {2, 4}, {4, 2}}
}

// place is where an operand lies, which decides how a block reads it.
type place int

const (
	matrix place = iota // every vector from its own place
	row                 // the same for all rows
	column              // one number per row
	single              // one number
)

var placeNames = [...]string{"Matrix", "Row", "Column", "Single"}

// operation is an operation of the machine: the places of its operands, one
// slot of the table for each, and the code.
type operation struct {
	name   string
	places [][]place
	code   func(m *machine, x []place)
}

var (
	anywhere = [][]place{{matrix}, {row}, {column}, {single}}
	pairs    = [][]place{{matrix, matrix}, {matrix, row}, {matrix, column}, {matrix, single}, {row, column}}
	nowhere  = [][]place{{}}
)

// operations lists the operations in the order of package program.
var operations = []operation{
	{"load", anywhere, func(m *machine, x []place) {
		m.operands(x, func(a int, v []Op) { VMOVUPS(v[0], m.acc[a]) })
	}},
	{"add", anywhere, inPlace(VADDPS)},
	{"sub", anywhere, inPlace(VSUBPS)},
	{"subFrom", anywhere, reversed(VSUBPS)},
	{"mul", anywhere, inPlace(VMULPS)},
	{"div", anywhere, inPlace(VDIVPS)},
	{"divInto", anywhere, reversed(VDIVPS)},
	{"min", anywhere, inPlace(VMINPS)},
	{"minOf", anywhere, reversed(VMINPS)},
	{"max", anywhere, inPlace(VMAXPS)},
	{"maxOf", anywhere, reversed(VMAXPS)},
	{"pdiv", anywhere, func(m *machine, x []place) {
		m.each(x[0], func(a, v reg.Register) { m.set(a, m.pdiv(a, v)) })
	}},
	{"pdivInto", anywhere, func(m *machine, x []place) {
		m.each(x[0], func(a, v reg.Register) { m.set(a, m.pdiv(v, a)) })
	}},
	{"and", anywhere, inPlace(VANDPS)},
	{"product", pairs, func(m *machine, x []place) {
		m.operands(x, func(a int, v []Op) {
			if _, ok := v[1].(reg.Register); ok {
				v[0], v[1] = v[1], v[0]
			}
			VMULPS(v[1], m.register(v[0]), m.acc[a])
		})
	}},
	{"addProduct", pairs, func(m *machine, x []place) {
		m.product(x, func(a, p reg.Register) { VADDPS(p, a, a) })
	}},
	{"subProduct", pairs, func(m *machine, x []place) {
		m.product(x, func(a, p reg.Register) { VSUBPS(p, a, a) })
	}},
	{"productSub", pairs, func(m *machine, x []place) {
		m.product(x, func(a, p reg.Register) { VSUBPS(a, p, a) })
	}},
	{"scaleAddStore", anywhere, func(m *machine, x []place) {
		q := m.operand(1)
		m.operands(x, func(a int, v []Op) {
			VMULPS(v[0], m.acc[a], m.acc[a])
			VADDPS(m.at(q, a), m.acc[a], m.acc[a])
			VMOVUPS(m.acc[a], m.at(q, a))
		})
	}},
	{"addStore", nowhere, func(m *machine, _ []place) {
		p := m.operand(0)
		for k, a := range m.acc {
			VADDPS(m.at(p, k), a, a)
			VMOVUPS(a, m.at(p, k))
		}
	}},
	{"clip", nowhere, (*machine).clip},
	{"store", nowhere, func(m *machine, _ []place) {
		p := m.operand(0)
		for k, a := range m.acc {
			VMOVUPS(a, m.at(p, k))
		}
	}},
	{"neg", nowhere, unary(func(s *isa, x bundle) bundle { return s.xor(x, 1<<31) })},
	{"abs", nowhere, unary(func(s *isa, x bundle) bundle { return s.and(x, 1<<31-1) })},
	{"sign", nowhere, unary((*isa).sign)},
	{"square", nowhere, func(m *machine, _ []place) {
		for _, a := range m.acc {
			VMULPS(a, a, a)
		}
	}},
	{"cube", nowhere, func(m *machine, _ []place) {
		for _, a := range m.acc {
			t := m.vec()
			VMULPS(a, a, t)
			VMULPS(t, a, a)
		}
	}},
	{"sqrt", nowhere, func(m *machine, _ []place) {
		for _, a := range m.acc {
			VSQRTPS(a, a)
		}
	}},
	{"exp", nowhere, lengthy((*isa).exp, 2, 4)},
	{"log", nowhere, lengthy((*isa).log, 2, 4)},
	{"tanh", nowhere, lengthy((*isa).tanh, 4, 8)},
	{"sigmoid", nowhere, lengthy((*isa).sigmoid, 2, 4)},
	{"relu", nowhere, unary(func(s *isa, x bundle) bundle { return s.do(VMAXPS, s.number(0), x) })},
	{"step", nowhere, unary((*isa).step)},
	{"loop", nowhere, (*machine).loop},
	{"end", nowhere, (*machine).end},
}

// The memory that the machine runs on: offsets by number, then the following.
const (
	offMatrix       = 8 * 1
	offRow          = 8 * 2
	offColumn       = 8 * 3
	offRowSample    = 8 * 4
	offColumnSample = 8 * 5
	offSingleSample = 8 * 6
	offTemp         = 8 * 7 // of a vector in a temporary block: the bias

	atCode         = 8 * (1 + iota)
	atBlocksLeft   // of the row
	atBlocks       // per row
	atRowsLeft     // counted in blocks
	atBlockBytes   // of a block in a row
	atPadding      // from the end of the last block of a row to the next row
	atRowStart     // offset of the first block in a row
	atColumnStep   // bytes of a column that a block takes
	atSamplesLeft  //
	atSamples      //
	atRowSample    // bytes from sample to sample
	atColumnSample //
	atScratch      // a block of memory
)

// The registers that the machine keeps: the next instruction and its memory.
var (
	pc   = reg.R8
	base = reg.R9
)

var accumulators = []reg.VecPhysical{reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5, reg.Y6, reg.Y7}

const instructionBytes = 40

// machine writes the operations for one shape of block.
type machine struct {
	*isa
	shape
	acc []reg.Register
}

// programs writes the machine: how to start it, the operations and the table
// of them.
func programs(s *isa) {
	s.text("run", "m *uint64")
	MOVQ(param("m"), base)
	MOVQ(Mem{Base: base, Disp: atCode}, pc)
	jump(nil)
	// The table of operations, for programs to be bound.
	TEXT(fmt.Sprintf("table%d", s.bits), NOSPLIT, "func() *uintptr")
	{
		p := GP64()
		LEAQ(NewDataAddr(NewStaticSymbol(fmt.Sprintf("operations%d", s.bits)), 0), p)
		Store(p, ReturnIndex(0))
		RET()
	}
	var names []string
	for _, b := range s.shapes() {
		m := &machine{isa: s, shape: b}
		for k := range b.vectors() {
			if s.wide() {
				m.acc = append(m.acc, accumulators[k].AsZ())
			} else {
				m.acc = append(m.acc, accumulators[k].AsY())
			}
		}
		for _, o := range operations {
			for _, x := range o.places {
				names = append(names, m.operation(o, x))
			}
		}
	}
	GLOBL(fmt.Sprintf("operations%d", s.bits), RODATA|NOPTR)
	for k, n := range names {
		DATA(8*k, address{name: n})
	}
}

// operation writes the code of o for operands at x, unless another shape has
// the same, and returns its name.
func (m *machine) operation(o operation, x []place) string {
	b := m.shape
	differs := false
	for _, p := range x {
		differs = differs || p == row || p == column
	}
	if !differs { // the same for all blocks of that many vectors
		b = shape{1, b.vectors()}
	}
	name := o.name
	for _, p := range x {
		if b.rows == 1 && p == row { // the same as of a matrix
			p = matrix
		}
		if b.rows == 1 && p == column {
			p = single
		}
		name += placeNames[p]
	}
	name = fmt.Sprintf("%s%dx%dx%d", name, b.rows, b.columns, m.bits)
	if o.name == "end" || o.name == "loop" {
		name = fmt.Sprintf("%s%d", o.name, m.bits)
	}
	if written[name] {
		return name
	}
	written[name] = true
	TEXT(name, NOSPLIT|NOFRAME, "func()")
	o.code(m, x)
	if o.name != "end" && o.name != "loop" {
		ADDQ(U32(instructionBytes), pc)
		jump(m.acc)
	}
	return name
}

var written = map[string]bool{}

// jump goes on with the next instruction; live are registers that it reads.
func jump(live []reg.Register) {
	to := Mem{Base: pc}
	inputs := []Op{to, base}
	for _, r := range live {
		inputs = append(inputs, r)
	}
	Instruction(&ir.Instruction{Opcode: "JMP", Operands: []Op{to}, Inputs: inputs, IsTerminal: true})
}

// address is the address of a function as data.
type address struct {
	U64
	name string
}

func (a address) Asm() string { return "$·" + a.name + "(SB)" }

// operand returns the address of operand k of the instruction.
func (m *machine) operand(k int) reg.Register {
	p, offset := GP64(), GP64()
	MOVQ(Mem{Base: pc, Disp: 8 + 16*k}, p)
	MOVQ(Mem{Base: pc, Disp: 16 + 16*k}, offset)
	ADDQ(Mem{Base: base, Index: offset, Scale: 8}, p)
	return p
}

// operands walks over the accumulators with the vectors of operands at x:
// value k of accumulator number a is a register, or memory where it may be.
func (m *machine) operands(x []place, visit func(a int, v []Op)) {
	p := make([]reg.Register, len(x))
	fixed := make([]reg.Register, len(x))
	rows := make([][]reg.Register, len(x))
	for k, at := range x {
		p[k] = m.operand(k)
		switch {
		case at == single || at == column && m.rows == 1:
			fixed[k] = m.vec()
			VBROADCASTSS(Mem{Base: p[k]}, fixed[k])
		case at == row && m.rows > 1:
			for c := range m.columns {
				v := m.vec()
				VMOVUPS(m.at(p[k], c), v)
				rows[k] = append(rows[k], v)
			}
		}
	}
	for a := range m.acc {
		r, c := a/m.columns, a%m.columns
		v := make([]Op, len(x))
		for k, at := range x {
			switch {
			case fixed[k] != nil && (at == single || m.rows == 1 || c > 0):
				v[k] = fixed[k]
			case at == column:
				fixed[k] = m.vec()
				VBROADCASTSS(Mem{Base: p[k], Disp: 4 * r}, fixed[k])
				v[k] = fixed[k]
			case rows[k] != nil:
				v[k] = rows[k][c]
			default:
				v[k] = m.at(p[k], a)
			}
		}
		visit(a, v)
	}
}

// each is operands for one operand in a register.
func (m *machine) each(x place, visit func(a, v reg.Register)) {
	m.operands([]place{x}, func(a int, v []Op) { visit(m.acc[a], m.register(v[0])) })
}

func (m *machine) register(v Op) reg.Register {
	if r, ok := v.(reg.Register); ok {
		return r
	}
	t := m.vec()
	VMOVUPS(v, t)
	return t
}

// inPlace is acc = acc op x.
func inPlace(op fn) func(m *machine, x []place) {
	return func(m *machine, x []place) {
		m.operands(x, func(a int, v []Op) { op(v[0], m.acc[a], m.acc[a]) })
	}
}

// reversed is acc = x op acc.
func reversed(op fn) func(m *machine, x []place) {
	return func(m *machine, x []place) {
		m.each(x[0], func(a, v reg.Register) { op(a, v, a) })
	}
}

// product visits the accumulators with the product of two operands.
func (m *machine) product(x []place, visit func(a, p reg.Register)) {
	m.operands(x, func(a int, v []Op) {
		// The second operand is the one that may be in memory.
		if _, ok := v[1].(reg.Register); ok {
			v[0], v[1] = v[1], v[0]
		}
		p := m.vec()
		VMULPS(v[1], m.register(v[0]), p)
		visit(m.acc[a], p)
	})
}

// set moves the value of a bundle of one.
func (m *machine) set(a reg.Register, v bundle) { VMOVAPS(v[0], a) }

// pdiv is a/b, or 0 where b is next to 0.
func (s *isa) pdiv(a, b reg.Register) bundle {
	near := s.compareC(less, s.and(bundle{b}, 1<<31-1), 1e-6)
	return s.pickC(near, 0, s.div(bundle{a}, bundle{b}))
}

// clip takes bounds from matrices: a < b ? b : a > c ? c : a.
func (m *machine) clip(_ []place) {
	p, q := m.operand(0), m.operand(1)
	for k, a := range m.acc {
		low, high := m.register(m.at(p, k)), m.register(m.at(q, k))
		below := m.compare(less, bundle{a}, bundle{low})
		m.set(a, m.pick(below, bundle{low}, m.do(VMINPS, bundle{high}, bundle{a})))
	}
}

func (s *isa) sign(x bundle) bundle {
	zero := s.number(0)
	y := s.pickC(s.compare(less, x, zero), 0xbf800000, x)
	return s.pickC(s.compare(greater, x, zero), 0x3f800000, y)
}

func (s *isa) step(x bundle) bundle {
	zero := s.number(0)
	y := s.pick(s.compare(unordered, x, x), x, zero)
	return s.pickC(s.compare(greater, x, zero), 0x3f800000, y)
}

// unary is acc = value(acc), vector by vector.
func unary(value func(s *isa, x bundle) bundle) func(m *machine, x []place) {
	return func(m *machine, _ []place) {
		for _, a := range m.acc {
			m.set(a, value(m.isa, bundle{a}))
		}
	}
}

// lengthy is unary for functions that need many registers: where these are
// too few, the accumulators go to memory and are worked on a few at a time, at
// most so many with AVX2 and with AVX-512.
func lengthy(value func(s *isa, x bundle) bundle, most, mostWide int) func(m *machine, x []place) {
	return func(m *machine, _ []place) {
		n, group := len(m.acc), most
		if m.wide() {
			group = mostWide
		}
		for n%group != 0 {
			group--
		}
		if n == group {
			for k, v := range value(m.isa, bundle(m.acc)) {
				VMOVAPS(v, m.acc[k])
			}
			return
		}
		p, count := GP64(), GP64()
		MOVQ(Mem{Base: base, Disp: atScratch}, p)
		if m.bias() != 0 {
			ADDQ(Imm(uint64(m.bias())), p)
		}
		for k, a := range m.acc {
			VMOVUPS(a, m.at(p, k))
		}
		MOVQ(U32(uint32(n/group)), count)
		m.isa.loop(count, func() {
			x := m.bundle(group)
			for k, v := range x {
				VMOVUPS(m.at(p, k), v)
			}
			for k, v := range value(m.isa, x) {
				VMOVUPS(v, m.at(p, k))
			}
			ADDQ(U32(uint32(group*m.size())), p)
		})
		for k, a := range m.acc {
			VMOVUPS(m.at(p, k-n), a)
		}
	}
}

// at is the vector k of an operand. Offsets of vectors are counted from bias
// on, so that those of AVX2 fit a byte: the length of the code matters.
func (m *machine) at(p reg.Register, k int) Mem { return m.isa.at(p, k).Offset(-m.bias()) }

func (m *machine) bias() int {
	if m.wide() {
		return 0 // counts in vectors anyway
	}
	return 128
}

func (m *machine) memory(disp int) Mem { return Mem{Base: base, Disp: disp} }

// loop goes back to the instruction at its operand for the next sample; after
// the last it goes on, ready for another loop.
func (m *machine) loop(_ []place) {
	t, done := GP64(), m.label("done")
	DECQ(m.memory(atSamplesLeft))
	JZ(LabelRef(done))
	MOVQ(m.memory(atRowSample), t)
	ADDQ(t, m.memory(offRowSample))
	MOVQ(m.memory(atColumnSample), t)
	ADDQ(t, m.memory(offColumnSample))
	ADDQ(U32(4), m.memory(offSingleSample))
	MOVQ(Mem{Base: pc, Disp: 8}, pc)
	jump(nil)
	Label(done)
	ADDQ(U32(instructionBytes), pc)
	m.rewind()
	jump(nil)
}

// rewind goes back to the first sample.
func (m *machine) rewind() {
	t := GP64()
	MOVQ(m.memory(offRow), t)
	MOVQ(t, m.memory(offRowSample))
	MOVQ(m.memory(offColumn), t)
	MOVQ(t, m.memory(offColumnSample))
	MOVQ(U32(0), m.memory(offSingleSample))
	MOVQ(m.memory(atSamples), t)
	MOVQ(t, m.memory(atSamplesLeft))
}

// end goes on with the next block, and returns after the last.
func (m *machine) end(_ []place) {
	t, next, done := GP64(), m.label("next"), m.label("done")
	MOVQ(m.memory(atBlockBytes), t)
	ADDQ(t, m.memory(offMatrix))
	ADDQ(t, m.memory(offRow))
	DECQ(m.memory(atBlocksLeft))
	JNZ(LabelRef(next))
	DECQ(m.memory(atRowsLeft))
	JZ(LabelRef(done))
	MOVQ(m.memory(atBlocks), t)
	MOVQ(t, m.memory(atBlocksLeft))
	MOVQ(m.memory(atPadding), t)
	ADDQ(t, m.memory(offMatrix))
	MOVQ(m.memory(atRowStart), t)
	MOVQ(t, m.memory(offRow))
	MOVQ(m.memory(atColumnStep), t)
	ADDQ(t, m.memory(offColumn))
	Label(next)
	m.rewind()
	MOVQ(m.memory(atCode), pc)
	jump(nil)
	Label(done)
	m.isa.end()
}
