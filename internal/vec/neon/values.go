package main

import (
	"fmt"
	"math"
	"slices"
)

// block is straight code whose values have no registers yet: an operation
// takes and returns values, and registers are given out when all is known
// about how long each value is needed.
type block struct {
	a    *asm
	ops  []operation
	uses map[*value]int // the last operation that reads a value
}

// value is what a register holds; fixed ones keep theirs.
type value struct {
	at    vec
	fixed bool
}

type operation struct {
	result *value
	reads  []*value
	over   *value // a read value whose register the result replaces
	write  func(d vec)
}

func (a *asm) straight() *block { return &block{a: a, uses: map[*value]int{}} }

func (b *block) add(o operation) *value {
	for _, r := range o.reads {
		b.uses[r] = len(b.ops)
	}
	b.ops = append(b.ops, o)
	return o.result
}

// flush writes the operations. Registers below from are taken.
func (b *block) flush(from vec) {
	var busy [32]bool
	free := func() vec {
		for r := from; r < 32; r++ {
			if !busy[r] {
				busy[r] = true
				return r
			}
		}
		panic("too few vector registers")
	}
	for i, o := range b.ops {
		release := func() {
			for _, r := range o.reads {
				if !r.fixed && b.uses[r] == i {
					busy[r.at] = false
				}
			}
		}
		var d vec
		switch {
		case o.over != nil && !o.over.fixed && b.uses[o.over] == i:
			d = o.over.at
			release()
			busy[d] = true
		case o.over != nil:
			d = free()
			b.a.op("VORR", o.over.at.as("B16"), o.over.at.as("B16"), d.as("B16"))
			release()
			busy[d] = true
		default:
			release()
			if o.result != nil {
				d = free()
			}
		}
		if o.result != nil {
			o.result.at = d
		}
		o.write(d)
		if _, used := b.uses[o.result]; o.result != nil && !used {
			panic("a value that nobody reads")
		}
	}
	b.ops = nil
}

// fixed is a value that has its register for good.
func fixed(at vec) *value { return &value{at, true} }

// bundle is several vectors on which the same operations are carried out in
// turn, since one alone would wait for itself. Scalars are bundles of one.
type bundle []*value

func (x bundle) at(i int) *value {
	if len(x) == 1 {
		return x[0]
	}
	return x[i]
}

func (b *block) each(write func(d vec, x []*value), operands ...bundle) bundle {
	n := 1
	for _, x := range operands {
		n = max(n, len(x))
	}
	d := make(bundle, n)
	for i := range d {
		x := make([]*value, len(operands))
		for k := range x {
			x[k] = operands[k].at(i)
		}
		d[i] = b.add(operation{result: &value{}, reads: x, write: func(d vec) { write(d, x) }})
	}
	return d
}

// three applies an instruction of two operands.
func (b *block) three(op string, x, y bundle) bundle {
	return b.each(func(d vec, x []*value) { b.a.three(op, d, x[0].at, x[1].at) }, x, y)
}

func (b *block) sum(x, y bundle) bundle     { return b.three("fadd", x, y) }
func (b *block) sub(x, y bundle) bundle     { return b.three("fsub", x, y) }
func (b *block) mul(x, y bundle) bundle     { return b.three("fmul", x, y) }
func (b *block) div(x, y bundle) bundle     { return b.three("fdiv", x, y) }
func (b *block) greater(x, y bundle) bundle { return b.three("fcmgt", x, y) }
func (b *block) atLeast(x, y bundle) bundle { return b.three("fcmge", x, y) }
func (b *block) equal(x, y bundle) bundle   { return b.three("fcmeq", x, y) }

func (b *block) two(op string, x bundle) bundle {
	return b.each(func(d vec, x []*value) { b.a.two(op, d, x[0].at) }, x)
}

// plain applies an instruction of Go's assembler for the arrangement of
// lanes given: y op x, as that orders operands.
func (b *block) plain(op, arrangement string, y, x bundle) bundle {
	return b.each(func(d vec, x []*value) {
		b.a.op(op, x[0].at.as(arrangement), x[1].at.as(arrangement), d.as(arrangement))
	}, y, x)
}

