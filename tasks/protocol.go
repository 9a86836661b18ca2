package tasks

import (
	"fmt"
	"math"

	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/rulespace/key"
)

// protocolOptions are those of the conditions under which a data set is
// learned and scored.
func protocolOptions() []Option {
	return []Option{
		option.Float("noise", "0", 0, 1e6, "standard deviation of Gaussian noise added to the inputs while learning, after standardize"),
		option.Float("test_noise", "0", 0, 1e6, "the same for the inputs that scores are measured on"),
		option.Float("label_noise", "0", 0, 1, "share of the training samples whose class is replaced by another one, for good"),
		option.Choice("stream", "iid", []string{"iid", "classes", "split", "permuted"},
			"classes: one group of classes after the other, told apart at the end (class-incremental); split: the same, but only the place within the group is asked for; permuted: all classes with another permutation of the inputs in each part"),
		option.Int("parts", "5", 2, 1000, "parts of such a stream"),
		option.Int("part_steps", "pass", 1, 1<<30, "samples of each part; one pass over its samples by default"),
	}
}

// protocol is a set under other conditions than one stream of clean samples.
type protocol struct {
	*set
	info                          Info
	noise, testNoise, labelNoise  float64
	stream                        string
	parts, partSteps, groupOfPart int // the last: classes in a part
}

// withProtocol returns s itself where no such option is given.
func withProtocol(v *values, s *set) (Task, error) {
	p := &protocol{set: s, info: s.info, noise: v.float("noise"), testNoise: v.float("test_noise"),
		labelNoise: v.float("label_noise"), stream: v.text("stream"), parts: 1}
	if p.noise == 0 && p.testNoise == 0 && p.labelNoise == 0 && p.stream == "iid" {
		for _, name := range []string{"parts", "part_steps"} {
			if _, given := v.spec.Options[name]; given {
				return nil, v.fail(v.spec, name, "belongs to a stream of parts; give stream as well")
			}
		}
		return s, nil
	}
	if s.info.Kind != Classification && (p.labelNoise > 0 || p.stream != "iid") {
		return nil, v.fail(v.spec, "stream", "this set has no classes")
	}
	if p.stream == "iid" {
		p.partSteps = math.MaxInt
		return p, nil
	}
	p.parts = v.int("parts", 0)
	p.partSteps = v.int("part_steps", max(1, s.size/p.parts))
	if p.stream == "permuted" {
		p.partSteps = v.int("part_steps", s.size)
	} else {
		if s.info.Out%p.parts != 0 {
			return nil, v.fail(v.spec, "parts", fmt.Sprintf("%d classes do not fall into %d parts of one size", s.info.Out, p.parts))
		}
		p.groupOfPart = s.info.Out / p.parts
	}
	if p.stream == "split" {
		if p.groupOfPart < 2 {
			return nil, v.fail(v.spec, "parts", fmt.Sprintf("%d parts of %d classes leave nothing to tell apart", p.parts, s.info.Out))
		}
		p.info.Out, p.info.Classes = p.groupOfPart, nil
		p.info.Chance = 1 / float64(p.groupOfPart)
	}
	if _, given := v.spec.Options["steps"]; !given {
		p.info.Steps = p.parts * p.partSteps
	}
	return p, nil
}

func (p *protocol) Info() Info { return p.info }

func (p *protocol) Start(k key.Key) (Episode, error) {
	base, err := p.set.Start(k)
	if err != nil {
		return nil, err
	}
	e := &protocolEpisode{protocol: p, base: base.(*setEpisode)}
	e.Rewind()
	return e, nil
}

// protocolEpisode draws without replacement from the samples of the part at
// hand. All that is random about it but the order follows from the key and the
// sample, so that a life sees the same disturbed set in every pass.
type protocolEpisode struct {
	*protocol
	base   *setEpisode
	order  [][]int32 // samples of each part; those of permuted streams are copies of one set
	perm   [][]int32 // of the inputs in each part; nil for all but permuted streams
	stream *key.Stream
	noisy  *key.Stream
	labels []int32 // of all training samples, as they are learned
	at     int     // samples so far
	next   int     // in the pass over the part
	part   int
	x      []float32
}

