package main

import "fmt"

// Go's assembler knows the loads, stores, bit operations and integer
// arithmetic of Advanced SIMD, but of floating point only the fused
// instructions, which strict arithmetic rules out. This file encodes what is
// missing, after the Arm Architecture Reference Manual (DDI 0487), C4.1
// "Advanced SIMD": all for vectors of four lanes of 32 bits, that is Q = 1
// and, for floating point, sz = 0.
//
//	three same        0 Q U 01110 size 1 Rm opcode(5) 1 Rn Rd
//	two-register misc 0 Q U 01110 size 10000 opcode(5) 10 Rn Rd
//	across lanes      0 Q U 01110 size 11000 opcode(5) 10 Rn Rd
//	scalar pairwise   01 U 11110 size 11000 opcode(5) 10 Rn Rd
//	by element        0 Q U 01111 size L M Rm(4) opcode(4) H 0 Rn Rd
//	shift immediate   0 Q U 011110 immh(4) immb(3) opcode(5) 1 Rn Rd

// code is what tells the instructions of a format apart.
type code struct{ u, size, opcode uint32 }

// threeSame are those of d, n and m.
var threeSame = map[string]code{
	"fadd":  {0, 0b00, 0b11010},
	"fsub":  {0, 0b10, 0b11010},
	"fmul":  {1, 0b00, 0b11011},
	"fdiv":  {1, 0b00, 0b11111},
	"faddp": {1, 0b00, 0b11010},
	"fcmeq": {0, 0b00, 0b11100},
	"fcmge": {1, 0b00, 0b11100},
	"fcmgt": {1, 0b10, 0b11100},
	"fmin":  {0, 0b10, 0b11110},
	"mul":   {0, 0b10, 0b10011},
}

// twoMisc are those of d and n; fcmeq and fcmlt compare n with zero.
var twoMisc = map[string]code{
	"fsqrt": {1, 0b10, 0b11111},
	"fabs":  {0, 0b10, 0b01111},
	"fneg":  {1, 0b10, 0b01111},
	"scvtf": {0, 0b00, 0b11101},
	"fcmeq": {0, 0b10, 0b01101},
	"fcmlt": {0, 0b10, 0b01110},
}

// word is an encoded instruction with its text in Arm's syntax.
type word struct {
	bits uint32
	text string
}

func (c code) vector(fixed uint32) uint32 {
	return 1<<30 | c.u<<29 | 0b01110<<24 | c.size<<22 | fixed
}

// three encodes d = n op m.
func three(op string, d, n, m int) word {
	c, ok := threeSame[op]
	if !ok {
		panic("no instruction " + op)
	}
	bits := c.vector(1<<21|1<<10) | uint32(m)<<16 | c.opcode<<11 | registers(d, n)
	return word{bits, fmt.Sprintf("%s v%d.4s, v%d.4s, v%d.4s", op, d, n, m)}
}

// two encodes d = op n.
func two(op string, d, n int) word {
	c, ok := twoMisc[op]
	if !ok {
		panic("no instruction " + op)
	}
	w := word{c.vector(0b10000<<17|0b10<<10) | c.opcode<<12 | registers(d, n), fmt.Sprintf("%s v%d.4s, v%d.4s", op, d, n)}
	if op == "fcmeq" || op == "fcmlt" {
		w.text += ", #0.0"
	}
	return w
}

// fmulElement encodes d = n·m[0].
func fmulElement(d, n, m int) word {
	bits := uint32(1<<30|0b01111<<24|0b10<<22|0b1001<<12) | uint32(m)<<16 | registers(d, n)
	return word{bits, fmt.Sprintf("fmul v%d.4s, v%d.4s, v%d.s[0]", d, n, m)}
}

// sshr encodes an arithmetic shift to the right: immh:immb is 64 - by.
func sshr(d, n, by int) word {
	bits := uint32(1<<30|0b011110<<23|1<<10) | uint32(64-by)<<16 | registers(d, n)
	return word{bits, fmt.Sprintf("sshr v%d.4s, v%d.4s, #%d", d, n, by)}
}

// faddpScalar encodes the sum of the lanes 0 and 1 of n.
func faddpScalar(d, n int) word {
	bits := uint32(0b01<<30|1<<29|0b11110<<24|0b11000<<17|0b01101<<12|0b10<<10) | registers(d, n)
	return word{bits, fmt.Sprintf("faddp s%d, v%d.2s", d, n)}
}

// umaxv encodes the largest lane of n, without signs.
func umaxv(d, n int) word {
	bits := code{1, 0b10, 0}.vector(0b11000<<17|0b01010<<12|0b10<<10) | registers(d, n)
	return word{bits, fmt.Sprintf("umaxv s%d, v%d.4s", d, n)}
}

func registers(d, n int) uint32 { return uint32(n)<<5 | uint32(d) }
