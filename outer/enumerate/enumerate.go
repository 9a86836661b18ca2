package enumerate

import (
	"fmt"
	"math"
	"slices"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/internal/pending"
	"github.com/metaplast/metaplast/outer/internal/status"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// Options of an enumeration. The zero value of every field means its default.
type Options struct {
	// MaxSize is the number of nodes of the largest expressions; the
	// MaxComplexity of the space by default, which it cannot exceed.
	MaxSize int
	// KeepScale tells rules apart that differ by a positive factor. By
	// default they are one rule, for searches that tune the learning rate.
	KeepScale bool
	// AtRest leaves out rules that change a weight while its presynaptic unit
	// is silent: those whose value is not 0 where pre, pre_trace and pre_prev
	// are, and the state that is searched.
	AtRest bool
	// Memory bounds what is kept of smaller expressions, in bytes; 1 GiB by
	// default. A search that needs more ends there.
	Memory int64
	// Probe holds the signal values at which rules are compared; nil means
	// rulespace.FixedProbe.
	Probe *rulespace.Probe
}

// Searcher enumerates.
type Searcher struct {
	space *rulespace.Space
	opts  Options
	ops   []rulespace.Op

	leaves  []*rulespace.Expr
	columns [][]float64 // of leaves
	edges   int         // points at the start of columns, see print
	points  int         // at which rules are compared, edges included

	bank   []entry // expressions of different value, smallest first
	level  []int   // level[n] is where those of size n begin in bank
	keep   int     // largest size that is an argument of others
	values prints  // of bank
	rules  prints  // of what was asked for
	memory int64

	size    int // of the expressions that are being looked at
	blocks  []block
	counts  []outer.SizeCount // by size
	scratch []float64
	arena   []float64

	gen  pending.Generation
	done outer.Reason
}

// entry is an expression that others are built from.
type entry struct {
	expr *rulespace.Expr
	col  []float64
}

// block is the part of a level that applies one primitive to arguments of
// given sizes; at is the next combination.
type block struct {
	op   rulespace.Op
	n    int    // arguments
	size [3]int // of the arguments
	at   [3]int // into bank
}

// New returns an enumeration of a symbolic space. It draws no random numbers.
func New(space *rulespace.Space, opts Options, _ key.Key) (*Searcher, error) {
	switch kind := space.Kind(); kind {
	case "symbolic":
	case "symbolic tuple":
		return nil, fmt.Errorf("method enumerate lists expressions of one assignment; this space is a %s, of several: use cgp or random", kind)
	default:
		return nil, fmt.Errorf("method enumerate lists symbolic rules; this space is a %s: use ga or fd-gradient", kind)
	}
	if err := space.Validate(); err != nil {
		return nil, err
	}
	switch {
	case opts.MaxSize < 0 || opts.MaxSize > space.MaxComplexity:
		return nil, fmt.Errorf("enumerate: size is %d; it has to be between 1 and the largest complexity, %d",
			opts.MaxSize, space.MaxComplexity)
	case opts.Memory < 0:
		return nil, fmt.Errorf("enumerate: memory is %d bytes; it cannot be negative", opts.Memory)
	}
	if opts.MaxSize == 0 {
		opts.MaxSize = space.MaxComplexity
	}
	if opts.Memory == 0 {
		opts.Memory = 1 << 30
	}
	if opts.Probe == nil {
		opts.Probe = rulespace.FixedProbe(space.Signals)
	}
	s := &Searcher{space: space, opts: opts, values: newPrints(), rules: newPrints()}
	s.ops = slices.Clone(space.Primitives)
	slices.Sort(s.ops)
	s.ops = slices.Compact(s.ops)
	s.addLeaves()
	s.scratch = make([]float64, len(s.columns[0]))
	least := 3
	for _, op := range s.ops {
		least = min(least, op.Info().Arity)
	}
	// An argument leaves room for its operation and the operation's others.
	s.keep = opts.MaxSize - least
	s.level = []int{0, 0}
	s.counts = []outer.SizeCount{{}}
	s.begin(1)
	return s, nil
}

// begin starts on the expressions of a size.
func (s *Searcher) begin(size int) {
	s.size = size
	s.counts = append(s.counts, outer.SizeCount{})
	s.blocks = s.blocks[:0]
	for _, op := range s.ops {
		n := op.Info().Arity
		for a := 1; a <= size-n; a++ {
			switch rest := size - 1 - a; {
			case n == 1 && rest == 0:
				s.addBlock(op, n, a, 0, 0)
			case n == 2 && rest >= 1 && (a <= rest || !op.Info().Commutative):
				s.addBlock(op, n, a, rest, 0)
			case n == 3:
				for b := 1; b < rest; b++ {
					s.addBlock(op, n, a, b, rest-b)
				}
			}
		}
	}
	slices.Reverse(s.blocks) // the last is the next
}

func (s *Searcher) addBlock(op rulespace.Op, n int, sizes ...int) {
	b := block{op: op, n: n, size: [3]int(sizes)}
	for i := range n {
		b.at[i] = s.level[b.size[i]]
		if b.at[i] == s.level[b.size[i]+1] {
			return // there are none of that size
		}
	}
	s.blocks = append(s.blocks, b)
}

// addLeaves computes the columns of signals, state and constants: the points of the
// probe, edges first, then, if wanted, its generic points with a silent
// presynaptic unit.
func (s *Searcher) addLeaves() {
	s.leaves = s.space.Leaves()
	order := s.order()
	s.points = len(order)
	silent := rulespace.Signals(rulespace.SigPre, rulespace.SigPreTrace, rulespace.SigPrePrev)
	for _, leaf := range s.leaves {
		values := s.opts.Probe.Leaf(leaf)
		col := make([]float64, 0, 2*len(order))
		for _, i := range order {
			col = append(col, values[i])
		}
		if s.opts.AtRest {
			for _, v := range col[s.edges:] {
				if leaf.Kind() == rulespace.KindName || leaf.Kind() == rulespace.KindSignal && silent.Has(leaf.Signal()) {
					v = 0
				}
				col = append(col, v)
			}
		}
		s.columns = append(s.columns, col)
	}
}

// leastPoints is how few generic points are enough.
const leastPoints = 6

// order lists the points of the probe, edges first. Points at which a signal
// has the magnitude of another leaf are edges too, unless there are too many
// leaves for that: differences are 0 there, and what is divided by them has
// holes.
func (s *Searcher) order() []int {
	var signals, constants []rulespace.Column
	for _, leaf := range s.leaves {
		switch col := s.opts.Probe.Leaf(leaf); {
		case leaf.Kind() == rulespace.KindConst:
			constants = append(constants, col)
		case leaf.Kind() == rulespace.KindName || leaf.Signal().Info().Values == nil:
			signals = append(signals, col)
		}
	}
	meet := func(i int) bool {
		for n, col := range signals {
			for _, other := range slices.Concat(constants, signals[:n]) {
				if math.Abs(col[i]) == math.Abs(other[i]) {
					return true
				}
			}
		}
		return false
	}
	var edges, generic []int
	for i := range s.opts.Probe.Len() {
		if i < s.opts.Probe.Edges() || meet(i) {
			edges = append(edges, i)
		} else {
			generic = append(generic, i)
		}
	}
	if len(generic) < leastPoints {
		s.edges = s.opts.Probe.Edges()
		edges = append(edges, generic...)
		slices.Sort(edges)
		return edges
	}
	s.edges = len(edges)
	return append(edges, generic...)
}

// Ask implements outer.Searcher.
func (s *Searcher) Ask(limit int) ([]outer.Candidate, error) {
	if s.gen.Waiting() {
		return nil, pending.ErrWaiting
	}
	s.gen.Start(s.find(limit))
	return s.gen.Ask(limit), nil
}

// AskAhead implements outer.Steady.
func (s *Searcher) AskAhead(limit int) ([]outer.Candidate, error) {
	if s.gen.IsAhead() {
		return nil, pending.ErrWaiting
	}
	return s.gen.AskAhead(s.find(limit)), nil
}

// find returns the next new rules.
func (s *Searcher) find(limit int) []*rulespace.Rule {
	var rules []*rulespace.Rule
	for len(rules) < limit && s.done == "" {
		if e := s.look(); e != nil {
			rules = append(rules, s.space.Wrap(e))
		}
	}
	return rules
}

// Tell implements outer.Searcher. Results change nothing.
func (s *Searcher) Tell(results []outer.Result) error { return s.gen.Tell(results) }

// Done implements outer.Searcher.
func (s *Searcher) Done() (outer.Reason, bool) {
	return s.done, s.done != "" && !s.gen.Waiting()
}

// Status implements outer.Reporter.
func (s *Searcher) Status() string {
	rules := 0
	for _, c := range s.counts {
		rules += c.Rules
	}
	return fmt.Sprintf("size %d of %d, distinct %s", min(s.size, s.opts.MaxSize), s.opts.MaxSize, status.Thousands(rules))
}

// Covered implements outer.Enumerator; the last entry of Sizes is of the size
// that is being looked at.
func (s *Searcher) Covered() outer.Coverage {
	c := outer.Coverage{Space: s.space, Size: len(s.counts) - 2, Sizes: slices.Clone(s.counts[1:])}
	if s.done == outer.Exhausted && !s.gen.Waiting() {
		c.Size++
		c.Whole = c.Size == s.space.MaxComplexity && !s.opts.AtRest
	}
	if s.opts.AtRest {
		c.Only = "that leave weights alone while pre is silent"
	}
	return c
}

// look considers the next expression and returns it when it is a new rule.
func (s *Searcher) look() *rulespace.Expr {
	if s.size == 1 && s.counts[1].Tried < len(s.leaves) {
		i := s.counts[1].Tried
		return s.offer(s.columns[i], func() *rulespace.Expr { return s.leaves[i] })
	}
	if len(s.blocks) == 0 {
		s.end()
		return nil
	}
	b := &s.blocks[len(s.blocks)-1]
	at := b.at
	var col [3][]float64
	for i := range b.n {
		col[i] = s.bank[at[i]].col
	}
	if !s.next(b) {
		s.blocks = s.blocks[:len(s.blocks)-1]
	}
	op, n := b.op, b.n
	apply(op, s.scratch, col)
	return s.offer(s.scratch, func() *rulespace.Expr {
		args := make([]*rulespace.Expr, n)
		for i := range args {
			args[i] = s.bank[at[i]].expr
		}
		return rulespace.Apply(op, args...)
	})
}

// next moves a block to its next combination and reports whether there is one.
func (s *Searcher) next(b *block) bool {
	for i := b.n - 1; i >= 0; i-- {
		b.at[i]++
		if b.at[i] < s.level[b.size[i]+1] {
			return true
		}
		b.at[i] = s.level[b.size[i]]
		if i == 1 && b.size[0] == b.size[1] && b.op.Info().Commutative {
			b.at[1] = b.at[0] + 1 // of x∘y and y∘x, one will do
		}
	}
	return false
}

// end closes a level.
func (s *Searcher) end() {
	s.level = append(s.level, len(s.bank))
	if s.size == s.opts.MaxSize {
		s.done = outer.Exhausted
		return
	}
	s.begin(s.size + 1)
}

// offer considers an expression by its column.
func (s *Searcher) offer(col []float64, build func() *rulespace.Expr) *rulespace.Expr {
	count := &s.counts[s.size]
	count.Tried++
	points := col[:s.points]
	p, class := fingerprint(points, s.edges, 1)
	keep := s.size <= s.keep
	if class == undefined || (keep || s.opts.KeepScale) && !s.add(&s.values, p) {
		return nil
	}
	var e *rulespace.Expr
	if keep {
		e = build()
		s.bank = append(s.bank, entry{e, s.store(col)})
	}
	if class != varying || s.opts.AtRest && slices.ContainsFunc(col[s.points:], func(v float64) bool { return v != 0 }) {
		return nil
	}
	if !s.opts.KeepScale {
		if p, _ = fingerprint(points, s.edges, scale(points[s.edges:])); !s.add(&s.rules, p) {
			return nil
		}
	}
	count.Rules++
	if e == nil {
		e = build()
	}
	return e
}

// What an element of the bank and of a set of prints takes besides columns,
// in bytes.
const (
	entryBytes = 200
	printBytes = 80
)

func (s *Searcher) add(set *prints, p print) bool {
	if !set.add(p) {
		return false
	}
	s.take(printBytes + 8*int64(s.edges))
	return true
}

// store copies a column to memory that is allocated in large pieces.
func (s *Searcher) store(col []float64) []float64 {
	if len(s.arena) < len(col) {
		s.arena = make([]float64, 1024*len(col))
	}
	kept := s.arena[:len(col):len(col)]
	s.arena = s.arena[len(col):]
	copy(kept, col)
	s.take(entryBytes + 8*int64(len(col)))
	return kept
}

// take counts memory, and ends the search when there is none left.
func (s *Searcher) take(bytes int64) {
	if s.memory += bytes; s.memory > s.opts.Memory && s.done == "" {
		s.done = outer.Reason(fmt.Sprintf("the memory limit of %d MiB was reached among rules of size %d of %d",
			s.opts.Memory>>20, s.size, s.opts.MaxSize))
	}
}