func (e *protocolEpisode) Rewind() {
	b := e.base
	b.Rewind()
	e.stream, e.noisy = b.key.Child("order", 0).Stream(), b.key.Child("noise", 0).Stream()
	choose(b.key.Child("limit", 0).Stream(), b.order, b.size)
	chosen := b.order[:b.size]
	b.seen = b.size
	e.at, e.next, e.part = 0, 0, 0
	e.order, e.perm = make([][]int32, e.parts), nil
	for i := range e.order {
		for _, s := range chosen {
			if e.partOf(b.data.train, s, i) {
				e.order[i] = append(e.order[i], s)
			}
		}
	}
	if e.groupOfPart == 0 && e.parts > 1 {
		e.x = make([]float32, e.info.In)
		for i := range e.parts {
			p := make([]int32, e.info.In)
			for j := range p {
				p[j] = int32(j)
			}
			if i > 0 { // the first part is as it is
				choose(b.key.Child("permutation", uint64(i)).Stream(), p, len(p))
			}
			e.perm = append(e.perm, p)
		}
	}
	e.labels = b.data.train.labels
	if e.labelNoise > 0 {
		e.labels = append([]int32(nil), e.labels...)
		s := b.key.Child("labels", 0).Stream()
		for i := range e.labels {
			hit, other := s.Float64() < e.labelNoise, s.IntN(b.info.Out-1)
			if hit {
				if int32(other) >= e.labels[i] {
					other++
				}
				e.labels[i] = int32(other)
			}
		}
	}
}

// partOf reports whether a sample belongs to a part, by its true class.
func (e *protocolEpisode) partOf(p part, sample int32, part int) bool {
	return e.groupOfPart == 0 || int(p.labels[sample])/e.groupOfPart == part
}

// target is the class that is asked for.
func (e *protocolEpisode) target(label int32) int {
	if e.protocol.stream == "split" {
		return int(label) % e.groupOfPart
	}
	return int(label)
}

func (e *protocolEpisode) Next(b *Batch) {
	if e.at >= (e.part+1)*e.partSteps && e.part < e.parts-1 {
		e.part, e.next = e.part+1, 0
	}
	order := e.order[e.part]
	if e.next >= len(order) {
		e.next = 0
	}
	b.N = min(b.X.Rows, len(order)-e.next)
	if e.part < e.parts-1 {
		b.N = min(b.N, (e.part+1)*e.partSteps-e.at)
	}
	p := &e.base.data.train
	for i := range b.N {
		j := e.next + e.stream.IntN(len(order)-e.next)
		order[e.next], order[j] = order[j], order[e.next]
		sample := order[e.next]
		e.next++
		x := b.X.Row(i)
		e.input(p, sample, e.part, x)
		if e.noise > 0 {
			disturb(x, e.noise, e.noisy)
		}
		if p.targets != nil {
			b.Y.Row(i)[0] = p.targets[sample]
			continue
		}
		b.label(i, e.target(e.labels[sample]))
	}
	e.at += b.N
}

// input is a sample as a part shows it.
func (e *protocolEpisode) input(p *part, sample int32, part int, x []float32) {
	if e.perm == nil {
		p.x.row(int(sample), x)
		return
	}
	p.x.row(int(sample), e.x)
	for i, j := range e.perm[part] {
		x[i] = e.x[j]
	}
}

func disturb(x []float32, sd float64, s *key.Stream) {
	for i := range x {
		x[i] += float32(sd * s.Normal())
	}
}

// Score is the mean over the parts, of the parts so far for the training
// split; training samples count with their true classes.
func (e *protocolEpisode) Score(m Model, s Split) Score {
	parts := e.parts
	if s == Train {
		parts = e.part + 1
	}
	if e.protocol.stream == "classes" { // told apart from each other
		return e.score(m, s, func(part int) bool { return part < parts }, 0)
	}
	var sum Score
	for i := range parts {
		v := e.score(m, s, func(part int) bool { return part == i }, i)
		sum.Value += v.Value / float64(parts)
		sum.Raw += v.Raw / float64(parts)
		sum.Accuracy += v.Accuracy / float64(parts)
		sum.Loss += v.Loss / float64(parts)
	}
	return sum
}

// PartSteps implements Parted.
func (e *protocolEpisode) PartSteps() int { return e.partSteps }

// Parts implements Parted.
func (e *protocolEpisode) Parts(m Model, s Split) []Score {
	out := make([]Score, e.parts)
	for i := range out {
		out[i] = e.score(m, s, func(part int) bool { return part == i }, i)
	}
	return out
}

// score is that on the samples of some parts, shown as in one of them.
func (e *protocolEpisode) score(m Model, s Split, wanted func(part int) bool, shown int) Score {
	p, all := e.base.samples(s)
	which := all
	if e.groupOfPart > 0 {
		which = nil
		for _, sample := range all {
			if wanted(int(p.labels[sample]) / e.groupOfPart) {
				which = append(which, sample)
			}
		}
	}
	if len(which) == 0 {
		return unscored()
	}
	noise := e.base.key.Child("test-noise", uint64(s)).Child("part", uint64(shown)).Stream()
	fill := func(i int, x []float32) {
		e.input(p, which[i], shown, x)
		if e.testNoise > 0 {
			disturb(x, e.testNoise, noise)
		}
	}
	if p.targets != nil {
		return e.base.chunk.explained(m, e.info, len(which), fill, func(i int, y []float32) { y[0] = p.targets[which[i]] })
	}
	return e.base.chunk.accuracy(m, e.info, len(which), fill, func(i int) int { return e.target(p.labels[which[i]]) })
}