func (b *block) addI(x, y bundle) bundle { return b.plain("VADD", "S4", y, x) }
func (b *block) subI(x, y bundle) bundle { return b.plain("VSUB", "S4", y, x) }
func (b *block) and(x, y bundle) bundle  { return b.plain("VAND", "B16", y, x) }
func (b *block) or(x, y bundle) bundle   { return b.plain("VORR", "B16", y, x) }

func (b *block) shift(op string, x bundle, by int) bundle {
	return b.each(func(d vec, x []*value) { b.a.op(op, by, x[0].at.as("S4"), d.as("S4")) }, x)
}

func (b *block) shiftSigned(x bundle, by int) bundle {
	return b.each(func(d vec, x []*value) { b.a.word(sshr(int(d), int(x[0].at), by)) }, x)
}

// pick returns yes where the mask is set, else no.
func (b *block) pick(mask, yes, no bundle) bundle {
	d := make(bundle, max(len(mask), len(yes), len(no)))
	for i := range d {
		m, y, n := mask.at(i), yes.at(i), no.at(i)
		d[i] = b.add(operation{result: &value{}, reads: []*value{m, y, n}, over: m, write: func(d vec) {
			b.a.op("VBSL", n.at.as("B16"), y.at.as("B16"), d.as("B16"))
		}})
	}
	return d
}

// table is the register with the address of the constants.
const table gp = 24

// bits returns a constant, which comes from memory where it is used: most are
// used once for several vectors.
func (b *block) bits(c uint32) bundle {
	v := &value{}
	if c == 0 {
		return bundle{b.add(operation{result: v, write: func(d vec) { b.a.zero(d) }})}
	}
	at := b.a.constant([lanes]uint32{c, c, c, c})
	return bundle{b.add(operation{result: v, write: func(d vec) { b.a.op("FMOVQ", mem(table, at), d.f()) }})}
}

// constant returns the offset of vectors that follow one another in numbers<>.
func (a *asm) constant(v ...[lanes]uint32) int {
	for i := 0; i+len(v) <= len(a.numbers); i++ {
		if slices.Equal(a.numbers[i:i+len(v)], v) {
			return size * i
		}
	}
	a.numbers = append(a.numbers, v...)
	return size * (len(a.numbers) - len(v))
}

// pairs is the first of the two registers that look-ups read.
const pairs vec = 0

// spots turns numbers from 0 to 7 into the bytes of that float32 in a pair of
// registers, for look.
func (b *block) spots(index bundle) bundle {
	return b.addI(b.three("mul", index, b.bits(0x04040404)), b.bits(0x03020100))
}

// look returns the numbers of row at the spots given.
func (b *block) look(row [2 * lanes]float32, spots bundle) bundle {
	var v [2][lanes]uint32
	for i, x := range row {
		v[i/lanes][i%lanes] = math.Float32bits(x)
	}
	at := b.a.constant(v[:]...)
	b.add(operation{write: func(vec) {
		b.a.op("FLDPQ", mem(table, at), fmt.Sprintf("(%s, %s)", pairs.f(), (pairs+1).f()))
	}})
	return b.each(func(d vec, x []*value) {
		b.a.op("VTBL", x[0].at.as("B16"), fmt.Sprintf("[%s, %s]", pairs.as("B16"), (pairs+1).as("B16")), d.as("B16"))
	}, spots)
}

func (b *block) number(c float32) bundle { return b.bits(math.Float32bits(c)) }

// load reads vectors, of which the last may be incomplete.
func (b *block) load(base gp, count int, last bool) bundle {
	x := make(bundle, count)
	for j := range x {
		x[j] = b.add(operation{result: &value{}, write: func(d vec) {
			b.a.load(base, size*j, []vec{d}, last && j == count-1)
		}})
	}
	return x
}

func (b *block) store(x bundle, base gp, last bool) {
	for j, v := range x {
		b.add(operation{reads: []*value{v}, write: func(vec) {
			b.a.store([]vec{v.at}, base, size*j, last && j == len(x)-1)
		}})
	}
}

// broadcast reads a number into all lanes of v.
func (a *asm) broadcast(from gp, v vec) { a.op("VLD1R", mem(from, 0), fmt.Sprintf("[%s]", v.as("S4"))) }
