// Command asm writes the assembly of package vec with avo; go generate in
// package vec runs it once per file.
//
// Every kernel is written once for vectors of any width and generated for
// AVX2 and AVX-512. Products and sums are separate instructions, so that the
// bits are those of the portable code, and fused only in the variants for fast
// numerics; where a vector ends beyond the data, a mask keeps the rest of
// memory out.
package main

import (
	"flag"
	"fmt"
	"os"
	"strconv"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
	"github.com/mmcloughlin/avo/x86"
)

func main() {
	file := flag.String("file", "", "which file to write")
	calls := flag.String("dispatch", "", "write the Go functions that call the elementwise kernels to this file")
	flag.Parse()
	if *calls != "" {
		dispatch(*calls)
	}
	makers := map[string]func(*isa){
		"rows":     rows,
		"gemm":     gemm,
		"limits":   limits,
		"dots":     dots,
		"rank":     rank,
		"elements": elements,
		"units":    units,
		"scaled":   scaled,
		"program":  programs,
	}
	make, ok := makers[*file]
	if !ok {
		fmt.Fprintf(os.Stderr, "asm: no file %q\n", *file)
		os.Exit(2)
	}
	// What has variants with fused products.
	fusedMakers := map[string]func(*isa){"rows": (*isa).addRows, "gemm": tiles, "dots": products, "limits": (*isa).mulAdds}
	ConstraintExpr("amd64")
	for _, bits := range []int{256, 512} {
		s := &isa{bits: bits, lanes: bits / 32}
		make(s)
		if fused, ok := fusedMakers[*file]; ok {
			s.fused = true
			fused(s)
		}
	}
	Generate()
}

// isa is an instruction set: AVX2 with vectors of 256 bits or AVX-512.
type isa struct {
	bits, lanes int
	fused       bool // multiplications round together with additions
	labels      int
	tail        reg.Register // mask of the last vector of a row; AVX2: its address
	ones        Mem          // AVX2: the table of masks
}

func (s *isa) wide() bool { return s.bits == 512 }
func (s *isa) size() int  { return s.bits / 8 }

// name completes the name of a kernel.
func (s *isa) name(name string) string {
	name += strconv.Itoa(s.bits)
	if s.fused {
		name += "Fused"
	}
	return name
}

// text starts a function.
func (s *isa) text(name, signature string) {
	TEXT(s.name(name), NOSPLIT, "func("+signature+")")
	Pragma("noescape")
}

func (s *isa) label(name string) string {
	s.labels++
	return fmt.Sprintf("%s%d", name, s.labels)
}

func param(name string) reg.Register { return Load(Param(name), GP64()) }

func (s *isa) vec() reg.VecVirtual {
	if s.wide() {
		return ZMM()
	}
	return YMM()
}

func (s *isa) vecs(n int) []reg.VecVirtual {
	v := make([]reg.VecVirtual, n)
	for i := range v {
		v[i] = s.vec()
	}
	return v
}

func (s *isa) zero(v reg.Register) {
	if !s.wide() {
		VXORPS(v, v, v)
		return
	}
	i, err := x86.VPXORD(v, v, v)
	if err != nil {
		panic(err)
	}
	i.CancellingInputs = true // avo does not know it of VPXORD
	Instruction(i)
}

// row is memory at a register plus vectors.
func (s *isa) at(base reg.Register, vectors int) Mem {
	return Mem{Base: base, Disp: vectors * s.size()}
}

// masks must come before the functions of a file that use setTail.
func (s *isa) masks() {
	if s.wide() {
		return
	}
	s.ones = GLOBL("tails", RODATA|NOPTR)
	for i := range 16 {
		v := uint32(0xffffffff)
		if i >= 8 {
			v = 0
		}
		DATA(4*i, U32(v))
	}
}

// setTail makes tail the mask of the first n lanes, 1 ≤ n ≤ lanes.
func (s *isa) setTail(n reg.Register) {
	if s.wide() {
		ones := GP32()
		k := K()
		MOVQ(n, reg.RCX)
		MOVL(U32(0xffffffff), ones)
		SHLL(reg.CL, ones)
		NOTL(ones)
		KMOVW(ones, k)
		s.tail = k
		return
	}
	p, c := GP64(), GP64()
	LEAQ(s.ones, p)
	MOVQ(n, c)
	NEGQ(c)
	LEAQ(Mem{Base: p, Index: c, Scale: 4, Disp: 32}, p)
	s.tail = p
}

