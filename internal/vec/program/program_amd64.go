package program

import (
	"unsafe"

	"github.com/metaplast/metaplast/internal/vec"
)

//go:generate go run -C ../asm . -file program -out ../program/machine_amd64.s -pkg program

// memory is what the machine runs on; folder asm knows the layout. Offsets
// are in bytes, by the number of the offset of a kind.
type memory struct {
	offset       [8]int
	code         *instr
	blocksLeft   int
	blocks       int
	rowsLeft     int
	blockBytes   int
	padding      int
	rowStart     int
	columnStep   int
	samplesLeft  int
	samples      int
	rowSample    int
	columnSample int
	scratch      unsafe.Pointer
}

// The numbers of offsets. That of number 0 is 0.
const (
	offMatrix = 1 + iota
	offRow
	offColumn
	offRowSample
	offColumnSample
	offSingleSample
	offTemp
)

// bias256 is what offsets of vectors are counted from, which see in folder asm.
const bias256 = 128

// instr is an instruction as the machine reads it.
type instr struct {
	address uintptr // of the operation
	a       unsafe.Pointer
	offsetA int
	b       unsafe.Pointer
	offsetB int
}

//go:noescape
func run256(m *memory)

//go:noescape
func run512(m *memory)

// table256 and table512 return the addresses of the operations, for one shape
// of block after the other.
func table256() *uintptr
func table512() *uintptr

// offsets gives the offset of a kind.
var offsets = [numKinds]int{Temp: offTemp, Matrix: offMatrix, Row: offRow, Column: offColumn,
	RowSample: offRowSample, ColumnSample: offColumnSample, SingleSample: offSingleSample}

// places numbers the slots of an operation by the kind of its operand.
var places = [numKinds]int{Temp: 0, Matrix: 0, Row: 1, Column: 2, Single: 3,
	RowSample: 1, ColumnSample: 2, SingleSample: 3}

// slots is the number of operations for one shape of block.
const slots = 4*int(Product) + 5*int(ScaleAddStore-Product) + 4 + int(numOps-ScaleAddStore-1)

const slotOfLoop = slots - int(numOps-loop)

// slot finds the number of an instruction in the table of operations, and
// whether its operands change places.
func slot(in Instr) (n int, swap bool) {
	const (
		products = 4 * int(Product)
		scales   = products + 5*int(ScaleAddStore-Product)
		rest     = scales + 4
	)
	a, b := places[in.A.Kind], places[in.B.Kind]
	switch {
	case in.Op < Product:
		return 4*int(in.Op) + a, false
	case in.Op == ScaleAddStore:
		return scales + a, false
	case in.Op > ScaleAddStore:
		return rest + int(in.Op-ScaleAddStore-1), false
	}
	if a > b {
		a, b, swap = b, a, true
	}
	n = products + 5*int(in.Op-Product)
	switch {
	case a == 0:
		return n + b, swap
	case a == 1 && b == 2:
		return n + 4, swap
	}
	panic("program: product of two operands that are not of the matrix")
}

// shape is the number of a shape of block.
type shape struct {
	vectors int // in all
	rows    int
}

// The shapes of blocks in the order of folder asm.
var (
	shapes256 = []shape{{8, 1}, {6, 1}, {4, 1}, {2, 1}, {8, 2}, {8, 4}}
	shapes512 = []shape{{8, 1}, {6, 1}, {4, 1}, {3, 1}, {2, 1}, {1, 1}, {8, 2}, {6, 2}, {8, 4}, {8, 8}}
)

// Available reports whether this process runs programs.
func Available() bool { return vec.CPU() != "portable" }

// pass is a part of the columns that is worked on with blocks of one shape.
type pass struct {
	shape, rows int // rows of a block
	first       int // vector
	blocks      int // of a row
	vectors     int // of a block in a row
	code        []instr
}

// Program is a code bound to the shape of its matrices.
type Program struct {
	operands []Operand
	at       [][]*unsafe.Pointer // by operand: in the code of every pass
	looped   bool
	cost     float64
	stride   int // bytes of a row
	lanes    int // bytes of a vector
	wide     bool
	tall     *pass // blocks of several rows
	flat     []pass
	mem      memory
}

