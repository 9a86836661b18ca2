package program_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/metaplast/metaplast/internal/fmath"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/internal/vec/program"
	"github.com/metaplast/metaplast/rulespace/key"
)

// choose is a where yes, else b.
func choose(yes bool, a, b float32) float32 {
	if yes {
		return a
	}
	return b
}

// one and two are the operations of one and of two operands as their comments
// define them, on single numbers.
var one = map[program.Op]func(acc, a float32) float32{
	program.Load:     func(_, a float32) float32 { return a },
	program.Add:      func(acc, a float32) float32 { return acc + a },
	program.Sub:      func(acc, a float32) float32 { return acc - a },
	program.SubFrom:  func(acc, a float32) float32 { return a - acc },
	program.Mul:      func(acc, a float32) float32 { return acc * a },
	program.Div:      func(acc, a float32) float32 { return acc / a },
	program.DivInto:  func(acc, a float32) float32 { return a / acc },
	program.Min:      func(acc, a float32) float32 { return choose(acc < a, acc, a) },
	program.MinOf:    func(acc, a float32) float32 { return choose(a < acc, a, acc) },
	program.Max:      func(acc, a float32) float32 { return choose(acc > a, acc, a) },
	program.MaxOf:    func(acc, a float32) float32 { return choose(a > acc, a, acc) },
	program.PDiv:     func(acc, a float32) float32 { return choose(fmath.Abs32(a) < 1e-6, 0, acc/a) },
	program.PDivInto: func(acc, a float32) float32 { return choose(fmath.Abs32(acc) < 1e-6, 0, a/acc) },
	program.Neg:      func(acc, _ float32) float32 { return -acc },
	program.Abs:      func(acc, _ float32) float32 { return fmath.Abs32(acc) },
	program.Square:   func(acc, _ float32) float32 { return acc * acc },
	program.Sqrt:     func(acc, _ float32) float32 { return fmath.Sqrt32(acc) },
	program.Exp:      func(acc, _ float32) float32 { return fmath.Exp32(acc) },
	program.Log:      func(acc, _ float32) float32 { return fmath.Log32(acc) },
	program.Tanh:     func(acc, _ float32) float32 { return fmath.Tanh32(acc) },
}

var two = map[program.Op]func(acc, a, b float32) float32{
	program.Product:    func(_, a, b float32) float32 { return a * b },
	program.AddProduct: func(acc, a, b float32) float32 { return acc + float32(a*b) },
	program.SubProduct: func(acc, a, b float32) float32 { return acc - float32(a*b) },
	program.ProductSub: func(acc, a, b float32) float32 { return float32(a*b) - acc },
}

// values are the operands of a test, by kind, and what they are at an element.
type values struct {
	in, out           int
	x, dst            *vec.Matrix // x is where programs begin
	matrix            *vec.Matrix
	row, column, unit []float32
}

func draw(s *key.Stream, in, out int) *values {
	v := &values{in: in, out: out, x: vec.New(in, out), dst: vec.New(in, out), matrix: vec.New(in, out),
		row: vec.New(1, out).Data, column: vec.New(1, in).Data, unit: make([]float32, 1)}
	fill := func(x []float32) {
		for i := range x {
			switch s.IntN(12) {
			case 0:
				x[i] = [...]float32{0, float32(math.Copysign(0, -1)), 1e-7, float32(math.Inf(1)), -1e30, 1e-41}[s.IntN(6)]
			default:
				x[i] = float32(2 * s.Normal())
			}
		}
	}
	for i := range in {
		fill(v.x.Row(i))
		fill(v.matrix.Row(i))
	}
	fill(v.row[:out])
	fill(v.column[:in])
	fill(v.unit)
	return v
}

func (v *values) at(k program.Kind, i, j int) float32 {
	switch k {
	case program.Matrix:
		return v.matrix.Row(i)[j]
	case program.Row:
		return v.row[j]
	case program.Column:
		return v.column[i]
	}
	return v.unit[0]
}

// The numbers of operands that tests give memory to, besides their kinds.
const (
	begin = 100
	store = 101
)

func (v *values) memory(o program.Operand) []float32 {
	switch {
	case o.At == begin:
		return v.x.Data
	case o.At == store:
		return v.dst.Data
	case o.Kind == program.Matrix:
		return v.matrix.Data
	case o.Kind == program.Row:
		return v.row
	case o.Kind == program.Column:
		return v.column
	}
	return v.unit
}

