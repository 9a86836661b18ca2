// Package program runs straight-line programs over all elements of matrices,
// in threaded code: the program is a list of instructions, each with the
// operation that carries it out on a block of elements, and operations jump
// to one another without coming back. A block is a few vectors wide and stays
// in registers, the accumulators, from instruction to instruction; an operand
// is read from memory as it is needed.
//
// The results have the bits of the elementwise functions of package vec. A
// machine without the assembly has no programs; see Available.
package program