// New binds a code to matrices of the given number of columns. Rows have to
// be padded to 16 floats, which lie one after the other.
func New(c *Code, cols int) *Program {
	p := &Program{wide: vec.CPU() == "avx512", lanes: 32, looped: len(c.Loops) > 0, cost: c.Cost}
	shapes := shapes256
	if p.wide {
		p.lanes, shapes = 64, shapes512
	}
	width := (cols + 15) / 16 * 16
	p.stride = 4 * width
	p.layout(shapes)

	block := 8 * p.lanes / 4
	temps := vec.New(c.Temps+1, block)
	p.mem.scratch = unsafe.Pointer(&temps.Row(c.Temps)[0])
	mask := vec.New(1, width)
	ones := unsafe.Slice((*uint32)(unsafe.Pointer(&mask.Data[0])), width)
	for k := range cols {
		ones[k] = ^uint32(0)
	}
	var which []int // by operand: twice the number of the instruction, plus 1 for b
	list := make([]numbered, 0, 2*len(c.Instrs)+len(c.Loops)+1)
	bind := func(o Operand, half int) unsafe.Pointer {
		switch o.Kind {
		case None:
			return nil
		case Temp:
			return unsafe.Pointer(&temps.Row(o.At)[0])
		}
		p.operands = append(p.operands, o)
		which = append(which, 2*len(list)+half)
		return nil
	}
	emit := func(in Instr) {
		n, swap := slot(in)
		if swap {
			in.A, in.B = in.B, in.A
		}
		x := numbered{slot: n}
		x.offsetA, x.offsetB = offsets[in.A.Kind], offsets[in.B.Kind]
		x.a, x.b = bind(in.A, 0), bind(in.B, 1)
		list = append(list, x)
	}
	from, loops := 0, c.Loops
	for k := 0; k <= len(c.Instrs); k++ {
		if len(loops) > 0 && k == loops[0].From {
			from = len(list)
		}
		if len(loops) > 0 && k == loops[0].To {
			emit(Instr{Op: loop})
			list[len(list)-1].back = from
			loops = loops[1:]
		}
		if k == len(c.Instrs) {
			break
		}
		in := c.Instrs[k]
		if cols < width && (in.Op == Store && in.A.Kind == Matrix || in.Op == AddStore || in.Op == ScaleAddStore) {
			// The padding stays zero.
			if in.Op == ScaleAddStore {
				emit(Instr{Op: Mul, A: in.A})
				in = Instr{Op: AddStore, A: in.B}
			}
			n, _ := slot(Instr{Op: And, A: Operand{Kind: Row}})
			list = append(list, numbered{slot: n, instr: instr{a: unsafe.Pointer(&mask.Data[0]), offsetA: offRow}})
		}
		emit(in)
	}
	emit(Instr{Op: end})
	p.at = make([][]*unsafe.Pointer, len(which))
	p.link(p.tall, list, which)
	for k := range p.flat {
		p.link(&p.flat[k], list, which)
	}
	return p
}

// numbered is an instruction that is not bound to a shape of block.
type numbered struct {
	instr
	slot int
	back int // of a loop: its first instruction
}

// link makes the code of a pass.
func (p *Program) link(s *pass, list []numbered, which []int) {
	if s == nil {
		return
	}
	first := table256()
	if p.wide {
		first = table512()
	}
	table := unsafe.Slice(first, (s.shape+1)*slots)[s.shape*slots:]
	s.code = make([]instr, len(list))
	for k, x := range list {
		s.code[k] = x.instr
		s.code[k].address = table[x.slot]
		if x.slot == slotOfLoop {
			s.code[k].a = unsafe.Pointer(&s.code[x.back])
		}
	}
	for k, w := range which {
		at := &s.code[w/2].a
		if w%2 == 1 {
			at = &s.code[w/2].b
		}
		p.at[k] = append(p.at[k], at)
	}
}

// layout cuts rows into blocks: as many of eight vectors as there are, and
// then smaller ones. Rows that are shorter make blocks of several rows.
func (p *Program) layout(shapes []shape) {
	row := p.stride / p.lanes
	for k, s := range shapes {
		if s.rows > 1 && s.rows*row == s.vectors {
			p.tall = &pass{shape: k, rows: s.rows, blocks: 1, vectors: row}
		}
	}
	first := 0
	for k, s := range shapes {
		if n := (row - first) / s.vectors; s.rows == 1 && n > 0 {
			p.flat = append(p.flat, pass{shape: k, rows: 1, first: first, blocks: n, vectors: s.vectors})
			first += n * s.vectors
		}
	}
}

// Operands lists the operands that Point is to be called for.
func (p *Program) Operands() []Operand { return p.operands }

// Point says where operand k of that list begins. It has to hold all rows,
// columns and samples that the program is run for, those of rows with their
// padding; matrices have to have the padding of package vec.
func (p *Program) Point(k int, x []float32) {
	for _, at := range p.at[k] {
		*at = unsafe.Pointer(unsafe.SliceData(x))
	}
}

// work is the number of elements, times the cost of each, that the machine is
// given at a time: well below the time in which the garbage collector, which
// cannot interrupt it, should not have to wait.
const work = 1 << 20

// Run carries out the program on rows from to to.
func (p *Program) Run(from, to int, s Samples) {
	m := &p.mem
	m.samples, m.rowSample, m.columnSample = s.N, 4*s.Row, 4*s.Column
	limit := int(work / p.cost)
	if p.looped {
		limit /= s.N
	}
	for from < to {
		rows := min(max(1, 4*limit/p.stride), to-from)
		if p.tall != nil && rows >= p.tall.rows {
			rows -= rows % p.tall.rows
			p.run(p.tall, p.tall.first, 1, from, rows/p.tall.rows)
			from += rows
			continue
		}
		for k := range p.flat {
			s := &p.flat[k]
			blocks := s.blocks
			if rows == 1 {
				blocks = max(1, min(blocks, 4*limit/(s.vectors*p.lanes)))
			}
			for b := 0; b < s.blocks; b += blocks {
				p.run(s, s.first+b*s.vectors, min(blocks, s.blocks-b), from, rows)
			}
		}
		from += rows
	}
}

// run carries out a pass for some blocks, from the vector first of a row on,
// of n rows of blocks.
func (p *Program) run(s *pass, first, blocks, from, n int) {
	m := &p.mem
	m.blockBytes = s.vectors * p.lanes * s.rows
	bias := 0
	if !p.wide {
		bias = bias256
	}
	m.rowStart = first*p.lanes + bias
	m.padding = p.stride*s.rows - blocks*m.blockBytes
	m.blocks, m.blocksLeft, m.rowsLeft = blocks, blocks, n
	m.columnStep = 4 * s.rows
	m.samplesLeft = m.samples
	m.code = &s.code[0]
	m.offset = [8]int{offMatrix: from*p.stride + m.rowStart, offRow: m.rowStart, offColumn: 4 * from,
		offRowSample: m.rowStart, offColumnSample: 4 * from, offTemp: bias}
	if p.wide {
		run512(m)
	} else {
		run256(m)
	}
}