// run carries a code out on the rows, in two parts.
func (v *values) run(c *program.Code) {
	p := program.New(c, v.out)
	for k, o := range p.Operands() {
		p.Point(k, v.memory(o))
	}
	s := program.Samples{N: 1, Row: v.matrix.Stride, Column: len(v.column)}
	p.Run(0, v.in/2, s)
	p.Run(v.in/2, v.in, s)
}

// check compares the result with want and sees that the padding is zero.
func (v *values) check(t *testing.T, what string, want func(i, j int) float32) {
	t.Helper()
	for i := range v.in {
		for j, got := range v.dst.Data[i*v.dst.Stride : (i+1)*v.dst.Stride] {
			w := float32(0)
			if j < v.out {
				w = want(i, j)
			}
			if math.Float32bits(got) != math.Float32bits(w) && (got == got || w == w) {
				t.Fatalf("%s, %d×%d: element %d, %d is %v, want %v", what, v.in, v.out, i, j, got, w)
			}
		}
	}
}

var sizes = [][2]int{{1, 1}, {2, 10}, {3, 16}, {5, 17}, {9, 33}, {8, 64}, {7, 100}, {4, 128}, {3, 130}}

// Every operation on every kind of operand does to each element what its
// comment says, for rows of all shapes of block, and leaves the padding zero.
func TestOperations(t *testing.T) {
	if !program.Available() {
		t.Skip("these kernels have no programs")
	}
	s := key.Root(1).Stream()
	load := program.Instr{Op: program.Load, A: program.Operand{Kind: program.Matrix, At: begin}}
	save := program.Instr{Op: program.Store, A: program.Operand{Kind: program.Matrix, At: store}}
	kinds := []program.Kind{program.Matrix, program.Row, program.Column, program.Single}
	for _, size := range sizes {
		for op, f := range one {
			of := kinds
			if op >= program.Neg {
				of = []program.Kind{program.None}
			}
			for _, k := range of {
				v := draw(s, size[0], size[1])
				v.run(&program.Code{Instrs: []program.Instr{load, {Op: op, A: program.Operand{Kind: k}}, save}, Cost: 3})
				v.check(t, fmt.Sprintf("operation %d on kind %d", op, k), func(i, j int) float32 { return f(v.x.Row(i)[j], v.at(k, i, j)) })
			}
		}
		for op, f := range two {
			for _, k := range [][2]program.Kind{{program.Matrix, program.Matrix}, {program.Matrix, program.Row}, {program.Column, program.Matrix},
				{program.Matrix, program.Single}, {program.Row, program.Column}, {program.Column, program.Row}} {
				v := draw(s, size[0], size[1])
				v.run(&program.Code{Instrs: []program.Instr{load, {Op: op, A: program.Operand{Kind: k[0]}, B: program.Operand{Kind: k[1]}}, save}, Cost: 3})
				v.check(t, fmt.Sprintf("operation %d on kinds %v", op, k), func(i, j int) float32 {
					return f(v.x.Row(i)[j], v.at(k[0], i, j), v.at(k[1], i, j))
				})
			}
		}
	}
}

// A loop runs its instructions once for every sample, on the values of each.
func TestLoop(t *testing.T) {
	if !program.Available() {
		t.Skip("these kernels have no programs")
	}
	const samples = 5
	s := key.Root(2).Stream()
	for _, size := range sizes {
		v := draw(s, size[0], size[1])
		rows, columns := vec.New(samples, v.out), vec.New(samples, v.in)
		for q := range samples {
			for _, m := range []*vec.Matrix{rows, columns} {
				for j := range m.Row(q) {
					m.Row(q)[j] = float32(s.Normal())
				}
			}
		}
		c := &program.Code{Loops: []program.Loop{{From: 1, To: 2}}, Cost: 3, Instrs: []program.Instr{
			{Op: program.Load, A: program.Operand{Kind: program.Matrix, At: begin}},
			{Op: program.AddProduct, A: program.Operand{Kind: program.RowSample}, B: program.Operand{Kind: program.ColumnSample}},
			{Op: program.Store, A: program.Operand{Kind: program.Matrix, At: store}},
		}}
		p := program.New(c, v.out)
		for k, o := range p.Operands() {
			switch o.Kind {
			case program.RowSample:
				p.Point(k, rows.Data)
			case program.ColumnSample:
				p.Point(k, columns.Data)
			default:
				p.Point(k, v.memory(o))
			}
		}
		p.Run(0, v.in, program.Samples{N: samples, Row: rows.Stride, Column: columns.Stride})
		v.check(t, "loop", func(i, j int) float32 {
			sum := v.x.Row(i)[j]
			for q := range samples {
				sum += float32(rows.Row(q)[j] * columns.Row(q)[i])
			}
			return sum
		})
	}
}