// mask brings the mask into a register of its own, which AVX2 has too few of
// to keep it there.
func (s *isa) mask() reg.Register {
	v := YMM()
	VMOVUPS(Mem{Base: s.tail}, v)
	return v
}

// maskBits returns the mask as an integer.
func (s *isa) maskBits() reg.GPVirtual {
	t := GP32()
	if s.wide() {
		KMOVW(s.tail, t)
	} else {
		VMOVMSKPS(s.mask(), t)
	}
	return t
}

// load reads a vector, masked if it is the last of a row.
func (s *isa) load(m Mem, v reg.Register, last bool) {
	switch {
	case !last:
		VMOVUPS(m, v)
	case s.wide():
		VMOVUPS_Z(m, s.tail, v)
	default:
		VMASKMOVPS(m, s.mask(), v)
	}
}

func (s *isa) store(v reg.Register, m Mem, last bool) {
	switch {
	case !last:
		VMOVUPS(v, m)
	case s.wide():
		VMOVUPS(v, s.tail, m)
	default:
		VMASKMOVPS(v, s.mask(), m)
	}
}

// multiplyAdd adds x·y to acc, rounding twice unless fused.
func (s *isa) multiplyAdd(x Op, y, acc reg.Register) {
	if s.fused {
		VFMADD231PS(x, y, acc)
		return
	}
	t := s.vec()
	VMULPS(x, y, t)
	VADDPS(t, acc, acc)
}

// madd is multiplyAdd for the vector at m, which is masked if last.
func (s *isa) madd(m Mem, x, acc reg.Register, last bool) {
	if !last {
		s.multiplyAdd(m, x, acc)
		return
	}
	t := s.vec()
	s.load(m, t, last)
	s.multiplyAdd(t, x, acc)
}

// close ends chains of fused products that started at +0: a product too small
// for a float32 can make such a chain -0, and whether it still is at the end
// would depend on zeros being skipped.
func (s *isa) close(acc []reg.VecVirtual) {
	if !s.fused {
		return
	}
	zero := s.vec()
	s.zero(zero)
	for _, a := range acc {
		VADDPS(zero, a, a)
	}
}

// blocks walks over n columns: body is generated for max whole vectors and
// for 1 to max vectors of which the last is masked. advance moves on by whole
// vectors. n is consumed.
func (s *isa) blocks(n reg.Register, max int, body func(vectors int, last bool), advance func(vectors int)) {
	whole, rest, done := s.label("whole"), s.label("rest"), s.label("done")
	CMPQ(n, U32(uint32(max*s.lanes)))
	JL(LabelRef(rest))
	Label(whole)
	body(max, false)
	advance(max)
	SUBQ(U32(uint32(max*s.lanes)), n)
	CMPQ(n, U32(uint32(max*s.lanes)))
	JGE(LabelRef(whole))
	Label(rest)
	TESTQ(n, n)
	JZ(LabelRef(done))
	// The lanes of the last vector: ((n-1) mod lanes) + 1.
	m := GP64()
	LEAQ(Mem{Base: n, Disp: -1}, m)
	ANDQ(U32(uint32(s.lanes-1)), m)
	INCQ(m)
	s.setTail(m)
	labels := make([]string, max+1)
	for v := 1; v < max; v++ {
		labels[v] = s.label("block")
		CMPQ(n, U32(uint32(v*s.lanes)))
		JLE(LabelRef(labels[v]))
	}
	for v := max; v >= 1; v-- {
		if v < max {
			Label(labels[v])
		}
		body(v, true)
		if v > 1 {
			JMP(LabelRef(done))
		}
	}
	Label(done)
}

// loop repeats body n > 0 times, counting n down.
func (s *isa) loop(n reg.Register, body func()) {
	l := s.label("loop")
	Label(l)
	body()
	DECQ(n)
	JNZ(LabelRef(l))
}

func (s *isa) end() {
	VZEROUPPER()
	RET()
}
