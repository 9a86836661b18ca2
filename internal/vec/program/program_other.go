//go:build !amd64

package program

// Available reports whether this process runs programs.
func Available() bool { return false }

// Program is a code bound to the shape of its matrices.
type Program struct{}

const none = "program: there is no machine for this architecture"

// New panics.
func New(*Code, int) *Program { panic(none) }

// Operands panics.
func (*Program) Operands() []Operand { panic(none) }

// Point panics.
func (*Program) Point(int, []float32) { panic(none) }

// Run panics.
func (*Program) Run(int, int, Samples) { panic(none) }
