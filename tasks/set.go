package tasks

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace/key"
)

// setOptions are the options of every data set. The validation part is drawn
// by the key of the life from the training samples, never from the test file.
func setOptions(standardize string, images bool) []Option {
	o := []Option{
		option.Int("steps", "epoch", 1, 1<<30, "samples of one life; an epoch by default"),
		option.Int("limit", "all", 1, 1<<30, "at most so many training samples, another random choice in each life"),
		option.Int("val", "auto", 0, 1<<30, "samples set apart for validation in each life; by default a fifth of the training samples, at most 2,000"),
		option.Int("test", "all", 1, 1<<30, "score at most so many test samples, another random choice in each life"),
		option.Choice("standardize", standardize, []string{"auto", "none", "unit", "feature", "global"}[b2i(standardize != "auto"):],
			"unit: to 0..1 (bytes divided by 255); feature: mean 0 and variance 1 of each input; global: of all inputs together; statistics of the training samples"),
		option.Custom("classes", "all", "class numbers such as 0-4 or 0+3+7", "keep only these classes, renumbered from 0", func(s string) (string, bool) {
			c, ok := parseClasses(s)
			return printClasses(c), ok
		}),
	}
	o = append(o, protocolOptions()...)
	if images {
		o = append(o, option.Int("side", "native", 1, 4096, "side of the images after area averaging, at most the native one"))
	}
	return o
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// parseClasses reads "0-4+7" as 0, 1, 2, 3, 4, 7.
func parseClasses(s string) ([]int32, bool) {
	var out []int32
	for _, f := range strings.Split(s, "+") {
		lo, hi, dash := strings.Cut(f, "-")
		if !dash {
			hi = lo
		}
		a, err1 := strconv.Atoi(lo)
		b, err2 := strconv.Atoi(hi)
		if err1 != nil || err2 != nil || a < 0 || b < a || b > 9999 {
			return nil, false
		}
		for c := a; c <= b; c++ {
			out = append(out, int32(c))
		}
	}
	slices.Sort(out)
	return slices.Compact(out), true
}

func printClasses(c []int32) string {
	var runs []string
	for i := 0; i < len(c); {
		j := i
		for j+1 < len(c) && c[j+1] == c[j]+1 {
			j++
		}
		run := strconv.Itoa(int(c[i]))
		if j > i {
			run += "-" + strconv.Itoa(int(c[j]))
		}
		runs = append(runs, run)
		i = j + 1
	}
	return strings.Join(runs, "+")
}

// set is a Task over a finite data set.
type set struct {
	info Info
	load func() *dataset // prepared; for generated sets made at the first Start
	// validation and size split the training samples of each life.
	validation, size, test int
}

// newSet makes the task of a set that is in memory.
func newSet(v *values, d *dataset) (Task, error) {
	if err := prepare(v, d); err != nil {
		return nil, err
	}
	s := &set{load: func() *dataset { return d }}
	if err := s.plan(v, d, d.train.x.n, d.test.x.n); err != nil {
		return nil, err
	}
	return withProtocol(v, s)
}

// newGenerated makes the task of a set that make generates when it is first
// needed. shape is the set without its samples, n and m its sizes.
func newGenerated(v *values, shape dataset, n, m int, make func() *dataset) (Task, error) {
	if err := prepare(v, &shape); err != nil {
		return nil, err
	}
	s := &set{load: sync.OnceValue(func() *dataset {
		d := make()
		if err := prepare(v, d); err != nil {
			panic(err) // the shape passed the same checks
		}
		return d
	})}
	if v.text("classes") != "all" { // how many samples are left is only known from them
		d := s.load()
		n, m = d.train.x.n, d.test.x.n
	}
	if err := s.plan(v, &shape, n, m); err != nil {
		return nil, err
	}
	return withProtocol(v, s)
}

// prepare applies the options classes, side and standardize.
func prepare(v *values, d *dataset) error {
	if c := v.text("classes"); c != "all" {
		keep, _ := parseClasses(c)
		if d.classes == 0 {
			return v.fail(v.spec, "classes", "this set has no classes")
		}
		if last := keep[len(keep)-1]; int(last) >= d.classes {
			return v.fail(v.spec, "classes", fmt.Sprintf("%d is not a class; classes are 0 to %d", last, d.classes-1))
		}
		if len(keep) < 2 {
			return v.fail(v.spec, "classes", "give at least two")
		}
		rename := map[int32]int32{}
		var names []string
		for to, from := range keep {
			rename[from] = int32(to)
			if d.names != nil {
				names = append(names, d.names[from])
			}
		}
		d.train.keep(rename)
		d.test.keep(rename)
		if d.chance == 1/float64(d.classes) {
			d.chance = 1 / float64(len(keep))
		} else {
			d.chance = d.train.majority(len(keep))
		}
		d.classes, d.names = len(keep), names
	}
	if d.height > 0 && v.text("side") != "native" {
		side := v.int("side", 0)
		if side > min(d.height, d.width) {
			return v.fail(v.spec, "side", fmt.Sprintf("%d is more than the native %d×%d pixels", side, d.height, d.width))
		}
		if side != d.height || side != d.width {
			d.train.x.resize(d.height, d.width, side)
			d.test.x.resize(d.height, d.width, side)
			d.height, d.width = side, side
		}
	}
	how := v.text("standardize")
	if how == "auto" {
		how = "none"
		if d.pixels {
			how = "unit"
		}
	}
	if d.train.x.n > 0 {
		d.standardize(how)
	}
	return nil
}

// majority is the share of the most frequent class.
func (p *part) majority(classes int) float64 {
	count := make([]int, classes)
	for _, l := range p.labels {
		count[l]++
	}
	return float64(slices.Max(count)) / float64(max(len(p.labels), 1))
}

// plan fixes the sizes of the splits and the Info.
func (s *set) plan(v *values, d *dataset, n, m int) error {
	if n < 2 || m < 1 {
		return &DataError{Task: v.spec.String(), Msg: fmt.Sprintf("%d training and %d test samples are too few", n, m)}
	}
	s.validation = v.int("val", min(2000, n/5))
	if s.validation >= n {
		return v.fail(v.spec, "val", fmt.Sprintf("%d leaves nothing of %d samples to train with", s.validation, n))
	}
	s.size = min(v.int("limit", n), n-s.validation)
	s.test = min(v.int("test", m), m)
	s.info = Info{
		Name: v.spec.String(), Kind: Classification,
		In: d.train.x.d, Out: d.classes,
		Metric: "accuracy", Chance: d.chance, Ceiling: 1,
		Steps: v.int("steps", s.size), TrainSize: s.size,
		ValidationSize: s.validation, TestSize: s.test,
		Height: d.height, Width: d.width, Classes: d.names,
	}
	if d.classes == 0 {
		s.info.Kind, s.info.Out, s.info.Metric, s.info.Chance = Regression, 1, explained, 0
	}
	return nil
}

func (s *set) Info() Info { return s.info }

func (s *set) Start(k key.Key) (Episode, error) {
	d := s.load()
	e := &setEpisode{set: s, data: d, key: k, held: make([]int32, d.train.x.n)}
	e.Rewind()
	return e, nil
}

func (e *setEpisode) Rewind() {
	all := e.held[:e.data.train.x.n]
	for i := range all {
		all[i] = int32(i)
	}
	choose(e.key.Child("validation", 0).Stream(), all, e.validation)
	e.held, e.order = all[:e.validation], all[e.validation:]
	e.stream = e.key.Child("order", 0).Stream()
	e.pool, e.next, e.seen = len(e.order), 0, 0
}

// choose moves a uniform random choice of n elements to the front of p.
func choose(s *key.Stream, p []int32, n int) {
	for i := range n {
		j := i + s.IntN(len(p)-i)
		p[i], p[j] = p[j], p[i]
	}
}

type setEpisode struct {
	*set
	data   *dataset
	key    key.Key
	stream *key.Stream
	held   []int32 // the validation part
	// order is the training part; a pass shuffles it as it goes, so that a
	// short life pays for the samples it sees. The first pass draws from all
	// of it, later ones only from the s.size samples drawn first.
	order []int32
	pool  int
	next  int
	seen  int // samples presented so far, each counted once
	chunk chunk
}

func (e *setEpisode) Next(b *Batch) {
	if e.next == e.size {
		e.next, e.pool = 0, e.size
	}
	b.N = min(b.X.Rows, e.size-e.next)
	for i := range b.N {
		j := e.next + e.stream.IntN(e.pool-e.next)
		e.order[e.next], e.order[j] = e.order[j], e.order[e.next]
		sample := int(e.order[e.next])
		e.next++
		e.seen = max(e.seen, e.next)
		p := &e.data.train
		p.x.row(sample, b.X.Row(i))
		if p.targets != nil {
			b.Y.Row(i)[0] = p.targets[sample]
			continue
		}
		b.label(i, int(p.labels[sample]))
	}
}

// label makes class the target of sample i.
func (b *Batch) label(i, class int) {
	if b.Y != nil {
		y := b.Y.Row(i)
		clear(y)
		y[class] = 1
	}
	if b.Labels != nil {
		b.Labels[i] = class
	}
}

// trainScored bounds the samples behind a score of the training split; they
// are taken from those that the life has seen.
const trainScored = 10000

func (e *setEpisode) Score(m Model, s Split) Score {
	p, which := e.samples(s)
	if len(which) == 0 {
		return unscored()
	}
	fill := func(i int, x []float32) { p.x.row(int(which[i]), x) }
	if p.targets != nil {
		return e.chunk.explained(m, e.info, len(which), fill, func(i int, y []float32) { y[0] = p.targets[which[i]] })
	}
	return e.chunk.accuracy(m, e.info, len(which), fill, func(i int) int { return int(p.labels[which[i]]) })
}

// unscored is the score of a split without samples.
func unscored() Score {
	return Score{Value: math.NaN(), Raw: math.NaN(), Accuracy: math.NaN(), Loss: math.NaN()}
}

// samples are those behind the scores of a split.
func (e *setEpisode) samples(s Split) (*part, []int32) {
	p, which := &e.data.train, e.held
	switch s {
	case Train:
		n := e.seen
		if n == 0 {
			n = e.size
		}
		which = e.order[:min(n, trainScored)]
	case Test:
		p = &e.data.test
		which = make([]int32, p.x.n)
		for i := range which {
			which[i] = int32(i)
		}
		if e.test < p.x.n {
			choose(e.key.Child("test", 0).Stream(), which, e.test)
			which = which[:e.test]
		}
	}
	return p, which
}

// chunk presents many samples to a model, some at a time.
type chunk struct{ x *vec.Matrix }

const chunkRows = 128

// present calls visit with the outputs for each of n inputs.
func (c *chunk) present(m Model, in, n int, fill func(i int, x []float32), visit func(i int, out []float32)) {
	if c.x == nil {
		c.x = vec.New(chunkRows, in)
	}
	for at := 0; at < n; at += chunkRows {
		x := c.x.Head(min(chunkRows, n-at))
		for i := range x.Rows {
			fill(at+i, x.Row(i))
		}
		y := m.Outputs(&x)
		for i := range x.Rows {
			visit(at+i, y.Row(i))
		}
	}
}
