package program

// Op is an operation. acc stands for the accumulators, a and b for operands.
type Op uint8

// The operations; the order is that of folder asm.
const (
	Load          Op = iota // acc = a
	Add                     // acc = acc + a
	Sub                     // acc = acc - a
	SubFrom                 // acc = a - acc
	Mul                     // acc = acc·a
	Div                     // acc = acc/a
	DivInto                 // acc = a/acc
	Min                     // acc = acc < a ? acc : a
	MinOf                   // acc = a < acc ? a : acc
	Max                     // acc = acc > a ? acc : a
	MaxOf                   // acc = a > acc ? a : acc
	PDiv                    // acc = |a| < 1e-6 ? 0 : acc/a
	PDivInto                // acc = |acc| < 1e-6 ? 0 : a/acc
	And                     // acc = acc and a, bit by bit
	Product                 // acc = a·b
	AddProduct              // acc = acc + a·b, rounding twice
	SubProduct              // acc = acc - a·b, rounding twice
	ProductSub              // acc = a·b - acc, rounding twice
	ScaleAddStore           // acc = acc·a + b, rounding twice; b = acc
	AddStore                // acc = acc + a; a = acc
	Clip                    // acc = acc < a ? a : acc > b ? b : acc; a and b in Temp
	Store                   // a = acc
	Neg
	Abs
	Sign
	Square
	Cube
	Sqrt
	Exp
	Log
	Tanh
	Sigmoid
	Relu
	Step
	loop
	end
	numOps
)

// Kind says what an operand is.
type Kind uint8

// The kinds of operands. Those whose names end in Sample differ between the
// samples of the loop.
const (
	None   Kind = iota
	Temp        // a block of the program's own memory
	Matrix      // an element of its own for each element
	Row         // one value for each column
	Column      // one value for each row
	Single      // one value
	RowSample
	ColumnSample
	SingleSample
	numKinds
)

// Operand is an operand: the number of a temporary block, or whatever number
// the caller gives the memory that it points the program to.
type Operand struct {
	Kind Kind
	At   int
}

// Instr is an instruction. Products take a Temp or Matrix and anything else,
// or a Row and a Column, in either order.
type Instr struct {
	Op   Op
	A, B Operand
}

// Code is a program for matrices of any shape.
type Code struct {
	Instrs []Instr
	Loops  []Loop // in order
	Temps  int
	// Cost of an element, the instructions of loops once, in additions.
	Cost float64
}

// Loop is the instructions from From to To, which are carried out for every
// sample.
type Loop struct{ From, To int }

// Samples is what a loop needs to know: how many there are, and the floats
// from the values of one to those of the next.
type Samples struct{ N, Row, Column int }
